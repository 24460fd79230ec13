"""The log: no secret in it, one line for each thing, never too large, and no fault where it cannot be written."""

import logging
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from platformdirs import user_log_path

from keymon import crashes, log
from keymon.fault_text import short_path, shown, trace_lines
from keymon.known_secrets import remember_keys, remember_password
from keymon.log import LogFile
from keymon.secret_values import SECRETS

KEY = "AIzaSyCANARY_canary-0123456789abcdefg"
PASSWORD = "pass\nword of a canary"
CANARIES = ("CANARY_canary-0123", "word of a canary")


@pytest.fixture(autouse=True)
def secrets() -> None:
    remember_keys([KEY])
    remember_password(PASSWORD)


def lines(file: LogFile) -> list[str]:
    return file.path.read_text(encoding="utf-8").splitlines()


def fail(message: object) -> None:
    raise ValueError(message)


def test_a_line_tells_when_how_grave_and_what(log_file: LogFile) -> None:
    log.ours.info("opened %s in %.1f s", "gateway.db", 0.25)
    (line,) = lines(log_file)
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d INFO \d+ keymon: opened gateway\.db in 0\.2 s", line
    )
    assert str(os.getpid()) in line


def raised(secret: str, how: str) -> BaseException:
    """Return an exception with a traceback in which a secret stands."""
    try:
        try:
            fail(secret)
        except ValueError as error:
            if how == "alone":
                raise
            if how == "suppressed":
                raise RuntimeError(secret) from None
            if how == "group":
                raise ExceptionGroup(
                    secret, [ValueError(secret), ExceptionGroup("inner", [KeyError(secret)])]
                ) from None
            if how == "note":
                error.add_note(secret)
                raise
            raise KeyError(secret) from (error if how == "cause" else ValueError(secret))
    except Exception as error:  # noqa: BLE001 - any of these
        return error
    raise AssertionError


@pytest.mark.parametrize("how", ["alone", "cause", "suppressed", "group", "note", "other"])
@pytest.mark.parametrize("secret", [KEY, PASSWORD])
def test_no_secret_of_an_exception_gets_into_it(log_file: LogFile, how: str, secret: str) -> None:
    log.ours.error("a fault: %s", secret, exc_info=raised(secret, how))
    (line,) = lines(log_file)
    assert "Error" in line
    assert not [canary for canary in CANARIES if canary in line]


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("it was {}!", ()),
        ("it was %s", ("{}",)),
        ("it was %r", (["{}"],)),
        ("it was %(what)s", ({"what": "{}"},)),
        ("{} does not fit %s %s", ("{}",)),
        ("{} %d", ("{}",)),
    ],
)
@pytest.mark.parametrize("secret", [KEY, PASSWORD])
def test_no_secret_of_a_message_gets_into_it(
    log_file: LogFile, text: str, arguments: tuple[object, ...], secret: str
) -> None:
    filled = eval(repr(arguments).replace("{}", repr(secret)[1:-1]))  # noqa: S307 - ours
    record = logging.LogRecord("keymon", logging.ERROR, "f", 1, text.replace("{}", secret), filled, None)
    log_file.handle(record)
    (line,) = lines(log_file)
    assert not [canary for canary in CANARIES if canary in line]


def test_no_secret_of_a_stack_gets_into_it(log_file: LogFile) -> None:
    log.ours.error("here", stack_info=True)
    record = logging.LogRecord("keymon", logging.ERROR, "f", 1, "x", (), None, sinfo=f"Stack\n{KEY}\n")
    log_file.handle(record)
    assert len(lines(log_file)) == 2
    assert "CANARY" not in lines(log_file)[1]


def test_a_traceback_tells_the_way_without_values_and_folders(log_file: LogFile) -> None:
    hidden = "a value"
    try:
        try:
            fail(hidden.upper())
        except ValueError as error:
            raise TypeError("other") from error
    except TypeError:
        log.ours.exception("met")
    (line,) = lines(log_file)
    assert "| ValueError: A VALUE | From that came: |" in line
    assert "tests/test_log.py, line" in line
    assert "in fail" in line
    assert str(Path(__file__).parent) not in line
    assert "a value" not in line


