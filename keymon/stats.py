"""StatsService: every figure that keymon shows, for the window, the command line and the tests alike.

A figure is a pure function of the calls in memory, the gateway's settings and an instant. Periods are
closed: "the last 24 hours" are the calls that started at or after the instant less 24 hours, as the gateway
counts them. A call is a success when its status is 2xx; NULL and text in the status are failures, so that
successes and failures always add up to the total.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np

from keymon.call_window import Calls, to_datetime
from keymon.errors import KeyAmbiguousError, KeyNotFoundError
from keymon.gateway_clock import EPOCH
from keymon.gateway_settings import GatewaySettings, Kind
from keymon.masking import mask_key, visible
from keymon.validity import Verdict, judge

DAY = timedelta(hours=24)

_ENDING = 12
"""What is longer than this may be a whole key and is masked in messages."""


@dataclass(frozen=True, slots=True)
class CallCount:
    """A number of calls, by their outcome."""

    success: int
    failure: int

    @property
    def total(self) -> int:
        """Successes and failures."""
        return self.success + self.failure

    @property
    def success_rate(self) -> float | None:
        """The share of successes, 0 to 1; None without calls."""
        return self.success / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class ModelCalls:
    """The calls of one key to one model; `model` is None for rows whose model is NULL."""

    model: str | None
    calls: CallCount


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """One key of the pool: its verdict and its last 24 hours.

    `last_call_at` (UTC) is None, and `top_model` too, where the key made no call in the last 24 hours.
    """

    key: str = field(repr=False)
    kind: Kind
    verdict: Verdict
    calls_24h: CallCount
    last_call_at: datetime | None
    top_model: str | None


class StatsService:
    """The statistics of one gateway as of one instant.

    `calls` hold at least the last 24 hours before `as_of` (aware), and as much more as the verdicts need.
    With `until`, calls that started later are left out, so that a past instant can be judged; without, the
    newest calls count even where the gateway's clock is ahead of ours, as they do for the gateway.
    """

    def __init__(self, calls: Calls, settings: GatewaySettings, as_of: datetime, until: datetime | None = None) -> None:
        self.as_of = as_of
        self.settings = settings
        known = calls if until is None else calls.between(EPOCH, until)
        # The gateway holds its counts through any silence: what counts is the time before its newest call.
        newest = to_datetime(int(known.started.max())) if len(known) else as_of
        self._history = known.between(min(as_of, newest) - settings.history)
        self._day = known.between(as_of - DAY)

    def count(self, period: timedelta) -> CallCount:
        """Return the number of calls of all keys in a period of at most 24 hours before `as_of`."""
        success = self._day.between(self.as_of - period).success
        return _outcome(success)

    def usage(self, key: str) -> tuple[ModelCalls, ...]:
        """Return the calls of `key` per model in the last 24 hours, most first, then by name, NULL last."""
        return self._usage.get(key, ())

    def statuses(self, key: str) -> dict[int | str | None, int]:
        """Return the calls of `key` per status in the last 24 hours, most first. None stands for NULL."""
        day = self._day
        if key not in day.keys:
            return {}
        own = day.status[day.key == day.keys.index(key)]
        status, count = np.unique(own, return_counts=True)
        order = np.argsort(-count, kind="stable")
        return {day.decode_status(int(status[i])): int(count[i]) for i in order}

    def find_key(self, wanted: str) -> str:
        """Return the key that `wanted` is, or is the ending of; keys of the pool go before others in the log.

        Raises `KeyNotFoundError` and `KeyAmbiguousError`.
        """
        seen = [key for key in self._usage if key]
        if wanted in self.settings.pool or wanted in seen:
            return wanted
        shown = visible(wanted) if len(wanted) <= _ENDING else mask_key(wanted)
        for known in (self.settings.pool, seen):
            matches = [key for key in known if wanted and key.endswith(wanted)]
            if len(matches) > 1:
                raise KeyAmbiguousError(count=len(matches), ending=shown)
            if matches:
                return matches[0]
        raise KeyNotFoundError(ending=shown or "(empty)")

    @cached_property
    def verdicts(self) -> Mapping[str, Verdict]:
        """The verdict on every key of the pool."""
        return judge(self._history, self.settings)

    @cached_property
    def key_figures(self) -> tuple[KeyFigures, ...]:
        """The figures of every key of the pool, in its order."""
        return tuple(self._figures(key, kind) for key, kind in self.settings.pool.items())

    def _figures(self, key: str, kind: Kind) -> KeyFigures:
        usage = self.usage(key)
        calls = CallCount(sum(m.calls.success for m in usage), sum(m.calls.failure for m in usage))
        last = self._last_calls.get(key)
        top = usage[0].model if usage else None
        return KeyFigures(key, kind, self.verdicts[key], calls, to_datetime(last) if last else None, top)

    @cached_property
    def _last_calls(self) -> dict[str | None, int]:
        """The start of each key's last call, microseconds UTC."""
        day = self._day
        last = np.zeros(len(day.keys), np.int64)
        np.maximum.at(last, day.key, day.started)
        return {key: int(time) for key, time in zip(day.keys, last, strict=False) if time}

    @cached_property
    def _usage(self) -> dict[str | None, tuple[ModelCalls, ...]]:
        """Calls per key and model."""
        day = self._day
        models = max(len(day.models), 1)
        # One number for (key, model, outcome): counting becomes a single pass.
        code = (day.key.astype(np.int64) * models + day.model) * 2 + day.success
        codes, counts = np.unique(code, return_counts=True)
        found: dict[str | None, dict[str | None, list[int]]] = {}
        for one, count in zip(codes.tolist(), counts.tolist(), strict=True):
            pair, success = divmod(one, 2)
            key, model = divmod(pair, models)
            outcome = found.setdefault(day.keys[key], {}).setdefault(day.models[model], [0, 0])
            outcome[success] += count
        return {key: _most_first(usage) for key, usage in found.items()}


def _most_first(usage: Mapping[str | None, list[int]]) -> tuple[ModelCalls, ...]:
    rows = [ModelCalls(model, CallCount(success, failure)) for model, (failure, success) in usage.items()]
    return tuple(sorted(rows, key=lambda row: (-row.calls.total, row.model is None, row.model or "")))


def _outcome(success: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> CallCount:
    successes = int(np.count_nonzero(success))
    return CallCount(successes, len(success) - successes)
