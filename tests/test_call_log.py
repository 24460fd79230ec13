"""The start of a period by primary key, held against the query that reads everything."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keymon import call_log
from keymon.call_log import CallLog, call_end
from keymon.database import Database, location_of
from tests.conftest import MakeGateway
from tests.gateway_file import GatewayFile

CUTOFF = datetime(2026, 11, 22, 12)


@pytest.fixture
def gateway(make_gateway: MakeGateway) -> GatewayFile:
    return make_gateway(["a"])


@pytest.fixture
def log(gateway: GatewayFile) -> Iterator[CallLog]:
    database = Database(location_of(gateway.path))
    yield CallLog(database)
    database.close()


def row(row_id: int, at: datetime | None, latency_ms: int | None = 0) -> tuple[object, ...]:
    return (row_id, f"{at:%Y-%m-%d %H:%M:%S.%f}" if at else None, "m", "a", 1, 200, latency_ms)


def ids_since(log: CallLog, cutoff: datetime) -> list[int]:
    """Read from the start that was found to the end, and keep the calls of the period."""
    after = log.start(cutoff)
    found = []
    while rows := log.read(after):
        after = rows[-1][0]
        found += [r[0] for r in rows if isinstance(r[1], str) and r[1] >= f"{cutoff:%Y-%m-%d %H:%M:%S.%f}"]
    return found


def naive_ids_since(gateway: GatewayFile, cutoff: datetime) -> list[int]:
    query = "SELECT id FROM t_request_log WHERE request_time >= ? ORDER BY id"
    return [found for (found,) in gateway.connection.execute(query, (f"{cutoff:%Y-%m-%d %H:%M:%S.%f}",))]


def test_an_empty_log(log: CallLog) -> None:
    assert log.bounds() is None
    assert log.start(CUTOFF) == 0
    assert log.read(0) == []
    assert log.newest_end() is None


@pytest.mark.parametrize("minutes", [0, 1, 5, 60])
def test_a_long_log_is_not_read_from_its_beginning(gateway: GatewayFile, log: CallLog, minutes: int) -> None:
    gateway.calls([row(i, CUTOFF + timedelta(minutes=(i - 50_000) * minutes)) for i in range(1, 60_001)])
    start = log.start(CUTOFF)
    assert start < 50_000
    if minutes:
        # No more than the two hours of margin before the cutoff, and a few rows of the search.
        assert 50_000 - start <= 120 / minutes + 16
    assert ids_since(log, CUTOFF) == naive_ids_since(gateway, CUTOFF)


spans = st.integers(-6 * 3600, 6 * 3600)


@given(
    gaps=st.lists(st.integers(1, 400), min_size=1, max_size=120),
    seconds=st.lists(st.integers(0, 1800), min_size=120, max_size=120),
    latencies=st.lists(st.sampled_from([None, 0, 500, 300_000, 6_900_000]), min_size=120, max_size=120),
    nulls=st.sets(st.integers(0, 119)),
    futures=st.sets(st.integers(0, 119), max_size=5),
    cut=spans,
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_start_loses_no_call(
    tmp_path: Path,
    gaps: list[int],
    seconds: list[int],
    latencies: list[int | None],
    nulls: set[int],
    futures: set[int],
    cut: int,
) -> None:
    """Gaps in the ids, NULL times, calls of up to 115 minutes, rows of the period dated in the future."""
    gateway = GatewayFile(tmp_path / f"gateway-{next(numbers)}.db")
    cutoff = CUTOFF + timedelta(seconds=cut)
    ended, row_id, rows = CUTOFF - timedelta(hours=8), 0, []
    for i, gap in enumerate(gaps):
        row_id += gap
        ended += timedelta(seconds=seconds[i])
        started = ended - timedelta(milliseconds=latencies[i] or 0)
        if i in futures and ended >= cutoff:
            started += timedelta(days=400)
        rows.append(row(row_id, None if i in nulls else started, latencies[i]))
    gateway.calls(rows)
    database = Database(location_of(gateway.path))
    try:
        assert ids_since(CallLog(database), cutoff) == naive_ids_since(gateway, cutoff)
    finally:
        database.close()
        gateway.close()
        gateway.path.unlink()


numbers = count()


def test_the_hour_that_comes_twice_is_within_the_margin(gateway: GatewayFile, log: CallLog) -> None:
    """The clock goes back an hour: later rows have smaller times."""
    before = [row(i, CUTOFF - timedelta(minutes=5 * (400 - i))) for i in range(1, 401)]
    again = [row(i, CUTOFF - timedelta(minutes=60) + timedelta(minutes=5 * (i - 400))) for i in range(401, 800)]
    gateway.calls(before + again)
    assert ids_since(log, CUTOFF - timedelta(minutes=30)) == naive_ids_since(gateway, CUTOFF - timedelta(minutes=30))


def test_rows_come_in_bounded_chunks(gateway: GatewayFile, log: CallLog) -> None:
    gateway.calls([row(i, CUTOFF) for i in range(1, call_log.CHUNK_ROWS + 11)])
    first = log.read(0)
    assert len(first) == call_log.CHUNK_ROWS
    assert [r[0] for r in log.read(first[-1][0])] == list(range(call_log.CHUNK_ROWS + 1, call_log.CHUNK_ROWS + 11))


def test_a_huge_gap_in_the_ids_costs_nothing(gateway: GatewayFile, log: CallLog) -> None:
    gateway.calls([row(1, CUTOFF - timedelta(days=1)), row(2**62, CUTOFF), row(2**62 + 1, CUTOFF)])
    assert ids_since(log, CUTOFF) == [2**62, 2**62 + 1]


def test_a_period_is_counted_in_stretches(gateway: GatewayFile, log: CallLog, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway.calls([row(i, CUTOFF + timedelta(seconds=i)) for i in range(-50, 1)])
    gateway.call("a", CUTOFF, status=500)
    gateway.call("a", CUTOFF, status=None)
    gateway.call("a", CUTOFF, status="All connection attempts failed")
    gateway.call("a", CUTOFF + timedelta(days=1))
    gateway.call("a", None)
    counted = log.count(-1000, CUTOFF, CUTOFF + timedelta(hours=1))
    assert counted is not None
    assert (counted.total, counted.success) == (4, 1)
    assert log.count(counted.last_id, CUTOFF, CUTOFF) is None


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
    assert call_end((1, at, "m", "k", 200, latency)) == (datetime.fromisoformat(end) if end else None)
