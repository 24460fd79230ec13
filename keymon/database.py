"""Opens a gateway's database read-only, and turns what drivers complain about into errors for people.

Only SELECT leaves keymon. On SQLite three locks hold that shut: the file is opened with `mode=ro`, the
connection is `query_only`, and an authorizer refuses everything but reading (without it, ATTACH would still
create files). The file itself is never opened by keymon, only looked at: closing a second handle would drop
SQLite's locks. Every read is fetched whole and has a deadline, so no read transaction outlives its call.
"""

import logging
import os
import sqlite3
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from dotenv import dotenv_values
from sqlalchemy import CursorResult, Executable, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from keymon import errors
from keymon.masking import mask_text, mask_url, visible

LOCK_PATIENCE_S = 1.0
"""How long a read waits for somebody else's lock before it gives up this time."""
_LOCK_PAUSE_S = 0.002
READ_LIMIT_S = 3.0
"""How long a single read may take. Each is bounded, so more is a broken disk, and the gateway waits 5 s only."""

_INSTRUCTIONS_BETWEEN_CHECKS = 20_000
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION}


@dataclass(frozen=True, slots=True)
class Location:
    """Where a gateway's database is. `shown` is fit for a person: it holds no password."""

    path: Path
    shown: str


def locate(text: str) -> Location:
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


def locate_by_env(env_file: Path) -> Location:
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


def location_of(path: Path) -> Location:
    """Return the location of an SQLite file."""
    path = path.expanduser().absolute()
    return Location(path, visible(f"sqlite:///{os.path.normpath(path)}", 400))


def _plain(error: Exception) -> str:
    return (error.strerror or "unreadable").lower() if isinstance(error, OSError) else "is not text in UTF-8"


