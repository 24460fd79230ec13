"""Gateways' databases on a MariaDB server for tests, laid out as a gateway lays them out there."""

import itertools
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from keymon.database import ServerLocation, server_location
from tests.mariadb import OPERATOR, OPERATOR_PASSWORD, READER, READER_PASSWORD, MariaDb

_TABLES = (
    """CREATE TABLE t_settings (
    id INT NOT NULL AUTO_INCREMENT, `key` VARCHAR(100) NOT NULL, value TEXT, description VARCHAR(255),
    created_at DATETIME, updated_at DATETIME, PRIMARY KEY (id), UNIQUE (`key`))""",
    """CREATE TABLE t_error_logs (
    id INT NOT NULL AUTO_INCREMENT, gemini_key VARCHAR(100), model_name VARCHAR(100), error_type VARCHAR(50),
    error_log TEXT, error_code INT, request_msg JSON, request_time DATETIME, PRIMARY KEY (id))""",
    """CREATE TABLE t_request_log (
    id INT NOT NULL AUTO_INCREMENT, request_time DATETIME, model_name VARCHAR(100), api_key VARCHAR(100),
    is_success BOOL NOT NULL, status_code INT, latency_ms INT, PRIMARY KEY (id))""",
)
_numbers = itertools.count(1)


class GatewayServer:
    """A gateway's database that a test fills, as `GatewayFile`; every statement is committed at once."""

    def __init__(self, server: MariaDb, keys: Sequence[str] = (), name: str | None = None, **settings: str) -> None:
        self.server = server
        self.name = f"gateway_{next(_numbers)}" if name is None else name
        self.connection: Any = server.connect()
        self.execute(f"CREATE DATABASE {self.name} CHARACTER SET utf8mb4")
        self.connection.select_db(self.name)
        for table in _TABLES:
            self.execute(table)
        for name in ("t_settings", "t_error_logs", "t_request_log"):
            self.execute(f"GRANT SELECT ON {self.name}.{name} TO {READER}")
        self.setting("API_KEYS", json.dumps(list(keys)))
        self.setting("AUTH_TOKEN", "sk-canary-token")
        for name, value in settings.items():
            self.setting(name, value)

    @property
    def location(self) -> ServerLocation:
        """Where keymon finds it, with an account that may read its tables."""
        return self.location_for(READER, READER_PASSWORD)

    @property
    def location_for_operator(self) -> ServerLocation:
        """The same with an account that may do everything."""
        return self.location_for(OPERATOR, OPERATOR_PASSWORD)

    def location_for(self, account: str, password: str) -> ServerLocation:
        """Return the location with another account."""
        return self.location_at(self.server.port, account, password)

    def location_at(self, port: int, account: str = READER, password: str = READER_PASSWORD) -> ServerLocation:
        """Return the location where it is reached by another port."""
        return server_location(f"mysql://{account}:{password}@127.0.0.1:{port}/{self.name}")

    def execute(self, sql: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[Any]:
        """Run a statement as root; return its rows."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())

    def setting(self, name: str, value: object) -> None:
        """Store a setting."""
        self.remove_setting(name)
        self.execute("INSERT INTO t_settings (`key`, value) VALUES (%s, %s)", (name, value))

    def remove_setting(self, name: str) -> None:
        """Remove a setting's row."""
        self.execute("DELETE FROM t_settings WHERE `key` = %s", (name,))

    def call(
        self,
        api_key: object,
        at: datetime | str | None,
        model: object = "gemini-2.5-flash",
        status: object = 200,
        latency_ms: object = 1000,
        row_id: int | None = None,
    ) -> None:
        """Log a call that started at `at`, the gateway's naive local time; MariaDB keeps whole seconds."""
        self.calls([(row_id, at, model, api_key, status == 200, status, latency_ms)])

    def calls(self, rows: Sequence[tuple[object, ...]]) -> None:
        """Log rows of (id, request_time, model_name, api_key, is_success, status_code, latency_ms)."""
        with self.connection.cursor() as cursor:
            cursor.executemany("INSERT INTO t_request_log VALUES (%s, %s, %s, %s, %s, %s, %s)", rows)

    def error(self, api_key: str, at: datetime | str, text: str, code: int = 500) -> None:
        """Log the text of a failed call."""
        self.execute(
            "INSERT INTO t_error_logs (gemini_key, error_log, error_code, request_time) VALUES (%s, %s, %s, %s)",
            (api_key, text, code, at),
        )

    def restart(self) -> None:
        """Restart the server, which every connection to it is lost by."""
        self.server.restart()
        self.reconnect()

    def reconnect(self) -> None:
        """Connect again to a server that has been started again."""
        self.connection.close()
        self.connection = self.server.connect()
        self.connection.select_db(self.name)

    def copied_to(self, server: MariaDb) -> "GatewayServer":
        """Return a copy on another server, as replication leaves one there: under the same name, with the same ids."""
        copy = GatewayServer(server, name=self.name)
        for table in ("t_settings", "t_error_logs", "t_request_log"):
            copy.execute(f"DELETE FROM {table}")
            if rows := self.execute(f"SELECT * FROM {table}"):
                places = ", ".join(["%s"] * len(rows[0]))
                with copy.connection.cursor() as cursor:
                    cursor.executemany(f"INSERT INTO {table} VALUES ({places})", rows)
        return copy

    def close(self) -> None:
        """Remove the database and close the connection."""
        self.execute(f"DROP DATABASE {self.name}")
        self.connection.close()
