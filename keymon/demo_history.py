"""What the sample gateway's tables hold, whatever kind of database they are in: a month of a made-up gateway's life.

All keys and secrets are made up. The same seed and time give the same history, so that a screenshot can be made
again.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from keymon.demo_traffic import GatewayRules, SimulatedCall, SimulatedGateway
from keymon.demo_upstream import MODELS, TEST_MODEL, DemoUpstream, busyness, error_body, make_keys

DEMO_ZONE = ZoneInfo("Asia/Shanghai")
DEMO_SEED = 20
DENSE_HOURS = 26.0
PAUSE_S = 0.25
"""How often a gateway that lives on looks whether calls have ended."""

INSERT_CALL = (
    "INSERT INTO t_request_log (request_time, model_name, api_key, is_success, status_code, latency_ms)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)
INSERT_ERROR = (
    "INSERT INTO t_error_logs (gemini_key, model_name, error_type, error_log, error_code, request_msg, request_time)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
INSERT_SETTING = "INSERT INTO t_settings (`key`, value, created_at, updated_at) VALUES (?, ?, ?, ?)"

_GEMINI_KEYS, _VERTEX_KEYS, _UNUSED_KEYS, _TWICE_IN_POOL = 46, 4, 2, 7
_HISTORY = timedelta(days=31)
_THIN_CALLS_PER_SECOND = 600 / 86_400
_DENSE_CALLS_PER_SECOND = 0.27
_LIVE_CALLS_PER_SECOND = 1.6
_ERROR_LOG_DAYS = 7

CallRow = tuple[str, str, str, bool, int | str | None, int]
ErrorRow = tuple[str, str, str, str, int, str, str]
SettingRow = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class DemoHistory:
    """The settings and the calls of the sample gateway, and the gateway itself, which can be played on."""

    gateway: SimulatedGateway
    settings: list[SettingRow]
    calls: list[SimulatedCall]
    """In the order in which they ended."""
    failed: list[SimulatedCall]
    """Those whose errors the gateway still keeps."""


def play_history(now: datetime, database_type: str, hours: float = DENSE_HOURS, seed: int = DEMO_SEED) -> DemoHistory:
    """Play a month of the sample gateway up to `now` (aware), the last `hours` dense, the rest of the month thin.

    `database_type` is what the gateway calls the kind of its database: `sqlite` or `mysql`.
    """
    random = Random(seed)  # noqa: S311 - the same seed must give the same sample
    keys = make_keys(random, _GEMINI_KEYS + _UNUSED_KEYS, "AIzaSyDEMO", 39)
    vertex_keys = make_keys(random, _VERTEX_KEYS, "AQ.Ab8RN6DEMO", 53)
    gateway = _gateway(seed, now, timedelta(hours=hours), keys[:_GEMINI_KEYS], vertex_keys)
    calls = gateway.advance(now)
    gateway.change_traffic()
    kept_since = now - timedelta(days=_ERROR_LOG_DAYS)
    failed = [call for call in calls if not call.success and call.started >= kept_since]
    return DemoHistory(gateway, _settings(keys, vertex_keys, now - _HISTORY, database_type), calls, failed)


def _gateway(
    seed: int, now: datetime, dense: timedelta, keys: tuple[str, ...], vertex_keys: tuple[str, ...]
) -> SimulatedGateway:
    def traffic(at: datetime) -> float:
        if at >= now:
            return _LIVE_CALLS_PER_SECOND
        level = _DENSE_CALLS_PER_SECOND if at >= now - dense else _THIN_CALLS_PER_SECOND
        return level * busyness(at, DEMO_ZONE)

    return SimulatedGateway(
        seed,
        now - _HISTORY,
        DEMO_ZONE,
        (*keys, keys[_TWICE_IN_POOL]),
        [(name, share) for name, share, _ in MODELS],
        DemoUpstream(DEMO_ZONE, keys, vertex_keys),
        traffic,
        GatewayRules(max_failures=3, test_model=TEST_MODEL),
        vertex_keys,
    )


def _settings(keys: Sequence[str], vertex_keys: Sequence[str], at: datetime, database_type: str) -> list[SettingRow]:
    # The last keys were added after the gateway's start: it does not use them yet.
    pool = [*keys[:_GEMINI_KEYS], keys[_TWICE_IN_POOL], *keys[_GEMINI_KEYS:]]
    values = {
        "DATABASE_TYPE": database_type,
        "API_KEYS": json.dumps(pool),
        "VERTEX_API_KEYS": json.dumps(list(vertex_keys)),
        "AUTH_TOKEN": "sk-demo-not-a-secret",
        "ALLOWED_TOKENS": json.dumps(["sk-demo-not-a-secret"]),
        "BASE_URL": "https://generativelanguage.googleapis.com/v1beta",
        "MAX_FAILURES": "3",
        "MAX_RETRIES": "3",
        "TEST_MODEL": TEST_MODEL,
        "CHECK_INTERVAL_HOURS": "1",
        "TIMEZONE": DEMO_ZONE.key,
        "TIME_OUT": "300",
        "AUTO_DELETE_ERROR_LOGS_DAYS": str(_ERROR_LOG_DAYS),
    }
    stamp = _text(at.astimezone(DEMO_ZONE).replace(tzinfo=None))
    return [(name, value, stamp, stamp) for name, value in values.items()]


def call_row(call: SimulatedCall) -> CallRow:
    """Return a call as `INSERT_CALL` takes it."""
    started = _text(call.request_time(DEMO_ZONE))
    return started, call.model, call.key, call.success, call.status, call.latency_ms


def error_row(call: SimulatedCall) -> ErrorRow:
    """Return a failed call as `INSERT_ERROR` takes it."""
    kind = "gemini-chat-stream" if call.streamed else "gemini-chat-non-stream"
    code = call.status if isinstance(call.status, int) else 500
    started = _text(call.request_time(DEMO_ZONE))
    return call.key, call.model, kind, error_body(call.status), code, "null", started


def _text(local: datetime) -> str:
    return f"{local:%Y-%m-%d %H:%M:%S.%f}"
