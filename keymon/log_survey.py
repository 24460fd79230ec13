"""One pass through the whole log, block by block from its newest row down, in small steps.

It answers two questions that no search can. How many calls has the month seen, on a table without an index?
And was any row missed because ids do not follow time, as in merged databases or on some clusters? History is
only ever appended or deleted, so a block that was looked at once need not be looked at again.
"""

from dataclasses import dataclass
from datetime import datetime

from keymon.call_log import CallLog, LogRows, SurveyedBlock, local_time
from keymon.log_start import find_start

_FIRST_ID = -(2**63)
_END_OF_TIME = datetime.max  # noqa: DTZ901 - naive as the gateway's times are


@dataclass(slots=True)
class MonthCount:
    """Calls dated from `first` (the first of a month, naive) to `until`."""

    first: datetime
    until: datetime
    total: int = 0
    success: int = 0

    def add(self, block: SurveyedBlock) -> None:
        """Count a block in."""
        self.total += block.month
        self.success += block.month_success

    def add_rows(self, rows: LogRows) -> None:
        """Count single rows in."""
        for value, status in zip(rows.times, rows.statuses, strict=True):
            time = local_time(value)
            if time is not None and self.first <= time <= self.until:
                self.total += 1
                self.success += isinstance(status, int) and 200 <= status <= 299


class LogSurvey:
    """The pass through the log from the id `top` down.

    Calls dated at or after `since` (naive) are looked out for.
    `month` (its first moment, naive) and `until` (None: no end) say which calls are counted. With `whole_log`
    false the pass ends where the month begins.
    """

    def __init__(
        self,
        log: CallLog,
        top: int,
        since: datetime,
        month: datetime,
        until: datetime | None = None,
        whole_log: bool = True,
    ) -> None:
        self._log = log
        self._since = since
        self._top = top
        self.is_whole_log = whole_log
        """Whether the pass goes on below the month."""
        self._month_start: int | None = None
        # Stretches of ids yet to be counted, as (floor, top); the first is what was there at the beginning.
        self._left = [(_FIRST_ID, top)]
        self.month = MonthCount(month, until or _END_OF_TIME)

    @property
    def bottom(self) -> int:
        """The id down to which all rows have been counted."""
        return self._left[0][1] if self._left and self._left[0][0] == _FIRST_ID else _FIRST_ID

    @property
    def is_caught_up(self) -> bool:
        """Whether all has been counted that was added since the pass began."""
        return not self._left or (len(self._left) == 1 and self._left[0][0] == _FIRST_ID)

    @property
    def is_month_known(self) -> bool:
        """Whether all calls of the month have been counted."""
        return self.is_caught_up and self._month_start is not None and self.bottom <= self._month_start

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to count."""
        return not self._left or (not self.is_whole_log and self.is_month_known)

    def go_through_all(self) -> None:
        """Go on below the month, whatever was said at first."""
        self.is_whole_log = True

    def extend(self, last_id: int) -> None:
        """Take note that the log now ends at `last_id`."""
        if last_id > self._top:
            self._left.append((self._top, last_id))
            self._top = last_id

    def see_late(self, rows: LogRows) -> None:
        """Take note of rows that were committed late, at ids which may have been counted already."""
        if not any(floor < row_id <= top for row_id in rows.ids for floor, top in self._left):
            self.month.add_rows(rows)

    def step(self) -> SurveyedBlock | None:
        """Count the next block, newest first, and return it; None where its stretch has come to an end."""
        if self._month_start is None:
            bounds = self._log.bounds()
            self._month_start = 0 if bounds is None else find_start(self._log, bounds, self.month.first)
        if self.is_done:
            return None
        floor, top = self._left[-1]
        # Below the month's start nothing is expected, and counting one thing takes half the time of three.
        month = (self.month.first, self.month.until) if top > self._month_start else None
        block = self._log.survey(top, self._since, month, floor)
        if block is None or block.first_id <= floor + 1:
            self._left.pop()
        else:
            self._left[-1] = (floor, block.first_id - 1)
        if block is not None:
            self.month.add(block)
        return block
