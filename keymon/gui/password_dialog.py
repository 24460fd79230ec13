"""Asks for the password of one account."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from keymon.gui.note_bar import NoteBar
from keymon.gui.password_field import PasswordField
from keymon.gui.translation import error_cause, tr
from keymon.masking import visible

_WIDTH = 420


class PasswordDialog(QDialog):
    """`entered(password, keep)` is emitted on OK; `keep` tells whether the keyring is to keep it.

    `name` is that of the connection, `account` is `ServerLocation.account`. `can_keep` tells whether there is a
    keyring, which takes time to find out. `refused` is why the password before this one was no good.
    """

    entered = Signal(str, bool)

    def __init__(
        self,
        name: str,
        account: str,
        can_keep: bool,
        refused: BaseException | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("password")
        self.setWindowTitle(tr("Password – keymon"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        question = _label(tr("The password of {account}").format(account=visible(account, 100)))
        font = question.font()
        font.setBold(True)
        question.setFont(font)
        purpose = _label(tr("For the connection “{name}”.").format(name=visible(name, 60)))
        purpose.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        reason = NoteBar()
        if refused is not None:
            reason.say(error_cause(refused))
        self.field = PasswordField(tr("Password"))
        self.keep = QCheckBox(tr("&Keep it in this desktop's keyring"))
        self.keep.setVisible(can_keep)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(8)
        for widget in (question, purpose, reason, self.field, self.keep):
            layout.addWidget(widget)
        layout.addSpacing(6)
        layout.addStretch(1)
        layout.addWidget(buttons)
        self.setMinimumWidth(_WIDTH)
        self.field.setFocus()

    def done(self, result: int) -> None:
        """Tell the answer, and leave none of it in the field."""
        password = self.field.edit.text()
        self.field.set_password("")
        if result == QDialog.DialogCode.Accepted:
            self.entered.emit(password, self.keep.isChecked() and not self.keep.isHidden())
        super().done(result)


def _label(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label
