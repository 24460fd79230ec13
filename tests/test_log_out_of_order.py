"""Logs whose ids do not follow time: what is noticed at once, and what only the survey can know."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from keymon import call_log, monitor
from keymon.errors import LogOutOfOrderNotice
from keymon.followed_log import FollowedLog
from keymon.log_start import MARGIN
from keymon.monitor import Monitor, Snapshot
from keymon.stats import DAY, CallCount
from tests.gateway import Gateway, MakeAnyGateway
from tests.gateway_file import key

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LOCAL = NOW.replace(tzinfo=None)
KEYS = [key(n) for n in range(5)]
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)

MakeMonitor = Callable[[], Monitor]


@pytest.fixture(autouse=True)
def _no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "PAUSE_S", 0.0)
    monkeypatch.setattr(monitor, "_BACKGROUND_REST", 0)
    monkeypatch.setattr(call_log, "CHUNK_ROWS", 500)
    monkeypatch.setattr(monitor, "CHUNK_ROWS", 500)
    monkeypatch.setattr(call_log, "SURVEY_ROWS", 500)


@pytest.fixture
def gateway(make_any_gateway: MakeAnyGateway) -> Gateway:
    return make_any_gateway(KEYS)


@pytest.fixture
def watching(gateway: Gateway) -> Iterator[Monitor]:
    made = Monitor(gateway.location, UTC, now=lambda: NOW)
    yield made
    made.close()


def log_calls(gateway: Gateway, times: list[datetime], first_id: int = 1) -> None:
    gateway.calls(
        [(first_id + n, time, f"m{n % 3}", KEYS[n % 5], 1, 200 if n % 4 else 429, 900) for n, time in enumerate(times)]
    )


def days(count: float, until: datetime = LOCAL, each: timedelta = 2 * MINUTE) -> list[datetime]:
    """Return times of calls in order, each some minutes after the one before."""
    return [until - each * n for n in range(int(timedelta(days=count) / each), -1, -1)]


def is_told(snapshot: Snapshot) -> bool:
    return any(isinstance(notice, LogOutOfOrderNotice) for notice in snapshot.notices)


_OUTCOMES = "coalesce(sum(status_code = 200), 0), coalesce(sum(status_code = 429), 0)"
_SINCE = "FROM t_request_log WHERE request_time >= ?"


def totals_are_exact(snapshot: Snapshot, gateway: Gateway) -> None:
    """Hold the totals that are known against SQL that reads the whole table."""
    for count, moment in (
        (snapshot.calls_1m, LOCAL - MINUTE),
        (snapshot.calls_1h, LOCAL - HOUR),
        (snapshot.calls_24h, LOCAL - DAY),
        (snapshot.calls_month, datetime(2026, 11, 1)),
    ):
        (expected,) = gateway.execute(f"SELECT {_OUTCOMES} {_SINCE}", (moment,))
        assert count in {None, CallCount(*expected)}, moment
        assert count is not None or snapshot.loading is not None


def is_exact(snapshot: Snapshot, gateway: Gateway) -> None:
    """Hold every figure against SQL that reads the whole table."""
    assert snapshot.loading is None
    totals_are_exact(snapshot, gateway)
    usage = {
        (api_key, row.model): (row.calls.success, row.calls.failure)
        for api_key in KEYS
        for row in snapshot.stats.usage(api_key)
    }
    query = f"SELECT api_key, model_name, {_OUTCOMES} {_SINCE} GROUP BY 1, 2"
    assert usage == {(k, m): (s, f) for k, m, s, f in gateway.execute(query, (LOCAL - DAY,))}


def merged_halves(gateway: Gateway) -> None:
    """Two gateways' logs, one after the other."""
    log_calls(gateway, days(20))
    log_calls(gateway, days(20), first_id=len(days(20)) + 1)


def a_recent_log_below_an_old_one(gateway: Gateway) -> None:
    log_calls(gateway, days(12))
    log_calls(gateway, days(12, LOCAL - timedelta(days=5)), first_id=len(days(12)) + 1)


