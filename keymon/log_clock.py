"""The gateway's clock, as its log and the time of its last write tell it."""

from datetime import datetime, tzinfo

from keymon.call_log import CallLog
from keymon.database import Database
from keymon.gateway_clock import GatewayClock, assume, detect_from_file


def find_clock(database: Database, zone: tzinfo | None, now: datetime) -> GatewayClock:
    """Return the clock in `zone` where the operator named it, else a detected or an assumed one; `now` is aware.

    Raises `DatabaseError`.
    """
    if zone is not None:
        return GatewayClock(zone, "set")
    modified, ends = database.modified(), CallLog(database).newest_ends()
    # The row that was written last need not be that of the latest call: the gateway's clock may have been set back.
    for end in [*ends[:1], *sorted(ends)[-1:]]:
        if (detected := detect_from_file(end, modified)) is not None:
            return detected
    return assume(max(ends, default=None), now)
