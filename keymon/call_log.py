"""Reads `t_request_log` in pieces: by ranges of the primary key, each bounded and fetched whole.

The table has no index but its primary key, up to fifty million rows, and on SQLite a reader that takes its
time makes the gateway lose rows. So nothing here scans: every statement is bounded by ids or by a number of
rows. What to read in which order is for `log_start`, `log_survey` and `monitor` to say.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, Table, and_, bindparam, case, func, select
from sqlalchemy.sql.elements import BindParameter, ColumnElement

from keymon.database import Database
from keymon.errors import ColumnUnusableError, DatabaseUnreadableError
from keymon.prepared import Statement
from keymon.schema import error_logs
from keymon.schema import request_log as log

CHUNK_ROWS = 4_000
"""Rows fetched at once: some two milliseconds, so that neither the gateway's commit nor the window waits."""
SURVEY_ROWS = 5_000
"""Rows counted at once, inside the database; about as long."""
SENTINELS = 160
"""Rows that `sentinels` looks at with one statement."""
_LATE_ROWS = 100
_LONGEST_NUMBER = 10

EARLIEST, LATEST = datetime(1900, 1, 1), datetime(9000, 1, 1)  # noqa: DTZ001 - the gateway's times are naive
"""What lies outside is no time that any clock has shown."""
MAX_LATENCY_MS = 24 * 3600 * 1000
"""A longer latency is taken for unknown."""

WITNESSES = 8
"""Rows that are looked at together, so that one odd row proves nothing."""


@dataclass(frozen=True, slots=True)
class LogRows:
    """n rows of the log in columns, in the order of their ids; values are as the driver gives them."""

    ids: Sequence[int]
    times: Sequence[object]
    models: Sequence[object]
    keys: Sequence[object]
    statuses: Sequence[object]
    latencies: Sequence[object]

    def __len__(self) -> int:
        return len(self.ids)

    def row(self, n: int) -> tuple[object, ...]:
        """Return one row as (id, time, model, key, status, latency)."""
        return self.ids[n], self.times[n], self.models[n], self.keys[n], self.statuses[n], self.latencies[n]

    def ends(self) -> list[datetime]:
        """Return when the calls ended, naive; rows without a readable time are left out."""
        ends = map(call_end, self.times, self.latencies)
        return [end for end in ends if end is not None]


@dataclass(frozen=True, slots=True)
class SurveyedBlock:
    """A stretch of the log that was counted inside the database.

    It holds the rows with ids in [`first_id`, `last_id`]. `recent` rows are dated at or after the time that was
    asked for; `month` rows, of which `month_success` are successes, are dated in the month that was asked for.
    """

    first_id: int
    last_id: int
    rows: int
    recent: int
    month: int
    month_success: int


_COLUMNS = (log.c.id, log.c.request_time, log.c.model_name, log.c.api_key, log.c.status_code, log.c.latency_ms)
# A chunk as six JSON arrays: the driver then makes six texts of it instead of thousands of rows and values,
# which takes half as long and leaves the interpreter to the window's thread meanwhile.
_PACKED = [func.json_group_array(column) for column in _COLUMNS]
_AFTER: BindParameter[int] = bindparam("after")
_FLOOR: BindParameter[int] = bindparam("floor")
_TOP: BindParameter[int] = bindparam("top")
_ROWS: BindParameter[int] = bindparam("rows", type_=Integer)

# Two sub-selects: min and max in one SELECT would scan the table.
_BOUNDS = {
    table.name: select(select(func.min(table.c.id)).scalar_subquery(), select(func.max(table.c.id)).scalar_subquery())
    for table in (log, error_logs)
}
_NEWEST = select(log.c.request_time, log.c.latency_ms).order_by(log.c.id.desc()).limit(WITNESSES)
_ROW = select(*_COLUMNS).where(log.c.id == bindparam("id")).limit(1)
_PROBE = (
    select(log.c.id, log.c.request_time, log.c.latency_ms)
    .where(log.c.id >= bindparam("first"))
    .order_by(log.c.id)
    .limit(WITNESSES)
)
_NEXT_ID = select(func.min(log.c.id)).where(log.c.id > _AFTER)
_NEXT_IDS = select(log.c.id).where(log.c.id > _AFTER).order_by(log.c.id).limit(_ROWS).subquery()
_NEWER_PACKED = select(*_PACKED).where(
    log.c.id > _AFTER, log.c.id <= select(func.max(_NEXT_IDS.c.id)).scalar_subquery()
)
_NEWER = select(*_COLUMNS).where(log.c.id > _AFTER).order_by(log.c.id).limit(_ROWS)
_NEWEST_IDS = (
    select(log.c.id).where(log.c.id > _FLOOR, log.c.id <= _TOP).order_by(log.c.id.desc()).limit(_ROWS).subquery()
)
_LOWEST_OF_NEWEST = select(func.min(_NEWEST_IDS.c.id)).scalar_subquery()
_OLDER_PACKED = select(*_PACKED).where(log.c.id >= _LOWEST_OF_NEWEST, log.c.id <= _TOP)
_OLDER = select(*_COLUMNS).where(log.c.id > _FLOOR, log.c.id <= _TOP).order_by(log.c.id.desc()).limit(_ROWS)
_OF_KEY_TO_THE_END = select(*_COLUMNS).where(log.c.id > _FLOOR, log.c.api_key == bindparam("key"))
_OF_KEY = _OF_KEY_TO_THE_END.where(log.c.id <= _TOP)
_SENTINELS = (
    select(func.count())
    .select_from(log)
    .where(log.c.id.in_([bindparam(f"id{n}") for n in range(SENTINELS)]), log.c.request_time >= bindparam("since"))
)
_KNOWN = select(func.count()).select_from(log).where(log.c.id > _FLOOR, log.c.id <= _TOP)
_IDS = select(log.c.id).where(log.c.id > _FLOOR, log.c.id <= _TOP).order_by(log.c.id).limit(_ROWS)
_LATE = select(*_COLUMNS).where(log.c.id.in_([bindparam(f"id{n}") for n in range(_LATE_ROWS)])).order_by(log.c.id)


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


