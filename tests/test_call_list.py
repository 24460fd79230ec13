"""Single calls: which, in which order, and as the log has them."""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from keymon import call_list
from keymon.call_list import Call, CallFilter, CallList
from keymon.call_log import in_columns
from keymon.call_window import CallWindow
from keymon.gateway_clock import GatewayClock, parse_zone
from keymon.gateway_settings import GatewaySettings
from keymon.locations import location_of
from keymon.monitor import Monitor, Snapshot
from keymon.stats import DAY, StatsService
from keymon.trend import HOUR
from tests.gateway_file import key

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
A, B = key(1), key(2)
TINY = timedelta(microseconds=1)
Row = tuple[timedelta, object, object, object, object]
"""(how long ago, key, model, status, latency)."""


def stats_of(*calls: Row) -> StatsService:
    window = CallWindow(GatewayClock(UTC, "set"))
    rows = [
        (i, f"{NOW - ago:%F %T.%f}", model, one, status, ms) for i, (ago, one, model, status, ms) in enumerate(calls)
    ]
    window.add(in_columns(rows), NOW - timedelta(hours=48))
    return StatsService(window.calls, GatewaySettings((A, B)), NOW)


def at(*agos: timedelta) -> StatsService:
    return stats_of(*((ago, A, "m", 200, 1) for ago in agos))


def ids(found: CallList) -> list[int]:
    return [found[i].id for i in range(len(found))]


def test_those_that_started_last_come_first_and_of_these_that_which_ended_last() -> None:
    assert ids(at(3 * HOUR, HOUR, 2 * HOUR, HOUR).call_list(CallFilter())) == [3, 1, 2, 0]


@pytest.mark.parametrize("period", [HOUR, 8 * HOUR, DAY], ids=str)
def test_the_edge_of_the_period_belongs_to_it_and_so_does_what_is_dated_later(period: timedelta) -> None:
    assert ids(at(period + TINY, period, -HOUR).call_list(CallFilter(period))) == [2, 1]


def test_a_call_is_as_the_log_has_it() -> None:
    minute = timedelta(minutes=1)
    odd: list[tuple[object, object]] = [(199, 0), (200, None), (299, -5), (300, 7), (None, 1), ("refused", 1)]
    found = stats_of(*((minute, None, None, status, ms) for status, ms in odd)).call_list(CallFilter())
    assert found[5] == Call(0, NOW - minute, None, None, 199, success=False, latency_ms=0)
    assert [found[i].success for i in range(6)] == [False, False, False, True, True, False]
    assert [found[i].latency_ms for i in range(6)] == [1, 1, 7, None, None, 0]
    assert [found[i].status for i in range(3)] == ["refused", None, 300]


def test_later_is_not_as_late() -> None:
    assert at(HOUR, 2 * HOUR, 3 * HOUR).call_list(CallFilter()).later_than(NOW - 2 * HOUR) == 1


def test_a_key_or_a_model_that_is_not_there_has_no_calls_and_an_ending_is_at_the_end() -> None:
    calls: list[Row] = [(HOUR, "sk-1-x", "m", 200, 1), (HOUR, "x-sk-1", "m-search", 200, 1), (HOUR, None, None, 200, 1)]
    stats = stats_of(*calls)
    for wanted, found in (
        (CallFilter(key="sk-1"), []),
        (CallFilter(model=("unheard of",)), []),
        (CallFilter(model=("m",)), [0]),
        (CallFilter(model=(None,)), [2]),
        (CallFilter(ending="sk-1"), [1]),
        (CallFilter(ending="x…1"), [1]),
        (CallFilter(ending="sk-1", model=("m",)), []),
    ):
        assert ids(stats.call_list(wanted)) == found


# Against recorded gateways


def read(path: Path, as_of: datetime) -> Snapshot:
    monitor = Monitor(location_of(path), parse_zone("Asia/Shanghai"), as_of, month=False)
    try:
        return monitor.refresh()
    finally:
        monitor.close()


