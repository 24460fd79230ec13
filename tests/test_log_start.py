"""The start of a period by primary key, held against the query that reads everything."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keymon import log_start
from keymon.call_log import SENTINELS, CallLog
from keymon.database import Database
from keymon.log_start import Disorder, find_end, find_start, has_call_below, last_id_before
from tests.gateway import Gateway, MakeAnyGateway

CUTOFF = datetime(2026, 11, 22, 12)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def gateway(make_any_gateway: MakeAnyGateway) -> Gateway:
    return make_any_gateway(["a"])


@pytest.fixture
def log(gateway: Gateway) -> Iterator[CallLog]:
    database = Database(gateway.location)
    yield CallLog(database)
    database.close()


def row(row_id: int, at: datetime | None, latency_ms: int | None = 0) -> tuple[object, ...]:
    return (row_id, at, "m", "a", 1, 200, latency_ms)


def start_of(log: CallLog, cutoff: datetime) -> int:
    bounds = log.bounds()
    assert bounds is not None
    return find_start(log, bounds, cutoff)


def ids(gateway: Gateway, condition: str, moment: datetime) -> list[int]:
    query = f"SELECT id FROM t_request_log WHERE request_time {condition} ? ORDER BY id"
    return [found for (found,) in gateway.execute(query, (moment,))]


# The start


@pytest.mark.parametrize("minutes", [1, 5, 60])
def test_a_long_log_is_not_read_from_its_beginning(gateway: Gateway, log: CallLog, minutes: int) -> None:
    gateway.calls([row(i, CUTOFF + (i - 50_000) * minutes * MINUTE) for i in range(1, 60_001)])
    start = start_of(log, CUTOFF)
    assert start < ids(gateway, ">=", CUTOFF)[0] == 50_000
    # No more than the two hours of margin before the cutoff, a few rows of the search and what it leaves undone.
    assert 50_000 - start <= 120 / minutes + 16 + 200
    exact = last_id_before(CUTOFF - 2 * HOUR, (1, 60_000), log.probe)
    assert 50_000 - exact <= 120 / minutes + 16


def test_the_search_asks_little_of_a_long_log(gateway: Gateway, log: CallLog) -> None:
    middle = gateway.last_id // 2
    gateway.calls([row(i, CUTOFF + (i - middle) * MINUTE) for i in range(middle - 500, middle + 500)])
    probed: list[int] = []

    def probe(first: int) -> list[tuple[int, datetime | None]]:
        probed.append(first)
        return log.probe(first)

    assert middle - 9 <= last_id_before(CUTOFF, (1, middle + 500), probe) < middle
    assert len(probed) < middle.bit_length() + 5


def test_a_log_that_is_all_recent_is_read_from_its_first_row(gateway: Gateway, log: CallLog) -> None:
    gateway.calls([row(i, CUTOFF) for i in range(7, 60)])
    assert start_of(log, CUTOFF) == 6


def test_of_a_log_that_is_all_old_next_to_nothing_is_read(gateway: Gateway, log: CallLog) -> None:
    gateway.calls([row(i, CUTOFF - 9 * HOUR) for i in range(1, 5_000)])
    assert start_of(log, CUTOFF) >= 4_999 - 200


def test_one_row_or_two(gateway: Gateway, log: CallLog) -> None:
    gateway.calls([row(1, CUTOFF)])
    assert start_of(log, CUTOFF) == 0
    gateway.calls([row(2, None)])
    assert start_of(log, CUTOFF) == 0


def test_rows_of_a_clock_that_stood_at_its_epoch_prove_nothing(gateway: Gateway, log: CallLog) -> None:
    """A gateway whose clock was not yet set after a restart logs calls of 1970 among those of today."""
    gateway.calls([row(i, CUTOFF + i * MINUTE) for i in range(1, 300)])
    gateway.calls([row(i, datetime(1970, 1, 1)) for i in range(300, 700)])
    gateway.calls([row(i, CUTOFF + i * MINUTE) for i in range(700, 1000)])
    assert start_of(log, CUTOFF) == 0


def test_the_hour_that_comes_twice_is_within_the_margin(gateway: Gateway, log: CallLog) -> None:
    """The clock goes back an hour: later rows have smaller times."""
    before = [row(i, CUTOFF - 5 * MINUTE * (400 - i)) for i in range(1, 401)]
    again = [row(i, CUTOFF - HOUR + 5 * MINUTE * (i - 400)) for i in range(401, 800)]
    gateway.calls(before + again)
    cutoff = CUTOFF - 30 * MINUTE
    assert start_of(log, cutoff) < ids(gateway, ">=", cutoff)[0]


gaps = st.lists(st.integers(1, 400), min_size=1, max_size=120)
pauses = st.lists(st.integers(0, 1800), min_size=120, max_size=120)
latencies = st.lists(st.sampled_from([None, 0, 500, 300_000, 6_900_000]), min_size=120, max_size=120)
moments = st.integers(-6 * 3600, 6 * 3600)


@given(gaps, pauses, latencies, st.sets(st.integers(0, 119)), st.sets(st.integers(0, 119), max_size=5), moments)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("close_enough", [1, 200])
def test_neither_start_nor_end_loses_a_call(
    gateway: Gateway,
    log: CallLog,
    close_enough: int,
    gaps: list[int],
    seconds: list[int],
    latencies: list[int | None],
    nulls: set[int],
    futures: set[int],
    cut: int,
) -> None:
    """Gaps in the ids, NULL times, calls of up to 115 minutes, rows of the period dated in the future."""
    moment = CUTOFF + timedelta(seconds=cut)
    ended, row_id, rows = CUTOFF - 8 * HOUR, 0, []
    for i, gap in enumerate(gaps):
        row_id += gap
        ended += timedelta(seconds=seconds[i])
        started = ended - timedelta(milliseconds=latencies[i] or 0)
        if i in futures and ended >= moment:
            started += timedelta(days=400)
        rows.append(row(row_id, None if i in nulls else started, latencies[i]))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(log_start, "_CLOSE_ENOUGH", close_enough)
        gateway.empty_log()
        gateway.calls(rows)
        bounds = (gaps[0], row_id)
        assert log.bounds() == bounds
        start = find_start(log, bounds, moment)
        assert bounds[0] - 1 <= start <= row_id
        assert all(found > start for found in ids(gateway, ">=", moment))
        end = find_end(log, bounds, moment)
        assert bounds[0] - 1 <= end <= row_id
        assert all(found <= end for found in ids(gateway, "<=", moment))


# The end


@pytest.mark.parametrize("minutes", [1, 5, 60])
def test_the_end_leaves_out_what_came_long_after(gateway: Gateway, log: CallLog, minutes: int) -> None:
    gateway.calls([row(i, CUTOFF + (i - 5_000) * minutes * MINUTE) for i in range(1, 20_001)])
    end = find_end(log, (1, 20_000), CUTOFF)
    assert 5_000 <= end <= 5_000 + 120 / minutes + 16
    assert find_end(log, (1, 20_000), CUTOFF - timedelta(days=999)) <= 16
    assert find_end(log, (1, 20_000), CUTOFF + timedelta(days=999)) == 20_000


# Calls below the start


@pytest.mark.parametrize("rows", [10, 1_000, 20_000])
def test_two_logs_one_after_the_other_are_seen_through(gateway: Gateway, log: CallLog, rows: int) -> None:
    """A merged database: each half in order, and the same days in both."""
    each = timedelta(days=10) / rows
    for first in (1, rows + 1):
        gateway.calls([row(first + n, CUTOFF - timedelta(days=9) + n * each) for n in range(rows)])
    start = start_of(log, CUTOFF)
    if start >= rows:  # in the second half, where the first half's calls of the period are missed
        assert has_call_below(log, (1, 2 * rows), start, CUTOFF)
    else:
        assert start < ids(gateway, ">=", CUTOFF)[0]


def test_a_log_in_order_has_no_call_below_its_start(gateway: Gateway, log: CallLog) -> None:
    gateway.calls([row(i, CUTOFF + (i - 4_000) * MINUTE) for i in range(1, 5_000)])
    assert not has_call_below(log, (1, 5_000), start_of(log, CUTOFF), CUTOFF)
    assert not has_call_below(log, (1, 5_000), 0, CUTOFF)
    assert has_call_below(log, (1, 5_000), 4_000, CUTOFF)


@pytest.mark.parametrize(("first", "start"), [(1, 1), (1, 2), (1, 50), (7, 5_000), (1, 10**9), (-(2**62), 2**62)])
def test_sentinels_stand_close_below_the_start_and_spread_over_all_the_rest(first: int, start: int) -> None:
    found = log_start._sentinel_ids(first, start)
    assert found == sorted(set(found))
    assert len(found) <= SENTINELS
    assert found[0] == first
    assert found[-1] == start
    assert set(range(max(first, start - 40), start + 1)) <= set(found)
    # None of the gaps hides more than a fiftieth of the log.
    assert max((b - a for a, b in pairwise(found)), default=0) <= max((start - first) // 50, 12)


# How far out of order


def naive_disorder(starts: list[int], ends: list[int]) -> int:
    """The most by which a row started after a later one had ended; a row itself counts for nothing more than 0."""
    return max((starts[a] - ends[b] for b in range(len(ends)) for a in range(b + 1)), default=0)


@given(
    st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 20)), min_size=1, max_size=30),
    st.lists(st.integers(0, 30), max_size=6),
    st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_disorder_is_that_of_all_pairs_of_rows(
    calls: list[tuple[int, int]], cuts: list[int], upwards: list[bool]
) -> None:
    starts = [at for at, _ in calls]
    ends = [at + lasted for at, lasted in calls]
    edges = sorted({0, len(calls), *(cut for cut in cuts if cut < len(calls))})
    stretches = list(pairwise(edges))
    low = high = len(stretches) // 2
    disorder = Disorder()
    turn = iter([*upwards, *upwards])
    while low > 0 or high < len(stretches):
        is_newer = high < len(stretches) and (low == 0 or next(turn, True))
        low, high = (low, high + 1) if is_newer else (low - 1, high)
        begin, end = stretches[high - 1 if is_newer else low]
        own = naive_disorder(starts[begin:end], ends[begin:end])
        disorder.see(own, max(starts[begin:end]), min(ends[begin:end]), is_newer)
    assert disorder.most == max(naive_disorder(starts, ends), 0)
