"""The columns of the tables of keys: what each shows of a key, and by what it sorts.

Values are sorted as numbers and instants, never as the text shown.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keymon.gui.moments import ago
from keymon.gui.translation import number, percent, shown_model, tr
from keymon.masking import mask_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from keymon.monitor import Snapshot
    from keymon.stats import KeyFigures


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, what it shows of a key, and by which of the `KeyRows` it sorts; `sample` fits into it."""

    title: str
    tip: str
    sample: str
    text: "Callable[[KeyFigures, Snapshot], str]"
    sort_by: str
    is_number: bool = False


NOT_YET = "…"
"""Shown where a figure is not known as long as the log is being read."""


def calls_24h(figures: "KeyFigures", snapshot: "Snapshot") -> str:
    """Return the number of calls as it is shown: at least so many, while the log is being read."""
    calls = number(figures.calls_24h.total)
    return calls if snapshot.loading is None else f"≥ {calls}"


def success_rate(figures: "KeyFigures", snapshot: "Snapshot") -> str:
    """Return the share of successes as it is shown."""
    return percent(figures.calls_24h.success_rate) if snapshot.loading is None else NOT_YET


def last_call(figures: "KeyFigures", snapshot: "Snapshot") -> str:
    """Return how long ago the last call was; calls are read newest first, so one that is known is the last."""
    if figures.last_call_at is None and snapshot.loading is not None:
        return NOT_YET
    return ago(figures.last_call_at, snapshot.as_of)


def top_model(figures: "KeyFigures", snapshot: "Snapshot") -> str:
    """Return the most used model as it is shown; a dash where there were no calls."""
    if snapshot.loading is not None:
        return NOT_YET
    return shown_model(figures.top_model) if figures.calls_24h.total else "–"


_KIND_WORDS = {"gemini": "Gemini", "vertex": "Vertex"}

COLUMNS: tuple[Column, ...] = (
    Column("Key", "The API key, masked", "AIzaSy…000000", lambda k, _: mask_key(k.key), "key"),
    Column("Kind", "The list that the key is in", "Gemini", lambda k, _: _KIND_WORDS[k.kind], "kind"),
    Column(
        "Failures",
        "Failure count as the gateway holds it, of as many as make a key invalid",
        "Failures",
        lambda k, s: f"{number(k.verdict.failure_count)}/{number(s.settings.max_failures)}",
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
        "Most used model",
        "The model that the key was called for most in the last 24 hours",
        "gemini-2.5-flash-lite",
        top_model,
        "model",
    ),
    Column("", "Open the details of the key", "Details", lambda _k, _s: tr("Details"), ""),
)
DETAILS_COLUMN = len(COLUMNS) - 1
