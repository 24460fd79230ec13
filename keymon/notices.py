"""What is off about a gateway although there are figures: told beside them."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from keymon.errors import (
    ClockAssumedNotice,
    ClockBehindNotice,
    ClockSetBackNotice,
    ClockSetForwardNotice,
    ClockWrongNotice,
    ColumnUnknownNotice,
    HistoryShortNotice,
    LogOutOfOrderNotice,
    NoCallsNotice,
    Notice,
    TimesUnreadableNotice,
)
from keymon.followed_log import FollowedLog
from keymon.gateway_clock import ClockWatch
from keymon.gateway_settings import GatewaySettings
from keymon.stats import DAY
from keymon.steady_clock import DeskClock


def of_columns(missing: Iterable[str]) -> Iterator[Notice]:
    """Tell of columns that are read as unknown, since they are not there."""
    for name in sorted(missing):
        yield ColumnUnknownNotice(name=name)


def of_rules(settings: GatewaySettings) -> Iterator[Notice]:
    """Tell where the gateway's rules ask for more of the log than is read."""
    if settings.history_needed > settings.history:
        yield HistoryShortNotice(
            most=settings.max_failures,
            hours=settings.check_interval // timedelta(hours=1),
            needed=settings.history_needed.days,
            read=settings.history.days,
        )


def of_clock(watch: ClockWatch) -> Iterator[Notice]:
    """Tell where the gateway's zone is a guess, or its clock is wrong."""
    if watch.clock.source == "assumed":
        yield ClockAssumedNotice(zone=watch.clock.name)
    if watch.is_wrong:
        kind = ClockWrongNotice if watch.disagreement > timedelta(0) else ClockBehindNotice
        yield kind(**_hours_and_minutes(watch.disagreement))


def of_steps(desk: DeskClock) -> Iterator[Notice]:
    """Tell where this computer's clock was set."""
    if desk.set_lately:
        kind = ClockSetForwardNotice if desk.set_lately > timedelta(0) else ClockSetBackNotice
        yield kind(**_hours_and_minutes(desk.set_lately))


def _hours_and_minutes(difference: timedelta) -> dict[str, int]:
    minutes = round(abs(difference) / timedelta(minutes=1))
    return {"hours": minutes // 60, "minutes": minutes % 60}


def of_log(followed: FollowedLog) -> Iterator[Notice]:
    """Tell of rows that cannot be told the time of, and of a log out of order."""
    if followed.is_out_of_order:
        yield LogOutOfOrderNotice()
    if followed.window.without_time:
        yield TimesUnreadableNotice(count=followed.window.without_time)


def of_silence(newest_end: datetime, now: datetime) -> Iterator[Notice]:
    """Tell where the newest call ended more than a day ago; both times are the gateway's, naive."""
    if newest_end < now - DAY:
        yield NoCallsNotice(time=f"{newest_end:%Y-%m-%d %H:%M}")
