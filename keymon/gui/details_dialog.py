"""One key: its verdict with the evidence, and below, in tabs, its models, its trend, and what else is put there.

The dialog shows what the snapshots say; it stays open and live.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction, QCloseEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from keymon.gui import moments
from keymon.gui.details_header import DetailsHeader
from keymon.gui.models_view import ModelsView
from keymon.gui.period_buttons import period_of
from keymon.gui.translation import error_advice, error_text, tr
from keymon.gui.trend_view import TrendView
from keymon.gui.verdict_text import VerdictText
from keymon.gui.window_state import fit
from keymon.gui.wrapped_label import plain_text
from keymon.masking import mask_key
from keymon.stats import DAY
from keymon.trend import HOUR

if TYPE_CHECKING:
    from collections.abc import Callable

    from keymon.gui.panels import Panel
    from keymon.gui.window_state import Choice
    from keymon.monitor import Snapshot

REVEAL_MS = 30_000


@dataclass(slots=True)
class Habits:
    """What the operator looked at last in any details: the next ones begin with it."""

    tab: str = ""
    period: timedelta = DAY
    folded: bool = False

    @property
    def choices(self) -> "dict[str, Choice]":
        """What is remembered."""
        return {"tab": self.tab, "hours": self.period // HOUR, "folded": self.folded}

    def choose(self, choices: "dict[str, Choice]") -> None:
        """Begin with that; the tab is known by its title."""
        self.tab = str(choices.get("tab", ""))
        self.folded = choices.get("folded") is True
        self.period = period_of(choices.get("hours"), self.period)


class DetailsDialog(QDialog):
    """The details of `key`.

    `copy_wanted(key)`, `retry_wanted()` and `ask_wanted(Request)`, which is for the poller, ask the window for
    what a dialog cannot do itself, and `neighbour_wanted(step)` for the previous key (-1) or the next (1).
    """

    copy_wanted = Signal(str)
    retry_wanted = Signal()
    ask_wanted = Signal(object)
    neighbour_wanted = Signal(int)

    def __init__(
        self, key: str, parent: QWidget | None = None, reveal_ms: int = REVEAL_MS, habits: Habits | None = None
    ) -> None:
        super().__init__(parent)
        self.key = key
        self._habits = habits or Habits()
        self._state = "loading"
        self._latest: Snapshot | None = None
        self._unbuilt: dict[int, tuple[QVBoxLayout, Callable[[], QWidget]]] = {}
        self._panels: list[Panel] = []
        self.setObjectName("details")
        # The title is shown by window lists and screen sharing: masked, always.
        self.setWindowTitle(tr("{key} – details").format(key=mask_key(key)))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        # The first in the order of Tab, so that what is put into the dialog later comes before it again.
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self._header = DetailsHeader(key, reveal_ms, self)
        self._header.copy_wanted.connect(self.copy_wanted)
        self._header.neighbour_wanted.connect(self.neighbour_wanted)
        self._verdict = VerdictText(key)
        self._verdict.ask_wanted.connect(self.ask_wanted)
        self._build_tabs()
        self._build()
        self._follow_habits()
        fit(self, 900, 788)
        self.show_loading()

    def _build_tabs(self) -> None:
        self.models = ModelsView(self.key)
        self.models.period_chosen.connect(self._keep_period)
        self.models.folding_chosen.connect(self._keep_folding)
        self.chart, self.table = self.models.chart, self.models.table
        self.trend = TrendView(self.key)
        self.trend.period_chosen.connect(self._keep_period)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName(tr("Parts of the details"))

    def _build(self) -> None:
        self._pages = QStackedWidget()
        self._loading = plain_text(muted=True)
        self._loading.setText(tr("Reading the last 24 hours…"))
        self._loading.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._failure_text = plain_text(muted=False)
        self._failure = self._failure_page(self._failure_text)
        for page in (self._loading, self.tabs, self._failure):
            self._pages.addWidget(page)
        self._foot = plain_text(muted=True)
        self._buttons.rejected.connect(self.close)
        close = self._buttons.button(QDialogButtonBox.StandardButton.Close)
        foot = self._tools = QHBoxLayout()
        foot.addWidget(self._foot, 1)
        foot.addWidget(self._buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 12)
        layout.setSpacing(8)
        layout.addWidget(self._header)
        layout.addWidget(self._verdict)
        layout.addWidget(self._pages, 1)
        layout.addLayout(foot)
        close.setDefault(True)
        close.setFocus()

    def _failure_page(self, text: QLabel) -> QWidget:
        retry = QPushButton(tr("Re&try"))
        retry.setShortcut(QKeySequence(QKeySequence.StandardKey.Refresh))
        retry.clicked.connect(self.retry_wanted)
        text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.addStretch()
        layout.addWidget(text)
        layout.addWidget(retry, 0, Qt.AlignmentFlag.AlignCenter)
        layout.addStretch()
        return page

    def add_tool(self, action: QAction, text: str, tip: str) -> None:
        """Offer something by a button at the foot, and by the action's shortcut."""
        self.addAction(action)
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        button.clicked.connect(action.trigger)
        self._tools.insertWidget(1, button)

    def add_panel(self, title: str, build: "Callable[[], QWidget]") -> None:
        """Put a panel into a tab of its own; it is built when it is first seen.

        That is at once where its tab was looked at last.
        """
        margins = QWidget()
        room = QVBoxLayout(margins)
        room.setContentsMargins(0, 10, 0, 0)
        tab = self.tabs.addTab(margins, title)
        self._unbuilt[tab] = (room, build)
        if tab == 0 or title == self._habits.tab:
            self._see(tab)
            self.tabs.setCurrentIndex(tab)

    @Slot(int)
    def _see(self, tab: int) -> None:
        if tab not in self._unbuilt:
            return
        room, build = self._unbuilt.pop(tab)
        panel: Any = build()
        room.addWidget(panel)
        panel.show()  # by itself it would be shown only later
        self._panels.append(panel)
        if self._latest is not None:
            panel.show_snapshot(self._latest)

    def _follow_habits(self) -> None:
        self.models.set_period(self._habits.period)
        self.trend.set_period(self._habits.period)
        self.models.fold.setChecked(self._habits.folded)
        self.add_panel(tr("&Models"), lambda: self.models)
        self.add_panel(tr("Tre&nd"), lambda: self.trend)
        self.tabs.currentChanged.connect(self._see)
        self.tabs.currentChanged.connect(self._keep_tab)

    @Slot(int)
    def _keep_tab(self, tab: int) -> None:
        self._habits.tab = self.tabs.tabText(tab)

    @Slot(object)
    def _keep_period(self, period: timedelta) -> None:
        self._habits.period = period
        self.models.set_period(period)
        self.trend.set_period(period)

    @Slot(bool)
    def _keep_folding(self, folded: bool) -> None:
        self._habits.folded = folded

    @property
    def state(self) -> str:
        """Which of its states the dialog is in: `loading`, `figures`, `empty` or `error`."""
        return self._state

    @property
    def evidence(self) -> str:
        """The verdict's evidence as it is shown."""
        return self._verdict.evidence

    def show_loading(self) -> None:
        """No snapshot is there yet."""
        self._header.badge.set_verdict(None)
        self._verdict.clear()
        self._show("loading", self._loading)

    def show_error(self, error: BaseException) -> None:
        """There are no figures, or those that were shown are old."""
        if self.state in {"figures", "empty"}:
            self._foot.setText(self._foot.text().removesuffix(_stale_mark()) + _stale_mark())
            return
        self._failure_text.setText(f"{error_text(error)}\n{error_advice(error)}".strip())
        self._show("error", self._failure)

    def show_message(self, text: str) -> None:
        """Tell something until there are new figures."""
        self._foot.setText(text)

    def show_snapshot(self, snapshot: "Snapshot") -> None:
        """Show what `snapshot` knows of the key."""
        figures = next((one for one in snapshot.keys if one.key == self.key), None)
        self._header.badge.set_verdict(None if figures is None else figures.verdict.valid)
        self._verdict.show_figures(figures, snapshot)
        self._foot.setText(moments.as_of(snapshot))
        self._latest = snapshot
        for panel in self._panels:
            panel.show_snapshot(snapshot)
        if snapshot.stats.usage(self.key):
            self._show("figures", self.tabs)
        elif snapshot.loading is None:
            self._show("empty", self.tabs)
        else:
            self._show("loading", self._loading)

    def _show(self, state: str, page: QWidget) -> None:
        self._state = state
        self._pages.setCurrentWidget(page)

    def show_error_text(self, text: str | None) -> None:
        """Show what the gateway logged for the failure that says why; None where it logged nothing."""
        self._verdict.show_error_text(text)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Hide the key before the window goes."""
        self._header.end()
        self._verdict.forget()
        super().closeEvent(event)


def _stale_mark() -> str:
    return tr(" – old, the database cannot be read now")
