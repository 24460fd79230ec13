"""Reading a gateway's database on a real MariaDB server, without ever writing to it."""

import gc
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from pymysql.connections import Connection
from sqlalchemy import bindparam, case, func, select, text

from keymon import database as database_module
from keymon import errors, server_reader
from keymon.call_log import local_time
from keymon.database import Database
from keymon.error_log import error_text
from keymon.gateway_settings import read_settings
from keymon.locations import ServerLocation, server_location
from keymon.monitor import Monitor
from keymon.schema import request_log as log
from tests.conftest import MakeGatewayServer
from tests.gateway_server import GatewayServer

COUNT = select(func.count()).select_from(log)
TIMES = select(log.c.request_time).order_by(log.c.id)
NOON = datetime(2026, 11, 23, 12)
AN_HOUR = timedelta(hours=1)  # zones are apart by more, whatever the machine is doing


@contextmanager
def opened(location: ServerLocation) -> Iterator[Database]:
    database = Database(location)
    try:
        yield database
    finally:
        database.close()


@pytest.fixture
def gateway(make_gateway_server: MakeGatewayServer) -> GatewayServer:
    gateway = make_gateway_server(["a", "b"], MAX_FAILURES="5")
    gateway.call("a", NOON)
    return gateway


@pytest.fixture
def database(gateway: GatewayServer) -> Iterator[Database]:
    with opened(gateway.location) as database:
        yield database


# What may be done


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO t_settings (`key`) VALUES ('x')",
        "UPDATE t_settings SET value = ''",
        "DELETE FROM t_request_log",
        "TRUNCATE t_request_log",
        "CREATE TABLE x (a INT)",
        "CREATE INDEX x ON t_request_log (request_time)",
        "ALTER TABLE t_request_log ADD COLUMN x INT",
        "DROP TABLE t_settings",
        "CREATE DATABASE created",
        "OPTIMIZE TABLE t_request_log",
        "SELECT * FROM t_settings FOR UPDATE; DELETE FROM t_settings",
    ],
)
def test_nothing_but_reading_is_possible_even_for_an_account_that_may_do_all(
    gateway: GatewayServer, statement: str
) -> None:
    tables = gateway.execute("CHECKSUM TABLE t_settings, t_request_log"), gateway.execute("SHOW DATABASES")
    structure = gateway.execute("SHOW CREATE TABLE t_request_log")
    with opened(gateway.location_for_operator) as database:
        with pytest.raises(errors.DatabaseError):
            database.fetch(text(statement))
        assert database.fetch(COUNT) == [(1,)]
    assert tables == (gateway.execute("CHECKSUM TABLE t_settings, t_request_log"), gateway.execute("SHOW DATABASES"))
    assert structure == gateway.execute("SHOW CREATE TABLE t_request_log")


def test_a_reader_at_rest_holds_nothing(gateway: GatewayServer, database: Database) -> None:
    assert database.fetch(COUNT) == [(1,)]
    gateway.execute("SET SESSION lock_wait_timeout = 1")
    gateway.execute("ALTER TABLE t_request_log ADD COLUMN x INT")
    gateway.execute("ALTER TABLE t_request_log DROP COLUMN x")
    gateway.call("a", NOON)
    assert database.fetch(COUNT) == [(2,)]
    assert gateway.execute("SELECT * FROM information_schema.innodb_trx") == []


# What is read


def test_the_settings_are_read(gateway: GatewayServer, database: Database) -> None:
    settings = read_settings(database)
    assert (settings.gemini_keys, settings.max_failures, settings.notices) == (("a", "b"), 5, ())


def test_the_text_of_an_error_is_found(gateway: GatewayServer, database: Database) -> None:
    gateway.error("a", NOON, "API key not valid")
    gateway.error("b", NOON, "overloaded")
    assert error_text(database, "a", NOON, NOON + timedelta(seconds=1)) == "API key not valid"


def test_calls_are_read_by_id_by_time_and_by_list(gateway: GatewayServer, database: Database) -> None:
    for n in range(1, 5):
        gateway.call("b", NOON + timedelta(hours=n), status=200 if n % 2 else 503)
    after = select(log.c.id).where(log.c.id > bindparam("after")).order_by(log.c.id).limit(2)
    since = select(log.c.id).where(log.c.request_time >= bindparam("since"))
    among = select(log.c.id).where(log.c.id.in_(bindparam("ids"))).order_by(log.c.id)
    assert database.fetch(after, after=2) == [(3,), (4,)]
    assert database.fetch(since, since=NOON + timedelta(hours=4)) == [(5,)]
    assert database.fetch(among, ids=[1, 3, 99]) == [(1,), (3,)]
    assert database.fetch(among, ids=[5]) == [(5,)]


