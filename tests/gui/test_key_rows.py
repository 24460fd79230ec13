"""Keys in columns: what is prepared from the last snapshot is what would have been prepared from nothing."""

import random
from dataclasses import replace

import numpy as np
import pytest

from keymon.gui.key_rows import KeyRows, prepare
from keymon.monitor import Snapshot
from keymon.stats import CallCount, KeyFigures
from keymon.validity import Verdict
from tests.gateway_file import key
from tests.gui.conftest import NOW, Bench

COLUMNS = ("valid", "failures", "calls", "failed", "success", "last_call", "reason")


def changed(figures: KeyFigures, rng: random.Random) -> KeyFigures:
    calls = CallCount(rng.randrange(3), rng.randrange(3))
    model = rng.choice([None, "", "Model-1", f"model-{rng.randrange(99)}"]) if calls.total else None
    count = rng.randrange(5)
    last = NOW if calls.total else None
    return replace(figures, verdict=Verdict(count < 3, count), calls_24h=calls, top_model=model, last_call_at=last)


def order(rows: KeyRows, column: str, descending: bool = False) -> list[str]:
    places = rows.order(np.ones(len(rows.pool), np.bool_), [(column, descending)])
    return [rows.figures[place].key for place in places.tolist()]


@pytest.fixture
def snapshot(bench: Bench) -> Snapshot:
    return bench.follow(bench.gateway(60))


@pytest.mark.parametrize("seed", range(6))
def test_what_is_carried_on_is_what_would_be_made_afresh(snapshot: Snapshot, seed: int) -> None:
    rng = random.Random(seed)
    rows: KeyRows | None = None
    for _ in range(20):
        keys = [changed(one, rng) if rng.random() < rng.choice([0.0, 0.2, 0.9]) else one for one in snapshot.keys]
        if rng.random() < 0.2:
            rng.shuffle(keys)
        if rng.random() < 0.2:
            keys.pop()
        if rng.random() < 0.2:
            keys[0] = replace(keys[0], kind="gemini" if keys[0].kind == "vertex" else "vertex")
        snapshot = replace(snapshot, keys=tuple(keys))
        rows, fresh = prepare(snapshot, rows), prepare(snapshot, None)
        assert rows.figures == snapshot.keys
        for name in COLUMNS:
            assert getattr(rows, name).tolist() == getattr(fresh, name).tolist(), name
        assert order(rows, "model") == order(fresh, "model")
        texts = [f"{one.key} {one.kind} {one.top_model or ''}".lower() for one in snapshot.keys]
        for text in ("model-1", "gem", "0007"):
            assert rows.matching(text).tolist() == fresh.matching(text).tolist() == [text in one for one in texts]


def test_the_columns_that_the_window_reads_are_not_written_to(snapshot: Snapshot) -> None:
    before = prepare(snapshot, None)
    more = replace(snapshot.keys[3], calls_24h=CallCount(7, 0))
    after = prepare(replace(snapshot, keys=(*snapshot.keys[:3], more, *snapshot.keys[4:])), before)
    assert (before.calls[3], after.calls[3]) == (0, 7)
    assert after.pool is before.pool


def test_equal_keys_keep_the_pools_order_either_way(snapshot: Snapshot) -> None:
    rows = prepare(snapshot, None)
    expected = [key(number) for number in range(60)]
    assert order(rows, "calls") == order(rows, "calls", descending=True) == expected


def test_keys_without_calls_come_before_those_whose_calls_all_failed(snapshot: Snapshot) -> None:
    failed = replace(snapshot.keys[0], calls_24h=CallCount(0, 2))
    rows = prepare(replace(snapshot, keys=(failed, *snapshot.keys[1:3])), None)
    assert order(rows, "success") == [key(1), key(2), key(0)]
