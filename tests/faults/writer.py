"""A gateway that writes while keymon is in trouble: its own process, one commit a call, and what is locked out is lost.

Each row carries a number, in `latency_ms`, so that afterwards the log can be held against what was written. Run as
`python -m tests.faults.writer PATH-OR-PORT/NAME CALLS-A-SECOND MOST`; it ends when its standard input does, or after
as many calls as `MOST`, and then prints JSON.
"""

import json
import select
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.gateway import Gateway

WRITER_KEY = "AIzaSyWRITER00000000000000000000000000w"
"""The key of the calls that it logs."""
_PATIENCE_S = 5.0
"""How long a gateway waits for a lock before it gives a row up."""
_INSERT = (
    "INSERT INTO t_request_log (request_time, model_name, api_key, is_success, status_code, latency_ms)"
    " VALUES (?, 'gemini-2.5-flash', ?, 1, 200, ?)"
)


@dataclass
class Written:
    """How many calls it made, and the numbers of those that it could not log."""

    calls: int = 0
    lost: list[int] = field(default_factory=list)


class RunningWriter:
    """A writer's process. `end` stops it and returns what it wrote."""

    def __init__(self, place: str, rate: float, most: int) -> None:
        command = [sys.executable, "-m", "tests.faults.writer", place, str(rate), str(most)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
        )
        self._written: Written | None = None
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "writing\n"

    def wait(self) -> Written:
        """Wait until it has written as much as it was to."""
        return self._finish(stop=False)

    def end(self) -> Written:
        """Stop it."""
        return self._finish(stop=True)

    @property
    def is_at_work(self) -> bool:
        """Whether it goes on writing."""
        return self._process.poll() is None

    def _finish(self, stop: bool) -> Written:
        if self._written is None:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            if stop:
                self._process.stdin.close()
            told = self._process.stdout.read()
            self._process.stdin.close()
            self._process.stdout.close()
            assert self._process.wait(60) == 0
            self._written = Written(**json.loads(told))
        return self._written


@contextmanager
def writing(place: str, rate: float = 50.0, most: int = 1_000_000) -> Iterator[RunningWriter]:
    """Let a writer log calls at `place` (a file, or `port/name` of a server), at most as many a second as `rate`."""
    writer = RunningWriter(place, rate, most)
    try:
        yield writer
    finally:
        writer.end()


def lost_rows(gateway: Gateway, written: Written) -> list[int]:
    """Return the numbers of the calls that are missing in the log, whatever the writer thinks of them.

    A row that is there twice, or that was never written, fails an assertion.
    """
    rows = gateway.execute("SELECT latency_ms FROM t_request_log WHERE api_key = ? ORDER BY id", (WRITER_KEY,))
    found = [number for (number,) in rows]
    assert found == sorted(set(found))
    assert set(found) <= set(range(written.calls))
    return sorted(set(range(written.calls)) - set(found))


def write(place: str, rate: float, most: int) -> Written:
    """Log calls until standard input ends."""
    insert, close = _opened(place)
    written = Written()
    print("writing", flush=True)
    begin = time.monotonic()
    while written.calls < most:
        due_s = begin + written.calls / rate - time.monotonic()
        if select.select([sys.stdin], [], [], max(due_s, 0))[0]:
            break
        if not insert(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}", written.calls):
            written.lost.append(written.calls)
        written.calls += 1
    close()
    return written


def _opened(place: str) -> tuple[Callable[[str, int], bool], Callable[[], None]]:
    """Return what logs a call and tells whether it is logged, and what ends it."""
    port, _, name = place.partition("/")
    if not port.isdigit():
        file = sqlite3.connect(place, timeout=_PATIENCE_S, isolation_level=None)
        # Of a loss of power this tells nothing; the locks are the same.
        file.execute("PRAGMA synchronous = off")
        return lambda at, n: _into(lambda: file.execute(_INSERT, (at, WRITER_KEY, n)), sqlite3.Error), file.close
    import pymysql

    server = pymysql.connect(
        host="127.0.0.1", port=int(port), user="root", database=name, autocommit=True, ssl_disabled=True
    )
    sql = _INSERT.replace("?", "%s")

    def insert(at: str, n: int) -> bool:
        with server.cursor() as cursor:
            return _into(lambda: cursor.execute(sql, (at, WRITER_KEY, n)), pymysql.Error)

    return insert, server.close


def _into(execute: Callable[[], object], kind: type[Exception]) -> bool:
    try:
        execute()
    except kind:
        return False
    return True


if __name__ == "__main__":
    print(json.dumps(vars(write(sys.argv[1], float(sys.argv[2]), int(sys.argv[3])))))
