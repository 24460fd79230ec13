"""Figures of all keys that are worth their time only while a column or a filter shows them.

Nothing in here knows Qt. They are counted in the worker; what was not asked for is None, and shown as not known yet.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from keymon.latency import Latency
    from keymon.stats import StatsService

Need = Literal["latency", "statuses", "hours"]
Needs = frozenset[Need]
Status = int | str | None
_Column = NDArray[np.float64]
_Hours = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """What was asked for of n keys; `place` tells where in the pool a key stands.

    `latencies` and `statuses` (of failures) are of the last 24 hours and leave out keys without any. `hours` are
    successes and failures, int64[n, 24], the oldest hour first.
    """

    needs: Needs = frozenset()
    place: Mapping[str, int] = field(default_factory=dict, repr=False)
    latencies: "Mapping[str, Latency] | None" = field(default=None, repr=False)
    statuses: Mapping[str, Mapping[Status, int]] | None = field(default=None, repr=False)
    hours: _Hours | None = field(default=None, repr=False)
    _made: dict[str, _Column] = field(default_factory=dict, repr=False)

    def column(self, name: str) -> _Column:
        """Return what a column sorts by: `p50`, `p95` (-1 where unknown) or `last_hour`; equal where not known yet."""
        if name not in self._made:
            self._made[name] = self._column(name)
        return self._made[name]

    def failed_with(self, statuses: str) -> NDArray[np.bool_]:
        """Return which keys had failures of a status, given as a number, as `text` or as `null`; none where unknown."""
        name = f"status {statuses}"
        if name not in self._made:
            places = [
                self.place.get(key, -1) for key, of_key in (self.statuses or {}).items() if _has(of_key, statuses)
            ]
            found = np.zeros(len(self.place) + 1)
            found[places] = 1  # the last is that of keys outside the pool
            self._made[name] = found[:-1]
        return self._made[name] > 0

    def hours_of(self, key: str) -> tuple[list[int], list[int]] | None:
        """Return the successes and failures of a key in each of 24 hours; None while they are not known."""
        if self.hours is None:
            return None
        place = self.place[key]
        return self.hours[0][place].tolist(), self.hours[1][place].tolist()

    def _column(self, name: str) -> _Column:
        if name == "last_hour" and self.hours is not None:
            return (self.hours[0][:, -1] + self.hours[1][:, -1]).astype(np.float64)
        if name in _MILLISECONDS and self.latencies is not None:
            of, found, unknown = _MILLISECONDS[name], self.latencies, -1
            return np.fromiter(
                (unknown if (one := found.get(key)) is None else of(one) for key in self.place),
                np.float64,
                len(self.place),
            )
        return np.zeros(len(self.place))


NOTHING = Measures()
"""Nothing was asked for."""

_MILLISECONDS: "Mapping[str, Callable[[Latency], float]]" = {
    "p50": lambda one: -1 if one.p50_ms is None else one.p50_ms,
    "p95": lambda one: -1 if one.p95_ms is None else one.p95_ms,
}


def measure(stats: "StatsService", place: Mapping[str, int], needs: Needs) -> Measures:
    """Count what is needed, for the keys of a pool. For the worker."""
    return Measures(
        needs,
        place,
        stats.latencies if "latency" in needs else None,
        stats.failures_by_key if "statuses" in needs else None,
        stats.hours() if "hours" in needs else None,
    )


def _has(of_key: Mapping[Status, int], status: str) -> bool:
    if status == "text":
        return any(isinstance(one, str) for one in of_key)
    return (None if status == "null" else int(status)) in of_key
