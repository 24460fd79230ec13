"""A connection is tried in stages, each told in plain words."""

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from keymon import database, errors, server_reader
from keymon.connection_check import (
    FILE_STAGES,
    SERVER_STAGES,
    ClockAssumed,
    ClockKnown,
    ClocksDiffer,
    ConnectionCheck,
    ErrorTextsForbidden,
    Finding,
    MayReadOnly,
    MayWrite,
    NoCallsYet,
    NotEncrypted,
)
from keymon.gateway_clock import parse_zone
from keymon.locations import Location, location_of, server_location
from tests.conftest import MakeGateway, MakeGatewayServer
from tests.gateway_server import GatewayServer
from tests.mariadb import OPERATOR, OPERATOR_PASSWORD, READER, READER_PASSWORD, MariaDb


def check(location: Location, zone: str = "", apart: timedelta = timedelta(0)) -> list[Finding]:
    found: list[Finding] = []
    named = parse_zone(zone) if zone else None
    is_well = ConnectionCheck(location, found.append, named, lambda: datetime.now(UTC) + apart).run()
    assert is_well == all(finding.outcome != "failed" for finding in found)
    return found


def stages(findings: list[Finding]) -> list[str]:
    return list(dict.fromkeys(finding.stage for finding in findings))


def messages(findings: list[Finding], stage: str) -> list[type[errors.KeymonError]]:
    return [type(finding.message) for finding in findings if finding.stage == stage]


@pytest.fixture
def gateway(make_gateway_server: MakeGatewayServer) -> GatewayServer:
    return make_gateway_server(["a", "b"])


def test_a_server_passes_all_stages(gateway: GatewayServer) -> None:
    gateway.call("a", (datetime.now(UTC) + timedelta(hours=5)).replace(tzinfo=None), latency_ms=0)
    findings = check(gateway.location)
    assert stages(findings) == list(SERVER_STAGES)
    texts = {finding.stage: str(finding.message) for finding in findings}
    assert texts["name"] == "The host is known: 127.0.0.1."
    assert texts["connection"] == f"The server answers at 127.0.0.1 port {gateway.server.port}."
    assert texts["login"].startswith("The account is let in by MariaDB 1")
    assert texts["tables"] == "It is a gateway's database, with 2 keys."
    assert texts["clock"].startswith("The gateway's zone is +05:00 (detected)")
    assert messages(findings, "encryption") == [NotEncrypted]
    assert messages(findings, "rights") == [MayReadOnly]
    assert READER_PASSWORD not in repr(findings)


def test_a_socket_needs_no_name(gateway: GatewayServer) -> None:
    path = gateway.server.socket
    url = f"mysql://{READER}:{READER_PASSWORD}@/{gateway.name}?unix_socket={path}"
    texts = {finding.stage: str(finding.message) for finding in check(server_location(url))}
    assert texts["connection"] == f"The server answers at {path}."
    assert texts["encryption"] == "The connection stays on this machine."


def test_a_file_passes_its_stages(make_gateway: MakeGateway) -> None:
    gateway = make_gateway(["a"])
    gateway.call("a", datetime(2026, 11, 23, 12))
    findings = check(location_of(gateway.path), "Asia/Shanghai")
    assert stages(findings) == list(FILE_STAGES)
    assert messages(findings, "clock") == [ClockKnown]
    assert "Asia/Shanghai (set)" in str(findings[-1].message)


# What an account may do


def test_an_account_that_could_write_is_told_so(gateway: GatewayServer) -> None:
    assert messages(check(gateway.location_for_operator), "rights") == [MayWrite]


@pytest.mark.parametrize("right", ["DELETE", "INSERT", "DROP", "ALTER"])
@pytest.mark.parametrize("on", ["{0}.t_request_log", "{0}.*"])
def test_any_right_more_on_a_table_is_told(gateway: GatewayServer, right: str, on: str) -> None:
    gateway.execute(f"GRANT {right} ON {on.format(gateway.name)} TO {READER}")
    finding = next(finding for finding in check(gateway.location) if finding.stage == "rights")
    assert isinstance(finding.message, MayWrite)
    assert right in str(finding.message)
    gateway.execute(f"REVOKE {right} ON {on.format(gateway.name)} FROM {READER}")


