"""The main window on real gateway files: what it shows, what it survives, what it remembers, what it keeps secret."""

import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, QModelIndex, QObject, QProcess, QSettings, Qt
from PySide6.QtGui import QAccessible, QAction, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QDialog,
    QLabel,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from keymon.errors import ClockAssumedNotice, EnvFileError, NumberUnreadableNotice
from keymon.gui.banner import Banner
from keymon.gui.key_columns import MODEL_COLUMN
from keymon.gui.main_window import MainWindow
from keymon.gui.panels import KINDS
from keymon.gui.poller import Source
from keymon.gui.summary import Card
from keymon.masking import mask_key
from tests.gateway_file import key
from tests.gui.conftest import Bench, MakeWindow, call, focused, invalidate, mend, select

DASH = "–"


def figures(window: MainWindow) -> list[str]:
    strip = window.summary
    cards = (strip.total, strip.valid, strip.invalid, strip.minute, strip.hour, strip.day, strip.month)
    return [card.figure for card in cards]


def status_line(window: MainWindow) -> str:
    return "\n".join(label.text() for label in window.statusBar().findChildren(QLabel))


def headings(window: MainWindow) -> list[str]:
    labels = [label for label in window.panel.splitter.findChildren(QLabel) if label.text()]
    return [label.text() for label in sorted(labels, key=lambda label: label.mapTo(window, label.pos()).y())]


def click(bench: Bench, text: str) -> None:
    found = [one for one in bench.window.findChildren(QPushButton) if one.text().replace("&", "") == text]
    QTest.mouseClick(next(one for one in found if one.isVisible()), Qt.MouseButton.LeftButton)


# Figures


def test_the_window_shows_before_anything_is_opened(bench: Bench) -> None:
    gateway = bench.gateway()
    QApplication.processEvents()
    assert bench.window.isVisible()
    assert bench.opened == []
    bench.follow(gateway)
    assert bench.opened == [gateway.path]


def test_first_figures(bench: Bench) -> None:
    gateway = bench.gateway(5)
    call(gateway, 1, 16, ago=timedelta(days=40))
    call(gateway, 1, 8, ago=timedelta(days=3))
    call(gateway, 1, 4, ago=timedelta(hours=23))
    call(gateway, 1, 1, ago=timedelta(minutes=30), status=429)
    invalidate(gateway, 4)
    call(gateway, 0, 2, ago=timedelta(seconds=50))
    assert figures(bench.window) == [DASH] * 7
    bench.follow(gateway)
    assert figures(bench.window) == ["5", "4", "1", "5", "6", "10", "18"]
    assert headings(bench.window) == ["Valid keys (4)", "Invalid keys (1)"]
    assert bench.window.panel.invalid.keys.key_at(0).key == key(4)
    assert bench.window.windowTitle() == "gateway.db – keymon"
    assert "gateway.db (read-only)" in status_line(bench.window)
    assert "Gateway's zone" in status_line(bench.window)
    assert not bench.window.banner.isVisible()


def test_loading_is_told(bench: Bench) -> None:
    progress = bench.window.statusBar().findChild(QProgressBar)
    assert isinstance(progress, QProgressBar)
    with bench.qtbot.waitSignal(bench.poller.refreshed):
        bench.window.follow(bench.source(bench.gateway().path))
        assert progress.isVisible()
        assert bench.window.panel.valid.placeholder == "Reading the gateway's database…"
        assert "no data yet" in status_line(bench.window)
    assert not progress.isVisible()
    assert "Updated" in status_line(bench.window)


def test_new_calls_appear_within_one_refresh_and_nothing_moves(bench: Bench) -> None:
    gateway = bench.gateway(100)
    bench.follow(gateway)
    table = bench.window.panel.valid
    bench.scroll(table, 400)
    select(table, table.rowAt(0) + 2)
    chosen = table.selected_keys()[0].key
    position = table.verticalScrollBar().value()
    call(gateway, int(chosen[-4:]), 3)
    bench.refresh()
    assert [(one.key, one.calls_24h.total) for one in table.selected_keys()] == [(chosen, 3)]
    assert table.verticalScrollBar().value() == position > 0
    assert figures(bench.window)[5] == "3"


