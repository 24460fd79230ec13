"""The text of one error: its reason in one line, then all of it, to the letter; keys in it are masked."""

from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from keymon.gui.moments import both_clocks
from keymon.gui.theme import monospace
from keymon.gui.translation import error_advice, error_text, shown_model, tr
from keymon.gui.wrapped_label import plain_text
from keymon.masking import mask_key, mask_text_of, visible

if TYPE_CHECKING:
    from keymon.monitor import Snapshot

_LONGEST_LINE = 4_000


class ErrorView(QWidget):
    """One error. `copy_wanted(text)` asks for its text on the clipboard, `closed()` tells that it was closed."""

    copy_wanted = Signal(str)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("error")
        self._about = plain_text(muted=True)
        self.reason = plain_text(muted=False)
        font = self.reason.font()
        font.setBold(True)
        self.reason.setFont(font)
        self.reason.setAccessibleName(tr("Reason of the error"))
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setFont(monospace())
        self.text.setAccessibleName(tr("Text of the error"))
        self.text.setTabChangesFocus(True)
        self._copy = QPushButton(tr("Cop&y text"))
        self._copy.setToolTip(tr("Copy the text of the error, keys masked"))
        self._copy.clicked.connect(self._copy_text)
        close = QPushButton(tr("Close"))
        close.setToolTip(tr("Close the text of the error (Esc)"))
        close.clicked.connect(self._close)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self._close)
        escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        head = QHBoxLayout()
        head.addWidget(self._about, 1)
        head.addWidget(self._copy)
        head.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(head)
        layout.addWidget(self.reason)
        layout.addWidget(self.text, 1)

    def show_waiting(
        self, at: datetime | None, key: str | None, model: str | None, status: str, snapshot: "Snapshot"
    ) -> None:
        """Tell which error is being looked up: that of a call of `key` to `model` at `at` (aware)."""
        time = tr("no time") if at is None else both_clocks(at, snapshot)
        name = tr("no key") if key is None else mask_key(key)
        self._about.setText(f"{time} · {name} · {shown_model(model, 60)} · {status}")
        self._say(tr("Looking for what was logged…"))
        self.show()

    def show_text(self, text: str | None, key: str | None) -> None:
        """Show what was logged for a call of `key`; None where nothing was, or it has been deleted."""
        from keymon.error_log import pretty, reason

        if not text:
            self._say(tr("Nothing was logged for this call, or it has been deleted."))
            return
        self.reason.setText(visible(mask_text_of(key, reason(text)), 300))
        lines = mask_text_of(key, pretty(text)).expandtabs(4).splitlines()
        self.text.setPlainText("\n".join(visible(line, _LONGEST_LINE) for line in lines))
        self._copy.setEnabled(True)

    def show_error(self, error: BaseException) -> None:
        """Tell why the text cannot be read."""
        self._say(error_text(error), error_advice(error))

    def put_away(self) -> None:
        """Show it no longer."""
        self.text.clear()
        self.hide()

    def _close(self) -> None:
        self.put_away()
        self.closed.emit()

    def _say(self, reason: str, text: str = "") -> None:
        self.reason.setText(reason)
        self.text.setPlainText(text)
        self._copy.setEnabled(False)

    def _copy_text(self) -> None:
        self.copy_wanted.emit(self.text.toPlainText())
