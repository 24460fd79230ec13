"""The start of a period by primary key, held against the query that reads everything."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keymon.call_log import CallLog
from keymon.database import Database, location_of
from keymon.log_start import Disorder, find_end, find_start, has_call_below
from tests.conftest import MakeGateway
from tests.gateway_file import GatewayFile

CUTOFF = datetime(2026, 11, 22, 12)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def gateway(make_gateway: MakeGateway) -> GatewayFile:
    return make_gateway(["a"])


@pytest.fixture
def log(gateway: GatewayFile) -> Iterator[CallLog]:
    database = Database(location_of(gateway.path))
    yield CallLog(database)
    database.close()


def row(row_id: int | None, at: datetime | None, latency_ms: int | None = 0) -> tuple[object, ...]:
    return (row_id, f"{at:%Y-%m-%d %H:%M:%S.%f}" if at else None, "m", "a", 1, 200, latency_ms)


def start_of(log: CallLog, cutoff: datetime) -> int:
    bounds = log.bounds()
    assert bounds is not None
    return find_start(log, bounds, cutoff)


def first_since(gateway: GatewayFile, cutoff: datetime) -> int | None:
    """Return the smallest id of the period, by reading everything."""
    query = "SELECT min(id) FROM t_request_log WHERE request_time >= ?"
    found: int | None = gateway.connection.execute(query, (f"{cutoff:%Y-%m-%d %H:%M:%S.%f}",)).fetchone()[0]
    return found


@pytest.mark.parametrize("minutes", [0, 1, 5, 60])
def test_a_long_log_is_not_read_from_its_beginning(gateway: GatewayFile, log: CallLog, minutes: int) -> None:
    gateway.calls([row(i, CUTOFF + timedelta(minutes=(i - 50_000) * minutes)) for i in range(1, 60_001)])
    start = start_of(log, CUTOFF)
    first = first_since(gateway, CUTOFF)
    assert first is not None
    assert start < first
    if minutes:
        # No more than the two hours of margin before the cutoff, and what the search leaves open.
        assert 50_000 - start <= 120 / minutes + 216


@given(
    gaps=st.lists(st.integers(1, 400), min_size=1, max_size=120),
    seconds=st.lists(st.integers(0, 1800), min_size=120, max_size=120),
    latencies=st.lists(st.sampled_from([None, 0, 500, 300_000, 6_900_000]), min_size=120, max_size=120),
    nulls=st.sets(st.integers(0, 119)),
    futures=st.sets(st.integers(0, 119), max_size=5),
    cut=st.integers(-6 * 3600, 6 * 3600),
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
        first = first_since(gateway, cutoff)
        assert first is None or start_of(CallLog(database), cutoff) < first
    finally:
        database.close()
        gateway.close()
        gateway.path.unlink()


numbers = count()


def test_the_hour_that_comes_twice_is_within_the_margin(gateway: GatewayFile, log: CallLog) -> None:
    """The clock goes back an hour: later rows have smaller times."""
    before = [row(i, CUTOFF - 5 * MINUTE * (400 - i)) for i in range(1, 401)]
    again = [row(i, CUTOFF - 60 * MINUTE + 5 * MINUTE * (i - 400)) for i in range(401, 800)]
    gateway.calls(before + again)
    first = first_since(gateway, CUTOFF - 30 * MINUTE)
    assert first is not None
    assert start_of(log, CUTOFF - 30 * MINUTE) < first


def test_a_huge_gap_in_the_ids(gateway: GatewayFile, log: CallLog) -> None:
    gateway.calls([row(1, CUTOFF - timedelta(days=1)), row(2**62, CUTOFF), row(2**62 + 1, CUTOFF)])
    assert 0 <= start_of(log, CUTOFF) < 2**62


def test_rows_of_a_stopped_clock_prove_nothing(gateway: GatewayFile, log: CallLog) -> None:
    gateway.calls([row(i, CUTOFF + i * MINUTE) for i in range(1, 1_001)])
    gateway.calls([row(i, datetime(1970, 1, 1)) for i in range(1_001, 2_001)])
    assert start_of(log, CUTOFF) < 1


@pytest.mark.parametrize("minutes", [-100, 0, 1, 500, 5_000, 50_000])
def test_the_end_of_a_period_leaves_no_call_out(gateway: GatewayFile, log: CallLog, minutes: int) -> None:
    gateway.calls([row(i, CUTOFF + i * MINUTE - timedelta(minutes=i % 90), i % 90 * 60_000) for i in range(1, 10_001)])
    moment = CUTOFF + minutes * MINUTE
    end = find_end(log, (1, 10_000), moment)
    query = "SELECT coalesce(max(id), 0) FROM t_request_log WHERE request_time <= ?"
    (last,) = gateway.connection.execute(query, (f"{moment:%Y-%m-%d %H:%M:%S.%f}",)).fetchone()
    assert last <= end <= min(max(minutes, 0) + 130, 10_000)


def test_sentinels_see_a_merged_log(gateway: GatewayFile, log: CallLog) -> None:
    """Two gateways' logs one after the other: the recent calls of the first lie in the middle of the ids."""
    times = [CUTOFF - MINUTE * (2_000 - i) for i in range(2_000)] * 2
    gateway.calls([row(i + 1, time) for i, time in enumerate(times)])
    bounds = (1, 4_000)
    cutoff = CUTOFF - timedelta(hours=10)
    assert not has_call_below(log, bounds, 1_000, cutoff)
    assert has_call_below(log, bounds, 3_300, cutoff)


def test_sentinels_need_a_row(log: CallLog, gateway: GatewayFile) -> None:
    gateway.calls([row(5, CUTOFF)])
    assert not has_call_below(log, (5, 5), 4, CUTOFF)
    assert has_call_below(log, (5, 5), 5, CUTOFF)


def test_disorder_is_the_most_by_which_a_row_started_after_a_later_one_had_ended() -> None:
    random = Random(7)
    rows = [(start := random.randint(0, 1_000), start + random.randint(0, 200)) for _ in range(60)]
    expected = max(a - end for i, (a, _) in enumerate(rows) for _, end in rows[i:])
    disorder = Disorder()
    for low, high, is_newer in ((20, 40, True), (10, 20, False), (40, 60, True), (0, 10, False)):
        part = rows[low:high]
        within = max(a - end for i, (a, _) in enumerate(part) for _, end in part[i:])
        disorder.see(within, max(a for a, _ in part), min(end for _, end in part), is_newer)
    assert disorder.most == max(expected, 0)
