"""Keys that the operator asks for: on the clipboard and on the screen for half a minute, and no longer than keymon.

What somebody else has put on the clipboard meanwhile stays there.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QClipboard, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from keymon.gui.clipboard import LIFETIME_MS, SECRET_MARKS, SecretClipboard
from keymon.gui.details_dialog import REVEAL_MS, DetailsDialog
from keymon.gui.details_header import DetailsHeader
from keymon.gui.lapse import Lapse
from keymon.gui.password_field import PasswordField
from keymon.masking import mask_key
from tests.gateway_file import key
from tests.gui.conftest import Bench


@pytest.fixture
def secret(qtbot: QtBot) -> Iterator[SecretClipboard]:
    QGuiApplication.clipboard().clear()
    made = SecretClipboard(lifetime_ms=1)
    yield made
    made.clear()
    made.deleteLater()
    QGuiApplication.clipboard().clear()


def text() -> str:
    return QGuiApplication.clipboard().text()


def hasten(lapse: Lapse) -> None:
    """Let half a minute be over."""
    lapse.length_ms = 1
    lapse.start()


def test_keys_leave_the_clipboard_by_themselves(qtbot: QtBot, secret: SecretClipboard) -> None:
    with qtbot.waitSignal(secret.lapse.passed):
        secret.put([key(1), key(2)])
        assert text() == f"{key(1)}\n{key(2)}"
    assert text() == ""


def test_thirty_seconds_unless_told_otherwise() -> None:
    assert LIFETIME_MS == 30_000
    made = SecretClipboard()
    assert made.lapse.length_ms == LIFETIME_MS


def test_what_somebody_else_put_there_stays(qtbot: QtBot, secret: SecretClipboard) -> None:
    with qtbot.waitSignal(secret.lapse.passed):
        secret.put([key(1)])
        QGuiApplication.clipboard().setText("mine")
    assert text() == "mine"
    secret.clear()
    assert text() == "mine"


def test_is_cleared_at_the_end(secret: SecretClipboard) -> None:
    secret.put([key(1)])
    secret.clear()
    assert text() == ""
    assert not secret.lapse.is_running


@pytest.mark.parametrize("mark", SECRET_MARKS)
def test_managers_are_asked_to_forget_it(secret: SecretClipboard, mark: str) -> None:
    secret.put([key(1)])
    assert bytes(QGuiApplication.clipboard().mimeData().data(mark).data()) == SECRET_MARKS[mark]


def test_the_selection_of_x11_is_left_alone(qtbot: QtBot, secret: SecretClipboard) -> None:
    set_before: list[str] = []
    QGuiApplication.clipboard().selectionChanged.connect(lambda: set_before.append("changed"))
    secret.put([key(1)])
    secret.clear()
    assert set_before == []
    assert QGuiApplication.clipboard().text(QClipboard.Mode.Selection) != key(1)


# What may happen meanwhile in a window


def copy_by_button(bench: Bench) -> DetailsDialog:
    """Open the details of a key and copy it."""
    bench.follow(bench.gateway())
    dialog = bench.window.open_details(key(0))
    press(dialog, "&Copy key")
    assert text() == key(0)
    return dialog


def press(dialog: QWidget, name: str) -> None:
    QTest.mouseClick(
        next(one for one in dialog.findChildren(QPushButton) if one.text() == name), Qt.MouseButton.LeftButton
    )


def pass_time(bench: Bench) -> None:
    hasten(bench.window.clipboard.lapse)
    bench.qtbot.waitUntil(lambda: text() == "")


Act = Callable[[Bench, DetailsDialog], object]
MEANWHILE: dict[str, Act] = {
    "nothing": lambda *_: None,
    "the dialog is closed": lambda _, dialog: dialog.close(),
    "another gateway is followed": lambda bench, _: bench.follow(bench.gateway(name="other.db")),
    "a gateway that fails is followed": lambda bench, _: bench.fail(Path("/absent/gateway.db")),
    "the window is left": lambda bench, _: bench.window.clearFocus(),
    "it is copied once more": lambda bench, _: bench.window.copy_key(key(0)),
}


@pytest.mark.parametrize("meanwhile", MEANWHILE)
@pytest.mark.parametrize("end", ["in time", "at the end"])
def test_a_key_leaves_the_clipboard_whatever_happens_meanwhile(bench: Bench, meanwhile: str, end: str) -> None:
    dialog = copy_by_button(bench)
    MEANWHILE[meanwhile](bench, dialog)
    assert text() == key(0)
    if end == "in time":
        pass_time(bench)
    else:
        bench.window.close()
    assert text() == ""


@pytest.mark.parametrize("how", ["in time", "at the end"])
def test_what_was_copied_later_by_the_window_itself_stays(bench: Bench, how: str) -> None:
    copy_by_button(bench)
    bench.window.copy_text("a table")
    if how == "in time":
        with bench.qtbot.waitSignal(bench.window.clipboard.lapse.passed):
            hasten(bench.window.clipboard.lapse)
    else:
        bench.window.close()
    assert text() == "a table"


_ENDED = """
import os, signal, sys
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from keymon.gui import app
from keymon.gui.main_window import MainWindow

