"""The list of profiles, each with its dot, name and place, and what can be done with them."""

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QFontMetrics,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPalette,
    QShortcut,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from keymon.config import COLOURS, Profile
from keymon.errors import UnsupportedDatabaseError
from keymon.gui.note_bar import NoteBar
from keymon.gui.profile_colours import colour_word, paint_dot, profile_colour
from keymon.gui.translation import plain_tip, tr
from keymon.masking import mask_url, visible

_PLACE, _COLOUR, _EDITED = (Qt.ItemDataRole.UserRole + n for n in range(3))
_MARGIN, _DOT, _GAP = 10, 10, 9
_SMALL = 0.87
"""The size of the place's type against that of the name."""


class ProfileList(QWidget):
    """Shows profiles and says what is wanted.

    `chosen(row)` follows the current row; `connect_wanted()` comes by a double click, `move_wanted(by)` with -1 for up.
    """

    chosen = Signal(int)
    new_wanted = Signal()
    duplicate_wanted = Signal()
    delete_wanted = Signal()
    undo_wanted = Signal()
    connect_wanted = Signal()
    move_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = _View()
        self.view.currentRowChanged.connect(self._tell_chosen)
        self.view.itemDoubleClicked.connect(self._tell_connect)
        self._undo = NoteBar()
        self._undo.acted.connect(self.undo_wanted)
        self._new = self._button(tr("New"), tr("A new connection (Ctrl+N)"), self.new_wanted)
        self._duplicate = self._button(tr("Duplicate"), tr("A copy of this connection (Ctrl+D)"), self.duplicate_wanted)
        self._delete = self._button(tr("Delete"), tr("Delete this connection (Delete)"), self.delete_wanted)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        for button in (self._new, self._duplicate, self._delete):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.view, 1)
        layout.addWidget(self._undo)
        layout.addLayout(buttons)
        self._add_shortcuts()

    def _button(self, text: str, tip: str, signal: object) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        button.clicked.connect(signal)
        return button

    def _add_shortcuts(self) -> None:
        here = Qt.ShortcutContext.WidgetWithChildrenShortcut
        for keys, slot, context in (
            (QKeySequence(QKeySequence.StandardKey.New), self.new_wanted.emit, Qt.ShortcutContext.WindowShortcut),
            (QKeySequence("Ctrl+D"), self._duplicate.click, Qt.ShortcutContext.WindowShortcut),
            (QKeySequence(QKeySequence.StandardKey.Delete), self._delete.click, here),
            (QKeySequence(QKeySequence.StandardKey.Undo), self._tell_undo, Qt.ShortcutContext.WindowShortcut),
            (QKeySequence("Alt+Up"), self._move_up, here),
            (QKeySequence("Alt+Down"), self._move_down, here),
        ):
            shortcut = QShortcut(keys, self)
            shortcut.setContext(context)
            shortcut.activated.connect(slot)

    @property
    def current(self) -> int:
        """The row of the profile that is shown, -1 for none."""
        return self.view.currentRow()

    def set_profiles(self, profiles: Sequence[Profile], current: int) -> None:
        """Show `profiles` without telling anyone; `current` is -1 for none."""
        self.view.blockSignals(True)
        self.view.clear()
        for profile in profiles:
            self.view.addItem(_item(profile))
        self.view.blockSignals(False)
        self.select(current)

    def select(self, row: int) -> None:
        """Make `row` the current one without telling anyone."""
        self.view.blockSignals(True)
        self.view.setCurrentRow(row)
        if row < 0:
            self.view.clearSelection()
        self.view.blockSignals(False)
        self._duplicate.setEnabled(row >= 0)
        self._delete.setEnabled(row >= 0)
        self.view.viewport().update()

    def set_edited(self, edited: bool) -> None:
        """Mark the current profile as changed and not saved, or take the mark away."""
        item = self.view.currentItem()
        if item is not None and item.data(_EDITED) != edited:
            item.setData(_EDITED, edited)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, _spoken(item))

    def offer_undo(self, name: str) -> None:
        """Offer to bring a deleted profile back; an empty name withdraws the offer."""
        text = tr("“{name}” was deleted.").format(name=name) if name else ""
        self._undo.say(text, is_problem=False, action=tr("Undo"), shortcut=tr("Bring it back (Ctrl+Z)"))

    @property
    def undo_text(self) -> str:
        """What is offered to be undone; empty where nothing is."""
        return self._undo.text

    @Slot(int)
    def _tell_chosen(self, row: int) -> None:
        if row >= 0:
            self.chosen.emit(row)

    @Slot()
    def _tell_connect(self) -> None:
        self.connect_wanted.emit()

    @Slot()
    def _tell_undo(self) -> None:
        if self.undo_text:
            self.undo_wanted.emit()

    @Slot()
    def _move_up(self) -> None:
        self.move_wanted.emit(-1)

    @Slot()
    def _move_down(self) -> None:
        self.move_wanted.emit(1)


