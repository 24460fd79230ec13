"""Work that takes time, off the window's thread: each errand in a thread of its own, its result in the window's.

A keyring may ask the operator, a name server may not answer. Nobody waits for an errand that was given up.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from keymon.aside import Aside
from keymon.faults import note_unless_expected

_AT_ONCE = 4


class Errand:
    """One of them. `aside` is for what cannot be broken off, `interrupt` is what `give_up` calls besides."""

    def __init__(self, done: Callable[[Any], object], failed: Callable[[Exception], object]) -> None:
        self.aside = Aside()
        self.interrupt: Callable[[], object] = lambda: None
        self.is_over = False
        self.done, self.failed = done, failed

    def give_up(self) -> None:
        """Break it off; neither `done` nor `failed` is called."""
        self.is_over = True
        self.aside.interrupt()
        self.interrupt()


class Errands(QObject):
    """The errands of one window. `stop` is to be called before it goes."""

    _arrived = Signal(object, object, bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._workers = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="keymon-errand")
        self._under_way: set[Errand] = set()
        self._stopped = False

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._under_way

    def run(
        self,
        work: Callable[[Errand], object],
        done: Callable[[Any], object] = lambda _result: None,
        failed: Callable[[Exception], object] = lambda _error: None,
    ) -> Errand:
        """Begin `work`; then, in the thread of this object, `done` is given its result or `failed` what it raised."""
        errand = Errand(done, failed)
        if self._stopped:
            errand.is_over = True
            return errand
        self._under_way.add(errand)

        def run() -> None:
            try:
                result, is_well = work(errand), True
            except Exception as error:  # noqa: BLE001 - whoever asked for it is told, whatever it is
                note_unless_expected(error)
                result, is_well = error, False
            self._arrived.emit(errand, result, is_well)

        self._workers.submit(run)
        return errand

    def stop(self) -> None:
        """Give all errands up and wait for their threads, which is a matter of a moment."""
        self._stopped = True
        for errand in self._under_way:
            errand.give_up()
        self._workers.shutdown(wait=True)
        self._under_way.clear()

    @Slot(object, object, bool)
    def _deliver(self, errand: Errand, result: object, is_well: bool) -> None:
        self._under_way.discard(errand)
        if errand.is_over:
            return
        errand.is_over = True
        (errand.done if is_well else errand.failed)(result)  # type: ignore[arg-type]