def test_keys_change_tables_with_their_verdict(bench: Bench) -> None:
    gateway = bench.gateway(4)
    bench.follow(gateway)
    assert headings(bench.window) == ["Valid keys (4)", "Invalid keys (0)"]
    invalidate(gateway, 1, 2)
    bench.refresh()
    assert headings(bench.window) == ["Valid keys (2)", "Invalid keys (2)"]
    mend(gateway, 2)
    bench.refresh()
    assert headings(bench.window) == ["Valid keys (3)", "Invalid keys (1)"]


def test_search_counts_what_it_shows(bench: Bench) -> None:
    bench.follow(bench.gateway(12))
    QTest.keyClicks(bench.window.panel.search, "0007")
    assert headings(bench.window) == ["Valid keys (1 / 12)", "Invalid keys (0)"]
    assert bench.window.panel.valid.placeholder == ""
    bench.window.panel.search.setText("nothing")
    assert bench.window.panel.valid.placeholder == "No key here matches the search"
    assert bench.window.panel.invalid.placeholder == "No key is invalid"


def test_an_empty_pool_says_so(bench: Bench) -> None:
    bench.follow(bench.gateway(0))
    assert figures(bench.window)[:3] == ["0", "0", "0"]
    assert bench.window.panel.valid.placeholder == "The gateway's key pool is empty"


def test_a_refresh_by_hand(bench: Bench) -> None:
    gateway = bench.gateway()
    bench.follow(gateway)
    call(gateway, 0)
    with bench.qtbot.waitSignal(bench.poller.refreshed):
        click(bench, "Refresh")
    assert figures(bench.window)[5] == "1"
    call(gateway, 0)
    with bench.qtbot.waitSignal(bench.poller.refreshed):
        action(bench.window, "Refresh now").trigger()
    assert figures(bench.window)[5] == "2"


def test_pause_and_resume(bench: Bench) -> None:
    gateway = bench.gateway()
    bench.follow(gateway)
    click(bench, "Pause")
    assert bench.poller.paused
    assert action(bench.window, "Pause refreshing").isChecked()
    assert "Paused" in status_line(bench.window)
    call(gateway, 0)
    bench.refresh()
    assert figures(bench.window)[5] == "1"
    assert bench.poller.paused
    call(gateway, 0)
    with bench.qtbot.waitSignal(bench.poller.refreshed):
        click(bench, "Resume")
    assert figures(bench.window)[5] == "2"
    assert not action(bench.window, "Pause refreshing").isChecked()


# What goes wrong


def test_a_replaced_file_is_found(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0, 7)
    bench.follow(gateway)
    other = bench.gateway(8, name="other.db")
    call(other, 5, 2)
    other.path.replace(gateway.path)
    bench.refresh()
    assert figures(bench.window)[:1] + figures(bench.window)[5:6] == ["8", "2"]


def test_a_key_list_that_becomes_unreadable_keeps_the_keys_and_says_so(bench: Bench) -> None:
    gateway = bench.gateway(3)
    bench.follow(gateway)
    gateway.setting("API_KEYS", "[" * 100_000)
    bench.refresh()
    assert figures(bench.window)[0] == "3"
    assert "The keys read before are still shown" in bench.window.banner.text


def test_notices_stand_beside_the_figures(bench: Bench) -> None:
    bench.follow(bench.gateway(2, MAX_FAILURES="<b>three</b>"))
    assert "MAX_FAILURES is “<b>three</b>”" in bench.window.banner.text
    assert all(one.textFormat() == Qt.TextFormat.PlainText for one in bench.window.banner.findChildren(QLabel)[1:])
    assert figures(bench.window)[0] == "2"
    assert not any(one.isVisible() for one in bench.window.banner.findChildren(QPushButton))


