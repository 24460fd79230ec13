"""H: this computer's clock is set while a gateway is followed, and set back again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keymon.errors import ClockBehindNotice, ClockSetBackNotice, ClockSetForwardNotice, ClockWrongNotice
from keymon.monitor import Snapshot
from keymon.steady_clock import DeskClock, steady_s
from tests.faults.clocks import HOUR, LONG_AGO, MINUTE, NOTHING, SOURCES, Clocks, Source, clocks, holds, same
from tests.gateway import MakeAnyGateway

__all__ = ["clocks"]

STEPS = {
    "an hour forward": HOUR,
    "an hour back": -HOUR,
    "half an hour forward": HOUR / 2,
    "half an hour back": -HOUR / 2,
    "3 min forward": 3 * MINUTE,
    "3 min back": -3 * MINUTE,
    "8 hours forward": 8 * HOUR,  # as by another system on the same computer, whose zone is +08:00
    "a day forward": 24 * HOUR,
    "a day back": -24 * HOUR,
    "to 1970": datetime(1970, 1, 1, 0, 0, 9, tzinfo=UTC) - LONG_AGO,
    "to 2099": datetime(2099, 12, 31, 23, 59, tzinfo=UTC) - LONG_AGO,
}
PLACES = {"gateway elsewhere": False, "gateway here": True}
_TICKS = 9
"""More than the newest calls that are asked for the time, one of which may be from before a step."""


def told(snapshot: Snapshot, kind: type[Exception]) -> list[str]:
    return [str(one) for one in snapshot.notices if type(one) is kind]


def hours_and_minutes(length: timedelta) -> str:
    minutes = round(abs(length) / MINUTE)
    return f"{minutes // 60} h {minutes % 60} min"


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("here", PLACES.values(), ids=list(PLACES))
@pytest.mark.parametrize("step", STEPS.values(), ids=list(STEPS))
def test_figures_are_those_of_a_monitor_begun_after_the_step_and_after_the_step_back(
    clocks: Clocks, step: timedelta, here: bool, source: Source
) -> None:
    clocks.here, clocks.tells_writes = here, source != "assumed"
    clocks.log_day()
    followed = clocks.monitor(source)
    followed.refresh()
    for _ in range(_TICKS):
        before = clocks.tick(followed)
    holds(before, clocks.ended, clocks.local)
    kind = ClockSetForwardNotice if step > NOTHING else ClockSetBackNotice
    for change in (step, -step):
        clocks.desk_off += change
        clocks.pass_time(timedelta(seconds=5))
        begun_after = clocks.monitor(source)
        snapshot = followed.refresh()
        if change is step:
            (text,) = told(snapshot, kind)
            assert hours_and_minutes(step) in text
        if source == "detected":
            # What was learnt of a clock that was set tells nothing; what the database tells counts at once.
            same(snapshot, begun_after.refresh())
        for _ in range(_TICKS):
            snapshot = clocks.tick(followed)
            other = begun_after.refresh()
        same(snapshot, other)
        if snapshot.clock.name == "+08:00":
            holds(snapshot, clocks.ended, clocks.local)
            same(snapshot, clocks.monitor(source).refresh())
        else:
            assert (here, change) == (False, step)
            # What is far from what the database tells, or from all that is known, is believed.
            assert source == "assumed" or step == 8 * HOUR
        warns_of_what_was_measured(snapshot, clocks.gateway_utc - clocks.desk + 8 * HOUR)
    assert snapshot.clock.name == "+08:00"
    holds(snapshot, clocks.ended, clocks.local)
    assert [one for one in snapshot.notices if isinstance(one, ClockWrongNotice | ClockSetForwardNotice)] == []


def warns_of_what_was_measured(snapshot: Snapshot, lag: timedelta) -> None:
    """Hold the warning against how far the gateway's local time is ahead of ours in UTC."""
    ahead = lag - (snapshot.clock.zone.utcoffset(None) or NOTHING)
    texts = {kind: told(snapshot, kind) for kind in (ClockWrongNotice, ClockBehindNotice)}
    expected = ClockWrongNotice if ahead > NOTHING else ClockBehindNotice
    assert [kind for kind, found in texts.items() if found] == ([] if ahead == NOTHING else [expected])
    if ahead != NOTHING:
        assert hours_and_minutes(ahead) in texts[expected][0]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("start", ["to 1970", "to 2099", "an hour back", "8 hours forward"])
