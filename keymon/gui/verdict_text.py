"""The verdict on a key in words: its evidence, with the text of the error that says why, and the sum of its calls.

Only that one text is looked up, because error texts are long and the log of them has no index.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from keymon.errors import ErrorTextsMissingError
from keymon.gui.evidence import describe
from keymon.gui.model_table import statuses_in_words
from keymon.gui.moments import ago
from keymon.gui.request import Request
from keymon.gui.translation import error_advice, error_text, number, percent, tr
from keymon.gui.wrapped_label import plain_text

if TYPE_CHECKING:
    from keymon.monitor import Monitor, Snapshot
    from keymon.stats import KeyFigures

_STATUSES = 8


class VerdictText(QWidget):
    """Two paragraphs; `ask_wanted(Request)` is for the poller."""

    ask_wanted = Signal(object)

    def __init__(self, key: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key = key
        self._asked_for: datetime | None = None
        self._request: Request[str | None] | None = None
        self._error_text: str | None = None
        self._text_missing = ""
        self._shown: KeyFigures | None = None
        self._snapshot: Snapshot | None = None
        self._evidence = plain_text(muted=False)
        self._totals = plain_text(muted=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._evidence)
        layout.addWidget(self._totals)

    @property
    def evidence(self) -> str:
        """The verdict's evidence as it is shown."""
        return self._evidence.text()

    def clear(self) -> None:
        """Show nothing."""
        self._evidence.setText("")
        self._show_totals("")

    def show_figures(self, figures: "KeyFigures | None", snapshot: "Snapshot") -> None:
        """Show what `snapshot` knows of the key, None where it is not in the pool."""
        self._snapshot = snapshot
        if figures is None:
            self._evidence.setText(tr("This key is no longer in the gateway's pool."))
            self._show_totals("")
            return
        self._show_totals(self._summary(figures, snapshot))
        told_by = figures.verdict.told_by
        started = None if told_by is None else told_by.started_at
        if started != self._asked_for:
            self._asked_for, self._error_text, self._text_missing = started, None, ""
            self._ask(started)
        self._shown = figures
        self._show_evidence()

    def _ask(self, started: datetime | None) -> None:
        """Ask for the text of the error of the call that began then, and for no other any more."""
        self.forget()
        if started is not None:
            key = self._key

            def work(monitor: "Monitor") -> str | None:
                return monitor.error_text(key, started)

            self._request = Request(work, self.show_error_text, self._show_text_missing)
            self.ask_wanted.emit(self._request)

    def forget(self) -> None:
        """Wait for no text any more."""
        if self._request is not None:
            self._request.cancel()
            self._request = None

    def show_error_text(self, text: str | None) -> None:
        """Show the text of the error that was asked for; None where nothing was logged."""
        self._error_text = text
        self._show_evidence()

    def _show_text_missing(self, error: Exception) -> None:
        """Tell why there will be no text; one that could not be read is asked for again with the next snapshot."""
        if isinstance(error, ErrorTextsMissingError):
            self._text_missing = f"{error_text(error)} {error_advice(error)}"
            self._show_evidence()
        else:
            self._asked_for = None

    def _show_evidence(self) -> None:
        if self._shown is not None and self._snapshot is not None:
            evidence = describe(self._shown, self._snapshot, self._error_text)
            self._evidence.setText("\n".join(filter(None, (evidence, self._text_missing))))

    def _show_totals(self, text: str) -> None:
        self._totals.setText(text)
        self._totals.setVisible(bool(text))

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
        statuses = statuses_in_words(snapshot.stats.statuses(self._key), _STATUSES)
        return line + "\n" + tr("By status: {statuses}").format(statuses=statuses)
