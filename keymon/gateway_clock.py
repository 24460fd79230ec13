"""The gateway's clock: its naive local time on one side, UTC on the other.

`t_request_log.request_time` is the naive local time of the gateway's process, often in another zone than
the operator's desk. keymon works in UTC inside; this module is the border. A zone is *set* by the operator,
*detected* from the log, or, where neither is possible, *assumed* and marked so.
"""

import re
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from keymon.errors import TimeZoneUnknownError
from keymon.masking import visible

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Source = Literal["set", "detected", "assumed"]

_MICROSECOND = timedelta(microseconds=1)
_SAMPLE = 5
_SURE_OF_AN_HOUR = 2
_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE
_QUARTER = 15 * _MINUTE
_EARLIEST_OFFSET, _LATEST_OFFSET = -12 * _HOUR, 14 * _HOUR
_WRITE_TOLERANCE = 3 * _SECOND
"""How far the time of the last write may be from the newest call's end.

For a file 15 ms were measured. A server knows both in whole seconds: MariaDB truncates the start of a call and
MySQL rounds it, both truncate the time of the write, and so they are up to 1.5 s apart besides.
"""
_LIVE_TOLERANCE = 2 * _MINUTE
"""How far the gateway's clock may be from ours before it is wrong; a call may have waited as long for a refresh."""
_SHIFTS = {_HOUR // 2, _HOUR}
"""By how much daylight saving sets clocks."""
_LONGEST_REPEAT = timedelta(hours=2)
"""No zone sets its clocks back by more."""
_INSERTION_DISORDER = 10 * _MINUTE
"""Rows are in the order of their ends; where a latency is NULL its end is unknown by up to this much."""


@dataclass(frozen=True, slots=True)
class GatewayClock:
    """Converts between the gateway's naive local time and UTC.

    `zone` is an IANA zone or a fixed offset; `source` tells how we know it.
    """

    zone: tzinfo
    source: Source

    @property
    def name(self) -> str:
        """The zone as a person writes it: `Asia/Shanghai` or `+08:00`."""
        return self.zone.key if isinstance(self.zone, ZoneInfo) else format_offset(self.zone)

    def has_only_shifted_from(self, before: "GatewayClock") -> bool:
        """Tell whether this is the clock `before`, set forward or back as daylight saving does: then both were right.

        Only where both were detected; of an assumed one nothing was right.
        """
        if before.source != "detected":
            return False
        shift = abs(_offset_us(self.zone, EPOCH) - _offset_us(before.zone, EPOCH))
        return shift in _SHIFTS

    def to_local(self, instant: datetime) -> datetime:
        """Return an aware instant as the gateway's naive local time."""
        return instant.astimezone(self.zone).replace(tzinfo=None)

    def from_local(self, local: datetime) -> datetime:
        """Return a naive local time of the gateway as a UTC instant; of a repeated hour, the first."""
        return local.replace(tzinfo=self.zone).astimezone(UTC)

    def earliest_local(self, since: datetime, until: datetime) -> datetime:
        """Return a naive time that no call started in [`since`, `until`] lies before.

        That is the local time of `since`, except where the clock was set back in between.
        """
        return self.to_local(since) - self.set_back(since, until)

    def set_back(self, since: datetime, until: datetime) -> timedelta:
        """Return by how much the clock was set back between two aware instants; 0 where it was not.

        Shortly before `since` counts too: the hour that `since` lies in may be one that the clock showed twice.
        """
        since -= _LONGEST_REPEAT
        shift = (self.to_local(until) - self.to_local(since)) - (until - since)
        return max(-shift, timedelta(0))

    def to_local_microseconds(self, instants: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return UTC instants as local times; both int64[n], microseconds since 1970-01-01 on their clocks."""
        if len(instants) == 0:
            return instants
        changes = _changes(self.zone, int(instants.min()), int(instants.max()))
        local: NDArray[np.int64] = instants + changes.offsets[np.searchsorted(changes.instants, instants, side="right")]
        return local

    def to_utc(
        self, local: NDArray[np.int64], lasted: NDArray[np.int64], previous_end: int | None
    ) -> NDArray[np.int64]:
        """Convert naive local times of consecutive rows of the log; all in microseconds.

        `local` int64[n] counts from 1970-01-01 on the gateway's wall clock, the result from 1970-01-01 UTC.
        Of a repeated hour the order of the rows decides: they are written when their calls end, so a row
        whose first reading (`local` + `lasted`) lies before the row above it belongs to the second hour.
        `previous_end` is the end, in UTC, of the row before the first, if there is one.
        """
        if len(local) == 0:
            return local
        changes = _changes(self.zone, int(local.min()), int(local.max()))
        first = local - changes.offsets[np.searchsorted(changes.first_reading, local, side="right")]
        second = local - changes.offsets[np.searchsorted(changes.second_reading, local, side="right")]
        ambiguous = second > first
        unclear = np.flatnonzero(ambiguous)
        if len(unclear) == 0:
            return first
        begin = int(unclear[0])
        end = int(first[begin - 1] + lasted[begin - 1]) if begin else previous_end
        for i in range(begin, int(unclear[-1]) + 1):
            if ambiguous[i] and end is not None:
                least = end - _INSERTION_DISORDER
                if first[i] + lasted[i] < least <= second[i] + lasted[i]:
                    first[i] = second[i]
            end = int(first[i] + lasted[i])
        return first


@dataclass(frozen=True, slots=True, eq=False)
class _Changes:
    """A zone's offsets over a span: offsets[i] holds until instants[i], in UTC, and reading[i], in local time."""

    offsets: NDArray[np.int64]
    instants: NDArray[np.int64]
    first_reading: NDArray[np.int64]
    second_reading: NDArray[np.int64]


@lru_cache(maxsize=64)
def _changes_between(zone: tzinfo, first_day: int, last_day: int) -> _Changes:
    day = timedelta(days=1)
    instants = [EPOCH + n * day for n in range(first_day, last_day + 1)]
    offsets = [_offset_us(zone, instants[0])]
    readings: list[tuple[int, int, int]] = []
    for before, after in pairwise(instants):
        old, new = _offset_us(zone, before), _offset_us(zone, after)
        if old == new:
            continue
        change = _change_between(zone, before, after)
        offsets.append(new)
        readings.append((change, change + max(old, new), change + min(old, new)))
    return _Changes(
        np.array(offsets, np.int64),
        np.array([change for change, _, _ in readings], np.int64),
        np.array([first for _, first, _ in readings], np.int64),
        np.array([second for _, _, second in readings], np.int64),
    )


def _changes(zone: tzinfo, first_local: int, last_local: int) -> _Changes:
    if isinstance(zone, timezone):
        empty = np.empty(0, np.int64)
        return _Changes(np.array([_offset_us(zone, EPOCH)], np.int64), empty, empty, empty)
    day = 24 * _HOUR
    # Times absurdly far off (a wrong clock, a hostile row) keep the offset at the edge of a plausible span.
    today = (datetime.now(UTC) - EPOCH).days
    last = min(max(last_local // day, 0), today + 366)
    first = min(max(first_local // day, last - 4_000), last)
    return _changes_between(zone, first - 2, last + 2)


def _change_between(zone: tzinfo, before: datetime, after: datetime) -> int:
    """Return the instant, in microseconds UTC, at which the offset changes; exact to the second."""
    old = zone.utcoffset(before.astimezone(zone))
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if zone.utcoffset(middle.astimezone(zone)) == old:
            before = middle
        else:
            after = middle
    return round((after - EPOCH).total_seconds()) * _SECOND


def _offset_us(zone: tzinfo, instant: datetime) -> int:
    offset = instant.astimezone(zone).utcoffset() or timedelta(0)
    return offset // _MICROSECOND


def format_offset(zone: tzinfo) -> str:
    """Return a fixed offset as `+08:00`."""
    minutes = _offset_us(zone, EPOCH) // _MINUTE
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def parse_zone(text: str) -> tzinfo:
    """Return the zone that `text` names: an IANA name, `UTC`, or an offset such as `+8`, `+0530`, `-03:00`.

    Raises `TimeZoneUnknownError`.
    """
    found = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?([0-5]\d))?", text.strip())
    if found:
        offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0)) * (-1 if found[1] == "-" else 1)
        if timedelta(hours=-12) <= offset <= timedelta(hours=14):
            return timezone(offset)
        raise TimeZoneUnknownError(zone=visible(text, 40))
    if text.strip().upper() in {"UTC", "Z"}:
        return UTC
    try:
        return ZoneInfo(text.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise TimeZoneUnknownError(zone=visible(text, 40)) from None


def detect_from_file(newest_end_local: datetime, modified: datetime | None) -> GatewayClock | None:
    """Return the clock of a gateway whose newest call ended when its database was last written.

    `newest_end_local` is naive, `modified` the time of the last write (aware), None where it is not known. A
    file that was copied or restored tells nothing; then the difference is no whole number of quarters of an
    hour, and we return None.
    """
    if modified is None:
        return None
    offset, residue = _snap((newest_end_local.replace(tzinfo=UTC) - modified) // _MICROSECOND)
    if abs(residue) > _WRITE_TOLERANCE or not _EARLIEST_OFFSET <= offset <= _LATEST_OFFSET:
        return None
    return GatewayClock(timezone(offset * _MICROSECOND), "detected")


class ClockWatch:
    """Learns the gateway's offset from calls that are seen to arrive, and notices when it changes.

    A call that appears between two looks ended between them, so the latest end less the time of the look is
    the offset, once rounded to a quarter of an hour. `clock` is the clock as known now; `disagreement` is
    how far the gateway's clock is ahead of ours beyond its zone. Our own clock must not be set meanwhile: by an hour,
    that looks like daylight saving at the gateway.
    """

    def __init__(self, clock: GatewayClock) -> None:
        self.clock = clock
        self.disagreement = timedelta(0)
        self._is_measured = self._has_agreed = False
        self._recent: deque[int] = deque(maxlen=_SAMPLE)

    def see(self, ends: Sequence[datetime], seen: datetime) -> bool:
        """Take note of calls that ended (naive local time) shortly before `seen` (aware).

        Returns True when `clock` has changed. A change of one hour, as daylight saving makes it, is believed
        from two calls running; anything else takes most of the last five, so that an odd row changes nothing.
        """
        if not ends:
            return False
        lags = [(end.replace(tzinfo=UTC) - seen) // _MICROSECOND for end in ends]
        self._recent.extend(lags[-_SAMPLE:])
        known = _offset_us(self.clock.zone, seen)
        self._has_agreed |= any(_snap(lag)[0] == known for lag in lags)
        last = [_snap(lag)[0] for lag in list(self._recent)[-_SURE_OF_AN_HOUR:]]
        if (
            self._has_agreed
            and self.clock.source == "detected"
            and abs(last[-1] - known) == _HOUR == abs(last[0] - known)
        ):
            return last[0] == last[-1] and self._judge(self._recent[-1], known)
        if len(self._recent) < _SAMPLE:
            return False
        offset, votes = Counter(_snap(lag)[0] for lag in self._recent).most_common(1)[0]
        if votes <= _SAMPLE // 2:
            return False
        return self._judge(max(lag for lag in self._recent if _snap(lag)[0] == offset), known)

    def check(self, newest_end: datetime, now: datetime) -> None:
        """Take note of a newest call (aware) that lies in the future: the zone cannot be right, or a clock is."""
        self.disagreement = max(newest_end - now, timedelta(0))

    def _judge(self, lag: int, known: int) -> bool:
        """Take `lag` for another zone, or for a clock that is wrong."""
        offset, residue = _snap(lag)
        apart, before = lag - known, self.disagreement // _MICROSECOND
        is_possible = _EARLIEST_OFFSET <= offset <= _LATEST_OFFSET
        is_guess = self.clock.source == "assumed" and is_possible
        self._is_measured = True
        self.disagreement = (residue if is_guess else apart) * _MICROSECOND
        if self.clock.source == "set" or abs(residue) > _LIVE_TOLERANCE or not is_possible:
            return False
        if self.clock.source == "detected" and not self._is_another_zone(abs(offset - known), abs(apart - before)):
            return False
        self._recent.clear()
        self._has_agreed = True
        self.disagreement = residue * _MICROSECOND
        self.clock = GatewayClock(timezone(offset * _MICROSECOND), "detected")
        return True

    def _is_another_zone(self, shift: int, leap: int) -> bool:
        """Tell whether a detected clock that is off by `shift`, by `leap` more than before, is in another zone.

        Daylight saving comes at once, to a clock that was right; one that drifts is wrong, and so is one that was
        an hour off from the first, since its zone is known by the time of a write.
        """
        if self._has_agreed:
            return leap > _LIVE_TOLERANCE and (shift in _SHIFTS or shift > _HOUR)
        return shift > _HOUR

    @property
    def measured(self) -> timedelta | None:
        """How far the gateway's clock is ahead of ours, where calls have told; None where none have yet."""
        return self.disagreement if self._is_measured or self.disagreement else None

    @property
    def is_wrong(self) -> bool:
        """Tell whether the clocks differ by more than any zone explains."""
        return abs(self.disagreement) > _LIVE_TOLERANCE * _MICROSECOND


def _snap(difference: int) -> tuple[int, int]:
    offset = (difference + _QUARTER // 2) // _QUARTER * _QUARTER
    return offset, difference - offset


def assume(newest_end_local: datetime | None, now: datetime) -> GatewayClock:
    """Return the likeliest clock when nothing gives the zone away: the desktop's, UTC, or +08:00.

    The first of them in which the newest call does not lie in the future of `now` (aware); marked `assumed`.
    """
    desktop = now.astimezone().utcoffset() or timedelta(0)
    candidates = [timezone(desktop), UTC, timezone(timedelta(hours=8))]
    slack = timedelta(minutes=5)
    for zone in candidates:
        if newest_end_local is None or newest_end_local.replace(tzinfo=zone) <= now + slack:
            return GatewayClock(zone, "assumed")
    return GatewayClock(candidates[0], "assumed")
