"""A state told by a shape: colours alone would tell nothing to many."""

from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from keymon.gui.theme import failure_colour, success_colour

State = Literal["waiting", "running", "passed", "noted", "failed", "not reached"]

_SIDE = 16


class StateMark(QWidget):
    """A state by its shape: a ring, one with a dot, a disc with a tick, a triangle, a square with a cross, a dash."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state: State = "waiting"
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_state(self, state: State) -> None:
        """Show a state."""
        self._state = state
        self.update()

    def sizeHint(self) -> QSize:
        """Return the room for the shape."""
        return QSize(_SIDE, _SIDE)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the shape."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        muted = palette.color(QPalette.ColorRole.PlaceholderText)
        area = QRectF(1, 1, _SIDE - 2, _SIDE - 2)
        if self._state in {"waiting", "running", "not reached"}:
            _draw_open(painter, area, self._state, muted, palette.color(QPalette.ColorRole.Highlight))
        else:
            is_well = self._state == "passed"
            colour = success_colour(palette) if is_well else failure_colour(palette)
            _draw_closed(painter, area, self._state, colour, palette.color(QPalette.ColorRole.Base))
        painter.end()


def _draw_open(painter: QPainter, area: QRectF, state: State, muted: QColor, lively: QColor) -> None:
    if state == "not reached":
        painter.setPen(QPen(muted, 2))
        painter.drawLine(QPointF(area.left() + 3, area.center().y()), QPointF(area.right() - 3, area.center().y()))
        return
    painter.setPen(QPen(lively if state == "running" else muted, 1.6))
    painter.drawEllipse(area.adjusted(1, 1, -1, -1))
    if state == "running":
        painter.setBrush(lively)
        painter.drawEllipse(area.center(), 3, 3)


def _draw_closed(painter: QPainter, area: QRectF, state: State, colour: QColor, ink: QColor) -> None:
    def at(x: float, y: float) -> QPointF:
        return QPointF(area.left() + area.width() * x, area.top() + area.height() * y)

    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    pen = QPen(ink, 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    if state == "passed":
        painter.drawEllipse(area)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF([at(0.27, 0.52), at(0.44, 0.69), at(0.74, 0.34)]))
    elif state == "noted":
        painter.drawPolygon(QPolygonF([at(0.5, 0), at(1.02, 0.96), at(-0.02, 0.96)]))
        painter.setPen(pen)
        painter.drawLine(at(0.5, 0.36), at(0.5, 0.6))
        painter.drawPoint(at(0.5, 0.81))
    else:
        painter.drawRoundedRect(area, 2.5, 2.5)
        painter.setPen(pen)
        painter.drawLine(at(0.29, 0.29), at(0.71, 0.71))
        painter.drawLine(at(0.71, 0.29), at(0.29, 0.71))
