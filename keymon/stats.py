"""StatsService: every figure that keymon shows, for the window, the command line and the tests alike.

A figure is a pure function of the calls in memory, the gateway's settings and an instant. Periods are
closed: "the last 24 hours" are the calls that started at or after the instant less 24 hours, as the gateway
counts them. A call is a success when its status is 2xx; NULL and text in the status are failures, so that
successes and failures always add up to the total.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np

from keymon.attention import KeyCount, attention, failures_by_key, statuses
from keymon.call_list import CallFilter, CallList, call_list
from keymon.calls import END, Calls, Indexes, Int64s, to_datetime, to_microseconds
from keymon.errors import KeyNotFoundError
from keymon.gateway_clock import EPOCH
from keymon.gateway_settings import GatewaySettings, Kind, only_key, shown_ending
from keymon.latency import Latency, latencies_by
from keymon.model_use import ModelUse, model_use
from keymon.tally import Tally, tally
from keymon.trend import Trend, sparklines, trend
from keymon.validity import Verdict, judge

DAY = timedelta(hours=24)


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


_NO_CALLS = CallCount(0, 0)

_Entry = tuple[int, int, int]
"""(model's number, successes, failures)."""


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


@dataclass(frozen=True, slots=True)
class OutsideCalls:
    """Calls of keys that are not in the pool; `keys` are as many, `keyless` those of the calls that name no key."""

    calls: int
    keys: int
    keyless: int


class StatsService:
    """The statistics of one gateway as of one instant.

    `calls` hold at least the last 24 hours before `as_of` (aware), and as much more as the verdicts need.
    With `until`, calls that started later are left out, so that a past instant can be judged; without, the
    newest calls count even where the gateway's clock is ahead of ours, as they do for the gateway.

    `before` is an earlier service on the same window. What cannot have changed since is taken from it, the very
    same objects; the figures are those that would have been counted afresh.
    """

    def __init__(
        self,
        calls: Calls,
        settings: GatewaySettings,
        as_of: datetime,
        until: datetime | None = None,
        before: "StatsService | None" = None,
    ) -> None:
        self.as_of = as_of
        self.settings = settings
        self._calls = calls if until is None else calls.between(EPOCH, until)
        since = to_microseconds(as_of - DAY)
        self._tally: Tally = tally(self._calls, since) if before is None else before._tally.advanced(self._calls, since)
        self._before = before

    def count(self, period: timedelta) -> CallCount:
        """Return the number of calls of all keys in a period of at most 24 hours before `as_of`."""
        if period == DAY:
            return CallCount(int(self._tally.success.sum()), int(self._tally.failure.sum()))
        return CallCount(*self._calls.outcomes_between(to_microseconds(self.as_of - period), END))

    def usage(self, key: str) -> tuple[ModelCalls, ...]:
        """Return the calls of `key` per model in the last 24 hours, most first, then by name, NULL last."""
        number = self._calls.key_numbers.get(key)
        if number is None:
            return ()
        rows = _entries(self._tally, self._tally.of_key(number)).get(number, [])
        return tuple(sorted((self._model_calls(row) for row in rows), key=_most_first))

    def statuses(self, key: str) -> dict[int | str | None, int]:
        """Return the calls of `key` per status in the last 24 hours, most first. None stands for NULL."""
        calls = self._calls
        number = calls.key_numbers.get(key)
        if number is None:
            return {}
        own = calls.started_between(self._tally.since, END, calls.key == number)
        return calls.count_statuses(calls.status[own])

    def trend(self, period: timedelta, key: str | None = None) -> Trend:
        """Return the calls of a period of `trend.PERIODS` in buckets, of all keys or of one."""
        number = None if key is None else self._calls.key_numbers.get(key, -1)
        return trend(self._calls, self.as_of, period, number)

    def attention(self, status: int | str | None, limit: int | None = None) -> tuple[KeyCount, ...]:
        """Return the keys of the pool with most calls of a status in the last 24 hours, most first."""
        return attention(self._calls, self.as_of, self.settings.pool, status, limit)

    def failures(self, *, in_pool: bool = False) -> dict[int | str | None, int]:
        """Return the failures per status in the last 24 hours, most first. None stands for NULL.

        Those of all calls, or with `in_pool` those of the keys of the pool.
        """
        return statuses(self._calls, self.as_of, self.settings.pool if in_pool else None)

    def outside(self) -> OutsideCalls:
        """Return the calls in the last 24 hours of keys that are not, or no longer, in the pool."""
        counts = self._tally
        calls = np.bincount(counts.keys, counts.success + counts.failure, len(self._calls.keys))
        outside = [
            (self._calls.keys[number], int(calls[number]))
            for number in np.flatnonzero(calls).tolist()
            if self._calls.keys[number] not in self.settings.pool
        ]
        keyless = sum(count for key, count in outside if not key)
        return OutsideCalls(sum(count for _, count in outside), sum(1 for key, _ in outside if key), keyless)

    @property
    def model_names(self) -> Sequence[str | None]:
        """The models that calls in memory are to; None is the NULL model."""
        return self._calls.models

    def call_list(self, wanted: CallFilter) -> CallList:
        """Return the single calls that are wanted, newest first."""
        return call_list(self._calls, self.as_of, wanted)

    def models(self, key: str | None = None, period: timedelta = DAY, *, folded: bool = False) -> tuple[ModelUse, ...]:
        """Return the calls of a key, or of all, per model in a period: with latencies and statuses of failures.

        With `folded` the suffixes that the gateway itself strips (`model_use.SUFFIXES`) make no difference.
        """
        number = None if key is None else self._calls.key_numbers.get(key, -1)
        return model_use(self._calls, self.as_of, period, number, folded=folded)

    @cached_property
    def latencies(self) -> Mapping[str, Latency]:
        """The latencies of the calls of each key in the last 24 hours; keys without any are not in it."""
        calls = self._calls
        chosen = calls.started_between(self._tally.since, END)
        found = latencies_by(calls.key[chosen].astype(np.int64), calls.latency_ms[chosen])
        return {key: one for number, one in found.items() if (key := calls.keys[number]) is not None}

    @cached_property
    def failures_by_key(self) -> Mapping[str, Mapping[int | str | None, int]]:
        """The failures of each key per status in the last 24 hours, most first; keys without any are not in it."""
        found = failures_by_key(self._calls, self._tally.since)
        return {key: of_key for number, of_key in found.items() if (key := self._calls.keys[number]) is not None}

    def hours(self) -> tuple[Int64s, Int64s]:
        """Return the successes and the failures of each key of the pool, in its order, in the last 24 hours.

        Both int64[keys, 24], the hours counted back from `as_of`, oldest first.
        """
        count = len(self._calls.keys)
        success, failure = sparklines(self._calls, self.as_of, count + 1)
        numbers = [self._calls.key_numbers.get(key, count) for key in self.settings.pool]
        return success[numbers], failure[numbers]

    def find_key(self, wanted: str) -> str:
        """Return the key that `wanted` is, or is the ending of; keys of the pool go before others in the log.

        Raises `KeyNotFoundError` and `KeyAmbiguousError`.
        """
        known = self.settings.find_key(wanted)
        if known is None:
            seen = [key for number in _entries(self._tally, slice(None)) if (key := self._calls.keys[number])]
            known = wanted if wanted in seen else only_key(seen, wanted)
        if known is None:
            raise KeyNotFoundError(ending=shown_ending(wanted) or "(empty)")
        return known

    @cached_property
    def verdicts(self) -> Mapping[str, Verdict]:
        """The verdict on every key of the pool."""
        before = self._before
        if before is not None and before.settings == self.settings and self._rests_on_the_same_calls(before):
            return before.verdicts
        return judge(self._calls.between(self._judged_since), self.settings)

    @cached_property
    def _judged_since(self) -> datetime:
        # The gateway holds its counts through any silence: what counts is the time before its newest call.
        newest = self._calls.newest_start
        return min(self.as_of, self.as_of if newest is None else to_datetime(newest)) - self.settings.history

    def _rests_on_the_same_calls(self, before: "StatsService") -> bool:
        """Tell whether verdicts rest on the very same calls as those of `before`."""
        if self._calls.epoch is not before._calls.epoch or len(self._calls) != len(before._calls):
            return False
        if self._judged_since == before._judged_since:
            return True
        begin, end = sorted(to_microseconds(one._judged_since) for one in (self, before))
        return len(self._calls.started_between(begin, end)) == 0

    @cached_property
    def key_figures(self) -> tuple[KeyFigures, ...]:
        """The figures of every key of the pool, in its order."""
        verdicts = self.verdicts
        before, self._before = self._before, None
        changed = self._tally.changed
        if before is None or changed is None or before.settings != self.settings:
            return self._all_figures()
        old = before.key_figures
        if len(changed) == 0 and verdicts is before.verdicts:
            return old
        keys = {self._calls.keys[number] for number in changed.tolist()}
        if verdicts is not before.verdicts:
            keys.update(f.key for f in old if (new := verdicts[f.key]) is not f.verdict and new != f.verdict)
        moved = np.flatnonzero(np.isin(self._tally.keys, self._numbers(keys)))
        entries = _entries(self._tally, moved)
        return tuple(self._figures(f.key, f.kind, entries) if f.key in keys else f for f in old)

    def _all_figures(self) -> tuple[KeyFigures, ...]:
        entries = _entries(self._tally, slice(None))
        return tuple(self._figures(key, kind, entries) for key, kind in self.settings.pool.items())

    def _numbers(self, keys: Iterable[str | None]) -> list[int]:
        return [number for key in keys if (number := self._calls.key_numbers.get(key)) is not None]

    def _figures(self, key: str, kind: Kind, entries: Mapping[int, list[_Entry]]) -> KeyFigures:
        number = self._calls.key_numbers.get(key, -1)
        rows = entries.get(number)
        if rows is None:
            return KeyFigures(key, kind, self.verdicts[key], _NO_CALLS, None, None)
        calls = CallCount(sum(row[1] for row in rows), sum(row[2] for row in rows))
        top = min((self._model_calls(row) for row in rows), key=_most_first).model
        return KeyFigures(key, kind, self.verdicts[key], calls, to_datetime(self._tally.last.item(number)), top)

    def _model_calls(self, entry: _Entry) -> ModelCalls:
        model, success, failure = entry
        return ModelCalls(self._calls.models[model], CallCount(success, failure))


def _entries(counts: Tally, chosen: slice | Indexes) -> dict[int, list[_Entry]]:
    """Return the chosen entries of a tally by the key's number, without those that count nothing."""
    found: dict[int, list[_Entry]] = {}
    columns = (counts.keys[chosen], counts.models[chosen], counts.success[chosen], counts.failure[chosen])
    for key, model, success, failure in zip(*(column.tolist() for column in columns), strict=True):
        if success or failure:
            found.setdefault(key, []).append((model, success, failure))
    return found


def _most_first(row: ModelCalls) -> tuple[int, bool, str]:
    return -row.calls.total, row.model is None, row.model or ""
