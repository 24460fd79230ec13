"""A gateway followed through whatever may befall it, held against SQL that reads the whole table each time.

Chunks are a few rows long here, so that their borders fall everywhere.
"""

import itertools
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from keymon import call_log, database, key_usage, monitor
from keymon.calls import Calls
from keymon.errors import DatabaseLockedError, DatabaseReplacedError
from keymon.monitor import Monitor, Snapshot
from keymon.stats import DAY, CallCount, ModelCalls
from tests.conftest import MakeGateway, MakeGatewayServer
from tests.gateway import Gateway
from tests.gateway_file import GatewayFile, key

POOL = [key(n) for n in range(4)]
GONE = "gone-from-the-pool"
ZONE = timezone(timedelta(hours=8))
START = datetime(2026, 11, 28, 22, tzinfo=UTC)
MONTHS = timedelta(days=31)

keys = st.sampled_from([*POOL, *POOL, GONE, "", None])
models = st.sampled_from(["gemini-2.5-flash", "gemini-2.5-pro", "gemini-2.5-flash-lite", None])
statuses = st.sampled_from([200, 200, 200, 429, 500, None, "All connection attempts failed", ""])
latencies = st.sampled_from([0, 1, 900, 60_000, 3_000_000, None])
gaps = st.sampled_from([0, 0, 1, 30, 600, 3_000])
calls = st.lists(st.tuples(gaps, keys, models, statuses, latencies), min_size=1, max_size=12)


