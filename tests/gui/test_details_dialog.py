"""The details of one key: four states, live figures, a verdict with its evidence, and a key that stays masked."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from keymon import database
from keymon.gateway_settings import Kind
from keymon.gui.details_dialog import DetailsDialog
from keymon.gui.evidence import describe
from keymon.gui.verdict_badge import VerdictBadge
from keymon.masking import mask_key
from keymon.stats import CallCount, KeyFigures
from keymon.validity import Verdict
from tests.gateway_file import GatewayFile, key
from tests.gui.conftest import NOW, Bench, call, focused, invalidate, mend

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
    assert dialog.evidence == "No failure in the log that was read."


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
    assert dialog.evidence.startswith("3 of 3 failures since ")
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
    timer = next(one for one in quick.findChildren(QTimer) if one.interval() == 1)
    assert key(0) not in texts(quick)
    with qtbot.waitSignal(timer.timeout):
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
    ("status", "text", "end"),
    [
        (400, GOOGLE, ": 400 API key not valid. Please pass a valid API key."),
        (500, "plain words\nand a trace", ": 500 plain words"),
        (503, None, ": 503"),
        (None, None, ": no status"),
        ("All connection attempts failed", GOOGLE, ": All connection attempts failed"),
        ("", None, ": network error"),
        (403, f"the key {key(0)} is <b>leaked</b>\u202e", f": 403 the key {mask_key(key(0))} is <b>leaked</b>\\u202e"),
    ],
    ids=["Google's JSON", "plain text", "nothing logged", "NULL", "network error", "empty status", "hostile"],
)
def test_the_evidence_ends_with_the_last_error(bench: Bench, status: object, text: str | None, end: str) -> None:
    gateway = bench.gateway()
    fail_with(gateway, status, text)
    bench.follow(gateway)
    with bench.qtbot.waitSignal(bench.poller.error_text_found):
        dialog = bench.window.open_details(key(0))
    assert dialog.evidence.endswith(end)
    assert dialog.evidence.startswith("3 of 3 failures since ")
    assert key(0) not in dialog.evidence
    evidence = next(label for label in dialog.findChildren(QLabel) if label.text() == dialog.evidence)
    assert evidence.textFormat() == Qt.TextFormat.PlainText


def test_an_error_text_that_could_not_be_read_is_asked_for_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LOCK_PATIENCE_S", 0.0)
    gateway = bench.gateway()
    fail_with(gateway, 400, GOOGLE)
    bench.follow(gateway)
    gateway.connection.execute("BEGIN EXCLUSIVE")
    with bench.qtbot.waitSignal(bench.poller.error_text_found):
        dialog = bench.window.open_details(key(0))
    assert dialog.evidence.endswith(": 400")
    gateway.connection.execute("COMMIT")
    with bench.qtbot.waitSignal(bench.poller.error_text_found):
        bench.poller.refresh()
    assert dialog.evidence.endswith("API key not valid. Please pass a valid API key.")


def test_it_is_told_why_there_is_no_error_text(bench: Bench) -> None:
    gateway = bench.gateway()
    fail_with(gateway, 400, GOOGLE)
    gateway.connection.execute("DROP TABLE t_error_logs")
    bench.follow(gateway)
    with bench.qtbot.waitSignal(bench.poller.error_text_found):
        dialog = bench.window.open_details(key(0))
    first, why = dialog.evidence.splitlines()
    assert first.endswith(": 400")
    assert why.startswith("The text of the error cannot be shown: there is no table t_error_logs, or an older one. ")
    bench.refresh()
    assert dialog.evidence.splitlines()[-1] == why


EARLIER, LATER = NOW - timedelta(days=2), NOW - timedelta(hours=2)


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict(True, 0), ["No failure in the log that was read."]),
        (Verdict(True, 0, last_passed_check=LATER), ["No failure since the last passed check at "]),
        (Verdict(True, 0, assumed_reset_at=LATER), ["No failure since the reset or restart before "]),
        (Verdict(True, 0, last_passed_check=EARLIER, assumed_reset_at=LATER), ["reset or restart"]),
        (Verdict(True, 0, last_passed_check=LATER, assumed_reset_at=EARLIER), ["passed check"]),
        (Verdict(False, 3, since=EARLIER, last_failure_status=429), ["3 of 3 failures since 2026-11-2", ": 429"]),
        (Verdict(False, 3, since=EARLIER), [" or before:"]),
        (Verdict(False, 5, since=LATER), ["5 failures since "]),
        (
            Verdict(False, 1, last_failure_status=400, passed_over=True),
            ["no calls any more", "1 of 3", "the log begins"],
        ),
        (Verdict(False, 0, passed_over=True), ["no calls any more", "0 of 3 failures since the log begins."]),
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
    assert list(bench.window.dialogs) == [key(1)]
    assert bench.window.open_details(key(0)) is not first


def test_the_dialogs_of_a_gateway_go_with_it(bench: Bench) -> None:
    bench.follow(bench.gateway())
    bench.window.open_details(key(0))
    bench.follow(bench.gateway(name="other.db"))
    assert bench.window.dialogs == {}


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
        close,
    ]


def test_enter_and_escape_close_and_reveal_nothing(bench: Bench) -> None:
    bench.follow(bench.gateway())
    for pressed in (Qt.Key.Key_Escape, Qt.Key.Key_Return):
        dialog = bench.window.open_details(key(0))
        bench.qtbot.waitUntil(dialog.isActiveWindow)
        QTest.keyClick(focused(), pressed)
        assert bench.window.dialogs == {}
