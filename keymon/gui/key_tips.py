"""What the tooltips of the tables of keys tell besides the text of a cell."""

from typing import TYPE_CHECKING

from keymon.gui.evidence import status_name
from keymon.gui.key_columns import Column
from keymon.gui.moments import moment
from keymon.gui.reason_shape import shown_reason
from keymon.gui.translation import number, plain_tip, shown_model, tr

if TYPE_CHECKING:
    from keymon.gui.key_measures import Measures
    from keymon.monitor import Snapshot
    from keymon.stats import KeyFigures


def tip(column: Column, figures: "KeyFigures", snapshot: "Snapshot", measures: "Measures") -> str | None:
    """Return the tooltip of a cell, None where there is nothing to add."""
    calls = figures.calls_24h
    if column.title in {"Calls 24 h", "Success"}:
        return tr("{success} successful, {failure} failed").format(
            success=number(calls.success), failure=number(calls.failure)
        )
    if column.title == "Last call":
        return _last_call(figures, snapshot)
    if column.title == "Reason":
        return told_by(figures, snapshot)
    if column.title == "Most used model" and calls.total:
        return plain_tip(shown_model(figures.top_model))
    return plain_tip(column.text(figures, snapshot, measures)) if column.needs in {"statuses", "hours"} else None


def _last_call(figures: "KeyFigures", snapshot: "Snapshot") -> str | None:
    if figures.last_call_at is None:
        return None
    return tr("{here} here, {there} at the gateway ({zone})").format(
        here=f"{figures.last_call_at.astimezone():%Y-%m-%d %H:%M:%S}",
        there=f"{snapshot.clock.to_local(figures.last_call_at):%Y-%m-%d %H:%M:%S}",
        zone=snapshot.clock.name,
    )


def told_by(figures: "KeyFigures", snapshot: "Snapshot") -> str | None:
    """Return which row of the log says why a key is invalid."""
    row = figures.verdict.told_by
    if row is None:
        return (
            tr("No call in the last 24 hours, and no failure in the log before")
            if shown_reason(figures, snapshot) == "unproven"
            else None
        )
    text = tr("{status} from {model} at {time}").format(
        status=status_name(row.status), model=shown_model(row.model), time=moment(row.started_at, snapshot)
    )
    return plain_tip(text)
