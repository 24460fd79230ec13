"""Faults and crashes as text, without secrets; exceptions that nobody catches; what a crash leaves behind."""

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from keymon import cli, crashes, faults
from keymon.crashes import Crash, CrashFile, take_crashes
from keymon.errors import NoDisplayError
from keymon.fault_report import crash_report, fault_report
from keymon.faults import Fault, note, note_unless_expected
from keymon.hooks import Hooks
from keymon.known_secrets import remember_keys
from keymon.log import LogFile, ours

KEY = "key of another form: CANARY"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """No fault has been met, and one secret is known."""
    monkeypatch.setattr(faults, "_met", Counter())
    remember_keys([KEY])


def raised(error: Exception) -> Exception:
    try:
        secret = KEY
        if secret:
            raise error
    except type(error) as caught:
        return caught
    raise AssertionError


# Reports


def test_a_report_tells_what_where_with_what_and_what_went_before(log_file: LogFile) -> None:
    ours.info("before: %s", KEY)
    report = fault_report([note(raised(ValueError(f"it was {KEY}")))], "in a file")
    head, about, fault, log = report.split("\n\n")
    assert head.startswith("keymon has met a fault of its own (ValueError in test_fault_report.py, line ")
    assert {"keymon", "Python", "PySide6", "Gateway:"} <= {line.split()[0] for line in about.splitlines()}
    assert "tests/test_fault_report.py, line" in fault
    assert "raise error" in fault
    assert "before: " in log
    assert "CANARY" not in report


def test_several_faults_are_in_one_report(log_file: LogFile) -> None:
    met = [note(raised(type(f"Number{i}Error", (Exception,), {})())) for i in range(8)]
    report = fault_report(met, "none")
    assert "Number4Error" in report
    assert "And 3 more." in report


def test_a_long_message_is_elided() -> None:
    report = fault_report([note(raised(ValueError("x" * 1_000_000)))], "none")
    assert max(map(len, report.splitlines())) < 3_000


def test_a_report_of_a_crash_has_neither_secrets_nor_folders(log_file: LogFile) -> None:
    text = f'Fatal Python error: Aborted\n  File "{Path(cli.__file__)}", line 3 in main\n{KEY}\x1b\n'
    at = datetime(2026, 11, 23, 12).astimezone()
    report = crash_report([Crash(at, text, Path("x")), Crash(at, "", Path("y"))])
    assert report.startswith("keymon ended unexpectedly at 2026-11-23T12:00:00")
    assert 'File "keymon/cli.py", line 3 in main' in report
    assert "CANARY" not in report
    assert "\x1b" not in report
    assert "Before that:" in report


# The same fault again


def test_a_fault_that_comes_back_is_counted_and_logged_now_and_then(log_file: LogFile) -> None:
    last: Fault | None = None
    for _ in range(100):
        last = note(raised(ValueError("x")))
    assert last is not None
    assert last.number == 100
    assert note(raised(TypeError("x"))).number == 1
    text = log_file.path.read_text().splitlines()
    assert [("10th" in line, "100th" in line, "TypeError" in line) for line in text] == [
        (False, False, False),
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]


def test_what_the_operator_can_mend_is_no_fault(log_file: LogFile) -> None:
    note_unless_expected(NoDisplayError())
    assert not log_file.path.exists()
    note_unless_expected(ValueError())
    assert "an unknown place" in log_file.path.read_text()


# What nobody catches


@pytest.fixture
def heard() -> Iterator[list[BaseException]]:
    told: list[BaseException] = []
    hooks = Hooks(told.append)
    yield told
    hooks.close()


def test_what_nobody_catches_is_heard(heard: list[BaseException], capfd: pytest.CaptureFixture[str]) -> None:
    class Odd:
        def __del__(self) -> None:
            raise TypeError(KEY)

    def fail() -> None:
        raise KeyError(KEY)

    error = raised(ValueError(KEY))
    sys.excepthook(type(error), error, error.__traceback__)
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    Odd()
    assert [type(one) for one in heard] == [ValueError, KeyError, TypeError]
    assert all(one.__traceback__ is not None for one in heard)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_the_wish_to_end_is_no_fault(heard: list[BaseException], kind: type[BaseException]) -> None:
    sys.excepthook(kind, kind(), None)
    assert heard == []


def test_a_fault_in_the_telling_is_left_at_that(capfd: pytest.CaptureFixture[str]) -> None:
    before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
    told: list[BaseException] = []

    def tell(error: BaseException) -> None:
        told.append(error)
        sys.excepthook(type(error), error, error.__traceback__)
        raise ZeroDivisionError

    hooks = Hooks(tell)
    for _ in range(2):
        sys.excepthook(ValueError, ValueError(), None)
    hooks.close()
    assert len(told) == 2
    assert (sys.excepthook, threading.excepthook, sys.unraisablehook) == before
    assert capfd.readouterr() == ("", "")


