"""Monitors that read a gateway on a real server, without a window, by way of a proxy that has the faults of networks.

A test module imports the fixtures that it uses by name.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta

import pytest

from keymon import database as database_module
from keymon import server_reader
from keymon.locations import ServerLocation
from keymon.monitor import Monitor, Snapshot
from tests.conftest import MakeGatewayServer
from tests.fault_proxy import FaultProxy
from tests.gateway_file import key
from tests.gateway_server import GatewayServer

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
A, B = key(1), key(2)


def log_calls(gateway: GatewayServer, api_key: str, times: int = 1) -> None:
    """Log calls that have just been made."""
    at = NOW.replace(tzinfo=None)
    gateway.calls([(None, at - timedelta(seconds=times - n), "m", api_key, True, 200, 100) for n in range(times)])


@pytest.fixture
def gateway(make_gateway_server: MakeGatewayServer) -> GatewayServer:
    """A gateway with three calls of `A`."""
    gateway = make_gateway_server([A, B])
    log_calls(gateway, A, 3)
    return gateway


@pytest.fixture
def proxy(gateway: GatewayServer) -> Iterator[FaultProxy]:
    """The way to its server."""
    with FaultProxy(gateway.server.port) as proxy:
        yield proxy


Follow = Callable[[ServerLocation], Monitor]


@pytest.fixture
def follow() -> Iterator[Follow]:
    """Make monitors, closed afterwards."""
    with ExitStack() as stack:

        def make(location: ServerLocation) -> Monitor:
            return stack.enter_context(closing(Monitor(location, UTC, now=lambda: NOW)))

        yield make


@pytest.fixture
def monitor(gateway: GatewayServer, proxy: FaultProxy, follow: Follow) -> Monitor:
    """A monitor that has shown the gateway's figures, by way of the proxy."""
    monitor = follow(gateway.location_at(proxy.port))
    assert calls(monitor.refresh()) == {A: 3}
    return monitor


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let those who read from now on wait for half a second only."""
    monkeypatch.setattr(database_module, "READ_LIMIT_S", 0.5)
    monkeypatch.setattr(server_reader, "_SOCKET_SLACK_S", 0.1)


def calls(snapshot: Snapshot) -> dict[str, int]:
    """Return the calls of 24 hours by key; that they are all there are is checked besides."""
    found = {one.key: one.calls_24h.total for one in snapshot.keys if one.calls_24h.total}
    assert snapshot.calls_24h is not None
    assert snapshot.calls_24h.total == sum(found.values())
    assert snapshot.calls_month is not None
    assert snapshot.calls_month.total == sum(found.values())
    return found
