"""Faults of the schema: what can be shown is shown, what is missing is named, another program's database refused."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton

from keymon import errors
from keymon.error_browser import ErrorFilter, ErrorRow
from keymon.gui.main_window import MainWindow
from keymon.gui.poller import Source
from keymon.locations import Location, ServerLocation, location_of
from keymon.monitor import Monitor, Snapshot
from tests.faults.told import (
    AS_OF,
    printed,
    refused,
    retry,
    shows_figures,
    shows_no_figures,
    shows_stale_figures,
    try_again,
    untouched,
)
from tests.gateway import Gateway, MakeAnyGateway, on_sqlite_only
from tests.gateway_file import GatewayFile, key
from tests.gateway_server import GatewayServer
from tests.gui.conftest import NOW, Bench

A, B = key(0), key(1)
NO_GATEWAY = "not a gateway's database"
LOCAL = NOW.replace(tzinfo=None) - timedelta(minutes=1)
"""When the calls were, by the gateway's clock."""


@pytest.fixture
def gateway(make_any_gateway: MakeAnyGateway) -> Gateway:
    """A gateway with four calls and one error, of the second key."""
    made = make_any_gateway([A, B])
    made.calls(
        [
            (None, LOCAL, "gemini-2.5-pro", A, True, 200, 700),
            (None, LOCAL, "gemini-2.5-flash", A, True, 200, 800),
            (None, LOCAL, "gemini-2.5-flash", A, True, 200, 900),
            (None, LOCAL, "gemini-2.5-flash", B, False, 429, 1_000),
        ]
    )
    made.errors([(B, "gemini-2.5-flash", "rate", "because", 429, None, LOCAL)])
    return made


def monitor(gateway: Gateway) -> Monitor:
    return Monitor(gateway.location, UTC, now=lambda: NOW)


def source(location: Location) -> Source:
    return Source("a gateway", lambda: Monitor(location, UTC, now=lambda: NOW))


def follow(bench: Bench, gateway: Gateway) -> Snapshot:
    """Show a gateway in the window."""
    with bench.qtbot.waitSignal(bench.poller.refreshed):
        bench.window.follow(source(gateway.location))
    return bench.snapshot


def fail(bench: Bench, location: Location) -> None:
    """Show in the window what cannot be shown."""
    with bench.qtbot.waitSignal(bench.poller.failed):
        bench.window.follow(source(location))


def named(location: Location) -> str:
    """Return how the command line names a gateway."""
    if isinstance(location, ServerLocation):
        return location.url.render_as_string(hide_password=False)
    return str(location.path)


def rename(gateway: Gateway, column: str, to: str = "another_name") -> Callable[[], object]:
    """Let there be no such column; return what makes it again."""
    table, _, name = column.partition(".")
    gateway.execute(f"ALTER TABLE {table} RENAME COLUMN `{name}` TO `{to}`")
    return lambda: gateway.execute(f"ALTER TABLE {table} RENAME COLUMN `{to}` TO `{name}`")


def rename_table(gateway: Gateway, table: str) -> Callable[[], object]:
    """Let there be no such table; return what makes it again."""
    gateway.execute(f"ALTER TABLE {table} RENAME TO another_name")
    return lambda: gateway.execute(f"ALTER TABLE another_name RENAME TO {table}")


# What nothing can be shown without

NEEDED = {
    "t_settings": f"{NO_GATEWAY} (it has no table: t_settings)",
    "t_request_log": "this gateway logs no calls (it has no table: t_request_log)",
    **{
        column: f"{NO_GATEWAY} (it has no column: {column})"
        for column in (
            "t_settings.key",
            "t_settings.value",
            "t_request_log.id",
            "t_request_log.request_time",
            "t_request_log.api_key",
            "t_request_log.status_code",
        )
    },
}


def lack(gateway: Gateway, what: str) -> Callable[[], object]:
    return rename(gateway, what) if "." in what else rename_table(gateway, what)