def test_control_characters_are_visible_and_long_texts_elided(log_file: LogFile) -> None:
    log.ours.info("a\nb\x1b[31m\u202e%s", "x" * 100_000)
    (line,) = lines(log_file)
    assert "a\\u000ab\\u001b[31m\\u202exxx" in line
    assert len(line) < 3_000


def test_no_half_of_a_secret_is_left_where_a_text_is_cut() -> None:
    for before in range(19_900, 20_001, 7):
        assert "CANARY" not in shown("x" * before + KEY, 50_000)
    assert "canary" not in shown(f"{PASSWORD}" * 2_000, 50_000)


def test_an_exception_that_cannot_be_shown_is_told_nevertheless() -> None:
    class BrokenError(Exception):
        def __str__(self) -> str:
            raise ZeroDivisionError

    assert trace_lines(BrokenError())[-1] == "BrokenError: (its message cannot be read)"


def test_exceptions_that_came_from_each_other_come_to_an_end() -> None:
    one, two = ValueError("one"), ValueError("two")
    one.__context__, two.__context__ = two, one
    assert len(trace_lines(one)) == 3
    deep = ValueError("0")
    for i in range(1, 100):
        deep, deep.__cause__ = ValueError(str(i)), deep
    assert len(trace_lines(deep)) < 100


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (log.__file__, "keymon/log.py"),
        ("/home/somebody/venv/lib/python3.11/site-packages/keymon/gui/app.py", "keymon/gui/app.py"),
        ("/usr/lib/python3/site-packages/sqlalchemy/engine/base.py", "sqlalchemy/engine/base.py"),
        ("keymon/gui/app.py", "keymon/gui/app.py"),  # in the bundle
        ("/usr/lib/python3.11/json/decoder.py", "json/decoder.py"),
        ("<string>", "<string>"),
    ],
)
def test_files_are_told_without_the_folders_of_whoever_runs_keymon(path: str, expected: str) -> None:
    assert short_path(path) == expected


def recurse(depth: int) -> None:
    if depth:
        recurse(depth - 1)
    raise RecursionError


def test_a_long_way_is_cut() -> None:
    with pytest.raises(RecursionError) as raised:
        recurse(300)
    assert len(trace_lines(raised.value)) < 150


@pytest.mark.parametrize(
    ("level", "expected"),
    [("", ["i", "w"]), ("debug", ["d", "i", "w"]), ("WARNING", ["w"]), ("no such", ["i", "w"])],
)
def test_the_level_is_chosen_by_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: str, expected: list[str]
) -> None:
    monkeypatch.setenv("KEYMON_LOG_LEVEL", level)
    file = log.begin(tmp_path)
    log.ours.debug("d")
    log.ours.info("i")
    log.ours.warning("w")
    log.end()
    log.ours.error("after the end")
    assert [line[-1] for line in lines(file)] == expected


def test_libraries_are_heard_from_a_warning_on_and_never_their_statements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYMON_LOG_LEVEL", "debug")
    file = log.begin(tmp_path)
    logging.getLogger("sqlalchemy.engine").info("SELECT ?")
    logging.getLogger("sqlalchemy.pool").warning("of a library")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("of Python", stacklevel=1)
    log.end()
    assert [line.partition(" keymon")[2] or line for line in lines(file) if "SELECT" in line] == []
    assert len(lines(file)) == 2


def test_before_it_begins_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    log.ours.error("nobody hears that")
    assert capfd.readouterr() == ("", "")


