"""The colours that profiles are told apart by. The name always stands beside the dot: a colour alone says nothing."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPalette

from keymon.gui.theme import theme_of
from keymon.gui.translation import tr

_LIGHT = {
    "grey": "#7a8394",
    "blue": "#1f6fd6",
    "green": "#2c8a4b",
    "purple": "#8250c4",
    "orange": "#d9660a",
    "red": "#c8303a",
}
_DARK = {
    "grey": "#9ba5b4",
    "blue": "#5aa9e6",
    "green": "#58b877",
    "purple": "#b38cf0",
    "orange": "#f0913d",
    "red": "#f0666e",
}


def profile_colour(colour: str, palette: QPalette) -> QColor:
    """Return one of `config.COLOURS` as it is seen on the window that has `palette`."""
    return QColor((_LIGHT if theme_of(palette) == "light" else _DARK)[colour])


def colour_word(colour: str) -> str:
    """Return the word for one of `config.COLOURS`."""
    words = {
        "grey": tr("Grey"),
        "blue": tr("Blue"),
        "green": tr("Green"),
        "purple": tr("Purple"),
        "orange": tr("Orange"),
        "red": tr("Red"),
    }
    return words[colour]


def paint_dot(painter: QPainter, area: QRectF, colour: QColor) -> None:
    """Draw the dot of a profile into `area`."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawEllipse(area)
    painter.restore()
