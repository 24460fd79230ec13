"""Calls over time: a period cut into buckets, each with its successes and failures.

Buckets are whole minutes, quarters or halves of an hour of UTC, so that they are of equal length across midnight and
changes of clocks, and begin at round times in every zone of whole quarters. The first and the last are cut off where
the period is: the buckets sum to the period's total.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np

from keymon.calls import END, Calls, Int64s, is_success, to_datetime, to_microseconds

HOUR = timedelta(hours=1)
PERIODS: dict[timedelta, timedelta] = {
    HOUR: timedelta(minutes=1),
    8 * HOUR: timedelta(minutes=15),
    24 * HOUR: timedelta(minutes=30),
}
"""The periods that are offered, each with the length of its buckets."""


@dataclass(frozen=True, slots=True, eq=False)
class Trend:
    """n buckets. `edges` int64[n + 1]: where they begin, and the last ends, microseconds since 1970-01-01 UTC.

    `success` and `failure` int64[n] count the calls that started in each. `length` is that of a whole bucket.
    """

    edges: Int64s
    success: Int64s
    failure: Int64s
    length: timedelta

    def __len__(self) -> int:
        return len(self.success)

    def start(self, bucket: int) -> datetime:
        """Return when a bucket begins, UTC."""
        return to_datetime(int(self.edges[bucket]))

    def end(self, bucket: int) -> datetime:
        """Return when a bucket ends, UTC."""
        return to_datetime(int(self.edges[bucket + 1]))


def trend(calls: Calls, as_of: datetime, period: timedelta, key: int | None = None) -> Trend:
    """Return the calls of a period of `PERIODS` before `as_of` (aware), of all keys or of that number.

    As in all periods, calls that are dated after `as_of` count, in the last bucket.
    """
    begin, end = to_microseconds(as_of - period), to_microseconds(as_of)
    length = PERIODS[period] // timedelta(microseconds=1)
    inner = np.arange(begin // length * length + length, end, length, dtype=np.int64)
    edges = np.concatenate([[begin], inner, [end]]).astype(np.int64)
    wanted = calls if key is None else calls.where(np.flatnonzero(calls.key == key))
    # Bucket by bucket: each is so small that it is counted several times as fast as all are sorted into theirs.
    limits = pairwise([*edges[:-1].tolist(), END])
    outcomes = np.array([wanted.outcomes_between(*limit) for limit in limits], np.int64)
    return Trend(edges, outcomes[:, 0], outcomes[:, 1], PERIODS[period])


def sparklines(calls: Calls, as_of: datetime, keys: int) -> tuple[Int64s, Int64s]:
    """Return successes and failures of each of so many key numbers in each of the last 24 hours.

    Both int64[keys, 24], the hours counted back from `as_of`, oldest first.
    """
    begin = to_microseconds(as_of) - 24 * 3_600_000_000
    chosen = calls.started_between(begin, END)
    hour = np.clip((calls.started[chosen] - begin) // 3_600_000_000, 0, 23)
    place = calls.key[chosen].astype(np.int64) * 24 + hour
    passed = is_success(calls.status[chosen])
    total = np.bincount(place, minlength=keys * 24)
    success = np.bincount(place[passed], minlength=keys * 24)
    return success.reshape(keys, 24), (total - success).reshape(keys, 24)
