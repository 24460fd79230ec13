"""The quality of data as the window tells it: by shape and word, in a sentence, with what to do."""

import json
from datetime import timedelta

from PySide6.QtWidgets import QWidget

from keymon.gui.quality_panel import QualityPanel
from keymon.gui.state_mark import StateMark
from tests.gateway_file import key
from tests.gui.conftest import Bench, call


def shown(bench: Bench) -> QualityPanel:
    bench.window.panels.go_to("quality")
    panel = bench.window.panels.panel("quality")
    assert isinstance(panel, QualityPanel)
    return panel


def test_a_gateway_without_blemish_has_nothing_to_note(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0, 3)
    bench.follow(gateway)
    panel = shown(bench)
    assert panel.headline == "Nothing to note"
    assert set(panel.states.values()) == {"fine", "unknown"}
    assert panel.states["clock"] == "unknown"
    assert panel.text("statuses") == "All calls of the last 24 hours have a number as their status."
    assert panel.text("room") == "A file sets no limit to the list of keys."


def test_each_blemish_is_told_with_its_figures_and_what_to_do(bench: Bench) -> None:
    gateway = bench.gateway()
    gateway.setting("API_KEYS", json.dumps([key(0), key(1), key(0)]))
    call(gateway, 0, 4)
    call(gateway, 0, 3, status=None)
    call(gateway, 0, 1, status="All connection attempts failed")
    call(gateway, 7, 2)
    gateway.calls([(None, None, "m", key(0), True, 200, 1)])
    call(gateway, 0)
    bench.follow(gateway)
    panel = shown(bench)
    assert panel.headline == "To note: 4 of 7"
    lines = {check: panel.text(check).split("\n") for check in panel.states}
    assert lines["statuses"][0] == (
        "In the last 24 hours 3 calls have no status and 1 have text in its place (36.4 %)."
    )
    assert lines["outside"][0] == "In the last 24 hours 2 calls are not of the pool: keys no longer in it: 1."
    assert lines["duplicates"][0] == "Keys that are listed more than once: 1, repetitions: 1 (AIzaSy…0000)."
    assert lines["times"][0] == "Calls without a time, or with one that cannot be read: 1."
    assert [check for check, text in lines.items() if len(text) > 1] == [
        check for check, state in panel.states.items() if state == "noted"
    ]


def test_the_oldest_call_is_told_once_it_was_looked_for(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0, ago=timedelta(days=100))
    call(gateway, 0)
    bench.follow(gateway)
    bench.qtbot.waitUntil(lambda: bench.refresh().surroundings.oldest is not None)
    panel = shown(bench)
    assert panel.states["age"] == "noted"
    assert panel.text("age").startswith("The log begins 3 months ago, on 2026-08-15 12:00.")


def test_the_state_is_told_by_shape_and_word_and_to_screen_readers(bench: Bench) -> None:
    gateway = bench.gateway()
    gateway.setting("API_KEYS", json.dumps([key(0), key(0)]))
    call(gateway, 0)
    bench.follow(gateway)
    panel = shown(bench)
    marks = [one for one in panel.findChildren(StateMark) if one.isVisible()]
    names = [mark.accessibleName() for mark in marks]
    assert "Duplicates in the pool: noted" in names
    assert "Clocks: unknown" in names
    pictures = {mark.accessibleName().split(": ")[1]: mark.grab().toImage() for mark in marks}
    assert pictures["fine"] != pictures["noted"] != pictures["unknown"] != pictures["fine"]


def test_an_empty_gateway_and_one_that_is_read_are_no_trouble(bench: Bench) -> None:
    bench.follow(bench.gateway(0))
    panel = shown(bench)
    assert panel.text("statuses") == "No calls in the last 24 hours."
    panel.clear()
    assert not [one for one in panel.findChildren(StateMark) if one.isVisible()]
    panel.show_snapshot(bench.snapshot)
    assert [one for one in panel.findChildren(QWidget) if isinstance(one, StateMark) and one.isVisible()]