@pytest.mark.parametrize("what", NEEDED)
def test_what_is_missing_is_named_at_the_start(
    bench: Bench, gateway: Gateway, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    make_again = lack(gateway, what)
    fail(bench, gateway.location)
    shows_no_figures(bench, NEEDED[what])
    assert NEEDED[what] in refused(capsys, 4, "keys", "--db", named(gateway.location))
    make_again()
    retry(bench)
    shows_figures(bench, 4)


@pytest.mark.parametrize("what", NEEDED)
def test_what_disappears_between_two_refreshes_is_named(
    bench: Bench, gateway: Gateway, model_testers: Callable[[MainWindow], None], what: str
) -> None:
    follow(bench, gateway)
    model_testers(bench.window)
    make_again = lack(gateway, what)
    try_again(bench)
    shows_stale_figures(bench, NEEDED[what], 4)
    make_again()
    gateway.call(A, LOCAL)
    bench.refresh()
    shows_figures(bench, 5)


# What can be done without


def usage(snapshot: Snapshot) -> dict[str | None, int]:
    return {row.model: row.calls.total for row in snapshot.stats.usage(A)}


@pytest.mark.parametrize("column", ["t_request_log.model_name", "t_request_log.latency_ms"])
def test_without_a_column_the_rest_is_shown_and_the_column_is_named(
    bench: Bench,
    gateway: Gateway,
    capsys: pytest.CaptureFixture[str],
    model_testers: Callable[[MainWindow], None],
    column: str,
) -> None:
    make_again = rename(gateway, column)
    notice = f"The database has no column {column}: what it would tell is shown as unknown."
    snapshot = follow(bench, gateway)
    model_testers(bench.window)
    assert notice in bench.window.banner.text
    assert bench.window.summary.day.figure == "4"
    assert [one.calls_24h.total for one in snapshot.keys] == [3, 1]
    assert [one.calls_24h.failure for one in snapshot.keys] == [0, 1]
    if column.endswith("model_name"):
        assert usage(snapshot) == {None: 3}
    else:
        assert usage(snapshot) == {"gemini-2.5-pro": 1, "gemini-2.5-flash": 2}
        assert {row.latency.known for row in snapshot.stats.models()} == {0}
    out, err = printed(capsys, "keys", "--json", "--db", named(gateway.location), *AS_OF)
    assert out.count('"valid"') >= 2
    assert f"keymon: note: {notice}" in err
    make_again()
    snapshot = bench.refresh()
    shows_figures(bench, 4)
    assert usage(snapshot) == {"gemini-2.5-pro": 1, "gemini-2.5-flash": 2}


def only_error(gateway: Gateway, wanted: ErrorFilter | None = None) -> ErrorRow:
    with closing(monitor(gateway)) as following:
        following.refresh()
        (row,) = following.errors().page(wanted or ErrorFilter(text="because")).rows
        assert following.errors().text(row) == "because"
    return row


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("t_error_logs.model_name", "model"),
        ("t_error_logs.error_type", "kind"),
        ("t_error_logs.error_code", "code"),
        ("t_error_logs.request_msg", ""),
    ],
)
def test_without_a_column_of_errors_the_rest_of_them_is_shown(gateway: Gateway, column: str, field: str) -> None:
    before = only_error(gateway)
    make_again = rename(gateway, column)
    row = only_error(gateway)
    fields = {one: getattr(row, one) for one in ("id", "at", "key", "model", "code", "kind", "head")}
    assert fields == {one: None if one == field else getattr(before, one) for one in fields}
    make_again()
    assert only_error(gateway) == before


ERRORS_NEED = ["t_error_logs", *(f"t_error_logs.{name}" for name in ("id", "gemini_key", "request_time", "error_log"))]