def an_old_log_that_ends_in_the_window(gateway: Gateway) -> None:
    """The start is sought in the second log, and the first one has calls of the last day too."""
    log_calls(gateway, days(4, LOCAL - 6 * HOUR))
    log_calls(gateway, days(20), first_id=len(days(4)) + 1)


def a_clock_that_was_put_right_by_eight_hours(gateway: Gateway) -> None:
    """It was ahead until nine hours ago."""
    log_calls(gateway, days(12, LOCAL - HOUR))
    log_calls(gateway, days(0.375), first_id=100_000)


def a_clock_that_was_put_right_a_day_ago(gateway: Gateway) -> None:
    """The calls at the edge of the window lie on both sides of the jump."""
    log_calls(gateway, days(12, LOCAL - 20 * HOUR))
    log_calls(gateway, days(1 + 4 / 24), first_id=100_000)


def ids_in_no_order(gateway: Gateway) -> None:
    times = days(9)
    Random(1).shuffle(times)
    log_calls(gateway, times)


def the_newest_first(gateway: Gateway) -> None:
    log_calls(gateway, days(9)[::-1])


def a_stretch_of_calls_dated_ahead(gateway: Gateway) -> None:
    log_calls(gateway, days(4, LOCAL - timedelta(days=9)))
    log_calls(gateway, [LOCAL + timedelta(days=400)] * 600, first_id=100_000)
    log_calls(gateway, days(9), first_id=200_000)


