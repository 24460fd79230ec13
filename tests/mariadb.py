"""A MariaDB server of our own, for tests and measurements: a temporary folder, a free port, no configuration."""

import os
import random
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pymysql
from pymysql.connections import Connection

READER, READER_PASSWORD = "reader", "reader-canary"
"""The account that keymon is given: it may read a gateway's tables."""
OPERATOR, OPERATOR_PASSWORD = "operator", "operator-canary"
"""An account that may do everything."""

_SERVER = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin:/usr/local/sbin")
_INSTALLER = shutil.which("mariadb-install-db") or shutil.which("mysql_install_db")
_PORTS = range(20_000, 30_000)
_PAUSE_S = 0.02
_PATIENCE_S = 60


def installed() -> bool:
    """Tell whether this machine has MariaDB's server."""
    return bool(_SERVER and _INSTALLER)


@contextmanager
def mariadb(*options: str) -> Iterator["MariaDb"]:
    """Run a server with these further options of `mariadbd`; nothing of it is left afterwards."""
    # Not pytest's folder: the path of a socket may have no more than some 100 characters.
    with tempfile.TemporaryDirectory(prefix="mariadb-", ignore_cleanup_errors=True) as folder:
        server = MariaDb(Path(folder), options)
        try:
            server.start()
            yield server
        finally:
            server.stop()


class MariaDb:
    """A server; `port` is on 127.0.0.1. Its own zone is eight hours east, so that zones cannot be mixed up unseen."""

    def __init__(self, folder: Path, options: Sequence[str] = ()) -> None:
        self.socket = folder / "socket"
        self.port = _free_port()
        self._data = folder / "data"
        self._log = folder / "log"
        self._temporary = folder / "tmp"
        self._temporary.mkdir()
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._run(str(_INSTALLER), "--auth-root-authentication-method=normal", "--skip-test-db")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = (
            f"--socket={self.socket}",
            f"--port={self.port}",
            f"--pid-file={self._data / 'pid'}",
            f"--tmpdir={self._temporary}",  # a server that starts clears what seems to have been left in its own
            "--bind-address=127.0.0.1",
            "--default-time-zone=+08:00",
            "--innodb-buffer-pool-size=64M",
            "--innodb-flush-log-at-trx-commit=0",
            "--skip-log-bin",
            *self._options,
        )
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([str(_SERVER), *self._common(), *options], stdout=log, stderr=log)
        with closing(self._first_connection(self._process)) as connection, connection.cursor() as cursor:
            for account, password in ((READER, READER_PASSWORD), (OPERATOR, OPERATOR_PASSWORD)):
                cursor.execute(f"CREATE USER IF NOT EXISTS {account} IDENTIFIED BY '{password}'")
            cursor.execute(f"GRANT ALL ON *.* TO {OPERATOR}")

    def stop(self) -> None:
        """Stop the server and wait for its end."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def kill(self) -> None:
        """End the server as a crash does: no connection is ended by it, nothing is written down."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Stop the server and start it again, at the same place and with the same data."""
        self.stop()
        self.start()

    def connect(self) -> Connection:
        """Return a connection as root, which commits every statement at once."""
        # Not by the socket: where nobody listens the driver would forget to close its own end of it.
        # And not encrypted: the driver would load the system's certificates each time, which takes long.
        return Connection(
            host="127.0.0.1", port=self.port, user="root", charset="utf8mb4", autocommit=True, ssl_disabled=True
        )

    def _first_connection(self, process: subprocess.Popen[bytes]) -> Connection:
        for _ in range(int(_PATIENCE_S / _PAUSE_S)):
            try:
                return self.connect()
            except pymysql.OperationalError:
                try:
                    process.wait(_PAUSE_S)
                except subprocess.TimeoutExpired:
                    continue
                break
        raise RuntimeError(f"MariaDB does not start:\n{self._log.read_text(errors='replace')[-3000:]}")

    def _common(self) -> tuple[str, ...]:
        as_root = ("--user=root",) if os.geteuid() == 0 else ()
        return ("--no-defaults", f"--datadir={self._data}", *as_root)

    def _run(self, program: str, *options: str) -> None:
        done = subprocess.run(
            [program, *self._common(), *options],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "TMPDIR": str(self._temporary)},  # of two that share one, each clears the other's
        )
        if done.returncode:
            raise RuntimeError(f"{program} fails:\n{done.stdout}{done.stderr}")


def _free_port() -> int:
    """Return a port that nobody has; of those that connections are given, one may take it while its server is away."""
    for port in random.SystemRandom().sample(_PORTS, len(_PORTS)):
        with socket.socket() as free, suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no port is free")
