"""Finds every text of a window: of its widgets, actions and models, of the accessibility tree, and what is painted.

Where a text is seen is told beside it, and whether Qt would read markup or mnemonics out of it there.
"""

import html
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractListModel,
    QBuffer,
    QByteArray,
    QIODevice,
    QModelIndex,
    QObject,
    QPoint,
    Qt,
)
from PySide6.QtGui import QAccessible, QAccessibleInterface, QAction, QPainter
from PySide6.QtGui import Qt as GuiQt  # where mightBeRichText is
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QGroupBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QMessageBox,
    QPlainTextEdit,
    QProgressBar,
    QStatusBar,
    QTabBar,
    QTextEdit,
    QToolTip,
    QWidget,
)

_Role = Qt.ItemDataRole
_ROLES = {
    "text": _Role.DisplayRole,
    "tip": _Role.ToolTipRole,
    "status tip": _Role.StatusTipRole,
    "what's this": _Role.WhatsThisRole,
    "accessible name": _Role.AccessibleTextRole,
    "accessible description": _Role.AccessibleDescriptionRole,
}
_GUESSED = {"tip", "what's this"}
"""What Qt takes for markup where it looks like that."""
_DEEPEST = 40
_ESCAPED = re.compile(r"<qt>((?:[^<>]|<br>)*)</qt>")
_DRAWN = re.compile(rb"<text\b[^>]*>(.*?)</text>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Shown:
    """A text and where it is; `is_rich` where Qt takes it for markup, `has_mnemonics` where it takes an & for one.

    Of what is painted a letter that is underlined as a mnemonic is a text of its own.
    """

    where: str
    text: str
    is_rich: bool = False
    has_mnemonics: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.text[:300]!r}"


def texts_everywhere() -> Iterator[Shown]:
    """Yield all texts of all windows there are, be they seen or not, and of the tooltip that is shown."""
    for window in QApplication.topLevelWidgets():
        if window.parent() is None:
            yield from texts_of(window)
    if QToolTip.isVisible():
        yield _guessed("the tooltip", QToolTip.text())


def texts_of(window: QWidget) -> Iterator[Shown]:
    """Yield all texts of a window, of its dialogs and menus, of the accessibility tree, and what is painted."""
    widgets: list[QWidget] = [window, *window.findChildren(QWidget)]
    for widget in widgets:
        yield from _filled(texts_of_widget(widget))
    actions = chain.from_iterable(widget.actions() for widget in widgets)
    for action in {id(one): one for one in chain(actions, window.findChildren(QAction))}.values():
        yield from _filled(_of_action(action))
    yield from accessible_texts(window)
    for widget in widgets:
        if widget.isWindow() and widget.isVisible():
            yield from accessible_texts(widget)
            yield from painted_texts(widget)


def texts_of_widget(widget: QWidget) -> Iterator[Shown]:
    """Yield the texts of one widget, without those of its children."""
    where = _name_of(widget)
    yield Shown(f"{where} window title", widget.windowTitle())
    yield _guessed(f"{where} tip", widget.toolTip())
    yield _guessed(f"{where} what's this", widget.whatsThis())
    yield Shown(f"{where} status tip", widget.statusTip())
    yield Shown(f"{where} accessible name", widget.accessibleName())
    yield Shown(f"{where} accessible description", widget.accessibleDescription())
    for kind, texts in _KINDS.items():
        if isinstance(widget, kind):
            yield from texts(where, widget)


def texts_of_model(where: str, model: QAbstractItemModel) -> Iterator[Shown]:
    """Yield the texts of all cells and headers of a model."""
    for orientation in Qt.Orientation:
        horizontal = orientation == Qt.Orientation.Horizontal
        for section in range(_columns_of(model, QModelIndex()) if horizontal else model.rowCount()):
            at = f"{where} header {section}"
            yield from _of_roles(at, partial(model.headerData, section, orientation))
    yield from _of_cells(where, model, QModelIndex())


def _columns_of(model: QAbstractItemModel, parent: QModelIndex) -> int:
    return 1 if isinstance(model, QAbstractListModel) else model.columnCount(parent)  # a list hides how many it has


def accessible_texts(widget: QWidget) -> Iterator[Shown]:
    """Yield what a screen reader is told of a widget and of what is in it."""
    root = QAccessible.queryAccessibleInterface(widget)
    if root is not None:
        yield from _filled(_of_interface(f"accessible {_name_of(widget)}", root, 0))


def painted_texts(widget: QWidget) -> Iterator[Shown]:
    """Yield the texts that a widget, with all that is in it, paints: letter by letter as they are seen, elided."""
    content = QByteArray()
    device = QBuffer(content)
    device.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(device)
    generator.setSize(widget.size())
    painter = QPainter(generator)
    widget.render(painter, QPoint())
    painter.end()
    device.close()
    for found in _DRAWN.finditer(bytes(content.data())):
        yield Shown(f"painted in {_name_of(widget)}", html.unescape(found.group(1).decode("utf-8", "backslashreplace")))


def _filled(texts: Iterable[Shown]) -> Iterator[Shown]:
    return (one for one in texts if one.text)


