"""Time that nobody sets: it goes on evenly, through sleep too, and so tells when this computer's clock is set.

`time.monotonic` stands still on Linux and macOS while the computer sleeps: right for a wait, wrong for telling how
long ago something was.
"""

import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_AGREES = timedelta(seconds=30)
"""A clock that was set by less changes no figure for longer than a refresh or two."""
_LATELY_S = 3600.0
_NAMES = ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC")
"""The first goes on through sleep on Linux, where the second does not; the second does on macOS."""
_CLOCK: int | None = next((getattr(time, name) for name in _NAMES if hasattr(time, name)), None)


def steady_s() -> float:
    """Return seconds since some instant, those asleep included."""
    return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)


class DeskClock:
    """This computer's clock, and by how much it is set while we watch.

    `now` tells the time, aware, and `steady` seconds as `steady_s` does. Where only `now` is given nobody sets it.
    """

    def __init__(self, now: Callable[[], datetime] | None = None, steady: Callable[[], float] | None = None) -> None:
        self.now = now or (lambda: datetime.now(UTC))
        self._steady = steady or (steady_s if now is None else lambda: self.now().timestamp())
        self._steps: deque[tuple[float, timedelta]] = deque()
        self._looked_at = self.now(), self._steady()

    def look(self) -> timedelta:
        """Return by how much the clock was set since the last look; 0 where it was not, or not worth telling."""
        now, steady = self.now(), self._steady()
        then, steady_then = self._looked_at
        self._looked_at = now, steady
        while self._steps and steady - self._steps[0][0] > _LATELY_S:
            self._steps.popleft()
        step = (now - then) - timedelta(seconds=steady - steady_then)
        if abs(step) < _AGREES:
            return timedelta(0)
        self._steps.append((steady, step))
        return step

    @property
    def set_lately(self) -> timedelta:
        """By how much it was set in all in the hour before the last look; what was undone since does not count."""
        total = sum((step for _, step in self._steps), timedelta(0))
        return total if abs(total) >= _AGREES else timedelta(0)
