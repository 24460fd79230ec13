"""What is exported of the panels: exactly what they list, with their filters, each file read back."""

from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton

from keymon.gui import error_search
from keymon.gui.calls_panel import CallsPanel
from keymon.gui.errors_panel import ErrorsPanel
from keymon.gui.quality_panel import QualityPanel
from keymon.gui.trend_view import TrendView
from keymon.trend import HOUR
from tests.gateway_file import key
from tests.gui.conftest import Bench, call
from tests.gui.export_bench import (
    HOSTILE,
    PANELS,
    ask,
    choose,
    dialog_of,
    fill,
    folder_for,
    opened,
    read_csv,
    read_json,
    shown,
    things_of,
    write,
)
from tests.gui.panel_bench import minutes_ago

ODD_KEY = "odd-shaped-key-of-another-form-1234"


@pytest.fixture
def filled(bench: Bench) -> Bench:
    return fill(bench)


@pytest.fixture
def folder(tmp_path: Path, filled: Bench) -> Path:
    return folder_for(filled, tmp_path)


def errors_of(bench: Bench) -> ErrorsPanel:
    """Follow a gateway that has logged three errors, and list them."""
    gateway = bench.gateway(2)
    call(gateway, 0, status=429)
    quota = "You exceeded your quota, retry in %s s."
    gateway.errors(
        [
            (key(0), "gemini-2.5-pro", "gemini-chat", quota % 7, 429, None, minutes_ago(30)),
            (key(1), "gemini-2.5-pro", "gemini-chat", quota % 34, 429, None, minutes_ago(20)),
            (ODD_KEY, None, None, f"{ODD_KEY} is no key", 400, None, minutes_ago(10)),
        ]
    )
    bench.follow(gateway)
    panel = shown(bench, "errors")
    assert isinstance(panel, ErrorsPanel)
    return panel


@pytest.mark.parametrize("name", ["trend", "attention", "calls", "errors", "quality"])
def test_each_panel_has_a_button_to_export_it(filled: Bench, name: str) -> None:
    panel = shown(filled, name)
    next(one for one in panel.findChildren(QPushButton) if one.text().replace("&", "") == "Export…").click()
    assert opened(filled).isVisible()


def test_the_trend_is_that_of_the_chosen_period_with_its_chart(filled: Bench, folder: Path) -> None:
    panel = shown(filled, "trend")
    assert isinstance(panel, TrendView)
    panel.set_period(8 * HOUR)
    ask(filled, "trend")
    dialog = dialog_of(filled, folder)
    first = ["Trend over 8 h (32)", "Chart: Trend over 8 h", "Trend over 24 h (48)", "Trend over 1 h (60)"]
    assert things_of(dialog) == first
    rows = read_csv(write(filled.qtbot, dialog))
    assert sum(int(row[2]) for row in rows[1:]) == 13
    choose(dialog, "Chart", "svg")
    assert ">Trend over 8 h<" in write(filled.qtbot, dialog).read_text()


def test_attention_is_told_with_what_its_table_shows(filled: Bench, folder: Path) -> None:
    ask(filled, "attention")
    dialog = dialog_of(filled, folder)
    choose(dialog, "Keys", "json")
    content = read_json(write(filled.qtbot, dialog))
    assert content["filters"] == {"status_code": 429, "limit": 20}
    assert content["rows"] == [
        {"key": "AIzaSy…0000", "count": 2, "status_code": 429, "calls_24h": 7, "share": 2 / 7, "status": "valid"}
    ]


def test_calls_are_those_that_are_listed(filled: Bench, folder: Path) -> None:
    panel = shown(filled, "calls")
    assert isinstance(panel, CallsPanel)
    panel.period.setCurrentIndex(1)
    panel.period.activated.emit(1)
    panel.ending.setText("0000")
    panel.status.choose((429,))
    panel.model.choose((HOSTILE,))
    panel.failures.setChecked(True)
    ask(filled, "calls")
    dialog = dialog_of(filled, folder)
    assert things_of(dialog) == ["Calls: The last 8 hours (2)"]
    choose(dialog, "Calls", "json")
    content = read_json(write(filled.qtbot, dialog))
    assert content["filters"] == {
        "hours": 8.0,
        "key_ending": "0000",
        "model": HOSTILE.replace(key(0), "AIzaSy…0000"),
        "status": 429,
        "only_failures": "yes",
    }
    assert [row["status"] for row in content["rows"]] == [429, 429]
    assert list(content["rows"][0]) == ["id", "time", "key", "model", "status", "success", "latency_ms"]


def test_a_key_that_was_typed_as_a_filter_is_masked(filled: Bench, folder: Path) -> None:
    panel = shown(filled, "calls")
    assert isinstance(panel, CallsPanel)
    panel.ending.setText(key(1))
    ask(filled, "calls")
    dialog = dialog_of(filled, folder)
    choose(dialog, "Calls", "json")
    content = read_json(write(filled.qtbot, dialog))
    assert content["filters"]["key_ending"] == "AIzaSy…0001"
    assert len(content["rows"]) == 3


def test_calls_that_are_held_are_exported_as_of_when_they_were_listed(filled: Bench, folder: Path) -> None:
    panel = shown(filled, "calls")
    assert isinstance(panel, CallsPanel)
    panel.table.selectRow(0)
    filled.now += timedelta(minutes=30)
    filled.refresh()
    ask(filled, "calls")
    dialog = dialog_of(filled, folder)
    choose(dialog, "Calls", "json")
    content = read_json(write(filled.qtbot, dialog))
    assert content["as_of"] == "2026-11-23T12:00:00.000+00:00"
    assert len(content["rows"]) == 13


