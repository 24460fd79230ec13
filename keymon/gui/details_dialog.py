"""One key: its verdict with the evidence, and its last 24 hours model by model, as bars and as a table.

The dialog shows what the snapshots say; it stays open and live. Only the text of the last error is looked
up when the dialog asks for it, because error texts are long and the log of them has no index.
"""

from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QKeySequence, QPalette, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from keymon.gui import moments
from keymon.gui.charts import ModelChart
from keymon.gui.evidence import describe, status_name
from keymon.gui.model_table import fill, model_table
from keymon.gui.moments import ago
from keymon.gui.theme import monospace
from keymon.gui.translation import error_advice, error_text, number, percent, tr
from keymon.gui.verdict_badge import VerdictBadge
from keymon.gui.window_state import fit
from keymon.masking import mask_key, visible

if TYPE_CHECKING:
    from keymon.monitor import Snapshot
    from keymon.stats import KeyFigures

REVEAL_MS = 30_000
_COPIED_MS = 4_000


class DetailsDialog(QDialog):
    """The details of `key`.

    `copy_wanted(key)`, `retry_wanted()` and `error_text_wanted(key, started, latency_ms)` ask the window for
    what a dialog cannot do itself.
    """

    copy_wanted = Signal(str)
    retry_wanted = Signal()
    error_text_wanted = Signal(str, object, int)

    def __init__(self, key: str, parent: QWidget | None = None, reveal_ms: int = REVEAL_MS) -> None:
        super().__init__(parent)
        self.key = key
        self._asked_for: datetime | None = None
        self._error_text: str | None = None
        self._text_missing = ""
        self._shown: KeyFigures | None = None
        self._snapshot: Snapshot | None = None
        self.setObjectName("details")
        # The title is shown by window lists and screen sharing: masked, always.
        self.setWindowTitle(tr("{key} – details").format(key=mask_key(key)))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._build()
        self._hide_timer.setInterval(reveal_ms)
        fit(self, 800, 788)
        self.show_loading()

    def _build(self) -> None:
        self._pages = QStackedWidget(self)
        self._loading = _message_page(tr("Reading the last 24 hours…"))
        self._empty = _message_page(tr("No calls in the last 24 hours"))
        self._figures = self._figures_page()
        self._failure_text = _text(self, muted=False)
        self._failure = self._failure_page()
        for page in (self._loading, self._figures, self._empty, self._failure):
            self._pages.addWidget(page)
        self._evidence = _text(self, muted=False)
        self._totals = _text(self, muted=True)
        self._as_of = _text(self, muted=True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        foot = QHBoxLayout()
        foot.addWidget(self._as_of, 1)
        foot.addWidget(buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 12)
        layout.setSpacing(8)
        layout.addLayout(self._key_row())
        layout.addWidget(self._evidence)
        layout.addWidget(self._totals)
        layout.addWidget(self._pages, 1)
        layout.addLayout(foot)
        close.setDefault(True)
        close.setFocus()
        for before, after in pairwise((self._reveal, self._copy_button, self.chart, self.table, close)):
            self.setTabOrder(before, after)

    def _key_row(self) -> QHBoxLayout:
        self._badge = VerdictBadge(self)
        self._key_label = _text(self, muted=False)
        font = monospace()
        font.setPointSizeF(font.pointSizeF() * 1.15)
        self._key_label.setFont(font)
        self._key_label.setText(mask_key(self.key))
        self._reveal = QPushButton(tr("&Reveal"))
        self._reveal.setCheckable(True)
        self._reveal.setToolTip(tr("Show the whole key for 30 seconds"))
        self._reveal.toggled.connect(self._show_key)
        self._copy_button = QPushButton(tr("&Copy key"))
        self._copy_button.setToolTip(tr("Put the whole key on the clipboard for 30 seconds"))
        self._copy_button.clicked.connect(self._copy)
        for button in (self._reveal, self._copy_button):
            button.setAutoDefault(False)
        self._copied_timer = QTimer(self)
        self._copied_timer.setSingleShot(True)
        self._copied_timer.setInterval(_COPIED_MS)
        self._copied_timer.timeout.connect(self._forget_copied)
        self._hide_timer = QTimer(self)
        self._hide_timer.setSingleShot(True)
        self._hide_timer.timeout.connect(self._hide_key)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self._badge)
        row.addWidget(self._key_label, 1)
        row.addWidget(self._reveal)
        row.addWidget(self._copy_button)
        return row

    def _figures_page(self) -> QWidget:
        self.chart = ModelChart()
        scroll = QScrollArea()
        scroll.setWidget(self.chart)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll = scroll
        self.chart.went_to.connect(self._scroll_to)
        self.table = model_table()
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(scroll)
        splitter.addWidget(self.table)
        splitter.setStretchFactor(0, 0)
        splitter.setStretchFactor(1, 1)
        self._splitter = splitter
        return splitter

    def _failure_page(self) -> QWidget:
        retry = QPushButton(tr("Re&try"))
        retry.setShortcut(QKeySequence(QKeySequence.StandardKey.Refresh))
        retry.clicked.connect(self.retry_wanted)
        self._failure_text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.addStretch()
        layout.addWidget(self._failure_text)
        layout.addWidget(retry, 0, Qt.AlignmentFlag.AlignCenter)
        layout.addStretch()
        return page

    @property
    def state(self) -> str:
        """Which of its states the dialog is in: `loading`, `figures`, `empty` or `error`."""
        return ("loading", "figures", "empty", "error")[self._pages.currentIndex()]

    @property
    def evidence(self) -> str:
        """The verdict's evidence as it is shown."""
        return self._evidence.text()

    def show_loading(self) -> None:
        """No snapshot is there yet."""
        self._badge.set_verdict(None)
        self._evidence.setText("")
        self._totals.setText("")
        self._pages.setCurrentWidget(self._loading)

    def show_error(self, error: BaseException) -> None:
        """There are no figures, or those that were shown are old."""
        if self.state in {"figures", "empty"}:
            self._as_of.setText(self._as_of.text().removesuffix(_stale_mark()) + _stale_mark())
            return
        self._failure_text.setText(f"{error_text(error)}\n{error_advice(error)}".strip())
        self._pages.setCurrentWidget(self._failure)

    def show_snapshot(self, snapshot: "Snapshot") -> None:
        """Show what `snapshot` knows of the key."""
        self._snapshot = snapshot
        figures = next((one for one in snapshot.keys if one.key == self.key), None)
        usage = snapshot.stats.usage(self.key)
        self.chart.set_rows(usage)
        fill(self.table, usage)
        is_new = usage and self.state != "figures"
        nothing = self._empty if snapshot.loading is None else self._loading
        self._pages.setCurrentWidget(self._figures if usage else nothing)
        self._as_of.setText(moments.as_of(snapshot))
        self._show_key_figures(figures, snapshot)
        if is_new and self.isVisible():
            self._share_room()

    def _show_key_figures(self, figures: "KeyFigures | None", snapshot: "Snapshot") -> None:
        if figures is None:
            self._badge.set_verdict(None)
            self._evidence.setText(tr("This key is no longer in the gateway's pool."))
            self._totals.setText("")
            return
        self._badge.set_verdict(figures.verdict.valid)
        self._totals.setText(self._summary(figures, snapshot))
        self._show_verdict(figures)

    def _share_room(self) -> None:
        """Give the chart room for all its bars, up to three fifths of what there is, and the table the rest."""
        self._lay_out()
        room = self._splitter.height()
        chart = min(self.chart.sizeHint().height() + _BELOW_CHART, 3 * room // 5)
        self._splitter.setSizes([chart, room - chart])

    def _lay_out(self) -> None:
        """Lay out now: texts have just been set and the heights of what is below depend on them."""
        layout = self.layout()
        if layout is not None:
            layout.activate()

    @Slot(QRect)
    def _scroll_to(self, bar: QRect) -> None:
        self._scroll.ensureVisible(0, bar.center().y(), 0, bar.height())

    def showEvent(self, event: QShowEvent) -> None:
        """Share the room out once its size is known."""
        super().showEvent(event)
        self._share_room()

    def ask_again(self) -> None:
        """Ask for the error's text once more with the next snapshot: it could not be read."""
        self._asked_for = None

    def show_error_text(self, started: datetime, text: str | None) -> None:
        """Take the answer to `error_text_wanted`."""
        if started == self._asked_for and self._shown is not None and self._snapshot is not None:
            self._error_text, self._text_missing = text, ""
            self._show_evidence()

    def show_text_missing(self, started: datetime, error: BaseException) -> None:
        """Tell why there is no answer to `error_text_wanted`, and will be none."""
        if started == self._asked_for and self._shown is not None and self._snapshot is not None:
            self._text_missing = f"{error_text(error)} {error_advice(error)}"
            self._show_evidence()

    def _show_evidence(self) -> None:
        if self._shown is not None and self._snapshot is not None:
            evidence = describe(self._shown, self._snapshot, self._error_text)
            self._evidence.setText("\n".join(filter(None, (evidence, self._text_missing))))

    def _show_verdict(self, figures: "KeyFigures") -> None:
        verdict = figures.verdict
        if verdict.last_failure_at != self._asked_for:
            self._asked_for, self._error_text, self._text_missing = verdict.last_failure_at, None, ""
            if verdict.last_failure_at is not None:
                self.error_text_wanted.emit(self.key, verdict.last_failure_at, _LATEST_ERROR_MS)
        self._shown = figures
        self._show_evidence()

    def _summary(self, figures: "KeyFigures", snapshot: "Snapshot") -> str:
        calls = figures.calls_24h
        if not calls.total:
            return ""
        known = tr("{total} calls in the last 24 hours, {rate} successful, last {ago}")
        if snapshot.loading is not None:
            known = tr("{total} calls so far (older ones are being read), {rate} successful, last {ago}")
        line = known.format(
            total=number(calls.total), rate=percent(calls.success_rate), ago=ago(figures.last_call_at, snapshot.as_of)
        )
        statuses = snapshot.stats.statuses(self.key)
        parts = (f"{status_name(status)} × {number(count)}" for status, count in list(statuses.items())[:8])
        return line + "\n" + tr("By status: {statuses}").format(statuses=", ".join(parts))

    def _copy(self) -> None:
        self.copy_wanted.emit(self.key)
        self._copy_button.setText(tr("Copied for 30 s"))
        self._copied_timer.start()

    def _forget_copied(self) -> None:
        self._copy_button.setText(tr("&Copy key"))

    def _show_key(self, whole: bool) -> None:
        self._key_label.setText(visible(self.key, 400) if whole else mask_key(self.key))
        self._reveal.setText(tr("&Hide (30 s)") if whole else tr("&Reveal"))
        if whole:
            self._hide_timer.start()
        else:
            self._hide_timer.stop()

    def _hide_key(self) -> None:
        self._reveal.setChecked(False)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Hide the key before the window goes."""
        self._copied_timer.stop()
        self._hide_key()
        super().closeEvent(event)


_BELOW_CHART = 10
_LATEST_ERROR_MS = 600_000
"""An error is logged within its call's latency; calls are given up after five minutes, say ten."""


def _stale_mark() -> str:
    return tr(" – old, the database cannot be read now")


def _message_page(text: str) -> QWidget:
    label = _text(None, muted=True)
    label.setText(text)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return label


def _text(parent: QWidget | None, muted: bool) -> QLabel:
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText if muted else QPalette.ColorRole.WindowText)
    return label
