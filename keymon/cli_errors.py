"""The command about the gateway's log of errors: `keymon errors`."""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from keymon.cli_cells import (
    NETWORK_ERROR,
    for_scripts,
    iso,
    masked_key,
    masked_value,
    model_meant,
    moment,
    origin_fields,
    shown_key,
    shown_value,
    status_meant,
    status_unknown,
    wanted_key,
    zone_line,
)
from keymon.console import Progress, patiently
from keymon.error_browser import ErrorFilter, ErrorPage, ErrorRow
from keymon.error_groups import message
from keymon.error_log import pretty
from keymon.errors import AgeUnreadableError, KeyWithoutErrorsError
from keymon.gateway_settings import only_key, shown_ending
from keymon.masking import mask_text_of, visible
from keymon.tables import table

if TYPE_CHECKING:
    from keymon.error_browser import ErrorBrowser
    from keymon.gateway_clock import GatewayClock
    from keymon.gateway_settings import GatewaySettings
    from keymon.monitor import Monitor

_AGE = re.compile(r"(\d{1,5})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_OLDER = {True: "; there are older ones", False: "", None: "; older ones have not been looked for"}
_COLUMNS = ("time", "key", "model", "code", "type")
_PAGE = 500
_LONGEST_FORM = 8
"""Characters that one takes at most where it is made visible."""


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
        columns = (*_COLUMNS, "text" if options.full else "message")
        rows = [
            {
                "time": None if row.at is None else row.at.isoformat(timespec="milliseconds"),
                "key": masked_key(row.key, options.show_keys),
                "model": masked_value(row.model),
                "code": masked_value(row.code),
                "type": masked_value(row.kind),
                columns[-1]: _masked(row, text, options),
            }
            for row, text in zip(shown, texts, strict=True)
        ]
        about = origin_fields(browser.now(), browser.clock)
        since = None if wanted.since is None else iso(wanted.since)
        return for_scripts(options, rows, columns, "errors", **about, since=since, more=more)
    period = _period(options.since, wanted.since, browser.clock)
    count = (
        f"{len(shown)} error{'' if len(shown) == 1 else 's'} {period}{', newest first' if shown else ''}{_OLDER[more]}."
    )
    return f"{_errors_table(browser, options, shown, texts)}\n{count} {zone_line(browser.clock)}\n"


def _errors_table(
    browser: "ErrorBrowser", options: argparse.Namespace, shown: Sequence[ErrorRow], texts: Sequence[str]
) -> str:
    lines = [
        (
            "–" if row.at is None else moment(row.at, browser.clock),
            shown_key(row.key, options.show_keys),
            shown_value(row.model, "(unknown)"),
            shown_value(row.code, "no status", NETWORK_ERROR),
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
        model=None if options.model is None else (model_meant(options.model),),
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
        raise KeyWithoutErrorsError(ending=shown_ending(wanted) or "(empty)")
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
        raise AgeUnreadableError(text=visible(text, 40)) from None
    return browser.clock.from_local(at) if at.tzinfo is None else at


def _period(text: str, since: datetime | None, clock: "GatewayClock") -> str:
    """Return in words what `--since` came to."""
    if since is None:
        return "in the whole log"
    found = _AGE.fullmatch(text)
    if found is None:
        return f"since {moment(since, clock)}"
    number, unit = int(found[1]), _UNITS[found[2]]
    return f"in the last {number} {unit.removesuffix('s') if number == 1 else unit}"


def _status_of_errors(browser: "ErrorBrowser", text: str, since: datetime | None) -> int | str | None:
    code = status_meant(text)
    if isinstance(code, str) and not any(p.rows for p in _pages(browser, ErrorFilter(code=(code,), since=since), 1)):
        newest = patiently(partial(browser.page, ErrorFilter(since=since)))
        raise status_unknown(code, dict.fromkeys(row.code for row in newest.rows))
    return code


def _masked(row: ErrorRow, text: str, options: argparse.Namespace) -> str:
    return text if options.show_keys else mask_text_of(row.key, text)


def _indented(text: str) -> Iterator[str]:
    for line in text.rstrip().expandtabs(4).splitlines():
        yield "    " + visible(line, len(line) * _LONGEST_FORM + 1)
