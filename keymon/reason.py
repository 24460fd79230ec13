"""Why a key is invalid, or on its way there, in one word.

Valid and invalid are the gateway's rule (`validity`); the word only says what its failures were like. It is that of
one call, the key's telling failure. Of the failures that count, failed checks of an invalid key among them, that is
the newest in which the upstream said something about the key itself: 400 or 401, 403, 429. A network that was down
for an hour tells nothing of the keys that were called meanwhile, so any other failure tells only where there is none
of these: then it is the newest.

| word | status of the telling failure |
|---|---|
| rejected | 400 and 401: as far as the log can tell the key is no good; the text of the error knows more |
| suspended | 403 |
| exhausted | 429 |
| failing | any other: 5xx, a network error (text), NULL |

A key without failures that count is *unproven* where it made no call in the last 24 hours and the log that was read
shows no failure of it before. Any other key has no word.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from keymon.stats import KeyFigures

Reason = Literal["rejected", "suspended", "exhausted", "failing", "unproven"]
REASONS: tuple[Reason, ...] = get_args(Reason)

_OF_KEY: dict[int, Reason] = {400: "rejected", 401: "rejected", 403: "suspended", 429: "exhausted"}


@dataclass(frozen=True, slots=True)
class FailedCall:
    """A call that failed: its start (UTC), its model (None for NULL) and its status as in `Calls.status_of`."""

    started_at: datetime
    model: str | None
    status: int | str | None

    @property
    def reason(self) -> Reason:
        """What a key is whose telling failure this is."""
        return _OF_KEY.get(self.status, "failing") if isinstance(self.status, int) else "failing"


def telling(failures: Sequence[int], status: Callable[[int], int]) -> int:
    """Return which of `failures` (at least one, in the order of the log) tells why.

    `status` gives the entry of `Calls.status` of a failure.
    """
    return next((one for one in reversed(failures) if status(one) in _OF_KEY), failures[-1])


def reason_of(figures: "KeyFigures") -> Reason | None:
    """Return the word for a key, None where there is nothing to explain; `verdict.told_by` is the row that says so."""
    verdict = figures.verdict
    if verdict.told_by is not None:
        return verdict.told_by.reason
    return "unproven" if verdict.last_failure_at is None and not figures.calls_24h.total else None
