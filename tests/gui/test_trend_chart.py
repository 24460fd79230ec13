"""Calls over time as bars: to scale, by pointer, keyboard and screen reader, by the operator's clock."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from PySide6.QtCore import QBuffer, QEvent, QIODevice, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QHelpEvent, QImage, QPainter, QTextDocument
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QToolTip
from pytestqt.qtbot import QtBot

from keymon.gateway_clock import parse_zone
from keymon.gui.theme import failure_colour, success_colour
from keymon.gui.trend_chart import TrendChart, round_step
from keymon.gui.trend_times import bucket_time, describe_bucket, marks
from keymon.gui.trend_view import TrendView
from keymon.locations import location_of
from keymon.monitor import Loading, Monitor, Snapshot
from keymon.stats import DAY
from keymon.trend import HOUR, Trend
from tests.conftest import MakeGateway
from tests.gateway_file import GatewayFile, key

NOW = datetime(2026, 11, 23, 12, 17, 23, tzinfo=UTC)

SnapshotOf = Callable[..., Snapshot]


@pytest.fixture(autouse=True)
def operator_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Set the operator's zone, which is UTC unless a test says otherwise."""

    def be_in(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    be_in("UTC")
    yield be_in
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def gateway(make_gateway: MakeGateway) -> GatewayFile:
    return make_gateway([key(0), key(1)])


def log(gateway: GatewayFile, now: datetime, *calls: tuple[timedelta, int, int]) -> None:
    """Log, for each (ago, successes, failures), so many calls of the first key."""
    for ago, success, failure in sorted(calls, reverse=True):
        for status in [200] * success + [429] * failure:
            gateway.call(key(0), (now - ago).replace(tzinfo=None), "m", status)


def read(gateway: GatewayFile, now: datetime = NOW, zone: str = "UTC", past: bool = False) -> Snapshot:
    monitor = Monitor(location_of(gateway.path), parse_zone(zone), now if past else None, now=lambda: now)
    try:
        return monitor.refresh()
    finally:
        monitor.close()


@pytest.fixture
def chart(qtbot: QtBot) -> Iterator[TrendChart]:
    made = TrendChart()
    made.resize(700, 300)
    made.show()
    qtbot.waitExposed(made)
    yield made
    QToolTip.hideText()
    made.close()
    made.deleteLater()


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[TrendView]:
    made = TrendView()
    made.resize(700, 500)
    made.show()
    qtbot.waitExposed(made)
    yield made
    QToolTip.hideText()
    made.close()
    made.deleteLater()


def show(chart: TrendChart, snapshot: Snapshot, period: timedelta = DAY) -> Trend:
    trend = snapshot.stats.trend(period)
    chart.set_trend(trend, snapshot)
    return trend


def plain(rich: str) -> str:
    document = QTextDocument()
    document.setHtml(rich)
    return document.toPlainText()


def tip_at(chart: TrendChart, x: int) -> str:
    position = QPoint(x, 100)
    QApplication.sendEvent(chart, QHelpEvent(QEvent.Type.ToolTip, position, chart.mapToGlobal(position)))
    return plain(QToolTip.text())


def column(image: QImage, x: int, colour: QColor) -> int:
    """Return how many pixels of a column have a colour."""
    return sum(image.pixelColor(x, y) == colour for y in range(40, image.height()))


def middle(chart: TrendChart, bucket: int) -> int:
    return int(chart._plot().slot(bucket).center().x())


# What is drawn


def test_bars_are_drawn_to_one_scale(gateway: GatewayFile, chart: TrendChart) -> None:
    log(gateway, NOW, (timedelta(hours=1), 20, 20), (timedelta(hours=2), 10, 0), (timedelta(hours=3), 0, 20))
    trend = show(chart, read(gateway))
    image = chart.grab().toImage()
    success, failure = success_colour(chart.palette()), failure_colour(chart.palette())
    both, half, failed, none = (middle(chart, len(trend) - 1 - back) for back in (2, 4, 6, 8))
    assert column(image, both, success) == pytest.approx(2 * column(image, half, success), abs=2)
    assert column(image, both, success) > 50
    assert column(image, half, failure) == column(image, failed, success) == 0
    # Failures are hatched, so some of their pixels have another colour.
    assert 10 < column(image, failed, failure) < column(image, both, success)
    assert column(image, both, failure) == pytest.approx(column(image, failed, failure), abs=8)
    assert column(image, none, success) == column(image, none, failure) == 0


def test_a_single_call_among_thousands_can_be_seen(gateway: GatewayFile, chart: TrendChart) -> None:
    rows = [(None, f"{NOW - timedelta(minutes=5):%F %T}", "m", key(1), 1, 200, 1)] * 9_000
    gateway.calls([(None, f"{NOW - timedelta(hours=3):%F %T}", "m", key(0), 1, 200, 1), *rows])
    trend = show(chart, read(gateway))
    image = chart.grab().toImage()
    assert column(image, middle(chart, len(trend) - 7), success_colour(chart.palette())) == 2
    assert chart._plot().top_value >= 9_000


def test_bars_follow_the_theme(gateway: GatewayFile, chart: TrendChart) -> None:
    log(gateway, NOW, (HOUR, 5, 0))
    trend = show(chart, read(gateway))
    palette = chart.palette()
    palette.setColor(palette.ColorRole.Window, QColor("black"))
    chart.setPalette(palette)
    assert column(chart.grab().toImage(), middle(chart, len(trend) - 3), QColor("#5aa9e6")) > 100


def test_the_scale_of_time_is_that_of_the_bars(gateway: GatewayFile, chart: TrendChart) -> None:
    log(gateway, NOW, (HOUR, 5, 0))
    snapshot = read(gateway)
    for period in (HOUR, 8 * HOUR, DAY):
        trend, plot = show(chart, snapshot, period), chart._plot()
        for bucket in range(1, len(trend)):
            assert plot.x(trend.start(bucket)) == pytest.approx(plot.slot(bucket).left())


@pytest.mark.parametrize(
    ("most", "lines", "step"),
    [(1, 5, 1), (0, 5, 1), (5, 5, 1), (6, 5, 2), (11, 5, 5), (26, 5, 10), (999_999, 5, 200_000), (7, 1, 10)],
)
def test_the_scale_has_round_numbers(most: int, lines: int, step: int) -> None:
    assert round_step(most, lines) == step


@pytest.mark.parametrize("size", [(280, 130), (60, 20), (1, 1), (2000, 900)], ids=str)
def test_any_size_can_be_drawn(gateway: GatewayFile, chart: TrendChart, size: tuple[int, int]) -> None:
    log(gateway, NOW, (HOUR, 3, 1))
    show(chart, read(gateway))
    image = QImage(QSize(*size), QImage.Format.Format_ARGB32)
    painter = QPainter(image)
    chart.paint(painter, QRectF(image.rect()))
    painter.end()


def test_a_picture_and_a_file_are_drawn_in_the_same_way(gateway: GatewayFile, chart: TrendChart) -> None:
    log(gateway, NOW, (HOUR, 30, 10))
    trend = show(chart, read(gateway))
    seen = chart.grab().toImage()
    image = QImage(seen.size(), QImage.Format.Format_RGB32)
    painter = QPainter(image)
    chart.paint(painter, QRectF(image.rect()))
    painter.end()
    x = middle(chart, len(trend) - 3)
    for colour in (success_colour(chart.palette()), failure_colour(chart.palette())):
        assert column(image, x, colour) == column(seen, x, colour) > 20
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(seen.size())
    painter = QPainter(generator)
    chart.paint(painter, QRectF(image.rect()))
    painter.end()
    text = buffer.data().toStdString()
    assert "Successful" in text
    assert success_colour(chart.palette()).name() in text
    assert failure_colour(chart.palette()).name() in text


def test_the_keyboard_s_frame_is_not_part_of_a_picture(qtbot: QtBot, gateway: GatewayFile, chart: TrendChart) -> None:
    log(gateway, NOW, (HOUR, 3, 0))
    show(chart, read(gateway))
    without = chart.grab().toImage()
    chart.activateWindow()
    qtbot.waitUntil(chart.hasFocus)
    assert chart.grab().toImage() == without
    chart.clearFocus()
    chart.setFocus(Qt.FocusReason.OtherFocusReason)
    assert chart.current == -1  # a window that is merely opened points at nothing
    chart.clearFocus()
    chart.setFocus(Qt.FocusReason.TabFocusReason)
    assert chart.current == 48
    assert chart.grab().toImage() != without
    image = QImage(without.size(), without.format())
    painter = QPainter(image)
    chart.paint(painter, QRectF(image.rect()))
    painter.end()
    assert image == without


def test_without_calls_it_says_so_and_before_that_it_reads(gateway: GatewayFile, chart: TrendChart) -> None:
    assert chart.message == "Reading the log…"
    assert chart.accessibleDescription() == "Reading the log…"
    log(gateway, NOW, (timedelta(hours=2), 1, 0))
    snapshot = read(gateway)
    show(chart, snapshot, HOUR)
    assert chart.message == chart.accessibleDescription() == "No calls in this period"
    show(chart, snapshot, 8 * HOUR)
    assert chart.message == ""
    chart.set_trend(None, None)
    assert chart.message == "Reading the log…"


# By pointer and keyboard


def test_the_pointer_and_the_keyboard_find_each_bucket(gateway: GatewayFile, chart: TrendChart) -> None:
    log(gateway, NOW, (HOUR, 3, 1), (timedelta(hours=20), 1, 0))
    snapshot = read(gateway)
    trend = show(chart, snapshot)
    for bucket in range(len(trend)):
        assert tip_at(chart, middle(chart, bucket)) == describe_bucket(trend, bucket, snapshot)
    last = len(trend) - 1
    QTest.mouseClick(chart, Qt.MouseButton.LeftButton, pos=QPoint(middle(chart, 7), 100))
    assert chart.current == 7
    QTest.keyClick(chart, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    for beside in (1, chart.width() - 1):
        QTest.mouseClick(chart, Qt.MouseButton.LeftButton, pos=QPoint(beside, 100))
    assert chart.current == 7
    walk = [(Qt.Key.Key_Left, 6), (Qt.Key.Key_Home, 0), (Qt.Key.Key_Left, 0), (Qt.Key.Key_Right, 1)]
    walk += [(Qt.Key.Key_End, last), (Qt.Key.Key_Right, last)]
    for pressed, current in walk:
        QTest.keyClick(chart, pressed)
        assert chart.current == current
        assert plain(QToolTip.text()) == describe_bucket(trend, current, snapshot)


def test_keys_and_pointer_do_nothing_without_calls(gateway: GatewayFile, chart: TrendChart) -> None:
    for trend in (False, True):
        if trend:
            show(chart, read(gateway))
        QTest.keyClick(chart, Qt.Key.Key_Right)
        QTest.mouseClick(chart, Qt.MouseButton.LeftButton, pos=QPoint(300, 100))
        assert chart.current == -1
        assert tip_at(chart, 300) == ""


@pytest.mark.parametrize("pressed", [Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Left])
def test_the_keyboard_stays_on_its_time(gateway: GatewayFile, chart: TrendChart, pressed: Qt.Key) -> None:
    log(gateway, NOW, (timedelta(hours=2), 1, 0))
    trend = show(chart, read(gateway))
    QTest.keyClick(chart, Qt.Key.Key_End)
    QTest.keyClick(chart, pressed)
    first = trend.end(chart.current) if pressed == Qt.Key.Key_Home else trend.start(chart.current)
    for later in (timedelta(seconds=5), timedelta(minutes=12)):
        trend = show(chart, read(gateway, NOW + later))
        now = trend.end(chart.current) if pressed == Qt.Key.Key_Home else trend.start(chart.current)
        assert now == first
    show(chart, read(gateway, NOW + DAY))
    assert chart.current == -1


def test_another_period_leaves_a_bucket_that_is_not_in_it(gateway: GatewayFile, chart: TrendChart) -> None:
    log(gateway, NOW, (timedelta(minutes=5), 1, 0))
    snapshot = read(gateway)
    show(chart, snapshot)
    QTest.keyClick(chart, Qt.Key.Key_Home)
    show(chart, snapshot, HOUR)
    assert chart.current == -1


def test_bars_stay_where_they_are_until_the_next_bucket_begins(gateway: GatewayFile, chart: TrendChart) -> None:
    log(gateway, NOW, (timedelta(hours=2), 3, 0), (timedelta(hours=9), 3, 2))
    show(chart, read(gateway))
    before = chart.grab().toImage()
    show(chart, read(gateway, NOW + timedelta(minutes=12)))
    assert chart.grab().toImage() == before
    show(chart, read(gateway, NOW + timedelta(minutes=13)))
    assert chart.grab().toImage() != before


# In words


def test_says_it_in_words(gateway: GatewayFile, chart: TrendChart) -> None:
    log(gateway, NOW, (timedelta(hours=2), 1, 3), (timedelta(hours=20), 2, 0))
    trend = show(chart, read(gateway))
    sentences = chart.accessibleDescription().split("; ")
    assert sentences[:3] == [
        "6 calls, 3 successful, 3 failed",
        "most at 10:00–10:30: 4 calls, 1 successful, 3 failed (25.0 % success)",
        "2026-11-22 12:17–12:30: no calls",
    ]
    assert sentences[-1] == "since 12:00: no calls"
    assert len(sentences) == len(trend) + 2


def test_the_gateway_s_time_is_told_where_it_is_another(gateway: GatewayFile, chart: TrendChart) -> None:
    log(gateway, NOW + timedelta(hours=8), (timedelta(hours=2), 1, 0))
    trend = show(chart, read(gateway, zone="Asia/Shanghai"))
    assert tip_at(chart, middle(chart, len(trend) - 2)).splitlines() == [
        "11:30–12:00: no calls",
        "at the gateway since 2026-11-23 19:30",
    ]


def test_a_past_instant_is_told_by_the_gateway_s_clock(gateway: GatewayFile, chart: TrendChart) -> None:
    log(gateway, NOW + timedelta(hours=8), (timedelta(hours=2), 1, 0))
    trend = show(chart, read(gateway, zone="Asia/Shanghai", past=True))
    assert tip_at(chart, middle(chart, len(trend) - 2)) == "19:30–20:00: no calls"


# By a clock that is put forward or back


def times(trend: Trend, snapshot: Snapshot) -> list[str]:
    return [bucket_time(trend, i, snapshot) for i in range(len(trend))]


def test_across_midnight(gateway: GatewayFile, operator_in: Callable[[str], None]) -> None:
    operator_in("Asia/Kathmandu")
    now = datetime(2026, 11, 23, 18, 20, tzinfo=UTC)  # 00:05 on the 24th
    snapshot = read(gateway, now)
    trend = snapshot.stats.trend(8 * HOUR)
    assert times(trend, snapshot)[0] == "2026-11-23 16:05–16:15"
    assert times(trend, snapshot)[-2:] == ["2026-11-23 23:45–00:00", "since 00:00"]
    assert [text for _, text in marks(trend, snapshot, 9)][-2:] == ["23:00", "24 Nov"]


def test_where_the_clock_is_put_back_each_hour_is_told_from_its_double(
    gateway: GatewayFile, operator_in: Callable[[str], None]
) -> None:
    operator_in("Europe/Berlin")
    snapshot = read(gateway, datetime(2026, 10, 25, 3, 20, tzinfo=UTC))
    trend = snapshot.stats.trend(8 * HOUR)
    told = times(trend, snapshot)
    assert len(set(told)) == len(told)
    around = told.index("02:45–03:00 (UTC+02:00)")
    assert told[around + 1] == "02:00–02:15 (UTC+01:00)"
    assert told[-1] == "since 04:15 (UTC+01:00)"
    marked = list(marks(trend, snapshot, 12))
    assert [text for _, text in marked] == ["22:00", "23:00", "25 Oct", "01:00", "02:00", "02:00", "03:00", "04:00"]
    assert {after - before for (before, _), (after, _) in pairwise(marked)} == {HOUR}


def test_where_the_clock_is_put_forward_an_hour_is_missing(
    gateway: GatewayFile, operator_in: Callable[[str], None]
) -> None:
    operator_in("Europe/Berlin")
    snapshot = read(gateway, datetime(2026, 3, 29, 3, 20, tzinfo=UTC))
    trend = snapshot.stats.trend(8 * HOUR)
    told = times(trend, snapshot)
    assert told[told.index("01:45–02:00 (UTC+01:00)") + 1] == "03:00–03:15 (UTC+02:00)"
    assert [text for _, text in marks(trend, snapshot, 12)] == [
        "21:00", "22:00", "23:00", "29 Mar", "01:00", "03:00", "04:00", "05:00"
    ]  # fmt: skip
    day = snapshot.stats.trend(DAY)
    assert [text for _, text in marks(day, snapshot, 8)] == [
        "06:00", "09:00", "12:00", "15:00", "18:00", "21:00", "29 Mar", "03:00"
    ]  # fmt: skip


def test_the_end_of_the_axis_is_no_mark(gateway: GatewayFile) -> None:
    snapshot = read(gateway, NOW.replace(minute=0, second=0))
    assert [text for _, text in marks(snapshot.stats.trend(8 * HOUR), snapshot, 4)] == [
        "04:00",
        "06:00",
        "08:00",
        "10:00",
    ]


def test_a_clock_that_stays_is_told_without_its_distance(gateway: GatewayFile) -> None:
    snapshot = read(gateway)
    assert not [text for text in times(snapshot.stats.trend(DAY), snapshot) if "UTC" in text]


# With its periods and its table


def button(view: TrendView, text: str) -> QPushButton:
    return next(one for one in view.findChildren(QPushButton) if one.text().replace("&", "") == text)


def lines(view: TrendView) -> list[list[str]]:
    items = [[view.table.item(row, i) for i in range(5)] for row in range(view.table.rowCount())]
    return [[item.text() for item in row if item is not None] for row in items]


def test_the_table_says_the_same_and_is_copied(qtbot: QtBot, gateway: GatewayFile, view: TrendView) -> None:
    log(gateway, NOW, (timedelta(minutes=30), 3, 1), (timedelta(hours=20), 1, 0))
    view.show_snapshot(read(gateway))
    assert not view.table.isVisible()
    QTest.mouseClick(button(view, "As table"), Qt.MouseButton.LeftButton)
    assert view.table.isVisible()
    assert lines(view)[-1] == ["Sum", "5", "4", "1", "80.0 %"]
    assert ["11:30–12:00", "4", "3", "1", "75.0 %"] in lines(view)
    assert len(lines(view)) == 50
    view.table.selectRow(49)
    view.activateWindow()
    view.table.setFocus()
    qtbot.waitUntil(view.table.hasFocus)
    QTest.keyClick(view.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "Time\tCalls\tSuccessful\tFailed\tSuccess\nSum\t5\t4\t1\t80.0 %"
    view.table.clearSelection()
    view.table.copy()
    assert len(QGuiApplication.clipboard().text().splitlines()) == 51
    QGuiApplication.clipboard().clear()


def test_another_period_by_mouse_and_by_keyboard(qtbot: QtBot, gateway: GatewayFile, view: TrendView) -> None:
    log(gateway, NOW, (timedelta(minutes=30), 3, 0), (timedelta(hours=5), 2, 1))
    view.show_snapshot(read(gateway))
    assert view.period == DAY
    with qtbot.waitSignal(view.period_chosen) as chosen:
        QTest.mouseClick(button(view, "1 h"), Qt.MouseButton.LeftButton)
    assert chosen.args == [HOUR]
    assert lines(view)[-1][1] == "3"
    assert len(lines(view)) == 62
    assert view.chart.accessibleName() == view.table.accessibleName() == "Calls over time: The last hour"
    with qtbot.waitSignal(view.period_chosen) as chosen:
        QTest.keyClick(button(view, "1 h"), Qt.Key.Key_Right)
    assert chosen.args == [8 * HOUR]
    assert lines(view)[-1][1] == "6"


def test_the_trend_of_one_key(qtbot: QtBot, gateway: GatewayFile) -> None:
    log(gateway, NOW, (HOUR, 3, 0))
    gateway.call(key(1), (NOW - HOUR).replace(tzinfo=None))
    view = TrendView(key(1))
    view.show()
    view.show_snapshot(read(gateway))
    assert lines(view)[-1][1] == "1"
    view.close()
    view.deleteLater()


@pytest.mark.parametrize(
    ("known_since", "period", "is_all"),
    [(None, HOUR, False), (NOW - 2 * HOUR, 8 * HOUR, False), (NOW - 2 * HOUR, HOUR, True), (NOW - DAY, DAY, True)],
    ids=str,
)
def test_while_the_log_is_read_the_sum_says_whether_it_is_all(
    gateway: GatewayFile, view: TrendView, known_since: datetime | None, period: timedelta, is_all: bool
) -> None:
    log(gateway, NOW, (timedelta(minutes=5), 3, 1))
    view.set_period(period)
    view.show_snapshot(replace(read(gateway), loading=Loading(4, 0.5, known_since)))
    said = [label.text() for label in view.findChildren(QLabel)]
    assert "4 calls, 1 failed" + ("" if is_all else " so far (older ones are being read)") in said


def test_a_hidden_view_computes_nothing_until_it_is_seen(gateway: GatewayFile, view: TrendView) -> None:
    log(gateway, NOW, (HOUR, 3, 0))
    view.hide()
    view.show_snapshot(read(gateway))
    assert lines(view) == []
    view.show()
    assert lines(view)[-1][1] == "3"
    view.clear()
    assert lines(view) == []
    assert view.chart.message == "Reading the log…"


@pytest.mark.parametrize("row", [0, 48, 49])
def test_the_first_and_the_last_line_stay_selected_too(gateway: GatewayFile, view: TrendView, row: int) -> None:
    log(gateway, NOW, (timedelta(hours=2), 1, 0))
    view.show_snapshot(read(gateway))
    view.table.selectRow(row)
    view.show_snapshot(read(gateway, NOW + timedelta(seconds=5)))
    assert {index.row() for index in view.table.selectedIndexes()} == {row}


def test_the_selected_line_stays_and_nothing_scrolls(qtbot: QtBot, gateway: GatewayFile, view: TrendView) -> None:
    log(gateway, NOW, (timedelta(hours=2), 1, 0))
    view.show_snapshot(read(gateway))
    button(view, "As table").click()
    bar = view.table.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 300)
    view.table.selectRow(20)
    bar.setValue(200)
    chosen = lines(view)[20][0]
    # The next bucket has begun, and the oldest is the last one of the same time as before.
    view.show_snapshot(read(gateway, NOW + timedelta(minutes=20)))
    (row,) = {index.row() for index in view.table.selectedIndexes()}
    assert lines(view)[row][0] == chosen
    assert row == view.table.currentRow() == 19
    assert bar.value() == 200
