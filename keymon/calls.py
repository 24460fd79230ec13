"""The calls that keymon holds in memory: typed columns, one entry a call, in the order of the log.

Every figure is computed from these. What the gateway's columns may hold has been sorted out before
(`row_values`); nothing here reads a database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from keymon.gateway_clock import EPOCH

Int64s = NDArray[np.int64]
Int32s = NDArray[np.int32]
Bools = NDArray[np.bool_]
Indexes = NDArray[np.intp]

STATUS_MISSING = -1
"""In `Calls.status`: the gateway stored NULL."""
LATENCY_UNKNOWN = -1
"""In `Calls.latency_ms`: NULL, text, negative or out of range."""

BEGINNING, END = int(np.iinfo(np.int64).min), int(np.iinfo(np.int64).max)
"""Before and after any start, in microseconds."""
_BLOCK = 4_096
_NO_STATUS = int(np.iinfo(np.int32).min)
"""No entry of `Calls.status`."""


@dataclass(frozen=True, eq=False)
class Calls:
    """n calls in columns, in the order of their ids, which is that of their ends.

    `ids` int64[n]: the gateway's ids. `started` int64[n]: microseconds since 1970-01-01 UTC.
    `key` int32[n]: index into `keys`; `model` int32[n]: index into `models` (whose None is the NULL model).
    `status` int32[n]: the HTTP status; `STATUS_MISSING` for NULL; -2 - i for the text `status_texts[i]`.
    `latency_ms` int32[n]: milliseconds, or `LATENCY_UNKNOWN`.

    `key_numbers` gives the index of a key in `keys`; it may know newer keys too.

    The lists only ever grow at their end, so older `Calls` of the same window stay right. Of two `Calls` with the
    same `epoch` the longer one begins with all that the other has.
    """

    ids: Int64s
    started: Int64s
    key: Int32s
    model: Int32s
    status: Int32s
    latency_ms: Int32s
    keys: Sequence[str | None]
    models: Sequence[str | None]
    status_texts: Sequence[str]
    key_numbers: Mapping[object, int]
    epoch: object = field(default_factory=object)

    def __len__(self) -> int:
        return len(self.started)

    @property
    def success(self) -> Bools:
        """bool[n]: the gateway calls a call successful when its status is 2xx; NULL and text are failures."""
        return is_success(self.status)

    @property
    def ended(self) -> Int64s:
        """int64[n]: when the call ended and its row was written, microseconds since 1970-01-01 UTC."""
        return self.started + np.maximum(self.latency_ms, 0).astype(np.int64) * 1000

    @property
    def newest_start(self) -> int | None:
        """When the newest call started, microseconds since 1970-01-01 UTC; None without calls."""
        return int(self._block_starts[1].max()) if len(self) else None

    def where(self, chosen: Bools | Indexes | slice) -> "Calls":
        """Return the chosen calls."""
        return Calls(
            self.ids[chosen],
            self.started[chosen],
            self.key[chosen],
            self.model[chosen],
            self.status[chosen],
            self.latency_ms[chosen],
            self.keys,
            self.models,
            self.status_texts,
            self.key_numbers,
        )

    def between(self, start: datetime, end: datetime | None = None) -> "Calls":
        """Return the calls that started at or after `start` and, where given, not after `end`; aware."""
        last = END if end is None else to_microseconds(end) + 1
        chosen = self.started_between(to_microseconds(start), last)
        return self if len(chosen) == len(self) else self.where(chosen)

    def started_between(self, start: int, end: int, among: Bools | None = None) -> Indexes:
        """Return the indexes of the calls with `start` <= started < `end`, microseconds UTC.

        `among` bool[n] leaves out all others: quicker, where they are many, than to do so with what is returned.
        """
        span = self.span_of(start, end)
        chosen: Indexes | slice = span if among is None else span.start + np.flatnonzero(among[span])
        started = self.started[chosen]
        inside = (started >= start) & (started < end)
        return span.start + np.flatnonzero(inside) if isinstance(chosen, slice) else chosen[inside]

    def outcomes_between(self, start: int, end: int) -> tuple[int, int]:
        """Return the number of successful and of failed calls with `start` <= started < `end`, microseconds UTC."""
        span = self.span_of(start, end)
        started = self.started[span]
        inside = (started >= start) & (started < end)
        successes = int(np.count_nonzero(inside & is_success(self.status[span])))
        return successes, int(np.count_nonzero(inside)) - successes

    def span_of(self, start: int, end: int) -> slice:
        """Return where all calls are with `start` <= started < `end`, microseconds UTC, among some others.

        Calls are nearly in the order of their starts, so that a short period lies in few blocks of them.
        """
        first, last = self._block_starts
        blocks = np.flatnonzero((last >= start) & (first < end))
        if len(blocks) == 0:
            return slice(0, 0)
        return slice(int(blocks[0]) * _BLOCK, min((int(blocks[-1]) + 1) * _BLOCK, len(self)))

    @cached_property
    def _block_starts(self) -> tuple[Int64s, Int64s]:
        """The first and the last start in each block of calls."""
        edges = np.arange(0, len(self), _BLOCK)
        if len(edges) == 0:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        return np.minimum.reduceat(self.started, edges), np.maximum.reduceat(self.started, edges)

    def status_of(self, index: int) -> int | str | None:
        """Return the status of one call as the gateway stored it: a number, a text, or None for NULL."""
        return self.decode_status(int(self.status[index]))

    def has_status(self, status: int | str | None) -> Bools:
        """bool[n]: the gateway stored this status, a number, a text, or None for NULL."""
        found: Bools = self.status == self._encode_status(status)
        return found

    def _encode_status(self, status: int | str | None) -> int:
        """Return the entry of `status` that stands for a status."""
        if status is None:
            return STATUS_MISSING
        if isinstance(status, int):
            return status if status >= 0 else _NO_STATUS
        return next((-2 - i for i, text in enumerate(self.status_texts) if text == status), _NO_STATUS)

    def count_statuses(self, statuses: Int32s) -> dict[int | str | None, int]:
        """Return how often each status occurs among entries of `status`, most first. None stands for NULL."""
        codes, count = np.unique(statuses, return_counts=True)
        order = np.argsort(-count, kind="stable")
        return {self.decode_status(int(codes[i])): int(count[i]) for i in order}

    def decode_status(self, status: int) -> int | str | None:
        """Return what an entry of `status` stands for: a number, a text, or None for NULL."""
        if status >= 0:
            return status
        return None if status == STATUS_MISSING else self.status_texts[-2 - status]


def is_success(status: Int32s) -> Bools:
    """Return which statuses are those of successful calls."""
    return (status >= 200) & (status < 300)


def to_microseconds(instant: datetime) -> int:
    """Return an aware instant as microseconds since 1970-01-01 UTC."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def to_datetime(microseconds: int) -> datetime:
    """Return microseconds since 1970-01-01 UTC as an aware UTC instant."""
    return EPOCH + timedelta(microseconds=int(microseconds))
