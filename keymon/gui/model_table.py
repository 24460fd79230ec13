"""The twin of the chart of models: the same figures as a table, with latencies and statuses of failures."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from keymon.gui.evidence import status_name
from keymon.gui.figure_table import FigureTable
from keymon.gui.translation import number, percent, shown_model, tr

if TYPE_CHECKING:
    from keymon.model_use import ModelUse

_STATUSES = 6
"""Statuses that are named; those of most failures, as a rule there are one or two."""


def model_table() -> FigureTable:
    """Return the table, empty."""
    median, most = tr("p50"), tr("p95")
    titles = (tr("Model"), tr("Calls"), tr("Failed"), tr("Success"), median, most, tr("Failures by status"))
    table = FigureTable("models", titles, wordy=6)
    tips = {
        median: tr("Half of the calls took at most so long"),
        most: tr("95 % of the calls took at most so long"),
    }
    for column, title in enumerate(titles):
        item = table.horizontalHeaderItem(column)
        if item is not None:
            item.setToolTip(tips.get(title, ""))
    return table


def model_lines(uses: "Sequence[ModelUse]") -> list[tuple[object, tuple[str, ...]]]:
    """Return the lines of the table, and their sum."""
    lines: list[tuple[object, tuple[str, ...]]] = []
    failures: dict[int | str | None, int] = {}
    for use in uses:
        latencies = (_milliseconds(use.latency.p50_ms), _milliseconds(use.latency.p95_ms))
        cells = _cells(shown_model(use.model), use.success, use.failure, latencies, use.failures)
        lines.append((("model", use.model), cells))
        for status, count in use.failures.items():
            failures[status] = failures.get(status, 0) + count
    success, failure = sum(use.success for use in uses), sum(use.failure for use in uses)
    # Percentiles cannot be added up.
    by_count = dict(sorted(failures.items(), key=lambda pair: -pair[1]))
    lines.append(("sum", _cells(tr("All models"), success, failure, ("", ""), by_count)))
    return lines


def statuses_in_words(statuses: Mapping[int | str | None, int], most: int) -> str:
    """Return statuses with their counts, the first `most` of them."""
    parts = [f"{status_name(status)} × {number(count)}" for status, count in list(statuses.items())[:most]]
    return ", ".join(parts) + (" …" if len(statuses) > most else "")


def _cells(
    name: str, success: int, failure: int, latencies: tuple[str, str], failures: Mapping[int | str | None, int]
) -> tuple[str, ...]:
    total = success + failure
    rate = percent(success / total if total else None)
    return name, number(total), number(failure), rate, *latencies, statuses_in_words(failures, _STATUSES)


def _milliseconds(value: int | None) -> str:
    return "–" if value is None else tr("{ms} ms").format(ms=number(value))
