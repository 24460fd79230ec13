"""Browsing the errors: page by page, filtered, never a text that is not shown."""

import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from keymon import error_browser
from keymon.database import Database
from keymon.error_browser import ErrorBrowser, ErrorFilter, ErrorPage, ErrorRow
from keymon.errors import ErrorTextsMissingError
from keymon.gateway_clock import GatewayClock, parse_zone
from keymon.locations import location_of
from keymon.monitor import Monitor
from keymon.sqlite_reader import SqliteReader
from tests.conftest import MakeGateway, MakeGatewayServer
from tests.gateway import Gateway, MakeAnyGateway, on_sqlite_only
from tests.gateway_file import GatewayFile, key
from tests.mariadb import READER

NOON = datetime(2026, 11, 23, 12)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
A, B = key(1), key(2)
SECRET = "sk-canary-0123456789"


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(error_browser, "_ROWS_AT_FIRST", 7)
    monkeypatch.setattr(error_browser, "_MOST_ROWS", 7)
    monkeypatch.setattr(error_browser, "_PAUSE_S", 0.0)


@pytest.fixture
def gateway(make_any_gateway: MakeAnyGateway) -> Gateway:
    return make_any_gateway([A, B])


@pytest.fixture
def database(gateway: Gateway) -> Iterator[Database]:
    made = Database(gateway.location)
    yield made
    made.close()


@pytest.fixture
def browser(database: Database) -> ErrorBrowser:
    return ErrorBrowser(database, GatewayClock(UTC, "set"))


def log(
    gateway: Gateway,
    *rows: tuple[object, object, object, object],
    at: datetime = NOON,
    apart: timedelta = MINUTE,
) -> None:
    """Log errors of (key, model, text, code), the last of them at `at`."""
    gateway.errors(
        [
            (api_key, model, "gemini-chat", text, code, None, at - apart * (len(rows) - 1 - i))
            for i, (api_key, model, text, code) in enumerate(rows)
        ]
    )


def texts(page: ErrorPage) -> list[str | None]:
    return [row.head for row in page.rows]


def walk(browser: ErrorBrowser, wanted: ErrorFilter, rows: int = 200, patience: float = 60) -> list[ErrorPage]:
    """Go through all pages."""
    pages = [browser.page(wanted, None, rows, patience)]
    while pages[-1].before is not None:
        pages.append(browser.page(wanted, pages[-1].before, rows, patience))
        assert len(pages) < 1_000
    return pages


def test_of_what_came_after_an_error_nothing_else_is_read(gateway: Gateway, browser: ErrorBrowser) -> None:
    log(gateway, *[(A, "m", f"text {n}", 500) for n in range(10)])
    for after, found in (
        (7, ["text 9", "text 8", "text 7"]),
        (10, []),
        (12, []),
        (0, [f"text {9 - n}" for n in range(10)]),
    ):
        page = browser.page(ErrorFilter(), after=after)
        assert texts(page) == found
        assert page.looked_at == len(found)
        assert (page.before, page.newest) == (None, 10)
    page = browser.page(ErrorFilter(), rows=2, after=7)
    assert (texts(page), page.before) == (["text 9", "text 8"], 9)


def test_an_empty_log_has_no_page(browser: ErrorBrowser) -> None:
    assert browser.page(ErrorFilter()) == ErrorPage((), 0, None, None)


def test_what_a_row_says(gateway: Gateway, browser: ErrorBrowser) -> None:
    log(gateway, (A, "gemini-2.5-pro", "x" * 300, 429))
    assert browser.page(ErrorFilter()).rows == (
        ErrorRow(1, NOON.replace(tzinfo=UTC), A, "gemini-2.5-pro", 429, "gemini-chat", "x" * 240),
    )


@pytest.mark.parametrize("most", [1, 5, 29, 59])
def test_pages_hold_every_row_once_newest_first(gateway: Gateway, browser: ErrorBrowser, most: int) -> None:
    log(gateway, *((A, "m", f"text {n}", 500) for n in range(80)))
    gateway.execute("DELETE FROM t_error_logs WHERE id BETWEEN 10 AND 30")
    pages = walk(browser, ErrorFilter(), most)
    expected = [f"text {n}" for n in range(79, -1, -1) if not 9 <= n <= 29]
    assert [text for page in pages for text in texts(page)] == expected
    assert [len(page.rows) for page in pages] == [min(most, 59 - n) for n in range(0, 59, most)]
    assert sum(page.looked_at for page in pages) == len(expected)
    assert pages[0].reached == browser.page(ErrorFilter(), rows=most).rows[-1].at


