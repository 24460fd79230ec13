"""A field for a password, masked unless the operator wants to see it."""

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from keymon.gui.translation import tr


class PasswordField(QWidget):
    """The field `edit` and a button that shows what is in it."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.edit = QLineEdit()
        self.edit.setAccessibleName(name)
        self._show = QPushButton()
        self._show.setCheckable(True)
        self._show.setAutoDefault(False)
        self._show.setToolTip(tr("Show what is typed as the password"))
        self._show.toggled.connect(self._reveal)
        self._reveal(False)
        self._show.setMinimumWidth(self._show.sizeHint().width())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.edit, 1)
        layout.addWidget(self._show)
        self.setFocusProxy(self.edit)

    def set_password(self, password: str) -> None:
        """Put another password into the field, masked; what could be undone is forgotten."""
        self._show.setChecked(False)
        self.edit.setText(password)

    def _reveal(self, shown: bool) -> None:
        self.edit.setEchoMode(QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password)
        self._show.setText(tr("&Hide") if shown else tr("Sh&ow"))
