"""The border between the gateway's naive local time and UTC."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from math import floor
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keymon.calls import to_datetime, to_microseconds
from keymon.errors import TimeZoneUnknownError
from keymon.gateway_clock import ClockWatch, GatewayClock, assume, detect_from_file, parse_zone

BERLIN = ZoneInfo("Europe/Berlin")
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def convert(clock: GatewayClock, local: list[str], latency_s: float = 1.0) -> list[str]:
    """Convert naive local times of consecutive rows, as the window does."""
    times = np.array(local, "datetime64[us]").astype(np.int64)
    lasted = np.full(len(times), int(latency_s * 1_000_000), np.int64)
    return [f"{to_datetime(t):%m-%d %H:%M}" for t in clock.to_utc(times, lasted, None)]


def test_a_fixed_offset_is_taken_off() -> None:
    assert convert(GatewayClock(timezone(timedelta(hours=8)), "set"), ["2026-11-23 08:00"]) == ["11-23 00:00"]


def test_a_named_zone_is_taken_off() -> None:
    assert convert(GatewayClock(SHANGHAI, "set"), ["2026-11-23 08:00"]) == ["11-23 00:00"]


def test_the_hour_that_is_skipped_in_spring_leaves_no_gap() -> None:
    local = ["2026-03-29 01:30", "2026-03-29 01:59", "2026-03-29 03:00", "2026-03-29 03:30"]
    assert convert(GatewayClock(BERLIN, "set"), local) == ["03-29 00:30", "03-29 00:59", "03-29 01:00", "03-29 01:30"]


def test_the_hour_that_comes_twice_in_autumn_is_told_apart_by_the_order_of_the_rows() -> None:
    local = ["2026-10-25 01:50", "2026-10-25 02:10", "2026-10-25 02:50", "2026-10-25 02:10", "2026-10-25 02:50"]
    local.append("2026-10-25 03:10")
    assert convert(GatewayClock(BERLIN, "set"), local) == [
        "10-24 23:50",
        "10-25 00:10",
        "10-25 00:50",
        "10-25 01:10",
        "10-25 01:50",
        "10-25 02:10",
    ]


def test_a_row_of_the_second_hour_is_known_by_the_rows_read_before() -> None:
    clock = GatewayClock(BERLIN, "set")
    local = np.array(["2026-10-25 02:10"], "datetime64[us]").astype(np.int64)
    before = to_microseconds(datetime(2026, 10, 25, 0, 50, tzinfo=UTC))
    assert to_datetime(clock.to_utc(local, np.zeros(1, np.int64), before)[0]).hour == 1


def test_a_row_from_the_future_does_not_move_the_repeated_hour() -> None:
    local = ["2099-01-01 00:00", "2026-10-25 02:10", "2026-10-25 02:20"]
    assert convert(GatewayClock(BERLIN, "set"), local)[1:] == ["10-25 00:10", "10-25 00:20"]


@given(
    change=st.sampled_from(
        [
            ("Europe/Berlin", datetime(2026, 10, 25, 1)),
            ("Europe/Berlin", datetime(2026, 3, 29, 1)),
            ("America/New_York", datetime(2026, 11, 1, 6)),
            ("Australia/Lord_Howe", datetime(2026, 4, 4, 15)),  # sets its clocks back by half an hour
            ("Asia/Shanghai", datetime(2026, 11, 23)),
        ]
    ),
    steps=st.lists(st.integers(1, 900), min_size=30, max_size=80),
)
def test_what_a_gateway_writes_around_a_change_is_read_back_exactly(
    change: tuple[str, datetime], steps: list[int]
) -> None:
    tz = ZoneInfo(change[0])
    # A call at least every quarter of an hour: the repeated time cannot hide in a silence.
    instants = [change[1].replace(tzinfo=UTC) - timedelta(hours=2)]
    for step in steps:
        instants.append(instants[-1] + timedelta(seconds=step))
    local = [to_microseconds(t.astimezone(tz).replace(tzinfo=UTC)) for t in instants]
    read = GatewayClock(tz, "set").to_utc(np.array(local), np.zeros(len(local), np.int64), None)
    assert [to_datetime(t) for t in read] == instants


def test_no_call_lies_before_the_earliest_local_time_across_daylight_saving() -> None:
    clock = GatewayClock(BERLIN, "set")
    since = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30, the first time
    # 02:05, the second time, is 35 minutes later and has the smaller naive time.
    assert clock.earliest_local(since, since + timedelta(hours=24)) <= datetime(2026, 10, 25, 2, 5)


def test_the_file_time_gives_the_zone_away() -> None:
    clock = detect_from_file(datetime(2026, 11, 23, 20, 0, 0, 15_000), NOON)
    assert clock is not None
    assert (clock.name, clock.source) == ("+08:00", "detected")


@pytest.mark.parametrize("delay_s", [0.0, 0.015, 1.0, 1.9])
@pytest.mark.parametrize("started_s", [0.0, 0.001, 0.499, 0.5, 0.999])
@pytest.mark.parametrize("latency_ms", [0, 1, 499, 500, 999, 1_000, 30_001])
@pytest.mark.parametrize("stored", [floor, round], ids=["MariaDB truncates", "MySQL rounds"])
def test_whole_seconds_on_both_sides_give_the_zone_away(
    stored: Callable[[float], int], started_s: float, latency_ms: int, delay_s: float
) -> None:
    """The row is written within two seconds of the end of its call, as is granted to a file."""
    ended_s = started_s + latency_ms / 1000
    end = datetime(2026, 11, 23, 20) + timedelta(seconds=stored(started_s), milliseconds=latency_ms)
    clock = detect_from_file(end, NOON + timedelta(seconds=floor(ended_s + delay_s)))
    assert clock is not None
    assert clock.name == "+08:00"


@pytest.mark.parametrize("shift", [timedelta(minutes=3), timedelta(hours=20), timedelta(days=3), timedelta(hours=-13)])
def test_the_file_time_of_a_copy_tells_nothing(shift: timedelta) -> None:
    assert detect_from_file(NOON.replace(tzinfo=None) + shift, NOON) is None


def test_an_unknown_time_of_the_last_write_tells_nothing() -> None:
    assert detect_from_file(NOON.replace(tzinfo=None), None) is None


def watch_from(source: str = "assumed") -> ClockWatch:
    return ClockWatch(GatewayClock(UTC, source))  # type: ignore[arg-type]


def test_five_calls_seen_to_arrive_give_the_zone_away() -> None:
    watch = watch_from()
    ends = [datetime(2026, 11, 23, 19, 59, 50 + i) for i in range(5)]
    assert watch.see(ends[:4], NOON) is False
    assert watch.see(ends[4:], NOON) is True
    assert (watch.clock.name, watch.clock.source) == ("+08:00", "detected")


@pytest.mark.parametrize("change", [timedelta(hours=1), timedelta(hours=-1)])
def test_daylight_saving_is_noticed_by_the_second_call_after_it(change: timedelta) -> None:
    watch = ClockWatch(GatewayClock(timezone(timedelta(hours=1)), "detected"))
    local = NOON.replace(tzinfo=None) + timedelta(hours=1)
    assert watch.see([local], NOON) is False
    assert watch.see([local + change], NOON) is False
    assert watch.see([local + change], NOON) is True
    assert watch.clock.to_local(NOON) == local + change


@pytest.mark.parametrize("odd", [timedelta(hours=5), timedelta(hours=1), timedelta(hours=-1)])
def test_one_odd_row_does_not_change_the_clock(odd: timedelta) -> None:
    watch = ClockWatch(GatewayClock(timezone(timedelta(hours=1)), "detected"))
    local = NOON.replace(tzinfo=None) + timedelta(hours=1)
    for ends in ([local] * 9 + [local + odd], [local], [local + odd], [local] * 3):
        assert watch.see(ends, NOON) is False
    assert not watch.is_wrong


@pytest.mark.parametrize("odd", ["1970-01-01 00:00:10", "2098-01-01 00:00:00", "1901-01-01 00:00:00"])
def test_a_row_of_another_age_does_not_shift_those_beside_it(odd: str) -> None:
    clock = GatewayClock(ZoneInfo("America/New_York"), "set")
    assert convert(clock, ["2026-07-01 12:00", odd, "2026-07-01 12:00"])[::2] == ["07-01 16:00"] * 2


def test_a_clock_that_is_wrong_by_minutes_is_reported_and_not_believed() -> None:
    watch = watch_from()
    assert watch.see([datetime(2026, 11, 23, 20, 5)] * 5, NOON) is False
    assert watch.is_wrong
    assert watch.disagreement == timedelta(minutes=5)


def test_a_zone_that_was_set_stays_and_is_checked() -> None:
    watch = watch_from("set")
    assert watch.see([datetime(2026, 11, 23, 20, 0)] * 5, NOON) is False
    assert watch.clock.source == "set"
    assert watch.disagreement == timedelta(hours=8)


def test_no_zone_is_assumed_that_puts_calls_into_the_future() -> None:
    clock = assume(datetime(2026, 11, 23, 19, 59), NOON)
    assert clock.source == "assumed"
    assert clock.from_local(datetime(2026, 11, 23, 19, 59)) <= NOON


@pytest.mark.parametrize(
    ("text", "offset"),
    [("+08:00", 8), ("+8", 8), ("UTC+8", 8), ("-0300", -3), ("UTC", 0), ("Z", 0), ("Asia/Shanghai", 8)],
)
def test_zones_are_written_in_many_ways(text: str, offset: int) -> None:
    assert NOON.astimezone(parse_zone(text)).utcoffset() == timedelta(hours=offset)


@pytest.mark.parametrize("text", ["Mars/Base", "+25:00", "", "../../etc/passwd", "8", "\0"])
def test_an_unknown_zone_is_refused(text: str) -> None:
    with pytest.raises(TimeZoneUnknownError, match="no such time zone"):
        parse_zone(text)
