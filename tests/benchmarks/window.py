"""The window itself: how soon it is seen, and how fluent it is on a pool of 100,000 keys.

Both are measured by modules of their own, in processes of their own: a process has one Qt application only.
"""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

from tests.benchmarks.course import Course
from tests.benchmarks.measurement import Kind, Measurement

_KEYS = 100_000
_ROUNDS = 15
_ABSENT = "this version of the suite cannot measure it yet"
_POOL_ROWS = (
    ("pool_keystroke", "a keystroke in the search box", "keystroke", 50.0),
    ("pool_sort", "sorting by the slowest column", "sort", 150.0),
    ("pool_refresh", "window held by one refresh", "refresh", 50.0),
)


def first_paint(course: Course) -> list[Measurement]:
    """Measure the first paint against that of an empty window."""
    found, note = _run("first_paint", course.rounds_or(_ROUNDS))
    keymon, empty = ((found["keymon"],), (found["empty"],)) if found else ((), ())
    what = "from start to the first paint"
    return [Measurement("first_paint", what, "an empty Qt window", "ms", Kind.RATIO, keymon, empty, 1.3, note)]


def large_pool(course: Course) -> list[Measurement]:
    """Measure what the window's thread is held by on a large pool."""
    found, note = _run("large_pool", _KEYS, course.rounds_or(_ROUNDS))
    return [_pool_row(found, note, *row) for row in _POOL_ROWS]


def _pool_row(found: dict[str, float], note: str, name: str, what: str, kind: str, bar: float) -> Measurement:
    """Return the worst of all medians of a kind: with a selection, sorted, searched and so on."""
    cases = {case: ms for case, ms in found.items() if case.startswith(kind) and "worst" not in case}
    values: tuple[float, ...] = ()
    if cases:
        slowest = max(cases, key=cases.__getitem__)
        values, note = (cases[slowest],), f"the slowest of {len(cases)} cases: {slowest.replace('_', ' ')}"
    return Measurement(name, f"{what}, {_KEYS:,} keys", "", "ms", Kind.VALUE, values, (), bar, note)


def _run(module: str, *arguments: int) -> tuple[dict[str, float], str]:
    """Return what `measure` of a module returns, or nothing and why."""
    name = f"tests.benchmarks.{module}"
    if find_spec(name) is None:
        return {}, _ABSENT
    listed = ", ".join(map(str, arguments))
    program = f"import json; from {name} import measure; print(json.dumps(measure(*[{listed}])))"
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return found, ""
