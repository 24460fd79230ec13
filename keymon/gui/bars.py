"""What the charts have in common: how successes and failures are filled, and the legend that says so."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPalette

from keymon.gui.theme import failure_colour, failure_hatch, success_colour
from keymon.gui.translation import tr

_BESIDE = 6
_BETWEEN = 20


def fill(painter: QPainter, palette: QPalette, area: QRectF, failed: bool) -> None:
    """Fill a part of a bar; that of failures is hatched besides its colour."""
    painter.fillRect(area, failure_colour(palette) if failed else success_colour(palette))
    if failed:
        painter.fillRect(area, failure_hatch(palette))


def legend_height(metrics: QFontMetrics) -> int:
    """Return the height of the legend with the room below it."""
    return metrics.height() + 12


def draw_legend(painter: QPainter, palette: QPalette, left: float, top: float) -> None:
    """Tell which part of a bar is which."""
    metrics, x = painter.fontMetrics(), left
    box = metrics.ascent()
    for text, failed in ((tr("Successful"), False), (tr("Failed"), True)):
        fill(painter, palette, QRectF(x, top + 3, box, box), failed)
        painter.setPen(palette.windowText().color())
        painter.drawText(QRectF(x + box + _BESIDE, top, 200, box + 6), Qt.AlignmentFlag.AlignVCenter, text)
        x += box + _BESIDE + metrics.horizontalAdvance(text) + _BETWEEN


def draw_frame(painter: QPainter, palette: QPalette, area: QRectF) -> None:
    """Draw a frame around the bar that the keyboard is on."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(palette.highlight().color())
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(area, 4, 4)
    painter.restore()


def line(painter: QPainter, left: float, top: float, right: float, bottom: float) -> None:
    """Draw a hair line."""
    painter.drawLine(QPointF(left, top), QPointF(right, bottom))
