"""The panels behind tabs: built when they are first seen, given figures only while they are, and remembered."""

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QMenu, QMenuBar, QPushButton, QTabBar, QWidget

from keymon.gui.attention_panel import AttentionPanel
from keymon.gui.calls_panel import CallsPanel
from keymon.gui.errors_panel import ErrorsPanel
from keymon.gui.panels import KEYS, KINDS
from keymon.gui.quality_panel import QualityPanel
from keymon.gui.theme import theme_of
from keymon.gui.trend_panel import TrendPanel
from keymon.trend import HOUR
from tests.gateway_file import key
from tests.gui.conftest import Bench, MakeWindow, call, focused, invalidate, select

OTHERS = [kind.name for kind in KINDS if kind.name != KEYS]


def press(bench: Bench, shortcut: str) -> None:
    bench.window.activateWindow()
    bench.qtbot.waitUntil(bench.window.isActiveWindow)
    bench.qtbot.keySequence(bench.window, QKeySequence(shortcut))


def trend(bench: Bench) -> TrendPanel:
    panel = bench.window.panels.panel("trend")
    assert isinstance(panel, TrendPanel)
    return panel


def attention(bench: Bench) -> AttentionPanel:
    panel = bench.window.panels.panel("attention")
    assert isinstance(panel, AttentionPanel)
    return panel


def test_the_window_opens_with_the_keys_and_nothing_else_is_built(bench: Bench) -> None:
    bench.follow(bench.gateway())
    panels = bench.window.panels
    assert panels.current == KEYS
    assert bench.window.panel.isVisible()
    assert [name for name in OTHERS if panels.panel(name) is not None] == []


_LOADED = """
import sys
from PySide6.QtCore import QSettings
from keymon.gui.app import application
from keymon.gui.main_window import MainWindow
from keymon.gui.poller import Poller
application()
window = MainWindow(QSettings("unused.ini", QSettings.Format.IniFormat))
window.complete(Poller())
print(*sys.modules)
window.discard()
"""


