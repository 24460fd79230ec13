"""The sample gateway on a MySQL or MariaDB server, for `keymon demo --mysql`.

Writes only into a database that holds no table at all, with a connection of its own; nothing of keymon that reads
a gateway ever uses it. As on a gateway, calls whose status is a text (network errors) are lost: strict servers
reject such rows.
"""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pymysql

from keymon import errors, server_errors
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
from keymon.demo_traffic import SimulatedCall, SimulatedGateway
from keymon.locations import ServerLocation
from keymon.masking import visible
from keymon.server_line import ServerLine
from keymon.tls import connection_arguments

_CONNECT_S, _ANSWER_S = 5.0, 60.0
_RIGHT_MISSING = {1044, 1142}
"""No right to the database, or to make a table in it."""
_NAMED = 3

_TABLE_NAMES = "SELECT table_name FROM information_schema.tables WHERE table_schema = database() ORDER BY table_name"

_TABLES = (
    """CREATE TABLE t_settings (
    id INT NOT NULL AUTO_INCREMENT, `key` VARCHAR(100) NOT NULL, value TEXT, description VARCHAR(255),
    created_at DATETIME, updated_at DATETIME, PRIMARY KEY (id), UNIQUE (`key`)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4""",
    """CREATE TABLE t_error_logs (
    id INT NOT NULL AUTO_INCREMENT, gemini_key VARCHAR(100), model_name VARCHAR(100), error_type VARCHAR(50),
    error_log TEXT, error_code INT, request_msg JSON, request_time DATETIME, PRIMARY KEY (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4""",
    """CREATE TABLE t_request_log (
    id INT NOT NULL AUTO_INCREMENT, request_time DATETIME, model_name VARCHAR(100), api_key VARCHAR(100),
    is_success BOOL NOT NULL, status_code INT, latency_ms INT, PRIMARY KEY (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4""",
)


@dataclass(slots=True)
class Written:
    """How many rows have been written."""

    settings: int = 0
    calls: int = 0
    errors: int = 0


class ServerDemo:
    """The sample gateway in the database that `connection` is to and that people know as `shown`.

    To be used within `opened`. `written` counts its rows.
    """

    def __init__(self, connection: Any, shown: str) -> None:  # noqa: ANN401 - the driver has no types
        self._connection = connection
        self._shown = shown
        self.written = Written()

    def create(self, now: datetime, hours: float = DENSE_HOURS, seed: int = DEMO_SEED) -> SimulatedGateway:
        """Create the tables, and fill them with a month of history up to `now` (aware); return the gateway.

        The rows are those of `create_demo`, but for the network errors, and are all written or none of them.
        Raises `DatabaseNotEmptyError` where there is any table.
        """
        self._check_that_it_is_empty()
        history = play_history(now, "mysql", hours, seed)
        for table in _TABLES:
            self._execute(table)
        calls = [call for call in history.calls if _is_kept(call)]
        self._execute("START TRANSACTION")
        self._insert(INSERT_SETTING, history.settings)
        self._insert(INSERT_CALL, [call_row(call) for call in calls])
        self._insert(INSERT_ERROR, [error_row(call) for call in history.failed])
        self._execute("COMMIT")
        self.written = Written(len(history.settings), len(calls), len(history.failed))
        return history.gateway

    def write(self, gateway: SimulatedGateway, until: datetime) -> None:
        """Write the calls that end until then (aware), one commit for each row as the gateway does."""
        for call in gateway.advance(until):
            if not call.success:
                self._execute(INSERT_ERROR, error_row(call))
                self.written.errors += 1
            if _is_kept(call):
                self._execute(INSERT_CALL, call_row(call))
                self.written.calls += 1

    def live(self, gateway: SimulatedGateway, calls: float = math.inf) -> None:
        """Write what has ended by now, and then calls as they end: so many at least, or until `KeyboardInterrupt`."""
        self.write(gateway, datetime.now(UTC))
        enough = self.written.calls + calls
        while self.written.calls < enough:
            time.sleep(PAUSE_S)
            self.write(gateway, datetime.now(UTC))

    def _check_that_it_is_empty(self) -> None:
        found = [name for (name,) in self._execute(_TABLE_NAMES)]
        if found:
            names = ", ".join([*found[:_NAMED], *(["…"] if len(found) > _NAMED else [])])
            raise errors.DatabaseNotEmptyError(database=self._shown, tables=visible(names))

    def _execute(self, sql: str, row: Sequence[object] = ()) -> list[Any]:
        with _told(self._shown), self._connection.cursor() as cursor:
            cursor.execute(_marked(sql), row)
            return list(cursor.fetchall())

    def _insert(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        with _told(self._shown), self._connection.cursor() as cursor:
            cursor.executemany(_marked(sql), rows)  # thousands of rows with each statement


@contextmanager
def opened(location: ServerLocation) -> Iterator[ServerDemo]:
    """Give what writes the sample gateway into the database at `location`.

    Raises `DatabaseError` and its kin, as do the methods of what is given.
    """
    line = ServerLine(location.host, location.port, location.socket, _CONNECT_S)
    connection = pymysql.connect(
        autocommit=True,
        read_timeout=_ANSWER_S,
        write_timeout=_ANSWER_S,
        program_name="keymon demo",
        defer_connect=True,
        **connection_arguments(location),
    )
    try:
        with _told(location.shown):
            connection.connect(line.open())
        yield ServerDemo(connection, location.shown)
    finally:
        if connection.open:
            connection.close()  # what has not been committed is undone
        line.close()


@contextmanager
def _told(shown: str) -> Iterator[None]:
    """Turn what the driver raises into our errors."""
    try:
        yield
    except server_errors.RAISED as error:
        found = server_errors.translated(error, shown, _ANSWER_S)
        if error.args and error.args[0] in _RIGHT_MISSING:
            raise errors.WritingRefusedError(**found.fields) from None
        raise found from None


def _is_kept(call: SimulatedCall) -> bool:
    return not isinstance(call.status, str)


def _marked(sql: str) -> str:
    """Return a statement with the driver's marks for values."""
    return sql.replace("?", "%s")
