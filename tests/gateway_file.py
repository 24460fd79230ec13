"""Gateway databases for tests: real SQLite files, laid out as a gateway lays them out."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

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


class GatewayFile:
    """A gateway's database that a test fills; every statement is committed at once, as the gateway does."""

    def __init__(self, path: Path, keys: Sequence[str] = (), **settings: str) -> None:
        self.path = path
        self.connection = self._connect()
        self.connection.executescript(_TABLES)
        self.setting("API_KEYS", json.dumps(list(keys)))
        self.setting("AUTH_TOKEN", "sk-canary-token")
        for name, value in settings.items():
            self.setting(name, value)

    def setting(self, name: str, value: object) -> None:
        """Store a setting."""
        self.connection.execute("DELETE FROM t_settings WHERE key = ?", (name,))
        self.connection.execute("INSERT INTO t_settings (key, value) VALUES (?, ?)", (name, value))

    def remove_setting(self, name: str) -> None:
        """Remove a setting's row."""
        self.connection.execute("DELETE FROM t_settings WHERE key = ?", (name,))

    def call(
        self,
        api_key: object,
        at: datetime | str | None,
        model: object = "gemini-2.5-flash",
        status: object = 200,
        latency_ms: object = 1000,
        row_id: int | None = None,
    ) -> None:
        """Log a call that started at `at`, the gateway's naive local time."""
        self.calls([(row_id, _text(at), model, api_key, status == 200, status, latency_ms)])

    def calls(self, rows: Sequence[tuple[object, ...]]) -> None:
        """Log rows of (id, request_time, model_name, api_key, is_success, status_code, latency_ms)."""
        self.connection.execute("BEGIN")
        self.connection.executemany("INSERT INTO t_request_log VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        self.connection.execute("COMMIT")

    def error(self, api_key: str, at: datetime | str, text: str, code: int = 500) -> None:
        """Log the text of a failed call."""
        self.connection.execute(
            "INSERT INTO t_error_logs (gemini_key, error_log, error_code, request_time) VALUES (?, ?, ?, ?)",
            (api_key, text, code, _text(at)),
        )

    def take_the_place_of(self, path: Path) -> None:
        """Put this database where another one is, as a restored backup is."""
        self.connection.close()
        self.path = self.path.replace(path)
        self.connection = self._connect()

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, isolation_level=None, timeout=5, check_same_thread=False)


def _text(at: datetime | str | None) -> str | None:
    return f"{at:%Y-%m-%d %H:%M:%S.%f}" if isinstance(at, datetime) else at
