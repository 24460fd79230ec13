"""What there is to export of keys and of the details of one: exactly what is seen of it, each file read back."""

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtGui import QKeySequence

from keymon.gui.calls_panel import CallsPanel
from keymon.gui.errors_panel import ErrorsPanel
from keymon.gui.export_things import SHOWN
from keymon.gui.key_columns import COLUMNS
from keymon.gui.key_filter import KeyFilter
from keymon.trend import HOUR
from tests.gateway_file import key
from tests.gui.conftest import Bench, call, select
from tests.gui.export_bench import (
    PANELS,
    ask,
    choose,
    dialog_of,
    fill,
    folder_for,
    opened,
    read_csv,
    read_json,
    things_of,
    write,
)


@pytest.fixture
def filled(bench: Bench) -> Bench:
    return fill(bench)


@pytest.fixture
def folder(tmp_path: Path, filled: Bench) -> Path:
    return folder_for(filled, tmp_path)


# Keys


def test_the_keys_of_a_table_are_what_is_shown(filled: Bench, folder: Path) -> None:
    filled.window.export_keys()
    dialog = dialog_of(filled, folder)
    choose(dialog, "Valid keys", "csv")
    rows = read_csv(write(filled.qtbot, dialog))
    assert rows[0] == ["Key", "Kind", "Failures", "Calls 24 h", "Success", "Last call", "Most used model"]
    assert [row[0] for row in rows[1:]] == ["AIzaSy…0000", "AIzaSy…0001", "AIzaSy…0002"]
    assert rows[1][3] == "7"
    assert rows[3][3:] == ["0", "", "", ""], "what is not known is empty"


def test_selected_keys_come_first_and_all_columns_where_they_are_wanted(filled: Bench, folder: Path) -> None:
    table = filled.window.panel.valid
    select(table, 1)
    next(action for action in table.actions() if "Export" in action.text()).trigger()
    dialog = dialog_of(filled, folder)
    assert dialog.what.currentText() == "Selected keys (1)"
    dialog.all_columns.setChecked(True)
    choose(dialog, "Selected", "json")
    content = read_json(write(filled.qtbot, dialog))
    assert [row["key"] for row in content["rows"]] == ["AIzaSy…0001"]
    assert content["rows"][0]["p50_ms"] == 100
    assert content["gateway"] == {"database": filled.snapshot.database, "time_zone": filled.snapshot.clock.name}
    assert content["as_of"] == "2026-11-23T12:00:00.000+00:00"


def test_columns_are_in_the_order_of_the_screen_without_those_that_are_hidden(filled: Bench, folder: Path) -> None:
    header = filled.window.panel.valid.horizontalHeader()
    header.moveSection(3, 0)
    header.hideSection(1)
    filled.window.export_keys()
    dialog = dialog_of(filled, folder)
    choose(dialog, "Valid keys", "csv")
    assert read_csv(write(filled.qtbot, dialog))[0][:3] == ["Calls 24 h", "Key", "Failures"]


def test_all_columns_that_can_be_shown_are_exported(filled: Bench, folder: Path) -> None:
    """Whoever adds a column to the tables of keys says here what it is in a file."""
    assert set(SHOWN) == {column.sort_by for column in COLUMNS} - {""}
    header = filled.window.panel.valid.horizontalHeader()
    for i in range(header.count()):
        header.showSection(i)
    filled.window.export_keys()
    dialog = dialog_of(filled, folder)
    choose(dialog, "Valid keys", "json")
    shown = list(read_json(write(filled.qtbot, dialog))["rows"][0])
    assert shown == [name for column in COLUMNS if column.sort_by for name in SHOWN[column.sort_by]]


def test_why_a_key_is_invalid_is_among_what_is_shown(filled: Bench, folder: Path) -> None:
    filled.window.export_keys()
    dialog = dialog_of(filled, folder)
    choose(dialog, "Invalid keys", "csv")
    rows = read_csv(write(filled.qtbot, dialog))
    assert rows[1][rows[0].index("Reason")] == "rejected"


