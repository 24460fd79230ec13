"""The tables that keymon knows, ready to be written to a file: keys, models, trend, calls, attention.

The values are those of the StatsService, never a text that was shown; titles pass through `say`, so that the window
can have them in the operator's language.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from keymon.export import Cell, Column, Origin, TableSource

if TYPE_CHECKING:
    from keymon.attention import KeyCount
    from keymon.call_list import CallFilter, CallList
    from keymon.model_use import ModelUse
    from keymon.monitor import Snapshot
    from keymon.stats import KeyFigures
    from keymon.trend import Trend

Say = Callable[[str], str]


def origin(snapshot: "Snapshot") -> Origin:
    """Return where the figures of `snapshot` are from."""
    return Origin(snapshot.database, snapshot.clock.name, snapshot.as_of)


def keys_table(
    snapshot: "Snapshot",
    keys: "Sequence[KeyFigures]",
    title: str,
    shown: Sequence[str] | None = None,
    search: str = "",
    say: Say = str,
) -> TableSource:
    """Return the figures of `keys`, in their order. While the log is being read, only what is known is in it."""
    columns = (
        Column("key", say("Key"), is_key=True),
        Column("kind", say("Kind")),
        Column("status", say("Status")),
        Column("failure_count", say("Failures")),
        Column("max_failures", say("Failures at most")),
        Column("calls_24h", say("Calls 24 h")),
        Column("failed_24h", say("Failed 24 h")),
        Column("success_rate", say("Success")),
        Column("last_call_at", say("Last call")),
        Column("top_model", say("Most used model")),
        Column("p50_ms", say("p50 ms")),
        Column("p95_ms", say("p95 ms")),
    )
    # The figures are those of the day so far: nothing that could still grow is told as if it were known.
    rows = _part_of_keys if snapshot.loading is not None else _keys
    filters: dict[str, Cell] = {"search": search} if search else {}
    return TableSource("keys", title, columns, lambda: rows(snapshot, keys), len(keys), shown, filters)


def _keys(snapshot: "Snapshot", keys: "Sequence[KeyFigures]") -> Iterator[Sequence[Cell]]:
    for one in keys:
        latency = snapshot.stats.latencies.get(one.key)
        yield (
            *_verdict(snapshot, one),
            one.calls_24h.total,
            one.calls_24h.failure,
            one.calls_24h.success_rate,
            one.last_call_at,
            one.top_model,
            latency.p50_ms if latency else None,
            latency.p95_ms if latency else None,
        )


def _part_of_keys(snapshot: "Snapshot", keys: "Sequence[KeyFigures]") -> Iterator[Sequence[Cell]]:
    for one in keys:
        yield (*_verdict(snapshot, one), None, None, None, one.last_call_at, None, None, None)


def _verdict(snapshot: "Snapshot", one: "KeyFigures") -> Sequence[Cell]:
    status = "valid" if one.verdict.valid else "invalid"
    return one.key, one.kind, status, one.verdict.failure_count, snapshot.settings.max_failures


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
            failures = ", ".join(f"{_status(status)} × {count}" for status, count in one.failures.items())
            times = (one.latency.p50_ms, one.latency.p95_ms)
            yield one.model, one.total, one.success, one.failure, rate, *times, failures

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
    find: "Callable[[CallFilter], CallList]", wanted: "CallFilter", title: str, count: int | None = None, say: Say = str
) -> TableSource:
    """Return the single calls that are `wanted`, which are found when they are written; `count` of them, if known."""
    columns = (
        Column("id", say("Number")),
        Column("started_at", say("Time")),
        Column("key", say("Key"), is_key=True),
        Column("model", say("Model")),
        Column("status", say("Status")),
        Column("success", say("Successful")),
        Column("latency_ms", say("Latency ms")),
    )

    def rows() -> Iterator[Sequence[Cell]]:
        calls = find(wanted)
        for i in range(len(calls)):
            one = calls[i]
            yield one.id, one.started, one.key, one.model, one.status, one.success, one.latency_ms

    filters = _of(wanted.key, wanted.period)
    if wanted.model is not None:
        filters["model"] = wanted.model[0]
    if wanted.status is not None:
        filters["status"] = wanted.status[0]
    if wanted.only_failures:
        filters["only_failures"] = "yes"
    return TableSource("calls", title, columns, rows, count, filters=filters)


def attention_table(found: "Sequence[KeyCount]", status: int | str | None, title: str, say: Say = str) -> TableSource:
    """Return the keys with most calls of a status in the last 24 hours."""
    columns = (Column("key", say("Key"), is_key=True), Column("calls", say("Calls")), Column("status", say("Status")))
    rows = [(one.key, one.count, status) for one in found]
    return TableSource("attention", title, columns, lambda: rows, len(rows), filters={"status": status})


def _of(key: str | None, period: timedelta) -> dict[str, Cell]:
    filters: dict[str, Cell] = {"hours": period / timedelta(hours=1)}
    return filters if key is None else {"key": key, **filters}


def _status(status: int | str | None) -> str:
    return "NULL" if status is None else str(status)
