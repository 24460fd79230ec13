"""H: the computer sleeps for a night, and is woken."""

import pytest

from keymon import call_log
from keymon import monitor as monitor_module
from keymon.errors import ClockSetForwardNotice
from tests.faults.clocks import HOUR, MINUTE, SOURCES, Clocks, Source, clocks, holds, same
from tests.gateway_server import GatewayServer

__all__ = ["clocks"]

NIGHT = 8 * HOUR
MEANWHILE = {"no calls": 0, "a call": 1, "many calls": 4_000}


def sleep(clocks: Clocks, calls: int) -> None:
    """Sleep for a night in which as many calls are logged, the last of them as we wake."""
    clocks.pass_time(NIGHT)
    clocks.log(*(NIGHT * n / calls for n in range(calls - 1, -1, -1)))


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("calls", MEANWHILE.values(), ids=list(MEANWHILE))
def test_one_refresh_after_a_night_has_all_figures_right(clocks: Clocks, calls: int, source: Source) -> None:
    clocks.tells_writes = source != "assumed"
    clocks.log_day()
    followed = clocks.monitor(source)
    followed.refresh()
    for _ in range(6):
        before = clocks.tick(followed)
    sleep(clocks, calls)
    snapshot = followed.refresh()
    assert (snapshot.clock, snapshot.notices, snapshot.loading) == (before.clock, (), None)
    in_whole_seconds = isinstance(clocks.gateway, GatewayServer)
    if not in_whole_seconds or calls < 2:
        holds(snapshot, clocks.ended, clocks.local)
    assert snapshot.calls_24h is not None
    assert snapshot.calls_24h.total == sum(at >= clocks.desk - 24 * HOUR for at in clocks.ended)
    for _ in range(9):
        snapshot = clocks.tick(followed)
        assert (snapshot.clock, snapshot.notices) == (before.clock, ())
    if source != "assumed":
        same(snapshot, clocks.monitor(source).refresh())


@pytest.mark.parametrize("calls", MEANWHILE.values(), ids=list(MEANWHILE))
def test_where_no_clock_tells_of_the_night_it_counts_as_a_clock_that_was_set(clocks: Clocks, calls: int) -> None:
    """As where a virtual machine was halted, and its clock is put right when it goes on."""
    clocks.log_day()
    followed = clocks.monitor()
    followed.refresh()
    for _ in range(6):
        clocks.tick(followed)
    asleep_since = clocks.steady_s
    sleep(clocks, calls)
    clocks.steady_s = asleep_since + 5
    snapshot = followed.refresh()
    assert [type(one) for one in snapshot.notices] == [ClockSetForwardNotice]
    assert "8 h 0 min" in str(snapshot.notices[0])
    same(snapshot, clocks.monitor().refresh())
    if calls:
        assert snapshot.clock.name == "+08:00"


@pytest.mark.parametrize("calls", [0, 60], ids=["no calls", "60 calls"])
@pytest.mark.parametrize("parts", [1, 5], ids="after {} parts".format)
def test_a_night_in_the_middle_of_a_load_loses_and_doubles_nothing(
    clocks: Clocks, monkeypatch: pytest.MonkeyPatch, parts: int, calls: int
) -> None:
    monkeypatch.setattr(call_log, "CHUNK_ROWS", 20)
    monkeypatch.setattr(monitor_module, "CHUNK_ROWS", 20)
    clocks.log_day()
    followed = clocks.monitor()
    for _ in range(parts):
        assert followed.refresh(patience=0).loading is not None
    sleep(clocks, calls)
    while (snapshot := followed.refresh(patience=0)).loading is not None:
        assert snapshot.notices == ()
    snapshot = followed.refresh()
    holds(snapshot, clocks.ended, clocks.local)
    assert snapshot.notices == ()


def test_a_connection_that_was_closed_meanwhile_costs_nothing(clocks: Clocks) -> None:
    clocks.log_day()
    followed = clocks.monitor()
    followed.refresh()
    sleep(clocks, 48)
    if isinstance(clocks.gateway, GatewayServer):
        ids = "SELECT id FROM information_schema.processlist WHERE user = 'reader'"
        for (number,) in clocks.gateway.execute(ids):
            clocks.gateway.execute(f"KILL {number}")
    snapshot = followed.refresh()
    holds(snapshot, clocks.ended, clocks.local)
    assert snapshot.notices == ()


def test_short_rests_tell_of_the_clock_and_nights_do_not(clocks: Clocks) -> None:
    """Calls that ended at any time of the night are no measure of the gateway's clock."""
    clocks.log_day()
    followed = clocks.monitor()
    followed.refresh()
    for _ in range(3):
        clocks.pass_time(NIGHT)
        clocks.log(HOUR, HOUR, HOUR, HOUR, HOUR, HOUR - MINUTE)
        snapshot = followed.refresh()
        assert (snapshot.clock.name, snapshot.surroundings.clock_ahead) == ("+08:00", None)
