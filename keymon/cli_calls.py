"""The commands about calls: `keymon calls` and `keymon attention`."""

import argparse
from datetime import timedelta
from typing import TYPE_CHECKING

from keymon.call_list import CallFilter
from keymon.cli_cells import (
    NETWORK_ERROR,
    for_scripts,
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
from keymon.tables import table

if TYPE_CHECKING:
    from keymon.monitor import Snapshot

_PERIODS = {"1h": timedelta(hours=1), "8h": timedelta(hours=8), "24h": timedelta(hours=24)}
_CALL_COLUMNS = ("time", "key", "model", "status", "success", "latency_ms")
_ATTENTION_COLUMNS = ("key", "count", "status_code")


def calls_text(snapshot: "Snapshot", options: argparse.Namespace) -> str:
    """Return the calls that the options ask for.

    Raises `KeyNotFoundError`, `KeyAmbiguousError` and `StatusUnknownError`.
    """
    key = wanted_key(options)
    wanted = CallFilter(
        period=_PERIODS[options.period],
        key=None if key is None else snapshot.stats.find_key(key),
        model=None if options.model is None else (model_meant(options.model),),
        status=None if options.status is None else (_status_of_calls(snapshot, options.status),),
        only_failures=options.failures,
    )
    found = snapshot.stats.call_list(wanted)
    shown = [found[i] for i in range(min(len(found), options.limit))]
    if options.json or options.csv:
        rows = [
            {
                "time": call.started.isoformat(timespec="milliseconds"),
                "key": masked_key(call.key, options.show_keys),
                "model": masked_value(call.model),
                "status": masked_value(call.status),
                "success": call.success,
                "latency_ms": call.latency_ms,
            }
            for call in shown
        ]
        about = origin_fields(snapshot.as_of, snapshot.clock)
        return for_scripts(options, rows, _CALL_COLUMNS, "calls", **about, total=len(found))
    lines = [
        (
            moment(call.started, snapshot.clock),
            shown_key(call.key, options.show_keys),
            shown_value(call.model, "(unknown)"),
            shown_value(call.status, "no status", NETWORK_ERROR),
            "–" if call.latency_ms is None else str(call.latency_ms),
        )
        for call in shown
    ]
    text = table(("TIME", "KEY", "MODEL", "STATUS", "MS"), lines, right={4})
    return f"{text}\n{len(shown)} of {len(found)} calls, newest first. {zone_line(snapshot.clock)}\n"


def attention_text(snapshot: "Snapshot", options: argparse.Namespace) -> str:
    """Return the keys with most calls of a status. Raises `StatusUnknownError`."""
    status = _status_of_calls(snapshot, options.status)
    found = snapshot.stats.attention(status, options.limit)
    if options.json or options.csv:
        rows = [
            {"key": masked_key(one.key, options.show_keys), "count": one.count, "status_code": masked_value(status)}
            for one in found
        ]
        about = origin_fields(snapshot.as_of, snapshot.clock)
        return for_scripts(options, rows, _ATTENTION_COLUMNS, "keys", **about)
    if not found:
        return f"No key has a call of status {shown_value(status, 'null', NETWORK_ERROR)} in the last 24 hours.\n"
    lines = [(shown_key(one.key, options.show_keys), str(one.count)) for one in found]
    return table(("KEY", f"CALLS WITH {shown_value(status, 'NO STATUS', NETWORK_ERROR.upper())}"), lines, right={1})


def _status_of_calls(snapshot: "Snapshot", text: str) -> int | str | None:
    status = status_meant(text)
    occurring = snapshot.stats.failures()
    if isinstance(status, str) and status not in occurring:
        raise status_unknown(status, occurring)
    return status
