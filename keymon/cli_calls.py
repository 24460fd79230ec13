"""The commands about single calls and errors: `calls`, `errors`, `attention`; what they print, and in which form.

Keys are masked, and whatever looks like one in a text, unless the operator asks for them in full. Nothing that is
printed can steer a terminal or a spreadsheet.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from keymon import errors
from keymon.call_list import CallFilter
from keymon.console import Progress, patiently
from keymon.error_browser import ErrorFilter, ErrorPage, ErrorRow
from keymon.error_groups import message
from keymon.error_log import pretty
from keymon.gateway_settings import only_key, shown_ending
from keymon.masking import foreign, mask_key, mask_text, mask_text_of, visible
from keymon.report import csv_text
from keymon.tables import json_text, table

if TYPE_CHECKING:
    from keymon.error_browser import ErrorBrowser
    from keymon.gateway_clock import GatewayClock
    from keymon.gateway_settings import GatewaySettings
    from keymon.monitor import Monitor, Snapshot

SCHEMA = 1
"""Version of the form of the JSON; scripts depend on it."""

_PERIODS = {"1h": timedelta(hours=1), "8h": timedelta(hours=8), "24h": timedelta(hours=24)}
_AGE = re.compile(r"(\d{1,5})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_OLDER = {True: "; there are older ones", False: "", None: "; older ones have not been looked for"}
_NETWORK_ERROR = "network error"
_PAGE = 500
_MOST_TOLD = 12
_LONGEST_FORM = 8
"""Characters that one takes at most where it is made visible."""


def wanted_key(options: argparse.Namespace) -> str | None:
    """Return the key that `--key` names, from standard input for `-`; None without one."""
    return sys.stdin.readline().strip() if options.key == "-" else options.key


def calls_text(snapshot: "Snapshot", options: argparse.Namespace) -> str:
    """Return the calls that the options ask for.

    Raises `KeyNotFoundError`, `KeyAmbiguousError` and `StatusUnknownError`.
    """
    key = wanted_key(options)
    wanted = CallFilter(
        period=_PERIODS[options.period],
        key=None if key is None else snapshot.stats.find_key(key),
        model=None if options.model is None else (_model(options.model),),
        status=None if options.status is None else (_status_of_calls(snapshot, options.status),),
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
            _shown(call.status, "no status", _NETWORK_ERROR),
            "–" if call.latency_ms is None else str(call.latency_ms),
        )
        for call in shown
    ]
    text = table(("TIME", "KEY", "MODEL", "STATUS", "MS"), lines, right={4})
    return f"{text}\n{len(shown)} of {len(found)} calls, newest first. {_zone(snapshot.clock)}\n"


def attention_text(snapshot: "Snapshot", options: argparse.Namespace) -> str:
    """Return the keys with most calls of a status. Raises `StatusUnknownError`."""
    status = _status_of_calls(snapshot, options.status)
    found = snapshot.stats.attention(status, options.limit)
    if options.json or options.csv:
        rows = [
            {"key": _key(one.key, options.show_keys), "count": one.count, "status_code": _plain(status)}
            for one in found
        ]
        about = _about(snapshot.as_of, snapshot.clock)
        return _for_scripts(options, rows, _ATTENTION_COLUMNS, "keys", **about)
    if not found:
        return f"No key has a call of status {_shown(status, 'null', _NETWORK_ERROR)} in the last 24 hours.\n"
    lines = [(_shown_key(one.key, options.show_keys), str(one.count)) for one in found]
    return table(("KEY", f"CALLS WITH {_shown(status, 'NO STATUS', _NETWORK_ERROR.upper())}"), lines, right={1})


def errors_text(monitor: "Monitor", settings: "GatewaySettings", options: argparse.Namespace) -> str:
    """Return the errors that the options ask for, newest first.

    Raises `AgeUnreadableError`, `StatusUnknownError`, `KeyNotFoundError`, `KeyAmbiguousError` and `DatabaseError`.
    """
    browser = patiently(monitor.errors)
    wanted = _wanted_errors(browser, settings, options)
    pages = list(_pages(browser, wanted, options.limit))
    shown, more = [row for page in pages for row in page.rows], _has_more(browser, wanted, pages[-1].before)
    texts = [_text(browser, row) if options.full else message(row.head) for row in shown]
    if options.json or options.csv:
        columns = (*_ERROR_COLUMNS, "text" if options.full else "message")
        rows = [
            {
                "time": None if row.at is None else row.at.isoformat(timespec="milliseconds"),
                "key": _key(row.key, options.show_keys),
                "model": _plain(row.model),
                "code": _plain(row.code),
                "type": _plain(row.kind),
                columns[-1]: _masked(row, text, options),
            }
            for row, text in zip(shown, texts, strict=True)
        ]
        about = _about(browser.now(), browser.clock)
        since = None if wanted.since is None else _iso(wanted.since)
        return _for_scripts(options, rows, columns, "errors", **about, since=since, more=more)
    period = _period(options.since, wanted.since, browser.clock)
    count = f"{len(shown)} errors {period}, newest first{_OLDER[more]}."
    return f"{_errors_table(browser, options, shown, texts)}\n{count} {_zone(browser.clock)}\n"


def _errors_table(
    browser: "ErrorBrowser", options: argparse.Namespace, shown: Sequence[ErrorRow], texts: Sequence[str]
) -> str:
    lines = [
        (
            "–" if row.at is None else _moment(row.at, browser.clock),
            _shown_key(row.key, options.show_keys),
            _shown(row.model, "(unknown)"),
            _shown(row.code, "no status", _NETWORK_ERROR),
            "" if options.full else visible(_masked(row, text, options), 160),
        )
        for row, text in zip(shown, texts, strict=True)
    ]
    text = table(("TIME", "KEY", "MODEL", "CODE", "MESSAGE"), lines, right=set())
    if not options.full or not shown:
        return text
    first, *rest = text.splitlines()
    whole = (_indented(_masked(row, pretty(full), options)) for row, full in zip(shown, texts, strict=True))
    blocks = ("\n".join((line, *below)) for line, below in zip(rest, whole, strict=True))
    return f"{first}\n" + "\n\n".join(blocks) + "\n"


def _pages(browser: "ErrorBrowser", wanted: ErrorFilter, limit: int = sys.maxsize) -> Iterator[ErrorPage]:
    """Give the errors that are wanted, `limit` at most, page by page."""
    progress, looked_at = Progress("errors"), 0
    before: int | None = None
    while limit > 0:
        page = patiently(partial(browser.page, wanted, before, min(limit, _PAGE)))
        yield page
        limit, looked_at, before = limit - len(page.rows), looked_at + page.looked_at, page.before
        if before is None:
            break
        progress(looked_at, None)
    progress(looked_at, 1)


def _has_more(browser: "ErrorBrowser", wanted: ErrorFilter, before: int | None) -> bool | None:
    """Tell whether a wanted error is below the id `before`; None where that would take longer to find out."""
    if before is None:
        return False
    page = patiently(partial(browser.page, wanted, before, 1))
    return None if page.before is not None and not page.rows else bool(page.rows)


def _text(browser: "ErrorBrowser", row: ErrorRow) -> str:
    return patiently(lambda: browser.text(row)) or ""


def _wanted_errors(browser: "ErrorBrowser", settings: "GatewaySettings", options: argparse.Namespace) -> ErrorFilter:
    key, since = wanted_key(options), _since(options.since, browser)
    return ErrorFilter(
        key=None if key is None else _key_of_errors(browser, settings, key, since),
        text=options.text or "",
        code=None if options.code is None else (_status_of_errors(browser, options.code, since),),
        model=None if options.model is None else (_model(options.model),),
        since=since,
    )


def _key_of_errors(browser: "ErrorBrowser", settings: "GatewaySettings", wanted: str, since: datetime | None) -> str:
    """Return the key that is wanted: keys of the pool go before others that errors name."""
    known = settings.find_key(wanted)
    if known is None and wanted:
        seen: set[str] = set()
        for page in _pages(browser, ErrorFilter(ending=wanted, since=since)):
            seen.update(row.key for row in page.rows if row.key)
            if wanted in seen:
                return wanted
        known = only_key(seen, wanted)
    if known is None:
        raise errors.KeyWithoutErrorsError(ending=shown_ending(wanted) or "(empty)")
    return known


def _since(text: str, browser: "ErrorBrowser") -> datetime | None:
    """Return the instant that `--since` names: an age such as 24h, or a time, naive in the gateway's zone."""
    if text == "all":
        return None
    found = _AGE.fullmatch(text)
    if found:
        return browser.now() - timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        at = datetime.fromisoformat(text)
        if not 1971 <= at.year < 9000:
            raise ValueError
    except ValueError:
        raise errors.AgeUnreadableError(text=visible(text, 40)) from None
    return browser.clock.from_local(at) if at.tzinfo is None else at


