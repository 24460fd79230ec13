"""The keys of a snapshot in columns, so that 100,000 of them are searched and sorted within a keystroke.

Nothing in here knows Qt. `prepare` is meant for the worker; what the window asks for afterwards are passes over
arrays. A key is known by its place in the pool, and as long as the pool stays what it is, so do the places:
then a refresh touches only the keys whose figures have changed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from keymon.gui.key_measures import NOTHING, Measures, Needs, measure
from keymon.reason import REASONS, reason_of

if TYPE_CHECKING:
    from keymon.monitor import Snapshot
    from keymon.stats import KeyFigures

Places = NDArray[np.int32]
"""Places in the pool, in some order."""
Bools = NDArray[np.bool_]
Column = NDArray[np.float64]

_T = TypeVar("_T", bound=np.generic)

NO_CALLS = 0
"""The model number of keys without calls; 1 is that of the NULL model."""


class Pool:
    """The keys themselves, in the pool's order: what stays when figures change."""

    def __init__(self, figures: "Sequence[KeyFigures]") -> None:
        self.place: Mapping[str, int] = {one.key: i for i, one in enumerate(figures)}
        self.kind = np.fromiter((one.kind == "vertex" for one in figures), np.bool_, len(figures))
        self.lower = [key.lower() for key in self.place]
        self.rank = np.empty(len(figures), np.float64)
        """Where a key comes in the order of their names."""
        self.rank[sorted(range(len(figures)), key=list(self.place).__getitem__)] = np.arange(len(figures))

    def __len__(self) -> int:
        return len(self.lower)

    def places_of(self, other: "Pool", places: Places) -> Places:
        """Return where keys at `places` of an `other` pool stand in this one, -1 where they do not."""
        if other is self:
            return places
        moved = np.fromiter((self.place.get(key, -1) for key in other.place), np.int32, len(other))
        return moved[places]


@dataclass(frozen=True, slots=True, eq=False)
class KeyRows:
    """n keys in columns. `figures` are those of the snapshot; what is a number can be sorted by.

    `success` is -1 and `last_call` (seconds since 1970) 0 where there were no calls; `failed` are the calls that did
    in 24 hours. `reason` is a place in `REASONS`, or their number where there is none. `model` is the number of the
    most used model among `models`. `measures` are counted where they were asked for.
    """

    figures: "tuple[KeyFigures, ...]" = field(repr=False)
    pool: Pool
    valid: Bools
    failures: Column
    calls: Column
    failed: Column
    success: Column
    last_call: Column
    reason: Column
    model: Places
    models: Mapping[str | None, int] = field(repr=False)
    measures: Measures = field(default=NOTHING, repr=False)

    def of_verdict(self, valid: bool) -> Bools:
        """Return which keys are valid, or which are not."""
        return self.valid if valid else ~self.valid

    def matching(self, text: str) -> Bools:
        """Return which keys contain `text` (in lower case), in the key, its kind or its most used model."""
        if not text:
            return np.ones(len(self.pool), np.bool_)
        found = np.fromiter((text in key for key in self.pool.lower), np.bool_, len(self.pool))
        names = [text in name.lower() for name in self._model_names()]
        found |= np.array(names, np.bool_)[self.model]
        for word, is_kind in (("gemini", ~self.pool.kind), ("vertex", self.pool.kind)):
            if text in word:
                found |= is_kind
        return found

    def order(self, wanted: Bools, by: Sequence[tuple[str, bool]] = ()) -> Places:
        """Return the places of the `wanted` keys, sorted; those that are equal in the pool's order.

        `by` are the names of columns, the first of most weight, each with whether it is descending.
        """
        places = np.flatnonzero(wanted).astype(np.int32)
        if not by:
            return places
        values = [-self._values(name)[places] if descending else self._values(name)[places] for name, descending in by]
        return places[np.lexsort(values[::-1])]

    def _values(self, column: str) -> Column:
        if column == "key":
            return self.pool.rank
        if column == "kind":
            return self.pool.kind.astype(np.float64)
        if column == "model":
            return self._model_rank()[self.model]
        if column in {"p50", "p95", "last_hour"}:
            return self.measures.column(column) if self.measures.needs else np.zeros(len(self.pool))
        values: Column = getattr(self, column)
        return values

    def _model_names(self) -> list[str]:
        return ["", *(name or "" for name in self.models)]

    def _model_rank(self) -> Column:
        """Return where each model comes by its name, keys without calls last."""
        names = self._model_names()
        places = {name: i for i, name in enumerate(sorted(set(names)))}
        rank = np.array([places[name] for name in names], np.float64)
        rank[NO_CALLS] = len(names)
        return rank


