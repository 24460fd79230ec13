"""Measures what the page on reliability tells, and writes it there.

`python -m tests.reliability [faults|writes|recovery|day ...]` measures these, all by default, and keeps the figures of
the others in `reliability.json`; `--page PAGE` writes what is there into the page. The whole takes some 40 minutes.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from tests.benchmarks import machine, recovery
from tests.reliability import long_write, page, simulated_day

_RESULT = Path("reliability.json")
_CALLS = 100_000
_RESTARTS = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser("python -m tests.reliability", description="Measure what keymon survives.")
    parser.add_argument("what", nargs="*", metavar="WHAT", help=f"of {', '.join(_MEASURES)}; all by default")
    parser.add_argument("--page", type=Path, help="write the figures into this page")
    options = parser.parse_args(arguments)
    unknown = set(options.what) - set(_MEASURES)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    run: dict[str, Any] = json.loads(_RESULT.read_text(encoding="utf-8")) if _RESULT.exists() else {}
    for name in options.what or (() if options.page else _MEASURES):
        run[name] = _MEASURES[name]()
        print(name, json.dumps(run[name], indent=1), flush=True)
        run |= {"date": f"{datetime.now(UTC):%F}", "machine": machine.description(Path.cwd())}
        _RESULT.write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
    if options.page is not None:
        page.fill(options.page, run)
    return 0


def _faults() -> object:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "faults.json"
        command = [sys.executable, "-m", "pytest", "tests/faults", "-q", "--faults=all", f"--faults-json={out}"]
        subprocess.run(command, check=False, env={**os.environ, "KEYMON_NEED_MARIADB": "1"})
        return json.loads(out.read_text(encoding="utf-8"))


def _writes() -> object:
    found = {
        "SQLite": long_write.into_file(_CALLS),
        "SQLite in WAL mode": long_write.into_file(_CALLS, is_wal=True),
        "MariaDB": long_write.into_server(_CALLS),
    }
    return {kind: asdict(one) for kind, one in found.items()}


def _recovery() -> object:
    found = recovery.measure(_RESTARTS)
    held_ms = found.pop("held_ms")
    taken = sorted(found.values())
    return {
        "restarts": len(taken),
        "median_s": statistics.median(taken),
        "p95_s": statistics.quantiles(taken, n=20, method="inclusive")[-1],
        "worst_s": taken[-1],
        "held_ms": held_ms,
    }


def _day() -> object:
    day = simulated_day.run()
    return {**asdict(day), "growth_mb": day.growth_mb}


_MEASURES: dict[str, Callable[[], object]] = {
    "writes": _writes,
    "recovery": _recovery,
    "day": _day,
    "faults": _faults,
}

if __name__ == "__main__":
    sys.exit(main())
