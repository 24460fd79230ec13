"""Keyrings of our own for tests, so that the machine's is never touched."""

from collections.abc import Callable

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError


class MemoryKeyring(KeyringBackend):
    """Keeps passwords in `kept`, by account; refuses to while it is `locked`. `before` is called before anything."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, str] = {}
        self.locked = False
        self.before: Callable[[], object] = lambda: None

    def get_password(self, service: str, username: str) -> str | None:
        self.before()
        return self.kept.get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.before()
        if self.locked:
            raise KeyringLocked(f"the keyring is locked, and {password} is not kept")
        self.kept[username] = password

    def delete_password(self, service: str, username: str) -> None:
        self.before()
        if username not in self.kept:
            raise PasswordDeleteError(username)
        del self.kept[username]
