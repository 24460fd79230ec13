"""A gateway's database of any size on a MariaDB server, made quickly: `large_gateway`'s calls, whole seconds.

Run as `python -m tests.benchmarks.large_server ROWS` it tells how long that takes.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from tests.benchmarks.large_gateway import DAYS, KEYS
from tests.gateway_file import key
from tests.gateway_server import GatewayServer
from tests.mariadb import MariaDb, mariadb

DEFAULT_BUFFER = "128M"
"""`innodb_buffer_pool_size` of a server that nobody has set up."""

# Written inside the server, from its table of numbers. The same arithmetic as for SQLite, so that the same size
# gives the same calls; times are rounded down, as MariaDB itself does with a gateway's.
_FILL = """
INSERT INTO t_request_log (id, request_time, model_name, api_key, is_success, status_code, latency_ms)
SELECT i,
       TIMESTAMPADD(MICROSECOND, FLOOR((i * %(step)s - latency / 1000) * 1000000), %(start)s),
       CASE WHEN chance < 450 THEN 'gemini-2.5-flash' WHEN chance < 750 THEN 'gemini-2.5-pro'
            WHEN chance < 900 THEN 'gemini-2.5-flash-lite' ELSE 'gemini-2.0-flash' END,
       CONCAT(%(key)s, LPAD((i * 31) %% %(keys)s, 4, '0')),
       (i * 15485863) %% 100 >= 3,
       CASE WHEN (i * 15485863) %% 100 >= 3 THEN 200 WHEN i %% 3 THEN 503 ELSE 429 END,
       latency
FROM (SELECT seq AS i, (seq * 7919) %% 9700 + 300 AS latency, (seq * 104729) %% 1000 AS chance
      FROM seq_{first}_to_{last}) AS numbered
"""
_AT_ONCE = 500_000
"""Rows in one transaction: more would make the server keep a longer record of how to undo them."""


@contextmanager
def large_server(buffer: str = DEFAULT_BUFFER) -> Iterator[MariaDb]:
    """Run a server as it comes, apart from its buffer and from not waiting for the disk at each commit."""
    with mariadb(f"--innodb-buffer-pool-size={buffer}", "--innodb-log-file-size=512M") as server:
        yield server


def make(server: MariaDb, rows: int) -> GatewayServer:
    """Create a gateway on `server` with `rows` calls over `DAYS` days up to now, in UTC."""
    gateway = GatewayServer(server, [key(n) for n in range(KEYS)])
    gateway.execute("SET SESSION unique_checks = 0, foreign_key_checks = 0")
    start = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=DAYS)
    step = timedelta(days=DAYS).total_seconds() / rows
    values = {"start": start, "step": step, "keys": KEYS, "key": key(0)[:-4]}
    for first in range(1, rows + 1, _AT_ONCE):
        gateway.execute(_FILL.format(first=first, last=min(first + _AT_ONCE - 1, rows)), values)
    gateway.execute("SET SESSION unique_checks = 1, foreign_key_checks = 1")
    return gateway


def main(rows: int) -> None:
    """Make one and tell how long it took."""
    with large_server() as server:
        began = time.perf_counter()
        gateway = make(server, rows)
        print(f"{rows:,} calls in {time.perf_counter() - began:.1f} s")
        gateway.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
