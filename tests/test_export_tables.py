"""The tables that can be written to a file: figures held against the log, columns against the command line."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from keymon import call_log
from keymon.call_list import CallFilter
from keymon.error_browser import ErrorFilter
from keymon.export import TableSource, write_table
from keymon.export_keys import keys_table
from keymon.export_tables import (
    attention_table,
    calls_table,
    error_filters,
    errors_table,
    models_table,
    origin,
    quality_table,
)
from keymon.monitor import Monitor, Snapshot
from tests.conftest import MakeGateway
from tests.gateway_file import GatewayFile, key
from tests.test_cli import Run

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(hours=24)
A, B, C = key(0), key(1), key(2)


@pytest.fixture
def gateway(make_gateway: MakeGateway) -> GatewayFile:
    made = make_gateway([A, B, C, A])
    for hours, api_key, model, status, latency in (
        (23.5, A, "old", 200, 300),
        (2.6, A, None, 200, 200),
        (2.5, A, "gemini-2.5-pro", 429, 100),
        (2.4, A, "gemini-2.5-pro", 429, None),
        (0.5, A, "gemini-2.5-pro", "All connection attempts failed", 500),
        (0.3, B, "gemini-2.5-pro", 403, 50),
        (0.2, "a key of another pool", "gemini-2.5-pro", None, 50),
    ):
        made.call(api_key, NOW.replace(tzinfo=None) - timedelta(hours=hours), model, status, latency)
    made.calls([(None, None, "m", A, True, 200, 1)])
    made.error(A, NOW.replace(tzinfo=None) - timedelta(hours=1), "quota", 429)
    return made


@pytest.fixture
def monitor(gateway: GatewayFile) -> Iterator[Monitor]:
    made = Monitor(gateway.location, UTC, now=lambda: NOW)
    yield made
    made.close()


@pytest.fixture
def snapshot(monitor: Monitor) -> Snapshot:
    return monitor.refresh()


def rows_of(table: TableSource) -> list[dict[str, Any]]:
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows()]


def test_a_key_is_told_with_all_that_the_tables_show(snapshot: Snapshot) -> None:
    first, second, third = rows_of(keys_table(snapshot, snapshot.keys, "Keys"))
    assert first == {
        "key": A,
        "kind": "gemini",
        "status": "invalid",
        "reason": "exhausted",
        "failure_count": 3,
        "max_failures": 3,
        "last_call_at": NOW - timedelta(hours=0.5),
        "calls_24h": 5,
        "failed_24h": 3,
        "success_rate": 0.4,
        "top_model": "gemini-2.5-pro",
        "failures_by_status": "429 × 2, All connection attempts failed × 1",
        "p50_ms": 200,
        "p95_ms": 500,
        "calls_by_hour": "1 " + "0 " * 20 + "3 0 1",
        "failed_by_hour": "0 " * 21 + "2 0 1",
    }
    assert (second["reason"], second["status"], second["failures_by_status"]) == ("suspended", "valid", "403 × 1")
    assert third["reason"] == "unproven"
    assert (third["success_rate"], third["top_model"], third["p50_ms"], third["failures_by_status"]) == (
        None,
        None,
        None,
        "",
    )


def test_while_the_log_is_read_nothing_that_could_still_grow_is_told(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(call_log, "CHUNK_ROWS", 3)
    part = monitor.refresh(patience=0)
    assert part.loading is not None
    table = keys_table(part, part.keys, "Keys")
    _, second, third = rows_of(table)
    known = {"key", "kind", "status", "reason", "failure_count", "max_failures", "last_call_at"}
    assert {name for name, value in second.items() if value is None} == set(second) - known
    assert second["reason"] == "suspended"
    assert third["reason"] is None, "its calls may be yet to be read"
    shares = [row["share"] for row in rows_of(attention_table(part, 403, None, "Attention"))]
    assert shares == [None]
    write_table(tmp_path / "keys.json", table, origin(part), "json")
    assert json.loads((tmp_path / "keys.json").read_bytes())["complete"] is False


def test_the_quality_of_data_is_told_check_by_check(snapshot: Snapshot) -> None:
    rows = rows_of(quality_table(snapshot, "Data quality"))
    assert [(row["check"], row["state"], row["figure"], row["value"]) for row in rows] == [
        ("statuses", "noted", "calls_24h", 7),
        ("statuses", "noted", "null_statuses", 1),
        ("statuses", "noted", "text_statuses", 1),
        ("outside", "noted", "calls_24h", 1),
        ("outside", "noted", "keys", 1),
        ("outside", "noted", "calls_without_key", 0),
        ("duplicates", "noted", "keys", 1),
        ("duplicates", "noted", "repetitions", 1),
        ("clock", "unknown", "gateway_ahead_s", None),
        ("room", "fine", "longest_list_bytes", None),
        ("room", "fine", "limit_bytes", None),
        ("age", "unknown", "oldest_call_at", None),
        ("times", "noted", "calls_without_time", 1),
    ]


def test_models_are_told_with_their_failures(snapshot: Snapshot) -> None:
    table = models_table(snapshot.stats.models(A), A, DAY, "Models")
    row = rows_of(table)[0]
    assert row["failures_by_status"] == "429 × 2, All connection attempts failed × 1"
    assert (row["calls"], row["successful"], row["failed"], row["success_rate"]) == (3, 0, 3, 0.0)
    assert table.filters == {"key": A, "hours": 24.0}


def test_filters_tell_null_from_anything() -> None:
    assert error_filters(ErrorFilter()) == {}
    assert error_filters(ErrorFilter(key=A)) == {"key": A}
    assert error_filters(ErrorFilter(model=(None,), code=(None,))) == {"model": None, "code": None}
    assert error_filters(ErrorFilter(ending="0001", text="x", since=NOW), "quota", NOW - DAY) == {
        "key_ending": "0001",
        "text": "x",
        "since": NOW,
        "message": "quota",
        "back_to": NOW - DAY,
    }


def _keys(monitor: Monitor) -> TableSource:
    snapshot = monitor.refresh()
    return keys_table(snapshot, snapshot.keys, "Keys")


def _calls(monitor: Monitor) -> TableSource:
    wanted = CallFilter()
    return calls_table(monitor.refresh().stats.call_list(wanted), wanted, "Calls")


def _errors(monitor: Monitor) -> TableSource:
    monitor.refresh()
    return errors_table(monitor.errors().page(ErrorFilter()).rows, {}, "Errors")


def _attention(monitor: Monitor) -> TableSource:
    return attention_table(monitor.refresh(), 429, None, "Attention")


@pytest.mark.parametrize(
    ("command", "table"),
    [("keys", _keys), ("calls", _calls), ("errors", _errors), ("attention", _attention)],
)
def test_columns_have_the_names_and_values_that_they_have_on_the_command_line(
    gateway: GatewayFile,
    monitor: Monitor,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    command: str,
    table: Callable[[Monitor], TableSource],
) -> None:
    run = Run(capsys, command, "--csv", "--db", str(gateway.path), "--as-of", NOW.isoformat(), "--gateway-tz", "UTC")
    printed = list(csv.DictReader(io.StringIO(run.out)))
    write_table(tmp_path / "out.json", table(monitor), origin(monitor.refresh()), "json")
    written = json.loads((tmp_path / "out.json").read_bytes())["rows"]
    assert printed
    assert len(written) == len(printed)
    for one, other in zip(written, printed, strict=True):
        assert set(other) <= set(one)
        for name in set(other) - {"time", "last_call_at"}:  # the command line leaves out some of their milliseconds
            assert str("" if one[name] is None else one[name]) == other[name]
