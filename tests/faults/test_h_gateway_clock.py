"""H: the gateway's clock is wrong, drifts, is in another zone than we think, or stamps rows with times to come."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest

from keymon.data_quality import quality
from keymon.errors import ClockBehindNotice, ClockWrongNotice, TimesUnreadableNotice
from keymon.gateway_clock import parse_zone
from keymon.monitor import Snapshot
from keymon.stats import DAY
from tests.faults.clocks import HOUR, MINUTE, NOTHING, SHANGHAI, TICK, A, Clocks, Source, clocks, holds, same

__all__ = ["clocks"]

_TICKS = 9


def warnings(snapshot: Snapshot) -> list[str]:
    return [str(one) for one in snapshot.notices if isinstance(one, ClockWrongNotice)]


def never_negative(snapshot: Snapshot) -> None:
    figures = (snapshot.calls_1m, snapshot.calls_1h, snapshot.calls_24h, snapshot.calls_month)
    totals = [count.total for count in figures if count is not None]
    assert len(totals) == len(figures)
    assert totals[:3] == sorted(totals[:3])
    for period in (HOUR, 8 * HOUR, DAY):
        trend = snapshot.stats.trend(period)
        assert (trend.edges[1:] > trend.edges[:-1]).all()
        assert trend.success.min() >= 0
        assert trend.success.sum() == snapshot.stats.count(period).total


OFF = {
    "an hour ahead": (HOUR, ClockWrongNotice, "1 h 0 min ahead of"),
    "an hour behind": (-HOUR, ClockBehindNotice, "1 h 0 min behind"),
    "3 min ahead": (3 * MINUTE, ClockWrongNotice, "0 h 3 min ahead of"),
    "3 min behind": (-3 * MINUTE, ClockBehindNotice, "0 h 3 min behind"),
    "20 min ahead": (20 * MINUTE, ClockWrongNotice, "0 h 20 min ahead of"),
    "half an hour behind": (-HOUR / 2, ClockBehindNotice, "0 h 30 min behind"),
    "a year ahead": (365 * DAY, ClockWrongNotice, "8760 h 0 min ahead of"),
}


@pytest.mark.parametrize("seen", [NOTHING, timedelta(seconds=4)], ids=["seen at once", "seen after 4 s"])
@pytest.mark.parametrize("source", ["set", "detected"])
@pytest.mark.parametrize("name", OFF)
def test_a_wrong_clock_is_told_with_what_was_measured(
    clocks: Clocks, name: str, source: Source, seen: timedelta
) -> None:
    """Detected by the time of a write, which is by the same clock, the zone is the right one."""
    clocks.gateway_off, kind, text = OFF[name]
    clocks.log_day()
    followed = clocks.monitor(source)
    never_negative(followed.refresh())
    for _ in range(_TICKS):
        clocks.pass_time(TICK - seen)
        clocks.log(NOTHING)
        clocks.pass_time(seen)
        snapshot = followed.refresh()
        holds(snapshot, clocks.ended, clocks.local)
    assert snapshot.clock.name == "+08:00"
    assert [type(one) for one in snapshot.notices] == [kind]
    assert text in warnings(snapshot)[0]
    assert quality(snapshot.stats, snapshot.surroundings).states["clock"] == "noted"
    clocks.gateway_off = NOTHING
    for _ in range(_TICKS):
        snapshot = clocks.tick(followed)
    assert snapshot.clock.name == "+08:00"
    assert snapshot.notices == ()
    holds(snapshot, clocks.ended, clocks.local)


@pytest.mark.parametrize("source", ["set", "detected"])
@pytest.mark.parametrize("a_tick", [timedelta(seconds=20), timedelta(seconds=-20)], ids=["forward", "back"])
def test_a_clock_that_drifts_is_wrong_and_in_no_other_zone(clocks: Clocks, a_tick: timedelta, source: Source) -> None:
    clocks.log_day(span=26 * HOUR)
    followed = clocks.monitor(source)
    followed.refresh()
    for tick in range(1, 241):  # 80 minutes in all
        clocks.gateway_off += a_tick
        snapshot = clocks.tick(followed)
        assert snapshot.clock.name == "+08:00"
        told = warnings(snapshot)
        assert bool(told) == (abs(snapshot.surroundings.clock_ahead or NOTHING) > 2 * MINUTE)
        if tick % 40 == 0:
            holds(snapshot, clocks.ended, clocks.local)
    # It is measured by most of five calls.
    assert abs((snapshot.surroundings.clock_ahead or NOTHING) - clocks.gateway_off) < 5 * abs(a_tick)
    assert ("ahead of" if a_tick > NOTHING else "behind") in told[0]


# Rows with times to come

FUTURE: dict[str, timedelta | datetime] = {
    "a second": timedelta(seconds=1),
    "over an hour": HOUR + 2 * MINUTE,  # exactly one would look like the zone of the write
    "a year": 365 * DAY,
    "the year 8999": datetime(8999, 12, 31, 23, 59, 59),
    "the year 9999": datetime(9999, 12, 31, 23, 59, 59),
}


@pytest.mark.parametrize("source", ["set", "detected", "assumed"])
@pytest.mark.parametrize("zone", [SHANGHAI, timezone(-5 * HOUR), UTC], ids=str)
@pytest.mark.parametrize("ahead", FUTURE.values(), ids=list(FUTURE))
def test_a_row_from_the_future_counts_once_and_moves_no_other(
    clocks: Clocks, zone: timezone, ahead: timedelta | datetime, source: Source
) -> None:
    clocks.zone, clocks.tells_writes = zone, source != "assumed"
    clocks.log_day()
    early = clocks.monitor(source)
    for _ in range(_TICKS):
        before = clocks.tick(early)
    at = ahead if isinstance(ahead, datetime) else clocks.local(clocks.gateway_utc + ahead)
    clocks.gateway.call(A, at, latency_ms=1500)
    late = clocks.monitor(source)
    for monitor in (early, late):
        snapshot = monitor.refresh()
        never_negative(snapshot)
        if monitor is early:
            assert snapshot.clock == before.clock
            more(before, snapshot, int(at.year < 9999))
    for _ in range(_TICKS):
        snapshot = clocks.tick(early)
        other = late.refresh()
    same(snapshot, other)
    never_negative(snapshot)
    assert warnings(snapshot) == warnings(other) == []
    assert snapshot.calls_1m is not None
    # Of 13 ticks, and the one from the future; that of a year which no date can follow has no time, and that is told.
    assert (snapshot.calls_1m.total, snapshot.surroundings.without_time) == ((14, 0) if at.year < 9999 else (13, 1))
    assert [type(one) for one in snapshot.notices] == ([] if at.year < 9999 else [TimesUnreadableNotice])


def more(before: Snapshot, after: Snapshot, calls: int) -> None:
    for one, two in (
        (before.calls_1m, after.calls_1m),
        (before.calls_24h, after.calls_24h),
    ):
        assert one is not None
        assert two is not None
        assert two.total == one.total + calls
    assert before.calls_month is not None
    assert after.calls_month is not None
    assert after.calls_month.total == before.calls_month.total + 1  # it is the database that compares with the month


# Zones

WRONG_ZONES = {"-05:00": "13 h 0 min ahead of", "+09:00": "1 h 0 min behind", "+08:30": "0 h 30 min behind"}


@pytest.mark.parametrize("name", WRONG_ZONES)
def test_a_wrong_zone_that_was_set_is_told_with_what_was_measured(clocks: Clocks, name: str) -> None:
    clocks.log_day()
    followed = clocks.monitor("set", parse_zone(name))
    never_negative(followed.refresh())
    for _ in range(_TICKS):
        snapshot = clocks.tick(followed)
        never_negative(snapshot)
    assert snapshot.clock.name == name
    assert WRONG_ZONES[name] in warnings(snapshot)[0]
    assert "Set its time zone" in next(one for one in snapshot.notices if isinstance(one, ClockWrongNotice)).advice


MOVES: dict[str, tuple[tzinfo, tzinfo]] = {
    "UTC to Shanghai": (UTC, SHANGHAI),
    "Shanghai to UTC": (SHANGHAI, UTC),
    "New York to Berlin": (ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin")),
    "Shanghai to Kathmandu": (SHANGHAI, ZoneInfo("Asia/Kathmandu")),
}


@pytest.mark.parametrize("name", MOVES)
def test_a_gateway_that_is_moved_to_another_zone_is_followed_there(clocks: Clocks, name: str) -> None:
    clocks.zone, there = MOVES[name]
    clocks.log_day()
    followed = clocks.monitor()
    followed.refresh()
    for _ in range(_TICKS):
        clocks.tick(followed)
    clocks.zone = there
    for _ in range(_TICKS):
        snapshot = clocks.tick(followed)
    assert snapshot.clock.to_local(clocks.desk) == clocks.local(clocks.desk)
    assert warnings(snapshot) == []
    same(snapshot, clocks.monitor().refresh())
    never_negative(snapshot)
