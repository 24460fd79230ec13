"""A living sample gateway: a database as a gateway writes it, and a writer that goes on writing it.

For `keymon --demo`, for tests and for screenshots: nobody should need a gateway of their own to see what
keymon does. This module and `demo_server` are the only ones of keymon that write a database, and they refuse to
write any table that they have not created themselves.
"""

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

from keymon.demo_history import (
    DEMO_SEED,
    DENSE_HOURS,
    INSERT_CALL,
    INSERT_ERROR,
    INSERT_SETTING,
    PAUSE_S,
    call_row,
    error_row,
    play_history,
)
from keymon.demo_traffic import SimulatedGateway
from keymon.errors import DemoRoomError
from keymon.masking import visible

_BUSY_SECONDS = 5.0

_TABLES = """
PRAGMA journal_mode = delete;
CREATE TABLE t_settings (
    id INTEGER NOT NULL, "key" VARCHAR(100) NOT NULL, value TEXT, description VARCHAR(255),
    created_at DATETIME, updated_at DATETIME, PRIMARY KEY (id), UNIQUE ("key")
);
CREATE TABLE t_error_logs (
    id INTEGER NOT NULL, gemini_key VARCHAR(100), model_name VARCHAR(100), error_type VARCHAR(50),
    error_log TEXT, error_code INTEGER, request_msg JSON, request_time DATETIME, PRIMARY KEY (id)
);
CREATE TABLE t_request_log (
    id INTEGER NOT NULL, request_time DATETIME, model_name VARCHAR(100), api_key VARCHAR(100),
    is_success BOOLEAN NOT NULL, status_code INTEGER, latency_ms INTEGER, PRIMARY KEY (id)
);
"""


def create_demo(path: Path, now: datetime, hours: float = DENSE_HOURS, seed: int = DEMO_SEED) -> SimulatedGateway:
    """Create a gateway's database at `path` with a month of history up to `now` (aware).

    The last `hours` are dense, the rest of the month thin. Returns the gateway, for a `DemoWriter` to go on
    with. Raises `FileExistsError` rather than touch a file that is there.
    """
    path.touch(exist_ok=False)
    history = play_history(now, "sqlite", hours, seed)
    with closing(_connect(path)) as connection:
        connection.executescript(_TABLES)
        connection.execute("BEGIN")
        connection.executemany(INSERT_SETTING, history.settings)
        connection.executemany(INSERT_CALL, map(call_row, history.calls))
        connection.executemany(INSERT_ERROR, map(error_row, history.failed))
        connection.execute("COMMIT")
    # The file looks as if its last call had just been logged: that is what gives a gateway's zone away.
    written = history.calls[-1].ended.timestamp()
    os.utime(path, (written, written))
    return history.gateway


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)


class DemoWriter:
    """Lets the sample gateway live on: a thread that logs its calls as they end, one commit for each.

    Like the real gateway, it loses a row that it cannot write within five seconds.
    """

    def __init__(self, path: Path, gateway: SimulatedGateway) -> None:
        self._path, self._gateway = path, gateway
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="demo gateway", daemon=True)
        self.written = 0
        """Calls written so far."""
        self.lost = 0
        """Calls lost because the database was locked."""

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """End the writing and wait for that; within a second, unless a reader holds the database."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def write(self, until: datetime) -> None:
        """Log the calls that end until then (aware)."""
        with closing(_connect(self._path)) as connection:
            self._write(connection, until)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        with closing(_connect(self._path)) as connection:
            while not self._stopping.wait(PAUSE_S):
                self._write(connection, datetime.now(UTC))

    def _write(self, connection: sqlite3.Connection, until: datetime) -> None:
        for call in self._gateway.advance(until):
            if self._stopping.is_set():
                return
            try:
                if not call.success:
                    connection.execute(INSERT_ERROR, error_row(call))
                connection.execute(INSERT_CALL, call_row(call))
            except sqlite3.OperationalError:
                self.lost += 1
            else:
                self.written += 1


class DemoGateway:
    """The sample gateway in a folder of its own, made by `open` and gone after `close`.

    With `living` its clients go on calling until then.
    """

    def __init__(self, *, living: bool = True, now: datetime | None = None) -> None:
        self._living, self._now = living, now
        self._folder: Path | None = None
        self._writer: DemoWriter | None = None

    def open(self) -> Path:
        """Create the database, and its writer where it lives; return its path. Raises `DemoRoomError`."""
        try:
            self._folder = Path(tempfile.mkdtemp(prefix="keymon-demo-"))
            path = self._folder / "gateway.db"
            gateway = create_demo(path, self._now or datetime.now(UTC))
        except (OSError, sqlite3.OperationalError) as error:
            place = self._folder or os.environ.get("TMPDIR") or "TMPDIR"
            self.close()
            reason = (error.strerror or "unwritable") if isinstance(error, OSError) else str(error)
            raise DemoRoomError(path=visible(str(place)), reason=reason.lower()) from None
        if self._living:
            self._writer = DemoWriter(path, gateway)
            self._writer.start()
        return path

    def close(self) -> None:
        """Stop the writer and remove the database."""
        if self._writer is not None:
            self._writer.stop()
            self._writer = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def __enter__(self) -> Path:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
