"""What there is to export of each panel and of the details of a key: always what the operator sees of it.

Charts are made anew from the snapshot: one behind another tab still shows the figures that it was last seen with.
"""

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from keymon import export_tables
from keymon.export import TableSource
from keymon.export_keys import keys_table
from keymon.gui import moments
from keymon.gui.calls_panel import CallsPanel
from keymon.gui.chart_picture import Picture
from keymon.gui.charts import ModelChart
from keymon.gui.errors_panel import ErrorsPanel
from keymon.gui.key_columns import COLUMNS
from keymon.gui.key_filter import NO_FILTER
from keymon.gui.period_buttons import in_words
from keymon.gui.translation import tr
from keymon.gui.trend_chart import TrendChart
from keymon.masking import mask_key
from keymon.stats import CallCount, ModelCalls
from keymon.trend import HOUR, PERIODS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PySide6.QtWidgets import QWidget

    from keymon.call_list import CallFilter
    from keymon.export import Cell
    from keymon.gui.details_dialog import DetailsDialog
    from keymon.gui.export_work import Thing
    from keymon.gui.key_panel import KeyPanel
    from keymon.gui.key_table import KeyTable
    from keymon.monitor import Snapshot
    from keymon.stats import KeyFigures

SHOWN: "Mapping[str, tuple[str, ...]]" = {
    "key": ("key",),
    "kind": ("kind",),
    "failures": ("failure_count",),
    "calls": ("calls_24h",),
    "success": ("success_rate",),
    "last_call": ("last_call_at",),
    "reason": ("reason",),
    "failed": ("failures_by_status",),
    "p50": ("p50_ms",),
    "p95": ("p95_ms",),
    "last_hour": ("calls_by_hour", "failed_by_hour"),
    "model": ("top_model",),
}
"""Which columns of an export hold what a column of the tables of keys shows, by what that sorts by."""
_FILTERS = {
    "failures": "failures_at_least",
    "failed": "failed_24h_at_least",
    "unused_hours": "unused_hours",
    "kind": "kind",
    "reason": "reason",
    "status": "failed_with_status",
}
"""What the conditions of a `KeyFilter` are called in a file."""


def of_keys(panel: "KeyPanel", snapshot: "Snapshot") -> "list[Thing]":
    """Return the keys that are selected, those that are shown, and all of the pool."""
    filters = _filters(panel)
    things: list[Thing] = []
    # The table that the operator is in, or has selected in, comes first.
    for table in sorted(panel.tables, key=lambda one: (not one.has_selection(), not one.hasFocus())):
        selected = table.selected_keys()
        if selected:
            things.append(_keys(table, snapshot, selected, tr("Selected keys"), filters))
    for table, title in {panel.valid: tr("Valid keys"), panel.invalid: tr("Invalid keys")}.items():
        shown = [table.keys.key_at(row) for row in range(table.keys.rowCount())]
        things.append(_keys(table, snapshot, shown, title, filters))
    things.append(keys_table(snapshot, snapshot.keys, tr("All keys of the pool"), say=tr))
    return things


def of_details(dialog: "DetailsDialog", snapshot: "Snapshot") -> "list[Thing]":
    """Return what the tabs of the details show, each of the period that was chosen in it; that in front comes first."""
    key, period, folded = dialog.key, dialog.models.buttons.period, dialog.models.fold.isChecked()
    use = snapshot.stats.models(key, period, folded=folded)
    chart = ModelChart()
    chart.set_rows([ModelCalls(one.model, CallCount(one.success, one.failure)) for one in use])
    title = tr("Models: {period}").format(period=in_words(period))
    models = export_tables.models_table(use, key, period, title, tr, folded=folded)
    calls, errors = dialog.findChild(CallsPanel), dialog.findChild(ErrorsPanel)
    tabs: list[list[Thing]] = [
        [models, picture(chart, snapshot, details_title(dialog))],
        of_trend(snapshot, dialog.trend.period, key),
        of_calls(calls) or [_calls_of_key(snapshot, key, period)],
        of_errors(errors),
    ]
    in_front = tabs.pop(dialog.tabs.currentIndex())
    return in_front + [thing for tab in tabs for thing in tab]


