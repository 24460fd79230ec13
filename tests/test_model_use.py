"""Calls per model: as the log has them, folded or not, and the name of a model without what was asked for besides."""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from keymon.call_log import in_columns
from keymon.call_window import CallWindow
from keymon.gateway_clock import GatewayClock, parse_zone
from keymon.gateway_settings import GatewaySettings
from keymon.locations import location_of
from keymon.model_use import base_model
from keymon.monitor import Monitor, Snapshot
from keymon.stats import DAY, StatsService
from keymon.trend import PERIODS
from tests.gateway_file import key

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
A, B = key(1), key(2)


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("gemini-2.5-flash", "gemini-2.5-flash"),
        ("gemini-2.5-flash-search", "gemini-2.5-flash"),
        ("gemini-2.5-flash-image", "gemini-2.5-flash"),
        ("gemini-2.5-flash-non-thinking", "gemini-2.5-flash"),
        ("m-non-thinking-search", "m"),
        ("m-search-non-thinking", "m"),
        ("m-image-non-thinking-image", "m"),
        ("m-searching", "m-searching"),
        ("m-search-x", "m-search-x"),
        ("-search", ""),
        ("", ""),
        (None, None),
    ],
)
def test_suffixes_go_in_any_order(name: str | None, base: str | None) -> None:
    assert base_model(name) == base


def stats_of(*calls: tuple[str, object, object, timedelta]) -> StatsService:
    """Return the statistics of calls of (key, model, status, how long ago)."""
    window = CallWindow(GatewayClock(UTC, "set"))
    rows = [(i, f"{NOW - ago:%F %T.%f}", model, one, status, 10) for i, (one, model, status, ago) in enumerate(calls)]
    window.add(in_columns(rows), NOW - timedelta(hours=48))
    return StatsService(window.calls, GatewaySettings((A, B)), NOW)


def test_models_come_most_first_then_by_name_and_null_last() -> None:
    models = ("c-search", "b", None, "c", "a", "a")
    stats = stats_of(*((A, model, 500 if model == "c" else 200, timedelta(minutes=1)) for model in models))
    assert [use.model for use in stats.models()] == ["a", "b", "c", "c-search", None]
    assert [(use.model, use.success, use.failure) for use in stats.models(folded=True)] == [
        ("a", 2, 0),
        ("c", 1, 1),
        ("b", 1, 0),
        (None, 1, 0),
    ]


@pytest.mark.parametrize("period", PERIODS, ids=str)
def test_the_edge_of_the_period_belongs_to_it_and_so_does_what_is_dated_later(period: timedelta) -> None:
    tiny = timedelta(microseconds=1)
    stats = stats_of((A, "m", 200, period + tiny), (A, "m", 200, period), (A, "m", 500, -period), (B, "m", 429, tiny))
    assert [(use.success, use.failure) for use in stats.models(A, period)] == [(1, 1)]
    assert [use.failures for use in stats.models(period=period)] == [{429: 1, 500: 1}]
    assert stats.models("unheard of", period) == ()


# Against recorded gateways


def read(path: Path, as_of: datetime) -> Snapshot:
    monitor = Monitor(location_of(path), parse_zone("Asia/Shanghai"), as_of, month=False)
    try:
        return monitor.refresh()
    finally:
        monitor.close()


@pytest.mark.parametrize("folded", [False, True])
def test_the_models_of_every_key_are_the_gateways_own(real_gateway: Path, folded: bool) -> None:
    answers = json.loads((real_gateway / "answers.json").read_text())
    stats = read(real_gateway / "gateway.sqlite", datetime.fromisoformat(answers["as_of"])).stats
    for one, models in answers["usage_24h"].items():
        expected: Counter[str] = Counter()
        for model, calls in models.items():
            expected[model.removesuffix("-search") if folded else model] += calls
        assert {use.model: use.total for use in stats.models(one, folded=folded)} == expected
    every = stats.models(folded=folded)
    total = {"total": sum(use.total for use in every), "success": sum(use.success for use in every)}
    assert total == answers["calls_24h"]
    assert ("gemini-2.5-flash-search" in {use.model for use in every}) is not folded


@pytest.mark.parametrize("name", ["gateway.sqlite", "network-errors.sqlite"])
@pytest.mark.parametrize("as_of", ["2026-11-22T12:34:56.789", "2026-11-22T21:00:00"])
@pytest.mark.parametrize("period", PERIODS, ids=str)
def test_recorded_gateways_agree_with_naive_sql(real_gateway: Path, name: str, as_of: str, period: timedelta) -> None:
    until = datetime.fromisoformat(as_of)
    stats = read(real_gateway / name, until).stats
    with closing(sqlite3.connect(real_gateway / name)) as connection:
        rows = connection.execute(
            "SELECT model_name, status_code, latency_ms FROM t_request_log"
            " WHERE request_time >= ? AND request_time <= ?",
            [f"{time:%F %T.%f}" for time in (until - period, until)],
        ).fetchall()
    uses = {use.model: use for use in stats.models(period=period)}
    assert uses.keys() == {model for model, *_ in rows}
    for model, use in uses.items():
        own = [(status, ms) for one, status, ms in rows if one == model]
        failed = Counter(status for status, _ in own if not (isinstance(status, int) and 200 <= status < 300))
        assert (use.total, use.failure, use.failures) == (len(own), failed.total(), failed)
        took = sorted(ms for _, ms in own)
        ranks = [-(-len(took) * percent // 100) - 1 for percent in (50, 95)]
        assert [use.latency.p50_ms, use.latency.p95_ms] == [took[rank] for rank in ranks]
    assert period < DAY or len(uses) == 6
