"""What keymon sends to a database: each statement by itself, small, and done with before the next."""

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from keymon import call_log, key_usage, monitor
from keymon.connection_check import ConnectionCheck
from keymon.database import Database
from keymon.error_browser import ErrorFilter
from keymon.errors import KeyNotFoundError
from keymon.gateway_clock import parse_zone
from keymon.locations import location_of
from keymon.monitor import Monitor
from keymon.sqlite_reader import SqliteReader
from tests.conftest import MakeGateway, MakeGatewayServer
from tests.faults.statements import is_read
from tests.gateway_file import GatewayFile, key

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LOCAL = NOW.replace(tzinfo=None)
A, B = key(1), key(2)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


class Recorder:
    """Notes every statement that reaches the file, and lets the gateway write after each."""

    def __init__(self, gateway: GatewayFile) -> None:
        self.gateway = gateway
        self.sent: dict[str, list[Mapping[str, object]]] = {}
        self.under_way = 0
        self.writer = sqlite3.connect(gateway.path, isolation_level=None, timeout=0)

    def send(self, reader: SqliteReader, sql: str, parameters: Mapping[str, object]) -> list[Any]:
        assert self.under_way == 0, "a statement is sent while another one is open"
        self.under_way += 1
        try:
            return _rows(reader, sql, parameters)
        finally:
            self.under_way -= 1
            self.sent.setdefault(sql, []).append(dict(parameters))
            if not self.gateway.connection.in_transaction:
                # Were a statement still open, its lock would keep the gateway from committing.
                self.writer.execute("BEGIN EXCLUSIVE")
                self.writer.execute("COMMIT")


_rows = SqliteReader.rows


@pytest.fixture
def gateway(make_gateway: MakeGateway) -> GatewayFile:
    return make_gateway([A, B])


