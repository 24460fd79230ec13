"""A gateway's database that a test fills, of whatever kind: what keymon reads is the same in all of them."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, ClassVar

import pytest

from keymon.locations import Location


class Gateway(ABC):
    """A gateway's settings, calls and errors; every statement is committed at once, as the gateway does."""

    text_statuses: ClassVar[tuple[str, ...]] = ()
    """What it holds as the status of a call on a network error: SQLite alone keeps text there."""
    last_id: ClassVar[int] = 2**31 - 1
    """The largest id that it takes."""

    @property
    @abstractmethod
    def location(self) -> Location:
        """Where keymon finds it."""

    @abstractmethod
    def execute(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        """Run a statement in which each ? stands for a value; return its rows."""

    @abstractmethod
    def calls(self, rows: Sequence[Sequence[object]]) -> None:
        """Log rows of (id, request_time, model_name, api_key, is_success, status_code, latency_ms)."""

    @abstractmethod
    def errors(self, rows: Sequence[Sequence[object]]) -> None:
        """Log (gemini_key, model_name, error_type, error_log, error_code, request_msg, request_time) of failures."""

    @abstractmethod
    def empty_log(self) -> None:
        """Remove all calls; ids begin at 1 again."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the database."""

    def kept(self, status: object) -> object:
        """Return a status as it can be stored: strict MySQL would reject a row with a text."""
        return None if isinstance(status, str) and not self.text_statuses else status

    def configure(self, keys: Sequence[str], **settings: str) -> None:
        """Store the settings of a new gateway."""
        for name, value in {"API_KEYS": json.dumps(list(keys)), "AUTH_TOKEN": "sk-canary-token", **settings}.items():
            self.setting(name, value)

    def setting(self, name: str, value: object) -> None:
        """Store a setting."""
        self.remove_setting(name)
        self.execute("INSERT INTO t_settings (`key`, value) VALUES (?, ?)", (name, value))

    def remove_setting(self, name: str) -> None:
        """Remove a setting's row."""
        self.execute("DELETE FROM t_settings WHERE `key` = ?", (name,))

    def call(
        self,
        api_key: object,
        at: datetime | str | None,
        model: object = "gemini-2.5-flash",
        status: object = 200,
        latency_ms: object = 1000,
        row_id: int | None = None,
    ) -> None:
        """Log a call that started at `at`, the gateway's naive local time; a server keeps whole seconds."""
        self.calls([(row_id, at, model, api_key, status == 200, status, latency_ms)])

    def error(self, api_key: str, at: datetime | str | None, text: str, code: int = 500) -> None:
        """Log the text of a failed call."""
        self.errors([(api_key, None, None, text, code, None, at)])


MakeAnyGateway = Callable[..., Gateway]


def on_sqlite_only(why: str) -> pytest.MarkDecorator:
    """Let a test whose gateway comes from `make_any_gateway` run on SQLite alone, for a reason that it names."""
    return pytest.mark.parametrize("make_any_gateway", ["sqlite"], indirect=True)
