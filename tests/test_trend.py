"""Calls over time: zero-filled buckets that sum to the totals, in any zone and across changes of clocks."""

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from keymon.call_log import in_columns
from keymon.call_window import CallWindow
from keymon.calls import to_datetime
from keymon.gateway_clock import GatewayClock, parse_zone
from keymon.gateway_settings import GatewaySettings
from keymon.locations import location_of
from keymon.monitor import Monitor
from keymon.stats import DAY, StatsService
from keymon.trend import HOUR, PERIODS, Trend, sparklines
from tests.gateway import Gateway, MakeAnyGateway
from tests.gateway_file import key

NOW = datetime(2026, 11, 23, 12, 17, 23, 456789, tzinfo=UTC)
A, B = key(1), key(2)
periods = pytest.mark.parametrize("period", PERIODS, ids=str)

Started = tuple[datetime, str, object]
"""(when, key, status)."""


def stats_of(calls: Sequence[Started], as_of: datetime = NOW) -> StatsService:
    window = CallWindow(GatewayClock(UTC, "set"))
    rows = [(i, f"{at:%Y-%m-%d %H:%M:%S.%f}", "m", one, status, 10) for i, (at, one, status) in enumerate(calls)]
    window.add(in_columns(rows), as_of - timedelta(hours=48))
    return StatsService(window.calls, GatewaySettings((A, B)), as_of)


def ago(**how_long: float) -> datetime:
    return NOW - timedelta(**how_long)


def buckets(trend: Trend) -> dict[datetime, tuple[int, int]]:
    """Return successes and failures by the beginning of their bucket, without empty ones."""
    pairs = zip(trend.success.tolist(), trend.failure.tolist(), strict=True)
    return {trend.start(i): pair for i, pair in enumerate(pairs) if any(pair)}


