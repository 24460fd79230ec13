"""A living sample gateway: a database as a gateway writes it, and a writer that goes on writing it.

For `keymon --demo`, for tests and for screenshots: nobody should need a gateway of their own to see what
keymon does. This is the only module of keymon that writes a database, and it refuses to write any that it
has not created itself. All keys and secrets in it are made up.

The same seed and time give the same database, so that a screenshot can be made again.
"""

import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from threading import Event, Thread
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from keymon.demo_traffic import GatewayRules, SimulatedCall, SimulatedGateway
from keymon.demo_upstream import MODELS, TEST_MODEL, DemoUpstream, busyness, error_body, make_keys

DEMO_ZONE = ZoneInfo("Asia/Shanghai")
DEMO_SEED = 20

_GEMINI_KEYS, _VERTEX_KEYS, _UNUSED_KEYS, _TWICE_IN_POOL = 46, 4, 2, 7
_HISTORY = timedelta(days=31)
_THIN_CALLS_PER_SECOND = 600 / 86_400
_DENSE_CALLS_PER_SECOND = 0.27
_LIVE_CALLS_PER_SECOND = 1.6
_ERROR_LOG_DAYS = 7
_PAUSE_SECONDS = 0.25
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
_INSERT_CALL = (
    "INSERT INTO t_request_log (request_time, model_name, api_key, is_success, status_code, latency_ms)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)
_INSERT_ERROR = (
    "INSERT INTO t_error_logs (gemini_key, model_name, error_type, error_log, error_code, request_msg, request_time)"
    " VALUES (?, ?, ?, ?, ?, 'null', ?)"
)
_INSERT_SETTING = 'INSERT INTO t_settings ("key", value, created_at, updated_at) VALUES (?, ?, ?, ?)'

_CallRow = tuple[str, str, str, bool, int | str | None, int]
_ErrorRow = tuple[str, str, str, str, int, str]


def create_demo(path: Path, now: datetime, hours: float = 26, seed: int = DEMO_SEED) -> SimulatedGateway:
    """Create a gateway's database at `path` with a month of history up to `now` (aware).

    The last `hours` are dense, the rest of the month thin. Returns the gateway, for a `DemoWriter` to go on
    with. Raises `FileExistsError` rather than touch a file that is there.
    """
    path.touch(exist_ok=False)
    random = Random(seed)  # noqa: S311 - the same seed must give the same sample
    keys = make_keys(random, _GEMINI_KEYS + _UNUSED_KEYS, "AIzaSyDEMO", 39)
    vertex_keys = make_keys(random, _VERTEX_KEYS, "AQ.Ab8RN6DEMO", 53)
    gateway = _gateway(seed, now, timedelta(hours=hours), keys[:_GEMINI_KEYS], vertex_keys)
    with closing(_connect(path)) as connection:
        connection.executescript(_TABLES)
        connection.execute("BEGIN")
        connection.executemany(_INSERT_SETTING, _settings(keys, vertex_keys, now - _HISTORY))
        history = list(gateway.advance(now))
        _insert_history(connection, history, now)
        connection.execute("COMMIT")
    # The file looks as if its last call had just been logged: that is what gives a gateway's zone away.
    written = history[-1].ended.timestamp()
    os.utime(path, (written, written))
    return gateway


def _gateway(
    seed: int, now: datetime, dense: timedelta, keys: tuple[str, ...], vertex_keys: tuple[str, ...]
) -> SimulatedGateway:
    def traffic(at: datetime) -> float:
        if at >= now:
            return _LIVE_CALLS_PER_SECOND
        level = _DENSE_CALLS_PER_SECOND if at >= now - dense else _THIN_CALLS_PER_SECOND
        return level * busyness(at, DEMO_ZONE)

    return SimulatedGateway(
        seed,
        now - _HISTORY,
        DEMO_ZONE,
        (*keys, keys[_TWICE_IN_POOL]),
        [(name, share) for name, share, _ in MODELS],
        DemoUpstream(DEMO_ZONE, keys, vertex_keys),
        traffic,
        GatewayRules(max_failures=3, test_model=TEST_MODEL),
        vertex_keys,
    )


def _settings(keys: Sequence[str], vertex_keys: Sequence[str], at: datetime) -> list[tuple[str, str, str, str]]:
    # The last keys were added after the gateway's start: it does not use them yet.
    pool = [*keys[:_GEMINI_KEYS], keys[_TWICE_IN_POOL], *keys[_GEMINI_KEYS:]]
    values = {
        "DATABASE_TYPE": "sqlite",
        "API_KEYS": json.dumps(pool),
        "VERTEX_API_KEYS": json.dumps(list(vertex_keys)),
        "AUTH_TOKEN": "sk-demo-not-a-secret",
        "ALLOWED_TOKENS": json.dumps(["sk-demo-not-a-secret"]),
        "BASE_URL": "https://generativelanguage.googleapis.com/v1beta",
        "MAX_FAILURES": "3",
        "MAX_RETRIES": "3",
        "TEST_MODEL": TEST_MODEL,
        "CHECK_INTERVAL_HOURS": "1",
        "TIMEZONE": DEMO_ZONE.key,
        "TIME_OUT": "300",
        "AUTO_DELETE_ERROR_LOGS_DAYS": str(_ERROR_LOG_DAYS),
    }
    stamp = _text(at.astimezone(DEMO_ZONE).replace(tzinfo=None))
    return [(name, value, stamp, stamp) for name, value in values.items()]


def _insert_history(connection: sqlite3.Connection, history: Sequence[SimulatedCall], now: datetime) -> None:
    kept_since = now - timedelta(days=_ERROR_LOG_DAYS)
    connection.executemany(_INSERT_CALL, map(_call_row, history))
    errors = (call for call in history if not call.success and call.started >= kept_since)
    connection.executemany(_INSERT_ERROR, map(_error_row, errors))


def _call_row(call: SimulatedCall) -> _CallRow:
    started = _text(call.request_time(DEMO_ZONE))
    return started, call.model, call.key, call.success, call.status, call.latency_ms


def _error_row(call: SimulatedCall) -> _ErrorRow:
    kind = "gemini-chat-stream" if call.streamed else "gemini-chat-non-stream"
    code = call.status if isinstance(call.status, int) else 500
    started = _text(call.request_time(DEMO_ZONE))
    return call.key, call.model, kind, error_body(call.status), code, started


def _text(local: datetime) -> str:
    return f"{local:%Y-%m-%d %H:%M:%S.%f}"


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
            while not self._stopping.wait(_PAUSE_SECONDS):
                self._write(connection, datetime.now(UTC))

    def _write(self, connection: sqlite3.Connection, until: datetime) -> None:
        for call in self._gateway.advance(until):
            if self._stopping.is_set():
                return
            try:
                if not call.success:
                    connection.execute(_INSERT_ERROR, _error_row(call))
                connection.execute(_INSERT_CALL, _call_row(call))
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
        """Create the database, and its writer where it lives; return its path."""
        self._folder = Path(tempfile.mkdtemp(prefix="keymon-demo-"))
        path = self._folder / "gateway.db"
        gateway = create_demo(path, self._now or datetime.now(UTC))
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
