"""Single calls, newest first: those of the gateway or of one key, by model, status and outcome."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from keymon.calls import END, LATENCY_UNKNOWN, Calls, Indexes, is_success, to_datetime, to_microseconds


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls are wanted. None is any; `model` and `status` are in tuples, because None is a value of theirs.

    `ending` is the ending of a key. `status` may be a number or a text, as `Calls.status_of` gives it.
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


@dataclass(frozen=True, slots=True, eq=False)
class CallList:
    """n calls of `calls`; `indexes` intp[n], newest first. A `Call` is made when it is looked at."""

    calls: Calls
    indexes: Indexes

    def __len__(self) -> int:
        return len(self.indexes)

    def __getitem__(self, place: int) -> Call:
        calls, i = self.calls, int(self.indexes[place])
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

    def later_than(self, instant: datetime) -> int:
        """Return how many of the calls started later than an aware instant."""
        return int(np.count_nonzero(self.calls.started[self.indexes] > to_microseconds(instant)))


def call_list(calls: Calls, as_of: datetime, wanted: CallFilter) -> CallList:
    """Return the wanted calls of `wanted.period` before `as_of` (aware), those that started last first."""
    chosen = calls.started_between(to_microseconds(as_of - wanted.period), END)
    if wanted.key is not None:
        chosen = chosen[calls.key[chosen] == calls.key_numbers.get(wanted.key, -1)]
    if wanted.ending:
        numbers = [i for i, key in enumerate(calls.keys) if key is not None and key.endswith(wanted.ending)]
        chosen = chosen[np.isin(calls.key[chosen], numbers)]
    if wanted.model is not None:
        number = next((i for i, name in enumerate(calls.models) if name == wanted.model[0]), -1)
        chosen = chosen[calls.model[chosen] == number]
    if wanted.only_failures:
        chosen = chosen[~is_success(calls.status[chosen])]
    if wanted.status is not None:
        codes = calls.codes_of(wanted.status[0], calls.status[chosen])
        chosen = chosen[np.isin(calls.status[chosen], codes)]
    order = np.argsort(calls.started[chosen], kind="stable")[::-1]
    return CallList(calls, chosen[order])
