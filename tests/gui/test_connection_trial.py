"""A connection is tried from the dialog, on real servers: stage by stage, cancelled, with every kind of password."""

import os
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialogButtonBox, QLabel

from keymon import database
from keymon.config import Profile
from keymon.connection_check import FILE_STAGES, SERVER_STAGES, Finding, LocalSocket
from keymon.gui.connection_dialog import ConnectionDialog
from tests.conftest import MakeGateway, MakeGatewayServer
from tests.gateway_server import GatewayServer
from tests.gui.connections import Connections, asked_password, choose, enter
from tests.mariadb import OPERATOR, OPERATOR_PASSWORD, READER, READER_PASSWORD

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def gateway(make_gateway_server: MakeGatewayServer) -> GatewayServer:
    return make_gateway_server(["a", "b"])


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of somebody who accepts and says nothing, whom nobody gives up on by himself."""
    monkeypatch.setattr(database, "READ_LIMIT_S", 1_000.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def profile(gateway: GatewayServer, account: str = READER) -> Profile:
    return Profile("Mine", f"mysql://{account}@127.0.0.1:{gateway.server.port}/{gateway.name}")


def at(port: int) -> Profile:
    return Profile("Silent", f"mysql://{READER}@127.0.0.1:{port}/gateway")


def account(of: GatewayServer) -> str:
    return f"{READER}@127.0.0.1:{of.server.port}"


def finish(connections: Connections, dialog: ConnectionDialog) -> None:
    connections.wait(lambda: not dialog.trial.is_running)


def states(dialog: ConnectionDialog) -> list[str]:
    return list(dialog.trial.list.states.values())


def texts(dialog: ConnectionDialog) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(QLabel))


def test_a_server_passes_stage_by_stage(connections: Connections, gateway: GatewayServer) -> None:
    gateway.call("a", datetime(2026, 11, 23, 12))
    dialog = connections.open(replace(profile(gateway), gateway_tz="Asia/Shanghai"))
    enter(dialog.form.parts.password.edit, READER_PASSWORD)
    QTest.keyClick(dialog, Qt.Key.Key_F5)
    assert dialog.trial.list.states == dict.fromkeys(SERVER_STAGES, "waiting") | {"name": "running"}
    assert dialog.trial.isVisible()
    assert "Cancel test" in dialog.parts.test.text().replace("&", "")
    finish(connections, dialog)
    assert dialog.trial.list.states == dict.fromkeys(SERVER_STAGES, "passed") | {"encryption": "noted"}
    assert dialog.trial.list.headline == "The connection works. Something is worth knowing:"
    assert dialog.trial.list.text("tables") == "It is a gateway's database, with 2 keys."
    assert "elsewhere ask for TLS" in dialog.trial.list.text("encryption")
    assert "Asia/Shanghai (set)" in dialog.trial.list.text("clock")
    assert "passed · " in texts(dialog)
    assert dialog.parts.test.text().replace("&", "") == "Test connection"
    assert READER_PASSWORD not in texts(dialog)


def test_a_file_passes(connections: Connections, make_gateway: MakeGateway) -> None:
    made = make_gateway(["a"])
    dialog = connections.open(Profile("File", str(made.path)))
    QTest.keyClick(dialog, Qt.Key.Key_Return, CONTROL)
    finish(connections, dialog)
    assert dialog.trial.list.states == dict.fromkeys(FILE_STAGES, "passed")
    assert dialog.trial.list.headline == "The connection works."


def test_more_rights_than_needed_are_noted(connections: Connections, gateway: GatewayServer) -> None:
    dialog = connections.open(profile(gateway, OPERATOR))
    enter(dialog.form.parts.password.edit, OPERATOR_PASSWORD)
    dialog.test()
    finish(connections, dialog)
    assert dialog.trial.list.states["rights"] == "noted"
    assert "Safer is an account that may only SELECT" in dialog.trial.list.text("rights")


def test_what_fails_is_told_and_the_rest_is_not_reached(connections: Connections, gateway: GatewayServer) -> None:
    dialog = connections.open(profile(gateway))
    enter(dialog.form.parts.password.edit, "wrong-canary")
    dialog.test()
    finish(connections, dialog)
    assert states(dialog) == ["passed", "passed", "noted", "failed", "not reached", "not reached", "not reached"]
    assert dialog.trial.list.text("login").startswith("The server refuses the account")
    assert "Check the account's name, its password" in dialog.trial.list.text("login")
    assert dialog.trial.list.headline == "The connection does not work yet."
    assert "failed · " in texts(dialog)
    assert texts(dialog).count("not reached") == 3
    assert "wrong-canary" not in texts(dialog)


def test_a_trial_saves_and_remembers_nothing(connections: Connections, gateway: GatewayServer) -> None:
    dialog = connections.open(profile(gateway))
    enter(dialog.form.parts.database, "elsewhere")
    enter(dialog.form.parts.password.edit, READER_PASSWORD)
    dialog.test()
    finish(connections, dialog)
    assert connections.store.load() == (profile(gateway),)
    assert (connections.passwords._typed, connections.keyring.kept) == ({}, {})


# Passwords


def test_the_keyring_is_asked(connections: Connections, gateway: GatewayServer) -> None:
    connections.keep(account(gateway), READER_PASSWORD)
    dialog = connections.open(profile(gateway))
    dialog.test()
    finish(connections, dialog)
    assert dialog.trial.list.states["login"] == "passed"


def test_a_variable_is_read(connections: Connections, gateway: GatewayServer, monkeypatch: pytest.MonkeyPatch) -> None:
    dialog = connections.open(replace(profile(gateway), password_env="KEYMON_TEST_PASSWORD"))
    dialog.form.parts.password.set_password("typed before the variable was chosen")
    dialog.test()
    finish(connections, dialog)
    assert set(states(dialog)) == {"not reached"}
    assert "the environment variable KEYMON_TEST_PASSWORD" in dialog.trial.list.headline
    assert "Set it before keymon starts" in dialog.trial.list.headline
    monkeypatch.setitem(os.environ, "KEYMON_TEST_PASSWORD", READER_PASSWORD)
    dialog.test()
    finish(connections, dialog)
    assert dialog.trial.list.states["login"] == "passed"


def test_a_command_is_run(connections: Connections, gateway: GatewayServer) -> None:
    command = (sys.executable, "-c", f"print('{READER_PASSWORD}')")
    dialog = connections.open(replace(profile(gateway), password_command=command))
    dialog.test()
    finish(connections, dialog)
    assert dialog.trial.list.states["login"] == "passed"


@pytest.mark.parametrize("is_kept", [True, False])
def test_the_operator_is_asked_where_nobody_else_knows(
    connections: Connections, gateway: GatewayServer, is_kept: bool
) -> None:
    dialog = connections.open(profile(gateway))
    dialog.test()
    connections.wait(lambda: asked_password(dialog) is not None)
    asked = asked_password(dialog)
    assert asked is not None
    assert account(gateway) in "".join(label.text() for label in asked.findChildren(QLabel))
    enter(asked.field.edit, READER_PASSWORD)
    asked.keep.setChecked(is_kept)
    buttons = asked.findChild(QDialogButtonBox)
    assert isinstance(buttons, QDialogButtonBox)
    buttons.button(QDialogButtonBox.StandardButton.Ok).click()
    finish(connections, dialog)
    assert dialog.trial.list.states["login"] == "passed"
    assert connections.passwords._typed == {account(gateway): READER_PASSWORD}
    connections.wait(lambda: connections.kept(account(gateway)) == (READER_PASSWORD if is_kept else None))


def test_a_profile_that_asks_offers_no_keyring(connections: Connections, gateway: GatewayServer) -> None:
    connections.keep(account(gateway), READER_PASSWORD)
    dialog = connections.open(replace(profile(gateway), password_ask=True))
    dialog.test()
    connections.wait(lambda: asked_password(dialog) is not None)
    asked = asked_password(dialog)
    assert asked is not None
    assert asked.keep.isHidden()
    asked.reject()
    assert not dialog.trial.is_running


# Breaking off


def begin(connections: Connections, dialog: ConnectionDialog) -> None:
    """Begin a trial that waits for somebody who says nothing."""
    enter(dialog.form.parts.password.edit, "x")
    dialog.test()
    connections.wait(lambda: dialog.trial.list.states["connection"] == "passed")
    assert dialog.trial.list.states["encryption"] == "running"


@pytest.mark.parametrize("by_key", [True, False])
def test_a_trial_is_cancelled(connections: Connections, silent: int, by_key: bool) -> None:
    dialog = connections.open(at(silent))
    begin(connections, dialog)
    late = dialog.trial._number, Finding("login", "passed", LocalSocket(), 0.1)
    if by_key:
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
    else:
        QTest.mouseClick(dialog.parts.test, Qt.MouseButton.LeftButton)
    assert dialog.isVisible()
    assert not dialog.trial.is_running
    assert dialog.trial.list.headline == "The trial was cancelled."
    assert states(dialog)[2:] == ["not reached"] * 5
    dialog.trial._told.emit(*late)
    connections.wait(lambda: dialog.errands.is_idle)
    assert dialog.trial.list.headline == "The trial was cancelled."
    assert states(dialog)[2:] == ["not reached"] * 5


def test_closing_breaks_a_trial_off_and_leaves_no_thread(connections: Connections, silent: int) -> None:
    before = set(threading.enumerate())
    dialog = connections.open(at(silent))
    begin(connections, dialog)
    dialog.accept()
    assert set(threading.enumerate()) <= before


def test_a_password_that_is_waited_for_holds_nothing_up(connections: Connections, silent: int) -> None:
    dialog = connections.open(at(silent))
    asked, answered = connections.hold_keyring()
    dialog.test()
    assert asked.wait(20)
    dialog.reject()
    assert not dialog.isVisible()
    assert not any(one.name.startswith("keymon-errand") for one in threading.enumerate())
    answered.set()
    connections.wait(lambda: not any(one.name == "keymon-aside" for one in threading.enumerate()))


def test_what_comes_late_is_not_shown_for_another_profile(
    connections: Connections, make_gateway: MakeGateway, silent: int
) -> None:
    made = make_gateway(["a"])
    dialog = connections.open(at(silent), Profile("File", str(made.path)))
    begin(connections, dialog)
    late = dialog.trial._number, Finding("encryption", "passed", LocalSocket(), 0.1)
    dialog.form.forget_password()
    choose(connections, dialog, 1)
    assert not dialog.trial.isVisible()
    assert not dialog.trial.is_running
    dialog.test()
    dialog.trial._told.emit(*late)
    finish(connections, dialog)
    connections.wait(lambda: dialog.errands.is_idle)
    assert dialog.trial.list.states == dict.fromkeys(FILE_STAGES, "passed")
