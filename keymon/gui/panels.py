"""The panels of the window: the tables of keys, and behind other tabs what answers other questions.

Tabs, not docks: a list of errors with its texts needs the whole room, and beside it the two tables of keys would be
left a row each; so one question is asked at a time, and the cards above stay. A panel is imported and built when it
is first seen, and given figures only while it is.
"""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from keymon.gui.translation import tr
from keymon.gui.window_state import Choosing

if TYPE_CHECKING:
    from collections.abc import Callable

    from keymon.gui.attention_panel import AttentionPanel
    from keymon.gui.calls_panel import CallsPanel
    from keymon.gui.details_dialog import DetailsDialog
    from keymon.gui.errors_panel import ErrorsPanel
    from keymon.gui.key_panel import KeyPanel
    from keymon.gui.main_window import MainWindow
    from keymon.gui.quality_panel import QualityPanel
    from keymon.gui.trend_panel import TrendPanel
    from keymon.monitor import Snapshot

KEYS = "keys"
"""The panel that the window opens with."""

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


class _Tabs(QTabBar):
    """Tabs of which the others are muted: in the dark frames alone hardly tell which is in front."""

    def __init__(self) -> None:
        super().__init__()
        self.currentChanged.connect(self.mute)

    @Slot()
    def mute(self) -> None:
        """Mute all tabs but the one in front."""
        for i in range(self.count()):
            role = QPalette.ColorRole.WindowText if i == self.currentIndex() else QPalette.ColorRole.PlaceholderText
            self.setTabTextColor(i, self.palette().color(role))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the colours of the desktop."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.mute()