def _period(text: str, since: datetime | None, clock: "GatewayClock") -> str:
    """Return in words what `--since` came to."""
    if since is None:
        return "in the whole log"
    found = _AGE.fullmatch(text)
    if found is None:
        return f"since {_moment(since, clock)}"
    number, unit = int(found[1]), _UNITS[found[2]]
    return f"in the last {number} {unit.removesuffix('s') if number == 1 else unit}"


def _status_of_calls(snapshot: "Snapshot", text: str) -> int | str | None:
    status = _status(text)
    occurring = snapshot.stats.failures()
    if isinstance(status, str) and status not in occurring:
        raise _status_unknown(status, occurring)
    return status


def _status_of_errors(browser: "ErrorBrowser", text: str, since: datetime | None) -> int | str | None:
    code = _status(text)
    if isinstance(code, str) and not any(p.rows for p in _pages(browser, ErrorFilter(code=(code,), since=since), 1)):
        newest = patiently(partial(browser.page, ErrorFilter(since=since)))
        raise _status_unknown(code, dict.fromkeys(row.code for row in newest.rows))
    return code


def _status(text: str) -> int | str | None:
    """Return the status that is meant: a number, `null` for none, or the text that stands in its place."""
    if text.lower() in {"none", "null"}:
        return None
    return int(text) if text.isascii() and text.isdigit() else text


