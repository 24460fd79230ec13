"""Whatever keymon asks a database for may fail, each single time: it is told, and afterwards nothing is missing."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pymysql
import pytest

from keymon import call_log, monitor
from keymon.error_browser import ErrorFilter
from keymon.errors import KeymonError
from keymon.locations import Location, server_location
from keymon.monitor import Monitor, Snapshot
from tests.conftest import MakeGateway, MakeGatewayServer
from tests.faults.failing_database import Failing, Raise, failing_file, failing_server, sqlite_error
from tests.gateway import Gateway
from tests.gateway_file import key
from tests.gateway_server import GatewayServer
from tests.mariadb import READER, READER_PASSWORD

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LOCAL = NOW.replace(tzinfo=None)
MINUTE = timedelta(minutes=1)
KEYS = [key(n) for n in range(4)]
LATER = timedelta(seconds=5)
Found = TypeVar("Found")
FILE_FAULTS: dict[str, Raise] = {
    "locked": sqlite_error(sqlite3.SQLITE_BUSY, "database is locked"),
    "interrupted": sqlite_error(sqlite3.SQLITE_INTERRUPT, "interrupted"),
    "I/O error": sqlite_error(sqlite3.SQLITE_IOERR, "disk I/O error"),
    "malformed": sqlite_error(sqlite3.SQLITE_CORRUPT, "database disk image is malformed"),
    "cannot open": sqlite_error(sqlite3.SQLITE_CANTOPEN, "unable to open database file"),
    "no memory": MemoryError,
    "schema changed": sqlite_error(sqlite3.SQLITE_SCHEMA, "database schema has changed"),
}
SERVER_FAULTS: dict[str, Raise] = {
    "gone away": lambda: pymysql.OperationalError(2006, "MySQL server has gone away"),
    "lost": lambda: pymysql.OperationalError(2013, "Lost connection to MySQL server during query"),
    "timed out": lambda: pymysql.OperationalError(2013, "Lost connection to MySQL server during query (timed out)"),
    "interrupted": lambda: pymysql.OperationalError(1317, "Query execution was interrupted"),
    "reset": lambda: ConnectionResetError(104, "Connection reset by peer"),
    "shut down": lambda: pymysql.OperationalError(1053, "Server shutdown in progress"),
    "deadlock": lambda: pymysql.OperationalError(1213, "Deadlock found"),
    "nonsense": lambda: pymysql.InternalError("Packet sequence number wrong - got 7 expected 1"),
}


@pytest.fixture(autouse=True)
def in_small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a short log take many reads."""
    monkeypatch.setattr(call_log, "CHUNK_ROWS", 20)
    monkeypatch.setattr(monitor, "CHUNK_ROWS", 20)
    monkeypatch.setattr(call_log, "SURVEY_ROWS", 40)
    monkeypatch.setattr(monitor, "PAUSE_S", 0.0)
    monkeypatch.setattr(monitor, "_BACKGROUND_REST", 0)
    # A lock that is met once is waited for, and that is not what is tried here.
    monkeypatch.setattr("keymon.database.LOCK_PATIENCE_S", -1.0)


def filled(gateway: Gateway) -> Gateway:
    rows = [
        (None, LOCAL - n * 20 * MINUTE, f"m{n % 3}", KEYS[n % 4], n % 5 > 0, 200 if n % 5 else 500, 900)
        for n in range(80, 0, -1)
    ]
    gateway.calls(rows)
    gateway.errors([(KEYS[0], "m", None, f"text {n}", 500, None, LOCAL - n * MINUTE) for n in range(30, 0, -1)])
    return gateway


class Course:
    """What a window asks for in the course of a day; a step that fails is taken again, as the window does."""

    def __init__(self, location: Location) -> None:
        self.now = NOW
        self.told: list[Exception] = []
        self.monitor = Monitor(location, UTC, now=lambda: self.now)

    def run(self, new_calls: Callable[[], None]) -> tuple[Snapshot, list[object]]:
        """Load, survey, ask, refresh; return the last figures and all answers."""
        self._taken(self._load)
        self._taken(self._survey)
        answers: list[object] = [
            self._taken(lambda: self.monitor.usage(KEYS[1]).usage),
            self._taken(lambda: self.monitor.errors().page(ErrorFilter(text="text"), rows=7)),
            self._taken(lambda: self.monitor.error_text(KEYS[0], NOW - 5 * MINUTE, 900)),
        ]
        new_calls()
        self.now += LATER
        found = self._taken(self._load)
        self.monitor.close()
        return found, answers

    def _load(self) -> Snapshot:
        while (found := self.monitor.refresh(patience=0)).loading is not None:
            pass
        return found

    def _survey(self) -> None:
        while self.monitor.survey(10):
            pass

    def _taken(self, step: Callable[[], Found]) -> Found:
        try:
            return step()
        except (KeymonError, MemoryError) as error:
            self.told.append(error)
        return step()


def figures(found: Snapshot) -> Sequence[object]:
    usage = {one.key: found.stats.usage(one.key) for one in found.keys}
    return (
        found.as_of,
        found.keys,
        (found.calls_1m, found.calls_1h, found.calls_24h, found.calls_month),
        [str(notice) for notice in found.notices],
        usage,
    )


def check_every_operation(
    gateway: Gateway, location: Location, fail: Callable[[int], AbstractContextManager[Failing]]
) -> None:
    def new_calls() -> None:
        gateway.execute("DELETE FROM t_request_log WHERE model_name = 'new'")
        gateway.calls([(None, LOCAL, "new", KEYS[2], True, 200, 100)])

    (expected, answers), at, told = Course(location).run(new_calls), 0, 0
    has_failed = True
    while has_failed:
        at += 1
        course = Course(location)
        with fail(at) as failing:
            found, answered = course.run(new_calls)
        has_failed = failing.has_failed
        assert (figures(found), answered) == (figures(expected), answers), f"operation {at}"
        assert len(course.told) <= 1
        told += len(course.told)
    assert at > 30
    assert told > 0


@pytest.fixture
def file(make_gateway: MakeGateway) -> Gateway:
    return filled(make_gateway(KEYS))


@pytest.fixture
def server(make_gateway_server: MakeGatewayServer) -> GatewayServer:
    made = make_gateway_server(KEYS)
    filled(made)
    return made


@pytest.mark.parametrize("name", FILE_FAULTS)
def test_any_operation_on_a_file_may_fail(file: Gateway, name: str) -> None:
    check_every_operation(file, file.location, lambda at: failing_file(FILE_FAULTS[name], at))


def test_any_operation_on_a_server_may_fail(server: GatewayServer) -> None:
    # There are so many that each fails in one way only.
    faults = list(SERVER_FAULTS.values())
    # Not encrypted: certificates would be loaded thousands of times.
    place = f"{READER}:{READER_PASSWORD}@127.0.0.1:{server.server.port}/{server.name}"
    location = server_location(f"mysql://{place}?ssl_mode=disabled")
    check_every_operation(server, location, lambda at: failing_server(faults[at % len(faults)], at))
