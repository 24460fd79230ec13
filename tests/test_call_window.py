"""Rows into columns: whatever the gateway's columns hold."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from keymon.call_log import LogRows, in_columns
from keymon.call_window import CallWindow
from keymon.calls import LATENCY_UNKNOWN, STATUS_MISSING, to_datetime
from keymon.gateway_clock import GatewayClock, parse_zone

SINCE = datetime(2026, 11, 22, 12, tzinfo=UTC)


Row = tuple[object, ...]


def in_a_log(rows: Iterable[Row], first_id: int = 1) -> LogRows:
    return in_columns([(first_id + n, *row) for n, row in enumerate(rows)])


def window_of(*rows: Row, zone: str = "UTC") -> CallWindow:
    window = CallWindow(GatewayClock(parse_zone(zone), "set"))
    window.add(in_a_log(rows), SINCE)
    return window


def row(time: object = "2026-11-23 00:00:00", status: object = 200, latency: object = 5, key: object = "k") -> Row:
    return (time, "m", key, status, latency)


def test_times_become_utc() -> None:
    calls = window_of(row("2026-11-23 12:00:00.250000"), zone="Asia/Shanghai").calls
    assert to_datetime(calls.started[0]) == datetime(2026, 11, 23, 4, 0, 0, 250_000, tzinfo=UTC)


def test_calls_before_the_window_are_left_out() -> None:
    assert len(window_of(row("2026-11-22 11:59:59.999999"), row("2026-11-22 12:00:00"))) == 1


@pytest.mark.parametrize(
    "time", [None, "", "yesterday", "now", "today", 2026, b"\x00", "2026-13-45 00:00:00", 3.5], ids=repr
)
def test_a_row_without_a_readable_time_is_counted_apart(time: object) -> None:
    window = window_of(row(), row(time))
    assert len(window) == 1
    assert window.without_time == 1


@pytest.mark.parametrize(
    ("status", "success"),
    [(200, True), (204, True), (299, True), (199, False), (300, False), (404, False), (0, False)],
)
def test_a_call_is_a_success_when_its_status_is_2xx(status: int, success: bool) -> None:
    calls = window_of(row(status=status)).calls
    assert calls.success.tolist() == [success]
    assert calls.status_of(0) == status


@pytest.mark.parametrize(
    ("status", "stored"),
    [
        (None, None),
        ("All connection attempts failed", "All connection attempts failed"),
        ("", ""),
        (-1, "-1"),
        (2**63 - 1, str(2**63 - 1)),
        (b"\xff\x00", "\\xff\x00"),
        (2.5, "2.5"),
        (b"200", "200"),
        ("2_00", "2_00"),
    ],
    ids=repr,
)
def test_a_status_that_is_no_status_is_a_failure_and_kept(status: object, stored: object) -> None:
    calls = window_of(row(status=500), row(status=status), row(status=None)).calls
    assert calls.success.tolist() == [False] * 3
    assert [calls.status_of(i) for i in range(3)] == [500, stored, None]
    assert calls.status[2] == STATUS_MISSING


def test_a_flood_of_different_texts_does_not_fill_the_memory() -> None:
    calls = window_of(*(row(status=f"error {i}") for i in range(3000))).calls
    assert len(calls) == 3000
    assert len(calls.status_texts) < 1100


@pytest.mark.parametrize("latency", [None, -5, 2**62, "text", b"x"], ids=repr)
def test_an_impossible_latency_is_unknown(latency: object) -> None:
    calls = window_of(row(latency=latency), row(latency=7)).calls
    assert calls.latency_ms.tolist() == [LATENCY_UNKNOWN, 7]
    assert (calls.ended - calls.started).tolist() == [0, 7000]


def test_keys_and_models_may_be_null() -> None:
    calls = window_of(row(key=None), row(key=""), row(key="k")).calls
    assert [calls.keys[i] for i in calls.key] == [None, "", "k"]


def test_what_was_handed_out_stays_as_it_was() -> None:
    window = window_of(*[row()] * 10)
    before = window.calls
    window.add(in_a_log([row("2026-11-23 01:00:00", key="other")] * 50, 11), SINCE)
    window.forget_before(SINCE + timedelta(hours=12, minutes=30))
    assert len(before) == 10
    assert before.keys[before.key[0]] == "k"
    assert len(window) == 50


def test_rows_from_either_end_and_from_the_middle_are_held_once_and_in_order() -> None:
    window = CallWindow(GatewayClock(parse_zone("UTC"), "set"))

    def rows(*ids: int) -> LogRows:
        return in_columns([(n, *row()) for n in ids])

    for added in ([5, 7], [9, 11], [3], [1, 6, 12], [0, 1], [12, 13], [2, 6], [14]):
        window.add(rows(*added), SINCE)
    assert window.calls.ids.tolist() == [0, 1, 2, 3, 5, 6, 7, 9, 11, 12, 13, 14]


def test_old_calls_are_let_go() -> None:
    window = window_of(*(row(f"2026-11-23 {hour:02}:00:00") for hour in range(10)))
    window.forget_before(datetime(2026, 11, 23, 5, tzinfo=UTC))
    assert sorted(to_datetime(t).hour for t in window.calls.started) == [5, 6, 7, 8, 9]


def test_names_that_no_call_has_any_more_are_let_go() -> None:
    window = CallWindow(GatewayClock(parse_zone("UTC"), "set"))
    window.add(
        in_a_log((f"2026-11-23 {i // 60:02}:{i % 60:02}:00", f"model {i}", "k", 200, 5) for i in range(600)), SINCE
    )
    before = window.calls
    window.forget_before(datetime(2026, 11, 23, 9, 59, tzinfo=UTC))
    calls = window.calls
    assert [calls.models[i] for i in calls.model] == ["model 599"]
    assert (len(calls.models), len(before.models)) == (1, 600)
    window.add(in_a_log([row("2026-11-23 12:00:00")], 601), SINCE)
    assert [window.calls.models[i] for i in window.calls.model] == ["model 599", "m"]


def test_a_period_includes_its_edges() -> None:
    calls = window_of(*(row(f"2026-11-23 {hour:02}:00:00") for hour in range(5))).calls
    part = calls.between(datetime(2026, 11, 23, 1, tzinfo=UTC), datetime(2026, 11, 23, 3, tzinfo=UTC))
    assert len(part) == 3
