"""The trend of the whole gateway as a panel."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QPushButton, QWidget

from keymon.gui.translation import tr
from keymon.gui.trend_view import TrendView


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

    @Slot()
    def _export(self) -> None:
        self.export_wanted.emit()