@pytest.mark.parametrize("what", ERRORS_NEED)
def test_without_the_log_of_errors_all_figures_are_shown(
    bench: Bench, gateway: Gateway, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    lack(gateway, what)
    follow(bench, gateway)
    shows_figures(bench, 4)
    bench.refresh()
    shows_figures(bench, 4)
    with closing(monitor(gateway)) as following:
        following.refresh()
        with pytest.raises(errors.ErrorTextsMissingError, match=f"the database has no {what}"):
            following.errors().page(ErrorFilter())
        with pytest.raises(errors.ErrorTextsMissingError, match=f"the database has no {what}"):
            following.error_text(B, NOW - timedelta(minutes=1), 1_000)
    message = f"The texts of errors cannot be read: the database has no {what}."
    assert message in refused(capsys, 3, "errors", "--db", named(gateway.location), *AS_OF)


# What else may be different


def test_columns_and_tables_that_are_added_make_no_difference(bench: Bench, gateway: Gateway) -> None:
    follow(bench, gateway)
    gateway.execute("CREATE TABLE t_more (id INTEGER)")
    for table in ("t_settings", "t_error_logs", "t_request_log"):
        gateway.execute(f"ALTER TABLE {table} ADD COLUMN more TEXT")
    bench.refresh()
    shows_figures(bench, 4)
    assert only_error(gateway).head == "because"


@pytest.mark.parametrize("table", ["t_settings", "t_error_logs", "t_request_log"])
def test_views_are_as_good_as_tables(bench: Bench, gateway: Gateway, table: str) -> None:
    follow(bench, gateway)
    rename_table(gateway, table)
    gateway.execute(f"CREATE VIEW {table} AS SELECT * FROM another_name")
    bench.refresh()
    shows_figures(bench, 4)
    follow(bench, gateway)
    shows_figures(bench, 4)
    assert only_error(gateway).head == "because"


def retype(gateway: Gateway, column: str, kind: str) -> None:
    """Declare a column anew, and convert what is in it."""
    table, _, name = column.partition(".")
    if isinstance(gateway, GatewayServer):
        kinds = {"TEXT": "VARCHAR(100)", "REAL": "DOUBLE", "BLOB": "VARBINARY(200)", "INTEGER": "BIGINT"}
        gateway.execute(f"ALTER TABLE {table} MODIFY `{name}` {kinds[kind]}")
        return
    columns = [row[1] for row in gateway.execute(f"PRAGMA table_info({table})")]
    declared = ", ".join(f'"{one}" {kind}' if one == name else f'"{one}"' for one in columns)
    rename_table(gateway, table)
    gateway.execute(f"CREATE TABLE {table} ({declared})")
    converted = ", ".join(f'CAST("{one}" AS {kind})' if one == name else f'"{one}"' for one in columns)
    gateway.execute(f"INSERT INTO {table} SELECT {converted} FROM another_name")
    gateway.execute("DROP TABLE another_name")


@pytest.mark.parametrize("kind", ["TEXT", "REAL", "BLOB"])
@pytest.mark.parametrize(
    "column",
    [
        "t_request_log.status_code",
        "t_request_log.latency_ms",
        "t_request_log.request_time",
        "t_request_log.model_name",
        "t_request_log.api_key",
    ],
)
def test_a_retyped_column_of_the_log_makes_no_false_figure(
    bench: Bench, gateway: Gateway, column: str, kind: str
) -> None:
    if kind == "REAL" and column.rpartition(".")[2] in {"model_name", "api_key"}:
        return only_numbers(bench, gateway, column)
    before = follow(bench, gateway)
    retype(gateway, column, kind)
    after = bench.refresh()
    if (kind, column) in UNREADABLE or (kind == "REAL" and column.endswith("request_time")):
        assert "Calls without a readable time, which are in no figure: 4." in bench.window.banner.text
        assert bench.window.summary.day.figure == "0"
        return None
    if column.endswith("status_code") and kind == "BLOB":
        assert [one.calls_24h.total for one in after.keys] == [3, 1]
        return None
    shows_figures(bench, 4)
    assert after.keys == before.keys
    assert usage(after) == usage(before)
    return None


UNREADABLE = {("BLOB", "t_request_log.request_time")}


def only_numbers(bench: Bench, gateway: Gateway, column: str) -> None:
    """Names that have become numbers are shown as they are."""
    gateway.execute(f"UPDATE {column.partition('.')[0]} SET {column.partition('.')[2]} = '17'")
    retype(gateway, column, "REAL")
    follow(bench, gateway)
    shows_figures(bench, 4)


@pytest.mark.parametrize("kind", ["TEXT", "REAL", "BLOB"])
def test_ids_that_are_no_whole_numbers_are_told(
    bench: Bench, gateway: Gateway, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    retype(gateway, "t_request_log.id", kind)
    fail(bench, gateway.location)
    message = "the column t_request_log.id holds no whole numbers"
    shows_no_figures(bench, message)
    assert message in refused(capsys, 4, "keys", "--db", named(gateway.location))


@pytest.mark.parametrize("kind", ["TEXT", "REAL", "BLOB"])
def test_ids_of_errors_that_are_no_whole_numbers_are_told(bench: Bench, gateway: Gateway, kind: str) -> None:
    retype(gateway, "t_error_logs.id", kind)
    follow(bench, gateway)
    shows_figures(bench, 4)
    with closing(monitor(gateway)) as following:
        following.refresh()
        with pytest.raises(errors.ErrorTextsMissingError, match=r"t_error_logs\.id"):
            following.errors().page(ErrorFilter())


@pytest.mark.parametrize("kind", ["TEXT", "BLOB"])
@pytest.mark.parametrize("column", ["t_settings.key", "t_settings.value"])
def test_retyped_settings_are_read_or_told(bench: Bench, gateway: Gateway, column: str, kind: str) -> None:
    follow(bench, gateway)
    retype(gateway, column, kind)
    snapshot = bench.refresh()
    if (column, kind) == ("t_settings.key", "BLOB"):  # a name in bytes is another name, to the gateway too
        assert "The database has no setting API_KEYS" in bench.window.banner.text
        return
    assert [one.key for one in snapshot.keys] == [A, B]
    if bench.window.banner.isVisible():
        assert "The keys read before are still shown." in bench.window.banner.text


def test_where_a_setting_stands_twice_the_last_one_counts(bench: Bench, gateway: Gateway) -> None:
    """So it does for the gateway, which reads all rows into a dictionary."""
    if isinstance(gateway, GatewayServer):
        gateway.execute("ALTER TABLE t_settings DROP INDEX `key`")
    else:
        retype(gateway, "t_settings.key", "TEXT")
    rows = [("API_KEYS", f'["{key(n)}"]') for n in range(40)] + [("MAX_FAILURES", "5"), ("API_KEYS", f'["{B}"]')]
    for row in rows:
        gateway.execute("INSERT INTO t_settings (`key`, value) VALUES (?, ?)", row)
    snapshot = follow(bench, gateway)
    assert [one.key for one in snapshot.keys] == [B]
    assert snapshot.settings.max_failures == 5


# Another program's database

UNRELATED = {
    "a database without tables": (),
    "another program's": ("CREATE TABLE recipes (id INTEGER, title VARCHAR(20))",),
    "a table of the same name": ("CREATE TABLE t_settings (id INTEGER, name VARCHAR(20))",),
    "settings alone": ("CREATE TABLE t_settings (`key` VARCHAR(20), value TEXT)",),
    "a log alone": ("CREATE TABLE t_request_log (id INTEGER)",),
}
REASONS = {
    "a table of the same name": f"{NO_GATEWAY} (it has no column: t_settings.key)",
    "settings alone": "this gateway logs no calls (it has no table: t_request_log)",
}


@pytest.mark.parametrize("kind", ["sqlite", "mariadb"])
@pytest.mark.parametrize("name", UNRELATED)
def test_another_database_is_refused(
    bench: Bench,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    kind: str,
) -> None:
    location = unrelated_file(tmp_path, name) if kind == "sqlite" else unrelated_on_server(request, name)
    reason = REASONS.get(name, f"{NO_GATEWAY} (it has no table: t_settings)")
    fail(bench, location)
    shows_no_figures(bench, reason)
    assert "Open another…" in "".join(
        one.replace("&", "") for one in (button.text() for button in banner_buttons(bench))
    )
    for command in ("keys", "stats", "errors", "calls"):
        assert reason in refused(capsys, 4, command, "--db", named(location))


def banner_buttons(bench: Bench) -> list[QPushButton]:
    return [one for one in bench.window.banner.findChildren(QPushButton) if one.isVisible()]


def unrelated_file(folder: Path, name: str) -> Location:
    path = folder / "other.db"
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE for_now (id)")
        for statement in UNRELATED[name]:
            file.execute(statement)
        file.execute("DROP TABLE for_now")
    return location_of(path)


def unrelated_on_server(request: pytest.FixtureRequest, name: str) -> Location:
    gateway: GatewayServer = request.getfixturevalue("make_gateway_server")([A])
    for table in ("t_settings", "t_error_logs", "t_request_log"):
        gateway.execute(f"DROP TABLE {table}")
    for statement in UNRELATED[name]:
        gateway.execute(statement)
    return gateway.location_for_operator


@on_sqlite_only("what follows is that a file is let alone")
def test_nothing_is_touched_where_something_is_missing(make_any_gateway: MakeAnyGateway, tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    gateway = make_any_gateway([A], name="place/gateway.db")
    assert isinstance(gateway, GatewayFile)
    gateway.call(A, LOCAL)
    lack(gateway, "t_request_log.latency_ms")
    lack(gateway, "t_error_logs.error_code")
    with untouched(tmp_path / "place"), closing(monitor(gateway)) as following:
        following.refresh()
        following.errors().page(ErrorFilter())
    lack(gateway, "t_settings.value")
    with (
        untouched(tmp_path / "place"),
        closing(monitor(gateway)) as following,
        pytest.raises(errors.ColumnMissingError),
    ):
        following.refresh()
