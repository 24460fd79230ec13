"""B: faults of a server in mid-session, without a window: each is over when it is over, and figures mix no logs."""

import threading
from collections.abc import Callable, Iterator

import pytest

from keymon import call_log, errors, server_reader
from keymon import database as database_module
from keymon.monitor import Monitor
from tests.conftest import MakeGatewayServer
from tests.fault_proxy import Fault, FaultProxy
from tests.faults.reading_scene import NOW, A, B, Follow, calls, follow, gateway, impatient, log_calls, monitor, proxy
from tests.gateway_file import key
from tests.gateway_server import GatewayServer
from tests.mariadb import MariaDb

__all__ = ["follow", "gateway", "monitor", "proxy"]

OTHER = key(99)
WAIT_S = 30.0
FOR_EVER_S = 1_000.0


def is_connecting(monitor: Monitor) -> bool:
    """Tell whether an attempt to connect is under way, or over."""
    line = monitor._database._reader._line  # type: ignore[attr-defined]
    return line is not None and line._line is not None


def lost_by_kill(gateway: GatewayServer, _proxy: FaultProxy) -> None:
    for (number,) in gateway.execute("SELECT id FROM information_schema.processlist WHERE user = 'reader'"):
        gateway.execute(f"KILL {number}")


def lost_by_restart(gateway: GatewayServer, _proxy: FaultProxy) -> None:
    gateway.restart()


def lost_by_reset(_gateway: GatewayServer, proxy: FaultProxy) -> None:
    proxy.drop()


LOSSES = [lost_by_kill, lost_by_restart, lost_by_reset]


@pytest.mark.parametrize("lose", LOSSES)
def test_a_connection_that_was_lost_while_at_rest_is_made_again_at_once(
    gateway: GatewayServer, proxy: FaultProxy, monitor: Monitor, lose: Callable[[GatewayServer, FaultProxy], None]
) -> None:
    lose(gateway, proxy)
    log_calls(gateway, B)
    assert calls(monitor.refresh()) == {A: 3, B: 1}
    assert proxy.accepted == 2
    lose(gateway, proxy)
    assert monitor.error_text(A, NOW, 100) is None
    assert proxy.accepted == 3


def test_a_server_that_ends_idle_connections_is_not_noticed(
    gateway: GatewayServer, proxy: FaultProxy, follow: Follow
) -> None:
    gateway.execute("SET GLOBAL wait_timeout = 1")
    try:
        monitor = follow(gateway.location_at(proxy.port))
        monitor.refresh()
        while gateway.execute("SELECT id FROM information_schema.processlist WHERE user = 'reader'"):
            pass
        assert calls(monitor.refresh()) == {A: 3}
        assert proxy.accepted == 2
    finally:
        gateway.execute("SET GLOBAL wait_timeout = DEFAULT")


def test_a_connection_that_is_lost_again_and_again_is_given_up(
    gateway: GatewayServer, proxy: FaultProxy, monitor: Monitor
) -> None:
    proxy.reset_after = 300
    proxy.fault = Fault.RESET
    with pytest.raises(errors.ServerLostError):
        monitor.refresh()
    assert proxy.accepted == 2
    proxy.fault = Fault.NONE
    log_calls(gateway, B)
    assert calls(monitor.refresh()) == {A: 3, B: 1}


def test_what_is_not_answered_is_not_asked_again(
    gateway: GatewayServer, proxy: FaultProxy, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch)
    monitor = follow(gateway.location_at(proxy.port))
    monitor.refresh()
    proxy.fault = Fault.SILENT
    with pytest.raises(errors.DatabaseTimeoutError):
        monitor.refresh()
    assert proxy.accepted == 1
    proxy.fault = Fault.NONE
    log_calls(gateway, B)
    assert calls(monitor.refresh()) == {A: 3, B: 1}


