"""Which errors are wanted: by period, key, text, model and code."""

from datetime import timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QWidget

from keymon.gui import choices
from keymon.gui.choices import ChoiceBox
from keymon.gui.translation import tr

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keymon.error_browser import ErrorFilter, ErrorRow
    from keymon.monitor import Snapshot


class ErrorFilters(QWidget):
    """A row of fields; `changed()` is told when any of them is."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pinned: str | None = None
        self._models: set[str | None] = set()
        self._codes: set[int | str | None] = set()
        self.period = QComboBox()
        self.period.setAccessibleName(tr("Period"))
        for text, hours in (*choices.periods(), (tr("Last 7 days"), 7 * 24), (tr("Any time"), 0)):
            self.period.addItem(text, hours)
        self.period.setCurrentIndex(2)
        self.period.activated.connect(self.changed)
        self.ending = self._field(tr("Key or its ending"))
        self.text = self._field(tr("Text"))
        self.model = ChoiceBox(tr("Model"), tr("All models"))
        self.code = ChoiceBox(tr("Code"), tr("All codes"))
        for box in (self.model, self.code):
            box.chosen.connect(self.changed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.period)
        row.addWidget(self.text, 2)
        row.addWidget(self.ending, 1)
        row.addWidget(self.model)
        row.addWidget(self.code)

    def _field(self, name: str) -> QLineEdit:
        field = QLineEdit()
        field.setPlaceholderText(name)
        field.setAccessibleName(name)
        field.setClearButtonEnabled(True)
        field.setMinimumWidth(90)
        field.setMaxLength(400)
        field.textChanged.connect(self.changed)
        return field

    def set_key(self, key: str | None) -> None:
        """Want the errors of `key` only, or of all keys."""
        self._pinned = key
        self.ending.setVisible(key is None)

    def offer(self, snapshot: "Snapshot") -> None:
        """Offer what the calls of `snapshot` know of."""
        self._models.update(snapshot.stats.model_names)
        self._codes.update(snapshot.stats.failures())
        self._offer()

    def see(self, rows: "Iterable[ErrorRow]") -> None:
        """Offer what has been found in errors, too."""
        for row in rows:
            self._models.add(row.model)
            self._codes.add(row.code)
        self._offer()

    def _offer(self) -> None:
        self.model.offer(choices.models(self._models))
        self.code.offer(choices.statuses(self._codes))

    @property
    def is_filtering(self) -> bool:
        """Whether anything but the period and the one key is asked for."""
        fields = () if self._pinned is not None else (self.ending.text().strip(),)
        return bool(self.text.text() or any(fields) or self.model.choice or self.code.choice)

    def wanted(self, snapshot: "Snapshot") -> "ErrorFilter":
        """Return what is wanted; periods end with `snapshot`."""
        from keymon.error_browser import ErrorFilter

        model, hours = self.model.choice, int(self.period.currentData())
        return ErrorFilter(
            ending=self._pinned if self._pinned is not None else self.ending.text().strip(),
            text=self.text.text(),
            code=self.code.choice,
            model=None if model is None else (None if model[0] is None else str(model[0]),),
            since=snapshot.as_of - timedelta(hours=hours) if hours else None,
        )
