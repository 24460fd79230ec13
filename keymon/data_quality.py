"""How far the gateway's data can be trusted: what is odd in its log, its pool and its clock, each judged.

Figures that calls can tell come from the `StatsService`, over the last 24 hours. What only the reading of the log
tells comes along with each snapshot, as `Surroundings`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from keymon.gateway_settings import GatewaySettings
from keymon.stats import OutsideCalls, StatsService

Check = Literal["statuses", "outside", "duplicates", "clock", "room", "age", "times"]
State = Literal["fine", "noted", "unknown"]

TEXT_LIMIT = 65_535
"""Bytes that MySQL's TEXT holds; a longer value is cut off there, or refused."""
_NEARLY_FULL = TEXT_LIMIT * 9 // 10
_MOST_AHEAD, _MOST_BEHIND = timedelta(seconds=10), timedelta(minutes=2)
"""A call cannot arrive before it has ended, but it may have waited for a refresh."""
_LONG_KEPT = timedelta(days=90)
_KEY_LISTS = ("API_KEYS", "VERTEX_API_KEYS")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the calls in memory do not tell.

    `clock_ahead` is how far the gateway's clock is ahead of ours beyond its zone, `oldest` (aware) when the oldest
    call of its whole log started; both None while they are not known. `without_time` are the rows read whose time
    is NULL or unreadable: they are in no figure.
    """

    is_server: bool = False
    clock_ahead: timedelta | None = None
    oldest: datetime | None = None
    without_time: int = 0


@dataclass(frozen=True, slots=True)
class Quality:
    """The figures. Calls are those of the last 24 hours; `duplicates` are keys, `spare_entries` their repetitions.

    `list_bytes` is the size of the longest key list as a server stores it; None where the gateway is no server's.
    """

    calls: int
    null_statuses: int
    text_statuses: int
    outside: OutsideCalls
    duplicates: tuple[str, ...]
    spare_entries: int
    clock_ahead: timedelta | None
    list_bytes: int | None
    age: timedelta | None
    without_time: int

    @property
    def states(self) -> dict[Check, State]:
        """What each of them comes to."""
        return {
            "statuses": _noted_if(self.null_statuses + self.text_statuses > 0),
            "outside": _noted_if(self.outside.calls > 0),
            "duplicates": _noted_if(self.spare_entries > 0),
            "clock": "unknown"
            if self.clock_ahead is None
            else _noted_if(not -_MOST_BEHIND <= self.clock_ahead <= _MOST_AHEAD),
            "room": _noted_if(self.list_bytes is not None and _NEARLY_FULL <= self.list_bytes <= TEXT_LIMIT),
            "age": "unknown" if self.age is None else _noted_if(self.age > _LONG_KEPT),
            "times": _noted_if(self.without_time > 0),
        }

    @property
    def is_cut_off(self) -> bool:
        """Whether a key list is exactly as long as MySQL's TEXT: what came after that is lost."""
        return self.list_bytes == TEXT_LIMIT


def quality(stats: StatsService, surroundings: Surroundings) -> Quality:
    """Return the figures of a gateway as of one instant."""
    statuses = stats.failures()
    duplicates = stats.settings.duplicates
    oldest = surroundings.oldest
    return Quality(
        calls=stats.count(timedelta(hours=24)).total,
        null_statuses=statuses.get(None, 0),
        text_statuses=sum(count for status, count in statuses.items() if isinstance(status, str)),
        outside=stats.outside(),
        duplicates=tuple(duplicates),
        spare_entries=sum(times - 1 for times in duplicates.values()),
        clock_ahead=surroundings.clock_ahead,
        list_bytes=_longest_list(stats.settings) if surroundings.is_server else None,
        age=None if oldest is None else stats.as_of - oldest,
        without_time=surroundings.without_time,
    )


def _longest_list(settings: GatewaySettings) -> int:
    texts = (settings.stored.get(name) for name in _KEY_LISTS)
    return max((len(text.encode("utf-8", "replace")) for text in texts if isinstance(text, str)), default=0)


def _noted_if(is_noted: bool) -> State:
    return "noted" if is_noted else "fine"