def details_title(dialog: "DetailsDialog") -> str:
    """Return what the chart of the details shows: of which period, whether folded, and of which key."""
    chart = dialog.chart.accessibleName()
    if dialog.models.fold.isChecked():
        chart = tr("{chart}, folded").format(chart=chart)
    return tr("{chart}, key {key}").format(chart=chart, key=mask_key(dialog.key))


def of_trend(snapshot: "Snapshot", chosen: timedelta, key: str | None = None) -> "list[Thing]":
    """Return the trend of a key, or of all, over the `chosen` period, as table and chart, and over the others."""
    things: list[Thing] = []
    for period in sorted(PERIODS, key=lambda one: (one != chosen, -one)):
        trend, title = snapshot.stats.trend(period, key), _trend_title(period)
        things.append(export_tables.trend_table(trend, key, period, title, tr))
        if period == chosen:
            chart = TrendChart()
            chart.set_trend(trend, snapshot)
            of = title if key is None else tr("{chart}, key {key}").format(chart=title, key=mask_key(key))
            things.append(picture(chart, snapshot, of))
    return things


def of_calls(panel: CallsPanel | None) -> "list[Thing]":
    """Return the calls that a panel lists; nothing where it was not seen yet."""
    listed = panel.listed if panel is not None else None
    if listed is None:
        return []
    title, as_of = _calls_title(listed.wanted), listed.snapshot.as_of
    return [export_tables.calls_table(listed.calls, listed.wanted, title, tr, as_of)]


def of_errors(panel: ErrorsPanel | None) -> "list[Thing]":
    """Return the errors that a panel lists, and the groups of all that it has found; nothing where there are none."""
    listed = panel.listed if panel is not None else None
    if listed is None:
        return []
    filters = export_tables.error_filters(listed.wanted, None, listed.back_to)
    of_group = export_tables.error_filters(listed.wanted, listed.group, listed.back_to)
    groups = tr("Errors by message")
    return [
        export_tables.errors_table(listed.rows, of_group, tr("Errors"), tr, listed.as_of),
        export_tables.error_groups_table(listed.groups, filters, groups, tr, listed.as_of),
    ]


def picture(chart: "QWidget", snapshot: "Snapshot", title: str) -> Picture:
    """Return a chart as a picture; `title` tells what it shows and of which period."""
    return Picture(chart, title, (snapshot.database, moments.as_of_in_full(snapshot)))


def _keys(
    table: "KeyTable", snapshot: "Snapshot", keys: "Sequence[KeyFigures]", title: str, filters: "Mapping[str, Cell]"
) -> TableSource:
    return keys_table(snapshot, keys, title, _shown_columns(table), filters, tr)


def _shown_columns(table: "KeyTable") -> list[str]:
    """Return the columns that are on the screen, in the order in which they are."""
    header = table.horizontalHeader()
    order = (header.logicalIndex(place) for place in range(header.count()))
    shown = (COLUMNS[i].sort_by for i in order if not header.isSectionHidden(i))
    return [name for sort_by in shown if sort_by for name in SHOWN[sort_by]]


def _filters(panel: "KeyPanel") -> "dict[str, Cell]":
    """Return what the tables of keys are searched and filtered by."""
    search, none = panel.search.text().strip(), asdict(NO_FILTER)
    found: dict[str, Cell] = {"search": search} if search else {}
    return found | {
        _FILTERS[name]: value for name, value in asdict(panel.filters.filter).items() if value != none[name]
    }


def _calls_of_key(snapshot: "Snapshot", key: str, period: timedelta) -> TableSource:
    from keymon.call_list import CallFilter

    wanted = CallFilter(period, key)
    return export_tables.calls_table(snapshot.stats.call_list(wanted), wanted, _calls_title(wanted), tr)


def _calls_title(wanted: "CallFilter") -> str:
    return tr("Calls: {period}").format(period=in_words(wanted.period))


def _trend_title(period: timedelta) -> str:
    return tr("Trend over {hours} h").format(hours=period // HOUR)
