"""The keys of a snapshot in columns, so that 100,000 of them are searched and sorted within a keystroke.

Nothing in here knows Qt. `prepare` is meant for the worker; what the window asks for afterwards are passes over
arrays. A key is known by its place in the pool, and as long as the pool stays what it is, so do the places:
then a refresh touches only the keys whose figures have changed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

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

    `success` is -1 and `last_call` (seconds since 1970) 0 where there were no calls; `model` is the number of
    the most used model among `models`.
    """

    figures: "tuple[KeyFigures, ...]" = field(repr=False)
    pool: Pool
    valid: Bools
    failures: Column
    calls: Column
    success: Column
    last_call: Column
    model: Places
    models: Mapping[str | None, int] = field(repr=False)

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

    def order(self, wanted: Bools, column: str, descending: bool) -> Places:
        """Return the places of the `wanted` keys by a column; those that are equal in it in the pool's order.

        `column` is the name of a column, or empty for the pool's order.
        """
        places = np.flatnonzero(wanted).astype(np.int32)
        if not column:
            return places
        values = self._values(column)[places]
        return places[np.argsort(-values if descending else values, kind="stable")]

    def _values(self, column: str) -> Column:
        if column == "key":
            return self.pool.rank
        if column == "kind":
            return self.pool.kind.astype(np.float64)
        if column == "model":
            return self._model_rank()[self.model]
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


def prepare(snapshot: "Snapshot", previous: KeyRows | None) -> KeyRows:
    """Return the keys of `snapshot` in columns; cheap where `previous` are those of a snapshot much like it.

    For the worker: it takes some hundred milliseconds where 100,000 keys are new.
    """
    figures = tuple(snapshot.keys)
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
    return KeyRows(figures, pool, *_columns(figures, models), models)


def _changed(previous: KeyRows, figures: "tuple[KeyFigures, ...]", changed: list[int]) -> KeyRows:
    if not changed:
        return replace(previous, figures=figures)
    new = [figures[i] for i in changed]
    models = _numbered(previous.models, new)
    of_new = _columns(new, models)
    return KeyRows(
        figures,
        previous.pool,
        _with(previous.valid, changed, of_new[0]),
        _with(previous.failures, changed, of_new[1]),
        _with(previous.calls, changed, of_new[2]),
        _with(previous.success, changed, of_new[3]),
        _with(previous.last_call, changed, of_new[4]),
        _with(previous.model, changed, of_new[5]),
        models,
    )


def _with(column: NDArray[_T], places: list[int], values: NDArray[_T]) -> NDArray[_T]:
    """Return a copy of `column` that has `values` at `places`; the window may still be reading the original."""
    changed = column.copy()
    changed[places] = values
    return changed


_Columns = tuple[Bools, Column, Column, Column, Column, Places]


def _columns(figures: "Sequence[KeyFigures]", models: Mapping[str | None, int]) -> _Columns:
    n = len(figures)

    def column(values: Iterable[float]) -> Column:
        return np.fromiter(values, np.float64, n)

    passed = column(one.calls_24h.success for one in figures)
    calls = passed + column(one.calls_24h.failure for one in figures)
    success = np.divide(passed, calls, out=np.full(n, -1.0), where=calls > 0)
    return (
        np.fromiter((one.verdict.valid for one in figures), np.bool_, n),
        column(one.verdict.failure_count for one in figures),
        calls,
        success,
        column(one.last_call_at.timestamp() if one.last_call_at else 0.0 for one in figures),
        np.where(calls > 0, np.fromiter((models[one.top_model] for one in figures), np.int32, n), NO_CALLS),
    )


def _numbered(models: Mapping[str | None, int], figures: "Iterable[KeyFigures]") -> Mapping[str | None, int]:
    """Return `models` with a number for each that `figures` bring; the argument stays what it is."""
    new = {one.top_model for one in figures}.difference(models)
    if not new:
        return models
    return {**models, **{name: len(models) + 1 + i for i, name in enumerate(sorted(map(str, new)))}}
