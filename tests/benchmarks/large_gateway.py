"""A gateway's database of any size, made quickly: calls spread evenly over ninety days up to now."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.gateway_file import GatewayFile, key

KEYS = 1_000
DAYS = 90

# Written inside SQLite: ten million rows in half a minute. Odd multipliers scatter keys, models, outcomes and
# latencies without a generator of chance, so that the same size gives the same calls.
_FILL = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows),
     call AS (SELECT i, (i * 7919) % 9700 + 300 AS latency, (i * 104729) % 1000 AS chance FROM n)
INSERT INTO t_request_log (id, request_time, model_name, api_key, is_success, status_code, latency_ms)
SELECT i,
       strftime('%Y-%m-%d %H:%M:%f', :start + i * :step - latency / 1000.0, 'unixepoch') || '000',
       CASE WHEN chance < 450 THEN 'gemini-2.5-flash' WHEN chance < 750 THEN 'gemini-2.5-pro'
            WHEN chance < 900 THEN 'gemini-2.5-flash-lite' ELSE 'gemini-2.0-flash' END,
       printf(:key, (i * 31) % :keys),
       (i * 15485863) % 100 >= 3,
       CASE WHEN (i * 15485863) % 100 >= 3 THEN 200 WHEN i % 3 THEN 503 ELSE 429 END,
       latency
FROM call
"""


def make(path: Path, rows: int, days: float = DAYS, until: datetime | None = None) -> Path:
    """Create a gateway at `path` with `rows` calls over `days` days up to `until` (now), in UTC; return the path."""
    gateway = GatewayFile(path, [key(n) for n in range(KEYS)])
    gateway.connection.execute("PRAGMA synchronous = OFF")
    start = (until or datetime.now(UTC)) - timedelta(days=days)
    step = timedelta(days=days).total_seconds() / max(rows, 1)
    values = {"rows": rows, "start": start.timestamp(), "step": step, "keys": KEYS, "key": key(0)[:-4] + "%04d"}
    if rows:
        gateway.connection.execute(_FILL, values)
    gateway.close()
    return path
