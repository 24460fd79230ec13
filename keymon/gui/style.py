"""The style of widgets where the desktop has none of its own, and what else is put on after the first paint."""

from PySide6.QtCore import QLocale, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QProxyStyle,
    QStyle,
    QStyleHintReturn,
    QStyleOption,
    QStyleOptionComplex,
    QWidget,
)

from keymon.gui.theme import FRAME, HAS_OWN_COLOURS, theme_of
from keymon.resources import resource

_CELL_MARGIN = 8


def dress(application: QApplication) -> None:
    """Give the application its style, its icon, and a language for its numbers."""
    if HAS_OWN_COLOURS and not isinstance(application.style(), KeymonStyle):
        application.setStyle(KeymonStyle())
    application.setWindowIcon(icon())
    if QLocale().language() == QLocale.Language.C:
        QLocale.setDefault(QLocale(QLocale.Language.English))


def icon() -> QIcon:
    """Return keymon's icon, in sizes from which a desktop can choose."""
    made = QIcon()
    for size in (16, 32, 48, 256):
        made.addFile(str(resource(f"icons/{size}.png")))
    return made


_Element = QStyle.PrimitiveElement
_FRAMES = {_Element.PE_FrameLineEdit, _Element.PE_Frame}
_INDICATORS = {_Element.PE_IndicatorRadioButton, _Element.PE_IndicatorCheckBox}


def _draw_frame(option: QStyleOption, painter: QPainter, radius: float) -> None:
    focused = option.state & QStyle.StateFlag.State_HasFocus
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    frame = QColor(FRAME[theme_of(option.palette)])
    painter.setPen(option.palette.highlight().color() if focused else frame)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
    painter.restore()


class KeymonStyle(QProxyStyle):
    """Fusion with more room beside the text in the cells of tables."""

    def __init__(self) -> None:
        super().__init__("Fusion")

    def drawPrimitive(
        self,
        element: QStyle.PrimitiveElement,
        option: QStyleOption,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        """Draw as Fusion does, but frames so that they can be seen in the dark."""
        if element not in _FRAMES:
            super().drawPrimitive(element, option, painter, widget)
        if element in _FRAMES or element in _INDICATORS:
            side = option.rect.height()
            _draw_frame(option, painter, side / 2 if element == _Element.PE_IndicatorRadioButton else 3)

    def drawComplexControl(
        self,
        control: QStyle.ComplexControl,
        option: QStyleOptionComplex,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        """Draw as Fusion does, but the frame of what can be typed in so that it can be seen in the dark."""
        super().drawComplexControl(control, option, painter, widget)
        is_typed_in = isinstance(widget, QAbstractSpinBox) or (isinstance(widget, QComboBox) and widget.isEditable())
        if is_typed_in and theme_of(option.palette) == "dark":
            _draw_frame(option, painter, 3)

    def pixelMetric(
        self, metric: QStyle.PixelMetric, option: QStyleOption | None = None, widget: QWidget | None = None
    ) -> int:
        """Return Fusion's measure, or ours for the margins of cells."""
        if metric in {QStyle.PixelMetric.PM_FocusFrameHMargin, QStyle.PixelMetric.PM_HeaderMargin} and isinstance(
            widget, QAbstractItemView
        ):
            return _CELL_MARGIN
        return super().pixelMetric(metric, option, widget)

    def styleHint(
        self,
        hint: QStyle.StyleHint,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
        returned: QStyleHintReturn | None = None,
    ) -> int:
        """Return Fusion's habit, but leave the icons off Close, OK and Cancel: no other button has any."""
        if hint == QStyle.StyleHint.SH_DialogButtonBox_ButtonsHaveIcons:
            return 0
        return super().styleHint(hint, option, widget, returned)
