"""Counting what has moved gives what counting afresh gives."""

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from keymon.call_log import in_columns
from keymon.call_window import CallWindow
from keymon.calls import Calls, to_microseconds
from keymon.gateway_clock import GatewayClock
from keymon.tally import Tally, tally

START = datetime(2026, 11, 22, tzinfo=UTC)

calls = st.tuples(
    st.integers(0, 30),
    st.sampled_from(["a", "b", "c", None]),
    st.sampled_from(["m", "n", None]),
    st.sampled_from([200, 500, None]),
    st.integers(0, 40),
)
steps = st.lists(st.tuples(st.lists(calls, max_size=8), st.integers(0, 60), st.booleans()), min_size=1, max_size=12)


def counts(found: Tally) -> dict[tuple[str | None, str | None], tuple[int, int]]:
    columns = (found.keys, found.models, found.success, found.failure)
    return {
        (found.calls.keys[key], found.calls.models[model]): (success, failure)
        for key, model, success, failure in zip(*(column.tolist() for column in columns), strict=True)
        if success or failure
    }


def last_calls(found: Tally) -> dict[str | None, int]:
    return {key: found.last.item(found.calls.key_numbers[key]) for key, _ in counts(found)}


@given(steps)
@settings(max_examples=200, deadline=None)
def test_a_tally_that_goes_along_is_one_made_afresh(steps: list[tuple[list[tuple[object, ...]], int, bool]]) -> None:
    """Calls arrive out of order, the period slides, and at times the window lets go of what is old."""
    window = CallWindow(GatewayClock(UTC, "set"))
    now, row_id, since = START, 0, to_microseconds(START - timedelta(hours=1))
    found = tally(window.calls, since)
    for arrived, minutes, forgets in steps:
        rows = []
        for gap, api_key, model, status, late in arrived:
            row_id += 1
            now += timedelta(minutes=int(str(gap)))
            started = now - timedelta(minutes=int(str(late)))
            rows.append((row_id, f"{started:%Y-%m-%d %H:%M:%S}", model, api_key, status, 0))
        window.add(in_columns(rows), START - timedelta(days=1))
        since += minutes * 60_000_000
        if forgets:
            window.forget_before(START + timedelta(microseconds=since - to_microseconds(START)))
        before, found = found, found.advanced(window.calls, since)
        afresh = tally(window.calls, since)
        assert counts(found) == counts(afresh)
        assert last_calls(found) == last_calls(afresh)
        if found.changed is not None:
            assert keys_that_differ(before, found) <= {found.calls.keys[n] for n in found.changed.tolist()}


def keys_that_differ(before: Tally, after: Tally) -> set[str | None]:
    old, new = counts(before), counts(after)
    return {pair[0] for pair in old.keys() | new.keys() if old.get(pair) != new.get(pair)}


def columns_of(pairs: int) -> Calls:
    numbers = np.arange(pairs, dtype=np.int32)
    names = [str(n) for n in range(pairs)]
    started = np.full(pairs, 10, np.int64)
    status = np.where(numbers % 2, 200, 500).astype(np.int32)
    return Calls(started.copy(), started, numbers, numbers, status, numbers, names, names, [], {})


def test_many_keys_and_models_are_counted_as_few_are() -> None:
    """A place for each pair would be a million here."""
    found = tally(columns_of(1_000), 0)
    assert counts(found) == {(str(n), str(n)): ((1, 0) if n % 2 else (0, 1)) for n in range(1_000)}
    assert counts(tally(columns_of(1_000), 11)) == {}


def test_the_entries_of_a_key_stand_together() -> None:
    window = CallWindow(GatewayClock(UTC, "set"))
    rows = [(n, f"{START:%Y-%m-%d %H:%M:%S}", "mno"[n % 3], "ab"[n % 2], 200, 0) for n in range(1, 25)]
    window.add(in_columns(rows), START - timedelta(days=1))
    found = tally(window.calls, 0)
    for key, number in (("a", window.calls.key_numbers["a"]), ("b", window.calls.key_numbers["b"])):
        entries = found.of_key(number)
        assert found.keys[entries].tolist() == [number] * 3, key
        assert found.success[entries].tolist() == [4, 4, 4]
    assert found.of_key(99) == slice(6, 6)