def test_what_takes_too_long_is_ended_by_the_server_and_not_asked_again(
    gateway: GatewayServer, proxy: FaultProxy, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "READ_LIMIT_S", 0.5)
    monkeypatch.setattr(server_reader, "_SOCKET_SLACK_S", FOR_EVER_S)
    monitor = follow(gateway.location_at(proxy.port))
    monitor.refresh()
    gateway.execute("LOCK TABLES t_request_log WRITE")
    with pytest.raises(errors.DatabaseTimeoutError):
        monitor.refresh()
    gateway.execute("UNLOCK TABLES")
    assert proxy.accepted == 1
    log_calls(gateway, B)
    assert calls(monitor.refresh()) == {A: 3, B: 1}


@pytest.mark.parametrize("fault", [Fault.UNANSWERED, Fault.SILENT, Fault.SLOW], ids=lambda fault: fault.name)
@pytest.mark.parametrize("is_connected", [True, False], ids=["connected", "connecting"])
def test_a_read_that_nobody_answers_is_broken_off(
    gateway: GatewayServer,
    proxy: FaultProxy,
    follow: Follow,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    is_connected: bool,
) -> None:
    monkeypatch.setattr(database_module, "READ_LIMIT_S", FOR_EVER_S)
    monitor = follow(gateway.location_at(proxy.port))
    if is_connected:
        monitor.refresh()
    proxy.delay_s = FOR_EVER_S
    proxy.fault = fault
    raised: list[Exception] = []

    def read() -> None:
        try:
            monitor.refresh()
        except errors.KeymonError as error:
            raised.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    if fault is Fault.UNANSWERED and not is_connected:
        while not is_connecting(monitor):
            pass
    else:
        assert proxy.held.wait(WAIT_S)
    monitor.interrupt()
    thread.join(WAIT_S)
    assert not thread.is_alive()
    assert [type(error) for error in raised] == [errors.ReadBrokenOffError]
    proxy.fault = Fault.NONE
    with pytest.raises(errors.ReadBrokenOffError):
        monitor.refresh()


# Failover


@pytest.fixture
def second(gateway: GatewayServer, second_server: MariaDb) -> Iterator[MakeGatewayServer]:
    """Make a gateway of the same name on the second server."""
    made: list[GatewayServer] = []

    def make(keys: list[str]) -> GatewayServer:
        made.append(GatewayServer(second_server, keys, name=gateway.name))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_after_a_failover_to_a_copy_the_reading_goes_on(
    gateway: GatewayServer, proxy: FaultProxy, monitor: Monitor, second_server: MariaDb
) -> None:
    copy = gateway.copied_to(second_server)
    log_calls(copy, B)
    proxy.point_at(second_server.port)
    assert calls(monitor.refresh()) == {A: 3, B: 1}
    log_calls(copy, B)
    assert calls(monitor.refresh()) == {A: 3, B: 2}
    copy.close()


@pytest.mark.parametrize("others", [0, 1, 3, 9], ids="{} calls".format)
def test_after_a_failover_to_another_log_nothing_of_the_old_one_remains(
    gateway: GatewayServer, proxy: FaultProxy, monitor: Monitor, second: MakeGatewayServer, others: int
) -> None:
    other = second([OTHER, B])
    log_calls(other, OTHER, others)
    proxy.point_at(other.server.port)
    for _ in range(2):
        snapshot = monitor.refresh()
        assert calls(snapshot) == ({OTHER: others} if others else {})
        assert [one.key for one in snapshot.keys] == [OTHER, B]
    assert snapshot.stats.usage(A) == ()
    log_calls(other, B)
    assert calls(monitor.refresh()).get(B) == 1


def test_a_failover_in_the_middle_of_a_refresh_mixes_no_logs(
    gateway: GatewayServer,
    proxy: FaultProxy,
    monitor: Monitor,
    second: MakeGatewayServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The old server has just confirmed that the log is the one that is followed when the other takes over."""
    other = second([OTHER, B])
    log_calls(other, OTHER, 9)
    newer = call_log.CallLog.newer

    def fail_over_then_read(log: call_log.CallLog, last_id: int) -> call_log.LogRows:
        monkeypatch.undo()
        proxy.point_at(other.server.port)
        return newer(log, last_id)

    monkeypatch.setattr(call_log.CallLog, "newer", fail_over_then_read)
    assert calls(monitor.refresh()) == {OTHER: 9}
    assert proxy.target == other.server.port
