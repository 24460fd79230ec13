"""How a command waits: it tells on a terminal how far it has come, and takes up again what a lock breaks off."""

import sys
import time
from collections.abc import Callable
from typing import TypeVar

from keymon.errors import DatabaseLockedError

_TRIES = 5
_UNTOLD_S = 1.0
"""A reading that takes no longer is not worth telling of."""
_Result = TypeVar("_Result")


class Progress:
    """Tells on a terminal how far a long reading of `what` has come; scripts hear nothing of it."""

    def __init__(self, what: str = "calls") -> None:
        self._what = what
        self._begun = time.monotonic()
        self._is_shown = False

    def __call__(self, rows: int, share: float | None) -> None:
        """Tell of `rows` that have been read and of the share of the whole, 0 to 1, where that is known."""
        is_over = share is not None and share >= 1
        if not sys.stderr.isatty() or (is_over and not self._is_shown):
            return
        if time.monotonic() - self._begun > _UNTOLD_S:
            so_far = "" if share is None else f", {int(100 * share)} %"
            text = "" if is_over else f"keymon: reading the log, {rows:,} {self._what}{so_far}"
            print(f"\r{text:60}", end="\r" if is_over else "", file=sys.stderr, flush=True)
            self._is_shown = True


def patiently(read: Callable[[], _Result]) -> _Result:
    """Return what `read` finds; a long reading that somebody's lock breaks off is taken up again."""
    for _ in range(_TRIES - 1):
        try:
            return read()
        except DatabaseLockedError:
            continue
    return read()
