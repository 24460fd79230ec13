"""Logs whose ids do not follow time: noticed, read as a whole, and right in the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from keymon import call_log
from keymon.database import Database
from keymon.errors import LogOutOfOrderNotice
from keymon.monitor import Monitor, Snapshot
from tests.gateway import Gateway, MakeAnyGateway
from tests.gateway_file import key

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LOCAL = NOW.replace(tzinfo=None)
A, B = key(1), key(2)
HOUR = timedelta(hours=1)


@pytest.fixture
def gateway(make_any_gateway: MakeAnyGateway) -> Gateway:
    return make_any_gateway([A, B])


@contextmanager
def following(gateway: Gateway) -> Iterator[Monitor]:
    monitor = Monitor(gateway.location, UTC, now=lambda: NOW)
    try:
        yield monitor
    finally:
        monitor.close()


def log_calls(gateway: Gateway, times: list[datetime], api_key: str = A) -> None:
    gateway.calls([(None, f"{at:%F %T.%f}", "m", api_key, 1, 200, 100) for at in times])


def days_of_calls(days: int, until: datetime = LOCAL) -> list[datetime]:
    return [until - timedelta(minutes=5) * n for n in range(days * 288, 0, -1)]


def by_sql(gateway: Gateway) -> int:
    query = "SELECT count(*) FROM t_request_log WHERE request_time >= ?"
    found: int = gateway.execute(query, (f"{LOCAL - 24 * HOUR:%F %T.%f}",)).fetchone()[0]
    return found


def total(snapshot: Snapshot) -> int:
    assert snapshot.calls_24h is not None
    return snapshot.calls_24h.total


def is_told(snapshot: Snapshot) -> bool:
    return any(isinstance(notice, LogOutOfOrderNotice) for notice in snapshot.notices)


def merged(gateway: Gateway) -> None:
    """The log of another gateway stands before this one's, both up to now."""
    log_calls(gateway, days_of_calls(30), B)
    log_calls(gateway, days_of_calls(30))


def a_clock_that_jumped(gateway: Gateway) -> None:
    """It ran eight hours ahead until half a day ago."""
    log_calls(gateway, [at + 8 * HOUR for at in days_of_calls(20, LOCAL - 12 * HOUR)])
    log_calls(gateway, [at for at in days_of_calls(1) if at > LOCAL - 12 * HOUR])


def in_no_order(gateway: Gateway) -> None:
    times = days_of_calls(20)
    Random(1).shuffle(times)
    log_calls(gateway, times)


def with_the_newest_first(gateway: Gateway) -> None:
    log_calls(gateway, days_of_calls(20)[::-1])


def a_stretch_of_calls_dated_ahead(gateway: Gateway) -> None:
    log_calls(gateway, days_of_calls(10, LOCAL - 10 * 24 * HOUR))
    log_calls(gateway, [LOCAL + timedelta(days=400)] * 600)
    log_calls(gateway, days_of_calls(10))


@pytest.mark.parametrize(
    "fill", [merged, a_clock_that_jumped, in_no_order, with_the_newest_first, a_stretch_of_calls_dated_ahead]
)
def test_a_log_out_of_order_is_read_right_at_once(gateway: Gateway, fill: object) -> None:
    assert callable(fill)
    fill(gateway)
    with following(gateway) as monitor:
        snapshot = monitor.refresh()
        assert snapshot.loading is None
        assert total(snapshot) == by_sql(gateway)
        while monitor.survey(10):
            pass
        assert total(monitor.refresh()) == by_sql(gateway)


def test_two_servers_whose_clocks_differ_by_hours(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows that are read tell by how much; the search is made again with a margin to match."""
    monkeypatch.setattr("keymon.followed_log.has_call_below", lambda *_: False)
    monkeypatch.setattr("keymon.monitor._BLOCKS_A_REFRESH", 0)
    times = [LOCAL - timedelta(seconds=6) * n for n in range(40 * 600, 0, -1)]
    times = [at - 8 * HOUR if (n + 150) // 200 % 2 else at for n, at in enumerate(times)]
    log_calls(gateway, times)
    with following(gateway) as monitor:
        assert total(monitor.refresh(patience=10)) == by_sql(gateway)


def test_it_is_told(gateway: Gateway) -> None:
    in_no_order(gateway)
    with following(gateway) as monitor:
        assert is_told(monitor.refresh())


def test_a_log_in_order_is_not_told(gateway: Gateway) -> None:
    log_calls(gateway, days_of_calls(20))
    with following(gateway) as monitor:
        assert not is_told(monitor.refresh())
        while monitor.survey(10):
            pass
        assert not is_told(monitor.refresh())


def test_a_single_call_dated_ahead_is_found_by_the_survey(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No search and no sentinel can know of it; the survey comes by sooner or later."""
    monkeypatch.setattr("keymon.monitor._BLOCKS_A_REFRESH", 0)
    monkeypatch.setattr(call_log, "SURVEY_ROWS", 500)
    times = days_of_calls(30)
    times[1_233] = LOCAL + timedelta(days=700)
    log_calls(gateway, times)
    with following(gateway) as monitor:
        assert total(monitor.refresh(patience=10)) == by_sql(gateway) - 1
        while monitor.survey(10):
            pass
        snapshot = monitor.refresh()
        assert total(snapshot) == by_sql(gateway)
        assert is_told(snapshot)


def test_a_whole_log_can_be_read_in_parts(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_log, "SURVEY_ROWS", 500)
    in_no_order(gateway)
    with following(gateway) as monitor:
        shares = []
        while (snapshot := monitor.refresh(patience=0)).loading is not None:
            assert snapshot.calls_24h is None
            shares.append(snapshot.loading.share)
        assert len(shares) > 5
        assert all(0 <= share <= 1 for share in shares)
        assert total(snapshot) == by_sql(gateway)


def test_all_that_is_sent_is_bounded_and_reads(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each statement is one SELECT that names how many rows or which ids it is about, or looks at an end."""
    sent: set[str] = set()
    fetch = Database.fetch

    def noting(self: Database, statement: object, **values: object) -> list[object]:
        sent.add(" ".join(str(statement).split()))
        return fetch(self, statement, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(Database, "fetch", noting)
    merged(gateway)
    with following(gateway) as monitor:
        monitor.usage(A)
        monitor.refresh(patience=0)
        monitor.refresh()
        while monitor.survey(10):
            pass
        log_calls(gateway, [LOCAL])
        monitor.refresh()
        monitor.error_text(A, NOW, 1000)
    assert len(sent) >= 12
    for sql in sent:
        assert sql.startswith("SELECT "), sql
        assert ";" not in sql
        bounded = ("LIMIT", "id <=", "id IN (", "min(t_request_log.id)", "min(t_error_logs.id)", "_OF_KEY")
        is_rest_of_window = "id > :after" not in sql and "id > :floor AND t_request_log.api_key = :key" in sql
        assert is_rest_of_window or any(mark in sql for mark in bounded), sql
