"""The times of a trend in words: its buckets, and where its axis is marked.

By the clock that the window goes by, which may be put forward or back within the trend: buckets are of equal
length all the same, and where a time occurs twice its distance from UTC tells which is meant.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from keymon.gateway_clock import format_offset
from keymon.gui.moments import by_its_clock
from keymon.gui.translation import number, percent, tr

if TYPE_CHECKING:
    from keymon.monitor import Snapshot
    from keymon.trend import Trend

_STEPS = (5, 10, 15, 30, 60, 120, 180, 240, 360, 720)
"""Minutes between two marks of the axis."""


def bucket_time(trend: "Trend", bucket: int, snapshot: "Snapshot") -> str:
    """Return when a bucket is; with the date where that is not the snapshot's."""
    start = by_its_clock(trend.start(bucket), snapshot)
    is_other_day = start.date() != by_its_clock(snapshot.as_of, snapshot).date()
    words = f"{start:%Y-%m-%d %H:%M}" if is_other_day else f"{start:%H:%M}"
    if bucket == len(trend) - 1:
        words = tr("since {time}").format(time=words)
    else:
        # Not by the clock: where it is put back at its end, the bucket would seem to end before it begins.
        words += f"–{start + (trend.end(bucket) - trend.start(bucket)):%H:%M}"
    offsets = {_offset(edge, snapshot) for edge in (trend.start(0), trend.end(len(trend) - 1))}
    return words if len(offsets) == 1 else f"{words} ({_from_utc(trend.start(bucket), snapshot)})"


def gateway_time(trend: "Trend", bucket: int, snapshot: "Snapshot") -> str:
    """Return when a bucket began by the gateway's clock; empty where the window goes by the same."""
    start = trend.start(bucket)
    there = snapshot.clock.to_local(start)
    if there == by_its_clock(start, snapshot).replace(tzinfo=None):
        return ""
    return tr("at the gateway since {time}").format(time=f"{there:%Y-%m-%d %H:%M}")


def describe_bucket(trend: "Trend", bucket: int, snapshot: "Snapshot") -> str:
    """Return the figures of a bucket as a sentence."""
    success, failure = int(trend.success[bucket]), int(trend.failure[bucket])
    when = bucket_time(trend, bucket, snapshot)
    if not success + failure:
        return tr("{time}: no calls").format(time=when)
    return tr("{time}: {total} calls, {success} successful, {failure} failed ({rate} success)").format(
        time=when,
        total=number(success + failure),
        success=number(success),
        failure=number(failure),
        rate=percent(success / (success + failure)),
    )


def describe_all(trend: "Trend", snapshot: "Snapshot") -> str:
    """Return the sum of a trend, its highest bucket, and each of its buckets, as sentences."""
    success, failure = int(trend.success.sum()), int(trend.failure.sum())
    if not success + failure:
        return tr("No calls in this period")
    total = tr("{total} calls, {success} successful, {failure} failed").format(
        total=number(success + failure), success=number(success), failure=number(failure)
    )
    highest = int((trend.success + trend.failure).argmax())
    most = tr("most at {bucket}").format(bucket=describe_bucket(trend, highest, snapshot))
    return "; ".join((total, most, *(describe_bucket(trend, i, snapshot) for i in range(len(trend)))))


def marks(trend: "Trend", snapshot: "Snapshot", most: int) -> Iterator[tuple[datetime, str]]:
    """Give at most about so many instants (UTC) at which the axis is marked, each with its label."""
    begin, end = trend.start(0), trend.end(len(trend) - 1)
    minutes = (end - begin) / timedelta(minutes=1)
    step = next((step for step in _STEPS if minutes / step <= most), _STEPS[-1])
    # The hours between are looked at too, so that no mark is lost where the clock is put forward or back.
    for instant, local in _round_times(begin, end, min(step, 60), snapshot):
        minute = local.hour * 60 + local.minute
        if minute % step == 0:
            yield instant, f"{local:%H:%M}" if minute else _day(local)


def _round_times(
    begin: datetime, end: datetime, step: int, snapshot: "Snapshot"
) -> Iterator[tuple[datetime, datetime]]:
    """Give the instants whose minute is a multiple of `step` (at most 60), with what the clock shows then."""
    instant = begin
    while instant < end:
        local = by_its_clock(instant, snapshot)
        since = timedelta(minutes=local.minute % step, seconds=local.second, microseconds=local.microsecond)
        if not since:
            yield instant, local
        instant += timedelta(minutes=step) - since


def _day(local: datetime) -> str:
    from PySide6.QtCore import QDate, QLocale

    return QLocale().toString(QDate(local.year, local.month, local.day), tr("d MMM"))


def _offset(instant: datetime, snapshot: "Snapshot") -> timedelta:
    """Return how far the clock that the window goes by is ahead of UTC."""
    return by_its_clock(instant, snapshot).replace(tzinfo=None) - instant.replace(tzinfo=None)


def _from_utc(instant: datetime, snapshot: "Snapshot") -> str:
    return f"UTC{format_offset(timezone(_offset(instant, snapshot)))}"
