"""H: the hour that a clock shows twice and the one that it skips, read in chunks whose borders lie in it, and live."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from keymon import call_log, key_usage, monitor
from keymon.call_log import in_columns
from keymon.call_window import CallWindow
from keymon.calls import to_datetime
from keymon.gateway_clock import GatewayClock
from keymon.monitor import Monitor, Snapshot
from keymon.stats import DAY
from tests.faults.clocks import SOURCES, TICK, Clocks, Source, clocks_of, holds, same
from tests.gateway import Gateway, MakeAnyGateway
from tests.gateway_file import key

A = key(1)
CHANGES = {
    "Berlin back": ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    "Berlin forward": ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    "New York back": ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    "New York forward": ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
    "Lord Howe back": ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),  # by half an hour
    "Lord Howe forward": ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
}
names = st.sampled_from(list(CHANGES))


@pytest.fixture(autouse=True, scope="module")
def _no_rest() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(monitor, "PAUSE_S", 0.0)
        patched.setattr(key_usage, "_PAUSE_S", 0.0)
        yield


@pytest.fixture
def gateway(make_any_gateway: MakeAnyGateway) -> Gateway:
    return make_any_gateway([A])


@contextmanager
def followed(
    gateway: Gateway, instants: Sequence[datetime], zone: ZoneInfo, chunk: int, now: Callable[[], datetime]
) -> Iterator[Monitor]:
    """Have the gateway's log hold these calls alone; give a monitor that reads it in small chunks."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(call_log, "CHUNK_ROWS", chunk)
        patched.setattr(monitor, "CHUNK_ROWS", chunk)
        gateway.empty_log()
        gateway.calls(rows(instants, zone))
        watching = Monitor(gateway.location, zone, now=now)
        try:
            yield watching
        finally:
            watching.close()


def rows(instants: Sequence[datetime], zone: ZoneInfo, first_id: int = 1) -> list[tuple[object, ...]]:
    """Return calls that started at these instants as the gateway writes them, a twentieth of a second each."""
    local = [instant.astimezone(zone).replace(tzinfo=None) for instant in instants]
    return [(first_id + n, t, "m", A, 1, 200, 50) for n, t in enumerate(local)]


def starts_in(snapshot: Snapshot) -> list[datetime]:
    calls = snapshot.stats._calls.between(snapshot.as_of - DAY)
    return [to_datetime(started) for started in calls.started]


@given(
    name=names,
    chunk=st.integers(4, 40),
    minutes=st.integers(1, 30 * 60),
    gaps=st.lists(st.integers(150, 9 * 60), min_size=1, max_size=20),
)
@example(name="Berlin back", chunk=4, minutes=24 * 60 + 50, gaps=[300])
@example(name="Lord Howe back", chunk=4, minutes=24 * 60 + 20, gaps=[300])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_chunks_newest_first_read_the_same_as_all_rows_forward(
    gateway: Gateway, name: str, chunk: int, minutes: int, gaps: list[int]
) -> None:
    zone, now = ZoneInfo(CHANGES[name][0]), CHANGES[name][1] + timedelta(minutes=minutes)
    instants = [now]
    while instants[-1] > now - timedelta(hours=29):
        instants.append(instants[-1] - timedelta(seconds=gaps[len(instants) % len(gaps)]))
    instants.reverse()
    forward = CallWindow(GatewayClock(zone, "set"))
    forward.add(in_columns([(*row[:4], *row[5:]) for row in rows(instants, zone)]), now - DAY)
    assert [to_datetime(t) for t in forward.calls.started] == instants[-len(forward) :]
    with followed(gateway, instants, zone, chunk, lambda: now) as watching:
        while (snapshot := watching.refresh(patience=0)).loading is not None:
            holds_as_far_as_known(snapshot, instants)
        holds_as_far_as_known(snapshot, instants)
        assert starts_in(snapshot) == [to_datetime(t) for t in forward.calls.started]
        (used,) = watching.usage(A).usage
        assert used.calls.total == len(forward)


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("begun", [-5, 7, 35, 90], ids="begun {} min after the change".format)
def test_refreshes_across_the_change_lose_and_double_nothing(gateway: Gateway, name: str, begun: int) -> None:
    zone, change = ZoneInfo(CHANGES[name][0]), CHANGES[name][1]
    instants = [change + timedelta(minutes=7 * n) for n in range(-29 * 60 // 7, 28 * 60 // 7)]
    now = change + timedelta(minutes=begun)
    written = [t for t in instants if t <= now]
    with followed(gateway, written, zone, 5, lambda: now) as watching:
        while len(written) < len(instants):
            snapshot = watching.refresh()
            assert starts_in(snapshot) == [t for t in written if t >= now - DAY]
            holds_as_far_as_known(snapshot, written)
            new = instants[len(written) : len(written) + 6]
            gateway.calls(rows(new, zone, len(written) + 1))
            written += new
            now = new[-1]


def holds_as_far_as_known(snapshot: Snapshot, instants: Sequence[datetime]) -> None:
    for count, period in (
        (snapshot.calls_1m, timedelta(minutes=1)),
        (snapshot.calls_1h, timedelta(hours=1)),
        (snapshot.calls_24h, DAY),
    ):
        if count is not None:
            assert count.total == sum(t >= snapshot.as_of - period for t in instants)
        else:
            assert snapshot.loading is not None


@pytest.fixture
def clocks(gateway: Gateway) -> Iterator[Clocks]:
    with clocks_of(gateway, UTC) as clocks:
        yield clocks


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_followed_live_whether_the_zone_was_set_or_not(clocks: Clocks, name: str, source: Source) -> None:
    clocks.zone, change = ZoneInfo(CHANGES[name][0]), CHANGES[name][1]
    clocks.tells_writes = source != "assumed"
    clocks.true = change - 9 * TICK
    clocks.log_day()
    followed = clocks.monitor(source)
    followed.refresh()
    # A zone that was not set is learnt of from five calls, and a change of half an hour again from most of five.
    for tick in range(1, 18):
        snapshot = clocks.tick(followed)
        if source == "set" or tick in {8, 17}:
            holds_but_for_those_seen_before_it_was_known(snapshot, clocks, source)
            assert snapshot.clock.to_local(clocks.true) == clocks.local(clocks.true)
    assert snapshot.notices == ()
    if source == "set":
        same(snapshot, clocks.monitor(source).refresh())


def holds_but_for_those_seen_before_it_was_known(snapshot: Snapshot, clocks: Clocks, source: Source) -> None:
    if source == "set":
        return holds(snapshot, clocks.ended, clocks.local)
    # One call, or two where it is half an hour, is read by the old clock before the change is believed.
    off = set(starts_in(snapshot)) ^ {at for at in clocks.ended if at >= snapshot.as_of - DAY}
    assert len(off) <= 4, off
    return None
