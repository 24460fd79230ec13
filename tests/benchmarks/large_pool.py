"""How fluent is the window on a large pool? A real window, drawn offscreen, on a snapshot made for the purpose.

Run as `python -m tests.benchmarks.large_pool [KEYS]`. Every figure is the time for which the window's thread is
held, until all that has changed is painted again.
"""

import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, QSettings, Qt
from PySide6.QtWidgets import QApplication

from keymon.gui.app import application
from keymon.gui.key_columns import COLUMNS
from keymon.gui.main_window import MainWindow
from keymon.gui.poller import Poller
from keymon.locations import location_of
from keymon.monitor import Monitor, Snapshot
from keymon.stats import CallCount, KeyFigures
from keymon.validity import Verdict
from tests.gateway_file import GatewayFile

_NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
_MODELS = ("gemini-2.5-flash", "gemini-2.5-pro", "gemini-2.5-flash-lite", "gemini-2.0-flash", None)
_TYPED = ("a", "az", "azq", "azq", "az", "a", "")
"""What is in the search box after each keystroke: more and more, then less and less."""


def measure(keys: int = 100_000, rounds: int = 15) -> dict[str, float]:
    """Return the medians in ms over `rounds` of each operation on a pool of `keys` keys."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application(theme="light")
    with tempfile.TemporaryDirectory() as folder:
        window = MainWindow(QSettings(f"{folder}/window.ini", QSettings.Format.IniFormat))
        window.complete(Poller())
        try:
            return _Course(window, _snapshot(Path(folder) / "gateway.db", keys), rounds).run()
        finally:
            window.discard()
            QApplication.processEvents()


class _Course:
    """Takes a window through everything that is measured."""

    def __init__(self, window: MainWindow, snapshot: Snapshot, rounds: int) -> None:
        self.window, self.snapshot, self.rounds = window, snapshot, rounds
        self.table = window.panel.valid
        self.chance = random.Random(1)
        self.found: dict[str, float] = {}

    def run(self) -> dict[str, float]:
        """Measure everything."""
        self.window.show_gateway("gateway.db")
        self.window.show()
        begin = time.perf_counter()
        self.window.prepare(self.snapshot)
        self.found["prepare_first"] = (time.perf_counter() - begin) * 1000
        self.found["first_figures"] = self._held(lambda: self.window.show_snapshot(self.snapshot))
        self._searches()
        self._sorts()
        self._refreshes("")
        self._scrolls()
        self.window.panel.search.setText("a")
        self._refreshes("_searched")
        self.window.panel.search.clear()
        self.table.sortByColumn(3, Qt.SortOrder.DescendingOrder)
        self._refreshes("_sorted")
        self._select(range(10, 30, 3))
        self._refreshes("_selected")
        self._sorts("_selected")
        self._searches("_selected")
        self.table.selectAll()
        self._refreshes("_all_selected")
        self.table.selectAll()
        self._sorts("_all_selected")
        self.table.selectAll()
        self._searches("_all_selected")
        self.table.clearSelection()
        return self.found

    def _searches(self, suffix: str = "") -> None:
        texts = [text for _ in range(-(-self.rounds // len(_TYPED))) for text in _TYPED]
        times = [self._held(partial(self.window.panel.search.setText, text)) for text in texts]
        self.found[f"keystroke{suffix}"] = statistics.median(times)
        self.found[f"keystroke_worst{suffix}"] = max(times)

    def _sorts(self, suffix: str = "") -> None:
        """The median of each column; kept is that of the slowest."""
        medians = {}
        for column in range(len(COLUMNS) - 1):
            orders = [Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder] * max(self.rounds // 4, 1)
            times = [self._held(partial(self.table.sortByColumn, column, order)) for order in orders]
            medians[column] = statistics.median(times)
        self.found[f"sort{suffix}"] = max(medians.values())
        self.table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)

    def _refreshes(self, suffix: str) -> None:
        cases = {"unchanged": self._unchanged, "changed": self._changed, "moved": self._moved}
        for name, change in cases.items():
            times, prepared = zip(*(self._refresh(change) for _ in range(self.rounds)), strict=True)
            self.found[f"refresh_{name}{suffix}"] = statistics.median(times)
            self.found[f"prepare_{name}{suffix}"] = statistics.median(prepared)

    def _refresh(self, change: Callable[[], tuple[KeyFigures, ...]]) -> tuple[float, float]:
        as_of = self.snapshot.as_of + timedelta(seconds=5)
        self.snapshot = replace(self.snapshot, keys=change(), as_of=as_of)
        begin = time.perf_counter()
        self.window.prepare(self.snapshot)
        prepared = (time.perf_counter() - begin) * 1000
        return self._held(lambda: self.window.show_snapshot(self.snapshot)), prepared

    def _unchanged(self) -> tuple[KeyFigures, ...]:
        return (*self.snapshot.keys,)

    def _changed(self) -> tuple[KeyFigures, ...]:
        """One key in a hundred has made calls."""
        keys = list(self.snapshot.keys)
        for i in self.chance.sample(range(len(keys)), len(keys) // 100):
            calls = CallCount(keys[i].calls_24h.success + 1, keys[i].calls_24h.failure)
            keys[i] = replace(keys[i], calls_24h=calls, last_call_at=self.snapshot.as_of)
        return tuple(keys)

    def _moved(self) -> tuple[KeyFigures, ...]:
        """One key in a thousand changes tables."""
        keys = list(self.snapshot.keys)
        for i in self.chance.sample(range(len(keys)), len(keys) // 1000):
            verdict = keys[i].verdict
            keys[i] = replace(keys[i], verdict=Verdict(not verdict.valid, 3 if verdict.valid else 0))
        return tuple(keys)

    def _scrolls(self) -> None:
        bar = self.table.verticalScrollBar()
        times = [self._held(lambda: bar.setValue(bar.value() + bar.pageStep())) for _ in range(self.rounds)]
        self.found["scroll_page"] = statistics.median(times)

    def _select(self, rows: range) -> None:
        flag = QItemSelectionModel.SelectionFlag
        for row in rows:
            self.table.selectionModel().setCurrentIndex(self.table.keys.index(row, 0), flag.Select | flag.Rows)

    def _held(self, act: Callable[[], object]) -> float:
        QApplication.processEvents()
        begin = time.perf_counter()
        act()
        QApplication.processEvents()
        return (time.perf_counter() - begin) * 1000


def _snapshot(path: Path, keys: int) -> Snapshot:
    """Return a snapshot as a gateway gives it, but with keys of our own making."""
    GatewayFile(path, []).close()
    monitor = Monitor(location_of(path), UTC, now=lambda: _NOW)
    made = monitor.refresh()
    monitor.close()
    return replace(made, keys=tuple(_keys(keys)), notices=())


def _keys(count: int) -> Iterator[KeyFigures]:
    chance = random.Random(7)
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
    for i in range(count):
        key = f"AIzaSy{''.join(chance.choices(letters, k=26))}{i:07d}"
        valid = chance.random() < 0.9
        calls = CallCount(int(chance.expovariate(0.01)), chance.randrange(5)) if i % 10 else CallCount(0, 0)
        last = _NOW - timedelta(seconds=chance.randrange(86_400)) if calls.total else None
        model = chance.choice(_MODELS) if calls.total else None
        yield KeyFigures(key, "gemini", Verdict(valid, 0 if valid else 3), calls, last, model)


if __name__ == "__main__":
    result = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
    for name, value in result.items():
        print(f"{name:32}{value:9.2f} ms")
    print(json.dumps(result))
