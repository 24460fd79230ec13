"""Real starts with files of ours that are damaged: a window, one clear line, an end by SIGTERM with code 0."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from keymon import cli
from keymon.errors import EnvFileError
from keymon.locations import locate_by_env
from tests.conftest import MakeGateway
from tests.faults.failing_files import files_in
from tests.gateway_file import key

ROOT = Path(__file__).parents[2]
# Tells what is said in its window once all of it has been painted and there are figures, or a dialog that asks.
_START = """
import json, sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QMessageBox
from keymon.cli import main
from keymon.gui.main_window import MainWindow
complete = MainWindow.complete

def complete_and_tell(window, poller):
    complete(window, poller)
    timer = QTimer(window)

    def look():
        dialog = window.findChild(object, "connections") if window.snapshot is None else None
        if window.snapshot is None and dialog is None:
            return
        timer.stop()
        boxes = [box.text() for box in window.findChildren(QMessageBox)]
        asked = dialog.parts.note.text if dialog is not None else ""
        print(json.dumps([window.note.text, *boxes, asked]), flush=True)

    timer.timeout.connect(look)
    timer.start(10)

MainWindow.complete = complete_and_tell
sys.exit(main(sys.argv[1:]))
"""


_QT_SAYS = ("This plugin does not support", "QBackingStore::flush() called for")
"""Of windows that nobody sees, and of those that are closed while they are drawn."""


class Desk:
    """An account of its own: its home, its folders, and what it says in its environment."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.config = self.home / ".config" / "keymon"
        self.config.mkdir(parents=True)
        self.runtime = folder / "runtime"
        self.runtime.mkdir(mode=0o700)
        kept = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "PYTHON_KEYRING_BACKEND")
        self.environment = {name: os.environ[name] for name in kept if name in os.environ} | {
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.runtime),
            "QT_QPA_PLATFORM": "offscreen",
            "LANGUAGE": "en",
        }

    def start(self, *arguments: str) -> str:
        """Start, wait for the window, end it; return what it said."""
        command = [sys.executable, "-c", _START, *arguments]
        process = subprocess.Popen(
            command, env=self.environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        said = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        _, complaint = process.communicate(timeout=60)
        lines = [one for one in complaint.splitlines() if not any(words in one for words in _QT_SAYS)]
        assert (process.returncode, [one for one in lines if not one.startswith("keymon: ")]) == (0, []), complaint
        assert "canary" not in complaint
        return "\n".join(json.loads(said))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


PROFILES: dict[str, bytes] = {
    "cut off": b"[[profile",
    "NULs": b"\0" * 4_096,
    "nested too deep": b"profile = " + b"[" * 50_000,
    "huge": b"#" * 2_000_000,
    "a password": b"[[profile]]\nname = 'a'\ndatabase = 'mysql://u:canary@h/d'",
}


@pytest.mark.parametrize("named", [True, False], ids=["with a gateway", "without one"])
@pytest.mark.parametrize("content", PROFILES.values(), ids=PROFILES)
def test_damaged_profiles(desk: Desk, make_gateway: MakeGateway, content: bytes, named: bool) -> None:
    (desk.config / "profiles.toml").write_bytes(content)
    said = desk.start(*(["--db", str(make_gateway([key(0)]).path)] if named else []))
    assert "the profiles cannot be read" in said
    assert (desk.config / "profiles.toml").read_bytes() == content


WINDOW: dict[str, bytes] = {
    "junk": b"junk\npanel=calls\n",
    "every byte": bytes(range(256)),
    "cut off": b'[General]\npanel=calls\ngeometry="@ByteArray(\\x1\\xd9',
    "an object": b"[General]\ngeometry=@Variant(\\0\\0\\0\\x7f\\0\\0\\0\\x4\\x41\\0)\n",
    "huge": b"[General]\n" + b"a=1\n" * 500_000,
}


@pytest.mark.parametrize("content", WINDOW.values(), ids=WINDOW)
def test_damaged_settings_of_the_window(desk: Desk, make_gateway: MakeGateway, content: bytes) -> None:
    (desk.config / "keymon.conf").write_bytes(content)
    path = str(make_gateway([key(0)]).path)
    assert "what the window looked like cannot be read" in desk.start("--db", path)
    assert files_in(desk.config)["keymon.conf.broken"] == content
    assert b"geometry=" in files_in(desk.config)["keymon.conf"]
    assert desk.start("--db", path).strip() == "", "it is told once"


def no_home(desk: Desk) -> None:
    desk.environment["HOME"] = "/proc/nobody"


def home_is_a_file(desk: Desk) -> None:
    desk.environment["HOME"] = "/dev/null"


def config_is_nowhere(desk: Desk) -> None:
    desk.environment["XDG_CONFIG_HOME"] = "/proc/nobody"


def config_is_a_file(desk: Desk) -> None:
    (desk.home / "file").touch()
    desk.environment["XDG_CONFIG_HOME"] = str(desk.home / "file")


@pytest.mark.parametrize("prepare", [no_home, home_is_a_file, config_is_nowhere, config_is_a_file])
def test_a_home_that_cannot_be_written_to(
    desk: Desk, make_gateway: MakeGateway, prepare: Callable[[Desk], None]
) -> None:
    prepare(desk)
    said = desk.start("--db", str(make_gateway([key(0)]).path))
    assert "what the window looks like cannot be kept" in said


NOWHERE = {
    "no runtime folder": {"XDG_RUNTIME_DIR": "/proc/nobody"},
    "a file as runtime folder": {"XDG_RUNTIME_DIR": "/dev/null"},
    "no runtime folder named": {"XDG_RUNTIME_DIR": "", "TMPDIR": "/proc/nobody"},
    "no folder for temporary files": {"TMPDIR": "/proc/nobody"},
    "no folder for data": {"XDG_DATA_HOME": "/proc/nobody", "XDG_CACHE_HOME": "/dev/null", "XDG_STATE_HOME": "\n"},
    "a keyring that is not there": {"PYTHON_KEYRING_BACKEND": "nonsense.Keyring"},
}


@pytest.mark.parametrize("environment", NOWHERE.values(), ids=NOWHERE)
def test_folders_that_are_not_there(desk: Desk, make_gateway: MakeGateway, environment: dict[str, str]) -> None:
    desk.environment |= environment
    assert desk.start("--db", str(make_gateway([key(0)]).path)).strip() == ""


def test_a_runtime_folder_of_others(desk: Desk, make_gateway: MakeGateway) -> None:
    (desk.runtime / "keymon").mkdir()
    (desk.runtime / "keymon").chmod(0o777)
    assert desk.start("--db", str(make_gateway([key(0)]).path)).strip() == ""
    assert list((desk.runtime / "keymon").iterdir()) == []


# A gateway's .env


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.mkdir()


def filled(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


ENVS: dict[str, tuple[Callable[[Path], object], str]] = {
    "absent": (lambda _: None, "there is no such file"),
    "a folder": (a_folder, "there is no such file"),
    "a pipe": (a_pipe, "there is no such file"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "there is no such file"),
    "empty": (filled(b""), "it does not say MYSQL_USER and MYSQL_DATABASE"),
    "not text": (filled(b"\xff\xfe\0"), "is not text in UTF-8"),
    "huge": (filled(b"A=canary\n" * 200_000), "is too large for one"),
    "junk": (filled(b"= = =\n\"'\n=canary"), "it does not say MYSQL_USER and MYSQL_DATABASE"),
    "another kind": (filled(b"DATABASE_TYPE=postgres\nMYSQL_PASSWORD=canary"), "postgres"),
    "no port": (filled(b"MYSQL_USER=u\nMYSQL_DATABASE=d\nMYSQL_PORT=canary"), "MYSQL_PORT is no port"),
    "a long port": (filled(b"MYSQL_USER=u\nMYSQL_DATABASE=d\nMYSQL_PORT=" + b"9" * 5_000), "MYSQL_PORT is no port"),
}


@pytest.mark.parametrize(("prepare", "reason"), ENVS.values(), ids=ENVS)
def test_a_broken_env_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], prepare: Callable[[Path], object], reason: str
) -> None:
    path = tmp_path / "gateway.env"
    prepare(path)
    with pytest.raises(EnvFileError) as caught:
        locate_by_env(path)
    assert reason in str(caught.value)
    assert "canary" not in str(caught.value)
    assert cli.main(["keys", "--env", str(path)]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"], ids=["too long a name", "a NUL"])
def test_an_env_whose_name_is_none_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(EnvFileError):
        locate_by_env(tmp_path / name)
