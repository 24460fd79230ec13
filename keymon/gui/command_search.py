"""The search of commands: all that the menus hold, the profiles, and the keys by their endings."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Slot
from PySide6.QtGui import QAction, QCloseEvent, QKeyEvent, QKeySequence, QPalette
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from keymon.gui.translation import tr
from keymon.masking import mask_key

if TYPE_CHECKING:
    from keymon.gui.main_window import MainWindow

_MOST_KEYS = 50
_WIDTH, _ROWS = 560, 11
_ROOM = 12
_LIST_KEYS = {Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown}


@dataclass(frozen=True, slots=True)
class Command:
    """What can be run: `text` is shown and searched, `shortcut` shown beside it."""

    text: str
    shortcut: str
    run: Callable[[], object]

    def matches(self, words: list[str]) -> bool:
        """Tell whether all words, in small letters, are in it."""
        text = f"{self.text} {self.shortcut}".casefold()
        return all(word in text for word in words)


_LETTER = re.compile(r"\(&\w\)")
"""Behind a text in another script stands the letter that it does not have."""


def commands(window: "MainWindow") -> list[Command]:
    """Return what the menus of `window` hold now, in their order."""
    # The same action may be in two menus.
    found: dict[QAction, Command] = {}
    for menu in window.menuBar().actions():
        for action, command in _of_menu(menu, ()):
            found.setdefault(action, command)
    return list(found.values())


def _of_menu(action: QAction, path: tuple[str, ...]) -> Iterator[tuple[QAction, Command]]:
    text = _plain(action.text())
    menu = action.menu()
    if isinstance(menu, QMenu):
        menu.aboutToShow.emit()  # some are filled when they are opened
        for one in menu.actions():
            yield from _of_menu(one, (*path, text))
    elif text and action.isEnabled() and action.isVisible():
        shortcut = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        yield action, Command(" › ".join((*path, text)), shortcut, action.trigger)


def _plain(text: str) -> str:
    """Return the text of an action without the marks of its mnemonic."""
    text = _LETTER.sub("", text)
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&")


def keys(window: "MainWindow", words: list[str]) -> Iterator[Command]:
    """Yield the keys that end in one of `words`, where the others are found too; one that is run shows its details."""
    snapshot = window.snapshot
    if snapshot is None or not words:
        return
    title = tr("Details of {key}")
    for figures in snapshot.keys:
        whole = figures.key.casefold()
        if not any(whole.endswith(word) for word in words):
            continue
        text = title.format(key=mask_key(figures.key))
        seen = text.casefold()
        if all(word in seen or whole.endswith(word) for word in words):
            yield Command(text, "", partial(window.open_details, figures.key))


class CommandSearch(QFrame):
    """A field and a list over the window: Enter runs what is chosen, Escape closes, and so does going elsewhere."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self._before = QApplication.focusWidget()
        self._commands = commands(window)
        self._shown: list[Command] = []
        self.setObjectName("commands")
        self.setAccessibleName(tr("Find a command or a key"))
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.field = QLineEdit()
        self.field.setPlaceholderText(tr("Command, profile, or the ending of a key"))
        self.field.setAccessibleName(tr("Command, profile, or the ending of a key"))
        self.field.textChanged.connect(self._filter)
        self.field.installEventFilter(self)
        self.list = QTreeWidget()
        self._nothing = QLabel(tr("Nothing like that"))
        self._nothing.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._arrange()
        self._filter("")

    def _arrange(self) -> None:
        self.list.setAccessibleName(tr("What was found"))
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setColumnCount(2)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.list.itemClicked.connect(self._run_item)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_ROOM, _ROOM, _ROOM, _ROOM)
        layout.setSpacing(8)
        layout.addWidget(self.field)
        layout.addWidget(self._nothing, 1, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self.list, 1)

    @property
    def texts(self) -> list[str]:
        """What is listed."""
        return [command.text for command in self._shown]

    @property
    def _row_height(self) -> int:
        return self.fontMetrics().height() + 8

    def open(self) -> None:
        """Show it over the window, and let the operator type."""
        row = self._row_height
        width = min(_WIDTH, self._window.width() - 2 * _ROOM)
        height = min(_ROWS * row + self.field.sizeHint().height() + 3 * _ROOM, self._window.height() - 4 * _ROOM)
        self.setGeometry((self._window.width() - width) // 2, 3 * _ROOM, width, height)
        self.show()
        self.raise_()
        self.field.setFocus()

    @Slot(str)
    def _filter(self, text: str) -> None:
        words = text.casefold().split()
        self._shown = [command for command in self._commands if command.matches(words)]
        self._shown += islice(keys(self._window, words), _MOST_KEYS)
        self.list.clear()
        for n, command in enumerate(self._shown):
            item = QTreeWidgetItem([command.text, command.shortcut])
            item.setData(0, Qt.ItemDataRole.UserRole, n)
            item.setSizeHint(0, QSize(0, self._row_height))
            item.setForeground(1, self.palette().placeholderText())
            self.list.addTopLevelItem(item)
        if self._shown:
            self.list.setCurrentIndex(self.list.model().index(0, 0))
        self.list.setVisible(bool(self._shown))
        self._nothing.setVisible(not self._shown)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the keys of the list work while the field has the keyboard; close when that goes elsewhere."""
        if event.type() == QEvent.Type.FocusOut and self.isVisible():
            self.close()
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._press(event) or super().eventFilter(watched, event)
        return super().eventFilter(watched, event)

    def _press(self, event: QKeyEvent) -> bool:
        key = event.key()
        if key in _LIST_KEYS:
            QApplication.sendEvent(self.list, event)
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            item = self.list.currentItem()
            if item is not None and self._shown:
                self._run_item(item)
        elif key == Qt.Key.Key_Escape:
            self._leave()
        else:
            return False
        return True

    @Slot(QTreeWidgetItem)
    def _run_item(self, item: QTreeWidgetItem) -> None:
        command = self._shown[int(item.data(0, Qt.ItemDataRole.UserRole))]
        self._leave()
        command.run()

    def _leave(self) -> None:
        """Close, and give the keyboard back to what had it."""
        self.close()
        if isinstance(self._before, QWidget) and self._before.isVisible():
            self._before.setFocus()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Be gone when closed."""
        super().closeEvent(event)
        self.deleteLater()
