"""Environment variables that hold passwords: taken out of the environment, so that no child inherits them.

The password command of one profile has no use for the password of another, nor has a file manager.
"""

import os

from keymon.known_secrets import remember_password

PASSWORD_VARIABLE = "KEYMON_PASSWORD"  # noqa: S105 - its name
"""Holds the password of a server whose URL is given without one."""

_taken: dict[str, str] = {}


def take(*names: str) -> None:
    """Take these variables out of the environment, those that are set; `secret_variable` goes on telling them."""
    for name in names:
        if name and name in os.environ:
            _taken[name] = os.environ.pop(name)
            remember_password(_taken[name])


def secret_variable(name: str) -> str | None:
    """Return what the variable holds, or held when it was taken; None where it was never set."""
    take(name)
    return _taken.get(name)


def forget_all() -> None:
    """Forget what was taken: for tests, of which each has an environment of its own."""
    _taken.clear()