def runs(chosen: Bools) -> list[tuple[int, int]]:
    """Return the runs of those that are chosen, each as its first place and the place after its last."""
    edges = np.flatnonzero(np.diff(chosen, prepend=False, append=False)).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def prepare(snapshot: "Snapshot", previous: KeyRows | None, needs: Needs = frozenset()) -> KeyRows:
    """Return the keys of `snapshot` in columns; cheap where `previous` are those of a snapshot much like it.

    `needs` are the measures that are shown. For the worker: it takes some hundred milliseconds where 100,000 keys are
    new.
    """
    rows = _rows_of(tuple(snapshot.keys), previous)
    if not needs and not rows.measures.needs:
        return rows
    return replace(rows, measures=measure(snapshot.stats, rows.pool.place, needs))


def _rows_of(figures: "tuple[KeyFigures, ...]", previous: KeyRows | None) -> KeyRows:
    if previous is not None and previous.figures is figures:
        return previous
    if previous is None or len(previous.figures) != len(figures):
        return _made(figures, Pool(figures))
    changed = [i for i, (old, new) in enumerate(zip(previous.figures, figures, strict=True)) if old is not new]
    before = previous.figures
    if any(before[i].key != figures[i].key or before[i].kind != figures[i].kind for i in changed):
        return _made(figures, Pool(figures))
    if len(changed) > len(figures) // 2:
        return _made(figures, previous.pool)
    return _changed(previous, figures, changed)


def _made(figures: "tuple[KeyFigures, ...]", pool: Pool) -> KeyRows:
    models = _numbered({None: 1}, figures)
    return KeyRows(figures, pool, **_columns(figures, models), models=models)


def _changed(previous: KeyRows, figures: "tuple[KeyFigures, ...]", changed: list[int]) -> KeyRows:
    if not changed:
        return replace(previous, figures=figures)
    new = [figures[i] for i in changed]
    models = _numbered(previous.models, new)
    columns: dict[str, Any] = {
        name: _with(getattr(previous, name), changed, of_new) for name, of_new in _columns(new, models).items()
    }
    return replace(previous, figures=figures, models=models, **columns)


def _with(column: NDArray[_T], places: list[int], values: NDArray[_T]) -> NDArray[_T]:
    """Return a copy of `column` that has `values` at `places`; the window may still be reading the original."""
    changed = column.copy()
    changed[places] = values
    return changed


_NO_REASON = len(REASONS)
_REASON_NUMBERS = {None: _NO_REASON} | {reason: i for i, reason in enumerate(REASONS)}


def _columns(figures: "Sequence[KeyFigures]", models: Mapping[str | None, int]) -> dict[str, Any]:
    """Return the columns of `KeyRows` by their names."""
    n = len(figures)

    def column(values: Iterable[float]) -> Column:
        return np.fromiter(values, np.float64, n)

    passed = column(one.calls_24h.success for one in figures)
    failed = column(one.calls_24h.failure for one in figures)
    calls = passed + failed
    return {
        "valid": np.fromiter((one.verdict.valid for one in figures), np.bool_, n),
        "failures": column(one.verdict.failure_count for one in figures),
        "calls": calls,
        "failed": failed,
        "success": np.divide(passed, calls, out=np.full(n, -1.0), where=calls > 0),
        "last_call": column(one.last_call_at.timestamp() if one.last_call_at else 0.0 for one in figures),
        "reason": column(_REASON_NUMBERS[reason_of(one)] for one in figures),
        "model": np.where(calls > 0, np.fromiter((models[one.top_model] for one in figures), np.int32, n), NO_CALLS),
    }


def _numbered(models: Mapping[str | None, int], figures: "Iterable[KeyFigures]") -> Mapping[str | None, int]:
    """Return `models` with a number for each that `figures` bring; the argument stays what it is."""
    new = {one.top_model for one in figures}.difference(models)
    if not new:
        return models
    return {**models, **{name: len(models) + 1 + i for i, name in enumerate(sorted(map(str, new)))}}
