"""What a measurement found: values of the baseline and of keymon, taken in turn, and the bar they are held to."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """How the two sides of a measurement are compared, and so what its bar means."""

    FASTER = "faster"
    """baseline / keymon, at least the bar."""
    RATIO = "ratio"
    """keymon / baseline, at most the bar."""
    ADDED = "added"
    """keymon - baseline, at most the bar."""
    VALUE = "value"
    """keymon alone, at most the bar."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One row of the result. `what` names keymon's side, `against` the baseline, in words.

    The values are single ones, in the order in which they were taken. Without keymon's values nothing was
    measured, and `note` says why. Without `bar` the figure is there to be known only.
    """

    name: str
    what: str
    against: str
    unit: str
    kind: Kind
    keymon_values: tuple[float, ...] = ()
    baseline_values: tuple[float, ...] = ()
    bar: float | None = None
    note: str = ""

    @property
    def keymon(self) -> float | None:
        """The median of keymon's values."""
        return statistics.median(self.keymon_values) if self.keymon_values else None

    @property
    def baseline(self) -> float | None:
        """The median of the baseline's values."""
        return statistics.median(self.baseline_values) if self.baseline_values else None

    @property
    def result(self) -> float | None:
        """What the bar is held against, from the medians of both sides; see `Kind`."""
        keymon, baseline = self.keymon, self.baseline
        if keymon is None or self.kind is Kind.VALUE:
            return keymon
        if baseline is None:
            return None
        if self.kind is Kind.ADDED:
            return keymon - baseline
        above, below = (baseline, keymon) if self.kind is Kind.FASTER else (keymon, baseline)
        return above / below if below else None

    @property
    def reached(self) -> bool | None:
        """Whether the bar is reached; None without a bar or without a result."""
        result = self.result
        if self.bar is None or result is None:
            return None
        return result >= self.bar if self.kind is Kind.FASTER else result <= self.bar

    def as_json(self) -> dict[str, Any]:
        """Return everything there is to know, for a JSON file."""
        found = {"baseline": self.baseline, "keymon": self.keymon, "result": self.result, "reached": self.reached}
        found["ratio"] = self.result if self.kind in {Kind.FASTER, Kind.RATIO} else None
        spreads = {
            "baseline_quartiles": quartiles(self.baseline_values),
            "keymon_quartiles": quartiles(self.keymon_values),
        }
        return asdict(self) | found | spreads


def from_json(values: Mapping[str, Any]) -> Measurement:
    """Return a measurement as `as_json` has given it."""
    return Measurement(
        name=values["name"],
        what=values["what"],
        against=values["against"],
        unit=values["unit"],
        kind=Kind(values["kind"]),
        keymon_values=tuple(values["keymon_values"]),
        baseline_values=tuple(values["baseline_values"]),
        bar=values["bar"],
        note=values["note"],
    )


def quartiles(values: Sequence[float]) -> tuple[float, float] | None:
    """Return the lower and the upper quartile; of fewer than four values the least and the most."""
    if len(values) < 4:
        return (min(values), max(values)) if values else None
    lower, _, upper = statistics.quantiles(values, n=4, method="inclusive")
    return lower, upper


Side = Callable[[], float]
"""Measures one side once."""


def in_turn(rounds: int, baseline: Side, keymon: Side) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Measure both sides in turn, twice a round (A B B A), so that neither has the quieter machine.

    Returns the baseline's values and keymon's.
    """
    without: list[float] = []
    with_keymon: list[float] = []
    for _ in range(rounds):
        without.append(baseline())
        with_keymon.append(keymon())
        with_keymon.append(keymon())
        without.append(baseline())
    return tuple(without), tuple(with_keymon)
