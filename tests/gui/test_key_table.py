"""The table of keys: a model that keeps Qt's rules, and a view in which nothing moves under the pointer."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from PySide6.QtCore import QItemSelectionModel, QPersistentModelIndex, QPoint, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from keymon.gui.key_columns import COLUMNS, DETAILS_COLUMN
from keymon.gui.key_model import KeyTableModel
from keymon.gui.key_rows import prepare
from keymon.gui.key_table import KeyTable
from keymon.masking import mask_key
from keymon.monitor import Snapshot
from keymon.stats import CallCount, KeyFigures
from tests.gateway_file import key
from tests.gui.conftest import NOW, Bench, call, invalidate, mend, select

TITLES = [column.title for column in COLUMNS]
FIRST = [i for i, column in enumerate(COLUMNS) if column.at_first == "both"]
"""The columns that the table of valid keys shows at first."""


@pytest.fixture
def snapshot(bench: Bench) -> Snapshot:
    """Twenty keys that differ in every column."""
    gateway = bench.gateway(20)
    for number in range(19):
        model = f"model-{number % 5}"
        call(gateway, number, times=number + 1, model=model, ago=timedelta(minutes=100 - number))
    return bench.follow(gateway)


@pytest.fixture
def table(qtbot: QtBot) -> Iterator[KeyTable]:
    made = KeyTable("keys")
    made.resize(900, 300)
    made.show()
    yield made
    made.close()
    made.deleteLater()


def shown(model: KeyTableModel) -> list[str]:
    return [model.key_at(row).key for row in range(model.rowCount())]


def show(model: KeyTableModel, snapshot: Snapshot, keep_order: bool = False) -> None:
    """Show all keys of `snapshot`, whatever their verdict."""
    model.set_rows(prepare(snapshot, None), np.ones(len(snapshot.keys), np.bool_), snapshot, keep_order)


def changed(figures: KeyFigures, rng: random.Random) -> KeyFigures:
    calls = CallCount(rng.randrange(50), rng.randrange(5))
    return replace(figures, calls_24h=calls, top_model=rng.choice([None, "model-1", "model-7"]))


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_the_model_keeps_its_promises(snapshot: Snapshot, seed: int) -> None:
    """Persistent indexes (so selections) stay on their keys, and Qt's own tester has nothing to warn of."""
    rng = random.Random(seed)
    model = KeyTableModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
    for _ in range(40):
        held = {figures: QPersistentModelIndex(model.index(row, 2)) for row, figures in enumerate(shown(model))}
        match rng.randrange(5):
            case 0:
                model.sort(rng.randrange(-1, len(COLUMNS)), rng.choice(list(Qt.SortOrder)))
            case 1:
                model.set_search(rng.choice(["", "00", "0001", "model-1", "vertex", "nothing"]))
            case _:
                keys = rng.sample(snapshot.keys, rng.randrange(len(snapshot.keys) + 1))
                fresh = replace(snapshot, keys=tuple(changed(one, rng) for one in keys))
                show(model, fresh, keep_order=rng.random() < 0.5)
        after = shown(model)
        assert len(after) == len(set(after))
        for one, index in held.items():
            assert index.isValid() == (one in after)
            assert not index.isValid() or model.key_at(index.row()).key == one
    model.clear()
    assert model.rowCount() == 0
    tester.deleteLater()
    model.deleteLater()


@pytest.mark.parametrize(
    ("title", "ascending"),
    [
        ("Key", [0, 1, 2, 3]),
        ("Calls 24 h", [3, 0, 1, 2]),  # 0, 9, 10, 100: as text 10 would come before 9
        ("Success", [3, 2, 1, 0]),  # none, 9 %, 50 %, 100 %
        ("Failures", [0, 3, 1, 2]),
        ("Last call", [3, 1, 0, 2]),  # "2 hours ago" comes before "30 minutes ago"
        ("Most used model", [1, 0, 2, 3]),
    ],
)
def test_sorts_by_values_not_by_their_text(bench: Bench, title: str, ascending: list[int]) -> None:
    gateway = bench.gateway(4, MAX_FAILURES="1000")
    call(gateway, 0, 9, model="b", ago=timedelta(minutes=30))
    call(gateway, 1, 5, model="a", ago=timedelta(hours=2, minutes=1))
    call(gateway, 1, 5, model="a", status=500, ago=timedelta(hours=2))
    call(gateway, 2, 9, model="c", ago=timedelta(minutes=9))
    call(gateway, 2, 91, model="c", status=500, ago=timedelta(minutes=5))
    bench.follow(gateway)
    model = bench.window.panel.valid.keys
    model.sort(TITLES.index(title))
    assert shown(model) == [key(number) for number in ascending]
    model.sort(TITLES.index(title), Qt.SortOrder.DescendingOrder)
    assert model.key_at(0).key == key(ascending[-1])
    model.sort(-1)
    assert shown(model) == [key(number) for number in range(4)]


