"""The calls of one key, for those who ask for nothing else: only its rows are fetched.

The figures come from the same window and the same service as all others; only the database leaves the other
keys' rows out. Where that would not be exact (a clock that was set back in the period, a log out of order) the
caller is told to read everything.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from keymon.call_log import CallLog, LogRows
from keymon.call_window import CallWindow
from keymon.errors import Notice
from keymon.gateway_clock import GatewayClock
from keymon.gateway_settings import GatewaySettings
from keymon.log_start import MARGIN, find_end, find_start, has_call_below
from keymon.stats import DAY, ModelCalls, StatsService

_PAUSE_S = 0.0005
_IDS_AT_FIRST = 100_000
_FEWEST_IDS, _MOST_IDS = 2_000, 500_000
_HOLD_S = 0.04
"""How long one look through the log may take: it goes on with as many ids as that allows on this disk."""
_LAST = 1.25
"""What is left is looked through in one go where it is no more than so many times that: its ids have no end to be
compared with, which saves a sixth of the time."""


@dataclass(frozen=True, slots=True)
class KeyUsage:
    """The calls of one key per model in the last 24 hours, most first, and what is to be known about them."""

    usage: tuple[ModelCalls, ...]
    notices: tuple[Notice, ...]


def read_usage(
    log: CallLog,
    settings: GatewaySettings,
    key: str,
    clock: GatewayClock,
    as_of: datetime,
    until: datetime | None = None,
) -> StatsService | None:
    """Return the statistics of `key` alone as of `as_of` (aware), without calls after `until`, if given.

    None where only reading all keys' calls would give exact figures. Raises `DatabaseError`.
    """
    since = as_of - DAY
    window = CallWindow(clock, as_of)
    bounds = log.bounds()
    if bounds is not None:
        if clock.set_back(since, as_of):
            return None
        cutoff = clock.to_local(since)
        start = find_start(log, bounds, cutoff)
        if has_call_below(log, bounds, start, cutoff):
            return None
        top = bounds[1] if until is None else find_end(log, bounds, clock.to_local(until))
        for rows in _rows_of(log, key, start, top, is_end=until is None):
            window.add(rows, since)
        if timedelta(microseconds=window.disorder.most) > MARGIN / 2:
            return None
    return StatsService(window.calls, settings, as_of, until)


def _rows_of(log: CallLog, key: str, start: int, top: int, is_end: bool) -> Iterator[LogRows]:
    ids = _IDS_AT_FIRST
    while start < top:
        began = time.perf_counter()
        if is_end and top - start <= ids * _LAST:
            ids = top - start
        rows, start = log.of_key(key, start, top, ids, is_end)
        ids = int(min(max(ids * _HOLD_S / (time.perf_counter() - began), _FEWEST_IDS), _MOST_IDS))
        yield rows
        if start < top:
            time.sleep(_PAUSE_S)
