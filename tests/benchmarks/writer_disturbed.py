"""Does keymon disturb the gateway? A writer alone and under keymon, in turn, on the same large file.

keymon is the program itself in a process of its own, drawing offscreen: `keymon --db FILE --gateway-tz UTC`. It is
started anew for each stretch of writing, so that its first load is in it, and is told to end by SIGTERM. What the
writer lost is not taken from its word: each row holds its number, and the rows are counted afterwards.
"""

import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from tests.benchmarks.course import Course
from tests.benchmarks.measurement import Kind, Measurement, in_turn
from tests.benchmarks.writer import Written

_RATE = 50
_ROUNDS = 3
_BAR = 1.3
_END_S = 20


def measure(course: Course) -> list[Measurement]:
    """Measure stretches of writing in turn."""
    stretches = _Stretches(course)
    try:
        in_turn(course.rounds_or(_ROUNDS), stretches.alone, stretches.followed)
    finally:
        stretches.clean_up()
    return [*_latencies(stretches.without, stretches.with_keymon), _lost(stretches)]


class _Stretches:
    """Writes, and keeps how that went."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._path = course.gateway.path
        self._before = _last_id(self._path)
        self.without: list[Written] = []
        self.with_keymon: list[Written] = []
        self.missing = {"alone": 0, "followed": 0}

    def alone(self) -> float:
        """Write with nobody reading; return the 90th percentile in ms."""
        self.without.append(self._write("alone"))
        return p90(self.without[-1].latencies_ms)

    def followed(self) -> float:
        """Write while keymon follows; return the 90th percentile in ms."""
        with keymon_following(self._path):
            self.with_keymon.append(self._write("followed"))
        return p90(self.with_keymon[-1].latencies_ms)

    def _write(self, how: str) -> Written:
        before = _last_id(self._path)
        amount = str(_RATE), str(self._course.seconds)
        command = [sys.executable, "-m", "tests.benchmarks.writer", str(self._path), *amount]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        written = Written(tuple(told["latencies_ms"]), told["lost"])
        self.missing[how] += missing_rows(self._path, before, len(written.latencies_ms))
        self._course.tell(f"  {how}: p90 {p90(written.latencies_ms):.1f} ms, worst {max(written.latencies_ms):.0f} ms")
        return written

    def clean_up(self) -> None:
        """Leave the database as it was."""
        with closing(sqlite3.connect(self._path, isolation_level=None, timeout=_END_S)) as connection:
            connection.execute("DELETE FROM t_request_log WHERE id > ?", (self._before,))


@contextmanager
def keymon_following(path: Path) -> Iterator[None]:
    """Run keymon on a database, and end it; fail where it did not read all the while."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": folder}
        command = [sys.executable, "-m", "keymon", "--db", str(path), "--gateway-tz", "UTC"]
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as program:
            try:
                yield
                if program.poll() is not None or not _has_open(program.pid, path):
                    raise AssertionError("keymon does not read the database")
            finally:
                program.send_signal(signal.SIGTERM)
                try:
                    _, complaints = program.communicate(timeout=_END_S)
                except subprocess.TimeoutExpired:
                    program.kill()
                    raise
            if program.returncode != 0 or "Traceback" in complaints:
                raise AssertionError(f"keymon ended with {program.returncode}: {complaints}")


def _has_open(process: int, path: Path) -> bool:
    """Tell whether a process has a file open; taken for granted where the system does not show it."""
    folder = Path(f"/proc/{process}/fd")
    if not folder.is_dir():
        return True
    return any(os.path.realpath(link) == str(path.resolve()) for link in folder.iterdir())


def _last_id(path: Path) -> int:
    with closing(sqlite3.connect(path, timeout=_END_S)) as connection:
        return int(connection.execute("SELECT max(id) FROM t_request_log").fetchone()[0])


def missing_rows(path: Path, before: int, attempted: int) -> int:
    """Return how many of the rows with the numbers 0 to `attempted` are not above the id `before`."""
    with closing(sqlite3.connect(path, timeout=_END_S)) as connection:
        found = connection.execute("SELECT latency_ms FROM t_request_log WHERE id > ?", (before,)).fetchall()
    numbers = [number for (number,) in found]
    if len(set(numbers)) != len(numbers):
        raise AssertionError("rows were written twice")
    return len(set(range(attempted)) - set(numbers))


def p90(values: Sequence[float]) -> float:
    """Return the 90th percentile."""
    return statistics.quantiles(values, n=10)[-1]


def _latencies(without: Sequence[Written], with_keymon: Sequence[Written]) -> Iterator[Measurement]:
    figures: tuple[tuple[str, str, Callable[[Sequence[float]], float], float | None], ...] = (
        ("writer_p50", "median commit of a gateway", statistics.median, None),
        ("writer_p90", "90th percentile of its commits", p90, _BAR),
        ("writer_worst", "its worst commit", max, None),
    )
    for name, what, figure, bar in figures:
        baseline = tuple(figure(written.latencies_ms) for written in without)
        keymon = tuple(figure(written.latencies_ms) for written in with_keymon)
        yield Measurement(name, what, "nobody reads", "ms", Kind.RATIO, keymon, baseline, bar)
    keymon, baseline = (
        (p90([ms for written in side for ms in written.latencies_ms]),) for side in (with_keymon, without)
    )
    what = "90th percentile of all commits together"
    yield Measurement("writer_p90_pooled", what, "nobody reads", "ms", Kind.RATIO, keymon, baseline)


def _lost(stretches: _Stretches) -> Measurement:
    lost, lost_alone = stretches.missing["followed"], stretches.missing["alone"]
    rows = sum(len(written.latencies_ms) for written in stretches.with_keymon)
    told = sum(written.lost for written in stretches.with_keymon)
    note = f"of {rows:,} rows under keymon; the writer itself knows of {told}"
    values = ((float(lost),), (float(lost_alone),))
    return Measurement("writer_lost", "rows the gateway lost", "nobody reads", "rows", Kind.VALUE, *values, 0.0, note)
