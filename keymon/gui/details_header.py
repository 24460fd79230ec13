"""The head of the details: the verdict in a word, the key, which stays masked, and the way to its neighbours."""

from itertools import pairwise

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from keymon.gui.lapse import Lapse
from keymon.gui.theme import monospace
from keymon.gui.translation import tr
from keymon.gui.verdict_badge import VerdictBadge
from keymon.gui.wrapped_label import plain_text
from keymon.masking import mask_key, visible

_COPIED_MS = 4_000


class DetailsHeader(QWidget):
    """Badge, key and buttons.

    `copy_wanted(key)` asks for the clipboard, `neighbour_wanted(step)` for the previous key (-1) or the next (1).
    """

    copy_wanted = Signal(str)
    neighbour_wanted = Signal(int)

    def __init__(self, key: str, reveal_ms: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key = key
        self.badge = VerdictBadge(self)
        self._label = plain_text(muted=False)
        font = monospace()
        font.setPointSizeF(font.pointSizeF() * 1.15)
        self._label.setFont(font)
        self._label.setText(mask_key(key))
        self.reveal = self._button(tr("&Reveal"), tr("Show the whole key for 30 seconds"))
        self.reveal.setCheckable(True)
        self.reveal.toggled.connect(self._show_key)
        self.copy_button = self._button(tr("&Copy key"), tr("Put the whole key on the clipboard for 30 seconds"))
        self.copy_button.clicked.connect(self._copy)
        self.previous = self._button("‹", tr("Previous key of the table (Ctrl+Page Up)"))
        self.next = self._button("›", tr("Next key of the table (Ctrl+Page Down)"))
        self._set_up_neighbours()
        self._copied_timer = QTimer(self)
        self._copied_timer.setSingleShot(True)
        self._copied_timer.setInterval(_COPIED_MS)
        self._copied_timer.timeout.connect(self._forget_copied)
        self._revealed = Lapse(reveal_ms, self)
        self._revealed.passed.connect(self.hide_key)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self.badge)
        row.addWidget(self._label, 1)
        buttons = (self.previous, self.next, self.reveal, self.copy_button)
        for button in buttons:
            row.addWidget(button)
        for before, after in pairwise(buttons):
            self.setTabOrder(before, after)

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        return button

    def _set_up_neighbours(self) -> None:
        sides = ((self.previous, tr("Previous key"), "Ctrl+PgUp", -1), (self.next, tr("Next key"), "Ctrl+PgDown", 1))
        for button, name, shortcut, step in sides:
            button.setAccessibleName(name)
            # Not the button's own: it would wait for its picture to be seen pressed.
            QShortcut(QKeySequence(shortcut), self).activated.connect(button.click)
            button.setProperty("step", step)
            button.setFixedWidth(button.fontMetrics().horizontalAdvance("000") + 12)
            button.clicked.connect(self._ask_for_neighbour)

    @Slot()
    def _ask_for_neighbour(self) -> None:
        self.neighbour_wanted.emit(self.sender().property("step"))

    @Slot()
    def _copy(self) -> None:
        self.copy_wanted.emit(self._key)
        self.copy_button.setText(tr("Copied for 30 s"))
        self._copied_timer.start()

    @Slot()
    def _forget_copied(self) -> None:
        self.copy_button.setText(tr("&Copy key"))

    @Slot(bool)
    def _show_key(self, whole: bool) -> None:
        self._label.setText(visible(self._key, 400) if whole else mask_key(self._key))
        self.reveal.setText(tr("&Hide (30 s)") if whole else tr("&Reveal"))
        if whole:
            self._revealed.start()
        else:
            self._revealed.stop()

    @Slot()
    def hide_key(self) -> None:
        """Mask the key."""
        self.reveal.setChecked(False)

    def end(self) -> None:
        """Mask the key and stop waiting for anything."""
        self._copied_timer.stop()
        self.hide_key()
