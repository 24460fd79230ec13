"""Where a gateway's database is: what a path, a URL or a gateway's `.env` names.

A server's URL is `mysql://user:password@host:port/database`. Its query may hold `unix_socket`, and, in the words of
MySQL's own programs, `ssl_mode` and `ssl_ca`.
"""

import io
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import quote, unquote

from dotenv import dotenv_values
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from keymon.errors import EnvFileError, EnvKindError, UnsupportedDatabaseError
from keymon.known_secrets import remember_password
from keymon.masking import looks_like_account, mask_url, visible
from keymon.words import mark

TlsMode = Literal["disabled", "preferred", "required", "verify_ca", "verify_identity"]
"""How a connection is encrypted: not; where the server can; always; and with a certificate from a CA that is trusted;
and with one that was made for this host."""
TLS_MODES: tuple[TlsMode, ...] = get_args(TlsMode)
DEFAULT_PORT, LAST_PORT = 3306, 65_535

_FORM = mark("write mysql://user@host:port/database")
_UNNAMED = {
    ("MYSQL_USER",): mark("it does not say MYSQL_USER"),
    ("MYSQL_DATABASE",): mark("it does not say MYSQL_DATABASE"),
    ("MYSQL_USER", "MYSQL_DATABASE"): mark("it does not say MYSQL_USER and MYSQL_DATABASE"),
}
_TRUE = {"1", "true", "yes", "on"}
_MOST_OF_ENV = 1_000_000
"""Letters; a gateway's has some thousands."""


@dataclass(frozen=True, slots=True)
class FileLocation:
    """Where a gateway's SQLite file is. `shown` is fit for a person."""

    path: Path
    shown: str


@dataclass(frozen=True, slots=True)
class Tls:
    """Whether a connection is encrypted, and what the server has to prove; `ca` is a file, None the system's own."""

    mode: TlsMode = "preferred"
    ca: Path | None = None

    @property
    def is_verified(self) -> bool:
        """Whether the server has to show a certificate that is trusted."""
        return self.mode in {"verify_ca", "verify_identity"}


@dataclass(frozen=True, slots=True)
class ServerLocation:
    """Where a gateway's MySQL or MariaDB database is. `shown` is fit for a person: it holds no password.

    `url` has a query only where the server is reached by a socket of its own machine.
    """

    url: URL = field(repr=False)
    shown: str
    tls: Tls = field(default_factory=Tls)

    def __post_init__(self) -> None:
        # Wherever a password comes from: it is used by way of a place, and hidden from then on.
        if self.url.password:
            remember_password(str(self.url.password))

    @property
    def socket(self) -> str | None:
        """The path of the server's socket, None where it is reached by host and port."""
        found = self.url.query.get("unix_socket")
        return found if isinstance(found, str) else None

    @property
    def host(self) -> str:
        """The server's name or address."""
        return self.url.host or "localhost"

    @property
    def port(self) -> int:
        """The server's port."""
        return self.url.port or DEFAULT_PORT

    @property
    def account(self) -> str:
        """What a password belongs to: the account and where it is, whichever gateway is read there."""
        return f"{self.url.username or ''}@{self.socket or f'{self.host}:{self.port}'}"

    @property
    def lacks_password(self) -> bool:
        """Whether nothing is known of a password; one that is empty is known."""
        return self.url.password is None

    def with_password(self, password: str) -> "ServerLocation":
        """Return the same place for who has that password."""
        return replace(self, url=self.url.set(password=password))

    def text(self) -> str:
        """Return the URL that names this place, without a password."""
        query = dict(self.url.query)
        if self.tls.mode != ("preferred" if self.tls.ca is None else "verify_identity"):
            query["ssl_mode"] = self.tls.mode
        if self.tls.ca is not None:
            query["ssl_ca"] = str(self.tls.ca)
        bare = URL.create("mysql", self.url.username, None, self.url.host, self.url.port, self.url.database, query)
        return bare.render_as_string(hide_password=False)


Location = FileLocation | ServerLocation