def test_the_search_and_the_filters_are_told(filled: Bench, folder: Path) -> None:
    filled.window.panel.search.setText(key(1))
    filled.window.panel.filters.set_filter(KeyFilter(failures=0, unused_hours=0, kind="gemini", status=""))
    filled.window.export_keys()
    dialog = dialog_of(filled, folder)
    choose(dialog, "Valid keys", "json")
    path = write(filled.qtbot, dialog)
    assert read_json(path)["filters"] == {"search": "AIzaSy…0001", "kind": "gemini"}
    assert key(1).encode() not in path.read_bytes()
    choose(dialog, "All keys", "json")
    assert read_json(write(filled.qtbot, dialog))["filters"] == {}


def test_every_filter_of_keys_has_a_name_in_files(filled: Bench, folder: Path) -> None:
    filled.window.panel.filters.set_filter(KeyFilter(3, 3, 1, "gemini", "rejected", "400"))
    filled.window.export_keys()
    dialog = dialog_of(filled, folder)
    choose(dialog, "Invalid keys", "json")
    assert read_json(write(filled.qtbot, dialog))["filters"] == {
        "failures_at_least": 3,
        "failed_24h_at_least": 3,
        "unused_hours": 1,
        "kind": "gemini",
        "reason": "rejected",
        "failed_with_status": "400",
    }


def test_no_byte_of_any_export_tells_a_key_unless_it_is_asked_for(filled: Bench, folder: Path) -> None:
    window = filled.window
    details = window.open_details(key(0))
    seen = 0
    asks = [partial(ask, filled, name) for name in PANELS] + [lambda: window.exporting.export_details(details)]
    for one in asks:
        one()
        dialog = dialog_of(filled, folder)
        for what in range(dialog.what.count()):
            dialog.what.setCurrentIndex(what)
            for form in range(dialog.format.count()):
                dialog.format.setCurrentIndex(form)
                content = write(filled.qtbot, dialog).read_bytes()
                assert not [n for n in range(4) if key(n).encode() in content]
                seen += 1
        dialog.reject()
    assert seen == 2 * (3 + 4 + 1 + 1 + 2 + 1 + 7)
    for path in folder.iterdir():
        assert not [n for n in range(4) if key(n) in path.name]


def test_keys_are_written_in_full_after_a_warning(filled: Bench, folder: Path) -> None:
    filled.window.export_keys()
    dialog = dialog_of(filled, folder)
    assert not dialog.keys_in_full.isChecked()
    assert "masked" in dialog.secret.note
    dialog.keys_in_full.setChecked(True)
    assert "can use the keys" in dialog.secret.problem
    choose(dialog, "Valid keys", "csv")
    assert read_csv(write(filled.qtbot, dialog))[1][0] == key(0)
    dialog.reject()
    filled.window.export_keys()
    assert not dialog_of(filled, folder).keys_in_full.isChecked(), "it was asked for once"


# Details


def test_the_details_are_exported_by_their_shortcut(filled: Bench, folder: Path) -> None:
    details = filled.window.open_details(key(0))
    action = next(one for one in details.actions() if one.shortcut() == QKeySequence("Ctrl+Shift+E"))
    action.trigger()
    dialog = dialog_of(filled, folder)
    assert things_of(dialog) == [
        "Models: The last 24 hours (2)",
        "Chart: Calls per model: The last 24 hours, key AIzaSy…0000",
        "Trend over 24 h (48)",
        "Chart: Trend over 24 h, key AIzaSy…0000",
        "Trend over 8 h (32)",
        "Trend over 1 h (60)",
        "Calls: The last 24 hours (7)",
    ]
    choose(dialog, "Models", "csv")
    assert dialog.secret.isHidden()
    rows = read_csv(write(filled.qtbot, dialog))
    assert rows[1] == ["gemini-2.5-flash", "5", "5", "0", "1.0", "100", "100", ""]
    assert rows[2] == [
        "'=cmd<b>&\\u0000\\u202e\nAIzaSy…0000",
        *("2", "0", "2", "0.0", "100", "100", "429 × 2"),
    ]
    choose(dialog, "Trend over 24 h", "json")
    trend = read_json(write(filled.qtbot, dialog))
    assert sum(row["calls"] for row in trend["rows"]) == 7
    assert trend["filters"] == {"key": "AIzaSy…0000", "hours": 24.0}
    choose(dialog, "Calls: ", "json")
    calls = read_json(write(filled.qtbot, dialog))["rows"]
    assert [row["status"] for row in calls].count(429) == 2
    assert {row["key"] for row in calls} == {"AIzaSy…0000"}