def test_it_is_for_this_account_only_and_turned_over_when_it_is_full(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "log"
    file = LogFile(folder, largest=1_000)
    log.ours.addHandler(file)
    for i in range(100):
        log.ours.error("%s %s", i, "x" * 40)
    log.ours.removeHandler(file)
    files = sorted(path for path in folder.iterdir() if not path.name.endswith(".lock"))
    assert [path.name for path in files] == ["keymon.log", "keymon.log.1", "keymon.log.2"]
    assert all(path.stat().st_size < 1_200 for path in files)
    assert {oct(path.stat().st_mode & 0o777) for path in folder.iterdir()} == {"0o600"}
    assert folder.stat().st_mode & 0o777 == 0o700
    newest = [line.split()[4] for path in reversed(files) for line in path.read_text().splitlines()]
    assert newest == [str(i) for i in range(100 - len(newest), 100)]


_WRITE = """
import sys
from pathlib import Path
from keymon.log import LogFile, ours
ours.addHandler(LogFile(Path(sys.argv[1]), largest=20_000))
for i in range(300):
    ours.error("%s %s %s", sys.argv[2], i, "x" * 50)
"""


def test_several_processes_do_not_disturb_each_other(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    children = [subprocess.Popen([sys.executable, "-c", _WRITE, str(folder), str(i)]) for i in range(4)]
    assert [child.wait(60) for child in children] == [0, 0, 0, 0]
    files = [folder / "keymon.log", folder / "keymon.log.1", folder / "keymon.log.2"]
    texts = [line for path in files for line in path.read_text().splitlines()]
    assert 200 < len(texts) < 900
    assert all(re.fullmatch(r"\S+ ERROR \d+ keymon: [0-3] \d+ x{50}", line) for line in texts)
    assert files[2].exists()


@pytest.mark.parametrize("what", ["unwritable", "a file", "a folder", "a pipe", "full", "a link"])
def test_where_it_cannot_be_written_nothing_happens(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    folder = tmp_path / "log"
    file = LogFile(folder)
    if what == "unwritable":
        folder = Path("/proc/no/such")
        file = LogFile(folder)
    elif what == "a file":
        folder.touch()
    elif what == "a folder":
        file.path.mkdir(parents=True)
    elif what == "a pipe":
        folder.mkdir()
        os.mkfifo(file.path)
    elif what == "full":
        folder.mkdir()
        monkeypatch.setattr(os, "write", lambda _handle, data: len(data) // 2)
    else:
        folder.mkdir()
        file.path.symlink_to(tmp_path / "elsewhere")
    log.ours.addHandler(file)
    log.ours.error("something")
    log.ours.removeHandler(file)
    assert isinstance(file.failure, OSError)
    assert capfd.readouterr() == ("", "")
    assert not (tmp_path / "elsewhere").exists()


def test_it_goes_on_once_it_can_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    folder.touch()
    file = LogFile(folder)
    log.ours.addHandler(file)
    log.ours.error("lost")
    folder.unlink()
    log.ours.error("kept")
    log.ours.removeHandler(file)
    assert file.failure is None
    assert [line[-4:] for line in lines(file)] == ["kept"]


def test_windows_that_cannot_rename_goes_on_in_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    file = LogFile(tmp_path, largest=100)
    log.ours.addHandler(file)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refuse)
        for _ in range(3):
            log.ours.error("x" * 200)
    assert len(lines(file)) == 3
    log.ours.error("x")
    log.ours.removeHandler(file)
    assert not file.path.exists()


def test_a_fault_while_a_secret_is_remembered_does_not_wait_for_it(log_file: LogFile) -> None:
    with SECRETS._lock:
        log.ours.error("in the middle of it: %s", KEY)
    assert "CANARY" not in lines(log_file)[0]


@pytest.mark.parametrize("state", [None, "", "relative", "/somewhere/else"])
def test_the_folder_is_that_of_the_platform(monkeypatch: pytest.MonkeyPatch, state: str | None) -> None:
    monkeypatch.delenv("KEYMON_LOG_DIR")
    if state is None:
        monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    else:
        monkeypatch.setenv("XDG_STATE_HOME", state)
    assert crashes.log_folder() == user_log_path("keymon", appauthor=False)


def test_its_last_lines(log_file: LogFile) -> None:
    assert log.last_lines(3) == []
    for i in range(10):
        log.ours.info("%s", i)
    assert [line[-1] for line in log.last_lines(3)] == ["7", "8", "9"]
