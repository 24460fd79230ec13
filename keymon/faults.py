"""Faults of keymon's own: exceptions that are none of `errors`. Each is logged, and known again when it comes back."""

import threading
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from keymon.aside import BrokenOffError
from keymon.errors import KeymonError
from keymon.fault_text import place_of, shown, trace_lines
from keymon.log import begin, is_round, ours


@dataclass(frozen=True, slots=True)
class Fault:
    """One of them: when, of what kind and where, and its traceback without secrets and values.

    `number` tells how often there has been one of that kind at that place, this one included.
    """

    at: datetime
    kind: str
    place: str
    lines: tuple[str, ...]
    number: int

    @property
    def mark(self) -> tuple[str, str]:
        """By what it is known again."""
        return self.kind, self.place

    @property
    def line(self) -> str:
        """What and where, in a word."""
        return f"a fault of its own ({self.kind} in {self.place})"


_met: Counter[tuple[str, str]] = Counter()
_lock = threading.RLock()


def note(error: BaseException) -> Fault:
    """Log a fault and return what can be told of it.

    One that comes back is logged the 10th time, the 100th, and so on.
    """
    mark = _mark(error)
    with _lock:
        _met[mark] += 1
        number = _met[mark]
    kind, place = mark
    if number == 1:
        ours.error("a fault of keymon's own in %s", place, exc_info=error)
    elif is_round(number):
        ours.error("a fault of keymon's own in %s for the %dth time: %s", place, number, kind)
    return seen(error)


def seen(error: BaseException) -> Fault:
    """Return what can be told of a fault that has been noted."""
    mark = _mark(error)
    return Fault(datetime.now().astimezone(), *mark, tuple(trace_lines(error)), max(_met[mark], 1))


def _mark(error: BaseException) -> tuple[str, str]:
    return shown(type(error).__name__, 80), shown(place_of(error), 120)


def note_unless_expected(error: BaseException) -> None:
    """Log what somebody else tells the operator, if it is a fault."""
    if not isinstance(error, KeymonError | BrokenOffError):
        note(error)


def note_last(error: BaseException) -> str:
    """Log a fault that ends keymon; return a line that says so, and where the report is."""
    file = begin()
    fault = note(error)
    path = shown(str(file.path), 400)
    report = f"the report is in {path}" if file.failure is None else f"{path} cannot be written"
    return f"keymon: {fault.line}; {report}"
