"""The bar chart: lengths that are right to the pixel, readable by keyboard and by screen readers."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage, QTextDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from keymon.gui.charts import ModelChart, describe, split_bar
from keymon.gui.theme import failure_colour, success_colour
from keymon.gui.translation import plain_tip, shown_model
from keymon.stats import CallCount, ModelCalls
from tests.gateway_file import key
from tests.gui.conftest import Bench, call

ROWS = (
    ModelCalls("gemini-2.5-flash", CallCount(60, 20)),
    ModelCalls("gemini-2.5-pro", CallCount(40, 0)),
    ModelCalls(None, CallCount(0, 20)),
)
HOSTILE = {
    "markup": "<b>x</b><img src=y>",
    "right-to-left": "gemini\u202eflash",
    "newline": "one\ntwo",
    "NUL": "a\0b",
    "emoji": "😀",
    "1 MB": "x" * 1_000_000,
}


@pytest.fixture
def chart(qtbot: QtBot) -> Iterator[ModelChart]:
    made = ModelChart()
    made.resize(700, 400)
    made.show()
    qtbot.waitExposed(made)
    yield made
    QToolTip.hideText()
    made.close()
    made.deleteLater()


@pytest.mark.parametrize(
    ("length", "success", "failure", "parts"),
    [
        (100, 3, 1, (75, 25)),
        (100, 5, 0, (100, 0)),
        (100, 0, 5, (0, 100)),
        (100, 999_999, 1, (98, 2)),  # a single failure can be seen
        (100, 1, 999_999, (2, 99.9999)),
        (0.01, 1, 1, (2, 2)),
        (100, 0, 0, (0, 0)),
    ],
)
def test_bars_are_split_by_outcome(length: float, success: int, failure: int, parts: tuple[float, float]) -> None:
    assert split_bar(length, CallCount(success, failure)) == pytest.approx(parts)


def run(image: QImage, y: int, colour: QColor) -> int:
    """Return how many pixels of a line have a colour."""
    return sum(image.pixelColor(x, y) == colour for x in range(image.width()))


def middles(chart: ModelChart, rows: int) -> list[int]:
    pitch = (chart.sizeHint().height() - ModelChart().sizeHint().height()) // rows
    top = ModelChart().sizeHint().height() - 4
    return [top + pitch * i + pitch // 2 for i in range(rows)]


def test_bars_are_drawn_to_one_scale(chart: ModelChart) -> None:
    chart.set_rows(ROWS)
    image = chart.grab().toImage()
    first, second, third = middles(chart, 3)
    success, failure = success_colour(chart.palette()), failure_colour(chart.palette())
    longest = run(image, first, success)
    assert longest > 200
    assert run(image, second, success) == pytest.approx(longest * 40 / 60, abs=2)
    assert run(image, second, failure) == 0
    assert run(image, third, success) == 0
    # Failures are hatched, so some of their pixels have another colour; both stretches are 20 calls long.
    assert 0 < run(image, third, failure) < longest / 3
    assert run(image, first, failure) == pytest.approx(run(image, third, failure), abs=4)


def test_bars_follow_the_theme(chart: ModelChart) -> None:
    chart.set_rows(ROWS)
    palette = chart.palette()
    palette.setColor(palette.ColorRole.Window, QColor("black"))
    chart.setPalette(palette)
    assert run(chart.grab().toImage(), middles(chart, 3)[0], QColor("#5aa9e6")) > 200


def tip_at(chart: ModelChart, y: int) -> str:
    position = QPoint(50, y)
    QApplication.sendEvent(chart, QHelpEvent(QEvent.Type.ToolTip, position, chart.mapToGlobal(position)))
    return QToolTip.text()


def plain(rich: str) -> str:
    document = QTextDocument()
    document.setHtml(rich)
    return document.toPlainText()


def test_the_pointer_and_the_keyboard_find_each_bar(qtbot: QtBot, chart: ModelChart) -> None:
    chart.set_rows(ROWS)
    for y, row in zip(middles(chart, 3), ROWS, strict=True):
        assert plain(tip_at(chart, y)) == describe(row)
    QTest.mouseClick(chart, Qt.MouseButton.LeftButton, pos=QPoint(50, middles(chart, 3)[2]))
    assert chart.current == 2
    chart.activateWindow()
    chart.setFocus(Qt.FocusReason.TabFocusReason)
    walk = [(Qt.Key.Key_Home, 0), (Qt.Key.Key_Up, 0), (Qt.Key.Key_Down, 1), (Qt.Key.Key_End, 2), (Qt.Key.Key_Down, 2)]
    for pressed, current in walk:
        QTest.keyClick(chart, pressed)
        assert chart.current == current
        assert plain(QToolTip.text()) == describe(ROWS[current])


def test_focus_by_tab_begins_at_the_first_bar_and_is_seen(qtbot: QtBot, chart: ModelChart) -> None:
    chart.set_rows(ROWS)
    chart.activateWindow()
    qtbot.waitUntil(chart.hasFocus)
    assert chart.current == -1  # a window that is merely opened points at nothing
    chart.clearFocus()
    without = chart.grab().toImage()
    chart.setFocus(Qt.FocusReason.TabFocusReason)
    assert chart.current == 0
    assert chart.grab().toImage() != without


def test_keys_do_nothing_without_bars(qtbot: QtBot, chart: ModelChart) -> None:
    QTest.keyClick(chart, Qt.Key.Key_Down)
    assert chart.current == -1
    chart.set_rows(ROWS)
    QTest.keyClick(chart, Qt.Key.Key_End)
    chart.set_rows(ROWS[:1])
    assert chart.current == 0
    chart.set_rows(())
    assert chart.current == -1
    chart.grab()


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_model_name_is_shown_to_the_letter(chart: ModelChart, name: str) -> None:
    row = ModelCalls(name, CallCount(1, 1))
    chart.set_rows([row])
    chart.grab()
    tip = tip_at(chart, middles(chart, 1)[0])
    assert plain(tip) == describe(row)
    assert tip == plain_tip(describe(row))
    for text in (shown_model(name), chart.accessibleDescription()):
        assert len(text) < 400
        assert not {"\n", "\0", "\u202e"} & set(text)
    assert "<b>" not in tip


@pytest.mark.parametrize(
    ("model", "text"), [(None, "(unknown)"), ("", "(empty)"), ("  ", "(blank)"), ("\u202e", "\\u202e"), ("m", "m")]
)
def test_every_model_has_a_name_to_show(model: str | None, text: str) -> None:
    assert shown_model(model) == text


def test_says_it_in_words(chart: ModelChart) -> None:
    chart.set_rows(ROWS)
    assert chart.accessibleName() == "Calls per model"
    assert chart.accessibleDescription() == (
        "gemini-2.5-flash: 80 calls, 60 successful, 20 failed (75.0 % success); "
        "gemini-2.5-pro: 40 calls, 40 successful, 0 failed (100.0 % success); "
        "(unknown): 20 calls, 0 successful, 20 failed (0.0 % success)"
    )


def test_the_bars_of_a_key_sum_to_its_calls(bench: Bench) -> None:
    gateway = bench.gateway()
    for times, model in ((5, "a"), (3, None), (2, ""), (1, "<b>")):
        call(gateway, 0, times, model=model)
        call(gateway, 0, times, model=model, status=None)
    figures = bench.follow(gateway).keys[0]
    dialog = bench.window.open_details(key(0))
    description = dialog.chart.accessibleDescription()
    assert "(unknown): 6 calls" in description
    totals = [int(part.split(": ")[1].split()[0]) for part in description.split("; ")]
    assert totals == [10, 6, 4, 2]
    assert sum(totals) == figures.calls_24h.total == 22
