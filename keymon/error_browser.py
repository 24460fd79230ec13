"""Browses `t_error_logs`, newest first: what the upstream said, filtered, page by page.

The table has no index but its primary key, and a row's texts stand before its time, so a chunk of rows is small
and the database rests after each: a slow reader makes the gateway lose rows. What a text contains is found out
inside the database; only the beginnings of the texts that are shown leave it, and a whole one when it is opened.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, bindparam, func, select

from keymon.call_log import bounds, local_time, whole_number
from keymon.database import Database
from keymon.error_log import MAX_TEXT, PROBE, TEXT, missing_texts_told
from keymon.gateway_clock import GatewayClock
from keymon.known_secrets import remember_keys
from keymon.log_start import MARGIN, find_end
from keymon.masking import key_matcher, without_cut_secret
from keymon.row_values import as_text
from keymon.schema import error_logs as log

PAGE_ROWS = 200
"""The most rows of a page."""
PATIENCE_S = 0.3
"""How long a page is looked for; a rare text may be far below."""
HEAD_CHARACTERS = 240

_ROWS_AT_FIRST, _FEWEST_ROWS, _MOST_ROWS = 50, 5, 500
_AIM_S = 0.002
_PAUSE_S = 0.002
_HEADS = 50
_CODE_LIMIT = 100_000

_COLUMNS = (
    log.c.id,
    log.c.request_time,
    log.c.gemini_key,
    log.c.model_name,
    log.c.error_code,
    log.c.error_type,
)
_HAS_TEXT = func.instr(func.lower(func.substr(log.c.error_log, 1, MAX_TEXT)), func.lower(bindparam("text"))) > 0
_TOP, _FLOOR = bindparam("top", type_=Integer), bindparam("floor", type_=Integer)
_SPAN = (log.c.id <= _TOP) & (log.c.id >= _FLOOR)
_ROWS = bindparam("rows", type_=Integer)
_CHUNK = select(*_COLUMNS).where(_SPAN).order_by(log.c.id.desc()).limit(_ROWS)
_CHUNK_TEXT = select(*_COLUMNS, _HAS_TEXT).where(_SPAN).order_by(log.c.id.desc()).limit(_ROWS)
_HEAD = select(log.c.id, func.substr(log.c.error_log, 1, HEAD_CHARACTERS)).where(
    log.c.id.in_(bindparam("ids", expanding=True))
)


@dataclass(frozen=True, slots=True)
class ErrorFilter:
    """Which errors are wanted.

    `ending` is the ending of a key, or a key as it is shown masked. `text` is looked for in the first 20,000
    characters, upper case is no matter. `code` and `model` are in tuples, because None is a value of theirs; None is
    any. `since` and `until` are aware and inclusive; an error without a readable time is in no period.
    """

    key: str | None = field(default=None, repr=False)
    ending: str = field(default="", repr=False)
    text: str = ""
    code: tuple[int | str | None] | None = None
    model: tuple[str | None] | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One row of the log. `at` is UTC, None where the time cannot be read; `head` is how its text begins."""

    id: int
    at: datetime | None
    key: str | None = field(repr=False)
    model: str | None
    code: int | str | None
    kind: str | None
    head: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """Some errors, newest first.

    `looked_at` rows were looked at for it, the oldest of them that has a time is of `reached` (UTC). `before` is
    where the next page begins; None where there is no more. `newest` is the greatest id in the log, whatever was
    wanted; 0 where it is empty.
    """

    rows: tuple[ErrorRow, ...]
    looked_at: int
    reached: datetime | None
    before: int | None
    newest: int = 0


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A filter in the gateway's naive time."""

    wanted: ErrorFilter
    is_ending: Callable[[str], bool]
    since: datetime | None
    until: datetime | None

    def takes(self, row: Sequence[Any]) -> bool:
        """Tell whether a row of `_CHUNK` or `_CHUNK_TEXT` is wanted."""
        wanted = self.wanted
        return (
            (wanted.key is None or _name(row[2]) == wanted.key)
            and (not wanted.ending or self.is_ending(_name(row[2]) or ""))
            and (wanted.model is None or _name(row[3]) == wanted.model[0])
            and (wanted.code is None or _code(row[4]) == wanted.code[0])
            and (not wanted.text or bool(row[6]))
            and self._is_in_time(local_time(row[1]))
        )

    def _is_in_time(self, time: datetime | None) -> bool:
        if time is None:
            return self.since is None and self.until is None
        return (self.since is None or time >= self.since) and (self.until is None or time <= self.until)

    def is_over(self, times: Sequence[datetime]) -> bool:
        """Tell whether nothing wanted can be below rows of these times."""
        return self.since is not None and bool(times) and max(times) < self.since - MARGIN


