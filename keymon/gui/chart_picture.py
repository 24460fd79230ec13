"""A chart as a picture: PNG, SVG, or an image for the clipboard, with what it shows and of which gateway.

A picture is always on a light ground, whatever the theme: it goes into documents and mails, and onto paper.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPalette
from PySide6.QtWidgets import QWidget

from keymon.errors import ExportError
from keymon.gui.theme import palette_of
from keymon.gui.translation import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintDevice

PictureFormat = Literal["png", "svg"]

_WIDTH = 900
_MARGIN = 24.0
_LEAST_HEIGHT = 300
"""Of a chart that takes whatever height it is given."""
_SCALE = 2
_MOST_PIXELS = 32_000
"""Qt paints no further than this into an image."""


class Paints(Protocol):
    """A widget that paints a chart wherever it is told to, in its palette and font."""

    def paint(self, painter: QPainter, area: QRectF) -> None:
        """Draw the chart with its legend into `area`."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart to be drawn: `title` tells what and of which period, `notes` of which gateway and when; masked."""

    chart: QWidget
    title: str
    notes: tuple[str, ...] = ()
    name: str = "chart"

    def draw(self, painter: QPainter) -> None:
        """Draw it all at the origin, `size()` large."""
        area = QRectF(0, 0, _WIDTH, self.size().height()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        with _on_light_ground(self.chart) as palette:
            painter.fillRect(QRectF(0, 0, _WIDTH, self.size().height()), palette.window())
            top = area.top()
            for text, is_title in self._lines():
                top += self._write(painter, palette, QRectF(area.left(), top, area.width(), 0), text, is_title)
            area.setTop(top + _MARGIN / 2)
            chart: Paints = self.chart  # type: ignore[assignment]
            chart.paint(painter, area)

    def size(self) -> QSize:
        """Return how large the picture is, in points of a screen."""
        chart = max(self.chart.sizeHint().height(), self.chart.minimumSizeHint().height())
        if self.chart.sizePolicy().expandingDirections() & Qt.Orientation.Vertical:
            chart = max(chart, _LEAST_HEIGHT)
        head = sum(self._height(is_title) for _, is_title in self._lines())
        return QSize(_WIDTH, int(2.5 * _MARGIN + head + chart))

    def _lines(self) -> Iterator[tuple[str, bool]]:
        yield self.title, True
        for note in self.notes:
            yield note, False

    def _height(self, is_title: bool) -> float:
        return QFontMetricsF(self.chart.font()).height() * (1.6 if is_title else 1.2)

    def _write(self, painter: QPainter, palette: QPalette, line: QRectF, text: str, is_title: bool) -> float:
        """Write a line of the head; return its height."""
        font = self.chart.font()
        if is_title:
            font.setPointSizeF(font.pointSizeF() * 1.25)
            font.setBold(True)
        line.setHeight(self._height(is_title))
        painter.setFont(font)
        ink = QPalette.ColorRole.WindowText if is_title else QPalette.ColorRole.PlaceholderText
        painter.setPen(palette.color(ink))
        shown = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideMiddle, line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        return line.height()


def image_of(picture: Picture) -> QImage:
    """Return the picture in twice the points of a screen; raises `ExportError` where it is too large for that."""
    size = picture.size() * _SCALE
    if size.height() > _MOST_PIXELS:
        raise ExportError(path=picture.title, reason=tr("too high for an image; SVG holds it"))
    image = QImage(size, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(_SCALE)
    _paint(picture, image)
    return image


def png_of(picture: Picture) -> bytes:
    """Return the picture as PNG; raises `ExportError`."""
    image = image_of(picture)
    image.setText("Title", picture.title)
    content = _Bytes()
    if not image.save(content.device, "PNG"):  # type: ignore[call-overload]
        raise ExportError(path=picture.title, reason=tr("the image could not be made"))
    return content.take()


def svg_of(picture: Picture) -> bytes:
    """Return the picture as SVG."""
    from PySide6.QtSvg import QSvgGenerator

    content, size = _Bytes(), picture.size()
    generator = QSvgGenerator()
    generator.setOutputDevice(content.device)
    generator.setSize(size)
    generator.setViewBox(QRectF(QPointF(), QSizeF(size)))
    generator.setResolution(picture.chart.logicalDpiX())  # else texts are smaller than they were measured
    generator.setTitle(picture.title)
    generator.setDescription("\n".join(picture.notes))
    _paint(picture, generator)
    return content.take()


def _paint(picture: Picture, device: "QPaintDevice") -> None:
    painter = QPainter(device)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    picture.draw(painter)
    painter.end()


class _Bytes:
    """What is written to `device`."""

    def __init__(self) -> None:
        self._bytes = QByteArray()
        self.device = QBuffer(self._bytes)
        self.device.open(QIODevice.OpenModeFlag.WriteOnly)

    def take(self) -> bytes:
        self.device.close()
        return bytes(self._bytes.data())


@contextmanager
def _on_light_ground(chart: QWidget) -> Iterator[QPalette]:
    """Give a chart the light palette while it is drawn; nothing is seen of it on the screen."""
    has_own = chart.testAttribute(Qt.WidgetAttribute.WA_SetPalette)
    before = QPalette(chart.palette()) if has_own else QPalette()
    light = palette_of("light")
    light.setColor(QPalette.ColorRole.Window, light.color(QPalette.ColorRole.Base))
    chart.setPalette(light)
    try:
        yield light
    finally:
        chart.setPalette(before)
