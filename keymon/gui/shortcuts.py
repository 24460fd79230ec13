"""The list of keyboard shortcuts, in groups, because the menus do not show those that belong to tables."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from keymon.gui.panels import KINDS
from keymon.gui.translation import tr
from keymon.gui.window_state import fit

_Group = tuple[str, list[tuple[str, str]]]
"""A heading, and each shortcut with what it does."""


class ShortcutsDialog(QDialog):
    """Two columns of groups; in each, keys on the left, what they do on the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shortcuts")
        self.setWindowTitle(tr("Keyboard shortcuts"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        columns = QHBoxLayout()
        columns.setSpacing(40)
        for groups in ((_window(), _gateway(), _panels()), (_keys(), _details())):
            column = QVBoxLayout()
            column.setSpacing(18)
            for title, shortcuts in groups:
                column.addLayout(_group(title, shortcuts))
            column.addStretch(1)
            columns.addLayout(column)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 14)
        layout.setSpacing(16)
        page = QWidget()
        page.setLayout(columns)
        columns.setContentsMargins(0, 0, 0, 0)
        scroll = QScrollArea()
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setWidget(page)
        layout.addWidget(scroll, 1)
        layout.addWidget(buttons)
        wanted = page.sizeHint()
        fit(self, wanted.width() + 40 + scroll.verticalScrollBar().sizeHint().width(), wanted.height() + 80)


def _group(title: str, shortcuts: list[tuple[str, str]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(20)
    grid.setVerticalSpacing(6)
    grid.setColumnStretch(1, 1)
    heading = QLabel(title)
    heading.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    grid.addWidget(heading, 0, 0, 1, 2)
    for row, (keys, text) in enumerate(shortcuts, 1):
        name = QLabel(keys)
        font = QFont(name.font())
        font.setBold(True)
        name.setFont(font)
        grid.addWidget(name, row, 0)
        grid.addWidget(QLabel(text), row, 1)
    return grid


def _window() -> _Group:
    return tr("Window"), [
        ("Ctrl+K", tr("Find a command, a profile or a key")),
        ("Ctrl+F", tr("Search the keys, or the panel that is seen")),
        ("F5", tr("Refresh now")),
        ("Ctrl+P", tr("Pause or go on refreshing")),
        ("F1", tr("This list")),
        ("Esc", tr("Close what was opened last: details, texts, the search of commands")),
        ("Ctrl+Q", tr("Quit")),
    ]


def _gateway() -> _Group:
    return tr("Gateway"), [
        ("Ctrl+L", tr("Connections: new, edit, test, delete")),
        ("Ctrl+1", tr("Switch to the first profile, Ctrl+2 to the second, and so on")),
        ("Ctrl+O", tr("Open a gateway's database")),
        ("Ctrl+E", tr("Open by a gateway's .env")),
        ("Ctrl+D", tr("Look at the sample gateway")),
        ("Ctrl+T", tr("Set the gateway's time zone")),
        ("Ctrl+Shift+E", tr("Export what the panel shows")),
    ]


def _keys() -> _Group:
    return tr("Keys"), [
        ("Ctrl+Shift+F", tr("Filter the keys")),
        ("Ctrl+Shift+H", tr("Choose the columns of the table")),
        ("Enter", tr("Details of the current key")),
        ("Ctrl+C", tr("Copy the selected keys in full")),
        ("Ctrl+Shift+C", tr("Copy the selected rows, keys masked")),
        ("Ctrl+A", tr("Select all keys of the table")),
        (tr("Shift+click"), tr("Sort by a further column: on its title")),
    ]


def _details() -> _Group:
    return tr("Details, calls and errors"), [
        ("Enter", tr("The text of the error of a call that failed")),
        ("Ctrl+Return", tr("Details of the key of a call or an error")),
        ("Ctrl+C", tr("Copy the selected rows, keys masked")),
        ("Ctrl+PgUp, Ctrl+PgDown", tr("Details of the previous or next key of the table")),
        ("Ctrl+Shift+E", tr("Export what the details show")),
        (tr("Arrows, Home, End"), tr("The bars of a chart that has the keyboard")),
    ]


def _panels() -> _Group:
    return tr("Panels"), [(kind.shortcut, f"{tr(kind.title)}: {tr(kind.tip)}") for kind in KINDS]
