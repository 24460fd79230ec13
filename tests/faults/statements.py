"""Hears everything that keymon sends to a database, at the drivers themselves, and tells what of it does not read."""

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pymysql.connections
import pytest
from pymysql.constants import COMMAND

_SESSION = (
    r"PRAGMA (query_only = ON|cache_size = \d+)",
    r"SET (NAMES utf8mb4|AUTOCOMMIT = 1)",
    r"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY",
    r"SET SESSION (max_statement_time|max_execution_time|information_schema_stats_expiry) = [\d.]+",
    r"SET SESSION time_zone = ('\+00:00'|DEFAULT)",
)
"""What keymon may say about its own session, which ends with it."""
_READS = re.compile(r"SELECT\b(?!.*\b(INTO|FOR UPDATE|FOR SHARE|LOCK IN SHARE MODE|SLEEP)\b)(?!.*;)", re.DOTALL)
_COMMANDS = {COMMAND.COM_QUIT, COMMAND.COM_PING, COMMAND.COM_INIT_DB, COMMAND.COM_QUERY}
_OTHERS = {b"root"}
"""Accounts that are the tests' own."""


def is_read(sql: str) -> bool:
    """Tell whether a statement reads, or says something about the session that may be said."""
    without_texts = re.sub(r"'(?:[^'\\]|''|\\.)*'", "''", sql, flags=re.DOTALL)
    return _READS.match(without_texts) is not None or any(re.fullmatch(allowed, sql) for allowed in _SESSION)


class Heard:
    """`sent` counts statements; `wrong` are those that do not read."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self.wrong: list[str] = []

    def hear(self, kind: str, sql: str) -> None:
        """Note a statement."""
        self.sent[kind] += 1
        if not is_read(sql):
            self.wrong.append(sql)


@contextmanager
def heard_at_the_drivers() -> Iterator[Heard]:
    """Hear whatever is sent by keymon, not by the tests themselves, while this lasts."""
    heard, connect, execute = Heard(), sqlite3.connect, pymysql.connections.Connection._execute_command

    def connect_and_listen(*arguments: object, **options: object) -> sqlite3.Connection:
        driver: sqlite3.Connection = connect(*arguments, **options)  # type: ignore[call-overload]
        if not str(arguments[0]).startswith("file:"):
            return driver  # a test's own
        driver.set_trace_callback(lambda sql: heard.hear("SQLite", sql))
        return driver

    def listen_and_execute(driver: pymysql.connections.Connection, command: int, sql: str | bytes) -> None:
        if driver.user not in _OTHERS:
            text = sql.decode("utf-8", "backslashreplace") if isinstance(sql, bytes) else sql
            if command not in _COMMANDS:
                heard.wrong.append(f"command {command}: {text}")
            elif command == COMMAND.COM_QUERY:
                heard.hear("MariaDB", text)
        execute(driver, command, sql)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", connect_and_listen)
        patch.setattr(pymysql.connections.Connection, "_execute_command", listen_and_execute)
        yield heard