ROWS: tuple[tuple[object, object, object, object], ...] = (
    (A, "gemini-2.5-pro", "API key NOT valid", 400),
    (B, "gemini-2.5-flash", "overloaded 100%_", 503),
    (A, None, None, None),
    (None, "gemini-2.5-flash", "API key not valid", 400),
    ("", "", "", 429),
    (B, "gemini-2.5-pro", "quota", 429),
    (B, "gemini-2.5-pro", "no connection", 0),
)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (ErrorFilter(), [7, 6, 5, 4, 3, 2, 1]),
        (ErrorFilter(ending=A), [3, 1]),
        (ErrorFilter(ending=B[-4:]), [7, 6, 2]),
        (ErrorFilter(ending="AIzaSy…0002"), [7, 6, 2]),
        (ErrorFilter(key=A), [3, 1]),
        (ErrorFilter(key=A[1:]), []),
        (ErrorFilter(key=""), [5]),
        (ErrorFilter(ending="nobody"), []),
        (ErrorFilter(ending=A[:-1]), []),
        (ErrorFilter(text="KEY not VALID"), [4, 1]),
        (ErrorFilter(text="0%_"), [2]),
        (ErrorFilter(text="%"), [2]),
        (ErrorFilter(code=(400,)), [4, 1]),
        (ErrorFilter(code=(None,)), [3]),
        (ErrorFilter(code=(0,)), [7]),
        (ErrorFilter(model=("gemini-2.5-pro",)), [7, 6, 1]),
        (ErrorFilter(model=(None,)), [3]),
        (ErrorFilter(model=("",)), [5]),
        (ErrorFilter(model=("GEMINI-2.5-pro",)), []),
        (ErrorFilter(ending=B, code=(429,), text="uot"), [6]),
    ],
)
def test_only_what_is_wanted_is_found(
    gateway: Gateway, browser: ErrorBrowser, wanted: ErrorFilter, found: list[int]
) -> None:
    log(gateway, *ROWS)
    (page,) = walk(browser, wanted)
    assert [row.id for row in page.rows] == found
    assert page.looked_at == 7


def test_only_errors_of_the_period_are_found_and_no_more_is_looked_at_than_that_takes(
    gateway: Gateway, browser: ErrorBrowser
) -> None:
    log(gateway, *((A, "m", str(n), 500) for n in range(400)))
    end = NOON.replace(tzinfo=UTC)
    wanted = ErrorFilter(since=end - 20 * MINUTE, until=end - 10 * MINUTE)
    pages = walk(browser, wanted)
    assert [text for page in pages for text in texts(page)] == [str(n) for n in range(389, 378, -1)]
    assert sum(page.looked_at for page in pages) < 160
    assert ErrorBrowser(browser._database, browser.clock, end - 395 * MINUTE).page(ErrorFilter()).looked_at < 140


def test_the_end_of_the_period_is_the_earlier_one(gateway: Gateway, database: Database) -> None:
    log(gateway, *((A, "m", str(n), 500) for n in range(4)))
    end = NOON.replace(tzinfo=UTC)
    browser = ErrorBrowser(database, GatewayClock(UTC, "set"), end - 2 * MINUTE)
    for until, found in ((end, ["1", "0"]), (end - 3 * MINUTE, ["0"]), (None, ["1", "0"])):
        assert texts(browser.page(ErrorFilter(until=until))) == found


def test_an_error_that_was_logged_out_of_order_is_found(gateway: Gateway, browser: ErrorBrowser) -> None:
    log(gateway, (A, "m", "in the period", 500))
    log(gateway, *((A, "m", "just before", 500) for _ in range(20)), at=NOON - MINUTE, apart=timedelta(0))
    log(gateway, *((A, "m", "a day before", 500) for _ in range(6)), at=NOON - 24 * HOUR, apart=timedelta(0))
    log(gateway, (A, "m", "the last", 500))
    pages = walk(browser, ErrorFilter(since=NOON.replace(tzinfo=UTC)))
    assert [text for page in pages for text in texts(page)] == ["the last", "in the period"]


def test_a_period_is_one_of_the_gateways_clock(gateway: Gateway, database: Database) -> None:
    browser = ErrorBrowser(database, GatewayClock(parse_zone("+08:00"), "set"))
    log(gateway, (A, "m", "early", 500), (A, "m", "late", 500))
    page = browser.page(ErrorFilter(since=datetime(2026, 11, 23, 4, tzinfo=UTC)))
    assert [(row.head, row.at) for row in page.rows] == [("late", datetime(2026, 11, 23, 4, tzinfo=UTC))]


