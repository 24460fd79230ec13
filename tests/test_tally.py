"""Counting only what has moved, held against counting afresh."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keymon import tally as tally_module
from keymon.call_log import in_columns
from keymon.call_window import CallWindow
from keymon.calls import BEGINNING, Calls, to_microseconds
from keymon.gateway_clock import GatewayClock
from keymon.tally import Tally, tally

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
EVER = datetime(2026, 1, 1, tzinfo=UTC)

Call = tuple[int, int, int, bool]
"""(seconds before or after START, key, model, success)."""


class Window:
    """A window that calls arrive in."""

    def __init__(self) -> None:
        self.window = CallWindow(GatewayClock(UTC, "set"))
        self.last_id = 0

    def add(self, calls: list[Call], first_id: int | None = None) -> None:
        first = self.last_id + 1 if first_id is None else first_id
        rows = [
            (
                first + n,
                f"{START + timedelta(seconds=at):%Y-%m-%d %H:%M:%S}",
                f"model {model}" if model else None,
                f"key {key}" if key else None,
                200 if success else 500,
                10,
            )
            for n, (at, key, model, success) in enumerate(calls)
        ]
        self.window.add(in_columns(rows), EVER)
        self.last_id = max(self.last_id, first + len(calls) - 1)


def at(seconds: int) -> int:
    return to_microseconds(START + timedelta(seconds=seconds))


def counts(found: Tally) -> dict[tuple[int, int], tuple[int, int]]:
    """The pairs that count anything, by the numbers of key and model."""
    entries = zip(
        found.keys.tolist(), found.models.tolist(), found.success.tolist(), found.failure.tolist(), strict=True
    )
    return {(key, model): (success, failure) for key, model, success, failure in entries if success or failure}


def naive_counts(calls: Calls, since: int) -> dict[tuple[int, int], tuple[int, int]]:
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for key, model, started, passed in zip(
        calls.key.tolist(), calls.model.tolist(), calls.started.tolist(), calls.success.tolist(), strict=True
    ):
        if started >= since:
            success, failure = found.get((key, model), (0, 0))
            found[key, model] = (success + passed, failure + (not passed))
    return found


def is_right(found: Tally, calls: Calls, since: int) -> None:
    assert counts(found) == naive_counts(calls, since)
    assert found.codes.tolist() == sorted(set(found.codes.tolist()))
    assert min([*found.success.tolist(), *found.failure.tolist()], default=0) >= 0
    for key in {key for key, _ in counts(found)}:
        assert found.last[key] == calls.started[calls.key == key].max()
        own = found.of_key(key)
        assert set(found.keys[own].tolist()) == {key}
        assert np.count_nonzero(found.keys == key) == own.stop - own.start


calls = st.lists(st.tuples(st.integers(-60, 60), st.integers(0, 5), st.integers(0, 3), st.booleans()), max_size=12)
moves = st.lists(
    st.one_of(
        calls,
        st.integers(-5, 40),  # so much later
    ),
    max_size=25,
)


@given(before=calls, moves=moves, dense=st.sampled_from([0, 4]))
@settings(max_examples=300, deadline=None)
def test_a_tally_that_was_advanced_counts_as_one_that_was_counted_afresh(
    before: list[Call], moves: list[list[Call] | int], dense: int
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tally_module, "_DENSE", dense)
        window, since = Window(), -30
        window.add(before)
        found = tally(window.window.calls, at(since))
        is_right(found, window.window.calls, at(since))
        for move in moves:
            if isinstance(move, int):
                since += move
            else:
                window.add(move)
            earlier, held = found, window.window.calls
            found = earlier.advanced(held, at(since))
            is_right(found, held, at(since))
            assert counts(found) == counts(tally(held, at(since)))
            old, new = counts(earlier), counts(found)
            differing = {
                key for key, model in old.keys() | new.keys() if old.get((key, model)) != new.get((key, model))
            }
            if found.changed is not None:
                assert differing <= set(found.changed.tolist())
                assert found.changed.tolist() == sorted(set(found.changed.tolist()))
            else:
                assert isinstance(move, int)
                assert move < 0


def test_nothing_moved_leaves_the_counts_as_they_are() -> None:
    window = Window()
    window.add([(0, 1, 1, True), (10, 2, 1, False)])
    first = tally(window.window.calls, at(-5))
    second = first.advanced(window.window.calls, at(-1))
    assert second.changed is not None
    assert second.changed.tolist() == []
    assert second.success is first.success


def test_a_call_that_leaves_as_another_arrives_is_a_change() -> None:
    window = Window()
    window.add([(0, 1, 1, True), (0, 2, 1, True)])
    first = tally(window.window.calls, at(0))
    window.add([(20, 1, 1, True)])
    second = first.advanced(window.window.calls, at(10))
    assert second.changed is not None
    assert [window.window.calls.keys[n] for n in second.changed] == ["key 1", "key 2"]
    assert sum(success for success, _ in counts(second).values()) == 1


@pytest.mark.parametrize("way", ["older calls", "calls in the middle", "calls that are let go", "an earlier moment"])
def test_what_did_not_only_grow_is_counted_afresh(way: str) -> None:
    window, since = Window(), 0
    window.add([(n, 1 + n % 3, 1, True) for n in range(20)], first_id=101)
    window.add([(30, 1, 1, True)], first_id=130)
    first = tally(window.window.calls, at(0))
    if way == "older calls":
        window.add([(1, 4, 1, True)], first_id=50)
    elif way == "calls in the middle":
        window.add([(1, 4, 1, True)], first_id=125)
    elif way == "calls that are let go":
        window.window.forget_before(START + timedelta(seconds=10))
        since = 10
    else:
        since = -10
    second = first.advanced(window.window.calls, at(since))
    assert second.changed is None
    is_right(second, window.window.calls, at(since))


def test_no_calls_at_all() -> None:
    found = tally(Window().window.calls, BEGINNING)
    assert counts(found) == {}
    assert found.advanced(found.calls, 0).changed is not None


def test_many_pairs_are_counted_by_sorting_as_by_places(monkeypatch: pytest.MonkeyPatch) -> None:
    window = Window()
    window.add([(n % 50, 1 + n % 700, 1 + n % 31, n % 3 > 0) for n in range(3_000)])
    by_places = tally(window.window.calls, at(20))
    monkeypatch.setattr(tally_module, "_DENSE", 0)
    by_sorting = tally(window.window.calls, at(20))
    assert by_places.codes.tolist() == by_sorting.codes.tolist()
    assert by_places.success.tolist() == by_sorting.success.tolist()
    assert by_places.failure.tolist() == by_sorting.failure.tolist()
    is_right(by_places, window.window.calls, at(20))
