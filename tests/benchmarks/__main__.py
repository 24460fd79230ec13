"""Measures keymon side by side with what it is held against; run by `make bench`.

`python -m tests.benchmarks [1m|10m|50m]` prints a table and writes `bench.json` here;
`python -m tests.benchmarks --page PAGE RESULT...` writes the tables of such files into the page on performance.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks import (
    bundle,
    load,
    machine,
    refresh_idle,
    report,
    usage_cold,
    usage_server,
    window,
    window_memory,
    writer_disturbed,
)
from tests.benchmarks.course import SIZES, Course
from tests.benchmarks.gateways import MILLION, MILLION_A_DAY, NO_CALLS, Gateways, Wanted
from tests.benchmarks.measurement import Measurement

_RESULT = Path("bench.json")

_MEASURES: dict[str, Callable[[Course], list[Measurement]]] = {
    "usage_cold": usage_cold.measure,
    "refresh_idle": refresh_idle.measure,
    "load": load.measure,
    "window_memory": window_memory.measure,
    "first_paint": window.first_paint,
    "bundle": bundle.measure,
    "large_pool": window.large_pool,
    "panels": window.panels,
    "recovery": window.recovery,
    "usage_server": usage_server.measure,
    "writer": writer_disturbed.measure,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, or fill a page."""
    options = _parser().parse_args(arguments)
    if options.page is not None:
        report.fill_page_file(options.page[0], options.page[1:])
        return 0
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
    folder = nullcontext(options.keep) if options.keep else tempfile.TemporaryDirectory(prefix="keymon-bench-")
    with folder as place:
        return _run(options, Path(place).absolute())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.benchmarks", description="Measure keymon side by side.")
    parser.add_argument("size", nargs="?", choices=SIZES, default="10m", help="rows in the log (10m)")
    parser.add_argument("--only", nargs="+", choices=_MEASURES, metavar="NAME", help=f"of {', '.join(_MEASURES)}")
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds (A B B A) instead of each one's usual number")
    parser.add_argument("--seconds", type=float, default=30, metavar="S", help="how long the writer writes at a time")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the databases here, and use those of today")
    parser.add_argument("--page", nargs="+", type=Path, metavar="FILE", help="fill this page from these results")
    return parser


def _run(options: argparse.Namespace, folder: Path) -> int:
    names: list[str] = [name for name in _MEASURES if options.only is None or name in options.only]
    course = Course(options.size, SIZES[options.size], Gateways(folder), options.rounds, options.seconds)
    course.gateways.check_space(_needed(names, course.rows))
    about = machine.description(folder)
    found: list[Measurement] = []
    for name in names:
        begin = time.monotonic()
        course.tell(f"Measuring {name}")
        rows = _MEASURES[name](course)
        found += rows
        course.tell(report.table(rows) + f"({time.monotonic() - begin:.0f} s)\n")
    _RESULT.write_text(report.as_json(options.size, f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", about, found))
    print(report.table(found))
    print(f"Written as JSON to {_RESULT} in the current folder")
    return 0


def _needed(names: Sequence[str], rows: int) -> list[Wanted]:
    """Return the databases that measurements need."""
    needed = {
        "usage_cold": [Wanted(rows)],
        "refresh_idle": [Wanted(rows), Wanted(MILLION)],
        "load": [MILLION_A_DAY],
        "window_memory": [MILLION_A_DAY, NO_CALLS],
        "panels": [MILLION_A_DAY],
        # As long a log again, with its indexes and records of changes, on a server.
        "usage_server": [Wanted(rows)] if rows <= usage_server.LARGEST else [],
        "writer": [Wanted(rows)],
    }
    return [wanted for name in names for wanted in needed.get(name, [])]


if __name__ == "__main__":
    sys.exit(main())
