"""The tables and columns that keymon reads, and no more.

The gateway's tables have no index beyond their primary keys, and on SQLite a column may hold a value of
any type whatever it was declared as; `call_window` sorts that out.
"""

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
