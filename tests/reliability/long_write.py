"""A gateway logs a great many calls while a window follows it much more often than usual."""

import itertools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSettings

from keymon.gui.app import application
from keymon.gui.main_window import MainWindow
from keymon.gui.poller import Poller, Source
from keymon.locations import Location
from keymon.monitor import Monitor
from tests.benchmarks.recovery import wait_until
from tests.faults.writer import WRITER_KEY, lost_rows, writing
from tests.gateway import Gateway
from tests.gateway_file import GatewayFile
from tests.gateway_server import GatewayServer
from tests.mariadb import mariadb

_INTERVAL_MS = 20
"""The rest between two refreshes; usually it is five seconds."""
_CALLS_A_SECOND = 1_000.0
"""Far more than any gateway logs, which waits for a disk."""


@dataclass(frozen=True)
class LongWrite:
    """What came of it: calls that the writer made, how many are missing in the log, refreshes meanwhile.

    `shown` are the calls that the window showed at the end.
    """

    calls: int
    lost: int
    refreshes: int
    shown: int


def into_file(calls: int, is_wal: bool = False) -> LongWrite:
    """Let a gateway write into an SQLite file."""
    with tempfile.TemporaryDirectory() as folder:
        gateway = GatewayFile(Path(folder) / "gateway.db", [WRITER_KEY])
        if is_wal:
            gateway.execute("PRAGMA journal_mode = wal")
        found = _followed(gateway, gateway.location, str(gateway.path), calls)
        gateway.close()
    return found


def into_server(calls: int) -> LongWrite:
    """Let a gateway write into a MariaDB server."""
    with mariadb() as server:
        gateway = GatewayServer(server, [WRITER_KEY])
        found = _followed(gateway, gateway.location, f"{server.port}/{gateway.name}", calls)
        gateway.close()
    return found


def _followed(gateway: Gateway, location: Location, place: str, calls: int) -> LongWrite:
    with following(location) as (window, refreshes):
        with writing(place, _CALLS_A_SECOND, calls) as writer:
            wait_until(lambda: not writer.is_at_work)
            written = writer.wait()
        before = next(refreshes)
        lost = lost_rows(gateway, written)
        wait_until(lambda: _shown(window) == written.calls - len(lost))
        return LongWrite(written.calls, len(lost), before, _shown(window))


def _shown(window: MainWindow) -> int:
    snapshot = window.snapshot
    return 0 if snapshot is None or snapshot.calls_24h is None else snapshot.calls_24h.total


@contextmanager
def following(location: Location) -> Iterator[tuple[MainWindow, Iterator[int]]]:
    """Give a window that follows a gateway, and what counts its refreshes."""
    app = application(theme="light")
    with tempfile.TemporaryDirectory() as folder:
        window = MainWindow(QSettings(f"{folder}/window.ini", QSettings.Format.IniFormat))
        poller = Poller()
        window.complete(poller)
        window.show()
        count: Iterator[int] = itertools.count()
        counted: Callable[[object], int] = lambda _: next(count)  # noqa: E731 - kept for the connection
        poller.refreshed.connect(counted)
        window.follow(Source("a gateway", partial(Monitor, location, UTC), interval_ms=_INTERVAL_MS))
        wait_until(lambda: window.snapshot is not None)
        yield window, count
        window.close()
        app.processEvents()
