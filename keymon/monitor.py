"""One gateway followed: settings and call window in, a frozen `Snapshot` out.

A refresh reads the few settings again and only those rows of the log that are new. Where the log turns out
not to be the one that was followed (another file, ids that start again, an emptied table) it is read afresh.
A monitor belongs to one thread; only `interrupt` may be called from others.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import count

from keymon import error_log, gateway_clock
from keymon.call_log import CallLog, CountedStretch, Row, call_end
from keymon.call_window import CallWindow
from keymon.database import Database, Location
from keymon.errors import (
    ClockAssumedNotice,
    ClockWrongNotice,
    DatabaseLockedError,
    HistoryShortNotice,
    NoCallsNotice,
    Notice,
    PoolKeptNotice,
    SettingUnreadableError,
    TimesUnreadableNotice,
)
from keymon.gateway_clock import ClockWatch, GatewayClock
from keymon.gateway_settings import GatewaySettings, read_settings
from keymon.stats import DAY, CallCount, KeyFigures, StatsService

PAUSE_S = 0.002
"""Rest between two chunks of a long read, in which the gateway can commit."""
_MONTH_PAUSE_S = 0.01
"""The same while the month is counted, which nobody waits for."""

_LOOKS_APART = timedelta(minutes=2)
"""Calls that arrived in a longer time than this tell nothing of the gateway's clock."""
_MONTH_CHUNKS_AT_FIRST = 5
_LONGEST_SILENCE = timedelta(days=30)
"""Verdicts older than this are not looked for; a gateway whose clock stood still must not cost us the whole log."""
_AFTER_AS_OF = timedelta(hours=2)
"""A call that started before an instant is in the log within this; then the log can be left."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What keymon knows of a gateway at one instant; safe to hand to another thread.

    `as_of` is UTC. `calls_month` (since the first of the month on the gateway's calendar) is None while it
    is still being counted. `is_live` is false where a past instant was asked for. `keys` are in the
    pool's order. `stats` answers what is asked about single keys.
    """

    as_of: datetime
    is_live: bool
    database: str
    clock: GatewayClock
    settings: GatewaySettings
    keys: tuple[KeyFigures, ...]
    calls_1m: CallCount
    calls_1h: CallCount
    calls_24h: CallCount
    calls_month: CallCount | None
    notices: tuple[Notice, ...]
    stats: StatsService


