"""The panel that browses the errors."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from keymon import error_browser
from keymon.error_browser import ErrorBrowser, ErrorPage
from keymon.errors import DatabaseLockedError
from keymon.gui import error_search
from keymon.gui.errors_panel import ErrorsPanel
from keymon.masking import mask_key
from tests.gateway import Gateway, MakeAnyGateway
from tests.gateway_file import key
from tests.gui.panel_bench import PanelBench, cells, minutes_ago

TIME, KEY, MODEL, CODE, MESSAGE = range(5)
A, B = key(1), key(2)
QUOTA = '{"error": {"code": 429, "message": "You exceeded your quota, retry in %s s.", "status": "X"}}'

Bench = PanelBench[ErrorsPanel]


@pytest.fixture(autouse=True)
def desk_in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times are told by the desk's clock."""
    with monkeypatch.context() as zone:
        zone.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def bench(qtbot: QtBot) -> Iterator[Bench]:
    made: Bench = PanelBench(qtbot, ErrorsPanel())
    yield made
    made.end()


@pytest.fixture
def gateway(make_any_gateway: MakeAnyGateway) -> Gateway:
    made = make_any_gateway([A, B])
    made.errors(
        [
            (A, "old", "gemini-chat", "from another week", 500, None, minutes_ago(10 * 24 * 60)),
            (A, "gemini-2.5-pro", "gemini-chat", "overloaded", 503, None, minutes_ago(30)),
            (B, "gemini-2.5-pro", "gemini-chat", QUOTA % 34.5, 429, None, minutes_ago(20)),
            (A, "gemini-2.5-flash", "gemini-chat", QUOTA % 7, 429, None, minutes_ago(10)),
            (None, None, None, None, None, None, minutes_ago(5)),
            (B, "<b>\u202e", "gemini-chat", f"<b>leaked {B}</b>\nsecond", 403, None, minutes_ago(1)),
        ]
    )
    return made


def look(bench: Bench, gateway: Gateway) -> None:
    bench.show()
    bench.follow(gateway)
    ended(bench)


def ended(bench: Bench) -> None:
    bench.wait(lambda: bool(bench.asked) and not bench.panel.is_looking)


def test_errors_are_shown_newest_first_and_grouped(bench: Bench, gateway: Gateway) -> None:
    look(bench, gateway)
    table, groups = bench.panel.table, bench.panel.groups
    for one in (table, groups):
        QAbstractItemModelTester(one.content, QAbstractItemModelTester.FailureReportingMode.Fatal, one)
    assert cells(table, KEY) == [mask_key(B), "no key", mask_key(A), mask_key(B), mask_key(A)]
    assert cells(table, MODEL) == ["<b>\\u202e", "(unknown)", "gemini-2.5-flash", *["gemini-2.5-pro"] * 2]
    assert cells(table, CODE) == ["403", "no status", "429", "429", "503"]
    assert cells(table, MESSAGE) == [
        f"<b>leaked {mask_key(B)}</b>",
        "nothing was logged",
        "You exceeded your quota, retry in 7 s.",
        "You exceeded your quota, retry in 34.5 s.",
        "overloaded",
    ]
    assert cells(groups, 0) == ["2", "1", "1", "1"]
    assert cells(groups, 1) == ["2", "1", "1", "1"]
    assert cells(groups, 2) == [
        "You exceeded your quota, retry in # s.",
        "<b>leaked …</b>",
        "nothing was logged",
        "overloaded",
    ]
    assert (
        bench.panel.foot
        == "Errors: 5, different messages: 4, looked at: 6: all there are in this period. As of 12:00:00."
    )


def test_of_one_key_no_other_can_be_asked_for(bench: Bench) -> None:
    bench.show()
    assert bench.panel.filters.ending.isVisible()
    bench.panel.set_key(A)
    assert not bench.panel.filters.ending.isVisible()


