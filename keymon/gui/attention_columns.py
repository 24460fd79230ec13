"""The keys that want looking at as rows of a table, and its columns."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keymon.gui.key_columns import NOT_YET, why
from keymon.gui.key_tips import told_by
from keymon.gui.reason_shape import reason_word, shown_reason
from keymon.gui.row_model import RowColumn, by
from keymon.gui.translation import number, percent, tr
from keymon.masking import mask_key

if TYPE_CHECKING:
    from keymon.monitor import Snapshot
    from keymon.stats import KeyFigures


@dataclass(frozen=True, slots=True)
class AttentionRow:
    """A key of the pool, how many of its calls had the status, and its other figures."""

    key: str = field(repr=False)
    count: int
    figures: "KeyFigures" = field(repr=False)


def rows_of(snapshot: "Snapshot", status: int | str | None, limit: int) -> list[AttentionRow]:
    """Return the keys with most calls of a `status`, at most `limit`, most first."""
    counts = snapshot.stats.attention(status, limit)
    wanted = {one.key for one in counts}
    figures = {one.key: one for one in snapshot.keys if one.key in wanted}
    return [AttentionRow(one.key, one.count, figures[one.key]) for one in counts]


def _share(row: AttentionRow, snapshot: "Snapshot") -> str:
    return percent(_share_of(row, snapshot)) if snapshot.loading is None else NOT_YET


def _verdict(row: AttentionRow, _snapshot: "Snapshot") -> str:
    return "✓ " + tr("Valid") if row.figures.verdict.valid else "✗ " + tr("Invalid")


def _reason(row: AttentionRow, snapshot: "Snapshot") -> str:
    return why(row.figures, snapshot)


def _reason_tip(row: AttentionRow, snapshot: "Snapshot") -> str | None:
    return told_by(row.figures, snapshot)


def _share_of(row: AttentionRow, snapshot: "Snapshot") -> float | None:
    total = row.figures.calls_24h.total
    return row.count / total if total and snapshot.loading is None else None


def _reason_of(row: AttentionRow, snapshot: "Snapshot") -> str | None:
    reason = shown_reason(row.figures, snapshot)
    return None if reason is None else reason_word(reason)


COLUMNS = (
    RowColumn(
        "Key",
        "The API key, masked",
        "AIzaSy…WWWW",
        lambda row, _: mask_key(row.key),
        arrange=by(lambda row, _: row.key),
        is_key=True,
    ),
    RowColumn(
        "With this status",
        "Calls in the last 24 hours that had the status",
        "999,999",
        lambda row, _: number(row.count),
        arrange=by(lambda row, _: row.count),
        is_number=True,
    ),
    RowColumn(
        "Calls 24 h",
        "Calls in the last 24 hours, successes and failures",
        "9,999,999",
        lambda row, _: number(row.figures.calls_24h.total),
        arrange=by(lambda row, _: row.figures.calls_24h.total),
        is_number=True,
    ),
    RowColumn(
        "Share",
        "Share of the calls that had the status",
        "100.0 %",
        _share,
        arrange=by(_share_of),
        is_number=True,
    ),
    RowColumn(
        "Verdict",
        "Whether the gateway holds the key valid",
        "✗ Invalid",
        _verdict,
        arrange=by(lambda row, _: not row.figures.verdict.valid),
    ),
    RowColumn(
        "Reason",
        "Why the key fails, from the newest failure that counts and says something of the key",
        "",
        _reason,
        _reason_tip,
        arrange=by(_reason_of),
    ),
)
