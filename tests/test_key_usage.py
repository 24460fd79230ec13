"""The calls of one key by themselves, held against reading everybody's."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from random import Random
from typing import Any

import pytest

from keymon import errors, key_usage
from keymon.call_log import CallLog
from keymon.gateway_clock import parse_zone
from keymon.monitor import Monitor
from keymon.stats import ModelCalls
from tests.gateway import Gateway, MakeAnyGateway
from tests.gateway_file import key

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LOCAL = NOW.replace(tzinfo=None)
A, B, C = key(1), key(2), key(3)
GONE = "a-key-that-has-left-the-pool-0009"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)

_THREE_DAYS = 3 * 24 * 60
MakeMonitor = Callable[..., Monitor]


@pytest.fixture
def gateway(make_any_gateway: MakeAnyGateway) -> Gateway:
    return make_any_gateway([A, B, C], VERTEX_API_KEYS='["vertex-0007"]')


@pytest.fixture
def make_monitor(gateway: Gateway) -> Iterator[MakeMonitor]:
    made: list[Monitor] = []

    def make(zone: tzinfo = UTC, as_of: datetime | None = None, now: datetime = NOW) -> Monitor:
        made.append(Monitor(gateway.location, zone, as_of, now=lambda: now))
        return made[-1]

    yield make
    for monitor in made:
        monitor.close()


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which ways of reading rows of calls are gone."""
    ways: list[str] = []
    for way in ("older", "newer", "of_key"):
        read = getattr(CallLog, way)

        def noting(*args: Any, way: str = way, read: Any = read, **more: Any) -> Any:  # noqa: ANN401
            ways.append(way)
            return read(*args, **more)

        monkeypatch.setattr(CallLog, way, noting)
    return ways


def three_days_of_calls(gateway: Gateway, until: datetime = LOCAL, first_id: int = 1) -> None:
    random = Random(first_id)
    keys = [A, A, B, "vertex-0007", GONE, "", None]
    statuses = [200, 200, 429, None, *gateway.text_statuses]
    rows: list[tuple[object, ...]] = []
    for n in range(_THREE_DAYS):
        latency_ms = random.choice([0, 900, None, 3_000_000])
        started = until - MINUTE * (_THREE_DAYS - 1 - n) - timedelta(milliseconds=latency_ms or 0)
        model, status = random.choice(["m", "n", "o", None]), random.choice(statuses)
        rows.append((first_id + n, started, model, random.choice(keys), True, status, latency_ms))
    gateway.calls(rows)


def of_everybody(monitor: Monitor, api_key: str) -> tuple[ModelCalls, ...]:
    return monitor.refresh().stats.usage(api_key)


@pytest.mark.parametrize("ids", [150_000, 7])
@pytest.mark.parametrize(
    ("wanted", "api_key"),
    [(A, A), (B, B), (C, C), ("vertex-0007", "vertex-0007"), ("0001", A), (B[-8:], B)],
    ids=["much used", "used", "unused", "vertex", "by its ending", "by a long ending"],
)
def test_a_key_of_the_pool_is_read_alone(
    gateway: Gateway,
    make_monitor: MakeMonitor,
    monkeypatch: pytest.MonkeyPatch,
    fetched: list[str],
    wanted: str,
    api_key: str,
    ids: int,
) -> None:
    monkeypatch.setattr(key_usage, "_IDS_AT_FIRST", ids)
    three_days_of_calls(gateway)
    usage = make_monitor().usage(wanted)
    assert set(fetched) == {"of_key"}
    assert usage.usage == of_everybody(make_monitor(), api_key)
    assert bool(usage.usage) == (api_key != C)
    assert usage.notices == ()


@pytest.mark.parametrize("wanted", [GONE, "0009"])
def test_a_key_that_only_the_log_knows_is_found_among_all(
    gateway: Gateway, make_monitor: MakeMonitor, fetched: list[str], wanted: str
) -> None:
    three_days_of_calls(gateway)
    usage = make_monitor().usage(wanted).usage
    assert "of_key" not in fetched
    assert usage == of_everybody(make_monitor(), GONE)
    assert usage


