"""The gateway's zone, found out from a live server that keeps whole seconds."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from keymon.errors import ClockAssumedNotice
from keymon.monitor import Monitor
from tests.conftest import MakeGatewayServer
from tests.gateway_file import key
from tests.gateway_server import GatewayServer

A = key(1)
LONG_AGO = datetime(2021, 6, 1, 12, tzinfo=UTC)
"""No time of a write that a server tells is near to it."""
_CALL_THAT_HAS_JUST_ENDED = """
INSERT INTO t_request_log (request_time, model_name, api_key, is_success, status_code, latency_ms)
VALUES (UTC_TIMESTAMP(6) + INTERVAL ? MINUTE - INTERVAL ? MICROSECOND, 'm', ?, 1, 200, ?)"""

MakeMonitor = Callable[..., Monitor]


@pytest.fixture
def gateway(make_gateway_server: MakeGatewayServer) -> GatewayServer:
    return make_gateway_server([A])


@pytest.fixture
def make_monitor(gateway: GatewayServer) -> Iterator[MakeMonitor]:
    made: list[Monitor] = []

    def make(now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Monitor:
        made.append(Monitor(gateway.location, now=now))
        return made[-1]

    yield make
    for monitor in made:
        monitor.close()


@pytest.mark.parametrize("latency_ms", [0, 1, 999, 1_500, 61_234])
@pytest.mark.parametrize(("zone", "minutes"), [("+08:00", 480), ("+00:00", 0), ("-05:00", -300), ("+05:45", 345)])
def test_the_zone_is_detected_from_a_call_that_has_just_ended(
    gateway: GatewayServer, make_monitor: MakeMonitor, zone: str, minutes: int, latency_ms: int
) -> None:
    gateway.execute(_CALL_THAT_HAS_JUST_ENDED, (minutes, latency_ms * 1000, A, latency_ms))
    snapshot = make_monitor().refresh()
    assert (snapshot.clock.name, snapshot.clock.source) == (zone, "detected")
    assert snapshot.notices == ()
    assert snapshot.calls_1h is not None
    assert snapshot.calls_1h.total == 1


def test_rows_that_were_restored_tell_nothing(gateway: GatewayServer, make_monitor: MakeMonitor) -> None:
    gateway.call(A, LONG_AGO.replace(tzinfo=None))
    snapshot = make_monitor().refresh()
    assert snapshot.clock.source == "assumed"
    assert any(isinstance(notice, ClockAssumedNotice) for notice in snapshot.notices)


def test_a_server_that_was_restarted_tells_nothing(gateway: GatewayServer, make_monitor: MakeMonitor) -> None:
    gateway.execute(_CALL_THAT_HAS_JUST_ENDED, (480, 0, A, 0))
    gateway.restart()
    assert make_monitor().refresh().clock.source == "assumed"


@pytest.mark.parametrize("rounded", [timedelta(0), timedelta(seconds=0.5)], ids=["MariaDB truncates", "MySQL rounds"])
def test_calls_that_are_seen_to_arrive_give_the_zone_away(
    gateway: GatewayServer, make_monitor: MakeMonitor, rounded: timedelta
) -> None:
    now = LONG_AGO + timedelta(milliseconds=1)
    monitor = make_monitor(lambda: now)
    gateway.call(A, LONG_AGO.replace(tzinfo=None) - timedelta(hours=5, minutes=10))
    assert monitor.refresh().clock.source == "assumed"
    for _ in range(5):
        now += timedelta(seconds=1.3)
        started = now + timedelta(hours=-5, seconds=-1)
        gateway.call(A, (started + rounded).replace(tzinfo=None), latency_ms=1000)
        snapshot = monitor.refresh()
    assert (snapshot.clock.name, snapshot.clock.source) == ("-05:00", "detected")
    assert snapshot.notices == ()
    assert snapshot.calls_1h is not None
    assert snapshot.calls_1h.total == 6
