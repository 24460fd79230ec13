"""What the window looked like: its geometry, and for each profile how its tables were arranged, and its panel."""

from binascii import crc32
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable
from urllib.parse import quote

from PySide6.QtCore import QByteArray, QSettings
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from keymon.errors import KeymonError, WindowSettingsDamagedNotice, WindowSettingsUnwritableNotice
from keymon.gui.translation import LANGUAGES
from keymon.masking import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QMainWindow

    from keymon.gui.key_panel import KeyPanel
    from keymon.gui.panels import Panels
    from keymon.gui.theme import Theme
    from keymon.gui.translation import Language

Choice = int | str | bool


@runtime_checkable
class Choosing(Protocol):
    """A part of the window in which something can be chosen that is remembered: numbers, flags and names of ours."""

    @property
    def choices(self) -> "dict[str, Choice]":
        """What is chosen now."""

    def choose(self, choices: "dict[str, Choice]") -> None:
        """Choose that; what is none of the choices is left out."""


_FRAME = 60
"""Room for what desktops put around a window."""


def fit(window: QWidget, width: int, height: int) -> None:
    """Give a window that size, or as much of it as there is room for on its screen."""
    # Pictures that are drawn without a screen have the size that they are meant to have.
    if QGuiApplication.platformName() != "offscreen":
        room = window.screen().availableSize()
        width, height = min(width, room.width()), min(height, room.height() - _FRAME)
    window.resize(width, height)


_MOST_BYTES = 1_000_000
"""No file of ours is longer."""
_SEAL = 4
_OF_QT = ("@ByteArray(", "@String(", "@Invalid(")
"""How what is no text begins, in what Qt writes for us."""


class WindowState:
    """Keeps it in `settings`, which hold that, the names of profiles, the folder of exports, and nothing else.

    Gateways without a profile share one arrangement. A profile that is followed for the first time takes over the
    arrangement of the one before. Where their file is damaged all is as at first; `problem` tells that. Qt would
    take the lines that it understands, and write the file anew without the others.
    """

    def __init__(self, settings: QSettings) -> None:
        self.problem: KeymonError | None = None
        self._settings = settings
        self._profile = ""
        path = Path(settings.fileName())
        reason = _damage(path)
        if reason:
            self.problem = WindowSettingsDamagedNotice(path=visible(str(path)), reason=reason)
            with suppress(OSError):
                path.replace(f"{path}.broken")
            self._settings = QSettings(str(path), settings.format())  # the other would go on telling of its trouble

    def check_writable(self) -> None:
        """Find out whether what the window looks like can be kept; the file's folder is made for that."""
        if self.problem is None and not self._settings.isWritable():
            self.problem = WindowSettingsUnwritableNotice(path=visible(self._settings.fileName()))

    def save(self) -> KeymonError | None:
        """Write what has changed; return what to say where that cannot be."""
        self._settings.sync()
        if self._settings.status() != QSettings.Status.AccessError:
            return None
        return WindowSettingsUnwritableNotice(path=visible(self._settings.fileName()))

    @property
    def last_profile(self) -> str:
        """The name of the profile that was followed last; empty where it was another gateway."""
        name = self._settings.value("profile")
        return name if isinstance(name, str) else ""

    @property
    def export_folder(self) -> Path | None:
        """The folder that was exported to last; None before that."""
        folder = self._settings.value("export_folder")
        return Path(folder) if isinstance(folder, str) and folder else None

    @export_folder.setter
    def export_folder(self, folder: Path) -> None:
        self._settings.setValue("export_folder", str(folder))

    @property
    def theme(self) -> "Theme | None":
        """The theme that the operator chose; None where it is that of the desktop."""
        theme = self._settings.value("theme")
        return theme if theme in ("light", "dark") else None

    @theme.setter
    def theme(self, theme: "Theme | None") -> None:
        self._settings.setValue("theme", theme or "")

    @property
    def language(self) -> "Language | None":
        """The language that the operator chose; None where it is that of the desktop."""
        kept = self._settings.value("language")
        return next((language for language in LANGUAGES if language == kept), None)

    @language.setter
    def language(self, language: "Language | None") -> None:
        self._settings.setValue("language", language or "")

    def restore_choices(self, name: str, of: "Choosing") -> None:
        """Let a part of the window go on with what was chosen in it last."""
        import json  # the first paint does without

        kept = self._settings.value(f"choices/{name}")
        try:
            choices = json.loads(kept) if isinstance(kept, str) else None
            if isinstance(choices, dict):
                of.choose({one: value for one, value in choices.items() if _fits(value)})
        except (ValueError, TypeError, OverflowError, RecursionError):
            return  # a damaged file; as it would be the first time

    def keep_choices(self, name: str, of: "Choosing") -> None:
        """Remember what is chosen in a part of the window."""
        import json

        self._settings.setValue(f"choices/{name}", json.dumps(of.choices))

    def restore_geometry(self, window: "QMainWindow") -> None:
        """Put the window where it was."""
        self._restore("geometry", window.restoreGeometry)

    def keep_geometry(self, window: "QMainWindow") -> None:
        """Remember where the window is."""
        self._settings.setValue("geometry", _sealed(window.saveGeometry()))

    def restore(self, panel: "KeyPanel", panels: "Panels") -> None:
        """Arrange the tables as they were, and show the panel that was seen."""
        name = self._settings.value(self._name("panel"))
        if isinstance(name, str):
            panels.show_panel(name)
        self._restore(self._name("splitter"), panel.splitter.restoreState)
        for table in panel.tables:
            name = table.objectName()
            self._restore(self._name(f"{name}_table"), table.header.restore)
            sorted_by = self._settings.value(self._name(f"{name}_sorted"))
            if isinstance(sorted_by, str):
                table.header.restore_sorting(sorted_by)

    def keep(self, panel: "KeyPanel", panels: "Panels") -> None:
        """Remember how the tables are arranged, and which panel is seen."""
        self._settings.setValue(self._name("panel"), panels.current)
        self._settings.setValue(self._name("splitter"), _sealed(panel.splitter.saveState()))
        for table in panel.tables:
            name = table.objectName()
            self._settings.setValue(self._name(f"{name}_table"), _sealed(table.header.saveState()))
            self._settings.setValue(self._name(f"{name}_sorted"), table.header.sorting)

    def switch(self, panel: "KeyPanel", panels: "Panels", profile: str) -> None:
        """Go over to another profile."""
        if profile:
            self._settings.setValue("profile", profile)
        if profile != self._profile:
            self.keep(panel, panels)
            self._profile = profile
            self.restore(panel, panels)

    def rename(self, profile: str) -> None:
        """Go on under another name."""
        self._settings.setValue("profile", profile)
        self._profile = profile

    def _name(self, name: str) -> str:
        # A slash would begin a group of its own.
        return f"profiles/{quote(self._profile, safe='')}/{name}" if self._profile else name

    def _restore(self, name: str, restore: "Callable[[QByteArray], object]") -> None:
        value = self._settings.value(name)
        # A damaged file gives text or a number; the window then opens as it would the first time.
        state = _unsealed(value.data()) if isinstance(value, QByteArray) else None
        if state is not None:
            restore(QByteArray(state))


