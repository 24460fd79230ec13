"""Why a key is invalid: the word and the row that says so, from what the replay held against the key."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from keymon.call_log import in_columns
from keymon.call_window import CallWindow
from keymon.gateway_clock import GatewayClock
from keymon.gateway_settings import GatewaySettings
from keymon.locations import location_of
from keymon.monitor import Monitor
from keymon.reason import FailedCall, Reason, reason_of
from keymon.stats import KeyFigures, StatsService
from tests.gateway_file import key

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
A, VERTEX = key(1), "vertex"
SETTINGS = GatewaySettings((A, key(2)), (VERTEX,))
CHECK = SETTINGS.test_model
Call = tuple[object, str | None]
"""A status and a model."""


def figures_of(
    api_key: str, *calls: Call, settings: GatewaySettings = SETTINGS, ago: timedelta = timedelta(0)
) -> KeyFigures:
    """Return the figures of a key with calls a minute apart, the last of them a minute and so long ago."""
    window = CallWindow(GatewayClock(UTC, "set"))
    rows = [
        (i, f"{NOW - ago - timedelta(minutes=len(calls) - i):%F %T.%f}", model, api_key, status, 10)
        for i, (status, model) in enumerate(calls)
    ]
    window.add(in_columns(rows), NOW - timedelta(hours=48))
    stats = StatsService(window.calls, settings, NOW)
    return next(one for one in stats.key_figures if one.key == api_key)


def failed(*statuses: object) -> tuple[Call, ...]:
    return tuple((status, "m") for status in statuses)


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (400, "rejected"),
        (401, "rejected"),
        (403, "suspended"),
        (429, "exhausted"),
        (404, "failing"),
        (500, "failing"),
        (503, "failing"),
        (0, "failing"),
        ("All connection attempts failed", "failing"),
        ("", "failing"),
        (None, "failing"),
    ],
)
@pytest.mark.parametrize("api_key", [A, VERTEX])
def test_the_status_gives_the_word_whether_invalid_or_not(api_key: str, status: object, word: Reason) -> None:
    for times in (1, 3):
        figures = figures_of(api_key, *failed(*[status] * times))
        assert figures.verdict.valid == (times < 3)
        assert reason_of(figures) == word


@pytest.mark.parametrize(
    ("statuses", "word", "row"),
    [
        ((429, 429, 403), "suspended", 2),  # what was said last
        ((400, 500, "refused"), "rejected", 0),  # a network that is down says nothing of the key
        ((429, 403, None), "suspended", 1),
        ((500, 503, None), "failing", 2),
        ((403, 403, 403, 400), "rejected", 3),  # the key was called in spite of its verdict
    ],
)
@pytest.mark.parametrize("api_key", [A, VERTEX])
def test_the_newest_failure_that_says_something_of_the_key_decides(
    api_key: str, statuses: tuple[int | str | None, ...], word: Reason, row: int
) -> None:
    figures = figures_of(api_key, *failed(*statuses))
    assert reason_of(figures) == word
    at = NOW - timedelta(minutes=len(statuses) - row)
    assert figures.verdict.told_by == FailedCall(at, "m", statuses[row])


def test_a_failed_check_of_an_invalid_key_tells_although_it_is_not_counted() -> None:
    figures = figures_of(A, *failed(429, 429, 429), (403, CHECK), (None, CHECK))
    assert figures.verdict.failure_count == 3
    assert reason_of(figures) == "suspended"
    assert figures.verdict.told_by == FailedCall(NOW - timedelta(minutes=2), CHECK, 403)


def test_failures_before_a_passed_check_tell_nothing() -> None:
    assert reason_of(figures_of(A, *failed(403, 403, 403), (200, CHECK))) is None
    assert reason_of(figures_of(A, *failed(403, 403, 403), (200, CHECK), (500, "m"))) == "failing"


def test_a_key_without_calls_is_unproven_and_one_with_successes_needs_no_word() -> None:
    assert reason_of(figures_of(A)) == "unproven"
    assert reason_of(figures_of(A, (200, None))) is None
    none_is_valid = GatewaySettings((A,), max_failures=0)
    assert reason_of(figures_of(A, settings=none_is_valid)) == "unproven"
    assert reason_of(figures_of(A, (200, "m"), settings=none_is_valid)) is None


@pytest.mark.parametrize(
    ("api_key", "calls", "word"),
    [
        (A, [*failed(500, 500, 500), (200, CHECK)], None),
        (VERTEX, [(500, "m"), (200, "m")], None),
        (A, [(200, "m")], "unproven"),
        (A, [(500, "m")], "failing"),
    ],
)
def test_what_was_seen_before_the_last_day_proves_a_key_too(
    api_key: str, calls: list[Call], word: Reason | None
) -> None:
    figures = figures_of(api_key, *calls, ago=timedelta(hours=26))
    assert figures.calls_24h.total == 0
    assert reason_of(figures) == word


@given(some.lists(some.sampled_from([200, 400, 401, 403, 429, 500, None, "refused"]), max_size=12))
def test_any_row_of_failures_gives_the_word_that_reading_it_backwards_gives(statuses: list[object]) -> None:
    figures = figures_of(VERTEX, *failed(*statuses))
    in_a_row: list[object] = []
    for status in reversed(statuses):
        if status == 200:
            break
        in_a_row.append(status)
    words = {400: "rejected", 401: "rejected", 403: "suspended", 429: "exhausted"}
    told = [words[one] for one in in_a_row if isinstance(one, int) and one in words]
    assert reason_of(figures) == (told[0] if told else "failing" if in_a_row else None if statuses else "unproven")


@pytest.mark.parametrize("name", ["gateway.sqlite", "network-errors.sqlite"])
def test_of_a_recorded_gateway_each_word_rests_on_a_row_of_its_log(real_gateway: Path, name: str) -> None:
    path = real_gateway / name
    with closing(sqlite3.connect(path)) as connection:
        (last,) = connection.execute("SELECT max(request_time) FROM t_request_log").fetchone()
        rows = set(connection.execute("SELECT api_key, request_time, model_name, status_code FROM t_request_log"))
    day_before = datetime.fromisoformat(last) - timedelta(hours=24)
    zone = timezone(timedelta(hours=8))
    monitor = Monitor(location_of(path), zone, datetime.fromisoformat(last), month=False)
    snapshot = monitor.refresh()
    monitor.close()
    words = {one.key: reason_of(one) for one in snapshot.keys}
    invalid = {words[one.key] for one in snapshot.keys if not one.verdict.valid}
    assert invalid
    assert invalid <= {"rejected", "suspended", "exhausted", "failing"}
    for one in snapshot.keys:
        told_by = one.verdict.told_by
        assert (told_by is None) == (one.verdict.failure_count == 0)
        if told_by is not None:
            at = told_by.started_at.astimezone(zone).replace(tzinfo=None)
            assert (one.key, f"{at:%F %T.%f}", told_by.model, told_by.status) in rows
        elif words[one.key] is not None:
            assert words[one.key] == "unproven"
            assert one.key not in {called for called, at, *_ in rows if datetime.fromisoformat(at) > day_before}
