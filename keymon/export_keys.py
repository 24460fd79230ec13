"""The table of keys, ready to be written to a file: all that the tables in the window can show of a key, and more."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from keymon.export import Cell, Column, TableSource
from keymon.export_tables import Say, by_status
from keymon.reason import reason_of

if TYPE_CHECKING:
    from keymon.latency import Latency
    from keymon.monitor import Snapshot
    from keymon.stats import KeyFigures


def keys_table(
    snapshot: "Snapshot",
    keys: "Sequence[KeyFigures]",
    title: str,
    shown: Sequence[str] | None = None,
    filters: Mapping[str, Cell] | None = None,
    say: Say = str,
) -> TableSource:
    """Return the figures of `keys`, in their order. While the log is being read, only what is known is in it."""
    columns = (
        Column("key", say("Key"), is_key=True),
        Column("kind", say("Kind")),
        Column("status", say("Status")),
        Column("reason", say("Reason")),
        Column("failure_count", say("Failures")),
        Column("max_failures", say("Failures at most")),
        Column("last_call_at", say("Last call")),
        Column("calls_24h", say("Calls 24 h")),
        Column("failed_24h", say("Failed 24 h")),
        Column("success_rate", say("Success")),
        Column("top_model", say("Most used model")),
        Column("failures_by_status", say("Failed by status")),
        Column("p50_ms", say("p50 ms")),
        Column("p95_ms", say("p95 ms")),
        Column("calls_by_hour", say("Calls by hour")),
        Column("failed_by_hour", say("Failed by hour")),
    )
    # The figures are those of the day so far: nothing that could still grow is told as if it were known.
    rows = _part_of_keys if snapshot.loading is not None else _keys
    return TableSource("keys", title, columns, lambda: rows(snapshot, keys), len(keys), shown, filters or {})


def _keys(snapshot: "Snapshot", keys: "Sequence[KeyFigures]") -> Iterator[Sequence[Cell]]:
    stats = snapshot.stats
    success, failure = stats.hours()
    place = {key: i for i, key in enumerate(stats.settings.pool)}
    for one in keys:
        i, latency = place[one.key], stats.latencies.get(one.key)
        yield (
            *_verdict(snapshot, one),
            one.calls_24h.total,
            one.calls_24h.failure,
            one.calls_24h.success_rate,
            one.top_model,
            by_status(stats.failures_by_key.get(one.key, {})),
            *_milliseconds(latency),
            _by_hour((success[i] + failure[i]).tolist()),
            _by_hour(failure[i].tolist()),
        )


def _part_of_keys(snapshot: "Snapshot", keys: "Sequence[KeyFigures]") -> Iterator[Sequence[Cell]]:
    for one in keys:
        yield (*_verdict(snapshot, one), *(None,) * 9)


def _verdict(snapshot: "Snapshot", one: "KeyFigures") -> Sequence[Cell]:
    status = "valid" if one.verdict.valid else "invalid"
    reason = reason_of(one)
    if reason == "unproven" and snapshot.loading is not None:
        reason = None  # its calls may be yet to be read
    count, most = one.verdict.failure_count, snapshot.settings.max_failures
    return one.key, one.kind, status, reason, count, most, one.last_call_at


def _milliseconds(latency: "Latency | None") -> Sequence[Cell]:
    return (None, None) if latency is None else (latency.p50_ms, latency.p95_ms)


def _by_hour(counts: Sequence[int]) -> str:
    """Return 24 counts, the oldest hour first: a sparkline that a script can read."""
    return " ".join(map(str, counts))