class FollowedGateway(RuleBasedStateMachine):
    """One gateway and one monitor that follows it for days; the clock of both is ours."""

    def __init__(self, make: Callable[[], Gateway]) -> None:
        super().__init__()
        self.patched = pytest.MonkeyPatch()
        self.patched.setattr(call_log, "CHUNK_ROWS", 7)
        self.patched.setattr(monitor, "CHUNK_ROWS", 7)
        self.patched.setattr(call_log, "SURVEY_ROWS", 9)
        self.patched.setattr(database, "LOCK_PATIENCE_S", 0.0)
        self.patched.setattr(monitor, "PAUSE_S", 0.0)
        self.patched.setattr(monitor, "_BACKGROUND_REST", 0)
        self.patched.setattr(key_usage, "_PAUSE_S", 0.0)
        self.patched.setattr(key_usage, "_IDS_AT_FIRST", 11)
        self.patched.setattr(key_usage, "_MOST_IDS", 11)
        self.patched.setattr(key_usage, "_FEWEST_IDS", 3)
        self.now = START
        self.make = make
        self.gateway = make()
        self.location = self.gateway.location
        self.pool: list[str] = []
        self.the_pool_changes(POOL[:3])
        self.monitor = self.new_monitor()
        self.newest_end = self.now
        self.months_that_lost_calls: set[datetime] = set()
        self.dated_ahead_by: datetime | None = None
        self.latencies_ms = itertools.count(1)

    def teardown(self) -> None:
        self.monitor.close()
        self.patched.undo()

    def new_monitor(self) -> Monitor:
        return Monitor(self.location, ZONE, now=lambda: self.now)

    @property
    def is_file(self) -> bool:
        return isinstance(self.gateway, GatewayFile)

    @property
    def local(self) -> datetime:
        return self.now.astimezone(ZONE).replace(tzinfo=None)

    @property
    def month(self) -> datetime:
        return self.local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)

    # What befalls a gateway

    @rule(ended=calls)
    def calls_end(self, ended: list[tuple[int, str | None, str | None, object, int | None]]) -> None:
        rows = []
        for gap, api_key, model, status, latency_ms in ended:
            self.now += timedelta(seconds=gap)
            started = self.local - timedelta(milliseconds=latency_ms or 0)
            kept = self.gateway.kept(status)
            rows.append((None, started, model, api_key, status == 200, kept, latency_ms))
        self.gateway.calls(rows)
        self.newest_end = self.now

    @rule(count=st.integers(5, 40), api_key=keys, status=statuses)
    def a_burst(self, count: int, api_key: str | None, status: object) -> None:
        self.calls_end([(0, api_key, "gemini-2.5-flash", status, 900)] * count)

    @rule(hours=st.integers(1, 40), each=st.integers(1, 4))
    def hours_of_calls(self, hours: int, each: int) -> None:
        self.calls_end([(3600 // each, POOL[n % 4], "gemini-2.5-pro", 200, 900) for n in range(hours * each)])

    @rule(time=st.sampled_from([None, datetime(1970, 1, 1), "0000-00-00 00:00:00"]), count=st.integers(1, 3))
    def calls_without_a_time(self, time: object, count: int) -> None:
        """No two of them are the same: nothing else tells a log that was emptied in between from the one before."""
        self.gateway.calls(
            [(None, time, "gemini-2.5-flash", POOL[0], 1, 200, next(self.latencies_ms)) for _ in range(count)]
        )

    @precondition(lambda self: self.is_file)
    @rule(time=st.sampled_from(["", 20261122]), count=st.integers(1, 3))
    def calls_with_something_else_for_a_time(self, time: object, count: int) -> None:
        self.calls_without_a_time(time, count)

    @rule(ahead=st.sampled_from([timedelta(minutes=10), timedelta(hours=3), timedelta(days=400)]), api_key=keys)
    def a_call_dated_ahead(self, ahead: timedelta, api_key: str | None) -> None:
        self.gateway.call(api_key, self.local + ahead, "gemini-2.5-flash", 500)
        self.dated_ahead_by = self.dated_ahead_by or self.local

    @rule(seconds=st.sampled_from([1, 59, 60, 3600, 4 * 3600, 24 * 3600, 3 * 24 * 3600]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def old_calls_are_purged(self) -> None:
        """Calls that neither the last 24 hours nor a verdict needs."""
        local = self.newest_end.astimezone(ZONE).replace(tzinfo=None)
        before = min(self.local, local) - timedelta(hours=50)
        purged = "FROM t_request_log WHERE request_time < ? AND request_time > '2000-01-01'"  # '2000' would be a number
        if self.sql(f"SELECT count(*) {purged} AND request_time >= ?", before, self.month) != [(0,)]:
            self.months_that_lost_calls.add(self.month)
        self.sql(f"DELETE {purged}", before)

    @rule(ended=st.one_of(st.just([]), calls))
    def all_calls_are_purged(self, ended: list[tuple[int, str | None, str | None, object, int | None]]) -> None:
        """Ids begin at 1 again."""
        self.gateway.empty_log()
        self.now += timedelta(seconds=1)
        self.months_that_lost_calls.add(self.month)
        if ended:
            self.calls_end(ended)

    @precondition(lambda self: self.is_file)
    @rule(ended=calls)
    def the_file_is_replaced(self, ended: list[tuple[int, str | None, str | None, object, int | None]]) -> None:
        before, self.gateway = self.gateway, self.make()
        assert isinstance(before, GatewayFile)
        assert isinstance(self.gateway, GatewayFile)
        self.the_pool_changes(self.pool)
        self.now += timedelta(seconds=1)
        self.calls_end(ended)
        before.close()
        self.gateway.take_the_place_of(before.path)
        self.months_that_lost_calls.clear()
        self.dated_ahead_by = None

    @rule(pool=st.lists(st.sampled_from(POOL), unique=True))
    def the_pool_changes(self, pool: list[str]) -> None:
        self.pool = pool
        self.gateway.setting("API_KEYS", json.dumps(pool))

    @rule(failures=st.sampled_from([1, 3, 10]), hours=st.sampled_from([1, 3]))
    def the_rules_change(self, failures: int, hours: int) -> None:
        self.gateway.setting("MAX_FAILURES", failures)
        self.gateway.setting("CHECK_INTERVAL_HOURS", hours)

    # What we do

    @rule(times=st.integers(1, 3))
    def refresh_in_haste(self, times: int) -> None:
        for _ in range(times):
            snapshot = self.monitor.refresh(patience=0)
            if snapshot.loading is None:
                assert snapshot.calls_24h is not None
            else:
                assert 0 <= snapshot.loading.share <= 1
                if self.dated_ahead_by is not None:
                    continue  # what is dated ahead and not yet loaded cannot be known of
            self.holds_as_far_as_known(snapshot)

    @precondition(lambda self: self.is_file)
    @rule()
    def refresh_while_the_gateway_writes(self) -> None:
        """A server's writers hold back no reader."""
        assert isinstance(self.gateway, GatewayFile)
        connection = self.gateway.connection

        def lock(*_: object) -> None:
            if not connection.in_transaction:
                connection.execute("BEGIN EXCLUSIVE")

        try:
            self.monitor.refresh(progress=lock)
        except DatabaseLockedError:
            pass
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    @rule()
    def survey_a_little(self) -> None:
        # It is the refresh that reads the other file from its start.
        with suppress(DatabaseReplacedError):
            self.monitor.survey(0.0001)

    @rule()
    def refresh_completely(self) -> None:
        snapshot = self.read_all(self.monitor)
        assert snapshot.loading is None
        for count in (snapshot.calls_1m, snapshot.calls_1h, snapshot.calls_24h, snapshot.calls_month):
            assert count is not None
        self.holds_as_far_as_known(snapshot)
        assert self.usage_of_all(snapshot) == self.usage_by_sql()
        fresh = self.new_monitor()
        try:
            self.equals(snapshot, self.read_all(fresh), fresh)
        finally:
            fresh.close()
        # The first one after a load may let go of old calls.
        assert self.monitor.refresh().keys == snapshot.keys
        assert self.monitor.refresh().keys is self.monitor.refresh().keys

    @precondition(lambda self: self.pool and self.dated_ahead_by is None)
    @rule(data=st.data())
    def ask_for_one_key(self, data: st.DataObject) -> None:
        api_key = data.draw(st.sampled_from(self.pool))
        other = self.new_monitor()
        try:
            usage = other.usage(api_key[-4:]).usage
            assert usage == other.refresh().stats.usage(api_key)
        finally:
            other.close()

    def read_all(self, monitor: Monitor) -> Snapshot:
        snapshot = monitor.refresh()
        if self.dated_ahead_by is not None:
            # Of a single row far down that is dated ahead only the survey knows.
            while monitor.survey(10):
                pass
            snapshot = monitor.refresh()
        return snapshot

    # What must hold

    def holds_as_far_as_known(self, snapshot: Snapshot) -> None:
        assert [figures.key for figures in snapshot.keys] == self.pool
        for count, period in (
            (snapshot.calls_1m, timedelta(minutes=1)),
            (snapshot.calls_1h, timedelta(hours=1)),
            (snapshot.calls_24h, DAY),
        ):
            if count is not None:
                assert count == self.count_by_sql(self.local - period), period
        if self.month in self.months_that_lost_calls:
            return  # a month that is being counted keeps what has been purged since
        if self.dated_ahead_by is not None and self.dated_ahead_by < self.month:
            return  # a call that was logged in another month is not looked for
        if snapshot.calls_month is not None:
            assert snapshot.calls_month == self.count_by_sql(self.month), "month"

    def equals(self, snapshot: Snapshot, fresh: Snapshot, fresh_monitor: Monitor) -> None:
        windows = [self.monitor._followed, fresh_monitor._followed]
        since = max(followed.since for followed in windows if followed is not None)
        held = [snapshot.stats._calls.between(since), fresh.stats._calls.between(since)]
        assert rows_of(held[0]) == rows_of(held[1])
        assert [(f.key, f.verdict) for f in snapshot.keys] == [(f.key, f.verdict) for f in fresh.keys]
        assert snapshot.keys == fresh.keys

    def sql(self, query: str, *values: object) -> list[Any]:
        return self.gateway.execute(query, values)

    def count_by_sql(self, since: datetime) -> CallCount:
        ((success, failure),) = self.sql(f"SELECT {_OUTCOMES} {_SINCE}", since)
        return CallCount(success, failure)

    def usage_by_sql(self) -> dict[object, dict[object, tuple[object, object]]]:
        found: dict[object, dict[object, tuple[object, object]]] = {}
        query = f"SELECT api_key, model_name, {_OUTCOMES} {_SINCE} AND api_key IS NOT NULL GROUP BY 1, 2"
        for api_key, model, success, failure in self.sql(query, self.local - DAY):
            found.setdefault(api_key, {})[model] = (success, failure)
        return found

    def usage_of_all(self, snapshot: Snapshot) -> dict[object, dict[object, tuple[object, object]]]:
        usage: dict[str, tuple[ModelCalls, ...]] = {k: snapshot.stats.usage(k) for k in [*POOL, GONE, ""]}
        return {
            k: {m.model: (m.calls.success, m.calls.failure) for m in models} for k, models in usage.items() if models
        }


_SUCCESS = "coalesce(status_code BETWEEN 200 AND 299, 0)"
_OUTCOMES = f"coalesce(sum({_SUCCESS}), 0), coalesce(sum(NOT {_SUCCESS}), 0)"
_SINCE = "FROM t_request_log WHERE request_time >= ?"


def rows_of(held: Calls) -> list[tuple[object, ...]]:
    return [
        (
            held.ids.item(n),
            held.started.item(n),
            held.keys[held.key.item(n)],
            held.models[held.model.item(n)],
            held.status_of(n),
            held.latency_ms.item(n),
        )
        for n in range(len(held))
    ]


def follow(make: Callable[[], Gateway], examples: int) -> None:
    run_state_machine_as_test(
        lambda: FollowedGateway(make),  # type: ignore[arg-type]  # whatever makes a machine is taken
        settings=settings(
            max_examples=examples, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_a_followed_file(make_gateway: MakeGateway) -> None:
    numbers = itertools.count()
    follow(lambda: make_gateway(name=f"{next(numbers)}.db"), 150)


def test_a_followed_server(make_gateway_server: MakeGatewayServer) -> None:
    gateway = make_gateway_server()

    def emptied() -> Gateway:
        gateway.empty_log()
        for name in ("MAX_FAILURES", "CHECK_INTERVAL_HOURS"):
            gateway.remove_setting(name)
        return gateway

    follow(emptied, 40)