class Database:
    """One read-only connection to a gateway's database, to be used by one thread at a time.

    Opens lazily; after any error the next read starts on a new connection. Raises `DatabaseError` and its
    kin, never an error of the driver's.
    """

    packs_rows = True
    """Whether it can pack many rows as JSON."""
    commits_in_id_order = True
    """Whether a row that appears later always has a larger id."""

    def __init__(self, location: Location) -> None:
        self.location = location
        self._deadline = 0.0
        self._driver: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._over = False
        self._engine = create_engine("sqlite://", creator=self._connect, poolclass=StaticPool, hide_parameters=True)

    @property
    def shown(self) -> str:
        """The database as a person may see it: no password in it."""
        return self.location.shown

    def fetch(self, statement: Executable, **values: object) -> list[Any]:
        """Return all rows of a SELECT as the driver gives them (tuples); `values` fill its parameters.

        The statement must bound its own result: nothing is left open behind this call.
        """
        patience = time.monotonic() + LOCK_PATIENCE_S
        while True:
            if self._over:
                raise errors.ReadBrokenOffError(database=self.shown)
            self._look()
            self._deadline = time.monotonic() + READ_LIMIT_S
            try:
                return self._fetch(statement, values)
            except (DBAPIError, sqlite3.Error) as error:
                cause = error.orig if isinstance(error, DBAPIError) else error
                if not _is_busy(cause) or time.monotonic() > patience:
                    self.close()
                    raise self._translated(cause) from None
            # A busy gateway leaves gaps of milliseconds between its commits: look for one often. SQLite's
            # own busy handler soon looks only ten times a second, and on a slow disk finds none.
            time.sleep(_LOCK_PAUSE_S)

    def _fetch(self, statement: Executable, values: dict[str, object]) -> list[Any]:
        with self._engine.connect() as connection:
            try:
                return _all_rows(connection.execute(statement, values))
            except (DBAPIError, sqlite3.OperationalError) as error:
                if "decode" not in str(error) or self._driver is None:
                    raise
            # Some text is not UTF-8. Decoding it leniently costs a call a value, so only this time.
            self._driver.text_factory = _lenient_text
            try:
                return _all_rows(connection.execute(statement, values))
            finally:
                self._driver.text_factory = str

    def modified(self) -> datetime:
        """Return when the database was last written, UTC."""
        times = [self._look().st_mtime]
        with suppress(OSError):  # there is none, or its last writer has just taken it away
            times.append(self.location.path.with_name(self.location.path.name + "-wal").stat().st_mtime)
        return datetime.fromtimestamp(max(times), UTC)

    def replaced(self) -> bool:
        """Tell whether another file has taken the place of the one that was read last."""
        status = self._look()
        return self._identity is not None and self._identity != (status.st_dev, status.st_ino)

    def interrupt(self) -> None:
        """Break off a read that is under way and refuse any further one; callable from any thread."""
        self._over = True
        driver = self._driver
        if driver is not None:
            with suppress(sqlite3.ProgrammingError):  # it has just been closed
                driver.interrupt()

    def close(self) -> None:
        """Close the connection; the next read opens a new one."""
        self._driver = None
        self._engine.dispose()

    def _connect(self) -> sqlite3.Connection:
        status = self._look()
        # as_uri() quotes ? and #: a file named "a?mode=rwc" must not open for writing.
        driver = sqlite3.connect(
            self.location.path.as_uri() + "?mode=ro",
            uri=True,
            timeout=0,
            isolation_level=None,
            check_same_thread=False,  # the pool closes it from wherever the application ends
        )
        driver.execute("PRAGMA query_only = ON")
        driver.set_authorizer(_only_reading)
        driver.set_progress_handler(self._overdue, _INSTRUCTIONS_BETWEEN_CHECKS)
        self._driver = driver
        self._identity = (status.st_dev, status.st_ino)
        return driver

    def _overdue(self) -> bool:
        return self._over or time.monotonic() > self._deadline

    def _look(self) -> os.stat_result:
        """Look at the file without opening it; raise what is wrong with it."""
        path = self.location.path
        try:
            status = path.stat()
        except PermissionError:
            raise errors.DatabaseForbiddenError(database=self.shown) from None
        except (OSError, ValueError):
            raise errors.DatabaseAbsentError(database=self.shown) from None
        if not stat.S_ISREG(status.st_mode):
            raise errors.DatabaseNotAFileError(database=self.shown, what=_what(status.st_mode))
        if not os.access(path, os.R_OK):
            raise errors.DatabaseForbiddenError(database=self.shown)
        if status.st_size == 0:
            raise errors.DatabaseEmptyError(database=self.shown)
        return status

    def _translated(self, error: BaseException | None) -> errors.KeymonError:
        """Return our error for one of the driver's. Messages of SQLite's hold names, never values."""
        code = getattr(error, "sqlite_errorcode", 0)
        known = _ERRORS_BY_CODE.get(code) or _ERRORS_BY_CODE.get(code & 0xFF)
        reason = mask_text(visible(str(error)))
        if known is not None:
            return known(database=self.shown, reason=reason, seconds=READ_LIMIT_S)
        if reason.startswith(("no such table: ", "no such column: ")):
            return errors.NotAGatewayError(database=self.shown, reason=reason.replace("no such", "it has no"))
        return errors.DatabaseUnreadableError(database=self.shown, reason=reason)


_ERRORS_BY_CODE: dict[int, type[errors.KeymonError]] = {
    sqlite3.SQLITE_BUSY: errors.DatabaseLockedError,
    sqlite3.SQLITE_LOCKED: errors.DatabaseLockedError,
    sqlite3.SQLITE_INTERRUPT: errors.DatabaseTimeoutError,
    sqlite3.SQLITE_NOTADB: errors.NotADatabaseError,
    sqlite3.SQLITE_CORRUPT: errors.DatabaseDamagedError,
    sqlite3.SQLITE_IOERR: errors.DatabaseDamagedError,
    sqlite3.SQLITE_READONLY_ROLLBACK: errors.HotJournalError,
    sqlite3.SQLITE_READONLY: errors.FolderReadOnlyError,
    sqlite3.SQLITE_PERM: errors.DatabaseForbiddenError,
}


def _is_busy(error: BaseException | None) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _all_rows(result: CursorResult[Any]) -> list[Any]:
    # The driver's own rows: wrapping each in a row object doubles the time of a long read.
    return list(result.cursor.fetchall()) if result.cursor is not None else []


def _only_reading(action: int, name: str | None, value: str | None, _3: str | None, _4: str | None) -> int:
    if action in _ALLOWED:
        return sqlite3.SQLITE_OK
    # SQLAlchemy asks for this once a connection; asking, without a value, changes nothing.
    asks = action == sqlite3.SQLITE_PRAGMA and name == "read_uncommitted" and value is None
    return sqlite3.SQLITE_OK if asks else sqlite3.SQLITE_DENY


def _lenient_text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")


def _what(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a pipe" if stat.S_ISFIFO(mode) else "a device"