def _fits(value: object) -> bool:
    """Tell whether Qt can take a value: its numbers have 32 bits."""
    return not isinstance(value, int) or abs(value) < 2**31


def _sealed(state: QByteArray) -> QByteArray:
    """Return what Qt wrote with its checksum: of what is damaged Qt would make columns until the process dies."""
    content = bytes(state.data())
    return QByteArray(content + crc32(content).to_bytes(_SEAL))


def _unsealed(value: bytes | bytearray | memoryview) -> bytes | None:
    """Return what Qt wrote; None where that is not what is there."""
    content, seal = bytes(value[:-_SEAL]), bytes(value[-_SEAL:])
    return content if seal == crc32(content).to_bytes(_SEAL) else None


def _damage(path: Path) -> str:
    """Return what is wrong with a file of settings; empty where nothing is, or where they are kept elsewhere."""
    if path.suffix not in {".conf", ".ini"}:
        return ""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        lines = content.decode().split("\n")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        return (error.strerror or "unreadable").lower()
    except UnicodeDecodeError:
        lines = ["no text"]
    if len(content) <= _MOST_BYTES and all(map(_is_ours, filter(None, map(str.strip, lines)))):
        return ""
    from keymon.words import mark  # after a mishap only

    return mark("it is not as keymon left it")


def _is_ours(line: str) -> bool:
    """Tell whether Qt wrote a line for us: a comment, the head of a group, or a name with a value."""
    if line[0] in ";#":
        return True
    if line[0] == "[":
        return line.find("]") == len(line) - 1 > 1
    name, has_value, value = line.partition("=")
    plain = value.replace(r"\\", "__").replace(r"\"", "__")
    if len(plain) > 1 and plain[0] == plain[-1] == '"':
        plain = plain[1:-1]
    if not name or not has_value or plain.endswith("\\") or '"' in plain or "\0" in line:
        return False
    value = value.strip().removeprefix('"').removesuffix('"')
    return not value.startswith("@") or value.startswith("@@") or (value.startswith(_OF_QT) and value[-1] == ")")
