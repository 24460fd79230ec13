"""The tables that keymon knows, ready to be written to a file: models, trend, calls, errors and what is odd in them.

The values are those of the StatsService, never a text that was shown; titles pass through `say`, so that the window
can have them in the operator's language. Columns have the names that they have on the command line. Keys have
`export_keys`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from keymon.data_quality import TEXT_LIMIT, quality
from keymon.export import Cell, Column, Origin, TableSource
from keymon.gateway_settings import shown_ending
from keymon.masking import mask_text_of

if TYPE_CHECKING:
    from keymon.call_list import CallFilter, CallList
    from keymon.data_quality import Check
    from keymon.error_browser import ErrorFilter, ErrorRow
    from keymon.error_groups import ErrorGroup
    from keymon.model_use import ModelUse
    from keymon.monitor import Snapshot
    from keymon.trend import Trend

Say = Callable[[str], str]


def origin(snapshot: "Snapshot") -> Origin:
    """Return where the figures of `snapshot` are from."""
    return Origin(snapshot.database, snapshot.clock.name, snapshot.as_of, snapshot.loading is None)


def models_table(
    use: "Sequence[ModelUse]", key: str | None, period: timedelta, title: str, say: Say = str, *, folded: bool = False
) -> TableSource:
    """Return the use of models; `key` tells whose, None for all."""
    columns = (
        Column("model", say("Model")),
        Column("calls", say("Calls")),
        Column("successful", say("Successful")),
        Column("failed", say("Failed")),
        Column("success_rate", say("Success")),
        Column("p50_ms", say("p50 ms")),
        Column("p95_ms", say("p95 ms")),
        Column("failures_by_status", say("Failures by status")),
    )

    def rows() -> Iterator[Sequence[Cell]]:
        for one in use:
            rate = one.success / one.total if one.total else None
            times = (one.latency.p50_ms, one.latency.p95_ms)
            yield one.model, one.total, one.success, one.failure, rate, *times, by_status(one.failures)

    filters = _of(key, period) | ({"folded": "yes"} if folded else {})
    return TableSource("models", title, columns, rows, len(use), filters=filters)


def trend_table(trend: "Trend", key: str | None, period: timedelta, title: str, say: Say = str) -> TableSource:
    """Return the calls of a period bucket by bucket; `key` tells whose, None for all."""
    columns = (
        Column("from", say("From")),
        Column("to", say("To")),
        Column("calls", say("Calls")),
        Column("successful", say("Successful")),
        Column("failed", say("Failed")),
    )

    def rows() -> Iterator[Sequence[Cell]]:
        for i in range(len(trend)):
            passed, failed = int(trend.success[i]), int(trend.failure[i])
            yield trend.start(i), trend.end(i), passed + failed, passed, failed

    return TableSource("trend", title, columns, rows, len(trend), filters=_of(key, period))


def calls_table(
    calls: "CallList", wanted: "CallFilter", title: str, say: Say = str, as_of: datetime | None = None
) -> TableSource:
    """Return the single calls that were found as they were `wanted`, in their order."""
    columns = (
        Column("id", say("Number")),
        Column("time", say("Time")),
        Column("key", say("Key"), is_key=True),
        Column("model", say("Model")),
        Column("status", say("Status")),
        Column("success", say("Successful")),
        Column("latency_ms", say("Latency ms")),
    )

    def rows() -> Iterator[Sequence[Cell]]:
        for i in range(len(calls)):
            one = calls[i]
            yield one.id, one.started, one.key, one.model, one.status, one.success, one.latency_ms

    filters = _of(wanted.key, wanted.period) | _chosen(wanted.ending, wanted.model, wanted.status, "status")
    if wanted.only_failures:
        filters["only_failures"] = "yes"
    return TableSource("calls", title, columns, rows, len(calls), filters=filters, as_of=as_of)


def attention_table(
    snapshot: "Snapshot", status: int | str | None, limit: int | None, title: str, say: Say = str
) -> TableSource:
    """Return the keys with most calls of a `status` in the last 24 hours, at most `limit`."""
    columns = (
        Column("key", say("Key"), is_key=True),
        Column("count", say("With this status")),
        Column("status_code", say("Status code")),
        Column("calls_24h", say("Calls 24 h")),
        Column("share", say("Share")),
        Column("status", say("Status")),
    )
    found = snapshot.stats.attention(status, limit)
    figures = {one.key: one for one in snapshot.keys}

    def rows() -> Iterator[Sequence[Cell]]:
        for one in found:
            calls, verdict = figures[one.key].calls_24h.total, figures[one.key].verdict
            # A share of what has been read so far says nothing of the day.
            share = one.count / calls if snapshot.loading is None else None
            yield one.key, one.count, status, calls, share, "valid" if verdict.valid else "invalid"

    filters: dict[str, Cell] = {"status_code": status}
    if limit is not None:
        filters["limit"] = limit
    return TableSource("attention", title, columns, rows, len(found), filters=filters)


def errors_table(
    errors: "Sequence[ErrorRow]",
    filters: Mapping[str, Cell],
    title: str,
    say: Say = str,
    as_of: datetime | None = None,
) -> TableSource:
    """Return errors with what their texts say in a line; `filters` are those of `error_filters`."""
    columns = (
        Column("id", say("Number")),
        Column("time", say("Time")),
        Column("key", say("Key"), is_key=True),
        Column("model", say("Model")),
        Column("code", say("Code")),
        Column("type", say("Type")),
        Column("message", say("Message")),
    )

    def rows() -> Iterator[Sequence[Cell]]:
        from keymon.error_groups import message  # SQLAlchemy comes with it: not before there are errors

        for one in errors:
            text = mask_text_of(one.key, message(one.head))
            yield one.id, one.at, one.key, one.model, one.code, one.kind, text

    return TableSource("errors", title, columns, rows, len(errors), filters=filters, as_of=as_of)


def error_groups_table(
    groups: "Sequence[ErrorGroup]",
    filters: Mapping[str, Cell],
    title: str,
    say: Say = str,
    as_of: datetime | None = None,
) -> TableSource:
    """Return groups of errors with one message, each with how many they are, of how many keys."""
    columns = (
        Column("count", say("Errors")),
        Column("keys", say("Keys")),
        Column("message", say("Message")),
        Column("newest", say("Newest")),
    )
    rows = [(one.count, one.keys, one.message, one.newest) for one in groups]
    return TableSource("error-groups", title, columns, lambda: rows, len(rows), filters=filters, as_of=as_of)


def error_filters(wanted: "ErrorFilter", group: str | None = None, back_to: datetime | None = None) -> dict[str, Cell]:
    """Return what errors were chosen by; `back_to` is how far it was looked where there are older ones."""
    found = _chosen(wanted.ending, wanted.model, wanted.code, "code")
    texts = {
        "key": wanted.key,
        "since": wanted.since,
        "text": wanted.text or None,
        "message": group,
        "back_to": back_to,
    }
    return found | {name: value for name, value in texts.items() if value is not None}


def quality_table(snapshot: "Snapshot", title: str, say: Say = str) -> TableSource:
    """Return how far the data can be trusted: the figures of each check, and what it comes to."""
    columns = (
        Column("check", say("Check")),
        Column("state", say("State")),
        Column("figure", say("Figure")),
        Column("value", say("Value")),
    )
    found = quality(snapshot.stats, snapshot.surroundings)
    ahead = found.clock_ahead
    figures: dict[Check, dict[str, Cell]] = {
        "statuses": {
            "calls_24h": found.calls,
            "null_statuses": found.null_statuses,
            "text_statuses": found.text_statuses,
        },
        "outside": {
            "calls_24h": found.outside.calls,
            "keys": found.outside.keys,
            "calls_without_key": found.outside.keyless,
        },
        "duplicates": {"keys": len(found.duplicates), "repetitions": found.spare_entries},
        "clock": {"gateway_ahead_s": None if ahead is None else ahead.total_seconds()},
        "room": {
            "longest_list_bytes": found.list_bytes,
            "limit_bytes": None if found.list_bytes is None else TEXT_LIMIT,
        },
        "age": {"oldest_call_at": snapshot.surroundings.oldest},
        "times": {"calls_without_time": found.without_time},
    }
    rows = [
        (check, state, name, value) for check, state in found.states.items() for name, value in figures[check].items()
    ]
    return TableSource("data-quality", title, columns, lambda: rows, len(rows))


def by_status(failures: "Mapping[int | str | None, int]") -> str:
    """Return failures by their status in a cell, such as `429 × 12, NULL × 1`."""
    return ", ".join(f"{'NULL' if status is None else status} × {count}" for status, count in failures.items())


def _of(key: str | None, period: timedelta) -> dict[str, Cell]:
    filters: dict[str, Cell] = {"hours": period / timedelta(hours=1)}
    return filters if key is None else {"key": key, **filters}


def _chosen(
    ending: str, model: tuple[str | None] | None, status: tuple[int | str | None] | None, status_name: str
) -> dict[str, Cell]:
    """Return what both calls and errors are filtered by; None as a value is NULL."""
    filters: dict[str, Cell] = {"key_ending": shown_ending(ending)} if ending else {}
    if model is not None:
        filters["model"] = model[0]
    if status is not None:
        filters[status_name] = status[0]
    return filters