def test_a_right_by_a_role_is_told(gateway: GatewayServer) -> None:
    gateway.execute("CREATE ROLE IF NOT EXISTS writers")
    gateway.execute(f"GRANT UPDATE ON {gateway.name}.t_settings TO writers")
    gateway.execute(f"GRANT writers TO {READER}")
    gateway.execute(f"SET DEFAULT ROLE writers FOR {READER}")
    try:
        assert messages(check(gateway.location), "rights") == [MayWrite]
    finally:
        gateway.execute("DROP ROLE writers")


@pytest.mark.parametrize("how", ["REVOKE SELECT ON {0}.t_error_logs FROM reader", "DROP TABLE {0}.t_error_logs"])
def test_error_texts_are_no_condition(gateway: GatewayServer, how: str) -> None:
    gateway.execute(how.format(gateway.name))
    assert ErrorTextsForbidden in messages(check(gateway.location), "rights")


# Clocks


def test_a_log_without_calls_tells_no_zone(gateway: GatewayServer) -> None:
    assert messages(check(gateway.location), "clock") == [NoCallsYet]


def test_a_zone_that_cannot_be_told_is_said_to_be_assumed(gateway: GatewayServer) -> None:
    gateway.call("a", datetime(2026, 11, 23, 12, 7, 31))
    assert messages(check(gateway.location), "clock") == [ClockAssumed]


def test_clocks_that_disagree_are_told(gateway: GatewayServer) -> None:
    assert ClocksDiffer not in messages(check(gateway.location), "clock")
    findings = check(gateway.location, apart=timedelta(minutes=-10))
    assert ClocksDiffer in messages(findings, "clock")


# What fails


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of somebody who accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_what_fails_is_the_last_that_is_told(
    gateway: GatewayServer, silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "READ_LIMIT_S", 0.2)
    monkeypatch.setattr(server_reader, "_SOCKET_SLACK_S", 0.1)
    port, name = gateway.server.port, gateway.name
    free = socket.create_server(("127.0.0.1", 0))
    closed = free.getsockname()[1]
    free.close()
    who = f"{READER}:{READER_PASSWORD}"
    for url, stage, error in (
        (f"{who}@no-such-host.invalid/{name}", "name", errors.HostUnknownError),
        (f"{who}@127.0.0.1:{closed}/{name}", "connection", errors.ServerUnreachableError),
        (f"{who}@/{name}?unix_socket=/nowhere/socket", "connection", errors.ServerUnreachableError),
        (f"{who}@127.0.0.1:{port}/{name}?ssl_mode=required", "encryption", errors.EncryptionRefusedError),
        (f"{READER}:wrong-canary@127.0.0.1:{port}/{name}", "login", errors.AccountRefusedError),
        (f"{who}@127.0.0.1:{silent}/{name}", "login", errors.DatabaseTimeoutError),
        (f"{OPERATOR}:{OPERATOR_PASSWORD}@127.0.0.1:{port}/mysql", "tables", errors.TableMissingError),
    ):
        findings = check(server_location(f"mysql://{url}"))
        assert "failed" not in [finding.outcome for finding in findings[:-1]]
        assert (findings[-1].stage, findings[-1].outcome, type(findings[-1].message)) == (stage, "failed", error), url
        assert "canary" not in str(findings[-1].message)


def test_a_right_that_is_missing_fails_the_tables(gateway: GatewayServer) -> None:
    gateway.execute(f"REVOKE SELECT ON {gateway.name}.t_request_log FROM {READER}")
    findings = check(gateway.location)
    assert (findings[-1].stage, findings[-1].outcome) == ("tables", "failed")
    assert isinstance(findings[-1].message, errors.RightMissingError)


def test_it_can_be_broken_off(mariadb_server: MariaDb, silent: int) -> None:
    found: list[Finding] = []
    at_it = threading.Event()

    def hear(finding: Finding) -> None:
        found.append(finding)
        if finding.stage == "connection":
            at_it.set()

    one = ConnectionCheck(server_location(f"mysql://u:p@127.0.0.1:{silent}/d"), hear)
    raised: list[BaseException] = []

    def run() -> None:
        try:
            one.run()
        except errors.ReadBrokenOffError as error:
            raised.append(error)

    worker = threading.Thread(target=run)
    worker.start()
    assert at_it.wait(10)
    one.interrupt()
    worker.join(10)
    assert len(raised) == 1
    assert [finding.stage for finding in found] == ["name", "connection"]
