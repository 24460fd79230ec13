"""Whether memory grows: a day of refreshes in a row, in a window with details that are opened and closed meanwhile.

The gateway's clock and ours are set on by five seconds before each refresh, and as many calls logged as a gateway
logs in that time. The day before has been read when it begins, so that as many calls leave as come.
"""

import gc
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PySide6.QtCore import QEventLoop, QSettings

from keymon.gui.app import application
from keymon.gui.garbage import Garbage
from keymon.gui.main_window import MainWindow
from keymon.gui.poller import Poller, Source
from keymon.monitor import Monitor
from tests.benchmarks.recovery import wait_until
from tests.gateway_file import GatewayFile, key

_BEGIN = datetime(2026, 11, 23, 0, tzinfo=UTC)
_STEP = timedelta(seconds=5)
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_KEYS = 200
_CALLS_A_STEP = 6
"""Some 100,000 a day."""
_NEVER_MS = 3_600_000
_WARM_UP_HOURS = 6
"""As long as it takes to have stayed at each panel once."""
_PANELS = ("keys", "trend", "attention", "calls", "errors", "quality")


@dataclass(frozen=True)
class Day:
    """The resident memory in MB after each simulated hour, the first of them when all panels have been looked at."""

    refreshes: int
    calls: int
    resident_mb: Sequence[float]

    @property
    def growth_mb(self) -> float:
        """By how much it grew from the first of them to the last."""
        return self.resident_mb[-1] - self.resident_mb[0]


def run(hours: int = 24) -> Day:
    """Let a window follow a gateway for so many simulated hours, and some before that to warm up."""
    app = application(theme="light")
    with tempfile.TemporaryDirectory() as folder:
        gateway = GatewayFile(Path(folder) / "gateway.db", [key(n) for n in range(_KEYS)])
        now, steps = _BEGIN, 0
        _log(gateway, now - _DAY, int(_DAY / _STEP))
        window = MainWindow(QSettings(f"{folder}/window.ini", QSettings.Format.IniFormat))
        poller = Poller(interval_ms=_NEVER_MS)
        window.complete(poller)
        Garbage(window)
        window.show()
        window.follow(Source("a gateway", lambda: Monitor(gateway.location, UTC, now=lambda: now)))
        wait_until(lambda: window.snapshot is not None and window.snapshot.loading is None)
        resident: list[float] = []
        arrived = QEventLoop()
        poller.refreshed.connect(arrived.quit)
        for hour in range(_WARM_UP_HOURS + hours):
            _look_around(window, hour)
            for _ in range(int(_HOUR / _STEP)):
                _log(gateway, now, 1)
                now += _STEP
                steps += 1
                poller.refresh()
                arrived.exec()
            window.details.close()
            app.processEvents()
            gc.collect()
            resident.append(_resident_mb())
        window.close()
        app.processEvents()
        gateway.close()
    return Day(steps, steps * _CALLS_A_STEP, resident[_WARM_UP_HOURS - 1 :])


def _look_around(window: MainWindow, hour: int) -> None:
    """Do what an operator does: look at all panels, stay at one, and look at the details of some keys."""
    for n in range(len(_PANELS)):
        window.panels.go_to(_PANELS[(hour + n) % len(_PANELS)])
    for n in range(3):
        window.open_details(key((hour * 3 + n) % _KEYS))


def _log(gateway: GatewayFile, since: datetime, steps: int) -> None:
    """Log the calls of so many steps; one in twenty fails, with a text."""
    at = since.replace(tzinfo=None)
    rows, errors = [], []
    for n in range(steps * _CALLS_A_STEP):
        started = at + n * _STEP / _CALLS_A_STEP
        number = int(started.timestamp() * 7) % _KEYS
        failed = (number + n) % 20 == 0
        rows.append((None, started, f"model-{number % 9}", key(number), not failed, 500 if failed else 200, 800))
        if failed:
            errors.append((key(number), "m", None, f"text of {started}", 500, None, started))
    gateway.calls(rows)
    gateway.errors(errors)


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
