"""One window per gateway: two starts as two processes, and what becomes of the second."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from pytestqt.qtbot import QtBot

from keymon.cli import _parser
from keymon.gateway_options import what
from keymon.gui import instances
from keymon.gui.instances import Instance
from tests.conftest import MakeGateway
from tests.gateway_file import key

# Tells when its window is there and when it is raised; ends when it is told to.
_FIRST = """
import sys
from keymon.cli import main
from keymon.gui.main_window import MainWindow
came = MainWindow.come_to_front
def come_to_front(window):
    came(window)
    print("raised", flush=True)
    window.close()
MainWindow.come_to_front = come_to_front
from multiprocessing import connection
made = connection.Listener.__init__
def listener(*arguments, **options):
    made(*arguments, **options)
    print("listens", flush=True)
connection.Listener.__init__ = listener
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    return os.environ | {
        "XDG_RUNTIME_DIR": str(runtime),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "QT_QPA_PLATFORM": "offscreen",
    }


@pytest.fixture
def first(make_gateway: MakeGateway, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Start a window, and wait until it listens."""
    process = start(environment, "--db", str(make_gateway([key(0)]).path))
    yield process
    process.kill()
    process.communicate()


def start(environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _FIRST, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "listens\n"
    return process


def second(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Start another window, which ends by itself once it is seen."""
    return subprocess.run(
        [sys.executable, "-m", "keymon", *arguments],
        env=environment | {"KEYMON_TELL_FIRST_PAINT": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )


def database_of(process: subprocess.Popen[str]) -> str:
    assert isinstance(process.args, list)
    return str(process.args[-1])


def test_a_second_start_raises_the_first_window_and_ends(
    first: subprocess.Popen[str], environment: dict[str, str]
) -> None:
    path = Path(database_of(first))
    done = second(environment, "--db", str(path.parent / ".." / path.parent.name / path.name))
    assert (done.stdout, done.stderr) == ("", ""), "no window of its own"
    told, _ = first.communicate(timeout=60)
    assert told == "raised\n"
    assert first.returncode == 0


@pytest.mark.parametrize("other", ["none", "another", "new"])
def test_another_gateway_and_a_window_that_is_asked_for_have_their_own(
    first: subprocess.Popen[str], environment: dict[str, str], make_gateway: MakeGateway, other: str
) -> None:
    arguments = {
        "none": [],
        "another": ["--db", str(make_gateway([key(1)], "another.db").path)],
        "new": ["--db", database_of(first), "--new-window"],
    }[other]
    assert float(second(environment, *arguments).stdout) > 0


def test_a_first_that_hangs_does_not_keep_the_second_from_working(
    first: subprocess.Popen[str], environment: dict[str, str]
) -> None:
    first.send_signal(signal.SIGSTOP)
    try:
        done = second(environment, "--db", database_of(first))
    finally:
        first.send_signal(signal.SIGCONT)
    assert float(done.stdout) > 0
    assert "does not answer" in done.stderr


def test_what_a_killed_one_left_is_taken_over(first: subprocess.Popen[str], environment: dict[str, str]) -> None:
    first.kill()
    first.wait()
    runtime = Path(environment["XDG_RUNTIME_DIR"]) / "keymon"
    assert {path.suffix for path in runtime.iterdir()} == {".lock", ".secret", ".socket"}
    after = start(environment, "--db", database_of(first))
    assert second(environment, "--db", database_of(first)).stdout == ""
    assert after.communicate(timeout=60)[0] == "raised\n"


def test_a_window_that_has_been_open_for_long_is_still_the_first(tmp_path: Path) -> None:
    one = Instance("a", tmp_path)
    assert one.is_first()
    for lock in tmp_path.glob("*.lock"):
        os.utime(lock, (0, 0))
    assert not Instance("a", tmp_path).is_first()
    one.close()


class Eager(Instance):
    """Tells when it has asked for the first time."""

    def __init__(self, what: str, folder: Path) -> None:
        super().__init__(what, folder)
        self.has_asked = threading.Event()

    def _ask(self, message: bytes) -> bool:
        answer = super()._ask(message)
        self.has_asked.set()
        return answer


def test_one_that_is_only_starting_is_waited_for_and_nothing_is_left(qtbot: QtBot, tmp_path: Path) -> None:
    one, other = Instance("a", tmp_path), Eager("a", tmp_path)
    assert one.is_first()
    assert not other.is_first()
    assert Instance("b", tmp_path).is_first()
    told_in: list[threading.Thread] = []

    def come(instance: Instance) -> None:
        told_in.append(threading.current_thread())
        instance.raised()

    one.raise_wanted.connect(partial(come, one))
    answers: list[bool] = []
    asking = threading.Thread(target=lambda: answers.append(other.raise_first()))
    asking.start()
    assert other.has_asked.wait(10)
    one.listen()
    qtbot.waitUntil(lambda: answers != [])
    asking.join()
    assert answers == [True]
    assert told_in == [threading.main_thread()]
    one.close()
    assert other.is_first()
    other.close()
    assert [path for path in tmp_path.iterdir() if path.suffix != ".lock"] == []


def test_one_that_ends_meanwhile_is_followed_as_the_first(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instances, "ANSWER_S", 20)
    one, other = Instance("a", tmp_path), Eager("a", tmp_path)
    assert one.is_first()
    assert not other.is_first()
    answers: list[bool] = []
    asking = threading.Thread(target=lambda: answers.append(other.raise_first()))
    asking.start()
    assert other.has_asked.wait(10)
    one.close()
    asking.join(10)
    assert answers == [False], "it is waited for, though it has gone"
    assert other.is_first()
    other.close()


def test_a_place_where_no_socket_can_be_made_is_no_fault(qtbot: QtBot, tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 50)
    folder.mkdir()
    one = Instance("a", folder)
    assert one.is_first()
    one.listen()
    one.close()
    assert not list(folder.glob("*.socket"))


def test_who_does_not_know_the_secret_is_not_heard(qtbot: QtBot, tmp_path: Path) -> None:
    one = Instance("a", tmp_path)
    assert one.is_first()
    with qtbot.assertNotEmitted(one.raise_wanted):
        one.listen()
        secret = _wait_for(qtbot, tmp_path, ".socket").with_suffix(".secret")
        assert secret.stat().st_mode & 0o777 == 0o600
        right = secret.read_bytes()
        secret.write_bytes(b"wrong")
        assert not Instance("a", tmp_path).raise_first()
        secret.write_bytes(right)
    one.close()


def _wait_for(qtbot: QtBot, folder: Path, suffix: str) -> Path:
    qtbot.waitUntil(lambda: any(path.suffix == suffix for path in folder.iterdir()))
    return next(path for path in folder.iterdir() if path.suffix == suffix)


def test_a_folder_of_others_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "keymon").mkdir()
    (tmp_path / "keymon").chmod(0o777)
    with pytest.raises(PermissionError):
        Instance("a")


def name_of(db: str) -> str:
    return what(_parser().parse_args(["--db", db]))


@pytest.mark.parametrize("written", ["mysql://user:{}@host/gateway", "user:{}@host/gateway", "mysql://u:p?{}@host/g"])
def test_a_password_is_in_no_name(written: str) -> None:
    assert "canary" not in name_of(written.format("canary"))
    assert name_of(written.format("canary")) == name_of(written.format("other"))


LONG = "x" * 300


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mysql://user@host/gateway", "mysql://user@host/gateway2"),
        ("mysql://user@host/gateway", "mysql://user2@host/gateway"),
        ("mysql://u@localhost/g?unix_socket=/run/one", "mysql://u@localhost/g?unix_socket=/run/two"),
        (f"mysql://user@host/{LONG}1", f"mysql://user@host/{LONG}2"),
        (f"{LONG}1", f"{LONG}2"),
    ],
)
def test_two_gateways_have_two_names(one: str, other: str) -> None:
    assert name_of(one) != name_of(other)


def test_a_file_has_one_name_however_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written = ["gateway.db", "x/../gateway.db", "sqlite:///gateway.db", f"sqlite:///{tmp_path}/gateway.db"]
    assert len({name_of(one) for one in written}) == 1
    monkeypatch.chdir("/")
    assert name_of("sqlite:///gateway.db") != name_of(f"{tmp_path}/gateway.db")


def test_windows_is_asked_to_let_the_first_come_to_the_front(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    user = SimpleNamespace(AllowSetForegroundWindow=told.append)
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(user32=user), raising=False)
    instances._let_come_to_front()
    assert told == [-1]
