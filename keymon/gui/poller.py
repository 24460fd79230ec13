"""Follows one gateway in the background: a timer in the window's thread, all database work in one worker.

The worker is an executor with a single thread, so reads never overlap. What it finds comes back as signals
in the window's thread. Results of a gateway that is no longer followed are dropped.
"""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from keymon.faults import note_unless_expected
from keymon.retry import Failure, rest_s

if TYPE_CHECKING:
    from keymon.gui.request import Request
    from keymon.monitor import Monitor, Snapshot

INTERVAL_MS = 5_000
_FIRST_PATIENCE_S = 0.6
"""How long a first load goes on before it shows the figures that it has; then twice as long, and so on."""
_SURVEY_S = 0.2
"""How long the worker surveys the log at a stretch; what is asked of it meanwhile waits so long."""


_Progress = Callable[[int, float], None]


@dataclass(frozen=True)
class Source:
    """A gateway to follow: how it is called, how to open it (in the worker), what to do when done with it.

    `interrupt` breaks off an opening that waits. `interval_ms` is the rest between two refreshes, where it is not to
    be the usual one.
    """

    title: str
    open: Callable[[], "Monitor"]
    close: Callable[[], None] = lambda: None
    interrupt: Callable[[], None] = lambda: None
    interval_ms: int | None = None


