"""Pieces of the log, held against plain SQL: where they begin and end, and every value as it is stored."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from keymon import call_log
from keymon.call_log import CallLog, LogRows, call_end, in_columns, local_time
from keymon.database import Database
from tests.gateway import Gateway, MakeAnyGateway, on_sqlite_only

NOON = datetime(2026, 11, 22, 12)
SECOND = timedelta(seconds=1)
FIRST, LAST = -(2**63), 2**63 - 1
_COLUMNS = "id, request_time, model_name, api_key, status_code, latency_ms"


@pytest.fixture
def gateway(make_any_gateway: MakeAnyGateway) -> Gateway:
    return make_any_gateway(["a"])


@pytest.fixture
def log(gateway: Gateway) -> Iterator[CallLog]:
    database = Database(gateway.location)
    yield CallLog(database)
    database.close()


@pytest.fixture(params=["packed", "plain"])
def any_log(log: CallLog, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> CallLog:
    """A log whose chunks SQLite packs, and one whose rows are fetched as they are, as a server's always are."""
    if request.param == "plain":
        monkeypatch.setattr(Database, "packs_rows", False)
    return log


def row(row_id: int, at: datetime | None = NOON, latency_ms: int | None = 0, api_key: str = "a") -> tuple[object, ...]:
    return (row_id, at, "m", api_key, 1, 200, latency_ms)


def rows_of(rows: LogRows) -> list[tuple[object, ...]]:
    return [rows.row(n) for n in range(len(rows))]


def all_rows(gateway: Gateway) -> list[tuple[object, ...]]:
    """Read the whole log by SQL; times as the text that the database gives for them."""
    rows = gateway.execute(f"SELECT {_COLUMNS} FROM t_request_log ORDER BY id")
    return [(row_id, str(at) if isinstance(at, datetime) else at, *rest) for row_id, at, *rest in rows]


def in_chunks(log: CallLog, downwards: bool) -> list[tuple[object, ...]]:
    """Read the whole log in chunks; the rows in the order of their ids."""
    chunks: list[LogRows] = []
    if downwards:
        top = LAST
        while rows := log.older(FIRST, top):
            chunks.insert(0, rows)
            top = rows.ids[0] - 1
    else:
        after = FIRST
        while rows := log.newer(after):
            chunks.append(rows)
            after = rows.ids[-1]
    assert all(len(rows) <= call_log.CHUNK_ROWS for rows in chunks)
    return [found for rows in chunks for found in rows_of(rows)]


def test_an_empty_log(any_log: CallLog) -> None:
    assert any_log.bounds() is None
    assert len(any_log.newer(0)) == 0
    assert len(any_log.older(0, LAST)) == 0
    assert any_log.newest_end() is None
    assert any_log.newest_start() is None
    assert any_log.row(1) is None
    assert any_log.probe(1) == []
    assert any_log.survey(LAST, NOON) is None
    assert any_log.of_key("a", 0, 100, 10) == (call_log.NO_ROWS, 100)


@pytest.mark.parametrize("downwards", [False, True], ids=["upwards", "downwards"])
@pytest.mark.parametrize("count", [1, 6, 7, 8, 20, 21])
def test_chunks_hold_every_row_once(
    gateway: Gateway, any_log: CallLog, monkeypatch: pytest.MonkeyPatch, count: int, downwards: bool
) -> None:
    monkeypatch.setattr(call_log, "CHUNK_ROWS", 7)
    gateway.calls([row(n * n, NOON + n * SECOND) for n in range(1, count + 1)])
    assert in_chunks(any_log, downwards) == all_rows(gateway)


@pytest.mark.parametrize("downwards", [False, True], ids=["upwards", "downwards"])
def test_gaps_of_any_width_cost_nothing(gateway: Gateway, any_log: CallLog, downwards: bool) -> None:
    middle, last = gateway.last_id // 2, gateway.last_id
    ids = [-middle, -1, 1, middle, middle + 1, last]
    gateway.calls([row(n) for n in ids])
    assert [found[0] for found in in_chunks(any_log, downwards)] == ids
    assert any_log.bounds() == (-middle, last)


