"""Exceptions that nobody catches, in whichever thread: each is told, none is printed with what it says."""

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any


class Hooks:
    """Takes the places where Python tells of them until `close`. `told` is given each, in the thread that raised it.

    What goes wrong in `told` itself is left at that: to tell of it might go wrong in the same way.
    """

    def __init__(self, told: Callable[[BaseException], object]) -> None:
        self.told = told
        self._telling = threading.local()
        self._before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
        sys.excepthook = self._hear
        threading.excepthook = self._hear_of_thread
        sys.unraisablehook = self._hear_of_object

    def close(self) -> None:
        """Put back what was there before."""
        sys.excepthook, threading.excepthook, sys.unraisablehook = self._before

    def _hear(self, _kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, KeyboardInterrupt | SystemExit) or getattr(self._telling, "is_so", False):
            return
        self._telling.is_so = True
        try:
            with suppress(Exception):
                self.told(error if error.__traceback__ is not None else error.with_traceback(trace))
        finally:
            self._telling.is_so = False

    def _hear_of_thread(self, raised: threading.ExceptHookArgs) -> None:
        if raised.exc_value is not None:
            self._hear(raised.exc_type, raised.exc_value, raised.exc_traceback)

    def _hear_of_object(self, raised: Any) -> None:  # noqa: ANN401 - sys.UnraisableHookArgs cannot be named
        # Not the object itself, which may show anything.
        if raised.exc_value is not None:
            self._hear(raised.exc_type, raised.exc_value, raised.exc_traceback)
