"""Columns that the operator chooses: shown, sorted by several, remembered, and counted only while they are shown."""

from datetime import timedelta

import pytest
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest

from keymon.gui.key_columns import COLUMNS, DETAILS_COLUMN, NOT_YET
from keymon.gui.key_table import KeyTable
from keymon.gui.reason_shape import draw_reason, reason_word
from keymon.reason import REASONS
from tests.conftest import MakeGateway
from tests.gateway_file import key
from tests.gui.conftest import NOW, Bench, MakeWindow, call, invalidate, select

TITLES = [column.title for column in COLUMNS]
KIND, CALLS, REASON, STATUSES = (TITLES.index(name) for name in ("Kind", "Calls 24 h", "Reason", "Failed by status"))
P50, HOURS = TITLES.index("p50"), TITLES.index("By hour")


@pytest.fixture
def table(bench: Bench) -> KeyTable:
    """Valid keys with 2, 1, 2 and 0 calls; of the first one each failed with 429 and 500."""
    gateway = bench.gateway(4)
    call(gateway, 0, status=429)
    call(gateway, 0, status=500, ago=timedelta(hours=3))
    call(gateway, 1)
    call(gateway, 2, times=2)
    bench.follow(gateway)
    return bench.window.panel.valid


def shown(table: KeyTable) -> list[str]:
    return [TITLES[column] for column in table.header.shown()]


def keys(table: KeyTable) -> list[str]:
    return [table.keys.key_at(row).key[-1] for row in range(table.keys.rowCount())]


def cell(table: KeyTable, row: int, column: int, role: Qt.ItemDataRole = Qt.ItemDataRole.DisplayRole) -> str:
    return str(table.keys.index(row, column).data(role))


def click(table: KeyTable, column: int, further: bool) -> None:
    header = table.header
    place = QPoint(header.sectionViewportPosition(column) + 20, header.height() // 2)
    modifier = Qt.KeyboardModifier.ShiftModifier if further else Qt.KeyboardModifier.NoModifier
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, modifier, place)


def test_the_tables_are_calm_at_first(table: KeyTable, bench: Bench) -> None:
    first = ["Key", "Kind", "Failures", "Calls 24 h", "Success", "Last call", "Most used model"]
    assert shown(table) == first
    assert shown(bench.window.panel.invalid) == [*first[:-1], "Reason", first[-1]]
    assert bench.window.panel.needs == frozenset()


def test_a_column_is_counted_once_it_is_shown(table: KeyTable, bench: Bench) -> None:
    with bench.qtbot.waitSignal(bench.poller.refreshed):
        for column in (STATUSES, P50, HOURS):
            table.header.show_column(column, is_shown=True)
            assert cell(table, 0, column) == NOT_YET
    bench.qtbot.waitUntil(lambda: cell(table, 0, HOURS) != NOT_YET)
    assert cell(table, 0, STATUSES) == "429 × 1, 500 × 1"
    assert [cell(table, row, P50) for row in (0, 3)] == ["100 ms", "–"]
    text = "0 successful and 2 failed in 24 hours, at most 1 an hour, 1 in the last"
    assert cell(table, 0, HOURS) == cell(table, 0, HOURS, Qt.ItemDataRole.AccessibleTextRole) == text
    assert text in cell(table, 0, HOURS, Qt.ItemDataRole.ToolTipRole)
    assert bench.snapshot.stats.__dict__.keys() >= {"latencies", "failures_by_key"}
    table.header.show_first_columns()
    bench.refresh()
    assert not bench.snapshot.stats.__dict__.keys() & {"latencies", "failures_by_key"}


