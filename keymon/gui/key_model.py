"""The rows of a table of keys: a model that owns their order.

Sorting and searching permute an array of places in the pool instead of going through a proxy model, which at
100,000 keys is what keeps a keystroke fluent. A cell's text is made when it is seen. numpy is imported with the
first figures: the worker has done so by then, and the window is not held up by it.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QWidget

from keymon.gui.key_columns import COLUMNS, DETAILS_COLUMN, column_number
from keymon.gui.key_tips import tip
from keymon.gui.reason_shape import shown_reason
from keymon.gui.theme import monospace
from keymon.gui.translation import number, tr

if TYPE_CHECKING:
    from keymon.gui.key_filter import KeyFilter
    from keymon.gui.key_measures import Measures
    from keymon.gui.key_rows import Bools, KeyRows, Places, Pool
    from keymon.monitor import Snapshot
    from keymon.stats import KeyFigures

Index = QModelIndex | QPersistentModelIndex

NUMERIC = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


# The numbers of the roles: comparing with members of Qt's enumerations takes most of the time of a paint.
_DISPLAY = int(Qt.ItemDataRole.DisplayRole)
_ACCESSIBLE_TEXT = int(Qt.ItemDataRole.AccessibleTextRole)
_ALIGNMENT = int(Qt.ItemDataRole.TextAlignmentRole)
_FONT = int(Qt.ItemDataRole.FontRole)
_TIP = int(Qt.ItemDataRole.ToolTipRole)
REASON = int(Qt.ItemDataRole.UserRole)
"""The reason of a key, in the column of reasons; None where there is none."""
HOURS = REASON + 1
"""Successes and failures of a key by the hour, in the column of sparklines; None where there are none."""
_REASON_COLUMN, _HOURS_COLUMN = column_number("reason"), column_number("last_hour")
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_RUNS = 32
"""Up to as many separate runs of rows are removed one by one, which leaves all others alone."""


class KeyTableModel(QAbstractTableModel):
    """Keys of one verdict. `set_rows` replaces them; selection and scroll position survive it.

    `rearranging()` and `rearranged()` are emitted before and after rows come, go or change places, `sorting_changed()`
    where they are sorted by other columns.
    """

    rearranging = Signal()
    rearranged = Signal()
    sorting_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: Snapshot | None = None
        self._rows: KeyRows | None = None
        self._members: Bools | None = None
        self._order: Places | None = None
        self._search = ""
        self._filter: KeyFilter | None = None
        self.sorted_by: list[tuple[int, bool]] = []
        """The columns that are sorted by, the first of most weight, each with whether it is descending."""
        self._font = monospace()

    def set_rows(self, rows: "KeyRows", members: "Bools", snapshot: "Snapshot", keep_order: bool = False) -> None:
        """Show those `rows` of `snapshot` that are `members`.

        With `keep_order` rows stay where they are and new keys come last.
        """
        self._snapshot = snapshot
        self._rearrange(rows, members, keep_order)

    def clear(self) -> None:
        """Show nothing."""
        self.beginResetModel()
        self._rows = self._members = self._order = self._snapshot = None
        self.endResetModel()

    def set_search(self, text: str) -> None:
        """Show only keys that contain `text`, whose kind or most used model does; upper case is no matter."""
        self._search = text.strip().lower()
        self._arrange_anew()

    def set_filter(self, wanted: "KeyFilter") -> None:
        """Show only keys that pass a filter."""
        self._filter = wanted
        self._arrange_anew()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; -1 returns to the order of the pool."""
        self.sort_by([(column, order == Qt.SortOrder.DescendingOrder)])

    def sort_by(self, columns: Iterable[tuple[int, bool]]) -> None:
        """Sort by several columns, the first of most weight, each with whether it is descending."""
        self.sorted_by = [one for one in columns if 0 <= one[0] < DETAILS_COLUMN]
        self._arrange_anew()
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, DETAILS_COLUMN)
        self.sorting_changed.emit()

    def sort_further(self, column: int) -> None:
        """Sort by a column besides the others: ascending, the next time descending, then no longer."""
        now = self.direction(column)
        if now is None:
            self.sort_by([*self.sorted_by, (column, False)])
        else:
            changed = [(one, True if one == column else descending) for one, descending in self.sorted_by]
            self.sort_by([one for one in changed if not (now and one[0] == column)])

    def direction(self, column: int) -> bool | None:
        """Return whether the table is sorted by a column in descending order; None where it is not sorted by it."""
        return dict(self.sorted_by).get(column)

    def key_at(self, row: int) -> "KeyFigures":
        """Return the key shown in a row."""
        if self._rows is None or self._order is None:
            raise IndexError(row)
        figures: KeyFigures = self._rows.figures[self._order.item(row)]
        return figures

    def places(self) -> "Places | None":
        """Return the place in the pool of the key in each row; None before there are keys."""
        return self._order

    @property
    def pool(self) -> "Pool | None":
        """What the places of `places` are places in."""
        return self._rows.pool if self._rows is not None else None

    def row_of(self, key: str) -> int:
        """Return the row of a key, -1 where it is not shown."""
        place = self._rows.pool.place.get(key) if self._rows is not None else None
        if place is None or self._order is None:
            return -1
        found = (self._order == place).nonzero()[0]
        return int(found[0]) if len(found) else -1

    def total(self) -> int:
        """Return the number of keys, shown or not."""
        return int(self._members.sum()) if self._members is not None else 0

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of keys that match the search."""
        return 0 if parent.isValid() or self._order is None else len(self._order)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the titles of the columns."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        column = COLUMNS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return tr(column.title) + self._rank(section)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{tr(column.tip)}\n{self._sorting(section)}".rstrip()
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(filter(None, (tr(column.title), self._sorting(section))))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return NUMERIC if column.is_number else Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def _rank(self, section: int) -> str:
        """Return the place of a column among several that are sorted by, as a raised digit."""
        columns = [column for column, _ in self.sorted_by]
        if len(columns) < 2 or section not in columns:
            return ""
        return "\N{HAIR SPACE}" + str(columns.index(section) + 1).translate(_RAISED)

    def _sorting(self, section: int) -> str:
        """Return in words how the table is sorted by a column, or how that is done."""
        descending = self.direction(section)
        if descending is None:
            return tr("Shift+click sorts by this column besides") if self.sorted_by and section < DETAILS_COLUMN else ""
        place = [column for column, _ in self.sorted_by].index(section) + 1
        words = tr("sorted, descending ({n} of {all})") if descending else tr("sorted, ascending ({n} of {all})")
        return words.format(n=number(place), all=number(len(self.sorted_by)))

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what a cell shows."""
        if role in (_DISPLAY, _ACCESSIBLE_TEXT):
            if self._snapshot is None or not index.isValid():
                return None
            return COLUMNS[index.column()].text(self.key_at(index.row()), self._snapshot, self._measures)
        if role == _ALIGNMENT:
            return NUMERIC if COLUMNS[index.column()].is_number else None
        if role == _FONT:
            return self._font if index.column() == 0 else None
        if role == _TIP and index.isValid() and self._snapshot is not None:
            return tip(COLUMNS[index.column()], self.key_at(index.row()), self._snapshot, self._measures)
        if role == REASON and index.column() == _REASON_COLUMN and self._snapshot is not None:
            return shown_reason(self.key_at(index.row()), self._snapshot)
        if role == HOURS and index.column() == _HOURS_COLUMN:
            return self._hours(self.key_at(index.row()))
        return None

    @property
    def _measures(self) -> "Measures":
        assert self._rows is not None  # noqa: S101 - there is a row
        return self._rows.measures

    def _hours(self, figures: "KeyFigures") -> tuple[list[int], list[int]] | None:
        if self._snapshot is None or self._snapshot.loading is not None or not figures.calls_24h.total:
            return None
        return self._measures.hours_of(figures.key)

    def _arrange_anew(self) -> None:
        if self._rows is not None and self._members is not None:
            self._rearrange(self._rows, self._members, keep_order=False)

    def _rearrange(self, rows: "KeyRows", members: "Bools", keep_order: bool) -> None:
        """Show those of `rows` that are `members` and match the search, taking selections along by key."""
        import numpy as np

        here = np.empty(0, np.int32)
        if self._rows is not None and self._order is not None:
            here = rows.pool.places_of(self._rows.pool, self._order)
        after = self._kept_order(rows, members, here) if keep_order else self._sorted_order(rows, members)
        if not np.array_equal(here, after):
            is_shown = np.zeros(len(rows.pool) + 1, np.bool_)  # the last is that of keys that have left the pool
            is_shown[after] = True
            stays = is_shown[here]
            self.rearranging.emit()
            self._remove(~stays)
            self._adopt(rows, here[stays], after)
            self.rearranged.emit()
        self._rows, self._members, self._order = rows, members, after
        if len(after):
            self.dataChanged.emit(self.index(0, 0), self.index(len(after) - 1, DETAILS_COLUMN))

    def _sorted_order(self, rows: "KeyRows", members: "Bools") -> "Places":
        by = [(COLUMNS[column].sort_by, descending) for column, descending in self.sorted_by]
        return rows.order(self._found(rows, members), by)

    def _kept_order(self, rows: "KeyRows", members: "Bools", here: "Places") -> "Places":
        """Return the keys that are shown now and still belong here, as they are; then those that are new."""
        import numpy as np

        in_pool = here[here >= 0]
        kept = in_pool[members[in_pool]]
        new = self._found(rows, members)
        new[kept] = False
        return np.concatenate([kept, np.flatnonzero(new).astype(np.int32)])

    def _found(self, rows: "KeyRows", members: "Bools") -> "Bools":
        found = members & rows.matching(self._search)
        if self._filter is None or self._snapshot is None:
            return found
        return found & self._filter.passes(rows, self._snapshot.as_of)

    def _remove(self, leaves: "Bools") -> None:
        """Remove the rows that leave: each run of them by itself, or moved to the end where there are many."""
        import numpy as np

        from keymon.gui.key_rows import runs

        if self._order is None or not leaves.any():
            return
        leaving = runs(leaves)
        if len(leaving) > _RUNS:
            kept, gone = self._order[~leaves], self._order[leaves]
            self._permute(np.concatenate([kept, gone]))
            leaving = [(len(kept), len(leaves))]
        for first, end in reversed(leaving):
            self.beginRemoveRows(QModelIndex(), first, end - 1)
            self._order = np.delete(self._order, slice(first, end))
            self.endRemoveRows()

    def _adopt(self, rows: "KeyRows", here: "Places", after: "Places") -> None:
        """Exchange the keys, append those that are new, and bring all into the order `after`."""
        import numpy as np

        self._rows, self._order = rows, here
        if len(here) < len(after):
            is_new = np.ones(len(rows.pool), np.bool_)
            is_new[here] = False
            self.beginInsertRows(QModelIndex(), len(here), len(after) - 1)
            self._order = np.concatenate([here, after[is_new[after]]])
            self.endInsertRows()
        if not np.array_equal(self._order, after):
            self._permute(after)

    def _permute(self, order: "Places") -> None:
        """Change the order of the rows; selections go along with their keys."""
        import numpy as np

        self.layoutAboutToBeChanged.emit()
        held = self.persistentIndexList()
        before = self._order
        self._order = order
        if held and before is not None:
            row_of = np.empty(int(order.max()) + 1, np.int32)
            row_of[order] = np.arange(len(order), dtype=np.int32)
            rows = row_of[before].tolist()
            self.changePersistentIndexList(held, [self.index(rows[one.row()], one.column()) for one in held])
        self.layoutChanged.emit()