def test_a_chunk_lies_within_its_bounds(gateway: Gateway, any_log: CallLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_log, "CHUNK_ROWS", 5)
    gateway.calls([row(n) for n in range(10, 200, 10)])
    assert list(any_log.older(20, 100).ids) == [60, 70, 80, 90, 100]
    assert list(any_log.older(20, 55).ids) == [30, 40, 50]
    assert list(any_log.older(20, 29).ids) == []
    assert list(any_log.newer(150).ids) == [160, 170, 180, 190]
    assert list(any_log.newer(190).ids) == []


VALUES: list[Any] = [
    None,
    "",
    "text",
    "2026-11-22 12:00:00.123456",
    "quotes ' \" and \\ backslashes \\n \\u0041 /",
    "control \x01\x1f\x7f\b\t\n\r",
    "NUL \x00 within",
    "\x00",
    "umlaut ü, han 鑰, emoji 🔑, \u202e bidi, \ufeff",
    "[1, null]",
    '{"a": 1}',
    "null",
    "200",
    0,
    -1,
    2**31,
    2**53 + 1,
    LAST,
    FIRST,
    True,
    2.5,
    -0.125,
    1e300,
    float("inf"),
    float("-inf"),
    b"",
    b"blob \xff\x00",
]


@on_sqlite_only("it packs rows, and any of its columns may hold any value")
@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("column", ["request_time", "model_name", "api_key", "status_code", "latency_ms"])
@pytest.mark.parametrize("downwards", [False, True], ids=["upwards", "downwards"])
def test_a_packed_chunk_holds_what_plain_rows_hold(
    gateway: Gateway, log: CallLog, value: object, column: str, downwards: bool
) -> None:
    gateway.calls([row(n) for n in (1, 2, 3)])
    gateway.execute(f"UPDATE t_request_log SET {column} = ? WHERE id = 2", (value,))
    expected = all_rows(gateway)
    found = in_chunks(log, downwards)
    assert found == expected
    assert [[type(v) for v in r] for r in found] == [[type(v) for v in r] for r in expected]


@on_sqlite_only("a server keeps no text that is none")
@pytest.mark.parametrize(
    ("stored", "read"),
    [
        (b"\xff and \xc3\xbc", "\\xff and ü"),
        (b"half a letter \xc3", "half a letter \\xc3"),
        (b"surrogate \xed\xa0\x80", "surrogate \\xed\\xa0\\x80"),
        (b'"\\\xff', '"\\\\xff'),
    ],
    ids=["byte", "cut", "surrogate", "quotes"],
)
@pytest.mark.parametrize("column", ["request_time", "model_name", "api_key", "status_code"])
def test_text_that_is_not_utf_8_stays_visible(
    gateway: Gateway, any_log: CallLog, column: str, stored: bytes, read: str
) -> None:
    gateway.calls([row(n) for n in (1, 2, 3)])
    gateway.execute(f"UPDATE t_request_log SET {column} = CAST(? AS TEXT) WHERE id = 2", (stored,))
    for found in (in_chunks(any_log, downwards=False), in_chunks(any_log, downwards=True)):
        assert [r[0] for r in found] == [1, 2, 3]
        assert read in found[1]
        assert found[0] == (1, *rows_of(any_log.newer(2))[0][1:])


