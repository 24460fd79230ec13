"""What the tests of the dialog of connections share: a store of profiles, a keyring of our own, the dialog on them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import keyring
import pytest
from keyring.backends import fail
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMessageBox
from pytestqt.qtbot import QtBot

from keymon.config import Profile, ProfileStore
from keymon.gui.connection_dialog import ConnectionDialog
from keymon.gui.password_dialog import PasswordDialog
from keymon.passwords import SERVICE, Passwords
from tests.keyrings import MemoryKeyring

PRODUCTION = Profile("Production", "mysql://reader@db.example.org/gateway", "red")
STAGING = Profile("Staging", "mysql://reader@10.0.4.12:3307/gateway", "orange", "Asia/Shanghai", 10)
AT_HOME = Profile("At home", "/srv/gateway/default_db", "green")
THREE = (PRODUCTION, STAGING, AT_HOME)


class Connections:
    """A file of profiles, a keyring, and dialogs on them. `connected` are the profiles that were to be connected to."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self.qtbot = qtbot
        self.store = ProfileStore(folder / "config" / "profiles.toml")
        self.passwords = Passwords()
        self.keyring = MemoryKeyring()
        self.connected: list[Profile] = []
        self._opened: list[ConnectionDialog] = []

    def open(self, *profiles: Profile, current: str = "") -> ConnectionDialog:
        """Open a dialog on `profiles`, and wait until it knows about the keyring and the zones."""
        if profiles:
            self.store.change(lambda _before: profiles)
        dialog = ConnectionDialog(self.store, self.passwords, current)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        dialog.connect_wanted.connect(self.connected.append)
        self._opened.append(dialog)
        dialog.show()
        self.qtbot.waitExposed(dialog)
        dialog.activateWindow()
        self.wait(lambda: dialog.errands.is_idle)
        return dialog

    def wait(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so."""
        self.qtbot.waitUntil(is_so, timeout=20_000)

    def kept(self, account: str) -> str | None:
        """Return what the keyring keeps for an account."""
        return self.keyring.kept.get((SERVICE, account))

    def keep(self, account: str, password: str) -> None:
        """Put a password into the keyring."""
        self.keyring.kept[SERVICE, account] = password

    def hold_keyring(self) -> tuple[Event, Event]:
        """Let the keyring wait when it is asked; return what tells that it is, and what lets it go on."""
        asked, go_on = Event(), Event()

        def before() -> None:
            asked.set()
            go_on.wait(20)

        self.keyring.before = before
        return asked, go_on

    def names(self) -> list[str]:
        """Return the names in the file."""
        return [profile.name for profile in self.store.load()]

    def close(self) -> None:
        """Close what is open, without a question."""
        for dialog in self._opened:
            dialog.accept()
            dialog.deleteLater()


@pytest.fixture
def connections(qtbot: QtBot, tmp_path: Path) -> Iterator[Connections]:
    made = Connections(qtbot, tmp_path)
    keyring.set_keyring(made.keyring)
    yield made
    made.close()
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]
    QGuiApplication.clipboard().clear()


def enter(line: QLineEdit, text: str) -> None:
    """Type `text` into a line in place of what is there."""
    line.setFocus()
    line.selectAll()
    QTest.keyClick(line, Qt.Key.Key_Delete)
    QTest.keyClicks(line, text)


def paste(line: QLineEdit, text: str) -> None:
    """Paste `text` into a line in place of what is there."""
    QGuiApplication.clipboard().setText(text)
    line.setFocus()
    line.selectAll()
    QTest.keyClick(line, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)


def drop(dialog: ConnectionDialog, text: str = "", file: Path | None = None) -> None:
    """Drop a text or a file on the dialog."""
    data = QMimeData()
    if file is None:
        data.setText(text)
    else:
        data.setUrls([QUrl.fromLocalFile(str(file))])
    buttons, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    copy = Qt.DropAction.CopyAction
    QApplication.sendEvent(dialog, QDragEnterEvent(QPoint(5, 5), copy, data, buttons, none))
    QApplication.sendEvent(dialog, QDropEvent(QPointF(5, 5), copy, data, buttons, none))


def choose(connections: Connections, dialog: ConnectionDialog, row: int) -> None:
    """Click at a row of the list."""
    view = dialog.list.view
    rect = view.visualItemRect(view.item(row))
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
    QApplication.processEvents()


def question(dialog: ConnectionDialog) -> QMessageBox | None:
    """Return the question that is asked before changes are lost, if it is asked."""
    return next((box for box in dialog.findChildren(QMessageBox) if box.isVisible()), None)


def answer(dialog: ConnectionDialog, button: QMessageBox.StandardButton) -> None:
    """Answer that question."""
    box = question(dialog)
    assert box is not None
    box.button(button).click()


def asked_password(dialog: ConnectionDialog) -> PasswordDialog | None:
    """Return the dialog that asks for a password, if there is one."""
    return next((one for one in dialog.findChildren(PasswordDialog) if one.isVisible()), None)