def test_a_group_shows_its_errors_alone(bench: Bench, gateway: Gateway) -> None:
    look(bench, gateway)
    bench.panel.groups.selectRow(0)
    assert cells(bench.panel.table, CODE) == ["429", "429"]
    bench.panel.table.setFocus()
    bench.panel.table.selectRow(0)
    QTest.keyClick(bench.panel.table, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert bench.details == [A]
    QTest.keyClick(bench.panel.table, Qt.Key.Key_Return)
    bench.wait(lambda: bench.panel.error.reason.text() == "You exceeded your quota, retry in 7 s.")
    bench.panel.groups.clearSelection()
    assert len(cells(bench.panel.table, CODE)) == 5


def choose_period(panel: ErrorsPanel, place: int) -> None:
    panel.filters.period.setCurrentIndex(place)
    panel.filters.period.activated.emit(place)


FILTERS: list[tuple[str, Callable[[ErrorsPanel], None], list[str]]] = [
    ("hour", lambda panel: choose_period(panel, 0), ["403", "no status", "429", "429", "503"]),
    ("any time", lambda panel: choose_period(panel, 4), ["403", "no status", "429", "429", "503", "500"]),
    ("text", lambda panel: panel.filters.text.setText("RETRY in 7"), ["429"]),
    ("nothing", lambda panel: panel.filters.text.setText("no such text"), []),
    ("ending", lambda panel: panel.filters.ending.setText("0001"), ["429", "503"]),
    ("as it is shown", lambda panel: panel.filters.ending.setText(mask_key(A)), ["429", "503"]),
    ("model", lambda panel: panel.filters.model.choose(("gemini-2.5-pro",)), ["429", "503"]),
    ("no model", lambda panel: panel.filters.model.choose((None,)), ["no status"]),
    ("code", lambda panel: panel.filters.code.choose((403,)), ["403"]),
    ("no code", lambda panel: panel.filters.code.choose((None,)), ["no status"]),
    ("one key", lambda panel: panel.set_key(B), ["403", "429"]),
]


@pytest.mark.parametrize(("choose", "codes"), [one[1:] for one in FILTERS], ids=[one[0] for one in FILTERS])
def test_only_what_is_wanted_is_shown(
    bench: Bench, gateway: Gateway, choose: Callable[[ErrorsPanel], None], codes: list[str]
) -> None:
    look(bench, gateway)
    before = len(bench.asked)
    choose(bench.panel)
    bench.wait(lambda: len(bench.asked) > before)
    ended(bench)
    assert cells(bench.panel.table, CODE) == codes
    assert bench.panel.table.placeholder == ("" if codes else "No error matches")


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(error_search, "AT_ONCE", 4)
    monkeypatch.setattr(error_browser.ErrorBrowser.page, "__defaults__", (None, 200, -1, lambda: True, None))
    monkeypatch.setattr(error_browser, "_ROWS_AT_FIRST", 3)
    monkeypatch.setattr(error_browser, "_MOST_ROWS", 3)


def log_many(gateway: Gateway, count: int = 20) -> None:
    gateway.execute("DELETE FROM t_error_logs")
    gateway.errors([(A, "m", None, f"text {n}", 500, None, minutes_ago(count - n)) for n in range(count)])


@pytest.mark.usefixtures("small_pages")
def test_it_looks_as_far_back_as_it_is_told_to(bench: Bench, gateway: Gateway) -> None:
    log_many(gateway, 10)
    look(bench, gateway)
    panel = bench.panel
    newest_first = [f"text {n}" for n in range(9, -1, -1)]
    assert cells(panel.table, MESSAGE) == newest_first[:4]
    assert len(bench.asked) == 2
    assert panel.foot.startswith("Errors: 4, different messages: 1, looked at: 4, back to ")
    assert panel.foot.endswith("; there are older ones. As of 12:00:00.")
    panel.table.selectRow(1)
    panel.further.click()
    ended(bench)
    assert cells(panel.table, MESSAGE) == newest_first[:8]
    assert [index.row() for index in panel.table.selectionModel().selectedRows()] == [1]
    panel.further.click()
    ended(bench)
    assert cells(panel.table, MESSAGE) == newest_first
    assert not panel.further.isVisible()
    assert (
        panel.foot == "Errors: 10, different messages: 1, looked at: 10: all there are in this period. As of 12:00:00."
    )


@pytest.mark.usefixtures("small_pages")
def test_looking_can_be_stopped_and_gone_on_with(bench: Bench, gateway: Gateway) -> None:
    log_many(gateway)
    panel = bench.panel
    panel.filters.text.setText("text 0")
    bench.show()
    bench.follow(gateway)
    assert panel.is_looking
    assert panel.stop.isVisible()
    assert panel.table.placeholder == "Looking for errors…"
    panel.stop.click()
    assert not panel.stop.isVisible()
    bench.refresh()
    assert panel.table.content.rowCount() == 0
    panel.newer.click()
    ended(bench)
    assert cells(panel.table, MESSAGE) == ["text 0"]


@pytest.mark.usefixtures("small_pages")
def test_no_more_rows_are_held_than_can_be_read(
    bench: Bench, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(error_search, "MOST_ROWS", 6)
    log_many(gateway)
    look(bench, gateway)
    bench.panel.further.click()
    ended(bench)
    assert bench.panel.table.content.rowCount() == 6
    assert not bench.panel.further.isEnabled()
    assert bench.panel.foot.endswith("No more are shown at once: narrow the filters. As of 12:00:00.")


def test_new_errors_come_by_themselves_and_nothing_else_is_read(
    bench: Bench, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    look(bench, gateway)
    bench.panel.groups.selectRow(0)
    looked_at: list[tuple[int | None, int]] = []
    page = ErrorBrowser.page

    def spied(*args: object, **options: object) -> ErrorPage:
        found = page(*args, **options)  # type: ignore[arg-type]
        looked_at.append((options["after"], found.looked_at))  # type: ignore[arg-type]
        return found

    monkeypatch.setattr(ErrorBrowser, "page", spied)
    gateway.error(A, minutes_ago(-1), "new")
    gateway.error(B, minutes_ago(-1), QUOTA % 99, 429)
    bench.now += timedelta(minutes=2)
    bench.refresh()
    bench.wait(lambda: bench.panel.foot.endswith("As of 12:02:00."))
    assert looked_at == [(6, 2)]
    assert cells(bench.panel.table, CODE) == ["429", "429", "429"]
    assert bench.panel.foot.startswith(
        "3 of 7: You exceeded your quota, retry in # s.\nErrors: 7, different messages: 5, "
    )
    QTest.mouseClick(bench.panel.all_messages, Qt.MouseButton.LeftButton)
    assert cells(bench.panel.table, MESSAGE)[:2] == ["You exceeded your quota, retry in 99 s.", "new"]


@pytest.mark.parametrize("hold", ["selected", "open"])
def test_while_anything_is_held_newer_errors_are_counted_and_offered(bench: Bench, gateway: Gateway, hold: str) -> None:
    look(bench, gateway)
    panel = bench.panel
    if hold == "selected":
        panel.table.selectRow(2)
    else:
        panel.table.opened.emit(2)
        bench.wait(lambda: panel.error.reason.text() == "You exceeded your quota, retry in 7 s.")
    before = cells(panel.table, MESSAGE)
    for count in (1, 2):
        gateway.error(A, minutes_ago(-count), f"new {count}")
        bench.now += timedelta(minutes=1)
        bench.refresh()
        bench.wait(lambda count=count: panel.foot.endswith(f" Newer errors: {count}"))  # type: ignore[misc]
        assert "Nothing moves while rows are selected" in panel.foot
        assert cells(panel.table, MESSAGE) == before
    QTest.mouseClick(panel.newer, Qt.MouseButton.LeftButton)
    assert cells(panel.table, MESSAGE) == ["new 2", "new 1", *before]
    assert not panel.newer.isVisible()
    assert not panel.error.isVisible()


@pytest.mark.usefixtures("small_pages")
def test_where_more_came_than_is_told_at_once_it_is_looked_anew(bench: Bench, gateway: Gateway) -> None:
    log_many(gateway, 3)
    look(bench, gateway)
    bench.panel.table.selectRow(0)
    gateway.errors([(A, "m", None, f"new {n}", 500, None, minutes_ago(-1)) for n in range(9)])
    bench.now += timedelta(minutes=2)
    bench.refresh()
    bench.wait(lambda: "Newer errors: more than " in bench.panel.foot)
    bench.panel.newer.click()
    ended(bench)
    assert cells(bench.panel.table, MESSAGE) == ["new 8", "new 7", "new 6", "new 5"]


def test_a_log_that_begins_anew_is_looked_at_anew(bench: Bench, gateway: Gateway) -> None:
    look(bench, gateway)
    gateway.execute("DELETE FROM t_error_logs")
    bench.now += timedelta(minutes=1)
    bench.refresh()
    bench.wait(lambda: bench.panel.table.placeholder == "No errors in this period")


def test_what_could_not_be_read_is_looked_for_with_the_next_figures(
    bench: Bench, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:

        def page(*_: object, **__: object) -> ErrorPage:
            raise DatabaseLockedError(database="gateway.db")

        broken.setattr(ErrorBrowser, "page", page)
        look(bench, gateway)
        assert bench.panel.table.placeholder.startswith("gateway.db: is locked")
    bench.refresh()
    bench.wait(lambda: bench.panel.table.content.rowCount() == 5)


def test_what_leaves_the_period_leaves_the_list(bench: Bench, gateway: Gateway) -> None:
    look(bench, gateway)
    bench.now += timedelta(hours=24, minutes=-6)
    bench.refresh()
    bench.wait(lambda: cells(bench.panel.table, CODE) == ["403", "no status"])


def test_the_groups_say_of_which_errors_they_are(
    bench: Bench, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bench.panel.heading == "By message"
    monkeypatch.setattr(error_search, "AT_ONCE", 3)
    look(bench, gateway)
    assert bench.panel.heading == "By message: of the newest 3 errors only"
    bench.panel.look_further()
    ended(bench)
    assert bench.panel.heading == "By message: all 5 errors"


LET_GO: list[tuple[str, Callable[[ErrorsPanel], None]]] = [
    ("escape", lambda panel: QTest.keyClick(panel.groups, Qt.Key.Key_Escape)),
    ("button", lambda panel: QTest.mouseClick(panel.all_messages, Qt.MouseButton.LeftButton)),
    ("click", lambda panel: click_row(panel, 0)),
]


def click_row(panel: ErrorsPanel, row: int) -> None:
    place = panel.groups.visualRect(panel.groups.content.index(row, 2)).center()
    QTest.mouseClick(panel.groups.viewport(), Qt.MouseButton.LeftButton, pos=place)


@pytest.mark.parametrize("let_go", [one[1] for one in LET_GO], ids=[one[0] for one in LET_GO])
def test_a_group_that_was_chosen_is_told_and_can_be_let_go_of(
    bench: Bench, gateway: Gateway, let_go: Callable[[ErrorsPanel], None]
) -> None:
    look(bench, gateway)
    panel = bench.panel
    assert not panel.all_messages.isVisible()
    panel.table.opened.emit(4)
    bench.wait(lambda: panel.error.reason.text() == "overloaded")
    click_row(panel, 0)
    assert panel.foot.startswith("2 of 5: You exceeded your quota, retry in # s.\n")
    assert not panel.error.isVisible(), "the text of an error that is not listed any more"
    panel.groups.setFocus()
    let_go(panel)
    assert len(cells(panel.table, CODE)) == 5
    assert panel.foot.startswith("Errors: 5, ")
    assert not panel.all_messages.isVisible()


@pytest.mark.parametrize(
    ("column", "order", "shown"),
    [
        (TIME, Qt.SortOrder.AscendingOrder, ["503", "429", "429", "no status", "403"]),
        (KEY, Qt.SortOrder.AscendingOrder, ["429", "503", "403", "429", "no status"]),
        (MODEL, Qt.SortOrder.AscendingOrder, ["403", "429", "429", "503", "no status"]),
        (CODE, Qt.SortOrder.AscendingOrder, ["403", "429", "429", "503", "no status"]),
        (MESSAGE, Qt.SortOrder.AscendingOrder, ["no status", "403", "429", "429", "503"]),
    ],
)
def test_errors_are_sorted_by_any_column_and_open_their_own_text(
    bench: Bench, gateway: Gateway, column: int, order: Qt.SortOrder, shown: list[str]
) -> None:
    look(bench, gateway)
    bench.panel.table.sortByColumn(column, order)
    assert cells(bench.panel.table, CODE) == shown
    bench.panel.table.opened.emit(shown.index("503"))
    bench.wait(lambda: bench.panel.error.reason.text() == "overloaded")


@pytest.mark.parametrize("column", range(4))
def test_groups_are_sorted_by_any_column_and_choose_their_own_errors(
    bench: Bench, gateway: Gateway, column: int
) -> None:
    look(bench, gateway)
    groups = bench.panel.groups
    groups.sortByColumn(column, Qt.SortOrder.AscendingOrder)
    expected = [
        ["<b>leaked …</b>", "nothing was logged", "overloaded", "You exceeded your quota, retry in # s."],
        ["<b>leaked …</b>", "nothing was logged", "overloaded", "You exceeded your quota, retry in # s."],
        ["nothing was logged", "<b>leaked …</b>", "You exceeded your quota, retry in # s.", "overloaded"],
        ["overloaded", "You exceeded your quota, retry in # s.", "nothing was logged", "<b>leaked …</b>"],
    ][column]
    assert cells(groups, 2) == expected
    groups.selectRow(expected.index("overloaded"))
    assert cells(bench.panel.table, CODE) == ["503"]


def test_an_error_opens_its_text(bench: Bench, gateway: Gateway) -> None:
    look(bench, gateway)
    bench.panel.table.setFocus()
    bench.panel.table.selectRow(2)
    QTest.keyClick(bench.panel.table, Qt.Key.Key_Return)
    error = bench.panel.error
    bench.wait(lambda: error.reason.text() == "You exceeded your quota, retry in 7 s.")
    assert '    "code": 429,' in error.text.toPlainText().splitlines()
    error._copy.click()
    assert bench.copied == [error.text.toPlainText()]


def test_an_error_that_was_deleted_meanwhile_is_told(bench: Bench, gateway: Gateway) -> None:
    look(bench, gateway)
    gateway.execute("DELETE FROM t_error_logs")
    bench.panel.table.opened.emit(0)
    bench.wait(lambda: bench.panel.error.reason.text().startswith("Nothing was logged"))


def test_a_table_that_is_missing_is_told(bench: Bench, gateway: Gateway) -> None:
    gateway.execute("DROP TABLE t_error_logs")
    look(bench, gateway)
    assert bench.panel.table.placeholder.startswith(
        "The texts of errors cannot be read: the database has no t_error_logs"
    )


def test_nothing_is_asked_while_it_is_not_seen(bench: Bench, gateway: Gateway) -> None:
    gateway.call(A, minutes_ago(1), "gemini-2.5-pro", 500)
    bench.follow(gateway)
    assert bench.panel.filters.model.count() == 1
    bench.panel.set_key(A)
    bench.panel.look_anew()
    assert bench.asked == []
    bench.show()
    ended(bench)
    assert len(bench.asked) == 1
    bench.panel.hide()
    bench.refresh()
    bench.panel.show()
    assert len(bench.asked) == 1
    assert cells(bench.panel.table, CODE) == ["429", "503"]


def test_what_is_looked_for_when_it_is_hidden_is_given_up(bench: Bench, gateway: Gateway) -> None:
    bench.show()
    bench.follow(gateway)
    bench.panel.hide()
    assert not bench.panel.is_looking
    bench.refresh()
    assert bench.panel.table.content.rowCount() == 0


def test_a_gateway_that_is_left_leaves_nothing(bench: Bench, gateway: Gateway) -> None:
    look(bench, gateway)
    bench.panel.table.opened.emit(0)
    bench.panel.clear()
    assert bench.panel.table.content.rowCount() == bench.panel.groups.content.rowCount() == 0
    assert bench.panel.table.placeholder == "Reading the gateway's database…"
    assert not bench.panel.error.isVisible()
    bench.follow(gateway)
    bench.wait(lambda: bench.panel.table.content.rowCount() == 5)


def test_keys_are_masked_wherever_they_are_shown(bench: Bench, gateway: Gateway) -> None:
    look(bench, gateway)
    bench.panel.table.opened.emit(0)
    bench.wait(lambda: "leaked" in bench.panel.error.reason.text())
    texts = [bench.panel.error.reason.text(), bench.panel.error.text.toPlainText(), bench.panel.error._about.text()]
    for table in (bench.panel.table, bench.panel.groups):
        table.setFocus()
        table.selectRow(0)
        QTest.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
        content = table.content
        for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            rows, columns = range(content.rowCount()), range(content.columnCount())
            texts += [str(content.index(row, i).data(role)) for row in rows for i in columns]
    texts += bench.copied
    assert len(bench.copied) == 2
    assert not [text for text in texts for one in (A, B) if one in text]
    assert [text for text in texts if mask_key(B) in text]


def test_the_details_of_a_key_are_asked_for(bench: Bench, gateway: Gateway) -> None:
    look(bench, gateway)
    bench.panel.table.setFocus()
    for row in (0, 1):
        bench.panel.table.selectRow(row)
        QTest.keyClick(bench.panel.table, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert bench.details == [B]
