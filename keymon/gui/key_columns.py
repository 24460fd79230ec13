"""The columns of the tables of keys: what each shows of a key, and by what it sorts.

Values are sorted as numbers and instants, never as the text shown.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from keymon.gui.evidence import status_name
from keymon.gui.moments import ago
from keymon.gui.reason_shape import reason_word, shown_reason
from keymon.gui.translation import number, percent, shown_model, tr
from keymon.masking import mask_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from keymon.gui.key_measures import Measures, Need
    from keymon.monitor import Snapshot
    from keymon.stats import KeyFigures


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, what it shows of a key, and by which of the `KeyRows` it sorts; `sample` fits into it.

    `at_first` tells in which table it is shown until the operator chooses; `needs` is what must be counted for it.
    """

    title: str
    tip: str
    sample: str
    text: "Callable[[KeyFigures, Snapshot, Measures], str]"
    sort_by: str
    is_number: bool = False
    at_first: Literal["both", "invalid", "none"] = "both"
    needs: "Need | None" = None


NOT_YET = "…"
"""Shown where a figure is not known as long as the log is being read, or until it has been counted."""


def calls_24h(figures: "KeyFigures", snapshot: "Snapshot", _: object = None) -> str:
    """Return the number of calls as it is shown: at least so many, while the log is being read."""
    calls = number(figures.calls_24h.total)
    return calls if snapshot.loading is None else f"≥ {calls}"


def success_rate(figures: "KeyFigures", snapshot: "Snapshot", _: object = None) -> str:
    """Return the share of successes as it is shown."""
    return percent(figures.calls_24h.success_rate) if snapshot.loading is None else NOT_YET


def last_call(figures: "KeyFigures", snapshot: "Snapshot", _: object = None) -> str:
    """Return how long ago the last call was; calls are read newest first, so one that is known is the last."""
    if figures.last_call_at is None and snapshot.loading is not None:
        return NOT_YET
    return ago(figures.last_call_at, snapshot.as_of)


def top_model(figures: "KeyFigures", snapshot: "Snapshot", _: object = None) -> str:
    """Return the most used model as it is shown; a dash where there were no calls."""
    if snapshot.loading is not None:
        return NOT_YET
    return shown_model(figures.top_model) if figures.calls_24h.total else "–"


def why(figures: "KeyFigures", snapshot: "Snapshot", _: object = None) -> str:
    """Return the reason in a word; a dash where there is nothing to explain."""
    reason = shown_reason(figures, snapshot)
    if reason is None:
        return "–" if snapshot.loading is None else NOT_YET
    return reason_word(reason)


def failures_by_status(figures: "KeyFigures", snapshot: "Snapshot", measures: "Measures") -> str:
    """Return how many calls failed with which status, most first; a dash where none did."""
    if snapshot.loading is not None or measures.statuses is None:
        return NOT_YET
    counts: dict[str, int] = {}
    for status, count in measures.statuses.get(figures.key, {}).items():
        # Texts of network errors are long and many.
        name = tr("network error") if isinstance(status, str) else status_name(status)
        counts[name] = counts.get(name, 0) + count
    most_first = sorted(counts.items(), key=lambda one: -one[1])
    return ", ".join(f"{name} × {number(count)}" for name, count in most_first) or "–"


def p50(figures: "KeyFigures", snapshot: "Snapshot", measures: "Measures") -> str:
    """Return the median latency as it is shown."""
    if snapshot.loading is not None or measures.latencies is None:
        return NOT_YET
    found = measures.latencies.get(figures.key)
    return _milliseconds(None if found is None else found.p50_ms)


def p95(figures: "KeyFigures", snapshot: "Snapshot", measures: "Measures") -> str:
    """Return the 95th percentile of the latencies as it is shown."""
    if snapshot.loading is not None or measures.latencies is None:
        return NOT_YET
    found = measures.latencies.get(figures.key)
    return _milliseconds(None if found is None else found.p95_ms)


def _milliseconds(value: int | None) -> str:
    return "–" if value is None else tr("{n} ms").format(n=number(value))


def hours(figures: "KeyFigures", snapshot: "Snapshot", measures: "Measures") -> str:
    """Return in words what the sparkline shows."""
    found = measures.hours_of(figures.key) if snapshot.loading is None else None
    if found is None:
        return NOT_YET
    success, failure = found
    totals = [passed + failed for passed, failed in zip(*found, strict=True)]
    if not any(totals):
        return "–"
    text = tr("{success} successful and {failure} failed in 24 hours, at most {most} an hour, {last} in the last")
    return text.format(
        success=number(sum(success)), failure=number(sum(failure)), most=number(max(totals)), last=number(totals[-1])
    )


_KIND_WORDS = {"gemini": "Gemini", "vertex": "Vertex"}

COLUMNS: tuple[Column, ...] = (
    Column("Key", "The API key, masked", "AIzaSy…000000", lambda k, _s, _m: mask_key(k.key), "key"),
    Column("Kind", "The list that the key is in", "Gemini", lambda k, _s, _m: _KIND_WORDS[k.kind], "kind"),
    Column(
        "Failures",
        "Failure count as the gateway holds it, of as many as make a key invalid",
        "Failures",
        lambda k, s, _: f"{number(k.verdict.failure_count)}/{number(s.settings.max_failures)}",
        "failures",
        is_number=True,
    ),
    Column(
        "Calls 24 h",
        "Calls in the last 24 hours, successes and failures",
        "Calls 24 h",
        calls_24h,
        "calls",
        is_number=True,
    ),
    Column(
        "Success",
        "Share of successful calls in the last 24 hours",
        "Success",
        success_rate,
        "success",
        is_number=True,
    ),
    Column(
        "Last call",
        "When the key was last called, within 24 hours",
        "30 seconds ago",
        last_call,
        "last_call",
    ),
    Column(
        "Reason",
        "Why the key fails, from the newest failure that counts and says something of the key",
        "exhausted XX",
        why,
        "reason",
        at_first="invalid",
    ),
    Column(
        "Failed by status",
        "Failed calls in the last 24 hours by their status, most first",
        "429 × 120, 500 × 3",
        failures_by_status,
        "failed",
        at_first="none",
        needs="statuses",
    ),
    Column(
        "p50",
        "Half of the calls in the last 24 hours took at most so long",
        "10,000 ms",
        p50,
        "p50",
        is_number=True,
        at_first="none",
        needs="latency",
    ),
    Column(
        "p95",
        "95 % of the calls in the last 24 hours took at most so long",
        "10,000 ms",
        p95,
        "p95",
        is_number=True,
        at_first="none",
        needs="latency",
    ),
    Column(
        "By hour",
        "Calls in each of the last 24 hours: successes upwards, failures downwards; sorts by the last hour",
        "0" * 18,
        hours,
        "last_hour",
        at_first="none",
        needs="hours",
    ),
    Column(
        "Most used model",
        "The model that the key was called for most in the last 24 hours",
        "gemini-2.5-flash-lite",
        top_model,
        "model",
    ),
    Column("", "Open the details of the key", "Details", lambda _k, _s, _m: tr("Details"), ""),
)
DETAILS_COLUMN = len(COLUMNS) - 1
MODEL_COLUMN = DETAILS_COLUMN - 1
"""It takes the room that the others leave."""


def column_number(sort_by: str) -> int:
    """Return the number of the column that sorts by `sort_by`, -1 where there is none."""
    return next((i for i, column in enumerate(COLUMNS) if column.sort_by == sort_by and sort_by), -1)
