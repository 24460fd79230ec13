"""Calls counted by key, model and outcome, over a period that slides.

A count is that of the calls that started at or after a moment. From one refresh to the next a few calls arrive
and a few leave; `advanced` counts these only, so that a refresh costs what has happened since and not what
the window holds. The result is the same as that of counting afresh.
"""

from dataclasses import dataclass

import numpy as np

from keymon.calls import BEGINNING, END, Bools, Calls, Indexes, Int64s, is_success

_SHIFT = 32
_DENSE = 4


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Counts of the calls of a window that started at or after `since`, microseconds UTC.

    There is an entry for each pair of key and model, in the order of `codes` int64[p], which are the key's number
    shifted left by 32, plus the model's; `success` and `failure` int64[p] are its calls. `last` int64[keys] is the
    start of the last call of each key that has any counted. `changed` int64[c] are the numbers of the keys whose
    calls may differ from those of the tally that this one was advanced from; None where there was none.
    """

    since: int
    calls: Calls
    codes: Int64s
    success: Int64s
    failure: Int64s
    last: Int64s
    changed: Int64s | None

    def of_key(self, key: int) -> slice:
        """Return where the entries of a key are."""
        low, high = np.searchsorted(self.codes, [key << _SHIFT, (key + 1) << _SHIFT])
        return slice(int(low), int(high))

    @property
    def keys(self) -> Int64s:
        """The key's number of each entry."""
        return self.codes >> _SHIFT

    @property
    def models(self) -> Int64s:
        """The model's number of each entry."""
        return self.codes & ((1 << _SHIFT) - 1)

    def advanced(self, calls: Calls, since: int) -> "Tally":
        """Return the tally of `calls`, of the same window but later, from `since` on."""
        if calls.epoch is not self.calls.epoch or since < self.since:
            return tally(calls, since)
        seen = len(self.calls)
        leaving = calls.started_between(self.since, since)
        leaving = leaving[leaving < seen]
        arrived = seen + np.flatnonzero(calls.started[seen:] >= since)
        moved = np.concatenate([leaving, arrived])
        if len(moved) == 0:
            return Tally(since, calls, self.codes, self.success, self.failure, self.last, np.empty(0, np.int64))
        sign = np.repeat([-1, 1], [len(leaving), len(arrived)])
        codes = _codes(calls, moved)
        all_codes = self.codes if np.isin(codes, self.codes).all() else np.union1d(self.codes, codes)
        places = np.searchsorted(all_codes, codes)
        success, failure = self._counts_at(all_codes)
        passed = is_success(calls.status[moved])
        np.add.at(success, places[passed], sign[passed])
        np.add.at(failure, places[~passed], sign[~passed])
        last = np.concatenate([self.last, np.full(len(calls.keys) - len(self.last), BEGINNING)])
        np.maximum.at(last, calls.key[arrived], calls.started[arrived])
        return Tally(since, calls, all_codes, success, failure, last, np.unique(codes >> _SHIFT))

    def _counts_at(self, codes: Int64s) -> tuple[Int64s, Int64s]:
        """Return copies of the counts, with zeros where `codes` has more pairs."""
        if codes is self.codes:
            return self.success.copy(), self.failure.copy()
        places = np.searchsorted(codes, self.codes)
        success, failure = np.zeros(len(codes), np.int64), np.zeros(len(codes), np.int64)
        success[places], failure[places] = self.success, self.failure
        return success, failure


def tally(calls: Calls, since: int) -> Tally:
    """Count the calls that started at or after `since`, microseconds UTC."""
    counted = calls.started_between(since, END)
    passed = is_success(calls.status[counted])
    codes, success, failure = _count(calls, counted, passed)
    last = np.full(len(calls.keys), BEGINNING)
    np.maximum.at(last, calls.key, calls.started)
    return Tally(since, calls, codes, success, failure, last, None)


def _count(calls: Calls, counted: Indexes, passed: Bools) -> tuple[Int64s, Int64s, Int64s]:
    models = max(len(calls.models), 1)
    if len(calls.keys) * models <= _DENSE * max(len(calls), 1_000):
        # A place for each pair: twenty times as fast as sorting, where the pairs are few.
        place = calls.key[counted].astype(np.int64) * models + calls.model[counted]
        total = np.bincount(place, minlength=len(calls.keys) * models)
        success = np.bincount(place[passed], minlength=len(total))
        used = np.flatnonzero(total)
        key, model = np.divmod(used, models)
        return (key << _SHIFT) | model, success[used], total[used] - success[used]
    codes, places = np.unique(_codes(calls, counted), return_inverse=True)
    total = np.bincount(places, minlength=len(codes))
    success = np.bincount(places[passed], minlength=len(codes))
    return codes, success, total - success


def _codes(calls: Calls, chosen: Indexes) -> Int64s:
    codes: Int64s = (calls.key[chosen].astype(np.int64) << _SHIFT) | calls.model[chosen]
    return codes
