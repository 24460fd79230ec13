"""Keys that want looking at: those with most calls of one status in the last 24 hours, as the gateway's page has it."""

from collections.abc import Container
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from keymon.calls import END, Calls, to_microseconds


@dataclass(frozen=True, slots=True)
class KeyCount:
    """A key, and how many of its calls had the status that was asked for."""

    key: str = field(repr=False)
    count: int


def attention(
    calls: Calls, as_of: datetime, pool: Container[str], status: int | str | None, limit: int | None = None
) -> tuple[KeyCount, ...]:
    """Return the keys of the `pool` with most calls of a `status` in the 24 hours before `as_of` (aware), most first.

    Those with as many are in the order of the log. `status` is as `Calls.status_of` gives it; `limit` is the most
    keys to return.
    """
    chosen = calls.started_between(to_microseconds(as_of - timedelta(hours=24)), END, calls.has_status(status))
    count = np.bincount(calls.key[chosen], minlength=len(calls.keys))
    found: list[KeyCount] = []
    for number in np.argsort(-count, kind="stable").tolist():
        key = calls.keys[number]
        if count[number] == 0 or (limit is not None and len(found) >= limit):
            break
        if key is not None and key in pool:
            found.append(KeyCount(key, int(count[number])))
    return tuple(found)


def statuses(calls: Calls, as_of: datetime, pool: Container[str] | None = None) -> dict[int | str | None, int]:
    """Return the failures per status in the 24 hours before `as_of` (aware), most first.

    Those of the keys of the `pool`, or of all.
    """
    wanted = ~calls.success
    if pool is not None:
        wanted &= np.array([key is not None and key in pool for key in calls.keys], np.bool_)[calls.key]
    failed = calls.started_between(to_microseconds(as_of - timedelta(hours=24)), END, wanted)
    return calls.count_statuses(calls.status[failed])


def failures_by_key(calls: Calls, since: int) -> dict[int, dict[int | str | None, int]]:
    """Return the failures per status, most first, of each key's number that has any since then (microseconds UTC)."""
    chosen = calls.started_between(since, END, ~calls.success)
    pairs = (calls.key[chosen].astype(np.int64) << 32) + (calls.status[chosen].astype(np.int64) + 2**31)
    pairs, count = np.unique(pairs, return_counts=True)
    numbers, codes = pairs >> 32, (pairs & (2**32 - 1)) - 2**31
    order = np.lexsort((-count, numbers))
    columns = (numbers[order].tolist(), codes[order].tolist(), count[order].tolist())
    found: dict[int, dict[int | str | None, int]] = {}
    for number, code, times in zip(*columns, strict=True):
        found.setdefault(number, {})[calls.decode_status(code)] = times
    return found
