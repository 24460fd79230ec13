"""The same as `usage_cold` on MariaDB: a server of our own, set up as it comes."""

from contextlib import closing
from datetime import UTC, datetime

from keymon.monitor import Monitor
from tests.benchmarks import large_server
from tests.benchmarks.course import Course
from tests.benchmarks.measurement import Kind, Measurement, in_turn
from tests.benchmarks.usage_cold import AGAINST, KEY, QUERY, Usage, counts, day_before, mean_of_few
from tests.gateway_server import GatewayServer
from tests.mariadb import installed

_NAME, _WHAT = "usage_server", "calls of a key in 24 h, from nothing, on MariaDB"
_BARS = {"10m": 40.0}
LARGEST = 10_000_000
"""Filling the server with more takes longer than all the rest."""


def measure(course: Course) -> list[Measurement]:
    """Measure on MariaDB, where there is one."""
    note = ""
    if course.rows > LARGEST:
        note = "measured at 10 million rows at most"
    elif not installed():
        note = "this machine has no MariaDB server"
    if note:
        return [Measurement(_NAME, _WHAT, AGAINST, "ms", Kind.FASTER, bar=_BARS.get(course.size), note=note)]
    with large_server.large_server() as server:
        course.tell(f"Filling a MariaDB server with {course.rows:,} calls")
        gateway = large_server.make(server, course.rows)
        try:
            return [_measure(course, gateway, datetime.now(UTC))]
        finally:
            gateway.close()


def _measure(course: Course, gateway: GatewayServer, as_of: datetime) -> Measurement:
    def ask() -> Usage:
        with closing(gateway.server.connect()) as connection, connection.cursor() as cursor:
            connection.select_db(gateway.name)
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