def test_errors_are_those_that_are_listed(bench: Bench, tmp_path: Path) -> None:
    panel, folder = errors_of(bench), folder_for(bench, tmp_path)
    ask(bench, "errors")
    dialog = dialog_of(bench, folder)
    assert things_of(dialog) == ["Errors (3)", "Errors by message (2)"]
    choose(dialog, "Errors (", "json")
    content = read_json(write(bench.qtbot, dialog))
    assert content["filters"] == {"since": "2026-11-22T12:00:00.000+00:00"}
    assert content["rows"][1:] == [
        {
            "id": 2,
            "time": "2026-11-23T11:40:00.000+00:00",
            "key": "AIzaSy…0001",
            "model": "gemini-2.5-pro",
            "code": 429,
            "type": "gemini-chat",
            "message": "You exceeded your quota, retry in 34 s.",
        },
        {
            "id": 1,
            "time": "2026-11-23T11:30:00.000+00:00",
            "key": "AIzaSy…0000",
            "model": "gemini-2.5-pro",
            "code": 429,
            "type": "gemini-chat",
            "message": "You exceeded your quota, retry in 7 s.",
        },
    ]
    assert content["rows"][0]["message"] == "odd-sh…1234 is no key"
    choose(dialog, "by message", "json")
    groups = read_json(write(bench.qtbot, dialog))["rows"]
    assert [(row["count"], row["keys"], row["message"]) for row in groups] == [
        (2, 2, "You exceeded your quota, retry in # s."),
        (1, 1, "… is no key"),
    ]
    assert groups[0]["newest"] == "2026-11-23T11:40:00.000+00:00"
    dialog.reject()
    panel.groups.selectRow(0)
    ask(bench, "errors")
    dialog = dialog_of(bench, folder)
    assert things_of(dialog) == ["Errors (2)", "Errors by message (2)"]
    choose(dialog, "Errors (", "json")
    filters = read_json(write(bench.qtbot, dialog))["filters"]
    assert filters["message"] == "You exceeded your quota, retry in # s."


def test_the_filters_of_errors_are_told(bench: Bench, tmp_path: Path) -> None:
    panel, folder = errors_of(bench), folder_for(bench, tmp_path)
    panel.filters.period.setCurrentIndex(4)
    panel.filters.text.setText("QUOTA")
    panel.filters.ending.setText(key(1))
    panel.filters.model.choose(("gemini-2.5-pro",))
    panel.filters.code.choose((429,))
    panel.look_anew()
    bench.qtbot.waitUntil(lambda: not panel.is_looking and panel.listed is not None)
    ask(bench, "errors")
    dialog = dialog_of(bench, folder)
    choose(dialog, "Errors (", "json")
    content = read_json(write(bench.qtbot, dialog))
    assert content["filters"] == {
        "key_ending": "AIzaSy…0001",
        "model": "gemini-2.5-pro",
        "code": 429,
        "text": "QUOTA",
    }
    assert [row["id"] for row in content["rows"]] == [2]


def test_errors_tell_how_far_was_looked_and_of_which_instant_they_are(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(error_search, "AT_ONCE", 2)
    panel, folder = errors_of(bench), folder_for(bench, tmp_path)
    bench.now += timedelta(minutes=5)
    bench.refresh()
    ask(bench, "errors")
    dialog = dialog_of(bench, folder)
    choose(dialog, "Errors (", "json")
    content = read_json(write(bench.qtbot, dialog))
    assert len(content["rows"]) == 2
    assert content["as_of"] == "2026-11-23T12:00:00.000+00:00"
    assert content["filters"]["back_to"] == "2026-11-23T11:40:00.000+00:00"
    dialog.reject()
    panel.look_further()
    bench.qtbot.waitUntil(lambda: not panel.is_looking)
    ask(bench, "errors")
    dialog = dialog_of(bench, folder)
    choose(dialog, "Errors (", "json")
    assert "back_to" not in read_json(write(bench.qtbot, dialog))["filters"]


def test_where_no_errors_are_listed_that_is_said(bench: Bench) -> None:
    bench.follow(bench.gateway())
    ask(bench, "errors")
    assert bench.window.exporting.dialog is None
    assert "Nothing is listed" in bench.window.status_line.currentMessage()


def test_the_quality_of_the_data_is_exported_in_figures(filled: Bench, folder: Path) -> None:
    ask(filled, "quality")
    dialog = dialog_of(filled, folder)
    choose(dialog, "Data quality", "csv")
    rows = read_csv(write(filled.qtbot, dialog))
    assert rows[:3] == [
        ["Check", "State", "Figure", "Value"],
        ["statuses", "fine", "calls_24h", "13"],
        ["statuses", "fine", "null_statuses", "0"],
    ]
    panel = filled.window.panels.panel("quality")
    assert isinstance(panel, QualityPanel)
    assert {row[0]: row[1] for row in rows[1:]} == panel.states


def test_without_figures_there_is_nothing_to_export(bench: Bench) -> None:
    for name in PANELS:
        bench.window.panels.go_to(name)
        bench.window.exporting.export_panel(name)
        assert bench.window.exporting.dialog is None, name
    details = bench.window.open_details(key(0))
    bench.window.exporting.export_details(details)
    assert bench.window.exporting.dialog is None