def test_a_sum_is_a_whole_number(database: Database) -> None:
    total = database.fetch(select(func.sum(case((log.c.status_code == 200, 1), else_=0))))[0][0]
    assert (total, type(total)) == (1, int)


def test_per_cent_signs_stay_what_they_are(gateway: GatewayServer, database: Database) -> None:
    gateway.call("a", NOON, model="50%s %(x)s 100%")
    statement = select(log.c.model_name).where(log.c.model_name.like("50%")).limit(1)
    assert database.fetch(statement) == [("50%s %(x)s 100%",)]


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        (NOON, NOON),
        ("2026-11-23 12:00:00.987654", NOON),
        (None, None),
        ("0000-00-00 00:00:00", None),
        ("2026-02-31 10:00:00", None),
        ("2026-00-10 10:00:00", None),
        ("0001-01-01 00:00:00", None),
        ("9999-12-31 23:59:59", None),
    ],
    ids=str,
)
def test_a_time_that_is_none_does_not_stop_reading(
    gateway: GatewayServer, database: Database, stored: object, read: datetime | None
) -> None:
    gateway.execute("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'")
    gateway.execute("UPDATE t_request_log SET request_time = %s", (stored,))
    times = [row[0] for row in database.fetch(TIMES)]
    assert [local_time(value) for value in times] == [read]
    assert all(value is None or isinstance(value, str) for value in times)


def test_any_text_and_nothing_at_all_are_read(gateway: GatewayServer, database: Database) -> None:
    gateway.execute("DELETE FROM t_request_log")
    gateway.call("", None, model="网关 🚀\x00'\"\\", status=None, latency_ms=-1)
    gateway.call(None, None, model=None, status=None, latency_ms=None)
    columns = select(log.c.model_name, log.c.api_key, log.c.status_code, log.c.latency_ms).order_by(log.c.id)
    assert database.fetch(columns) == [("网关 🚀\x00'\"\\", "", None, -1), (None, None, None, None)]


def test_tables_in_an_old_character_set_are_read(gateway: GatewayServer, database: Database) -> None:
    gateway.execute("ALTER TABLE t_request_log CONVERT TO CHARACTER SET latin1")
    gateway.call("a", NOON, model="modèle")
    assert ("modèle",) in database.fetch(select(log.c.model_name))


# Clocks


def test_the_last_write_is_told_in_utc_whatever_the_servers_zone(gateway: GatewayServer, database: Database) -> None:
    modified = database.modified()
    assert modified is not None
    assert abs(modified - datetime.now(UTC)) < AN_HOUR
    assert database.fetch(text("SELECT @@session.time_zone")) == [("+08:00",)]


def test_a_server_forgets_its_last_write_when_it_restarts(gateway: GatewayServer) -> None:
    gateway.restart()
    with opened(gateway.location) as database:
        assert database.modified() is None


def test_the_time_is_the_servers_in_utc(database: Database) -> None:
    assert abs(database.now() - datetime.now(UTC)) < AN_HOUR


def test_what_a_server_promises(database: Database) -> None:
    assert not database.commits_in_id_order
    assert not database.replaced()


# What can go wrong


def test_the_server_itself_ends_what_takes_too_long(gateway: GatewayServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "READ_LIMIT_S", 0.2)
    monkeypatch.setattr(server_reader, "_SOCKET_SLACK_S", 100.0)
    with opened(gateway.location) as database:
        with pytest.raises(errors.DatabaseTimeoutError, match=r"no answer within 0\.2 s"):
            database.fetch(text("SELECT SLEEP(90)"))
        assert database.fetch(COUNT) == [(1,)]


