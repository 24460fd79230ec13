"""Turns what a server, its driver or the network complains about into errors for people.

A server's messages name accounts, tables and columns, never passwords. Some quote the statement with its values:
what they quote is shown only where it is known to be a name.
"""

import re
import socket
import ssl
import struct

import pymysql

from keymon import errors
from keymon.masking import foreign, visible

RAISED = (
    pymysql.Error,
    OSError,
    # What the driver lets through where the other side does not speak the protocol, or wants a way of
    # logging in that it lacks a library for.
    ValueError,
    IndexError,
    AssertionError,
    RuntimeError,
    struct.error,
)

_BROKEN_OFF = 2003
"""To the driver a server that it could not reach; but it is given a line that leads there already."""
_REFUSED = {1044, 1045, 1130, 1251, 1698, 1862, 3118, 3159, 4151}
_RIGHT_MISSING = {1142, 1143}
_TOO_LONG = {1205, 1317, 1969, 3024}
_FULL = {1040, 1203, 1226}
_LOST = {0, 1053, 1927, _BROKEN_OFF, 2006, 2013, 2055, 4031}
_NO_ENCRYPTION = 2026
_NO_SUCH_TABLE, _NO_SUCH_COLUMN = 1146, 1054
_KINDS: tuple[tuple[set[int], type[errors.KeymonError]], ...] = (
    (_REFUSED, errors.AccountRefusedError),
    ({1129}, errors.HostBlockedError),
    (_RIGHT_MISSING, errors.RightMissingError),
    (_FULL, errors.TooManyConnectionsError),
    (_LOST, errors.ServerLostError),
    ({1049}, errors.NoSuchDatabaseError),
)


def translated(error: BaseException, shown: str, limit_s: float) -> errors.KeymonError:
    """Return our error for one of `RAISED` that reading the database `shown` has raised."""
    if isinstance(error, socket.gaierror):
        return errors.HostUnknownError(database=shown)
    if isinstance(error, OSError):
        return errors.ServerUnreachableError(database=shown, reason=_network(error))
    if not isinstance(error, pymysql.Error) or not error.args or not isinstance(error.args[0], int):
        return _strange(error, shown)
    if (unsafe := _unsafe(error)) is not None:
        return errors.EncryptionRefusedError(database=shown, reason=unsafe)
    code, reason = error.args[0], foreign(str(error.args[-1]))
    if code == _BROKEN_OFF and isinstance(getattr(error, "original_exception", None), TimeoutError):
        return errors.DatabaseTimeoutError(database=shown, seconds=limit_s)
    if code in _TOO_LONG or (code in _LOST and "timed out" in reason):
        return errors.DatabaseTimeoutError(database=shown, seconds=limit_s)
    for codes, kind in _KINDS:
        if code in codes:
            return kind(database=shown, reason=reason)
    if code in {_NO_SUCH_TABLE, _NO_SUCH_COLUMN}:
        return _missing(code, reason, shown)
    quotes_nothing = re.sub("'.*'", "'…'", reason)
    return errors.DatabaseUnreadableError(database=shown, reason=f"{quotes_nothing}, error {code}")


def is_about_encryption(error: pymysql.Error) -> bool:
    """Tell whether it is encryption that failed."""
    return bool(error.args) and _unsafe(error) is not None


def _unsafe(error: pymysql.Error) -> str | None:
    """Return why the connection cannot be encrypted as it was asked for; None where that is not what is wrong."""
    if error.args[0] == _NO_ENCRYPTION:
        return "the server does not encrypt"
    cause = getattr(error, "original_exception", None)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the server's certificate: {visible(cause.verify_message.rstrip('.'), 120)}"
    if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return f"encrypting failed: {visible((cause.reason or 'unknown').lower().replace('_', ' '), 80)}"
    return None


def _network(error: OSError) -> str:
    """Return why a server cannot be reached, in words shorter than the system's."""
    return "no answer" if isinstance(error, TimeoutError) else (error.strerror or "no connection").lower()


def _missing(code: int, reason: str, shown: str) -> errors.NotAGatewayError:
    """Tell what is missing in the words used for SQLite: the server says 'gateway.t_request_log'."""
    quoted = re.search(r"'([^']*)'", reason)
    name = quoted.group(1) if quoted else ""
    if code == _NO_SUCH_TABLE:
        return errors.TableMissingError(database=shown, name=name.rpartition(".")[2])
    return errors.ColumnMissingError(database=shown, name=name)


def _strange(error: BaseException, shown: str) -> errors.KeymonError:
    if isinstance(error, RuntimeError) and "new thread" in str(error):
        return errors.DatabaseUnreadableError(database=shown, reason="this computer can't start a new thread")
    if isinstance(error, RuntimeError):
        reason = "its way of logging in is not supported without encryption"
        return errors.AccountRefusedError(database=shown, reason=reason)
    reason = "what answers there does not speak the protocol of a MySQL server"
    return errors.DatabaseUnreadableError(database=shown, reason=reason)
