"""What the gateway logged for failed calls: filtered, grouped by message, page by page into the past.

What is found is shown at once. Newer errors come by themselves; while rows are selected, the operator reads further
down or reads a text, nothing moves: they are counted, and come when they are asked for.
"""

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, QTimer, Slot
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from keymon.gui import moments
from keymon.gui.browser_panel import BrowserPanel
from keymon.gui.error_columns import ROWS
from keymon.gui.error_filters import ErrorFilters
from keymon.gui.error_search import ErrorSearch
from keymon.gui.group_table import GroupTable
from keymon.gui.listed import ListedErrors
from keymon.gui.row_table import RowTable
from keymon.gui.translation import error_advice, error_text, number, tr
from keymon.gui.wrapped_label import plain_text
from keymon.masking import visible

if TYPE_CHECKING:
    from keymon.error_browser import ErrorRow
    from keymon.error_groups import ErrorGroup
    from keymon.gui.window_state import Choice
    from keymon.monitor import Monitor, Snapshot

_TYPING_MS = 300


def _id(row: "ErrorRow") -> int:
    return row.id


class ErrorsPanel(BrowserPanel):
    """Errors, filtered."""

    def __init__(self, parent: QWidget | None = None) -> None:
        table = RowTable("errorTable", tr("Errors"), ROWS, opens=tr("Text of the error"), same=_id)
        super().__init__(table, parent)
        self.setObjectName("errors")
        self._groups: tuple[ErrorGroup, ...] = ()
        self._group: str | None = None
        self._shown: list[ErrorRow] = []
        self._search = ErrorSearch(self)
        self._search.ask_wanted.connect(self.ask_wanted)
        self._search.found.connect(self._show_found)
        self._search.newer_found.connect(self._take_newer)
        self._search.failed.connect(self._show_failure)
        self.filters = ErrorFilters()
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self.look_anew)
        self.filters.changed.connect(self._typing.start)
        self._build()
        self.clear()

    def _build(self) -> None:
        self.groups = GroupTable()
        self.groups.selectionModel().selectionChanged.connect(self._choose_group)
        self.groups.text_copied.connect(self.copy_wanted)
        self._heading = plain_text(muted=True)
        self.all_messages = QPushButton(tr("All messages"))
        self.all_messages.setToolTip(tr("Show the errors of all messages (Esc in the list of messages)"))
        self.all_messages.clicked.connect(self.groups.clearSelection)
        head = QHBoxLayout()
        head.addWidget(self._heading, 1)
        head.addWidget(self.all_messages)
        above = QWidget()
        layout = QVBoxLayout(above)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self.groups, 1)
        self.further = QPushButton(tr("Look &further back"))
        self.further.clicked.connect(self.look_further)
        self.stop = QPushButton(tr("S&top"))
        self.stop.setToolTip(tr("Stop looking"))
        self.stop.clicked.connect(self.stop_looking)
        self.newer.setToolTip(tr("Clear the selection and show the newest errors"))
        self.export.setToolTip(tr("Export the errors that are listed"))
        self._arrange(self.filters, [(above, 170)], (self.stop, self.further))

    @property
    def heading(self) -> str:
        """What is said above the groups."""
        return self._heading.text()

    @property
    def is_looking(self) -> bool:
        """Whether errors are being looked for."""
        return self._search.is_looking

    @property
    def listed(self) -> ListedErrors | None:
        """What is listed now; None where nothing has been found."""
        search = self._search
        if search.wanted is None or search.as_of is None or not search.rows:
            return None
        is_all = not search.is_looking and search.before is None
        back_to = None if is_all else search.reached
        return ListedErrors(self._shown[:], self._groups, search.wanted, search.as_of, self._group, back_to)

    @property
    def choices(self) -> "dict[str, Choice]":
        """What is remembered: numbers only, no key and no text from a database."""
        return {"hours": int(self.filters.period.currentData())}

    def choose(self, choices: "dict[str, Choice]") -> None:
        """Begin with that."""
        self.filters.period.setCurrentIndex(max(0, self.filters.period.findData(choices.get("hours"))))

    @property
    def search_field(self) -> QLineEdit:
        """Where the operator types what to look for."""
        return self.filters.text

    def set_key(self, key: str | None) -> None:
        """Show the errors of `key` only, or of all keys."""
        self.filters.set_key(key)
        super().set_key(key)
        self.look_anew()

    def clear(self) -> None:
        """Show nothing: the gateway was left."""
        self._snapshot = None
        self._reset()
        self.table.set_placeholder(tr("Reading the gateway's database…"))

    @Slot(object)
    def show_snapshot(self, snapshot: "Snapshot") -> None:
        """Take note of the newest figures: errors are looked for, at first all, then what came since."""
        self._snapshot = snapshot
        if not self.isVisible():
            return
        self.filters.offer(snapshot)
        if not self._search.has_begun or self._search.can_try_again:
            self.look_anew()
        elif snapshot.is_live:
            self._search.look_for_newer(snapshot.as_of)

    # Looking

    @Slot()
    def look_anew(self) -> None:
        """Begin with the newest errors."""
        self._reset()
        if self._snapshot is not None and self.isVisible():
            self._search.begin(self.filters.wanted(self._snapshot), self._snapshot.as_of)
            self._show_state()

    @Slot()
    def look_further(self) -> None:
        """Look for older errors than those that are shown."""
        self._search.go_on()
        self._show_state()

    @Slot()
    def stop_looking(self) -> None:
        """Stop; what has been found stays, and it can be gone on from there."""
        self._search.stop()
        self._show_state()

    @Slot()
    def show_newest(self) -> None:
        """Let go of what is held, and show the newest errors."""
        super().show_newest()
        self._take_newer()

    def _reset(self) -> None:
        self._typing.stop()
        self._search.reset()
        self.put_text_away()
        self._group = None
        self._show_rows()

    def _take_newer(self) -> None:
        """Show what came since, as far as nothing is held."""
        if self.is_held or self._snapshot is None:
            self._show_state()
        elif self._search.is_broken_off:
            self.look_anew()
        else:
            before = self._search.rows
            self._search.take_newer_in(self.filters.wanted(self._snapshot))
            if self._search.rows != before:
                self._show_found()
            self._show_state()

    # Showing

    @Slot()
    def _show_found(self) -> None:
        self.filters.see(self._search.rows)
        self._show_rows()

    @Slot(object)
    def _show_failure(self, error: Exception) -> None:
        self._show_state()
        text = f"{error_text(error)} {error_advice(error)}"
        self.table.set_placeholder(text)
        self._foot.setText(text if self._search.rows else "")

    def _show_rows(self) -> None:
        from keymon.error_groups import group_name, grouped

        rows = self._search.rows
        self._groups = grouped(rows)
        if self._group not in {group.message for group in self._groups}:
            self._group = None
        with QSignalBlocker(self.groups.selectionModel()):
            self.groups.show_rows(self._groups, self._snapshot)
        is_shown = self._group is None
        self._shown = [row for row in rows if is_shown or group_name(row.head, row.key) == self._group]
        self.table.show_rows(self._shown, self._snapshot)
        if self._opened is not None and self._opened not in self._shown:
            self.put_text_away()
        self._show_state()

    @Slot()
    def _choose_group(self) -> None:
        chosen = self.groups.selected_rows()
        group = self.groups.content.rows[chosen[0]].message if chosen else None
        if group != self._group:
            self._group = group
            self._show_rows()

    def _show_state(self) -> None:
        search, is_looking, is_chosen = self._search, self.is_looking, self._group is not None
        self.stop.setVisible(is_looking)
        self.further.setVisible(not is_looking and search.before is not None)
        self.further.setEnabled(not search.is_full)
        self.newer.setVisible(not is_looking and (bool(search.newer) or search.is_broken_off))
        self.all_messages.setVisible(is_chosen)
        self.groups.let_go.setEnabled(is_chosen)
        nothing = tr("No error matches") if self.filters.is_filtering else tr("No errors in this period")
        self.table.set_placeholder(tr("Looking for errors…") if is_looking else nothing)
        self._heading.setText(self._say_of_what())
        self._foot.setText(self._say_state() if search.has_begun else "")

    def _say_of_what(self) -> str:
        if not self._search.rows:
            return tr("By message")
        is_all = self._search.before is None and not self.is_looking
        words = tr("By message: all {n} errors") if is_all else tr("By message: of the newest {n} errors only")
        return words.format(n=number(len(self._search.rows)))

    def _say_state(self) -> str:
        """Return what is shown, how far back that is, and as of when."""
        search, sentences = self._search, []
        if self._group is not None:
            of_group = tr("{n} of {m}: {message}").format(
                n=number(len(self._shown)),
                m=number(len(search.rows)),
                message=visible(self._group, 300) or tr("nothing was logged"),
            )
            sentences.append(of_group + "\n")
        sentences.append(self._say_how_far())
        if self._snapshot is not None and search.as_of is not None:
            sentences.append(" " + tr("{sentence}.").format(sentence=moments.as_of(self._snapshot, search.as_of)))
        if self.is_held and (search.newer or search.has_missed):
            sentences.append(" " + tr("Nothing moves while rows are selected or scrolled, or a text is open."))
        if search.newer or search.has_missed:
            words = tr("Newer errors: more than {n}") if search.has_missed else tr("Newer errors: {n}")
            sentences.append(" " + words.format(n=number(len(search.newer))))
        return "".join(sentences)

    def _say_how_far(self) -> str:
        search = self._search
        found = tr("Errors: {n}, different messages: {m}, looked at: {all}").format(
            n=number(len(search.rows)), m=number(len(self._groups)), all=number(search.looked_at)
        )
        reached, snapshot = search.reached, self._snapshot
        since = "–" if reached is None or snapshot is None else moments.second(reached, snapshot)
        if self.is_looking:
            return tr("{found} so far, back to {time}…").format(found=found, time=since)
        if search.before is None:
            return tr("{found}: all there are in this period.").format(found=found)
        if search.is_full:
            return tr("{found}. No more are shown at once: narrow the filters.").format(found=found)
        return tr("{found}, back to {time}; there are older ones.").format(found=found, time=since)

    def hideEvent(self, event: QHideEvent) -> None:
        """Look for nothing that nobody sees."""
        self._typing.stop()
        self.stop_looking()
        super().hideEvent(event)

    @Slot(int)
    def _open_row(self, place: int) -> None:
        row: ErrorRow = self.table.content.rows[place]

        def work(monitor: "Monitor") -> str | None:
            return monitor.errors().text(row)

        self._read(row, (row.at, row.key, row.model, row.code), work)
