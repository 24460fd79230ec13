"""What can go wrong in a person's environment, each with one message that can be shown to that person.

Every error carries its text as a template and the values for it, so that the window can translate the
template and the command line can print it. A message never holds a key, a password or a whole setting.
An exception that is not one of these is a fault of keymon's own.
"""

from typing import ClassVar

from keymon.masking import mask_text


class KeymonError(Exception):
    """Base of all errors that a person can do something about.

    `template` is the English message with `str.format` fields, `advice` the way out of it (may be empty).
    """

    exit_code: ClassVar[int] = 1
    template: ClassVar[str] = "{text}"
    advice: ClassVar[str] = ""

    def __init__(self, **fields: object) -> None:
        # Whoever raises it has masked what it quotes; a secret that is known by its value is caught here at the latest.
        self.fields = {name: mask_text(value) if isinstance(value, str) else value for name, value in fields.items()}
        super().__init__(self.fields)

    def __str__(self) -> str:
        return self.template.format(**self.fields)

    @property
    def line(self) -> str:
        """The message and the way out of it on one line."""
        advice = f". {self.advice}" if self.advice else ""
        return f"{str(self).rstrip('.')}{advice}"


class Notice(KeymonError):  # noqa: N818 - shown, not raised
    """Something off that does not stop keymon: it is shown beside the figures, never raised."""


class NoKeyListNotice(Notice):
    """The gateway has not stored a pool."""

    template = "The database has no setting API_KEYS: the gateway has not stored its keys there yet."
    advice = "Open the gateway's settings page once and save it."


class KeyListDamagedNotice(Notice):
    """A key list that looks like JSON and is none."""

    template = (
        "The setting {setting} is damaged: it is no JSON list, so the gateway splits it at commas,"
        " which gives keys that may not work ({count})."
    )
    advice = "Save the key list again on the gateway's settings page."


class NumberUnreadableNotice(Notice):
    """A setting that should hold a whole number and does not."""

    template = "The setting {setting} is “{value}”, not a whole number; {default} is used instead."
    advice = "Correct it on the gateway's settings page."


class PoolKeptNotice(Notice):
    """The key list has become unreadable; the last good one is still in use."""

    template = "{reason}. The keys read before are still shown."


class ClockAssumedNotice(Notice):
    """Nothing gave the gateway's time zone away."""

    template = "The gateway's time zone could not be detected; {zone} is assumed."
    advice = "If the times look wrong, set it: Gateway, Set its time zone (Ctrl+T), or --gateway-tz."


class ClockWrongNotice(Notice):
    """The gateway's clock is off by minutes; ahead, where nothing else is said."""

    template = "By its clock and time zone the gateway is {hours} h {minutes} min ahead of this computer's time."
    advice = "Check the zone (Gateway, Set its time zone, or --gateway-tz) and both clocks: figures are off by as much."


class ClockBehindNotice(ClockWrongNotice):
    """The gateway's clock is behind by minutes."""

    template = "By its clock and time zone the gateway is {hours} h {minutes} min behind this computer's time."


class ClockSetForwardNotice(Notice):
    """This computer's clock was set while the gateway was followed; forward, where nothing else is said."""

    template = "This computer's clock was set forward by {hours} h {minutes} min while keymon was running."
    advice = "All calls have been read anew. Where the gateway runs here, those from before are off by as much."


class ClockSetBackNotice(ClockSetForwardNotice):
    """This computer's clock was set back while the gateway was followed."""

    template = "This computer's clock was set back by {hours} h {minutes} min while keymon was running."


class NoCallsNotice(Notice):
    """A gateway that has been silent for a day: its verdicts rest on nothing."""

    template = "The newest call in the log ended at {time} (gateway's time), more than 24 hours ago."
    advice = "Check that the gateway is running and that this is its database."


class LogOutOfOrderNotice(Notice):
    """Calls in places where the search for the last 24 hours does not look."""

    template = "The calls in this log are not in the order of time, as after two databases were merged."
    advice = "keymon reads all of the log once, which takes longer; the figures are right when that is done."


class TimesUnreadableNotice(Notice):
    """Rows that belong to no period."""

    template = "Calls without a readable time, which are in no figure: {count}."


class ColumnUnknownNotice(Notice):
    """A column is missing that can be spared."""

    template = "The database has no column {name}: what it would tell is shown as unknown."
    advice = "A newer version of the gateway makes it."


class WindowSettingsDamagedNotice(Notice):
    """The file of what the window looked like is not as it was written; a new one is begun."""

    template = "{path}: what the window looked like cannot be read ({reason}), so it looks as at first."
    advice = "The damaged file is kept beside it, with .broken at the end of its name."


