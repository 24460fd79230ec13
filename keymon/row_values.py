"""What the gateway's columns may hold, sorted out once: numbers for names, times, statuses and latencies.

NULL, text where a number belongs, numbers out of range, times that cannot be read, blobs: each becomes something
that can be counted. Nothing is dropped silently.
"""

from collections.abc import Sequence
from datetime import UTC
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keymon.call_log import EARLIEST, LATEST, MAX_LATENCY_MS, local_time, whole_number
from keymon.calls import BEGINNING, LATENCY_UNKNOWN, STATUS_MISSING, Int32s, Int64s, to_microseconds

NO_TIME = BEGINNING
"""In local times: NULL or unreadable."""

_STATUS_LIMIT = 100_000
_MAX_STATUS_TEXTS = 1_000
_OTHER_TEXT = "(other text)"
_USUAL_LENGTHS = {len("2026-11-23 12:00:00"), len("2026-11-23 12:00:00.000000")}
_CLOCK = len("2026-11-23 ")
"""Where the time of day begins: digits, colons and a point, no sign of a zone."""
_DIGITS = ord("0"), ord("9")
_EARLIEST, _LATEST = (to_microseconds(time.replace(tzinfo=UTC)) for time in (EARLIEST, LATEST))


def local_microseconds(values: Sequence[object]) -> Int64s:
    """Return naive times as microseconds on the gateway's wall clock; `NO_TIME` for what is none."""
    # numpy would take bytes among them for texts.
    texts = np.array(values) if set(map(type, values)) == {str} else None
    if texts is not None and _are_times(texts):
        try:
            local = texts.astype("datetime64[us]").astype(np.int64)
        except (TypeError, ValueError, OverflowError):
            pass
        else:
            if local.min() >= _EARLIEST and local.max() < _LATEST:
                return local
    return np.fromiter(map(_local_time, values), np.int64, len(values))


def _are_times(texts: NDArray[Any]) -> bool:
    """Tell whether all texts look as a gateway writes times; numpy would also read a word such as "now"."""
    length = texts.dtype.itemsize // 4
    if texts.dtype.kind != "U" or length not in _USUAL_LENGTHS:
        return False
    letters = texts.view(np.uint32).reshape(len(texts), length)
    first, clock = letters[:, 0], letters[:, _CLOCK:]
    return bool(
        ((first >= _DIGITS[0]) & (first <= _DIGITS[1])).all() and ((clock >= ord(".")) & (clock <= ord(":"))).all()
    )


def _local_time(value: object) -> int:
    time = local_time(value)
    return NO_TIME if time is None else to_microseconds(time.replace(tzinfo=UTC))


def latencies(values: Sequence[object]) -> Int32s:
    """Return latencies in milliseconds; `LATENCY_UNKNOWN` for what is none or out of range."""
    numbers = _whole_numbers(values)
    if numbers is not None:
        known = (numbers >= 0) & (numbers <= MAX_LATENCY_MS)
        return np.where(known, numbers, LATENCY_UNKNOWN).astype(np.int32)
    return np.fromiter(map(_latency, values), np.int32, len(values))


def _latency(value: object) -> int:
    number = whole_number(value)
    return number if number is not None and 0 <= number <= MAX_LATENCY_MS else LATENCY_UNKNOWN


def _whole_numbers(values: Sequence[object]) -> Int64s | None:
    """Return values that are whole numbers all of them; numpy would also make numbers of texts and fractions."""
    try:
        numbers = np.array(values)
    except (ValueError, OverflowError):
        return None
    return numbers if numbers.dtype == np.int64 else None


class Statuses:
    """Numbers for HTTP statuses, and for the texts that are found in their place."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    @property
    def texts(self) -> list[str]:
        """The texts found so far; the number of the text i is -2 - i."""
        return list(self._numbers)

    def numbers(self, values: Sequence[object]) -> Int32s:
        """Return statuses as `Calls.status` holds them."""
        status = _whole_numbers(values)
        if status is not None and status.min() >= 0 and status.max() < _STATUS_LIMIT:
            return status.astype(np.int32)
        return np.fromiter(map(self._number, values), np.int32, len(values))

    def _number(self, value: object) -> int:
        if value is None:
            return STATUS_MISSING
        number = whole_number(value)
        if number is not None and 0 <= number < _STATUS_LIMIT:
            return number
        text = as_text(value)
        if text not in self._numbers and len(self._numbers) >= _MAX_STATUS_TEXTS:
            text = _OTHER_TEXT
        return -2 - self._numbers.setdefault(text, len(self._numbers))


class Names:
    """Numbers for names, in the order in which they were first seen."""

    def __init__(self) -> None:
        self.values: list[str | None] = []
        self.numbers = _Numbers(self)
        """The number of each value that rows have brought; a new value is given the next one."""

    def number_of(self, value: object) -> int:
        """Return the number of a value that has not been looked up before."""
        name = None if value is None else as_text(value)
        found = self.numbers.get(name)
        if found is None:
            found = self.numbers[name] = len(self.values)
            self.values.append(name)
        self.numbers[value] = found
        return found

    def in_use(self, numbers: NDArray[Any]) -> tuple["Names", NDArray[Any]]:
        """Return only the names that `numbers` mention, and `numbers` as they are among these."""
        used = np.flatnonzero(np.bincount(numbers, minlength=len(self.values)))
        names = Names()
        renumbered = np.zeros(len(self.values), np.int32)
        for number in used.tolist():
            renumbered[number] = names.numbers[self.values[number]]
        return names, renumbered[numbers]


class _Numbers(dict[object, int]):
    """Looks values up at the speed of a dict."""

    def __init__(self, names: Names) -> None:
        super().__init__()
        self._names = names

    def __missing__(self, value: object) -> int:
        return self._names.number_of(value)


def as_text(value: object) -> str:
    """Return a value as text; bytes that are not UTF-8 stay visible."""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
