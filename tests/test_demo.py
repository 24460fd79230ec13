"""The sample gateway: as a gateway writes it, every state in it, the same each time, and alive."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from keymon.call_log import in_columns
from keymon.call_window import CallWindow
from keymon.demo import DemoGateway, DemoWriter, create_demo
from keymon.demo_history import DEMO_ZONE, play_history
from keymon.demo_traffic import Answer, GatewayRules, SimulatedCall, SimulatedGateway
from keymon.demo_upstream import CONNECTION_FAILED, MODELS
from keymon.gateway_clock import GatewayClock
from keymon.gateway_settings import GatewaySettings
from keymon.validity import judge

NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
KEYS = ("a", "b", "c", "d")
TEST_MODEL = "gemini-2.5-flash-lite"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SimulatedGateway]:
    path = tmp_path_factory.mktemp("demo") / "gateway.db"
    return path, create_demo(path, NOW)


@pytest.fixture
def connection(demo: tuple[Path, SimulatedGateway]) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(demo[0])) as connection:
        yield connection


def _dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def _local(at: datetime) -> str:
    return f"{at.astimezone(DEMO_ZONE):%Y-%m-%d %H:%M:%S.%f}"


def test_the_same_seed_and_time_give_the_same_database(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("two", 1), ("other", 2)):
        create_demo(tmp_path / name, NOW, hours=1, seed=seed)
    assert _dump(tmp_path / "one") == _dump(tmp_path / "two")
    assert _dump(tmp_path / "one") != _dump(tmp_path / "other")


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "someone's.db"
    path.write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        create_demo(path, NOW)
    assert path.read_bytes() == b"precious"


def test_the_tables_are_those_of_a_gateway(connection: sqlite3.Connection) -> None:
    columns = connection.execute("SELECT name, type FROM pragma_table_info('t_request_log')").fetchall()
    assert columns == [
        ("id", "INTEGER"),
        ("request_time", "DATETIME"),
        ("model_name", "VARCHAR(100)"),
        ("api_key", "VARCHAR(100)"),
        ("is_success", "BOOLEAN"),
        ("status_code", "INTEGER"),
        ("latency_ms", "INTEGER"),
    ]
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    assert tables == [("t_error_logs",), ("t_request_log",), ("t_settings",)]
    assert connection.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL").fetchall() == []
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_rows_are_in_the_order_in_which_calls_ended(connection: sqlite3.Connection) -> None:
    rows = connection.execute("SELECT request_time, latency_ms FROM t_request_log ORDER BY id").fetchall()
    ends = [datetime.fromisoformat(time) + timedelta(milliseconds=latency) for time, latency in rows]
    assert ends == sorted(ends)
    assert ends[-1] <= NOW.astimezone(DEMO_ZONE).replace(tzinfo=None)


def test_the_pool_is_made_up_and_holds_a_key_twice(connection: sqlite3.Connection) -> None:
    values = dict(connection.execute("SELECT key, value FROM t_settings").fetchall())
    keys, vertex_keys = json.loads(values["API_KEYS"]), json.loads(values["VERTEX_API_KEYS"])
    assert (len(keys), len(set(keys)), len(vertex_keys)) == (49, 48, 4)
    assert all(key.startswith("AIzaSyDEMO") and len(key) == 39 for key in keys)
    assert all("DEMO" in key for key in vertex_keys)
    assert "demo" in values["AUTH_TOKEN"]


def test_every_state_is_present_in_the_last_24_hours(connection: sqlite3.Connection) -> None:
    since = _local(NOW - timedelta(hours=24))
    recent = "FROM t_request_log WHERE request_time >= ?"
    statuses = {row[0] for row in connection.execute(f"SELECT DISTINCT status_code {recent}", (since,))}
    assert statuses == {200, 400, 403, 429, 500, 503, CONNECTION_FAILED}
    models = {row[0] for row in connection.execute(f"SELECT DISTINCT model_name {recent}", (since,))}
    assert models == {name for name, _, _ in MODELS}
    pool = json.loads(connection.execute("SELECT value FROM t_settings WHERE key = 'API_KEYS'").fetchone()[0])
    used = {row[0] for row in connection.execute(f"SELECT DISTINCT api_key {recent}", (since,))}
    assert len(set(pool) - used) == 2
    kinds = {row[0][:2] for row in connection.execute(f"SELECT DISTINCT api_key {recent}", (since,))}
    assert kinds == {"AI", "AQ"}


def test_the_month_reaches_further_back_than_a_day(connection: sqlite3.Connection) -> None:
    count = "SELECT count(*) FROM t_request_log WHERE request_time >= ?"
    of_day, of_month = (
        connection.execute(count, (_local(NOW - timedelta(days=days)),)).fetchone()[0] for days in (1, 30)
    )
    assert 15_000 < of_day < of_month - 2_000 < 60_000


def test_failed_calls_have_their_error_texts(connection: sqlite3.Connection) -> None:
    failed, told = connection.execute(
        "SELECT count(*), count(e.id) FROM t_request_log r LEFT JOIN t_error_logs e"
        " ON e.gemini_key = r.api_key AND e.request_time = r.request_time"
        " WHERE NOT r.is_success AND r.request_time >= ?",
        (_local(NOW - timedelta(hours=24)),),
    ).fetchone()
    assert failed == told > 300
    bodies = connection.execute("SELECT DISTINCT error_log FROM t_error_logs WHERE error_code = 400").fetchall()
    assert [json.loads(body)["error"]["status"] for (body,) in bodies] == ["INVALID_ARGUMENT"]


def test_the_replay_agrees_with_the_sample_gateway(demo: tuple[Path, SimulatedGateway]) -> None:
    path, gateway = demo
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT id, request_time, model_name, api_key, status_code, latency_ms FROM t_request_log ORDER BY id"
        ).fetchall()
        value = connection.execute("SELECT value FROM t_settings WHERE key = 'API_KEYS'").fetchone()[0]
    window = CallWindow(GatewayClock(DEMO_ZONE, "set"))
    window.add(in_columns(rows), NOW - timedelta(hours=24))
    verdicts = judge(window.calls, GatewaySettings(tuple(dict.fromkeys(json.loads(value)))))
    counts = gateway.failure_counts
    assert {key: verdicts[key].valid for key in counts} == {key: count < 3 for key, count in counts.items()}
    assert 7 <= sum(not verdict.valid for verdict in verdicts.values()) <= 15


def test_the_writer_goes_on_where_the_history_ends(tmp_path: Path) -> None:
    path = tmp_path / "gateway.db"
    writer = DemoWriter(path, create_demo(path, NOW, hours=1))
    before = _rows(path)
    writer.write(NOW + timedelta(minutes=5))
    after = _rows(path)
    assert after[: len(before)] == before
    assert len(after) - len(before) == writer.written
    assert 150 < writer.written < 1500
    assert writer.lost == 0
    assert _local(NOW) < max(time for time, _ in after) <= _local(NOW + timedelta(minutes=5))


@pytest.mark.parametrize("seed", range(5))
def test_a_gateway_that_begins_to_live_in_its_quietest_hour_is_called_at_once(seed: int) -> None:
    """Not only when the next call would have come before."""
    night = datetime(2026, 11, 23, 19, 30, tzinfo=UTC)
    gateway = play_history(night, "sqlite", 1, seed).gateway
    calls = gateway.advance(night + timedelta(seconds=30))
    assert sum(not call.is_check for call in calls) > 10


def _rows(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT request_time, api_key FROM t_request_log ORDER BY id").fetchall()


def test_the_writer_loses_rows_while_the_database_is_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keymon.demo._BUSY_SECONDS", 0)
    path = tmp_path / "gateway.db"
    writer = DemoWriter(path, create_demo(path, NOW, hours=1))
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN EXCLUSIVE")
        writer.write(NOW + timedelta(minutes=1))
    assert writer.written == 0
    assert writer.lost > 10


def test_a_living_sample_gateway_leaves_nothing_behind() -> None:
    with DemoGateway(now=NOW) as path:
        assert path.is_file()
    assert not path.parent.exists()


def test_a_sample_gateway_can_be_closed_twice_or_unopened() -> None:
    demo = DemoGateway(living=False, now=NOW)
    demo.close()
    demo.open()
    demo.close()
    demo.close()


# What the tests of the replay rely on: that the simulation keeps the gateway's rules.


def _simulate(
    upstream: Callable[[Random, str, str, datetime], Answer],
    rules: GatewayRules | None = None,
    keys: tuple[str, ...] = KEYS,
    calls_per_second: float = 0.05,
) -> SimulatedGateway:
    models = [("gemini-2.5-pro", 1.0)]
    return SimulatedGateway(
        1, NOW, UTC, keys, models, upstream, lambda _: calls_per_second, rules or GatewayRules(skipped_sweeps=0)
    )


def _good(_random: Random, _key: str, _model: str, _at: datetime) -> Answer:
    return 200, 100


def _first_bad(_random: Random, key: str, _model: str, _at: datetime) -> Answer:
    return (400 if key == KEYS[0] else 200), 100


def _all_bad(_random: Random, _key: str, _model: str, _at: datetime) -> Answer:
    return 503, 100


def test_keys_are_called_in_turn() -> None:
    called = [call.key for call in _simulate(_good).advance(NOW + timedelta(minutes=30))]
    assert called[:8] == [*KEYS, *KEYS]


def test_a_failed_call_is_retried_with_the_next_key_until_retries_are_used_up() -> None:
    gateway = _simulate(_all_bad, GatewayRules(max_failures=10, skipped_sweeps=0), calls_per_second=0.001)
    calls = gateway.advance(NOW + timedelta(minutes=50))
    assert [call.key for call in calls[:4]] == list(KEYS)
    assert len(calls) % 4 == 0


def test_an_invalid_key_gets_health_checks_only() -> None:
    gateway = _simulate(_first_bad)
    calls = [call for call in gateway.advance(NOW + timedelta(hours=5)) if call.key == KEYS[0]]
    assert [call.is_check for call in calls] == [False] * 3 + [True] * 4
    assert {call.model for call in calls if call.is_check} == {TEST_MODEL}
    assert gateway.failure_counts == {"a": 3, "b": 0, "c": 0, "d": 0}


def test_a_passed_check_resets_the_count() -> None:
    def recovering(_random: Random, key: str, _model: str, at: datetime) -> Answer:
        return (429 if key == KEYS[0] and at < NOW + timedelta(minutes=50) else 200), 100

    gateway = _simulate(recovering)
    gateway.advance(NOW + timedelta(minutes=59))
    assert gateway.failure_counts["a"] == 3
    gateway.advance(NOW + timedelta(minutes=61))
    assert gateway.failure_counts["a"] == 0


def test_with_every_key_invalid_all_are_called() -> None:
    gateway = _simulate(_all_bad)
    gateway.advance(NOW + timedelta(minutes=30))
    assert all(count > 3 for count in gateway.failure_counts.values())


def test_reset_restart_and_verification_act_on_the_counts() -> None:
    gateway = _simulate(_first_bad)
    gateway.advance(NOW + timedelta(minutes=30))
    gateway.verify([KEYS[0]])
    gateway.advance(NOW + timedelta(minutes=31))
    assert gateway.failure_counts["a"] == 4
    gateway.reset(KEYS[0])
    assert gateway.failure_counts["a"] == 0
    gateway.advance(NOW + timedelta(minutes=59))
    gateway.restart()
    assert set(gateway.failure_counts.values()) == {0}


def test_lost_rows_count_all_the_same() -> None:
    gateway = _simulate(_all_bad, GatewayRules(lost_rows=1.0))
    calls: list[SimulatedCall] = gateway.advance(NOW + timedelta(minutes=30))
    assert calls == []
    assert all(gateway.failure_counts.values())
