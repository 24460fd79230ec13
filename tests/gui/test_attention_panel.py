"""Keys that want looking at: the gateway's own answers, and what is done with keys in place."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QLabel, QStyle, QStyleOptionComboBox
from pytestqt.qtbot import QtBot

from keymon.gateway_clock import parse_zone
from keymon.gui.attention_panel import AttentionPanel
from keymon.gui.evidence import status_name
from keymon.locations import location_of
from keymon.masking import mask_key
from keymon.monitor import Loading, Monitor, Snapshot
from tests.gateway_file import key
from tests.gui.conftest import Bench, call, invalidate


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[AttentionPanel]:
    made = AttentionPanel()
    made.resize(900, 400)
    QAbstractItemModelTester(made.table.content, QAbstractItemModelTester.FailureReportingMode.Fatal)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def answers(real_gateway: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((real_gateway / "answers.json").read_text())
    return found


@pytest.fixture
def recorded(real_gateway: Path, answers: dict[str, object]) -> Snapshot:
    as_of = datetime.fromisoformat(str(answers["as_of"]))
    monitor = Monitor(location_of(real_gateway / "gateway.sqlite"), parse_zone("Asia/Shanghai"), as_of)
    try:
        return monitor.refresh()
    finally:
        monitor.close()


def choose(panel: AttentionPanel, status: int | str | None) -> None:
    places = [i for i in range(panel.status.count()) if tuple(panel.status.itemData(i)) == (status,)]
    assert len(places) == 1
    panel.status.setCurrentIndex(places[0])
    panel.status.activated.emit(places[0])


def cells(panel: AttentionPanel) -> list[list[str]]:
    model = panel.table.content
    return [
        [str(model.index(row, column).data()) for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


@pytest.mark.parametrize("status", [429, 403, 400, 500])
def test_the_gateway_gives_the_same_answer(
    panel: AttentionPanel, recorded: Snapshot, answers: dict[str, object], status: int
) -> None:
    expected = answers[f"attention_{status}"]
    assert isinstance(expected, list)
    panel.show_snapshot(recorded)
    choose(panel, status)
    counts = [row.count for row in panel.rows]
    assert counts == [row["count"] for row in expected]
    assert {row.key: row.count for row in panel.rows} == {row["key"]: row["count"] for row in expected}


def test_as_many_keys_are_shown_as_are_asked_for(panel: AttentionPanel, recorded: Snapshot) -> None:
    panel.show_snapshot(recorded)
    choose(panel, 500)
    everything = [row.key for row in panel.rows]
    assert len(everything) > 2
    panel.limit.setValue(2)
    assert [row.key for row in panel.rows] == everything[:2]


def test_every_status_that_occurs_can_be_chosen_and_the_usual_three_always(bench: Bench) -> None:
    gateway = bench.gateway()
    for status, times in ((503, 4), (None, 3), ("All connection attempts failed", 2), (200, 9)):
        call(gateway, 0, times, status=status)
    bench.follow(gateway)
    bench.window.panels.go_to("attention")
    panel = shown(bench)
    offered = [panel.status.itemText(i) for i in range(panel.status.count())]
    assert offered[0] == "503 (4)"
    assert offered[2] == "All connection attempts failed (2)"
    assert offered[3:] == ["429 (0)", "403 (0)", "400 (0)"]
    assert panel.chosen_status == 429
    assert panel.table.placeholder == "No call of a key in the pool had this status"
    choose(panel, None)
    assert [(row.key, row.count) for row in panel.rows] == [(key(0), 3)]


def shown(bench: Bench) -> AttentionPanel:
    panel = bench.window.panels.panel("attention")
    assert isinstance(panel, AttentionPanel)
    return panel


def test_count_share_and_verdict_are_shown_and_the_key_masked(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0, 6)
    call(gateway, 0, 2, status=429)
    invalidate(gateway, 1)
    call(gateway, 1, 1, status=429)
    bench.follow(gateway)
    bench.window.panels.go_to("attention")
    assert cells(shown(bench)) == [
        [mask_key(key(0)), "2", "8", "25.0 %", "✓ Valid", "exhausted"],
        [mask_key(key(1)), "1", "4", "25.0 %", "✗ Invalid", "exhausted"],
    ]


def test_a_status_that_is_chosen_stays_so_when_it_occurs_no_more(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0, status=503)
    bench.follow(gateway)
    bench.window.panels.go_to("attention")
    choose(shown(bench), 503)
    bench.now += timedelta(days=2)
    bench.refresh()
    assert shown(bench).chosen_status == 503
    assert shown(bench).rows == []


def test_while_keys_are_selected_nothing_moves(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0, 3, status=429)
    call(gateway, 1, 2, status=429)
    bench.follow(gateway)
    bench.window.panels.go_to("attention")
    panel = shown(bench)
    panel.table.selectRow(1)
    call(gateway, 1, 5, status=429)
    call(gateway, 2, 9, status=429)
    bench.refresh()
    assert [(row.key, row.count) for row in panel.rows] == [(key(0), 3), (key(1), 7), (key(2), 9)]
    assert [row.key for row in panel.selected()] == [key(1)]
    assert panel.table.currentIndex().row() == 1
    panel.table.clearSelection()
    bench.refresh()
    assert [row.key for row in panel.rows] == [key(2), key(1), key(0)]


def test_a_table_that_is_scrolled_stays_where_it_is(bench: Bench) -> None:
    gateway = bench.gateway(60)
    for number in range(60):
        call(gateway, number, status=429)
    bench.follow(gateway)
    bench.window.panels.go_to("attention")
    panel = shown(bench)
    panel.limit.setValue(60)
    bar = panel.table.verticalScrollBar()
    bench.qtbot.waitUntil(lambda: bar.maximum() > 20)
    bar.setValue(20)
    bench.refresh()
    assert bar.value() == 20


@pytest.mark.qt_log_ignore("^This plugin does not support grabbing the keyboard$", extend=True)
def test_while_statuses_are_chosen_from_they_stay(bench: Bench) -> None:
    gateway = bench.gateway()
    bench.follow(gateway)
    bench.window.panels.go_to("attention")
    panel = shown(bench)
    panel.status.showPopup()
    call(gateway, 0, status=503)
    bench.refresh()
    assert panel.status.itemText(0) == "429 (0)"
    panel.status.hidePopup()
    bench.refresh()
    assert panel.status.itemText(0) == "503 (1)"


def test_while_the_log_is_read_that_is_said(panel: AttentionPanel, recorded: Snapshot, qtbot: QtBot) -> None:
    for loading, end in ((Loading(7, 0.5, None), ", as far as the log has been read"), (None, "Shown: 2")):
        panel.show_snapshot(replace(recorded, loading=loading))
        assert [label.text() for label in panel.findChildren(QLabel) if label.text().endswith(end)]


def test_what_can_be_done_with_keys(panel: AttentionPanel, recorded: Snapshot, qtbot: QtBot) -> None:
    panel.show_snapshot(recorded)
    choose(panel, 500)
    assert not panel.details.isEnabled()
    assert not panel.copy.isEnabled()
    first, second = (row.key for row in panel.rows[1:3])
    panel.table.selectRow(1)
    panel.table.selectionModel().select(
        panel.table.content.index(2, 0),
        QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows,
    )
    left = Qt.MouseButton.LeftButton
    with qtbot.waitSignal(panel.keys_copied) as copied:
        QTest.mouseClick(panel.copy, left)
    assert copied.args == [[first, second]]
    with qtbot.waitSignal(panel.details_wanted) as details:
        QTest.mouseClick(panel.details, left)
    assert details.args == [first]
    with qtbot.waitSignal(panel.details_wanted) as details:
        panel.table.doubleClicked.emit(panel.table.content.index(2, 1))
    assert details.args == [second]
    with qtbot.waitSignal(panel.export_wanted):
        QTest.mouseClick(panel.export, left)


def test_keys_are_copied_in_full_and_tables_masked_by_the_usual_shortcuts(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0, 3, status=429)
    bench.follow(gateway)
    bench.window.activateWindow()
    bench.qtbot.waitUntil(bench.window.isActiveWindow)
    bench.window.panels.go_to("attention")
    shown(bench).table.selectRow(0)
    for shortcut, expected in (("Ctrl+C", key(0)), ("Ctrl+Shift+C", mask_key(key(0)))):
        bench.qtbot.keySequence(shown(bench).table, QKeySequence(shortcut))
        assert expected in QGuiApplication.clipboard().text(), shortcut
    assert key(0) not in QGuiApplication.clipboard().text()
    QTest.keyClick(shown(bench).table, Qt.Key.Key_Return)
    assert list(bench.window.details.dialogs) == [key(0)]


def test_statuses_are_counted_of_the_keys_that_the_table_can_show(
    panel: AttentionPanel, recorded: Snapshot, real_gateway: Path
) -> None:
    panel.show_snapshot(recorded)
    since = recorded.clock.to_local(recorded.as_of - timedelta(hours=24))
    with closing(sqlite3.connect(real_gateway / "gateway.sqlite")) as connection:
        rows = connection.execute(
            "SELECT api_key, status_code FROM t_request_log WHERE request_time >= ? AND request_time <= ?",
            (f"{since:%Y-%m-%d %H:%M:%S.%f}", f"{recorded.clock.to_local(recorded.as_of):%Y-%m-%d %H:%M:%S.%f}"),
        ).fetchall()
    failed = [(one, status) for one, status in rows if not (isinstance(status, int) and 200 <= status < 300)]
    pool = set(recorded.settings.pool)
    counts = Counter(status for one, status in failed if one in pool)
    offered = {panel.status.itemData(i)[0]: panel.status.itemText(i) for i in range(panel.status.count())}
    assert offered == {status: f"{status_name(status)} ({counts[status]:,})" for status in {*counts, 429, 403, 400}}


def test_what_is_counted_is_what_the_rows_add_up_to(bench: Bench) -> None:
    gateway = bench.gateway(2)
    for number in (0, 1, 7):  # the last one is not in the pool
        call(gateway, number, 2, status=429)
    bench.follow(gateway)
    bench.window.panels.go_to("attention")
    assert shown(bench).status.itemText(0) == "429 (4)"
    assert sum(row.count for row in shown(bench).rows) == 4


def test_the_table_is_sorted_by_share_and_details_open_the_framed_row(bench: Bench) -> None:
    gateway = bench.gateway()
    for number, failed, passed in ((0, 4, 12), (1, 3, 0), (2, 2, 2)):
        call(gateway, number, failed, status=429)
        call(gateway, number, passed)
    bench.follow(gateway)
    bench.window.panels.go_to("attention")
    panel = shown(bench)
    order = Qt.SortOrder.DescendingOrder
    for column, expected in ((3, [1, 2, 0]), (1, [0, 1, 2]), (2, [0, 2, 1]), (4, [1, 0, 2]), (0, [2, 1, 0])):
        panel.table.sortByColumn(column, order)
        assert [row.key for row in panel.rows] == [key(number) for number in expected], column
    panel.table.sortByColumn(3, order)
    bench.refresh()
    assert [cell[3] for cell in cells(panel)] == ["100.0 %", "50.0 %", "25.0 %"]
    panel.table.setCurrentIndex(panel.table.content.index(1, 0))
    panel.table.clearSelection()
    assert panel.details.isEnabled()
    QTest.mouseClick(panel.details, Qt.MouseButton.LeftButton)
    assert list(bench.window.details.dialogs) == [key(2)]


def test_the_box_of_statuses_has_room_for_the_text_of_an_error(panel: AttentionPanel, bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0, status="All connection attempts failed")
    panel.show_snapshot(bench.follow(gateway))
    choose(panel, "All connection attempts failed")
    QApplication.processEvents()
    option = QStyleOptionComboBox()
    panel.status.initStyleOption(option)
    style = panel.status.style()
    field = style.subControlRect(
        QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, panel.status
    )
    assert field.width() >= panel.status.fontMetrics().horizontalAdvance("All connection attempts failed (1)")
    panel.resize(panel.minimumSizeHint().width(), 300)
    assert panel.width() < 800
