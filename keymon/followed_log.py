"""A log that is being followed: the calls that were read of it, how far, and what is left to read.

The calls of the window are loaded from the newest down to a start that `log_start` has found. Before the window
counts as loaded that start is tried: by the order of all rows read, and by sentinels below it. Where they show
that ids do not follow time, the whole log is gone through first.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from keymon.call_log import CallLog, LogRows, call_end
from keymon.call_window import CallWindow
from keymon.calls import to_datetime
from keymon.gateway_clock import ClockWatch, GatewayClock
from keymon.late_rows import LateRows
from keymon.log_start import MARGIN, WIDEST_MARGIN, Bounds, find_end, find_start, has_call_below
from keymon.log_survey import LogSurvey, month_of
from keymon.stats import DAY, StatsService


@dataclass(slots=True)
class FollowedLog:
    """What is known of one log. Ids are the gateway's; `since` is aware, `cutoff` the same as its naive time.

    `last_id` and `anchor` are the newest row that was read. The window holds all calls above the id `bottom` that
    started at or after `since`, and is to go down to the id `start`.
    """

    log: CallLog
    bounds: Bounds
    watch: ClockWatch
    window: CallWindow
    history: timedelta
    since: datetime
    cutoff: datetime
    set_back: timedelta
    start: int
    last_id: int
    bottom: int
    anchor: tuple[object, ...] | None
    looked: datetime
    late: LateRows
    survey: LogSurvey
    stats: StatsService | None = None
    oldest: datetime | None = None
    """When the oldest call of the whole log started, aware; None until `find_oldest` has looked, or where that
    cannot be told."""
    margin: timedelta = MARGIN
    calls_loaded: int = 0
    is_loaded: bool = False
    is_out_of_order: bool = False
    _top: int = field(init=False)
    _missed: tuple[int, int] | None = None
    """Ids (floor, top) in which the survey has found calls of the window that are yet to be read."""
    _is_in_doubt: bool = False
    _has_looked_for_oldest: bool = False

    def __post_init__(self) -> None:
        self._top = self.last_id

    @property
    def clock(self) -> GatewayClock:
        """The gateway's clock as known now."""
        return self.watch.clock

    @property
    def newest_end(self) -> datetime | None:
        """When the newest call ended, naive; None without calls or where it has no readable time."""
        return None if self.anchor is None else call_end(self.anchor[1], self.anchor[5])

    @property
    def share_loaded(self) -> float:
        """The share of the ids gone through, 0 to 1."""
        if self.is_loaded:
            return 1.0
        if self.is_out_of_order:
            return (self.last_id - self.survey.bottom) / max(self.last_id - self.bounds[0] + 1, 1)
        return (self._top - self.bottom) / max(self._top - self.start, 1)

    @property
    def known_since(self) -> datetime | None:
        """The instant since which all calls are known; None where that cannot be told yet."""
        if self.is_loaded:
            return self.since
        oldest = self.window.oldest_end
        if oldest is None or self._is_in_doubt or self.is_out_of_order or self._disorder > self.margin / 2:
            return None
        # An hour that the clock showed twice cannot be told apart until the calls before it are there.
        if self.set_back:
            return None
        return to_datetime(oldest) + self.margin

    @property
    def _disorder(self) -> timedelta:
        return timedelta(microseconds=self.window.disorder.most)

    def load_on(self) -> None:
        """Load the next chunk, newest first."""
        if self.is_out_of_order:
            self.survey_on()
        elif rows := self.log.older(self.start, self.bottom):
            self.late.see_older(rows)
            self.bottom = rows.ids[0] - 1
            self._add(rows)
            self.calls_loaded += len(rows)
        else:
            self.bottom = self.start
        if self.bottom <= self.start:
            self._try_start()

    def look_below(self) -> None:
        """Look, while calls are yet to be loaded, whether any of them seems to belong to what is taken for known."""
        since = self.known_since
        if since is not None and not self.is_loaded:
            self._is_in_doubt = has_call_below(self.log, self.bounds, self.bottom, self.clock.to_local(since))

    def _try_start(self) -> None:
        """Decide whether the calls above `start` are all calls of the window."""
        if self.is_out_of_order:
            self.is_loaded = self.is_surveyed
        elif self._disorder > self.margin / 2 and self.margin < WIDEST_MARGIN:
            self.margin = min(max(2 * self._disorder, 2 * self.margin), WIDEST_MARGIN)
            self.start = min(self.start, find_start(self.log, self.bounds, self.cutoff, self.margin))
        elif has_call_below(self.log, self.bounds, self.start, self.cutoff):
            self._distrust_order()
        else:
            self.is_loaded = True
            self.late.see_start(self.start, self.start < self.bounds[0])
        if self.is_loaded and self.set_back:
            self.window.settle()

    def _distrust_order(self) -> None:
        """Go through the whole log, from its newest row on: calls of any time may be anywhere."""
        self.is_out_of_order = True
        month = self.survey.month
        self.survey = LogSurvey(self.log, self.last_id, self.cutoff, month.first, month.until, in_order=False)

    def survey_on(self) -> None:
        """Survey the next block of the log, and take in what the search for the start has missed there."""
        if self._missed is None:
            block = self.survey.step(self.late.floor)
            if block is None or not block.recent or block.first_id > self.start:
                return
            if self.start < self.bounds[0]:
                return  # the whole log has been read; what has appeared below it since is late, not out of order
            self._missed = block.first_id - 1, min(block.last_id, self.start)
        floor, top = self._missed
        has_missed = False
        while rows := self.log.older(floor, top):
            top = rows.ids[0] - 1
            has_missed |= self._add(rows)
            # Should the next read be broken off, it is taken up again here.
            self._missed = floor, top
        self._missed = None
        if has_missed and not self.is_out_of_order:
            self._distrust_order()

    @property
    def is_surveyed(self) -> bool:
        """Whether nothing is left to survey."""
        return self.survey.is_done and self._missed is None

    def find_oldest(self) -> None:
        """Look once how far back the whole log goes."""
        if not self._has_looked_for_oldest:
            oldest = self.log.oldest_start()
            self._has_looked_for_oldest = True
            self.oldest = None if oldest is None else self.clock.from_local(oldest)

    def survey_month(self, first: datetime, until: datetime | None) -> None:
        """Count the month that begins at `first` (naive), up to `until`; go on where that is under way."""
        if self.survey.month.first != first:
            whole_log = self.survey.is_whole_log and not self.survey.is_done
            in_order = not self.is_out_of_order
            self.survey = LogSurvey(self.log, self.last_id, self.cutoff, first, until, whole_log, in_order)
        self.survey.extend(self.last_id)

    def add_newer(self, rows: LogRows, now: datetime) -> None:
        """Take in rows above all that were read before."""
        self.window.change_clock(self.clock)
        self._add(rows)
        self.last_id, self.anchor = rows.ids[-1], rows.row(-1)
        self.late.see_newer(rows, now)

    def add_late(self, now: datetime) -> None:
        """Take in rows that were committed late."""
        if rows := self.late.find(now):
            self._add(rows)
            self.survey.see_late(rows)

    def forget_old(self, now: datetime) -> None:
        """Let go of what neither the last 24 hours nor a verdict needs."""
        newest = self.window.newest_start
        if newest is not None and self.is_loaded:
            self.since = max(self.since, min(now - DAY, min(now, newest) - self.history))
            self.window.forget_before(self.since)

    def _add(self, rows: LogRows) -> bool:
        """Take in rows; return whether any of them belong into the window."""
        before = len(self.window)
        # In an hour that the clock shows twice a call may be an hour younger than it seems as yet, and which it is
        # shows by the calls of the hour before.
        self.window.add(rows, self.since - 2 * self.set_back)
        return len(self.window) > before


def follow_log(
    log: CallLog,
    clock: GatewayClock,
    history: timedelta,
    since: datetime,
    as_of: datetime,
    until: datetime | None,
    now: datetime,
) -> FollowedLog:
    """Begin to follow a log: find where the calls begin that started at or after `since` (aware).

    With `until` (aware) what was logged after that instant is left out. Raises `DatabaseError`.
    """
    bounds = log.bounds() or (1, 0)
    cutoff = clock.earliest_local(since, as_of)
    is_empty = bounds[1] < bounds[0]
    start = 0 if is_empty else find_start(log, bounds, cutoff)
    top = bounds[1] if until is None or is_empty else find_end(log, bounds, clock.to_local(until))
    local = clock.to_local(as_of)
    return FollowedLog(
        log=log,
        bounds=bounds,
        watch=ClockWatch(clock),
        window=CallWindow(clock, as_of),
        history=history,
        since=since,
        cutoff=cutoff,
        set_back=clock.set_back(since, as_of),
        start=min(start, top),
        last_id=top,
        bottom=top,
        anchor=None if is_empty else log.row(top),
        looked=now,
        late=LateRows(log, top, now),
        survey=LogSurvey(log, top, cutoff, month_of(local), None if until is None else local, until is None),
    )
