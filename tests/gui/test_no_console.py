"""A start without a console, as from a menu on Windows: nothing is printed into the void."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from keymon import __version__, cli
from keymon.gui import app
from keymon.gui.questions import tell_about
from tests.gui.conftest import Bench


@pytest.fixture
def start(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Start keymon without a console; what the box shows that comes up then is read at once, and returned."""

    def start(*arguments: str) -> str:
        texts: list[str] = []

        def read() -> None:
            box = QApplication.activeModalWidget()
            assert isinstance(box, QMessageBox)
            assert box.textFormat() == Qt.TextFormat.PlainText
            texts.append(box.text())
            box.accept()

        QTimer.singleShot(0, read)
        with monkeypatch.context() as console:
            for stream in ("stdin", "stdout", "stderr"):
                console.setattr(sys, stream, None)
            with suppress(SystemExit):
                cli.main(arguments)
        return texts.pop()

    return start


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--profile", "no such"], "no such"),
        (["--bad"], "--bad"),
        (["--version"], f"keymon {__version__}"),
        (["--help"], "usage: keymon"),
        (["usage", "-", "--db", "nothing.db"], "nothing.db"),
    ],
)
def test_what_would_be_printed_is_shown(start: Callable[..., str], arguments: list[str], expected: str) -> None:
    assert expected in start(*arguments)


def test_nobody_is_asked_on_a_terminal_that_is_not_there(start: Callable[..., str]) -> None:
    assert "127.0.0.1" in start("keys", "--db", "mysql://reader@127.0.0.1:1/gateway")


def test_a_fault_is_shown_without_its_message(start: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("canary".upper())

    monkeypatch.setattr(cli, "monitored", fail)
    shown = start("keys", "--db", "gateway.db")
    assert shown.startswith("keymon: a fault of its own (ZeroDivisionError in test_no_console.py, line ")
    assert "CANARY" not in shown


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-", "<&-"])
def test_streams_that_are_closed_are_no_fault(closed: str) -> None:
    command = f"{sys.executable} -m keymon keys --db nothing.db {closed}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QT_QPA_PLATFORM")}
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        env=environment | {"DISPLAY": "", "WAYLAND_DISPLAY": ""},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.count("\n") == (0 if "2" in closed else 1)


def test_windows_is_told_whose_windows_these_are(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    shell = SimpleNamespace(SetCurrentProcessExplicitAppUserModelID=told.append)
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(shell32=shell), raising=False)
    app._name_for_taskbar()
    assert told == [app.DESKTOP_ID]


def test_about_tells_the_versions_and_where_the_log_is(bench: Bench, tmp_path: Path) -> None:
    tell_about(bench.window)
    box = bench.window.findChild(QMessageBox)
    assert box is not None
    lines = box.detailedText().splitlines()
    assert lines[0] == f"keymon {__version__}"
    assert any(line.startswith("PySide6 6.") for line in lines)
    assert lines[-1] == f"Log: {tmp_path}/keymon-log/keymon.log"
    box.close()
