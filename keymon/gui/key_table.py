"""The table of keys: a model that owns an order of rows, and a view with a Details button in every row.

Sorting and searching permute a list of row numbers instead of going through a proxy model, which at 100,000
keys is what keeps a keystroke fluent. Values are sorted as numbers and instants, never as the text shown.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import humanize
from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QAction, QContextMenuEvent, QKeySequence, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionButton,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from keymon.gui.theme import monospace
from keymon.gui.translation import number, percent, plain_tip, shown_model, tr
from keymon.masking import mask_key

if TYPE_CHECKING:
    from keymon.monitor import Snapshot
    from keymon.stats import KeyFigures

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, what it shows of a key, and by what it sorts; `sample` fits into it."""

    title: str
    tip: str
    sample: str
    text: "Callable[[KeyFigures, Snapshot], str]"
    sort_key: "Callable[[KeyFigures], Any]"
    is_number: bool = False


def top_model(figures: "KeyFigures") -> str:
    """Return the most used model as it is shown; a dash where there were no calls."""
    return shown_model(figures.top_model) if figures.calls_24h.total else "–"


def ago(then: datetime | None, now: datetime) -> str:
    """Return how long ago an instant was, in words; a dash for none."""
    if then is None:
        return "–"
    return tr("now") if then >= now else humanize.naturaltime(now - then)


_KIND_WORDS = {"gemini": "Gemini", "vertex": "Vertex"}

