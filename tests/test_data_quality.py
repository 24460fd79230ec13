"""The quality of a gateway's data: figures held against naive SQL, and what is made of them."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from keymon.call_window import CallWindow
from keymon.data_quality import TEXT_LIMIT, Check, Quality, State, Surroundings, quality
from keymon.gateway_clock import ClockWatch, GatewayClock
from keymon.gateway_settings import GatewaySettings
from keymon.locations import location_of
from keymon.monitor import Monitor, Snapshot
from keymon.stats import OutsideCalls, StatsService
from tests.conftest import MakeGateway
from tests.gateway import Gateway, MakeAnyGateway, on_sqlite_only
from tests.gateway_file import key

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
A, B, C = key(1), key(2), key(3)
DAY = timedelta(hours=24)


def quality_of(snapshot: Snapshot) -> Quality:
    return quality(snapshot.stats, snapshot.surroundings)


@pytest.fixture
def gateway(make_any_gateway: MakeAnyGateway) -> Gateway:
    """A gateway with two keys, one of which it lists twice."""
    return make_any_gateway([A, B, A])


@pytest.fixture
def monitor(gateway: Gateway) -> Iterator[Monitor]:
    made = Monitor(gateway.location, UTC, now=lambda: NOW)
    yield made
    made.close()


def at(ago: timedelta) -> datetime:
    return (NOW - ago).replace(tzinfo=None)


# Against naive SQL


@pytest.mark.parametrize("name", ["gateway.sqlite", "network-errors.sqlite"])
@pytest.mark.parametrize("as_of", ["2026-11-22T12:34:56.789", "2026-11-22T22:00:00", "2026-11-23T15:00:00"])
def test_recorded_gateways_agree_with_naive_sql(real_gateway: Path, name: str, as_of: str) -> None:
    until = datetime.fromisoformat(as_of)
    monitor = Monitor(location_of(real_gateway / name), UTC, until)
    try:
        found = quality_of(monitor.refresh())
    finally:
        monitor.close()
    connection = sqlite3.connect(real_gateway / name)
    stored = [
        json.loads(value)
        for (value,) in connection.execute("SELECT value FROM t_settings WHERE key IN ('API_KEYS', 'VERTEX_API_KEYS')")
    ]
    pool = [one for keys in stored for one in keys]
    period = " FROM t_request_log WHERE request_time >= ? AND request_time <= ?"
    ends = tuple(f"{time:%Y-%m-%d %H:%M:%S.%f}" for time in (until - DAY, until))
    total, null, text = connection.execute(
        "SELECT count(*), sum(status_code IS NULL), sum(typeof(status_code) = 'text')" + period, ends
    ).fetchone()
    outside = connection.execute(
        f"SELECT api_key, count(*){period} AND api_key NOT IN (SELECT value FROM json_each(?)) GROUP BY 1",
        (*ends, json.dumps(pool)),
    ).fetchall()
    connection.close()
    assert (found.calls, found.null_statuses, found.text_statuses) == (total, null or 0, text or 0)
    assert (found.outside.calls, found.outside.keys) == (sum(count for _, count in outside), len(outside))
    assert found.duplicates == tuple(one for one, times in Counter(pool).items() if times > 1)
    assert found.spare_entries == len(pool) - len(set(pool))


def test_recorded_network_errors_are_noted(real_gateway: Path) -> None:
    with sqlite3.connect(real_gateway / "network-errors.sqlite") as connection:
        (last,) = connection.execute("SELECT max(request_time) FROM t_request_log").fetchone()
    connection.close()
    monitor = Monitor(location_of(real_gateway / "network-errors.sqlite"), UTC, datetime.fromisoformat(last))
    try:
        found = quality_of(monitor.refresh())
    finally:
        monitor.close()
    assert found.text_statuses > 0
    assert found.states["statuses"] == "noted"


# What a log and a pool can hold


def test_calls_of_keys_outside_the_pool_are_counted(gateway: Gateway, monitor: Monitor) -> None:
    for one, ago, times in ((A, 1, 3), (C, 1, 2), (key(4), 2, 1), ("", 3, 1), (None, 4, 2), (C, 25, 9)):
        for _ in range(times):
            gateway.call(one, at(timedelta(hours=ago)), status=429 if one == C else 200)
    found = quality_of(monitor.refresh())
    assert found.outside == OutsideCalls(calls=6, keys=2, keyless=3)
    assert found.states["outside"] == "noted"


def test_statuses_that_are_no_numbers_are_counted(gateway: Gateway, monitor: Monitor) -> None:
    for status in (200, 500, None, None, *gateway.text_statuses):
        gateway.call(A, at(timedelta(minutes=1)), status=status)
    found = quality_of(monitor.refresh())
    assert (found.null_statuses, found.text_statuses) == (2, len(gateway.text_statuses))


def test_duplicates_are_named_and_counted_over_both_lists(gateway: Gateway, monitor: Monitor) -> None:
    gateway.setting("API_KEYS", json.dumps([A, B, A, A]))
    gateway.setting("VERTEX_API_KEYS", json.dumps([C, B]))
    found = quality_of(monitor.refresh())
    assert (found.duplicates, found.spare_entries) == ((A, B), 3)
    assert A not in repr(monitor.refresh().settings)


def test_a_duplicate_that_was_removed_is_noticed(gateway: Gateway, monitor: Monitor) -> None:
    assert quality_of(monitor.refresh()).states["duplicates"] == "noted"
    gateway.setting("API_KEYS", json.dumps([A, B]))
    assert quality_of(monitor.refresh()).states["duplicates"] == "fine"


@on_sqlite_only("a server takes no time that is none")
def test_rows_without_a_readable_time_are_noted(gateway: Gateway, monitor: Monitor) -> None:
    gateway.call(A, at(timedelta(minutes=3)))
    gateway.call(A, None)
    gateway.call(A, "no time")
    gateway.call(A, at(timedelta(minutes=1)))
    found = quality_of(monitor.refresh())
    assert (found.without_time, found.states["times"]) == (2, "noted")


# What only the reading of the log tells


def test_the_oldest_call_is_looked_for_when_nobody_waits(gateway: Gateway, monitor: Monitor) -> None:
    gateway.call(A, at(timedelta(days=40)), row_id=7)
    gateway.call(A, at(timedelta(minutes=1)))
    assert quality_of(monitor.refresh()).states["age"] == "unknown"
    monitor.survey(0.0)
    found = quality_of(monitor.refresh())
    assert (found.age, found.states["age"]) == (timedelta(days=40), "fine")


def test_an_empty_log_has_no_oldest_call(gateway: Gateway, monitor: Monitor) -> None:
    monitor.refresh()
    monitor.survey(0.0)
    assert quality_of(monitor.refresh()).age is None


def test_the_key_list_has_no_limit_in_a_file(gateway: Gateway, monitor: Monitor) -> None:
    stored = gateway.execute("SELECT value FROM t_settings WHERE `key` = 'API_KEYS'")[0][0]
    expected = len(stored) if monitor.is_server else None
    assert quality_of(monitor.refresh()).list_bytes == expected


def test_the_longer_list_counts_by_its_bytes() -> None:
    window = CallWindow(GatewayClock(UTC, "set"))
    stored = {"API_KEYS": '["a"]', "VERTEX_API_KEYS": '["é", "é"]', "TEST_MODEL": "gemini-2.5-flash-lite"}
    stats = StatsService(window.calls, GatewaySettings(("a",), stored=stored), NOW)
    assert quality(stats, Surroundings(is_server=True)).list_bytes == 12
    assert quality(stats, Surroundings(is_server=False)).list_bytes is None


def test_a_list_that_a_server_has_cut_off_is_recognised(make_any_gateway: MakeAnyGateway) -> None:
    gateway = make_any_gateway([])
    gateway.setting("API_KEYS", json.dumps([key(i) for i in range(2_000)])[:TEXT_LIMIT])
    monitor = Monitor(gateway.location, UTC, now=lambda: NOW)
    try:
        found = quality_of(monitor.refresh())
    finally:
        monitor.close()
    assert found.is_cut_off is monitor.is_server
    assert found.states["room"] == ("noted" if monitor.is_server else "fine")


def test_clocks_are_unknown_until_calls_arrive(make_gateway: MakeGateway) -> None:
    gateway = make_gateway([A])
    now = NOW
    monitor = Monitor(gateway.location, UTC, now=lambda: now)
    try:
        assert quality_of(monitor.refresh()).clock_ahead is None
        for n in range(6):
            now += timedelta(seconds=10)
            gateway.call(A, (now + timedelta(seconds=29)).replace(tzinfo=None), latency_ms=1_000, row_id=n + 1)
            found = quality_of(monitor.refresh())
    finally:
        monitor.close()
    assert found.clock_ahead == timedelta(seconds=30)
    assert found.states["clock"] == "noted"


def test_a_call_from_the_future_tells_of_the_clock_at_once() -> None:
    watch = ClockWatch(GatewayClock(UTC, "set"))
    assert watch.measured is None
    watch.check(NOW + timedelta(minutes=7), NOW)
    assert watch.measured == timedelta(minutes=7)


# What is made of the figures


FINE = Quality(10, 0, 0, OutsideCalls(0, 0, 0), (), 0, timedelta(0), 1_000, timedelta(days=3), 0)


@pytest.mark.parametrize(
    ("check", "figures", "state"),
    [
        ("statuses", replace(FINE, null_statuses=1), "noted"),
        ("statuses", replace(FINE, text_statuses=1), "noted"),
        ("outside", replace(FINE, outside=OutsideCalls(1, 1, 0)), "noted"),
        ("duplicates", replace(FINE, duplicates=(A,), spare_entries=1), "noted"),
        ("clock", replace(FINE, clock_ahead=None), "unknown"),
        ("clock", replace(FINE, clock_ahead=timedelta(seconds=11)), "noted"),
        ("clock", replace(FINE, clock_ahead=timedelta(seconds=10)), "fine"),
        ("clock", replace(FINE, clock_ahead=-timedelta(minutes=2)), "fine"),
        ("clock", replace(FINE, clock_ahead=-timedelta(minutes=4)), "noted"),
        ("clock", replace(FINE, clock_ahead=timedelta(seconds=9)), "fine"),
        ("room", replace(FINE, list_bytes=None), "fine"),
        ("room", replace(FINE, list_bytes=58_980), "fine"),
        ("room", replace(FINE, list_bytes=58_981), "noted"),
        ("room", replace(FINE, list_bytes=TEXT_LIMIT), "noted"),
        ("room", replace(FINE, list_bytes=TEXT_LIMIT + 1), "fine"),
        ("age", replace(FINE, age=None), "unknown"),
        ("age", replace(FINE, age=timedelta(days=90)), "fine"),
        ("age", replace(FINE, age=timedelta(days=91)), "noted"),
        ("times", replace(FINE, without_time=1), "noted"),
    ],
)
def test_one_thing_at_a_time_is_noted(check: Check, figures: Quality, state: State) -> None:
    assert set(FINE.states.values()) == {"fine"}
    expected = FINE.states | {check: state}
    assert figures.states == expected