def test_several_notices_are_told_one_a_line(qtbot: QtBot) -> None:
    banner = Banner()
    notices = [ClockAssumedNotice(zone="UTC"), NumberUnreadableNotice(setting="MAX_FAILURES", value="x", default=3)]
    banner.show_notices(notices)
    assert banner.text.splitlines()[0] == "2 things are not as they should be"
    assert [line[:2] for line in banner.text.splitlines()[1:]] == ["• ", "• "]
    banner.show_notices([])
    assert not banner.isVisible()
    banner.deleteLater()


def test_a_fault_of_our_own_is_called_one_and_shows_no_secret(bench: Bench) -> None:
    def broken() -> None:
        raise RuntimeError(key(0))

    with bench.qtbot.waitSignal(bench.poller.failed):
        bench.window.follow(Source("x", broken))  # type: ignore[arg-type]
    assert "a fault of its own (RuntimeError)" in bench.window.banner.text
    assert key(0) not in bench.window.banner.text


def test_what_cannot_be_opened_is_told_in_a_dialog(bench: Bench) -> None:
    bench.window.show_problem(EnvFileError(path="<b>.env", reason="there is no such file"))
    box = bench.window.findChild(QMessageBox)
    assert isinstance(box, QMessageBox)
    assert box.text() == "<b>.env: there is no such file"
    assert box.textFormat() == Qt.TextFormat.PlainText
    box.close()


# A gateway that writes meanwhile

WRITER = """
import sqlite3, sys
path, api_key, calls = sys.argv[1], sys.argv[2], int(sys.argv[3])
connection = sqlite3.connect(path, isolation_level=None, timeout=5)
for number in range(calls):
    connection.execute(
        "INSERT INTO t_request_log (request_time, model_name, api_key, is_success, status_code, latency_ms)"
        " VALUES ('2026-11-23 11:59:00.000000', ?, ?, 1, 200, 10)",
        (f"call-{number}", api_key),
    )
"""


def test_a_gateway_that_writes_loses_nothing_and_the_window_shows_it_all(bench: Bench) -> None:
    gateway = bench.gateway(100)
    bench.follow(gateway)
    table = bench.window.panel.valid
    bench.scroll(table, 500)
    select(table, table.rowAt(0) + 1)
    chosen, position = table.selected_keys()[0].key, table.verticalScrollBar().value()
    refreshes: list[object] = []
    bench.poller.refreshed.connect(refreshes.append)
    again = (bench.poller.refreshed, bench.poller.failed)
    for signal in again:
        signal.connect(bench.poller.refresh)
    writer = QProcess()
    with bench.qtbot.waitSignal(writer.finished, timeout=60_000):
        bench.poller.refresh()
        writer.start(sys.executable, ["-c", WRITER, str(gateway.path), chosen, "300"])
    for signal in again:
        signal.disconnect(bench.poller.refresh)
    bench.refresh()  # that which is under way
    bench.refresh()
    assert (writer.exitCode(), bytes(writer.readAllStandardError().data())) == (0, b"")
    written = [row[0] for row in gateway.connection.execute("SELECT model_name FROM t_request_log ORDER BY id")]
    assert written == [f"call-{number}" for number in range(300)]
    assert len(refreshes) > 2
    assert [(one.key, one.calls_24h.total) for one in table.selected_keys()] == [(chosen, 300)]
    assert {row.model for row in bench.snapshot.stats.usage(chosen)} == set(written)
    assert table.verticalScrollBar().value() == position > 0
    assert sorted(path.name for path in gateway.path.parent.glob("gateway*")) == ["gateway.db"]
    writer.deleteLater()


# What is remembered


def test_geometry_splitter_and_columns_are_remembered_and_nothing_else(
    bench: Bench, make_window: MakeWindow, settings: QSettings
) -> None:
    bench.follow(bench.gateway())
    window = bench.window
    window.resize(780, 640)
    window.panel.splitter.setSizes([100, 300])
    window.panel.valid.setColumnWidth(0, 177)
    window.panel.invalid.sortByColumn(3, Qt.SortOrder.DescendingOrder)
    sizes = window.panel.splitter.sizes()
    window.panel.search.setText(key(0))
    window.close()
    settings.sync()
    assert sorted(settings.allKeys()) == [
        "geometry",
        "invalid_sorted",
        "invalid_table",
        "panel",
        "splitter",
        "valid_sorted",
        "valid_table",
    ]
    stored = Path(settings.fileName()).read_bytes() + b"".join(
        bytes(value.data()) for name in settings.allKeys() if isinstance(value := settings.value(name), QByteArray)
    )
    assert b"AIza" not in stored
    assert b"gateway" not in stored
    again, _ = make_window()
    again.show_gateway("x")
    QApplication.processEvents()
    assert (again.width(), again.height()) == (780, 640)
    assert again.panel.splitter.sizes() == pytest.approx(sizes, abs=2)
    assert again.panel.valid.columnWidth(0) == 177
    assert again.panel.invalid.horizontalHeader().sortIndicatorSection() == 3


