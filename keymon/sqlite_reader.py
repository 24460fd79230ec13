"""Reads an SQLite file, and never writes to it.

Three locks hold that shut: the file is opened with `mode=ro`, the connection is `query_only`, and an
authorizer refuses everything but reading (without it, ATTACH would still create files). The file itself is
never opened by keymon, only looked at: closing a second handle would drop SQLite's locks.

A database in WAL mode has two more files beside it while somebody writes. They are its writer's: whoever reads it
while they are not there would make them, and leave them behind.
"""

import os
import sqlite3
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy.dialects.sqlite import dialect

from keymon import errors
from keymon.masking import foreign
from keymon.words import mark

_INSTRUCTIONS_BETWEEN_CHECKS = 20_000
_CACHED_PAGES = 100
"""Pages are read once and in order: to keep more of them only costs time."""
_SMALLEST_PAGE = 512
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION}
_IN_USE, _AT_REST, _UNLOCKED = "readonly_shm=1", "immutable=1", "nolock=1"
"""How a file is opened: as its writers use it, never making their index in shared memory nor writing to it; as one that
nobody writes; to see whether it is in WAL mode, which SQLite refuses without locks before it makes anything."""


class SqliteReader:
    """One read-only connection to the SQLite file at `path`, to be used by one thread at a time.

    `shown` is how errors name it, `limit_s` how long a single read may take.
    """

    dialect: Final = dialect(paramstyle="named")
    commits_in_id_order: Final = True
    packs_rows: Final = True

    def __init__(self, path: Path, shown: str, limit_s: float) -> None:
        self._path = path
        self._shown = shown
        self._limit_s = limit_s
        self._deadline = 0.0
        self._driver: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._is_at_rest = False
        self._over = False

    def rows(self, sql: str, parameters: Mapping[str, object]) -> list[Any]:
        """Return all rows as SQLite gives them: tuples, in which times are text.

        Raises `DatabaseLockedError` where it may be tried again at once, other `DatabaseError`s after
        which the reader is to be closed, and `NotAGatewayError`.
        """
        if self._over:
            raise errors.ReadBrokenOffError(database=self._shown)
        status = self._look()
        has_wal = self._wal.exists()
        self._deadline = time.monotonic() + self._limit_s
        try:
            driver = self._driver or self._connect(status, has_wal)
            return self._fetched(driver, sql, parameters)
        except sqlite3.Error as error:
            if self._over:
                raise errors.ReadBrokenOffError(database=self._shown) from None
            raise self._translated(error) from None
        finally:
            if has_wal or self._is_at_rest:
                # An open connection would keep the last writer from taking its files away.
                self.close()

    def _fetched(self, driver: sqlite3.Connection, sql: str, parameters: Mapping[str, object]) -> list[Any]:
        if not self._is_at_rest:
            return self._leniently_fetched(driver, sql, parameters)
        before = self._look()
        try:
            return self._leniently_fetched(driver, sql, parameters)
        finally:
            # Without locks only this tells that somebody has begun to write meanwhile.
            if self._wal.exists() or _version(self._look()) != _version(before):
                raise errors.DatabaseLockedError(database=self._shown)

    def _leniently_fetched(self, driver: sqlite3.Connection, sql: str, parameters: Mapping[str, object]) -> list[Any]:
        try:
            return _all_rows(driver, sql, parameters)
        except sqlite3.OperationalError as error:
            if "decode" not in str(error):
                raise
        # Some text is not UTF-8. Decoding it leniently costs a call a value, so only this time.
        driver.text_factory = _lenient_text
        try:
            return _all_rows(driver, sql, parameters)
        finally:
            driver.text_factory = str

    def modified(self) -> datetime:
        """Return when the database was last written, UTC."""
        times = [self._look().st_mtime]
        with suppress(OSError):  # there is none, or its last writer has just taken it away
            times.append(self._wal.stat().st_mtime)
        return datetime.fromtimestamp(max(times), UTC)

    def replaced(self) -> bool:
        """Tell whether another file has taken the place of the one that has been read.

        Until that has been asked nothing is read of the other file.
        """
        known, self._identity = self._identity, _identity(self._look())
        return known is not None and known != self._identity

    def now(self) -> datetime:
        """Return this computer's time, UTC."""
        return datetime.now(UTC)

    def interrupt(self) -> None:
        """Break off a read that is under way and refuse any further one; callable from any thread."""
        self._over = True
        driver = self._driver
        if driver is not None:
            with suppress(sqlite3.ProgrammingError):  # it has just been closed
                driver.interrupt()

    def close(self) -> None:
        """Close the connection; the next read opens a new one."""
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.close()

    def _connect(self, status: os.stat_result, has_wal: bool) -> sqlite3.Connection:
        if self._identity not in {None, _identity(status)}:
            raise errors.DatabaseReplacedError(database=self._shown)
        self._identity = _identity(status)
        self._is_at_rest = not has_wal and self._is_in_wal_mode()
        driver = self._driver = self._opened(_AT_REST if self._is_at_rest else _IN_USE)
        return driver

    def _opened(self, how: str) -> sqlite3.Connection:
        # as_uri() quotes ? and #: a file named "a?mode=rwc" must not open for writing.
        driver = sqlite3.connect(
            f"{self._path.as_uri()}?mode=ro&{how}",
            uri=True,
            timeout=0,
            isolation_level=None,
            check_same_thread=False,  # it is interrupted, and closed, from wherever the application ends
        )
        try:
            driver.execute("PRAGMA query_only = ON")
            driver.execute(f"PRAGMA cache_size = {_CACHED_PAGES}")  # which looks into the file
        except sqlite3.Error:
            driver.close()
            raise
        driver.set_authorizer(_only_reading)
        driver.set_progress_handler(self._overdue, _INSTRUCTIONS_BETWEEN_CHECKS)
        return driver

    def _is_in_wal_mode(self) -> bool:
        try:
            self._opened(_UNLOCKED).close()
        except sqlite3.Error as error:  # whatever else is wrong is told by the read itself
            return getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_CANTOPEN
        return False

    @property
    def _wal(self) -> Path:
        return self._path.with_name(self._path.name + "-wal")

    def _overdue(self) -> bool:
        return self._over or time.monotonic() > self._deadline

    def _look(self) -> os.stat_result:
        """Look at the file without opening it; raise what is wrong with it."""
        path = self._path
        try:
            status = path.stat()
        except PermissionError:
            raise errors.DatabaseForbiddenError(database=self._shown) from None
        except (OSError, ValueError):
            raise self._absent() from None
        if not stat.S_ISREG(status.st_mode):
            raise errors.DatabaseNotAFileError(database=self._shown, what=_what(status.st_mode))
        if self._driver is None and not os.access(path, os.R_OK):
            raise errors.DatabaseForbiddenError(database=self._shown)
        if status.st_size == 0:
            raise errors.DatabaseEmptyError(database=self._shown)
        if status.st_size < _SMALLEST_PAGE:  # SQLite would take it for a database without tables
            raise errors.NotADatabaseError(database=self._shown)
        return status

    def _absent(self) -> errors.DatabaseError:
        with suppress(OSError, ValueError):
            if self._path.is_symlink():
                return errors.LinkBrokenError(database=self._shown)
        return errors.DatabaseAbsentError(database=self._shown)

    def _translated(self, error: sqlite3.Error) -> errors.KeymonError:
        """Return our error for one of the driver's. Messages of SQLite's hold names, never values."""
        code = getattr(error, "sqlite_errorcode", 0)
        known = _ERRORS_BY_CODE.get(code) or _ERRORS_BY_CODE.get(code & 0xFF)
        reason = foreign(str(error))
        if known is not None:
            return known(database=self._shown, reason=reason, seconds=self._limit_s)
        if code == sqlite3.SQLITE_CANTOPEN and self._wal.exists():
            return errors.WalIndexMissingError(database=self._shown)
        what, _, name = reason.partition(": ")
        if what in _MISSING:
            return _MISSING[what](database=self._shown, name=name)
        return errors.DatabaseUnreadableError(database=self._shown, reason=reason)


