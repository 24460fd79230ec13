"""The gateway's settings that keymon needs, read as the gateway itself reads them.

`t_settings` also holds tokens and passwords that are none of our business: settings are selected by name,
never the table as a whole.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Literal

from sqlalchemy import select

from keymon.database import Database
from keymon.errors import (
    KeyAmbiguousError,
    KeyListDamagedNotice,
    NoKeyListNotice,
    Notice,
    NumberUnreadableNotice,
    SettingUnreadableError,
)
from keymon.known_secrets import remember_keys
from keymon.masking import foreign, is_shown_masked, key_matcher, mask_key, visible
from keymon.schema import settings

Kind = Literal["gemini", "vertex"]

_MAX_HISTORY = timedelta(days=7)
_MOST_FAILURES = 100_000
_LARGEST = 1_000_000_000
"""Any number beyond makes no other figures, and what draws the window takes none of more than 64 bits."""
_LONGEST_ENDING = 12
_NAMES = ("API_KEYS", "VERTEX_API_KEYS", "MAX_FAILURES", "TEST_MODEL", "CHECK_INTERVAL_HOURS")
_MOST_ROWS = 100
"""Each name is there once, unless somebody has lost the table's unique index: then its last row counts."""
_SETTINGS = select(settings.c.key, settings.c.value).where(settings.c.key.in_(_NAMES)).limit(_MOST_ROWS)


@dataclass(frozen=True)
class GatewaySettings:
    """The key pool and the rules by which the gateway judges it.

    `gemini_keys` and `vertex_keys` are in the pool's order, duplicates once. `notices` tell of settings that
    are absent or malformed; they hold no key.
    """

    gemini_keys: tuple[str, ...] = field(repr=False)
    vertex_keys: tuple[str, ...] = field(default=(), repr=False)
    max_failures: int = 3
    test_model: str = "gemini-2.5-flash-lite"
    check_interval: timedelta = timedelta(hours=1)
    notices: tuple[Notice, ...] = ()
    stored: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)
    """The settings as the gateway stored them."""
    duplicates: Mapping[str, int] = field(default_factory=dict, repr=False)
    """The keys that the pool lists more than once, in its order, and how often, both lists together."""

    @cached_property
    def pool(self) -> dict[str, Kind]:
        """All keys in the pool's order, Gemini keys first; a key that is in both lists counts as Gemini."""
        kinds: dict[str, Kind] = dict.fromkeys(self.gemini_keys, "gemini")
        for key in self.vertex_keys:
            kinds.setdefault(key, "vertex")
        return kinds

    @property
    def history(self) -> timedelta:
        """How much of the log a verdict needs: a dead key fails just once in every health sweep."""
        return min(max(self.history_needed, timedelta(hours=24)), _MAX_HISTORY)

    @property
    def history_needed(self) -> timedelta:
        """How much a verdict would need, were it not for the limit."""
        return (min(max(self.max_failures, 0), _MOST_FAILURES) + 2) * self.check_interval

    def find_key(self, wanted: str) -> str | None:
        """Return the key of the pool that `wanted` names, as `only_key` has it; None where there is none.

        Raises `KeyAmbiguousError`.
        """
        return wanted if wanted in self.pool else only_key(self.pool, wanted)


def only_key(keys: Iterable[str], wanted: str) -> str | None:
    """Return the only one of `keys` that `wanted` is the ending or the masked form of; None where there is none.

    Raises `KeyAmbiguousError` where there are several.
    """
    if len(wanted) > _LONGEST_ENDING and not is_shown_masked(wanted):
        remember_keys((wanted,))
    matches = list(filter(key_matcher(wanted), keys)) if wanted else []
    if len(matches) > 1:
        raise KeyAmbiguousError(count=len(matches), ending=shown_ending(wanted))
    return matches[0] if matches else None


def shown_ending(ending: str) -> str:
    """Return what was typed to name a key, fit for a message: what may be a whole key is masked."""
    return visible(ending) if len(ending) <= _LONGEST_ENDING else mask_key(ending)


def read_settings(database: Database, before: GatewaySettings | None = None) -> GatewaySettings:
    """Read the settings from a gateway's database; the same object as `before` where nothing has changed.

    Raises `SettingUnreadableError` for a key list that not even the gateway could read, and `DatabaseError`.
    """
    values: dict[str, object] = dict(database.fetch(_SETTINGS))
    if before is not None and values == before.stored:
        return before
    notices: list[Notice] = []
    gemini = _key_list(database, values, "API_KEYS", notices)
    vertex = _key_list(database, values, "VERTEX_API_KEYS", notices)
    remember_keys((*gemini, *vertex))
    return GatewaySettings(
        gemini_keys=tuple(dict.fromkeys(gemini)),
        vertex_keys=tuple(dict.fromkeys(vertex)),
        max_failures=_whole_number(values, "MAX_FAILURES", 3, notices),
        test_model=str(values.get("TEST_MODEL") or "gemini-2.5-flash-lite"),
        check_interval=_hours(_whole_number(values, "CHECK_INTERVAL_HOURS", 1, notices)),
        notices=tuple(notices),
        stored=values,
        duplicates={key: times for key, times in Counter([*gemini, *vertex]).items() if times > 1},
    )


def parse_key_list(value: str) -> tuple[list[str], bool]:
    """Return the keys of a key list as the gateway reads them, duplicates included, and whether it was JSON.

    JSON that is a list gives its items as text; all else is split on commas and trimmed.
    Raises `RecursionError` where the gateway, too, gives up.
    """
    try:
        items = json.loads(value)
    except ValueError:
        items = None
    if isinstance(items, list):
        return [str(item) for item in items], True
    return [part.strip() for part in value.split(",") if part.strip()], False


def _key_list(database: Database, values: Mapping[str, object], name: str, notices: list[Notice]) -> list[str]:
    if name not in values:
        if name == "API_KEYS":
            notices.append(NoKeyListNotice())
        return []
    value = values[name]
    if not isinstance(value, str):
        raise SettingUnreadableError(database=database.shown, setting=name, reason="it holds no text")
    try:
        keys, is_json = parse_key_list(value)
    except RecursionError:
        raise SettingUnreadableError(database=database.shown, setting=name, reason="it is nested too deeply") from None
    if not is_json and (value.lstrip()[:1] in {"[", "{", '"'} or value.strip() == "null"):
        notices.append(KeyListDamagedNotice(setting=name, count=len(keys)))
    return keys


def _whole_number(values: Mapping[str, object], name: str, default: int, notices: list[Notice]) -> int:
    value = values.get(name)
    if value is None:
        return default
    try:
        return max(-_LARGEST, min(int(str(value)), _LARGEST))
    except ValueError:
        notices.append(NumberUnreadableNotice(setting=name, value=foreign(str(value), 20), default=default))
        return default


def _hours(hours: int) -> timedelta:
    return timedelta(hours=min(max(hours, 0), 24 * 365))
