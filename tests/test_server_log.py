"""Rows that a real MariaDB commits later than others with larger ids."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from keymon.monitor import Monitor, Snapshot
from tests.conftest import MakeGatewayServer
from tests.gateway_file import key
from tests.gateway_server import GatewayServer

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
A, B = key(1), key(2)
_INSERT = (
    "INSERT INTO t_request_log (request_time, model_name, api_key, is_success, status_code, latency_ms)"
    " VALUES (%s, 'm', %s, 1, 200, 100)"
)

MakeMonitor = Callable[..., Monitor]


@pytest.fixture
def gateway(make_gateway_server: MakeGatewayServer) -> GatewayServer:
    return make_gateway_server([A, B])


@pytest.fixture
def make_monitor(gateway: GatewayServer) -> Iterator[MakeMonitor]:
    made: list[Monitor] = []

    def make(now: datetime = NOW) -> Monitor:
        made.append(Monitor(gateway.location, UTC, now=lambda: now))
        return made[-1]

    yield make
    for monitor in made:
        monitor.close()


def begin(gateway: GatewayServer) -> Any:  # noqa: ANN401 - the driver has no types
    """Return another connection of the gateway's, in a transaction."""
    connection = gateway.server.connect()
    connection.select_db(gateway.name)
    connection.autocommit(False)
    return connection


def insert(connection: Any, api_key: str = A, at: datetime = NOW) -> None:  # noqa: ANN401
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, (f"{at:%Y-%m-%d %H:%M:%S}", api_key))


def calls(snapshot: Snapshot) -> int:
    assert snapshot.calls_24h is not None
    return snapshot.calls_24h.total


def test_a_row_that_is_committed_late_is_found(gateway: GatewayServer, make_monitor: MakeMonitor) -> None:
    monitor = make_monitor()
    gateway.call(A, NOW.replace(tzinfo=None))
    assert calls(monitor.refresh()) == 1
    slow, quick = begin(gateway), begin(gateway)
    insert(slow)
    insert(quick, B)
    quick.commit()
    assert calls(monitor.refresh()) == 2
    slow.commit()
    snapshot = monitor.refresh()
    assert calls(snapshot) == 3
    assert snapshot.calls_month is not None
    assert snapshot.calls_month.total == 3
    assert sum(row.calls.total for row in snapshot.stats.usage(A)) == 2
    slow.close()
    quick.close()


def test_a_row_that_was_under_way_when_the_reading_began_is_found(
    gateway: GatewayServer, make_monitor: MakeMonitor
) -> None:
    slow = begin(gateway)
    insert(slow)
    gateway.call(B, NOW.replace(tzinfo=None))
    monitor = make_monitor()
    assert calls(monitor.refresh()) == 1
    slow.commit()
    assert calls(monitor.refresh()) == 2
    slow.close()


def test_a_row_that_was_never_committed_is_not_waited_for(gateway: GatewayServer, make_monitor: MakeMonitor) -> None:
    gateway.call(A, NOW.replace(tzinfo=None))
    monitor = make_monitor()
    monitor.refresh()
    given_up = begin(gateway)
    insert(given_up)
    gateway.call(B, NOW.replace(tzinfo=None))
    given_up.rollback()
    given_up.close()
    assert calls(monitor.refresh()) == 2
    assert calls(monitor.refresh()) == 2


def test_of_many_writers_no_row_is_missed(gateway: GatewayServer, make_monitor: MakeMonitor) -> None:
    def write(number: int) -> None:
        random, connection = Random(number), begin(gateway)
        for _ in range(60):
            for _ in range(random.randint(1, 4)):
                insert(connection, key(number))
            connection.commit()
        connection.close()

    monitor = make_monitor()
    monitor.refresh()
    with ThreadPoolExecutor(8) as writers:
        written = [writers.submit(write, number) for number in range(8)]
        while not all(future.done() for future in written):
            monitor.refresh()
        for future in written:
            future.result()
    ((expected,),) = gateway.execute("SELECT count(*) FROM t_request_log")
    assert calls(monitor.refresh()) == expected > 480
