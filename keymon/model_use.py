"""Calls per model with all that is known of them: latencies, and failures by status."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from keymon.calls import END, Calls, Indexes, is_success, to_microseconds
from keymon.latency import Latency, latency

SUFFIXES = ("-search", "-image", "-non-thinking")
"""What clients append to a model's name to ask the gateway for a way of calling it."""


@dataclass(frozen=True, slots=True)
class ModelUse:
    """The calls to one model, None for the NULL model; `failures` are by status, most first."""

    model: str | None
    success: int
    failure: int
    latency: Latency
    failures: dict[int | str | None, int]

    @property
    def total(self) -> int:
        """Successes and failures."""
        return self.success + self.failure


def model_use(
    calls: Calls, as_of: datetime, period: timedelta, key: int | None = None, *, folded: bool = False
) -> tuple[ModelUse, ...]:
    """Return the calls of a period before `as_of` (aware) per model, most first, then by name, NULL last."""
    among = None if key is None else calls.key == key
    chosen = calls.started_between(to_microseconds(as_of - period), END, among)
    groups: dict[str | None, list[int]] = {}
    for number in np.unique(calls.model[chosen]).tolist():
        name = calls.models[number]
        groups.setdefault(base_model(name) if folded else name, []).append(number)
    found = (_use(calls, name, chosen[np.isin(calls.model[chosen], numbers)]) for name, numbers in groups.items())
    return tuple(sorted(found, key=lambda use: (-use.total, use.model is None, use.model or "")))


def base_model(name: str | None) -> str | None:
    """Return the name of a model without what its client asked for besides."""
    if name is None:
        return None
    while name.endswith(SUFFIXES):
        for suffix in SUFFIXES:
            name = name.removesuffix(suffix)
    return name


def _use(calls: Calls, name: str | None, chosen: Indexes) -> ModelUse:
    status = calls.status[chosen]
    passed = is_success(status)
    failures = calls.count_statuses(status[~passed])
    success = int(passed.sum())
    return ModelUse(name, success, len(chosen) - success, latency(calls.latency_ms[chosen]), failures)
