"""What tests of exports write: one thing for each form of a file, and keys that must not be in it."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from keymon.export import Cell, Column, Origin, TableSource
from keymon.gui.chart_picture import Picture
from keymon.gui.charts import ModelChart
from keymon.gui.export_work import Thing, work_of
from keymon.stats import CallCount, ModelCalls

CANARY = "AIzaSyCANARY_canary_CANARY_canary_00017"
ORIGIN = Origin("gw.db", "UTC", datetime(2026, 11, 24, 12, tzinfo=UTC))
FORMS = ("csv", "json", "png", "svg")
ROWS = 2_500
"""Rows of a table: three batches."""
_COLUMNS = (Column("key", "Key", is_key=True), Column("model", "Model"), Column("calls", "Calls"))

Tell = Callable[[int], object]


def table(*rows: tuple[Cell, ...]) -> TableSource:
    """Return a table of `rows`, else of 2,500."""
    every = rows or ((CANARY, f"models/{CANARY}", 12),) * ROWS
    return TableSource("keys", "Keys", _COLUMNS, lambda: every, len(every))


@cache
def thing_for(form: str) -> Thing:
    """Return what can be written in that form, always the same: charts must not go in the middle of anything."""
    return fresh_thing(form)


def fresh_thing(form: str) -> Thing:
    """Return what can be written in that form, for somebody to own."""
    if form in {"csv", "json"}:
        return table()
    chart = ModelChart()
    chart.set_rows([ModelCalls(f"model {i} {CANARY}", CallCount(i, 1)) for i in range(5)])
    return Picture(chart, "Calls per model", ("gw.db",))


def write(path: Path, form: str, thing: Thing | None = None, tell: Tell = lambda _rows: None) -> None:
    """Write to `path` as the window does, in this thread."""
    work_of(thing or thing_for(form), ORIGIN, path, form, show_keys=False, all_columns=True)(tell)