def _status_unknown(text: str, occurring: Iterable[int | str | None]) -> errors.StatusUnknownError:
    known = [_shown(one, "null", "''") for one in islice(occurring, _MOST_TOLD)]
    return errors.StatusUnknownError(status=foreign(text, 40) or "''", known=", ".join(known) or "none does")


def _model(text: str) -> str | None:
    return None if text.lower() in {"none", "null"} else text


_ATTENTION_COLUMNS = ("key", "count", "status_code")
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


def _shown(value: int | str | None, nothing: str, empty: str = "(empty)") -> str:
    if value is None:
        return nothing
    return str(value) if isinstance(value, int) else foreign(value, 80) or empty


def _masked(row: ErrorRow, text: str, options: argparse.Namespace) -> str:
    return text if options.show_keys else mask_text_of(row.key, text)


def _indented(text: str) -> Iterator[str]:
    for line in text.rstrip().expandtabs(4).splitlines():
        yield "    " + visible(line, len(line) * _LONGEST_FORM + 1)


def _moment(instant: datetime, clock: "GatewayClock") -> str:
    return f"{clock.to_local(instant):%Y-%m-%d %H:%M:%S}"


def _zone(clock: "GatewayClock") -> str:
    return f"Times are the gateway's ({clock.name}, {clock.source})."
