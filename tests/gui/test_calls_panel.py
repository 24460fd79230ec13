"""The panel of single calls."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from keymon.gui.calls_panel import CallsPanel
from keymon.gui.request import Request
from keymon.masking import mask_key
from keymon.monitor import Loading
from tests.conftest import MakeGateway, MakeGatewayServer
from tests.gateway import Gateway, MakeAnyGateway
from tests.gateway_file import key
from tests.gui.panel_bench import PanelBench, cells, minutes_ago

TIME, KEY, MODEL, STATUS, LATENCY = range(5)
A, B, GONE = key(1), key(2), key(3)
GOOGLE = '{"error": {"code": 429, "message": "You exceeded your quota.", "status": "RESOURCE_EXHAUSTED"}}'


@pytest.fixture
def bench(qtbot: QtBot) -> Iterator[PanelBench[CallsPanel]]:
    made = PanelBench(qtbot, CallsPanel())
    yield made
    made.end()


@pytest.fixture
def gateway(make_any_gateway: MakeAnyGateway) -> Gateway:
    made = make_any_gateway([A, B])
    for minutes, api_key, model, status, latency in (
        (600, A, "old", 200, 1),
        (90, A, "gemini-2.5-pro", 200, 1_234),
        (4, B, "gemini-2.5-flash", 429, 20),
        (3, GONE, None, 200, None),
        (2, A, "<b>x</b>\u202e", None, 7),
        (1, A, "gemini-2.5-pro", 200, 1_500),
    ):
        made.call(api_key, minutes_ago(minutes), model, status, latency)
    made.error(B, minutes_ago(4), GOOGLE, 429)
    return made


Bench = PanelBench[CallsPanel]


def test_calls_are_shown_newest_first(bench: Bench, gateway: Gateway) -> None:
    bench.show()
    bench.follow(gateway)
    table = bench.panel.table
    QAbstractItemModelTester(table.content, QAbstractItemModelTester.FailureReportingMode.Fatal, table)
    assert cells(table, KEY) == [mask_key(one) for one in (A, A, GONE, B)]
    assert cells(table, MODEL) == ["gemini-2.5-pro", "<b>x</b>\\u202e", "(unknown)", "gemini-2.5-flash"]
    assert cells(table, STATUS) == ["✓ 200", "✗ no status", "✓ 200", "✗ 429"]
    assert cells(table, LATENCY) == ["1,500 ms", "7 ms", "–", "20 ms"]
    assert bench.panel.foot == "Calls: 4"
    tip = table.content.index(1, MODEL).data(Qt.ItemDataRole.ToolTipRole)
    assert tip == "<qt>&lt;b&gt;x&lt;/b&gt;\\u202e</qt>"


@pytest.fixture
def far_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "America/New_York"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.usefixtures("far_away")
def test_times_are_the_operators_and_the_tooltip_tells_the_gateways(bench: Bench, gateway: Gateway) -> None:
    bench.show()
    bench.follow(gateway)
    index = bench.panel.table.content.index(0, TIME)
    assert index.data() == "06:59:00"
    tip = index.data(Qt.ItemDataRole.ToolTipRole)
    assert tip == "2026-11-23 06:59:00 here, 2026-11-23 11:59:00 at the gateway (+00:00)"


FILTERS: list[tuple[str, Callable[[CallsPanel], None], int]] = [
    ("8 h", lambda panel: choose_period(panel, 1), 5),
    ("24 h", lambda panel: choose_period(panel, 2), 6),
    ("ending", lambda panel: panel.ending.setText("0002"), 1),
    ("whole key", lambda panel: panel.ending.setText(f" {A} "), 2),
    ("as it is shown", lambda panel: panel.ending.setText(mask_key(A)), 2),
    ("nobody", lambda panel: panel.ending.setText("nobody"), 0),
    ("model", lambda panel: panel.model.choose(("gemini-2.5-pro",)), 1),
    ("no model", lambda panel: panel.model.choose((None,)), 1),
    ("status", lambda panel: panel.status.choose((429,)), 1),
    ("no status", lambda panel: panel.status.choose((None,)), 1),
    ("failures", lambda panel: panel.failures.setChecked(True), 2),
    ("successes", lambda panel: panel.status.choose((200,)), 2),
    ("one key", lambda panel: panel.set_key(B), 1),
    ("one key, not the ending", lambda panel: pin(panel, B, "0001"), 1),
]


def pin(panel: CallsPanel, key: str, ending: str) -> None:
    panel.ending.setText(ending)
    panel.set_key(key)


def choose_period(panel: CallsPanel, place: int) -> None:
    panel.period.setCurrentIndex(place)
    panel.period.activated.emit(place)


@pytest.mark.parametrize(("choose", "count"), [one[1:] for one in FILTERS], ids=[one[0] for one in FILTERS])
def test_only_what_is_wanted_is_shown(
    bench: Bench, gateway: Gateway, choose: Callable[[CallsPanel], None], count: int
) -> None:
    bench.show()
    bench.follow(gateway)
    bench.panel.table.selectRow(0)
    choose(bench.panel)
    assert bench.panel.table.content.rowCount() == count
    assert bench.panel.table.placeholder == ("" if count else "No call matches")
    assert bench.refresh() is not None
    assert bench.panel.table.content.rowCount() == count


def test_of_one_key_no_other_can_be_asked_for(bench: Bench) -> None:
    bench.show()
    assert bench.panel.ending.isVisible()
    bench.panel.set_key(A)
    assert not bench.panel.ending.isVisible()
    assert [field for field in bench.panel.findChildren(QLineEdit) if field.isVisible()] == []


def test_while_rows_are_selected_nothing_moves(bench: Bench, gateway: Gateway) -> None:
    bench.show()
    bench.follow(gateway)
    table = bench.panel.table
    table.selectRow(2)
    gateway.call(B, minutes_ago(0), "new", 200)
    bench.refresh()
    assert "new" not in cells(table, MODEL)
    assert [index.row() for index in table.selectionModel().selectedRows()] == [2]
    assert bench.panel.foot == "Nothing moves while rows are selected or scrolled, or a text is open. Newer calls: 1"
    bench.panel.newer.click()
    assert cells(table, MODEL)[0] == "new"
    assert not table.selectionModel().hasSelection()
    assert bench.panel.foot == "Calls: 5"
    assert not bench.panel.newer.isVisible()


def test_without_a_selection_new_calls_come_by_themselves(bench: Bench, gateway: Gateway) -> None:
    bench.show()
    bench.follow(gateway)
    gateway.call(B, minutes_ago(0), "new", 200)
    bench.refresh()
    assert cells(bench.panel.table, MODEL)[0] == "new"


def test_a_failed_call_opens_its_error(bench: Bench, gateway: Gateway) -> None:
    bench.show()
    bench.follow(gateway)
    bench.panel.table.setFocus()
    bench.panel.table.selectRow(3)
    QTest.keyClick(bench.panel.table, Qt.Key.Key_Return)
    error = bench.panel.error
    assert error.isVisible()
    assert error.reason.text() == "Looking for what was logged…"
    bench.wait(lambda: error.reason.text() == "You exceeded your quota.")
    assert error.text.toPlainText().splitlines()[:3] == ["{", '  "error": {', '    "code": 429,']


def test_a_successful_call_opens_nothing(bench: Bench, gateway: Gateway) -> None:
    bench.show()
    bench.follow(gateway)
    bench.panel.table.opened.emit(0)
    assert bench.asked == []
    assert not bench.panel.error.isVisible()


def test_of_a_call_without_a_key_nothing_can_be_logged(bench: Bench, gateway: Gateway) -> None:
    gateway.call(None, minutes_ago(0), "m", 500)
    bench.show()
    bench.follow(gateway)
    bench.panel.table.opened.emit(0)
    assert bench.asked == []


def test_another_call_that_is_opened_takes_the_place_of_the_first(bench: Bench, gateway: Gateway) -> None:
    bench.show()
    bench.follow(gateway)
    bench.panel.table.opened.emit(3)
    (first,) = bench.asked
    assert isinstance(first, Request)
    bench.panel.table.opened.emit(1)
    assert first.is_over
    bench.wait(lambda: bench.panel.error.reason.text().startswith("Nothing was logged"))
    bench.panel.table.opened.emit(3)
    bench.panel.hide()
    assert isinstance(last := bench.asked[-1], Request)
    assert last.is_over


def test_of_a_call_of_unknown_latency_the_error_is_looked_for_some_minutes_long(bench: Bench, gateway: Gateway) -> None:
    gateway.call(B, minutes_ago(2.5), "m", 500, None)
    gateway.error(B, minutes_ago(1.5), "it took long")
    bench.show()
    bench.follow(gateway)
    bench.panel.table.opened.emit(2)
    bench.wait(lambda: bench.panel.error.reason.text() == "it took long")


def test_what_was_selected_holds_no_calls_that_are_no_longer_wanted(bench: Bench, gateway: Gateway) -> None:
    bench.show()
    bench.follow(gateway)
    bench.panel.table.selectRow(1)
    bench.panel.hide()
    bench.panel.failures.setChecked(True)
    bench.show()
    assert cells(bench.panel.table, STATUS) == ["✗ no status", "✗ 429"]


def test_a_failed_call_of_which_nothing_was_logged_says_so(bench: Bench, gateway: Gateway) -> None:
    bench.show()
    bench.follow(gateway)
    bench.panel.table.opened.emit(1)
    bench.wait(lambda: bench.panel.error.reason.text().startswith("Nothing was logged"))


def test_why_there_is_no_text_is_told(bench: Bench, gateway: Gateway) -> None:
    gateway.execute("DROP TABLE t_error_logs")
    bench.show()
    bench.follow(gateway)
    bench.panel.table.opened.emit(3)
    bench.wait(lambda: bench.panel.error.reason.text().startswith("The texts of errors cannot be read"))


def test_an_answer_that_comes_when_the_error_was_closed_is_dropped(bench: Bench, gateway: Gateway) -> None:
    bench.show()
    bench.follow(gateway)
    bench.panel.table.opened.emit(3)
    bench.panel.put_text_away()
    bench.refresh()
    assert not bench.panel.error.isVisible()
    assert bench.panel.error.text.toPlainText() == ""


def test_an_error_goes_where_other_calls_are_asked_for(bench: Bench, gateway: Gateway) -> None:
    bench.show()
    bench.follow(gateway)
    bench.panel.table.opened.emit(3)
    bench.wait(lambda: bench.panel.error.reason.text() == "You exceeded your quota.")
    bench.panel.failures.setChecked(True)
    assert not bench.panel.error.isVisible()


def test_nothing_is_computed_while_it_is_not_seen(
    bench: Bench, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keymon.stats import StatsService

    asked: list[object] = []
    listed = StatsService.call_list

    def call_list(stats: StatsService, wanted: object) -> object:
        asked.append(wanted)
        return listed(stats, wanted)  # type: ignore[arg-type]

    monkeypatch.setattr(StatsService, "call_list", call_list)
    bench.follow(gateway)
    bench.panel.set_key(A)
    bench.panel.failures.setChecked(True)
    bench.panel.failures.setChecked(False)
    assert asked == []
    bench.show()
    assert len(asked) == 1
    assert len(cells(bench.panel.table, KEY)) == 4
    bench.panel.hide()
    bench.refresh()
    assert len(asked) == 1


def test_keys_are_masked_wherever_they_are_shown(bench: Bench, gateway: Gateway) -> None:
    gateway.call(B, minutes_ago(0.5), A, 403)
    gateway.error(B, minutes_ago(0.5), f"the key {B} and the other {A} are leaked")
    bench.show()
    bench.follow(gateway)
    bench.panel.table.opened.emit(0)
    bench.wait(lambda: "leaked" in bench.panel.error.reason.text())
    bench.panel.table.setFocus()
    bench.panel.table.selectAll()
    QTest.keyClick(bench.panel.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    bench.panel.error._copy.click()
    content = bench.panel.table.content
    roles = [Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole]
    texts = [str(content.index(row, i).data(role)) for row in range(5) for i in range(5) for role in roles]
    error = bench.panel.error
    texts += [*bench.copied, error.reason.text(), error.text.toPlainText(), error._about.text()]
    assert len(bench.copied) == 2
    assert bench.copied[0].count("\n") == 5
    assert not [text for text in texts for one in (A, B, GONE) if one in text]
    assert [text for text in texts if mask_key(B) in text]


def test_the_details_of_a_key_are_asked_for(bench: Bench, gateway: Gateway) -> None:
    bench.show()
    bench.follow(gateway)
    bench.panel.table.setFocus()
    bench.panel.table.selectRow(3)
    QTest.keyClick(bench.panel.table, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert bench.details == [B]


def test_a_gateway_that_is_left_leaves_nothing(bench: Bench, gateway: Gateway) -> None:
    bench.show()
    bench.follow(gateway)
    bench.panel.table.opened.emit(3)
    bench.panel.clear()
    assert bench.panel.table.content.rowCount() == 0
    assert bench.panel.table.placeholder == "Reading the gateway's database…"
    assert not bench.panel.error.isVisible()
    assert bench.panel.foot == ""


def test_statuses_that_are_texts_can_be_chosen(bench: Bench, make_gateway: MakeGateway) -> None:
    gateway = make_gateway([A])
    for status in ("All connection attempts failed", "", 500):
        gateway.call(A, minutes_ago(1), "m", status)
    bench.show()
    bench.follow(gateway)
    bench.panel.status.choose(("All connection attempts failed",))
    assert cells(bench.panel.table, STATUS) == ["✗ All connection attempts failed"]
    bench.panel.status.choose(("",))
    assert cells(bench.panel.table, STATUS) == ["✗ network error"]


def test_while_the_log_is_read_that_is_said(bench: Bench, gateway: Gateway) -> None:
    bench.show()
    snapshot = bench.follow(gateway)
    bench.panel.show_snapshot(replace(snapshot, loading=Loading(4, 0.5, None)))
    assert bench.panel.foot == "Calls so far: 4; older ones are being read"


def test_what_is_chosen_stays_so_when_it_is_offered_no_more(bench: Bench, gateway: Gateway) -> None:
    bench.show()
    bench.follow(gateway)
    bench.panel.status.choose((429,))
    bench.now += timedelta(days=2)
    gateway.call(A, minutes_ago(-2 * 24 * 60), "m", 503)
    bench.refresh()
    assert bench.panel.status.choice == (429,)
    assert [bench.panel.status.itemText(i) for i in range(1, bench.panel.status.count())] == ["200", "503", "429"]
    assert bench.panel.table.content.rowCount() == 0


def test_many_calls_cost_no_text_until_they_are_seen(bench: Bench, make_gateway: MakeGateway) -> None:
    gateway = make_gateway([A])
    at = f"{minutes_ago(1):%Y-%m-%d %H:%M:%S.%f}"
    gateway.calls([(None, at, "m", A, 1, 200, 5)] * 50_000)
    bench.show()
    bench.follow(gateway)
    bench.wait(lambda: bench.refresh().loading is None)
    bench.panel.show_newest()
    assert bench.panel.table.content.rowCount() == 50_000
    bench.panel.table.scrollToBottom()
    last = bench.panel.table.content.index(49_999, STATUS)
    assert bench.panel.table.viewport().rect().intersects(bench.panel.table.visualRect(last))
    assert last.data() == "✓ 200"


def test_a_server_s_calls_are_shown_too(bench: Bench, make_gateway_server: MakeGatewayServer) -> None:
    gateway = make_gateway_server([A])
    gateway.call(A, minutes_ago(1), "m", 500)
    bench.show()
    bench.follow(gateway)
    assert cells(bench.panel.table, STATUS) == ["✗ 500"]


def test_where_nothing_is_filtered_there_are_no_calls(bench: Bench, gateway: Gateway) -> None:
    bench.now += timedelta(days=2)
    bench.show()
    bench.follow(gateway)
    assert bench.panel.table.placeholder == "No calls in this period"
    bench.panel.set_key(A)
    assert bench.panel.table.placeholder == "No calls in this period"
    bench.panel.failures.setChecked(True)
    assert bench.panel.table.placeholder == "No call matches"


def test_the_newest_are_offered_only_where_there_are_any(bench: Bench, gateway: Gateway) -> None:
    bench.show()
    bench.follow(gateway)
    bench.panel.table.selectRow(1)
    bench.refresh()
    assert not bench.panel.newer.isVisible()
    assert bench.panel.foot == "Nothing moves while rows are selected or scrolled, or a text is open."


def test_calls_are_sorted_by_latency_and_stay_so(bench: Bench, gateway: Gateway) -> None:
    bench.show()
    bench.follow(gateway)
    table = bench.panel.table
    table.sortByColumn(LATENCY, Qt.SortOrder.DescendingOrder)
    assert cells(table, LATENCY) == ["1,500 ms", "20 ms", "7 ms", "–"]
    table.sortByColumn(LATENCY, Qt.SortOrder.AscendingOrder)
    gateway.call(B, minutes_ago(0), "new", 500, 1)
    gateway.error(B, minutes_ago(0), "the fastest failure", 500)
    bench.refresh()
    assert cells(table, LATENCY) == ["1 ms", "7 ms", "20 ms", "1,500 ms", "–"]
    table.opened.emit(0)
    bench.wait(lambda: bench.panel.error.reason.text() == "the fastest failure")
    table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
    assert cells(table, LATENCY) == ["1 ms", "1,500 ms", "7 ms", "–", "20 ms"]


def test_a_text_that_is_closed_gives_the_keyboard_back(bench: Bench, gateway: Gateway) -> None:
    bench.show()
    bench.follow(gateway)
    bench.panel.activateWindow()
    bench.wait(bench.panel.isActiveWindow)
    for holder in (bench.panel.error.text, bench.panel.table):
        bench.panel.table.opened.emit(3)
        bench.wait(lambda: bench.panel.error.reason.text() == "You exceeded your quota.")
        holder.setFocus()
        QTest.keyClick(holder, Qt.Key.Key_Escape)
        assert not bench.panel.error.isVisible()
        assert bench.panel.table.hasFocus()