@pytest.mark.parametrize("name", ["gateway.sqlite", "network-errors.sqlite"])
@pytest.mark.parametrize("as_of", ["2026-11-22T12:34:56.789", "2026-11-22T22:00:00"])
@pytest.mark.parametrize(
    ("wanted", "condition"),
    [
        (CallFilter(), "1"),
        (CallFilter(8 * HOUR), "1"),
        (
            CallFilter(HOUR, only_failures=True),
            "NOT (typeof(status_code) = 'integer' AND status_code BETWEEN 200 AND 299)",
        ),
        (CallFilter(status=(400,), model=("gemini-2.5-pro",)), "status_code = 400 AND model_name = 'gemini-2.5-pro'"),
        (CallFilter(ending="7"), "api_key LIKE '%7'"),
        (CallFilter(status=("All connection attempts failed",)), "status_code = 'All connection attempts failed'"),
    ],
    ids=["day", "8 h", "failures", "status and model", "ending", "text"],
)
def test_recorded_gateways_agree_with_naive_sql(
    real_gateway: Path, name: str, as_of: str, wanted: CallFilter, condition: str
) -> None:
    until = datetime.fromisoformat(as_of)
    found = read(real_gateway / name, until).stats.call_list(wanted)
    with closing(sqlite3.connect(real_gateway / name)) as connection:
        expected = connection.execute(
            "SELECT id, api_key, model_name, status_code, latency_ms FROM t_request_log WHERE request_time >= ?"
            f" AND request_time <= ? AND {condition} ORDER BY request_time DESC, id DESC",
            [f"{time:%F %T.%f}" for time in (until - wanted.period, until)],
        ).fetchall()
    calls = (found[i] for i in range(len(found)))
    assert [(one.id, one.key, one.model, one.status, one.latency_ms) for one in calls] == expected


def test_the_calls_of_each_key_are_as_many_as_the_gateway_answered(real_gateway: Path) -> None:
    answers = json.loads((real_gateway / "answers.json").read_text())
    stats = read(real_gateway / "gateway.sqlite", datetime.fromisoformat(answers["as_of"])).stats
    for one, models in answers["usage_24h"].items():
        found = stats.call_list(CallFilter(key=one))
        assert Counter(found[i].model for i in range(len(found))) == models
        assert {model: len(stats.call_list(CallFilter(key=one, model=(model,)))) for model in models} == models
    whole = stats.call_list(CallFilter())
    own = answers["calls_24h"]
    success = sum(whole[i].success for i in range(len(whole)))
    assert (len(whole), len(stats.call_list(CallFilter(only_failures=True)))) == (own["total"], own["total"] - success)
    assert success == own["success"]


@pytest.mark.parametrize("first", [4_096, 5])
@pytest.mark.parametrize(("descending", "order"), [(True, "DESC"), (False, "ASC")])
def test_calls_by_latency_agree_with_naive_sql(
    real_gateway: Path, monkeypatch: pytest.MonkeyPatch, descending: bool, order: str, first: int
) -> None:
    monkeypatch.setattr(call_list, "_LAST", first)
    until = datetime.fromisoformat("2026-11-22T12:34:56.789")
    path = real_gateway / "network-errors.sqlite"
    found = read(path, until).stats.call_list(CallFilter()).by_latency(descending=descending)
    with closing(sqlite3.connect(path)) as connection:
        expected = connection.execute(
            "SELECT id, latency_ms FROM t_request_log WHERE request_time >= ? AND request_time <= ?"
            f" ORDER BY latency_ms {order} NULLS LAST, id DESC",
            [f"{time:%F %T.%f}" for time in (until - 24 * HOUR, until)],
        ).fetchall()
    assert len(expected) > 10
    assert [(found[i].id, found[i].latency_ms) for i in range(len(found))] == expected


def test_calls_whose_latency_is_unknown_are_last_either_way() -> None:
    calls = stats_of(*((HOUR, A, "m", 200, ms) for ms in (None, 30, 10, None, 10))).call_list(CallFilter())
    for descending, ids in ((True, [1, 4, 2, 3, 0]), (False, [4, 2, 1, 3, 0])):
        found = calls.by_latency(descending=descending)
        assert [found[i].id for i in range(len(found))] == ids
