"""Runs what cannot be broken off where nobody has to wait for its end: a look-up of a name, a keyring that asks."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

_Result = TypeVar("_Result")


class BrokenOffError(Exception):
    """Nobody waits any longer for what was to be done."""


class Aside:
    """One thing at a time in a thread of its own, which is left behind when `interrupt` is called from another."""

    def __init__(self) -> None:
        self._over = False
        self._told: SimpleQueue[tuple[bool, object]] = SimpleQueue()

    def run(self, work: Callable[[], _Result], limit_s: float | None = None) -> _Result:
        """Return what `work` returns, and raise what it raises.

        Raises `BrokenOffError` after `interrupt`, and `TimeoutError` where it takes longer than `limit_s`.
        """
        told = self._told = SimpleQueue()
        if self._over:
            raise BrokenOffError

        def do() -> None:
            try:
                told.put((True, work()))
            except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                told.put((False, error))

        Thread(target=do, name="keymon-aside", daemon=True).start()
        try:
            done, result = told.get(timeout=limit_s)
        except Empty:
            raise TimeoutError from None
        if not done:
            assert isinstance(result, BaseException)  # noqa: S101
            raise result
        return result  # type: ignore[return-value]

    def interrupt(self) -> None:
        """End the waiting, and refuse whatever is asked for later; callable from any thread."""
        self._over = True
        self._told.put((False, BrokenOffError()))
