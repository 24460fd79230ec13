"""Why a key is invalid, by a shape of its own and a word: no two are told apart by colour alone."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from keymon.gui.translation import tr
from keymon.reason import Reason, reason_of

if TYPE_CHECKING:
    from keymon.monitor import Snapshot
    from keymon.stats import KeyFigures


def reason_word(reason: Reason) -> str:
    """Return the word for a reason."""
    return {
        "rejected": tr("rejected"),
        "suspended": tr("suspended"),
        "exhausted": tr("exhausted"),
        "failing": tr("failing"),
        "unproven": tr("unproven"),
    }[reason]


def shown_reason(figures: "KeyFigures", snapshot: "Snapshot") -> Reason | None:
    """Return the reason, as far as the log that has been read can tell."""
    reason = reason_of(figures)
    return None if reason == "unproven" and snapshot.loading is not None else reason


def draw_reason(painter: QPainter, area: QRectF, reason: Reason, colour: QColor) -> None:
    """Draw the shape of a reason into a square.

    Rejected: a ring that is crossed out. Suspended: two bars, a pause. Exhausted: an hourglass. Failing: a triangle
    with a mark. Unproven: a dotted ring.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    side = area.width()
    pen = QPen(colour, side * 0.13, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)

    def point(x: float, y: float) -> QPointF:
        return QPointF(area.left() + x * side, area.top() + y * side)

    if reason == "rejected":
        painter.drawEllipse(area.adjusted(side * 0.1, side * 0.1, -side * 0.1, -side * 0.1))
        painter.drawLine(point(0.24, 0.24), point(0.76, 0.76))
    elif reason == "suspended":
        pen.setWidthF(side * 0.22)
        painter.setPen(pen)
        for x in (0.31, 0.69):
            painter.drawLine(point(x, 0.22), point(x, 0.78))
    elif reason == "exhausted":
        painter.setBrush(colour)
        painter.drawPolygon([point(0.2, 0.12), point(0.8, 0.12), point(0.2, 0.88), point(0.8, 0.88)])
    elif reason == "failing":
        painter.drawPolygon([point(0.5, 0.12), point(0.93, 0.86), point(0.07, 0.86)])
        painter.drawLine(point(0.5, 0.42), point(0.5, 0.62))
    else:
        pen.setStyle(Qt.PenStyle.DotLine)
        painter.setPen(pen)
        painter.drawEllipse(area.adjusted(side * 0.1, side * 0.1, -side * 0.1, -side * 0.1))
    painter.restore()