@periods
def test_buckets_are_zero_filled_and_lie_end_to_end(period: timedelta) -> None:
    trend = stats_of([]).trend(period)
    assert trend.success.tolist() == trend.failure.tolist() == [0] * len(trend)
    assert trend.start(0) == NOW - period
    assert trend.end(len(trend) - 1) == NOW
    assert [trend.end(i) for i in range(len(trend) - 1)] == [trend.start(i) for i in range(1, len(trend))]
    assert {trend.end(i) - trend.start(i) for i in range(1, len(trend) - 1)} == {trend.length} == {PERIODS[period]}
    assert all(trend.start(i).minute % (trend.length // timedelta(minutes=1)) == 0 for i in range(1, len(trend)))
    assert len(trend) == period // trend.length + 1


@periods
def test_a_period_of_whole_buckets_has_no_empty_one_at_its_ends(period: timedelta) -> None:
    trend = stats_of([], NOW.replace(minute=30, second=0, microsecond=0)).trend(period)
    assert len(trend) == period // trend.length
    assert all(trend.end(i) - trend.start(i) == trend.length for i in range(len(trend)))


@periods
def test_edges_belong_to_the_bucket_that_they_begin(period: timedelta) -> None:
    first = NOW - period
    begin, tiny = stats_of([]).trend(period).start(1), timedelta(microseconds=1)
    calls: list[Started] = [(at, A, 200) for at in (first - tiny, first, begin - tiny, begin, NOW)]
    trend = stats_of(calls).trend(period)
    assert buckets(trend) == {first: (2, 0), begin: (1, 0), trend.start(len(trend) - 1): (1, 0)}


@periods
def test_a_call_that_is_dated_later_is_in_the_last_bucket(period: timedelta) -> None:
    trend = stats_of([(ago(hours=-3), A, 200), (ago(days=-30), A, 500)]).trend(period)
    assert buckets(trend) == {trend.start(len(trend) - 1): (1, 1)}


def test_null_and_text_and_what_is_not_2xx_are_failures() -> None:
    calls: list[Started] = [(ago(minutes=5), A, status) for status in (200, 204, 299, 199, 300, None, "refused", "")]
    (pair,) = buckets(stats_of(calls).trend(HOUR)).values()
    assert pair == (3, 5)


def test_of_one_key() -> None:
    stats = stats_of([(ago(minutes=5), A, 200), (ago(minutes=5), B, 500), (ago(minutes=50), A, 429)])
    assert list(buckets(stats.trend(HOUR, A)).values()) == [(0, 1), (1, 0)]
    assert list(buckets(stats.trend(HOUR, B)).values()) == [(0, 1)]
    assert buckets(stats.trend(HOUR, "unheard of")) == {}
    assert list(buckets(stats.trend(HOUR)).values()) == [(0, 1), (1, 1)]


moments = st.integers(-DAY // timedelta(microseconds=1) * 2, 3 * HOUR // timedelta(microseconds=1)).map(
    lambda n: NOW + timedelta(microseconds=n)
)
some_calls = st.lists(
    st.tuples(moments, st.sampled_from([A, B]), st.sampled_from([200, 204, 400, 429, None, "refused"])), max_size=60
)


@given(calls=some_calls, period=st.sampled_from(list(PERIODS)), wanted=st.sampled_from([None, A, B]))
@settings(max_examples=150, deadline=None)
def test_every_call_is_in_its_bucket_and_all_sum_to_the_total(
    calls: list[Started], period: timedelta, wanted: str | None
) -> None:
    stats = stats_of(calls)
    trend = stats.trend(period, wanted)
    expected: Counter[tuple[datetime, bool]] = Counter()
    for at, one, status in calls:
        if at >= NOW - period and wanted in {None, one}:
            bucket = max(i for i in range(len(trend)) if trend.start(i) <= at)
            expected[trend.start(bucket), isinstance(status, int) and 200 <= status < 300] += 1
    assert (
        Counter({(at, True): good for at, (good, _) in buckets(trend).items() if good})
        + Counter({(at, False): bad for at, (_, bad) in buckets(trend).items() if bad})
        == expected
    )
    if wanted is None:
        total = stats.count(period)
        assert (int(trend.success.sum()), int(trend.failure.sum())) == (total.success, total.failure)


@given(calls=some_calls)
@example(calls=[(ago(hours=hours), A, 200) for hours in (25, 24, 23, 1, 0)])
@settings(max_examples=60, deadline=None)
def test_a_sparkline_counts_hours_back_from_now(calls: list[Started]) -> None:
    stats = stats_of(calls)
    numbers = stats._calls.key_numbers
    success, failure = sparklines(stats._calls, NOW, len(numbers))
    expected = np.zeros((2, len(numbers), 24), np.int64)
    for at, one, status in calls:
        if at >= NOW - DAY:
            passed = isinstance(status, int) and 200 <= status < 300
            expected[int(not passed), numbers[one], min((at - (NOW - DAY)) // HOUR, 23)] += 1
    assert success.tolist() == expected[0].tolist()
    assert failure.tolist() == expected[1].tolist()


# On gateways

ZONES: dict[str, tzinfo] = {
    "UTC": UTC,
    "+05:30": timezone(timedelta(hours=5, minutes=30)),
    "+05:45": ZoneInfo("Asia/Kathmandu"),
    "-09:30": ZoneInfo("Pacific/Marquesas"),
    "summer time ends": ZoneInfo("Europe/Berlin"),
    "by half an hour": ZoneInfo("Australia/Lord_Howe"),
}
AS_OF = {
    "summer time ends": datetime(2026, 10, 25, 9, 5, 7, tzinfo=UTC),
    "by half an hour": datetime(2026, 4, 5, 6, 5, 7, tzinfo=UTC),
}


@pytest.mark.parametrize("name", ZONES)
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(gaps=st.lists(st.integers(150, 540), min_size=1, max_size=12))
def test_a_call_is_in_the_bucket_of_its_instant_in_any_zone(
    make_any_gateway: MakeAnyGateway, name: str, gaps: list[int]
) -> None:
    zone, as_of = ZONES[name], AS_OF.get(name, NOW.replace(microsecond=0))
    calls: list[Started] = []
    at = as_of
    while at > as_of - timedelta(hours=26):
        calls.append((at, (A, B)[len(calls) % 3 == 0], (200, 429, 200, 500)[len(calls) % 4]))
        at -= timedelta(seconds=gaps[len(calls) % len(gaps)])
    calls.reverse()
    stats = _read(_gateway_of(make_any_gateway), calls, zone, as_of)
    for period in PERIODS:
        for wanted in (None, A):
            trend = stats.trend(period, wanted)
            expected: Counter[tuple[int, bool]] = Counter()
            for at, one, status in calls:
                if at >= trend.start(0) and wanted in {None, one}:
                    bucket = next(i for i in reversed(range(len(trend))) if trend.start(i) <= at)
                    expected[bucket, status == 200] += 1
            assert trend.success.tolist() == [expected[i, True] for i in range(len(trend))]
            assert trend.failure.tolist() == [expected[i, False] for i in range(len(trend))]


_made: dict[int, Gateway] = {}


def _gateway_of(make: MakeAnyGateway) -> Gateway:
    """Return one gateway for all examples of a test."""
    if id(make) not in _made:
        _made.clear()
        _made[id(make)] = make([A, B])
    return _made[id(make)]


def _read(gateway: Gateway, calls: Sequence[Started], zone: tzinfo, as_of: datetime) -> StatsService:
    """Have the gateway log these calls alone, in its zone, and read them."""
    gateway.empty_log()
    gateway.calls(
        [
            (i + 1, f"{at.astimezone(zone):%F %T}", "m", one, status == 200, status, 0)
            for i, (at, one, status) in enumerate(calls)
        ]
    )
    monitor = Monitor(gateway.location, zone, now=lambda: as_of)
    try:
        return monitor.refresh().stats
    finally:
        monitor.close()


# Against recorded gateways


@pytest.mark.parametrize("name", ["gateway.sqlite", "network-errors.sqlite"])
@pytest.mark.parametrize("as_of", ["2026-11-22T12:34:56.789", "2026-11-23 00:05:00", "2026-11-23T21:00:00"])
@periods
def test_recorded_calls_are_in_the_buckets_that_naive_sql_counts(
    real_gateway: Path, name: str, as_of: str, period: timedelta
) -> None:
    zone = parse_zone("Asia/Shanghai")
    monitor = Monitor(location_of(real_gateway / name), zone, datetime.fromisoformat(as_of))
    trend = monitor.refresh().stats.trend(period)
    monitor.close()
    connection = sqlite3.connect(real_gateway / name)
    for i in range(len(trend)):
        edges = [f"{edge.astimezone(zone):%Y-%m-%d %H:%M:%S.%f}" for edge in (trend.start(i), trend.end(i))]
        is_before = "<=" if i == len(trend) - 1 else "<"
        total, success = connection.execute(
            "SELECT count(*), coalesce(sum(typeof(status_code) = 'integer' AND status_code BETWEEN 200 AND 299), 0)"
            f" FROM t_request_log WHERE request_time >= ? AND request_time {is_before} ?",
            edges,
        ).fetchone()
        assert (int(trend.success[i]), int(trend.failure[i])) == (success, total - success), edges
    connection.close()


def test_the_buckets_sum_to_the_gateways_own_total(real_gateway: Path) -> None:
    answers = json.loads((real_gateway / "answers.json").read_text())
    as_of = datetime.fromisoformat(answers["as_of"])
    monitor = Monitor(location_of(real_gateway / "gateway.sqlite"), parse_zone("Asia/Shanghai"), as_of)
    stats = monitor.refresh().stats
    monitor.close()
    trend = stats.trend(DAY)
    without_status = stats.failures().get(None, 0)  # which the gateway's own total leaves out
    own = answers["calls_24h"]
    total = int(trend.success.sum() + trend.failure.sum())
    assert (total - without_status, int(trend.success.sum())) == (own["total"], own["success"])
    used = {k: sum(models.values()) for k, models in answers["usage_24h"].items()}
    mine = {k: int((one.success + one.failure).sum()) for k in used for one in [stats.trend(DAY, k)]}
    assert mine == used
    assert to_datetime(int(trend.edges[-1])) == as_of