class WindowSettingsUnwritableNotice(Notice):
    """What the window looks like will be forgotten."""

    template = "{path}: what the window looks like cannot be kept."
    advice = "Give your account the right to write to that folder, and make room on its disk."


class UsageError(KeymonError):
    """The command line or a setting of keymon's own asks for something that does not exist."""

    exit_code = 2


class NoDatabaseNamedError(UsageError):
    """A command that needs a gateway was given none."""

    template = "name the gateway's database: --db PATH, --env FILE, --profile NAME or --demo"


class ConfigDamagedError(UsageError):
    """keymon's own file of profiles cannot be understood."""

    template = "{path}: the profiles cannot be read ({reason})"
    advice = "Correct the file. Should keymon write a new one first, this one is kept as profiles.damaged-1.toml."


class ConfigUnwritableError(UsageError):
    """keymon's own file of profiles cannot be written."""

    template = "{path}: the profiles cannot be saved ({reason})"
    advice = "Give your account the right to write to that folder."


class ProfileInvalidError(UsageError):
    """A profile that cannot be meant so."""

    template = "profile {profile}: {reason}"


class ProfileUnknownError(UsageError):
    """No profile is called that."""

    template = "there is no profile {profile}; known: {known}"


class PasswordNeededError(UsageError):
    """A password that only the operator knows."""

    template = "{profile}: the password of {account} is needed"
    advice = "Enter it when asked, or set KEYMON_PASSWORD; a profile may name a variable or a command of its own."


class PasswordVariableError(UsageError):
    """The variable that a profile names is not set."""

    template = "profile {profile}: the environment variable {variable}, which should hold its password, is not set"
    advice = "Set it before keymon starts, or change the profile."


class PasswordCommandError(UsageError):
    """The command that a profile names gives no password."""

    template = "profile {profile}: the command {command} gave no password ({reason})"
    advice = "Run it in a terminal: it should print the password and nothing else."


class KeyringError(UsageError):
    """The system's keyring does not keep a password."""

    template = "the password could not be kept in the keyring ({reason})"
    advice = "keymon keeps it until it ends."


class NoDisplayError(UsageError):
    """There is no screen to open a window on."""

    template = (
        "there is no display to open a window on; keymon screenshot and the commands that print text need none:"
        " see keymon --help"
    )


class NoPlatformError(UsageError):
    """Qt is told to use a window system that it does not have."""

    template = "Qt has no window system “{platform}”"
    advice = "Unset QT_QPA_PLATFORM and QT_QPA_PLATFORM_PLUGIN_PATH, or name xcb, wayland or offscreen."


class WindowSystemError(UsageError):
    """A system library that Qt needs is missing."""

    template = "the window system cannot be used: {reason}; on Debian or Ubuntu: apt install {packages}"


class NoDesktopMenuError(UsageError):
    """Menus are kept in order by something else here."""

    template = "only the menus of Linux desktops are served by this command"
    advice = "On Windows and macOS pin keymon where you start it."


class OutputError(UsageError):
    """A file that keymon should write cannot be written."""

    template = "{path}: cannot be written ({reason})"


class ExportError(OutputError):
    """A file that the operator wants cannot be written."""

    advice = "Choose another name or folder, or make room. What was there before has not been touched."


class DemoRoomError(OutputError):
    """The sample gateway, which is a file of its own, cannot be made."""

    template = "{path}: the sample gateway cannot be made there ({reason})"
    advice = "Make room, or let the variable TMPDIR name a folder in which your account may write."


class KeyNotFoundError(UsageError):
    """No key of the pool or of the log is, or ends in, what was asked for."""

    template = "no key of the pool or of the last 24 hours is {ending} or ends so"


class KeyWithoutErrorsError(KeyNotFoundError):
    """No key of the pool, nor one that errors of the period name, is, or ends in, what was asked for."""

    template = "no key of the pool, and none with an error in that time, is {ending} or ends so"


class StatusUnknownError(UsageError):
    """A status that is no number, and no text that occurs."""

    template = (
        "{status}: not a status; give a whole number, null for none, or a text that occurs; those that occur: {known}"
    )


class KeyAmbiguousError(UsageError):
    """An ending that several keys share."""

    template = "{count} keys end in {ending} or are shown so: give more of the key"


class TimeZoneUnknownError(UsageError):
    """A time zone that neither the IANA database nor the form +HH:MM knows."""

    template = "{zone}: no such time zone; write an IANA name such as Asia/Shanghai, or an offset such as +08:00"