def test_shows_each_key_masked_with_its_figures(bench: Bench) -> None:
    gateway = bench.gateway(1)
    call(gateway, 0, 1200, model="m", ago=timedelta(hours=1))
    call(gateway, 0, 2, status=500, model="m", ago=timedelta(minutes=2, seconds=11))
    bench.follow(gateway)
    model = bench.window.panel.valid.keys
    cells = [model.index(0, column).data() for column in FIRST]
    assert cells == [mask_key(key(0)), "Gemini", "2/3", "1,202", "99.8 %", "2 minutes ago", "m", "Details"]
    assert model.index(0, TITLES.index("Reason")).data() == "failing"


@pytest.mark.parametrize(
    ("text", "found"),
    [("0007", [7]), ("MODEL-3", [3, 8, 13, 18]), ("  0019 ", [19]), ("nothing", []), ("vertex", [])],
)
def test_search_finds_keys_and_models(snapshot: Snapshot, bench: Bench, text: str, found: list[int]) -> None:
    bench.window.panel.search.setText(text)
    assert shown(bench.window.panel.valid.keys) == [key(number) for number in found]
    bench.window.panel.search.clear()
    assert len(shown(bench.window.panel.valid.keys)) == 20


def test_a_search_stays_while_figures_change(snapshot: Snapshot, bench: Bench) -> None:
    bench.window.panel.search.setText("0007")
    bench.refresh()
    assert shown(bench.window.panel.valid.keys) == [key(7)]


def scrolled_down(bench: Bench) -> KeyTable:
    """Return the table of valid keys, scrolled, with two keys selected that can be seen."""
    table = bench.window.panel.valid
    bench.scroll(table, 35 * table.rowHeight(0) + 5)
    row = table.rowAt(0) + 3
    select(table, row)
    select(table, row + 2, also=True)
    return table


def where(table: KeyTable, name: str) -> int:
    return table.rowViewportPosition(table.keys.row_of(name))


def test_selection_and_scroll_position_survive_changed_figures(bench: Bench) -> None:
    gateway = bench.gateway(120)
    bench.follow(gateway)
    table = scrolled_down(bench)
    selected = [one.key for one in table.selected_keys()]
    position = table.verticalScrollBar().value()
    call(gateway, 119, 7)
    bench.refresh()
    assert [one.key for one in table.selected_keys()] == selected
    assert len(selected) == 2
    assert table.verticalScrollBar().value() == position
    assert table.keys.key_at(table.keys.row_of(key(119))).calls_24h.total == 7


@pytest.mark.parametrize("descending", [False, True])
def test_nothing_moves_while_keys_are_selected_although_the_order_would_change(bench: Bench, descending: bool) -> None:
    gateway = bench.gateway(120)
    for number in range(120):
        call(gateway, number, 1)
    bench.follow(gateway)
    table = bench.window.panel.valid
    order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
    table.sortByColumn(TITLES.index("Calls 24 h"), order)
    scrolled_down(bench)
    before = shown(table.keys)
    call(gateway, 3, 9)
    bench.refresh()
    assert shown(table.keys) == before
    table.clearSelection()
    bench.refresh()
    assert shown(table.keys) != before
    assert table.keys.row_of(key(3)) == (0 if descending else 119)