def test_the_details_are_exported_as_they_were_chosen(bench: Bench, tmp_path: Path) -> None:
    gateway, folder = bench.gateway(1), folder_for(bench, tmp_path)
    call(gateway, 0, times=2)
    call(gateway, 0, times=3, model="gemini-2.5-flash-search")
    call(gateway, 0, times=4, ago=timedelta(hours=2))
    bench.follow(gateway)
    details = bench.window.open_details(key(0))
    details.tabs.setCurrentIndex(1)  # the chart of models is not seen any more
    details.trend.set_period(HOUR)
    details.models.set_period(HOUR)
    details.models.fold.setChecked(True)
    bench.window.exporting.export_details(details)
    dialog = dialog_of(bench, folder)
    assert things_of(dialog) == [
        "Trend over 1 h (60)",
        "Chart: Trend over 1 h, key AIzaSy…0000",
        "Trend over 24 h (48)",
        "Trend over 8 h (32)",
        "Models: The last hour (1)",
        "Chart: Calls per model: The last hour, folded, key AIzaSy…0000",
        "Calls: The last hour (5)",
    ]
    choose(dialog, "Models", "json")
    models = read_json(write(bench.qtbot, dialog))
    assert [(row["model"], row["calls"]) for row in models["rows"]] == [("gemini-2.5-flash", 5)]
    assert models["filters"] == {"key": "AIzaSy…0000", "hours": 1.0, "folded": "yes"}
    choose(dialog, "Calls per model", "svg")
    drawing = write(bench.qtbot, dialog).read_text()
    assert ">gemini-2.5-flash<" in drawing
    assert ">5<" in drawing, "the chart is of the hour, whatever was seen of it last"


def test_calls_and_errors_in_the_details_are_exported_as_they_list(filled: Bench, folder: Path) -> None:
    details = filled.window.open_details(key(0))
    filled.window.exporting.export_details(details)
    assert things_of(opened(filled))[-1] == "Calls: The last 24 hours (7)", "they were not seen yet"
    opened(filled).reject()
    details.tabs.setCurrentIndex(2)
    calls = details.findChild(CallsPanel)
    assert isinstance(calls, CallsPanel)
    calls.failures.setChecked(True)
    details.tabs.setCurrentIndex(3)
    errors = details.findChild(ErrorsPanel)
    assert isinstance(errors, ErrorsPanel)
    filled.qtbot.waitUntil(lambda: not errors.is_looking)
    filled.window.exporting.export_details(details)
    dialog = dialog_of(filled, folder)
    assert things_of(dialog)[:2] == ["Errors (1)", "Errors by message (1)"], "their tab is in front"
    assert things_of(dialog)[-1] == "Calls: The last 24 hours (2)"
    choose(dialog, "Calls: ", "json")
    filters = read_json(write(filled.qtbot, dialog))["filters"]
    assert filters == {"key": "AIzaSy…0000", "hours": 24.0, "only_failures": "yes"}
    choose(dialog, "Errors (", "json")
    filters = read_json(write(filled.qtbot, dialog))["filters"]
    assert filters["key_ending"] == "AIzaSy…0000"


def test_an_export_goes_with_its_details(filled: Bench) -> None:
    details = filled.window.open_details(key(0))
    filled.window.exporting.export_details(details)
    assert filled.window.exporting.dialog is not None
    details.close()
    assert filled.window.exporting.dialog is None
