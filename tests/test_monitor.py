"""A gateway followed: what is new is found, and what a log can do to us is noticed."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from keymon import call_log, database, errors
from keymon.database import Database
from keymon.gateway_clock import parse_zone
from keymon.monitor import Monitor, Snapshot
from keymon.stats import CallCount
from tests.gateway import Gateway, MakeAnyGateway, on_sqlite_only
from tests.gateway_file import GatewayFile, key

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SHANGHAI = timedelta(hours=8)
A, B = key(1), key(2)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
A_FILE_IS_DATED = "a file can be dated as one likes; for servers see test_server_clock"


class Bench:
    """A gateway in Shanghai, a monitor on it, and the time in our hands."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.now = NOW
        self.monitors: list[Monitor] = []

    def monitor(self, zone: tzinfo | None = None, as_of: datetime | None = None, month: bool = True) -> Monitor:
        self.monitors.append(Monitor(self.gateway.location, zone, as_of, month, now=lambda: self.now))
        return self.monitors[-1]

    def call(self, ago: timedelta = timedelta(0), api_key: str = A, status: object = 200, model: object = "m") -> None:
        """Log a call that ended `ago`."""
        local = (self.now - ago + SHANGHAI).replace(tzinfo=None) - timedelta(seconds=1)
        self.gateway.call(api_key, local, model, status, 1000)

    def touch(self, at: datetime | None = None) -> None:
        """Date the file as if the gateway had written it then, which is now where nothing is said."""
        assert isinstance(self.gateway, GatewayFile)
        written = (at or self.now).timestamp()
        os.utime(self.gateway.path, (written, written))


@pytest.fixture
def bench(make_any_gateway: MakeAnyGateway) -> Iterator[Bench]:
    made = Bench(make_any_gateway([A, B]))
    yield made
    for monitor in made.monitors:
        monitor.close()


def known(count: CallCount | None) -> CallCount:
    assert count is not None
    return count


def usage(snapshot: Snapshot, api_key: str = A) -> dict[str | None, int]:
    return {row.model: row.calls.total for row in snapshot.stats.usage(api_key)}


def test_the_last_day_is_read_and_no_more(bench: Bench) -> None:
    bench.call(timedelta(hours=25))
    bench.call(timedelta(hours=23))
    bench.call()
    snapshot = bench.monitor(parse_zone("Asia/Shanghai")).refresh()
    assert known(snapshot.calls_24h).total == 2
    assert usage(snapshot) == {"m": 2}
    assert [figures.key for figures in snapshot.keys] == [A, B]


def test_each_refresh_adds_what_is_new(bench: Bench) -> None:
    monitor = bench.monitor(parse_zone("+8"))
    assert known(monitor.refresh().calls_24h).total == 0
    for n in range(1, 4):
        bench.now += timedelta(seconds=5)
        bench.call(model=f"m{n}")
        assert known(monitor.refresh().calls_24h).total == n


def batch(bench: Bench, rows: int, span: timedelta) -> None:
    """Log calls all at once, as a restored dump does, the last of which ended now."""
    local = (bench.now + SHANGHAI).replace(tzinfo=None) - timedelta(seconds=1)
    times = (local - span + span * n / rows for n in range(1, rows + 1))
    bench.gateway.calls([(None, f"{at:%F %T.%f}", "m", A, True, 200, 1000) for at in times])


@pytest.mark.parametrize("rows", [300, 9_000])
def test_a_log_that_is_restored_while_it_is_followed_tells_nothing_of_the_clock(bench: Bench, rows: int) -> None:
    monitor = bench.monitor()
    monitor.refresh()
    bench.now += timedelta(seconds=5)
    batch(bench, rows, timedelta(days=20))
    restored = monitor.refresh()
    assert (restored.clock.source, restored.clock.name) == ("assumed", "+00:00")
    for _ in range(8):
        bench.now += timedelta(seconds=5)
        bench.call()
        snapshot = monitor.refresh()
    assert snapshot.clock.name == "+08:00"
    assert known(snapshot.calls_1m).total == 9
    assert known(snapshot.calls_24h).total == 8 + rows // 20


