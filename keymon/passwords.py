"""Where the password of a profile comes from, and the few places that it is kept in.

A profile may name a variable or a command. Otherwise the system's keyring is asked, and last the operator, whose
answer is kept for as long as keymon runs. Keyrings may ask the operator, too, and commands may be slow: all of this
is for a worker, never for the thread of a window.
"""

import subprocess
from threading import Lock
from typing import TYPE_CHECKING

from keymon.aside import Aside
from keymon.config import Profile
from keymon.errors import (
    KeyringError,
    PasswordCommandError,
    PasswordNeededError,
    PasswordVariableError,
    UnsupportedDatabaseError,
)
from keymon.known_secrets import remember_password
from keymon.locations import Location, ServerLocation
from keymon.masking import visible
from keymon.secret_variables import secret_variable

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "keymon"
"""The name under which the keyring's own window lists the passwords."""
_COMMAND_LIMIT_S = 60.0
"""How long a command may take: it may have to ask the operator for a passphrase."""


class Passwords:
    """Those of all profiles. `find` is for one thread at a time, the rest for any."""

    def __init__(self) -> None:
        self._typed: dict[str, str] = {}
        self._lock = Lock()

    def remember(self, account: str, password: str) -> None:
        """Keep a password that was typed, for as long as keymon runs. `account` is `ServerLocation.account`."""
        remember_password(password)
        with self._lock:
            self._typed[account] = password

    def forget(self, account: str) -> None:
        """Forget a password that was typed: it was wrong, say."""
        with self._lock:
            self._typed.pop(account, None)

    def complete(self, profile: Profile, aside: Aside) -> Location:
        """Return the location of `profile`, with the password where it needs one.

        Waits in `aside`. Raises `PasswordNeededError` where only the operator can help, and `PasswordVariableError`,
        `PasswordCommandError`.
        """
        location = self.retyped(profile.location)
        if not isinstance(location, ServerLocation) or not location.lacks_password:
            return location
        return location.with_password(aside.run(lambda: self._find(profile, location)))

    def retyped(self, location: Location) -> Location:
        """Return `location`, with the password that was typed for it where one was: it is the newest."""
        if not isinstance(location, ServerLocation):
            return location
        with self._lock:
            typed = self._typed.get(location.account)
        return location if typed is None else location.with_password(typed)

    def _find(self, profile: Profile, location: ServerLocation) -> str:
        if profile.password_env:
            return _variable(profile)
        if profile.password_command:
            return _answer(profile)
        found = None if profile.password_ask else kept(location.account)
        if found is None:
            raise PasswordNeededError(profile=visible(profile.name), account=visible(location.account))
        return found


def keyring_account(profile: Profile) -> str | None:
    """Return the account whose password the keyring is asked for; None where the profile names another source."""
    if profile.password_env or profile.password_command or profile.password_ask:
        return None
    try:
        location = profile.location
    except UnsupportedDatabaseError:
        return None
    return location.account if isinstance(location, ServerLocation) else None


def _variable(profile: Profile) -> str:
    value = secret_variable(profile.password_env)
    if value is None:
        raise PasswordVariableError(profile=visible(profile.name), variable=visible(profile.password_env, 60))
    return value


def _answer(profile: Profile) -> str:
    """Return the first line of what the command prints. What it complains of may hold secrets: it is not told."""
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own command, without a shell
            profile.password_command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_COMMAND_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _failed(profile, f"it took longer than {_COMMAND_LIMIT_S:g} s") from None
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "it cannot be run").lower()
        raise _failed(profile, reason) from None
    try:
        lines = done.stdout.decode().splitlines()
    except UnicodeDecodeError:
        lines = None
    if done.returncode:
        raise _failed(profile, f"it ended with {done.returncode}")
    if lines is None:  # not raised where the error is at hand, which holds what was printed
        raise _failed(profile, "what it printed is not text in UTF-8")
    if not lines:
        raise _failed(profile, "it printed nothing")
    return lines[0]


def _failed(profile: Profile, reason: str) -> PasswordCommandError:
    # Its other words may be secrets.
    return PasswordCommandError(
        profile=visible(profile.name), command=visible(profile.password_command[0], 60), reason=reason
    )


# The system's keyring


def has_keyring() -> bool:
    """Tell whether this desktop keeps passwords safely."""
    return _backend() is not None


def kept(account: str) -> str | None:
    """Return the password that the keyring keeps; None where there is none, or no keyring, or it stays locked."""
    backend = _backend()
    if backend is None:
        return None
    try:
        found = backend.get_password(SERVICE, account)
    except Exception:  # noqa: BLE001 - keyrings are others' code, and raise what they like
        return None
    return found if isinstance(found, str) else None


def keep(account: str, password: str) -> None:
    """Let the keyring keep a password. Raises `KeyringError`."""
    backend = _backend()
    if backend is None:
        raise KeyringError(reason="this desktop has none")
    try:
        backend.set_password(SERVICE, account, password)
    except Exception as error:  # noqa: BLE001 - as above
        raise KeyringError(reason=_plain(error)) from None


def drop(account: str) -> None:
    """Take a password out of the keyring, if it is there. Raises `KeyringError`."""
    from keyring.errors import PasswordDeleteError

    backend = _backend()
    if backend is None:
        return
    try:
        backend.delete_password(SERVICE, account)
    except PasswordDeleteError:
        return
    except Exception as error:  # noqa: BLE001 - as above
        raise KeyringError(reason=_plain(error)) from None


def _plain(error: Exception) -> str:
    return visible(type(error).__name__)  # its words may quote what was to be kept


def _backend() -> "KeyringBackend | None":
    """Return the keyring that is really one: not what fails, loses what it is given, or writes it in plain text."""
    import keyring
    from keyring.backends.chainer import ChainerBackend

    try:
        found = keyring.get_keyring()
        candidates = found.backends if isinstance(found, ChainerBackend) else [found]
    except Exception:  # noqa: BLE001 - as above; one that was named need not be there
        return None
    for backend in candidates:
        module = type(backend).__module__
        if not module.startswith(("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")):
            return backend
    return None
