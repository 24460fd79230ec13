"""The panels beside the tables of keys: docks below them, closed at first, in one row of tabs.

The keys stay the centre of the window, and seldom is more than one other question asked at a time: so panels share
one place, each a tab of it, and who wants two side by side, or one on another screen, drags it there. A panel is
imported and built when it is first seen, and given figures only while it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from PySide6.QtCore import QByteArray, QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDockWidget, QTabBar, QTabWidget, QWidget

from keymon.gui.translation import tr

if TYPE_CHECKING:
    from keymon.gui.attention_panel import AttentionPanel
    from keymon.gui.calls_panel import CallsPanel
    from keymon.gui.errors_panel import ErrorsPanel
    from keymon.gui.main_window import MainWindow
    from keymon.gui.quality_panel import QualityPanel
    from keymon.gui.trend_panel import TrendPanel
    from keymon.monitor import Snapshot

_VERSION = 1
"""Of the arrangement that is kept: another one is not restored."""
_FIRST_HEIGHT = 270


_Browser = TypeVar("_Browser", "CallsPanel", "ErrorsPanel")


class Panel(Protocol):
    """What is expected of a panel, which is a `QWidget` besides."""

    def show_snapshot(self, snapshot: "Snapshot") -> None:
        """Show the figures of `snapshot`."""

    def clear(self) -> None:
        """Forget the gateway that was shown."""


@dataclass(frozen=True, slots=True)
class PanelKind:
    """A panel: its name, which the settings keep, its title, its shortcut, what it answers, and how it is built."""

    name: str
    title: str
    shortcut: str
    tip: str
    build: "Callable[[MainWindow], QWidget]"


class Panels(QObject):
    """The docks of `window`, and an action for each that opens it, brings it to the front, or closes it."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self._built: dict[str, QWidget] = {}
        self._fresh: set[str] = set()
        self._docks: dict[str, QDockWidget] = {}
        self.actions: list[QAction] = []
        window.setDockOptions(window.dockOptions() & ~window.DockOption.AnimatedDocks)
        window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        for kind in KINDS:
            self._add(kind)
        self._look_after_tabs()

    def _add(self, kind: PanelKind) -> None:
        dock = QDockWidget(tr(kind.title), self._window)
        dock.setObjectName(kind.name)
        dock.setAccessibleName(tr(kind.title))
        dock.setWidget(QWidget())
        self._window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, dock)
        if self._docks:
            self._window.tabifyDockWidget(list(self._docks.values())[-1], dock)
        dock.hide()
        self._docks[kind.name] = dock
        action = QAction(tr(kind.title), self)
        action.setShortcut(QKeySequence(kind.shortcut))
        action.setToolTip(tr(kind.tip))
        action.setCheckable(True)
        action.triggered.connect(partial(self.toggle, kind.name))
        self.actions.append(action)
        dock.visibilityChanged.connect(partial(self._see, kind, action))

    def panel(self, name: str) -> QWidget | None:
        """Return a panel, None where it has not been built."""
        return self._built.get(name)

    def dock(self, name: str) -> QDockWidget:
        """Return the dock that a panel is in."""
        return self._docks[name]

    def is_seen(self, name: str) -> bool:
        """Tell whether a panel is open and not behind another."""
        return any(action.isChecked() for dock, action in self._pairs() if dock.objectName() == name)

    def _pairs(self) -> list[tuple[QDockWidget, QAction]]:
        return list(zip(self._docks.values(), self.actions, strict=True))

    def toggle(self, name: str) -> None:
        """Open a panel and go to it; close it where it is seen already."""
        dock = self._docks[name]
        if not dock.isHidden() and not dock.visibleRegion().isEmpty():
            dock.close()
            self._window.panel.valid.setFocus()
            return
        is_first = all(one.isHidden() for one in self._docks.values())
        dock.show()
        dock.raise_()
        if is_first and not dock.isFloating():
            self._window.resizeDocks([dock], [_FIRST_HEIGHT], Qt.Orientation.Vertical)
        panel = self._built.get(name)
        if panel is not None:
            panel.setFocus()

    def _see(self, kind: PanelKind, action: QAction, is_seen: bool) -> None:
        action.setChecked(is_seen)
        self._look_after_tabs()
        if not is_seen:
            return
        if kind.name not in self._built:
            panel = self._built[kind.name] = kind.build(self._window)
            self._docks[kind.name].setWidget(panel)
        snapshot = self._window.snapshot
        if snapshot is not None and kind.name not in self._fresh:
            self._show(kind.name, snapshot)

    def _look_after_tabs(self) -> None:
        """Name the rows of tabs, and keep the keyboard off those that cannot be seen, which are only out of the way."""
        for tabs in self._window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
            tabs.setAccessibleName(tr("Panels"))
            has_tabs = tabs.count() > 1
            tabs.setFocusPolicy(Qt.FocusPolicy.TabFocus if has_tabs else Qt.FocusPolicy.NoFocus)

    def show_snapshot(self, snapshot: "Snapshot") -> None:
        """Show the figures of `snapshot` in the panels that are seen; the others get them when they are."""
        self._fresh.clear()
        for dock, action in self._pairs():
            if action.isChecked() and dock.objectName() in self._built:
                self._show(dock.objectName(), snapshot)

    def _show(self, name: str, snapshot: "Snapshot") -> None:
        self._fresh.add(name)
        panel: Panel = self._built[name]  # type: ignore[assignment]
        panel.show_snapshot(snapshot)

    def clear(self) -> None:
        """Forget the gateway that was shown."""
        self._fresh.clear()
        for panel in self._built.values():
            panel.clear()  # type: ignore[attr-defined]

    # What is remembered

    def save(self) -> QByteArray:
        """Return where the docks are, and which are open."""
        return self._window.saveState(_VERSION)

    def restore(self, state: QByteArray) -> bool:
        """Put the docks where they were; return whether that could be read."""
        return self._window.restoreState(state, _VERSION)


