"""Keyrings of our own for tests, so that the machine's is never touched."""

from typing import TYPE_CHECKING

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

if TYPE_CHECKING:
    from collections.abc import Callable


class MemoryKeyring(KeyringBackend):
    """Keeps passwords in `kept`, by service and account, unless it is `locked`. `before` is called at each question."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False
        self.before: Callable[[], object] = lambda: None

    def get_password(self, service: str, username: str) -> str | None:
        self.before()
        if self.locked:
            raise KeyringLocked("it is locked")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.before()
        if self.locked:
            raise KeyringLocked(f"the keyring is locked, and {password} is not kept")
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self.before()
        if (service, username) not in self.kept:
            raise PasswordDeleteError(username)
        del self.kept[service, username]
