"""How soon the window has fresh figures after the server it reads has been restarted.

The server is away for a different time in each round, so that keymon's tries fall at any moment of its return.
Measured from the server's first answer to the window's first figures of after the stop. How long the window's
thread was held meanwhile is told by the longest silence of a timer that should fire every 5 ms.
"""

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from random import Random

from PySide6.QtCore import QEventLoop, QSettings, QTimer

from keymon.gui.app import application
from keymon.gui.main_window import MainWindow
from keymon.gui.poller import Poller, Source
from keymon.monitor import Monitor
from tests.gateway_file import key
from tests.gateway_server import GatewayServer
from tests.mariadb import mariadb

_SHORTEST_S, _LONGEST_S = 0.5, 12.0
_HEARTBEAT_MS = 5


def measure(rounds: int) -> dict[str, float]:
    """Return the seconds of each round (`restart_1` and so on), and the longest silence as `held_ms`."""
    app = application(theme="light")
    # At once written down, so that nothing is lost with the server.
    with tempfile.TemporaryDirectory() as folder, mariadb("--innodb-flush-log-at-trx-commit=1") as server:
        window = MainWindow(QSettings(f"{folder}/window.ini", QSettings.Format.IniFormat))
        window.complete(Poller())
        window.show()
        gateway = GatewayServer(server, [key(0)])
        follow(window, gateway)
        wait_until(lambda: window.snapshot is not None)
        heartbeat = Heartbeat()
        random, found = Random(1), {}
        with ThreadPoolExecutor(1) as other:
            for n in range(1, rounds + 1):
                restarted = other.submit(restart, gateway, random.uniform(_SHORTEST_S, _LONGEST_S))
                found[f"restart_{n}"] = until_fresh(window, restarted)
        heartbeat.timer.stop()
        window.close()
        gateway.reconnect()
        gateway.close()
        app.processEvents()
    return found | {"held_ms": heartbeat.longest_s * 1000}


def follow(window: MainWindow, gateway: GatewayServer) -> None:
    """Let the window follow the gateway as the program does, every five seconds."""
    window.follow(Source("a server", partial(Monitor, gateway.location, UTC)))


def restart(gateway: GatewayServer, away_s: float) -> tuple[datetime, float]:
    """Stop the server and start it after `away_s`; return when it had stopped, and when it first answered."""
    gateway.server.stop()
    stopped = datetime.now(UTC)
    time.sleep(away_s)
    gateway.server.start()
    return stopped, time.monotonic()


def until_fresh(window: MainWindow, restarted: "Future[tuple[datetime, float]]") -> float:
    """Return the seconds from the server's first answer until the window shows figures of after its stop."""
    wait_until(restarted.done)
    stopped, answered = restarted.result()
    wait_until(lambda: window.snapshot is not None and window.snapshot.as_of > stopped)
    return time.monotonic() - answered


def wait_until(is_so: Callable[[], bool]) -> None:
    """Let the window work until something is so."""
    loop, look = QEventLoop(), QTimer()

    def check() -> None:
        if is_so():
            loop.quit()

    look.timeout.connect(check)
    look.start(_HEARTBEAT_MS)
    loop.exec()


class Heartbeat:
    """The longest time between two beats of a timer in this thread."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._last = time.perf_counter()
        self.timer = QTimer()
        self.timer.timeout.connect(self._beat)
        self.timer.start(_HEARTBEAT_MS)

    def _beat(self) -> None:
        now = time.perf_counter()
        self.longest_s = max(self.longest_s, now - self._last)
        self._last = now
