"""Keys with most calls of a status: at the edges of the day, and against naive SQL on recorded gateways."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from keymon.attention import KeyCount
from keymon.call_log import in_columns
from keymon.call_window import CallWindow
from keymon.gateway_clock import GatewayClock, parse_zone
from keymon.gateway_settings import GatewaySettings
from keymon.locations import location_of
from keymon.monitor import Monitor
from keymon.stats import DAY, StatsService
from tests.gateway_file import key

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
A, B, C, GONE = key(1), key(2), key(3), key(4)
MANY = tuple(key(n) for n in range(40, 9, -1))
TINY = timedelta(microseconds=1)


def stats_of(*calls: tuple[str, object, timedelta]) -> StatsService:
    """Return the statistics of calls of (key, status, how long ago)."""
    window = CallWindow(GatewayClock(UTC, "set"))
    rows = [(i, f"{NOW - ago:%F %T.%f}", "m", one, status, 10) for i, (one, status, ago) in enumerate(calls)]
    window.add(in_columns(rows), NOW - timedelta(hours=48))
    return StatsService(window.calls, GatewaySettings((A, B, C, *MANY)), NOW)


def test_the_edge_of_the_day_counts_and_so_does_what_is_dated_later() -> None:
    stats = stats_of((A, 429, DAY + TINY), (A, 429, DAY), (A, 429, -DAY), (B, 500, DAY + TINY), (B, 500, DAY))
    assert stats.attention(429) == (KeyCount(A, 2),)
    assert stats.attention(500) == (KeyCount(B, 1),)
    assert stats.failures() == {429: 2, 500: 1}


def test_keys_with_as_many_are_in_the_order_of_the_log_and_only_those_of_the_pool_are_counted_off() -> None:
    calls = [(one, 429, timedelta(minutes=9)) for one in (GONE, GONE, GONE, C, A, *MANY, B, B)]
    stats = stats_of(*calls)
    found = stats.attention(429)
    assert found == (KeyCount(B, 2), KeyCount(C, 1), KeyCount(A, 1), *(KeyCount(one, 1) for one in MANY))
    assert stats.attention(429, 2) == found[:2]


@pytest.mark.parametrize("name", ["gateway.sqlite", "network-errors.sqlite"])
@pytest.mark.parametrize("as_of", ["2026-11-22T12:34:56.789", "2026-11-22T22:00:00", "2026-11-23T21:00:00"])
def test_recorded_gateways_agree_with_naive_sql(real_gateway: Path, name: str, as_of: str) -> None:
    until = datetime.fromisoformat(as_of)
    monitor = Monitor(location_of(real_gateway / name), parse_zone("Asia/Shanghai"), until, month=False)
    snapshot = monitor.refresh()
    monitor.close()
    ends = [f"{at:%F %T.%f}" for at in (until - DAY, until)]
    with closing(sqlite3.connect(real_gateway / name)) as connection:
        found = connection.execute(
            "SELECT status_code, api_key, count(*) FROM t_request_log"
            " WHERE request_time >= ? AND request_time <= ? GROUP BY 1, 2",
            ends,
        ).fetchall()
    statuses = {status for status, *_ in found}
    for status in (*statuses, None, 418):
        mine = snapshot.stats.attention(status)
        own = {k: count for code, k, count in found if code == status and k in snapshot.settings.pool}
        assert {one.key: one.count for one in mine} == own
        assert [one.count for one in mine] == sorted(own.values(), reverse=True)
        assert snapshot.stats.attention(status, 3) == mine[:3]
    sums = {status: sum(count for code, _, count in found if code == status) for status in statuses - {200}}
    assert snapshot.stats.failures() == sums
