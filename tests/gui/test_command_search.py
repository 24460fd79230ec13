"""The search of commands: everything in the menus, the profiles and the keys, without a mouse."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QMenu

from keymon.gui.command_search import CommandSearch
from keymon.masking import mask_key
from tests.gateway_file import key
from tests.gui.conftest import Bench, focused, select

Key = Qt.Key


def opened(bench: Bench) -> CommandSearch:
    bench.window.activateWindow()
    bench.qtbot.waitUntil(bench.window.isActiveWindow)
    bench.qtbot.keySequence(bench.window, QKeySequence("Ctrl+K"))
    found = [one for one in bench.window.findChildren(CommandSearch) if one.isVisible()]
    assert len(found) == 1
    assert found[0].field.hasFocus()
    return found[0]


def entries(menu: QMenu) -> list[QAction]:
    found: list[QAction] = []
    for action in menu.actions():
        inner = action.menu()
        found += entries(inner) if isinstance(inner, QMenu) else [action]
    return [one for one in found if not one.isSeparator()]


def test_all_that_the_menus_hold_is_listed_once(bench: Bench) -> None:
    bench.follow(bench.gateway())
    bench.window.switcher.show_profiles([("Production", "red"), ("R&D", "blue")], "")
    listed = opened(bench).texts
    ends = [text.split(" › ")[-1] for text in listed]
    menus = [menu for one in bench.window.menuBar().actions() if isinstance(menu := one.menu(), QMenu)]
    assert len(ends) == len({action for menu in menus for action in entries(menu)})
    assert "Gateway › Connections…" in listed
    assert "Gateway › Switch to › R&D" in listed
    assert {"Trend", "Data quality", "Quit", "Dark", "Keyboard shortcuts", "Copy keys in full"} <= set(ends)


def test_what_cannot_be_run_now_is_not_listed(bench: Bench) -> None:
    bench.follow(bench.gateway())
    action = bench.window.pause_action
    pause = f"View › {action.text()}".replace("&", "")
    search = opened(bench)
    assert [text for text in search.texts if text.endswith(pause.split(" › ")[1])]
    QTest.keyClick(search.field, Key.Key_Escape)
    action.setEnabled(False)
    bench.window.panels.go_to("calls")
    search = opened(bench)
    assert not [text for text in search.texts if text.endswith(pause.split(" › ")[1])]
    assert "Selection › Details of the key" in search.texts
    assert "Selection › Columns…" not in search.texts
    QTest.keyClick(search.field, Key.Key_Escape)


@pytest.mark.parametrize("text", ["dark theme", "theme dark", "THEME  daR"])
def test_words_are_found_in_any_order(bench: Bench, text: str) -> None:
    bench.follow(bench.gateway())
    search = opened(bench)
    QTest.keyClicks(search.field, text)
    assert search.texts == ["View › Theme › Dark"]


def test_enter_runs_what_is_chosen_and_arrows_choose(bench: Bench) -> None:
    bench.follow(bench.gateway())
    search = opened(bench)
    QTest.keyClicks(search.field, "view")
    place = search.texts.index("View › Attention")
    for _ in range(place):
        QTest.keyClick(search.field, Key.Key_Down)
    QTest.keyClick(search.field, Key.Key_Return)
    assert bench.window.panels.current == "attention"
    assert not search.isVisible()
    panel = bench.window.panels.panel("attention")
    assert panel is not None
    assert panel.isAncestorOf(focused())


def test_where_a_command_puts_the_keyboard_it_stays(bench: Bench) -> None:
    bench.follow(bench.gateway())
    bench.window.panel.valid.setFocus()
    search = opened(bench)
    search.field.setText("view › search")
    assert search.texts == ["View › Search"]
    QTest.keyClick(search.field, Key.Key_Return)
    assert focused() is bench.window.panel.search


def test_a_command_is_found_by_its_shortcut(bench: Bench) -> None:
    bench.follow(bench.gateway())
    search = opened(bench)
    QTest.keyClicks(search.field, "alt+6")
    assert search.texts == ["View › Data quality"]


def test_a_key_is_found_by_its_ending_and_its_details_open(bench: Bench) -> None:
    bench.follow(bench.gateway(30))
    search = opened(bench)
    QTest.keyClicks(search.field, "xx0017")
    assert search.texts == [f"Details of {mask_key(key(17))}"]
    assert key(17) not in "".join(search.texts)
    QTest.keyClick(search.field, Key.Key_Enter)
    assert list(bench.window.details.dialogs) == [key(17)]


def test_words_beside_an_ending_must_be_found_too(bench: Bench) -> None:
    bench.follow(bench.gateway(30))
    search = opened(bench)
    search.field.setText("7 details")
    assert search.texts == [f"Details of {mask_key(key(n))}" for n in (7, 17, 27)]
    for text in ("7 export", "aizasy", "testxxx"):
        search.field.setText(text)
        assert search.texts == []
    search.field.setText(key(17))
    assert search.texts == [f"Details of {mask_key(key(17))}"]


def test_of_many_keys_some_are_listed(bench: Bench) -> None:
    bench.follow(bench.gateway(600))
    search = opened(bench)
    search.field.setText("0")
    assert len([text for text in search.texts if text.startswith("Details of")]) == 50


def test_a_profile_is_switched_to(bench: Bench) -> None:
    bench.follow(bench.gateway())
    bench.window.switcher.show_profiles([("Production", "red"), ("Staging", "blue")], "Production")
    search = opened(bench)
    QTest.keyClicks(search.field, "stag")
    with bench.qtbot.waitSignal(bench.window.profile_chosen) as chosen:
        QTest.keyClick(search.field, Key.Key_Return)
    assert chosen.args == ["Staging"]


def test_escape_closes_and_gives_the_keyboard_back(bench: Bench) -> None:
    bench.follow(bench.gateway())
    bench.window.panel.invalid.setFocus()
    search = opened(bench)
    QTest.keyClick(search.field, Key.Key_Escape)
    assert not search.isVisible()
    assert focused() is bench.window.panel.invalid


def test_it_closes_when_the_keyboard_goes_elsewhere(bench: Bench) -> None:
    bench.follow(bench.gateway())
    search = opened(bench)
    bench.window.panel.search.setFocus()
    assert not search.isVisible()


def test_nothing_happens_where_nothing_is_found(bench: Bench) -> None:
    bench.follow(bench.gateway())
    search = opened(bench)
    QTest.keyClicks(search.field, "quux")
    assert search.texts == []
    QTest.keyClick(search.field, Key.Key_Return)
    assert search.isVisible()
    search.field.clear()
    assert search.texts
    QTest.keyClick(search.field, Key.Key_Escape)


def test_keys_that_are_selected_are_copied_by_command(bench: Bench) -> None:
    bench.follow(bench.gateway())
    bench.window.panel.valid.setFocus()
    select(bench.window.panel.valid, 1)
    search = opened(bench)
    QTest.keyClicks(search.field, "copy keys")
    with bench.qtbot.waitSignal(bench.window.panel.valid.keys_copied) as copied:
        QTest.keyClick(search.field, Key.Key_Return)
    assert copied.args == [[key(1)]]


def test_before_there_are_figures_no_key_is_found(bench: Bench) -> None:
    search = opened(bench)
    search.field.setText("0001")
    assert search.texts == []
    QTest.keyClick(search.field, Key.Key_Escape)


def test_a_dialog_that_is_opened_by_command_is_on_top(bench: Bench) -> None:
    bench.follow(bench.gateway())
    search = opened(bench)
    QTest.keyClicks(search.field, "shortcuts")
    QTest.keyClick(search.field, Key.Key_Return)
    dialog = bench.window.findChild(QDialog, "shortcuts")
    assert isinstance(dialog, QDialog)
    assert dialog.isVisible()
    dialog.close()
