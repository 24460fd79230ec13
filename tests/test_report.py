"""Results as text, for terminals and for scripts."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keymon import report
from keymon.locations import location_of
from keymon.monitor import Monitor, Snapshot
from keymon.stats import CallCount, ModelCalls
from tests.conftest import MakeGateway
from tests.gateway_file import key

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOSTILE = "\x1b]0;title\x07<b>model\n\u202e"


@pytest.fixture
def snapshot(make_gateway: MakeGateway) -> Snapshot:
    gateway = make_gateway([key(1), key(2), "\x1b[31mkey-with-an-escape-sequence"])
    gateway.call(key(1), "2026-11-23 11:59:30.000000", HOSTILE)
    return snapshot_of(gateway.path, month=False)


def snapshot_of(path: Path, month: bool) -> Snapshot:
    monitor = Monitor(location_of(path), UTC, None, month, now=lambda: NOW)
    try:
        return monitor.refresh()
    finally:
        monitor.close()


def test_columns_of_a_table_stand_in_line(snapshot: Snapshot) -> None:
    table = report.keys_table(snapshot, snapshot.keys, show_keys=False)
    head, first, second = table.splitlines()[:3]
    assert head.index("KIND") == first.index("gemini") == second.index("gemini")
    assert head.index("CALLS 24 H") + len("CALLS 24 H") == first.index(" 1 ") + 2


def test_an_unused_key_has_dashes_where_nothing_is_known(snapshot: Snapshot) -> None:
    unused = report.keys_table(snapshot, snapshot.keys[1:2], show_keys=True).splitlines()[1].split()
    assert unused == [key(2), "gemini", "valid", "unproven", "0/3", "0", "0", "–", "–", "–"]


@pytest.mark.parametrize("show_keys", [False, True])
def test_foreign_text_cannot_steer_a_terminal(snapshot: Snapshot, show_keys: bool) -> None:
    usage = snapshot.stats.usage(key(1))
    texts = [
        report.keys_table(snapshot, snapshot.keys, show_keys),
        report.keys_json(snapshot, snapshot.keys, show_keys),
        report.usage_table(usage),
        report.usage_json(usage),
    ]
    for text in texts:
        assert not set(text) & set("\x1b\x07\u202e")
        assert text.replace("\n", "").isprintable()


def test_a_month_that_is_not_counted_is_unknown_and_never_zero(snapshot: Snapshot) -> None:
    assert json.loads(report.stats_json(snapshot))["calls_month"] is None
    assert report.stats_table(snapshot).splitlines()[-1].split() == ["this", "month", "unknown"]


def test_usage_sums_up_and_keeps_the_unknown_model_out_of_the_gateways_payload() -> None:
    usage = [ModelCalls("m", CallCount(3, 1)), ModelCalls(None, CallCount(1, 1)), ModelCalls("", CallCount(1, 0))]
    assert json.loads(report.usage_json(usage)) == {"m": 4, "": 1}
    lines = [line.split() for line in report.usage_table(usage).splitlines()]
    assert lines[1:] == [
        ["m", "4", "3", "1"],
        ["(unknown)", "2", "1", "1"],
        ["(empty)", "1", "1", "0"],
        ["total", "7", "5", "2"],
    ]
