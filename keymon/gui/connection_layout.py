"""How the dialog of connections is laid out."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from keymon.gui.connection_form import ConnectionForm
from keymon.gui.connection_trial import TrialPanel
from keymon.gui.errands import Errands
from keymon.gui.note_bar import NoteBar
from keymon.gui.profile_list import ProfileList
from keymon.gui.translation import tr
from keymon.gui.window_state import fit
from keymon.passwords import Passwords

_SIZE = (980, 740)
_LIST_WIDTH = 250
_LEAST_OF_FORM = 170
_LEAST_OF_TRIAL = 150
_ROOM_OF_TRIAL = 250


class ConnectionLayout:
    """The widgets of `dialog`, in their places."""

    def __init__(self, dialog: QDialog, errands: Errands, passwords: Passwords) -> None:
        self._dialog = dialog
        self.list = ProfileList()
        self.form = ConnectionForm()
        self.trial = TrialPanel(errands, passwords)
        self.note = NoteBar()
        self._heading = QLabel()
        self.paste = _button(tr("Past&e a URL"), tr("Fill the form with the database URL on the clipboard"))
        self.env = _button(tr("&Import a gateway's .env…"), tr("Fill the form with what a gateway's .env says"))
        self.demo = _button(tr("Loo&k at the sample gateway"), tr("keymon makes one up; nothing is needed for it"))
        self.test = _button(tr("&Test connection"), tr("Try it, stage by stage (F5 or Ctrl+Enter)"))
        self.save = _button(tr("&Save"), tr("Save this connection (Ctrl+S)"))
        self.connect_button = _button(tr("&Connect"), tr("Save it and watch this gateway (Enter)"))
        self.connect_button.setDefault(True)
        self.close_button = _button(tr("C&lose"), tr("Close this dialog (Esc)"))
        self._lay_out()

    def _lay_out(self) -> None:
        across = QSplitter(Qt.Orientation.Horizontal)
        across.setChildrenCollapsible(False)
        across.addWidget(self.list)
        across.addWidget(self._right())
        across.setStretchFactor(1, 1)
        across.setSizes([_LIST_WIDTH, _SIZE[0] - _LIST_WIDTH])
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.demo)
        foot.addStretch(1)
        for button in (self.test, self.save, self.connect_button, self.close_button):
            foot.addWidget(button)
        layout = QVBoxLayout(self._dialog)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.setSpacing(10)
        layout.addWidget(across, 1)
        layout.addLayout(foot)
        fit(self._dialog, *_SIZE)

    def _right(self) -> QWidget:
        font = self._heading.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        font.setBold(True)
        self._heading.setFont(font)
        self._heading.setTextFormat(Qt.TextFormat.PlainText)
        head = QHBoxLayout()
        head.addWidget(self._heading, 1)
        head.addWidget(self.paste)
        head.addWidget(self.env)
        scroll = QScrollArea()
        scroll.setWidget(self.form)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Narrower, and what stands at its right would be cut off.
        scroll.setMinimumWidth(self.form.minimumSizeHint().width() + scroll.verticalScrollBar().sizeHint().width())
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setMinimumHeight(_LEAST_OF_FORM)
        self._scroll = scroll
        self.trial.setMinimumHeight(_LEAST_OF_TRIAL)
        self.trial.hide()
        self._down = QSplitter(Qt.Orientation.Vertical)
        self._down.setChildrenCollapsible(False)
        self._down.addWidget(scroll)
        self._down.addWidget(self.trial)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(10, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(head)
        layout.addWidget(self._down, 1)
        layout.addWidget(self.note)
        return page

    def add_shortcuts(self, test: Callable[[], object], save: Callable[[], object]) -> None:
        """Add the keys that no button shows."""
        for keys, slot in (("Ctrl+Return", test), ("Ctrl+Enter", test), ("F5", test), ("Ctrl+S", save)):
            QShortcut(QKeySequence(keys), self._dialog).activated.connect(slot)

    def show_heading(self, name: str, edited: bool) -> None:
        """Show which connection is in the form; an empty name is a new one."""
        name = name or tr("New connection")
        self._heading.setText(tr("{name} (edited)").format(name=name) if edited else name)

    @Slot(bool)
    def show_running(self, running: bool) -> None:
        """Make room for the stages, and of the button that begins a trial the one that ends it."""
        self.test.setText(tr("Cancel &test") if running else tr("&Test connection"))
        if running and self.trial.isHidden():
            self.trial.show()
            room = self._down.height()
            form = min(self.form.sizeHint().height() + 4, max(room - _ROOM_OF_TRIAL, room // 2))
            self._down.setSizes([form, room - form])


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    return button
