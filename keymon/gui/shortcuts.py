"""The list of keyboard shortcuts, in two columns, because the menus do not show those that belong to tables."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from keymon.gui.translation import tr


class ShortcutsDialog(QDialog):
    """Keys on the left, what they do on the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shortcuts")
        self.setWindowTitle(tr("Keyboard shortcuts"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        form = QFormLayout()
        form.setHorizontalSpacing(24)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        for keys, text in _shortcuts():
            name = QLabel(keys)
            font = name.font()
            font.setBold(True)
            name.setFont(font)
            form.addRow(name, QLabel(text))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 14)
        layout.setSpacing(16)
        layout.addLayout(form)
        layout.addWidget(buttons)


def _shortcuts() -> list[tuple[str, str]]:
    return [
        ("F1", tr("This list")),
        ("F5", tr("Refresh now")),
        ("Ctrl+P", tr("Pause or go on refreshing")),
        ("Ctrl+F", tr("Search")),
        ("Enter", tr("Details of the current key")),
        ("Ctrl+C", tr("Copy the selected keys in full")),
        ("Ctrl+Shift+C", tr("Copy the selected rows, keys masked")),
        ("Ctrl+A", tr("Select all keys of the table")),
        ("Ctrl+L", tr("Connections: new, edit, test, delete")),
        ("Ctrl+1", tr("Switch to the first profile, Ctrl+2 to the second, and so on")),
        ("Ctrl+O", tr("Open a gateway's database")),
        ("Ctrl+E", tr("Open by a gateway's .env")),
        ("Ctrl+Shift+E", tr("Export the keys, or the details that are in front")),
        ("Ctrl+T", tr("Set the gateway's time zone")),
        ("Esc", tr("Close the details")),
        ("Ctrl+Q", tr("Quit")),
    ]
