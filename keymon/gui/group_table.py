"""The table of groups of errors, of which one can be chosen."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QItemSelectionModel, Qt
from PySide6.QtGui import QKeySequence

from keymon.gui.error_columns import GROUPS
from keymon.gui.row_model import Index
from keymon.gui.row_table import RowTable
from keymon.gui.translation import tr

if TYPE_CHECKING:
    from keymon.error_groups import ErrorGroup


class GroupTable(RowTable):
    """Groups by message; a click on the one that is chosen, or Esc, lets go of it."""

    def __init__(self) -> None:
        super().__init__("errorGroups", tr("Errors by message"), GROUPS, same=_message)
        self.setSelectionMode(RowTable.SelectionMode.SingleSelection)
        self.let_go = self.add_action(tr("All messages"), [QKeySequence(Qt.Key.Key_Escape)], self.clearSelection)

    def selectionCommand(self, index: Index, event: QEvent | None = None) -> QItemSelectionModel.SelectionFlag:
        """Let go of the group that is clicked on once more."""
        is_press = event is not None and event.type() == QEvent.Type.MouseButtonPress
        if is_press and self.selectionModel().isSelected(index):
            return QItemSelectionModel.SelectionFlag.Clear
        return super().selectionCommand(index, event)


def _message(group: "ErrorGroup") -> str:
    return group.message
