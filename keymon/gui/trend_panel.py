"""The trend of the whole gateway as a panel."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QPushButton, QWidget

from keymon.gui.period_buttons import period_of
from keymon.gui.translation import tr
from keymon.gui.trend_view import TrendView
from keymon.trend import HOUR

if TYPE_CHECKING:
    from keymon.gui.window_state import Choice


class TrendPanel(TrendView):
    """Calls of all keys over time; `export_wanted()` asks for them as a file."""

    export_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setFocusProxy(self.chart)
        export = QPushButton(tr("E&xport…"))
        export.setToolTip(tr("Export the trend"))
        export.clicked.connect(self._export)
        self.add_tool(export)

    @property
    def choices(self) -> "dict[str, Choice]":
        """What is remembered."""
        return {"hours": self.period // HOUR, "as_table": self.as_table.isChecked()}

    def choose(self, choices: "dict[str, Choice]") -> None:
        """Begin with that."""
        self.set_period(period_of(choices.get("hours"), self.period))
        self.as_table.setChecked(choices.get("as_table") is True)

    @Slot()
    def _export(self) -> None:
        self.export_wanted.emit()
