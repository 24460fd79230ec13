"""The tables and columns that keymon reads, and no more.

The gateway's tables have no index beyond their primary keys, and on SQLite a column may hold a value of
any type whatever it was declared as; `call_window` sorts that out.
"""

import re

from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table, Text

metadata = MetaData()

request_log = Table(
    "t_request_log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("request_time", DateTime),
    Column("model_name", String(100)),
    Column("api_key", String(100)),
    Column("status_code", Integer),
    Column("latency_ms", Integer),
)

error_logs = Table(
    "t_error_logs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("gemini_key", String(100)),
    Column("model_name", String(100)),
    Column("error_type", String(50)),
    Column("error_log", Text),
    Column("error_code", Integer),
    Column("request_time", DateTime),
)

settings = Table(
    "t_settings",
    metadata,
    Column("key", String(100)),
    Column("value", Text),
)

SPARED = {
    "t_request_log": frozenset({"model_name", "latency_ms"}),
    "t_error_logs": frozenset({"model_name", "error_type", "error_code"}),
}
"""Columns without which there is still something to show: where one is not there, its values are unknown."""


def is_spared(column: str) -> bool:
    """Tell whether one can do without `column`, which is named with its table."""
    table, _, name = column.partition(".")
    return name in SPARED.get(table, ())


def without(columns: frozenset[str], sql: str) -> str:
    """Return a statement in which `columns` are all unknown."""
    for column in columns:
        sql = re.sub(rf"\b{re.escape(column)}\b", "NULL", sql)
    return sql
