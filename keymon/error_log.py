"""Reads `t_error_logs`: what the upstream said when a call failed.

The table has no index but its primary key and its texts are long, so a text is looked up one at a time, by
the moment of its call, and only when somebody wants to see it.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from time import sleep

from sqlalchemy import bindparam, func, select

from keymon.call_log import bounds, local_time
from keymon.database import Database
from keymon.errors import ErrorTextsDeniedError, ErrorTextsMissingError, NotAGatewayError, RightMissingError
from keymon.log_start import last_id_before
from keymon.masking import without_cut_secret
from keymon.schema import error_logs as log

_MARGIN = timedelta(hours=2)
_SLACK = timedelta(seconds=2)
_SAME = timedelta(milliseconds=1)
_CHUNK_ROWS = 50  # the time stands behind the texts, so each row is read through
_MAX_CHUNKS = 1_000
_PAUSE_S = 0.002
MAX_TEXT = 20_000

_LONGEST_CALL = timedelta(minutes=10)
"""The gateway gives calls up after five minutes, say ten."""
_COLUMNS = (log.c.id, log.c.request_time, log.c.gemini_key)
PROBE = select(*_COLUMNS).where(log.c.id >= bindparam("first")).order_by(log.c.id).limit(8)
_CHUNK = select(*_COLUMNS).where(log.c.id > bindparam("after")).order_by(log.c.id).limit(_CHUNK_ROWS)
TEXT = select(func.substr(log.c.error_log, 1, MAX_TEXT)).where(log.c.id == bindparam("id")).limit(1)


def error_text(database: Database, key: str, started: datetime, ended: datetime | None) -> str | None:
    """Return what was logged for the failed call of `key` that ran from `started` to `ended`, None where unknown.

    Both are the gateway's naive local time. Most errors carry the start of their call, some the moment of
    failure. Returns None where nothing was logged or it has been deleted; at most 20,000 characters.
    Raises `ErrorTextsMissingError` where the table is not there or may not be read, and `DatabaseError`.
    """
    with missing_texts_told():
        return _error_text(database, key, started, ended)


@contextmanager
def missing_texts_told() -> Iterator[None]:
    """Raise `ErrorTextsMissingError` where the table of errors is not there or may not be read."""
    try:
        yield
    except RightMissingError:
        raise ErrorTextsDeniedError from None
    except NotAGatewayError as error:
        raise ErrorTextsMissingError(name=error.fields["name"]) from None


def _error_text(database: Database, key: str, started: datetime, ended: datetime | None) -> str | None:
    ids = bounds(database, log)
    if ids is None:
        return None
    found = _find(database, _start(database, ids, started), key, started, ended)
    if found is None:
        return None
    rows = database.fetch(TEXT, id=found)
    return without_cut_secret(str(rows[0][0]), MAX_TEXT) if rows and rows[0][0] is not None else None


def _start(database: Database, bounds: tuple[int, int], started: datetime) -> int:
    return last_id_before(
        started - _MARGIN,
        bounds,
        lambda first: [(row[0], local_time(row[1])) for row in database.fetch(PROBE, first=first)],
    )


def _find(database: Database, after: int, key: str, started: datetime, ended: datetime | None) -> int | None:
    """Return the id of the row of `key` that carries the start of the call, else the one nearest to its end.

    Where the end is not known it is the one nearest to the start: a later one may well be another call's.
    """
    earliest, latest = started - _SLACK, (started + _LONGEST_CALL if ended is None else ended) + _SLACK
    best: tuple[bool, timedelta, int] | None = None
    for _ in range(_MAX_CHUNKS):
        rows = database.fetch(_CHUNK, after=after)
        if not rows:
            break
        after = rows[-1][0]
        times = [time for row in rows if (time := local_time(row[1])) is not None]
        for row in rows:
            time = local_time(row[1])
            if row[2] == key and time is not None and earliest <= time <= latest:
                nearest = (abs(time - started) > _SAME, abs(time - (started if ended is None else ended)), row[0])
                best = nearest if best is None else min(best, nearest)
        if times and min(times) > latest + _MARGIN:
            break
        sleep(_PAUSE_S)
    return best[2] if best else None


def reason(text: str) -> str:
    """Return the one sentence of an error text that says why: Google's `error.message`, or its first line."""
    try:
        body = json.loads(text)
        message = body["error"]["message"]
        if isinstance(message, str) and message.strip():
            return message.strip()
    except (ValueError, RecursionError, TypeError, KeyError, IndexError):
        pass
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def pretty(text: str) -> str:
    """Return an error text with the JSON in it laid out on several lines, and whatever stands before it."""
    begin = text.find("{")
    if begin < 0:
        return text
    try:
        body = json.dumps(json.loads(text[begin:]), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
    before = text[:begin].rstrip()
    return f"{before}\n{body}" if before else body