@pytest.mark.parametrize("value", ["nonsense", 7, ["a"], b"\0\1\2"])
def test_settings_that_are_damaged_are_ignored(make_window: MakeWindow, settings: QSettings, value: object) -> None:
    for name in ("geometry", "splitter", "valid_table", "invalid_table", "valid_sorted"):
        settings.setValue(name, value)
    settings.sync()
    window, _ = make_window()
    assert window.width() == 1120
    assert window.panel.valid.header.shown() == [0, 1, 2, 3, 4, 5, MODEL_COLUMN]


# What is kept secret


def said(root: QObject) -> Iterator[str]:
    """Yield whatever a widget or one of those in it shows, tells, or gives to a screen reader."""
    for one in (root, *root.findChildren(QObject)):
        if isinstance(one, QWidget):
            yield from (one.windowTitle(), one.toolTip(), one.statusTip(), one.whatsThis(), one.objectName())
            yield from (one.accessibleName(), one.accessibleDescription(), one.windowIconText())
            interface = QAccessible.queryAccessibleInterface(one)
            if interface is not None:
                yield from (interface.text(kind) for kind in (QAccessible.Text.Name, QAccessible.Text.Value))
                yield interface.text(QAccessible.Text.Description)
        if isinstance(one, QLabel):
            yield one.text()
        if isinstance(one, QAction):
            yield from (one.text(), one.toolTip())
        if isinstance(one, QAbstractItemView):
            yield from cells(one)


def cells(view: QAbstractItemView) -> Iterator[str]:
    model = view.model()
    for row in range(model.rowCount(QModelIndex())):
        for column in range(model.columnCount(QModelIndex())):
            yield from (str(model.index(row, column).data(role)) for role in Qt.ItemDataRole)


def test_keys_are_nowhere_unmasked_until_one_is_revealed(bench: Bench) -> None:
    gateway = bench.gateway(4)
    call(gateway, 0, 3)
    invalidate(gateway, 3)
    gateway.error(key(3), "2026-11-23 11:59:02.000000", f"the key {key(3)} is not valid", 400)
    bench.follow(gateway)
    windows: list[QWidget] = [bench.window, *(bench.window.open_details(key(number)) for number in (0, 3))]
    bench.settle()
    select(bench.window.panel.valid, 0)
    everything = [text for one in windows for text in said(one)]
    assert any(mask_key(key(0)) in text for text in everything)
    assert any("is not valid" in text for text in everything)
    assert not [text for text in everything for number in range(4) if key(number) in text]
    QTest.mouseClick(
        next(one for one in windows[1].findChildren(QPushButton) if one.text() == "&Reveal"), Qt.MouseButton.LeftButton
    )
    revealed = [text for text in said(windows[1]) if key(0) in text]
    assert set(revealed) == {key(0)}


# Keyboard and menus


def action(window: MainWindow, text: str) -> QAction:
    found = [one for one in window.findChildren(QAction) if one.text().replace("&", "") == text]
    assert len(found) == 1, text
    return found[0]


def test_no_shortcut_is_taken_twice(bench: Bench) -> None:
    menus = [
        one for one in bench.window.findChildren(QAction) if one.shortcutContext() != Qt.ShortcutContext.WidgetShortcut
    ]
    taken = [shortcut.toString() for one in menus for shortcut in one.shortcuts()]
    assert len(taken) == len(set(taken))
    assert {"F5", "Ctrl+F", "Ctrl+P", "Ctrl+O", "Ctrl+E", "Ctrl+Q", "F1"} <= set(taken)


