"""Loading a day of a million calls, against the driver that fetches the same rows and does nothing with them.

keymon rests between chunks so that a gateway can commit; that is in its time. The first figures come before all is
loaded: how long that takes is measured against the complete load.
"""

import sqlite3
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC

from keymon.call_log import CallLog
from keymon.database import Database
from keymon.followed_log import follow_log
from keymon.gateway_clock import GatewayClock
from keymon.gateway_settings import read_settings
from keymon.locations import location_of
from keymon.monitor import PAUSE_S, Monitor
from keymon.stats import DAY
from tests.benchmarks.course import Course
from tests.benchmarks.gateways import MILLION_A_DAY, Gateway
from tests.benchmarks.measurement import Kind, Measurement, in_turn

_BAR = 2.0
_ROUNDS = 3
_CHUNK = 4_000
_COLUMNS = "id, request_time, model_name, api_key, status_code, latency_ms"
_FIRST_PATIENCE_S = 0.6
"""As the window's poller has it: then it shows what it has, and goes on for twice as long, and so on."""


def measure(course: Course) -> list[Measurement]:
    """Measure the load, the load up to the verdicts, and the wait for the first figures."""
    gateway = course.gateways.get(MILLION_A_DAY)
    rounds = course.rounds_or(_ROUNDS)
    fetch, how = _faster_fetch(gateway)
    rows: list[Measurement] = []
    against = f"the driver alone, {how}"
    for name, what, read, bar in (
        ("load", "loading a million calls", _load, _BAR),
        ("load_verdicts", "the same, until the verdicts of all keys", _load_verdicts, None),
    ):
        baseline, keymon = in_turn(rounds, _timed(fetch, gateway), _timed(read, gateway))
        rows.append(Measurement(name, what, against, "ms", Kind.RATIO, keymon, baseline, bar))
    first, complete = zip(*(_as_the_window(gateway) for _ in range(2 * rounds)), strict=True)
    what, against = "first figures of a million calls", "all figures, with what is shown on the way"
    rows.append(Measurement("first_figures", what, against, "ms", Kind.RATIO, first, complete))
    return rows


def _faster_fetch(gateway: Gateway) -> tuple[Callable[[Gateway], None], str]:
    """Return the faster way to fetch, and its name: the baseline is to be a strong one."""
    ways = {"fetchmany": _fetch_by_cursor, "by ranges of ids": _fetch_by_ranges}
    times = {how: statistics.median(_timed(fetch, gateway)() for _ in range(3)) for how, fetch in ways.items()}
    how = min(times, key=times.__getitem__)
    return ways[how], how


def _timed(read: Callable[[Gateway], None], gateway: Gateway) -> Callable[[], float]:
    def run() -> float:
        begin = time.perf_counter()
        read(gateway)
        return (time.perf_counter() - begin) * 1000

    return run


def _fetch_by_cursor(gateway: Gateway) -> None:
    with closing(sqlite3.connect(f"{gateway.path.as_uri()}?mode=ro", uri=True)) as connection:
        cursor = connection.execute(f"SELECT {_COLUMNS} FROM t_request_log WHERE id > 0 AND id <= ?", (2**62,))
        fetched = 0
        while rows := cursor.fetchmany(_CHUNK):
            fetched += len(rows)
    _check(fetched)


def _fetch_by_ranges(gateway: Gateway) -> None:
    with closing(sqlite3.connect(f"{gateway.path.as_uri()}?mode=ro", uri=True)) as connection:
        sql = f"SELECT {_COLUMNS} FROM t_request_log WHERE id > ? AND id <= ?"
        fetched = 0
        while rows := connection.execute(sql, (fetched, fetched + _CHUNK)).fetchall():
            fetched += len(rows)
    _check(fetched)


def _load(gateway: Gateway) -> None:
    """Load the window as a monitor does, and nothing else."""
    database = Database(location_of(gateway.path))
    history = read_settings(database).history
    as_of = gateway.made_at
    since = as_of - max(DAY, history)
    followed = follow_log(CallLog(database), GatewayClock(UTC, "set"), history, since, as_of, None, as_of)
    while not followed.is_loaded:
        followed.load_on()
        time.sleep(PAUSE_S)
    _check(len(followed.window.calls))
    database.close()


def _load_verdicts(gateway: Gateway) -> None:
    monitor = _monitor(gateway)
    snapshot = monitor.refresh(patience=3600)
    monitor.close()
    _check(sum(figures.calls_24h.total for figures in snapshot.keys))
    if not any(figures.verdict for figures in snapshot.keys):
        raise AssertionError("no verdicts")


def _as_the_window(gateway: Gateway) -> tuple[float, float]:
    """Return after how many ms the first figures are there, and all."""
    begin = time.perf_counter()
    monitor = _monitor(gateway)
    patience = _FIRST_PATIENCE_S
    snapshot = monitor.refresh(patience)
    first = time.perf_counter() - begin
    while snapshot.loading is not None:
        patience *= 2
        snapshot = monitor.refresh(patience)
    complete = time.perf_counter() - begin
    monitor.close()
    return first * 1000, complete * 1000


def _monitor(gateway: Gateway) -> Monitor:
    return Monitor(location_of(gateway.path), UTC, now=gateway.stopped_clock)


def _check(calls: int) -> None:
    if calls != MILLION_A_DAY.rows:
        raise AssertionError(f"{calls:,} calls were read instead of {MILLION_A_DAY.rows:,}")