_BLOCK = and_(log.c.id >= _LOWEST_OF_NEWEST, log.c.id <= _TOP)
_IN_MONTH = and_(log.c.request_time >= bindparam("first"), log.c.request_time <= bindparam("until"))
_RECENT = _count_if(log.c.request_time >= bindparam("since"))
_SURVEY = select(func.min(log.c.id), func.count(), _RECENT).where(_BLOCK)
_SURVEY_MONTH = select(
    func.min(log.c.id),
    func.count(),
    _RECENT,
    _count_if(_IN_MONTH),
    _count_if(and_(_IN_MONTH, log.c.status_code.between(200, 299))),
).where(_BLOCK)


class CallLog:
    """The table `t_request_log` of one gateway. Times are the gateway's naive local time.

    All methods raise `DatabaseError` and its kin.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def commits_in_id_order(self) -> bool:
        """Whether a row that appears later always has a larger id."""
        return self._database.commits_in_id_order

    def bounds(self) -> tuple[int, int] | None:
        """Return the smallest and the largest id, None for an empty table."""
        return bounds(self._database, log)

    def newest_end(self) -> datetime | None:
        """Return when the last of the newest calls ended; None without calls or without readable times."""
        return max(self.newest_ends(), default=None)

    def newest_ends(self) -> list[datetime]:
        """Return when the newest few calls ended, newest row first; calls without a readable time are left out."""
        return [end for row in self._database.fetch(_NEWEST) if (end := call_end(*row)) is not None]

    def newest_start(self) -> datetime | None:
        """Return when the last of the newest calls started; None without calls or without readable times."""
        starts = [start for time, _ in self._database.fetch(_NEWEST) if (start := local_time(time)) is not None]
        return max(starts, default=None)

    def oldest_start(self) -> datetime | None:
        """Return when the first of the oldest calls started, naive; None without calls or without readable times."""
        bounds = self.bounds()
        rows = [] if bounds is None else self._database.fetch(_PROBE, first=bounds[0])
        return min((start for row in rows if (start := local_time(row[1])) is not None), default=None)

    def row(self, row_id: int) -> tuple[object, ...] | None:
        """Return one row as (id, time, model, key, status, latency), None where it is gone."""
        found = self._database.fetch(_ROW, id=row_id)
        return tuple(found[0]) if found else None

    def probe(self, first: int) -> list[tuple[int, datetime | None]]:
        """Return (id, end) of the first few rows with id >= `first`."""
        return [(row[0], call_end(row[1], row[2])) for row in self._database.fetch(_PROBE, first=first)]

    def newer(self, after: int) -> LogRows:
        """Return the next rows with id > `after`, at most `CHUNK_ROWS`."""
        packed = self._packed(_NEWER_PACKED, after=after, rows=CHUNK_ROWS)
        if packed is not None:
            return packed
        return in_columns(self._database.fetch(_NEWER, after=after, rows=CHUNK_ROWS))

    def older(self, floor: int, top: int) -> LogRows:
        """Return the newest rows with `floor` < id <= `top`, at most `CHUNK_ROWS`."""
        packed = self._packed(_OLDER_PACKED, floor=floor, top=top, rows=CHUNK_ROWS)
        if packed is not None:
            return packed
        return in_columns(self._database.fetch(_OLDER, floor=floor, top=top, rows=CHUNK_ROWS)[::-1])

    def of_key(self, key: str, floor: int, top: int, ids: int, is_end: bool = False) -> tuple[LogRows, int]:
        """Return the rows of `key` in the next `ids` ids above `floor`, up to `top`, and the id up to which that is.

        With `is_end` the log ends at `top`, but for what is being added now, which then is among the rows. A
        collation may count other keys' rows in; they are told apart by their key.
        """
        end = min(floor + ids, top)
        if end == top and is_end:
            # To compare each row's id with an end costs a sixth of the time; here the log's own end is one.
            return in_columns(self._database.fetch(_OF_KEY_TO_THE_END, floor=floor, key=key)), top
        rows = self._database.fetch(_OF_KEY, floor=floor, top=end, key=key)
        if not rows and end < top:
            # A gap in the ids may be wider than all the rest.
            following = self._database.fetch(_NEXT_ID, after=end)[0][0]
            end = top if following is None else min(following - 1, top)
        return in_columns(rows), end

    def sentinels(self, ids: Sequence[int], since: datetime) -> int:
        """Return how many of the rows with these ids, at most `SENTINELS`, are dated at or after `since`."""
        padded = [*ids, *[ids[-1]] * (SENTINELS - len(ids))]
        values = {f"id{n}": row_id for n, row_id in enumerate(padded)}
        return int(self._database.fetch(_SENTINELS, **values, since=since)[0][0])

    def late(self, known: Sequence[int], floor: int, top: int) -> LogRows:
        """Return rows with `floor` < id <= `top` that are not among the `known` ids, at most a hundred.

        On a server concurrent transactions commit later than others that have larger ids.
        """
        if self._database.fetch(_KNOWN, floor=floor, top=top)[0][0] <= len(known):
            return NO_ROWS
        missing: list[int] = []
        held, after = set(known), floor
        while len(missing) < _LATE_ROWS and (ids := self._database.fetch(_IDS, floor=after, top=top, rows=CHUNK_ROWS)):
            after = ids[-1][0]
            missing += [row_id for (row_id,) in ids if row_id not in held]
        if not missing:
            return NO_ROWS
        chosen = missing[:_LATE_ROWS]
        padded = [*chosen, *[chosen[-1]] * (_LATE_ROWS - len(chosen))]
        return in_columns(self._database.fetch(_LATE, **{f"id{n}": row_id for n, row_id in enumerate(padded)}))

    def survey(
        self, top: int, since: datetime, month: tuple[datetime, datetime] | None = None, floor: int = -(2**63)
    ) -> SurveyedBlock | None:
        """Count the newest `SURVEY_ROWS` rows with `floor` < id <= `top`; None where there is none.

        Counted are those dated at or after `since` and those dated in `month` (first and last moment), if given.
        """
        values: dict[str, object] = {"floor": floor, "top": top, "rows": SURVEY_ROWS, "since": since}
        if month is None:
            first_id, rows, recent = self._database.fetch(_SURVEY, **values)[0]
            in_month, success = 0, 0
        else:
            values |= {"first": month[0], "until": month[1]}
            first_id, rows, recent, in_month, success = self._database.fetch(_SURVEY_MONTH, **values)[0]
        if first_id is None:
            return None
        return SurveyedBlock(first_id, top, int(rows), int(recent), int(in_month), int(success))

    def _packed(self, statement: Statement, **values: int) -> LogRows | None:
        """Return a chunk that SQLite packs as JSON; None where it cannot: a blob, text that is not UTF-8, NaN."""
        if not self._database.packs_rows:
            return None
        try:
            columns = [json.loads(text) for text in self._database.fetch(statement, **values)[0]]
        except (DatabaseUnreadableError, ValueError, TypeError, RecursionError):
            return None
        # SQLite promises no order to an aggregate.
        return LogRows(*columns) if columns[0] == sorted(columns[0]) else None


def bounds(database: Database, table: Table) -> tuple[int, int] | None:
    """Return the smallest and the largest id of a log, None for an empty one. Raises `ColumnUnusableError`."""
    first, last = database.fetch(_BOUNDS[table.name])[0]
    if first is None:
        return None
    if not (isinstance(first, int) and isinstance(last, int)):
        raise ColumnUnusableError(database=database.shown, name=f"{table.name}.id")
    return first, last


def in_columns(rows: Sequence[Sequence[Any]]) -> LogRows:
    """Return rows of (id, request_time, model_name, api_key, status_code, latency_ms) as columns."""
    return LogRows(*zip(*rows, strict=True)) if rows else NO_ROWS


NO_ROWS = LogRows((), (), (), (), (), ())


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


def call_end(time: object, latency_ms: object) -> datetime | None:
    """Return when a call ended, naive; its start where the latency is unknown; None without a readable time."""
    started, latency = local_time(time), whole_number(latency_ms)
    if started is not None and latency is not None and 0 < latency <= MAX_LATENCY_MS:
        return started + timedelta(milliseconds=latency)
    return started


def whole_number(value: object) -> int | None:
    """Return a whole number, also where the column was declared for texts or fractions; None for what is none."""
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < _LONGEST_NUMBER:
        return int(value)
    return None
