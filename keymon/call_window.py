"""The calls that keymon holds in memory: typed columns, one entry a call, in the order of the log.

The window is the only state that keymon keeps of a gateway; every figure is computed afresh from it. What
the gateway's columns may hold is sorted out here once: NULL, text where a number belongs, numbers out of
range, times that cannot be read. Nothing is dropped silently.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keymon.call_log import EARLIEST, LATEST, Row, local_time
from keymon.gateway_clock import EPOCH, GatewayClock

Int64s = NDArray[np.int64]
Int32s = NDArray[np.int32]

STATUS_MISSING = -1
"""In `Calls.status`: the gateway stored NULL."""
LATENCY_UNKNOWN = -1
"""In `Calls.latency_ms`: NULL, text, negative or out of range."""

_STATUS_LIMIT = 100_000
_MAX_STATUS_TEXTS = 1_000
_OTHER_TEXT = "(other text)"
_MAX_LATENCY_MS = 24 * 3600 * 1000
_USUAL_LENGTHS = {len("2026-11-23 12:00:00"), len("2026-11-23 12:00:00.000000")}
_NO_TIME = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True, eq=False)
class Calls:
    """n calls in columns, in the order in which the gateway inserted them (at their end).

    `started` int64[n]: microseconds since 1970-01-01 UTC.
    `key` int32[n]: index into `keys`; `model` int32[n]: index into `models` (whose None is the NULL model).
    `status` int32[n]: the HTTP status; `STATUS_MISSING` for NULL; -2 - i for the text `status_texts[i]`.
    `latency_ms` int32[n]: milliseconds, or `LATENCY_UNKNOWN`.

    The lists only ever grow at their end, so older `Calls` of the same window stay right.
    """

    started: Int64s
    key: Int32s
    model: Int32s
    status: Int32s
    latency_ms: Int32s
    keys: Sequence[str | None]
    models: Sequence[str | None]
    status_texts: Sequence[str]

    def __len__(self) -> int:
        return len(self.started)

    @property
    def success(self) -> NDArray[np.bool_]:
        """bool[n]: the gateway calls a call successful when its status is 2xx; NULL and text are failures."""
        return (self.status >= 200) & (self.status < 300)

    @property
    def ended(self) -> Int64s:
        """int64[n]: when the call ended and its row was written, microseconds since 1970-01-01 UTC."""
        return self.started + np.maximum(self.latency_ms, 0).astype(np.int64) * 1000

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.intp] | slice) -> "Calls":
        """Return the chosen calls."""
        return Calls(
            self.started[chosen],
            self.key[chosen],
            self.model[chosen],
            self.status[chosen],
            self.latency_ms[chosen],
            self.keys,
            self.models,
            self.status_texts,
        )

    def between(self, start: datetime, end: datetime | None = None) -> "Calls":
        """Return the calls that started at or after `start` and, where given, not after `end`; aware."""
        chosen = self.started >= to_microseconds(start)
        if end is not None:
            chosen &= self.started <= to_microseconds(end)
        return self.where(chosen)

    def status_of(self, index: int) -> int | str | None:
        """Return the status of one call as the gateway stored it: a number, a text, or None for NULL."""
        return self.decode_status(int(self.status[index]))

    def decode_status(self, status: int) -> int | str | None:
        """Return what an entry of `status` stands for: a number, a text, or None for NULL."""
        if status >= 0:
            return status
        return None if status == STATUS_MISSING else self.status_texts[-2 - status]


def to_microseconds(instant: datetime) -> int:
    """Return an aware instant as microseconds since 1970-01-01 UTC."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def to_datetime(microseconds: int) -> datetime:
    """Return microseconds since 1970-01-01 UTC as an aware UTC instant."""
    return EPOCH + timedelta(microseconds=int(microseconds))


_EARLIEST, _LATEST = (to_microseconds(time.replace(tzinfo=UTC)) for time in (EARLIEST, LATEST))


