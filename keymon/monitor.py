"""One gateway followed: settings and call window in, a frozen `Snapshot` out.

A refresh reads the few settings again and only those rows of the log that are new. The first time it loads the
last 24 hours, newest first and for as long as it is given, so that there are figures before all is read. Where
the log turns out not to be the one that was followed (another file, ids that start again, an emptied table) it
is read afresh. A monitor belongs to one thread; only `interrupt` may be called from others.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from keymon import error_log, notices
from keymon.account_rights import rights_to_write
from keymon.call_log import CHUNK_ROWS, CallLog, LogRows
from keymon.data_quality import Surroundings
from keymon.database import Database
from keymon.error_browser import ErrorBrowser
from keymon.errors import DatabaseUnreadableError, Notice, PoolKeptNotice, SettingUnreadableError
from keymon.followed_log import FollowedLog, follow_log
from keymon.gateway_clock import ClockWatch, GatewayClock
from keymon.gateway_settings import GatewaySettings, read_settings
from keymon.key_usage import KeyUsage, read_usage
from keymon.locations import Location
from keymon.log import ours
from keymon.log_clock import find_clock
from keymon.log_survey import month_of
from keymon.memory import give_back_large_blocks
from keymon.schema import request_log
from keymon.stats import DAY, CallCount, KeyFigures, StatsService
from keymon.steady_clock import DeskClock

PAUSE_S = 0.0005
"""Rest between two chunks of a load; as long again passes while a chunk is put into columns."""
_BLOCKS_A_REFRESH = 5
"""Blocks of the month that a refresh counts: that of a small gateway is known at once."""
_BACKGROUND_REST = 30
"""Rest between two blocks of a survey that nobody waits for, as a multiple of the time a block took."""

_LOOKS_APART = timedelta(minutes=2)
"""Calls that arrived in a longer time than this tell nothing of the gateway's clock."""
_LEAST_SHIFT = timedelta(minutes=7)
"""Half of what zones differ by, and some seconds less."""
_LONGEST_SILENCE = timedelta(days=30)
"""Verdicts older than this are not looked for; a gateway whose clock stood still must not cost us the whole log."""


