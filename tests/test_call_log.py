"""Pieces of the log: bounded, whole, and the same whether SQLite packs them or not."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from keymon import call_log
from keymon.call_log import CHUNK_ROWS, NO_ROWS, CallLog, LogRows, call_end, in_columns
from keymon.database import Database, location_of
from tests.conftest import MakeGateway
from tests.gateway_file import GatewayFile

CUTOFF = datetime(2026, 11, 22, 12)


@pytest.fixture
def gateway(make_gateway: MakeGateway) -> GatewayFile:
    return make_gateway(["a"])


@pytest.fixture
def database(gateway: GatewayFile) -> Iterator[Database]:
    made = Database(location_of(gateway.path))
    yield made
    made.close()


@pytest.fixture
def log(database: Database) -> CallLog:
    return CallLog(database)


def row(row_id: int, at: datetime | None = CUTOFF, latency_ms: object = 0, api_key: object = "a") -> tuple[object, ...]:
    return (row_id, f"{at:%Y-%m-%d %H:%M:%S.%f}" if at else None, "m", api_key, 1, 200, latency_ms)


def ids(rows: LogRows) -> list[int]:
    return list(rows.ids)


def test_an_empty_log(log: CallLog) -> None:
    assert log.bounds() is None
    assert log.newest_end() is None
    assert len(log.newer(0)) == len(log.older(0, 10)) == 0
    assert log.survey(10, CUTOFF) is None
    assert log.row(1) is None


def test_chunks_upwards_are_bounded_and_whole(gateway: GatewayFile, log: CallLog) -> None:
    gateway.calls([row(i) for i in range(1, CHUNK_ROWS + 11)])
    first = log.newer(0)
    assert ids(first) == list(range(1, CHUNK_ROWS + 1))
    assert ids(log.newer(first.ids[-1])) == list(range(CHUNK_ROWS + 1, CHUNK_ROWS + 11))


def test_chunks_downwards_come_in_the_order_of_ids(gateway: GatewayFile, log: CallLog) -> None:
    gateway.calls([row(i) for i in range(1, CHUNK_ROWS + 11)])
    newest = log.older(3, CHUNK_ROWS + 10)
    assert ids(newest) == list(range(11, CHUNK_ROWS + 11))
    assert ids(log.older(3, newest.ids[0] - 1)) == list(range(4, 11))
    assert len(log.older(3, 3)) == 0


def test_gaps_in_the_ids_cost_nothing(gateway: GatewayFile, log: CallLog) -> None:
    gateway.calls([row(-5), row(1), row(2**62), row(2**63 - 1)])
    assert log.bounds() == (-5, 2**63 - 1)
    assert ids(log.newer(-6)) == ids(log.older(-6, 2**63 - 1)) == [-5, 1, 2**62, 2**63 - 1]
    rows, end = log.of_key("a", 1, 2**62, ids=10)
    assert (ids(rows), end) == ([], 2**62 - 1)
    assert ids(log.of_key("a", end, 2**62, ids=10)[0]) == [2**62]


ODD = [
    None,
    "",
    "plain",
    'quote " and \\ and \x1f and \n',
    "nul \x00 inside",
    "emoji 🔑 and \u202e",
    "\ud7ff",
    2**63 - 1,
    -(2**63),
    1.5,
    b"blob",
    b"\xff\x00",
    float("inf"),
    "<b>markup</b>",
    "123",
]


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_a_packed_chunk_holds_what_plain_rows_hold(
    gateway: GatewayFile, log: CallLog, monkeypatch: pytest.MonkeyPatch, value: object
) -> None:
    gateway.calls([(1, "2026-11-22 12:00:00", "m", "k", 1, 200, 5), (2, value, value, value, 1, value, value), row(3)])
    packed = log.newer(0), log.older(0, 3)
    monkeypatch.setattr("keymon.sqlite_reader.SqliteReader.packs_rows", False)
    plain = log.newer(0), log.older(0, 3)
    for mine, expected in zip(packed, plain, strict=True):
        assert [mine.row(n) for n in range(3)] == [expected.row(n) for n in range(3)]


def test_text_that_is_not_utf8_stays_visible(gateway: GatewayFile, log: CallLog) -> None:
    gateway.calls([row(1)])
    gateway.connection.execute("UPDATE t_request_log SET model_name = CAST(x'ff41' AS TEXT)")
    assert log.newer(0).models == ("\\xffA",)
    assert log.newer(0).row(0)[3:] == ("a", 200, 0)


def test_the_calls_of_one_key(gateway: GatewayFile, log: CallLog) -> None:
    gateway.calls([row(i, api_key="a" if i % 10 == 0 else "b") for i in range(1, 101)])
    rows, end = log.of_key("a", 0, 100, ids=35)
    assert (ids(rows), end) == ([10, 20, 30], 35)
    rows, end = log.of_key("a", 35, 95, ids=1_000)
    assert (ids(rows), end) == ([40, 50, 60, 70, 80, 90], 95)
    rows, end = log.of_key("a", 35, 95, ids=1_000, is_end=True)
    assert (ids(rows)[-1], end) == (100, 95)
    assert log.of_key("nobody", 0, 100, ids=1_000) == (NO_ROWS, 100)


def test_a_block_is_counted_inside_the_database(
    gateway: GatewayFile, log: CallLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_log, "SURVEY_ROWS", 10)
    gateway.calls([row(i, CUTOFF + timedelta(seconds=i)) for i in range(1, 21)])
    gateway.call("a", CUTOFF + timedelta(days=1), row_id=21)
    gateway.call("a", None, row_id=22)
    gateway.call("a", CUTOFF, status=None, row_id=23)
    gateway.call("a", CUTOFF, status="All connection attempts failed", row_id=24)
    month = (CUTOFF, CUTOFF + timedelta(hours=1))
    block = log.survey(24, CUTOFF + timedelta(seconds=17), month)
    assert block is not None
    assert (block.first_id, block.last_id, block.rows) == (15, 24, 10)
    assert (block.recent, block.month, block.month_success) == (5, 8, 6)
    below = log.survey(14, CUTOFF, None, floor=10)
    assert below is not None
    assert (below.first_id, below.rows, below.recent, below.month) == (11, 4, 4, 0)
    assert log.survey(10, CUTOFF, None, floor=10) is None


def test_sentinels_count_what_is_recent(gateway: GatewayFile, log: CallLog) -> None:
    gateway.calls([row(1), row(2, CUTOFF - timedelta(seconds=1)), row(3, None), row(5)])
    assert log.sentinels([1, 2, 3, 4, 5], CUTOFF) == 2
    assert log.sentinels([2], CUTOFF) == 0


def test_rows_that_appear_below_known_ones(gateway: GatewayFile, log: CallLog) -> None:
    gateway.calls([row(i) for i in (1, 2, 4, 7)])
    assert len(log.late([2, 4, 7], 1, 7)) == 0
    gateway.calls([row(3), row(6)])
    late = log.late([2, 4, 7], 1, 7)
    assert (ids(late), late.keys) == ([3, 6], ("a", "a"))


@pytest.mark.parametrize(
    ("at", "latency", "end"),
    [
        ("2026-11-22 12:00:00.500000", 1500, "2026-11-22 12:00:02"),
        ("2026-11-22 12:00:00", None, "2026-11-22 12:00:00"),
        ("2026-11-22 12:00:00", -5, "2026-11-22 12:00:00"),
        ("2026-11-22 12:00:00", 2**62, "2026-11-22 12:00:00"),
        ("2026-11-22 12:00:00", "text", "2026-11-22 12:00:00"),
        ("no time", 5, None),
        (None, 5, None),
        (b"\xff", 5, None),
        (12345, 5, None),
    ],
)
def test_the_end_of_a_call(at: object, latency: object, end: str | None) -> None:
    assert call_end(at, latency) == (datetime.fromisoformat(end) if end else None)
    assert in_columns([(1, at, "m", "k", 200, latency)]).ends() == ([datetime.fromisoformat(end)] if end else [])