class Poller(QObject):
    """Refreshes every five seconds, or as often as its source asks for, until it is paused or stopped.

    Signals, all in the thread of this object: `followed(Source)` another gateway; `started()` a refresh has begun;
    `progress(calls, share)` the calls loaded at first, and the share of the ids gone through, 0 to 1;
    `refreshed(Snapshot)`; `failed(Exception)`; `resting(seconds)` the rest after a failure (float), None
    where no further try is made but by `refresh`.

    A long first load is broken up: each part of it ends with a `Snapshot` that tells that it goes on.
    """

    followed = Signal(object)
    started = Signal()
    progress = Signal(int, float)
    refreshed = Signal(object)
    failed = Signal(object)
    resting = Signal(object)
    paused_changed = Signal(bool)
    _arrived = Signal(int, str, object)

    def __init__(self, parent: QObject | None = None, interval_ms: int = INTERVAL_MS) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.refresh)
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="keymon-worker")
        self._generation = 0
        self._followed: _Followed | None = None
        self._busy = self._surveying = False
        self._patience_s = _FIRST_PATIENCE_S
        self._usual_ms = self._interval_ms = interval_ms
        self._failures = 0
        self._began_s = 0.0
        self.paused = False
        self.prepare: Callable[[Snapshot], object] | None = None
        """What is to be made of a snapshot in the worker, before anybody is told of it."""

    @property
    def kind(self) -> str:
        """Of what kind the database is that is followed, in a word for reports."""
        if self._followed is None:
            return "none"
        return "on a server" if self._followed.is_server else "in a file, or not opened yet"

    def follow(self, source: Source) -> None:
        """Leave the gateway that is followed now and follow another."""
        self._leave()
        self._followed = _Followed(source)
        self._patience_s = _FIRST_PATIENCE_S
        self._interval_ms = self._usual_ms if source.interval_ms is None else source.interval_ms
        self.followed.emit(source)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Refresh now, paused or not; nothing happens while a refresh is under way."""
        if self._followed is None or self._busy:
            return
        self._timer.stop()
        self._busy = True
        self._began_s = time.monotonic()
        self.started.emit()
        self._submit("refresh", partial(self._followed.refresh, self._patience_s, self.prepare))

    @Slot()
    def reconnect(self) -> None:
        """Refresh over a connection that is opened anew, by what is known now of the way; figures stay."""
        if self._followed is not None:
            self._worker.submit(self._followed.relocate)
            self.refresh()

    @Slot(bool)
    def pause(self, paused: bool) -> None:
        """Stop refreshing by the timer, or go on."""
        if paused == self.paused:
            return
        self.paused = paused
        self.paused_changed.emit(paused)
        if paused:
            self._timer.stop()
            if self._failures and not self._busy:
                self.resting.emit(None)
        else:
            self.refresh()

    @Slot(object)
    def ask(self, request: "Request[Any]") -> None:
        """Let the worker answer a request about the gateway that is followed; once that is left, nothing is heard."""
        followed = self._followed
        if followed is not None:
            self._submit("answer", lambda _: followed.answer(request))

    def stop(self) -> None:
        """End the worker; a read that is under way is broken off. To be called before the application ends."""
        self._leave()
        self._worker.shutdown(wait=True, cancel_futures=False)

    def _leave(self) -> None:
        """Stop following; let the worker close what it has open, after what it is doing now."""
        self._timer.stop()
        self._generation += 1
        self._busy = self._surveying = False
        self._failures = 0
        if self._followed is not None:
            self._followed.interrupt()
            self._worker.submit(self._followed.close)
            self._followed = None

    def _survey(self) -> None:
        """Let the worker do what nobody waits for, a little at a time."""
        if self._followed is not None and not self._surveying:
            self._surveying = True
            self._submit("survey", self._followed.survey)

    def _submit(self, kind: str, work: "Callable[[_Progress], object]") -> None:
        generation = self._generation

        def run() -> None:
            def report(calls: int, share: float) -> None:
                self._arrived.emit(generation, "progress", (calls, share))

            try:
                result = work(report)
            except BaseException as error:  # noqa: BLE001 - shown by the window, whatever it is: else it waits for ever
                note_unless_expected(error)
                self._arrived.emit(generation, f"{kind} failed", error)
            else:
                self._arrived.emit(generation, kind, result)

        self._worker.submit(run)

    @Slot(int, str, object)
    def _deliver(self, generation: int, kind: str, result: object) -> None:
        if generation != self._generation:
            return
        if kind == "progress":
            self.progress.emit(*result)  # type: ignore[misc]
        elif kind == "answer":
            if callable(result):
                result()
        elif kind.startswith("survey"):
            self._surveying = False
            # One that failed is taken up again after the next refresh, which tells what is wrong.
            if result is True and not self.paused:
                self._survey()
        elif kind == "refresh":
            self._busy = False
            self._failures = 0
            self._go_on(result)
            self.refreshed.emit(result)
        elif isinstance(result, BaseException):
            self._busy = False
            self._retry_later(result)

    def _go_on(self, snapshot: object) -> None:
        """Go on with a load that is not over, else rest until the next refresh."""
        if getattr(snapshot, "loading", None) is not None:
            # Each part ends with figures that take their time too: twice as long between them from one to the next.
            self._patience_s *= 2
            QTimer.singleShot(0, self, self.refresh)
            return
        if not self.paused:
            self._timer.start(self._interval_ms)
        self._patience_s = _FIRST_PATIENCE_S
        self._survey()

    def _retry_later(self, error: BaseException) -> None:
        """Rest after a failure for as long as is fit, and tell of both."""
        self._failures += 1
        is_server = self._followed is not None and self._followed.is_server
        failure = Failure(error, self._failures, time.monotonic() - self._began_s, is_server)
        rest = rest_s(failure, self._interval_ms / 1000, random.random())  # noqa: S311 - no secret
        if self.paused:
            rest = None
        if rest is not None:
            self._timer.start(round(rest * 1000))
        self.failed.emit(error)
        if not self._busy:  # else whoever heard of the failure has asked for another try
            self.resting.emit(rest)


class _Followed:
    """What the worker holds of the gateway that is followed; only `interrupt` is for other threads."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._monitor: Monitor | None = None
        self._left = self._is_moved = False

    @property
    def is_server(self) -> bool:
        """Whether it is on a server, as far as it has been opened."""
        return self._monitor is not None and self._monitor.is_server

    def refresh(self, patience: float, prepare: "Callable[[Snapshot], object] | None", progress: "_Progress") -> object:
        if self._monitor is None:
            self._monitor = self._source.open()
        elif self._is_moved:
            self._monitor.relocate(self._source.open().location)
        self._is_moved = False
        if self._left:
            return None
        snapshot = self._monitor.refresh(patience, progress)
        if prepare is not None:
            prepare(snapshot)
        return snapshot

    def relocate(self) -> None:
        self._is_moved = True

    def survey(self, _progress: "_Progress") -> bool:
        """Return whether there is more of it to do."""
        return self._monitor is not None and not self._left and self._monitor.survey(_SURVEY_S)

    def answer(self, request: "Request[Any]") -> Callable[[], object] | None:
        """Return what tells the answer in the window's thread; None where the gateway could not be opened."""
        return None if self._monitor is None or self._left else request.answer(self._monitor)

    def interrupt(self) -> None:
        self._left = True
        self._source.interrupt()
        if self._monitor is not None:
            self._monitor.interrupt()

    def close(self) -> None:
        if self._monitor is not None:
            self._monitor.close()
        self._source.close()
