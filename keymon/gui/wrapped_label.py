"""Text to the letter on as many lines as it takes: a word that is longer than a line is broken, too.

A label of Qt's asks for the room of its longest word, and what is logged for an error may be a single one: the
window would grow with it beyond the screen, and stay so.
"""

import math

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAbstractTextDocumentLayout, QPainter, QPaintEvent, QPalette, QTextDocument
from PySide6.QtWidgets import QLabel

_WIDEST_HINT, _ANY_HEIGHT = 480, 16_777_215


class WrappedLabel(QLabel):
    """A label that can be as narrow as it has to; its text can be selected where no word of it is broken."""

    def minimumSizeHint(self) -> QSize:
        """Ask for no width."""
        return QSize(1, super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        """Ask for no more width than ordinary words take."""
        return super().sizeHint().boundedTo(QSize(_WIDEST_HINT, _ANY_HEIGHT))

    def heightForWidth(self, width: int) -> int:
        """Return how high it is when it is so wide."""
        if self._fits(width):
            return super().heightForWidth(width)
        return math.ceil(self._broken(width).size().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the text."""
        if self._fits(self.width()):
            super().paintEvent(event)
            return
        context = QAbstractTextDocumentLayout.PaintContext()
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Text, palette.color(self.foregroundRole()))
        context.palette = palette  # type: ignore[attr-defined]
        document = self._broken(self.width())
        painter = QPainter(self)
        document.documentLayout().draw(painter, context)
        painter.end()

    def _broken(self, width: int) -> QTextDocument:
        document = QTextDocument()  # breaks words where it has to
        document.setDocumentMargin(0)
        document.setDefaultFont(self.font())
        document.setPlainText(self.text())
        document.setTextWidth(width)
        return document

    def _fits(self, width: int) -> bool:
        return super().minimumSizeHint().width() <= width


def plain_text(muted: bool) -> QLabel:
    """Return a label that shows what it is given to the letter, and lets it be selected."""
    label = WrappedLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText if muted else QPalette.ColorRole.WindowText)
    return label