class ErrorBrowser:
    """The errors of one gateway, whose times are read by `clock`; none later than `until`, where that is given.

    All methods raise `ErrorTextsMissingError` where the table is not there or may not be read, and `DatabaseError`.
    """

    def __init__(self, database: Database, clock: GatewayClock, until: datetime | None = None) -> None:
        self._database = database
        self.clock = clock
        self._until = until

    def page(
        self,
        wanted: ErrorFilter,
        before: int | None = None,
        rows: int = PAGE_ROWS,
        patience: float = PATIENCE_S,
        goes_on: Callable[[], bool] = lambda: True,
        after: int | None = None,
    ) -> ErrorPage:
        """Return the next errors that are wanted, at most `rows`: the newest, or those with ids below `before`.

        With `after` none is looked at whose id is not above it.
        Ends after about `patience` seconds with what has been found, or when `goes_on` says no.
        """
        with missing_texts_told():
            return self._database.again_if_lost(lambda: self._page(wanted, before, rows, patience, goes_on, after))

    def text(self, row: ErrorRow) -> str | None:
        """Return the text of a row, at most 20,000 characters; None where it has none or has been deleted."""
        with missing_texts_told():
            found = self._database.again_if_lost(lambda: self._database.fetch(TEXT, id=row.id))
        text = None if not found or found[0][0] is None else as_text(found[0][0])
        # Once all rows are deleted, ids begin again: then another row has this one's.
        if text is None or row.head is None or not text.startswith(row.head):
            return None
        return without_cut_secret(text, MAX_TEXT)

    def now(self) -> datetime:
        """Return the instant that periods end at, UTC."""
        return self._database.now() if self._until is None else self._until

    def probe(self, first: int) -> list[tuple[int, datetime | None]]:
        """Return (id, time) of the first few rows with id >= `first`."""
        return [(row[0], local_time(row[1])) for row in self._database.fetch(PROBE, first=first)]

    def _page(
        self,
        wanted: ErrorFilter,
        before: int | None,
        most: int,
        patience: float,
        goes_on: Callable[[], bool],
        after: int | None,
    ) -> ErrorPage:
        self._database.expect_all_columns(log)
        first, newest = bounds(self._database, log) or (None, 0)
        if first is None or (after is not None and newest <= after):
            return ErrorPage((), 0, None, None, newest)
        span = (first if after is None else max(first, after + 1), newest)
        limits = self._limits(wanted)
        top = self._top(span, limits) if before is None else before - 1
        deadline = time.monotonic() + patience
        found: list[Sequence[Any]] = []
        looked_at, reached = 0, None
        for chunk in self._chunks(top, span[0], wanted.text):
            for row in chunk:
                looked_at, top = looked_at + 1, row[0] - 1
                reached = local_time(row[1]) or reached
                if limits.takes(row):
                    found.append(row)
                    if len(found) == most:
                        break
            if limits.is_over([at for row in chunk if (at := local_time(row[1])) is not None]):
                top = span[0] - 1
            if top < span[0] or len(found) == most or time.monotonic() > deadline or not goes_on():
                break
        else:
            top = span[0] - 1
        before = top + 1 if top >= span[0] else None
        return ErrorPage(self._with_heads(found), looked_at, self._utc(reached), before, newest)

    def _limits(self, wanted: ErrorFilter) -> _Wanted:
        untils = [until for until in (wanted.until, self._until) if until is not None]
        until = self.clock.to_local(min(untils)) if untils else None
        since = None
        if wanted.since is not None:
            last = min(untils) if untils else self._database.now()
            since = self.clock.earliest_local(wanted.since, max(wanted.since, last))
        return _Wanted(wanted, key_matcher(wanted.ending), since, until)

    def _top(self, bounds: tuple[int, int], limits: _Wanted) -> int:
        return bounds[1] if limits.until is None else find_end(self, bounds, limits.until)

    def _chunks(self, top: int, floor: int, text: str) -> Iterator[list[Any]]:
        """Give the rows with ids from `floor` to `top`, newest first, as many at once as take some 2 ms to read."""
        rows = _MOST_ROWS if self._database.is_server else _ROWS_AT_FIRST
        while True:
            began = time.monotonic()
            if text:
                chunk = self._database.fetch(_CHUNK_TEXT, top=top, floor=floor, rows=rows, text=text)
            else:
                chunk = self._database.fetch(_CHUNK, top=top, floor=floor, rows=rows)
            if not chunk:
                return
            remember_keys(name for row in chunk if (name := _name(row[2])) is not None)
            rows = self._next_rows(rows, time.monotonic() - began)
            top = chunk[-1][0] - 1
            yield chunk
            time.sleep(_PAUSE_S)

    def _next_rows(self, rows: int, took_s: float) -> int:
        # A reader of a server holds nobody up, and there most of the time is spent on the way.
        if self._database.is_server:
            return rows
        if took_s > _AIM_S:
            return max(_FEWEST_ROWS, rows // 2)
        return min(_MOST_ROWS, rows * 2) if took_s < _AIM_S / 3 else rows

    def _with_heads(self, found: Sequence[Sequence[Any]]) -> tuple[ErrorRow, ...]:
        """Return rows with the beginnings of their texts; without those that have been deleted meanwhile."""
        heads: dict[int, object] = {}
        for first in range(0, len(found), _HEADS):
            if first:
                time.sleep(_PAUSE_S)
            heads |= dict(self._database.fetch(_HEAD, ids=[row[0] for row in found[first : first + _HEADS]]))
        return tuple(self._row(row, heads[row[0]]) for row in found if row[0] in heads)

    def _row(self, row: Sequence[Any], head: object) -> ErrorRow:
        at = self._utc(local_time(row[1]))
        return ErrorRow(row[0], at, _name(row[2]), _name(row[3]), _code(row[4]), _name(row[5]), _name(head))

    def _utc(self, local: datetime | None) -> datetime | None:
        return None if local is None else self.clock.from_local(local)


def _name(value: object) -> str | None:
    return None if value is None else as_text(value)


def _code(value: object) -> int | str | None:
    number = whole_number(value)
    return number if number is not None and 0 <= number < _CODE_LIMIT else _name(value)
