"""Lets the n-th operation of a driver fail, at its outermost edge, with an error that the driver has.

Operations are counted over the whole life of a `Failing`: to connect, to send a statement, to read what comes of it.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pymysql
import pytest
from pymysql.connections import Connection, MySQLResult

MakeError = Callable[[], BaseException]


def sqlite_error(kind: type[sqlite3.Error], code: int, text: str) -> MakeError:
    """Return what makes an error as SQLite's driver does."""

    def make() -> BaseException:
        error = kind(text)
        error.sqlite_errorcode = code
        return error

    return make


SQLITE_ERRORS: dict[str, MakeError] = {
    "locked": sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_BUSY, "database is locked"),
    "disk I/O": sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_IOERR_READ, "disk I/O error"),
    "a read that ends too early": sqlite_error(
        sqlite3.OperationalError, sqlite3.SQLITE_IOERR_SHORT_READ, "disk I/O error"
    ),
    "malformed": sqlite_error(sqlite3.DatabaseError, sqlite3.SQLITE_CORRUPT, "database disk image is malformed"),
    "no database": sqlite_error(sqlite3.DatabaseError, sqlite3.SQLITE_NOTADB, "file is not a database"),
    "interrupted": sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_INTERRUPT, "interrupted"),
    "cannot be opened": sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_CANTOPEN, "unable to open database file"),
    "a hot journal": sqlite_error(
        sqlite3.OperationalError, sqlite3.SQLITE_READONLY_ROLLBACK, "attempt to write a readonly database"
    ),
    "schema changed": sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_SCHEMA, "database schema has changed"),
    "table gone": sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_ERROR, "no such table: t_request_log"),
    "no memory in SQLite": sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_NOMEM, "out of memory"),
    "no memory": MemoryError,
}


def server_error(code: int, text: str) -> MakeError:
    """Return what makes an error as the driver of servers does."""
    return lambda: pymysql.err.OperationalError(code, text)


SERVER_ERRORS: dict[str, MakeError] = {
    "lost": server_error(2013, "Lost connection to MySQL server during query"),
    "gone away": server_error(2006, "MySQL server has gone away"),
    "shutting down": server_error(1053, "Server shutdown in progress"),
    "killed": server_error(1927, "Connection was killed"),
    "interrupted": server_error(1317, "Query execution was interrupted"),
    "over the limit": server_error(1969, "Query execution was interrupted (max_statement_time exceeded)"),
    "over MySQL's limit": server_error(3024, "Query execution was interrupted, maximum statement time exceeded"),
    "a lock": server_error(1205, "Lock wait timeout exceeded; try restarting transaction"),
    "a deadlock": server_error(1213, "Deadlock found when trying to get lock"),
    "full": server_error(1040, "Too many connections"),
    "a right taken away": server_error(1142, "SELECT command denied to user 'reader'@'localhost' for table 'x'"),
    "crashed table": server_error(1194, "Table 't_request_log' is marked as crashed and should be repaired"),
    "packets out of order": lambda: pymysql.err.InternalError("Packet sequence number wrong - got 1 expected 2"),
    "reset": lambda: ConnectionResetError(104, "Connection reset by peer"),
    "no route": lambda: OSError(113, "No route to host"),
    "timed out": lambda: TimeoutError("timed out"),
    "half an answer": lambda: ValueError("not enough bytes"),
    "no memory": MemoryError,
}


@dataclass
class Failing:
    """Lets the operation number `at` fail with what `make` returns, the first being 1; 0 lets none fail.

    With `for_ever` all that follow fail, too, until `at` is set to 0.
    """

    make: MakeError
    at: int = 0
    for_ever: bool = False
    count: int = 0
    failed: int = 0

    def step(self) -> None:
        """Count an operation, and fail where it is its turn."""
        self.count += 1
        if self.at and (self.count == self.at or (self.for_ever and self.count > self.at)):
            self.failed += 1
            raise self.make()


@contextmanager
def failing_sqlite(failing: Failing) -> Iterator[None]:
    """Let SQLite's driver fail; the tests' own connections, which name no URI, do not."""

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, parameters: Any = (), /) -> "Cursor":  # noqa: ANN401 - as the driver says
            failing.step()
            return super().execute(sql, parameters)

        def fetchall(self) -> list[Any]:
            failing.step()
            return super().fetchall()

    class Driver(sqlite3.Connection):
        def cursor(self) -> Cursor:  # type: ignore[override]
            return super().cursor(Cursor)

    connect = sqlite3.connect

    def connect_failing(*arguments: Any, **options: Any) -> sqlite3.Connection:  # noqa: ANN401
        if not str(arguments[0]).startswith("file:"):
            return connect(*arguments, **options)  # type: ignore[no-any-return]
        failing.step()
        made: sqlite3.Connection = connect(*arguments, factory=Driver, **options)
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", connect_failing)
        yield


@contextmanager
def failing_server(failing: Failing) -> Iterator[None]:
    """Let the driver of servers fail for accounts other than the tests' own.

    It does so when a statement is sent, when its answer is read, and in the middle of the rows of that.
    """

    def with_step(kind: type, name: str) -> Callable[..., Any]:
        done = getattr(kind, name)

        def step_and_do(it: Any, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - it has no types
            driver = it if isinstance(it, Connection) else it.connection
            if driver.user != b"root" and not driver._closed:
                failing.step()
            return done(it, *arguments, **options)

        return step_and_do

    with pytest.MonkeyPatch.context() as patch:
        for kind, name in (
            (Connection, "_get_server_information"),
            (Connection, "_execute_command"),
            (Connection, "_read_query_result"),
            (MySQLResult, "_read_rowdata_packet"),
        ):
            patch.setattr(kind, name, with_step(kind, name))
        yield
