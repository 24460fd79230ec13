"""I: keymon as a process: signals in each state end it properly, and what kills it harms neither gateway nor itself."""

import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import MakeGateway, MakeGatewayServer
from tests.fault_proxy import Fault, FaultProxy
from tests.faults.conftest import StartWriter
from tests.faults.process import Running, running
from tests.gateway_file import GatewayFile, key
from tests.gateway_server import GatewayServer
from tests.mariadb import READER, READER_PASSWORD

A = key(0)
SIGNALS = [signal.SIGINT, signal.SIGTERM]


def log_calls(gateway: GatewayFile | GatewayServer, times: int) -> None:
    at = datetime.now(UTC).replace(tzinfo=None)
    gateway.calls([(None, at, "m", A, True, 200, 100)] * times)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: signal.Signals(number).name)
@pytest.mark.parametrize("point", ["shown", "painted", "opened", "loading", "at rest", "reading"])
def test_a_signal_ends_it_in_each_state(
    make_gateway: MakeGateway, start_writer: StartWriter, tmp_path: Path, point: str, number: signal.Signals
) -> None:
    gateway = make_gateway([A])
    log_calls(gateway, 100_000 if point == "loading" else 10)
    start_writer(gateway)
    with running(tmp_path, point, "--db", str(gateway.path), "--gateway-tz", "UTC") as keymon:
        keymon.wait_for(point)
        keymon.process.send_signal(number)
        assert keymon.end() == (0, "")
    assert [path.name for path in tmp_path.glob("gateway.db*")] == ["gateway.db"]


def silent(proxy: FaultProxy, _gateway: GatewayServer) -> Callable[[], bool]:
    proxy.fault = Fault.SILENT
    return proxy.held.is_set


def unanswered(proxy: FaultProxy, _gateway: GatewayServer) -> Callable[[], bool]:
    proxy.fault = Fault.UNANSWERED
    return lambda: True


def locked(_proxy: FaultProxy, gateway: GatewayServer) -> Callable[[], bool]:
    gateway.execute("LOCK TABLES t_request_log WRITE")
    waiting = "SELECT id FROM information_schema.processlist WHERE user = 'reader' AND info LIKE '%%t_request_log%%'"
    return lambda: bool(gateway.execute(waiting))


@pytest.mark.parametrize("number", [*SIGNALS, signal.SIGKILL], ids=lambda number: signal.Signals(number).name)
@pytest.mark.parametrize("hang", [silent, unanswered, locked])
def test_a_signal_ends_it_while_a_server_does_not_answer(
    make_gateway_server: MakeGatewayServer,
    tmp_path: Path,
    hang: Callable[[FaultProxy, GatewayServer], Callable[[], bool]],
    number: signal.Signals,
) -> None:
    gateway = make_gateway_server([A])
    with FaultProxy(gateway.server.port) as proxy, ExitStack() as stack:
        hangs = hang(proxy, gateway)
        if hang is locked:
            stack.callback(gateway.execute, "UNLOCK TABLES")
        url = f"mysql://{READER}:{READER_PASSWORD}@127.0.0.1:{proxy.port}/{gateway.name}"
        with running(tmp_path, "", "--db", url) as keymon:
            keymon.wait_for("opened")
            while not hangs():
                pass
            keymon.process.send_signal(number)
            code, complaints = keymon.end()
    if number != signal.SIGKILL:
        assert (code, complaints) == (0, "")
    sessions = f"SELECT id FROM information_schema.processlist WHERE user = 'reader' AND db = '{gateway.name}'"
    while gateway.execute(sessions):
        pass  # the server ends what it is still doing for it: at the latest when the limit of a read is over


@pytest.fixture(params=["delete", "wal"])
def journalled(request: pytest.FixtureRequest, make_gateway: MakeGateway) -> GatewayFile:
    """A gateway that keeps its journal in one way or the other."""
    gateway = make_gateway([A])
    gateway.connection.execute(f"PRAGMA journal_mode = {request.param}")
    log_calls(gateway, 10)
    return gateway


@pytest.fixture
def killed(journalled: GatewayFile, tmp_path: Path) -> Iterator[Running]:
    """A keymon that has been killed in the middle of a read."""
    with running(tmp_path, "reading", "--db", str(journalled.path), "--gateway-tz", "UTC") as keymon:
        keymon.wait_for("reading")
        keymon.process.kill()
        keymon.process.wait()
        yield keymon


def test_one_that_is_killed_in_the_middle_of_a_read_holds_and_leaves_nothing(
    journalled: GatewayFile, killed: Running, tmp_path: Path
) -> None:
    assert killed.process.returncode == -signal.SIGKILL
    with closing(sqlite3.connect(journalled.path, isolation_level=None, timeout=0)) as other:
        other.execute("BEGIN EXCLUSIVE")
        other.execute("COMMIT")
        is_wal = other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    journalled.close()
    assert [path.name for path in tmp_path.glob("gateway.db*")] == ["gateway.db"], is_wal
    with running(tmp_path, "", "--db", str(journalled.path), "--gateway-tz", "UTC") as after:
        after.wait_for("at rest")
        after.process.terminate()
        assert after.end() == (0, "")


def test_one_that_is_killed_in_the_middle_of_a_read_costs_the_gateway_nothing(
    journalled: GatewayFile, start_writer: StartWriter, killed: Running
) -> None:
    assert start_writer(journalled, rate=1_000, most=200).wait().lost == []