@pytest.mark.parametrize(
    "written",
    [
        merged_halves,
        a_recent_log_below_an_old_one,
        an_old_log_that_ends_in_the_window,
        a_clock_that_was_put_right_by_eight_hours,
        a_clock_that_was_put_right_a_day_ago,
        ids_in_no_order,
        the_newest_first,
        a_stretch_of_calls_dated_ahead,
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_complete_refresh_is_exact(gateway: Gateway, watching: Monitor, written: Callable[[Gateway], None]) -> None:
    """By a wider margin where that suffices, else by going through the whole log; then it is told."""
    written(gateway)
    snapshot = watching.refresh()
    is_exact(snapshot, gateway)
    followed = watching._followed
    assert followed is not None
    assert is_told(snapshot) == followed.is_out_of_order
    assert followed.margin > MARGIN or is_told(snapshot)
    log_calls(gateway, [LOCAL] * 7, first_id=900_000)
    is_exact(watching.refresh(), gateway)


def test_two_servers_whose_clocks_differ_by_hours(
    gateway: Gateway, watching: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows that are read tell by how much; the search is made again with a margin to match."""
    monkeypatch.setattr("keymon.followed_log.has_call_below", lambda *_: False)
    monkeypatch.setattr("keymon.monitor._BLOCKS_A_REFRESH", 0)
    times = [LOCAL - timedelta(seconds=6) * n for n in range(40 * 600, 0, -1)]
    log_calls(gateway, [at - 8 * HOUR if (n + 150) // 200 % 2 else at for n, at in enumerate(times)])
    found = watching.refresh(patience=10).calls_24h
    ((expected,),) = gateway.execute(f"SELECT count(*) {_SINCE}", (LOCAL - DAY,))
    assert found is not None
    assert found.total == expected


@pytest.mark.parametrize(
    "written",
    [merged_halves, a_recent_log_below_an_old_one, a_clock_that_was_put_right_a_day_ago, ids_in_no_order],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_while_it_is_read_no_figure_is_wrong(
    gateway: Gateway, watching: Monitor, written: Callable[[Gateway], None]
) -> None:
    written(gateway)
    seen: list[float] = []
    while (snapshot := watching.refresh(patience=0)).loading is not None:
        seen.append(snapshot.loading.share)
        assert 0 <= snapshot.loading.share <= 1
        assert snapshot.calls_24h is None
        totals_are_exact(snapshot, gateway)
    while watching.survey(10):
        pass
    is_exact(watching.refresh(patience=0), gateway)
    assert seen


def a_single_call_dated_ahead(gateway: Gateway) -> None:
    """Far below the start, where no sentinel stands."""
    log_calls(gateway, days(90))
    query = "UPDATE t_request_log SET request_time = ? WHERE id = ?"
    gateway.execute(query, (datetime(2030, 1, 1), between_sentinels(gateway)))


def calls_of_today_in_a_backfill(gateway: Gateway) -> None:
    """A few calls with low ids, as where a cluster hands ids out in ranges."""
    log_calls(gateway, days(90))
    first = between_sentinels(gateway)
    for row_id in range(first, first + 3):
        query = "UPDATE t_request_log SET request_time = ?, status_code = 429 WHERE id = ?"
        gateway.execute(query, (LOCAL - HOUR, row_id))


def merged_far_apart(gateway: Gateway) -> None:
    """Between the ids of two logs is a gap, in which most sentinels stand."""
    log_calls(gateway, days(20))
    log_calls(gateway, days(20), first_id=2_000_000)


def between_sentinels(gateway: Gateway) -> int:
    """Find ids in the middle of the log at which nobody looks."""
    with pytest.MonkeyPatch.context() as patched:
        looked_at: set[int] = set()

        def look(_log: call_log.CallLog, ids: Sequence[int], _since: datetime) -> int:
            looked_at.update(ids)
            return 0

        patched.setattr(call_log.CallLog, "sentinels", look)
        probing = Monitor(gateway.location, UTC, now=lambda: NOW)
        probing.refresh(patience=10)
        probing.close()
    middle = sorted(looked_at)[20]
    assert looked_at.isdisjoint(range(middle + 5, middle + 10))
    return middle + 5


@pytest.mark.parametrize(
    "written",
    [a_single_call_dated_ahead, calls_of_today_in_a_backfill, merged_far_apart],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_only_the_survey_can_find_it_finds(
    gateway: Gateway, watching: Monitor, written: Callable[[Gateway], None]
) -> None:
    written(gateway)
    assert not is_told(watching.refresh(patience=10))
    while watching.survey(0.001):
        assert watching.refresh(patience=10).calls_24h is not None
    snapshot = watching.refresh(patience=10)
    is_exact(snapshot, gateway)
    assert is_told(snapshot)


def test_a_log_in_order_is_surveyed_and_nothing_is_told(gateway: Gateway, watching: Monitor) -> None:
    log_calls(gateway, days(20))
    watching.refresh(patience=10)
    while watching.survey(10):
        pass
    snapshot = watching.refresh(patience=10)
    is_exact(snapshot, gateway)
    assert not is_told(snapshot)


def test_a_month_that_begins_in_a_log_out_of_order_is_counted_everywhere(gateway: Gateway) -> None:
    now = datetime(2026, 11, 30, 23, tzinfo=UTC)
    until = now.replace(tzinfo=None)
    monitor = Monitor(gateway.location, UTC, now=lambda: now)
    log_calls(gateway, days(40, until + 6 * HOUR))  # the clock of one of the two is ahead
    log_calls(gateway, days(40, until), first_id=100_000)
    assert is_told(monitor.refresh())
    now += 2 * HOUR
    month = monitor.refresh().calls_month
    ((expected,),) = gateway.execute("SELECT count(*) FROM t_request_log WHERE request_time >= '2026-12-01'")
    assert month is not None
    assert month.total == expected == 151
    monitor.close()


def test_a_recent_row_far_down_is_taken_in_once(gateway: Gateway, watching: Monitor) -> None:
    """The pass over the log begins anew when it finds the log out of order."""
    calls_of_today_in_a_backfill(gateway)
    watching.refresh(patience=10)
    while watching.survey(10):
        pass
    followed = watching._followed
    assert isinstance(followed, FollowedLog)
    ids = followed.window.calls.ids.tolist()
    assert ids == sorted(set(ids))