def _guessed(where: str, text: str) -> Shown:
    """Return a text in which Qt looks for markup; one that is escaped as a whole, as `plain_tip` does it, has none."""
    if not GuiQt.mightBeRichText(text):
        return Shown(where, text)
    escaped = _ESCAPED.fullmatch(text)
    if escaped is None:
        return Shown(where, text, is_rich=True)
    return Shown(where, html.unescape(escaped.group(1).replace("<br>", "\n")))


def _name_of(widget: QObject) -> str:
    name = widget.objectName()
    return f"{type(widget).__name__}{f' {name!r}' if name else ''}"


def _of_label(where: str, label: QLabel) -> Iterator[Shown]:
    form, text = label.textFormat(), label.text()
    is_rich = form not in {Qt.TextFormat.PlainText, Qt.TextFormat.AutoText} or (
        form == Qt.TextFormat.AutoText and GuiQt.mightBeRichText(text)
    )
    yield Shown(where, text, is_rich, has_mnemonics=label.buddy() is not None)


def _of_combo(where: str, combo: QComboBox) -> Iterator[Shown]:
    yield from texts_of_model(f"{where} items", combo.model())
    yield Shown(f"{where} placeholder", combo.placeholderText())
    yield Shown(f"{where} current text", combo.currentText())


def _of_line(where: str, line: QLineEdit) -> Iterator[Shown]:
    yield Shown(where, line.displayText())
    yield Shown(f"{where} placeholder", line.placeholderText())


def _of_tabs(where: str, bar: QTabBar) -> Iterator[Shown]:
    for tab in range(bar.count()):
        yield Shown(f"{where} tab", bar.tabText(tab), has_mnemonics=True)
        yield _guessed(f"{where} tab tip", bar.tabToolTip(tab))
        yield _guessed(f"{where} tab what's this", bar.tabWhatsThis(tab))


def _of_spin(where: str, spin: QAbstractSpinBox) -> Iterator[Shown]:
    yield Shown(where, spin.text())
    yield Shown(f"{where} special value", spin.specialValueText())


def _of_view(where: str, view: QAbstractItemView) -> Iterator[Shown]:
    if view.model() is not None and not isinstance(view, QHeaderView):
        yield from texts_of_model(where, view.model())


_KINDS: dict[type[QWidget], Callable[[str, Any], Iterator[Shown]]] = {
    QLabel: _of_label,
    QAbstractButton: lambda where, button: iter([Shown(where, button.text(), has_mnemonics=True)]),
    QLineEdit: _of_line,
    QPlainTextEdit: lambda where, edit: iter(
        [Shown(where, edit.toPlainText()), Shown(f"{where} placeholder", edit.placeholderText())]
    ),
    QTextEdit: lambda where, edit: iter(
        [Shown(where, edit.toPlainText()), Shown(f"{where} placeholder", edit.placeholderText())]
    ),
    QComboBox: _of_combo,
    QTabBar: _of_tabs,
    QGroupBox: lambda where, box: iter([Shown(where, box.title(), has_mnemonics=True)]),
    QMenu: lambda where, menu: iter([Shown(where, menu.title(), has_mnemonics=True)]),
    QMessageBox: lambda where, box: iter([Shown(f"{where} details", box.detailedText())]),
    QProgressBar: lambda where, bar: iter([Shown(where, bar.text())]),
    QAbstractSpinBox: _of_spin,
    QStatusBar: lambda where, bar: iter([Shown(f"{where} message", bar.currentMessage())]),
    QAbstractItemView: _of_view,
}


def _of_action(action: QAction) -> Iterator[Shown]:
    where = f"action {_name_of(action)}"
    # In a menu of which the tips are not shown, the tip is but the text once more.
    has_tip = any(not isinstance(one, QMenu) or one.toolTipsVisible() for one in action.associatedObjects())
    tip = _guessed(f"{where} tip", action.toolTip())
    yield Shown(where, action.text(), has_mnemonics=True)
    yield tip if has_tip else Shown(tip.where, tip.text)
    yield Shown(f"{where} status tip", action.statusTip())
    yield _guessed(f"{where} what's this", action.whatsThis())


def _of_cells(where: str, model: QAbstractItemModel, parent: QModelIndex) -> Iterator[Shown]:
    for row in range(model.rowCount(parent)):
        for column in range(_columns_of(model, parent)):
            index = model.index(row, column, parent)
            yield from _of_roles(f"{where} cell {row}, {column}", index.data)
        first = model.index(row, 0, parent)
        if model.rowCount(first):
            yield from _of_cells(where, model, first)


def _of_roles(where: str, data: Callable[[int], object]) -> Iterator[Shown]:
    for name, role in _ROLES.items():
        value = data(role)
        if isinstance(value, str) and value:
            yield _guessed(f"{where} {name}", value) if name in _GUESSED else Shown(f"{where} {name}", value)


def _of_interface(where: str, one: QAccessibleInterface, depth: int) -> Iterator[Shown]:
    if not one.isValid() or depth > _DEEPEST:
        return
    at = f"{where} › {one.role().name}" if depth else where
    for kind in QAccessible.Text:
        if kind not in {QAccessible.Text.UserText, QAccessible.Text.DebugDescription}:
            yield Shown(f"{at} {kind.name.lower()}", one.text(kind))
    for number in range(one.childCount()):
        child = one.child(number)
        if child is not None:
            yield from _of_interface(at, child, depth + 1)
