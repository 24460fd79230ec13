"""The windows with the details of keys: opened or raised, kept live, left for a neighbour's, and closed."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QKeySequence, QShortcut

from keymon.gui.translation import tr

if TYPE_CHECKING:
    from keymon.gui.details_dialog import DetailsDialog, Habits
    from keymon.gui.main_window import MainWindow
    from keymon.monitor import Snapshot


class DetailsWindows(QObject):
    """Those of `window`, one for each key that was asked for. What one looks at is where the next begins."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self._habits: Habits | None = None
        self.dialogs: dict[str, DetailsDialog] = {}

    def open(self, key: str) -> "DetailsDialog":
        """Open the details of a key, or raise them where they are open."""
        dialog = self.dialogs.get(key) or self._make(key)
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()
        return dialog

    def _make(self, key: str) -> "DetailsDialog":
        from keymon.gui.details_dialog import DetailsDialog, Habits
        from keymon.gui.menus import add_exports
        from keymon.gui.panels import add_browsers

        window = self._window
        if self._habits is None:
            self._habits = Habits()
            window.state.restore_choices("details", self._habits)
        dialog = self.dialogs[key] = DetailsDialog(key, window, habits=self._habits)
        dialog.neighbour_wanted.connect(self._open_neighbour)
        dialog.copy_wanted.connect(window.copy_key)
        dialog.retry_wanted.connect(window.poller.refresh)
        dialog.ask_wanted.connect(window.poller.ask)
        dialog.finished.connect(self._forget)
        # The window's own shortcuts are not heard in another window.
        QShortcut(QKeySequence(QKeySequence.StandardKey.HelpContents), dialog).activated.connect(window.show_shortcuts)
        QShortcut(QKeySequence("Ctrl+K"), dialog).activated.connect(self._search_commands)
        add_browsers(dialog, window)
        add_exports(dialog, window)
        if window.snapshot is not None:
            dialog.show_snapshot(window.snapshot)
        if window.failure is not None:
            dialog.show_error(window.failure)
        return dialog

    def show_snapshot(self, snapshot: "Snapshot") -> None:
        """Show what `snapshot` knows of the keys."""
        for dialog in self.dialogs.values():
            dialog.show_snapshot(snapshot)

    def show_error(self, error: BaseException) -> None:
        """Tell that there are no newer figures."""
        for dialog in self.dialogs.values():
            dialog.show_error(error)

    def close(self) -> None:
        """Close all."""
        for dialog in list(self.dialogs.values()):
            dialog.close()

    def keep_habits(self) -> None:
        """Remember what was looked at last."""
        if self._habits is not None:
            self._window.state.keep_choices("details", self._habits)

    @Slot(int)
    def _open_neighbour(self, step: int) -> None:
        """Open the details of the previous or the next key of the table in place of those that ask for it."""
        before = next((one for one in self.dialogs.values() if one is self.sender()), None)
        if before is None:
            return
        key = self._window.panel.neighbour(before.key, step)
        if key is None:
            before.show_message(tr("There is no further key in the table."))
            return
        is_new = key not in self.dialogs
        dialog = self.open(key)
        if is_new:
            dialog.setGeometry(before.geometry())
        before.close()

    @Slot()
    def _forget(self) -> None:
        sender = self.sender()
        for key, dialog in list(self.dialogs.items()):
            if dialog is sender:
                del self.dialogs[key]

    @Slot()
    def _search_commands(self) -> None:
        self._window.activateWindow()
        self._window.search_commands()