@on_sqlite_only(A_FILE_IS_DATED)
def test_calls_are_read_again_where_their_zone_turns_out_to_be_another(bench: Bench) -> None:
    bench.call(timedelta(minutes=30))
    bench.touch(bench.now - timedelta(hours=3, minutes=30))  # which makes it look like +11:00
    monitor = bench.monitor()
    assert monitor.refresh().clock.name == "+11:00"
    for _ in range(8):
        bench.now += timedelta(seconds=5)
        bench.call()
        snapshot = monitor.refresh()
    assert snapshot.clock.name == "+08:00"
    assert snapshot.keys[0].last_call_at == bench.now - timedelta(seconds=1)
    assert (known(snapshot.calls_1m).total, known(snapshot.calls_1h).total) == (8, 9)


def test_calls_leave_the_window_by_age(bench: Bench) -> None:
    bench.call(timedelta(hours=1))
    bench.call()
    monitor = bench.monitor(parse_zone("+8"))
    assert known(monitor.refresh().calls_1h).total == 1
    bench.now += timedelta(hours=23, minutes=30)
    snapshot = monitor.refresh()
    assert snapshot.keys[0].calls_24h.total == 1
    assert (known(snapshot.calls_24h).total, known(snapshot.calls_1h).total) == (1, 0)


