"""Locks of SQLite: keymon waits for a second at most and says so, writes nothing, and leaves nothing behind."""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC
from pathlib import Path

import pytest

from keymon import database as database_module
from keymon import errors
from keymon.gui.main_window import MainWindow
from keymon.gui.poller import Source
from keymon.locations import location_of
from keymon.monitor import Monitor
from keymon.sqlite_reader import SqliteReader
from tests.faults.conftest import StartWriter
from tests.faults.other_process import CALL_KEY, another_process, die
from tests.faults.told import (
    AS_OF,
    printed,
    refused,
    retry,
    shows_figures,
    shows_no_figures,
    shows_stale_figures,
    try_again,
    untouched,
)
from tests.gateway_file import GatewayFile, key
from tests.gui.conftest import NOW, Bench, call

LOCKED = "is locked by another program"
HALF = "has an unfinished transaction that only a writer can roll back"
NO_INDEX = "has a write-ahead log (-wal) without its index (-shm)"


@pytest.fixture
def gateway(bench: Bench, tmp_path: Path) -> GatewayFile:
    """A gateway with seven calls, alone in its folder, which this process lets go of at once."""
    (tmp_path / "place").mkdir()
    made = bench.gateway(2, "place/gateway.db")
    call(made, 0, times=7)
    made.close()
    return made


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let those who wait for a lock give up at once."""
    monkeypatch.setattr(database_module, "LOCK_PATIENCE_S", 0.01)


def to_wal(gateway: GatewayFile) -> None:
    """Switch a gateway to WAL mode."""
    file = sqlite3.connect(gateway.path)
    assert file.execute("PRAGMA journal_mode = wal").fetchone() == ("wal",)
    file.close()


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


# An exclusive lock


class Clock:
    """Time that passes only while somebody rests."""

    def __init__(self) -> None:
        self.now = 0.0
        self.rests: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.rests.append(seconds)
        self.now += seconds


def test_a_lock_is_waited_for_a_second_at_most(gateway: GatewayFile, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(database_module, "time", clock)
    monitor = Monitor(location_of(gateway.path), UTC)
    with another_process("lock", gateway.path), pytest.raises(errors.DatabaseLockedError):
        monitor.refresh()
    monitor.close()
    assert 0.99 < sum(clock.rests) < 1.01
    assert max(clock.rests) < 0.01


@pytest.mark.parametrize("ticks", [1, 5, 60], ids=lambda ticks: f"{ticks} s")
@pytest.mark.usefixtures("impatient")
def test_while_a_lock_is_held_ticks_are_skipped_and_that_is_told(
    bench: Bench, gateway: GatewayFile, model_testers: Callable[[MainWindow], None], ticks: int
) -> None:
    bench.follow(gateway)
    model_testers(bench.window)
    with another_process("lock", gateway.path):
        for _ in range(ticks):
            assert LOCKED in try_again(bench)
        shows_stale_figures(bench, LOCKED, 7)
    assert names(gateway.path.parent) == ["gateway.db"]
    bench.refresh()
    shows_figures(bench, 8)


@pytest.mark.usefixtures("impatient")
def test_a_lock_at_the_start_is_told(bench: Bench, gateway: GatewayFile, capsys: pytest.CaptureFixture[str]) -> None:
    with another_process("lock", gateway.path), untouched(gateway.path.parent):
        bench.fail(gateway.path)
        shows_no_figures(bench, LOCKED)
        assert LOCKED in refused(capsys, 3, "keys", "--db", gateway.path)
    retry(bench)
    shows_figures(bench, 8)


# A hot journal


def start_gateway(gateway: GatewayFile) -> None:
    """Do what a gateway does first: look at its database, which rolls back what is unfinished there."""
    with another_process("rest", gateway.path):
        pass


def test_a_hot_journal_is_left_to_the_gateway(
    bench: Bench, gateway: GatewayFile, capsys: pytest.CaptureFixture[str]
) -> None:
    die("spill", gateway.path)
    assert names(gateway.path.parent) == ["gateway.db", "gateway.db-journal"]
    with untouched(gateway.path.parent):
        bench.fail(gateway.path)
        shows_no_figures(bench, HALF)
        assert "Start the gateway once: it repairs its database." in bench.window.banner.text
        assert HALF in refused(capsys, 3, "keys", "--db", gateway.path)
    start_gateway(gateway)
    retry(bench)
    shows_figures(bench, 7)


def test_a_gateway_that_dies_in_mid_transaction_is_told(bench: Bench, gateway: GatewayFile) -> None:
    bench.follow(gateway)
    die("spill", gateway.path)
    with untouched(gateway.path.parent):
        try_again(bench)
        shows_stale_figures(bench, HALF, 7)
    start_gateway(gateway)
    bench.refresh()
    shows_figures(bench, 7)


# WAL mode


def at_rest(path: Path, stack: ExitStack) -> int:
    """Nobody has the file open."""
    return 7


def with_an_idle_writer(path: Path, stack: ExitStack) -> int:
    stack.enter_context(another_process("rest", path))
    return 7


def with_a_writer(path: Path, stack: ExitStack) -> int:
    stack.enter_context(another_process("append", path))
    return 8


def with_a_dead_writer(path: Path, stack: ExitStack) -> int:
    die("append", path)
    return 8


WalState = Callable[[Path, ExitStack], int]


@pytest.mark.parametrize("state", [at_rest, with_an_idle_writer, with_a_writer, with_a_dead_writer])
def test_a_file_in_wal_mode_is_read_and_nothing_left_beside_it(
    bench: Bench, gateway: GatewayFile, capsys: pytest.CaptureFixture[str], state: WalState
) -> None:
    to_wal(gateway)
    with ExitStack() as stack:
        calls = state(gateway.path, stack)
        with untouched(gateway.path.parent):
            bench.follow(gateway)
            shows_figures(bench, calls)
            bench.refresh()
            bench.settle()
            out, _ = printed(capsys, "keys", "--db", gateway.path, *AS_OF, "--json", "--show-keys")
            assert CALL_KEY in out


def test_a_writer_takes_its_files_away_when_it_ends(bench: Bench, gateway: GatewayFile) -> None:
    """Unless it ends while a statement of keymon's is running: then the next writer takes them away."""
    to_wal(gateway)
    for calls in (8, 9):
        with another_process("append", gateway.path):
            if calls == 8:
                bench.follow(gateway)
            else:
                bench.refresh()
            shows_figures(bench, calls)
            bench.settle()
        assert names(gateway.path.parent) == ["gateway.db"]
        bench.refresh()
        shows_figures(bench, calls)
    assert names(gateway.path.parent) == ["gateway.db"]