# On the command line


@pytest.mark.parametrize("is_writable", [True, False])
def test_a_command_tells_a_fault_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path, is_writable: bool
) -> None:
    def fail(*_: object) -> None:
        raise ValueError(f"in the middle of {KEY}")

    if not is_writable:
        (tmp_path / "keymon-log").touch()
    monkeypatch.setattr(cli, "monitored", fail)
    assert cli.main(["keys", "--demo"]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    path = f"{tmp_path}/keymon-log/keymon.log"
    end = f"; the report is in {path}\n" if is_writable else f"; {path} cannot be written\n"
    assert err.startswith("keymon: a fault of its own (ValueError in cli.py, line ")
    assert err.endswith(end)
    assert err.count("\n") == 1
    if is_writable:
        (line,) = Path(path).read_text().splitlines()
        assert "in _run_keys" in line
        assert "CANARY" not in line


def test_ctrl_c_is_no_fault(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "monitored", interrupt)
    assert cli.main(["keys", "--demo"]) == 130
    assert capfd.readouterr() == ("", "")


# The file of a crash

_CRASH = """
import faulthandler, os, resource, signal, sys
from pathlib import Path
from keymon.crashes import CrashFile
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
file = CrashFile(Path(sys.argv[1]))
if sys.argv[2] == "crash":
    faulthandler._sigsegv()
elif sys.argv[2] == "abort":
    os.abort()
elif sys.argv[2] == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
elif sys.argv[2] == "live":
    print("lives", flush=True)
    sys.stdin.read()
else:
    file.close()
"""


def run(folder: Path, how: str) -> int:
    return subprocess.run([sys.executable, "-c", _CRASH, str(folder), how], check=False, timeout=60).returncode


@pytest.mark.parametrize(("how", "code", "word"), [("crash", -11, "Segmentation fault"), ("abort", -6, "Aborted")])
def test_a_crash_is_found_once_and_kept(tmp_path: Path, how: str, code: int, word: str) -> None:
    assert run(tmp_path, how) == code
    (crash,) = take_crashes(tmp_path)
    assert word in crash.text
    assert "<string>" in crash.text
    assert take_crashes(tmp_path) == []
    assert list(tmp_path.iterdir()) == [crash.path]
    assert crash.path.name.startswith("crash-20")
    assert crash.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("how", "code"), [("end", 0), ("kill", -9)])
def test_other_ends_are_not_told_and_leave_nothing(tmp_path: Path, how: str, code: int) -> None:
    folder = tmp_path / "log"
    assert run(folder, how) == code
    assert take_crashes(folder) == []
    assert list(folder.iterdir()) == []
    assert folder.stat().st_mode & 0o777 == 0o700


def test_what_belongs_to_a_process_that_lives_is_left_alone(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _CRASH, str(tmp_path), "live"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        (file,) = tmp_path.iterdir()
        file.write_text("not over yet")
        assert take_crashes(tmp_path) == []
        assert list(tmp_path.iterdir()) == [file]
        child.kill()
    assert [crash.text for crash in take_crashes(tmp_path)] == ["not over yet"]


def test_only_the_newest_crashes_are_kept(tmp_path: Path) -> None:
    for i in range(15):
        (tmp_path / f"crash-2026-11-{i + 10}-120000-1.txt").write_text("x")
    take_crashes(tmp_path)
    assert min(path.name for path in tmp_path.iterdir()) == "crash-2026-11-15-120000-1.txt"


def test_where_nothing_can_be_held_no_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> None:
        raise OSError

    monkeypatch.setattr(crashes, "_lock", refuse)
    assert CrashFile(tmp_path).path is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", ["/proc/no/such", "a file"])
def test_a_folder_that_cannot_be_written_is_no_fault(tmp_path: Path, folder: str) -> None:
    (tmp_path / "a file").touch()
    file = CrashFile(tmp_path / folder)
    assert file.path is None
    file.close()
    assert take_crashes(tmp_path / folder) == []


def test_windows_which_renames_no_open_file_leaves_it_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    (tmp_path / "running-1-1.txt").write_text("x")
    (tmp_path / "running-2-1.txt").write_text("")
    monkeypatch.setattr(crashes, "_lock", lambda _: None)
    monkeypatch.setattr(Path, "replace", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    assert take_crashes(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 2
