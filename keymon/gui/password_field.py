"""A field for a password, masked unless the operator wants to see it."""

from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from keymon.gui.lapse import Lapse
from keymon.gui.translation import tr

_SHOWN_MS = 30_000


class PasswordField(QWidget):
    """The field `edit` and a button that shows what is in it, for half a minute."""

    def __init__(self, name: str, parent: QWidget | None = None, shown_ms: int = _SHOWN_MS) -> None:
        super().__init__(parent)
        self.edit = QLineEdit()
        self.edit.setAccessibleName(name)
        self._show = QPushButton()
        self._show.setCheckable(True)
        self._show.setAutoDefault(False)
        self._show.setToolTip(tr("Show what is typed as the password"))
        self._show.toggled.connect(self._reveal)
        self._shown = Lapse(shown_ms, self)
        self._shown.passed.connect(self.cover)
        self._reveal(False)
        self._show.setMinimumWidth(self._show.sizeHint().width())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.edit, 1)
        layout.addWidget(self._show)
        self.setFocusProxy(self.edit)

    def set_password(self, password: str) -> None:
        """Put another password into the field, masked; what could be undone is forgotten."""
        self.cover()
        self.edit.setText(password)

    def cover(self) -> None:
        """Show nothing of it any more."""
        self._show.setChecked(False)

    def hideEvent(self, event: QHideEvent) -> None:
        """Be masked when the field is seen again."""
        self.cover()
        super().hideEvent(event)

    def _reveal(self, shown: bool) -> None:
        self.edit.setEchoMode(QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password)
        self._show.setText(tr("&Hide") if shown else tr("Sh&ow"))
        if shown:
            self._shown.start()
        else:
            self._shown.stop()
