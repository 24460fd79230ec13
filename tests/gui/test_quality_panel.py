"""The quality of data as the window tells it: by shape and word, in a sentence, with what to do."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from PySide6.QtWidgets import QWidget

from keymon.data_quality import TEXT_LIMIT, Check, Quality, Surroundings
from keymon.gateway_clock import GatewayClock, parse_zone
from keymon.gui.quality_panel import QualityPanel
from keymon.gui.quality_words import advice, sentence
from keymon.gui.state_mark import StateMark
from keymon.monitor import Loading
from keymon.stats import OutsideCalls
from tests.gateway_file import key
from tests.gui.conftest import NOW, Bench, call


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


FINE = Quality(10, 0, 0, OutsideCalls(0, 0, 0), (), 0, timedelta(0), None, timedelta(days=3), 0)
FOUR = tuple(key(n) for n in range(4))


@pytest.mark.parametrize(
    ("check", "found", "text"),
    [
        (
            "statuses",
            replace(FINE, null_statuses=1, text_statuses=2),
            "1 calls have no status and 2 have text in its place (30.0 %).",
        ),
        (
            "outside",
            replace(FINE, outside=OutsideCalls(6, 2, 3)),
            ": keys no longer in it: 2; calls that name no key: 3.",
        ),
        (
            "duplicates",
            replace(FINE, duplicates=FOUR[:3], spare_entries=5),
            "3, repetitions: 5 (AIzaSy…0000, AIzaSy…0001, AIzaSy…0002).",
        ),
        ("duplicates", replace(FINE, duplicates=FOUR, spare_entries=4), "AIzaSy…0002, …)."),
        (
            "clock",
            replace(FINE, clock_ahead=timedelta(seconds=30)),
            "The gateway's clock is 30 seconds ahead of this computer's.",
        ),
        (
            "clock",
            replace(FINE, clock_ahead=-timedelta(minutes=4)),
            "The gateway's clock is 4 minutes behind this computer's.",
        ),
        ("room", replace(FINE, list_bytes=58_982), "takes 58,982 of 65,535 bytes (90.0 %)."),
        ("room", replace(FINE, list_bytes=TEXT_LIMIT), "holds: it was cut off."),
        ("room", replace(FINE, list_bytes=TEXT_LIMIT + 1), "takes 65,536 bytes, in a column that was made wider."),
    ],
)
def test_what_is_said_of_each_check(bench: Bench, check: Check, found: Quality, text: str) -> None:
    assert sentence(check, found, bench.follow(bench.gateway())).endswith(text)


def test_what_to_do_where_keys_are_lost_already() -> None:
    assert advice("room", replace(FINE, list_bytes=TEXT_LIMIT)).startswith("Keys at its end are lost.")
    assert advice("room", replace(FINE, list_bytes=TEXT_LIMIT - 1)).startswith("MySQL cuts longer lists off")


@pytest.mark.parametrize(("is_live", "time"), [(True, "12:00"), (False, "20:00")])
def test_the_oldest_call_is_dated_by_the_clock_that_the_window_goes_by(bench: Bench, is_live: bool, time: str) -> None:
    snapshot = bench.follow(bench.gateway())
    there = replace(
        snapshot,
        is_live=is_live,
        clock=GatewayClock(parse_zone("+08:00"), "set"),
        surroundings=Surroundings(oldest=NOW - timedelta(days=3)),
    )
    assert sentence("age", FINE, there) == f"The log begins 3 days ago, on 2026-11-20 {time}."


@pytest.mark.parametrize(
    ("known_since", "is_all"), [(None, False), (NOW - timedelta(hours=23), False), (NOW - timedelta(hours=24), True)]
)
def test_while_the_log_is_read_it_is_told_how_far(bench: Bench, known_since: datetime | None, is_all: bool) -> None:
    snapshot = bench.follow(bench.gateway())
    panel = shown(bench)
    panel.show_snapshot(replace(snapshot, loading=Loading(7, 0.5, known_since)))
    assert panel.headline == "Nothing to note" + ("" if is_all else ", as far as the log has been read")


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
