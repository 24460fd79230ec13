"""The commands about single calls and errors: `calls`, `errors`, `attention`; what they print, and in which form.

Keys are masked, and whatever looks like one in a text, unless the operator asks for them in full. Nothing that is
printed can steer a terminal or a spreadsheet.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from keymon import errors
from keymon.call_list import CallFilter
from keymon.console import Progress, patiently
from keymon.error_browser import ErrorFilter, ErrorRow
from keymon.error_groups import message
from keymon.masking import foreign, mask_key, mask_text, mask_text_of, visible
from keymon.report import csv_text
from keymon.tables import json_text, table

if TYPE_CHECKING:
    from keymon.error_browser import ErrorBrowser
    from keymon.gateway_clock import GatewayClock
    from keymon.monitor import Monitor, Snapshot

SCHEMA = 1
"""Version of the form of the JSON; scripts depend on it."""

_PERIODS = {"1h": timedelta(hours=1), "8h": timedelta(hours=8), "24h": timedelta(hours=24)}
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_LONGEST_LINE = 2_000
_PAGE = 500


def wanted_key(options: argparse.Namespace) -> str | None:
    """Return the key that `--key` names, from standard input for `-`; None without one."""
    return sys.stdin.readline().strip() if options.key == "-" else options.key


def calls_text(snapshot: "Snapshot", options: argparse.Namespace) -> str:
    """Return the calls that the options ask for. Raises `KeyNotFoundError` and `KeyAmbiguousError`."""
    key = wanted_key(options)
    wanted = CallFilter(
        period=_PERIODS[options.period],
        key=None if key is None else snapshot.stats.find_key(key),
        model=None if options.model is None else (_model(options.model),),
        status=None if options.status is None else (_status(options.status),),
        only_failures=options.failures,
    )
    found = snapshot.stats.call_list(wanted)
    shown = [found[i] for i in range(min(len(found), options.limit))]
    if options.json or options.csv:
        rows = [
            {
                "time": call.started.isoformat(timespec="milliseconds"),
                "key": _key(call.key, options.show_keys),
                "model": _plain(call.model),
                "status": _plain(call.status),
                "success": call.success,
                "latency_ms": call.latency_ms,
            }
            for call in shown
        ]
        about = _about(snapshot.as_of, snapshot.clock)
        return _for_scripts(options, rows, _CALL_COLUMNS, "calls", **about, total=len(found))
    lines = [
        (
            _moment(call.started, snapshot.clock),
            _shown_key(call.key, options.show_keys),
            _shown(call.model, "(unknown)"),
            _shown(call.status, "no status"),
            "–" if call.latency_ms is None else str(call.latency_ms),
        )
        for call in shown
    ]
    text = table(("TIME", "KEY", "MODEL", "STATUS", "MS"), lines, right={4})
    return f"{text}\n{len(shown)} of {len(found)} calls, newest first. {_zone(snapshot.clock)}\n"


def attention_text(snapshot: "Snapshot", options: argparse.Namespace) -> str:
    """Return the keys with most calls of a status, as the gateway's own answer has them."""
    status = _status(options.status)
    found = snapshot.stats.attention(status, options.limit)
    rows = [
        {"key": _key(one.key, options.show_keys), "count": one.count, "status_code": _plain(status)} for one in found
    ]
    if options.json:
        return json_text(rows)
    if options.csv:
        return csv_text(("key", "count", "status_code"), rows)
    if not found:
        return f"No key has a call of status {_shown(status, 'none')} in the last 24 hours.\n"
    lines = [(_shown_key(one.key, options.show_keys), str(one.count)) for one in found]
    return table(("KEY", f"CALLS WITH {_shown(status, 'NO STATUS')}"), lines, right={1})


def errors_text(monitor: "Monitor", options: argparse.Namespace) -> str:
    """Return the errors that the options ask for, newest first. Raises `TimeUnreadableError` and `DatabaseError`."""
    browser = patiently(monitor.errors)
    wanted = _wanted_errors(browser, options)
    shown = list(_each(browser, wanted, options.limit))
    texts = [_text(browser, row) if options.full else message(row.head) for row in shown]
    if options.json or options.csv:
        columns = (*_ERROR_COLUMNS, "text" if options.full else "message")
        rows = [
            {
                "time": None if row.at is None else _iso(row.at),
                "key": _key(row.key, options.show_keys),
                "model": _plain(row.model),
                "code": _plain(row.code),
                "type": _plain(row.kind),
                columns[-1]: _masked(row, text, options),
            }
            for row, text in zip(shown, texts, strict=True)
        ]
        return _for_scripts(options, rows, columns, "errors", **_about(browser.now(), browser.clock))
    return _errors_table(browser, options, shown, texts)


