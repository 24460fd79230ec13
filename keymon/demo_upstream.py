"""The upstream of the sample gateway: keys of every character, models of every speed, Google's errors.

All keys are made up, and say so. Nothing here is a picture of a real account: the shares are chosen so that
the sample shows every state that keymon can show.
"""

import json
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from random import Random

from keymon.demo_traffic import Answer, Status

TEST_MODEL = "gemini-2.5-flash-lite"
MODELS: tuple[tuple[str, float, float], ...] = (
    ("gemini-2.5-flash", 0.36, 3.2),
    ("gemini-2.5-pro", 0.22, 9.5),
    (TEST_MODEL, 0.12, 1.1),
    ("gemini-2.0-flash", 0.08, 1.9),
    ("gemini-2.5-flash-search", 0.07, 5.4),
    ("gemini-embedding-001", 0.05, 0.35),
    ("gemini-2.5-flash-non-thinking", 0.04, 1.6),
    ("gemini-2.5-flash-image-preview", 0.03, 7.8),
    ("gemini-2.0-flash-exp-image", 0.02, 6.3),
    ("gemini-2.5-pro-search", 0.01, 13.0),
)
"""(name, share of the calls, median seconds)."""

CONNECTION_FAILED = "All connection attempts failed"

_BODIES: Mapping[int, tuple[str, str, str | None]] = {
    400: ("INVALID_ARGUMENT", "API key not valid. Use a valid API key.", "API_KEY_INVALID"),
    403: ("PERMISSION_DENIED", "The consumer of this API key has been suspended.", "CONSUMER_SUSPENDED"),
    429: ("RESOURCE_EXHAUSTED", "The current quota is used up. Check the plan and its limits.", None),
    500: ("INTERNAL", "An internal error occurred. Try again later.", None),
    503: ("UNAVAILABLE", "The model is overloaded. Try again later.", None),
}
_MEDIAN_SECONDS = {name: seconds for name, _, seconds in MODELS}
_REFUSED_SECONDS = 0.28
_HOURLY_CALLS = (6, 4, 3, 2, 2, 3, 6, 12, 26, 44, 56, 60, 52, 48, 56, 62, 64, 58, 46, 40, 44, 42, 30, 14)
"""How busy each hour of the gateway's day is; the mean is 32.5."""
_PEAK = 56
_BURST_MINUTES = 18


@dataclass(frozen=True, slots=True)
class Character:
    """How upstream treats one key: which status it answers, to which share of the calls.

    `only_peak` limits that to bursts in the busy hours, `except_models` spares models that have a quota of
    their own.
    """

    status: int = 503
    share: float = 0.006
    only_peak: bool = False
    except_models: frozenset[str] = frozenset()


_DEAD = Character(400, 1.0)
_SUSPENDED = Character(403, 1.0)
_EXHAUSTED = Character(429, 1.0)
_RATE_LIMITED = Character(429, 0.35, only_peak=True, except_models=frozenset({TEST_MODEL, "gemini-embedding-001"}))
_OUTLIERS: Mapping[int, Character] = {
    3: _DEAD,
    11: Character(500, 0.22),
    14: _SUSPENDED,
    16: _RATE_LIMITED,
    19: _DEAD,
    22: _RATE_LIMITED,
    24: _EXHAUSTED,
    27: _DEAD,
    30: Character(503, 0.12),
    31: _RATE_LIMITED,
    33: _SUSPENDED,
    36: _RATE_LIMITED,
    38: Character(500, 0.07),
    40: _EXHAUSTED,
    42: _RATE_LIMITED,
    44: _DEAD,
}
_VERTEX_OUTLIERS: Mapping[int, Character] = {1: Character(429, 0.15), 3: _SUSPENDED}


class DemoUpstream:
    """Answers the attempts of the sample gateway; `zone` is that of its day and night."""

    def __init__(self, zone: tzinfo, gemini_keys: tuple[str, ...], vertex_keys: tuple[str, ...]) -> None:
        self._zone = zone
        self._characters = {key: _character(n, _OUTLIERS) for n, key in enumerate(gemini_keys)}
        self._characters |= {key: _character(n, _VERTEX_OUTLIERS) for n, key in enumerate(vertex_keys)}
        self._offsets = {key: n * 7 % 60 for n, key in enumerate(self._characters)}

    def __call__(self, random: Random, key: str, model: str, at: datetime) -> Answer:
        """Return the status and the latency in milliseconds of one attempt."""
        character = self._characters[key]
        if self._applies(character, key, model, at) and random.random() < character.share:
            refused = character.status in {400, 403, 429}
            return character.status, _latency_ms(random, _REFUSED_SECONDS if refused else _MEDIAN_SECONDS[model])
        if random.random() < 0.0008:
            return CONNECTION_FAILED, _latency_ms(random, 4.0)
        return 200, _latency_ms(random, _MEDIAN_SECONDS[model])

    def _applies(self, character: Character, key: str, model: str, at: datetime) -> bool:
        if model in character.except_models:
            return False
        if not character.only_peak:
            return True
        local = at.astimezone(self._zone)
        offset = self._offsets[key]
        its_turn = (local.hour + offset) % 3 == 0 and (local.minute + offset) % 60 < _BURST_MINUTES
        return its_turn and _HOURLY_CALLS[local.hour] >= _PEAK


def busyness(at: datetime, zone: tzinfo) -> float:
    """Return how busy the gateway's clients are at that time of its day; 1 on average."""
    local = at.astimezone(zone)
    this, next_ = _HOURLY_CALLS[local.hour], _HOURLY_CALLS[(local.hour + 1) % 24]
    level = this + (next_ - this) * local.minute / 60
    return level * len(_HOURLY_CALLS) / sum(_HOURLY_CALLS)


def make_keys(random: Random, count: int, prefix: str, length: int) -> tuple[str, ...]:
    """Return made-up keys of the usual form; the prefix says that they are made up."""
    alphabet = string.ascii_letters + string.digits + "-_"
    return tuple(prefix + "".join(random.choices(alphabet, k=length - len(prefix))) for _ in range(count))


def error_body(status: Status) -> str:
    """Return what the gateway logs of an error: Google's JSON body, or the text of a network error."""
    if not isinstance(status, int):
        return str(status)
    name, message, reason = _BODIES[status]
    error: dict[str, object] = {"code": status, "message": message, "status": name}
    if reason:
        kind = "type.googleapis.com/google.rpc.ErrorInfo"
        error["details"] = [{"@type": kind, "reason": reason, "domain": "googleapis.com"}]
    return json.dumps({"error": error}, indent=2)


def _character(number: int, outliers: Mapping[int, Character]) -> Character:
    return outliers.get(number, Character(share=0.002 + number % 7 * 0.0015))


def _latency_ms(random: Random, median_seconds: float) -> int:
    seconds = timedelta(seconds=median_seconds * random.lognormvariate(0, 0.45))
    return max(seconds // timedelta(milliseconds=1), 40)
