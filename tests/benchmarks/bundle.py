"""How soon the bundle's window is seen, beside that of the source tree: the whole program, started in turn."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from keymon.gui.app import FIRST_PAINT_VARIABLE
from tests.benchmarks.course import Course
from tests.benchmarks.measurement import Kind, Measurement
from tests.gateway_file import GatewayFile, key

PROGRAM = Path(__file__).parents[2] / "dist" / "keymon" / "keymon"
_ROUNDS = 15


def measure(course: Course) -> list[Measurement]:
    """Measure the first paint, once both have been started before."""
    name, what, against, bar = "bundle", "from start to the first paint, the bundle", "the source tree", 1.4
    if not PROGRAM.exists():
        note = "there is no bundle: make package"
        return [Measurement(name, what, against, "ms", Kind.RATIO, bar=bar, note=note)]
    sides = {"bundle": [str(PROGRAM)], "source": [sys.executable, "-m", "keymon"]}
    times: dict[str, list[float]] = {side: [] for side in sides}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gateway.db"
        GatewayFile(path, [key(n) for n in range(100)]).close()
        for n in range(-2, course.rounds_or(_ROUNDS)):
            # There and back, so that none has the quieter machine.
            for side in sides if n % 2 else reversed(sides):
                took = _start([*sides[side], "--db", str(path)], Path(folder))
                if n >= 0:  # the first starts fill caches
                    times[side].append(took)
    return [Measurement(name, what, against, "ms", Kind.RATIO, tuple(times["bundle"]), tuple(times["source"]), bar)]


def _start(command: list[str], home: Path) -> float:
    """Return after how many ms the window of `command` had been painted."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(home), FIRST_PAINT_VARIABLE: "1"}
    begin = time.monotonic()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    return (float(done.stdout) - begin) * 1000
