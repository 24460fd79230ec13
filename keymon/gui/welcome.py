"""What the window shows before any gateway has been named."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QVBoxLayout, QWidget

from keymon.gui.translation import tr

_ICON = 72


class WelcomePage(QWidget):
    """Four ways to a gateway."""

    connection_wanted = Signal()
    file_wanted = Signal()
    env_wanted = Signal()
    demo_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = QLabel(tr("Which gateway shall keymon watch?"))
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setBold(True)
        title.setFont(font)
        note = QLabel(tr("Its database is only ever read, never written and never held."))
        note.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        icon = QLabel()
        icon.setPixmap(QApplication.windowIcon().pixmap(_ICON, _ICON))
        icon.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addStretch(2)
        layout.addWidget(icon)
        for label in (title, note):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(label)
        layout.addSpacing(14)
        for text, signal in (
            (tr("&Connect to a gateway…"), self.connection_wanted),
            (tr("Open a gateway's &database…"), self.file_wanted),
            (tr("Open by a gateway's .&env…"), self.env_wanted),
            (tr("Look at the &sample gateway"), self.demo_wanted),
        ):
            button = QPushButton(text)
            button.setMinimumWidth(280)
            button.clicked.connect(signal)
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(3)