def _trend(window: "MainWindow") -> "TrendPanel":
    from keymon.gui.trend_panel import TrendPanel

    panel = TrendPanel()
    panel.export_wanted.connect(partial(window.export_wanted.emit, "trend"))
    return panel


def _attention(window: "MainWindow") -> "AttentionPanel":
    from keymon.gui.attention_panel import AttentionPanel

    panel = AttentionPanel()
    panel.details_wanted.connect(window.open_details)
    panel.keys_copied.connect(window.copy_keys)
    panel.table_copied.connect(window.copy_text)
    panel.export_wanted.connect(partial(window.export_wanted.emit, "attention"))
    return panel


def _calls(window: "MainWindow") -> "CallsPanel":
    from keymon.gui.calls_panel import CallsPanel

    return _browser(window, CallsPanel())


def _errors(window: "MainWindow") -> "ErrorsPanel":
    from keymon.gui.errors_panel import ErrorsPanel

    return _browser(window, ErrorsPanel())


def _browser(window: "MainWindow", panel: _Browser) -> _Browser:
    panel.ask_wanted.connect(window.poller.ask)
    panel.copy_wanted.connect(window.copy_text)
    panel.details_wanted.connect(window.open_details)
    panel.setContentsMargins(10, 8, 10, 8)
    panel.setFocusProxy(panel.table)
    return panel


def _quality(window: "MainWindow") -> "QualityPanel":
    from keymon.gui.quality_panel import QualityPanel

    return QualityPanel(window)


KINDS: tuple[PanelKind, ...] = (
    PanelKind("trend", "Trend", "Alt+1", "Calls over time, successes and failures", _trend),
    PanelKind("attention", "Attention", "Alt+2", "Keys with most failures of one status", _attention),
    PanelKind("calls", "Calls", "Alt+3", "The last single calls", _calls),
    PanelKind("errors", "Errors", "Alt+4", "What the gateway logged of failures", _errors),
    PanelKind("quality", "Data quality", "Alt+5", "How far the gateway's data can be trusted", _quality),
)
