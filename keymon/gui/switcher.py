"""Which gateway is shown, by name and colour, and the menu of profiles to switch to."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QIcon, QKeySequence, QPainter, QPixmap
from PySide6.QtWidgets import QMenu, QPushButton, QSizePolicy, QWidget

from keymon.gui.profile_colours import paint_dot, profile_colour
from keymon.gui.translation import plain_tip, tr
from keymon.masking import visible

_DOT = 12
_SHORTCUTS = 9
_WIDEST = 220


class GatewaySwitcher(QObject):
    """A button with the gateway's name and colour, and a menu; `chosen(name)` asks for another profile."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.menu = QMenu(tr("S&witch to"), parent)
        self._end = self.menu.addSeparator()
        self._group = QActionGroup(self.menu)
        self._title = self._colour = ""
        self._colours: dict[QAction, str] = {}
        self.button = _Button()
        self.button.recoloured.connect(self._paint_dots)
        self.button.setMenu(self.menu)
        self.button.setMaximumWidth(_WIDEST)
        self.button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self.button.setIconSize(QSize(_DOT, _DOT))
        self.button.setAccessibleName(tr("Gateway"))

    def show_profiles(self, profiles: Sequence[tuple[str, str]], current: str) -> None:
        """Offer `profiles`, each a name and a colour, and mark the `current` one; empty where it is none of them."""
        for action in self._group.actions():
            self._group.removeAction(action)
            self.menu.removeAction(action)
            action.deleteLater()
        self._colours.clear()
        for n, (name, colour) in enumerate(profiles, 1):
            action = self._group.addAction(visible(name).replace("&", "&&"))
            action.setData(name)
            self._colours[action] = colour
            action.setCheckable(True)
            action.setChecked(name == current)
            action.triggered.connect(partial(self.chosen.emit, name))
            if n <= _SHORTCUTS:
                action.setShortcut(QKeySequence(f"Ctrl+{n}"))
            self.menu.insertAction(self._end, action)
        self._paint_dots()

    def show_current(self, title: str, is_profile: bool, colour: str) -> None:
        """Show which gateway is followed."""
        self._title, self._colour = visible(title), colour
        for action in self._group.actions():
            action.setChecked(is_profile and action.data() == title)
        room = _WIDEST - _DOT - 44
        text = self.button.fontMetrics().elidedText(self._title, Qt.TextElideMode.ElideRight, room)
        self.button.setText(text.replace("&", "&&"))
        self._paint_dots()
        self.button.setToolTip(plain_tip(tr("{gateway}: switch to another gateway").format(gateway=self._title)))
        self.button.setAccessibleName(tr("Gateway {gateway}").format(gateway=self._title))

    def rename(self, title: str) -> None:
        """Show that the profile is called otherwise."""
        self.show_current(title, is_profile=True, colour=self._colour)

    @Slot()
    def _paint_dots(self) -> None:
        for action, colour in self._colours.items():
            action.setIcon(_dot(colour, self.button))
        self.button.setIcon(_dot(self._colour, self.button) if self._colour else QIcon())


class _Button(QPushButton):
    """Tells when the colours of the desktop have changed."""

    recoloured = Signal()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.recoloured.emit()


def _dot(colour: str, widget: QWidget) -> QIcon:
    ratio = widget.devicePixelRatioF()
    pixmap = QPixmap(round(_DOT * ratio), round(_DOT * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    paint_dot(painter, QRectF(0.5, 0.5, _DOT - 1, _DOT - 1), profile_colour(colour, widget.palette()))
    painter.end()
    return QIcon(pixmap)
