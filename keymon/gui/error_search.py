"""What has been found of the gateway's errors, page by page into the past, and what came since.

A page is looked for in the worker, a little at a time, so that nothing else waits long. Of what came since only ids
above the newest that is known are looked at, once for each refresh.
"""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from keymon.errors import ErrorTextsMissingError
from keymon.gui.request import Request

if TYPE_CHECKING:
    from datetime import datetime

    from keymon.error_browser import ErrorFilter, ErrorPage, ErrorRow
    from keymon.monitor import Monitor

AT_ONCE = 200
"""So many errors are looked for before the operator is asked whether to look further."""
MOST_ROWS = 10_000


class ErrorSearch(QObject):
    """Errors that are wanted, newest first.

    `ask_wanted(Request)` is for the poller; `found()` tells that there are more, `newer_found()` that it is known
    what came since, `failed(Exception)` why nothing more is found.
    """

    ask_wanted = Signal(object)
    found = Signal()
    newer_found = Signal()
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._looking: Request[ErrorPage] | None = None
        self._looking_newer: Request[ErrorPage] | None = None
        self._goal = 0
        self.reset()

    def reset(self) -> None:
        """Forget all that was found."""
        self.stop()
        self.rows: list[ErrorRow] = []
        self.newer: list[ErrorRow] = []
        """What came since `rows` were looked for."""
        self.has_missed = False
        """Whether more came since than is told at once, or the log begins anew."""
        self._has_failed = self.can_try_again = False
        self.wanted: ErrorFilter | None = None
        self.as_of: datetime | None = None
        self.before: int | None = None
        """Where it can be gone on from; None where there is no more."""
        self.reached: datetime | None = None
        self.looked_at = self._looked_at_newer = 0
        self._newest: int | None = None

    @property
    def has_begun(self) -> bool:
        """Whether anything was looked for."""
        return self.wanted is not None

    @property
    def is_broken_off(self) -> bool:
        """Whether only a new beginning shows the newest errors."""
        return self.has_begun and not self.is_looking and (self.has_missed or self._has_failed or self._newest is None)

    @property
    def is_looking(self) -> bool:
        """Whether older errors are being looked for."""
        return self._looking is not None

    def begin(self, wanted: "ErrorFilter", as_of: "datetime") -> None:
        """Look for the newest errors that are wanted as of an instant (aware)."""
        self.reset()
        self.wanted, self.as_of = wanted, as_of
        self._goal = AT_ONCE
        self._look()

    def go_on(self) -> None:
        """Look for older errors than those that are known."""
        if self._looking is None and self.before is not None:
            self._goal = min(len(self.rows) + AT_ONCE, MOST_ROWS)
            self._look()

    def stop(self) -> None:
        """Look for nothing any more; what has been found stays."""
        for request in (self._looking, self._looking_newer):
            if request is not None:
                request.cancel()
        self._looking = self._looking_newer = None

    def _look(self) -> None:
        wanted, before, most = self.wanted, self.before, self._goal - len(self.rows)
        if wanted is None:
            return

        def work(monitor: "Monitor") -> "ErrorPage":
            return monitor.errors().page(wanted, before, most, goes_on=lambda: not request.is_over)

        request: Request[ErrorPage] = Request(work, self._take, self._fail)
        self._looking = request
        self.ask_wanted.emit(request)

    def _take(self, page: "ErrorPage") -> None:
        self._looking = None
        self.rows += page.rows
        self.before = page.before
        self.looked_at += page.looked_at
        self.reached = page.reached or self.reached
        if self._newest is None:
            self._newest = page.newest
        if page.before is not None and len(self.rows) < self._goal:
            self._look()
        self.found.emit()

    def _fail(self, error: Exception) -> None:
        self._looking = None
        self._has_failed = True
        # Where the table is not there it will not be the next time.
        self.can_try_again = not self.rows and not isinstance(error, ErrorTextsMissingError)
        self.failed.emit(error)

    # What came since

    def look_for_newer(self, as_of: "datetime") -> None:
        """Look for what came until an instant (aware), as far as that is not known and can be told."""
        wanted, newest = self.wanted, self._newest
        is_known = self.as_of is not None and as_of <= self.as_of
        if wanted is None or newest is None or self._looking_newer is not None or is_known or self.has_missed:
            return

        def work(monitor: "Monitor") -> "ErrorPage":
            return monitor.errors().page(wanted, None, AT_ONCE, goes_on=lambda: not request.is_over, after=newest)

        def done(page: "ErrorPage") -> None:
            self._take_newer(page, newest, as_of)

        request: Request[ErrorPage] = Request(work, done, self._give_newer_up)
        self._looking_newer = request
        self.ask_wanted.emit(request)

    def _take_newer(self, page: "ErrorPage", newest: int, as_of: "datetime") -> None:
        self._looking_newer = None
        self.has_missed = page.before is not None or page.newest < newest
        self.newer = [*page.rows, *self.newer]
        self._looked_at_newer += page.looked_at
        self._newest, self.as_of = page.newest, as_of
        self.newer_found.emit()

    def _give_newer_up(self, _error: Exception) -> None:
        self._looking_newer = None  # the window tells why, because it cannot read either; the next refresh asks again

    def take_newer_in(self, wanted: "ErrorFilter") -> None:
        """Count what came since among the others, and leave out what is now before `wanted` begins."""
        since = wanted.since
        rows = [*self.newer, *self.rows]
        self.rows = [row for row in rows if since is None or row.at is None or row.at >= since][:MOST_ROWS]
        if len(rows) > MOST_ROWS:
            self.before = self.rows[-1].id
        self.newer = []
        self.looked_at += self._looked_at_newer
        self._looked_at_newer = 0
        self.wanted = wanted