def _errors_table(
    browser: "ErrorBrowser", options: argparse.Namespace, shown: Sequence[ErrorRow], texts: Sequence[str]
) -> str:
    head = ("TIME", "KEY", "MODEL", "CODE", "MESSAGE")
    lines = [
        (
            "–" if row.at is None else _moment(row.at, browser.clock),
            _shown_key(row.key, options.show_keys),
            _shown(row.model, "(unknown)"),
            _shown(row.code, "–"),
            "" if options.full else visible(_masked(row, text, options), 160),
        )
        for row, text in zip(shown, texts, strict=True)
    ]
    text = table(head, lines, right=set())
    if options.full:
        first, *rest = text.splitlines()
        whole = (_masked(row, full, options) for row, full in zip(shown, texts, strict=True))
        blocks = (f"{line}\n{_indented(full)}" for line, full in zip(rest, whole, strict=True))
        text = "\n".join([first, *blocks]) + "\n"
    return f"{text}\n{len(shown)} errors, newest first. {_zone(browser.clock)}\n"


def _each(browser: "ErrorBrowser", wanted: ErrorFilter, limit: int) -> Iterator[ErrorRow]:
    """Give the errors that are wanted, `limit` at most, page by page."""
    progress, looked_at = Progress("errors"), 0
    before: int | None = None
    while limit > 0:
        page = patiently(partial(browser.page, wanted, before, min(limit, _PAGE)))
        yield from page.rows
        limit, looked_at, before = limit - len(page.rows), looked_at + page.looked_at, page.before
        if before is None:
            break
        progress(looked_at, None)
    progress(looked_at, 1)


def _text(browser: "ErrorBrowser", row: ErrorRow) -> str:
    return patiently(lambda: browser.text(row)) or ""


def _wanted_errors(browser: "ErrorBrowser", options: argparse.Namespace) -> ErrorFilter:
    key = wanted_key(options)
    if key == "":
        raise errors.KeyNotFoundError(ending="(empty)")
    return ErrorFilter(
        ending=key or "",
        text=options.text or "",
        code=None if options.code is None else (_status(options.code),),
        model=None if options.model is None else (_model(options.model),),
        since=_since(options.since, browser),
    )


def _since(text: str, browser: "ErrorBrowser") -> datetime | None:
    """Return the instant that `--since` names: an age such as 24h, or a time, naive in the gateway's zone."""
    if text == "all":
        return None
    found = re.fullmatch(r"(\d{1,5})([mhd])", text)
    if found:
        return browser.now() - timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        at = datetime.fromisoformat(text)
        if not 1971 <= at.year < 9000:
            raise ValueError
    except ValueError:
        raise errors.TimeUnreadableError(text=visible(text, 40)) from None
    return browser.clock.from_local(at) if at.tzinfo is None else at


def _status(text: str) -> int | str | None:
    """Return the status that is meant: a number, `none` for NULL, or the text that stands in its place."""
    if text.lower() in {"none", "null"}:
        return None
    return int(text) if text.isascii() and text.isdigit() else text


def _model(text: str) -> str | None:
    return None if text.lower() in {"none", "null"} else text


_CALL_COLUMNS = ("time", "key", "model", "status", "success", "latency_ms")
_ERROR_COLUMNS = ("time", "key", "model", "code", "type")


def _for_scripts(
    options: argparse.Namespace, rows: list[dict[str, Any]], columns: Sequence[str], name: str, **about: object
) -> str:
    return csv_text(columns, rows) if options.csv else json_text({"schema": SCHEMA, **about, name: rows})


def _about(as_of: datetime, clock: "GatewayClock") -> dict[str, object]:
    return {"as_of": _iso(as_of), "time_zone": clock.name, "time_zone_source": clock.source}


def _iso(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")


def _key(key: str | None, show_keys: bool) -> str | None:
    return key if key is None or show_keys else mask_key(key)


def _plain(value: int | str | None) -> int | str | None:
    return mask_text(value) if isinstance(value, str) else value


def _shown_key(key: str | None, show_keys: bool) -> str:
    if key is None:
        return "(none)"
    return visible(key, 400) if show_keys else mask_key(key)


def _shown(value: int | str | None, nothing: str) -> str:
    if value is None:
        return nothing
    return str(value) if isinstance(value, int) else foreign(value, 80) or "(empty)"


def _masked(row: ErrorRow, text: str, options: argparse.Namespace) -> str:
    return text if options.show_keys else mask_text_of(row.key, text)


def _indented(text: str) -> str:
    return "\n".join("    " + visible(line, _LONGEST_LINE) for line in text.splitlines()) + "\n"


def _moment(instant: datetime, clock: "GatewayClock") -> str:
    return f"{clock.to_local(instant):%Y-%m-%d %H:%M:%S}"


def _zone(clock: "GatewayClock") -> str:
    return f"Times are the gateway's ({clock.name}, {clock.source})."
