"""Which keys the gateway holds valid: a replay of the failure counts that it keeps in memory only.

Every failed call adds one to its key's count, a passed health check sets it to 0, and a key whose count
reaches MAX_FAILURES is invalid. The log shows calls but neither which of them were health checks nor resets
and restarts, so the replay has to find those out:

1. A call of the test model on a key that the replay holds invalid is a check for sure (or the operator's
   verification, which does the same): the rotation leaves such keys out.
2. On a key with a smaller count, a passed call of the test model is taken as a check where the odds say so
   (`health_checks`): checks are out of the rotation's turn and follow each other in pool order. These odds
   come from the log alone and hold for any share of the test model in the traffic.
3. A failed check never lifts a count beyond the maximum; an ordinary failure, of a call in flight, does.
4. An ordinary call that begins on a key held invalid shows that we are wrong. If the rotation had just
   begun again at the top of the pool, the gateway was restarted and every count is cut to the failures since.
   Else, if we had turned down a possible check on that key, that was one; else the operator has reset the key.
   Not so while (nearly) all keys are invalid, for then the rotation hands out all of them; and a key that
   contradicts us again and again, or is called out of turn, gets traffic for a reason of its own: it stands
   in the pool twice, or it is the PAID_KEY.
5. A key that has failed and that the rotation passes over three times running is invalid, even if the log
   holds too few failures: it begins too late, or the gateway has lost rows.

Vertex keys: the gateway neither checks them nor ever holds them invalid, so nothing of the above can be seen.
Their count is that of the failures in a row, for a success is the one proof that the key works.

Nothing here is remembered between two calls of `judge`: a verdict is a function of the log.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np

from keymon.call_window import Calls, to_datetime
from keymon.gateway_settings import GatewaySettings
from keymon.health_checks import weigh
from keymon.rotation import SECOND, Bools, Floats, Indexes, PoolCalls, Rotation

_MARGIN = 5 * SECOND
"""How late the start of a call may be stamped after its key was chosen: the gateway's busy timeout."""
_NEARLY_ALL = 0.9
"""Share of invalid keys from which ordinary calls on them prove nothing any more."""
_MOST_CONTRADICTIONS = 3
_ROUNDS = 3
"""Rounds of the rotation without a key that prove it invalid."""
_SHORTEST_ROUND = 4


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gateway holds of one key, by our replay. Times are UTC and those of a call's start."""

    valid: bool
    failure_count: int
    since: datetime | None = None
    """The first failure that still counts; None when the count is 0."""
    last_passed_check: datetime | None = None
    """The last health check passed that set the count to 0; None if the log shows none."""
    last_failure_at: datetime | None = None
    """The last failure that was counted, even if the count has been set to 0 since."""
    last_failure_status: int | str | None = None
    """Its HTTP status, the text of a network error, or None for NULL."""
    assumed_reset_at: datetime | None = None
    """Until when the gateway must have reset the count, as ordinary calls on an invalid key have shown."""
    passed_over: bool = False
    """Invalid because the rotation leaves it out; the log holds fewer failures than that takes."""


def judge(calls: Calls, settings: GatewaySettings) -> dict[str, Verdict]:
    """Return the verdict on each key of the pool, in its order."""
    unused = Verdict(settings.max_failures > 0, 0)
    verdicts = dict.fromkeys(settings.pool, unused)
    if len(calls) == 0:
        return verdicts
    verdicts.update(_judge_gemini(calls, settings))
    vertex = [key for key, kind in settings.pool.items() if kind == "vertex"]
    verdicts.update(_judge_vertex(calls, vertex, settings.max_failures))
    return verdicts