def locate(text: str) -> Location:
    """Return the location that a path, a `sqlite:///` URL or the URL of a server names.

    Raises `UnsupportedDatabaseError`, whose message holds no password.
    """
    scheme, separator, rest = text.partition("://")
    if not separator:
        return _path_location(text)
    text, scheme = text.strip(), scheme.strip()
    kind = scheme.partition("+")[0].lower()
    if kind in {"mysql", "mariadb"}:
        return server_location(text)
    if kind != "sqlite":
        _remember_password_of(rest)
        raise UnsupportedDatabaseError(
            database=mask_url(text), reason="keymon reads SQLite, MySQL and MariaDB: a path, sqlite:/// or mysql://"
        )
    if not rest.startswith("/") or rest == "/":
        raise UnsupportedDatabaseError(
            database=mask_url(text), reason="write sqlite:///relative/path or sqlite:////absolute/path"
        )
    return location_of(_sqlite_path(rest))


def _path_location(text: str) -> FileLocation:
    path = at_home(Path(text))
    if not text or (looks_like_account(text) and not _exists(path)):
        # What is left of a URL that was cut off: a password is not to be shown as part of a path.
        _remember_password_of(text)
        raise UnsupportedDatabaseError(
            database=mask_url(text) or '""', reason="name a file, or write mysql://user@host:port/database"
        )
    return location_of(path)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # the name is too long to be one
        return False


def _sqlite_path(rest: str) -> Path:
    """Return the path in what follows `sqlite://`. A name may hold ? # % itself: an existing file wins."""
    literal = Path(rest[1:])
    if _exists(literal):
        return literal
    return Path(unquote(rest[1:].partition("?")[0]))


def location_of(path: Path) -> FileLocation:
    """Return the location of an SQLite file."""
    path = at_home(path).absolute()
    return FileLocation(path, visible(f"sqlite:///{os.path.normpath(path)}", 400))


def at_home(path: Path) -> Path:
    """Return `path` with the folder that a leading ~ stands for; as it is where nobody is called that."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def server_location(text: str) -> ServerLocation:
    """Return the location that a URL of a server names: `mysql://user:password@host:port/database`.

    The driver may be named, too (`mysql+pymysql://`); it makes no difference. Parameters that keymon does not know
    are passed over, but for those that look like encryption: nobody is to believe to be safe who is not.
    Raises `UnsupportedDatabaseError`, whose message holds no password.
    """
    scheme, _, rest = text.strip().partition("://")
    try:
        url = make_url(f"mysql://{_quoted(rest)}")
    except (ArgumentError, ValueError):  # its port may be no number
        raise UnsupportedDatabaseError(database=mask_url(text), reason=_FORM) from None
    if scheme.partition("+")[0].lower() not in {"mysql", "mariadb"} or not url.database:
        raise UnsupportedDatabaseError(database=mask_url(text), reason=_FORM)
    if url.port is not None and not 0 < url.port <= LAST_PORT:
        raise UnsupportedDatabaseError(database=mask_url(text), reason="its port is none: they go from 1 to 65535")
    if any("pass" in name.lower() or "pwd" in name.lower() for name in url.query):
        raise UnsupportedDatabaseError(
            database=mask_url(text), reason="a password is no parameter; write mysql://user@host:port/database"
        )
    query = {name: values[-1] if isinstance(values, tuple) else values for name, values in url.query.items()}
    socket = query.pop("unix_socket", None)
    try:
        tls = _tls(query)
    except ValueError as error:
        raise UnsupportedDatabaseError(database=mask_url(text), reason=str(error)) from None
    return _server_location(url, socket, tls)


def server_at(
    user: str,
    database: str,
    *,
    host: str = "",
    port: int | None = None,
    socket: str | None = None,
    tls: Tls | None = None,
    password: str | None = None,
) -> ServerLocation:
    """Return the location with these parts; a `socket` takes the place of host and port."""
    url = URL.create("mysql", user, password, None if socket else host, None if socket else port, database)
    return _server_location(url, socket, tls or Tls())


def _remember_password_of(rest: str) -> None:
    """Hide from now on what may be the password in what follows a URL's `://`, as it was written."""
    remember_password(rest.rpartition("@")[0].partition(":")[2])