def _all_rows(driver: sqlite3.Connection, sql: str, parameters: Mapping[str, object]) -> list[Any]:
    """Return the rows of a SELECT; whatever happens, nothing of it is open afterwards.

    Where fetching fails half way, as without memory, the cursor would live on in the traceback, and with it a lock
    that keeps the gateway from writing.
    """
    cursor = driver.cursor()
    try:
        return cursor.execute(sql, parameters).fetchall()
    finally:
        cursor.close()


_MISSING = {"no such table": errors.TableMissingError, "no such column": errors.ColumnMissingError}
_ERRORS_BY_CODE: dict[int, type[errors.KeymonError]] = {
    sqlite3.SQLITE_BUSY: errors.DatabaseLockedError,
    sqlite3.SQLITE_LOCKED: errors.DatabaseLockedError,
    sqlite3.SQLITE_INTERRUPT: errors.DatabaseTimeoutError,
    sqlite3.SQLITE_NOTADB: errors.NotADatabaseError,
    sqlite3.SQLITE_CORRUPT: errors.DatabaseDamagedError,
    sqlite3.SQLITE_IOERR: errors.DatabaseDamagedError,
    sqlite3.SQLITE_READONLY_ROLLBACK: errors.HotJournalError,
    # The index of a write-ahead log is being made by its writer.
    sqlite3.SQLITE_READONLY: errors.DatabaseLockedError,
    sqlite3.SQLITE_PERM: errors.DatabaseForbiddenError,
}


def _only_reading(action: int, _1: str | None, _2: str | None, _3: str | None, _4: str | None) -> int:
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY


def _lenient_text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _version(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _what(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return mark("a folder")
    if stat.S_ISSOCK(mode):
        return mark("a socket")
    return mark("a pipe") if stat.S_ISFIFO(mode) else mark("a device")
