"""Lets the n-th thing that keymon asks a database's driver for fail, at the driver itself."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pymysql
import pymysql.connections
import pytest

Raise = Callable[[], BaseException]


class Failing:
    """`asked` counts what the drivers are asked for; the `at`-th time they fail, and never again."""

    def __init__(self, error: Raise, at: int) -> None:
        self._error = error
        self._at = at
        self.asked = 0

    @property
    def has_failed(self) -> bool:
        """Whether it came to that."""
        return self.asked >= self._at

    def ask(self) -> None:
        """Count, and fail when it is time to."""
        self.asked += 1
        if self.asked == self._at:
            raise self._error()


def sqlite_error(code: int, text: str) -> Raise:
    """Return what makes an error of SQLite's."""

    def make() -> sqlite3.Error:
        error = (sqlite3.DatabaseError if code == sqlite3.SQLITE_CORRUPT else sqlite3.OperationalError)(text)
        error.sqlite_errorcode = code
        return error

    return make


@contextmanager
def failing_file(error: Raise, at: int) -> Iterator[Failing]:
    """Let opening a file, a statement, or the fetching of its rows fail."""
    failing, connect = Failing(error, at), sqlite3.connect

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, values: Any = ()) -> "Cursor":  # noqa: ANN401
            failing.ask()
            return super().execute(sql, values)

        def fetchall(self) -> list[object]:
            failing.ask()
            return super().fetchall()

    class Connection(sqlite3.Connection):
        def cursor(self) -> Cursor:  # type: ignore[override]
            return super().cursor(Cursor)

    def connecting(*arguments: Any, **options: Any) -> sqlite3.Connection:  # noqa: ANN401
        failing.ask()
        return connect(*arguments, factory=Connection, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", connecting)
        yield failing


@contextmanager
def failing_server(error: Raise, at: int) -> Iterator[Failing]:
    """Let a command to a server, the beginning of its answer, or its rows fail; the connection is lost with it."""
    failing = Failing(error, at)
    driver, result = pymysql.connections.Connection, pymysql.connections.MySQLResult
    say, hear, read = driver._execute_command, driver._read_query_result, result._read_rowdata_packet

    def asking(connection: pymysql.connections.Connection) -> None:
        if connection.user != b"root":
            try:
                failing.ask()
            except BaseException:
                connection._force_close()
                raise

    def saying(connection: pymysql.connections.Connection, command: int, sql: str | bytes) -> None:
        asking(connection)
        say(connection, command, sql)

    def hearing(connection: pymysql.connections.Connection, unbuffered: bool = False) -> object:
        asking(connection)
        return hear(connection, unbuffered)

    def reading(answer: pymysql.connections.MySQLResult) -> object:
        asking(answer.connection)
        return read(answer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(driver, "_execute_command", saying)
        patch.setattr(driver, "_read_query_result", hearing)
        patch.setattr(result, "_read_rowdata_packet", reading)
        yield failing
