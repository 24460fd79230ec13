"""Results as text: tables for a terminal, JSON and CSV for scripts.

Keys are masked here unless the caller asks for them in full; foreign text cannot steer a terminal or a
spreadsheet.
"""

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence

from keymon.export import defused
from keymon.masking import foreign, mask_key, mask_text, visible
from keymon.monitor import Snapshot
from keymon.reason import reason_of
from keymon.stats import CallCount, KeyFigures, ModelCalls
from keymon.tables import json_text, table

KEYS_SCHEMA = 1
"""Version of the form of `keys_json`; scripts depend on it."""


def status_word(figures: KeyFigures) -> str:
    """Return `valid` or `invalid`."""
    return "valid" if figures.verdict.valid else "invalid"


def keys_json(snapshot: Snapshot, keys: Sequence[KeyFigures], show_keys: bool) -> str:
    """Return the pool as JSON, in the form that the documentation of the command line gives."""
    settings, clock = snapshot.settings, snapshot.clock
    return json_text(
        {
            "schema": KEYS_SCHEMA,
            "as_of": snapshot.as_of.isoformat(timespec="seconds"),
            "gateway": {
                "database": snapshot.database,
                "time_zone": clock.name,
                "time_zone_source": clock.source,
                "max_failures": settings.max_failures,
                "test_model": mask_text(settings.test_model),
            },
            "keys": [_key_fields(figures, show_keys) for figures in keys],
        }
    )


def keys_csv(keys: Sequence[KeyFigures], show_keys: bool) -> str:
    """Return the pool as CSV with a header; cells that a spreadsheet would run are defused."""
    return csv_text(_KEY_COLUMNS, [_key_fields(figures, show_keys) for figures in keys])


def csv_text(columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> str:
    """Return `rows` as CSV under a header; cells that a spreadsheet would run are defused.

    Control characters are made visible, but for the ends of lines.
    """
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)
    return lines.getvalue()


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    return defused("\n".join(visible(line, len(line) * 8 + 1) for line in value.splitlines()))


def keys_table(snapshot: Snapshot, keys: Sequence[KeyFigures], show_keys: bool) -> str:
    """Return the pool as a table for a terminal, times in the gateway's zone."""
    rows = [_key_row(snapshot, figures, show_keys) for figures in keys]
    head = (
        "KEY",
        "KIND",
        "STATUS",
        "REASON",
        "FAILURES",
        "CALLS 24 H",
        "FAILED",
        "SUCCESS",
        "LAST CALL",
        "MOST USED MODEL",
    )
    valid = sum(figures.verdict.valid for figures in snapshot.keys)
    summary = f"{len(snapshot.keys)} keys: {valid} valid, {len(snapshot.keys) - valid} invalid"
    zone = f"{snapshot.clock.name}, {snapshot.clock.source}"
    return f"{table(head, rows, right={4, 5, 6, 7})}\n{summary}. Times are the gateway's ({zone}).\n"


def usage_json(usage: Sequence[ModelCalls]) -> str:
    """Return calls per model as the gateway's own answer: `{model: calls}`, without rows of a NULL model."""
    calls: Counter[str] = Counter()
    for row in usage:
        if row.model is not None:
            calls[mask_text(row.model)] += row.calls.total
    return json_text(calls)


def usage_table(usage: Sequence[ModelCalls]) -> str:
    """Return the calls of one key per model as a table for a terminal."""
    if not usage:
        return "No calls in the last 24 hours.\n"
    rows = [_usage_row(model_name(row.model), row.calls) for row in usage]
    total = CallCount(sum(row.calls.success for row in usage), sum(row.calls.failure for row in usage))
    return table(("MODEL", "CALLS", "SUCCESS", "FAILED"), [*rows, _usage_row("total", total)], right={1, 2, 3})


def stats_json(snapshot: Snapshot) -> str:
    """Return the totals as JSON; null for a figure that is not known."""
    return json_text({name: _count_fields(count) for name, count in _totals(snapshot).items()})


def stats_table(snapshot: Snapshot) -> str:
    """Return the totals as a table for a terminal."""
    words = {
        "calls_1m": "1 minute",
        "calls_1h": "1 hour",
        "calls_24h": "24 hours",
        "calls_month": "this month",
    }
    rows = [
        _usage_row(words[name], count) if count is not None else (words[name], "unknown", "", "")
        for name, count in _totals(snapshot).items()
    ]
    return table(("CALLS IN", "TOTAL", "SUCCESS", "FAILED"), rows, right={1, 2, 3})


def model_name(model: str | None) -> str:
    """Return a model as it is shown; rows with a NULL model are the model “(unknown)”."""
    return "(unknown)" if model is None else foreign(model) or "(empty)"


_KEY_COLUMNS = ("key", "kind", "status", "failure_count", "calls_24h", "failed_24h", "last_call_at", "reason")


def _key_fields(figures: KeyFigures, show_keys: bool) -> dict[str, object]:
    last = figures.last_call_at
    return {
        "key": figures.key if show_keys else mask_key(figures.key),
        "kind": figures.kind,
        "status": status_word(figures),
        "failure_count": figures.verdict.failure_count,
        "calls_24h": figures.calls_24h.total,
        "failed_24h": figures.calls_24h.failure,
        "last_call_at": last.isoformat(timespec="seconds") if last else None,
        "reason": reason_of(figures),
    }


def _key_row(snapshot: Snapshot, figures: KeyFigures, show_keys: bool) -> tuple[str, ...]:
    rate = figures.calls_24h.success_rate
    last = figures.last_call_at
    return (
        visible(figures.key, 400) if show_keys else mask_key(figures.key),
        figures.kind,
        status_word(figures),
        reason_of(figures) or "–",
        f"{figures.verdict.failure_count}/{snapshot.settings.max_failures}",
        str(figures.calls_24h.total),
        str(figures.calls_24h.failure),
        "–" if rate is None else f"{rate:.1%}",
        f"{snapshot.clock.to_local(last):%Y-%m-%d %H:%M:%S}" if last else "–",
        model_name(figures.top_model) if figures.calls_24h.total else "–",
    )


def _usage_row(name: str, calls: CallCount) -> tuple[str, ...]:
    return (name, str(calls.total), str(calls.success), str(calls.failure))


def _totals(snapshot: Snapshot) -> dict[str, CallCount | None]:
    return {
        "calls_1m": snapshot.calls_1m,
        "calls_1h": snapshot.calls_1h,
        "calls_24h": snapshot.calls_24h,
        "calls_month": snapshot.calls_month,
    }


def _count_fields(count: CallCount | None) -> dict[str, int] | None:
    return None if count is None else {"total": count.total, "success": count.success, "failure": count.failure}
