"""Tries a connection in the stages that it has, and tells of each in plain words what is so, or what to do.

It connects as keymon itself does, with the same code, and reads a few rows. Nothing of it is kept.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

from sqlalchemy import func, literal, select, table

from keymon import errors
from keymon.account_rights import rights_to_write
from keymon.call_log import CallLog
from keymon.database import Database
from keymon.errors import CertificateFileError, EncryptionRefusedError, KeymonError, Notice, ReadBrokenOffError
from keymon.gateway_settings import read_settings
from keymon.locations import FileLocation, Location, ServerLocation
from keymon.log_clock import find_clock
from keymon.prepared import Statement
from keymon.schema import error_logs
from keymon.stages import Stage

Outcome = Literal["passed", "noted", "failed"]

SERVER_STAGES: tuple[Stage, ...] = ("name", "connection", "encryption", "login", "tables", "rights", "clock")
FILE_STAGES: tuple[Stage, ...] = ("file", "tables", "clock")
"""Opening a file is one stage; it has no rights but those of the operating system."""
_FILE: Statement = select(func.count()).select_from(table("sqlite_master"))
_SERVER: Statement = select(literal(1))

_CLOCKS_AGREE = timedelta(seconds=60)


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


def stages_of(location: Location) -> tuple[Stage, ...]:
    """Return the stages of a connection, in their order."""
    if not isinstance(location, ServerLocation):
        return FILE_STAGES
    return SERVER_STAGES if location.socket is None else SERVER_STAGES[1:]


class ConnectionCheck:
    """The check of one connection, for one thread, in which `found` is told of what comes out.

    `zone` is the gateway's where the operator named it.
    """

    def __init__(
        self,
        location: Location,
        found: Callable[[Finding], object],
        zone: tzinfo | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._location, self._found, self._zone, self._now = location, found, zone, now
        self._to_come = list(stages_of(location))
        self._database = Database(location, self._hear)
        self._began = time.monotonic()

    def run(self) -> bool:
        """Go through the stages and tell `found` of each; return whether all went well.

        The first failure is the last finding. Raises `ReadBrokenOffError` after `interrupt`.
        """
        self._began = time.monotonic()
        try:
            self._go_through()
        except ReadBrokenOffError:
            raise
        except KeymonError as error:
            self._tell(self._failed_stage(error), "failed", error)
            return False
        finally:
            self._database.close()
        return True

    def interrupt(self) -> None:
        """Break the check off; callable from any thread."""
        self._database.interrupt()

    def _go_through(self) -> None:
        if isinstance(self._location, FileLocation):
            self._database.fetch(_FILE)
            self._pass("file", FileOpened())
        else:
            self._database.fetch(_SERVER)  # the stages up to `login` are heard of meanwhile
        settings = read_settings(self._database)
        CallLog(self._database).newest_end()
        self._pass("tables", TablesFound(keys=f"{len(settings.pool):,}"), *settings.notices)
        if isinstance(self._location, ServerLocation):
            self._pass("rights", *_rights(self._database))
        self._pass("clock", *self._clock())

    def _failed_stage(self, error: KeymonError) -> Stage:
        stage = self._to_come[0]
        about_encryption = isinstance(error, EncryptionRefusedError | CertificateFileError)
        # A server that says nothing has not come to the point where one would encrypt.
        return stage if stage != "encryption" or about_encryption else "login"

    def _hear(self, stage: Stage, value: str) -> None:
        if stage in self._to_come:  # a connection that was lost is opened anew
            self._pass(stage, self._reached(stage, value))

    def _pass(self, stage: Stage, *messages: Notice) -> None:
        self._to_come.remove(stage)
        for message in messages:
            self._tell(stage, "noted" if message.advice else "passed", message)

    def _tell(self, stage: Stage, outcome: Outcome, message: KeymonError) -> None:
        now = time.monotonic()
        self._found(Finding(stage, outcome, message, now - self._began))
        self._began = now

    def _reached(self, stage: Stage, value: str) -> Notice:
        if stage == "name":
            return NameFound(value=value)
        if stage == "connection":
            return Connected(value=value)
        if stage == "login":
            return LoggedIn(value=value)
        return _encryption(self._location, value)

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


def _encryption(location: Location, value: str) -> Notice:
    assert isinstance(location, ServerLocation)  # noqa: S101 - a file has no such stage
    if value:
        return (Encrypted if location.tls.is_verified else EncryptedUnchecked)(value=value)
    return LocalSocket() if location.socket else NotEncrypted()


_ERROR_LOGS: Statement = select(error_logs.c.id).limit(1)


def _rights(database: Database) -> Iterator[Notice]:
    more = rights_to_write(database)
    if more:
        yield MayWrite(rights=more)
    try:
        database.fetch(_ERROR_LOGS)
    except (errors.RightMissingError, errors.NotAGatewayError):
        yield ErrorTextsForbidden()
    else:
        if not more:
            yield MayReadOnly()