def test_percentiles_and_statuses_are_told_apart(bench: Bench) -> None:
    gateway = bench.gateway(1)
    at = f"{NOW - timedelta(minutes=1):%F %T}"
    gateway.calls([(None, at, "m", key(0), True, 200, ms) for ms in range(1, 21)])
    for status, times in ((429, 3), ("refused", 2), ("timed out", 2)):
        gateway.calls([(None, at, "m", key(0), False, status, None)] * times)
    bench.follow(gateway)
    table = bench.window.panel.invalid
    columns = (STATUSES, P50, P50 + 1)
    for column in columns:
        table.header.show_column(column, is_shown=True)
    bench.qtbot.waitUntil(lambda: NOT_YET not in [cell(table, 0, column) for column in columns])
    assert [cell(table, 0, column) for column in (P50, P50 + 1)] == ["10 ms", "19 ms"]
    assert cell(table, 0, STATUSES) == "network error × 4, 429 × 3"


def test_shift_and_a_click_sort_by_a_further_column(table: KeyTable) -> None:
    click(table, CALLS, further=False)
    assert keys(table) == ["3", "1", "0", "2"]
    success = TITLES.index("Success")
    click(table, success, further=True)
    assert table.keys.sorted_by == [(CALLS, False), (success, False)]
    click(table, success, further=True)
    assert keys(table) == ["3", "1", "2", "0"]
    header = table.keys.headerData(success, Qt.Orientation.Horizontal)
    assert str(header).endswith("²")
    tip = table.keys.headerData(success, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert "sorted, descending (2 of 2)" in str(tip)
    click(table, success, further=True)
    assert table.keys.sorted_by == [(CALLS, False)]
    click(table, CALLS, further=False)
    assert keys(table) == ["0", "2", "1", "3"]


def test_a_button_that_is_let_go_of_elsewhere_sorts_nothing(table: KeyTable) -> None:
    header, shift, left = table.header, Qt.KeyboardModifier.ShiftModifier, Qt.MouseButton.LeftButton
    places = [QPoint(header.sectionViewportPosition(column) + 20, header.height() // 2) for column in (CALLS, KIND)]
    QTest.mousePress(header.viewport(), left, shift, places[0])
    QTest.mouseRelease(header.viewport(), left, shift, places[1])
    assert table.keys.sorted_by == []


def test_a_column_that_is_hidden_no_longer_sorts(table: KeyTable) -> None:
    table.keys.sort_by([(CALLS, True), (KIND, False)])
    assert table.header.sortIndicatorSection() == CALLS
    table.header.show_column(CALLS, is_shown=False)
    assert table.keys.sorted_by == [(KIND, False)]
    assert table.header.sortIndicatorSection() == KIND


def test_columns_that_were_moved_are_in_their_order_until_they_are_reset(table: KeyTable) -> None:
    first = shown(table)
    table.header.moveSection(table.header.visualIndex(CALLS), 0)
    assert shown(table) == ["Calls 24 h", *(title for title in first if title != "Calls 24 h")]
    table.header.show_first_columns()
    assert shown(table) == first


def test_the_menu_chooses_columns_and_resets_them(table: KeyTable) -> None:
    menu = table.header.menu()
    actions = {action.text(): action for action in menu.actions()}
    assert [name for name in actions if name][:-1] == TITLES[1:DETAILS_COLUMN]
    actions["Reason"].trigger()
    actions["Kind"].trigger()
    assert "Reason" in shown(table)
    assert "Kind" not in shown(table)
    actions["Reset columns"].trigger()
    assert shown(table)[:2] == ["Key", "Kind"]
    assert "Reason" not in shown(table)
    menu.deleteLater()


def test_columns_and_sorting_are_remembered(
    make_window: MakeWindow, make_gateway: MakeGateway, settings: QSettings
) -> None:
    first, _ = make_window()
    table = first.panel.valid
    table.header.show_column(P50, is_shown=True)
    table.header.show_column(KIND, is_shown=False)
    table.keys.sort_by([(CALLS, True), (P50, False)])
    first.close()
    second, _ = make_window()
    table = second.panel.valid
    assert "p50" in shown(table)
    assert "Kind" not in shown(table)
    assert table.keys.sorted_by == [(CALLS, True), (P50, False)]
    assert second.panel.needs == {"latency"}
    assert "p50" not in shown(second.panel.invalid)


@pytest.mark.parametrize("damaged", ["", "nonsense", "calls- nonsense- kind", "--", "reason p95"])
def test_a_damaged_memory_of_the_sorting_is_no_harm(table: KeyTable, damaged: str) -> None:
    table.header.restore_sorting(damaged)
    assert table.keys.sorted_by == ([(CALLS, True), (KIND, False)] if "kind" in damaged else [])


def test_rows_are_copied_with_the_columns_shown(table: KeyTable, bench: Bench) -> None:
    table.header.show_column(REASON, is_shown=True)
    table.header.show_column(KIND, is_shown=False)
    select(table, 0)
    bench.window.activateWindow()
    table.setFocus()
    bench.qtbot.waitUntil(table.hasFocus)
    QTest.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    head, row = (line.split("\t") for line in QGuiApplication.clipboard().text().splitlines())
    assert head == shown(table)
    assert dict(zip(head, row, strict=True))["Reason"] == "exhausted"
    assert key(0) not in row


def test_a_reason_names_the_row_that_says_so(bench: Bench) -> None:
    gateway = bench.gateway(2)
    call(gateway, 1, times=3, status=403, model="<b>m", ago=timedelta(hours=1))
    bench.follow(gateway)
    panel = bench.window.panel
    assert cell(panel.invalid, 0, REASON) == "suspended"
    at = f"{(NOW - timedelta(hours=1)).astimezone():%H:%M}"
    assert cell(panel.invalid, 0, REASON, Qt.ItemDataRole.ToolTipRole) == f"<qt>403 from &lt;b&gt;m at {at}</qt>"
    assert cell(panel.valid, 0, REASON) == "unproven"


def drawn(table: KeyTable, row: int, column: int) -> QImage:
    image = table.viewport().grab(table.visualRect(table.keys.index(row, column))).toImage()
    return image.convertToFormat(QImage.Format.Format_Grayscale8)


def test_reasons_are_told_apart_without_colour() -> None:
    from PySide6.QtCore import QRectF
    from PySide6.QtGui import QColor, QPainter

    images = []
    for reason in REASONS:
        image = QImage(24, 24, QImage.Format.Format_Grayscale8)
        image.fill(255)
        painter = QPainter(image)
        draw_reason(painter, QRectF(2, 2, 20, 20), reason, QColor("black"))
        painter.end()
        images.append(image)
    for i, one in enumerate(images):
        for other in images[:i]:
            different = sum(
                abs(one.pixelColor(x, y).value() - other.pixelColor(x, y).value()) > 128
                for x in range(24)
                for y in range(24)
            )
            assert different > 30
    assert len({reason_word(reason) for reason in REASONS}) == len(REASONS)


def test_failures_in_the_sparkline_are_below_the_line_and_hatched(bench: Bench) -> None:
    gateway = bench.gateway(3, MAX_FAILURES="100")
    call(gateway, 0, times=9)
    call(gateway, 1, times=9, status=500)
    bench.follow(gateway)
    table = bench.window.panel.valid
    with bench.qtbot.waitSignal(bench.poller.refreshed):
        table.header.show_column(HOURS, is_shown=True)
    passed, failed = drawn(table, 0, HOURS), drawn(table, 2 - 1, HOURS)
    x = passed.width() - 12
    tones = [
        {image.pixelColor(x - dx, y).value() for y in range(8, 18) for dx in range(3)} for image in (passed, failed)
    ]
    assert len(tones[0]) == 1
    assert len(tones[1]) > 1


def test_the_invalid_table_draws_its_reasons(bench: Bench) -> None:
    gateway = bench.gateway(2)
    invalidate(gateway, 0)
    call(gateway, 1, times=3, status=429)
    bench.follow(gateway)
    table = bench.window.panel.invalid
    assert drawn(table, 0, REASON) != drawn(table, 1, REASON)
