"""What stands in the form of a connection: texts as they were typed, right or wrong, and the profile they make."""

import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from keymon.config import COLOURS, USUAL_REFRESH_S, Profile, renamed
from keymon.errors import KeymonError, UnsupportedDatabaseError
from keymon.gateway_clock import parse_zone
from keymon.gui.translation import error_text, tr
from keymon.locations import (
    DEFAULT_PORT,
    FileLocation,
    Location,
    ServerLocation,
    Tls,
    TlsMode,
    at_home,
    locate,
    server_at,
)
from keymon.masking import visible

Kind = Literal["file", "server"]
PasswordSource = Literal["keyring", "ask", "variable", "command"]
PASSWORD_SOURCES: tuple[PasswordSource, ...] = ("keyring", "ask", "variable", "command")
TYPED: frozenset[PasswordSource] = frozenset({"keyring", "ask"})
"""The sources for which the operator types the password."""

_LONGEST_NAME = 60
_HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Draft:
    """The form's content. `zone` is empty where it is to be detected, `refresh_s` in seconds."""

    kind: Kind = "file"
    name: str = ""
    colour: str = COLOURS[0]
    path: str = field(default="", repr=False)
    by_socket: bool = False
    host: str = ""
    port: str = str(DEFAULT_PORT)
    socket: str = ""
    database: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    source: PasswordSource = "keyring"
    variable: str = ""
    command: str = field(default="", repr=False)
    tls: TlsMode = "preferred"
    ca: str = ""
    zone: str = ""
    refresh_s: int = USUAL_REFRESH_S

    @classmethod
    def of(cls, profile: Profile) -> "Draft":
        """Return what the form shows of a profile; a place that cannot be understood is shown to the letter."""
        draft = cls(
            name=profile.name,
            colour=profile.colour,
            source=_source(profile),
            variable=profile.password_env,
            command=shlex.join(profile.password_command),
            zone=profile.gateway_tz,
            refresh_s=profile.refresh_s,
        )
        try:
            return draft.at(profile.location)
        except UnsupportedDatabaseError:
            return replace(draft, kind="file", path=profile.database)

    def at(self, location: Location) -> "Draft":
        """Return the draft with another place, and with that place's password where it is known."""
        if isinstance(location, FileLocation):
            return replace(self, kind="file", path=str(location.path), password="")
        password = location.url.password
        source = self.source if password is None or self.source in TYPED else "keyring"
        return replace(
            self,
            kind="server",
            by_socket=location.socket is not None,
            host=location.host if location.socket is None else "",
            port=str(location.port),
            socket=location.socket or "",
            database=location.url.database or "",
            user=location.url.username or "",
            password=password or "",
            source=source,
            tls=location.tls.mode,
            ca=str(location.tls.ca or ""),
        )

    @property
    def location(self) -> Location:
        """The place that is meant, without a password. Raises `UnsupportedDatabaseError`; check `problems` first."""
        if self.kind == "file":
            return locate(self.path.strip())
        return server_at(
            self.user.strip(),
            self.database.strip(),
            host=self.host.strip().strip("[]"),
            port=None if self.port.strip() == str(DEFAULT_PORT) else int(self.port),
            socket=self.socket.strip() if self.by_socket else None,
            tls=self._tls,
        )

    @property
    def _tls(self) -> Tls:
        tls = Tls(self.tls)
        return replace(tls, ca=at_home(Path(self.ca.strip()))) if tls.is_verified and self.ca.strip() else tls

    def profile(self, others: Mapping[str, object]) -> Profile:
        """Return the profile that is meant, with entries of `others`. Raises as `location` does."""
        location = self.location
        place = str(location.path) if isinstance(location, FileLocation) else location.text()
        is_server = isinstance(location, ServerLocation)
        return Profile(
            name=self.name.strip(),
            database=place,
            colour=self.colour,
            gateway_tz=self.zone.strip(),
            refresh_s=self.refresh_s,
            password_env=self.variable.strip() if is_server and self.source == "variable" else "",
            password_command=tuple(shlex.split(self.command)) if is_server and self.source == "command" else (),
            password_ask=is_server and self.source == "ask",
            others=others,
        )

    def suggested_name(self, taken: Collection[str]) -> str:
        """Return a name for the place, empty while there is nothing to call it by."""
        if self.kind == "file":
            name = Path(self.path.strip()).stem
        elif self.host.strip() and self.database.strip() and not self.by_socket:
            name = tr("{database} on {host}").format(database=self.database.strip(), host=self.host.strip())
        else:
            name = self.database.strip() or self.host.strip()
        name = visible(name, _LONGEST_NAME - 4)
        return renamed(Profile(name, ""), tuple(taken)).name if name else ""

    def problems(self, taken: Collection[str]) -> dict[str, str]:
        """Return what is wrong, in words, by the name of the field, in the form's order."""
        found = {"name": self._name_problem(taken)}
        found |= {"path": self._path_problem()} if self.kind == "file" else self._server_problems()
        found["zone"] = self._zone_problem()
        return {name: text for name, text in found.items() if text}

    def _name_problem(self, taken: Collection[str]) -> str:
        name = self.name.strip()
        if not name:
            return tr("Give the connection a name.")
        if name != visible(name, _LONGEST_NAME):
            return tr("The name is too long, or holds what cannot be shown.")
        return tr("Another connection is called that.") if name in taken else ""

    def _path_problem(self) -> str:
        if not self.path.strip():
            return tr("Choose the gateway's database file.")
        try:
            return "" if isinstance(self.location, FileLocation) else tr("This is not the path of a file.")
        except UnsupportedDatabaseError as error:
            return error_text(error)

    def _server_problems(self) -> dict[str, str]:
        found = {"socket": "" if self.socket.strip() else tr("Name the server's socket.")}
        if not self.by_socket:
            found = {"host": self._host_problem(), "port": self._port_problem()}
        found["database"] = "" if self.database.strip() else tr("Name the gateway's database.")
        found["user"] = "" if self.user.strip() else tr("Name the account that keymon logs in with.")
        if self.source == "variable":
            found["variable"] = self._variable_problem()
        if self.source == "command":
            found["command"] = self._command_problem()
        return found

    def _host_problem(self) -> str:
        host = self.host.strip()
        if not host:
            return tr("Name the server's host.")
        # An @ and a slash come from a URL, and might carry a password with them.
        return tr("This is not the name of a host.") if any(c in "@/ \t" for c in host) else ""

    def _port_problem(self) -> str:
        port = self.port.strip()
        is_port = port.isascii() and port.isdigit() and len(port) < 6 and 0 < int(port) <= _HIGHEST_PORT
        return "" if is_port else tr("The port is a number from 1 to 65535.")

    def _variable_problem(self) -> str:
        name = self.variable.strip()
        if not name:
            return tr("Name the environment variable.")
        return tr("A variable's name has no spaces and no =.") if any(c in "= \t" for c in name) else ""

    def _command_problem(self) -> str:
        try:
            words = shlex.split(self.command)
        except ValueError:
            return tr("A quotation mark is missing.")
        return "" if words and words[0] else tr("Write the command that prints the password.")

    def _zone_problem(self) -> str:
        try:
            if self.zone.strip():
                parse_zone(self.zone)
        except KeymonError as error:
            return error_text(error)
        return ""


def _source(profile: Profile) -> PasswordSource:
    if profile.password_env:
        return "variable"
    if profile.password_command:
        return "command"
    return "ask" if profile.password_ask else "keyring"
