"""Tries a connection in the stages that it has, and tells of each in plain words what is so, or what to do.

It connects as keymon itself does, with the same code, and reads a few rows. Nothing of it is kept.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

from sqlalchemy import TableClause, column, func, select, table

from keymon import errors
from keymon.aside import Aside
from keymon.call_log import CallLog
from keymon.database import Database
from keymon.errors import KeymonError, Notice
from keymon.gateway_settings import read_settings
from keymon.locations import Location, ServerLocation
from keymon.log_clock import find_clock
from keymon.prepared import Statement
from keymon.schema import error_logs
from keymon.stages import Stage

Outcome = Literal["passed", "noted", "failed"]

SERVER_STAGES: tuple[Stage, ...] = ("name", "connection", "encryption", "login", "tables", "rights", "clock")
FILE_STAGES: tuple[Stage, ...] = ("file", "tables", "clock")
"""Opening a file is one stage; it has no rights but those of the operating system."""

_CLOCKS_AGREE = timedelta(seconds=60)
_HARMLESS = {"SELECT", "USAGE", "SHOW VIEW", "SHOW DATABASES", "PROCESS", "REPLICATION CLIENT", "BINLOG MONITOR"}


class FileOpened(Notice):
    """The stage `file` is passed."""

    template = "The file can be read."


class NameFound(Notice):
    """The stage `name` is passed."""

    template = "The host is known: {value}."


class Connected(Notice):
    """The stage `connection` is passed."""

    template = "The server answers at {value}."


class Encrypted(Notice):
    """The stage `encryption` is passed."""

    template = "The connection is encrypted ({value}), and the server's certificate is trusted."


class EncryptedUnchecked(Notice):
    """The stage `encryption` is passed as far as it was asked for."""

    template = "The connection is encrypted ({value}). The server's certificate is not checked."


class NotEncrypted(Notice):
    """The stage `encryption` is passed, since nothing was asked for."""

    template = "The connection is not encrypted."
    advice = "All right over a tunnel or on your own network; elsewhere ask for TLS."


class LocalSocket(Notice):
    """The stage `encryption` has nothing to do."""

    template = "The connection stays on this machine."


class LoggedIn(Notice):
    """The stage `login` is passed."""

    template = "The account is let in by {value}."


class TablesFound(Notice):
    """The stage `tables` is passed."""

    template = "It is a gateway's database, with {keys} keys."


class ErrorTextsForbidden(Notice):
    """The stage `rights`: something less than could be shown."""

    template = "The account may read all that is needed, but not t_error_logs: the texts of errors will be missing."
    advice = "To see them: GRANT SELECT ON t_error_logs."


class MayWrite(Notice):
    """The stage `rights`: more than is needed."""

    template = "The account could also write ({rights}). keymon never does, its sessions are read-only."
    advice = "Safer is an account that may only SELECT from t_request_log, t_settings and t_error_logs."


class MayReadOnly(Notice):
    """The stage `rights` is passed."""

    template = "The account may read what is needed, and nothing else in this database."


class ClockKnown(Notice):
    """The stage `clock` is passed."""

    template = "The gateway's zone is {zone} ({how}); its newest call ended at {newest} there."


class ClockAssumed(Notice):
    """The stage `clock`: a guess."""

    template = "The gateway's zone cannot be told yet; {zone} is assumed. Its newest call ended at {newest} there."
    advice = "keymon learns it from the next calls. You can also choose it here."


class NoCallsYet(Notice):
    """The stage `clock`: nothing to tell it by."""

    template = "The log holds no call yet, so the gateway's zone cannot be told."


class ClocksDiffer(Notice):
    """The stage `clock`: two computers disagree."""

    template = "The server's clock and this computer's are {seconds} s apart."
    advice = "Set the wrong one: figures of the last minutes are off by as much."


@dataclass(frozen=True, slots=True)
class Finding:
    """What came out of a stage. `message` has a text and, unless all is well, advice; `seconds` is how long it took."""

    stage: Stage
    outcome: Outcome
    message: KeymonError
    seconds: float


class ConnectionCheck:
    """The check of one connection, for one thread; `interrupt` may be called from any.

    `zone` is the gateway's where the operator named it.
    """

    def __init__(
        self, location: Location, zone: tzinfo | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._location, self._zone, self._now = location, zone, now
        self._told: list[tuple[Stage, str]] = []
        self._database = Database(location, lambda stage, value: self._told.append((stage, value)))
        self._aside = Aside()

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages to come, in their order."""
        return SERVER_STAGES if isinstance(self._location, ServerLocation) else FILE_STAGES

    def run(self) -> Iterator[Finding]:
        """Go through the stages; the first failure is the last finding. Raises `BrokenOffError` after `interrupt`."""
        began = time.monotonic()
        try:
            for stage in self.stages:
                try:
                    messages = self._aside.run(lambda stage=stage: list(self._stage(stage)))  # type: ignore[misc]
                except KeymonError as error:
                    yield Finding(stage, "failed", error, time.monotonic() - began)
                    return
                for message in messages:
                    outcome: Outcome = "noted" if message.advice else "passed"
                    yield Finding(stage, outcome, message, time.monotonic() - began)
                began = time.monotonic()
        finally:
            self._database.close()

    def interrupt(self) -> None:
        """Break the check off."""
        self._aside.interrupt()
        self._database.interrupt()

    def _stage(self, stage: Stage) -> Iterator[Notice]:
        if stage == "file":
            self._database.reach("login")
            yield FileOpened()
        elif stage == "tables":
            settings = read_settings(self._database)
            CallLog(self._database).newest_end()
            yield TablesFound(keys=f"{len(settings.pool):,}")
            yield from settings.notices
        elif stage == "rights":
            yield from _rights(self._database)
        elif stage == "clock":
            yield from self._clock()
        else:
            self._database.reach(stage)
            yield self._reached(stage)

    def _reached(self, stage: Stage) -> Notice:
        value = dict(self._told).get(stage, "")
        if stage == "name":
            return NameFound(value=value)
        if stage == "connection":
            return Connected(value=value)
        if stage == "login":
            return LoggedIn(value=value)
        assert isinstance(self._location, ServerLocation)  # noqa: S101
        if value:
            return (Encrypted if self._location.tls.is_verified else EncryptedUnchecked)(value=value)
        return LocalSocket() if self._location.socket else NotEncrypted()

    def _clock(self) -> Iterator[Notice]:
        clock = find_clock(self._database, self._zone, self._now())
        newest = CallLog(self._database).newest_end()
        if newest is None:
            yield NoCallsYet()
        else:
            shown = f"{newest:%Y-%m-%d %H:%M}"
            known = ClockKnown(zone=clock.name, how=clock.source, newest=shown)
            yield ClockAssumed(zone=clock.name, newest=shown) if clock.source == "assumed" else known
        apart = abs(self._database.now() - self._now())
        if apart > _CLOCKS_AGREE:
            yield ClocksDiffer(seconds=f"{apart.total_seconds():.0f}")


