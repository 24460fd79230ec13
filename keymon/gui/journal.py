"""Notes down in the log what becomes of the gateway that the window follows: little, and nothing twice in a row."""

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from keymon.fault_text import message_of
from keymon.log import ours

if TYPE_CHECKING:
    from keymon.gateway_clock import GatewayClock
    from keymon.gui.poller import Poller, Source
    from keymon.monitor import Snapshot

SLOW_S = 2.0
"""A refresh that takes longer is noted down."""


class Journal(QObject):
    """Listens to `poller`."""

    def __init__(self, poller: "Poller") -> None:
        super().__init__(poller)
        self._forget()
        self._began = 0.0
        poller.followed.connect(self._note_source)
        poller.started.connect(self._note_start)
        poller.refreshed.connect(self._note_snapshot)
        poller.failed.connect(self._note_failure)
        poller.paused_changed.connect(self._note_pause)

    def _forget(self) -> None:
        self._followed_at = time.monotonic()
        self._is_opened = self._is_loaded = False
        self._cause = ""
        self._failed_at: float | None = None
        self._failures = 0
        self._clock: GatewayClock | None = None
        self._notices: set[type] = set()

    @Slot(object)
    def _note_source(self, source: "Source") -> None:
        self._forget()
        ours.info("follows %s", source.title)

    @Slot()
    def _note_start(self) -> None:
        self._began = time.monotonic()

    @Slot(object)
    def _note_snapshot(self, snapshot: "Snapshot") -> None:
        now = time.monotonic()
        took = now - self._began
        if not self._is_opened:
            self._is_opened = True
            where = "on a server" if snapshot.surroundings.is_server else "in a file"
            ours.info("opened %s (%s) after %.1f s", snapshot.database, where, now - self._followed_at)
        if self._failed_at is not None:
            ours.info("reached again after %.1f s, %d failures", now - self._failed_at, self._failures)
            self._cause, self._failed_at, self._failures = "", None, 0
        if self._is_loaded and took > SLOW_S:
            ours.info("a refresh took %.1f s", took)
        ours.debug("refreshed in %.3f s: %d keys, loading: %s", took, len(snapshot.keys), snapshot.loading)
        if snapshot.loading is None and not self._is_loaded:
            self._is_loaded = True
            calls = snapshot.calls_24h.total if snapshot.calls_24h is not None else 0
            ours.info("loaded after %.1f s: %d keys, %d calls", now - self._followed_at, len(snapshot.keys), calls)
        self._note_clock(snapshot.clock)
        self._note_notices({type(notice): notice.line for notice in snapshot.notices})

    def _note_clock(self, clock: "GatewayClock") -> None:
        if clock != self._clock:
            self._clock = clock
            ours.info("the gateway's clock: %s (%s)", clock.name, clock.source)

    def _note_notices(self, notices: dict[type, str]) -> None:
        # Each kind once: some of them count, and would be new with every refresh.
        for kind in notices.keys() - self._notices:
            ours.info("notice: %s", notices[kind])
        self._notices = set(notices)

    @Slot(object)
    def _note_failure(self, error: BaseException) -> None:
        self._failures += 1
        if self._failed_at is None:
            self._failed_at = self._began
        cause = message_of(error)
        took = time.monotonic() - self._began
        if cause != self._cause:
            self._cause = cause
            ours.warning("failed after %.1f s: %s", took, cause)
        else:
            ours.debug("failed again after %.1f s", took)

    @Slot(bool)
    def _note_pause(self, paused: bool) -> None:
        ours.info("paused" if paused else "goes on")