COLUMNS: tuple[Column, ...] = (
    Column("Key", "The API key, masked", "AIzaSy…000000", lambda k, _: mask_key(k.key), lambda k: k.key),
    Column("Kind", "The list that the key is in", "Gemini", lambda k, _: _KIND_WORDS[k.kind], lambda k: k.kind),
    Column(
        "Failures",
        "Failure count as the gateway holds it, of as many as make a key invalid",
        "Failures",
        lambda k, s: f"{number(k.verdict.failure_count)}/{number(s.settings.max_failures)}",
        lambda k: k.verdict.failure_count,
        is_number=True,
    ),
    Column(
        "Calls 24 h",
        "Calls in the last 24 hours, successes and failures",
        "Calls 24 h",
        lambda k, _: number(k.calls_24h.total),
        lambda k: k.calls_24h.total,
        is_number=True,
    ),
    Column(
        "Success",
        "Share of successful calls in the last 24 hours",
        "Success",
        lambda k, _: percent(k.calls_24h.success_rate),
        lambda k: -1.0 if k.calls_24h.success_rate is None else k.calls_24h.success_rate,
        is_number=True,
    ),
    Column(
        "Last call",
        "When the key was last called, within 24 hours",
        "30 seconds ago",
        lambda k, s: ago(k.last_call_at, s.as_of),
        lambda k: k.last_call_at.timestamp() if k.last_call_at else 0.0,
    ),
    Column(
        "Most used model",
        "The model that the key was called for most in the last 24 hours",
        "gemini-2.5-flash-lite",
        lambda k, _: top_model(k),
        lambda k: (k.calls_24h.total == 0, k.top_model or ""),
    ),
    Column("", "Open the details of the key", "Details", lambda _k, _s: tr("Details"), lambda _: 0),
)
DETAILS_COLUMN = len(COLUMNS) - 1
_CELL_ROOM = 28
"""Margins, and the mark of the sorted column."""
_NUMERIC = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


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
            return _NUMERIC if column.is_number else Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what a cell shows."""
        if not index.isValid() or self._snapshot is None:
            return None
        column = COLUMNS[index.column()]
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
            return column.text(self.key_at(index.row()), self._snapshot)
        if role == Qt.ItemDataRole.TextAlignmentRole and column.is_number:
            return _NUMERIC
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


class KeyTable(QTableView):
    """Shows a `KeyTableModel`.

    `details_wanted(key)` is emitted by the button, a double click and Enter; `keys_copied(keys)` and
    `table_copied(text)` ask for the clipboard.
    """

    details_wanted = Signal(str)
    keys_copied = Signal(list)
    table_copied = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.keys = KeyTableModel(self)
        self.setModel(self.keys)
        self._placeholder = ""
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        # Always there, so that the columns of both tables stay in line and no row changes its width.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self._set_up_headers()
        self.setItemDelegate(_Cell(self))
        self.setItemDelegateForColumn(DETAILS_COLUMN, _DetailsButton(self))
        self.doubleClicked.connect(self._open_index)
        self._add_actions()

    def _set_up_headers(self) -> None:
        rows = self.verticalHeader()
        rows.hide()
        # Fixed heights: a view that asks every row for its size cannot hold 100,000 of them.
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setMinimumSectionSize(1)
        rows.setDefaultSectionSize(self.fontMetrics().height() + 12)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        header.setMinimumSectionSize(24)
        metrics = self.fontMetrics()
        for i, column in enumerate(COLUMNS):
            widest = max(metrics.horizontalAdvance(text) for text in (tr(column.sample), tr(column.title)))
            header.resizeSection(i, widest + _CELL_ROOM)
        header.setStretchLastSection(False)
        header.setSectionResizeMode(len(COLUMNS) - 2, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(DETAILS_COLUMN, QHeaderView.ResizeMode.Fixed)

    def _add_actions(self) -> None:
        def add(text: str, shortcuts: list[QKeySequence], run: Callable[[], None]) -> None:
            action = QAction(text, self)
            action.setShortcuts(shortcuts)
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(run)
            self.addAction(action)

        enter = [QKeySequence(Qt.Key.Key_Return), QKeySequence(Qt.Key.Key_Enter)]
        add(tr("Details"), enter, self._open_current)
        add(tr("Copy keys in full"), [QKeySequence(QKeySequence.StandardKey.Copy)], self._copy_keys)
        add(tr("Copy as table, keys masked"), [QKeySequence("Ctrl+Shift+C")], self._copy_table)
        add(tr("Select all"), [QKeySequence(QKeySequence.StandardKey.SelectAll)], self.selectAll)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with the selected keys."""
        if self.selectionModel().hasSelection():
            menu = QMenu(self)
            menu.addActions(self.actions())
            menu.exec(event.globalPos())
            menu.deleteLater()

    def set_placeholder(self, text: str) -> None:
        """Show `text` in the middle of the table while it has no rows."""
        self._placeholder = text
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the rows, or why there are none, and a frame around the row that the keyboard is on."""
        super().paintEvent(event)
        if self.hasFocus() and self.currentIndex().isValid():
            self._draw_focus(self.currentIndex().row())
        if self.placeholder:
            painter = QPainter(self.viewport())
            painter.setPen(self.palette().placeholderText().color())
            area = self.viewport().rect().adjusted(16, 0, -16, 0)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(area, int(flags), self._placeholder)
            painter.end()

    def _draw_focus(self, row: int) -> None:
        painter = QPainter(self.viewport())
        painter.setPen(self.palette().highlight().color())
        width = min(self.horizontalHeader().length(), self.viewport().width())
        painter.drawRect(0, self.rowViewportPosition(row), width - 1, self.rowHeight(row) - 1)
        painter.end()

    def show_keys(self, keys: "Sequence[KeyFigures]", snapshot: "Snapshot") -> None:
        """Show `keys`. While any is selected nothing moves: rows stay in their order and where they are seen."""
        held = self.has_selection()
        scrolled = self.verticalScrollBar().value()
        seen = self._seen_keys() if held else []
        self.keys.set_keys(keys, snapshot, keep_order=held)
        # Where the current row has gone the view would scroll to the one that takes its place.
        self.verticalScrollBar().setValue(scrolled)
        for key, y in seen:
            row = self.keys.row_of(key)
            if row >= 0:
                self.verticalScrollBar().setValue(scrolled + self.rowViewportPosition(row) - y)
                break

    def _seen_keys(self) -> list[tuple[str, int]]:
        """Return the keys that can be seen, each with where it is."""
        first, last = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        if first < 0:
            return []
        last = self.keys.rowCount() - 1 if last < 0 else last
        return [(self.keys.key_at(row).key, self.rowViewportPosition(row)) for row in range(first, last + 1)]

    @property
    def placeholder(self) -> str:
        """What is shown in place of rows; empty while there are rows."""
        return "" if self.keys.rowCount() else self._placeholder

    def has_selection(self) -> bool:
        """Tell whether any key is selected."""
        return self.selectionModel().hasSelection()

    def selected_keys(self) -> "list[KeyFigures]":
        """Return the selected keys from top to bottom."""
        return [self.keys.key_at(row) for row in self._selected_rows()]

    def _selected_rows(self) -> list[int]:
        # Ranges: asking for selected indexes is slow where all of 100,000 rows are selected.
        ranges = self.selectionModel().selection().toList()
        return sorted({row for one in ranges for row in range(one.top(), one.bottom() + 1)})

    def _open_index(self, index: Index) -> None:
        self.details_wanted.emit(self.keys.key_at(index.row()).key)

    def _open_current(self) -> None:
        index = self.currentIndex()
        if index.isValid():
            self._open_index(index)

    def _copy_keys(self) -> None:
        keys = [figures.key for figures in self.selected_keys()]
        if keys:
            self.keys_copied.emit(keys)

    def _copy_table(self) -> None:
        lines = ["\t".join(tr(column.title) for column in COLUMNS[:DETAILS_COLUMN])]
        for row in self._selected_rows():
            cells = (str(self.keys.index(row, i).data()) for i in range(DETAILS_COLUMN))
            lines.append("\t".join(cells))
        if len(lines) > 1:
            self.table_copied.emit("\n".join(lines))


class _Cell(QStyledItemDelegate):
    """Draws no focus of its own: a row is chosen, not a cell, and the table draws that."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """Leave the focus out."""
        super().initStyleOption(option, index)
        option.state &= ~QStyle.StateFlag.State_HasFocus


class _DetailsButton(_Cell):
    """Draws a push button in the cell and tells when it is clicked; no widget a row is needed."""

    def __init__(self, table: KeyTable) -> None:
        super().__init__(table)
        self._table = table

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the row's ground, then the button on it."""
        self.initStyleOption(option, index)
        option.text = ""
        style = self._table.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, self._table)
        button = QStyleOptionButton()
        button.rect = option.rect.adjusted(4, 3, -4, -3)
        button.text = str(index.data())
        button.palette = self._table.palette()
        button.fontMetrics = self._table.fontMetrics()
        button.state = QStyle.StateFlag.State_Enabled | QStyle.StateFlag.State_Raised
        if option.state & QStyle.StateFlag.State_MouseOver and self._is_under_pointer(option.rect):
            button.state |= QStyle.StateFlag.State_MouseOver
        style.drawControl(QStyle.ControlElement.CE_PushButton, button, painter, self._table)

    def _is_under_pointer(self, rect: QRect) -> bool:
        viewport = self._table.viewport()
        return rect.contains(viewport.mapFromGlobal(viewport.cursor().pos()))

    def editorEvent(self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: Index) -> bool:
        """Open the details when the button is released with the left mouse button."""
        if (
            isinstance(event, QMouseEvent)
            and event.type() == QEvent.Type.MouseButtonRelease
            and event.button() == Qt.MouseButton.LeftButton
            and event.modifiers() == Qt.KeyboardModifier.NoModifier
            and option.rect.contains(event.position().toPoint())
        ):
            self._table.details_wanted.emit(self._table.keys.key_at(index.row()).key)
            return True
        return super().editorEvent(event, model, option, index)
