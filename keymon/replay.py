"""The gateway's failure counts, replayed from the log: the rules that `validity` explains, as a machine.

It goes once through the failures and the possible health checks, in the order of the log. Ordinary calls are
a million and say nothing, but for one kind: a call on a key held invalid contradicts the replay. So each key,
when it turns invalid, is put under watch until its next ordinary call.
"""

import heapq

import numpy as np

from keymon.rotation import SECOND, Floats, Indexes, PoolCalls, Rotation

_MARGIN = 5 * SECOND
"""How late the start of a call may be stamped after its key was chosen: the gateway's busy timeout."""
_NEARLY_ALL = 0.9
"""Share of invalid keys from which ordinary calls on them prove nothing any more."""
_MOST_CONTRADICTIONS = 3
_ROUNDS = 3
"""Rounds of the rotation without a key that prove it invalid."""
_SHORTEST_ROUND = 4


class FailureReplay:
    """Goes through the calls that can matter, in the order of the log, and keeps the counts.

    The lists have one entry for each place in the pool; calls are indexes into `calls`, -1 for none.
    """

    def __init__(
        self, calls: PoolCalls, rotation: Rotation, odds: Floats, suspects: Indexes, max_failures: int
    ) -> None:
        self._calls, self._rotation, self._odds, self._suspects = calls, rotation, odds, suspects
        self.max_failures = max_failures
        self._tests = calls.tests
        size = calls.size
        self.counts = [0] * size
        self.failures: list[list[int]] = [[] for _ in range(size)]
        """Of each key, the failures since its count was 0, failed checks beyond the maximum among them."""
        self._rejected: list[list[tuple[float, int]]] = [[] for _ in range(size)]
        """Of each key, (odds, call) of the passed calls since then that were not taken as checks."""
        self._contradictions = [0] * size
        self._invalid_since = [0] * size
        self._reset_at = [0] * size
        self.assumed_reset = [0] * size
        self.passed_check = [-1] * size
        self.last_failure = [-1] * size
        self._invalid = size if max_failures <= 0 else 0
        self._nearly_all = size - int(size * (1 - _NEARLY_ALL) + 1e-9)
        self._all_invalid_at = -1
        """The last moment at which (nearly) all keys were invalid."""
        self._watched: list[tuple[int, int]] = []
        """Heap of (call, key): the first ordinary call on each key after it turned invalid."""
        self._parked: list[int] = []
        """Keys to be watched again once no longer (nearly) all keys are invalid."""
        self._valid = np.full(size, max_failures > 0)
        self._group_ordinary_calls()

    def run(self) -> None:
        """Replay the whole log."""
        calls, watched = self._calls, self._watched
        events = self._events()
        columns = (events, calls.place[events], calls.success[events], calls.started[events], calls.ended[events])
        for call, key, success, started, ended in zip(*(column.tolist() for column in columns), strict=True):
            while watched and watched[0][0] <= call:
                self._see_ordinary_call(*heapq.heappop(watched))
            if self._invalid >= self._nearly_all:
                self._all_invalid_at = ended
            if success:
                self._see_passed_test(key, call, started, ended)
            else:
                self._see_failure(key, call, started, ended)
        while watched:
            self._see_ordinary_call(*heapq.heappop(watched))

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

    def touched(self) -> list[int]:
        """Return the keys of which there is anything to tell."""
        counts, resets = np.array(self.counts), np.array(self.assumed_reset)
        last = np.maximum(self.last_failure, self.passed_check)
        touched: list[int] = np.flatnonzero((counts > 0) | (last >= 0) | (resets > 0)).tolist()
        return touched

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
        return {
            key
            for key in np.flatnonzero(left_out).tolist()
            if 0 < self.counts[key] < self.max_failures and rotation.times_past(key, int(last_use[key])) >= _ROUNDS
        }

    def _see_failure(self, key: int, call: int, started: int, ended: int) -> None:
        self.failures[key].append(call)
        count = self.counts[key]
        if count >= self.max_failures and self._tests[call] and self._is_barred(key, started):
            return
        self.counts[key] = count + 1
        self.last_failure[key] = call
        if count + 1 == self.max_failures:
            self._turn_invalid(key, call, ended)

    def _see_passed_test(self, key: int, call: int, started: int, ended: int) -> None:
        count = self.counts[key]
        if not count:
            return
        odds = self._odds.item(call)
        if odds > 0 or (count >= self.max_failures and self._is_barred(key, started)):
            self._pass_check(key, call, ended)
        else:
            self._rejected[key].append((odds, call))

    def _is_barred(self, key: int, started: int) -> bool:
        """Whether the rotation cannot have chosen an invalid key for a call that `started` then."""
        return started >= self._invalid_since[key] and started > self._all_invalid_at

    def _pass_check(self, key: int, call: int, ended: int) -> None:
        if self._invalid >= self._nearly_all:
            self._all_invalid_at = ended
        invalid = self.counts[key] >= self.max_failures
        self.counts[key] = 0
        self.failures[key].clear()
        self._rejected[key].clear()
        self._contradictions[key] = 0
        self._reset_at[key] = ended
        self.passed_check[key] = call
        if invalid:
            self._turn_valid(key, call)

    def _turn_invalid(self, key: int, call: int, ended: int) -> None:
        self._invalid += 1
        self._valid[key] = False
        self._invalid_since[key] = ended
        self._watch(key, call)

    def _turn_valid(self, key: int, call: int) -> None:
        if self.max_failures <= 0:
            return
        self._invalid -= 1
        self._valid[key] = True
        if self._invalid < self._nearly_all:
            for parked in self._parked:
                self._watch(parked, call)
            self._parked.clear()

    def _watch(self, key: int, call: int) -> None:
        """Look out for the next ordinary call on an invalid key that the rotation should not have made."""
        low, high = self._bounds[key], self._bounds[key + 1]
        index = low + int(np.searchsorted(self._ordinary[low:high], call, "right"))
        while index < high and self._calls.started[self._ordinary[index]] <= self._chosen_since(key):
            index += 1
        if index < high:
            heapq.heappush(self._watched, (int(self._ordinary[index]), key))

    def _chosen_since(self, key: int) -> int:
        return max(self._invalid_since[key], self._all_invalid_at) + _MARGIN

    def _see_ordinary_call(self, call: int, key: int) -> None:
        """Take note of an ordinary call on a key that was invalid when we began to watch it."""
        has_reason = self._contradictions[key] >= _MOST_CONTRADICTIONS or self._rotation.irregular[key]
        if self.counts[key] < self.max_failures or has_reason:
            return
        if self._invalid >= self._nearly_all:
            self._parked.append(key)
            return
        started = int(self._calls.started[call])
        if started <= self._chosen_since(key):
            self._watch(key, call)
            return
        self._contradictions[key] += 1
        restart = self._restart_before(started, key)
        if restart is None:
            self._cut(key, self._last_possible_check(key, started), call)
            self._rejected[key].clear()
        else:
            for other in range(self._calls.size):
                self._cut(other, restart, call)

    def _restart_before(self, started: int, key: int) -> int | None:
        if not self._rotation.keeps_order:
            return None
        share = len(self._ordinary) / len(self._calls)
        return self._rotation.restart_before(started, key, self._valid, share)

    def _last_possible_check(self, key: int, started: int) -> int:
        """Return when the count was set to 0: at the likeliest check turned down, else just before `started`."""
        ended = self._calls.ended
        one_too_many = ended[self.failures[key][-self.max_failures]]
        possible = [(odds, int(ended[call])) for odds, call in self._rejected[key] if ended[call] >= one_too_many]
        return max(possible)[1] if possible else started - 1

    def _cut(self, key: int, instant: int, call: int) -> None:
        """Let only those failures count that ended after `instant`."""
        count = self.counts[key]
        self._reset_at[key] = max(self._reset_at[key], instant)
        if count == 0:
            return
        left = [failure for failure in self.failures[key] if self._calls.ended[failure] > instant]
        self.failures[key], self.counts[key] = left, len(left)
        self.assumed_reset[key] = instant
        if count >= self.max_failures:
            self._turn_valid(key, call)
            if len(left) >= self.max_failures:
                self._turn_invalid(key, left[-1], int(self._calls.ended[left[-1]]))

    def _group_ordinary_calls(self) -> None:
        """Sort the ordinary calls by key, each key's in the order of the log."""
        ordinary = np.flatnonzero(~self._calls.tests)
        place = self._calls.place[ordinary]
        small = place.astype(np.uint16) if self._calls.size <= 2**16 else place  # sorts in O(n)
        self._ordinary = ordinary[np.argsort(small, kind="stable")]
        counts = np.bincount(place, minlength=self._calls.size)
        self._bounds = [0, *np.cumsum(counts).tolist()]
