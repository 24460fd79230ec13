"""What keys must be like to be shown, besides what is searched for. Nothing in here knows Qt."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keymon.reason import REASONS, Reason

if TYPE_CHECKING:
    from datetime import datetime

    from keymon.gui.key_measures import Needs
    from keymon.gui.key_rows import Bools, KeyRows


@dataclass(frozen=True, slots=True)
class KeyFilter:
    """Conditions that must all hold; those that are 0, empty or None ask for nothing.

    `failures`: a failure count of at least so many. `failed`: at least so many failed calls in the last 24 hours.
    `unused_hours`: no call for so many hours, at most 24. `status`: a failed call in the last 24 hours with that
    HTTP status, with a text for one (`text`) or without any (`null`).
    """

    failures: int = 0
    failed: int = 0
    unused_hours: int = 0
    kind: str = ""
    reason: Reason | None = None
    status: str = ""

    @property
    def needs(self) -> "Needs":
        """What has to be counted for it."""
        return frozenset({"statuses"}) if self.status else frozenset()

    def passes(self, rows: "KeyRows", as_of: "datetime") -> "Bools":
        """Return which keys are shown as of an instant (aware)."""
        import numpy as np  # not before there are figures

        shown = np.ones(len(rows.pool), np.bool_)
        if self.failures:
            shown &= rows.failures >= self.failures
        if self.failed:
            shown &= rows.failed >= self.failed
        if self.unused_hours:
            shown &= rows.last_call <= as_of.timestamp() - 3600 * self.unused_hours
        if self.kind:
            shown &= rows.pool.kind == (self.kind == "vertex")
        if self.reason is not None:
            shown &= rows.reason == REASONS.index(self.reason)
        if self.status and rows.measures.statuses is not None:
            shown &= rows.measures.failed_with(self.status)
        return shown


NO_FILTER = KeyFilter()
