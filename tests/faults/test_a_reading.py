"""A: faults while a monitor connects, without a window: each is told for what it is, time and again, and passes."""

import threading
from contextlib import ExitStack, closing
from datetime import UTC

import pytest

from keymon import errors
from keymon.locations import server_location
from keymon.monitor import Monitor
from tests.conftest import MakeGatewayServer
from tests.fault_proxy import Fault, FaultProxy
from tests.faults.reading_scene import NOW, A, Follow, calls, follow, gateway, impatient, log_calls, proxy
from tests.gateway_server import GatewayServer
from tests.mariadb import READER, READER_PASSWORD, MariaDb

__all__ = ["follow", "gateway", "proxy"]

AT_CONNECTING: dict[str, tuple[Fault, int, type[errors.KeymonError], str]] = {
    "refused": (Fault.REFUSED, 0, errors.ServerUnreachableError, "connection refused"),
    "unanswered": (Fault.UNANSWERED, 0, errors.ServerUnreachableError, "no answer"),
    "silent": (Fault.SILENT, 0, errors.DatabaseTimeoutError, "no answer within"),
    "garbage": (Fault.GARBAGE, 0, errors.DatabaseError, "lost|reset|protocol"),
    "reset in the greeting": (Fault.RESET, 20, errors.DatabaseError, "lost|reset"),
    "reset in the first answers": (Fault.RESET, 200, errors.ServerLostError, "lost"),
    "latency": (Fault.SLOW, 0, errors.DatabaseTimeoutError, "no answer within"),
}


@pytest.mark.parametrize("name", AT_CONNECTING)
def test_what_keeps_keymon_from_connecting_is_told_and_passes(
    gateway: GatewayServer, proxy: FaultProxy, follow: Follow, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    fault, proxy.reset_after, kind, message = AT_CONNECTING[name]
    proxy.delay_s = 10.0
    proxy.fault = fault
    impatient(monkeypatch)
    monitor = follow(gateway.location_at(proxy.port))
    for _ in range(2):
        with pytest.raises(kind, match=message) as caught:
            monitor.refresh()
        assert READER_PASSWORD not in f"{caught.value!r} {caught.value}"
    proxy.fault = Fault.NONE
    assert calls(monitor.refresh()) == {A: 3}


def test_a_server_that_has_enough_connections(
    make_gateway_server: MakeGatewayServer, second_server: MariaDb, follow: Follow
) -> None:
    gateway = GatewayServer(second_server, [A])
    log_calls(gateway, A)
    gateway.execute("SET GLOBAL max_connections = 10")
    with ExitStack() as stack:

        def connect_often() -> None:
            for _ in range(20):
                stack.enter_context(closing(Monitor(gateway.location, UTC, now=lambda: NOW))).refresh()

        with pytest.raises(errors.TooManyConnectionsError, match="Too many connections"):
            connect_often()
    gateway.execute("SET GLOBAL max_connections = DEFAULT")
    assert calls(follow(gateway.location).refresh()) == {A: 1}
    gateway.close()


def test_a_computer_that_has_no_more_threads(
    gateway: GatewayServer, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise RuntimeError("can't start new thread")

    place = f"{READER}:{READER_PASSWORD}@localhost:{gateway.server.port}/{gateway.name}"
    monitor = follow(server_location(f"mysql://{place}"))
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(errors.DatabaseUnreadableError, match="new thread"):
            monitor.refresh()
    assert calls(monitor.refresh()) == {A: 3}
