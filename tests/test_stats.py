"""The figures, held against the gateway's own answers and against naive SQL."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from keymon import errors
from keymon.call_log import in_columns
from keymon.call_window import CallWindow
from keymon.gateway_clock import GatewayClock, parse_zone
from keymon.gateway_settings import GatewaySettings
from keymon.locations import location_of
from keymon.monitor import Monitor, Snapshot
from keymon.stats import CallCount, StatsService
from tests.gateway_file import key

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
A, B = key(1), key(2)


def stats_of(*calls: tuple[str, object, object, timedelta], keys: tuple[str, ...] = (A, B)) -> StatsService:
    """Return the statistics of calls of (key, model, status, how long ago)."""
    window = CallWindow(GatewayClock(UTC, "set"))
    rows = [
        (i, f"{NOW - ago:%Y-%m-%d %H:%M:%S.%f}", model, api_key, status, 10)
        for i, (api_key, model, status, ago) in enumerate(calls)
    ]
    window.add(in_columns(rows), NOW - timedelta(hours=48))
    return StatsService(window.calls, GatewaySettings(keys), NOW)


RECENT = timedelta(minutes=1)


def test_models_come_most_first_then_by_name_and_null_last() -> None:
    stats = stats_of(
        (A, "b", 200, RECENT),
        (A, "a", 200, RECENT),
        (A, None, 200, RECENT),
        (A, "c", 200, RECENT),
        (A, "c", 500, RECENT),
        (B, "z", 200, RECENT),
    )
    assert [row.model for row in stats.usage(A)] == ["c", "a", "b", None]
    assert stats.usage(A)[0].calls == CallCount(success=1, failure=1)
    assert stats.usage("unheard of") == ()


def test_only_the_last_24_hours_count_and_their_edge_does() -> None:
    day = timedelta(hours=24)
    stats = stats_of((A, "m", 200, day), (A, "m", 200, day + timedelta(microseconds=1)))
    assert stats.usage(A)[0].calls.total == 1
    assert stats.count(day).total == 1


def test_statuses_are_counted_as_they_are_stored() -> None:
    stats = stats_of(*((A, "m", status, RECENT) for status in (200, 200, None, "refused", 429, "refused", "refused")))
    assert stats.statuses(A) == {"refused": 3, 200: 2, None: 1, 429: 1}
    assert list(stats.statuses(A))[:2] == ["refused", 200]
    assert stats.statuses("unheard of") == {}


def test_a_key_without_calls_has_no_rate_no_last_call_and_no_model() -> None:
    figures = stats_of((A, "m", 200, RECENT)).key_figures[1]
    assert figures.key == B
    assert figures.calls_24h == CallCount(0, 0)
    assert (figures.calls_24h.success_rate, figures.last_call_at, figures.top_model) == (None, None, None)


def test_the_last_call_is_the_one_that_started_last() -> None:
    stats = stats_of((A, "m", 200, RECENT), (A, "m", 200, 5 * RECENT))
    assert stats.key_figures[0].last_call_at == NOW - RECENT


def test_an_empty_window() -> None:
    stats = stats_of()
    assert stats.count(timedelta(hours=1)) == CallCount(0, 0)
    assert [figures.calls_24h.total for figures in stats.key_figures] == [0, 0]


def test_a_key_is_found_by_its_ending() -> None:
    stats = stats_of(("gone-key-0009", "m", 200, RECENT))
    assert stats.find_key("0002") == B
    assert stats.find_key(A) == A
    assert stats.find_key("0009") == "gone-key-0009"


@pytest.mark.parametrize(
    ("wanted", "error"),
    [("xx", errors.KeyNotFoundError), ("", errors.KeyNotFoundError), (key(3), errors.KeyNotFoundError)],
)
def test_a_key_that_is_not_there(wanted: str, error: type[errors.KeymonError]) -> None:
    with pytest.raises(error) as caught:
        stats_of().find_key(wanted)
    assert key(3) not in str(caught.value)


def test_an_ending_that_several_keys_have() -> None:
    with pytest.raises(errors.KeyAmbiguousError, match="2 keys end in 7"):
        stats_of(keys=(key(7), key(17))).find_key("7")
    with pytest.raises(errors.KeyAmbiguousError, match="2 keys end in AIzaSy…7"):
        stats_of(keys=(key(7), key(17))).find_key("AIzaSy…7")


# Against a running gateway


@pytest.fixture
def answers(real_gateway: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((real_gateway / "answers.json").read_text())
    return found


def snapshot_of(path: Path, as_of: str) -> Snapshot:
    monitor = Monitor(location_of(path), parse_zone("Asia/Shanghai"), datetime.fromisoformat(as_of))
    try:
        return monitor.refresh()
    finally:
        monitor.close()


def test_calls_per_model_of_every_key_are_the_gateways_own(real_gateway: Path, answers: dict[str, object]) -> None:
    snapshot = snapshot_of(real_gateway / "gateway.sqlite", str(answers["as_of"]))
    expected = answers["usage_24h"]
    assert isinstance(expected, dict)
    assert len(expected) == 45
    usage = {k: {row.model: row.calls.total for row in snapshot.stats.usage(k)} for k in expected}
    assert usage == expected


def test_the_total_is_the_gateways_own(real_gateway: Path, answers: dict[str, object]) -> None:
    calls = snapshot_of(real_gateway / "gateway.sqlite", str(answers["as_of"])).calls_24h
    assert calls is not None
    assert {"total": calls.total, "success": calls.success} == answers["calls_24h"]


@pytest.mark.parametrize("status", [400, 403, 429, 500])
def test_calls_per_status_are_the_gateways_own(real_gateway: Path, answers: dict[str, object], status: int) -> None:
    snapshot = snapshot_of(real_gateway / "gateway.sqlite", str(answers["as_of"]))
    expected = answers[f"attention_{status}"]
    assert isinstance(expected, list)
    mine = {f.key: snapshot.stats.statuses(f.key).get(status, 0) for f in snapshot.keys}
    assert {row["key"]: mine[row["key"]] for row in expected} == {row["key"]: row["count"] for row in expected}


@pytest.mark.parametrize("name", ["gateway.sqlite", "network-errors.sqlite"])
@pytest.mark.parametrize("as_of", ["2026-11-22T12:34:56.789", "2026-11-22 23:00:00", "2026-11-23T21:00:00"])
def test_any_instant_agrees_with_naive_sql(real_gateway: Path, name: str, as_of: str) -> None:
    snapshot = snapshot_of(real_gateway / name, as_of)
    until = datetime.fromisoformat(as_of)
    connection = sqlite3.connect(real_gateway / name)
    expected: dict[tuple[str, str], tuple[int, int]] = {}
    for api_key, model, total, success in connection.execute(
        "SELECT api_key, model_name, count(*), coalesce(sum(status_code BETWEEN 200 AND 299), 0) FROM t_request_log"
        " WHERE request_time >= ? AND request_time <= ? GROUP BY 1, 2",
        tuple(f"{t:%Y-%m-%d %H:%M:%S.%f}" for t in (until - timedelta(hours=24), until)),
    ):
        expected[api_key, model] = (total, success)
    connection.close()
    keys = {api_key for api_key, _ in expected} | set(snapshot.settings.pool)
    mine = {
        (api_key, str(row.model)): (row.calls.total, row.calls.success)
        for api_key in keys
        for row in snapshot.stats.usage(api_key)
    }
    assert mine == expected


def test_network_errors_are_failures_and_break_nothing(real_gateway: Path) -> None:
    snapshot = snapshot_of(real_gateway / "network-errors.sqlite", "2026-11-23T23:00:00")
    connection = sqlite3.connect(real_gateway / "network-errors.sqlite")
    since = "2026-11-22 23:00:00"
    query = "SELECT count(*) FROM t_request_log WHERE typeof(status_code) = 'text' AND request_time >= ?"
    (expected,) = connection.execute(query, (since,)).fetchone()
    connection.close()
    text = [
        count
        for figures in snapshot.keys
        for status, count in snapshot.stats.statuses(figures.key).items()
        if isinstance(status, str)
    ]
    assert sum(text) == expected
    assert snapshot.calls_24h is not None
    assert snapshot.calls_24h.failure >= expected
