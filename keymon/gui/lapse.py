"""A wait that goes on while the computer sleeps: whoever wakes it finds over what was to be over by then.

A `QTimer` stands still in sleep. What must not outlast its time on a desk, as a revealed key, is looked after every
second that the computer is awake, by a clock that has gone on.
"""

import math

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from keymon import steady_clock

_LOOK_MS = 1_000


class Lapse(QObject):
    """Tells by `passed()` that `length_ms` have passed since `start`, at the latest a second after waking."""

    passed = Signal()

    def __init__(self, length_ms: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.length_ms = length_ms
        self._end_s = 0.0
        self._look_timer = QTimer(self)
        self._look_timer.setSingleShot(True)
        self._look_timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._look_timer.timeout.connect(self._look)

    @property
    def is_running(self) -> bool:
        """Whether it has been started and is not over."""
        return self._look_timer.isActive()

    def start(self) -> None:
        """Begin, or begin again."""
        self._end_s = steady_clock.steady_s() + self.length_ms / 1000
        self._rest(self.length_ms)

    def stop(self) -> None:
        """End without a word."""
        self._look_timer.stop()

    @Slot()
    def _look(self) -> None:
        left_ms = math.ceil((self._end_s - steady_clock.steady_s()) * 1000)
        if left_ms > 0:
            self._rest(left_ms)
        else:
            self.passed.emit()

    def _rest(self, left_ms: int) -> None:
        self._look_timer.start(min(left_ms, _LOOK_MS))
