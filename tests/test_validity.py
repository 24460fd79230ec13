"""The replay of the failure counts, rule by rule, and against gateways that told their counts."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from keymon.call_log import in_columns
from keymon.call_window import CallWindow
from keymon.calls import Calls
from keymon.demo_traffic import Answer, GatewayRules, SimulatedCall, SimulatedGateway
from keymon.gateway_clock import GatewayClock
from keymon.gateway_settings import GatewaySettings
from keymon.validity import judge

TEST_MODEL = "gemini-2.5-flash-lite"
Row = tuple[object, ...]
START = datetime(2026, 11, 23, 4, tzinfo=UTC)
KEYS = tuple(f"key-{number:02}" for number in range(20))
SETTINGS = GatewaySettings(KEYS, ("vertex-0", "vertex-1"), max_failures=3, test_model=TEST_MODEL)


def calls_of(rows: Iterable[Row], zone: timezone = UTC) -> Calls:
    window = CallWindow(GatewayClock(zone, "set"))
    window.add(in_columns([(n, *row[1:]) for n, row in enumerate(rows)]), START - timedelta(days=1000))
    return window.calls


class Log:
    """A log written by hand: a call every ten seconds, in rounds through the pool."""

    def __init__(self) -> None:
        self.now = START
        self.rows: list[Row] = []

    def call(
        self,
        key: str | None,
        status: object = 200,
        model: str | None = "gemini-2.5-pro",
        started: datetime | None = None,
        latency_ms: int = 2000,
    ) -> datetime:
        if started is None:
            self.now += timedelta(seconds=10)
            started = self.now
        row = (len(self.rows) + 1, f"{started:%Y-%m-%d %H:%M:%S.%f}", model, key, status, latency_ms)
        self.rows.append(row)
        return started

    def rounds(
        self,
        count: int = 1,
        *,
        without: Iterable[str] = (),
        failing: Mapping[str, object] | None = None,
        keys: Iterable[str] = KEYS,
        models: Mapping[str, str] | None = None,
    ) -> None:
        left_out, answers, tested = set(without), failing or {}, models or {}
        used = [key for key in keys if key not in left_out]
        for _ in range(count):
            for key in used:
                self.call(key, answers.get(key, 200), tested.get(key, "gemini-2.5-pro"))

    def check(self, key: str, status: object = 200) -> datetime:
        return self.call(key, status, TEST_MODEL)

    @property
    def calls(self) -> Calls:
        return calls_of(self.rows)

    def judged(self, key: str, settings: GatewaySettings = SETTINGS) -> tuple[bool, int]:
        verdict = judge(self.calls, settings)[key]
        return verdict.valid, verdict.failure_count


@pytest.fixture
def log() -> Log:
    """A log that opens with three rounds in which every call succeeds."""
    log = Log()
    log.rounds(3)
    return log


def test_every_key_of_the_pool_is_judged_even_without_a_call() -> None:
    verdicts = judge(Log().calls, SETTINGS)
    assert list(verdicts) == [*KEYS, "vertex-0", "vertex-1"]
    assert all(verdict.valid and verdict.failure_count == 0 for verdict in verdicts.values())


@pytest.mark.parametrize(("failures", "valid"), [(1, True), (2, True), (3, False)])
def test_failures_add_up_until_the_key_is_invalid(log: Log, failures: int, valid: bool) -> None:
    log.rounds(failures, failing={"key-05": 403})
    assert log.judged("key-05") == (valid, failures)
    assert log.judged("key-06") == (True, 0)


@pytest.mark.parametrize(("maximum", "valid"), [(0, False), (1, False), (2, False), (3, True), (10, True)])
def test_the_maximum_decides(log: Log, maximum: int, valid: bool) -> None:
    log.rounds(2, failing={"key-05": 403})
    assert log.judged("key-05", replace(SETTINGS, max_failures=maximum))[0] == valid


def test_with_a_maximum_of_0_no_key_is_valid() -> None:
    verdicts = judge(Log().calls, replace(SETTINGS, max_failures=0))
    assert not any(verdict.valid for verdict in verdicts.values())


def test_an_ordinary_success_resets_nothing(log: Log) -> None:
    log.rounds(2, failing={"key-05": 403})
    log.rounds(5)
    log.rounds(1, failing={"key-05": 403})
    assert log.judged("key-05") == (False, 3)


def test_the_evidence_of_a_verdict(log: Log) -> None:
    log.rounds(1, failing={"key-05": 500})
    check = log.check("key-05")
    first = log.now + timedelta(seconds=60)
    log.rounds(3, failing={"key-05": 400})
    verdict = judge(log.calls, SETTINGS)["key-05"]
    assert (verdict.valid, verdict.failure_count) == (False, 3)
    assert verdict.since == first
    assert verdict.last_passed_check == check
    assert verdict.last_failure_at == first + timedelta(seconds=400)
    assert verdict.last_failure_status == 400


@pytest.mark.parametrize(
    ("status", "told"), [("All connection attempts failed", "All connection attempts failed"), (None, None)]
)
def test_a_call_without_a_status_is_a_failure(log: Log, status: object, told: object) -> None:
    log.rounds(3, failing={"key-05": status})
    verdict = judge(log.calls, SETTINGS)["key-05"]
    assert (verdict.valid, verdict.failure_count, verdict.last_failure_status) == (False, 3, told)


def test_calls_without_a_key_or_a_model_and_of_keys_outside_the_pool_do_no_harm(log: Log) -> None:
    for key in (None, "", "removed"):
        log.call(key, 400, None)
        log.call(key, 200, TEST_MODEL)
    log.rounds(1, failing={"key-05": 400})
    assert list(judge(log.calls, SETTINGS)) == [*KEYS, "vertex-0", "vertex-1"]
    assert log.judged("key-05") == (True, 1)


def test_a_passed_check_makes_an_invalid_key_valid(log: Log) -> None:
    log.rounds(3, failing={"key-05": 429})
    log.rounds(1, without=["key-05"])
    checked = log.check("key-05")
    log.rounds(1)
    verdict = judge(log.calls, SETTINGS)["key-05"]
    assert (verdict.valid, verdict.failure_count, verdict.since) == (True, 0, None)
    assert verdict.last_passed_check == checked
    assert verdict.last_failure_status == 429


def test_a_call_of_another_model_is_no_check(log: Log) -> None:
    log.rounds(2, failing={"key-05": 429})
    log.call("key-05")
    assert log.judged("key-05") == (True, 2)


def test_a_call_of_the_test_model_out_of_turn_is_a_check(log: Log) -> None:
    log.rounds(2, failing={"key-05": 500, "key-12": 500})
    log.rounds(1, keys=KEYS[:8])
    log.check("key-12")
    log.rounds(1, keys=KEYS[8:])
    assert log.judged("key-12") == (True, 0)
    assert log.judged("key-05") == (True, 2)


def test_a_call_of_the_test_model_in_its_turn_is_none(log: Log) -> None:
    log.rounds(2, failing={"key-05": 500})
    log.rounds(1, models={"key-05": TEST_MODEL})
    log.rounds(1)
    assert log.judged("key-05") == (True, 2)


def test_a_retry_follows_at_once_as_a_check_does_but_is_none(log: Log) -> None:
    log.rounds(2, failing={"key-05": 500, "key-06": 500})
    log.rounds(1, keys=KEYS[:5])
    failed = log.call("key-05", 500, TEST_MODEL)
    log.call("key-06", 200, TEST_MODEL, started=failed + timedelta(milliseconds=2010))
    log.rounds(1, keys=KEYS[7:])
    assert log.judged("key-06") == (True, 2)


def test_a_failed_check_does_not_count_beyond_the_maximum(log: Log) -> None:
    log.rounds(3, failing={"key-05": 400})
    for _ in range(4):
        log.rounds(1, without=["key-05"])
        log.check("key-05", 400)
    assert log.judged("key-05") == (False, 3)


def test_a_failure_in_flight_when_the_key_turned_invalid_does(log: Log) -> None:
    log.rounds(2, failing={"key-05": 400})
    log.call("key-05", 400)
    log.call("key-05", 400, started=log.now - timedelta(seconds=5), latency_ms=9000)
    assert log.judged("key-05") == (False, 4)


def test_an_ordinary_call_on_an_invalid_key_shows_that_the_operator_reset_it(log: Log) -> None:
    log.rounds(3, failing={"key-05": 400, "key-09": 400})
    log.rounds(3, without=["key-05", "key-09"])
    log.rounds(1, without=["key-09"])
    verdict = judge(log.calls, SETTINGS)["key-05"]
    assert (verdict.valid, verdict.failure_count) == (True, 0)
    assert verdict.assumed_reset_at is not None
    assert verdict.last_passed_check is None
    assert log.judged("key-09") == (False, 3)


def test_a_call_in_flight_shows_no_reset(log: Log) -> None:
    log.rounds(2, failing={"key-05": 400})
    failed = log.call("key-05", 400)
    log.call("key-05", 200, started=failed + timedelta(seconds=1), latency_ms=30_000)
    assert log.judged("key-05") == (False, 3)


def test_a_passed_call_of_the_test_model_in_flight_when_the_key_turned_invalid_is_no_check(log: Log) -> None:
    log.rounds(2, failing={"key-05": 400})
    log.rounds(1, keys=KEYS[:5])
    log.now += timedelta(seconds=10)
    in_flight = log.now
    log.rounds(1, keys=KEYS[6:])
    log.rounds(1, failing={"key-05": 400})
    log.call("key-05", 200, TEST_MODEL, started=in_flight, latency_ms=360_000)
    log.rounds(1, without=["key-05"])
    assert log.judged("key-05") == (False, 3)


def test_calls_show_no_reset_while_every_key_is_invalid(log: Log) -> None:
    log.rounds(3, failing=dict.fromkeys(KEYS, 503))
    log.rounds(3)
    assert not any(verdict.valid for key, verdict in judge(log.calls, SETTINGS).items() if key in KEYS)


def test_after_a_restart_only_the_failures_since_count(log: Log) -> None:
    log.rounds(3, failing={"key-02": 400, "key-15": 400})
    log.rounds(2, without=["key-02", "key-15"], failing={"key-17": 500})
    log.rounds(1, keys=KEYS[:11], without=["key-02"])
    log.now += timedelta(seconds=30)
    log.rounds(1, failing={"key-02": 400})
    assert log.judged("key-02") == (True, 1)
    assert log.judged("key-15") == (True, 0)
    assert log.judged("key-17") == (True, 0)


def test_a_key_that_the_rotation_passes_over_is_invalid_though_rows_were_lost(log: Log) -> None:
    log.rounds(2, failing={"key-05": 400})
    log.rounds(4, without=["key-05"])
    verdict = judge(log.calls, SETTINGS)["key-05"]
    assert (verdict.valid, verdict.failure_count, verdict.passed_over) == (False, 3, True)


def test_a_key_that_is_new_or_merely_skipped_once_stays_valid(log: Log) -> None:
    log.rounds(2, failing={"key-05": 400})
    log.rounds(1, without=["key-05"])
    assert log.judged("key-05") == (True, 2)
    log.rounds(5, without=["key-06"])
    assert log.judged("key-06") == (True, 0)


def test_the_first_long_round_of_a_large_pool_passes_nobody_over() -> None:
    """A round has not come to an end yet: it tells nothing of the keys behind it."""
    log = Log()
    pool = tuple(f"key-{number:04}" for number in range(1000))
    settings = replace(SETTINGS, gemini_keys=pool)
    log.rounds(keys=pool[:12])
    log.rounds(keys=pool[:300], failing={pool[n]: 429 for n in (32, 72, 112, 212)})
    assert [log.judged(pool[n], settings) for n in (32, 72, 112, 212)] == [(True, 1)] * 4


def test_keys_drawn_at_random_are_never_passed_over() -> None:
    log, random = Log(), Random(1)
    for number in range(600):
        key = random.choice(KEYS if number < 200 else KEYS[1:])
        log.call(key, 400 if number < 200 and key == KEYS[0] and number % 8 == 0 else 200)
    assert log.judged(KEYS[0])[0] == (log.judged(KEYS[0])[1] < 3)
    assert not judge(log.calls, SETTINGS)[KEYS[0]].passed_over


def test_a_vertex_key_is_judged_by_its_failures_in_a_row(log: Log) -> None:
    for status in (500, 500, 200, 429, 429):
        log.call("vertex-0", status)
    assert log.judged("vertex-0") == (True, 2)
    failed = log.call("vertex-0", 403)
    verdict = judge(log.calls, SETTINGS)["vertex-0"]
    assert (verdict.valid, verdict.failure_count, verdict.last_failure_at) == (False, 3, failed)
    log.call("vertex-0")
    assert log.judged("vertex-0") == (True, 0)
    assert log.judged("vertex-1") == (True, 0)


@given(
    some.lists(
        some.tuples(
            some.sampled_from([*KEYS[:3], "vertex-0", "removed", "", None]),
            some.sampled_from([200, 400, None, "boom"]),
            some.sampled_from([TEST_MODEL, "gemini-2.5-pro", None]),
            some.integers(0, 30),
        ),
        max_size=120,
    ),
    some.sampled_from([0, 1, 3, 10]),
)
def test_any_log_gives_every_key_a_verdict_that_agrees_with_itself(
    calls: list[tuple[str | None, object, str | None, int]], max_failures: int
) -> None:
    log = Log()
    for key, status, model, seconds in calls:
        log.call(key, status, model, started=START + timedelta(seconds=seconds))
    settings = GatewaySettings(KEYS[:3], ("vertex-0",), max_failures, TEST_MODEL)
    verdicts = judge(log.calls, settings)
    assert list(verdicts) == list(settings.pool)
    for verdict in verdicts.values():
        assert verdict.valid == (verdict.failure_count < max_failures)
        assert (verdict.since is None) == (verdict.failure_count == 0)


def _recorded(database: Path) -> tuple[list[Row], GatewaySettings]:
    connection = sqlite3.connect(database)
    rows = connection.execute(
        "SELECT id, request_time, model_name, api_key, status_code, latency_ms FROM t_request_log ORDER BY id"
    ).fetchall()
    values = dict(connection.execute("SELECT key, value FROM t_settings").fetchall())
    connection.close()
    settings = GatewaySettings(
        tuple(dict.fromkeys(json.loads(values["API_KEYS"]))),
        tuple(json.loads(values["VERTEX_API_KEYS"])),
        int(values["MAX_FAILURES"]),
        values["TEST_MODEL"],
    )
    return rows, settings


@pytest.mark.parametrize("digits", [26, 19], ids=["to the microsecond", "to the second, as a server keeps it"])
def test_a_recorded_gateway_is_judged_as_it_judged_itself(real_gateway: Path, digits: int) -> None:
    rows, settings = _recorded(real_gateway / "gateway.sqlite")
    rows = [(row_id, str(at)[:digits], *rest) for row_id, at, *rest in rows]
    zone = timezone(timedelta(hours=8))
    differing = []
    for line in (real_gateway / "verdicts.jsonl").read_text().splitlines():
        moment = json.loads(line)
        verdicts = judge(calls_of((row for row in rows if row[0] <= moment["max_id"]), zone), settings)
        for key, count in (moment["valid"] | moment["invalid"]).items():
            if (verdicts[key].valid, verdicts[key].failure_count) != (key in moment["valid"], count):
                differing.append((moment["max_id"], key[-3:], count, verdicts[key].failure_count))
    assert differing == []


def test_network_errors_of_a_recorded_gateway_are_judged(real_gateway: Path) -> None:
    rows, settings = _recorded(real_gateway / "network-errors.sqlite")
    verdicts = judge(calls_of(rows, timezone(timedelta(hours=8))), settings)
    assert any(isinstance(verdict.last_failure_status, str) for verdict in verdicts.values())
    assert 0 < sum(not verdict.valid for verdict in verdicts.values()) < len(verdicts) / 4


POOL = tuple(f"pool-{number:02}" for number in range(45))


def _upstream(random: Random, key: str, model: str, _: datetime) -> Answer:
    number = POOL.index(key)
    failing = {0: 1.0, 1: 0.35, 2: 0.1}.get(number % 10, 0.015)
    latency_ms = int(random.lognormvariate(0, 0.6) * (1500 if model == TEST_MODEL else 5000)) + 1
    if random.random() < failing:
        return (400 if failing == 1 else 503), latency_ms
    return 200, latency_ms


def _agreement(seed: int, share_of_test_model: float, restarts: bool, rules: GatewayRules) -> float:
    models = [("gemini-2.5-flash", 1 - share_of_test_model), (TEST_MODEL, share_of_test_model)]
    gateway = SimulatedGateway(seed, START, UTC, (*POOL, POOL[5]), models, _upstream, lambda _: 0.15, rules)
    settings = GatewaySettings(POOL, (), rules.max_failures, TEST_MODEL, rules.check_interval)
    rows: list[Row] = []
    right = total = 0
    for step in range(1, 37):
        if restarts and step % 14 == 0:
            gateway.restart()
        rows.extend(_rows(gateway.advance(START + timedelta(minutes=20 * step)), len(rows)))
        verdicts = judge(calls_of(rows), settings)
        for key, count in gateway.failure_counts.items():
            total += 1
            right += verdicts[key].valid == (count < rules.max_failures)
    return right / total


def _rows(calls: Iterable[SimulatedCall], rows_before: int) -> list[Row]:
    return [
        (
            rows_before + number,
            f"{call.request_time(UTC):%Y-%m-%d %H:%M:%S.%f}",
            call.model,
            call.key,
            call.status,
            call.latency_ms,
        )
        for number, call in enumerate(calls, start=1)
    ]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    ("share_of_test_model", "restarts", "rules", "least"),
    [
        (0.0, False, GatewayRules(), 0.999),
        (0.15, False, GatewayRules(), 0.999),
        (0.5, False, GatewayRules(), 0.998),
        (1.0, False, GatewayRules(), 0.99),
        (0.15, False, GatewayRules(max_failures=1), 0.998),
        (0.15, False, GatewayRules(max_failures=10), 0.998),
        (0.15, False, GatewayRules(check_interval=timedelta(hours=3)), 0.998),
        (0.15, False, GatewayRules(skipped_sweeps=0.4), 0.998),
        (0.15, False, GatewayRules(lost_rows=0.02), 0.995),
        (0.15, True, GatewayRules(), 0.99),
    ],
    ids=["no tests", "usual", "half tests", "all tests", "1", "10", "3 h", "skips", "lost rows", "restarts"],
)
def test_simulated_gateways_are_judged_as_they_judge_themselves(
    seed: int, share_of_test_model: float, restarts: bool, rules: GatewayRules, least: float
) -> None:
    assert _agreement(seed, share_of_test_model, restarts, rules) >= least