class TimeUnreadableError(UsageError):
    """An instant that is not in ISO 8601."""

    template = "{text}: not a time; write ISO 8601, such as 2026-11-23T15:00:00+08:00"


class AgeUnreadableError(TimeUnreadableError):
    """A beginning that is neither an instant nor an age."""

    template = "{text}: neither an age, such as 30m, 24h or 7d, nor a time in ISO 8601, nor all"


class DatabaseError(KeymonError):
    """The database is out of reach or unreadable."""

    exit_code = 3


class DatabaseAbsentError(DatabaseError):
    """There is no file at the path."""

    template = "{database}: there is no such file"
    advice = "Check the path, and that the disk or share is mounted."


class LinkBrokenError(DatabaseAbsentError):
    """There is a link at the path, and nothing where it leads."""

    template = "{database}: is a link to a file that is not there"


class DatabaseReplacedError(DatabaseError):
    """Another file has taken the place of the one that was being read."""

    template = "{database}: another file has taken its place"
    advice = "keymon reads that from its beginning with the next try."


class DatabaseNotAFileError(DatabaseError):
    """The path is a folder, a pipe or a device."""

    template = "{database}: is {what}, not a database file"
    advice = "Choose the gateway's database file, usually in its data folder."


class DatabaseForbiddenError(DatabaseError):
    """The operating system does not let us read the file."""

    template = "{database}: permission denied"
    advice = "Give your account the right to read the file and its folder."


class DatabaseEmptyError(DatabaseError):
    """A file of zero bytes."""

    template = "{database}: the file is empty (0 bytes)"
    advice = "A gateway that has not started yet leaves such a file. Start it, or choose another file."


class NotADatabaseError(DatabaseError):
    """The file holds something other than an SQLite database."""

    template = "{database}: is not an SQLite database"
    advice = "Choose the gateway's database file, usually in its data folder."


class DatabaseDamagedError(DatabaseError):
    """SQLite found the file cut off or inconsistent."""

    template = "{database}: the database is damaged ({reason})"
    advice = "It may be a copy made while the gateway was writing. Copy it again, or use the live file."


class DatabaseLockedError(DatabaseError):
    """Somebody holds the database exclusively for longer than we are willing to wait."""

    template = "{database}: is locked by another program"
    advice = "keymon waits a second at most so as not to disturb the gateway, and tries again."


class HotJournalError(DatabaseError):
    """A writer died in mid-transaction; only a writer may repair that."""

    template = "{database}: has an unfinished transaction that only a writer can roll back"
    advice = "Start the gateway once: it repairs its database. keymon does not write to it."


class WalIndexMissingError(DatabaseLockedError):
    """A write-ahead log without its index: its writer is just coming or going, or has died, or only half was copied."""

    template = "{database}: has a write-ahead log (-wal) without its index (-shm), which only a writer makes"
    advice = "Start the gateway once: it makes the index. keymon does not write beside its database."


class HistoryShortNotice(Notice):
    """A verdict that needs more of the log than we read."""

    template = "With {most} failures and checks every {hours} hours a verdict needs {needed} days; {read} are read."
    advice = "Keys that fail only in health checks may be shown as valid."


class DatabaseTimeoutError(DatabaseError):
    """A single read took longer than its limit and was given up."""

    template = "{database}: no answer within {seconds:g} s"
    advice = "The disk, the share or the server may be slow."


class ServerUnreachableError(DatabaseError):
    """There is no server at the address, or no way to it."""

    template = "{database}: the server cannot be reached ({reason})"
    advice = "Check host and port, and that the server runs and lets this computer in."


class AccountRefusedError(DatabaseError):
    """The server knows no such account, not with this password, or not from this computer."""

    template = "{database}: the server refuses the account ({reason})"
    advice = "Check the account's name, its password, and that it may log in from this computer and to this database."


class HostBlockedError(AccountRefusedError):
    """The server listens to nobody any more who comes from this computer's address."""

    template = "{database}: the server has blocked this computer ({reason})"
    advice = "On the server: FLUSH HOSTS (MariaDB), or TRUNCATE TABLE performance_schema.host_cache (MySQL)."


class RightMissingError(DatabaseError):
    """The account may not read a table."""

    template = "{database}: the account lacks a right ({reason})"
    advice = "It needs SELECT on t_request_log and t_settings, and on t_error_logs for the texts of errors."


class InstallationError(KeymonError):
    """A part of keymon, or of what it is made with, is not there."""

    exit_code = 1
    template = "this installation of keymon is not complete: {module} is missing"
    advice = "Install keymon anew."