def test_a_key_that_falls_out_above_does_not_move_what_is_seen(bench: Bench) -> None:
    gateway = bench.gateway(120)
    bench.follow(gateway)
    table = scrolled_down(bench)
    selected = [one.key for one in table.selected_keys()]
    y = where(table, selected[0])
    invalidate(gateway, 0, 1, 2)
    bench.refresh()
    assert bench.window.panel.invalid.keys.rowCount() == 3
    assert [one.key for one in table.selected_keys()] == selected
    assert where(table, selected[0]) == y


def test_the_current_key_may_fall_out_and_the_view_stays(bench: Bench) -> None:
    gateway = bench.gateway(120)
    bench.follow(gateway)
    table = scrolled_down(bench)
    current, other = (one.key for one in table.selected_keys())
    seen = table.keys.key_at(table.rowAt(0)).key
    y = where(table, seen)
    invalidate(gateway, int(current[-4:]))
    bench.refresh()
    assert [one.key for one in table.selected_keys()] == [other]
    assert where(table, seen) == y


def test_a_key_that_is_valid_again_comes_last_while_keys_are_selected(bench: Bench) -> None:
    gateway = bench.gateway(6)
    invalidate(gateway, 1)
    bench.follow(gateway)
    table = bench.window.panel.valid
    select(table, 2)
    mend(gateway, 1)
    bench.refresh()
    assert shown(table.keys) == [key(number) for number in (0, 2, 3, 4, 5, 1)]
    assert [one.key for one in table.selected_keys()] == [key(3)]
    table.clearSelection()
    bench.refresh()
    assert shown(table.keys) == [key(number) for number in range(6)]


def cell(table: KeyTable, row: int, column: int) -> QPoint:
    return table.visualRect(table.keys.index(row, column)).center()


def test_details_by_button_double_click_and_enter(snapshot: Snapshot, bench: Bench, table: KeyTable) -> None:
    show(table.keys, snapshot)
    wanted: list[str] = []
    table.details_wanted.connect(wanted.append)
    left = Qt.MouseButton.LeftButton
    QTest.mouseClick(table.viewport(), left, pos=cell(table, 2, DETAILS_COLUMN))
    assert wanted == [key(2)]
    QTest.mouseClick(table.viewport(), left, pos=cell(table, 3, 0))
    QTest.mouseClick(table.viewport(), Qt.MouseButton.RightButton, pos=cell(table, 3, DETAILS_COLUMN))
    assert wanted == [key(2)]
    QTest.mouseClick(table.viewport(), left, pos=cell(table, 4, 1))
    QTest.mouseDClick(table.viewport(), left, pos=cell(table, 4, 1))
    assert wanted == [key(2), key(4)]
    table.activateWindow()
    table.setFocus()
    bench.qtbot.waitUntil(table.hasFocus)
    table.setCurrentIndex(table.keys.index(5, 0))
    QTest.keyClick(table, Qt.Key.Key_Return)
    QTest.keyClick(table, Qt.Key.Key_Enter)
    assert wanted[2:] == [key(5), key(5)]


def test_a_press_elsewhere_that_ends_on_the_button_opens_nothing(
    snapshot: Snapshot, qtbot: QtBot, table: KeyTable
) -> None:
    show(table.keys, snapshot)
    wanted: list[str] = []
    table.details_wanted.connect(wanted.append)
    QTest.mousePress(table.viewport(), Qt.MouseButton.LeftButton, pos=cell(table, 2, 1))
    QTest.mouseRelease(table.viewport(), Qt.MouseButton.LeftButton, pos=cell(table, 4, DETAILS_COLUMN))
    assert wanted == []


def test_copies_keys_in_full_and_rows_masked(snapshot: Snapshot, bench: Bench) -> None:
    table = bench.window.panel.valid
    bench.window.activateWindow()
    table.setFocus()
    bench.qtbot.waitUntil(table.hasFocus)
    select(table, 1)
    bench.qtbot.keySequence(table, QKeySequence(QKeySequence.StandardKey.Copy))
    assert QGuiApplication.clipboard().text() == key(1)
    assert "30 seconds" in bench.window.statusBar().currentMessage()
    bench.qtbot.keySequence(table, QKeySequence("Ctrl+Shift+C"))
    copied = QGuiApplication.clipboard().text().splitlines()
    assert copied[0].split("\t") == [TITLES[i] for i in FIRST[:-1]]
    assert copied[1].split("\t")[:4] == [mask_key(key(1)), "Gemini", "0/3", "2"]
    assert len(copied) == 2
    assert key(1) not in QGuiApplication.clipboard().text()
    bench.qtbot.keySequence(table, QKeySequence(QKeySequence.StandardKey.SelectAll))
    bench.qtbot.keySequence(table, QKeySequence(QKeySequence.StandardKey.Copy))
    assert QGuiApplication.clipboard().text().splitlines() == [key(number) for number in range(20)]


