"""The calls per model of one key in 24 hours: keymon from nothing, against the query that the gateway itself asks.

keymon opens the database, reads the settings, finds where the day begins in a log without an index, makes sure
of it, reads the key's calls and counts them; the query scans the log. Both must find the same.
"""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta

from keymon.call_log import CallLog
from keymon.database import Database
from keymon.gateway_clock import GatewayClock
from keymon.gateway_settings import read_settings
from keymon.key_usage import read_usage
from keymon.locations import location_of
from keymon.monitor import Monitor
from keymon.stats import ModelCalls
from tests.benchmarks.course import Course
from tests.benchmarks.gateways import Gateway
from tests.benchmarks.measurement import Kind, Measurement, Side, in_turn
from tests.gateway_file import key

KEY = key(7)
QUERY = (
    "SELECT model_name, count(id) FROM t_request_log"
    " WHERE api_key = ? AND request_time >= ? AND model_name IS NOT NULL GROUP BY model_name"
)
AGAINST = "the gateway's own query"
BARS = {"10m": 60.0, "50m": 70.0}
_RUNS = 5
"""Runs of keymon that make one value: they are so much shorter than the query."""

Usage = dict[str | None, int]


def measure(course: Course) -> list[Measurement]:
    """Measure on SQLite."""
    gateway = course.gateway
    expected = ask_gateway(gateway)
    rounds = course.rounds_or(6 if course.rows <= 10_000_000 else 4)
    query = mean_of_few(lambda: ask_gateway(gateway), expected, 1)
    baseline, cold = in_turn(rounds, query, mean_of_few(lambda: _cold(gateway), expected))
    rows = [
        Measurement(
            "usage_cold", "calls of a key in 24 h, from nothing", AGAINST, "ms", Kind.FASTER, cold, baseline,
            BARS.get(course.size),
        )
    ]  # fmt: skip
    reader = _Reader(gateway)
    try:
        baseline, read = in_turn(rounds, query, mean_of_few(reader.read, expected))
    finally:
        reader.close()
    rows.append(Measurement("usage_reader", "the same, database open", AGAINST, "ms", Kind.FASTER, read, baseline))
    return rows


def mean_of_few(read: Callable[[], Usage], expected: Usage, runs: int = _RUNS) -> Side:
    """Return what measures `read` once: the mean of a few runs, in ms. A wrong answer raises `AssertionError`."""

    def run() -> float:
        begin = time.perf_counter()
        answers = [read() for _ in range(runs)]
        took = (time.perf_counter() - begin) * 1000 / runs
        for answer in answers:
            if answer != expected or not expected:
                raise AssertionError(f"different answers: {answer} instead of {expected}")
        return took

    return run


def ask_gateway(gateway: Gateway) -> Usage:
    """Ask what the gateway asks, on a connection of its own."""
    with closing(sqlite3.connect(gateway.path)) as connection:
        since = f"{day_before(gateway.made_at):%Y-%m-%d %H:%M:%S.%f}"
        return dict(connection.execute(QUERY, (KEY, since)).fetchall())


def day_before(instant: datetime) -> datetime:
    """Return the naive time 24 hours before, as a gateway in UTC stores it."""
    return instant.astimezone(UTC).replace(tzinfo=None) - timedelta(days=1)


def counts(usage: tuple[ModelCalls, ...]) -> Usage:
    """Return keymon's answer in the form of the query's."""
    return {model.model: model.calls.total for model in usage}


def _cold(gateway: Gateway) -> Usage:
    monitor = Monitor(location_of(gateway.path), UTC, month=False, now=gateway.stopped_clock)
    try:
        return counts(monitor.usage(KEY).usage)
    finally:
        monitor.close()


class _Reader:
    """Reads the key's calls by a connection that is open, with settings that are known."""

    def __init__(self, gateway: Gateway) -> None:
        self._database = Database(location_of(gateway.path))
        self._log = CallLog(self._database)
        self._settings = read_settings(self._database)
        self._as_of = gateway.made_at
        self.read()

    def read(self) -> Usage:
        clock = GatewayClock(UTC, "set")
        stats = read_usage(self._log, self._settings, KEY, clock, self._as_of)
        if stats is None:
            raise AssertionError("the short way was not taken")
        return counts(stats.usage(KEY))

    def close(self) -> None:
        self._database.close()