def _judge_gemini(calls: Calls, settings: GatewaySettings) -> Iterator[tuple[str, Verdict]]:
    of_pool = _calls_of(calls, settings.gemini_keys, settings.test_model)
    if len(of_pool) == 0:
        return
    rotation = Rotation(of_pool)
    interval = max(settings.check_interval // timedelta(microseconds=1), 1)
    odds, suspects = weigh(of_pool, rotation, interval)
    replay = _Replay(of_pool, rotation, odds, suspects, settings.max_failures)
    replay.run()
    passed_over = replay.passed_over()
    for place in np.flatnonzero(np.bincount(of_pool.place, minlength=of_pool.size)).tolist():
        yield settings.gemini_keys[place], replay.verdict(calls, place, place in passed_over)


def _calls_of(calls: Calls, keys: Sequence[str], test_model: str) -> PoolCalls:
    places = {key: place for place, key in enumerate(keys)}
    of_key = np.array([places.get(key, -1) if key is not None else -1 for key in calls.keys], np.int32)
    of_model = np.array([model == test_model for model in calls.models], np.bool_)
    place = of_key[calls.key]
    index = np.flatnonzero(place >= 0)
    return PoolCalls(
        calls.started[index],
        calls.ended[index],
        place[index],
        of_model[calls.model[index]],
        calls.success[index],
        index,
        len(keys),
    )


class _Replay:
    """Goes through the calls that can matter, in the order of the log, and keeps the counts."""

    def __init__(
        self, calls: PoolCalls, rotation: Rotation, odds: Floats, suspects: Indexes, max_failures: int
    ) -> None:
        self._calls, self._rotation, self._odds, self._suspects = calls, rotation, odds, suspects
        self._max = max_failures
        size = calls.size
        self._counts = [0] * size
        self._failures: list[list[int]] = [[] for _ in range(size)]
        """Of each key, the failures since its count was 0, failed checks beyond the maximum among them."""
        self._rejected: list[list[tuple[float, int]]] = [[] for _ in range(size)]
        """Of each key, (odds, call) of the passed calls since then that were not taken as checks."""
        self._contradictions = [0] * size
        self._invalid_since = [0] * size
        self._reset_at = [0] * size
        self._assumed_reset = [0] * size
        self._passed_check = [-1] * size
        self._last_failure = [-1] * size
        self._invalid = size if max_failures <= 0 else 0
        self._nearly_all = size - int(size * (1 - _NEARLY_ALL) + 1e-9)
        self._all_invalid_at = -1
        """The last moment at which (nearly) all keys were invalid."""
        self._watched: list[tuple[int, int]] = []
        """Heap of (call, key): the first ordinary call on each key after it turned invalid."""
        self._group_ordinary_calls()

    def run(self) -> None:
        """Replay the whole log."""
        calls = self._calls
        events = self._events()
        for event in zip(
            events.tolist(),
            calls.place[events].tolist(),
            calls.success[events].tolist(),
            calls.tests[events].tolist(),
            calls.started[events].tolist(),
            calls.ended[events].tolist(),
            strict=True,
        ):
            while self._watched and self._watched[0][0] <= event[0]:
                self._see_ordinary_call(*heapq.heappop(self._watched))
            self._see(*event)
        while self._watched:
            self._see_ordinary_call(*heapq.heappop(self._watched))

    def _events(self) -> Indexes:
        """Return the calls that can matter: the failures, and passed checks on keys with a count.

        A key's count is at most the number of its failures since its last likely check. A passed call of the
        test model on a key without any changes nothing, and there are many of these.
        """
        calls = self._calls
        chosen = ~calls.success
        chosen[self._suspects] = True
        events = np.flatnonzero(chosen)
        events = events[np.argsort(calls.place[events], kind="stable")]  # a key's first is a failure
        failed = ~calls.success[events]
        failures = np.cumsum(failed)
        first = np.diff(calls.place[events], prepend=-1) != 0
        settled = np.where(first, failures - 1, np.where(~failed & (self._odds[events] > 0), failures, 0))
        settled_before = np.roll(np.maximum.accumulate(settled), 1)
        return np.sort(events[failed | (failures > settled_before)])

    def verdict(self, calls: Calls, key: int, passed_over: bool) -> Verdict:
        """Return what the replay has come to for the key at place `key`."""
        count, last, check = self._counts[key], self._last_failure[key], self._passed_check[key]
        failures = self._failures[key]
        if passed_over:
            count = max(count, self._max)
        return Verdict(
            valid=count < self._max,
            failure_count=count,
            since=self._time(failures[0]) if count and failures else None,
            last_passed_check=None if check < 0 else self._time(check),
            last_failure_at=None if last < 0 else self._time(last),
            last_failure_status=None if last < 0 else calls.status_of(int(self._calls.index[last])),
            assumed_reset_at=to_datetime(self._assumed_reset[key]) if self._assumed_reset[key] else None,
            passed_over=passed_over,
        )

    def passed_over(self) -> set[int]:
        """Return the keys with a count that the rotation leaves out all the same."""
        rotation, calls = self._rotation, self._calls
        if not rotation.keeps_order or self._invalid >= self._nearly_all:
            return set()
        last_use = np.full(calls.size, -1)
        used = np.flatnonzero(np.diff(self._bounds))
        newest = self._ordinary[np.array(self._bounds)[used + 1] - 1]
        last_use[used] = np.searchsorted(rotation.started, calls.started[newest])
        ordinary_tests = calls.tests.copy()
        ordinary_tests[self._suspects[self._odds[self._suspects] >= 0]] = False
        tests = np.flatnonzero(ordinary_tests)
        np.maximum.at(last_use, calls.place[tests], np.searchsorted(rotation.started, calls.started[tests]))
        last_use = np.maximum(last_use, np.searchsorted(rotation.started, np.array(self._reset_at)))
        waited = len(rotation.place) - 1 - last_use
        left_out = waited >= _ROUNDS * max(rotation.recent_round(), _SHORTEST_ROUND)
        return {key for key in np.flatnonzero(left_out).tolist() if 0 < self._counts[key] < self._max}

    def _see(self, call: int, key: int, success: bool, test: bool, started: int, ended: int) -> None:
        if self._invalid >= self._nearly_all:
            self._all_invalid_at = ended
        count = self._counts[key]
        barred = count >= self._max and started >= self._invalid_since[key]
        surely_check = test and barred and started > self._all_invalid_at
        if not success:
            self._failures[key].append(call)
            if not surely_check:
                self._count_failure(key, call, ended)
        elif count:
            if surely_check or self._odds[call] > 0:
                self._pass_check(key, call, ended)
            else:
                self._rejected[key].append((float(self._odds[call]), call))

    def _count_failure(self, key: int, call: int, ended: int) -> None:
        self._counts[key] += 1
        self._last_failure[key] = call
        if self._counts[key] == self._max:
            self._turn_invalid(key, call, ended)

    def _turn_invalid(self, key: int, call: int, ended: int) -> None:
        self._invalid += 1
        self._invalid_since[key] = ended
        self._watch(key, call)

    def _pass_check(self, key: int, call: int, ended: int) -> None:
        if self._invalid >= self._nearly_all:
            self._all_invalid_at = ended
        if self._counts[key] >= self._max > 0:
            self._invalid -= 1
        self._counts[key] = 0
        self._failures[key].clear()
        self._rejected[key].clear()
        self._contradictions[key] = 0
        self._reset_at[key] = ended
        self._passed_check[key] = call

    def _watch(self, key: int, call: int) -> None:
        """Look out for the next ordinary call on an invalid key that was chosen after it turned invalid."""
        low, high = self._bounds[key], self._bounds[key + 1]
        index = low + int(np.searchsorted(self._ordinary[low:high], call, "right"))
        chosen_since = self._invalid_since[key] + _MARGIN
        while index < high and self._calls.started[self._ordinary[index]] <= chosen_since:
            index += 1
        if index < high:
            heapq.heappush(self._watched, (int(self._ordinary[index]), key))

    def _see_ordinary_call(self, call: int, key: int) -> None:
        """Take note of an ordinary call on a key that was invalid when we began to watch it."""
        if self._counts[key] < self._max:
            return
        started = int(self._calls.started[call])
        proves_nothing = (
            self._invalid >= self._nearly_all
            or started <= self._all_invalid_at + _MARGIN
            or started <= self._invalid_since[key] + _MARGIN
            or self._contradictions[key] >= _MOST_CONTRADICTIONS
            or self._rotation.irregular[key]
        )
        if proves_nothing:
            self._watch(key, call)
            return
        self._contradictions[key] += 1
        restart = self._restart_before(started, key)
        if restart is None:
            self._cut(key, self._last_possible_check(key, started))
            self._rejected[key].clear()
        else:
            for other in range(self._calls.size):
                self._cut(other, restart)

    def _restart_before(self, started: int, key: int) -> int | None:
        if not self._rotation.keeps_order:
            return None
        valid = np.array(self._counts) < self._max
        share = len(self._ordinary) / len(self._calls)
        return self._rotation.restart_before(started, key, valid, share)

    def _last_possible_check(self, key: int, started: int) -> int:
        """Return when the count was set to 0: at the likeliest check turned down, else just before `started`."""
        ended = self._calls.ended
        enough = [
            (odds, int(ended[call]))
            for odds, call in self._rejected[key]
            if sum(int(ended[failure]) > int(ended[call]) for failure in self._failures[key]) < self._max
        ]
        return max(enough)[1] if enough else started - 1

    def _cut(self, key: int, instant: int) -> None:
        """Let only those failures count that ended after `instant`."""
        count = self._counts[key]
        self._reset_at[key] = max(self._reset_at[key], instant)
        if count == 0:
            return
        left = [failure for failure in self._failures[key] if self._calls.ended[failure] > instant]
        self._failures[key], self._counts[key] = left, len(left)
        self._assumed_reset[key] = instant
        if count >= self._max:
            self._invalid -= 1
            if len(left) >= self._max:
                self._turn_invalid(key, left[-1], int(self._calls.ended[left[-1]]))

    def _group_ordinary_calls(self) -> None:
        """Sort the ordinary calls by key, each key's in the order of the log."""
        ordinary = np.flatnonzero(~self._calls.tests)
        place = self._calls.place[ordinary]
        small = place.astype(np.uint16) if self._calls.size <= 2**16 else place  # sorts in O(n)
        self._ordinary = ordinary[np.argsort(small, kind="stable")]
        counts = np.bincount(place, minlength=self._calls.size)
        self._bounds = [0, *np.cumsum(counts).tolist()]

    def _time(self, call: int) -> datetime:
        return to_datetime(int(self._calls.started[call]))


def _judge_vertex(calls: Calls, keys: Sequence[str], max_failures: int) -> Iterator[tuple[str, Verdict]]:
    wanted = set(keys)
    is_wanted = np.array([key in wanted for key in calls.keys], np.bool_)
    index = np.flatnonzero(is_wanted[calls.key])
    index = index[np.argsort(calls.key[index], kind="stable")]
    success, number = calls.success[index], calls.key[index]
    edges = [*np.flatnonzero(np.diff(number, prepend=-1)).tolist(), len(index)]
    for low, high in pairwise(edges):
        key = calls.keys[int(number[low])]
        if key is not None:
            yield key, _vertex_verdict(calls, index[low:high], success[low:high], max_failures)


def _vertex_verdict(calls: Calls, of_key: Indexes, success: Bools, max_failures: int) -> Verdict:
    passed, failed = of_key[success], of_key[~success]
    in_a_row = failed[failed > passed[-1]] if len(passed) else failed
    last = int(failed[-1]) if len(failed) else None
    return Verdict(
        valid=len(in_a_row) < max_failures,
        failure_count=len(in_a_row),
        since=to_datetime(int(calls.started[in_a_row[0]])) if len(in_a_row) else None,
        last_failure_at=None if last is None else to_datetime(int(calls.started[last])),
        last_failure_status=None if last is None else calls.status_of(last),
    )
