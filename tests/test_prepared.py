"""Statements as text and values for a driver."""

from datetime import datetime

import pytest
from sqlalchemy import Dialect, bindparam, select
from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect

from keymon.prepared import prepared
from keymon.schema import request_log as log

SQLITE: Dialect = sqlite_dialect(paramstyle="named")
SERVER: Dialect = MySQLDialect_pymysql(paramstyle="pyformat")
NOON = datetime(2026, 11, 23, 12)

SINCE = select(log.c.id).where(log.c.request_time >= bindparam("since")).limit(5)
SINCE_NOON = select(log.c.id).where(log.c.request_time >= NOON)
AMONG = select(log.c.id).where(log.c.request_time.in_(bindparam("times")))


def test_a_statement_is_compiled_once() -> None:
    first, second = prepared(SINCE, SQLITE, {"since": NOON}), prepared(SINCE, SQLITE, {"since": None})
    assert first[0] is second[0]
    assert (first[1]["since"], second[1]["since"]) == ("2026-11-23 12:00:00.000000", None)


@pytest.mark.parametrize(("dialect", "noon"), [(SQLITE, "2026-11-23 12:00:00.000000"), (SERVER, NOON)], ids=str)
def test_times_are_what_the_dialect_makes_of_them(dialect: Dialect, noon: object) -> None:
    assert noon in prepared(SINCE, dialect, {"since": NOON})[1].values()
    assert list(prepared(SINCE_NOON, dialect, {})[1].values()) == [noon]
    assert list(prepared(AMONG, dialect, {"times": [NOON]})[1].values()) == [noon]


def test_a_list_makes_room_for_its_values_each_time() -> None:
    for times in ([NOON], [NOON, NOON, NOON]):
        sql, parameters = prepared(AMONG, SQLITE, {"times": times})
        assert sql.count(":") == len(parameters) == len(times)


def test_a_value_that_is_lacking_is_a_fault() -> None:
    with pytest.raises(KeyError):
        prepared(SINCE, SQLITE, {})
