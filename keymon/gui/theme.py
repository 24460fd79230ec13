"""Colours: light and dark palettes, and the pair in which successes and failures are told apart.

The pair is blue and orange, which people with any common form of colour blindness can tell apart; failures
are hatched besides, so that a black-and-white print can be read as well. The first paint needs the palettes, and
nothing else of this: what costs time to import is imported where it is used.
"""

import sys
from typing import TYPE_CHECKING, Literal

from PySide6.QtGui import QColor, QGuiApplication, QPalette

if TYPE_CHECKING:
    from PySide6.QtGui import QBrush, QFont

Theme = Literal["light", "dark"]

HAS_OWN_COLOURS = sys.platform.startswith("linux")
"""Elsewhere the desktop's own style knows better."""

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
_SUCCESS = {"light": "#2a78c2", "dark": "#5aa9e6"}
_FAILURE = {"light": "#d9660a", "dark": "#f0913d"}
FRAME = {"light": "#a3abb8", "dark": "#565e6b"}
_WARNING_FIELD = {"light": "#fff3dc", "dark": "#3b2f17"}


def adopt(application: QGuiApplication, theme: Theme | None) -> None:
    """Give the application, at its start, a theme; None is that which is as light or dark as the desktop."""
    if HAS_OWN_COLOURS:
        application.setPalette(palette_of(theme or theme_of(application.palette())))


def apply_theme(application: QGuiApplication, theme: Theme | None) -> None:
    """Give the whole application the `theme`, or that of the desktop where it is None."""
    from PySide6.QtCore import Qt

    scheme = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark, None: Qt.ColorScheme.Unknown}[theme]
    hints = QGuiApplication.styleHints()
    hints.setColorScheme(scheme)
    if theme is None:
        theme = "dark" if hints.colorScheme() == Qt.ColorScheme.Dark else "light"
    if HAS_OWN_COLOURS:
        # Plain X11 and the offscreen platform have no colour scheme of their own.
        application.setPalette(palette_of(theme))


def success_colour(palette: QPalette) -> QColor:
    """Return the colour of successful calls on the window that has `palette`."""
    return QColor(_SUCCESS[theme_of(palette)])


def failure_colour(palette: QPalette) -> QColor:
    """Return the colour of failed calls on the window that has `palette`."""
    return QColor(_FAILURE[theme_of(palette)])


def failure_hatch(palette: QPalette) -> "QBrush":
    """Return the hatch that marks failed calls besides their colour."""
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QBrush

    return QBrush(palette.color(_Role.Base), Qt.BrushStyle.BDiagPattern)


def warning_field(palette: QPalette) -> QColor:
    """Return the ground of a banner."""
    return QColor(_WARNING_FIELD[theme_of(palette)])


def theme_of(palette: QPalette) -> Theme:
    """Tell whether `palette` is a light or a dark one."""
    return "dark" if palette.color(_Role.Window).lightness() < 128 else "light"


def monospace() -> "QFont":
    """Return the desktop's fixed-width font, in the size of its ordinary font."""
    from PySide6.QtGui import QFontDatabase

    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPointSizeF(QGuiApplication.font().pointSizeF())
    return font


def palette_of(theme: Theme) -> QPalette:
    """Return the colours of a theme."""
    colours = _LIGHT if theme == "light" else _DARK
    palette = QPalette()
    for role, colour in colours.items():
        palette.setColor(role, QColor(colour))
    for role in (_Role.WindowText, _Role.Text, _Role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours[_Role.PlaceholderText]))
    return palette