def test_both_hours_of_a_clock_that_was_set_back_are_found(gateway: Gateway, database: Database) -> None:
    browser = ErrorBrowser(database, GatewayClock(parse_zone("Europe/Berlin"), "set"))
    log(gateway, (A, "m", "in one of two hours", 500), at=datetime(2026, 10, 25, 2, 30))
    since = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)  # a quarter to three, for the first time
    assert len(browser.page(ErrorFilter(since=since, until=since + HOUR)).rows) == 1


def test_a_page_ends_when_patience_does_and_goes_on_from_there(gateway: Gateway, browser: ErrorBrowser) -> None:
    log(gateway, *((A, "m", "rare" if n == 0 else "other", 500) for n in range(30)))
    pages = walk(browser, ErrorFilter(text="rare"), patience=-1)
    assert [page.looked_at for page in pages] == [7, 7, 7, 7, 2]
    assert [len(page.rows) for page in pages] == [0, 0, 0, 0, 1]


def test_it_can_be_broken_off(gateway: Gateway, browser: ErrorBrowser) -> None:
    log(gateway, *((A, "m", "text", 500) for _ in range(30)))
    page = browser.page(ErrorFilter(text="rare"), patience=60, goes_on=lambda: False)
    assert (page.looked_at, page.before) == (7, 24)


