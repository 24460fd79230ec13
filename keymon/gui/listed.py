"""What the panels of calls and of errors list, as it is handed to whoever writes it to a file."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from keymon.call_list import CallFilter, CallList
    from keymon.error_browser import ErrorFilter, ErrorRow
    from keymon.error_groups import ErrorGroup
    from keymon.monitor import Snapshot


@dataclass(frozen=True, slots=True)
class ListedCalls:
    """Calls as they were `wanted`, found in `snapshot`."""

    calls: "CallList"
    wanted: "CallFilter"
    snapshot: "Snapshot"


@dataclass(frozen=True, slots=True)
class ListedErrors:
    """Errors as they were `wanted` as of an instant (UTC), and the groups of all that were found.

    The errors are those of one `group` where one is chosen. `back_to` (UTC) is how far has been looked, None where
    there are no more.
    """

    rows: "Sequence[ErrorRow]"
    groups: "Sequence[ErrorGroup]"
    wanted: "ErrorFilter"
    as_of: "datetime"
    group: str | None
    back_to: "datetime | None"
