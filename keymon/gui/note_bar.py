"""A line that says what has happened, with at most one thing to do about it."""

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from keymon.gui.theme import FRAME, failure_colour, theme_of, warning_field
from keymon.gui.translation import tr

_BUTTON_ROOM = 24


class NoteBar(QWidget):
    """Hidden until it has something to say. `acted()` is emitted by its button."""

    acted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_problem = True
        self._label = QLabel()
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setWordWrap(True)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._button = QPushButton()
        self._button.setAutoDefault(False)
        self._button.clicked.connect(self.acted)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 6, 8, 6)
        layout.addWidget(self._label, 1)
        layout.addWidget(self._button)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.hide()

    @property
    def text(self) -> str:
        """What it says; empty while it is hidden."""
        return "" if self.isHidden() else self._label.text()

    def say(self, text: str, *, is_problem: bool = True, action: str = "", shortcut: str = "") -> None:
        """Say `text`, with a button for `action` where there is one; an empty text hides the bar."""
        self._is_problem = is_problem
        self._label.setText(text)
        self._button.setText(action)
        self._button.setFixedWidth(self._button.fontMetrics().horizontalAdvance(action) + _BUTTON_ROOM)
        self._button.setVisible(bool(action))
        self._button.setToolTip(shortcut)
        self.setAccessibleName(tr("Problem") if is_problem else tr("Note"))
        self.setAccessibleDescription(text)
        self.setVisible(bool(text))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ground: that of a banner for a problem, a quiet one for anything else."""
        palette = self.palette()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = failure_colour(palette) if self._is_problem else FRAME[theme_of(palette)]
        painter.setPen(frame)
        painter.setBrush(warning_field(palette) if self._is_problem else palette.color(QPalette.ColorRole.Base))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        painter.end()
