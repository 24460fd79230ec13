"""The stages of a connection, in their order."""

from collections.abc import Callable
from typing import Literal

Stage = Literal["file", "name", "connection", "encryption", "login", "tables", "rights", "clock"]
"""`name` the look-up of the host, `connection` TCP or the socket, `encryption` TLS, `login` the account's."""

NAMES: dict[Stage, str] = {
    "file": "File",
    "name": "Host name",
    "connection": "Connection",
    "encryption": "Encryption",
    "login": "Login",
    "tables": "Gateway's tables",
    "rights": "Rights",
    "clock": "Clock",
}
"""What a person calls them."""

Told = Callable[[Stage, str], None]
"""Hears of each stage that is behind us, with what is worth telling of it."""


def untold(_stage: Stage, _value: str) -> None:
    """Hear nothing."""