def test_no_panel_is_imported_before_it_is_seen(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    environment = {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(root), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", _LOADED], capture_output=True, text=True, env=environment, cwd=tmp_path, check=True
    )
    loaded = set(done.stdout.split())
    assert "keymon.gui.panels" in loaded
    assert not loaded & {
        f"keymon.gui.{name}"
        for name in (
            "trend_panel",
            "trend_view",
            "attention_panel",
            "calls_panel",
            "errors_panel",
            "row_table",
            "quality_panel",
            "quality_words",
            "command_search",
        )
    }
    assert "numpy" not in loaded


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_panel_is_reached_by_its_shortcut_and_has_the_keyboard(bench: Bench, kind: object) -> None:
    bench.follow(bench.gateway())
    bench.window.panels.go_to("quality")
    name, shortcut = getattr(kind, "name", ""), getattr(kind, "shortcut", "")
    press(bench, shortcut)
    panel = bench.window.panels.panel(name)
    assert isinstance(panel, QWidget)
    assert bench.window.panels.current == name
    assert panel.isVisible()
    assert panel.isAncestorOf(focused())


def test_in_the_trend_the_chart_has_the_keyboard(bench: Bench) -> None:
    bench.window.activateWindow()
    bench.qtbot.waitUntil(bench.window.isActiveWindow)
    bench.window.panels.go_to("trend")
    panel = bench.window.panels.panel("trend")
    assert isinstance(panel, TrendPanel)
    assert focused() is panel.chart


def test_each_panel_is_in_the_view_menu_and_the_one_that_is_seen_is_marked(bench: Bench) -> None:
    bench.follow(bench.gateway())
    actions = {one.text(): one for one in bench.window.panels.view_actions}
    in_menus = [one for menu in bench.window.menuBar().actions() for one in _entries(menu)]
    assert set(actions.values()) <= set(in_menus)
    actions["Attention"].trigger()
    assert [text for text, one in actions.items() if one.isChecked()] == ["Attention"]
    bench.window.panels.bar.setCurrentIndex(0)
    assert [text for text, one in actions.items() if one.isChecked()] == ["Keys"]


def _entries(menu: QAction) -> list[QAction]:
    found = menu.menu()
    assert isinstance(found, QMenu)
    found.aboutToShow.emit()
    return found.actions()


def test_a_panel_that_is_opened_shows_what_is_known(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0, 3, status=429)
    bench.follow(gateway)
    bench.window.panels.go_to("attention")
    assert [(row.key, row.count) for row in attention(bench).rows] == [(key(0), 3)]


def test_only_the_panel_that_is_seen_is_given_figures(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = bench.gateway()
    call(gateway, 0, 3, status=429)
    bench.follow(gateway)
    for name in ("trend", "attention"):
        bench.window.panels.go_to(name)
    given: list[str] = []
    for panel in (trend(bench), attention(bench)):
        show = panel.show_snapshot

        def spy(snapshot: object, show: object = show, panel: QWidget = panel) -> None:
            given.append(type(panel).__name__)
            show(snapshot)  # type: ignore[operator]

        monkeypatch.setattr(panel, "show_snapshot", spy)
    call(gateway, 1, 4, status=429)
    bench.refresh()
    assert given == ["AttentionPanel"]
    assert [(row.key, row.count) for row in attention(bench).rows] == [(key(1), 4), (key(0), 3)]
    bench.window.panels.go_to(KEYS)
    bench.refresh()
    assert given == ["AttentionPanel"]
    bench.window.panels.go_to("trend")
    bench.window.panels.go_to(KEYS)
    bench.window.panels.go_to("trend")
    assert given == ["AttentionPanel", "TrendPanel"]


def test_another_gateway_leaves_nothing_of_the_first(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0, 3, status=429)
    bench.follow(gateway)
    bench.window.panels.go_to("quality")
    bench.window.panels.go_to("attention")
    bench.window.show_gateway("other.db")
    assert attention(bench).rows == []
    assert attention(bench).table.placeholder == "Reading the gateway's database…"
    bench.window.panels.go_to("quality")
    quality = bench.window.panels.panel("quality")
    assert isinstance(quality, QualityPanel)
    assert quality.headline == "Reading the gateway's database…"


def test_the_panel_that_was_seen_is_remembered_for_each_profile(
    bench: Bench, make_window: MakeWindow, settings: QSettings
) -> None:
    source = bench.source(bench.gateway().path)
    for profile, name in (("Production", "trend"), ("Staging", "quality")):
        bench.window.follow(source, profile)
        bench.window.panels.go_to(name)
    bench.window.follow(source, "Production")
    assert bench.window.panels.current == "trend"
    bench.window.close()
    again, _ = make_window()
    again.follow(source, "Staging")
    assert again.panels.current == "quality"
    again.follow(source, "Production")
    assert again.panels.current == "trend"


@pytest.mark.parametrize("value", ["nonsense", 7, ["a"], b"\0"])
def test_a_remembered_panel_that_does_not_exist_is_ignored(
    make_window: MakeWindow, settings: QSettings, value: object
) -> None:
    settings.setValue("panel", value)
    window, _ = make_window()
    assert window.panels.current == KEYS


def test_the_search_of_keys_leads_back_to_them(bench: Bench) -> None:
    bench.follow(bench.gateway())
    bench.window.panels.go_to("trend")
    press(bench, "Ctrl+F")
    assert bench.window.panels.current == KEYS
    assert bench.window.panel.search.hasFocus()


def test_the_switcher_stays_whichever_panel_is_seen(bench: Bench) -> None:
    bench.follow(bench.gateway())
    for kind in KINDS:
        bench.window.panels.go_to(kind.name)
        assert bench.window.switcher.button.isVisible()


def test_a_window_of_the_least_size_holds_every_panel(bench: Bench) -> None:
    bench.follow(bench.gateway())
    bench.window.resize(700, 560)
    for kind in KINDS:
        bench.window.panels.go_to(kind.name)
        bench.qtbot.wait(0)
        assert (bench.window.width(), bench.window.height()) == (700, 560), kind.name


def test_the_menu_of_the_selection_is_that_of_the_table_in_use(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0, 3, status=429)
    bench.follow(gateway)
    panels, window = bench.window.panels, bench.window
    assert panels.row_actions == window.panel.valid.actions()
    window.panel.invalid.setFocus()
    assert panels.row_actions == window.panel.invalid.actions()
    panels.go_to("attention")
    assert panels.row_actions == attention(bench).table.actions()
    panels.go_to("quality")
    assert panels.row_actions == []


@pytest.mark.parametrize("name", ["trend", "attention"])
def test_export_is_asked_for_with_the_name_of_the_panel(bench: Bench, name: str) -> None:
    bench.follow(bench.gateway())
    bench.window.panels.go_to(name)
    panel = bench.window.panels.panel(name)
    assert isinstance(panel, QWidget)
    button = next(one for one in panel.findChildren(QPushButton) if one.text().replace("&", "") == "Export…")
    with bench.qtbot.waitSignal(bench.window.export_wanted) as asked:
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert asked.args == [name]


@pytest.mark.parametrize("name", [KEYS, "trend", "errors"])
def test_the_menu_exports_the_panel_that_is_seen(bench: Bench, name: str) -> None:
    bench.follow(bench.gateway())
    bench.window.panels.go_to(name)
    with bench.qtbot.waitSignal(bench.window.export_wanted) as asked:
        press(bench, "Ctrl+Shift+E")
    assert asked.args == [name]


def test_calls_ask_the_worker_and_open_details(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0, status=429)
    gateway.error(key(0), "2026-11-23 11:59:00.000000", "quota exceeded", 429)
    bench.follow(gateway)
    bench.window.panels.go_to("calls")
    calls = bench.window.panels.panel("calls")
    assert isinstance(calls, CallsPanel)
    calls.details_wanted.emit(key(0))
    assert list(bench.window.details.dialogs) == [key(0)]
    calls.table.setCurrentIndex(calls.table.content.index(0, 0))
    calls.table.opened.emit(0)
    bench.qtbot.waitUntil(lambda: "quota exceeded" in calls.error.text.toPlainText())


def test_shortcuts_of_tables_work_while_the_menu_of_the_selection_holds_them(bench: Bench) -> None:
    bench.follow(bench.gateway())
    bench.window.panels.go_to("trend")
    bench.window.panels.go_to(KEYS)
    menu = next(one for one in bench.window.menuBar().actions() if one.text() == "&Selection")
    for _ in range(2):
        assert [one.text() for one in _entries(menu)] == [one.text() for one in bench.window.panels.row_actions]
    select(bench.window.panel.valid, 1)
    press(bench, "Ctrl+C")
    assert QGuiApplication.clipboard().text() == key(1)


def test_keys_that_are_copied_go_to_the_clipboard_that_forgets_them(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0, status=429)
    bench.follow(gateway)
    select(bench.window.panel.valid, 0)
    bench.window.panels.go_to("attention")
    attention(bench).table.selectRow(0)
    press(bench, "Ctrl+C")
    assert "leave the clipboard" in bench.window.status_line.currentMessage()


def test_the_filters_can_be_opened_from_any_panel(bench: Bench) -> None:
    bench.follow(bench.gateway())
    bench.window.panels.go_to("attention")
    press(bench, "Ctrl+Shift+F")
    assert bench.window.panels.current == KEYS
    assert bench.window.panel.filters.popup.isVisible()
    bench.window.panel.filters.popup.close()


def test_the_columns_of_the_table_in_use_can_be_chosen_from_any_panel(bench: Bench) -> None:
    bench.follow(bench.gateway())
    table = bench.window.panel.invalid
    bench.window.activateWindow()
    bench.qtbot.waitUntil(bench.window.isActiveWindow)
    table.setFocus()
    assert table.hasFocus()
    press(bench, "Ctrl+Shift+H")
    menu = table.header.findChild(QMenu, "columns")
    assert isinstance(menu, QMenu)
    assert menu.isVisible()
    menu.close()
    bench.window.panels.go_to("attention")
    press(bench, "Ctrl+Shift+H")
    assert bench.window.panels.current == KEYS
    menu = bench.window.panel.current_table.header.findChild(QMenu, "columns")
    assert isinstance(menu, QMenu)
    menu.close()


def test_what_was_chosen_in_a_panel_is_there_after_a_restart(bench: Bench, make_window: MakeWindow) -> None:
    gateway = bench.gateway()
    call(gateway, 0, status=403)
    bench.follow(gateway)
    for kind in KINDS:
        bench.window.panels.show_panel(kind.name)
    trend(bench).set_period(8 * HOUR)
    trend(bench).as_table.setChecked(True)
    status = attention(bench).status
    status.setCurrentIndex(next(i for i in range(status.count()) if status.itemText(i).startswith("400 ")))
    attention(bench).limit.setValue(7)
    calls, errors = bench.window.panels.panel("calls"), bench.window.panels.panel("errors")
    assert isinstance(calls, CallsPanel)
    assert isinstance(errors, ErrorsPanel)
    calls.period.setCurrentIndex(calls.period.findData(8))
    calls.ending.setText("0000")
    errors.filters.period.setCurrentIndex(errors.filters.period.findData(0))
    bench.window.close()
    panels = make_window()[0].panels
    for kind in KINDS:
        panels.show_panel(kind.name)
    chosen = {kind.name: getattr(panels.panel(kind.name), "choices", None) for kind in KINDS}
    assert chosen == {
        "keys": None,
        "trend": {"hours": 8, "as_table": True},
        "attention": {"status": 400, "limit": 7},
        "calls": {"hours": 8},
        "errors": {"hours": 0},
        "quality": None,
    }
    after = panels.panel("calls")
    assert isinstance(after, CallsPanel)
    assert after.ending.text() == "", "an ending of a key is not kept"


def test_damaged_choices_are_as_if_there_were_none(settings: QSettings, make_window: MakeWindow) -> None:
    for name, kept in (("trend", "{"), ("attention", '{"status": [], "limit": "x"}'), ("calls", "7"), ("errors", 7)):
        settings.setValue(f"choices/{name}", kept)
    panels = make_window()[0].panels
    for kind in KINDS:
        panels.show_panel(kind.name)
    panel = panels.panel("trend")
    assert isinstance(panel, TrendPanel)
    assert panel.choices == {"hours": 24, "as_table": False}


def test_where_nothing_is_known_every_panel_says_so(bench: Bench, tmp_path: Path) -> None:
    bench.fail(tmp_path / "nothing")
    panels = bench.window.panels
    for name in OTHERS:
        panels.show_panel(name)
        panel = panels.panel(name)
        assert panel is not None
        assert not panel.isVisible()
        assert "Nothing is known of the gateway yet" in [
            label.text() for label in panels.findChildren(QLabel) if label.isVisible()
        ]
    bench.follow(bench.gateway())
    panel = panels.panel(OTHERS[-1])
    assert panel is not None
    assert panel.isVisible()


@pytest.mark.parametrize(("name", "field"), [("calls", "Key or its ending"), ("errors", "Text")])
def test_a_panel_with_a_search_of_its_own_is_searched_by_it(bench: Bench, name: str, field: str) -> None:
    bench.follow(bench.gateway())
    bench.window.panels.go_to(name)
    press(bench, "Ctrl+F")
    assert bench.window.panels.current == name
    assert focused().accessibleName() == field
    bench.window.panels.go_to("trend")
    press(bench, "Ctrl+F")
    assert bench.window.panels.current == KEYS
    assert focused() is bench.window.panel.search


def test_the_theme_is_there_after_a_restart(bench: Bench, settings: QSettings, make_window: MakeWindow) -> None:
    dark = next(one for one in bench.window.findChildren(QAction) if one.text() == "D&ark")
    dark.trigger()
    bench.qtbot.waitUntil(lambda: theme_of(bench.window.palette()) == "dark")
    bench.window.close()
    after, _ = make_window()
    assert after.state.theme == "dark"
    assert next(one for one in after.findChildren(QAction) if one.text() == "D&ark").isChecked()
    next(one for one in after.findChildren(QAction) if one.text() == "As the &desktop").trigger()
    assert after.state.theme is None


def mnemonics(window: QWidget) -> list[str]:
    """Return the letters that are reached by Alt in a window, of all that can be seen."""
    texts = [one.text() for one in window.findChildren(QAbstractButton) if one.isVisible()]
    texts += [one.text() for one in window.findChildren(QLabel) if one.isVisible() and one.buddy()]
    for bar in window.findChildren(QMenuBar):
        texts += [one.text() for one in bar.actions()]
    for tabs in window.findChildren(QTabBar):
        texts += [tabs.tabText(i) for i in range(tabs.count()) if tabs.isVisible()]
    found = [QKeySequence.mnemonic(text).toString() for text in texts]
    return sorted(letter for letter in found if letter)


@pytest.mark.parametrize("name", ["attention", "calls", "errors"])
def test_no_letter_is_taken_twice(bench: Bench, name: str) -> None:
    gateway = bench.gateway()
    call(gateway, 0, status=429)
    gateway.error(key(0), "2026-11-23 11:59:00.000000", "quota exceeded", 429)
    bench.follow(gateway)
    bench.window.panels.go_to(name)
    letters = mnemonics_with_all(bench, bench.window)
    assert {"Alt+G", "Alt+V", "Alt+S", "Alt+H"} < set(letters)
    assert len(letters) == len(set(letters)), letters


@pytest.mark.parametrize("tab", [2, 3])
def test_no_letter_is_taken_twice_in_the_details(bench: Bench, tab: int) -> None:
    gateway = bench.gateway()
    call(gateway, 0, status=429)
    bench.follow(gateway)
    dialog = bench.window.open_details(key(0))
    dialog.tabs.setCurrentIndex(tab)
    letters = mnemonics_with_all(bench, dialog)
    assert {"Alt+R", "Alt+C", "Alt+E"} < set(letters)
    assert len(letters) == len(set(letters)), letters


def mnemonics_with_all(bench: Bench, window: QWidget) -> list[str]:
    """Show what is only seen at times in panels that browse, and return the letters."""
    bench.settle()
    for kind in (CallsPanel, ErrorsPanel):
        for panel in window.findChildren(kind):
            panel.newer.show()
            panel.error.show()
            if isinstance(panel, ErrorsPanel):
                panel.stop.show()
                panel.further.show()
                panel.all_messages.show()
    return mnemonics(window)


def test_an_error_without_a_space_leaves_the_window_as_wide_as_it_was(bench: Bench) -> None:
    gateway = bench.gateway()
    invalidate(gateway, 0)
    for seconds in range(3):
        gateway.error(key(0), f"2026-11-23 11:59:0{seconds}.000000", "x" * 3_000, 400)
    bench.follow(gateway)
    bench.window.panels.go_to("errors")
    errors = bench.window.panels.panel("errors")
    assert isinstance(errors, ErrorsPanel)
    bench.qtbot.waitUntil(lambda: errors.table.content.rowCount() == 3)
    width = bench.window.width()
    least = bench.window.minimumSizeHint().width()
    errors.groups.selectRow(0)
    errors.table.opened.emit(0)
    bench.qtbot.waitUntil(lambda: errors.error.reason.text().startswith("xxx"))
    dialog = bench.window.open_details(key(0))
    bench.qtbot.waitUntil(lambda: "xxx" in dialog.evidence)
    QApplication.processEvents()
    assert bench.window.width() == width
    assert bench.window.minimumSizeHint().width() == least
    assert dialog.minimumSizeHint().width() < 900