def test_rows_deleted_meanwhile_are_left_out(
    gateway: Gateway, browser: ErrorBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(gateway, *((A, "m", str(n), 500) for n in range(5)))
    begun = ErrorBrowser._with_heads

    def with_heads(one: ErrorBrowser, found: list[Any]) -> tuple[ErrorRow, ...]:
        gateway.execute("DELETE FROM t_error_logs WHERE id IN (2, 5)")
        return begun(one, found)

    monkeypatch.setattr(ErrorBrowser, "_with_heads", with_heads)
    assert texts(browser.page(ErrorFilter())) == ["3", "2", "0"]


def test_a_text_is_read_when_it_is_opened(gateway: Gateway, browser: ErrorBrowser) -> None:
    log(gateway, (A, "m", "y" * 30_000, 500), (A, "m", None, 500))
    nothing, long = browser.page(ErrorFilter()).rows
    assert browser.text(long) == "y" * 20_000
    assert nothing.head is None
    assert browser.text(nothing) is None


def test_the_text_of_another_row_with_the_same_id_is_not_taken_for_it(gateway: Gateway, browser: ErrorBrowser) -> None:
    log(gateway, (A, "m", "first", 500))
    (row,) = browser.page(ErrorFilter()).rows
    gateway.execute("UPDATE t_error_logs SET error_log = 'another'")
    assert browser.text(row) is None
    gateway.execute("DELETE FROM t_error_logs")
    assert browser.text(row) is None


def test_odd_times_do_no_harm(gateway: Gateway, browser: ErrorBrowser) -> None:
    for odd in (None, "0000-00-00 00:00:00"):
        gateway.error(A, odd, "odd")
    gateway.error(A, NOON, "found")
    page = browser.page(ErrorFilter())
    assert [row.at is None for row in page.rows] == [False, True, True]
    assert page.reached == NOON.replace(tzinfo=UTC)
    assert texts(browser.page(ErrorFilter(since=NOON.replace(tzinfo=UTC)))) == ["found"]


@on_sqlite_only("a server keeps no values of other types")
def test_odd_values_do_no_harm(gateway: Gateway, browser: ErrorBrowser) -> None:
    odd: list[tuple[object, object, object, object]] = [
        (b"\xff\xfe", b"model", b"\xffblob", "text code"),
        (1, 2, 3, -5),
        (A, "m", "x", 2**63 - 1),
        (A, "m", "x", 1.5),
    ]
    log(gateway, *odd)
    gateway.execute(
        "UPDATE t_error_logs SET model_name = CAST(x'c3' AS TEXT), error_log = CAST(x'c3' AS TEXT) WHERE id = 3"
    )
    rows = browser.page(ErrorFilter()).rows
    assert [row.code for row in rows] == ["1.5", str(2**63 - 1), "-5", "text code"]
    assert [row.key for row in rows] == [A, A, "1", r"\xff\xfe"]
    assert [row.model for row in rows] == ["m", r"\xc3", "2", "model"]
    assert [row.head for row in rows] == ["x", r"\xc3", "3", r"\xffblob"]
    assert [browser.text(row) for row in rows] == ["x", r"\xc3", "3", r"\xffblob"]
    assert len(browser.page(ErrorFilter(code=("text code",))).rows) == 1
    assert len(browser.page(ErrorFilter(text="BLOB")).rows) == 1


def test_a_table_that_is_not_there_is_told(gateway: Gateway, browser: ErrorBrowser) -> None:
    gateway.error(A, NOON, "text")
    (row,) = browser.page(ErrorFilter()).rows
    gateway.execute("DROP TABLE t_error_logs")
    with pytest.raises(ErrorTextsMissingError, match="no t_error_logs"):
        browser.page(ErrorFilter())
    with pytest.raises(ErrorTextsMissingError, match="no t_error_logs"):
        browser.text(row)


def test_a_table_that_may_not_be_read_is_told(make_gateway_server: MakeGatewayServer) -> None:
    gateway = make_gateway_server([A])
    gateway.execute(f"REVOKE SELECT ON {gateway.name}.t_error_logs FROM {READER}")
    database = Database(gateway.location)
    with pytest.raises(ErrorTextsMissingError, match="may not read t_error_logs"):
        ErrorBrowser(database, GatewayClock(UTC, "set")).page(ErrorFilter())
    database.close()


def test_no_text_leaves_the_database_that_is_not_shown(
    make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = make_gateway([A])
    log(gateway, *((A if n % 2 else B, "m", f"text {n} of {'z' * 500}", 500) for n in range(40)))
    fetched: list[Any] = []
    asked = SqliteReader.rows

    def rows(reader: SqliteReader, sql: str, parameters: Mapping[str, object]) -> list[Any]:
        assert "LIMIT" in sql or " IN (" in sql or "(SELECT min" in sql
        fetched.extend(found := asked(reader, sql, parameters))
        return found

    monkeypatch.setattr(SqliteReader, "rows", rows)
    database = Database(gateway.location)
    browser = ErrorBrowser(database, GatewayClock(UTC, "set"))
    page = browser.page(ErrorFilter(ending=A, text="ZZZ"), rows=3)
    database.close()
    told = [value for row in fetched for value in row if isinstance(value, str) and value.startswith("text")]
    assert sorted(told) == sorted(row.head or "" for row in page.rows)
    assert len(told) == 3
    assert max(map(len, told)) == 240


@pytest.mark.parametrize("text", ["", "no such text"])
def test_the_gateway_can_write_after_every_read(
    make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    gateway = make_gateway([A])
    log(gateway, *((A, "m", f"text {n}", 500) for n in range(100)))
    asked = SqliteReader.rows
    writer = sqlite3.connect(gateway.path, isolation_level=None, timeout=0)
    reads = 0

    def rows(reader: SqliteReader, sql: str, parameters: Mapping[str, object]) -> list[Any]:
        nonlocal reads
        found = asked(reader, sql, parameters)
        writer.execute("BEGIN EXCLUSIVE")
        writer.execute("COMMIT")
        reads += 1
        return found

    monkeypatch.setattr(SqliteReader, "rows", rows)
    database = Database(gateway.location)
    walk(ErrorBrowser(database, GatewayClock(UTC, "set")), ErrorFilter(text=text))
    database.close()
    writer.close()
    assert reads > 100 / 7


def test_chunks_shrink_where_reading_is_slow_and_grow_where_it_is_fast(
    make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(make_gateway([A]).location)
    browser = ErrorBrowser(database, GatewayClock(UTC, "set"))
    monkeypatch.setattr(error_browser, "_MOST_ROWS", 500)
    assert browser._next_rows(50, 0.01) == 25
    assert browser._next_rows(5, 0.01) == 5
    assert browser._next_rows(50, 0.0001) == 100
    assert browser._next_rows(400, 0.0001) == 500
    assert browser._next_rows(50, 0.0015) == 50
    database.close()


def test_a_monitor_browses_as_of_its_instant(make_gateway: MakeGateway) -> None:
    gateway: GatewayFile = make_gateway([A])
    log(gateway, (A, "m", "before", 500), (A, "m", "after", 500), apart=HOUR)
    for as_of, found in ((None, ["after", "before"]), (datetime(2026, 11, 23, 11, 30, tzinfo=UTC), ["before"])):
        monitor = Monitor(gateway.location, UTC, as_of)
        assert texts(monitor.errors().page(ErrorFilter())) == found
        monitor.close()


@pytest.mark.parametrize("code", [400, 403, 429, 500, 503])
def test_the_recorded_errors_are_those_that_plain_sql_finds(real_gateway: Path, code: int) -> None:
    path = real_gateway / "gateway.sqlite"
    with sqlite3.connect(path) as connection:
        expected = connection.execute(
            "SELECT id, gemini_key FROM t_error_logs WHERE error_code = ? AND error_log LIKE '%KEY%' ORDER BY id DESC",
            (code,),
        ).fetchall()
    connection.close()
    database = Database(location_of(path))
    pages = walk(ErrorBrowser(database, GatewayClock(UTC, "set")), ErrorFilter(code=(code,), text="key"), rows=9)
    database.close()
    assert [(row.id, row.key) for page in pages for row in page.rows] == expected
