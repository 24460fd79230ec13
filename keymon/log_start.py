"""Finds where a period begins in a log that has no index on time, by what single rows prove.

A row is written when its call ends. So a row that ended well before a moment proves that all rows before it
started before that moment, as long as no row is further out of order than the margin. The search is a binary
one on the primary key; where rows prove nothing (a gap, NULL times, odd ones) it goes left, which costs rows
to read but loses none.

That the margin holds is not taken on trust: `Disorder` measures it on every row that is read, `has_call_below`
looks at sentinels far below, and `log_survey` goes through all the rest of the log in the background.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from keymon.call_log import SENTINELS, CallLog

MARGIN = timedelta(hours=2)
"""Twice the hour by which clocks are set back, and far more than a commit takes."""
WIDEST_MARGIN = timedelta(hours=48)
"""A log that is further out of order is in no order; widening the margin does not help."""
AFTER = timedelta(hours=2)
"""A call that started before a moment is in the log this long after it."""

_STOPPED_CLOCK = timedelta(days=10 * 365)
"""A row so much older than the cutoff was stamped by a clock that had not been set: it proves nothing."""
_CLOSE_ENOUGH = 200
"""Ids between what is proven and what is not at which the search ends: to read them costs less than to ask."""
_NEAR = 40
_GROWTH = 1.25

Bounds = tuple[int, int]
"""The first and the last id of a table."""
Probe = Callable[[int], Sequence[tuple[int, datetime | None]]]
"""Gives (id, time) of the first rows with at least an id."""


class Probed(Protocol):
    """A log that can be probed."""

    def probe(self, first: int) -> Sequence[tuple[int, datetime | None]]:
        """Return (id, time) of the first few rows with at least an id."""
        ...


def find_start(log: CallLog, bounds: Bounds, cutoff: datetime, margin: timedelta = MARGIN) -> int:
    """Return an id such that every call that started at or after `cutoff` (naive) has a larger one.

    About two dozen probes for fifty million rows. Right for logs that are out of order by less than `margin`.
    """
    return last_id_before(cutoff - margin, bounds, log.probe, _CLOSE_ENOUGH)


def find_end(log: Probed, bounds: Bounds, moment: datetime) -> int:
    """Return an id such that every row dated at or before `moment` (naive) has at most this one."""
    limit = moment + AFTER
    unproven, proven = bounds[0] - 1, bounds[1] + 1
    while proven - unproven > 1:
        middle = (proven + unproven) // 2
        times = [time for row, time in log.probe(middle) if row < proven and time is not None]
        if times and min(times) > limit:
            proven = middle
        else:
            unproven = middle
    return proven - 1


def last_id_before(limit: datetime, bounds: Bounds, probe: Probe, close_enough: int = 1) -> int:
    """Return the largest id that witnesses prove to lie before `limit`; the smallest less one without any.

    Or one that is less than that by no more than `close_enough`.
    """
    proven, unproven = bounds[0] - 1, bounds[1] + 1
    while unproven - proven > close_enough:
        middle = (proven + unproven) // 2
        timed = [(row, time) for row, time in probe(middle) if row < unproven and time is not None]
        if timed and all(limit - _STOPPED_CLOCK < time < limit for _, time in timed):
            proven = timed[-1][0]
        else:
            unproven = middle
    return proven


def has_call_below(log: CallLog, bounds: Bounds, start: int, cutoff: datetime) -> bool:
    """Tell whether any of some 160 rows up to `start` is dated at or after `cutoff`: then ids do not follow time.

    One statement of single look-ups, dense near `start`, spread over the log below.
    """
    if start < bounds[0]:
        return False
    return log.sentinels(_sentinel_ids(bounds[0], start), cutoff) > 0


def _sentinel_ids(first: int, start: int) -> list[int]:
    """Return ids up to `start`: the next forty, then ever further apart, and as many spread over all the rest."""
    ids = set(range(max(first, start - _NEAR), start + 1))
    step = float(_NEAR)
    while step < start - first and len(ids) < SENTINELS * 2 // 3:
        step *= _GROWTH
        ids.add(max(first, start - int(step)))
    spread = SENTINELS - len(ids)
    ids.update(first + (start - first) * n // spread for n in range(spread))
    return sorted(ids)


class Disorder:
    """How far rows were seen out of order: the most by which a row started after a later one had ended.

    Fed with stretches of rows that adjoin each other, at either end; times are microseconds on one clock.
    """

    def __init__(self) -> None:
        self.most = 0
        self._last_start: int | None = None
        self._first_end: int | None = None

    def see(self, within: int, last_start: int, first_end: int, is_newer: bool) -> None:
        """Take note of a stretch: its own disorder, its last start and its first end; newer or older than all."""
        self.most = max(self.most, within)
        if self._last_start is None or self._first_end is None:
            self._last_start, self._first_end = last_start, first_end
            return
        between = self._last_start - first_end if is_newer else last_start - self._first_end
        self.most = max(self.most, between)
        self._last_start = max(self._last_start, last_start)
        self._first_end = min(self._first_end, first_end)