def test_a_refresh_reads_only_new_rows(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(50):
        bench.call()
    monitor = bench.monitor(parse_zone("+8"))
    monitor.refresh()
    seen = []
    fetch = Database.fetch

    def counting(self: Database, *args: object, **values: object) -> list[object]:
        rows = fetch(self, *args, **values)  # type: ignore[arg-type]
        seen.append(len(rows))
        return rows

    monkeypatch.setattr(Database, "fetch", counting)
    bench.call()
    assert known(monitor.refresh().calls_24h).total == 51
    assert sum(seen) < 15


def test_the_totals_add_up_whatever_the_status(bench: Bench) -> None:
    for status in (200, 500, None, *(bench.gateway.text_statuses or (503, 429))):
        bench.call(status=status)
    snapshot = bench.monitor(parse_zone("+8")).refresh()
    for count in (snapshot.calls_1m, snapshot.calls_1h, snapshot.calls_24h, snapshot.calls_month):
        assert count is not None
        assert (count.success, count.failure) == (1, 4)


def test_the_month_begins_on_the_gateways_calendar(bench: Bench) -> None:
    bench.now = datetime(2026, 11, 1, 0, 0, tzinfo=UTC)  # 08:00 of the first in Shanghai
    bench.call(timedelta(hours=9))  # 23:00 of the last of October there
    bench.call(timedelta(hours=7))  # 01:00 of the first there
    monitor = bench.monitor(parse_zone("+8"))
    month = monitor.refresh().calls_month
    assert month is not None
    assert month.total == 1
    bench.call()
    month = monitor.refresh().calls_month
    assert month is not None
    assert month.total == 2


def test_a_new_month_begins_anew(bench: Bench) -> None:
    bench.now = datetime(2026, 11, 30, 15, 59, tzinfo=UTC)
    bench.call()
    monitor = bench.monitor(parse_zone("+8"))
    first = monitor.refresh().calls_month
    bench.now += timedelta(minutes=2)
    second = monitor.refresh().calls_month
    assert first is not None
    assert second is not None
    assert (first.total, second.total) == (1, 0)


def test_a_month_that_is_still_being_counted_is_unknown(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keymon.monitor._BLOCKS_A_REFRESH", 0)
    for _ in range(3):
        bench.call()
    monitor = bench.monitor(parse_zone("+8"))
    assert monitor.refresh(patience=10).calls_month is None
    assert not monitor.survey(patience=10)
    month = monitor.refresh(patience=10).calls_month
    assert month is not None
    assert month.total == 3


@on_sqlite_only(A_FILE_IS_DATED)
def test_the_zone_is_detected_from_the_file(bench: Bench) -> None:
    bench.call()
    bench.touch()
    snapshot = bench.monitor().refresh()
    assert (snapshot.clock.name, snapshot.clock.source) == ("+08:00", "detected")
    assert known(snapshot.calls_1m).total == 1
    assert snapshot.notices == ()


@on_sqlite_only(A_FILE_IS_DATED)
def test_an_assumed_zone_is_told_and_gives_way_to_what_calls_show(bench: Bench) -> None:
    for _ in range(3):
        bench.call(timedelta(minutes=10))
    bench.touch(EPOCH)
    monitor = bench.monitor()
    first = monitor.refresh()
    assert first.clock.source == "assumed"
    assert isinstance(first.notices[0], errors.ClockAssumedNotice)
    bench.now += timedelta(seconds=5)
    for _ in range(5):
        bench.call()
    second = monitor.refresh()
    assert (second.clock.name, second.clock.source) == ("+08:00", "detected")
    assert (known(second.calls_24h).total, known(second.calls_1m).total) == (8, 5)
    assert second.notices == ()
    assert monitor.refresh().clock.source == "detected"


@on_sqlite_only(A_FILE_IS_DATED)
def test_another_log_is_read_in_a_zone_of_its_own(bench: Bench) -> None:
    """As after a failover to another gateway: what was found out of the first one's clock counts no more."""
    bench.call()
    bench.touch(EPOCH)
    monitor = bench.monitor()
    assert monitor.refresh().clock.source == "assumed"
    bench.now += timedelta(seconds=5)
    for _ in range(5):
        bench.call()
    assert monitor.refresh().clock.name == "+08:00"
    bench.gateway.execute("DELETE FROM t_request_log")
    for _ in range(3):
        bench.call(timedelta(hours=8))
    bench.touch()
    assert monitor.refresh().clock.name == "+00:00"


@on_sqlite_only(A_FILE_IS_DATED)
def test_calls_after_a_long_sleep_tell_nothing_of_the_clock(bench: Bench) -> None:
    bench.call()
    bench.touch()
    monitor = bench.monitor()
    monitor.refresh()
    bench.now += timedelta(hours=2)
    for _ in range(6):
        bench.call(timedelta(hours=1))
    assert monitor.refresh().clock.name == "+08:00"


def test_a_clock_that_is_wrong_is_told(bench: Bench) -> None:
    monitor = bench.monitor(parse_zone("+08:00"))
    monitor.refresh()
    for _ in range(5):
        bench.call(timedelta(minutes=-6))
    (notice,) = monitor.refresh().notices
    assert isinstance(notice, errors.ClockWrongNotice)
    assert "0 h 6 min" in str(notice)


def test_calls_in_the_future_count_as_they_do_for_the_gateway(bench: Bench) -> None:
    bench.call(timedelta(minutes=-2))
    assert known(bench.monitor(parse_zone("+08:00")).refresh().calls_1m).total == 1


def test_a_past_instant_is_judged_by_what_had_happened(bench: Bench) -> None:
    bench.call(timedelta(hours=30))
    bench.call(timedelta(hours=10))
    bench.call(timedelta(hours=1))
    monitor = bench.monitor(parse_zone("+8"), as_of=NOW - timedelta(hours=9))
    snapshot = monitor.refresh()
    assert known(snapshot.calls_24h).total == 2
    assert not snapshot.is_live
    naive = bench.monitor(parse_zone("+8"), as_of=datetime(2026, 11, 23, 11))
    assert naive.refresh().as_of == NOW - timedelta(hours=9)


def test_a_past_instant_does_not_need_the_whole_log_after_it(bench: Bench) -> None:
    rows = [
        (None, f"{(NOW + SHANGHAI).replace(tzinfo=None) + timedelta(seconds=i):%Y-%m-%d %H:%M:%S}", "m", A, 1, 200, 1)
        for i in range(0, 30_000 * 3, 3)
    ]
    bench.gateway.calls(rows)
    read: list[int] = []
    monitor = bench.monitor(parse_zone("+8"), as_of=NOW, month=False)
    assert known(monitor.refresh(progress=lambda calls, _: read.append(calls)).calls_24h).total == 1
    assert read[-1] < 10_000


def test_progress_tells_the_rows_read(bench: Bench) -> None:
    local = f"{(NOW + SHANGHAI).replace(tzinfo=None):%Y-%m-%d %H:%M:%S}"
    bench.gateway.calls([(None, local, "m", A, 1, 200, 1)] * (call_log.CHUNK_ROWS + 5))
    read: list[tuple[int, float]] = []
    bench.monitor(parse_zone("+8")).refresh(progress=lambda *args: read.append(args))
    assert read == [(call_log.CHUNK_ROWS, pytest.approx(1, abs=0.01)), (call_log.CHUNK_ROWS + 5, 1)]


@on_sqlite_only("a server's writers hold back no reader")
def test_a_reading_that_is_broken_off_goes_on_where_it_was(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LOCK_PATIENCE_S", 0.01)
    local = f"{(NOW + SHANGHAI).replace(tzinfo=None):%Y-%m-%d %H:%M:%S}"
    bench.gateway.calls([(None, local, "m", A, 1, 200, 1)] * (3 * call_log.CHUNK_ROWS))
    monitor = bench.monitor(parse_zone("+8"))
    read: list[int] = []

    def lock_after_the_first_chunk(rows: int, _: float) -> None:
        read.append(rows)
        if len(read) == 1:
            bench.gateway.execute("BEGIN EXCLUSIVE")

    with pytest.raises(errors.DatabaseLockedError):
        monitor.refresh(progress=lock_after_the_first_chunk)
    bench.gateway.execute("COMMIT")
    snapshot = monitor.refresh(progress=lock_after_the_first_chunk)
    assert read == [call_log.CHUNK_ROWS * n for n in (1, 2, 3)]
    assert known(snapshot.calls_24h).total == 3 * call_log.CHUNK_ROWS


def test_ids_that_start_again_are_noticed(bench: Bench) -> None:
    for _ in range(5):
        bench.call(model="old")
    monitor = bench.monitor(parse_zone("+8"))
    monitor.refresh()
    bench.gateway.empty_log()
    bench.now += timedelta(seconds=5)
    for _ in range(7):
        bench.call(model="new")
    snapshot = monitor.refresh()
    assert usage(snapshot) == {"new": 7}
    assert snapshot.calls_month is not None
    assert snapshot.calls_month.total == 7


def test_ids_that_start_again_are_noticed_where_nothing_was_in_the_window(bench: Bench) -> None:
    for hours in range(200, 30, -1):
        bench.call(timedelta(hours=hours))
    monitor = bench.monitor(parse_zone("+8"))
    assert known(monitor.refresh().calls_24h).total == 0
    bench.gateway.empty_log()
    bench.call(model="new")
    assert usage(monitor.refresh()) == {"new": 1}


def test_a_gateway_that_has_been_silent_for_a_day_is_told(bench: Bench) -> None:
    bench.call(timedelta(hours=30))
    monitor = bench.monitor(parse_zone("+8"))
    (notice,) = monitor.refresh().notices
    assert "ended at 2026-11-22 14:00" in str(notice)
    bench.call()
    assert monitor.refresh().notices == ()


def test_a_silent_gateway_still_holds_its_invalid_keys_invalid(bench: Bench) -> None:
    for hours in (60, 59, 58):
        bench.call(timedelta(hours=hours), status=400)
    monitor = bench.monitor(parse_zone("+8"))
    assert [figures.verdict.valid for figures in monitor.refresh().keys] == [False, True]
    bench.now += timedelta(hours=30)
    assert [figures.verdict.valid for figures in monitor.refresh().keys] == [False, True]
    past = bench.monitor(parse_zone("+8"), as_of=bench.now)
    assert [figures.verdict.valid for figures in past.refresh().keys] == [False, True]


def test_the_history_of_a_verdict_goes_back_from_the_start_of_the_newest_call(bench: Bench) -> None:
    """A first load reads as much as a monitor holds that has been there all along."""
    local = (NOW + SHANGHAI).replace(tzinfo=None)
    bench.gateway.call(A, local - timedelta(hours=24, seconds=50), "m", 500)
    bench.gateway.call(B, local - timedelta(minutes=1), "m", 200, 60_000)
    assert bench.monitor(parse_zone("+8")).refresh().keys[0].verdict.failure_count == 1


def test_a_zone_that_puts_calls_into_the_future_is_told(bench: Bench) -> None:
    bench.call()
    (notice,) = bench.monitor(parse_zone("-05:00")).refresh().notices
    assert isinstance(notice, errors.ClockWrongNotice)
    assert "13 h 0 min" in str(notice)


@on_sqlite_only(A_FILE_IS_DATED)
def test_a_zone_found_while_the_database_is_locked_is_not_forgotten(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.call(timedelta(minutes=10))
    bench.touch(EPOCH)
    monitor = bench.monitor()
    assert monitor.refresh().clock.source == "assumed"
    for _ in range(5):
        bench.call()
    with monkeypatch.context() as patched:
        patched.setattr(call_log.CallLog, "bounds", _locked)
        with pytest.raises(errors.DatabaseLockedError):
            monitor.refresh()
    snapshot = monitor.refresh()
    assert (snapshot.clock.name, known(snapshot.calls_1h).total, known(snapshot.calls_1m).total) == ("+08:00", 6, 5)


def _locked(*_: object) -> int:
    raise errors.DatabaseLockedError(database="gateway")


def test_purged_old_rows_do_no_harm(bench: Bench) -> None:
    bench.call(timedelta(hours=23))
    bench.call(timedelta(minutes=1))
    monitor = bench.monitor(parse_zone("+8"))
    monitor.refresh()
    bench.gateway.execute("DELETE FROM t_request_log WHERE id = 1")
    bench.call()
    assert known(monitor.refresh().calls_1h).total == 2


def test_the_pool_changes_with_the_settings(bench: Bench) -> None:
    monitor = bench.monitor(parse_zone("+8"))
    monitor.refresh()
    bench.gateway.setting("API_KEYS", f'["{B}"]')
    assert [figures.key for figures in monitor.refresh().keys] == [B]


def test_a_longer_history_is_read_when_the_rules_ask_for_it(bench: Bench) -> None:
    bench.call(timedelta(hours=50), status=400)
    bench.call()
    monitor = bench.monitor(parse_zone("+8"))
    assert monitor.refresh().keys[0].verdict.failure_count == 0
    bench.gateway.setting("CHECK_INTERVAL_HOURS", "24")
    assert monitor.refresh().keys[0].verdict.failure_count == 1


def test_rows_without_a_time_are_told(bench: Bench) -> None:
    bench.gateway.call(A, None)
    bench.call()
    snapshot = bench.monitor(parse_zone("+8")).refresh()
    assert any(isinstance(notice, errors.TimesUnreadableNotice) for notice in snapshot.notices)
    assert known(snapshot.calls_24h).total == 1


def test_the_text_of_an_error_is_found_by_its_call(bench: Bench) -> None:
    monitor = bench.monitor(parse_zone("+8"))
    assert monitor.error_text(A, NOW, 1000) is None
    bench.gateway.error(A, (NOW + SHANGHAI).replace(tzinfo=None), "because")
    monitor.refresh()
    assert monitor.error_text(A, NOW, 1000) == "because"


@pytest.mark.parametrize(
    "change", [datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC)], ids=["back", "forward"]
)
def test_daylight_saving_in_the_window_neither_loses_nor_doubles_an_hour(bench: Bench, change: datetime) -> None:
    berlin = parse_zone("Europe/Berlin")
    bench.now = change + timedelta(hours=10)
    for minutes in range(0, 30 * 60, 5):
        local = (change + timedelta(minutes=minutes) - timedelta(hours=20)).astimezone(berlin)
        bench.gateway.call(A, local.replace(tzinfo=None), latency_ms=100)
    snapshot = bench.monitor(berlin).refresh()
    # One call each five minutes, both edges of the period included.
    assert known(snapshot.calls_24h).total == 24 * 12
    assert known(snapshot.calls_1h).total == 12
