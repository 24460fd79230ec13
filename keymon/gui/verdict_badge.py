"""Valid or invalid, told by a shape, a word and a colour."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from keymon.gui.theme import failure_colour, success_colour
from keymon.gui.translation import tr


class VerdictBadge(QWidget):
    """A disc with a tick for valid, a square with a cross for invalid, an empty ring while it is not known."""

    def __init__(self, parent: QWidget | None = None, with_word: bool = True) -> None:
        super().__init__(parent)
        self._valid: bool | None = None
        self._with_word = with_word
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_verdict(self, valid: bool | None) -> None:
        """Show a verdict; None is not known."""
        self._valid = valid
        self.setAccessibleName(self.word)
        self.updateGeometry()
        self.update()

    @property
    def word(self) -> str:
        """The verdict in a word."""
        return tr("Unknown") if self._valid is None else tr("Valid") if self._valid else tr("Invalid")

    def sizeHint(self) -> QSize:
        """Return room for the shape and the word."""
        metrics = self.fontMetrics()
        side = metrics.height()
        return QSize(side + (8 + metrics.horizontalAdvance(self.word) + 2 if self._with_word else 0), side + 2)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw shape and word."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = self.fontMetrics().height()
        area = QRectF(1, (self.height() - side) / 2 + 1, side - 2, side - 2)
        if self._valid is None:
            painter.setPen(QPen(self.palette().placeholderText().color(), 1.6))
            painter.drawEllipse(area)
        else:
            draw_verdict(painter, area, self._valid, self.palette())
        if self._with_word:
            painter.setPen(self.palette().windowText().color())
            painter.drawText(QRectF(side + 6, 0, self.width(), self.height()), Qt.AlignmentFlag.AlignVCenter, self.word)
        painter.end()


def draw_verdict(painter: QPainter, area: QRectF, valid: bool, palette: QPalette) -> None:
    """Draw the shape of a verdict into `area`."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(success_colour(palette) if valid else failure_colour(palette))
    if valid:
        painter.drawEllipse(area)
    else:
        painter.drawRoundedRect(area, 3, 3)
    painter.setPen(QPen(palette.base().color(), area.width() * 0.13, Qt.PenStyle.SolidLine))

    def point(x: float, y: float) -> QPointF:
        return QPointF(area.left() + x * area.width(), area.top() + y * area.height())

    if valid:
        painter.drawPolyline([point(0.26, 0.53), point(0.44, 0.70), point(0.75, 0.32)])
    else:
        painter.drawLine(point(0.30, 0.30), point(0.70, 0.70))
        painter.drawLine(point(0.70, 0.30), point(0.30, 0.70))