def test_a_server_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "READ_LIMIT_S", 0.05)
    monkeypatch.setattr(server_reader, "_SOCKET_SLACK_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        location = server_location(f"mysql://me:secret-canary@127.0.0.1:{silent.getsockname()[1]}/gateway")
        with opened(location) as database, pytest.raises(errors.DatabaseTimeoutError):
            database.fetch(COUNT)


@pytest.mark.parametrize("greeting", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x05\x00\x00\x00\x0a", b"\x01\x00\x00\x00\x0a"])
def test_another_kind_of_server_is_told(greeting: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def greet() -> None:
            with other.accept()[0] as line:
                line.sendall(greeting)

        thread = threading.Thread(target=greet)
        thread.start()
        location = server_location(f"mysql://me:secret-canary@127.0.0.1:{other.getsockname()[1]}/gateway")
        with opened(location) as database, pytest.raises(errors.DatabaseError) as caught:
            database.fetch(COUNT)
        thread.join()
    assert "protocol" in str(caught.value) or isinstance(caught.value, errors.ServerLostError)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (AssertionError, errors.DatabaseUnreadableError),
        (IndexError, errors.DatabaseUnreadableError),
        (ValueError, errors.DatabaseUnreadableError),
        (RuntimeError, errors.AccountRefusedError),
    ],
)
def test_whatever_the_driver_lets_through_is_told(
    monkeypatch: pytest.MonkeyPatch, fault: type[Exception], told: type[errors.KeymonError]
) -> None:
    def fail(_: object, line: socket.socket) -> None:
        line.close()
        raise fault("secret-canary")

    monkeypatch.setattr(Connection, "connect", fail)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        location = server_location(f"mysql://me@127.0.0.1:{silent.getsockname()[1]}/gateway")
        with opened(location) as database, pytest.raises(told) as caught:
            database.fetch(COUNT)
    assert "secret-canary" not in str(caught.value)


def test_after_an_interrupt_nothing_is_read_any_more(database: Database) -> None:
    database.interrupt()
    with pytest.raises(errors.ReadBrokenOffError):
        database.fetch(COUNT)


def test_a_read_that_is_under_way_is_broken_off(gateway: GatewayServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "READ_LIMIT_S", 100.0)
    raised: list[Exception] = []

    def read(database: Database) -> None:
        try:
            database.fetch(text("SELECT SLEEP(99) AS broken_off"))
        except errors.KeymonError as error:
            raised.append(error)

    with opened(gateway.location) as database:
        thread = threading.Thread(target=read, args=(database,))
        thread.start()
        under_way = "SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(99) AS%%'"
        while not gateway.execute(under_way):
            pass
        database.interrupt()
        thread.join(30)
        assert not thread.is_alive()
        assert [type(error) for error in raised] == [errors.ReadBrokenOffError]


def test_a_connection_is_opened_anew_after_the_server_was_restarted(gateway: GatewayServer, database: Database) -> None:
    database.fetch(COUNT)
    gateway.restart()
    with pytest.raises(errors.ServerLostError):
        database.fetch(COUNT)
    assert database.fetch(COUNT) == [(1,)]


def test_a_session_that_was_ended_is_opened_anew(gateway: GatewayServer, database: Database) -> None:
    gateway.execute(f"KILL {database.fetch(text('SELECT CONNECTION_ID()'))[0][0]}")
    with pytest.raises(errors.ServerLostError):
        database.now()
    assert database.now() is not None


def test_a_server_that_is_not_there_is_told(gateway: GatewayServer) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # nobody listens there
        location = server_location(f"mysql://me:secret-canary@127.0.0.1:{closed.getsockname()[1]}/gateway")
        with opened(location) as database, pytest.raises(errors.ServerUnreachableError, match="connection refused"):
            database.fetch(COUNT)


def test_a_socket_that_is_not_there_is_told() -> None:
    by_socket = server_location("mysql://me:secret-canary@localhost/gateway?unix_socket=/absent/socket")
    with opened(by_socket) as database, pytest.raises(errors.ServerUnreachableError, match="no such file"):
        database.fetch(COUNT)
    gc.collect()  # a socket that nobody has closed is a warning


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "no host of that name"),
        (TimeoutError("timed out"), "no answer"),
        (OSError(113, "No route to host"), "no route to host"),
    ],
    ids=repr,
)
def test_why_a_server_cannot_be_reached(monkeypatch: pytest.MonkeyPatch, cause: OSError, reason: str) -> None:
    def fail(*_: object, **__: object) -> None:
        raise cause

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    location = server_location("mysql://me:secret-canary@gateway.example/gateway")
    with opened(location) as database, pytest.raises(errors.ServerUnreachableError, match=reason):
        database.fetch(COUNT)


