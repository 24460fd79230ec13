"""The dialog that asks for one password: what it says, what it tells, and what it leaves behind."""

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialogButtonBox, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from keymon import errors
from keymon.config import Profile
from keymon.gui.password_dialog import PasswordDialog
from tests.gui.connections import enter

PROFILE = Profile("Production", "mysql://reader@db.example.org/gateway")
REFUSED = errors.AccountRefusedError(database="mysql://reader@db.example.org/gateway", reason="wrong password")
Make = Callable[..., PasswordDialog]


@pytest.fixture
def make(qtbot: QtBot) -> Iterator[Make]:
    made: list[PasswordDialog] = []

    def make(can_keep: bool = True, refused: BaseException | None = None) -> PasswordDialog:
        dialog = PasswordDialog(PROFILE.name, "reader@db.example.org:3306", can_keep, refused)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        made.append(dialog)
        dialog.show()
        return dialog

    yield make
    for dialog in made:
        dialog.close()
        dialog.deleteLater()


def texts(dialog: PasswordDialog) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(QLabel) if label.isVisible())


def test_it_says_whose_password_is_asked_for(make: Make) -> None:
    dialog = make()
    assert texts(dialog) == "The password of reader@db.example.org:3306\nFor the connection “Production”."
    assert dialog.focusWidget() is dialog.field.edit
    assert dialog.field.edit.accessibleName() == "Password"


def test_it_says_why_the_last_one_was_no_good(make: Make) -> None:
    assert "The server refuses the account (wrong password)" in texts(make(refused=REFUSED))


@pytest.mark.parametrize(
    ("can_keep", "checked", "keep"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_enter_tells_the_password(qtbot: QtBot, make: Make, can_keep: bool, checked: bool, keep: bool) -> None:
    dialog = make(can_keep)
    assert dialog.keep.isVisible() == can_keep
    dialog.keep.setChecked(checked)
    enter(dialog.field.edit, "pw-canary")
    with qtbot.waitSignal(dialog.entered) as told:
        QTest.keyClick(dialog.field.edit, Qt.Key.Key_Return)
    assert told.args == ["pw-canary", keep]
    assert not dialog.isVisible()


def test_an_account_may_have_an_empty_password(qtbot: QtBot, make: Make) -> None:
    dialog = make()
    buttons = dialog.findChild(QDialogButtonBox)
    assert isinstance(buttons, QDialogButtonBox)
    with qtbot.waitSignal(dialog.entered) as told:
        buttons.button(QDialogButtonBox.StandardButton.Ok).click()
    assert told.args == ["", False]


def test_cancel_tells_nothing(qtbot: QtBot, make: Make) -> None:
    dialog = make()
    enter(dialog.field.edit, "pw-canary")
    with qtbot.assertNotEmitted(dialog.entered):
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


@pytest.mark.parametrize("accepted", [True, False])
def test_the_password_is_nowhere_to_be_found(make: Make, accepted: bool) -> None:
    dialog = make()
    enter(dialog.field.edit, "pw-canary")
    for widget in [dialog, *dialog.findChildren(QWidget)]:
        shown = [widget.windowTitle(), widget.accessibleName(), widget.accessibleDescription(), widget.toolTip()]
        shown += [widget.displayText()] if isinstance(widget, QLineEdit) else []
        assert "canary" not in " ".join(shown)
    (dialog.accept if accepted else dialog.reject)()
    assert dialog.field.edit.text() == ""
    dialog.field.edit.undo()
    assert dialog.field.edit.text() == ""
