"""Filters and measures of keys, against naive SQL on recorded gateways and against plain Python."""

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QPushButton, QSpinBox, QWidget

from keymon.gui.key_filter import NO_FILTER, KeyFilter
from keymon.gui.key_measures import Needs
from keymon.gui.key_rows import KeyRows, prepare
from keymon.locations import location_of
from keymon.monitor import Monitor, Snapshot
from keymon.reason import REASONS, reason_of
from tests.gateway_file import key
from tests.gui.conftest import NOW, Bench, call, invalidate

ALL: Needs = frozenset({"latency", "statuses", "hours"})
NAMES = ["gateway.sqlite", "network-errors.sqlite"]
Row = tuple[str, datetime, object, int | None]


class Recorded:
    """A recorded gateway as of its last call: the snapshot, its columns, and the rows of 24 hours."""

    def __init__(self, path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            found = connection.execute(
                "SELECT api_key, request_time, status_code, latency_ms FROM t_request_log"
            ).fetchall()
        calls: list[Row] = [(k, datetime.fromisoformat(at), status, ms) for k, at, status, ms in found]
        self.as_of = max(at for _, at, *_ in calls)
        self.calls = [one for one in calls if one[1] >= self.as_of - timedelta(hours=24)]
        monitor = Monitor(location_of(path), timezone(timedelta(hours=8)), self.as_of, month=False)
        self.snapshot = monitor.refresh()
        monitor.close()
        self.rows = prepare(self.snapshot, None, ALL)

    def of(self, api_key: str) -> list[Row]:
        return [one for one in self.calls if one[0] == api_key]


@pytest.fixture(params=NAMES)
def recorded(real_gateway: Path, request: pytest.FixtureRequest) -> Recorded:
    return Recorded(real_gateway / request.param)


def is_failure(status: object) -> bool:
    return not (isinstance(status, int) and 200 <= status < 300)


def test_latencies_statuses_and_hours_are_those_of_the_log(recorded: Recorded) -> None:
    measures = recorded.rows.measures
    p50, p95, last_hour = (measures.column(name).tolist() for name in ("p50", "p95", "last_hour"))
    for place, figures in enumerate(recorded.snapshot.keys):
        calls = recorded.of(figures.key)
        known = sorted(ms for *_, ms in calls if ms is not None)
        for percent, found in ((50, p50[place]), (95, p95[place])):
            assert found == (known[-(-len(known) * percent // 100) - 1] if known else -1)
        failures = Counter(status for _, _, status, _ in calls if is_failure(status))
        assert (measures.statuses or {}).get(figures.key, {}) == failures
        assert list((measures.statuses or {}).get(figures.key, {}).values()) == sorted(failures.values(), reverse=True)
        hours: tuple[list[int], list[int]] = ([0] * 24, [0] * 24)
        for _, at, status, _ in calls:
            hours[is_failure(status)][23 - min(int((recorded.as_of - at) / timedelta(hours=1) - 1e-12), 23)] += 1
        assert measures.hours_of(figures.key) == hours
        assert last_hour[place] == hours[0][-1] + hours[1][-1]


@pytest.mark.parametrize(
    "wanted",
    [
        NO_FILTER,
        KeyFilter(failures=1),
        KeyFilter(failures=3),
        KeyFilter(failed=2),
        KeyFilter(unused_hours=1),
        KeyFilter(unused_hours=24),
        KeyFilter(kind="vertex"),
        KeyFilter(kind="gemini", failures=1),
        *(KeyFilter(reason=reason) for reason in REASONS),
        KeyFilter(status="400"),
        KeyFilter(status="429", failures=1),
        KeyFilter(status="text"),
        KeyFilter(status="null"),
    ],
    ids=str,
)
def test_a_filter_lets_through_what_it_says(recorded: Recorded, wanted: KeyFilter) -> None:
    expected = []
    for figures in recorded.snapshot.keys:
        calls = recorded.of(figures.key)
        failed = [status for _, _, status, _ in calls if is_failure(status)]
        kinds = {"text": any(isinstance(one, str) for one in failed), "null": None in failed}
        newest = max((at for _, at, *_ in calls), default=recorded.as_of - timedelta(hours=24))
        expected.append(
            figures.verdict.failure_count >= wanted.failures
            and len(failed) >= wanted.failed
            and (not wanted.unused_hours or newest <= recorded.as_of - timedelta(hours=wanted.unused_hours))
            and wanted.kind in {"", figures.kind}
            and wanted.reason in {None, reason_of(figures)}
            and (not wanted.status or kinds.get(wanted.status, wanted.status in map(str, failed)))
        )
    assert wanted.passes(recorded.rows, recorded.snapshot.as_of).tolist() == expected
    assert any(expected) or wanted != NO_FILTER


def test_only_what_is_needed_is_counted(recorded: Recorded) -> None:
    rows = prepare(replace(recorded.snapshot), None)
    assert rows.measures.needs == frozenset()
    assert prepare(recorded.snapshot, rows) is rows
    one = prepare(recorded.snapshot, rows, frozenset({"latency"}))
    assert one.measures.latencies is not None
    assert one.measures.statuses is None
    assert one.measures.hours is None
    assert prepare(recorded.snapshot, one).measures.latencies is None


def test_keys_outside_the_pool_and_newer_than_the_calls_do_no_harm(bench: Bench) -> None:
    gateway = bench.gateway(3)
    call(gateway, 7, times=4, status=500)
    call(gateway, 1, status=429)
    snapshot = bench.follow(gateway)
    call(gateway, 0, times=2)
    bench.refresh()
    rows: KeyRows = prepare(snapshot, None, ALL)
    assert rows.measures.hours_of(key(0)) == rows.measures.hours_of(key(2)) == ([0] * 24, [0] * 24)
    assert rows.measures.failed_with("500").tolist() == [False, False, False]
    assert rows.measures.failed_with("429").tolist() == [False, True, False]


# In the window


def headings(bench: Bench) -> tuple[int, int]:
    valid, invalid = bench.window.panel.tables
    return valid.keys.rowCount(), invalid.keys.rowCount()


@pytest.fixture
def mixed(bench: Bench) -> Snapshot:
    """Key 0 without calls, 1 with a 429, 2 in use, 3 unused for two hours, 4 and 5 invalid."""
    gateway = bench.gateway(6)
    call(gateway, 1, status=429)
    call(gateway, 2, times=3)
    call(gateway, 3, ago=timedelta(hours=2))
    invalidate(gateway, 4, 5)
    return bench.follow(gateway)


def test_a_chip_for_each_filter_lifts_it(mixed: Snapshot, bench: Bench) -> None:
    panel = bench.window.panel
    assert not panel.chips.isVisible()
    panel.filters.set_filter(KeyFilter(failures=1, reason="rejected"))
    assert headings(bench) == (0, 2)
    assert panel.valid.placeholder == "No key here matches the search and the filters"
    assert [chip.text().split("  ")[0] for chip in panel.chips.chips] == ["failures ≥ 1", "rejected"]
    assert panel.chips.isVisible()
    panel.chips.chips[1].click()
    assert headings(bench) == (1, 2)
    panel.chips.chips[0].click()
    assert headings(bench) == (4, 2)
    assert panel.filters.filter == NO_FILTER
    assert not panel.chips.isVisible()


@pytest.mark.qt_log_ignore("^This plugin does not support grabbing the keyboard$", extend=True)
def test_the_popup_sets_filters_and_shows_those_that_are_set(mixed: Snapshot, bench: Bench) -> None:
    panel = bench.window.panel
    panel.filters.click()
    popup = panel.filters.popup
    assert popup.isVisible()
    unused = next(box for box in popup.findChildren(QSpinBox) if box.accessibleName() == "Unused for hours")
    unused.setValue(2)
    assert panel.filters.filter == KeyFilter(unused_hours=2)
    assert [panel.valid.keys.key_at(row).key for row in range(2)] == [key(0), key(3)]
    panel.filters.clear()
    assert unused.value() == 0
    popup.hide()


FIELDS: list[tuple[str, int | str, KeyFilter]] = [
    ("Failure count at least", 3, KeyFilter(failures=3)),
    ("Failed calls in 24 h at least", 1_000, KeyFilter(failed=1_000)),
    ("Unused for hours", 24, KeyFilter(unused_hours=24)),
    ("Kind", "Vertex", KeyFilter(kind="vertex")),
    ("Reason", "exhausted", KeyFilter(reason="exhausted")),
    ("Failed in 24 h with status", "no status", KeyFilter(status="null")),
]


def test_each_field_of_the_popup_sets_its_filter_besides_the_others(bench: Bench) -> None:
    filters = bench.window.panel.filters
    boxes = {box.accessibleName(): box for kind in (QSpinBox, QComboBox) for box in filters.popup.findChildren(kind)}
    together = NO_FILTER
    for name, value, alone in FIELDS:
        box = boxes[name]
        filters.set_filter(NO_FILTER)
        assert filters.filter == NO_FILTER
        set_to(box, value)
        assert filters.filter == alone
        filters.set_filter(together)
        set_to(box, value)
        (changed,) = (field.name for field in fields(alone) if getattr(alone, field.name))
        together = replace(together, **{changed: getattr(alone, changed)})
        assert filters.filter == together
    (clear,) = filters.popup.findChildren(QPushButton)
    clear.click()
    assert filters.filter == NO_FILTER


def set_to(box: QWidget, value: int | str) -> None:
    if isinstance(box, QSpinBox) and isinstance(value, int):
        box.setValue(value)
    elif isinstance(box, QComboBox) and isinstance(value, str):
        box.setCurrentText(value)


@pytest.mark.qt_log_ignore("^This plugin does not support grabbing the keyboard$", extend=True)
def test_the_popup_opens_by_its_shortcut(bench: Bench) -> None:
    bench.follow(bench.gateway())
    popup = bench.window.panel.filters.popup
    bench.window.activateWindow()
    bench.qtbot.waitUntil(bench.window.isActiveWindow)
    bench.qtbot.keySequence(bench.window.panel.valid, QKeySequence("Ctrl+Shift+F"))
    assert popup.isVisible()
    popup.hide()


def test_a_filter_by_status_waits_for_the_worker_and_stays_while_figures_change(mixed: Snapshot, bench: Bench) -> None:
    panel = bench.window.panel
    with bench.qtbot.waitSignal(bench.poller.refreshed):
        panel.filters.set_filter(KeyFilter(status="429"))
        assert headings(bench) == (4, 2)
    assert headings(bench) == (1, 0)
    assert panel.valid.keys.key_at(0).key == key(1)
    bench.now = NOW + timedelta(hours=25)
    bench.refresh()
    assert headings(bench) == (0, 0)


def test_a_number_that_is_typed_replaces_the_word(bench: Bench) -> None:
    bench.follow(bench.gateway())
    panel = bench.window.panel
    panel.filters.open()
    failures = next(
        box for box in panel.filters.popup.findChildren(QSpinBox) if box.accessibleName() == "Failure count at least"
    )
    QTest.keyClicks(failures, "2")
    assert panel.filters.filter == KeyFilter(failures=2)
    panel.filters.popup.close()
