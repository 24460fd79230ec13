"""Keys on the clipboard leave it again, and never take along what somebody else has put there."""

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from keymon.gui.clipboard import LIFETIME_MS, SecretClipboard
from tests.gateway_file import key


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


def test_managers_are_asked_to_forget_it(secret: SecretClipboard) -> None:
    secret.put([key(1)])
    data = QGuiApplication.clipboard().mimeData()
    assert bytes(data.data("x-kde-passwordManagerHint").data()) == b"secret"
