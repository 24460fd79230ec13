"""The search box and the two tables: valid keys above, invalid keys below."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QSplitter, QToolButton, QVBoxLayout, QWidget

from keymon.gui.filter_bar import FilterButton, FilterChips
from keymon.gui.key_columns import COLUMNS
from keymon.gui.key_filter import NO_FILTER
from keymon.gui.key_table import KeyTable
from keymon.gui.moments import moment
from keymon.gui.translation import number, tr
from keymon.gui.verdict_badge import VerdictBadge

if TYPE_CHECKING:
    from keymon.gui.key_filter import KeyFilter
    from keymon.gui.key_measures import Needs
    from keymon.gui.key_rows import KeyRows, Places
    from keymon.monitor import Snapshot


class KeyPanel(QWidget):
    """Both tables with their headings, searched and filtered together.

    `figures_wanted()` asks for figures that have not been counted: `needs` has changed.
    """

    figures_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: Snapshot | None = None
        self.rows: KeyRows | None = None
        """What the tables show; the next `KeyRows` can be prepared from it."""
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search keys and models (Ctrl+F)"))
        self.search.setAccessibleName(tr("Search keys and models"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._search)
        self.filters = FilterButton()
        self.filters.changed.connect(self._filter)
        self.chips = FilterChips()
        self.chips.lifted.connect(self.filters.set_filter)
        self.needs: Needs = frozenset()
        """What must be counted for the columns and filters that are shown; the worker reads it."""
        self.pause = QPushButton(tr("Pause"))
        self.pause.setCheckable(True)
        self.pause.setToolTip(tr("Stop refreshing every 5 seconds (Ctrl+P)"))
        self.refresh = QPushButton(tr("Refresh"))
        self.refresh.setToolTip(tr("Refresh now (F5)"))
        self.valid = KeyTable("valid")
        self.valid.setAccessibleName(tr("Valid keys"))
        self.invalid = KeyTable("invalid")
        self.invalid.setAccessibleName(tr("Invalid keys"))
        self._headings: dict[KeyTable, QLabel] = {}
        self._arrange()
        for table in self.tables:
            table.header.columns_changed.connect(self._find_needs)

    def _arrange(self) -> None:
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self._section(self.valid, is_valid=True))
        self.splitter.addWidget(self._section(self.invalid, is_valid=False))
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        tools = QHBoxLayout()
        tools.addWidget(self.search, 1)
        tools.addWidget(self.filters)
        tools.addWidget(self.pause)
        tools.addWidget(self.refresh)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addLayout(tools)
        layout.addWidget(self.chips)
        layout.addWidget(self.splitter, 1)

    def _section(self, table: KeyTable, is_valid: bool) -> QWidget:
        badge = VerdictBadge(with_word=False)
        badge.set_verdict(is_valid)
        heading = QLabel()
        heading.setTextFormat(Qt.TextFormat.PlainText)
        font = heading.font()
        font.setBold(True)
        heading.setFont(font)
        self._headings[table] = heading
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(badge)
        head.addWidget(heading, 1)
        columns = QToolButton()
        columns.setText(tr("Columns…"))
        columns.setAutoRaise(True)
        columns.setAccessibleName(tr("Columns of the valid keys") if is_valid else tr("Columns of the invalid keys"))
        columns.setToolTip(tr("Choose the columns of this table (Ctrl+Shift+H)"))
        columns.clicked.connect(table.header.open_menu_above)
        head.addWidget(columns)
        section = QWidget()
        layout = QVBoxLayout(section)
        layout.setContentsMargins(0, 2, 0, 0)
        layout.setSpacing(5)
        layout.addLayout(head)
        layout.addWidget(table, 1)
        return section

    @property
    def tables(self) -> tuple[KeyTable, KeyTable]:
        """Both tables."""
        return self.valid, self.invalid

    @property
    def current_table(self) -> KeyTable:
        """The table that has the keyboard, else one with selected keys, else the first."""
        if self.invalid.hasFocus():
            return self.invalid
        only_below = self.invalid.has_selection() and not self.valid.has_selection()
        return self.invalid if only_below and not self.valid.hasFocus() else self.valid

    def neighbour(self, key: str, step: int) -> str | None:
        """Return the key that is `step` rows below `key` in its table; None where no row is."""
        for table in self.tables:
            row = table.keys.row_of(key)
            if row >= 0 and 0 <= row + step < table.keys.rowCount():
                return table.keys.key_at(row + step).key
        return None

    def clear(self) -> None:
        """Show nothing, and say that it is being read."""
        self._snapshot = self.rows = None
        for table in self.tables:
            table.keys.clear()
        self._say(tr("Reading the gateway's database…"))
        self._show_headings()

    def show_snapshot(self, snapshot: "Snapshot", rows: "KeyRows") -> None:
        """Show the keys of `snapshot`, whose columns are `rows`."""
        selected = [self._selected(table, rows) for table in self.tables]
        self._snapshot, self.rows = snapshot, rows
        for table, is_valid in ((self.valid, True), (self.invalid, False)):
            table.show_rows(rows, rows.of_verdict(is_valid), snapshot)
        # A key that was selected stays so in its new table.
        self.invalid.select_places(selected[0][~rows.valid[selected[0]]])
        self.valid.select_places(selected[1][rows.valid[selected[1]]])
        self._show_headings()
        self._show_placeholders()
        if not self.needs <= rows.measures.needs:
            self.figures_wanted.emit()

    def _selected(self, table: KeyTable, rows: "KeyRows") -> "Places":
        """Return the places in the pool of `rows` of the keys that are selected in a table."""
        places = table.selected_places()
        if self.rows is None:
            return places
        places = rows.pool.places_of(self.rows.pool, places)
        return places[places >= 0]

    def show_progress(self, calls: int, _share: float) -> None:
        """Tell how far the first reading has come."""
        if self._snapshot is None:
            self._say(tr("Reading the log: {rows} calls so far").format(rows=number(calls)))

    def show_failure(self) -> None:
        """Tell that there is nothing to show, where there is nothing."""
        if self._snapshot is None:
            self._say(tr("Nothing is known of the keys yet"))

    def show_paused(self, paused: bool) -> None:
        """Show whether refreshing rests."""
        self.pause.setChecked(paused)
        self.pause.setText(tr("Resume") if paused else tr("Pause"))

    @Slot()
    def go_to_search(self) -> None:
        """Let the operator type into the search box."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    @Slot(str)
    def _search(self, text: str) -> None:
        for table in self.tables:
            table.keys.set_search(text)
        self._show_headings()
        self._show_placeholders()

    @Slot(object)
    def _filter(self, wanted: "KeyFilter") -> None:
        self.chips.show_filter(wanted)
        for table in self.tables:
            table.keys.set_filter(wanted)
        self._find_needs()
        self._show_headings()
        self._show_placeholders()

    @Slot()
    def _find_needs(self) -> None:
        shown = {need for table in self.tables for i in table.header.shown() if (need := COLUMNS[i].needs) is not None}
        self.needs = self.filters.filter.needs | shown
        if self.rows is not None and not self.needs <= self.rows.measures.needs:
            self.figures_wanted.emit()

    def _show_headings(self) -> None:
        for table, text in ((self.valid, tr("Valid keys")), (self.invalid, tr("Invalid keys"))):
            heading = text
            if self._snapshot is not None:
                shown, total = table.keys.rowCount(), table.keys.total()
                heading += f" ({number(total)})" if shown == total else f" ({number(shown)} / {number(total)})"
                heading += _known_since(self._snapshot)
            self._headings[table].setText(heading)

    def _show_placeholders(self) -> None:
        if self._snapshot is None:
            return
        for table, nothing in ((self.valid, tr("No key is valid")), (self.invalid, tr("No key is invalid"))):
            if not self._snapshot.keys:
                table.set_placeholder(tr("The gateway's key pool is empty"))
            elif table.keys.total():
                is_filtered = self.filters.filter != NO_FILTER
                table.set_placeholder(
                    tr("No key here matches the search and the filters")
                    if is_filtered
                    else tr("No key here matches the search")
                )
            else:
                table.set_placeholder(nothing)

    def _say(self, text: str) -> None:
        for table in self.tables:
            table.set_placeholder(text)


def _known_since(snapshot: "Snapshot") -> str:
    """Return how far back the calls go that verdicts and figures rest on as yet; empty when all are there."""
    if snapshot.loading is None:
        return ""
    since = snapshot.loading.known_since
    if since is None or since >= snapshot.as_of:
        return tr(", as far as the log has been read")
    return tr(", by the calls since {time}, older ones are being read").format(time=moment(since, snapshot))