@pytest.mark.usefixtures("impatient")
def test_a_write_ahead_log_without_its_index_is_told(
    bench: Bench, gateway: GatewayFile, capsys: pytest.CaptureFixture[str]
) -> None:
    to_wal(gateway)
    bench.follow(gateway)
    die("append", gateway.path)
    gateway.path.with_name("gateway.db-shm").unlink()
    with untouched(gateway.path.parent):
        try_again(bench)
        shows_stale_figures(bench, NO_INDEX, 7)
        assert NO_INDEX in refused(capsys, 3, "keys", "--db", gateway.path)
    start_gateway(gateway)
    bench.refresh()
    shows_figures(bench, 8)


def test_what_is_read_while_a_writer_comes_is_read_again(gateway: GatewayFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without locks only its file tells that it has come."""
    to_wal(gateway)
    monitor = Monitor(location_of(gateway.path), UTC, now=lambda: NOW)
    reads: list[tuple[str, object]] = []
    fetched = SqliteReader._leniently_fetched

    with ExitStack() as stack:

        def come_meanwhile(self: SqliteReader, driver: sqlite3.Connection, *what: object) -> list[object]:
            reads.append(("at rest" if self._is_at_rest else "in use", what[0]))
            rows: list[object] = fetched(self, driver, *what)  # type: ignore[arg-type]
            if len(reads) == 1:
                stack.enter_context(another_process("append", gateway.path))
            return rows

        monkeypatch.setattr(SqliteReader, "_leniently_fetched", come_meanwhile)
        snapshot = monitor.refresh()
        monitor.close()
    assert [how for how, _ in reads] == ["at rest", *["in use"] * (len(reads) - 1)]
    assert reads[0][1] == reads[1][1]
    assert snapshot.stats.usage(CALL_KEY)[0].calls.total == 8


# What may be done is read


@contextmanager
def as_nobody() -> Iterator[None]:
    """Have no rights beyond those of everybody, where tests run as root, to whom nothing is forbidden."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def closed_folder(gateway: GatewayFile) -> Iterator[Path]:
    """A folder that nobody may write to, with a gateway's file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        gateway.path = gateway.path.rename(folder / "gateway.db")
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


@pytest.mark.parametrize("mode", ["rollback", "WAL at rest", "WAL with a writer", "WAL with a dead writer"])
def test_a_folder_may_be_read_only(bench: Bench, gateway: GatewayFile, closed_folder: Path, mode: str) -> None:
    with ExitStack() as stack:
        if mode != "rollback":
            to_wal(gateway)
        if mode == "WAL with a writer":
            stack.enter_context(another_process("append", gateway.path))
        elif mode == "WAL with a dead writer":
            die("append", gateway.path)
        for path in closed_folder.iterdir():
            path.chmod(0o444)
        closed_folder.chmod(0o555)
        with untouched(closed_folder), as_nobody():
            with pytest.raises(PermissionError):
                (closed_folder / "a").touch()
            bench.follow(gateway)
            bench.refresh()
        shows_figures(bench, 8 if "writer" in mode else 7)
        closed_folder.chmod(0o755)


@pytest.mark.skipif(not Path("/proc/self/fdinfo").is_dir(), reason="the system does not tell how files are open")
@pytest.mark.parametrize("mode", ["rollback", "WAL at rest", "WAL with a writer"])
def test_no_file_is_opened_for_writing(
    bench: Bench, gateway: GatewayFile, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """The write-ahead log itself SQLite opens so wherever it may; what has no write lock writes nothing there."""
    ways: dict[str, set[int]] = {}
    fetched = SqliteReader._leniently_fetched

    def watched(self: SqliteReader, driver: sqlite3.Connection, *what: object) -> list[object]:
        rows: list[object] = fetched(self, driver, *what)  # type: ignore[arg-type]
        for name, flags in open_files(gateway.path.parent):
            ways.setdefault(name, set()).add(flags & os.O_ACCMODE)
        return rows

    monkeypatch.setattr(SqliteReader, "_leniently_fetched", watched)
    with ExitStack() as stack:
        if mode != "rollback":
            to_wal(gateway)
        if mode == "WAL with a writer":
            stack.enter_context(another_process("append", gateway.path))
        bench.follow(gateway)
        bench.refresh()
        bench.settle()
    assert ways.pop("gateway.db") == {os.O_RDONLY}
    assert ways.pop("gateway.db-shm", {os.O_RDONLY}) == {os.O_RDONLY}
    assert set(ways) <= {"gateway.db-wal"}


def open_files(folder: Path) -> Iterator[tuple[str, int]]:
    """Give the names of the files in a folder that this process has open, and how."""
    for handle in Path("/proc/self/fd").iterdir():
        try:
            path = handle.readlink()
            told = Path("/proc/self/fdinfo", handle.name).read_text()
        except OSError:
            continue
        if path.parent == folder:
            yield path.name, int(next(line for line in told.splitlines() if line.startswith("flags:")).split()[1], 8)


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_no_row_is_lost_while_keymon_looks_all_the_time(
    bench: Bench, start_writer: StartWriter, tmp_path: Path, mode: str
) -> None:
    (tmp_path / "place").mkdir()
    gateway = bench.gateway(2, "place/gateway.db")
    assert gateway.execute(f"PRAGMA journal_mode = {mode}") == [(mode,)]
    looks: list[object] = []
    bench.poller.refreshed.connect(looks.append)
    bench.window.follow(
        Source("busy", lambda: Monitor(location_of(gateway.path), UTC), interval_ms=2)  # by the real clock
    )
    writer = start_writer(gateway, rate=250)
    bench.qtbot.waitUntil(lambda: len(looks) > 50, timeout=30_000)
    written = writer.end().calls
    bench.qtbot.waitUntil(lambda: bench.window.summary.day.figure == f"{written:,}", timeout=30_000)
    assert not bench.window.banner.isVisible()
    assert gateway.execute("PRAGMA quick_check") == [("ok",)]


def test_the_key_of_the_other_process_is_the_first() -> None:
    assert key(0) == CALL_KEY
