"""Single calls, newest first: those of the gateway or of one key, by model, status and outcome."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np

from keymon.calls import END, LATENCY_UNKNOWN, Bools, Calls, Indexes, Int64s, to_datetime, to_microseconds
from keymon.masking import key_matcher

_LAST = 4_096
"""Calls of the log's end that are sure to fill a table that is seen, whatever is filtered: rarer ones sort quickly."""


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls are wanted. None is any; `model` and `status` are in tuples, because None is a value of theirs.

    `ending` is the ending of a key, or a key as it is shown masked. `status` may be a number or a text, as
    `Calls.status_of` gives it.
    """

    period: timedelta = timedelta(hours=24)
    key: str | None = field(default=None, repr=False)
    ending: str = field(default="", repr=False)
    model: tuple[str | None] | None = None
    status: tuple[int | str | None] | None = None
    only_failures: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `started` is UTC; `latency_ms` is None where it is not known."""

    id: int
    started: datetime
    key: str | None
    model: str | None
    status: int | str | None
    success: bool
    latency_ms: int | None


@dataclass(frozen=True, eq=False)
class CallList:
    """Those of `calls` that are `chosen`, bool[n]; newest first. A `Call` is made when it is looked at.

    Only the newest are in view most of the time, and a list is made with every refresh: so the others are sorted
    when one of them is looked at.
    """

    calls: Calls
    chosen: Bools

    def __len__(self) -> int:
        return self._count

    @cached_property
    def _count(self) -> int:
        return int(np.count_nonzero(self.chosen))

    @cached_property
    def indexes(self) -> Indexes:
        """intp[len(self)]: where in `calls` they are, newest first."""
        return self._newest_first(np.flatnonzero(self.chosen))

    @cached_property
    def _newest(self) -> Indexes:
        """The beginning of `indexes`, down to the start of a call that was logged not long ago."""
        if len(self.calls) == 0:
            return self.indexes
        start = int(self.calls.started[-min(_LAST, len(self.calls))])
        return self._newest_first(self.calls.started_between(start, END, self.chosen))

    def _newest_first(self, indexes: Indexes) -> Indexes:
        return indexes[np.argsort(self.calls.started[indexes], kind="stable")[::-1]]

    def __getitem__(self, place: int) -> Call:
        is_new = 0 <= place < len(self._newest)
        return _call(self.calls, int((self._newest if is_new else self.indexes)[place]))

    def by_latency(self, *, descending: bool) -> "CallsByWeight":
        """Return the calls by their latency: of equal ones the last logged first, those without one last."""
        indexes = np.flatnonzero(self.chosen)[::-1]
        latency = self.calls.latency_ms[indexes]
        # Unknown is -1: the greatest without its sign, and greater than all others when that is turned.
        weight = (-latency if descending else latency & 0x7FFF_FFFF).astype(np.int64)
        return CallsByWeight(self.calls, indexes, (weight << 32) | np.arange(len(indexes)))

    def later_than(self, instant: datetime) -> int:
        """Return how many of the calls started later than an aware instant."""
        return int(np.count_nonzero(self.chosen & (self.calls.started > to_microseconds(instant))))


@dataclass(frozen=True, eq=False)
class CallsByWeight:
    """Those of `calls` at `indexes` by their weights, int64[n], in whose lower 32 bits is the place in `indexes`.

    With its place in it each weight sorts by itself, which is quicker than to sort places by weights; and those that
    are not among the first are sorted when one of them is looked at.
    """

    calls: Calls
    indexes: Indexes
    weights: Int64s

    def __len__(self) -> int:
        return len(self.indexes)

    @cached_property
    def _sorted(self) -> Int64s:
        return np.sort(self.weights)

    @cached_property
    def _first(self) -> Int64s:
        return np.sort(np.partition(self.weights, _LAST)[:_LAST]) if len(self) > _LAST else self._sorted

    def __getitem__(self, place: int) -> Call:
        weights = self._first if 0 <= place < _LAST else self._sorted
        return _call(self.calls, int(self.indexes[weights[place] & 0xFFFF_FFFF]))


def _call(calls: Calls, i: int) -> Call:
    latency = int(calls.latency_ms[i])
    return Call(
        int(calls.ids[i]),
        to_datetime(int(calls.started[i])),
        calls.keys[calls.key[i]],
        calls.models[calls.model[i]],
        calls.status_of(i),
        bool(200 <= calls.status[i] < 300),
        None if latency == LATENCY_UNKNOWN else latency,
    )


def call_list(calls: Calls, as_of: datetime, wanted: CallFilter) -> CallList:
    """Return the wanted calls of `wanted.period` before `as_of` (aware), those that started last first."""
    chosen: Bools = calls.started >= to_microseconds(as_of - wanted.period)
    if wanted.key is not None:
        chosen &= calls.key == calls.key_numbers.get(wanted.key, -1)
    if wanted.ending:
        is_wanted = key_matcher(wanted.ending)
        chosen &= np.array([is_wanted(key or "") for key in calls.keys], np.bool_)[calls.key]
    if wanted.model is not None:
        chosen &= calls.model == next((i for i, name in enumerate(calls.models) if name == wanted.model[0]), -1)
    if wanted.only_failures:
        chosen &= ~calls.success
    if wanted.status is not None:
        chosen &= calls.has_status(wanted.status[0])
    return CallList(calls, chosen)
