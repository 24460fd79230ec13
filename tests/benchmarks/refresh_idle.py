"""One refresh with nothing new in the log: at the size that is measured, against a million rows.

What a refresh costs must depend on what is new, not on how long the log is. The clock goes on meanwhile, so that
calls leave the last 24 hours as they do in life.
"""

import time
from datetime import UTC

from keymon.locations import location_of
from keymon.monitor import Monitor
from tests.benchmarks.course import Course
from tests.benchmarks.gateways import MILLION, Gateway, Wanted
from tests.benchmarks.measurement import Kind, Measurement, in_turn

_BAR = 1.3
_ROUNDS = 150
_PATIENCE_S = 10
_WARM_UP = 5


def measure(course: Course) -> list[Measurement]:
    """Measure refreshes in turn."""
    course.tell("Loading both databases")
    small = _loaded(course.gateways.get(Wanted(MILLION)))
    large = _loaded(course.gateway)
    try:
        baseline, keymon = in_turn(course.rounds_or(_ROUNDS), lambda: _refresh(small), lambda: _refresh(large))
    finally:
        small.close()
        large.close()
    what = f"a refresh with nothing new, {course.size} rows"
    return [Measurement("refresh_idle", what, "the same at 1m rows", "ms", Kind.RATIO, keymon, baseline, _BAR)]


def _loaded(gateway: Gateway) -> Monitor:
    """Return a monitor that has read all and counted the month."""
    monitor = Monitor(location_of(gateway.path), UTC, now=gateway.clock())
    monitor.refresh()
    for _ in range(_WARM_UP):
        monitor.refresh(_PATIENCE_S)
    return monitor


def _refresh(monitor: Monitor) -> float:
    begin = time.perf_counter()
    monitor.refresh(_PATIENCE_S)
    return (time.perf_counter() - begin) * 1000
