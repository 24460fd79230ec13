"""What a widget wants to know of the gateway that is followed: asked in the worker, answered in the window's thread."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from keymon.faults import note_unless_expected

if TYPE_CHECKING:
    from keymon.monitor import Monitor

T = TypeVar("T")


class Request(Generic[T]):
    """A question that `work` asks a monitor; `done` is given its result, or `failed` what it raised.

    Neither is called once the request is cancelled. To be given to `Poller.ask`, once; `is_over` may be looked at by
    `work`, to break off what nobody waits for any more. Whoever asks cancels before it goes.
    """

    def __init__(
        self,
        work: "Callable[[Monitor], T]",
        done: Callable[[T], object],
        failed: Callable[[Exception], object],
    ) -> None:
        self._work, self._done, self._failed = work, done, failed
        self.is_over = False

    def cancel(self) -> None:
        """Let nobody hear of it any more."""
        self.is_over = True

    def answer(self, monitor: "Monitor") -> Callable[[], object]:
        """Ask `monitor`, and return what is to be called in the window's thread with the answer in it."""
        if self.is_over:
            return lambda: None
        try:
            return partial(self._tell, self._done, self._work(monitor))
        except BaseException as error:  # noqa: BLE001 - shown by the widget that asked, whatever it is
            note_unless_expected(error)
            return partial(self._tell, self._failed, error)

    def _tell(self, heard: Callable[..., object], what: object) -> None:
        if not self.is_over:
            self.is_over = True
            heard(what)
