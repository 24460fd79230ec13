"""A box to choose one value from; what there is to choose may change while something is chosen."""

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QSizePolicy, QWidget

from keymon.gui.translation import shown_model, tr

MOST_CHOICES = 500

Value = int | str | None


class ChoiceBox(QComboBox):
    """Offers `everything`, which is no value, and then values. `chosen()` is told when another one is chosen."""

    chosen = Signal()

    def __init__(self, name: str, everything: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(9)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._values: list[tuple[Value] | None] = [None]
        self.addItem(everything)
        self.activated.connect(self.chosen)

    @property
    def choice(self) -> tuple[Value] | None:
        """The value that is chosen, in a tuple because None may be one; None where any will do."""
        return self._values[max(self.currentIndex(), 0)]

    def offer(self, values: Iterable[tuple[Value, str]]) -> None:
        """Offer values, each with how it is shown, besides the one that is chosen."""
        offered: dict[tuple[Value], str] = {(value,): text for value, text in list(values)[:MOST_CHOICES]}
        chosen = self.choice
        if chosen is not None:
            offered.setdefault(chosen, self.currentText())
        if self._values[1:] == list(offered):
            return
        everything = self.itemText(0)
        self._values = [None, *offered]
        self.clear()
        self.addItems([everything, *offered.values()])
        self.setCurrentIndex(self._values.index(chosen))

    def choose(self, choice: tuple[Value] | None) -> None:
        """Choose a value that is offered."""
        self.setCurrentIndex(self._values.index(choice))
        self.chosen.emit()


def models(names: Iterable[str | None]) -> list[tuple[Value, str]]:
    """Return models to offer: by name, the unknown one last."""
    return [(name, shown_model(name, 60)) for name in sorted(set(names), key=lambda name: (name is None, name or ""))]


def statuses(codes: Iterable[Value]) -> list[tuple[Value, str]]:
    """Return statuses to offer: numbers first."""
    from keymon.gui.evidence import status_name

    def order(code: Value) -> tuple[int, int, str]:
        return (0, code, "") if isinstance(code, int) else (1, 0, "" if code is None else code)

    return [(code, status_name(code)) for code in sorted(set(codes), key=order)]


def periods() -> list[tuple[str, int]]:
    """Return the periods to choose from, each with its hours."""
    return [(tr("Last hour"), 1), (tr("Last 8 hours"), 8), (tr("Last 24 hours"), 24)]
