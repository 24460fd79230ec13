"""keymon in the menus of a Linux desktop: its entry, its icons and what software centres tell of it."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from keymon import DESKTOP_ID
from keymon.errors import NoDesktopMenuError, OutputError
from keymon.files import private_file
from keymon.masking import visible
from keymon.resources import resource

ID = DESKTOP_ID
SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
"""Of the icon, in pixels."""


def install(program: list[str]) -> list[Path]:
    """Put keymon into the menus of this account, as `program` (a path and arguments); return the files written.

    Raises `NoDesktopMenuError`, `OutputError`.
    """
    written = []
    for place, source in _files():
        content = source.read_bytes()
        if place.suffix == ".desktop":
            content = content.replace(b"Exec=keymon-gui", f"Exec={_quoted(program)}".encode())
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with private_file(place, mode=0o644) as file:  # the folder may be that of all accounts
                file.write(content)
        except OSError as error:
            raise OutputError(path=visible(str(place)), reason=error.strerror) from None
        written.append(place)
    return written


def remove() -> list[Path]:
    """Take keymon out of the menus again; return the files removed. Raises `NoDesktopMenuError`, `OutputError`."""
    removed = []
    for place, _ in _files():
        try:
            place.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise OutputError(path=visible(str(place)), reason=error.strerror) from None
        removed.append(place)
    return removed


def this_program() -> list[str]:
    """Return how the keymon that runs now is started with a window: as a bundle, a command, or a module."""
    if hasattr(sys, "frozen"):
        return [str(Path(sys.executable).with_name("keymon-gui"))]
    command = Path(sys.executable).with_name("keymon-gui")
    return [str(command)] if command.exists() else [sys.executable, "-m", "keymon"]


def _files() -> Iterator[tuple[Path, Path]]:
    """Give each file's place and where it is taken from."""
    if not sys.platform.startswith("linux"):
        raise NoDesktopMenuError
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    yield data / "applications" / f"{ID}.desktop", resource(f"desktop/{ID}.desktop")
    yield data / "metainfo" / f"{ID}.metainfo.xml", resource(f"desktop/{ID}.metainfo.xml")
    yield data / "icons" / "hicolor" / "scalable" / "apps" / f"{ID}.svg", resource("keymon.svg")
    for size in SIZES:
        yield data / "icons" / "hicolor" / f"{size}x{size}" / "apps" / f"{ID}.png", resource(f"icons/{size}.png")


def _quoted(program: list[str]) -> str:
    """Return a command as the desktop entry specification wants it written."""
    words = []
    for word in program:
        escaped = word.replace("\\", "\\\\\\\\").replace("%", "%%")
        for character in '"`$':
            escaped = escaped.replace(character, f"\\\\{character}")
        words.append(f'"{escaped}"')
    return " ".join(words)
