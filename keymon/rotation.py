"""What the order of the calls tells: the gateway hands out its valid keys in turn.

Sorted by their starts, ordinary calls walk through the pool in its order, round after round, leaving out the
invalid keys. A health check does not keep to this walk. So whether a call lies between its neighbours in the
pool tells the two apart, without any knowledge of failure counts. How well a log keeps the order (retries and
whole-second times blur it) is measured on the log itself; where it keeps none, nothing is concluded from it.

This module knows the walk only. It decides nothing about keys; see `validity`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keymon.calls import Int32s, Int64s

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Indexes = NDArray[np.intp]

SECOND = 1_000_000
_FEWEST = 50
"""Calls below which an order cannot be told from chance."""
_TOO_FEW_ORDINARY = 0.3
"""Share of calls with other models, below which calls of the test model must help to trace the walk."""
_SAMPLE = 50_000
_BACK_TO_BACK = SECOND // 4
_MOST_CERTAIN = 6.0
_KEEPS_ORDER = 0.7
"""Share of calls that lie between their neighbours; half of them do by chance."""


@dataclass(frozen=True, slots=True, eq=False)
class PoolCalls:
    """The calls on the Gemini keys of the pool, in the order of the log.

    `started` and `ended` are microseconds since 1970-01-01 UTC; `place` is the key's place in the pool of
    `size` keys; `tests` marks the calls of the test model; `index` is each call's index in the `Calls`.
    """

    started: Int64s
    ended: Int64s
    place: Int32s
    tests: Bools
    success: Bools
    index: Indexes
    size: int

    def __len__(self) -> int:
        return len(self.started)


class Rotation:
    """The walk through the pool that the ordinary calls make."""

    def __init__(self, calls: PoolCalls) -> None:
        self._size = calls.size
        walk = _likely_ordinary(calls)
        walk = walk[np.argsort(calls.started[walk], kind="stable")]
        self.started, self.place = calls.started[walk], calls.place[walk]
        self.near, self.far = _blur(self.started)
        self.irregular = np.zeros(calls.size, np.bool_)
        self._leave_out_irregular_keys()
        self.usable = len(self.place) >= max(_FEWEST, 4 * self.far)
        if self.usable:
            self._measure()

    @property
    def keeps_order(self) -> bool:
        """Whether the calls walk in order at all: not where keys are drawn at random."""
        return self.usable and max(self._ordinary_near, float(self._ordinary[:, 1].sum())) >= _KEEPS_ORDER

    def log_odds(self, started: Int64s, place: Int32s) -> Floats:
        """Return how much likelier each call's place is for a health check than for an ordinary call.

        The logarithm of the ratio; 0 where the walk says nothing.
        """
        if not self.usable or len(started) == 0:
            return np.zeros(len(started))
        before = np.searchsorted(self.started, started, "left")
        after = np.searchsorted(self.started, started, "right")
        fits_near, gap_near = self._fits(place, before, after, self.near)
        fits_far, gap_far = self._fits(place, before, after, self.far)
        last = len(self.place) - 1
        round_length = np.minimum(
            self._round_length[np.clip(before - 1, 0, last)], self._round_length[np.clip(before, 0, last)]
        )
        odds = np.where(
            round_length >= 4 * self.far,
            self._odds_of_both(fits_near, fits_far, gap_near, gap_far),
            np.where(round_length >= 4 * self.near, self._odds_of_near(fits_near, gap_near), 0.0),
        )
        odds[self.irregular[place]] = 0.0
        return np.clip(odds, -_MOST_CERTAIN, _MOST_CERTAIN)

    def recent_round(self) -> float:
        """Return how many calls the walk's newest rounds took; 0 where that is unknown."""
        newest = self._round_length[-200:]
        known = newest[newest > 0]
        return float(np.median(known)) if len(known) else 0.0

    def times_past(self, place: int, after: int) -> int:
        """Return how often the walk has come by `place`, from before it to beyond it, since its call `after`."""
        recent = max(after + 1, len(self.place) - 8 * self._size)
        beyond = self.place[recent:] > place
        return int(np.count_nonzero(beyond[1:] & ~beyond[:-1]))

    def restart_before(self, started: int, place: int, valid: Bools, ordinary_share: float) -> int | None:
        """Return when the gateway restarted, if the round in which `place` was called had just begun anew.

        After a restart the walk begins again at the pool's first key, so the round before it broke off with
        valid keys still to come. Returns the start of its last call.
        """
        here = int(np.searchsorted(self.started, started))
        earliest = max(0, here - self._size)
        blur = 2 * self.near
        beyond = np.flatnonzero(self.place[earliest:here] > place + blur)
        if len(beyond) == 0:
            return None
        edge = earliest + int(beyond[-1])
        reached = int(self.place[max(edge - (8 * self.near - 6), 0) : edge + 1].max())
        expected_gap = 2 / max(ordinary_share, 0.1) + 1 + 2 * (self.near - 1)
        broke_off = np.count_nonzero(valid[reached + 1 :]) >= expected_gap
        since = self.place[edge + 1 : here]
        walked = len(since) >= 0.5 * ordinary_share * np.count_nonzero(valid[:place]) - 1
        from_the_top = len(since) == 0 or np.count_nonzero(valid[: int(since[: blur + 1].min())]) <= expected_gap
        return int(self.started[edge]) if broke_off and walked and from_the_top else None

    def _leave_out_irregular_keys(self) -> None:
        """Leave out keys that come up out of turn, as those do that stand in the pool twice."""
        if len(self.place) < max(_FEWEST, 4 * self.far):
            return
        inner = slice(self.near, len(self.place) - self.near)
        place = self.place[inner]
        fits, _ = _between(place, self.place[: -2 * self.near], self.place[2 * self.near :], self._size)
        calls = np.bincount(place, minlength=self._size)
        bad = np.bincount(place[~fits], minlength=self._size)
        self.irregular = bad > (0.25 + bad.sum() / calls.sum()) * calls + 1.5
        if self.irregular.any():
            regular = ~self.irregular[self.place]
            self.started, self.place = self.started[regular], self.place[regular]

    def _measure(self) -> None:
        """Measure how ordinary calls lie between their neighbours, near and far."""
        sample = np.arange(self.far, len(self.place) - self.far, len(self.place) // _SAMPLE + 1)
        near, gap_near = _between_neighbours(self.place, sample, self.near, self._size)
        far, gap_far = _between_neighbours(self.place, sample, self.far, self._size)
        self._typical_gap = {
            self.near: int(np.quantile(gap_near, 0.9)) + 1,
            self.far: int(np.quantile(gap_far, 0.9)) + 1,
        }
        self._round_length = _round_lengths(self.place)
        round_length = self._round_length[sample]
        long = round_length >= 4 * self.far
        counted = np.array([[np.count_nonzero((near == a) & (far == b) & long) for b in (0, 1)] for a in (0, 1)])
        self._ordinary = (counted + 1.0) / (counted.sum() + 4.0)
        enough = round_length >= 4 * self.near
        fitting, all_of_them = np.count_nonzero(near & enough), np.count_nonzero(enough)
        self._ordinary_near = (fitting + 2.0) / (all_of_them + 3.0)

    def _fits(self, place: Int32s, before: Indexes, after: Indexes, distance: int) -> tuple[Bools, Floats]:
        lower = self.place[np.maximum(before - distance, 0)]
        index = after + distance - 1
        upper = self.place[np.minimum(index, len(self.place) - 1)]
        # The newest calls have no neighbours after them yet: assume the usual gap.
        upper = np.where(index < len(self.place), upper, (lower + self._typical_gap[distance]) % self._size)
        fits, gap = _between(place, lower, upper, self._size)
        return fits, gap / self._size

    def _odds_of_both(self, near: Bools, far: Bools, gap_near: Floats, gap_far: Floats) -> Floats:
        least = 0.5 / self._size
        gap_near = np.clip(gap_near, least, 1)
        gap_far = np.clip(np.maximum(gap_far, gap_near), 2 * least, 1)
        check = np.select(
            [near & far, ~near & far, near & ~far],
            [gap_near, np.maximum(gap_far - gap_near, least), np.full(len(near), least)],
            1 - gap_far + 1e-3,
        )
        odds: Floats = np.log(check / self._ordinary[near.astype(int), far.astype(int)])
        return odds

    def _odds_of_near(self, near: Bools, gap: Floats) -> Floats:
        gap = np.clip(gap, 0.5 / self._size, 1)
        ordinary = np.where(near, self._ordinary_near, 1 - self._ordinary_near)
        odds: Floats = np.log(np.where(near, gap, 1 - gap + 1e-3) / ordinary)
        return odds


def _likely_ordinary(calls: PoolCalls) -> Indexes:
    """Return the calls that trace the walk: those of other models, and failing these lone test calls."""
    others = np.flatnonzero(~calls.tests)
    if len(others) >= _TOO_FEW_ORDINARY * len(calls):
        return others
    tests = np.flatnonzero(calls.tests)
    started, ended = calls.started[tests], calls.ended[tests]
    all_starts, all_ends = np.sort(started), np.sort(ended)
    lone = (
        np.searchsorted(all_ends, started, "right") == np.searchsorted(all_ends, started - _BACK_TO_BACK, "left")
    ) & (np.searchsorted(all_starts, ended + _BACK_TO_BACK, "right") == np.searchsorted(all_starts, ended, "left"))
    chosen = np.concatenate([others, tests[lone]])
    return chosen if len(chosen) >= _TOO_FEW_ORDINARY * len(calls) else np.arange(len(calls))


def _blur(started: Int64s) -> tuple[int, int]:
    """Return how many neighbours away to look, near and far, for the order of starts to be certain.

    One and three; more where times are whole seconds, as MySQL stores them: then the calls of one second are
    in no order.
    """
    if len(started) < _FEWEST or np.mean(started[:10_000] % SECOND == 0) < 0.9:
        return 1, 3
    seconds = max(int(started[-1] - started[0]) / SECOND, 1.0)
    in_two_seconds = int(2 * len(started) / seconds) + 1
    return 1 + in_two_seconds // 2, 3 + in_two_seconds


def _between(place: Int32s, lower: Int32s, upper: Int32s, size: int) -> tuple[Bools, Int32s]:
    """Return which places lie strictly between two others on the ring, and how many places do."""
    gap = upper - lower
    gap = np.where(gap <= 0, gap + size, gap)
    distance = place - lower
    distance = np.where(distance < 0, distance + size, distance)
    return (distance > 0) & (distance < gap), gap - 1


def _between_neighbours(place: Int32s, chosen: Indexes, distance: int, size: int) -> tuple[Bools, Int32s]:
    """Return which of the chosen calls of a walk lie between those `distance` before and after; the gaps."""
    return _between(place[chosen], place[chosen - distance], place[chosen + distance], size)


def _round_lengths(place: Int32s) -> Int64s:
    """Return for each call of a walk how many calls lie between it and the key's call before; 0: unknown."""
    small = place.astype(np.uint16) if len(place) and int(place.max()) < 2**16 else place  # sorts in O(n)
    order = np.argsort(small, kind="stable")
    same = place[order[1:]] == place[order[:-1]]
    lengths = np.zeros(len(place), np.int64)
    lengths[order[1:]] = np.where(same, order[1:] - order[:-1], 0)
    return lengths