class CallWindow:
    """Gathers rows of the log into columns, and lets go of those that have become too old.

    Rows arrive in the order of their ids; `Calls` handed out earlier are not disturbed by what comes later.
    """

    def __init__(self, clock: GatewayClock) -> None:
        self._clock = clock
        self._keys = _Names()
        self._models = _Names()
        self._status_texts: dict[str, int] = {}
        self._columns: list[NDArray[Any]] = [
            np.empty(0, np.int64),
            *(np.empty(0, np.int32) for _ in range(4)),
        ]
        self._size = 0
        self._last_end: int | None = None
        self.without_time = 0
        """Rows whose time is NULL or unreadable: they belong to no period."""

    def __len__(self) -> int:
        return self._size

    @property
    def calls(self) -> Calls:
        """All calls held now."""
        started, key, model, status, latency_ms = (column[: self._size] for column in self._columns)
        return Calls(
            started,
            key,
            model,
            status,
            latency_ms,
            self._keys.values,
            self._models.values,
            list(self._status_texts),
        )

    def add(self, rows: Sequence[Row], since: datetime) -> None:
        """Append `rows` of the log, in order of their ids, leaving out calls that started before `since`."""
        if not rows:
            return
        _, times, models, keys, statuses, latencies = zip(*rows, strict=True)
        local = _local_microseconds(times)
        latency = _latencies(latencies)
        timed = local != _NO_TIME
        self.without_time += len(rows) - int(np.count_nonzero(timed))
        key = np.fromiter(map(self._keys.index, keys), np.int32, len(rows))
        model = np.fromiter(map(self._models.index, models), np.int32, len(rows))
        new = (key, model, self._statuses(statuses), latency)
        lasted = np.maximum(latency[timed], 0).astype(np.int64) * 1000
        started = self._clock.to_utc(local[timed], lasted, self._last_end)
        if len(started):
            self._last_end = int(started[-1] + lasted[-1])
        recent = started >= to_microseconds(since)
        self._append([started[recent], *(column[timed][recent] for column in new)])

    @property
    def newest_start(self) -> datetime | None:
        """When the newest call started, UTC; None without calls."""
        return to_datetime(int(self._columns[0][: self._size].max())) if self._size else None

    def forget_before(self, instant: datetime) -> None:
        """Let go of calls that started before `instant`, once they are a tenth of all."""
        old = self._columns[0][: self._size] < to_microseconds(instant)
        if np.count_nonzero(old) * 10 < self._size:
            return
        self._columns = [column[: self._size][~old] for column in self._columns]
        self._size = len(self._columns[0])
        # Names that no call has any more go too: clients may send a new one with every call.
        self._keys, self._columns[1] = self._keys.in_use(self._columns[1])
        self._models, self._columns[2] = self._models.in_use(self._columns[2])

    def change_clock(self, clock: GatewayClock) -> None:
        """Read the times of rows that are added from now on with another clock."""
        self._clock = clock

    def _append(self, columns: Sequence[NDArray[Any]]) -> None:
        needed = self._size + len(columns[0])
        if needed > len(self._columns[0]):
            # New arrays: views that were handed out keep the old ones.
            self._columns = [
                np.concatenate([column[: self._size], np.empty(needed // 4 + len(new), column.dtype)])
                for column, new in zip(self._columns, columns, strict=True)
            ]
        for column, new in zip(self._columns, columns, strict=True):
            column[self._size : needed] = new
        self._size = needed

    def _statuses(self, values: Sequence[object]) -> Int32s:
        # numpy would also make numbers of texts, blobs and fractions.
        if set(map(type, values)) == {int}:
            status = np.array(values, np.int64)
            if status.min() >= 0 and status.max() < _STATUS_LIMIT:
                return status.astype(np.int32)
        return np.fromiter(map(self._status, values), np.int32, len(values))

    def _status(self, value: object) -> int:
        if value is None:
            return STATUS_MISSING
        if isinstance(value, int) and 0 <= value < _STATUS_LIMIT:
            return value
        text = _as_text(value)
        if text not in self._status_texts and len(self._status_texts) >= _MAX_STATUS_TEXTS:
            text = _OTHER_TEXT
        return -2 - self._status_texts.setdefault(text, len(self._status_texts))


class _Names:
    """Numbers for names, in the order in which they were first seen."""

    def __init__(self) -> None:
        self.values: list[str | None] = []
        self._index: dict[object, int] = {}

    def index(self, value: object) -> int:
        """Return the number of `value`, a new one where it is new."""
        found = self._index.get(value)
        if found is None:
            name = None if value is None else _as_text(value)
            found = self._index.setdefault(name, len(self.values))
            if found == len(self.values):
                self.values.append(name)
            self._index[value] = found
        return found

    def in_use(self, numbers: NDArray[Any]) -> tuple["_Names", NDArray[Any]]:
        """Return only the names that `numbers` mention, and `numbers` as they are among these."""
        used, renumbered = np.unique(numbers, return_inverse=True)
        names = _Names()
        for number in used.tolist():
            names.index(self.values[number])
        return names, renumbered.astype(np.int32)


def _as_text(value: object) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _local_microseconds(values: Sequence[object]) -> Int64s:
    """Return naive times as microseconds on the gateway's wall clock; `_NO_TIME` for what is none."""
    # numpy would also make times of numbers and of words such as "now".
    usual = set(map(type, values)) == {str} and set(map(len, values)) <= _USUAL_LENGTHS  # type: ignore[arg-type]
    if usual or set(map(type, values)) == {datetime}:
        try:
            local = np.array(values, "datetime64[us]").astype(np.int64)
        except (TypeError, ValueError, OverflowError):
            pass
        else:
            if local.min() >= _EARLIEST and local.max() < _LATEST:
                return local
    return np.fromiter(map(_local_time, values), np.int64, len(values))


def _local_time(value: object) -> int:
    time = local_time(value)
    return int(_NO_TIME) if time is None else to_microseconds(time.replace(tzinfo=UTC))


def _latencies(values: Sequence[object]) -> Int32s:
    if set(map(type, values)) == {int}:
        latency = np.array(values, np.int64)
        known = (latency >= 0) & (latency <= _MAX_LATENCY_MS)
        return np.where(known, latency, LATENCY_UNKNOWN).astype(np.int32)
    return np.fromiter(map(_latency, values), np.int32, len(values))


def _latency(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value <= _MAX_LATENCY_MS else LATENCY_UNKNOWN
