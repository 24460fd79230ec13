"""Rows that appear below others that have been read, as on a server with concurrent writers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from keymon import call_log
from keymon.call_log import CallLog
from keymon.database import Database
from keymon.errors import LogOutOfOrderNotice
from keymon.followed_log import FollowedLog
from keymon.gateway_clock import parse_zone
from keymon.late_rows import LateRows
from keymon.monitor import Monitor
from tests.gateway import Gateway, MakeAnyGateway
from tests.gateway_file import key

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
A, B = key(1), key(2)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _concurrent_writers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have an SQLite file too taken for a server whose rows become visible in any order."""
    monkeypatch.setattr(Database, "commits_in_id_order", False)


@pytest.fixture
def gateway(make_any_gateway: MakeAnyGateway) -> Gateway:
    return make_any_gateway([A, B])


@pytest.fixture
def log(gateway: Gateway) -> Iterator[CallLog]:
    database = Database(gateway.location)
    yield CallLog(database)
    database.close()


def commit(gateway: Gateway, *ids: int) -> None:
    gateway.calls([(row_id, NOW.replace(tzinfo=None), "m", A, 1, 200, 5) for row_id in ids])


def read_newer(log: CallLog, late: LateRows, after: int, now: datetime) -> None:
    while rows := log.newer(after):
        late.see_newer(rows, now)
        after = rows.ids[-1]


def test_a_row_that_appears_in_a_hole_is_found_once(gateway: Gateway, log: CallLog) -> None:
    late = LateRows(log, 0, NOW)
    commit(gateway, 1, 2, 4, 5, 8)
    read_newer(log, late, 0, NOW)
    assert len(late.find(NOW)) == 0
    commit(gateway, 3, 7)
    assert list(late.find(NOW + SECOND).ids) == [3, 7]
    assert len(late.find(NOW + SECOND)) == 0
    commit(gateway, 6)
    assert list(late.find(NOW + 2 * SECOND).ids) == [6]


def test_rows_above_those_that_were_read_are_not_late(gateway: Gateway, log: CallLog) -> None:
    late = LateRows(log, 0, NOW)
    commit(gateway, 1, 3)
    read_newer(log, late, 0, NOW)
    commit(gateway, 2, 4)
    assert list(late.find(NOW).ids) == [2]


def test_a_hole_is_watched_for_ten_minutes(gateway: Gateway, log: CallLog) -> None:
    late = LateRows(log, 0, NOW)
    commit(gateway, 1, 3)
    read_newer(log, late, 0, NOW)
    commit(gateway, 5, 7)
    read_newer(log, late, 3, NOW + 5 * MINUTE)
    commit(gateway, 2)
    assert list(late.find(NOW + 10 * MINUTE).ids) == [2]
    commit(gateway, 4, 6)
    assert list(late.find(NOW + 11 * MINUTE).ids) == [4, 6]
    commit(gateway, -1)
    assert len(late.find(NOW + 11 * MINUTE)) == 0
    assert late.floor == 3
    assert len(late.find(NOW + 16 * MINUTE)) == 0
    assert late.floor == 7


def test_rows_from_before_are_held_against_the_log_too(gateway: Gateway, log: CallLog) -> None:
    commit(gateway, 1, 2, 4, 6, 9)
    late = LateRows(log, 9, NOW)
    late.see_older(log.older(3, 9))
    late.see_older(log.older(0, 3))
    late.see_start(0, is_first=False)
    commit(gateway, -1, 3, 5)
    assert list(late.find(NOW).ids) == [3, 5]


def test_rows_may_appear_below_the_first_of_a_log(gateway: Gateway, log: CallLog) -> None:
    commit(gateway, 5, 6)
    late = LateRows(log, 6, NOW)
    late.see_older(log.older(4, 6))
    late.see_start(4, is_first=True)
    commit(gateway, 3)
    assert list(late.find(NOW).ids) == [3]
    assert len(late.find(NOW + 11 * MINUTE)) == 0
    commit(gateway, 4)
    assert len(late.find(NOW + 11 * MINUTE)) == 0


def test_many_late_rows_come_a_hundred_at_a_time(
    gateway: Gateway, log: CallLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_log, "CHUNK_ROWS", 30)
    late = LateRows(log, 0, NOW)
    commit(gateway, *range(10, 500, 10))
    read_newer(log, late, 0, NOW)
    missing = [n for n in range(1, 490) if n % 10]
    commit(gateway, *missing)
    found: list[int] = []
    while rows := late.find(NOW):
        assert len(rows) <= 100
        found += rows.ids
    assert found == missing


def test_rows_read_once_patience_is_over_leave_no_gap(gateway: Gateway, log: CallLog) -> None:
    """A load that is taken up again after a long sleep: what was read before it is not late."""
    commit(gateway, *range(1, 21))
    late = LateRows(log, 20, NOW)
    late.see_older(log.older(10, 20))
    assert len(late.find(NOW + 11 * MINUTE)) == 0
    late.see_older(log.older(0, 10))
    late.see_start(0, is_first=True)
    assert len(late.find(NOW + 11 * MINUTE)) == 0


def test_nothing_is_remembered_where_rows_come_in_order(
    gateway: Gateway, log: CallLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Database, "commits_in_id_order", True)
    late = LateRows(log, 0, NOW)
    commit(gateway, 1, 3)
    late.see_older(log.older(0, 3))
    late.see_start(0, is_first=True)
    read_newer(log, late, 0, NOW)
    assert late._ids == []
    assert late.floor == 3
    commit(gateway, 2)
    assert len(late.find(NOW)) == 0


@pytest.mark.parametrize("before_the_count", [True, False], ids=["before they are counted", "afterwards"])
def test_late_rows_reach_every_figure_once(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, before_the_count: bool
) -> None:
    """Whether the count of the month has them before they are found or not."""
    now, late = NOW, [1]
    survey_on = FollowedLog.survey_on

    def with_a_late_row_before(followed: FollowedLog) -> None:
        while before_the_count and late:
            commit(gateway, late.pop())
        survey_on(followed)

    monkeypatch.setattr(FollowedLog, "survey_on", with_a_late_row_before)
    monitor = Monitor(gateway.location, parse_zone("UTC"), now=lambda: now)
    commit(gateway, 2, 4, 6, 8)
    monitor.refresh()
    for first in range(10, 200, 10):
        now += 20 * SECOND
        commit(gateway, first + 1, first + 4, first + 9)
        late += [first + 2, first + 6]
        monitor.refresh(patience=0)
        commit(gateway, *late)
        late.clear()
        assert monitor.survey(1) is False
        snapshot = monitor.refresh(patience=0)
        ((total,),) = gateway.execute("SELECT count(*) FROM t_request_log")
        assert snapshot.calls_24h is not None
        assert snapshot.calls_month is not None
        assert snapshot.calls_24h.total == total
        assert snapshot.calls_month.total == total
        assert [row.calls.total for row in snapshot.stats.usage(A)] == [total]
        assert not any(isinstance(notice, LogOutOfOrderNotice) for notice in snapshot.notices)
    monitor.close()
