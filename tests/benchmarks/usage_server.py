"""The same as `usage_cold` on MariaDB: a server of our own, set up as it comes."""

from contextlib import closing
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from keymon.monitor import Monitor
from tests.benchmarks.course import Course
from tests.benchmarks.measurement import Kind, Measurement, in_turn
from tests.benchmarks.usage_cold import AGAINST, KEY, QUERY, Usage, counts, day_before, mean_of_few

_NAME, _WHAT = "usage_server", "calls of a key in 24 h, from nothing, on MariaDB"
_BARS = {"10m": 40.0}
LARGEST = 10_000_000
"""Filling the server with more takes longer than all the rest."""


def measure(course: Course) -> list[Measurement]:
    """Measure on MariaDB, where there is one."""
    missing = _missing(course.rows)
    if missing:
        return [Measurement(_NAME, _WHAT, AGAINST, "ms", Kind.FASTER, bar=_BARS.get(course.size), note=missing)]
    large_server = import_module("tests.benchmarks.large_server")
    with large_server.large_server() as server:
        course.tell(f"Filling a MariaDB server with {course.rows:,} calls")
        gateway = large_server.make(server, course.rows)
        try:
            return [_measure(course, server, gateway, datetime.now(UTC))]
        finally:
            gateway.close()


def _missing(rows: int) -> str:
    """Return what keeps it from being measured."""
    if rows > LARGEST:
        return "measured at 10 million rows at most"
    if find_spec("tests.mariadb") is None or find_spec("tests.benchmarks.large_server") is None:
        return "this version reads SQLite gateways only"
    return "" if import_module("tests.mariadb").installed() else "this machine has no MariaDB server"


# Any: modules that need not be there bring the types.
def _measure(course: Course, server: Any, gateway: Any, as_of: datetime) -> Measurement:  # noqa: ANN401
    def ask() -> Usage:
        with closing(server.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(f"USE {gateway.name}")
            cursor.execute(QUERY.replace("?", "%s"), (KEY, day_before(as_of)))
            return dict(cursor.fetchall())

    def read() -> Usage:
        monitor = Monitor(gateway.location, UTC, month=False, now=lambda: as_of)
        try:
            return counts(monitor.usage(KEY).usage)
        finally:
            monitor.close()

    expected = ask()
    query = mean_of_few(ask, expected, 1)
    baseline, keymon = in_turn(course.rounds_or(4), query, mean_of_few(read, expected))
    return Measurement(_NAME, _WHAT, AGAINST, "ms", Kind.FASTER, keymon, baseline, _BARS.get(course.size))