def copy():
    window = next((one for one in QApplication.topLevelWidgets() if isinstance(one, MainWindow)), None)
    if window is None or not window.is_complete:
        return QTimer.singleShot(10, copy)
    window.copy_key("home made canary key")
    print(repr(QGuiApplication.clipboard().text()), flush=True)
    os.kill(os.getpid(), int(sys.argv[1]))

QTimer.singleShot(0, copy)
code = app.run_window(None)
print(code, repr(QGuiApplication.clipboard().text()))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are the others'")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_ends_keymon_empties_the_clipboard(tmp_path: Path, number: signal.Signals) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ENDED, str(int(number))],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"},
    )
    assert done.stdout.splitlines() == ["'home made canary key'", "0 ''"]


# On the screen


@pytest.mark.parametrize("end", ["in time", "closed", "closed by Escape", "another gateway", "another key"])
def test_a_key_that_was_revealed_is_hidden_again(bench: Bench, end: str) -> None:
    bench.follow(bench.gateway())
    dialog = bench.window.open_details(key(0))
    press(dialog, "&Reveal")
    header = dialog.findChild(DetailsHeader)
    assert isinstance(header, DetailsHeader)
    assert REVEAL_MS == header._revealed.length_ms == 30_000
    assert key(0) in shown_in(dialog)
    assert key(0) not in dialog.windowTitle()
    if end == "in time":
        hasten(header._revealed)
        bench.qtbot.waitUntil(lambda: key(0) not in shown_in(dialog))
        assert mask_key(key(0)) in shown_in(dialog)
        assert not header.reveal.isChecked()
        return
    if end == "closed":
        dialog.close()
    elif end == "closed by Escape":
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
    elif end == "another gateway":
        bench.follow(bench.gateway(name="other.db"))
    else:
        press(dialog, "›")
    again = bench.window.open_details(key(0))
    assert again is not dialog
    assert key(0) not in shown_in(again)


def shown_in(dialog: QWidget) -> str:
    return "\n".join(one.text() for one in dialog.findChildren(QLabel))


@pytest.mark.parametrize("end", ["in time", "hidden", "asked", "another password"])
def test_a_password_that_was_shown_is_masked_again(qtbot: QtBot, end: str) -> None:
    field = PasswordField("Password")
    qtbot.addWidget(field)
    field.show()
    field.edit.setText("canary of a password")
    press(field, "Sh&ow")
    (wait,) = field.findChildren(Lapse)
    assert wait.length_ms == 30_000
    assert field.edit.displayText() == "canary of a password"
    if end == "in time":
        hasten(wait)
        qtbot.waitUntil(lambda: field.edit.echoMode() == QLineEdit.EchoMode.Password)
    elif end == "hidden":
        field.hide()
        field.show()
    elif end == "asked":
        press(field, "&Hide")
    else:
        field.set_password("another canary")
    assert "canary" not in field.edit.displayText()
    assert not wait.is_running
