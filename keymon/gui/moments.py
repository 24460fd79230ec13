"""Instants in words: by the desk's clock while a gateway is followed, by the gateway's for a past instant."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from keymon.gui.translation import spoken, tr
from keymon.resources import resource

if TYPE_CHECKING:
    from types import ModuleType

    from keymon.monitor import Snapshot


def ago(then: datetime | None, now: datetime) -> str:
    """Return how long ago an instant was, in words; a dash for none."""
    if then is None:
        return "–"
    return age(now - then)


def age(length: timedelta) -> str:
    """Return how long ago something was, in words."""
    if length <= timedelta(0):
        return tr("now")
    return _humanize().naturaltime(length)  # type: ignore[no-any-return]


def span(length: timedelta) -> str:
    """Return a span of time in words."""
    return _humanize().naturaldelta(length)  # type: ignore[no-any-return]


def _humanize() -> "ModuleType":
    """Return humanize, which takes time to import, in the language of the window."""
    import humanize

    language = spoken()
    humanize.i18n.activate(None if language == "en" else language, resource("locale"))
    return humanize


def moment(instant: datetime, snapshot: "Snapshot") -> str:
    """Return an instant as hours and minutes, with the date where it is another day than the snapshot's."""
    there = by_its_clock(instant, snapshot)
    same_day = there.date() == by_its_clock(snapshot.as_of, snapshot).date()
    return f"{there:%H:%M}" if same_day else f"{there:%Y-%m-%d %H:%M}"


def second(instant: datetime, snapshot: "Snapshot") -> str:
    """Return an instant to the second, with the date where it is another day than the snapshot's."""
    there = by_its_clock(instant, snapshot)
    same_day = there.date() == by_its_clock(snapshot.as_of, snapshot).date()
    return f"{there:%H:%M:%S}" if same_day else f"{there:%Y-%m-%d %H:%M:%S}"


def both_clocks(instant: datetime, snapshot: "Snapshot") -> str:
    """Return an instant by the desk's clock and by the gateway's."""
    return tr("{here} here, {there} at the gateway ({zone})").format(
        here=f"{instant.astimezone():%Y-%m-%d %H:%M:%S}",
        there=f"{snapshot.clock.to_local(instant):%Y-%m-%d %H:%M:%S}",
        zone=snapshot.clock.name,
    )


def as_of(snapshot: "Snapshot", instant: datetime | None = None) -> str:
    """Return the instant of a snapshot, or an earlier one; of a past one with its date and the gateway's zone."""
    there = by_its_clock(instant or snapshot.as_of, snapshot)
    if snapshot.is_live:
        return tr("As of {time}").format(time=f"{there:%H:%M:%S}")
    return tr("As of {time} at the gateway").format(time=f"{there:%Y-%m-%d %H:%M:%S}")


def as_of_in_full(snapshot: "Snapshot") -> str:
    """Return the instant of a snapshot with its date and zone, as it has to stand where it is read on another day."""
    there = snapshot.clock.to_local(snapshot.as_of)
    return tr("As of {time} at the gateway ({zone})").format(
        time=f"{there:%Y-%m-%d %H:%M:%S}", zone=snapshot.clock.name
    )


def by_its_clock(instant: datetime, snapshot: "Snapshot") -> datetime:
    """Return an instant (UTC) as the clock shows it that the window goes by; of a past instant naive."""
    return instant.astimezone() if snapshot.is_live else snapshot.clock.to_local(instant)
