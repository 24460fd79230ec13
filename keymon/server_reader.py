"""Reads a MySQL or MariaDB server, and never writes to it.

The session is read-only for the server itself, and every read is its own transaction that ends with it: an
open one would hold back the server's purge and queue each later write behind an ALTER. A read has a limit
that the server keeps, since a client that only stops waiting leaves its query running there. Results are
fetched whole: closing an unfinished server-side cursor would first drain it.
"""

import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

import pymysql
from pymysql.constants import FIELD_TYPE
from pymysql.converters import conversions
from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql

from keymon import errors, server_errors
from keymon.locations import ServerLocation
from keymon.masking import visible
from keymon.server_line import ServerLine
from keymon.stages import Told, untold
from keymon.tls import connection_arguments

_SOCKET_SLACK_S = 2.0
"""How much longer than the server's own limit we wait for its answer, so that it is the server that gives up."""
_UNKNOWN_VARIABLE = 1193
_SESSION = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY"
_MODIFIED = "SELECT update_time FROM information_schema.tables WHERE table_schema = %(name)s AND table_name = %(table)s"


class ServerReader:
    """One read-only session at `location`, to be used by one thread at a time.

    `limit_s` is how long a single read may take. `told` hears of the stages of connecting.
    """

    dialect: Final = MySQLDialect_pymysql(paramstyle="pyformat")
    commits_in_id_order: Final = False
    packs_rows: Final = False

    def __init__(self, location: ServerLocation, limit_s: float, told: Told = untold) -> None:
        self._location = location
        self._shown = location.shown
        self._limit_s = limit_s
        self._told = told
        self._driver: Any = None  # the driver has no types
        self._line: ServerLine | None = None
        self._over = False

    def rows(self, sql: str, parameters: Mapping[str, object]) -> list[Any]:
        """Return all rows as tuples, in which times are text, as on SQLite.

        Raises `DatabaseError`s after which the reader is to be closed, and `NotAGatewayError`.
        """
        if self._over:
            raise errors.ReadBrokenOffError(database=self._shown)
        try:
            if self._driver is None:
                self._connect()
            return self._fetched(sql, parameters)
        except server_errors.RAISED as error:
            if self._over:
                raise errors.ReadBrokenOffError(database=self._shown) from None
            raise server_errors.translated(error, self._shown, self._limit_s) from None

    def modified(self) -> datetime | None:
        """Return when the log was last written, UTC, to the second; None where the server does not know.

        It forgets with every restart.
        """
        values = {"name": self._location.url.database, "table": "t_request_log"}
        try:
            # Only here: elsewhere the zone of the session is left as the gateway's own sessions have it.
            self.rows("SET SESSION time_zone = '+00:00'", {})
            found = self.rows(_MODIFIED, values)
            self.rows("SET SESSION time_zone = DEFAULT", {})
        except BaseException:
            self.close()
            raise
        return _utc(found[0][0]) if found and found[0][0] is not None else None

    def now(self) -> datetime:
        """Return the server's time, UTC."""
        try:
            return _utc(self.rows("SELECT UTC_TIMESTAMP(6)", {})[0][0])
        except BaseException:
            self.close()
            raise

    def replaced(self) -> bool:
        """Tell that no other file can have taken the place of a server."""
        return False

    def interrupt(self) -> None:
        """Break off a read that is under way and refuse any further one; callable from any thread."""
        self._over = True
        if self._line is not None:
            self._line.break_off()

    def close(self) -> None:
        """Close the session; the next read opens a new one."""
        driver, self._driver = self._driver, None
        if driver is not None:
            with suppress(pymysql.Error):  # it never was open
                driver.close()
        if self._line is not None:
            self._line.close()

    def _connect(self) -> None:
        wait_s = self._limit_s + _SOCKET_SLACK_S
        self._driver = pymysql.connect(
            conv=_CONVERSIONS,
            autocommit=True,
            init_command=_SESSION,
            read_timeout=wait_s,
            write_timeout=wait_s,
            program_name="keymon",
            defer_connect=True,  # it is given a socket that can be interrupted while it connects
            **connection_arguments(self._location),
        )
        line = self._open_socket()
        try:
            self._driver.connect(line)
        except pymysql.Error as error:
            greeted = getattr(self._driver, "server_version", None)
            if greeted and not self._over and not server_errors.is_about_encryption(error):
                self._told("encryption", "TLS" if self._is_encrypted else "")
            raise
        self._told("encryption", self._encryption())
        self._limit()

    def _open_socket(self) -> socket.socket:
        """Return a socket that is connected to the server, or raise where `interrupt` has been called meanwhile."""
        location = self._location
        # What the driver notes itself where it opens the socket: nobody can listen there.
        self._driver._secure = bool(location.socket)
        self._line = ServerLine(location.host, location.port, location.socket, self._limit_s, self._told)
        if self._over:
            raise ConnectionAbortedError
        return self._line.open()

    @property
    def _is_encrypted(self) -> bool:
        return bool(self._driver._secure) and self._location.socket is None

    def _encryption(self) -> str:
        """Return how the connection is encrypted, empty where it is not."""
        line = self._driver._sock
        if not isinstance(line, ssl.SSLSocket):
            return ""
        return ", ".join(filter(None, (line.version(), (line.cipher() or ("",))[0])))

    def _limit(self) -> None:
        """Let the server itself end what takes too long. Servers too old for that are left to the socket."""
        version = self._fetched("SELECT VERSION()", {})[0][0]
        is_mariadb = "mariadb" in version.lower()
        self._told("login", f"{'MariaDB' if is_mariadb else 'MySQL'} {visible(version.partition('-')[0], 20)}")
        if is_mariadb:
            self._set("max_statement_time", self._limit_s)
        else:
            self._set("max_execution_time", int(self._limit_s * 1000))
            self._set("information_schema_stats_expiry", 0)  # else times of the last write are up to a day old

    def _set(self, variable: str, value: float) -> None:
        try:
            self._fetched(f"SET SESSION {variable} = {value}", {})
        except pymysql.Error as error:
            if error.args[0] != _UNKNOWN_VARIABLE:
                raise

    def _fetched(self, sql: str, parameters: Mapping[str, object]) -> list[Any]:
        with self._driver.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _number(text: str) -> int | float:
    """Return a sum or an average: a sum of whole numbers comes as a decimal, too."""
    return float(text) if "." in text else int(text)


_CONVERSIONS = {
    # Times stay text, as on SQLite: what is no time ('0000-00-00 00:00:00') is for the caller to judge.
    **{
        kind: convert
        for kind, convert in conversions.items()
        if kind not in {FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP}
    },
    FIELD_TYPE.DECIMAL: _number,
    FIELD_TYPE.NEWDECIMAL: _number,
}
