"""One pass through the whole log, block by block from its newest row down, in small steps.

It answers two questions that no search can. How many calls has the month seen, on a table without an index?
And was any row missed because ids do not follow time, as in merged databases or on some clusters? History is
only ever appended or deleted, so a block that was looked at once need not be looked at again.
"""

from dataclasses import dataclass
from datetime import datetime

from keymon.call_log import CallLog, LogRows, SurveyedBlock
from keymon.log_start import find_start

_FIRST_ID = -(2**63)
_LAST_ID = 2**63 - 1
_END_OF_TIME = datetime.max  # noqa: DTZ901 - naive as the gateway's times are


def month_of(time: datetime) -> datetime:
    """Return the first moment of the month of a naive time."""
    return time.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


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

    def take_back(self, block: SurveyedBlock) -> None:
        """Undo what counting a block in has done."""
        self.total -= block.month
        self.success -= block.month_success


class LogSurvey:
    """The pass through the log from the id `top` down.

    Calls dated at or after `since` (naive) are looked out for.
    `month` (its first moment, naive) and `until` (None: no end) say which calls are counted. With `whole_log`
    false the pass ends where the month begins. With `in_order` false that cannot be told: the calls of the month
    are looked for in the whole log.
    """

    def __init__(
        self,
        log: CallLog,
        top: int,
        since: datetime,
        month: datetime,
        until: datetime | None = None,
        whole_log: bool = True,
        in_order: bool = True,
    ) -> None:
        self._log = log
        self._since = since
        self._top = top
        self.is_whole_log = whole_log or not in_order
        """Whether the pass goes on below the month."""
        self._month_start = None if in_order else _FIRST_ID
        # Stretches of ids yet to be counted, as (floor, top); the first is what was there at the beginning.
        self._left = [(_FIRST_ID, top)]
        # What has been counted where rows may yet appear, as (floor, block).
        self._unsettled: list[tuple[int, SurveyedBlock]] = []
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

    def extend(self, last_id: int) -> None:
        """Take note that the log now ends at `last_id`."""
        if last_id > self._top:
            self._left.append((self._top, last_id))
            self._top = last_id

    def see_late(self, rows: LogRows) -> None:
        """Take note of rows that were committed late: the blocks they are in must be counted anew.

        Whether a block was counted before or after such a row appeared cannot be told.
        """
        for floor, block in self._unsettled[:]:
            if any(floor < row_id <= block.last_id for row_id in rows.ids):
                self._unsettled.remove((floor, block))
                self.month.take_back(block)
                self._left.append((floor, block.last_id))

    def step(self, settled: int = _LAST_ID) -> SurveyedBlock | None:
        """Count the next block, newest first, and return it; None where its stretch has come to an end.

        Up to the id `settled` no rows are expected to be committed late.
        """
        if self._month_start is None:
            self._month_start = self._find_month()
        if self.is_done:
            return None
        floor, top = self._left[-1]
        # Below the month's start nothing is expected, and counting one thing takes half the time of three.
        month = (self.month.first, self.month.until) if top > self._month_start else None
        block = self._log.survey(top, self._since, month, floor)
        self._left.pop()
        if block is not None and block.first_id > floor + 1:
            self._left.append((floor, block.first_id - 1))
            floor = block.first_id - 1
        if block is not None:
            self.month.add(block)
        self._unsettled = [counted for counted in self._unsettled if counted[1].last_id > settled]
        if top > settled:
            self._unsettled.append((floor, block or SurveyedBlock(floor + 1, top, 0, 0, 0, 0)))
        return block

    def _find_month(self) -> int:
        bounds = self._log.bounds()
        start = None if bounds is None else find_start(self._log, bounds, self.month.first)
        # Where the log begins within the month, rows may yet appear below its first.
        return _FIRST_ID if start is None or bounds is None or start < bounds[0] else start
