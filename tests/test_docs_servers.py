"""What docs/servers.md tells operators to say to their server gives keymon what it needs, and nothing more."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pymysql
import pytest
from pymysql.connections import Connection

from keymon import errors
from keymon.monitor import Monitor
from tests.conftest import MakeGatewayServer
from tests.gateway_server import GatewayServer

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ACCOUNT, PASSWORD = "keymon", "choose-a-password"

_PAGE = (Path(__file__).parents[1] / "docs" / "servers.md").read_text(encoding="utf-8")
NEEDED, FOR_ERROR_TEXTS = (block.split(";") for block in re.findall(r"```sql\n(.*?);\n```", _PAGE, re.DOTALL))
TO_ENCRYPT, *TO_LOOK, TO_REMOVE = re.findall(r"\| `([A-Z ]+USER .*|SHOW GRANTS .*);` \|", _PAGE)


@pytest.fixture
def gateway(make_gateway_server: MakeGatewayServer) -> Iterator[GatewayServer]:
    gateway = make_gateway_server(["a", "b"])
    gateway.call("a", NOW.replace(tzinfo=None), status=500)
    gateway.error("a", NOW.replace(tzinfo=None), "overloaded")
    say(gateway, *NEEDED)
    yield gateway
    gateway.execute(f"DROP USER IF EXISTS {ACCOUNT}")


@pytest.fixture
def monitor(gateway: GatewayServer) -> Iterator[Monitor]:
    with closing(Monitor(gateway.location_for(ACCOUNT, PASSWORD), UTC, now=lambda: NOW)) as monitor:
        yield monitor


def say(gateway: GatewayServer, *statements: str) -> list[str]:
    """Say the page's statements to the server, about this gateway; return all that it answers."""
    about_this = [text.replace(" gateway.", f" {gateway.name}.").replace("%", "%%") for text in statements]
    answers = [gateway.execute(statement) for statement in about_this]
    return [text for answer in answers for row in answer for text in row]


def logged_in(gateway: GatewayServer) -> Connection:
    """Return a connection of the account's own, unencrypted, with none of keymon's precautions."""
    place = {"host": "127.0.0.1", "port": gateway.server.port, "database": gateway.name}
    return Connection(**place, user=ACCOUNT, password=PASSWORD, autocommit=True, ssl_disabled=True)


@pytest.mark.parametrize("with_texts", [False, True], ids=["without-texts", "with-texts"])
def test_the_account_is_enough_for_keymon(gateway: GatewayServer, monitor: Monitor, with_texts: bool) -> None:
    if with_texts:
        say(gateway, *FOR_ERROR_TEXTS)
    snapshot = monitor.refresh()
    assert [key.key for key in snapshot.keys] == ["a", "b"]
    assert snapshot.calls_24h is not None
    assert snapshot.calls_24h.failure == 1
    assert [(row.model, row.calls.total) for row in monitor.usage("a").usage] == [("gemini-2.5-flash", 1)]
    if with_texts:
        assert monitor.error_text("a", NOW, 1000) == "overloaded"
    else:
        with pytest.raises(errors.DatabaseError, match="t_error_logs"):
            monitor.error_text("a", NOW, 1000)
    assert monitor.refresh().calls_24h == snapshot.calls_24h


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO t_settings (`key`) VALUES ('x')",
        "UPDATE t_settings SET value = ''",
        "DELETE FROM t_request_log",
        "DELETE FROM t_error_logs",
        "TRUNCATE t_request_log",
        "LOCK TABLES t_request_log READ",
        "CREATE TABLE x (a INT)",
        "DROP TABLE t_settings",
        "CREATE DATABASE created",
    ],
)
def test_the_account_cannot_write_even_without_keymon(gateway: GatewayServer, statement: str) -> None:
    say(gateway, *FOR_ERROR_TEXTS)
    with (
        closing(logged_in(gateway)) as connection,
        connection.cursor() as cursor,
        pytest.raises(pymysql.Error, match="denied"),
    ):
        cursor.execute(statement)


def test_the_account_can_be_looked_at(gateway: GatewayServer) -> None:
    say(gateway, TO_ENCRYPT)
    grants, account = (" ".join(say(gateway, statement)) for statement in TO_LOOK)
    assert sorted(re.findall(r"GRANT ([A-Z ,]+) ON \S+?(\w+|\*)`? TO", grants)) == [
        ("SELECT", "t_request_log"),
        ("SELECT", "t_settings"),
        ("USAGE", "*"),
    ]
    assert "REQUIRE SSL" in account


def test_an_account_that_must_encrypt_is_refused_without(gateway: GatewayServer) -> None:
    logged_in(gateway).close()
    say(gateway, TO_ENCRYPT)
    with pytest.raises(pymysql.OperationalError, match="Access denied"):
        logged_in(gateway)


def test_the_account_can_be_removed(gateway: GatewayServer, monitor: Monitor) -> None:
    say(gateway, TO_REMOVE)
    with pytest.raises(errors.AccountRefusedError, match="Access denied"):
        monitor.refresh()
