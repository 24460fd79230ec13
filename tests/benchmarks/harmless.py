"""Does keymon disturb the gateway? A writer alone and under keymon, in turn, on the same large file.

Run by `make bench`. The rounds with keymon include a first load of everything, then a refresh every second.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC
from pathlib import Path

from keymon.database import location_of
from keymon.errors import DatabaseLockedError
from keymon.monitor import Monitor
from tests.benchmarks.large_gateway import make

_RATE, _SECONDS, _ROUNDS, _REFRESH_S = 50, 12, 5, 1.0
_SIZES = {"1m": 1_000_000, "10m": 10_000_000, "50m": 50_000_000}

Figures = dict[str, float]


def main(size: str) -> None:
    """Measure at `size` rows and print a table, then the same as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        path = make(Path(folder) / "gateway.db", _SIZES[size])
        alone: list[Figures] = []
        followed: list[Figures] = []
        for _ in range(_ROUNDS):
            alone.append(_round(path, lambda writer: writer.wait()))
            followed.append(_round(path, lambda writer: _follow(path, writer)))
    result = {name: (_median(alone, name), _median(followed, name)) for name in ("median_ms", "p90_ms", "worst_ms")}
    print(f"\nWriter at {_RATE} calls a second, {size} rows, {_ROUNDS} rounds of {_SECONDS} s each, in turn")
    print(f"{'commit latency':16}{'alone':>10}{'followed':>10}{'ratio':>8}")
    for name, (without, with_keymon) in result.items():
        print(f"{name:16}{without:10.2f}{with_keymon:10.2f}{with_keymon / without:8.2f}")
    lost = (int(sum(r["lost"] for r in alone)), int(sum(r["lost"] for r in followed)))
    print(f"rows lost: {lost[0]} alone, {lost[1]} followed, of {int(sum(r['written'] for r in followed))} written")
    print(json.dumps({"size": size, "lost": lost, **result}))


def _round(path: Path, meanwhile: Callable[["subprocess.Popen[str]"], object]) -> Figures:
    command = [sys.executable, "-m", "tests.benchmarks.writer", str(path), str(_RATE), str(_SECONDS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        meanwhile(writer)
        output, _ = writer.communicate()
    figures: Figures = json.loads(output)
    return figures


def _follow(path: Path, writer: "subprocess.Popen[str]") -> None:
    monitor = Monitor(location_of(path), UTC)
    while writer.poll() is None:
        with suppress(DatabaseLockedError):  # a tick that is skipped, as the window does
            monitor.refresh()
        time.sleep(_REFRESH_S)
    monitor.close()


def _median(rounds: list[Figures], name: str) -> float:
    return statistics.median(figures[name] for figures in rounds)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "10m")
