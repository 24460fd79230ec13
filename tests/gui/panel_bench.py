"""A panel by itself: a real gateway, a real worker, and the signals that a window would connect."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from pytestqt.qtbot import QtBot

from keymon.gui.calls_panel import CallsPanel
from keymon.gui.errors_panel import ErrorsPanel
from keymon.gui.poller import Poller, Source
from keymon.gui.row_table import RowTable
from keymon.monitor import Monitor, Snapshot
from tests.gateway import Gateway
from tests.gui.conftest import NOW

PanelT = TypeVar("PanelT", CallsPanel, ErrorsPanel)


class PanelBench(Generic[PanelT]):
    """Shows what the poller tells in `panel`, whose requests it takes; `asked` counts them."""

    def __init__(self, qtbot: QtBot, panel: PanelT) -> None:
        self.qtbot = qtbot
        self.panel: PanelT = panel
        self.now = NOW
        self.asked: list[object] = []
        self.copied: list[str] = []
        self.details: list[str] = []
        self.poller = Poller(interval_ms=3_600_000)
        self.poller.refreshed.connect(panel.show_snapshot)
        panel.ask_wanted.connect(self.asked.append)
        panel.ask_wanted.connect(self.poller.ask)
        panel.copy_wanted.connect(self.copied.append)
        panel.details_wanted.connect(self.details.append)
        panel.resize(900, 600)

    def show(self) -> None:
        self.panel.show()
        self.qtbot.waitExposed(self.panel)

    def follow(self, gateway: Gateway) -> Snapshot:
        """Follow a gateway whose clock shows UTC, and wait for its first figures."""
        monitor = Monitor(gateway.location, UTC, now=lambda: self.now)
        with self.qtbot.waitSignal(self.poller.refreshed) as refreshed:
            self.poller.follow(Source("a gateway", lambda: monitor))
        return self._snapshot(refreshed.args)

    def refresh(self) -> Snapshot:
        with self.qtbot.waitSignal(self.poller.refreshed) as refreshed:
            self.poller.refresh()
        return self._snapshot(refreshed.args)

    def _snapshot(self, told: list[object] | None) -> Snapshot:
        assert told is not None
        assert isinstance(told[0], Snapshot)
        return told[0]

    def wait(self, is_so: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(is_so)

    def end(self) -> None:
        self.poller.stop()
        self.poller.deleteLater()
        self.panel.close()
        self.panel.deleteLater()


def cells(table: RowTable, column: int) -> list[str]:
    """Return what a column shows from top to bottom."""
    return [str(table.content.index(row, column).data()) for row in range(table.content.rowCount())]


def minutes_ago(minutes: float) -> datetime:
    """Return a naive time on the gateway's clock."""
    return NOW.replace(tzinfo=None) - timedelta(minutes=minutes)