class Monitor:
    """Follows the gateway at `location`.

    `zone` is the gateway's zone where the operator set it. `as_of` (aware, or naive in the gateway's zone)
    asks for a past instant instead of now. `month_chunks` bounds the counting of the month in one refresh
    (None: count it all, 0: leave it unknown). `now` tells the time, aware.
    """

    def __init__(
        self,
        location: Location,
        zone: tzinfo | None = None,
        as_of: datetime | None = None,
        month_chunks: int | None = 40,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = Database(location)
        self._log = CallLog(self._database)
        self._zone = zone
        self._as_of = as_of
        self._month_chunks = month_chunks
        self._now = now
        self._settings: GatewaySettings | None = None
        self._followed: _Followed | None = None
        self._found_clock: GatewayClock | None = None

    def refresh(self, progress: Callable[[int], None] | None = None) -> Snapshot:
        """Read what is new and return the figures. `progress` hears of the rows read so far.

        Raises `DatabaseError` and `NotAGatewayError`; what was known before stays known.
        """
        if self._database.replaced():
            self._database.close()
            self._followed = self._found_clock = None
        settings, notices = self._read_settings()
        followed = self._followed
        if followed is None or settings.history > followed.history or not self._is_same_log(followed):
            followed = self._followed = self._begin(settings, self._find_clock())
        first = not followed.is_loaded
        if not first and not self._follow(followed):
            # Should beginning again fail, the next refresh must not go on with what was read in a wrong zone.
            self._found_clock, self._followed = followed.clock, None
            followed = self._followed = self._begin(settings, followed.clock)
        if not followed.is_loaded:
            self._load(followed, progress)
        self._count_month(followed, first)
        return self._snapshot(followed, settings, notices)

    def error_text(self, key: str, started: datetime, latency_ms: int) -> str | None:
        """Return what the gateway logged for the failed call of `key` that started at `started` (aware).

        None where nothing was logged. Raises `DatabaseError`.
        """
        if self._followed is None:
            return None
        local = self._followed.clock.to_local(started)
        ended = local + timedelta(milliseconds=max(latency_ms, 0))
        return error_log.error_text(self._database, key, local, ended)

    def interrupt(self) -> None:
        """Break off a read that is under way; callable from any thread."""
        self._database.interrupt()

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def _read_settings(self) -> tuple[GatewaySettings, tuple[Notice, ...]]:
        """Read the settings; keep the last good ones where a key list has become unreadable."""
        try:
            self._settings = read_settings(self._database)
        except SettingUnreadableError as error:
            if self._settings is None:
                raise
            return self._settings, (PoolKeptNotice(reason=str(error)),)
        return self._settings, self._settings.notices

    def _find_clock(self) -> GatewayClock:
        if self._zone is not None:
            return GatewayClock(self._zone, "set")
        if self._found_clock is not None:
            return self._found_clock
        modified = self._database.modified()
        newest = self._log.newest_end()
        found = gateway_clock.detect_from_file(newest, modified) if newest is not None else None
        return found or gateway_clock.assume(newest, self._now())

    def _instant(self, clock: GatewayClock) -> datetime:
        if self._as_of is None:
            return self._now()
        return clock.from_local(self._as_of) if self._as_of.tzinfo is None else self._as_of.astimezone(UTC)

    def _is_same_log(self, followed: "_Followed") -> bool:
        """Tell whether the last row that we read is still what it was."""
        return followed.anchor is None or self._log.row(followed.anchor[0]) == followed.anchor

    def _begin(self, settings: GatewaySettings, clock: GatewayClock) -> "_Followed":
        """Find where the log must be read from.

        A verdict needs the history before the newest call: the gateway holds its counts through a silence.
        """
        newest = self._log.newest_end()
        as_of = self._instant(clock)
        ended = clock.from_local(newest) if newest is not None else as_of
        silent_since = max(min(as_of, ended), as_of - _LONGEST_SILENCE)
        since = min(as_of - DAY, silent_since - settings.history)
        start = self._log.start(clock.earliest_local(since, as_of))
        followed = _Followed(
            ClockWatch(clock), CallWindow(clock), settings.history, since, start, self._now(), self._log.row(start)
        )
        if self._as_of is None:
            followed.watch.check(ended, as_of)
        return followed

    def _load(self, followed: "_Followed", progress: Callable[[int], None] | None) -> None:
        """Read on to the end of the log; where that is broken off, the next refresh goes on from there."""
        as_of = self._instant(followed.clock)
        while rows := self._log.read(followed.last_id):
            followed.add(rows)
            if progress is not None:
                progress(followed.rows_read)
            if self._as_of is not None and _all_after(rows, followed.clock.to_local(as_of) + _AFTER_AS_OF):
                break
            time.sleep(PAUSE_S)
        followed.looked = self._now()
        followed.is_loaded = True

    def _follow(self, followed: "_Followed") -> bool:
        """Read what is new, and watch the gateway's clock by it; False where all must be read in a new light."""
        while self._as_of is None and (rows := self._log.read(followed.last_id)):
            was_assumed = followed.clock.source == "assumed"
            if self._watch_clock(followed, rows) and was_assumed:
                return False
            followed.window.change_clock(followed.clock)
            followed.add(rows)
            time.sleep(PAUSE_S)
        followed.looked = self._now()
        followed.forget_old(self._instant(followed.clock))
        return True

    def _watch_clock(self, followed: "_Followed", rows: Sequence[Row]) -> bool:
        """Tell whether `rows`, if they have just arrived, change what we know of the gateway's clock."""
        now = self._now()
        if now - followed.looked > _LOOKS_APART:
            return False
        ends = [end for row in rows if (end := call_end(row)) is not None]
        return followed.watch.see(ends, now)

    def _count_month(self, followed: "_Followed", first: bool) -> None:
        """Count on through the calendar month of the gateway, as far as one refresh may."""
        chunks = self._month_chunks
        if chunks is not None:
            # The first figures should not wait for a long month.
            chunks = min(chunks, _MONTH_CHUNKS_AT_FIRST) if first else chunks
        try:
            self._count_month_chunks(followed, chunks)
        except DatabaseLockedError:
            if chunks is None:
                raise
            # The other figures are fresh; this one stays unknown until the next refresh.

    def _count_month_chunks(self, followed: "_Followed", chunks: int | None) -> None:
        now = followed.clock.to_local(self._instant(followed.clock))
        first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        month = followed.month
        if month is None or month.first != first:
            month = followed.month = _MonthCount(first, self._log.start(first) if chunks != 0 else 0)
        until = datetime.max if self._as_of is None else now  # noqa: DTZ901
        month.complete = False
        for _ in count() if chunks is None else range(chunks):
            stretch = self._log.count(month.last_id, first, until)
            if stretch is None:
                month.complete = True
                break
            month.add(stretch)
            time.sleep(PAUSE_S if chunks is None else _MONTH_PAUSE_S)

    def _snapshot(self, followed: "_Followed", settings: GatewaySettings, notices: tuple[Notice, ...]) -> Snapshot:
        as_of = self._instant(followed.clock)
        stats = StatsService(followed.window.calls, settings, as_of, until=None if self._as_of is None else as_of)
        return Snapshot(
            as_of=as_of,
            is_live=self._as_of is None,
            database=self._database.shown,
            clock=followed.clock,
            settings=settings,
            keys=stats.key_figures,
            calls_1m=stats.count(timedelta(minutes=1)),
            calls_1h=stats.count(timedelta(hours=1)),
            calls_24h=stats.count(DAY),
            calls_month=followed.month.calls if followed.month and followed.month.complete else None,
            notices=(*notices, *_rules_notices(settings), *_clock_notices(followed), *self._silence(followed, stats)),
            stats=stats,
        )

    def _silence(self, followed: "_Followed", stats: StatsService) -> Iterator[Notice]:
        if self._as_of is None and followed.anchor is not None and stats.count(DAY).total == 0:
            ended = call_end(followed.anchor)
            if ended is not None:
                yield NoCallsNotice(time=f"{ended:%Y-%m-%d %H:%M}")


@dataclass(slots=True)
class _MonthCount:
    """The calls of the month that begins at `first` (naive), counted up to the row `last_id`."""

    first: datetime
    last_id: int
    total: int = 0
    success: int = 0
    complete: bool = False

    def add(self, stretch: CountedStretch) -> None:
        self.last_id = stretch.last_id
        self.total += stretch.total
        self.success += stretch.success

    @property
    def calls(self) -> CallCount:
        return CallCount(self.success, self.total - self.success)


@dataclass(slots=True)
class _Followed:
    """A log that is being followed: what was read of it, and how far."""

    watch: ClockWatch
    window: CallWindow
    history: timedelta
    since: datetime
    last_id: int
    looked: datetime
    anchor: Row | None = None
    rows_read: int = 0
    is_loaded: bool = False
    month: _MonthCount | None = None

    @property
    def clock(self) -> GatewayClock:
        return self.watch.clock

    def add(self, rows: Sequence[Row]) -> None:
        self.window.add(rows, self.since)
        self.anchor = rows[-1]
        self.last_id = rows[-1][0]
        self.rows_read += len(rows)

    def forget_old(self, now: datetime) -> None:
        """Let go of what neither the last 24 hours nor a verdict needs."""
        newest = self.window.newest_start
        if newest is not None:
            self.since = max(self.since, min(now - DAY, min(now, newest) - self.history))
            self.window.forget_before(self.since)


def _all_after(rows: Sequence[Row], local: datetime) -> bool:
    ends = [end for row in rows if (end := call_end(row)) is not None]
    return bool(ends) and min(ends) > local


def _rules_notices(settings: GatewaySettings) -> Iterator[Notice]:
    if settings.history_needed > settings.history:
        yield HistoryShortNotice(
            most=settings.max_failures,
            hours=settings.check_interval // timedelta(hours=1),
            needed=settings.history_needed.days,
            read=settings.history.days,
        )


def _clock_notices(followed: _Followed) -> Iterator[Notice]:
    if followed.clock.source == "assumed":
        yield ClockAssumedNotice(zone=followed.clock.name)
    if followed.watch.is_wrong:
        minutes = abs(followed.watch.disagreement) // timedelta(minutes=1)
        yield ClockWrongNotice(hours=minutes // 60, minutes=minutes % 60)
    if followed.window.without_time:
        yield TimesUnreadableNotice(count=followed.window.without_time)
