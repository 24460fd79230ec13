"""Percentiles by the nearest rank, of those that are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keymon.latency import Latency, latencies_by, latency

some_latencies = st.lists(st.tuples(st.integers(0, 4), st.integers(-2, 50)), max_size=120)


def of(milliseconds: list[int]) -> Latency:
    return latency(np.array(milliseconds, np.int32))


@pytest.mark.parametrize(
    ("milliseconds", "found"),
    [
        ([], Latency(0, None, None)),
        ([-1, -1], Latency(0, None, None)),
        ([0], Latency(1, 0, 0)),
        ([0, 9, -1], Latency(2, 0, 9)),
        ([3, 1, 2], Latency(3, 2, 3)),
        (list(range(20, 0, -1)), Latency(20, 10, 19)),
        (list(range(1, 22)), Latency(21, 11, 20)),
        (list(range(1, 101)), Latency(100, 50, 95)),
    ],
    ids=str,
)
def test_half_of_the_calls_took_at_most_so_long_and_95_of_100(milliseconds: list[int], found: Latency) -> None:
    assert of(milliseconds) == found


@given(some_latencies)
def test_of_many_groups_each_has_what_it_would_have_alone(pairs: list[tuple[int, int]]) -> None:
    groups, milliseconds = (np.array([pair[i] for pair in pairs]) for i in (0, 1))
    alone = {group: of([ms for one, ms in pairs if one == group]) for group in range(5)}
    found = latencies_by(groups.astype(np.int64), milliseconds.astype(np.int32))
    assert found == {group: one for group, one in alone.items() if one.known}