def test_nothing_is_copied_where_nothing_is_selected(snapshot: Snapshot, bench: Bench) -> None:
    QGuiApplication.clipboard().setText("mine")
    table = bench.window.panel.valid
    bench.window.activateWindow()
    table.setFocus()
    table.clearSelection()
    bench.qtbot.keySequence(table, QKeySequence(QKeySequence.StandardKey.Copy))
    bench.qtbot.keySequence(table, QKeySequence("Ctrl+Shift+C"))
    assert QGuiApplication.clipboard().text() == "mine"


def test_tooltips_tell_both_times_and_take_no_markup(bench: Bench) -> None:
    gateway = bench.gateway(1)
    call(gateway, 0, model="<b>x</b>", ago=timedelta(hours=1))
    bench.follow(gateway)
    model = bench.window.panel.valid.keys
    tips = {title: model.index(0, i).data(Qt.ItemDataRole.ToolTipRole) for i, title in enumerate(TITLES)}
    there = f"{NOW - timedelta(hours=1):%Y-%m-%d %H:%M:%S}"
    assert there in tips["Last call"]
    assert "1 successful, 0 failed" in tips["Calls 24 h"]
    assert tips["Most used model"] == "<qt>&lt;b&gt;x&lt;/b&gt;</qt>"


def test_columns_are_wide_enough_for_their_titles(table: KeyTable) -> None:
    metrics = table.fontMetrics()
    table.resize(2000, 300)
    for i, title in enumerate(TITLES):
        table.header.show_column(i, is_shown=True)
        assert table.columnWidth(i) >= metrics.horizontalAdvance(title), title


def test_the_placeholder_is_drawn_while_there_are_no_rows(snapshot: Snapshot, table: KeyTable) -> None:
    empty = table.viewport().grab().toImage()
    table.set_placeholder("No key is valid")
    assert table.viewport().grab().toImage() != empty
    show(table.keys, snapshot)
    rows = table.viewport().grab().toImage()
    table.set_placeholder("Something else")
    assert table.viewport().grab().toImage() == rows


def test_a_selected_key_stays_selected_in_its_new_table(bench: Bench) -> None:
    gateway = bench.gateway(6)
    bench.follow(gateway)
    valid, invalid = bench.window.panel.tables
    select(valid, 2)
    select(valid, 4, also=True)
    invalidate(gateway, 2, 5)
    bench.refresh()
    assert [one.key for one in valid.selected_keys()] == [key(4)]
    assert [one.key for one in invalid.selected_keys()] == [key(2)]
    mend(gateway, 2)
    bench.refresh()
    assert [one.key for one in valid.selected_keys()] == [key(4), key(2)]
    assert not invalid.has_selection()


def test_a_large_selection_survives_whatever_becomes_of_the_rows(bench: Bench) -> None:
    gateway = bench.gateway(400)
    bench.follow(gateway)
    table = bench.window.panel.valid
    for row in range(0, 400, 50):
        select(table, row, also=row > 0)
    table.selectAll()
    select_out(table, 7)
    invalidate(gateway, *range(0, 400, 5))
    bench.refresh()
    left = {key(number) for number in range(400) if number % 5 and number != 7}
    assert {one.key for one in table.selected_keys()} == left
    table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    assert {one.key for one in table.selected_keys()} == left
    bench.window.panel.search.setText("00")
    assert {one.key for one in table.selected_keys()} == {one for one in left if "00" in one}


def select_out(table: KeyTable, row: int) -> None:
    flag = QItemSelectionModel.SelectionFlag
    table.selectionModel().select(table.keys.index(row, 0), flag.Deselect | flag.Rows)
