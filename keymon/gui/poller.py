"""Follows one gateway in the background: a timer in the window's thread, all database work in one worker.

The worker is an executor with a single thread, so reads never overlap. What it finds comes back as signals
in the window's thread. Results of a gateway that is no longer followed are dropped.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

if TYPE_CHECKING:
    from datetime import datetime

    from keymon.monitor import Monitor

INTERVAL_MS = 5_000


@dataclass(frozen=True)
class Source:
    """A gateway to follow: how it is called, how to open it (in the worker), what to do when done with it."""

    title: str
    open: Callable[[], "Monitor"]
    close: Callable[[], None] = lambda: None


class Poller(QObject):
    """Refreshes every five seconds until it is paused or stopped.

    Signals, all in the thread of this object: `started()` a refresh has begun; `progress(rows)` rows read in
    the first load; `refreshed(Snapshot)`; `failed(Exception)`; `error_text_found(key, started, text)` the
    answer to `ask_error_text`, where `text` is a str, None, or the exception that kept it from being read.
    """

    started = Signal()
    progress = Signal(int)
    refreshed = Signal(object)
    failed = Signal(object)
    error_text_found = Signal(str, object, object)
    paused_changed = Signal(bool)
    _arrived = Signal(int, str, object)

    def __init__(self, parent: QObject | None = None, interval_ms: int = INTERVAL_MS) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setInterval(interval_ms)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.refresh)
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="keymon-worker")
        self._generation = 0
        self._followed: _Followed | None = None
        self._busy = False
        self.paused = False

    def follow(self, source: Source) -> None:
        """Leave the gateway that is followed now and follow another."""
        self._leave()
        self._followed = _Followed(source)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Refresh now, paused or not; nothing happens while a refresh is under way."""
        if self._followed is None or self._busy:
            return
        self._timer.stop()
        self._busy = True
        self.started.emit()
        self._submit("refresh", self._followed.refresh)

    @Slot(bool)
    def pause(self, paused: bool) -> None:
        """Stop refreshing by the timer, or go on."""
        if paused == self.paused:
            return
        self.paused = paused
        self.paused_changed.emit(paused)
        if paused:
            self._timer.stop()
        else:
            self.refresh()

    def ask_error_text(self, key: str, started: "datetime", latency_ms: int) -> None:
        """Look up what was logged for a failed call; the answer comes as `error_text_found`."""
        followed = self._followed
        if followed is not None:
            self._submit("text", lambda _: followed.error_text(key, started, latency_ms))

    def stop(self) -> None:
        """End the worker; a read that is under way is broken off. To be called before the application ends."""
        self._leave()
        self._worker.shutdown(wait=True, cancel_futures=False)

    def _leave(self) -> None:
        """Stop following; let the worker close what it has open, after what it is doing now."""
        self._timer.stop()
        self._generation += 1
        self._busy = False
        if self._followed is not None:
            self._followed.interrupt()
            self._worker.submit(self._followed.close)
            self._followed = None

    def _submit(self, kind: str, work: "Callable[[Callable[[int], None]], object]") -> None:
        generation = self._generation

        def run() -> None:
            def report(rows: int) -> None:
                self._arrived.emit(generation, "progress", rows)

            try:
                result = work(report)
            except Exception as error:  # noqa: BLE001 - shown by the window, whatever it is
                self._arrived.emit(generation, f"{kind} failed", error)
            else:
                self._arrived.emit(generation, kind, result)

        self._worker.submit(run)

    @Slot(int, str, object)
    def _deliver(self, generation: int, kind: str, result: object) -> None:
        if generation != self._generation:
            return
        if kind == "progress":
            self.progress.emit(result)
        elif kind == "text":
            self.error_text_found.emit(*result)  # type: ignore[misc]
        else:
            self._busy = False
            if not self.paused:
                self._timer.start()
            (self.refreshed if kind == "refresh" else self.failed).emit(result)


class _Followed:
    """What the worker holds of the gateway that is followed; only `interrupt` is for other threads."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._monitor: Monitor | None = None
        self._left = False

    def refresh(self, progress: Callable[[int], None]) -> object:
        if self._monitor is None:
            self._monitor = self._source.open()
        if self._left:
            return None
        return self._monitor.refresh(progress)

    def error_text(self, key: str, started: "datetime", latency_ms: int) -> tuple[str, object, object]:
        """Return the arguments of `error_text_found`."""
        if self._monitor is None:
            return key, started, None
        try:
            return key, started, self._monitor.error_text(key, started, latency_ms)
        except Exception as error:  # noqa: BLE001 - shown in the dialog that asked
            return key, started, error

    def interrupt(self) -> None:
        self._left = True
        if self._monitor is not None:
            self._monitor.interrupt()

    def close(self) -> None:
        if self._monitor is not None:
            self._monitor.close()
        self._source.close()