def test_search_by_shortcut(bench: Bench) -> None:
    bench.follow(bench.gateway())
    bench.window.activateWindow()
    bench.qtbot.waitUntil(bench.window.isActiveWindow)
    bench.window.panel.search.setText("abc")
    bench.qtbot.keySequence(bench.window, QKeySequence(QKeySequence.StandardKey.Find))
    assert bench.window.panel.search.hasFocus()
    assert bench.window.panel.search.selectedText() == "abc"


def test_every_part_can_be_reached_by_tab_from_top_to_bottom(bench: Bench) -> None:
    bench.follow(bench.gateway())
    window = bench.window
    window.activateWindow()
    window.panel.search.setFocus()
    bench.qtbot.waitUntil(window.panel.search.hasFocus)
    order = []
    for _ in range(7):
        QTest.keyClick(focused(), Qt.Key.Key_Tab)
        order.append(focused())
    assert [getattr(one, "text", one.objectName)() for one in order] == [
        "Filter…",
        "Pause",
        "Refresh",
        "Columns…",
        "valid",
        "Columns…",
        "invalid",
    ]


def test_every_widget_that_takes_the_focus_has_a_name(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0)
    bench.follow(gateway)
    for root in (bench.window, bench.window.open_details(key(0))):
        for one in root.findChildren(QWidget):
            if one.focusPolicy() & Qt.FocusPolicy.TabFocus and one.isVisible():
                interface = QAccessible.queryAccessibleInterface(one)
                assert interface is not None
                assert interface.text(QAccessible.Text.Name), one


@pytest.mark.parametrize("entry", ["Keyboard shortcuts", "About keymon"])
def test_help_opens_and_closes_by_escape(bench: Bench, entry: str) -> None:
    action(bench.window, entry).trigger()
    dialog = bench.window.findChild(QDialog)
    assert isinstance(dialog, QDialog)
    assert dialog.isVisible()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_shortcuts_that_are_listed_exist(bench: Bench) -> None:
    bench.window.switcher.show_profiles([("Production", "red")], "")
    bench.follow(bench.gateway())
    for kind in KINDS:
        bench.window.panels.show_panel(kind.name)
    action(bench.window, "Keyboard shortcuts").trigger()
    dialog = bench.window.findChild(QDialog)
    assert isinstance(dialog, QDialog)
    listed = {label.text() for label in dialog.findChildren(QLabel) if label.font().bold()}
    real = {shortcut.toString() for one in bench.window.findChildren(QAction) for shortcut in one.shortcuts()}
    assert listed - {"Esc", "Enter", "Ctrl+PgUp, Ctrl+PgDown", "Shift+click", "Arrows, Home, End"} <= real
    assert real - {"Return", "Enter", "F1", "Ctrl+Shift+C"} - listed == set()
    dialog.close()


def test_the_theme_can_be_changed(bench: Bench) -> None:
    bench.follow(bench.gateway())
    light = bench.window.grab().toImage()
    action(bench.window, "Dark").trigger()
    QApplication.processEvents()
    assert bench.window.grab().toImage().pixelColor(2, 400).lightness() < 80
    action(bench.window, "Light").trigger()
    QApplication.processEvents()
    assert bench.window.grab().toImage().pixelColor(2, 400) == light.pixelColor(2, 400)


def test_a_narrow_window_is_possible(bench: Bench) -> None:
    gateway = bench.gateway(3)
    call(gateway, 0, 11_000, status=500, ago=timedelta(seconds=50))
    bench.follow(gateway)
    for card in bench.window.summary.findChildren(Card):
        assert card.minimumSizeHint().width() < 120
    bench.window.resize(700, 560)
    QApplication.processEvents()
    assert bench.window.width() == 700
    assert bench.window.panel.valid.horizontalScrollBar().maximum() == 0
    # What a card has no room for is in its tooltip.
    assert bench.window.summary.minute.toolTip().splitlines()[1] == "11,000 failed, 0.0 % ok"
