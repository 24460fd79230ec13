"""What do panels and details cost? How long one refresh holds the window's thread, a million calls in 24 hours.

Run as `python -m tests.benchmarks.panels FILE INSTANT`. Windows are real, drawn offscreen, and follow one monitor;
one of them has built no panel but that of the keys, and has no details open: the others are held against it.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from keymon.gui.app import application
from keymon.gui.calls_panel import CallsPanel
from keymon.gui.error_search import MOST_ROWS
from keymon.gui.errors_panel import ErrorsPanel
from keymon.gui.main_window import MainWindow
from keymon.gui.panels import KEYS, KINDS
from keymon.gui.poller import Poller
from keymon.locations import location_of
from keymon.monitor import Monitor
from tests.benchmarks.gateways import Gateway
from tests.benchmarks.measurement import Kind, Measurement, in_turn
from tests.gateway_file import GatewayFile, key

if TYPE_CHECKING:
    from keymon.gui.request import Request

_ROUNDS = 15
_PATIENCE_S = 3_600
_DETAILS = 3
_HELD_MS = 50.0
"""Longer would be felt."""
_ADDED = 1.1


def measure(path: str, made_at: str, rounds: int) -> list[dict[str, Any]]:
    """Return measurements as JSON has them, of the gateway at `path` whose calls go up to `made_at`."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application(theme="light")
    gateway = Gateway(Path(path), datetime.fromisoformat(made_at))
    with tempfile.TemporaryDirectory() as folder:
        course = _Course(gateway, Path(folder), rounds)
        try:
            return [measured.as_json() for measured in course.run()]
        finally:
            course.end()


class _Course:
    """Takes windows through everything that is measured."""

    def __init__(self, gateway: Gateway, folder: Path, rounds: int) -> None:
        self.folder, self.rounds = folder, rounds
        self.monitor = Monitor(location_of(gateway.path), UTC, now=gateway.clock())
        self.snapshot = self.monitor.refresh(_PATIENCE_S)
        self.windows: list[MainWindow] = []

    def end(self) -> None:
        for window in self.windows:
            window.discard()
        self.monitor.close()
        QApplication.processEvents()

    def run(self) -> list[Measurement]:
        bare, full, detailed = self._window(), self._window(), self._window()
        opened = [_held(partial(detailed.open_details, figures.key)) for figures in self.snapshot.keys[:_DETAILS]]
        for tab, dialog in enumerate(detailed.details.dialogs.values()):
            dialog.tabs.setCurrentIndex(tab)
        built = [_held(partial(full.panels.show_panel, kind.name)) for kind in KINDS[1:]]
        calls = full.panels.panel("calls")
        assert isinstance(calls, CallsPanel)
        calls.period.setCurrentIndex(calls.period.count() - 1)  # all 24 hours
        rows = [self._against(bare, full, kind.name) for kind in KINDS[1:]]
        slowest = max(rows, key=lambda row: row.keymon or 0)
        rows.append(_limited("panel_slowest", f"the slowest of these, {slowest.name}", slowest.keymon_values))
        rows.append(self._hidden(bare, full))
        rows.append(
            _limited(
                "errors_page",
                f"one more page of errors, {MOST_ROWS:,} shown",
                _pages_of_errors(self.folder, self.rounds),
            )
        )
        rows.append(_informed("panel_built", "opening a panel for the first time", built))
        rows.append(_informed("details_open", "opening details, the first apart", opened[1:]))
        rows.append(self._details(bare, detailed))
        return rows

    def _window(self) -> MainWindow:
        settings = QSettings(str(self.folder / f"{len(self.windows)}.ini"), QSettings.Format.IniFormat)
        window = MainWindow(settings)
        window.complete(Poller())
        window.show_gateway("gateway.db")
        window.show()
        self.windows.append(window)
        self._refresh(window)
        return window

    def _refresh(self, window: MainWindow, panel: str = KEYS) -> float:
        """Return for how many ms a refresh holds the window's thread while `panel` is in front."""
        window.panels.show_panel(panel)
        self.snapshot = self.monitor.refresh(_PATIENCE_S)
        window.prepare(self.snapshot)  # in the worker, in life
        return _held(partial(window.show_snapshot, self.snapshot))

    def _against(self, bare: MainWindow, full: MainWindow, panel: str) -> Measurement:
        values = in_turn(self.rounds, partial(self._refresh, bare), partial(self._refresh, full, panel))
        what = f"window held by one refresh, {panel} in front"
        return Measurement(f"panel_{panel}", what, "keys in front", "ms", Kind.RATIO, values[1], values[0])

    def _hidden(self, bare: MainWindow, full: MainWindow) -> Measurement:
        values = in_turn(self.rounds, partial(self._refresh, bare), partial(self._refresh, full))
        what = "window held by one refresh, all panels built, keys in front"
        return Measurement("panels_hidden", what, "none built", "ms", Kind.RATIO, values[1], values[0], _ADDED)

    def _details(self, bare: MainWindow, detailed: MainWindow) -> Measurement:
        baseline, keymon = in_turn(self.rounds, partial(self._refresh, bare), partial(self._refresh, detailed))
        what = f"window held by one refresh, {_DETAILS} details open, each at another tab"
        note = f"{(statistics.median(keymon) - statistics.median(baseline)) / _DETAILS:.1f} ms for each"
        return Measurement("details_refresh", what, "none open", "ms", Kind.VALUE, keymon, baseline, _HELD_MS, note)


def _pages_of_errors(folder: Path, pages: int) -> list[float]:
    """Return for how many ms each of the last `pages` of a long list of errors holds the window's thread."""
    path = folder / "errors.db"
    _log_errors(path)
    monitor = Monitor(location_of(path), UTC)
    panel = ErrorsPanel()
    asked: list[Request[Any]] = []
    held: list[float] = []
    panel.ask_wanted.connect(asked.append)
    panel.show()
    panel.show_snapshot(monitor.refresh(_PATIENCE_S))
    while asked or (panel.further.isVisible() and panel.further.isEnabled()):
        if asked:
            held.append(_held(asked.pop().answer(monitor)))
        else:
            panel.look_further()
    panel.close()
    panel.deleteLater()
    monitor.close()
    return held[-pages:]


def _log_errors(path: Path) -> None:
    gateway = GatewayFile(path, [key(0)])
    first = datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=MOST_ROWS)
    text = '{{"error": {{"code": 429, "message": "Quota {0} of project {0} is exhausted"}}}}'
    gateway.errors(
        [
            (key(i), "gemini-2.5-pro", "gemini-chat", text.format(i), 429, None, first + timedelta(seconds=i))
            for i in range(MOST_ROWS)
        ]
    )
    gateway.close()


def _limited(name: str, what: str, values: "list[float] | tuple[float, ...]") -> Measurement:
    return Measurement(name, what, "", "ms", Kind.VALUE, tuple(values), (), _HELD_MS)


def _informed(name: str, what: str, values: list[float]) -> Measurement:
    return Measurement(name, what, "", "ms", Kind.VALUE, tuple(values))


def _held(act: Callable[[], object]) -> float:
    """Return for how many ms `act` holds the window's thread, until all is painted again."""
    QApplication.processEvents()
    begin = time.perf_counter()
    act()
    QApplication.processEvents()
    return (time.perf_counter() - begin) * 1000


if __name__ == "__main__":
    for row in measure(sys.argv[1], sys.argv[2], _ROUNDS):
        print(json.dumps(row))
