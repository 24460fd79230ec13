"""The text of one failed call."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from keymon.database import Database
from keymon.error_log import error_text, reason
from keymon.errors import ErrorTextsMissingError
from tests.conftest import MakeGatewayServer
from tests.gateway import Gateway, MakeAnyGateway, on_sqlite_only
from tests.mariadb import READER

NOON = datetime(2026, 11, 23, 12)
LATER = NOON + timedelta(seconds=10)


@pytest.fixture
def gateway(make_any_gateway: MakeAnyGateway) -> Gateway:
    return make_any_gateway(["a", "b"])


@pytest.fixture
def database(gateway: Gateway) -> Iterator[Database]:
    made = Database(gateway.location)
    yield made
    made.close()


def test_no_errors_at_all(database: Database) -> None:
    assert error_text(database, "a", NOON, LATER) is None


def test_the_error_of_the_key_and_the_moment_is_found(gateway: Gateway, database: Database) -> None:
    for minutes in range(-3000, 3000, 12):
        gateway.error("a", NOON + timedelta(minutes=minutes), f"a {minutes}")
        gateway.error("b", NOON + timedelta(minutes=minutes), f"b {minutes}")
    assert error_text(database, "a", NOON, LATER) == "a 0"
    assert error_text(database, "b", NOON, LATER) == "b 0"
    assert error_text(database, "c", NOON, LATER) is None


def test_an_error_stamped_with_the_time_of_failure_is_found(gateway: Gateway, database: Database) -> None:
    gateway.error("a", NOON - timedelta(seconds=30), "before")
    gateway.error("a", NOON + timedelta(seconds=8), "at the end")
    gateway.error("a", NOON + timedelta(seconds=60), "after")
    assert error_text(database, "a", NOON, LATER) == "at the end"


def test_the_nearest_to_the_start_wins(gateway: Gateway, database: Database) -> None:
    gateway.error("a", NOON + timedelta(seconds=5), "another call")
    gateway.error("a", NOON, "this call")
    assert error_text(database, "a", NOON, LATER) == "this call"


def test_where_the_end_is_not_known_a_later_call_s_error_is_not_taken(gateway: Gateway, database: Database) -> None:
    gateway.error("a", NOON + timedelta(seconds=8), "this call")
    gateway.error("a", NOON + timedelta(minutes=9), "another call")
    gateway.error("b", NOON + timedelta(minutes=11), "too late for any call")
    assert error_text(database, "a", NOON, None) == "this call"
    assert error_text(database, "b", NOON, None) is None


def test_a_table_that_is_not_there_is_told(gateway: Gateway, database: Database) -> None:
    gateway.execute("DROP TABLE t_error_logs")
    with pytest.raises(ErrorTextsMissingError, match="no t_error_logs"):
        error_text(database, "a", NOON, LATER)


def test_a_table_that_may_not_be_read_is_told(make_gateway_server: MakeGatewayServer) -> None:
    gateway = make_gateway_server(["a"])
    gateway.execute(f"REVOKE SELECT ON {gateway.name}.t_error_logs FROM {READER}")
    database = Database(gateway.location)
    with pytest.raises(ErrorTextsMissingError, match="may not read t_error_logs"):
        error_text(database, "a", NOON, LATER)
    database.close()


def test_a_very_long_text_is_cut(gateway: Gateway, database: Database) -> None:
    gateway.error("a", NOON, "x" * 65_000)
    text = error_text(database, "a", NOON, LATER)
    assert text is not None
    assert len(text) == 20_000


def test_odd_rows_do_no_harm(gateway: Gateway, database: Database) -> None:
    for odd in (None, "0000-00-00 00:00:00"):
        gateway.error("a", odd, "odd")
    gateway.error("a", NOON, "found")
    assert error_text(database, "a", NOON, LATER) == "found"


@on_sqlite_only("a server keeps no text as a time")
def test_a_row_whose_time_is_none_does_no_harm(gateway: Gateway, database: Database) -> None:
    gateway.error("a", "no time", "odd")
    gateway.error("a", NOON, "found")
    assert error_text(database, "a", NOON, LATER) == "found"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"error": {"code": 400, "message": "API key not valid."}}', "API key not valid."),
        ('{"error": {"message": ""}}', '{"error": {"message": ""}}'),
        ('{"error": "text"}', '{"error": "text"}'),
        ("[]", "[]"),
        ("\n  first line\nsecond", "first line"),
        ("", ""),
        ("[" * 100_000, "[" * 100_000),
    ],
    ids=["google", "empty", "text", "list", "plain", "nothing", "deep"],
)
def test_the_reason_in_one_line(text: str, why: str) -> None:
    assert reason(text) == why
