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


def top_model(figures: "KeyFigures") -> str:
    """Return the most used model as it is shown; a dash where there were no calls."""
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
        lambda k, _: number(k.calls_24h.total),
        "calls",
        is_number=True,
    ),
    Column(
        "Success",
        "Share of successful calls in the last 24 hours",
        "Success",
        lambda k, _: percent(k.calls_24h.success_rate),
        "success",
        is_number=True,
    ),
    Column(
        "Last call",
        "When the key was last called, within 24 hours",
        "30 seconds ago",
        lambda k, s: ago(k.last_call_at, s.as_of),
        "last_call",
    ),
    Column(
        "Most used model",
        "The model that the key was called for most in the last 24 hours",
        "gemini-2.5-flash-lite",
        lambda k, _: top_model(k),
        "model",
    ),
    Column("", "Open the details of the key", "Details", lambda _k, _s: tr("Details"), ""),
)
DETAILS_COLUMN = len(COLUMNS) - 1
