"""What the window looked like: its geometry, and for each profile how its tables were arranged."""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from PySide6.QtCore import QByteArray, QSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QMainWindow

    from keymon.gui.key_panel import KeyPanel


class WindowState:
    """Keeps it in `settings`, which hold that, the names of profiles, the folder of exports, and nothing else.

    Gateways without a profile share one arrangement. A profile that is followed for the first time takes over the
    arrangement of the one before.
    """

    def __init__(self, settings: QSettings) -> None:
        self._settings = settings
        self._profile = ""

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

    def restore_geometry(self, window: "QMainWindow") -> None:
        """Put the window where it was."""
        self._restore("geometry", window.restoreGeometry)

    def keep_geometry(self, window: "QMainWindow") -> None:
        """Remember where the window is."""
        self._settings.setValue("geometry", window.saveGeometry())

    def restore(self, panel: "KeyPanel") -> None:
        """Arrange the tables as they were."""
        self._restore(self._name("splitter"), panel.splitter.restoreState)
        self._restore(self._name("valid_columns"), panel.valid.horizontalHeader().restoreState)
        self._restore(self._name("invalid_columns"), panel.invalid.horizontalHeader().restoreState)

    def keep(self, panel: "KeyPanel") -> None:
        """Remember how the tables are arranged."""
        self._settings.setValue(self._name("splitter"), panel.splitter.saveState())
        self._settings.setValue(self._name("valid_columns"), panel.valid.horizontalHeader().saveState())
        self._settings.setValue(self._name("invalid_columns"), panel.invalid.horizontalHeader().saveState())

    def switch(self, panel: "KeyPanel", profile: str) -> None:
        """Go over to another profile."""
        self._settings.setValue("profile", profile)
        if profile != self._profile:
            self.keep(panel)
            self._profile = profile
            self.restore(panel)

    def _name(self, name: str) -> str:
        # A slash would begin a group of its own.
        return f"profiles/{quote(self._profile, safe='')}/{name}" if self._profile else name

    def _restore(self, name: str, restore: "Callable[[QByteArray], object]") -> None:
        value = self._settings.value(name)
        # A damaged file gives text or a number; the window then opens as it would the first time.
        if isinstance(value, QByteArray):
            restore(value)