def test_a_key_that_nobody_knows_or_several_are(gateway: Gateway, make_monitor: MakeMonitor) -> None:
    three_days_of_calls(gateway)
    for wanted in ("unheard of", ""):
        with pytest.raises(errors.KeyNotFoundError):
            make_monitor().usage(wanted)
    gateway.setting("API_KEYS", f'["{key(11)}", "{key(21)}"]')
    with pytest.raises(errors.KeyAmbiguousError):
        make_monitor().usage("1")


@pytest.mark.parametrize(
    "as_of", [NOW - 10 * HOUR, datetime(2026, 11, 22, 1, 30), NOW + HOUR], ids=["aware", "naive", "ahead"]
)
def test_a_past_instant(gateway: Gateway, make_monitor: MakeMonitor, fetched: list[str], as_of: datetime) -> None:
    three_days_of_calls(gateway)
    usage = make_monitor(as_of=as_of).usage(A).usage
    assert set(fetched) == {"of_key"}
    assert usage == of_everybody(make_monitor(as_of=as_of), A)
    assert usage


def test_an_empty_log(make_monitor: MakeMonitor) -> None:
    assert make_monitor().usage(A).usage == ()


def test_calls_without_a_time_and_calls_dated_ahead(gateway: Gateway, make_monitor: MakeMonitor) -> None:
    three_days_of_calls(gateway)
    for at in (None, "0000-00-00 00:00:00", LOCAL + timedelta(days=400), LOCAL + MINUTE):
        gateway.call(A, at, "odd")
    usage = make_monitor().usage(A).usage
    assert usage == of_everybody(make_monitor(), A)
    assert [row.calls.total for row in usage if row.model == "odd"] == [2]


def test_calls_that_come_while_we_look_may_be_in_or_not(gateway: Gateway, make_monitor: MakeMonitor) -> None:
    """None of those before may be missed, and none that came is counted twice."""
    three_days_of_calls(gateway)
    monitor = make_monitor()
    before = sum(row.calls.total for row in monitor.usage(A).usage)
    gateway.call(A, LOCAL, "m")
    assert sum(row.calls.total for row in monitor.usage(A).usage) == before + 1


@pytest.mark.parametrize("hours", [0.5, 5, 23.5, 24.2, 24.9, 26])
def test_where_the_clock_was_set_back_everything_is_read(
    gateway: Gateway, make_monitor: MakeMonitor, fetched: list[str], hours: float
) -> None:
    berlin, change = parse_zone("Europe/Berlin"), datetime(2026, 10, 25, 1, tzinfo=UTC)
    now = change + hours * HOUR
    instants = [now - 7 * MINUTE * n for n in range(30 * 60 // 7, -1, -1)]
    for instant in instants:
        gateway.call(A, instant.astimezone(berlin).replace(tzinfo=None), "m")
    (row,) = make_monitor(berlin, now=now).usage(A).usage
    assert row.calls.total == sum(instant >= now - timedelta(hours=24) for instant in instants)
    assert ("of_key" in fetched) == (hours == 26)


@pytest.mark.parametrize("shift", [timedelta(0), timedelta(days=1)])
def test_in_a_log_out_of_order_everything_is_read(
    gateway: Gateway, make_monitor: MakeMonitor, fetched: list[str], shift: timedelta
) -> None:
    """Two logs one after the other: the start that is found lies in the second."""
    three_days_of_calls(gateway, LOCAL - shift / 2)
    three_days_of_calls(gateway, LOCAL, first_id=_THREE_DAYS + 1)
    usage = make_monitor().usage(A).usage
    assert "older" in fetched
    query = "SELECT count(*) FROM t_request_log WHERE api_key = ? AND request_time >= ?"
    ((expected,),) = gateway.execute(query, (A, LOCAL - timedelta(hours=24)))
    assert sum(row.calls.total for row in usage) == expected
    assert usage == of_everybody(make_monitor(), A)