@dataclass(frozen=True, slots=True)
class Loading:
    """How far the first load has come: `calls` so far, `share` of the ids gone through, 0 to 1.

    All calls that started at or after `known_since` (UTC) are there; None where that cannot be told.
    """

    calls: int
    share: float
    known_since: datetime | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What keymon knows of a gateway at one instant; safe to hand to another thread.

    `as_of` is UTC. While `loading` is not None only the newest calls are known: figures of `keys` are those so
    far, and totals of periods that are not all known are None. `calls_month` (since the first of the month on the
    gateway's calendar) is None too while it is still being counted. `is_live` is false where a past instant was
    asked for. `keys` are in the pool's order. `stats` answers what is asked about single keys. `could_write` names
    the rights of the account that go beyond reading, as far as they are known. `surroundings` are what `data_quality`
    needs besides the calls.
    """

    as_of: datetime
    is_live: bool
    database: str
    clock: GatewayClock
    settings: GatewaySettings
    keys: tuple[KeyFigures, ...]
    calls_1m: CallCount | None
    calls_1h: CallCount | None
    calls_24h: CallCount | None
    calls_month: CallCount | None
    notices: tuple[Notice, ...]
    stats: StatsService
    loading: Loading | None = None
    could_write: str = ""
    surroundings: Surroundings = field(default_factory=Surroundings)


class Monitor:
    """Follows the gateway at `location`.

    `zone` is the gateway's zone where the operator set it. `as_of` (aware, or naive in the gateway's zone) asks
    for a past instant instead of now. Without `month` the calls of the month are not counted. `now` and `steady` are
    this computer's clocks, as `DeskClock` takes them.
    """

    def __init__(
        self,
        location: Location,
        zone: tzinfo | None = None,
        as_of: datetime | None = None,
        month: bool = True,
        now: Callable[[], datetime] | None = None,
        steady: Callable[[], float] | None = None,
    ) -> None:
        self._database = Database(location)
        self._log = CallLog(self._database)
        self._zone = zone
        self._as_of = as_of
        self._month = month
        self._desk = DeskClock(now, steady)
        self._now = self._desk.now
        self._settings: GatewaySettings | None = None
        self._followed: FollowedLog | None = None
        self._found_clock: GatewayClock | None = None
        self._could_write: str | None = None

    @property
    def location(self) -> Location:
        """Where the gateway is."""
        return self._database.location

    def relocate(self, location: Location) -> None:
        """Go on at the same gateway by another way: with another password, say."""
        self._database.relocate(location)

    @property
    def is_server(self) -> bool:
        """Whether the gateway's database is on a server, not in a file."""
        return self._database.is_server

    def refresh(self, patience: float | None = None, progress: Callable[[int, float], None] | None = None) -> Snapshot:
        """Read what is new and return the figures.

        A first load goes on for about `patience` seconds, and is taken up again by the next refresh; without a
        limit all is read, and the month counted. `progress` hears of the calls loaded so far and of the share of
        the ids gone through. Raises `DatabaseError` and `NotAGatewayError`; what was known before stays known.
        """
        # All of it again, since a log is recognised by the connection that it is read by: another connection may
        # lead to another log.
        return self._database.again_if_lost(lambda: self._refresh(patience, progress))

    def _refresh(self, patience: float | None, progress: Callable[[int, float], None] | None) -> Snapshot:
        if self._database.replaced():
            ours.info("another file is in the place of the gateway's database: it is read afresh")
            self._database.close()
            self._followed = self._found_clock = None
        self._database.expect_all_columns(request_log)
        self._watch_our_clock()
        settings, about_settings = self._read_settings()
        followed = self._followed
        if followed is not None and not self._is_same_log(followed):
            ours.info("the log is not the one that was read before: it is read afresh")
            # Perhaps that of another gateway, whose clock is in another zone.
            followed = self._found_clock = None
        if followed is None or settings.history > followed.history:
            followed = self._followed = self._begin(settings, self._find_clock())
        if self._as_of is None and not self._read_tail(followed):
            # Should beginning again fail, the next refresh must not go on with what was read in a wrong zone.
            watch, self._found_clock, self._followed = followed.watch, followed.clock, None
            followed = self._followed = self._begin(settings, followed.clock)
            # Calls that were seen to arrive tell more than the newest of all, which may be an odd one.
            followed.watch = watch
        self._load(followed, patience, progress)
        self._keep_month(followed)
        if patience is None and self._month:
            while not followed.survey.is_month_known:
                followed.survey_on()
                time.sleep(PAUSE_S)
        return self._snapshot(followed, settings, about_settings)

    def _watch_our_clock(self) -> None:
        """Begin anew where this computer's clock was set: what was found out of the gateway's counts no more."""
        step = self._desk.look()
        if not step or self._as_of is not None:
            return
        clock = self._found_clock if self._followed is None else self._followed.clock
        # Of no zone does so little tell anything.
        self._found_clock = clock if abs(step) < _LEAST_SHIFT else None
        self._followed = None

    def survey(self, patience: float) -> bool:
        """Go on counting the month and looking for calls out of order, for about `patience` seconds.

        At leisure: the database is at rest nearly all of the time. Returns whether something is left to do.
        Raises as `refresh` does.
        """
        followed = self._followed
        if followed is None or not followed.is_loaded:
            return False
        if self._could_write is None:
            self._could_write = self._find_rights()
        followed.find_oldest()
        deadline = time.monotonic() + patience
        while not followed.is_surveyed:
            began = time.monotonic()
            if began > deadline:
                return True
            followed.survey_on()
            time.sleep(min(_BACKGROUND_REST * (time.monotonic() - began), patience))
        return False

    def usage(self, wanted: str) -> KeyUsage:
        """Return the calls per model in the last 24 hours of the key that `wanted` is, or is the ending of.

        Reads the calls of that key only, where that suffices. Raises `KeyNotFoundError`, `KeyAmbiguousError`, and
        as `refresh` does.
        """
        settings, about_settings = self._read_settings()
        clock = self._find_clock()
        key = settings.find_key(wanted)
        if key is not None:
            as_of = self._instant(clock)
            until = None if self._as_of is None else as_of
            stats = read_usage(self._log, settings, key, clock, as_of, until)
            if stats is not None:
                return KeyUsage(stats.usage(key), (*about_settings, *self._moment_notices(clock, as_of)))
        snapshot = self.refresh()
        return KeyUsage(snapshot.stats.usage(snapshot.stats.find_key(wanted)), snapshot.notices)

    def _moment_notices(self, clock: GatewayClock, as_of: datetime) -> Iterator[Notice]:
        watch, newest = ClockWatch(clock), self._log.newest_end()
        if newest is not None and self._as_of is None:
            watch.check(clock.from_local(newest), as_of)
            yield from notices.of_silence(newest, clock.to_local(as_of))
        yield from notices.of_clock(watch)

    def error_text(self, key: str, started: datetime, latency_ms: int | None = None) -> str | None:
        """Return what the gateway logged for the failed call of `key` that started at `started` (aware).

        `latency_ms` is how long it took, as far as that is known. Returns None where nothing was logged.
        Raises `DatabaseError`.
        """
        if self._followed is None:
            return None
        local = self._followed.clock.to_local(started)
        ended = None if latency_ms is None else local + timedelta(milliseconds=max(latency_ms, 0))
        return self._database.again_if_lost(lambda: error_log.error_text(self._database, key, local, ended))

    def errors(self) -> ErrorBrowser:
        """Return what browses the gateway's errors, as far as the instant that the monitor judges.

        Raises `DatabaseError` where the gateway's clock is not known and cannot be found out.
        """
        clock = self._find_clock() if self._followed is None else self._followed.clock
        return ErrorBrowser(self._database, clock, None if self._as_of is None else self._instant(clock))

    def about(self) -> tuple[GatewaySettings, tuple[Notice, ...]]:
        """Return the gateway's settings, and what is off about it as far as that is known without reading its calls.

        Raises as `refresh` does.
        """
        settings, about_settings = self._read_settings()
        clock = self._find_clock()
        return settings, (*about_settings, *self._moment_notices(clock, self._instant(clock)))

    def interrupt(self) -> None:
        """Break off a read that is under way; callable from any thread."""
        self._database.interrupt()

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def _read_settings(self) -> tuple[GatewaySettings, tuple[Notice, ...]]:
        """Read the settings; keep the last good ones where a key list has become unreadable."""
        try:
            self._settings = read_settings(self._database, self._settings)
        except SettingUnreadableError as error:
            if self._settings is None:
                raise
            return self._settings, (PoolKeptNotice(reason=error),)
        return self._settings, self._settings.notices

    def _find_clock(self) -> GatewayClock:
        return self._found_clock or find_clock(self._database, self._zone, self._now())

    def _find_rights(self) -> str:
        if not self._database.is_server:
            return ""
        try:
            return rights_to_write(self._database)
        except DatabaseUnreadableError:
            return ""  # some proxies have no such tables; figures do not depend on them

    def _instant(self, clock: GatewayClock) -> datetime:
        if self._as_of is None:
            return self._now()
        return clock.from_local(self._as_of) if self._as_of.tzinfo is None else self._as_of.astimezone(UTC)

    def _is_same_log(self, followed: FollowedLog) -> bool:
        """Tell whether the last row that we read is still what it was."""
        return followed.anchor is None or self._log.row(followed.last_id) == followed.anchor

    def _begin(self, settings: GatewaySettings, clock: GatewayClock) -> FollowedLog:
        """Find where the log must be read from.

        A verdict needs the history before the newest call: the gateway holds its counts through a silence.
        """
        give_back_large_blocks()
        newest, newest_end = self._log.newest_start(), self._log.newest_end()
        as_of = self._instant(clock)
        started = clock.from_local(newest) if newest is not None else as_of
        silent_since = max(min(as_of, started), as_of - _LONGEST_SILENCE)
        since = min(as_of - DAY, silent_since - settings.history)
        until = None if self._as_of is None else as_of
        followed = follow_log(self._log, clock, settings.history, since, as_of, until, self._now())
        if self._as_of is None and newest_end is not None:
            followed.watch.check(clock.from_local(newest_end), as_of)
        return followed

    def _read_tail(self, followed: FollowedLog) -> bool:
        """Read what is new, and watch the gateway's clock by it; False where all must be read in a new light."""
        while rows := self._log.newer(followed.last_id):
            before = followed.clock
            if self._watch_clock(followed, rows) and not followed.clock.has_only_shifted_from(before):
                return False
            followed.add_newer(rows, self._now())
            if len(rows) < CHUNK_ROWS:
                break
            time.sleep(PAUSE_S)
        followed.add_late(self._now())
        followed.looked = self._now()
        followed.forget_old(self._instant(followed.clock))
        return True

    def _watch_clock(self, followed: FollowedLog, rows: LogRows) -> bool:
        """Tell whether `rows`, if they have just arrived, change what we know of the gateway's clock."""
        now, ends = self._now(), rows.ends()
        apart = now - followed.looked
        if not ends or apart > _LOOKS_APART or len(rows) >= CHUNK_ROWS:
            return False
        # Rows that were restored, or written late, ended at any time: they tell nothing of the time of now.
        return max(ends) - min(ends) <= apart + _LOOKS_APART and followed.watch.see(ends, now)

    def _load(
        self, followed: FollowedLog, patience: float | None, progress: Callable[[int, float], None] | None
    ) -> None:
        """Load older calls down to the start of the window, for as long as there is patience."""
        deadline = None if patience is None else time.monotonic() + patience
        while not followed.is_loaded:
            followed.load_on()
            if progress is not None:
                progress(followed.calls_loaded, followed.share_loaded)
            if deadline is not None and time.monotonic() > deadline:
                followed.look_below()
                break
            time.sleep(PAUSE_S)

    def _keep_month(self, followed: FollowedLog) -> None:
        """Begin a new month when it has come, and count what is new in it."""
        now = followed.clock.to_local(self._instant(followed.clock))
        followed.survey_month(month_of(now), None if self._as_of is None else now)
        if not self._month or not followed.is_loaded:
            return
        while not followed.survey.is_caught_up:
            followed.survey_on()
        for _ in range(_BLOCKS_A_REFRESH):
            if not followed.survey.is_month_known:
                followed.survey_on()

    def _snapshot(
        self, followed: FollowedLog, settings: GatewaySettings, about_settings: tuple[Notice, ...]
    ) -> Snapshot:
        as_of = self._instant(followed.clock)
        until = None if self._as_of is None else as_of
        stats = StatsService(followed.window.calls, settings, as_of, until, followed.stats if until is None else None)
        followed.stats = stats
        since = followed.known_since

        def known(period: timedelta) -> CallCount | None:
            return stats.count(period) if since is not None and since <= as_of - period else None

        loading = None
        if not followed.is_loaded:
            loading = Loading(followed.calls_loaded, followed.share_loaded, since)
        month = followed.survey.month
        return Snapshot(
            as_of=as_of,
            is_live=self._as_of is None,
            database=self._database.shown,
            clock=followed.clock,
            settings=settings,
            keys=stats.key_figures,
            calls_1m=known(timedelta(minutes=1)),
            calls_1h=known(timedelta(hours=1)),
            calls_24h=known(DAY),
            calls_month=CallCount(month.success, month.total - month.success)
            if self._month and followed.survey.is_month_known
            else None,
            notices=(*about_settings, *self._notices(followed, settings, as_of)),
            stats=stats,
            loading=loading,
            could_write=self._could_write or "",
            surroundings=Surroundings(
                self.is_server,
                followed.watch.measured if self._as_of is None else None,
                followed.oldest,
                followed.window.without_time,
            ),
        )

    def _notices(self, followed: FollowedLog, settings: GatewaySettings, as_of: datetime) -> Iterator[Notice]:
        yield from notices.of_columns(self._database.missing)
        yield from notices.of_rules(settings)
        yield from notices.of_clock(followed.watch)
        if self._as_of is None:
            yield from notices.of_steps(self._desk)
        yield from notices.of_log(followed)
        newest = followed.newest_end
        if newest is not None and self._as_of is None:
            yield from notices.of_silence(newest, followed.clock.to_local(as_of))