# What an account may do. Everything that its roles give it shows in the rights on columns.

_COLUMNS: TableClause = table(
    "columns", column("table_schema"), column("table_name"), column("privileges"), schema="information_schema"
)
_ON_COLUMNS: Statement = (
    select(_COLUMNS.c.privileges).where(_COLUMNS.c.table_schema == func.database()).distinct().limit(100)
)


def _privileges(name: str) -> Statement:
    held: TableClause = table(name, column("privilege_type"), column("table_schema"), schema="information_schema")
    statement = select(held.c.privilege_type).distinct().limit(100)
    return statement if name == "user_privileges" else statement.where(held.c.table_schema == func.database())


_HELD = tuple(_privileges(name) for name in ("user_privileges", "schema_privileges", "table_privileges"))
_ERROR_LOGS: Statement = select(error_logs.c.id).limit(1)


def _rights(database: Database) -> Iterator[Notice]:
    held = {right for statement in _HELD for (right,) in database.fetch(statement)}
    held |= {right.strip().upper() for (rights,) in database.fetch(_ON_COLUMNS) for right in rights.split(",")}
    more = sorted(held - _HARMLESS - {"", "REFERENCES"})
    if more:
        shown = ", ".join(more[:4]) + (f" and {len(more) - 4} more" if len(more) > 4 else "")
        yield MayWrite(rights=shown)
    try:
        database.fetch(_ERROR_LOGS)
    except (errors.RightMissingError, errors.NotAGatewayError):
        yield ErrorTextsForbidden()
    else:
        if not more:
            yield MayReadOnly()
