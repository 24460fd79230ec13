"""The window: gathers rows of the log into the columns of `Calls`, and lets go of those that have become too old.

It is the only state that keymon keeps of a gateway; every figure is computed from it.
"""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keymon.call_log import WITNESSES, LogRows
from keymon.calls import BEGINNING, END, Calls, Int64s, to_datetime, to_microseconds
from keymon.gateway_clock import GatewayClock
from keymon.known_secrets import remember_keys
from keymon.log_start import Disorder
from keymon.row_values import NO_TIME, Names, Statuses, latencies, local_microseconds

_AHEAD = timedelta(hours=1)
"""Calls dated further ahead of us are odd ones; they say nothing of how well the others keep order."""
_SANE_SPAN = 10 * 365 * 24 * 3600 * 1_000_000
"""A row so much older than the newest was stamped by a clock that had not been set."""
_STARTED, _KEY, _MODEL, _LATENCY = 1, 2, 3, 5

_Columns = list[NDArray[Any]]
"""ids, started, key, model, status, latency_ms, as in `Calls`."""


def _no_calls() -> _Columns:
    return [np.empty(0, np.int64), np.empty(0, np.int64), *(np.empty(0, np.int32) for _ in range(4))]


class CallWindow:
    """Gathers rows of the log into columns, and lets go of those that have become too old.

    Rows may arrive from either end of the log, newest first while it is loaded and as they come later, or out
    of the middle; rows that are held already are not added again. `Calls` handed out earlier are not disturbed.
    """

    def __init__(self, clock: GatewayClock, as_of: datetime | None = None) -> None:
        self._clock = clock
        self._keys = Names()
        self._models = Names()
        self._statuses = Statuses()
        self._columns = _no_calls()
        self._begin = self._end = 0
        """Where in the columns the calls are; there may be room before and after them."""
        self._ids = (0, -1)
        """The first and the last id that was added, whether its call was kept or not."""
        self._last_end: int | None = None
        self._oldest_end: int | None = None
        self._calls: Calls | None = None
        self._epoch = object()
        self.disorder = Disorder()
        """How far the rows were out of order, microseconds; rows dated well after `as_of` do not count."""
        self._sane_until = END if as_of is None else to_microseconds(as_of + _AHEAD)
        self.without_time = 0
        """Rows whose time is NULL or unreadable: they belong to no period."""

    def __len__(self) -> int:
        return self._end - self._begin

    @property
    def calls(self) -> Calls:
        """All calls held now."""
        if self._calls is None:
            ids, started, key, model, status, latency_ms = self._held()
            self._calls = Calls(
                ids,
                started,
                key,
                model,
                status,
                latency_ms,
                self._keys.values,
                self._models.values,
                self._statuses.texts,
                self._keys.numbers,
                self._epoch,
            )
        return self._calls

    def add(self, rows: LogRows, since: datetime) -> None:
        """Take in `rows`, in the order of their ids, leaving out calls that started before `since`.

        They are either all newer than what was added before, or all older, or a few from the middle.
        """
        if not len(rows):
            return
        first, last = self._ids
        if last < first or rows.ids[0] > last:
            self._ids = (rows.ids[0] if last < first else first, rows.ids[-1])
            self._append(self._columns_of(rows, since, is_newer=True))
        elif rows.ids[-1] < first:
            self._ids = (rows.ids[0], last)
            self._prepend(self._columns_of(rows, since, is_newer=False))
        else:
            self._ids = (min(first, rows.ids[0]), max(last, rows.ids[-1]))
            self._merge(self._columns_of(rows, since, is_newer=None))

    def _columns_of(self, rows: LogRows, since: datetime, is_newer: bool | None) -> "_Columns":
        local = local_microseconds(rows.times)
        known_keys = len(self._keys.values)
        timed = local != NO_TIME
        columns: _Columns = [
            np.array(rows.ids, np.int64),
            local,
            np.fromiter(map(self._keys.numbers.__getitem__, rows.keys), np.int32, len(rows)),
            np.fromiter(map(self._models.numbers.__getitem__, rows.models), np.int32, len(rows)),
            self._statuses.numbers(rows.statuses),
            latencies(rows.latencies),
        ]
        remember_keys(key for key in self._keys.values[known_keys:] if key is not None)
        if not timed.all():
            self.without_time += len(rows) - int(np.count_nonzero(timed))
            columns = [column[timed] for column in columns]
        lasted = np.maximum(columns[_LATENCY], 0).astype(np.int64) * 1000
        started = self._clock.to_utc(columns[_STARTED], lasted, self._last_end if is_newer else None)
        columns[_STARTED] = started
        if len(started):
            self._see_order(started, started + lasted, is_newer)
        recent = started >= to_microseconds(since)
        return columns if recent.all() else [column[recent] for column in columns]

    def _see_order(self, started: Int64s, ended: Int64s, is_newer: bool | None) -> None:
        if is_newer:
            self._last_end = int(ended[-1])
        if self._oldest_end is None or is_newer is False:
            self._oldest_end = int(ended[:WITNESSES].max())
        sane = (started <= self._sane_until) & (started >= self._sane_until - _SANE_SPAN)
        if is_newer is None or not sane.any():
            return
        if not sane.all():
            started, ended = started[sane], ended[sane]
        within = int((np.maximum.accumulate(started) - ended).max())
        self.disorder.see(within, int(started.max()), int(ended.min()), is_newer)

    @property
    def newest_start(self) -> datetime | None:
        """When the newest call started, UTC; None without calls."""
        newest = self.calls.newest_start
        return None if newest is None else to_datetime(newest)

    @property
    def oldest_end(self) -> int | None:
        """When the oldest few calls that were added had ended, microseconds UTC; None before any was."""
        return self._oldest_end

    def settle(self) -> None:
        """Read the times of a repeated hour anew, now that all rows before them are there.

        Of an hour that the clock showed twice the order of the rows decides, from the first on; rows that were
        loaded newest first could not know it.
        """
        calls = self.calls
        local = self._clock.to_local_microseconds(calls.started)
        lasted = np.maximum(calls.latency_ms, 0).astype(np.int64) * 1000
        started = self._clock.to_utc(local, lasted, None)
        if len(started):
            # The next row is told apart by the one above it.
            self._last_end = int(started[-1] + lasted[-1])
        if (started != calls.started).any():
            self._replace([calls.ids, started, calls.key, calls.model, calls.status, calls.latency_ms])

    def forget_before(self, instant: datetime) -> None:
        """Let go of calls that started before `instant`, once they are a tenth of all."""
        calls, limit = self.calls, to_microseconds(instant)
        span = calls.span_of(BEGINNING, limit)
        if (span.stop - span.start) * 10 < len(calls):
            return
        old = calls.started_between(BEGINNING, limit)
        if len(old) == 0 or len(old) * 10 < len(calls):
            return
        kept = np.ones(len(calls), np.bool_)
        kept[old] = False
        columns = [column[kept] for column in self._held()]
        # Names that no call has any more go too: clients may send a new one with every call.
        self._keys, columns[_KEY] = self._keys.in_use(columns[_KEY])
        self._models, columns[_MODEL] = self._models.in_use(columns[_MODEL])
        self._replace(columns)

    def change_clock(self, clock: GatewayClock) -> None:
        """Read the times of rows that are added from now on with another clock."""
        self._clock = clock

    def _held(self) -> "_Columns":
        return [column[self._begin : self._end] for column in self._columns]

    def _append(self, columns: "_Columns") -> None:
        """Add calls at the end; what was handed out keeps what it showed."""
        added = len(columns[0])
        if not added:
            return
        if self._end + added > len(self._columns[0]):
            self._make_room(self._begin, len(self) // 8 + added)
        for column, new in zip(self._columns, columns, strict=True):
            column[self._end : self._end + added] = new
        self._end += added
        self._calls = None

    def _prepend(self, columns: "_Columns") -> None:
        """Add calls before all others; what was handed out keeps what it showed."""
        added = len(columns[0])
        if not added:
            return
        if added > self._begin:
            self._make_room(len(self) + added, len(self._columns[0]) - self._end)
        for column, new in zip(self._columns, columns, strict=True):
            column[self._begin - added : self._begin] = new
        self._begin -= added
        self._calls, self._epoch = None, object()

    def _make_room(self, before: int, after: int) -> None:
        """Move to new arrays. Room that is not filled yet costs no memory."""
        begin, end = before, before + len(self)
        held, self._columns = self._held(), [np.empty(end + after, column.dtype) for column in self._columns]
        for column, calls in zip(self._columns, held, strict=True):
            column[begin:end] = calls
        self._begin, self._end = begin, end

    def _merge(self, columns: "_Columns") -> None:
        """Put calls where their ids belong."""
        held = self._held()
        new = ~np.isin(columns[0], held[0])
        if not new.any():
            return
        columns = [column[new] for column in columns]
        places = np.searchsorted(held[0], columns[0])
        self._replace([np.insert(column, places, added) for column, added in zip(held, columns, strict=True)])

    def _replace(self, columns: "_Columns") -> None:
        self._columns = columns
        self._begin, self._end = 0, len(columns[0])
        self._calls, self._epoch = None, object()
