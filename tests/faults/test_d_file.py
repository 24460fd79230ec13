"""Faults of the file: each has its own message, and what takes the file's place is found with the next tick."""

import os
import random
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from keymon import database as database_module
from keymon import errors
from keymon.error_browser import ErrorFilter
from keymon.gui.main_window import MainWindow
from keymon.locations import locate, location_of
from keymon.monitor import Monitor, Snapshot
from tests.faults.other_process import another_process
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


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a gateway keeps its file and nothing else is."""
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


def sound(path: Path, calls: int = 7, first_key: int = 0) -> None:
    """Put a gateway with so many calls at `path`, in the place of what is there."""
    made = GatewayFile(path.with_name("made.db"), [key(first_key), key(first_key + 1)])
    call(made, first_key, times=calls, ago=timedelta(hours=3))
    made.close()
    take_away(path)
    made.path.replace(path)


def take_away(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


# What is no gateway's file. Each puts it at a path where nothing is.


def absent(path: Path) -> None:
    """Leave nothing there."""


def folder(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def a_socket(path: Path) -> None:
    before = Path.cwd()
    os.chdir(path.parent)  # the path of a socket must be short
    with closing(socket.socket(socket.AF_UNIX)) as made:
        made.bind(path.name)
    os.chdir(before)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def dangling(path: Path) -> None:
    path.symlink_to("nothing.db")


def circle(path: Path) -> None:
    path.symlink_to(path.name)


def zero_bytes(path: Path) -> None:
    path.touch()


def one_byte(path: Path) -> None:
    path.write_bytes(b"S")


def junk(path: Path) -> None:
    path.write_bytes(b"this is no database, whatever its name says. " * 500)


def head_only(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 8_000)


def truncated(share: float) -> Callable[[Path], None]:
    def put(path: Path) -> None:
        sound(path, 2_000)
        os.truncate(path, int(path.stat().st_size * share))

    return put


WRONG: dict[str, tuple[Callable[[Path], None], str]] = {
    "absent": (absent, "there is no such file"),
    "a folder": (folder, "is a folder, not a database file"),
    "a FIFO": (pipe, "is a pipe, not a database file"),
    "a socket": (a_socket, "is a socket, not a database file"),
    "a device": (device, "is a device, not a database file"),
    "a dangling link": (dangling, "is a link to a file that is not there"),
    "a link to itself": (circle, "is a link to a file that is not there"),
    "0 bytes": (zero_bytes, "the file is empty (0 bytes)"),
    "1 byte": (one_byte, "is not an SQLite database"),
    "junk": (junk, "is not an SQLite database"),
    "a head and junk": (head_only, "is not an SQLite database"),
    "truncated at 50 %": (truncated(0.5), "the database is damaged"),
    "truncated at 90 %": (truncated(0.9), "the database is damaged"),
}
MESSAGES = {message for _, message in WRONG.values()}


def only_message(text: str) -> str:
    """Return the only one of all messages that a text holds."""
    (found,) = [message for message in MESSAGES if message in text]
    return found


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_file_of_a_gateways_is_told_at_the_start(
    bench: Bench, place: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    put, message = WRONG[name]
    path = place / "gw?mode=rwc#%41 <b>.db"
    put(path)
    with untouched(place):
        bench.fail(path)
        shows_no_figures(bench, message)
        text = bench.window.banner.text
        assert only_message(text) == message
        assert "gw?mode=rwc#%41 <b>.db" in text
        assert len(text.splitlines()) == 2
        assert only_message(refused(capsys, 3, "keys", "--db", path)) == message
    sound(path)
    retry(bench)
    shows_figures(bench, 7)


@pytest.mark.parametrize("name", WRONG)
def test_what_takes_the_place_of_the_file_is_told_and_the_figures_stay(
    bench: Bench, place: Path, model_testers: Callable[[MainWindow], None], name: str
) -> None:
    put, message = WRONG[name]
    path = place / "gateway.db"
    sound(path)
    bench.follow_path(path)
    model_testers(bench.window)
    take_away(path)
    put(path)
    with untouched(place):
        assert only_message(try_again(bench)) == message
        assert only_message(try_again(bench)) == message
        shows_stale_figures(bench, message, 7)
    sound(path, 9)
    bench.refresh()
    shows_figures(bench, 9)


def test_a_file_that_comes_back_is_followed_on(bench: Bench, place: Path) -> None:
    path = place / "gateway.db"
    sound(path)
    bench.follow_path(path)
    path.rename(place / "hidden.db")
    try_again(bench)
    shows_stale_figures(bench, "there is no such file", 7)
    (place / "hidden.db").rename(path)
    bench.refresh()
    shows_figures(bench, 7)


# Another gateway's file in its place


@pytest.mark.parametrize(
    ("calls", "first_key"),
    [(9, 0), (2, 0), (7, 0), (0, 0), (7, 5), (3_000, 5)],
    ids=["larger", "smaller", "equal", "empty", "of other keys", "of other keys and larger"],
)
def test_a_file_that_replaces_the_file_is_found_with_the_next_tick(
    bench: Bench, place: Path, model_testers: Callable[[MainWindow], None], calls: int, first_key: int
) -> None:
    path = place / "gateway.db"
    sound(path)
    bench.follow_path(path)
    model_testers(bench.window)
    sound(path, calls, first_key)
    with untouched(place):
        snapshot = bench.refresh()
    shows_figures(bench, calls)
    assert [one.key for one in snapshot.keys] == [key(first_key), key(first_key + 1)]
    assert counted(snapshot) == ({key(first_key): calls} if calls else {})


def counted(snapshot: Snapshot) -> dict[str, int]:
    """Return how many calls of each key are known."""
    keys = [key(n) for n in range(8)]
    return {one: sum(row.calls.total for row in rows) for one in keys if (rows := snapshot.stats.usage(one))}


@pytest.mark.parametrize("mode", ["delete", "wal"])
@pytest.mark.parametrize("first_key", [0, 5], ids=["of the same keys", "of other keys"])
def test_a_file_that_is_replaced_in_the_middle_of_a_load(place: Path, mode: str, first_key: int) -> None:
    path = place / "gateway.db"
    sound(path, 9_000)
    with closing(sqlite3.connect(path)) as file:
        file.execute(f"PRAGMA journal_mode = {mode}")
    monitor = Monitor(location_of(path), UTC, now=lambda: NOW)
    loads: list[int] = []

    def replace(calls: int, _share: float) -> None:
        if not loads:
            sound(path, 20, first_key)
        loads.append(calls)

    snapshots = [monitor.refresh(progress=replace), monitor.refresh()]
    monitor.close()
    # What is open is read to its end; in WAL mode each read opens the file.
    assert counted(snapshots[0]) == ({key(0): 9_000} if mode == "delete" else {key(first_key): 20})
    assert counted(snapshots[1]) == {key(first_key): 20}


def test_whoever_asks_before_that_is_noticed_is_told_nothing_of_another_file(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failure the next question opens the file anew; only a refresh may begin with another one."""
    path = place / "gateway.db"
    sound(path)
    monitor = Monitor(location_of(path), UTC, now=lambda: NOW)
    monitor.refresh()
    monkeypatch.setattr(database_module, "LOCK_PATIENCE_S", 0.01)
    with another_process("lock", path):
        with pytest.raises(errors.DatabaseLockedError):
            monitor.refresh()
        sound(path, 3, 5)
        with pytest.raises(errors.DatabaseReplacedError, match="another file has taken its place"):
            monitor.errors().page(ErrorFilter())
    assert counted(monitor.refresh()) == {key(5): 3}
    assert monitor.errors().page(ErrorFilter()).rows == ()
    monitor.close()


