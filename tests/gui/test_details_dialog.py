"""The details of one key: four states, live figures, a verdict with its evidence, and a key that stays masked."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from keymon import database
from keymon.gateway_clock import parse_zone
from keymon.gateway_settings import Kind
from keymon.gui.command_search import CommandSearch
from keymon.gui.details_dialog import DetailsDialog, Habits
from keymon.gui.evidence import describe
from keymon.gui.lapse import Lapse
from keymon.gui.model_table import model_lines
from keymon.gui.moments import moment
from keymon.gui.row_table import RowTable
from keymon.gui.shortcuts import ShortcutsDialog
from keymon.gui.verdict_badge import VerdictBadge
from keymon.gui.window_state import Choice
from keymon.latency import Latency
from keymon.locations import location_of
from keymon.masking import mask_key
from keymon.model_use import SUFFIXES, ModelUse
from keymon.monitor import Monitor, Snapshot
from keymon.reason import FailedCall
from keymon.stats import CallCount, KeyFigures, ModelCalls
from keymon.validity import Verdict
from tests.gateway_file import GatewayFile, key
from tests.gui.conftest import NOW, Bench, MakeWindow, call, focused, invalidate, mend

GOOGLE = json.dumps({"error": {"code": 400, "message": "API key not valid. Please pass a valid API key."}})


def texts(dialog: DetailsDialog) -> str:
    """Return all that is written in the dialog now."""
    labels = [label.text() for label in dialog.findChildren(QLabel) if label.isVisible()]
    return "\n".join(labels)


def button(dialog: DetailsDialog, text: str) -> QPushButton:
    found = [one for one in dialog.findChildren(QPushButton) if one.text().replace("&", "") == text]
    assert len(found) == 1, text
    return found[0]


def word(dialog: DetailsDialog) -> str:
    """Return the verdict as a screen reader has it."""
    badge = dialog.findChild(VerdictBadge)
    assert isinstance(badge, VerdictBadge)
    return badge.accessibleName()


def period(buttons: QWidget, hours: int) -> QPushButton:
    """Return the button of a period."""
    return next(one for one in buttons.findChildren(QPushButton) if one.text() == f"{hours} h")


def rows(dialog: DetailsDialog) -> list[list[str]]:
    table = dialog.table
    found = []
    for row in range(table.rowCount()):
        items = [table.item(row, column) for column in range(table.columnCount())]
        found.append([item.text() for item in items if item is not None])
    return found


def test_shows_the_figures_of_the_key_as_bars_and_as_a_table(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0, 1500, model="a", ago=timedelta(hours=2))
    call(gateway, 0, 1, model="a", status=429, ago=timedelta(minutes=50))
    call(gateway, 0, 3, model=None, ago=timedelta(minutes=5))
    call(gateway, 1, 50, model="b")
    call(gateway, 0, 50, model="old", ago=timedelta(hours=25))
    bench.follow(gateway)
    dialog = bench.window.open_details(key(0))
    assert dialog.state == "figures"
    assert rows(dialog) == [
        ["a", "1,501", "1", "99.9 %", "100 ms", "100 ms", "429 × 1"],
        ["(unknown)", "3", "0", "100.0 %", "100 ms", "100 ms", ""],
        ["All models", "1,504", "1", "99.9 %", "", "", "429 × 1"],
    ]
    assert "1,504 calls in the last 24 hours, 99.9 % successful" in texts(dialog)
    assert "By status: 200 × 1,503, 429 × 1" in texts(dialog)
    assert mask_key(key(0)) in texts(dialog)


def test_says_where_there_were_no_calls(bench: Bench) -> None:
    bench.follow(bench.gateway())
    dialog = bench.window.open_details(key(1))
    assert dialog.state == "empty"
    assert "No calls in the last 24 hours" in texts(dialog)
    assert dialog.evidence.startswith("Unproven: no call in the last 24 hours")


def test_loading_until_there_are_figures(bench: Bench) -> None:
    dialog = bench.window.open_details(key(0))
    assert dialog.state == "loading"
    assert "Reading the last 24 hours…" in texts(dialog)


def test_an_error_offers_retry_and_retry_brings_figures(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0)
    away = gateway.path.with_name("away.db")
    gateway.path.rename(away)
    bench.fail(gateway.path)
    dialog = bench.window.open_details(key(0))
    assert dialog.state == "error"
    assert "there is no such file" in texts(dialog)
    assert "Check the path" in texts(dialog)
    away.rename(gateway.path)
    with bench.qtbot.waitSignal(bench.poller.refreshed):
        QTest.mouseClick(button(dialog, "Retry"), Qt.MouseButton.LeftButton)
    assert dialog.state == "figures"


def test_stays_live_and_follows_its_key_from_valid_to_invalid_and_back(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0, 2)
    bench.follow(gateway)
    dialog = bench.window.open_details(key(0))
    assert rows(dialog)[0][1] == "2"
    assert word(dialog) == "Valid"
    invalidate(gateway, 0)
    bench.refresh()
    assert rows(dialog)[0][1] == "5"
    assert word(dialog) == "Invalid"
    assert "3 of 3 failures since " in dialog.evidence
    mend(gateway, 0)
    bench.refresh()
    assert word(dialog) == "Valid"
    assert dialog.evidence.startswith("No failure since the last passed check at ")


def test_old_figures_are_marked_and_fresh_ones_are_not(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0)
    bench.follow(gateway)
    dialog = bench.window.open_details(key(0))
    assert "old" not in texts(dialog)
    away = gateway.path.with_name("away.db")
    gateway.path.rename(away)
    for _ in range(2):
        with bench.qtbot.waitSignal(bench.poller.failed):
            bench.poller.refresh()
    assert dialog.state == "figures"
    assert texts(dialog).count("old, the database cannot be read now") == 1
    late = bench.window.open_details(key(1))
    assert "old, the database cannot be read now" in texts(late)
    away.rename(gateway.path)
    bench.refresh()
    assert "old" not in texts(dialog)


def test_a_key_that_leaves_the_pool_says_so_and_keeps_its_calls(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0, 4)
    bench.follow(gateway)
    dialog = bench.window.open_details(key(0))
    gateway.setting("API_KEYS", json.dumps([key(1)]))
    bench.refresh()
    assert dialog.evidence == "This key is no longer in the gateway's pool."
    assert dialog.state == "figures"
    assert rows(dialog)[-1][:2] == ["All models", "4"]


@pytest.fixture
def quick(bench: Bench) -> Iterator[DetailsDialog]:
    """A dialog that hides its key after a moment."""
    bench.follow(bench.gateway())
    dialog = DetailsDialog(key(0), reveal_ms=1)
    dialog.show_snapshot(bench.snapshot)
    dialog.show()
    yield dialog
    dialog.close()


def test_a_revealed_key_hides_itself_again(qtbot: QtBot, quick: DetailsDialog) -> None:
    (revealed,) = quick.findChildren(Lapse)
    assert key(0) not in texts(quick)
    with qtbot.waitSignal(revealed.passed):
        QTest.mouseClick(button(quick, "Reveal"), Qt.MouseButton.LeftButton)
        assert key(0) in texts(quick)
        assert key(0) not in quick.windowTitle()
    assert key(0) not in texts(quick)
    assert mask_key(key(0)) in texts(quick)
    assert button(quick, "Reveal").isChecked() is False


def test_copying_is_told_where_it_was_asked_for(bench: Bench) -> None:
    bench.follow(bench.gateway())
    dialog = bench.window.open_details(key(0))
    QTest.mouseClick(button(dialog, "Copy key"), Qt.MouseButton.LeftButton)
    assert button(dialog, "Copied for 30 s").isVisible()
    timer = next(one for one in dialog.findChildren(QTimer) if one.interval() == 4_000)
    assert timer.isActive()
    with bench.qtbot.waitSignal(timer.timeout):
        timer.start(0)
    assert button(dialog, "Copy key").isVisible()


def test_a_key_that_stands_where_text_belongs_is_masked(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0, status=f"GET /v1?key={key(0)} failed")
    gateway.call(key(0), (NOW - timedelta(seconds=30)).replace(tzinfo=None), key(0))
    bench.follow(gateway)
    dialog = bench.window.open_details(key(0))
    assert key(0) not in texts(dialog)
    assert key(0) not in dialog.chart.accessibleDescription()
    assert "GET /v1?key=AIzaSy…0000 failed" in texts(dialog)


def test_a_revealed_key_is_hidden_at_once_when_asked(bench: Bench) -> None:
    bench.follow(bench.gateway())
    dialog = bench.window.open_details(key(0))
    QTest.mouseClick(button(dialog, "Reveal"), Qt.MouseButton.LeftButton)
    assert key(0) in texts(dialog)
    bench.refresh()
    assert key(0) in texts(dialog)
    QTest.mouseClick(button(dialog, "Hide (30 s)"), Qt.MouseButton.LeftButton)
    assert key(0) not in texts(dialog)
    QTest.mouseClick(button(dialog, "Reveal"), Qt.MouseButton.LeftButton)
    dialog.close()
    assert not [label for label in dialog.findChildren(QLabel) if key(0) in label.text()]


def test_copies_its_key(bench: Bench) -> None:
    bench.follow(bench.gateway())
    dialog = bench.window.open_details(key(2))
    QTest.mouseClick(button(dialog, "Copy key"), Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == key(2)
    assert "Keys copied: 1" in bench.window.statusBar().currentMessage()
    assert key(2) not in bench.window.statusBar().currentMessage()


def fail_with(gateway: GatewayFile, status: object, text: str | None, code: int = 400) -> None:
    for i in range(3):
        at = (NOW - timedelta(minutes=5)).replace(tzinfo=None) + timedelta(seconds=i)
        gateway.call(key(0), at, "m", status, 100)
        if text is not None and i == 2:
            gateway.error(key(0), at, text, code)


@pytest.mark.parametrize(
    ("status", "text", "reason", "end"),
    [
        (400, GOOGLE, "Rejected", ": 400 API key not valid. Please pass a valid API key."),
        (500, "plain words\nand a trace", "Failing", ": 500 plain words"),
        (503, None, "Failing", ": 503"),
        (None, None, "Failing", ": no status"),
        ("All connection attempts failed", GOOGLE, "Failing", ": All connection attempts failed"),
        ("", None, "Failing", ": network error"),
        (
            403,
            f"the key {key(0)} is <b>leaked</b>\u202e",
            "Suspended",
            f": 403 the key {mask_key(key(0))} is <b>leaked</b>\\u202e",
        ),
    ],
    ids=["Google's JSON", "plain text", "nothing logged", "NULL", "network error", "empty status", "hostile"],
)
def test_the_evidence_ends_with_the_error_that_says_why(
    bench: Bench, status: object, text: str | None, reason: str, end: str
) -> None:
    gateway = bench.gateway()
    fail_with(gateway, status, text)
    bench.follow(gateway)
    dialog = bench.window.open_details(key(0))
    bench.settle()
    assert dialog.evidence.endswith(end)
    why, count = dialog.evidence.splitlines()
    assert why == f"{reason} by the call to m at {moment(NOW - timedelta(seconds=298), bench.snapshot)}"
    assert count.startswith("3 of 3 failures since ")
    assert key(0) not in dialog.evidence
    evidence = next(label for label in dialog.findChildren(QLabel) if label.text() == dialog.evidence)
    assert evidence.textFormat() == Qt.TextFormat.PlainText


def test_an_error_text_that_could_not_be_read_is_asked_for_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LOCK_PATIENCE_S", 0.0)
    gateway = bench.gateway()
    fail_with(gateway, 400, GOOGLE)
    bench.follow(gateway)
    gateway.connection.execute("BEGIN EXCLUSIVE")
    dialog = bench.window.open_details(key(0))
    bench.settle()
    assert dialog.evidence.endswith(": 400")
    gateway.connection.execute("COMMIT")
    bench.refresh()
    bench.settle()
    assert dialog.evidence.endswith("API key not valid. Please pass a valid API key.")


def test_it_is_told_why_there_is_no_error_text(bench: Bench) -> None:
    gateway = bench.gateway()
    fail_with(gateway, 400, GOOGLE)
    gateway.connection.execute("DROP TABLE t_error_logs")
    bench.follow(gateway)
    dialog = bench.window.open_details(key(0))
    bench.settle()
    _, first, why = dialog.evidence.splitlines()
    assert first.endswith(": 400")
    assert why.startswith("The texts of errors cannot be read: there is no table t_error_logs, or an older one. ")
    bench.refresh()
    assert dialog.evidence.splitlines()[-1] == why


EARLIER, LATER = NOW - timedelta(days=2), NOW - timedelta(hours=2)
QUOTA = FailedCall(LATER, None, 429)


def test_an_outage_later_does_not_hide_the_error_that_says_why(bench: Bench) -> None:
    gateway = bench.gateway()
    started = (NOW - timedelta(hours=2)).replace(tzinfo=None)
    gateway.call(key(0), started, "m", 400, 100)
    gateway.error(key(0), started, GOOGLE, 400)
    for minute in (1, 2):
        gateway.call(key(0), started + timedelta(minutes=minute), "m", None, 100)
        gateway.error(key(0), started + timedelta(minutes=minute), "the network is down", 500)
    bench.follow(gateway)
    dialog = bench.window.open_details(key(0))
    bench.settle()
    assert dialog.evidence.startswith("Rejected by the call to m at ")
    assert dialog.evidence.endswith(": 400 API key not valid. Please pass a valid API key.")


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict(True, 0), ["Unproven: no call in the last 24 hours"]),
        (Verdict(True, 0, last_failure_at=EARLIER), ["No failure in the log that was read."]),
        (
            Verdict(True, 0, last_failure_at=EARLIER, last_passed_check=LATER),
            ["No failure since the last passed check at "],
        ),
        (
            Verdict(True, 0, last_failure_at=EARLIER, assumed_reset_at=LATER),
            ["No failure since the reset or restart before "],
        ),
        (
            Verdict(True, 0, last_failure_at=EARLIER, last_passed_check=EARLIER, assumed_reset_at=LATER),
            ["reset or restart"],
        ),
        (
            Verdict(True, 0, last_failure_at=EARLIER, last_passed_check=LATER, assumed_reset_at=EARLIER),
            ["passed check"],
        ),
        (Verdict(False, 3, since=EARLIER, told_by=QUOTA), ["3 of 3 failures since 2026-11-2", ": 429"]),
        (Verdict(False, 3, since=EARLIER, told_by=QUOTA), ["Exhausted by the call to (unknown) at ", " or before:"]),
        (Verdict(False, 5, since=LATER, told_by=QUOTA), ["5 failures since "]),
        (
            Verdict(False, 1, told_by=QUOTA, passed_over=True),
            ["no calls any more", "1 of 3", "the log begins"],
        ),
    ],
)
def test_every_verdict_has_its_words(bench: Bench, verdict: Verdict, words: list[str]) -> None:
    text = describe(figures(verdict), bench.follow(bench.gateway()), None)
    assert all(one in text for one in words), text


def test_a_vertex_key_is_told_whose_count_it_is(bench: Bench) -> None:
    text = describe(figures(Verdict(True, 1), "vertex"), bench.follow(bench.gateway()), None)
    assert "The gateway itself keeps no count for Vertex keys" in text


def figures(verdict: Verdict, kind: Kind = "gemini") -> KeyFigures:
    return KeyFigures(key(0), kind, verdict, CallCount(0, 0), None, None)


def test_no_title_shows_the_key(bench: Bench) -> None:
    bench.follow(bench.gateway())
    dialog = bench.window.open_details(key(0))
    assert dialog.windowTitle() == f"{mask_key(key(0))} – details"


def test_one_dialog_a_key(bench: Bench) -> None:
    bench.follow(bench.gateway())
    first = bench.window.open_details(key(0))
    assert bench.window.open_details(key(0)) is first
    assert bench.window.open_details(key(1)) is not first
    assert not first.isModal()
    QTest.keyClick(first, Qt.Key.Key_Escape)
    assert list(bench.window.details.dialogs) == [key(1)]
    assert bench.window.open_details(key(0)) is not first


def test_the_dialogs_of_a_gateway_go_with_it(bench: Bench) -> None:
    bench.follow(bench.gateway())
    bench.window.open_details(key(0))
    bench.follow(bench.gateway(name="other.db"))
    assert bench.window.details.dialogs == {}


def test_the_bar_that_the_keyboard_is_on_can_be_seen(bench: Bench) -> None:
    gateway = bench.gateway()
    for number in range(40):
        call(gateway, 0, model=f"model-{number:02}")
    bench.follow(gateway)
    dialog = bench.window.open_details(key(0))
    bench.qtbot.waitExposed(dialog)
    QTest.keyClick(dialog.chart, Qt.Key.Key_End)
    assert dialog.chart.current == 39
    assert dialog.chart.visibleRegion().boundingRect().bottom() >= dialog.chart.height() - 20
    QTest.keyClick(dialog.chart, Qt.Key.Key_Home)
    assert dialog.chart.visibleRegion().boundingRect().top() <= 40


def test_every_part_can_be_reached_by_tab_from_top_to_bottom(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0)
    bench.follow(gateway)
    dialog = bench.window.open_details(key(0))
    dialog.activateWindow()
    bench.qtbot.waitUntil(dialog.isActiveWindow)
    close = button(dialog, "Close")
    close.setFocus()
    order: list[QWidget] = []
    while not order or order[-1] is not close:
        QTest.keyClick(focused(), Qt.Key.Key_Tab)
        order.append(focused())
    assert order == [
        button(dialog, "‹"),
        button(dialog, "›"),
        button(dialog, "Reveal"),
        button(dialog, "Copy key"),
        dialog.tabs.tabBar(),
        period(dialog.models.buttons, 24),
        dialog.models.fold,
        dialog.chart,
        dialog.table,
        button(dialog, "Export…"),
        close,
    ]


def test_enter_and_escape_close_and_reveal_nothing(bench: Bench) -> None:
    bench.follow(bench.gateway())
    for pressed in (Qt.Key.Key_Escape, Qt.Key.Key_Return):
        dialog = bench.window.open_details(key(0))
        bench.qtbot.waitUntil(dialog.isActiveWindow)
        QTest.keyClick(focused(), pressed)
        assert bench.window.details.dialogs == {}


# Models, periods and folding


def test_models_of_a_period_folded_or_not(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0, 4, model="a", ago=timedelta(hours=20))
    call(gateway, 0, 2, model="a-search", ago=timedelta(hours=3))
    call(gateway, 0, 2, model="a-image", status=429, ago=timedelta(hours=3))
    call(gateway, 0, 1, model="a-image-non-thinking", status=None, ago=timedelta(minutes=3))
    gateway.calls([(None, f"{NOW - timedelta(minutes=2):%F %T}", "b", key(0), 1, 200, None)])
    bench.follow(gateway)
    dialog = bench.window.open_details(key(0))
    bench.qtbot.waitExposed(dialog)
    assert [row[0] for row in rows(dialog)] == ["a", "a-image", "a-search", "a-image-non-thinking", "b", "All models"]
    assert rows(dialog)[1][2:] == ["2", "0.0 %", "100 ms", "100 ms", "429 × 2"]
    QTest.mouseClick(period(dialog.models.buttons, 8), Qt.MouseButton.LeftButton)
    assert [row[:2] for row in rows(dialog)][-1] == ["All models", "6"]
    assert dialog.chart.accessibleName() == dialog.table.accessibleName() == "Calls per model: The last 8 hours"
    dialog.models.fold.click()
    assert rows(dialog) == [
        ["a", "5", "3", "40.0 %", "100 ms", "100 ms", "429 × 2, no status × 1"],
        ["b", "1", "0", "100.0 %", "–", "–", ""],
        ["All models", "6", "3", "50.0 %", "", "", "429 × 2, no status × 1"],
    ]
    assert dialog.chart.accessibleDescription().startswith("a: 5 calls, 2 successful, 3 failed")


def test_of_each_model_latencies_and_some_statuses_and_their_sum() -> None:
    seven: dict[int | str | None, int] = {500: 9, 400: 3, 401: 2, 403: 1, 404: 1, 429: 1, "refused": 1}
    six: dict[int | str | None, int] = {500: 2, 429: 9, 400: 1, 401: 1, 403: 1, 404: 1}
    uses = (ModelUse("a", 12, 18, Latency(30, 10, 1_500), seven), ModelUse(None, 0, 15, Latency(0, None, None), six))
    assert [cells for _, cells in model_lines(uses)] == [
        ("a", "30", "18", "40.0 %", "10 ms", "1,500 ms", "500 × 9, 400 × 3, 401 × 2, 403 × 1, 404 × 1, 429 × 1 …"),
        ("(unknown)", "15", "15", "0.0 %", "–", "–", "500 × 2, 429 × 9, 400 × 1, 401 × 1, 403 × 1, 404 × 1"),
        ("All models", "45", "33", "26.7 %", "", "", "500 × 11, 429 × 10, 400 × 4, 401 × 3, 403 × 2, 404 × 2 …"),
    ]


def test_models_that_are_not_seen_are_counted_once_they_are(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0)
    bench.follow(gateway)
    dialog = bench.window.open_details(key(0))
    bench.qtbot.waitExposed(dialog)
    dialog.tabs.setCurrentIndex(1)
    call(gateway, 0, 2)
    bench.refresh()
    assert rows(dialog)[-1][1] == "1"
    dialog.tabs.setCurrentIndex(0)
    assert rows(dialog)[-1][1] == "3"


def test_a_period_without_calls_says_so_and_others_can_be_chosen(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0, 4, ago=timedelta(hours=2))
    bench.follow(gateway)
    dialog = bench.window.open_details(key(0))
    QTest.mouseClick(period(dialog.models.buttons, 1), Qt.MouseButton.LeftButton)
    assert "No calls in the last hour" in texts(dialog)
    assert not dialog.table.isVisible()
    QTest.mouseClick(period(dialog.models.buttons, 8), Qt.MouseButton.LeftButton)
    assert rows(dialog)[-1][1] == "4"
    assert dialog.table.isVisible()


def test_the_day_unfolded_is_the_usage_of_every_key(bench: Bench, real_gateway: Path) -> None:
    monitor = Monitor(
        location_of(real_gateway / "gateway.sqlite"),
        parse_zone("Asia/Shanghai"),
        datetime.fromisoformat("2026-11-23T15:00:00+08:00"),
    )
    snapshot = monitor.refresh()
    monitor.close()
    for figures in snapshot.keys:
        uses = snapshot.stats.models(figures.key)
        mine = tuple(ModelCalls(use.model, CallCount(use.success, use.failure)) for use in uses)
        assert mine == snapshot.stats.usage(figures.key)
        failures = {k: n for use in uses for k, n in use.failures.items()}
        assert set(failures) <= set(snapshot.stats.statuses(figures.key))
        assert sum(sum(use.failures.values()) for use in uses) == figures.calls_24h.failure
        folded = snapshot.stats.models(figures.key, folded=True)
        assert sum(use.total for use in folded) == figures.calls_24h.total
        assert not [use for use in folded if use.model and use.model.endswith(SUFFIXES)]


# What the operator looks at stays


def test_nothing_jumps_at_a_refresh(bench: Bench) -> None:
    gateway = bench.gateway()
    for one in range(40):
        call(gateway, 0, 41 - one, model=f"model-{one:02}")
    bench.follow(gateway)
    dialog = bench.window.open_details(key(0))
    bench.qtbot.waitExposed(dialog)
    bars = [dialog.table.verticalScrollBar(), dialog.models._scroll.verticalScrollBar()]
    bench.qtbot.waitUntil(lambda: all(bar.maximum() > 300 for bar in bars))
    dialog.table.selectRow(20)
    QTest.mouseClick(dialog.chart, Qt.MouseButton.LeftButton, pos=dialog.chart.rect().center())
    bar = rows(dialog)[dialog.chart.current][0]
    for scroll_bar in bars:
        scroll_bar.setValue(150)
    sizes = dialog.models._splitter.sizes()
    call(gateway, 0, 2, model="model-25")
    call(gateway, 0, 30, model="model-20")
    call(gateway, 0, 90, model="model-39")
    bench.refresh()
    assert rows(dialog)[0][0] == "model-39"
    assert {rows(dialog)[index.row()][0] for index in dialog.table.selectedIndexes()} == {"model-20"}
    assert rows(dialog)[dialog.table.currentRow()][0] == "model-20"
    assert rows(dialog)[dialog.chart.current][0] == bar
    assert [scroll_bar.value() for scroll_bar in bars] == [150, 150]
    assert dialog.models._splitter.sizes() == sizes


def test_the_chart_has_room_for_its_bars_until_the_operator_shares_it(bench: Bench) -> None:
    gateway = bench.gateway()
    for one in range(30):
        call(gateway, 0, model=f"model-{one:02}")
    call(gateway, 1)
    bench.follow(gateway)
    for number, share in ((0, 0.6), (1, None)):
        dialog = bench.window.open_details(key(number))
        bench.qtbot.waitExposed(dialog)
        chart, table = dialog.models._splitter.sizes()
        wanted = dialog.chart.sizeHint().height() + 10 if share is None else share * (chart + table)
        assert chart == pytest.approx(wanted, abs=8)
    splitter = dialog.models._splitter
    splitter.moveSplitter(300, 1)
    splitter.splitterMoved.emit(300, 1)
    before = splitter.sizes()[0]
    dialog.resize(dialog.width(), dialog.height() + 60)
    QApplication.processEvents()
    assert splitter.sizes()[0] == before


def test_tab_period_and_folding_are_those_of_the_last_dialog(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0, model="a-search")
    call(gateway, 1, model="a-image")
    bench.follow(gateway)
    first = bench.window.open_details(key(0))
    QTest.mouseClick(period(first.models.buttons, 8), Qt.MouseButton.LeftButton)
    assert first.trend.period == timedelta(hours=8)
    first.models.fold.click()
    second = bench.window.open_details(key(1))
    assert second.tabs.currentIndex() == 0
    assert rows(second)[0][0] == "a"
    assert second.models.buttons.period == second.trend.period == timedelta(hours=8)
    second.tabs.setCurrentIndex(1)
    QTest.mouseClick(period(second.trend, 1), Qt.MouseButton.LeftButton)
    assert second.models.buttons.period == timedelta(hours=1)
    second.close()
    third = bench.window.open_details(key(2))
    assert third.tabs.currentIndex() == 1
    assert third.trend.period == timedelta(hours=1)
    assert first.models.buttons.period == timedelta(hours=8)


def test_the_trend_is_that_of_the_key(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0, 3)
    call(gateway, 1, 5)
    bench.follow(gateway)
    dialog = bench.window.open_details(key(0))
    dialog.tabs.setCurrentIndex(1)
    assert dialog.trend.chart.accessibleDescription().startswith("3 calls, 3 successful")
    assert word(dialog) == "Valid"
    assert dialog.evidence
    call(gateway, 0, 4)
    bench.refresh()
    assert dialog.trend.chart.accessibleDescription().startswith("7 calls, 7 successful")


class Inside(QPushButton):
    """A panel that keeps what it was given."""

    shown: Snapshot | None = None

    def show_snapshot(self, snapshot: Snapshot) -> None:
        self.shown = snapshot


def test_a_further_panel_comes_after_the_others_is_built_when_seen_and_remembered(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0)
    bench.follow(gateway)
    habits = Habits()
    for _ in range(2):
        dialog = DetailsDialog(key(0), habits=habits)
        dialog.show_snapshot(bench.snapshot)
        built: list[Inside] = []

        def build(built: list[Inside] = built) -> Inside:
            built.append(Inside())
            return built[-1]

        dialog.add_panel("Calls", build)
        assert [dialog.tabs.tabText(i) for i in range(3)] == ["&Models", "Tre&nd", "Calls"]
        assert habits.tab == ("Calls" if _ else "")
        dialog.show()
        assert len(built) == _
        dialog.tabs.setCurrentIndex(2)
        (inside,) = built
        assert inside.shown is bench.snapshot
        assert inside.isVisible()
        dialog.activateWindow()
        bench.qtbot.waitUntil(dialog.isActiveWindow)
        dialog.tabs.tabBar().setFocus()
        order = []
        for _step in range(2):
            QTest.keyClick(focused(), Qt.Key.Key_Tab)
            order.append(focused())
        assert order == [inside, button(dialog, "Close")]
        dialog.close()


# The way to the neighbours


def test_the_keyboard_goes_to_the_next_key_of_the_table_and_back(bench: Bench) -> None:
    gateway = bench.gateway(4)
    for number, calls in enumerate((5, 9, 2, 7)):
        call(gateway, number, calls)
    bench.follow(gateway)
    valid = bench.window.panel.valid
    valid.sortByColumn(valid.keys.columnCount() - 1, Qt.SortOrder.AscendingOrder)
    order = [valid.keys.key_at(row).key for row in range(4)]
    dialog = bench.window.open_details(order[0])
    dialog.move(40, 50)
    dialog.tabs.setCurrentIndex(1)
    geometry = dialog.geometry()
    for pressed, wanted in (
        (Qt.Key.Key_PageDown, 1),
        (Qt.Key.Key_PageDown, 2),
        (Qt.Key.Key_PageUp, 1),
        (Qt.Key.Key_PageUp, 0),
    ):
        bench.qtbot.waitUntil(dialog.isActiveWindow)
        QTest.keyClick(focused(), pressed, Qt.KeyboardModifier.ControlModifier)
        assert list(bench.window.details.dialogs) == [order[wanted]]
        dialog = bench.window.details.dialogs[order[wanted]]
        assert dialog.geometry() == geometry
        assert dialog.tabs.currentIndex() == 1
        assert mask_key(order[wanted]) in texts(dialog)
        assert order[wanted] not in texts(dialog)


def test_where_the_table_ends_the_dialog_stays_and_says_so(bench: Bench) -> None:
    gateway = bench.gateway(2)
    invalidate(gateway, 1)
    bench.follow(gateway)
    dialog = bench.window.open_details(key(0))
    for text in ("‹", "›"):
        QTest.mouseClick(button(dialog, text), Qt.MouseButton.LeftButton)
        assert list(bench.window.details.dialogs) == [key(0)]
        assert "There is no further key in the table." in texts(dialog)
        bench.refresh()
        assert "no further key" not in texts(dialog)


def test_a_neighbour_that_is_open_is_raised_where_it_is(bench: Bench) -> None:
    bench.follow(bench.gateway(2))
    other = bench.window.open_details(key(1))
    other.move(400, 300)
    there = other.geometry()
    dialog = bench.window.open_details(key(0))
    dialog.move(10, 10)
    QTest.mouseClick(button(dialog, "›"), Qt.MouseButton.LeftButton)
    assert list(bench.window.details.dialogs) == [key(1)]
    assert bench.window.details.dialogs[key(1)] is other
    assert other.geometry() == there


def test_a_key_that_a_search_hides_has_no_neighbours(bench: Bench) -> None:
    bench.follow(bench.gateway(3))
    dialog = bench.window.open_details(key(1))
    bench.window.panel.search.setText(key(2)[-4:])
    QTest.mouseClick(button(dialog, "›"), Qt.MouseButton.LeftButton)
    assert list(bench.window.details.dialogs) == [key(1)]


# The calls and the errors of the key


def open_tab(bench: Bench, dialog: DetailsDialog, tab: int) -> RowTable:
    dialog.tabs.setCurrentIndex(tab)
    page = dialog.tabs.currentWidget()
    assert page is not None
    name = {2: "callTable", 3: "errorTable"}[tab]
    table = page.findChild(RowTable, name)
    assert isinstance(table, RowTable)
    return table


def visible_cells(table: RowTable) -> list[list[str]]:
    """Return what the table shows, without its times."""
    columns = [i for i in range(1, table.content.columnCount()) if not table.isColumnHidden(i)]
    return [[table.content.index(row, i).data() for i in columns] for row in range(table.content.rowCount())]


def test_its_calls_and_no_others_are_in_a_tab(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0, model="a")
    call(gateway, 1, 3, model="b")
    bench.follow(gateway)
    dialog = bench.window.open_details(key(0))
    table = open_tab(bench, dialog, 2)
    assert visible_cells(table) == [["a", "✓ 200", "100 ms"]]
    call(gateway, 0, model="c", status=429, ago=timedelta(seconds=1))
    bench.refresh()
    assert [row[0] for row in visible_cells(table)] == ["c", "a"]
    table.selectRow(0)
    menu = {action.text() for action in table.actions() if action.isVisible()}
    assert "Text of the error" in menu
    assert "Details of the key" not in menu


def test_its_errors_and_no_others_are_in_a_tab_and_looked_for_when_seen(bench: Bench) -> None:
    gateway = bench.gateway()
    at = (NOW - timedelta(minutes=5)).replace(tzinfo=None)
    for number, text in enumerate(("mine", "another's")):
        gateway.call(key(number), at, "m", 429, 100)
        gateway.error(key(number), at, text, 429)
    bench.follow(gateway)
    dialog = bench.window.open_details(key(0))
    table = open_tab(bench, dialog, 3)
    bench.qtbot.waitUntil(lambda: table.content.rowCount() > 0)
    assert visible_cells(table) == [["(unknown)", "429", "mine"]]


def test_a_dialog_that_is_closed_while_errors_are_looked_for_leaves_nothing(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0)
    bench.follow(gateway)
    dialog = bench.window.open_details(key(0))
    open_tab(bench, dialog, 3)
    dialog.close()
    bench.refresh()
    assert bench.window.details.dialogs == {}


def test_what_helps_in_the_window_helps_in_the_details(bench: Bench) -> None:
    bench.follow(bench.gateway())
    dialog = bench.window.open_details(key(0))
    bench.qtbot.waitUntil(dialog.isActiveWindow)
    bench.qtbot.keySequence(dialog, QKeySequence("F1"))
    shortcuts = dialog.findChild(ShortcutsDialog)
    assert isinstance(shortcuts, ShortcutsDialog)
    assert shortcuts.isVisible()
    shortcuts.close()
    bench.qtbot.waitUntil(dialog.isActiveWindow)
    bench.qtbot.keySequence(dialog, QKeySequence("Ctrl+K"))
    search = bench.window.findChild(CommandSearch)
    assert isinstance(search, CommandSearch)
    assert search.isVisible()


def test_the_export_can_be_seen(bench: Bench) -> None:
    bench.follow(bench.gateway())
    dialog = bench.window.open_details(key(0))
    QTest.mouseClick(button(dialog, "Export…"), Qt.MouseButton.LeftButton)
    assert bench.window.exporting.dialog is not None


def test_the_habits_are_there_after_a_restart(bench: Bench, make_window: MakeWindow) -> None:
    gateway = bench.gateway()
    call(gateway, 0)
    bench.follow(gateway)
    dialog = bench.window.open_details(key(0))
    dialog.tabs.setCurrentIndex(1)
    QTest.mouseClick(period(dialog.trend, 8), Qt.MouseButton.LeftButton)
    dialog.models.fold.setChecked(True)
    bench.window.close()
    after, _ = make_window()
    dialog = after.open_details(key(0))
    assert dialog.tabs.currentIndex() == 1
    assert dialog.trend.period == dialog.models.buttons.period == timedelta(hours=8)
    assert dialog.models.fold.isChecked()


@pytest.mark.parametrize(
    "choices", [{}, {"tab": 3, "hours": "8", "folded": "yes"}, {"hours": 5}, {"hours": [1]}], ids=str
)
def test_damaged_habits_are_as_if_there_were_none(choices: dict[str, Choice]) -> None:
    habits = Habits()
    habits.choose(choices)
    assert (habits.period, habits.folded) == (timedelta(hours=24), False)
