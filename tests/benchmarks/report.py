"""Results as a table for the terminal, as JSON, and as the tables of the page on performance."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.measurement import Kind, Measurement, from_json, quartiles

SCHEMA = 1
_BEGIN, _END = "<!-- figures: make bench -->", "<!-- end of figures -->"
_COLUMNS = ("what", "baseline", "keymon", "ratio", "bar", "")
_SIZES = {"1m": "1 million", "10m": "10 million", "50m": "50 million"}


def as_json(size: str, date: str, machine: Mapping[str, object], measurements: Sequence[Measurement]) -> str:
    """Return a run as JSON text."""
    rows = [measurement.as_json() for measurement in measurements]
    run = {"schema": SCHEMA, "date": date, "size": size, "machine": machine, "measurements": rows}
    return json.dumps(run, indent=1) + "\n"


def table(measurements: Sequence[Measurement]) -> str:
    """Return the results for a terminal."""
    rows = [_COLUMNS, *(_cells(measurement) for measurement in measurements)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    # The first column to the left, figures to the right.
    aligned = "  ".join([f"{{:<{widths[0]}}}", *(f"{{:>{width}}}" for width in widths[1:])])
    lines = [aligned.format(*row) for row in rows]
    lines.insert(1, "-" * len(lines[0]))
    notes = [f"{measurement.name}: {measurement.note}" for measurement in measurements if measurement.note]
    return "\n".join(line.rstrip() for line in [*lines, *[""] * bool(notes), *notes]) + "\n"


def fill_page(page: str, runs: Sequence[Mapping[str, Any]]) -> str:
    """Return the text of a page with the tables of these runs between its markers.

    Raises `ValueError` where there are no markers.
    """
    pattern = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.DOTALL)
    figures = "\n".join([_BEGIN, "", *(_section(run) for run in runs), _END])
    filled, count = pattern.subn(lambda _: figures, page)
    if count != 1:
        raise ValueError(f"the page needs the markers {_BEGIN} and {_END} once")
    return filled


def fill_page_file(page: Path, results: Sequence[Path]) -> None:
    """Write the tables of runs that were written as JSON into a page."""
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in results]
    page.write_text(fill_page(page.read_text(encoding="utf-8"), runs), encoding="utf-8")


def _section(run: Mapping[str, Any]) -> str:
    measurements = [from_json(row) for row in run["measurements"]]
    machine = run["machine"]
    about = (
        f"{run['date'][:10]}: {machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB,"
        f" {machine['kernel']}, files on {machine['file_system']}; Python {machine['python']},"
        f" SQLite {machine['sqlite']}, MariaDB {machine['mariadb']}, numpy {machine['numpy']}, Qt {machine['qt']}."
    )
    rows = [("what", *_COLUMNS[1:]), ("---", *["---:"] * 4, "---"), *(_cells(measured) for measured in measurements)]
    lines = [f"### {_SIZES.get(run['size'], run['size'])} rows", "", about, ""]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    notes = [f"- {measured.name}: {measured.note}" for measured in measurements if measured.note]
    return "\n".join([*lines, "", *notes, *[""] * bool(notes)])


def _cells(measured: Measurement) -> tuple[str, ...]:
    result = measured.result
    verdict = {True: "reached", False: "MISSED", None: "" if measured.keymon_values else "not measured"}
    return (
        f"{measured.name}: {measured.what}",
        _side(measured.baseline_values, measured.baseline, measured.unit),
        _side(measured.keymon_values, measured.keymon, measured.unit),
        "" if result is None else _result(measured, result),
        _bar(measured),
        verdict[measured.reached],
    )


def _side(values: Sequence[float], median: float | None, unit: str) -> str:
    """Return the median, and where half of the values lie."""
    spread = quartiles(values)
    if median is None or spread is None:
        return ""
    if len(values) == 1 or spread[0] == spread[1]:
        return f"{_number(median)} {unit}"
    return f"{_number(median)} {unit} ({_number(spread[0])}..{_number(spread[1])})"


def _result(measured: Measurement, result: float) -> str:
    match measured.kind:
        case Kind.FASTER:
            return f"{result:.1f}x faster"
        case Kind.RATIO:
            return f"{result:.2f}x"
        case Kind.ADDED:
            return f"{result:+.1f} {measured.unit}"
        case Kind.VALUE:
            return ""


def _bar(measured: Measurement) -> str:
    if measured.bar is None:
        return ""
    match measured.kind:
        case Kind.FASTER:
            return f">= {measured.bar:g}x"
        case Kind.RATIO:
            return f"<= {measured.bar:g}x"
        case _:
            return f"<= {measured.bar:g} {measured.unit}"


def _number(value: float) -> str:
    """Return three figures of a value, without an exponent."""
    magnitude = abs(value)
    return f"{value:.0f}" if magnitude >= 100 or value == int(value) else f"{value:.3g}"
