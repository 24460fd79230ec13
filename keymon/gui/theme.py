"""Colours: light and dark palettes, and the pair in which successes and failures are told apart.

The pair is blue and orange, which people with any common form of colour blindness can tell apart; failures
are hatched besides, so that a black-and-white print can be read as well.
"""

from typing import Literal

from PySide6.QtCore import QLocale, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontDatabase, QGuiApplication, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QProxyStyle,
    QStyle,
    QStyleHintReturn,
    QStyleOption,
    QWidget,
)

Theme = Literal["light", "dark"]

_Role = QPalette.ColorRole

_LIGHT: dict[QPalette.ColorRole, str] = {
    _Role.Window: "#f4f5f7",
    _Role.WindowText: "#1c2430",
    _Role.Base: "#ffffff",
    _Role.AlternateBase: "#f7f8fa",
    _Role.Text: "#1c2430",
    _Role.Button: "#fbfbfc",
    _Role.ButtonText: "#1c2430",
    _Role.BrightText: "#ffffff",
    _Role.PlaceholderText: "#667080",
    _Role.Highlight: "#1f5fbf",
    _Role.HighlightedText: "#ffffff",
    _Role.ToolTipBase: "#ffffff",
    _Role.ToolTipText: "#1c2430",
    _Role.Link: "#1f5fbf",
    _Role.Light: "#ffffff",
    _Role.Midlight: "#e8eaee",
    _Role.Mid: "#cfd4dc",
    _Role.Dark: "#a3abb8",
    _Role.Shadow: "#7a8394",
}
_DARK: dict[QPalette.ColorRole, str] = {
    _Role.Window: "#1f2228",
    _Role.WindowText: "#e7eaef",
    _Role.Base: "#17191e",
    _Role.AlternateBase: "#1c1f25",
    _Role.Text: "#e7eaef",
    _Role.Button: "#2c3038",
    _Role.ButtonText: "#e7eaef",
    _Role.BrightText: "#ffffff",
    _Role.PlaceholderText: "#9ba5b4",
    _Role.Highlight: "#2f6ecb",
    _Role.HighlightedText: "#ffffff",
    _Role.ToolTipBase: "#2c3038",
    _Role.ToolTipText: "#e7eaef",
    _Role.Link: "#7fb2f5",
    _Role.Light: "#3a3f49",
    _Role.Midlight: "#343943",
    _Role.Mid: "#3d434e",
    _Role.Dark: "#121418",
    _Role.Shadow: "#0b0c0f",
}
_CELL_MARGIN = 8
_SUCCESS = {"light": "#2a78c2", "dark": "#5aa9e6"}
_FAILURE = {"light": "#d9660a", "dark": "#f0913d"}
_FRAME = {"light": "#a3abb8", "dark": "#565e6b"}
_WARNING_FIELD = {"light": "#fff3dc", "dark": "#3b2f17"}


def apply_theme(application: QApplication, theme: Theme | None) -> None:
    """Give the whole application the `theme`, or that of the desktop where it is None."""
    scheme = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark, None: Qt.ColorScheme.Unknown}[theme]
    hints = QGuiApplication.styleHints()
    hints.setColorScheme(scheme)
    if theme is None:
        theme = "dark" if hints.colorScheme() == Qt.ColorScheme.Dark else "light"
    if isinstance(application.style(), KeymonStyle):
        # Plain X11 and the offscreen platform have no colour scheme of their own.
        application.setPalette(_palette(theme))
    if QLocale().language() == QLocale.Language.C:
        QLocale.setDefault(QLocale(QLocale.Language.English))


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
        if element not in {QStyle.PrimitiveElement.PE_FrameLineEdit, QStyle.PrimitiveElement.PE_Frame}:
            super().drawPrimitive(element, option, painter, widget)
            return
        focused = option.state & QStyle.StateFlag.State_HasFocus
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QColor(_FRAME[theme_of(option.palette)])
        painter.setPen(option.palette.color(_Role.Highlight) if focused else frame)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        painter.restore()

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


def success_colour(palette: QPalette) -> QColor:
    """Return the colour of successful calls on the window that has `palette`."""
    return QColor(_SUCCESS[theme_of(palette)])


def failure_colour(palette: QPalette) -> QColor:
    """Return the colour of failed calls on the window that has `palette`."""
    return QColor(_FAILURE[theme_of(palette)])


def failure_hatch(palette: QPalette) -> QBrush:
    """Return the hatch that marks failed calls besides their colour."""
    return QBrush(palette.color(_Role.Base), Qt.BrushStyle.BDiagPattern)


def warning_field(palette: QPalette) -> QColor:
    """Return the ground of a banner."""
    return QColor(_WARNING_FIELD[theme_of(palette)])


def theme_of(palette: QPalette) -> Theme:
    """Tell whether `palette` is a light or a dark one."""
    return "dark" if palette.color(_Role.Window).lightness() < 128 else "light"


def monospace() -> QFont:
    """Return the desktop's fixed-width font, in the size of its ordinary font."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPointSizeF(QGuiApplication.font().pointSizeF())
    return font


def _palette(theme: Theme) -> QPalette:
    colours = _LIGHT if theme == "light" else _DARK
    palette = QPalette()
    for role, colour in colours.items():
        palette.setColor(role, QColor(colour))
    for role in (_Role.WindowText, _Role.Text, _Role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours[_Role.PlaceholderText]))
    return palette