def test_a_clock_that_is_put_right_after_the_start_leaves_nothing_behind(
    clocks: Clocks, start: str, source: Source
) -> None:
    clocks.tells_writes = source != "assumed"
    clocks.desk_off = STEPS[start]
    clocks.log_day()
    followed = clocks.monitor(source)
    followed.refresh()
    for _ in range(_TICKS):
        clocks.tick(followed)
    clocks.desk_off = NOTHING
    for _ in range(_TICKS):
        snapshot = clocks.tick(followed)
    assert snapshot.clock.name == "+08:00"
    holds(snapshot, clocks.ended, clocks.local)
    assert [type(one) for one in snapshot.notices] == [
        ClockSetForwardNotice if STEPS[start] < NOTHING else ClockSetBackNotice
    ]
    clocks.pass_time(HOUR + MINUTE)
    assert clocks.tick(followed).notices == ()


@pytest.mark.parametrize("rate", [500e-6, -500e-6, 0.08, -0.08], ids="{} s a second".format)
def test_a_clock_that_is_slewed_is_followed_without_a_word(clocks: Clocks, rate: float) -> None:
    """A clock that is slewed takes the steady one along as a rule; here it does not."""
    clocks.log_day()
    followed = clocks.monitor()
    followed.refresh()
    for _ in range(40):
        clocks.desk_off += timedelta(seconds=5 * rate)
        snapshot = clocks.tick(followed)
        assert snapshot.notices == ()
    assert snapshot.clock.name == "+08:00"
    assert starts(snapshot, clocks) == starts(clocks.monitor().refresh(), clocks)


def starts(snapshot: Snapshot, clocks: Clocks) -> list[datetime]:
    calls = snapshot.stats._calls.between(clocks.desk - 23 * HOUR)
    return [LONG_AGO + timedelta(microseconds=int(at)) for at in calls.started]


@given(
    source=st.sampled_from(["set", "detected"]),
    here=st.booleans(),
    steps=st.lists(st.sampled_from([*STEPS.values(), timedelta(seconds=29), timedelta(seconds=-29)]), max_size=4),
    ticks=st.integers(0, 6),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_any_steps_a_clock_that_is_put_right_loses_and_doubles_nothing(
    make_any_gateway: MakeAnyGateway,
    clocks: Clocks,
    source: Source,
    here: bool,
    steps: list[timedelta],
    ticks: int,
) -> None:
    clocks.gateway.empty_log()
    clocks.ended, clocks.here, clocks.desk_off = [], here, NOTHING
    clocks.log_day(37 * MINUTE)
    followed = clocks.monitor(source)
    followed.refresh()
    for step in steps:
        if abs(clocks.desk_off + step) < 1000 * 24 * HOUR or clocks.desk_off == NOTHING:
            clocks.desk_off += step
        for _ in range(ticks):
            clocks.tick(followed)
    clocks.desk_off = NOTHING
    for _ in range(ticks):
        clocks.tick(followed)
    clocks.pass_time(2 * MINUTE)  # of less than the least step a refresh or two may not know the far end of the day
    snapshot = clocks.tick(followed)
    holds(snapshot, clocks.ended, clocks.local)
    same(snapshot, clocks.monitor(source).refresh())


# The clock itself


def test_a_step_is_told_once_and_remembered_for_an_hour() -> None:
    wall, steady = LONG_AGO, 0.0
    desk = DeskClock(lambda: wall, lambda: steady)
    assert desk.look() == NOTHING
    wall, steady = wall + HOUR, steady + 5
    assert desk.look() == HOUR - timedelta(seconds=5)
    assert desk.look() == NOTHING
    assert desk.set_lately == HOUR - timedelta(seconds=5)
    wall, steady = wall + HOUR, steady + 3601
    desk.look()
    assert desk.set_lately == NOTHING


def test_sleep_is_no_step() -> None:
    wall, steady = LONG_AGO, 0.0
    desk = DeskClock(lambda: wall, lambda: steady)
    wall, steady = wall + 8 * HOUR, steady + 8 * 3600
    assert desk.look() == NOTHING


def test_the_real_clocks_agree() -> None:
    desk = DeskClock()
    before = steady_s()
    assert desk.look() == desk.look() == NOTHING
    assert steady_s() >= before
