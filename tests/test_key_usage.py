"""The calls of one key, read alone: what the whole window says, by a tenth of the reading."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from random import Random

import pytest

from keymon import errors
from keymon.call_log import CallLog
from keymon.database import location_of
from keymon.gateway_clock import parse_zone
from keymon.monitor import Monitor
from keymon.stats import ModelCalls
from tests.conftest import MakeGateway
from tests.gateway_file import GatewayFile, key

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
POOL = [key(n) for n in range(5)]
STRANGER = "AIzaSySTRANGERxxxxxxxxxxxxxxxxxxxxxx9999"

MakeMonitor = Callable[..., Monitor]


@pytest.fixture
def gateway(make_gateway: MakeGateway) -> GatewayFile:
    random, made = Random(5), make_gateway(POOL)
    start = (NOW - timedelta(hours=40)).replace(tzinfo=None)
    made.calls(
        [
            (
                None,
                f"{start + timedelta(seconds=30 * n):%F %T.%f}",
                random.choice(["m", "n", None]),
                random.choice([*POOL, STRANGER, None]),
                1,
                random.choice([200, 200, 429, None]),
                random.randint(0, 20_000),
            )
            for n in range(40 * 120)
        ]
    )
    return made


@pytest.fixture
def make_monitor(gateway: GatewayFile) -> Iterator[MakeMonitor]:
    made: list[Monitor] = []

    def make(zone: tzinfo = UTC, as_of: datetime | None = None, now: datetime = NOW) -> Monitor:
        made.append(Monitor(location_of(gateway.path), zone, as_of, now=lambda: now))
        return made[-1]

    yield make
    for monitor in made:
        monitor.close()


@pytest.fixture
def whole_loads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Where every key's calls are read, this is no longer empty."""
    loads: list[int] = []
    older = CallLog.older

    def noting(self: CallLog, floor: int, top: int) -> object:
        loads.append(top)
        return older(self, floor, top)

    monkeypatch.setattr(CallLog, "older", noting)
    return loads


def by_the_window(monitor: Monitor, api_key: str) -> tuple[ModelCalls, ...]:
    return monitor.refresh().stats.usage(api_key)


@pytest.mark.parametrize("number", range(5))
def test_a_key_of_the_pool_is_read_alone(make_monitor: MakeMonitor, whole_loads: list[int], number: int) -> None:
    usage = make_monitor().usage(POOL[number]).usage
    assert whole_loads == []
    assert usage == by_the_window(make_monitor(), POOL[number])
    assert sum(row.calls.total for row in usage) > 300


def test_an_ending_does_as_well(make_monitor: MakeMonitor, whole_loads: list[int]) -> None:
    assert make_monitor().usage("0003").usage == make_monitor().usage(POOL[3]).usage
    assert whole_loads == []


def test_a_key_that_is_in_the_log_only(make_monitor: MakeMonitor) -> None:
    expected = by_the_window(make_monitor(), STRANGER)
    assert make_monitor().usage(STRANGER).usage == make_monitor().usage("9999").usage == expected != ()


@pytest.mark.parametrize("hours", [0, 1, 13, 39])
def test_a_past_instant(make_monitor: MakeMonitor, whole_loads: list[int], hours: int) -> None:
    as_of = NOW - timedelta(hours=hours, minutes=7)
    usage = make_monitor(as_of=as_of).usage(POOL[1]).usage
    assert whole_loads == []
    assert usage == by_the_window(make_monitor(as_of=as_of), POOL[1])


def test_a_day_in_which_the_clock_was_set_back_is_read_as_a_whole(
    make_gateway: MakeGateway, whole_loads: list[int]
) -> None:
    berlin, change = parse_zone("Europe/Berlin"), datetime(2026, 10, 25, 1, tzinfo=UTC)
    gateway = make_gateway(POOL, name="berlin.db")
    for n in range(600):
        at = change - timedelta(hours=20) + timedelta(minutes=3 * n)
        gateway.call(POOL[n % 2], at.astimezone(berlin).replace(tzinfo=None), latency_ms=100)
    monitor = Monitor(location_of(gateway.path), berlin, now=lambda: change + timedelta(hours=10))
    assert sum(row.calls.total for row in monitor.usage(POOL[0]).usage) == 240
    assert whole_loads
    monitor.close()


def test_a_log_out_of_order_is_read_as_a_whole(
    gateway: GatewayFile, make_monitor: MakeMonitor, whole_loads: list[int]
) -> None:
    gateway.connection.execute("UPDATE t_request_log SET request_time = '2027-01-01 00:00:00' WHERE id < 200")
    assert make_monitor().usage(POOL[2]).usage == by_the_window(make_monitor(), POOL[2])
    assert whole_loads


@pytest.mark.parametrize("wanted", ["", "nobody"])
def test_what_is_no_key_is_told(make_monitor: MakeMonitor, wanted: str) -> None:
    with pytest.raises(errors.KeyNotFoundError):
        make_monitor().usage(wanted)


def test_a_silent_gateway_and_a_wrong_clock_are_told(make_monitor: MakeMonitor) -> None:
    (silent,) = make_monitor(now=NOW + timedelta(hours=30)).usage(POOL[0]).notices
    assert isinstance(silent, errors.NoCallsNotice)
    (wrong,) = make_monitor(zone=parse_zone("-05:00")).usage(POOL[0]).notices
    assert isinstance(wrong, errors.ClockWrongNotice)


def test_an_empty_log(make_gateway: MakeGateway) -> None:
    monitor = Monitor(location_of(make_gateway(POOL, name="empty.db").path), UTC, now=lambda: NOW)
    assert monitor.usage(POOL[0]).usage == ()
    monitor.close()
