"""A writer that behaves as the gateway does: one INSERT and commit a call, and a row that is locked out is lost.

Run as its own process: `python -m tests.benchmarks.writer FILE CALLS_A_SECOND SECONDS`. Prints JSON: the
commit latencies in milliseconds (median, p90, worst), rows written and rows lost.
"""

import json
import sqlite3
import statistics
import sys
import time
from datetime import UTC, datetime

_INSERT = (
    "INSERT INTO t_request_log (request_time, model_name, api_key, is_success, status_code, latency_ms)"
    " VALUES (?, 'gemini-2.5-flash', 'AIzaSyWRITER', 1, 200, 5)"
)
_PATIENCE_S = 5.0


def write(path: str, rate: float, seconds: float) -> dict[str, float]:
    """Write for `seconds` at `rate` calls a second; return what it was like."""
    connection = sqlite3.connect(path, timeout=_PATIENCE_S, isolation_level=None)
    latencies: list[float] = []
    lost = 0
    begin = time.monotonic()
    for n in range(int(rate * seconds)):
        time.sleep(max(begin + n / rate - time.monotonic(), 0))
        at = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}"
        before = time.perf_counter()
        try:
            connection.execute(_INSERT, (at,))
        except sqlite3.OperationalError:
            lost += 1
        latencies.append((time.perf_counter() - before) * 1000)
    connection.close()
    return {
        "median_ms": statistics.median(latencies),
        "p90_ms": statistics.quantiles(latencies, n=10)[-1],
        "worst_ms": max(latencies),
        "written": len(latencies) - lost,
        "lost": lost,
    }


if __name__ == "__main__":
    print(json.dumps(write(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))))