def test_a_wrong_password_is_told_and_not_shown(gateway: GatewayServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    location = gateway.location_for("reader", "wrong-canary")
    with opened(location) as database, pytest.raises(errors.AccountRefusedError, match="Access denied") as caught:
        database.fetch(COUNT)
    shown = f"{caught.value} {caught.value!r} {caught.value.fields} {location} {database.shown} {caplog.text}"
    assert "wrong-canary" not in shown
    assert str(gateway.server.port) in database.shown


def test_a_password_may_hold_any_character(gateway: GatewayServer) -> None:
    gateway.execute("CREATE OR REPLACE USER odd IDENTIFIED BY 'pä@ss:/网%%'")
    gateway.execute(f"GRANT SELECT ON {gateway.name}.* TO odd")
    with opened(gateway.location_for("odd", "p%C3%A4%40ss%3A%2F%E7%BD%91%25")) as database:
        assert database.fetch(COUNT) == [(1,)]


def test_an_account_that_has_as_many_connections_as_it_may(gateway: GatewayServer) -> None:
    gateway.execute("CREATE OR REPLACE USER single IDENTIFIED BY 'pw' WITH MAX_USER_CONNECTIONS 1")
    gateway.execute(f"GRANT SELECT ON {gateway.name}.* TO single")
    location = gateway.location_for("single", "pw")
    with opened(location) as first, opened(location) as second:
        assert first.fetch(COUNT) == [(1,)]
        with pytest.raises(errors.TooManyConnectionsError, match="exceeded the 'max_user_connections'"):
            second.fetch(COUNT)


def test_a_server_that_has_as_many_connections_as_it_may(gateway: GatewayServer) -> None:
    (most,) = gateway.execute("SELECT @@max_connections")[0]
    with ExitStack() as ends:
        ends.callback(gateway.execute, f"SET GLOBAL max_connections = {most}")
        gateway.execute("SET GLOBAL max_connections = 10")
        databases = [ends.enter_context(opened(gateway.location)) for _ in range(12)]
        with pytest.raises(errors.TooManyConnectionsError, match="Too many connections"):
            sum(len(database.fetch(COUNT)) for database in databases)


def test_an_account_that_may_not_read_the_log(gateway: GatewayServer, database: Database) -> None:
    gateway.execute(f"REVOKE SELECT ON {gateway.name}.t_request_log FROM reader")
    with pytest.raises(errors.RightMissingError, match="t_request_log"):
        database.fetch(COUNT)


def test_a_database_that_is_not_there(gateway: GatewayServer) -> None:
    gateway.name, name = "absent", gateway.name
    location = gateway.location_for_operator
    gateway.name = name
    with opened(location) as database, pytest.raises(errors.NoSuchDatabaseError):
        database.fetch(COUNT)


def test_a_database_of_something_else(gateway: GatewayServer) -> None:
    gateway.execute("ALTER TABLE t_request_log DROP COLUMN status_code")
    with opened(gateway.location_for_operator) as database:
        with pytest.raises(errors.NotAGatewayError, match=r"it has no column: t_request_log\.status_code"):
            database.fetch(select(log.c.status_code))
        gateway.execute("DROP TABLE t_request_log")
        with pytest.raises(errors.NotAGatewayError, match="it has no table: t_request_log"):
            database.fetch(COUNT)


def test_a_message_of_the_servers_quotes_no_value(database: Database) -> None:
    with pytest.raises(errors.DatabaseUnreadableError) as caught:
        database.fetch(text("SELECT FROM :value"), value="it's secret-canary")
    assert "secret-canary" not in str(caught.value)
    assert "1064" in str(caught.value)


# Where a server is


def test_a_server_is_reached_by_its_socket(gateway: GatewayServer) -> None:
    place = f"localhost/{gateway.name}?unix_socket={gateway.server.socket}"
    location = server_location(f"mysql+pymysql://reader:reader-canary@{place}")
    assert location.shown == f"mysql://reader@{place}"
    with opened(location) as database:
        assert database.fetch(COUNT) == [(1,)]


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///x.db",
        "mysql://me:pw-canary@db",
        "mysql://me:pw-canary@db/",
        "mysql://me:pw-canary@db:port/gateway",
        "pw-canary",
    ],
)
def test_a_url_that_names_no_database_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(errors.UnsupportedDatabaseError, match="mysql://user@host:port/database") as caught:
        server_location(url)
    assert "pw-canary" not in str(caught.value) or url == "pw-canary"


def test_a_location_never_shows_its_password() -> None:
    location = server_location("mariadb://me:pw-canary@[::1]:3307/gateway?charset=latin1")
    assert location.shown == "mysql://me@[::1]:3307/gateway"
    assert "pw-canary" not in f"{location} {location!r}"


def test_the_monitor_tells_what_the_account_could_do(gateway: GatewayServer) -> None:
    for location, could_write in ((gateway.location, ""), (gateway.location_for_operator, "ALTER, ALTER ROUTINE, ")):
        monitor = Monitor(location, UTC, month=False)
        assert monitor.refresh().could_write == ""
        while monitor.survey(0.1):
            pass
        assert monitor.refresh().could_write.startswith(could_write)
        assert bool(monitor.refresh().could_write) == bool(could_write)
        monitor.close()
