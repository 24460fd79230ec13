"""The window itself: how soon it is seen, how fluent it is on a pool of 100,000 keys, how soon it recovers.

All are measured by modules of their own, in processes of their own: a process has one Qt application only.
"""

import json
import math
import os
import statistics
import subprocess
import sys
from typing import Any

from tests.benchmarks.course import Course
from tests.benchmarks.gateways import MILLION_A_DAY
from tests.benchmarks.measurement import Kind, Measurement, from_json
from tests.mariadb import installed

_KEYS = 100_000
_ROUNDS = 15
_RESTARTS = 10
_POOL_ROWS = (
    ("pool_keystroke", "a keystroke in the search box", "keystroke", 50.0),
    ("pool_sort", "sorting by the slowest column", "sort", 150.0),
    ("pool_refresh", "window held by one refresh", "refresh", 50.0),
)


def first_paint(course: Course) -> list[Measurement]:
    """Measure the first paint against that of an empty window, and with another panel against that of the keys."""
    found = _run("first_paint", course.rounds_or(_ROUNDS))
    rows = (
        ("first_paint", "from start to the first paint", "an empty Qt window", "keymon", "empty", 1.3),
        (
            "first_paint_panel",
            "the same, with the panel of calls to begin with",
            "that of keys",
            "panel",
            "keymon",
            1.1,
        ),
    )
    return [
        Measurement(
            name,
            what,
            against,
            "ms",
            Kind.RATIO,
            tuple(found[side]),
            tuple(found[baseline]),
            bar,
            f"all is painted after {statistics.median(found[f'{side}_complete']):.0f} ms",
        )
        for name, what, against, side, baseline, bar in rows
    ]


def large_pool(course: Course) -> list[Measurement]:
    """Measure what the window's thread is held by on a large pool."""
    found = _run("large_pool", _KEYS, course.rounds_or(_ROUNDS))
    return [_pool_row(found, *row) for row in _POOL_ROWS]


def recovery(course: Course) -> list[Measurement]:
    """Measure how soon the figures are fresh again after a server's restart; the slowest restart is the result."""
    name, what, bar = "recovery", "from a server's first answer after a restart to fresh figures", 5.0
    if not installed():
        return [Measurement(name, what, "", "s", Kind.VALUE, bar=bar, note="this machine has no MariaDB server")]
    found = _run("recovery", course.rounds_or(_RESTARTS))
    held = found.pop("held_ms")
    seconds = sorted(found.values())
    note = (
        f"the slowest of {len(seconds)} restarts; median {statistics.median(seconds):.2f} s, 95 % within"
        f" {seconds[math.ceil(0.95 * len(seconds)) - 1]:.2f} s; window held for {held:.0f} ms at most"
    )
    return [Measurement(name, what, "", "s", Kind.VALUE, (seconds[-1],), (), bar, note)]


def _pool_row(found: dict[str, float], name: str, what: str, kind: str, bar: float) -> Measurement:
    """Return the worst of all medians of a kind: with a selection, sorted, searched and so on."""
    cases = {case: ms for case, ms in found.items() if case.startswith(kind) and "worst" not in case}
    slowest = max(cases, key=cases.__getitem__)
    note = f"the slowest of {len(cases)} cases: {slowest.replace('_', ' ')}"
    return Measurement(name, f"{what}, {_KEYS:,} keys", "", "ms", Kind.VALUE, (cases[slowest],), (), bar, note)


def panels(course: Course) -> list[Measurement]:
    """Measure what the window's thread is held by with panels and details, a million calls in 24 hours."""
    gateway = course.gateways.get(MILLION_A_DAY)
    found = _run("panels", str(gateway.path), gateway.made_at.isoformat(), course.rounds_or(_ROUNDS))
    return [from_json(row) for row in found]


def _run(module: str, *arguments: object) -> Any:  # noqa: ANN401 - as JSON has it
    """Return what `measure` of a module returns."""
    listed = ", ".join(map(repr, arguments))
    program = f"import json; from tests.benchmarks.{module} import measure; print(json.dumps(measure({listed})))"
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(run.stdout.splitlines()[-1])
