"""How much memory a day of a million calls takes, above a day without calls and the same keys.

Each is a process of its own that reads everything, keeps the figures, collects garbage and tells its resident size:
`python -m tests.benchmarks.window_memory FILE INSTANT`.
"""

import gc
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from keymon.locations import location_of
from keymon.monitor import Monitor
from tests.benchmarks.course import Course
from tests.benchmarks.gateways import MILLION_A_DAY, NO_CALLS, Gateway
from tests.benchmarks.measurement import Kind, Measurement, in_turn

_BAR_MB = 50.0
_ROUNDS = 3


def measure(course: Course) -> list[Measurement]:
    """Measure processes in turn."""
    empty, million = course.gateways.get(NO_CALLS), course.gateways.get(MILLION_A_DAY)
    rounds = course.rounds_or(_ROUNDS)
    baseline, keymon = in_turn(rounds, lambda: _resident_mb(empty), lambda: _resident_mb(million))
    what, against = "resident memory with a million calls", "the same without calls"
    return [Measurement("window_memory", what, against, "MB", Kind.ADDED, keymon, baseline, _BAR_MB)]


def _resident_mb(gateway: Gateway) -> float:
    command = [sys.executable, "-m", __name__, str(gateway.path), gateway.made_at.isoformat()]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main(path: Path, as_of: datetime) -> None:
    """Read a gateway and tell the resident size in MB."""
    monitor = Monitor(location_of(path), UTC, now=lambda: as_of)
    snapshot = monitor.refresh(patience=3600)
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    print(pages * os.sysconf("SC_PAGE_SIZE") / 1e6)
    del snapshot
    monitor.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]))