class Panels(QWidget):
    """A row of tabs with the `switcher` before it, and below the panel that was chosen.

    The tables of `keys` are the first panel; the window itself gives them their figures.
    """

    def __init__(self, window: "MainWindow", keys: "KeyPanel", switcher: QWidget) -> None:
        super().__init__()
        self._window = window
        self._keys = keys
        self._built: dict[str, QWidget] = {}
        self._latest: Snapshot | None = None
        self._fresh: set[str] = set()
        self.bar = _Tabs()
        self.bar.setAccessibleName(tr("Panels"))
        self.bar.setDrawBase(False)
        self.bar.setExpanding(False)
        self._stack = QStackedWidget()
        self._unknown = QLabel(tr("Nothing is known of the gateway yet"))
        self._unknown.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._unknown.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._has_failed = False
        self._rooms: list[QVBoxLayout] = []
        self._group = QActionGroup(self)
        for kind in KINDS:
            self._add(kind)
        self._stack.addWidget(self._unknown)
        self.bar.mute()
        self.bar.currentChanged.connect(self._see)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(switcher)
        row.addWidget(self.bar, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(row)
        layout.addWidget(self._stack, 1)

    def _add(self, kind: PanelKind) -> None:
        action = self._group.addAction(tr(kind.title))
        action.setShortcut(QKeySequence(kind.shortcut))
        action.setToolTip(tr(kind.tip))
        action.setCheckable(True)
        action.setChecked(kind.name == KEYS)
        action.triggered.connect(partial(self.go_to, kind.name))
        self.bar.addTab(tr(kind.title))
        self.bar.setTabToolTip(self.bar.count() - 1, f"{tr(kind.tip)} ({kind.shortcut})")
        page = QWidget()
        room = QVBoxLayout(page)
        room.setContentsMargins(0, 0, 0, 0)
        if kind.name == KEYS:
            room.addWidget(self._keys)
        self._rooms.append(room)
        self._stack.addWidget(page)

    @property
    def view_actions(self) -> list[QAction]:
        """The actions that go to each panel."""
        return self._group.actions()

    @property
    def current(self) -> str:
        """The name of the panel that is seen."""
        return KINDS[self.bar.currentIndex()].name

    @property
    def row_actions(self) -> list[QAction]:
        """What can be done with rows of the table that is in use."""
        if self.current == KEYS:
            return self._keys.current_table.actions()
        table = getattr(self._built[self.current], "table", None)
        return table.actions() if isinstance(table, QWidget) else []

    def panel(self, name: str) -> QWidget | None:
        """Return a panel, None where it has not been built."""
        return self._keys if name == KEYS else self._built.get(name)

    @Slot()
    def export_current(self) -> None:
        """Ask for a file of what the panel that is seen shows."""
        self._window.export_wanted.emit(self.current)

    @Slot()
    def filter_keys(self) -> None:
        """Let the operator filter the tables of keys."""
        self.show_panel(KEYS)
        self._keys.filters.open()

    @Slot()
    def choose_columns(self) -> None:
        """Let the operator choose the columns of the table of keys that is in use."""
        self.show_panel(KEYS)
        self._keys.current_table.header.open_menu()

    @Slot()
    def search(self) -> None:
        """Let the operator type into the search of the panel that is seen, or else into that of the keys."""
        field = getattr(self._built.get(self.current), "search_field", None)
        if isinstance(field, QLineEdit):
            field.setFocus(Qt.FocusReason.ShortcutFocusReason)
            field.selectAll()
        else:
            self.show_panel(KEYS)
            self._keys.go_to_search()

    def go_to(self, name: str) -> None:
        """Show a panel and give it the keyboard."""
        self.show_panel(name)
        target = self._keys.current_table if name == KEYS else self._built[name]
        target.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_panel(self, name: str) -> None:
        """Show a panel; a name that is none is ignored."""
        for i, kind in enumerate(KINDS):
            if kind.name == name:
                self.bar.setCurrentIndex(i)

    @Slot(int)
    def _see(self, place: int) -> None:
        kind = KINDS[place]
        if kind.name != KEYS and kind.name not in self._built:
            panel = self._built[kind.name] = kind.build(self._window)
            self._rooms[place].addWidget(panel)
            if isinstance(panel, Choosing):
                self._window.state.restore_choices(kind.name, panel)
        self._group.actions()[place].setChecked(True)
        self._show()

    def keep_choices(self) -> None:
        """Remember what is chosen in the panels."""
        for name, panel in self._built.items():
            if isinstance(panel, Choosing):
                self._window.state.keep_choices(name, panel)

    def show_snapshot(self, snapshot: "Snapshot") -> None:
        """Show the figures of `snapshot` in the panel that is seen; the others get them when they are."""
        self._latest = snapshot
        self._fresh.clear()
        self._show()

    def show_failure(self) -> None:
        """Tell that there is nothing to show, where there is nothing; the banner says why."""
        self._has_failed = self._latest is None
        self._show()

    def _show(self) -> None:
        name, snapshot = self.current, self._latest
        is_unknown = self._has_failed and snapshot is None and name != KEYS
        self._stack.setCurrentIndex(len(KINDS) if is_unknown else self.bar.currentIndex())
        if name != KEYS and snapshot is not None and name not in self._fresh:
            self._fresh.add(name)
            panel: Panel = self._built[name]  # type: ignore[assignment]
            panel.show_snapshot(snapshot)

    def clear(self) -> None:
        """Forget the gateway that was shown."""
        self._latest = None
        self._has_failed = False
        self._fresh.clear()
        self._show()
        for panel in self._built.values():
            panel.clear()  # type: ignore[attr-defined]


def _keys(window: "MainWindow") -> "KeyPanel":
    return window.panel


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


def _calls(window: "MainWindow", key: str | None = None) -> "CallsPanel":
    from keymon.gui.calls_panel import CallsPanel

    panel = _browser(window, CallsPanel(), key)
    panel.export_wanted.connect(lambda: window.exporting.export_calls(panel))
    return panel


def _errors(window: "MainWindow", key: str | None = None) -> "ErrorsPanel":
    from keymon.gui.errors_panel import ErrorsPanel

    panel = _browser(window, ErrorsPanel(), key)
    panel.export_wanted.connect(lambda: window.exporting.export_errors(panel))
    return panel


def _browser(window: "MainWindow", panel: _Browser, key: str | None) -> _Browser:
    panel.ask_wanted.connect(window.poller.ask)
    panel.copy_wanted.connect(window.copy_text)
    panel.details_wanted.connect(window.open_details)
    panel.setFocusProxy(panel.table)
    if key is not None:
        panel.set_key(key)
        panel.export.hide()  # the details export what is in front of them
    return panel


def add_browsers(dialog: "DetailsDialog", window: "MainWindow") -> None:
    """Put the calls and the errors of the key into its details."""
    dialog.add_panel(tr("Ca&lls"), partial(_calls, window, dialog.key))
    dialog.add_panel(tr("&Errors"), partial(_errors, window, dialog.key))


def _quality(window: "MainWindow") -> "QualityPanel":
    from keymon.gui.quality_panel import QualityPanel

    panel = QualityPanel(window)
    panel.export_wanted.connect(partial(window.export_wanted.emit, "quality"))
    return panel


KINDS: tuple[PanelKind, ...] = (
    PanelKind(KEYS, "Keys", "Alt+1", "Valid and invalid keys", _keys),
    PanelKind("trend", "Trend", "Alt+2", "Calls over time, successes and failures", _trend),
    PanelKind("attention", "Attention", "Alt+3", "Keys with most failures of one status", _attention),
    PanelKind("calls", "Calls", "Alt+4", "The last single calls", _calls),
    PanelKind("errors", "Errors", "Alt+5", "What the gateway logged of failures", _errors),
    PanelKind("quality", "Data quality", "Alt+6", "How far the gateway's data can be trusted", _quality),
)
