"""Where a gateway's database is, and reading it, whatever kind it is of.

Only SELECT leaves keymon. Every read is fetched whole and has a deadline, so no read transaction outlives its
call. What is particular to a kind of database is in its reader: `sqlite_reader`, `server_reader`.
"""

import logging
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import unquote

from dotenv import dotenv_values
from sqlalchemy import URL, Dialect, make_url
from sqlalchemy.exc import ArgumentError

from keymon import errors
from keymon.masking import mask_url, visible
from keymon.prepared import Statement, prepared
from keymon.sqlite_reader import SqliteReader

LOCK_PATIENCE_S = 1.0
"""How long a read waits for somebody else's lock before it gives up this time."""
_LOCK_PAUSE_S = 0.002
READ_LIMIT_S = 3.0
"""How long a single read may take. Each is bounded, so more is a broken disk, and the gateway waits 5 s only."""

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class FileLocation:
    """Where a gateway's SQLite file is. `shown` is fit for a person."""

    path: Path
    shown: str


@dataclass(frozen=True, slots=True)
class ServerLocation:
    """Where a gateway's MySQL or MariaDB database is. `shown` is fit for a person: it holds no password."""

    url: URL = field(repr=False)
    shown: str


Location = FileLocation | ServerLocation


def locate(text: str) -> FileLocation:
    """Return the location that a path or a `sqlite:///` URL names.

    Raises `UnsupportedDatabaseError` for URLs of other kinds.
    """
    scheme, separator, rest = text.partition("://")
    if not separator:
        return location_of(Path(text))
    if scheme.partition("+")[0] != "sqlite":
        raise errors.UnsupportedDatabaseError(
            database=mask_url(text), reason="this version of keymon reads SQLite gateways only"
        )
    if not rest.startswith("/") or rest == "/":
        raise errors.UnsupportedDatabaseError(
            database=mask_url(text), reason="write sqlite:///relative/path or sqlite:////absolute/path"
        )
    return location_of(_sqlite_path(rest))


def _sqlite_path(rest: str) -> Path:
    """Return the path in what follows `sqlite://`. A name may hold ? # % itself: an existing file wins."""
    literal = Path(rest[1:])
    with suppress(OSError):  # the name is too long to be one
        if literal.exists():
            return literal
    return Path(unquote(rest[1:].partition("?")[0]))


def locate_by_env(env_file: Path) -> FileLocation:
    """Return the location of the database of the gateway whose `.env` this is.

    Raises `EnvFileError` or `UnsupportedDatabaseError`.
    """
    logging.getLogger("dotenv").setLevel(logging.ERROR)  # it would complain on standard error by itself
    try:
        values = dotenv_values(env_file, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise errors.EnvFileError(path=visible(str(env_file)), reason=_plain(error)) from None
    if not env_file.is_file():
        raise errors.EnvFileError(path=visible(str(env_file)), reason="there is no such file")
    kind = (values.get("DATABASE_TYPE") or "mysql").strip().lower()
    if kind != "sqlite":
        reason = f"its gateway uses {visible(kind, 20)}; this version of keymon reads SQLite gateways only"
        raise errors.EnvFileError(path=visible(str(env_file)), reason=reason)
    name = (values.get("SQLITE_DATABASE") or "default_db").strip()
    return location_of(env_file.parent / "data" / name)


def location_of(path: Path) -> FileLocation:
    """Return the location of an SQLite file."""
    path = path.expanduser().absolute()
    return FileLocation(path, visible(f"sqlite:///{os.path.normpath(path)}", 400))


def server_location(text: str) -> ServerLocation:
    """Return the location that a URL of a server names: `mysql://user:password@host:port/database`.

    The server's socket may be named instead of host and port: `?unix_socket=/run/mysqld/mysqld.sock`.
    Raises `UnsupportedDatabaseError`, whose message holds no password.
    """
    refused = errors.UnsupportedDatabaseError(
        database=mask_url(text), reason="write mysql://user:password@host:port/database"
    )
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # its port may be no number
        raise refused from None
    if url.get_backend_name() not in {"mysql", "mariadb"} or not url.database:
        raise refused
    place = URL.create("mysql", url.username, None, url.host, url.port, url.database)
    return ServerLocation(url, visible(str(place) + _socket_of(url), 400))


def _socket_of(url: URL) -> str:
    return f"?unix_socket={url.query['unix_socket']}" if "unix_socket" in url.query else ""


def _plain(error: Exception) -> str:
    return (error.strerror or "unreadable").lower() if isinstance(error, OSError) else "is not text in UTF-8"


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

    Opens lazily; after any error the next read starts on a new connection. Raises `DatabaseError` and its
    kin, never an error of the driver's.
    """

    def __init__(self, location: Location) -> None:
        self.location = location
        self._reader = _reader(location)
        self._has_read = False

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
        open behind this call.
        """
        sql, parameters = prepared(statement, self._reader.dialect, values)
        patience = time.monotonic() + LOCK_PATIENCE_S
        while True:
            try:
                rows = self._reader.rows(sql, parameters)
            except errors.DatabaseLockedError:
                if time.monotonic() > patience:
                    self.close()
                    raise
            except errors.KeymonError:
                self.close()
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
        been found out by the one before counts no more.
        """
        had_read = self._has_read
        try:
            return read()
        except errors.ServerLostError:
            if not had_read:
                raise
        return read()

    def modified(self) -> datetime | None:
        """Return when the log was last written, UTC; None where a server does not know, as after its start."""
        return self._reader.modified()

    def now(self) -> datetime:
        """Return the time, UTC, by the clock of the computer that the database is on, as far as it can be asked."""
        return self._reader.now()

    def replaced(self) -> bool:
        """Tell whether another file has taken the place of the one that was read last."""
        return self._reader.replaced()

    def interrupt(self) -> None:
        """Break off a read that is under way and refuse any further one; callable from any thread."""
        self._reader.interrupt()

    def close(self) -> None:
        """Close the connection; the next read opens a new one."""
        self._has_read = False
        self._reader.close()


def _reader(location: Location) -> Reader:
    if isinstance(location, FileLocation):
        return SqliteReader(location.path, location.shown, READ_LIMIT_S)
    from keymon.server_reader import ServerReader  # the driver takes time to load, and most do without

    return ServerReader(location.url, location.shown, READ_LIMIT_S)