class ErrorTextsMissingError(DatabaseError):
    """There are figures, but no texts of errors to be read."""

    template = "The texts of errors cannot be read: the database has no {name}."
    advice = "A gateway of version 2 makes it."


class ErrorTextsDeniedError(ErrorTextsMissingError):
    """The account may not read them."""

    template = "The texts of errors cannot be read: the account may not read t_error_logs."
    advice = "Let the account SELECT from t_error_logs."


class EncryptionRefusedError(DatabaseError):
    """The connection cannot be encrypted as it was asked for."""

    template = "{database}: no safe connection ({reason})"
    advice = "keymon never falls back to less than was asked for. Check the connection's TLS mode and CA."


class CertificateFileError(DatabaseError):
    """The file of a CA cannot be used."""

    template = "{database}: the CA file {path} cannot be used ({reason})"
    advice = "Choose the PEM file of the CA that signed the server's certificate."


class ClearPasswordRefusedError(DatabaseError):
    """The server wants the password as clear text, and has not proven to be the server."""

    template = "{database}: the server asks for the password in clear text, which keymon does not send"
    advice = "Let the connection check the server's certificate (ssl_mode=verify_identity), or use another account."


class NoSuchDatabaseError(DatabaseError):
    """The server holds no database of that name."""

    template = "{database}: the server has no database of that name"
    advice = "The gateway's .env names it: MYSQL_DATABASE."


class ServerLostError(DatabaseError):
    """The server ended the connection."""

    template = "{database}: the connection to the server was lost"
    advice = "The server may have been restarted, or what answers there is no MySQL server."


class HostUnknownError(ServerUnreachableError):
    """There is no computer of that name."""

    template = "{database}: there is no host of that name"
    advice = "Check the name. One such as mysql or db works only inside docker compose: from your desk use a tunnel."


class TooManyConnectionsError(DatabaseError):
    """The server, or the account, has as many connections as it may have."""

    template = "{database}: the server takes no more connections ({reason})"
    advice = "keymon needs one, and tries again more and more seldom. Raise max_connections, or close what is unused."


class DatabaseNotEmptyError(UsageError):
    """The sample gateway is to be written where something is already."""

    template = "{database}: the database is not empty (it holds {tables})"
    advice = "The sample gateway is written only into a database without tables: CREATE DATABASE makes one."


class WritingRefusedError(DatabaseError):
    """The account may not write the sample gateway."""

    template = "{database}: the server refuses to let the account write there ({reason})"
    advice = "The sample gateway needs CREATE, INSERT and SELECT on a database of its own."


class ReadBrokenOffError(DatabaseError):
    """keymon itself ended the read, because the gateway is no longer followed."""

    template = "{database}: reading was broken off"


class DatabaseUnreadableError(DatabaseError):
    """Anything else the driver reports."""

    template = "{database}: cannot be read ({reason})"


class UnsupportedDatabaseError(UsageError):
    """A URL or a .env names a kind of database that keymon cannot open."""

    template = "{database}: {reason}"


class EnvFileError(UsageError):
    """A gateway's .env that cannot be read or does not name its database."""

    template = "{path}: {reason}"


class EnvKindError(EnvFileError):
    """A gateway's .env that names a kind of database which keymon cannot open."""

    template = "{path}: its gateway uses {kind}, which keymon cannot read"


class SettingUnreadableError(DatabaseError):
    """A setting of the gateway that neither the gateway nor keymon can make sense of."""

    template = "{database}: the gateway's setting {setting} cannot be read ({reason})"
    advice = "Open the gateway's own settings page and save it again."


class NotAGatewayError(KeymonError):
    """A sound database that no gateway wrote, or one too old to have what keymon needs."""

    exit_code = 4
    template = "{database}: not a gateway's database ({reason})"
    advice = "Choose the database of a gemini-balance gateway, version 2 or newer."


class TableMissingError(NotAGatewayError):
    """A database without a table that every gateway has."""

    template = "{database}: not a gateway's database (it has no table: {name})"


class CallsNotLoggedError(TableMissingError):
    """A gateway's database without the log of calls."""

    template = "{database}: this gateway logs no calls (it has no table: {name})"
    advice = "Gateways do since version 2: update it, or choose the database of a newer one."


class ColumnMissingError(NotAGatewayError):
    """A database with a gateway's table that lacks a column."""

    template = "{database}: not a gateway's database (it has no column: {name})"


class ColumnUnusableError(NotAGatewayError):
    """A database with a gateway's table in which rows cannot be told by their ids."""

    template = "{database}: not a gateway's database (the column {name} holds no whole numbers)"
