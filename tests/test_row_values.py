"""Whole columns at once, held against each value by itself."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keymon import row_values
from keymon.call_log import MAX_LATENCY_MS, local_time, whole_number
from keymon.calls import LATENCY_UNKNOWN, STATUS_MISSING, to_microseconds
from keymon.row_values import NO_TIME, Names, Statuses, as_text, latencies, local_microseconds

usual_times = st.datetimes(datetime(1800, 1, 1), datetime(9500, 1, 1)).map(lambda t: f"{t:%Y-%m-%d %H:%M:%S.%f}")
odd_times = st.sampled_from(
    [
        None,
        "",
        "now",
        "2026-11-23",
        "2026-11-23 12:00:00",
        "2026-11-23T12:00:00.000000",
        "2026-11-23T12:00:00.0+0800",
        "2026-11-23T12:00+08",
        "2026-11-23 12:00:00.0000001",
        "2026-11-23 12:00:00\x00\x00\x00\x00\x00\x000",
        "2026-02-30 12:00:00.000000",
        "2026-11-23 24:00:01.000000",
        " 026-11-23 12:00:00.000000",
        "٢٠٢٦-11-23 12:00:00.000000",
        b"2026-11-23 12:00:00.000000",
        datetime(2026, 11, 23, 12),
        20261123,
        2.5,
    ]
)


def one_by_one(values: Sequence[object]) -> list[int]:
    times = [local_time(value) for value in values]
    return [NO_TIME if time is None else to_microseconds(time.replace(tzinfo=UTC)) for time in times]


@given(st.lists(usual_times, min_size=1, max_size=20), st.lists(odd_times, max_size=2))
def test_a_column_of_times_reads_as_each_time_by_itself(usual: list[str], odd: list[object]) -> None:
    for values in (usual, [*usual, *odd], [*odd, *usual]):
        assert local_microseconds(values).tolist() == one_by_one(values)


@given(st.lists(odd_times, min_size=1, max_size=1), st.integers(1, 5))
def test_a_column_of_one_odd_time_alone(odd: list[object], count: int) -> None:
    assert local_microseconds(odd * count).tolist() == one_by_one(odd) * count


def test_the_times_of_a_gateway_are_not_read_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_values, "_local_time", None)
    for text in ("2026-11-23 12:00:00", "2026-11-23 12:00:00.123456"):
        assert local_microseconds([text] * 3).tolist() == one_by_one([text] * 3)


numbers = st.integers(-(2**63), 2**63 - 1) | st.integers(0, 2000) | st.just(MAX_LATENCY_MS)
odd_values = st.sampled_from([None, "", "200", "refused", 2.0, 200.5, float("inf"), b"200", b"\xff", True, 2**64])


@given(st.lists(numbers, min_size=1, max_size=20), st.lists(odd_values, max_size=2))
def test_a_column_of_latencies_reads_as_each_latency_by_itself(usual: list[int], odd: list[object]) -> None:
    for values in (usual, [*usual, *odd]):
        together = latencies(values).tolist()
        assert together == [latencies([None, value])[1] for value in values]
        assert all(0 <= latency <= MAX_LATENCY_MS or latency == LATENCY_UNKNOWN for latency in together)


@given(st.lists(numbers, min_size=1, max_size=20), st.lists(odd_values, max_size=2))
def test_a_column_of_statuses_reads_as_each_status_by_itself(usual: list[int], odd: list[object]) -> None:
    for values in (usual, [*usual, *odd]):
        statuses = Statuses()
        together = statuses.numbers(values).tolist()
        for number, value in zip(together, values, strict=True):
            if value is None:
                assert number == STATUS_MISSING
            elif number >= 0:
                assert number == whole_number(value)
            else:
                assert statuses.texts[-2 - number] == as_text(value)


def test_equal_texts_have_one_number_wherever_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_values, "_MAX_STATUS_TEXTS", 2)
    statuses = Statuses()
    assert statuses.numbers(["a", 200, "b"]).tolist() == [-2, 200, -3]
    assert statuses.numbers(["c", "b", "d", "a", None]).tolist() == [-4, -3, -4, -2, STATUS_MISSING]
    assert statuses.texts == ["a", "b", "(other text)"]


def test_names_are_numbered_as_they_come_and_bytes_are_text() -> None:
    names = Names()
    assert [names.numbers[value] for value in ("b", None, "a", b"b", "b", b"\xff")] == [0, 1, 2, 0, 0, 3]
    assert names.values == ["b", None, "a", "\\xff"]


def test_only_names_in_use_are_kept() -> None:
    names = Names()
    numbers = np.array([names.numbers[value] for value in ("a", "b", None, "c", "b")], np.int32)
    kept, renumbered = names.in_use(numbers[[1, 2, 4]])
    assert kept.values == ["b", None]
    assert [kept.values[n] for n in renumbered] == ["b", None, "b"]
    assert kept.numbers["new"] == 2
    assert names.values == ["a", "b", None, "c"]
