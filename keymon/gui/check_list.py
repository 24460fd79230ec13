"""The stages of a connection that is tried: how far it came, what is so, and what to do about it."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QGridLayout, QScrollArea, QVBoxLayout, QWidget

from keymon.gui.state_mark import State
from keymon.gui.state_row import StateRow, plain_label
from keymon.gui.translation import error_advice, error_cause, tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keymon.connection_check import Finding
    from keymon.stages import Stage


class CheckList(QWidget):
    """A headline, and a row per stage."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._headline = plain_label(bold=True)
        self._rows: dict[Stage, _Row] = {}
        self._latest: _Row | None = None
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setAccessibleName(tr("Stages of the connection"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self._headline)
        layout.addWidget(self._scroll, 1)

    @property
    def headline(self) -> str:
        """What it comes to."""
        return self._headline.text()

    @property
    def states(self) -> "dict[Stage, State]":
        """The state of each stage."""
        return {stage: row.state for stage, row in self._rows.items()}

    def text(self, stage: "Stage") -> str:
        """Return what is said of a stage, advice included."""
        return self._rows[stage].text

    def begin(self, stages: "Sequence[Stage]", headline: str) -> None:
        """Show `stages`, of which the first is under way."""
        self._rows = {stage: _Row(stage) for stage in stages}
        self._latest = None
        page = QWidget()
        page.setBackgroundRole(QPalette.ColorRole.Base)
        page.setAutoFillBackground(True)
        grid = QGridLayout(page)
        grid.setContentsMargins(12, 10, 12, 10)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(2, 1)
        for n, row in enumerate(self._rows.values()):
            row.add_to(grid, n)
        grid.setRowStretch(len(self._rows), 1)
        self._scroll.setWidget(page)
        self._headline.setText(headline)
        self._run_next()

    def show_finding(self, finding: "Finding") -> None:
        """Take what came out of a stage; a stage may have several findings."""
        row = self._rows[finding.stage]
        row.add(finding)
        self._run_next()
        self._latest = row
        QTimer.singleShot(0, self, self._reveal)  # once its text has its place

    def end(self, headline: str) -> None:
        """Nothing more is to come: what has not been told of was not reached."""
        for row in self._rows.values():
            if row.state in {"waiting", "running"}:
                row.set_state("not reached")
        self._headline.setText(headline)

    def _run_next(self) -> None:
        states = [row.state for row in self._rows.values()]
        if "failed" in states or "running" in states or "waiting" not in states:
            return
        list(self._rows.values())[states.index("waiting")].set_state("running")

    @Slot()
    def _reveal(self) -> None:
        if self._latest is not None:
            self._scroll.ensureWidgetVisible(self._latest.message, 0, 12)


class _Row(StateRow):
    """Of one stage: what is said of it comes finding by finding, and how long it took stands behind its state."""

    def __init__(self, stage: "Stage") -> None:
        super().__init__(_stage_name(stage))
        self._sentences: list[str] = []
        self._advices: list[str] = []
        self._seconds: float | None = None
        self.say("", "")
        self.set_state("waiting")

    def set_state(self, state: State) -> None:
        self.state = state
        self.mark(state, _state_word(state), "" if self._seconds is None else f" · {_duration(self._seconds)}")

    def add(self, finding: "Finding") -> None:
        self._sentences.append(error_cause(finding.message))
        self._advices.append(error_advice(finding.message))
        self.say("\n".join(self._sentences), "\n".join(filter(None, self._advices)))
        self._seconds = (self._seconds or 0) + finding.seconds
        self.set_state(max(self.state, finding.outcome, key=_BY_GRAVITY.index))


_BY_GRAVITY: tuple[State, ...] = ("waiting", "running", "not reached", "passed", "noted", "failed")


def _stage_name(stage: "Stage") -> str:
    names = {
        "file": tr("File"),
        "name": tr("Host name"),
        "connection": tr("Connection"),
        "encryption": tr("Encryption"),
        "login": tr("Login"),
        "tables": tr("Gateway's tables"),
        "rights": tr("Rights"),
        "clock": tr("Clock"),
    }
    return names[stage]


def _state_word(state: State) -> str:
    words = {
        "waiting": tr("waiting"),
        "running": tr("running…"),
        "passed": tr("passed"),
        "noted": tr("noted"),
        "failed": tr("failed"),
        "not reached": tr("not reached"),
    }
    return words[state]


def _duration(seconds: float) -> str:
    if seconds < 1:
        return tr("{n} ms").format(n=max(round(seconds * 1000), 1))
    return tr("{n} s").format(n=f"{seconds:.1f}")
