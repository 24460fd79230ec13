"""A writer that behaves as the gateway does: one INSERT and commit a call, and a row that is locked out is lost.

Run as its own process: `python -m tests.benchmarks.writer FILE CALLS_A_SECOND SECONDS`. Prints JSON: how long each
commit took in milliseconds, and how many rows the writer knows to be lost. Each row holds its number as latency.
"""

import json
import sqlite3
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

_INSERT = (
    "INSERT INTO t_request_log (request_time, model_name, api_key, is_success, status_code, latency_ms)"
    " VALUES (?, 'gemini-2.5-flash', 'AIzaSyWRITER', 1, 200, ?)"
)
_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Written:
    """What it was like to write: one latency for each row, lost ones too."""

    latencies_ms: tuple[float, ...]
    lost: int


def write(path: str, rate: float, seconds: float) -> Written:
    """Write for `seconds` at `rate` calls a second."""
    connection = sqlite3.connect(path, timeout=_PATIENCE_S, isolation_level=None)
    latencies: list[float] = []
    lost = 0
    begin = time.monotonic()
    for n in range(int(rate * seconds)):
        time.sleep(max(begin + n / rate - time.monotonic(), 0))
        # A call is logged when it ends.
        started = datetime.now(UTC) - timedelta(milliseconds=n)
        before = time.perf_counter()
        try:
            connection.execute(_INSERT, (f"{started:%Y-%m-%d %H:%M:%S.%f}", n))
        except sqlite3.OperationalError:
            lost += 1
        latencies.append((time.perf_counter() - before) * 1000)
    connection.close()
    return Written(tuple(latencies), lost)


if __name__ == "__main__":
    print(json.dumps(asdict(write(sys.argv[1], float(sys.argv[2]), float(sys.argv[3])))))
