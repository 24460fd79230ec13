"""What becomes of passwords that are typed: remembered at once, kept in the keyring by an errand, dropped later."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from threading import Thread

from PySide6.QtCore import QObject, Signal

from keymon.config import Profile
from keymon.errors import KeymonError
from keymon.gui.draft import TYPED, Draft
from keymon.gui.errands import Errands
from keymon.locations import ServerLocation
from keymon.passwords import Passwords, drop, has_keyring, keep


class PasswordKeeping(QObject):
    """`keyring_found(bool)` comes once it is known; `settled()` and `refused(error)` end what `is_busy` tells of."""

    keyring_found = Signal(bool)
    settled = Signal()
    refused = Signal(object)

    def __init__(self, errands: Errands, passwords: Passwords, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._errands, self._passwords = errands, passwords
        self._pending: dict[str, str] = {}
        self.has_keyring = True
        errands.run(lambda errand: errand.aside.run(has_keyring), self._find)

    @property
    def is_busy(self) -> bool:
        """Whether the keyring has not taken yet what it was given."""
        return bool(self._pending)

    def remember(self, profile: Profile, draft: Draft) -> None:
        """Remember what was typed for `profile`, if anything was, and keep it if it is meant to be kept."""
        location = profile.location
        if isinstance(location, ServerLocation) and draft.source in TYPED and draft.password:
            self.take(location.account, draft.password, is_kept=draft.source == "keyring")

    def take(self, account: str, password: str, *, is_kept: bool) -> None:
        """Remember a password, and let the keyring keep it where there is one."""
        self._passwords.remember(account, password)
        if is_kept and self.has_keyring:
            self._pending[account] = password
            work = partial(keep, account, password)
            settle, refuse = partial(self._settle, account), partial(self._refuse, account)
            self._errands.run(lambda errand: errand.aside.run(work), settle, refuse)

    def finish(self, orphans: set[str]) -> None:
        """Forget the passwords of `orphans`, and let the keyring keep and drop what is left to, unattended."""
        for account in orphans:
            self._passwords.forget(account)
        if orphans or self._pending:
            # Not an errand: nobody is left to hear of it.
            left = dict(self._pending), orphans
            Thread(target=_settle_all, args=left, name="keymon-keyring", daemon=True).start()

    def _find(self, found: bool) -> None:
        self.has_keyring = found
        self.keyring_found.emit(found)

    def _settle(self, account: str, _result: object) -> None:
        self._pending.pop(account, None)
        self.settled.emit()

    def _refuse(self, account: str, error: Exception) -> None:
        self._pending.pop(account, None)
        self.refused.emit(error)


def _settle_all(pending: Mapping[str, str], orphans: Iterable[str]) -> None:
    for account, password in pending.items():
        with suppress(KeymonError):
            keep(account, password)
    for account in orphans:
        with suppress(KeymonError):
            drop(account)
