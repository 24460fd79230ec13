"""The sample gateway on a real server: the same as in a file, written only where nothing is."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pymysql.cursors import Cursor

from keymon import demo_server, errors
from keymon.cli import main
from keymon.demo import create_demo
from keymon.demo_history import DEMO_ZONE
from keymon.locations import ServerLocation, server_location
from keymon.monitor import Monitor
from tests.conftest import MakeGateway, MakeGatewayServer
from tests.gateway_server import GatewayServer
from tests.mariadb import OPERATOR, OPERATOR_PASSWORD, READER, READER_PASSWORD
from tests.recorded_gateway import copy_as_a_server_would_have_it
from tests.test_recorded_on_server import figures

NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
TABLES = ("t_error_logs", "t_request_log", "t_settings")


@pytest.fixture
def empty(make_gateway_server: MakeGatewayServer) -> GatewayServer:
    """A database without tables."""
    made = make_gateway_server()
    for table in TABLES:
        made.execute(f"DROP TABLE {table}")
    return made


def url(gateway: GatewayServer, account: str = OPERATOR, password: str = OPERATOR_PASSWORD) -> str:
    return f"mysql://{account}:{password}@127.0.0.1:{gateway.server.port}/{gateway.name}"


def tables(gateway: GatewayServer) -> list[str]:
    return [name for (name,) in gateway.execute("SHOW TABLES")]


def count(gateway: GatewayServer, table: str = "t_request_log") -> int:
    ((found,),) = gateway.execute(f"SELECT count(*) FROM {table}")
    assert isinstance(found, int)
    return found


def create(location: ServerLocation, hours: float = 1) -> None:
    with demo_server.opened(location) as demo:
        demo.create(NOW, hours)


def test_its_figures_are_those_of_the_sample_in_a_file(
    empty: GatewayServer, make_gateway: MakeGateway, tmp_path: Path
) -> None:
    create(empty.location_for_operator, hours=26)
    create_demo(tmp_path / "demo.db", NOW)
    file = make_gateway()
    copy_as_a_server_would_have_it(tmp_path / "demo.db", file)
    file.setting("DATABASE_TYPE", "mysql")
    settings = "SELECT `key`, value FROM t_settings"
    assert dict(empty.execute(settings)) == dict(file.execute(settings))
    found = []
    for location in (file.location, empty.location_for_operator):
        monitor = Monitor(location, DEMO_ZONE, NOW)
        found.append(figures(monitor.refresh()))
        monitor.close()
    assert found[1] == found[0]
    assert count(empty) > 20_000
    assert count(empty, "t_error_logs") == file.execute("SELECT count(*) FROM t_error_logs")[0][0] > 300


def test_the_command_writes_it_and_says_how_to_look_at_it(
    empty: GatewayServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--mysql", url(empty)]) == 0
    told, errors_told = capsys.readouterr()
    assert f"{count(empty):,} calls and {count(empty, 't_error_logs'):,} texts of errors" in told
    assert f"keymon --db mysql://operator@127.0.0.1:{empty.server.port}/{empty.name}\n" in told
    assert OPERATOR_PASSWORD not in told
    assert errors_told == ""
    monitor = Monitor(empty.location_for_operator)
    snapshot = monitor.refresh()
    monitor.close()
    assert (snapshot.clock.name, snapshot.clock.source, snapshot.notices) == ("+08:00", "detected", ())


@pytest.mark.parametrize("scheme", ["mysql+pymysql", "mariadb"])
def test_it_may_be_named_in_other_ways(empty: GatewayServer, scheme: str) -> None:
    place = f"{scheme}://{OPERATOR}:{OPERATOR_PASSWORD}@localhost/{empty.name}?unix_socket={empty.server.socket}"
    create(server_location(place))
    assert tables(empty) == list(TABLES)


@pytest.mark.parametrize("statement", ["CREATE TABLE theirs (a INT)", "CREATE VIEW theirs AS SELECT 1", None])
def test_a_database_that_is_not_empty_is_refused_and_left_as_it_was(
    empty: GatewayServer,
    make_gateway_server: MakeGatewayServer,
    capsys: pytest.CaptureFixture[str],
    statement: str | None,
) -> None:
    theirs = empty if statement else make_gateway_server(["a"])
    if statement:
        theirs.execute(statement)
    before = tables(theirs)
    assert main(["demo", "--mysql", url(theirs)]) == 2
    told, complaint = capsys.readouterr()
    assert told == ""
    assert complaint.count("\n") == 1
    assert f"{theirs.name}: the database is not empty (it holds {', '.join(before)})" in complaint
    assert tables(theirs) == before
    if not statement:
        assert theirs.execute("SELECT `key` FROM t_settings ORDER BY id") == [("API_KEYS",), ("AUTH_TOKEN",)]


def test_a_table_that_appears_meanwhile_is_left_alone(empty: GatewayServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def appear(*_: object) -> None:
        empty.execute("CREATE TABLE t_request_log (precious INT)")
        empty.execute("INSERT INTO t_request_log VALUES (1)")

    monkeypatch.setattr(demo_server.ServerDemo, "_check_that_it_is_empty", appear)
    with pytest.raises(errors.DatabaseUnreadableError, match="1050"):
        create(empty.location_for_operator)
    assert empty.execute("SELECT precious FROM t_request_log") == [(1,)]


@pytest.mark.parametrize("end", [KeyboardInterrupt, ConnectionResetError])
def test_an_interrupted_seeding_leaves_tables_that_are_empty(
    empty: GatewayServer, monkeypatch: pytest.MonkeyPatch, end: type[BaseException]
) -> None:
    executemany = Cursor.executemany

    def interrupted(self: Cursor, sql: str, rows: object) -> None:
        executemany(self, sql, rows)
        if "t_error_logs" in sql:
            raise end

    monkeypatch.setattr(Cursor, "executemany", interrupted)
    with suppress(KeyboardInterrupt, errors.DatabaseError):
        create(empty.location_for_operator)
    assert {table: count(empty, table) for table in TABLES} == dict.fromkeys(TABLES, 0)


def complaint_about(place: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(["demo", "--mysql", place])
    told, complaint = capsys.readouterr()
    assert told == ""
    assert complaint.count("\n") == 1
    assert "canary" not in complaint
    return code, complaint


def test_a_wrong_password(empty: GatewayServer, capsys: pytest.CaptureFixture[str]) -> None:
    code, complaint = complaint_about(url(empty, "operator", "wrong-canary"), capsys)
    assert (code, "Access denied for user" in complaint) == (3, True)


def test_no_such_database(empty: GatewayServer, capsys: pytest.CaptureFixture[str]) -> None:
    code, complaint = complaint_about(url(empty).replace(empty.name, "absent"), capsys)
    assert (code, "no database of that name" in complaint) == (3, True)


def test_no_server(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # nobody listens there
        port = closed.getsockname()[1]
        code, complaint = complaint_about(f"mysql://me:pw-canary@127.0.0.1:{port}/demo", capsys)
    assert (code, "connection refused" in complaint) == (3, True)


def test_no_right_to_create_tables(empty: GatewayServer, capsys: pytest.CaptureFixture[str]) -> None:
    empty.execute(f"GRANT SELECT ON {empty.name}.* TO {READER}")
    code, complaint = complaint_about(url(empty, READER, READER_PASSWORD), capsys)
    assert (code, "CREATE command denied" in complaint, "CREATE, INSERT and SELECT" in complaint) == (3, True, True)
    assert tables(empty) == []


def test_a_file_is_no_server(capsys: pytest.CaptureFixture[str]) -> None:
    code, complaint = complaint_about("sqlite:///gateway.db", capsys)
    assert (code, "mysql://user@host:port/database" in complaint) == (2, True)


def test_who_reads_what_is_told_may_leave(empty: GatewayServer) -> None:
    command = [sys.executable, "-m", "keymon", "demo", "--living", "--mysql", url(empty)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, complaint = process.communicate()
    assert (process.returncode, complaint) == (0, "")


# A gateway that lives on


def test_it_goes_on_where_the_history_ends(empty: GatewayServer) -> None:
    with demo_server.opened(empty.location_for_operator) as demo:
        gateway = demo.create(NOW, hours=1)
        before = empty.execute("SELECT * FROM t_request_log ORDER BY id")
        demo.write(gateway, NOW + timedelta(minutes=5))
        after = empty.execute("SELECT * FROM t_request_log ORDER BY id")
        assert demo.written.calls == len(after)
        assert demo.written.errors == count(empty, "t_error_logs")
    assert after[: len(before)] == before
    assert 150 < len(after) - len(before) < 1_500
    local = NOW.astimezone(DEMO_ZONE).replace(tzinfo=None)
    assert max(row[1] for row in after) > local
    assert any(row[4] == 0 for row in after[len(before) :])


@pytest.fixture
def living(empty: GatewayServer) -> Iterator[subprocess.Popen[str]]:
    # Where the tests run in the background Ctrl+C is switched off, for what they start, too.
    program = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
        " from keymon.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, "demo", "--living", "--mysql", url(empty)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        yield process
        process.kill()


def test_it_lives_until_ctrl_c(empty: GatewayServer, living: subprocess.Popen[str]) -> None:
    assert living.stdout is not None
    while "Ctrl+C" not in living.stdout.readline():
        assert living.poll() is None
    seeded = count(empty)
    while count(empty) < seeded + 1:
        assert living.poll() is None
    living.send_signal(signal.SIGINT)
    told, complaint = living.communicate()
    assert (living.returncode, complaint) == (0, "")
    assert told == f"Ended after {count(empty):,} calls.\n"


def test_it_ends_with_a_line_where_the_server_goes_away(empty: GatewayServer, living: subprocess.Popen[str]) -> None:
    assert living.stdout is not None
    while "Ctrl+C" not in living.stdout.readline():
        assert living.poll() is None
    for (number,) in empty.execute(f"SELECT id FROM information_schema.processlist WHERE user = '{OPERATOR}'"):
        empty.execute(f"KILL {number}")
    _, complaint = living.communicate()
    assert living.returncode == 3
    assert complaint.count("\n") == 1
    assert "the connection to the server was lost" in complaint