@on_sqlite_only("it packs rows")
def test_rows_are_packed_at_all(gateway: Gateway, log: CallLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """One row leaves the database for a chunk; where something cannot be packed, its rows do."""
    fetched: list[int] = []
    fetch = Database.fetch

    def counting(self: Database, *args: Any, **values: Any) -> list[Any]:  # noqa: ANN401
        rows = fetch(self, *args, **values)
        fetched.append(len(rows))
        return rows

    gateway.calls([row(n) for n in range(1, 21)])
    monkeypatch.setattr(Database, "fetch", counting)
    assert len(log.newer(0)) == len(log.older(0, 20)) == 20
    assert fetched == [1, 1]
    gateway.execute("UPDATE t_request_log SET status_code = x'ff' WHERE id = 7")
    fetched.clear()
    assert len(log.newer(0)) == len(log.older(0, 20)) == 20
    assert fetched == [20, 20]


def test_the_ends_of_rows() -> None:
    rows = in_columns([(1, "2026-11-22 12:00:00", "m", "a", 200, 1500), (2, None, "m", "a", 200, 5)])
    assert rows.ends() == [datetime(2026, 11, 22, 12, 0, 1, 500_000)]


# Single rows


def test_the_newest_calls_say_when_the_last_one_started_and_ended(gateway: Gateway, log: CallLog) -> None:
    gateway.calls([row(1, NOON + timedelta(hours=1)), *(row(n, NOON) for n in range(2, 7))])
    gateway.calls([row(7, NOON - 50 * SECOND, 60_000), row(8, None), row(9, NOON - SECOND)])
    assert log.newest_start() == NOON
    assert log.newest_end() == NOON + 10 * SECOND


def test_newest_calls_without_a_time(gateway: Gateway, log: CallLog) -> None:
    gateway.calls([row(n, None) for n in range(1, 5)])
    assert log.newest_start() is None
    assert log.newest_end() is None


def test_a_row_is_found_by_its_id(gateway: Gateway, log: CallLog) -> None:
    gateway.calls([row(3), row(5, latency_ms=7)])
    assert log.row(5) == all_rows(gateway)[1]
    assert log.row(5) == (5, *rows_of(log.newer(0))[0][1:5], 7)
    assert log.row(4) is None


def test_a_probe_gives_the_ends_of_the_next_rows(gateway: Gateway, log: CallLog) -> None:
    gateway.calls([row(n, None if n == 30 else NOON + n * SECOND, 1000) for n in range(10, 200, 10)])
    assert log.probe(15) == [
        (n, None if n == 30 else NOON + (n + 1) * SECOND) for n in range(20, 20 + 10 * call_log.WITNESSES, 10)
    ]
    assert log.probe(190) == [(190, NOON + 191 * SECOND)]
    assert log.probe(191) == []


# The calls of one key


def of_key(log: CallLog, api_key: str, floor: int, top: int, ids: int, is_end: bool = False) -> tuple[list[int], int]:
    """Read the calls of a key in stretches; their ids, and in how many stretches."""
    found: list[int] = []
    stretches = 0
    while floor < top:
        rows, end = log.of_key(api_key, floor, top, ids, is_end)
        assert end > floor
        found += rows.ids
        floor = end
        stretches += 1
    return found, stretches


@pytest.mark.parametrize("is_end", [False, True])
@pytest.mark.parametrize("ids", [1, 7, 100, 1000])
def test_the_calls_of_a_key_are_found_in_stretches(gateway: Gateway, log: CallLog, ids: int, is_end: bool) -> None:
    gateway.calls([row(n, api_key="abc"[n % 3]) for n in range(1, 101)])
    found, stretches = of_key(log, "b", 10, 100, ids, is_end)
    assert found == [n for n in range(11, 101) if n % 3 == 1]
    assert stretches == -(-90 // ids)


@pytest.mark.parametrize("is_end", [False, True])
def test_wide_gaps_in_the_ids_of_a_key_are_stepped_over(gateway: Gateway, log: CallLog, is_end: bool) -> None:
    middle, last = gateway.last_id // 2, gateway.last_id
    ids = [1, 5, middle // 1000, middle, middle + 50, last]
    gateway.calls([row(n) for n in ids])
    found, stretches = of_key(log, "a", 0, LAST, 100, is_end)
    assert found == ids
    assert stretches < 10


def test_the_calls_of_a_key_end_where_they_are_told_to(gateway: Gateway, log: CallLog) -> None:
    gateway.calls([row(n) for n in (1, 50, 60, 1_000_000)])
    assert of_key(log, "a", 0, 55, 10)[0] == [1, 50]
    assert of_key(log, "gone", 0, 55, 10)[0] == []
    assert of_key(log, "a", 60, 999_999, 10) == ([], 1)


# Counting inside the database


def test_a_block_is_counted(gateway: Gateway, log: CallLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_log, "SURVEY_ROWS", 5)
    statuses = [200, 204, 299, 300, 199, None, *(gateway.text_statuses or (500, 503)), 404]
    gateway.calls([(n, datetime(2026, 11, n, 12), "m", "a", 1, statuses[n - 1], 0) for n in range(1, 10)])
    month = datetime(2026, 11, 2), datetime(2026, 11, 8)
    top = log.survey(LAST, datetime(2026, 11, 7, 12), month)
    assert top == call_log.SurveyedBlock(5, LAST, rows=5, recent=3, month=3, month_success=0)
    below = log.survey(4, datetime(2026, 11, 7, 12), month)
    assert below == call_log.SurveyedBlock(1, 4, rows=4, recent=0, month=3, month_success=2)
    assert log.survey(4, datetime(2026, 11, 2)) == call_log.SurveyedBlock(
        1, 4, rows=4, recent=3, month=0, month_success=0
    )


def test_a_block_does_not_go_below_its_floor(gateway: Gateway, log: CallLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_log, "SURVEY_ROWS", 5)
    first, last = gateway.last_id // 1000, gateway.last_id // 2
    gateway.calls([row(n) for n in (-3, -1, first, last)])
    everything = log.survey(LAST, NOON)
    assert everything is not None
    assert (everything.first_id, everything.rows) == (-3, 4)
    part = log.survey(last - 1, NOON, floor=0)
    assert part is not None
    assert (part.first_id, part.last_id, part.rows) == (first, last - 1, 1)
    assert log.survey(first - 1, NOON, floor=0) is None


def test_sentinels_are_counted_where_they_are_recent(gateway: Gateway, log: CallLog) -> None:
    gateway.calls([row(n, NOON + n * SECOND) for n in range(1, 300)])
    gateway.call("a", None, row_id=301)
    assert log.sentinels([5, 10, 15, 20, 301, 400], NOON + 15 * SECOND) == 2
    assert log.sentinels([7], NOON) == 1
    assert log.sentinels([400], NOON) == 0
    assert log.sentinels(range(1, 1 + call_log.SENTINELS), NOON) == call_log.SENTINELS


# Times as the gateway stores them


@pytest.mark.parametrize(
    ("at", "latency", "end"),
    [
        ("2026-11-22 12:00:00.500000", 1500, "2026-11-22 12:00:02"),
        ("2026-11-22 12:00:00", None, "2026-11-22 12:00:00"),
        ("2026-11-22 12:00:00", -5, "2026-11-22 12:00:00"),
        ("2026-11-22 12:00:00", 2**62, "2026-11-22 12:00:00"),
        ("2026-11-22 12:00:00", call_log.MAX_LATENCY_MS, "2026-11-23 12:00:00"),
        ("2026-11-22 12:00:00", "text", "2026-11-22 12:00:00"),
        (datetime(2026, 11, 22, 12), 1000, "2026-11-22 12:00:01"),
        ("no time", 5, None),
        (None, 5, None),
        (b"\xff", 5, None),
        (12345, 5, None),
    ],
)
def test_the_end_of_a_call(at: object, latency: object, end: str | None) -> None:
    assert call_end(at, latency) == (datetime.fromisoformat(end) if end else None)


@pytest.mark.parametrize(
    "value", ["", "now", "2026-13-01 00:00:00", "1899-12-31 23:59:59", "9000-01-01 00:00:00", 2026.5, True], ids=repr
)
def test_what_is_no_time_that_a_clock_has_shown(value: object) -> None:
    assert local_time(value) is None
