"""How far the gateway's data can be trusted, a line for each question: what is so, and what to do about it."""

from datetime import timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from keymon.data_quality import quality
from keymon.gui.quality_words import advice, sentence, state_word, title
from keymon.gui.state_row import StateRow, plain_label
from keymon.gui.translation import number, tr

if TYPE_CHECKING:
    from keymon.data_quality import Check, Quality, State
    from keymon.gui.state_mark import State as Shape
    from keymon.monitor import Snapshot

_SHAPES: "dict[State, Shape]" = {"fine": "passed", "noted": "noted", "unknown": "waiting"}


class QualityPanel(QWidget):
    """A headline, and a row for each check, always in the same order. `export_wanted()` asks for a file of them."""

    export_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._headline = plain_label()
        self._rows: dict[Check, _Row] = {}
        page = QWidget()
        page.setBackgroundRole(QPalette.ColorRole.Base)
        page.setAutoFillBackground(True)
        self._grid = QGridLayout(page)
        self._grid.setContentsMargins(12, 10, 12, 10)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(9)
        self._grid.setColumnStretch(2, 1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setAccessibleName(tr("Checks of the data"))
        scroll.setWidget(page)
        self.setFocusProxy(scroll)
        export = QPushButton(tr("E&xport…"))
        export.setToolTip(tr("Export the figures of the checks"))
        export.clicked.connect(self.export_wanted)
        head = QHBoxLayout()
        head.addWidget(self._headline, 1)
        head.addWidget(export)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(head)
        layout.addWidget(scroll, 1)
        self.clear()

    @property
    def headline(self) -> str:
        """What it comes to."""
        return self._headline.text()

    @property
    def states(self) -> "dict[Check, State]":
        """The state of each check, as far as there are figures."""
        return {check: row.state for check, row in self._rows.items()}

    def text(self, check: "Check") -> str:
        """Return what is said of a check, advice included."""
        return self._rows[check].text

    def clear(self) -> None:
        """Show nothing, and say that it is being read."""
        self._headline.setText(tr("Reading the gateway's database…"))
        for row in self._rows.values():
            row.set_visible(False)

    def show_snapshot(self, snapshot: "Snapshot") -> None:
        """Show what `snapshot` tells."""
        found = quality(snapshot.stats, snapshot.surroundings)
        states = found.states
        for check, state in states.items():
            if check not in self._rows:
                self._rows[check] = _Row(check)
                self._rows[check].add_to(self._grid, len(self._rows))
                self._grid.setRowStretch(len(self._rows), 0)
                self._grid.setRowStretch(len(self._rows) + 1, 1)
            self._rows[check].show(found, state, snapshot)
        noted = sum(state == "noted" for state in states.values())
        headline = tr("Nothing to note") if not noted else tr("To note: {n} of {all}")
        self._headline.setText(headline.format(n=number(noted), all=number(len(states))) + _reach(snapshot))


class _Row(StateRow):
    """Of one check."""

    def __init__(self, check: "Check") -> None:
        super().__init__(title(check))
        self._check = check
        self.state: State = "unknown"

    def show(self, found: "Quality", state: "State", snapshot: "Snapshot") -> None:
        self.state = state
        self.set_visible(True)
        self.say(sentence(self._check, found, snapshot), advice(self._check, found) if state == "noted" else "")
        self.mark(_SHAPES[state], state_word(state))


def _reach(snapshot: "Snapshot") -> str:
    """Return how far the figures reach, where not all calls of 24 hours are known."""
    loading = snapshot.loading
    is_known = loading is None or (
        loading.known_since is not None and loading.known_since <= snapshot.as_of - timedelta(hours=24)
    )
    return "" if is_known else tr(", as far as the log has been read")
