"""Processes that do to a gateway's file what a test cannot do itself: hold it, write to it, die over it.

Run as `python -m tests.faults.other_process WHAT PATH`; it says "ready" when that has been done, and goes away in
good order when its standard input ends.
"""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_CALL = (
    "INSERT INTO t_request_log (request_time, model_name, api_key, is_success, status_code, latency_ms)"
    " VALUES (?, 'gemini-2.5-flash', ?, 1, 200, 100)"
)
CALL_TIME = "2026-11-23 11:59:30.000000"
CALL_KEY = "AIzaSyTESTxxxxxxxxxxxxxxxxxxxxxxxxx0000"
"""The key of the calls that it logs: `key(0)` of the tests' gateways."""
MANY = 5_000


def lock(file: sqlite3.Connection) -> None:
    """Hold the file for itself alone, with a call that is about to be committed."""
    file.execute("BEGIN EXCLUSIVE")
    file.execute(_CALL, (CALL_TIME, CALL_KEY))


def spill(file: sqlite3.Connection) -> None:
    """Begin a transaction that is too large for memory, so that half of it stands in the file."""
    file.execute("PRAGMA cache_size = 5")
    file.execute("BEGIN")
    file.executemany(_CALL, [(CALL_TIME, CALL_KEY)] * MANY)


def append(file: sqlite3.Connection) -> None:
    """Log a call that stays in the write-ahead log."""
    file.execute("PRAGMA wal_autocheckpoint = 0")
    file.execute(_CALL, (CALL_TIME, CALL_KEY))


def rest(file: sqlite3.Connection) -> None:
    """Have the file open, as a gateway that nobody calls."""
    file.execute("SELECT count(*) FROM t_request_log").fetchall()


ACTS: dict[str, Callable[[sqlite3.Connection], None]] = {one.__name__: one for one in (lock, spill, append, rest)}


@contextmanager
def another_process(what: str, path: Path) -> Iterator[subprocess.Popen[str]]:
    """Let another process do something to the file until this ends; it may be killed meanwhile."""
    command = [sys.executable, "-m", __name__, what, str(path)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    with process:  # waits for it, and closes its pipes
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        assert process.stdin is not None
        process.stdin.close()


def die(what: str, path: Path) -> None:
    """Let another process be killed while it does something to the file."""
    with another_process(what, path) as process:
        process.kill()
        process.wait()


def main(what: str, path: str) -> None:
    """Do it."""
    file = sqlite3.connect(path, isolation_level=None)
    ACTS[what](file)
    print("ready", flush=True)
    sys.stdin.read()
    if file.in_transaction:
        file.execute("COMMIT")
    file.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