def _quoted(rest: str) -> str:
    """Return what follows `mysql://` with the account quoted: a password that was not may hold @, / and ?."""
    before, question, _ = rest.partition("?")
    at = before.rfind("@") if "@" in before or not question else rest.rfind("@")
    if at < 0:
        return rest
    user, colon, password = rest[:at].partition(":")
    remember_password(password)  # as it was written
    return f"{quote(user, safe='%')}{colon}{quote(password, safe='%')}{rest[at:]}"


def _server_location(url: URL, socket: str | None, tls: Tls) -> ServerLocation:
    query = {"unix_socket": socket} if socket else {}
    url = URL.create("mysql", url.username, url.password, url.host, url.port, url.database, query)
    place = URL.create("mysql", url.username, None, url.host, url.port, url.database)
    return ServerLocation(url, visible(str(place) + (f"?unix_socket={socket}" if socket else ""), 400), tls)


def _tls(query: Mapping[str, str]) -> Tls:
    """Return what the parameters of a URL say of encryption. Raises `ValueError` with what is wrong in words."""
    given = {name.lower().replace("-", "_"): value for name, value in query.items()}
    ca = given.pop("ssl_ca", None)
    mode = given.pop("ssl_mode", "").lower()
    checks = {name: given.pop(name, "").lower() in _TRUE for name in ("ssl_verify_identity", "ssl_verify_cert")}
    if given.pop("ssl_disabled", "").lower() in _TRUE:
        mode = mode or "disabled"
    if not mode and any(checks.values()):
        mode = "verify_identity" if checks["ssl_verify_identity"] else "verify_ca"
    strange = next((name for name in given if "ssl" in name or "tls" in name), None)
    if strange is not None:
        raise ValueError(f"keymon does not know its parameter {visible(strange, 40)}; write ssl_mode and ssl_ca")
    mode = mode or ("verify_identity" if ca else "preferred")
    if mode not in TLS_MODES:
        raise ValueError(f"its ssl_mode is none of {', '.join(TLS_MODES)}")
    return Tls(mode, Path(ca) if ca else None)


def locate_by_env(env_file: Path) -> Location:
    """Return the location of the database of the gateway whose `.env` this is, with the password that it holds.

    Raises `EnvFileError`, whose message holds nothing of the file.
    """
    shown = visible(str(env_file))
    logging.getLogger("dotenv").setLevel(logging.ERROR)  # it would complain on standard error by itself
    try:
        if not env_file.is_file():
            raise EnvFileError(path=shown, reason="there is no such file")
        with env_file.open(encoding="utf-8") as file:
            text = file.read(_MOST_OF_ENV + 1)
    except (OSError, ValueError) as error:
        raise EnvFileError(path=shown, reason=_plain(error)) from None
    if len(text) > _MOST_OF_ENV:
        raise EnvFileError(path=shown, reason="is too large for one")
    found = dotenv_values(stream=io.StringIO(text), interpolate=False)
    values = {name: value.strip() for name, value in found.items() if value is not None}
    kind = (values.get("DATABASE_TYPE") or "mysql").lower()
    if kind == "sqlite":
        return location_of(env_file.parent / "data" / (values.get("SQLITE_DATABASE") or "default_db"))
    if kind != "mysql":
        raise EnvKindError(path=shown, kind=visible(kind, 20))
    return _server_by_env(values, found.get("MYSQL_PASSWORD") or "", shown)


def _server_by_env(values: Mapping[str, str], password: str, shown: str) -> ServerLocation:
    missing = tuple(name for name in ("MYSQL_USER", "MYSQL_DATABASE") if not values.get(name))
    if missing:
        raise EnvFileError(path=shown, reason=_UNNAMED[missing])
    port = values.get("MYSQL_PORT") or str(DEFAULT_PORT)
    if not port.isascii() or not port.isdigit() or len(port) > 5 or not 0 < int(port) <= LAST_PORT:
        raise EnvFileError(path=shown, reason="its MYSQL_PORT is no port")
    url = URL.create(
        "mysql",
        values["MYSQL_USER"],
        password,
        values.get("MYSQL_HOST") or "localhost",
        int(port),
        values["MYSQL_DATABASE"],
    )
    return _server_location(url, values.get("MYSQL_SOCKET") or None, Tls())


def _plain(error: Exception) -> str:
    return (error.strerror or "unreadable").lower() if isinstance(error, OSError) else "is not text in UTF-8"