@pytest.fixture
def recorder(gateway: GatewayFile, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    made = Recorder(gateway)

    def rows(reader: SqliteReader, sql: str, parameters: Mapping[str, object]) -> list[Any]:
        return made.send(reader, sql, parameters)

    monkeypatch.setattr(SqliteReader, "rows", rows)
    monkeypatch.setattr(call_log, "CHUNK_ROWS", 50)
    monkeypatch.setattr(monitor, "CHUNK_ROWS", 50)
    monkeypatch.setattr(call_log, "SURVEY_ROWS", 100)
    monkeypatch.setattr(key_usage, "_IDS_AT_FIRST", 100)
    monkeypatch.setattr(key_usage, "_MOST_IDS", 100)
    monkeypatch.setattr(key_usage, "_FEWEST_IDS", 100)
    monkeypatch.setattr(monitor, "PAUSE_S", 0.0)
    monkeypatch.setattr(monitor, "_BACKGROUND_REST", 0)
    yield made
    made.writer.close()


def log_calls(gateway: GatewayFile, count: int, until: datetime = LOCAL, status: object = 200) -> None:
    gateway.calls(
        [
            (None, f"{until - 5 * MINUTE * n:%Y-%m-%d %H:%M:%S.%f}", "m", (A, B, "gone")[n % 3], 1, status, 900)
            for n in range(count - 1, -1, -1)
        ]
    )


def follow(gateway: GatewayFile) -> None:
    """Load in haste, refresh, survey all, and look for an error's text."""
    now = NOW
    watching = Monitor(location_of(gateway.path), UTC, now=lambda: now)
    while watching.refresh(patience=0).loading is not None:
        pass
    while watching.survey(10):
        pass
    for _ in range(3):
        now += 5 * MINUTE
        log_calls(gateway, 60, now.replace(tzinfo=None))
        gateway.call(A, now.replace(tzinfo=None), status=b"\xff")
        watching.refresh()
    watching.error_text(A, NOW, 900)
    now += timedelta(days=9)
    watching.refresh()
    watching.close()


def follow_in_another_zone(gateway: GatewayFile) -> None:
    watching = Monitor(location_of(gateway.path), now=lambda: NOW)
    watching.refresh()
    watching.close()


def ask_for_keys(gateway: GatewayFile) -> None:
    for wanted in (A, B[-4:], "gone"):
        for as_of in (None, NOW - HOUR):
            watching = Monitor(location_of(gateway.path), UTC, as_of, now=lambda: NOW)
            with suppress(KeyNotFoundError):
                watching.usage(wanted)
            watching.close()


def judge_a_past_instant(gateway: GatewayFile) -> None:
    watching = Monitor(location_of(gateway.path), parse_zone("Europe/Berlin"), NOW - 30 * HOUR, now=lambda: NOW)
    watching.refresh()
    watching.close()


def browse_errors(gateway: GatewayFile) -> None:
    gateway.errors([(A, "m", None, f"text {n}", 500, None, LOCAL - n * MINUTE) for n in range(300, 0, -1)])
    browsing = Monitor(location_of(gateway.path), UTC, NOW - HOUR, now=lambda: NOW)
    for wanted in (ErrorFilter(), ErrorFilter(text="no such"), ErrorFilter(since=NOW - 3 * HOUR)):
        page = browsing.errors().page(wanted, rows=70)
        while page.before is not None:
            page = browsing.errors().page(wanted, page.before, rows=70)
            for row in page.rows[:1]:
                browsing.errors().text(row)
    browsing.close()


@pytest.fixture(params=["in order", "out of order", "with a blob", "rows that come late", "empty"])
def any_gateway(gateway: GatewayFile, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> GatewayFile:
    if request.param == "out of order":
        log_calls(gateway, 900)
    if request.param == "rows that come late":
        monkeypatch.setattr(Database, "commits_in_id_order", False)
    if request.param != "empty":
        log_calls(gateway, 3_000)
        gateway.calls([(None, "2026-11-23 11:00:00.000000", "m", "gone", 1, 200, 5)])
    if request.param == "with a blob":
        gateway.connection.execute("UPDATE t_request_log SET status_code = x'ff' WHERE id % 70 = 0")
    return gateway


@pytest.mark.parametrize(
    "ask",
    [follow, follow_in_another_zone, ask_for_keys, judge_a_past_instant, browse_errors],
    ids=lambda ask: ask.__name__,
)
def test_every_statement_is_one_bounded_select(
    any_gateway: GatewayFile, recorder: Recorder, ask: Callable[[GatewayFile], None]
) -> None:
    ask(any_gateway)
    assert len(recorder.sent) >= 4
    for sql, parameters in recorder.sent.items():
        assert sql.startswith("SELECT ")
        assert ";" not in sql
        for values in parameters:
            assert is_bounded(sql, values, any_gateway), sql


def test_a_server_s_own_log_knows_of_nothing_but_reads(make_gateway_server: MakeGatewayServer) -> None:
    gateway = make_gateway_server([A, B])
    gateway.calls(
        [(None, LOCAL - n * MINUTE, "m", A, n % 9 > 0, 200 if n % 9 else 500, 900) for n in range(300, 0, -1)]
    )
    gateway.errors([(A, "m", None, "a text", 500, None, LOCAL - n * MINUTE) for n in range(300, 0, -9)])
    tables = ("t_settings", "t_error_logs", "t_request_log")
    before = gateway.execute(f"CHECKSUM TABLE {', '.join(tables)}")
    gateway.execute("SET GLOBAL log_output = 'TABLE'")
    gateway.execute("SET GLOBAL general_log = ON")
    try:
        # With an account that may do everything.
        watching = Monitor(gateway.location_for_operator, now=lambda: NOW)
        watching.refresh()
        while watching.survey(10):
            pass
        watching.usage(A)
        watching.error_text(A, NOW - 9 * MINUTE, 900)
        page = watching.errors().page(ErrorFilter(text="a text"), rows=10)
        watching.errors().text(page.rows[0])
        watching.close()
        ConnectionCheck(gateway.location_for_operator, lambda _: None, UTC).run()
    finally:
        gateway.execute("SET GLOBAL general_log = OFF")
    told = gateway.execute("SELECT command_type, argument FROM mysql.general_log WHERE user_host LIKE ?", ["operator%"])
    gateway.execute("TRUNCATE mysql.general_log")
    assert {kind for kind, _ in told} == {"Query", "Quit"}
    queries = [text for kind, text in told if kind == "Query"]
    assert len(queries) > 20
    assert [text for text in queries if not is_read(text)] == []
    assert gateway.execute(f"CHECKSUM TABLE {', '.join(tables)}") == before


def is_bounded(sql: str, parameters: Mapping[str, object], gateway: GatewayFile) -> bool:
    """Tell by its text whether a statement reads a limited stretch of a table, however long that is."""
    if re.search(r"\bLIMIT\b", sql):
        return True
    if re.search(r"\.id >=? .*\.id <= ", sql, re.DOTALL) or re.search(r"\.id (IN \(|= )", sql):
        return True
    if re.fullmatch(r"SELECT min\(\S+\.id\) AS \S+\s+FROM \S+\s+WHERE \S+\.id > :\S+", sql):
        return True  # looked up at one end of the primary key
    if re.match(r"SELECT \(SELECT min\(\S+\.id\) [^()]*\) AS \S+, \(SELECT max\(\S+\.id\) [^()]*\) AS", sql):
        return " WHERE " not in sql  # at both ends
    if "api_key = :" in sql and (found := re.search(r"\.id > :(\w+)", sql)):
        ((last,),) = gateway.connection.execute("SELECT max(id) FROM t_request_log").fetchall()
        floor = parameters[found[1]]
        assert isinstance(floor, int)
        assert isinstance(last, int)
        return last - floor <= key_usage._MOST_IDS + 1  # the log's own end is the other bound
    return False
