"""What a place can be read from when it is pasted or dropped: a URL, a path, a database, a gateway's `.env`."""

from pathlib import Path

from PySide6.QtCore import QMimeData

from keymon.gui.form_parts import place_in
from keymon.gui.translation import tr
from keymon.locations import Location, ServerLocation, locate, locate_by_env, location_of


def is_place(data: QMimeData) -> bool:
    """Tell whether there is something in `data` that `place_of` can be tried on."""
    return _file(data) is not None or bool(place_in(data.text()))


def place_of(data: QMimeData) -> Location | None:
    """Return the place that `data` names, with the password if it holds one; None where it names none.

    Raises `UnsupportedDatabaseError` and `EnvFileError`.
    """
    file = _file(data)
    if file is not None:
        return locate_by_env(file) if is_env(file) else location_of(file)
    text = place_in(data.text())
    return locate(text) if text else None


def is_env(file: Path) -> bool:
    """Tell by its name whether a file is a gateway's `.env`."""
    return file.name.startswith(".env") or file.suffix == ".env"


def host_hint(location: Location) -> str:
    """Return a hint for a host whose name means something to the gateway only; empty where it needs none."""
    if not isinstance(location, ServerLocation) or location.socket is not None:
        return ""
    host = location.host
    if "." in host or ":" in host or host == "localhost":
        return ""
    return tr(
        "Names such as “{host}” work only inside docker compose:"
        " see “A database that publishes no port” in the documentation."
    ).format(host=host)


def _file(data: QMimeData) -> Path | None:
    local = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
    return Path(local[0]) if local else None