# Names

NAMES: dict[str, str] = {
    "a URI": "a?mode=rwc#.db",
    "a percent sign": "50%25.db",
    "another percent sign": "%zz%2F.db",
    "spaces": " ga te  way .db",
    "Chinese": "网关.db",
    "quotes": "a&b='\".db",
    "a fragment": "x#y.db",
    "HTML": "<b>a<br>.db",
    "backslashes": "a\\b\\.db",
    "a line break": "a\nb\r.db",
    "a right-to-left override": "a\u202ebd.db",
    "control characters": "a\x1b[31m\x07.db",
    "not UTF-8": os.fsdecode(b"a\xff\xfe.db"),
    "as an option": "--help",
    "a memory": ":memory:",
    "long": "x" * 250,
}


@pytest.mark.parametrize("name", NAMES)
def test_a_file_may_be_called_anything(
    bench: Bench, place: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = place / NAMES[name]
    sound(path)
    with untouched(place):
        bench.follow_path(path)
        shows_figures(bench, 7)
        assert '"calls": 7' in printed(capsys, "stats", f"--db={path}", *AS_OF, "--json")[0].replace("total", "calls")
        for location in (location_of(path), locate(str(path)), locate(f"sqlite:///{path}")):
            with closing(Monitor(location, UTC, now=lambda: NOW)) as monitor:
                assert counted(monitor.refresh()) == {key(0): 7}
    take_away(path)
    told = try_again(bench).splitlines()[0], refused(capsys, 3, "keys", f"--db={path}").rstrip("\n")
    for line in (*told, bench.window.windowTitle()):
        assert line.isprintable()
    for line in told:
        assert "there is no such file" in line
    assert os.listdir(place) == []


# Damage in the middle


def zeroed(page: bytes, chance: random.Random) -> bytes:
    return bytes(len(page))


def filled(page: bytes, chance: random.Random) -> bytes:
    return b"\xff" * len(page)


def swapped(page: bytes, chance: random.Random) -> bytes:
    return page[len(page) // 2 :] + page[: len(page) // 2]


def flipped(page: bytes, chance: random.Random) -> bytes:
    """Return it with some bits flipped, most of them where SQLite keeps its book."""
    damaged = bytearray(page)
    for _ in range(chance.randint(1, 12)):
        damaged[chance.choice([chance.randrange(16), chance.randrange(64), chance.randrange(len(page))])] ^= (
            1 << chance.randrange(8)
        )
    return bytes(damaged)


def large(place: Path) -> Path:
    """Return a gateway's file with many pages, none of which holds nothing but text."""
    path = place / "gateway.db"
    gateway = GatewayFile(path, [key(n) for n in range(20)])
    for n in range(20):
        call(gateway, n, times=20, status=200 if n % 3 else 429)
        for _ in range(5):
            gateway.error(key(n), datetime(2026, 11, 23, 11, 59), "because " * 40)
    gateway.close()
    return path


def figures(path: Path) -> list[object]:
    """Return what is known of a gateway, or the errors that say why it is not."""
    found: list[object] = []
    with closing(Monitor(location_of(path), UTC, now=lambda: NOW)) as monitor:
        for ask in (
            lambda: tuple(monitor.refresh().keys),
            lambda: tuple(monitor.usage(key(1)).usage),
            lambda: monitor.errors().page(ErrorFilter(text="because")),
            lambda: monitor.error_text(key(1), NOW, 1_000),
        ):
            try:
                found.append(ask())
            except errors.KeymonError as error:
                found.append(error)
    assert all(str(one).isprintable() for one in found if isinstance(one, errors.KeymonError))
    return found


@pytest.mark.parametrize("damage", [zeroed, filled, swapped])
def test_a_page_that_is_none_is_told_or_makes_no_difference(
    place: Path, damage: Callable[[bytes, random.Random], bytes]
) -> None:
    path = large(place)
    right, content, size, chance = figures(path), path.read_bytes(), 4096, random.Random(0)
    told = 0
    for at in range(0, len(content), size):
        path.write_bytes(content[:at] + damage(content[at : at + size], chance) + content[at + size :])
        with untouched(place):
            found = figures(path)
        told += any(isinstance(one, errors.KeymonError) for one in found)
        assert [one for one, known in zip(found, right, strict=True) if one != known] == [
            one for one in found if isinstance(one, errors.KeymonError)
        ]
    assert told > len(content) // size // 2


def test_flipped_bits_are_never_a_fault_of_ours(place: Path) -> None:
    """Some make other figures: SQLite keeps no checksums."""
    path = large(place)
    content, size, chance = path.read_bytes(), 4096, random.Random(1)
    for at in range(0, len(content), size):
        for _ in range(12):
            path.write_bytes(content[:at] + flipped(content[at : at + size], chance) + content[at + size :])
            figures(path)


def test_damage_under_the_window_is_told(bench: Bench, place: Path) -> None:
    path = place / "gateway.db"
    sound(path, 3_000)
    content = path.read_bytes()
    bench.follow_path(path)
    damaged = place / "damaged.db"
    damaged.write_bytes(content[: len(content) // 2] + bytes(4096) + content[len(content) // 2 + 4096 :])
    damaged.replace(path)
    with untouched(place):
        assert "the database is damaged" in try_again(bench)
    sound(path, 4)
    bench.refresh()
    shows_figures(bench, 4)