def place_of(profile: Profile) -> str:
    """Return where the gateway of a profile is, fit for a person."""
    try:
        return profile.location.shown.removeprefix("sqlite:///")
    except UnsupportedDatabaseError:
        return mask_url(profile.database)


def _item(profile: Profile) -> QListWidgetItem:
    item = QListWidgetItem(visible(profile.name))
    item.setData(_PLACE, place_of(profile))
    item.setData(_COLOUR, profile.colour)
    item.setData(_EDITED, False)
    item.setToolTip(plain_tip(f"{item.text()}: {place_of(profile)}"))
    item.setData(Qt.ItemDataRole.AccessibleTextRole, _spoken(item))
    return item


def _spoken(item: QListWidgetItem) -> str:
    name = _name(item.text(), bool(item.data(_EDITED)))
    return f"{name}, {colour_word(item.data(_COLOUR))}, {item.data(_PLACE)}"


def _name(name: str, edited: bool) -> str:
    return tr("{name} (edited)").format(name=name) if edited else name


class _View(QListWidget):
    """The list itself, with a hint where it is empty."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Connections"))
        self.setItemDelegate(_Delegate(self))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Take the keyboard, but choose nothing by it, as Qt would: that would leave a new connection."""
        chosen = self.currentRow()
        self.blockSignals(True)
        super().focusInEvent(event)
        self.setCurrentRow(chosen)
        self.blockSignals(False)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the rows, or what to do where there are none."""
        super().paintEvent(event)
        if self.count():
            return
        painter = QPainter(self.viewport())
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        area = self.viewport().rect().adjusted(18, 18, -18, -18)
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        hint = tr(
            "No connections yet.\n\nFill in the form, paste a URL, or drop a gateway's .env or its database here."
        )
        painter.drawText(area, flags, hint)
        painter.end()


class _Delegate(QStyledItemDelegate):
    """Draws the dot, the name, and in small muted type the place."""

    def sizeHint(self, option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Return room for two lines."""
        height = QFontMetrics(option.font).height() + QFontMetrics(_small(option.font)).height()
        return QSize(0, height + 2 * 6 + 2)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw a row."""
        style = self._view.style()
        style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, self._view)
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        role = QPalette.ColorRole.HighlightedText if is_selected else QPalette.ColorRole.Text
        muted = role if is_selected else QPalette.ColorRole.PlaceholderText
        area, metrics = option.rect, QFontMetrics(option.font)
        left = area.left() + _MARGIN
        text = QRect(QPoint(left + _DOT + _GAP, area.top() + 6), QSize(0, metrics.height()))
        text.setRight(area.right() - _MARGIN)
        self._paint_dot(painter, QRectF(left, text.center().y() - _DOT / 2 + 1, _DOT, _DOT), index, is_selected)
        painter.save()
        name = _name(str(index.data()), bool(index.data(_EDITED)))
        _draw(painter, text, name, option.font, option.palette.color(role))
        text.translate(0, metrics.height() + 2)
        _draw(painter, text, str(index.data(_PLACE)), _small(option.font), option.palette.color(muted))
        painter.restore()

    @property
    def _view(self) -> QWidget:
        parent = self.parent()
        assert isinstance(parent, QWidget)  # noqa: S101
        return parent

    def _paint_dot(
        self, painter: QPainter, area: QRectF, index: QModelIndex | QPersistentModelIndex, is_selected: bool
    ) -> None:
        colour = str(index.data(_COLOUR))
        palette = self._view.palette()
        if is_selected:  # a ring, or some colours would be lost on the ground of what is selected
            paint_dot(painter, area.adjusted(-2, -2, 2, 2), palette.color(QPalette.ColorRole.Base))
        paint_dot(painter, area, profile_colour(colour if colour in COLOURS else COLOURS[0], palette))


def _small(font: QFont) -> QFont:
    small = QFont(font)
    small.setPointSizeF(font.pointSizeF() * _SMALL)
    return small


def _draw(painter: QPainter, area: QRect, text: str, font: QFont, colour: QColor) -> None:
    painter.setFont(font)
    painter.setPen(colour)
    shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideMiddle, area.width())
    painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)
