"""Reads a gateway's database, whatever kind it is of.

Only SELECT leaves keymon. Every read is fetched whole and has a deadline, so no read transaction outlives its
call. What is particular to a kind of database is in its reader: `sqlite_reader`, `server_reader`.
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy import Dialect, Table

from keymon import errors
from keymon.locations import FileLocation, Location, ServerLocation
from keymon.prepared import Statement, prepared
from keymon.schema import is_spared, request_log, without
from keymon.sqlite_reader import SqliteReader
from keymon.stages import Told, untold

LOCK_PATIENCE_S = 1.0
"""How long a read waits for somebody else's lock before it gives up this time."""
_LOCK_PAUSE_S = 0.002
READ_LIMIT_S = 3.0
"""How long a single read may take. Each is bounded, so more is a broken disk, and the gateway waits 5 s only."""

_Result = TypeVar("_Result")


class Reader(Protocol):
    """What a kind of database must be able to do for `Database`, which describes the rest of its methods."""

    @property
    def dialect(self) -> Dialect: ...  # noqa: D102
    @property
    def commits_in_id_order(self) -> bool: ...  # noqa: D102
    @property
    def packs_rows(self) -> bool: ...  # noqa: D102

    def rows(self, sql: str, parameters: Mapping[str, object]) -> list[Any]:
        """Return all rows of one SELECT. Raises `DatabaseLockedError` where it may be tried again at once."""
        ...

    def modified(self) -> datetime | None: ...  # noqa: D102
    def replaced(self) -> bool: ...  # noqa: D102
    def now(self) -> datetime: ...  # noqa: D102
    def interrupt(self) -> None: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


class Database:
    """One read-only connection to a gateway's database, to be used by one thread at a time.

    Opens lazily; after a read that failed the next one starts on a new connection. `told` hears of the stages of
    connecting to a server. Raises `DatabaseError` and its kin, never an error of the driver's.
    """

    def __init__(self, location: Location, told: Told = untold) -> None:
        self.location = location
        self._told = told
        self._reader = _reader(location, told)
        self._has_read = False
        self._missing: frozenset[str] = frozenset()

    @property
    def missing(self) -> frozenset[str]:
        """The columns, named with their tables, that have been found missing and are read as unknown."""
        return self._missing

    @property
    def shown(self) -> str:
        """The database as a person may see it: no password in it."""
        return self.location.shown

    @property
    def is_server(self) -> bool:
        """Whether it is on a server, not in a file."""
        return isinstance(self.location, ServerLocation)

    @property
    def commits_in_id_order(self) -> bool:
        """Whether rows appear in the order of their ids; on a server a row may appear after one with a larger id."""
        return self._reader.commits_in_id_order

    @property
    def packs_rows(self) -> bool:
        """Whether it has SQLite's functions that pack many rows as JSON."""
        return self._reader.packs_rows

    def fetch(self, statement: Statement, **values: object) -> list[Any]:
        """Return all rows of a SELECT as the driver gives them (tuples); `values` fill its parameters.

        Times are text as the database writes them, and need not be times at all. The statement should be a
        constant of its module (it is compiled once and kept) and must bound its own result: nothing is left
        open behind this call. A column that is missing and can be spared is NULL in all rows.
        """
        given = {name: _whole_characters(value) for name, value in values.items()}
        sql, parameters = prepared(statement, self._reader.dialect, given)
        while True:
            try:
                return self._rows(without(self._missing, sql), parameters)
            except errors.ColumnMissingError as error:
                column = str(error.fields["name"])
                if column in self._missing or not is_spared(column):
                    raise
                self._missing |= {column}
            except errors.TableMissingError as error:
                if self._has_read and error.fields["name"] == request_log.name:
                    raise errors.CallsNotLoggedError(**error.fields) from None
                raise

    def expect_all_columns(self, table: Table) -> None:
        """Read the columns of `table` that were missing again: a newer gateway may have made them."""
        self._missing = frozenset(one for one in self._missing if not one.startswith(f"{table.name}."))

    def _rows(self, sql: str, parameters: Mapping[str, object]) -> list[Any]:
        patience = time.monotonic() + LOCK_PATIENCE_S
        while True:
            try:
                rows = self._reader.rows(sql, parameters)
            except errors.DatabaseLockedError:
                if time.monotonic() > patience:
                    self.close()
                    raise
            except errors.NotAGatewayError:
                raise  # the connection is as sound as before
            except BaseException:
                self.close()  # even for want of memory: what is left of an answer would be taken for the next one
                raise
            else:
                self._has_read = True
                return rows
            # A busy gateway leaves gaps of milliseconds between its commits: look for one often. SQLite's
            # own busy handler soon looks only ten times a second, and on a slow disk finds none.
            time.sleep(_LOCK_PAUSE_S)

    def again_if_lost(self, read: Callable[[], _Result]) -> _Result:
        """Return what `read` returns; call it once more, at once, where a connection that had worked is lost.

        A server ends connections that have been idle for long, and all of them when it is restarted. `read` must
        be a whole train of thought: the next connection may lead to another server, after a failover, so what has
        been found out by the one before counts no more. The same goes for a file that another one has taken the
        place of.
        """
        had_read = self._has_read
        try:
            return read()
        except errors.DatabaseReplacedError:
            pass
        except errors.ServerLostError:
            if not had_read:
                raise
        return read()

    def relocate(self, location: Location) -> None:
        """Read at `location` from now on."""
        self._reader.close()
        self.location = location
        self._reader = _reader(location, self._told)
        self._has_read = False

    def modified(self) -> datetime | None:
        """Return when the log was last written, UTC; None where a server does not know, as after its start."""
        return self._reader.modified()

    def now(self) -> datetime:
        """Return the time, UTC, by the clock of the computer that the database is on, as far as it can be asked."""
        return self._reader.now()

    def replaced(self) -> bool:
        """Tell whether another file has taken the place of the one that has been read.

        Until that has been asked nothing is read of the other file.
        """
        return self._reader.replaced()

    def interrupt(self) -> None:
        """Break off a read that is under way and refuse any further one; callable from any thread."""
        self._reader.interrupt()

    def close(self) -> None:
        """Close the connection; the next read opens a new one."""
        self._has_read = False
        self._reader.close()


def _whole_characters(value: object) -> object:
    """Return a text that can be sent: half a character, as JSON and command lines may hold, is in no database."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "backslashreplace").decode()
    return value


def _reader(location: Location, told: Told) -> Reader:
    if isinstance(location, FileLocation):
        return SqliteReader(location.path, location.shown, READ_LIMIT_S)
    from keymon.server_reader import ServerReader  # the driver takes time to load, and most do without

    return ServerReader(location, READ_LIMIT_S, told)
