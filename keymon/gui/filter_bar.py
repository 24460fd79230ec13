"""Filters of the tables of keys: a button whose popup sets them, and a chip for each that is active.

What is filtered can always be seen: a chip says it in words, and a click on it lifts the filter.
"""

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from keymon.gui.key_filter import NO_FILTER, KeyFilter
from keymon.gui.reason_shape import reason_word
from keymon.gui.translation import number, tr
from keymon.reason import REASONS

if TYPE_CHECKING:
    from collections.abc import Iterable

_STATUSES = ("400", "401", "403", "404", "408", "429", "500", "502", "503", "504")


class FilterButton(QPushButton):
    """Opens the popup; `changed(KeyFilter)` tells of every change."""

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Filter…"), parent)
        self.setToolTip(tr("Show only some of the keys (Ctrl+Shift+F)"))
        self.filter = NO_FILTER
        self.popup = QFrame(self, Qt.WindowType.Popup)
        self.popup.setObjectName("filters")
        self.popup.setFrameShape(QFrame.Shape.StyledPanel)
        self.popup.setAccessibleName(tr("Filters"))
        self._counts = {
            "failures": _count(999, tr("any")),
            "failed": _count(999_999, tr("any")),
            "unused_hours": _count(24, tr("any")),
        }
        self._choices = {
            "kind": _choice((("gemini", "Gemini"), ("vertex", "Vertex"))),
            "reason": _choice((reason, reason_word(reason)) for reason in REASONS),
            "status": _choice(
                (*((status, status) for status in _STATUSES), ("text", tr("network error")), ("null", tr("no status")))
            ),
        }
        self._lay_out()
        self.clicked.connect(self.open)

    def _lay_out(self) -> None:
        rows = {
            "failures": tr("Failure count at least"),
            "failed": tr("Failed calls in 24 h at least"),
            "unused_hours": tr("Unused for hours"),
            "kind": tr("Kind"),
            "reason": tr("Reason"),
            "status": tr("Failed in 24 h with status"),
        }
        form = QFormLayout()
        for name, text in rows.items():
            field = self._counts.get(name) or self._choices[name]
            field.setAccessibleName(text)
            form.addRow(text, field)
        for box in self._counts.values():
            box.valueChanged.connect(self._read)
        for choice in self._choices.values():
            choice.currentIndexChanged.connect(self._read)
        clear = QPushButton(tr("Clear all"))
        clear.clicked.connect(self.clear)
        layout = QVBoxLayout(self.popup)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.addLayout(form)
        layout.addWidget(clear, 0, Qt.AlignmentFlag.AlignRight)

    def open(self) -> None:
        """Show the popup below the button."""
        self.popup.adjustSize()
        below = self.mapToGlobal(QPoint(self.width() - self.popup.width(), self.height() + 2))
        self.popup.move(below)
        self.popup.show()
        self._counts["failures"].setFocus()
        self._counts["failures"].selectAll()  # a number that is typed replaces the word

    def set_filter(self, wanted: KeyFilter) -> None:
        """Filter by what is wanted."""
        for name, box in self._counts.items():
            with QSignalBlocker(box):
                box.setValue(getattr(wanted, name))
        for name, choice in self._choices.items():
            with QSignalBlocker(choice):
                choice.setCurrentIndex(choice.findData(getattr(wanted, name) or ""))
        self._change(wanted)

    def clear(self) -> None:
        """Show all keys."""
        self.set_filter(NO_FILTER)

    def _read(self) -> None:
        wanted: dict[str, Any] = {name: box.value() for name, box in self._counts.items()}
        wanted |= {name: choice.currentData() for name, choice in self._choices.items()}
        self._change(KeyFilter(**(wanted | {"reason": wanted["reason"] or None})))

    def _change(self, wanted: KeyFilter) -> None:
        if wanted != self.filter:
            self.filter = wanted
            self.changed.emit(wanted)


class FilterChips(QWidget):
    """A chip for each active filter; `lifted(KeyFilter)` gives what is left when one is clicked."""

    lifted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)
        self._layout.addStretch(1)
        self.chips: list[QToolButton] = []
        self.hide()

    def show_filter(self, wanted: KeyFilter) -> None:
        """Show what is filtered by; nothing where all keys are shown."""
        for chip in self.chips:
            chip.hide()
            chip.deleteLater()
        self.chips = []
        for name in (field.name for field in fields(wanted)):
            if getattr(wanted, name):
                self._add(_words(name, getattr(wanted, name)), replace(wanted, **{name: getattr(NO_FILTER, name)}))
        self.setVisible(bool(self.chips))

    def _add(self, text: str, without: KeyFilter) -> None:
        chip = QToolButton()
        chip.setText(f"{text}  ✕")
        chip.setToolTip(tr("Lift this filter"))
        chip.setAccessibleName(tr("Filter: {text}. Press to lift it").format(text=text))
        chip.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        chip.clicked.connect(lambda: self.lifted.emit(without))
        self._layout.insertWidget(len(self.chips), chip)
        self.chips.append(chip)


def _count(most: int, none: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(0, most)
    box.setSpecialValueText(none)
    return box


def _choice(items: "Iterable[tuple[str, str]]") -> QComboBox:
    choice = QComboBox()
    choice.addItem(tr("any"), "")
    for value, text in items:
        choice.addItem(text, value)
    return choice


def _words(name: str, value: int | str) -> str:
    """Return an active filter in words."""
    if isinstance(value, int):
        words = {
            "failures": tr("failures ≥ {n}"),
            "failed": tr("failed calls ≥ {n}"),
            "unused_hours": tr("unused for {n} h"),
        }
        return words[name].format(n=number(value))
    if name == "kind":
        return {"gemini": "Gemini", "vertex": "Vertex"}[value]
    if name == "reason":
        return next(reason_word(reason) for reason in REASONS if reason == value)
    status = {"text": tr("network error"), "null": tr("no status")}.get(value, value)
    return tr("failed with {status}").format(status=status)
