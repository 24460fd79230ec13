"""The rows of a table of keys: a model that owns their order.

Sorting and searching permute an array of places in the pool instead of going through a proxy model, which at
100,000 keys is what keeps a keystroke fluent. A cell's text is made when it is seen. numpy is imported with the
first figures: the worker has done so by then, and the window is not held up by it.
"""

from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QWidget

from keymon.gui.key_columns import COLUMNS, DETAILS_COLUMN
from keymon.gui.theme import monospace
from keymon.gui.translation import number, plain_tip, shown_model, tr

if TYPE_CHECKING:
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
_RUNS = 32
"""Up to as many separate runs of rows are removed one by one, which leaves all others alone."""


class KeyTableModel(QAbstractTableModel):
    """Keys of one verdict. `set_rows` replaces them; selection and scroll position survive it.

    `rearranging()` and `rearranged()` are emitted before and after rows come, go or change places.
    """

    rearranging = Signal()
    rearranged = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: Snapshot | None = None
        self._rows: KeyRows | None = None
        self._members: Bools | None = None
        self._order: Places | None = None
        self._search = ""
        self._sort_column = -1
        self._sort_descending = False
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

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; -1 returns to the order of the pool."""
        self._sort_column = column if column != DETAILS_COLUMN else -1
        self._sort_descending = order == Qt.SortOrder.DescendingOrder
        self._arrange_anew()

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
            return tr(column.title)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tr(column.tip)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return NUMERIC if column.is_number else Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what a cell shows."""
        if role in (_DISPLAY, _ACCESSIBLE_TEXT):
            if self._snapshot is None or not index.isValid():
                return None
            return COLUMNS[index.column()].text(self.key_at(index.row()), self._snapshot)
        if role == _ALIGNMENT:
            return NUMERIC if COLUMNS[index.column()].is_number else None
        if role == _FONT:
            return self._font if index.column() == 0 else None
        if role == _TIP and index.isValid():
            return self._tip(self.key_at(index.row()), index.column())
        return None

    def _tip(self, figures: "KeyFigures", column: int) -> str | None:
        snapshot = self._snapshot
        title = COLUMNS[column].title
        if snapshot is None:
            return None
        if title == "Last call" and figures.last_call_at is not None:
            return tr("{here} here, {there} at the gateway ({zone})").format(
                here=f"{figures.last_call_at.astimezone():%Y-%m-%d %H:%M:%S}",
                there=f"{snapshot.clock.to_local(figures.last_call_at):%Y-%m-%d %H:%M:%S}",
                zone=snapshot.clock.name,
            )
        if title in {"Calls 24 h", "Success"}:
            calls = figures.calls_24h
            return tr("{success} successful, {failure} failed").format(
                success=number(calls.success), failure=number(calls.failure)
            )
        if title == "Most used model" and figures.calls_24h.total:
            return plain_tip(shown_model(figures.top_model))
        return None

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
        column = COLUMNS[self._sort_column].sort_by if self._sort_column >= 0 else ""
        return rows.order(self._found(rows, members), column, self._sort_descending)

    def _kept_order(self, rows: "KeyRows", members: "Bools", here: "Places") -> "Places":
        """Return the keys that are shown now and still belong here, as they are; then those that are new."""
        import numpy as np

        in_pool = here[here >= 0]
        kept = in_pool[members[in_pool]]
        new = self._found(rows, members)
        new[kept] = False
        return np.concatenate([kept, np.flatnonzero(new).astype(np.int32)])

    def _found(self, rows: "KeyRows", members: "Bools") -> "Bools":
        return members & rows.matching(self._search)

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
