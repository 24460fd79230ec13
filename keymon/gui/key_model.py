"""The rows of a table of keys: a model that owns their order.

Sorting and searching permute a list of row numbers instead of going through a proxy model, which at 100,000
keys is what keeps a keystroke fluent.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QWidget

from keymon.gui.key_columns import COLUMNS, DETAILS_COLUMN
from keymon.gui.theme import monospace
from keymon.gui.translation import number, plain_tip, shown_model, tr

if TYPE_CHECKING:
    from keymon.monitor import Snapshot
    from keymon.stats import KeyFigures

Index = QModelIndex | QPersistentModelIndex

NUMERIC = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class KeyTableModel(QAbstractTableModel):
    """Keys of one verdict. `set_keys` replaces them; selection and scroll position survive it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: Snapshot | None = None
        self._keys: Sequence[KeyFigures] = ()
        self._order: list[int] = []
        self._search = ""
        self._sort_column = -1
        self._sort_descending = False
        self._font = monospace()

    def set_keys(self, keys: "Sequence[KeyFigures]", snapshot: "Snapshot", keep_order: bool = False) -> None:
        """Show `keys` of `snapshot`. With `keep_order` rows stay where they are and new keys come last."""
        shown_before = [self._keys[i].key for i in self._order]
        self._snapshot = snapshot
        self._rearrange(keys, self._kept_order(keys, shown_before) if keep_order else None)

    def clear(self) -> None:
        """Show nothing."""
        self.beginResetModel()
        self._keys, self._order, self._snapshot = (), [], None
        self.endResetModel()

    def set_search(self, text: str) -> None:
        """Show only keys that contain `text`, whose kind or most used model does; upper case is no matter."""
        self._search = text.strip().lower()
        self._rearrange(self._keys, None)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; -1 returns to the order of the pool."""
        self._sort_column = column if column != DETAILS_COLUMN else -1
        self._sort_descending = order == Qt.SortOrder.DescendingOrder
        self._rearrange(self._keys, None)

    def key_at(self, row: int) -> "KeyFigures":
        """Return the key shown in a row."""
        return self._keys[self._order[row]]

    def row_of(self, key: str) -> int:
        """Return the row of a key, -1 where it is not shown."""
        return next((row for row, i in enumerate(self._order) if self._keys[i].key == key), -1)

    def total(self) -> int:
        """Return the number of keys, shown or not."""
        return len(self._keys)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of keys that match the search."""
        return 0 if parent.isValid() else len(self._order)

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
        if not index.isValid() or self._snapshot is None:
            return None
        column = COLUMNS[index.column()]
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
            return column.text(self.key_at(index.row()), self._snapshot)
        if role == Qt.ItemDataRole.TextAlignmentRole and column.is_number:
            return NUMERIC
        if role == Qt.ItemDataRole.FontRole and index.column() == 0:
            return self._font
        if role == Qt.ItemDataRole.ToolTipRole:
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

    def _kept_order(self, keys: "Sequence[KeyFigures]", shown_before: Sequence[str]) -> list[int]:
        numbers = {figures.key: i for i, figures in enumerate(keys)}
        kept = [numbers[key] for key in shown_before if key in numbers]
        known = set(kept)
        new = [i for i, figures in enumerate(keys) if i not in known and self._matches(figures)]
        return kept + new

    def _matches(self, figures: "KeyFigures") -> bool:
        text = self._search
        return (
            not text
            or text in figures.key.lower()
            or text in figures.kind
            or (figures.top_model is not None and text in figures.top_model.lower())
        )

    def _sorted_order(self, keys: "Sequence[KeyFigures]") -> list[int]:
        order = [i for i, figures in enumerate(keys) if self._matches(figures)]
        if self._sort_column >= 0:
            sort_key = COLUMNS[self._sort_column].sort_key
            order.sort(key=lambda i: sort_key(keys[i]), reverse=self._sort_descending)
        return order

    def _rearrange(self, keys: "Sequence[KeyFigures]", order: list[int] | None) -> None:
        """Show `keys` in `order` (sorted and searched by default), taking selections along by key."""
        if order is None:
            order = self._sorted_order(keys)
        after = [keys[i].key for i in order]
        if [self._keys[i].key for i in self._order] != after:
            rows = {key: row for row, key in enumerate(after)}
            self._remove_all_but(rows)
            self._adopt(keys, order, rows)
        self._keys, self._order = keys, order
        if order:
            self.dataChanged.emit(self.index(0, 0), self.index(len(order) - 1, DETAILS_COLUMN))

    def _remove_all_but(self, rows: dict[str, int]) -> None:
        """Move the rows of keys that are not among `rows` to the end, and remove them there."""
        kept = [i for i in self._order if self._keys[i].key in rows]
        if len(kept) == len(self._order):
            return
        if kept != self._order[: len(kept)]:
            held = set(kept)
            self._permute(kept + [i for i in self._order if i not in held])
        self.beginRemoveRows(QModelIndex(), len(kept), len(self._order) - 1)
        self._order = kept
        self.endRemoveRows()

    def _adopt(self, keys: "Sequence[KeyFigures]", order: list[int], rows: dict[str, int]) -> None:
        """Exchange the keys, append those that are new, and bring all into `order`."""
        here = [order[rows[self._keys[i].key]] for i in self._order]
        self._keys, self._order = keys, here
        if len(here) < len(order):
            held = set(here)
            self.beginInsertRows(QModelIndex(), len(here), len(order) - 1)
            self._order = here + [i for i in order if i not in held]
            self.endInsertRows()
        if self._order != order:
            self._permute(order)

    def _permute(self, order: list[int]) -> None:
        """Change the order of the rows; selections go along with their keys."""
        self.layoutAboutToBeChanged.emit()
        held = self.persistentIndexList()
        before = self._order
        self._order = order
        if held:
            rows = {i: row for row, i in enumerate(order)}
            moved = [self.index(rows[before[index.row()]], index.column()) for index in held]
            self.changePersistentIndexList(held, moved)
        self.layoutChanged.emit()
