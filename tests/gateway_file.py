"""Gateway databases for tests: real SQLite files, laid out as a gateway lays them out."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from keymon.locations import FileLocation, location_of
from tests.gateway import Gateway

_TABLES = """
CREATE TABLE t_settings (
    id INTEGER NOT NULL, "key" VARCHAR(100) NOT NULL, value TEXT, description VARCHAR(255),
    created_at DATETIME, updated_at DATETIME, PRIMARY KEY (id), UNIQUE ("key"));
CREATE TABLE t_error_logs (
    id INTEGER NOT NULL, gemini_key VARCHAR(100), model_name VARCHAR(100), error_type VARCHAR(50),
    error_log TEXT, error_code INTEGER, request_msg JSON, request_time DATETIME, PRIMARY KEY (id));
CREATE TABLE t_request_log (
    id INTEGER NOT NULL, request_time DATETIME, model_name VARCHAR(100), api_key VARCHAR(100),
    is_success BOOLEAN NOT NULL, status_code INTEGER, latency_ms INTEGER, PRIMARY KEY (id));
"""


def key(number: int) -> str:
    """Return a made-up key of the usual form."""
    return f"AIzaSyTEST{'x' * 25}{number:04}"


class GatewayFile(Gateway):
    """A gateway's SQLite file."""

    text_statuses = ("All connection attempts failed", "")
    last_id = 2**63 - 1

    def __init__(self, path: Path, keys: Sequence[str] = (), **settings: str) -> None:
        self.path = path
        self.connection = self._connect()
        self.connection.executescript(_TABLES)
        self.configure(keys, **settings)

    @property
    def location(self) -> FileLocation:
        """Where keymon finds it."""
        return location_of(self.path)

    def execute(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        """Run a statement in which each ? stands for a value; return its rows."""
        return self.connection.execute(sql, [_stored(value) for value in values]).fetchall()

    def calls(self, rows: Sequence[Sequence[object]]) -> None:
        """Log rows of (id, request_time, model_name, api_key, is_success, status_code, latency_ms)."""
        self.connection.execute("BEGIN")
        stored = ((row_id, _stored(at), *rest) for row_id, at, *rest in rows)
        self.connection.executemany("INSERT INTO t_request_log VALUES (?, ?, ?, ?, ?, ?, ?)", stored)
        self.connection.execute("COMMIT")

    def errors(self, rows: Sequence[Sequence[object]]) -> None:
        """Log (gemini_key, model_name, error_type, error_log, error_code, request_msg, request_time) of failures."""
        self.connection.execute("BEGIN")
        stored = ((None, *rest, _stored(at)) for *rest, at in rows)
        self.connection.executemany("INSERT INTO t_error_logs VALUES (?, ?, ?, ?, ?, ?, ?, ?)", stored)
        self.connection.execute("COMMIT")

    def empty_log(self) -> None:
        """Remove all calls; ids begin at 1 again."""
        self.execute("DELETE FROM t_request_log")

    def take_the_place_of(self, path: Path) -> None:
        """Put this database where another one is, as a restored backup is."""
        self.connection.close()
        self.path = self.path.replace(path)
        self.connection = self._connect()

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=5, check_same_thread=False)
        connection.execute("PRAGMA synchronous = off")  # no test outlives a loss of power
        return connection


def _stored(value: object) -> object:
    """Return a value as a gateway stores it: times are text."""
    return f"{value:%Y-%m-%d %H:%M:%S.%f}" if isinstance(value, datetime) else value
