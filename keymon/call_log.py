"""Reads `t_request_log`: finds the start of a period by primary key, then follows the tail.

The table has no index but its primary key, up to fifty million rows, and on SQLite a reader that takes
its time makes the gateway lose rows. So nothing here scans: the start is found by a binary search on the
id in which every step is certified by rows that were read, and rows are then fetched in bounded chunks,
each whole, with a rest between them in which the gateway can commit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, case, func, select

from keymon.database import Database
from keymon.schema import request_log as log

Row = tuple[int, object, object, object, object, object]
"""(id, request_time, model_name, api_key, status_code, latency_ms), values as the driver gives them."""

CHUNK_ROWS = 2_000
"""Rows fetched at once: some 5 ms, so that neither the gateway's commit nor the window's thread waits."""
COUNT_ROWS = 5_000
"""Rows counted at once, inside the database."""

EARLIEST, LATEST = datetime(1900, 1, 1), datetime(9000, 1, 1)  # noqa: DTZ001 - the gateway's times are naive
"""What lies outside is no time that any clock has shown."""

_WITNESSES = 8
_STOPPED_CLOCK = timedelta(days=10 * 365)
"""A row so much older than the cutoff was stamped by a clock that had not been set: it proves nothing."""
_MARGIN = timedelta(hours=2)
_MAX_LATENCY_MS = 24 * 3600 * 1000

_COLUMNS = (
    log.c.id,
    log.c.request_time,
    log.c.model_name,
    log.c.api_key,
    log.c.status_code,
    log.c.latency_ms,
)
_BOUNDS = select(select(func.min(log.c.id)).scalar_subquery(), select(func.max(log.c.id)).scalar_subquery())
_CHUNK = select(*_COLUMNS).where(log.c.id > bindparam("after")).order_by(log.c.id).limit(CHUNK_ROWS)
_PROBE = select(*_COLUMNS).where(log.c.id >= bindparam("first")).order_by(log.c.id).limit(_WITNESSES)
_NEWEST = select(*_COLUMNS).order_by(log.c.id.desc()).limit(_WITNESSES)
_ROW = select(*_COLUMNS).where(log.c.id == bindparam("id")).limit(1)
_STRETCH = (
    select(log.c.id, log.c.request_time, log.c.status_code)
    .where(log.c.id > bindparam("after"))
    .order_by(log.c.id)
    .limit(COUNT_ROWS)
    .subquery()
)
_IN_PERIOD = and_(_STRETCH.c.request_time >= bindparam("since"), _STRETCH.c.request_time <= bindparam("until"))
_COUNT = select(
    func.max(_STRETCH.c.id),
    func.sum(case((_IN_PERIOD, 1), else_=0)),
    func.sum(case((and_(_IN_PERIOD, _STRETCH.c.status_code.between(200, 299)), 1), else_=0)),
)


@dataclass(frozen=True, slots=True)
class CountedStretch:
    """Calls of one period counted in a stretch of the log that ends at `last_id`."""

    last_id: int
    total: int
    success: int


class CallLog:
    """The table `t_request_log` of one gateway. Times are the gateway's naive local time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def bounds(self) -> tuple[int, int] | None:
        """Return the smallest and the largest id, None for an empty table."""
        # Two sub-selects: min and max in one SELECT would scan the table.
        first, last = self._database.fetch(_BOUNDS)[0]
        return None if first is None else (first, last)

    def read(self, after: int) -> list[Row]:
        """Return the next rows with id > `after`, at most `CHUNK_ROWS`, in order of their ids."""
        return self._database.fetch(_CHUNK, after=after)

    def row(self, row_id: int) -> Row | None:
        """Return one row, None where it is gone."""
        found = self._database.fetch(_ROW, id=row_id)
        return found[0] if found else None

    def newest_end(self) -> datetime | None:
        """Return when the last of the newest calls ended; None without calls or without readable times."""
        ends = [end for row in self._database.fetch(_NEWEST) if (end := call_end(row)) is not None]
        return max(ends, default=None)

    def start(self, cutoff: datetime) -> int:
        """Return an id such that every call that started at or after `cutoff` has a larger one.

        A binary search. A row is written when its call ends, so a row that ended well before the cutoff
        proves that all rows before it started before the cutoff; the margin covers clock steps of up to
        two hours and rows slightly out of order. Where rows prove nothing (a gap, NULL times) the search
        goes left, which costs rows to read but loses none. Not covered: logs whose ids do not follow time,
        such as merged databases, and rows before the cutoff that are dated in the far future.
        """
        bounds = self.bounds()
        if bounds is None:
            return 0
        return last_id_before(
            cutoff - _MARGIN,
            bounds,
            lambda first: [(row[0], call_end(row)) for row in self._database.fetch(_PROBE, first=first)],
        )

    def count(self, after: int, since: datetime, until: datetime) -> CountedStretch | None:
        """Count calls that started in [`since`, `until`] in the next stretch of ids above `after`.

        Returns None at the end of the log.
        """
        last_id, total, success = self._database.fetch(_COUNT, after=after, since=since, until=until)[0]
        return None if last_id is None else CountedStretch(last_id, total or 0, success or 0)


def last_id_before(
    limit: datetime,
    bounds: tuple[int, int],
    probe: Callable[[int], Sequence[tuple[int, datetime | None]]],
) -> int:
    """Return the largest id that a witness proves to lie before `limit`; the smallest less one without any.

    `probe(first)` gives (id, time) of the first rows with id >= `first`; `bounds` are the table's first and
    last id. About two dozen probes for fifty million rows.
    """
    proven, unproven = bounds[0] - 1, bounds[1] + 1
    while unproven - proven > 1:
        middle = (proven + unproven) // 2
        timed = [(row, time) for row, time in probe(middle) if row < unproven and time is not None]
        if timed and all(limit - _STOPPED_CLOCK < time < limit for _, time in timed):
            proven = timed[-1][0]
        else:
            unproven = middle
    return proven


def local_time(value: object) -> datetime | None:
    """Return a naive time as a gateway stores it; None for what is none, or lies outside 1900 to 9000."""
    if isinstance(value, str) and value[:1].isdigit():
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime) or not EARLIEST <= value.replace(tzinfo=None) < LATEST:
        return None
    return value.replace(tzinfo=None)


def call_end(row: Row) -> datetime | None:
    """Return when a row's call ended, naive; its start where the latency is unknown; None without a time."""
    started, latency = local_time(row[1]), row[5]
    if started is not None and isinstance(latency, int) and 0 < latency <= _MAX_LATENCY_MS:
        return started + timedelta(milliseconds=latency)
    return started
