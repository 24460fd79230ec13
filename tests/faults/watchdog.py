"""Measures how long the window's thread is held while a test lets the window work.

A timer beats in that thread; another thread looks every few milliseconds whether it has beaten since. What is
counted are those looks, not the clock: while the machine itself has no time for us nobody looks either, and a look at
a thread that is ready to run, but has not been let run since the last one, does not count. It touches
no frame: whoever lets go of one last frees what it held, and Qt's objects may only be freed in their own thread.
"""

import faulthandler
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from PySide6.QtCore import QEventLoop, QTimer
from pytestqt.qt_compat import qt_api

LIMIT_MS = 100.0
"""No fault may hold the window's thread for longer."""
_LOOK_S = 0.005
_BEAT_MS = 5


class Watchdog:
    """`longest_ms` is the longest that the thread it was made in was held, and `stack` where it was then.

    Only what happens while a test waits (`qtbot.waitUntil` and the like) counts: what the test itself does between
    that is not the window's doing.
    """

    def __init__(self) -> None:
        self.longest_ms = 0.0
        self.stack = ""
        self._beats = 0
        self._seen, self._held_ms = -1, 0.0
        self._waits = 0
        self._state = Path(f"/proc/self/task/{threading.get_native_id()}/stat")
        self._clock = time.pthread_getcpuclockid(threading.get_ident()) if self._state.exists() else None
        self._worked_s = 0.0
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr(qt_api, "exec", self._wait)
        self._over = threading.Event()
        self._timer = QTimer()
        self._timer.timeout.connect(self._beat)
        self._timer.start(_BEAT_MS)
        self._thread = threading.Thread(target=self._look, name="watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer."""
        self._over.set()
        self._thread.join()
        self._patch.undo()
        self._timer.stop()

    def _beat(self) -> None:
        self._beats += 1

    def _look(self) -> None:
        while not self._over.wait(_LOOK_S):
            self._look_once()

    def _wait(self, loop: QEventLoop) -> object:
        """Let the window work, as pytest-qt does where a test waits."""
        self._waits += 1
        try:
            return loop.exec()
        finally:
            self._waits -= 1

    def _look_once(self) -> None:
        if self._beats != self._seen or not self._waits:
            self._seen, self._held_ms = self._beats, 0.0
            return
        if not self._is_starved():
            self._held_ms += _LOOK_S * 1000
        if self._held_ms > self.longest_ms:
            self.longest_ms = self._held_ms
            self.stack = _stacks() if self._held_ms > LIMIT_MS / 2 else ""

    def _is_starved(self) -> bool:
        """Tell whether it is the machine that keeps the thread from going on: others have the processors."""
        if self._clock is None:
            return False
        before, self._worked_s = self._worked_s, time.clock_gettime(self._clock)
        state = ""
        with suppress(OSError):
            state = self._state.read_text().rpartition(") ")[2][:1]
        return state == "R" and self._worked_s == before


def _stacks() -> str:
    """Return where all threads are."""
    with tempfile.TemporaryFile() as file:
        faulthandler.dump_traceback(file)
        file.seek(0)
        return file.read().decode()
