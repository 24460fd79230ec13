"""A gateway and a desk, each with a clock of its own, and the true time in our hands.

What a monitor says is held against an independent count of the calls that were logged. A test module that uses the
fixture `clocks` imports it by name.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Literal

import pytest

from keymon import monitor as monitor_module
from keymon.calls import to_datetime, to_microseconds
from keymon.monitor import Monitor, Snapshot
from keymon.server_reader import ServerReader
from keymon.stats import DAY, CallCount
from keymon.trend import PERIODS
from tests.gateway import Gateway, MakeAnyGateway
from tests.gateway_file import GatewayFile, key

A = key(1)
TICK = timedelta(seconds=5)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SHANGHAI = timezone(8 * HOUR)
NOTHING = timedelta(0)
LONG_AGO = datetime(2021, 6, 15, 12, tzinfo=UTC)
"""No time of a write that a server tells by itself is near to it."""

Source = Literal["set", "detected", "assumed"]
SOURCES: tuple[Source, ...] = ("set", "detected", "assumed")


class Clocks:
    """`true` is the time; `desk_off` and `gateway_off` are how far ahead of it the desk's and the gateway's clocks are.

    Where the gateway is `here` it goes by the desk's clock. The database notes the time of a write by the clock of
    its own computer, which is the gateway's; with `tells_writes` false it does not.
    """

    def __init__(self, gateway: Gateway, zone: tzinfo, true: datetime = LONG_AGO) -> None:
        self.gateway = gateway
        self.zone = zone
        self.true = true
        self.desk_off = self.gateway_off = NOTHING
        self.here = False
        self.tells_writes = True
        self.steady_s = 1000.0
        self.ended: list[datetime] = []
        """When the calls that were logged ended and, since they took no time, began: UTC by the gateway's clock."""
        self.modified: datetime | None = None
        self.monitors: list[Monitor] = []

    @property
    def desk(self) -> datetime:
        """What the desk's clock shows."""
        return self.true + self.desk_off

    @property
    def gateway_utc(self) -> datetime:
        """What the gateway's clock shows, in UTC."""
        return self.desk if self.here else self.true + self.gateway_off

    def local(self, utc: datetime) -> datetime:
        """Return an instant as the gateway writes it."""
        return utc.astimezone(self.zone).replace(tzinfo=None)

    def pass_time(self, length: timedelta) -> None:
        """Let time pass for all clocks, as it does in sleep too."""
        self.true += length
        self.steady_s += length.total_seconds()

    def log(self, *agos: timedelta) -> None:
        """Log calls that ended so long ago, in this order."""
        ends = [self.gateway_utc - ago for ago in agos]
        self.gateway.calls([(None, self.local(end), "m", A, True, 200, 0) for end in ends])
        self.ended += ends
        self._note_write()

    def log_day(self, every: timedelta = 7 * MINUTE, span: timedelta = 30 * HOUR) -> None:
        """Log the calls of more than a day, the last of which has just ended."""
        self.log(*(every * n for n in range(span // every, -1, -1)))

    def tick(self, monitor: Monitor, calls: int = 1) -> Snapshot:
        """Let five seconds pass, calls end, and refresh."""
        self.pass_time(TICK)
        self.log(*[NOTHING] * calls)
        return monitor.refresh()

    def monitor(self, source: Source = "detected", zone: tzinfo | None = None) -> Monitor:
        """Return a monitor on the desk; its zone is set, to the right one unless another is named, or it is not."""
        set_to = (zone or self.zone) if source == "set" else None
        self.monitors.append(
            Monitor(self.gateway.location, set_to, now=lambda: self.desk, steady=lambda: self.steady_s)
        )
        return self.monitors[-1]

    def _note_write(self) -> None:
        self.modified = self.gateway_utc if self.tells_writes else None
        if isinstance(self.gateway, GatewayFile):
            at = self.gateway_utc.timestamp() if self.tells_writes else 1.0
            os.utime(self.gateway.path, (at, at))


@contextmanager
def clocks_of(gateway: Gateway, zone: tzinfo, true: datetime = LONG_AGO) -> Iterator[Clocks]:
    """Give a gateway and a desk their clocks; the monitors are closed afterwards."""
    clocks = Clocks(gateway, zone, true)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(monitor_module, "PAUSE_S", 0.0)
        # A server's own clock is the one that cannot be ours.
        patched.setattr(ServerReader, "modified", lambda _: clocks.modified)
        yield clocks
        for monitor in clocks.monitors:
            monitor.close()


@pytest.fixture
def clocks(make_any_gateway: MakeAnyGateway) -> Iterator[Clocks]:
    """Clocks that are right, with a gateway in Shanghai."""
    with clocks_of(make_any_gateway([A]), SHANGHAI) as clocks:
        yield clocks


def starts(snapshot: Snapshot) -> list[datetime]:
    """Return when the calls of the last day began, by the snapshot."""
    return [to_datetime(at) for at in snapshot.stats._calls.between(snapshot.as_of - DAY).started]


def holds(snapshot: Snapshot, instants: Sequence[datetime], local: Callable[[datetime], datetime]) -> None:
    """Hold all figures of successes of one key against calls that began at these instants, of a gateway's calendar."""
    as_of = snapshot.as_of
    for found, period in ((snapshot.calls_1m, MINUTE), (snapshot.calls_1h, HOUR), (snapshot.calls_24h, DAY)):
        assert found == CallCount(sum(at >= as_of - period for at in instants), 0), period
    month = local(as_of).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    assert snapshot.calls_month == CallCount(sum(local(at) >= month for at in instants), 0)
    in_day = sorted(at for at in instants if at >= as_of - DAY)
    assert sorted(starts(snapshot)) == in_day
    (usage,) = snapshot.stats.usage(A) or (None,)
    assert (0 if usage is None else usage.calls.total) == len(in_day)
    for period in PERIODS:
        holds_in_buckets(snapshot, period, instants)
    success, failure = snapshot.stats.hours()
    assert (success.min(), failure.any()) >= (0, False)
    begin = as_of - DAY
    by_hour = [0] * 24
    for at in in_day:
        by_hour[min((at - begin) // HOUR, 23)] += 1
    assert success[0].tolist() == by_hour


def holds_in_buckets(snapshot: Snapshot, period: timedelta, instants: Sequence[datetime]) -> None:
    """Hold the buckets of a period against calls that began at these instants: none lost, doubled or negative."""
    trend = snapshot.stats.trend(period)
    assert (trend.edges[1:] > trend.edges[:-1]).all()
    assert int(trend.edges[0]) == to_microseconds(snapshot.as_of - period)
    ends = [*trend.edges.tolist()[1:-1], 2**63]
    times = list(map(to_microseconds, instants))
    expected = [
        sum(begin <= at < end for at in times) for begin, end in zip(trend.edges.tolist()[:-1], ends, strict=True)
    ]
    assert trend.success.tolist() == expected
    assert not trend.failure.any()


def same(one: Snapshot, other: Snapshot) -> None:
    """Hold the figures of two monitors against each other."""
    assert (one.as_of, one.clock.name) == (other.as_of, other.clock.name)
    assert [one.calls_1m, one.calls_1h, one.calls_24h, one.calls_month] == [
        other.calls_1m,
        other.calls_1h,
        other.calls_24h,
        other.calls_month,
    ]
    assert starts(one) == starts(other)
    assert one.keys == other.keys
    for period in PERIODS:
        assert one.stats.trend(period).success.tolist() == other.stats.trend(period).success.tolist()
