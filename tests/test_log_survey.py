"""One pass through all the log: the month's calls, and rows in places where nobody looks."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

import pytest

from keymon import call_log
from keymon.call_log import CallLog
from keymon.database import Database, location_of
from keymon.log_survey import LogSurvey
from tests.conftest import MakeGateway
from tests.gateway_file import GatewayFile

MONTH = datetime(2026, 11, 1)
SINCE = datetime(2026, 11, 22, 12)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_log, "SURVEY_ROWS", 7)


@pytest.fixture
def gateway(make_gateway: MakeGateway) -> GatewayFile:
    return make_gateway(["a"])


@pytest.fixture
def log(gateway: GatewayFile) -> Iterator[CallLog]:
    database = Database(location_of(gateway.path))
    yield CallLog(database)
    database.close()


def write(gateway: GatewayFile, count: int, at: datetime, seed: int = 1) -> None:
    random = Random(seed)
    statuses = [200, 204, 429, 500, None, "All connection attempts failed"]
    for n in range(count):
        gateway.call("a", at + timedelta(minutes=n), status=random.choice(statuses))


def counted(survey: LogSurvey) -> tuple[int, int]:
    return survey.month.total, survey.month.success


def by_sql(gateway: GatewayFile, until: str = "9999-12-31") -> tuple[int, int]:
    query = (
        "SELECT count(*), coalesce(sum(status_code BETWEEN 200 AND 299), 0) FROM t_request_log"
        " WHERE request_time >= ? AND request_time <= ?"
    )
    total, success = gateway.connection.execute(query, (f"{MONTH:%Y-%m-%d}", until)).fetchone()
    return total, success


def last_id(log: CallLog) -> int:
    bounds = log.bounds()
    return 0 if bounds is None else bounds[1]


def test_the_month_is_known_before_the_whole_log_is(gateway: GatewayFile, log: CallLog) -> None:
    write(gateway, 600, MONTH - timedelta(hours=20))
    write(gateway, 50, MONTH + timedelta(days=1))
    survey = LogSurvey(log, last_id(log), SINCE, MONTH)
    while not survey.is_month_known:
        survey.step()
    assert counted(survey) == by_sql(gateway) == (50, by_sql(gateway)[1])
    steps = 0
    while not survey.is_done:
        survey.step()
        steps += 1
    assert steps > 20
    assert counted(survey) == by_sql(gateway)


def test_a_pass_for_the_month_alone_ends_with_it(gateway: GatewayFile, log: CallLog) -> None:
    write(gateway, 600, MONTH - timedelta(hours=20))
    write(gateway, 10, MONTH + timedelta(days=1))
    survey = LogSurvey(log, last_id(log), SINCE, MONTH, whole_log=False)
    while not survey.is_done:
        survey.step()
    assert survey.bottom > 100
    assert counted(survey) == by_sql(gateway)
    survey.go_through_all()
    assert not survey.is_done


def test_what_is_added_meanwhile_is_counted_once(gateway: GatewayFile, log: CallLog) -> None:
    random = Random(3)
    survey = LogSurvey(log, last_id(log), SINCE, MONTH)
    for n in range(40):
        write(gateway, random.randint(0, 12), MONTH + timedelta(hours=n), seed=n)
        survey.extend(last_id(log))
        for _ in range(random.randint(0, 3)):
            survey.step()
    while not survey.is_month_known:
        survey.step()
    assert survey.is_caught_up
    assert counted(survey) == by_sql(gateway)


def test_a_row_that_is_committed_late_is_counted_once(gateway: GatewayFile, log: CallLog) -> None:
    at = MONTH + timedelta(days=1)
    for row_id in range(1, 61, 2):
        gateway.call("a", at, row_id=row_id)
    survey = LogSurvey(log, 59, SINCE, MONTH)
    for _ in range(2):
        survey.step()
    for row_id in (4, 56):  # below and above what has been counted
        gateway.call("a", at, row_id=row_id)
        survey.see_late(log.older(row_id - 1, row_id))
    while not survey.is_done:
        survey.step()
    assert counted(survey) == by_sql(gateway) == (32, 32)


def test_recent_rows_are_told_wherever_they_are(gateway: GatewayFile, log: CallLog) -> None:
    write(gateway, 30, MONTH)
    gateway.call("a", SINCE + timedelta(days=1))
    write(gateway, 30, MONTH + timedelta(days=1))
    survey = LogSurvey(log, last_id(log), SINCE, MONTH)
    found = []
    while not survey.is_done:
        block = survey.step()
        if block is not None and block.recent:
            found.append((block.first_id <= 31 <= block.last_id, block.recent))
    assert found == [(True, 1)]


def test_a_past_instant_counts_up_to_itself(gateway: GatewayFile, log: CallLog) -> None:
    write(gateway, 100, MONTH)
    until = MONTH + timedelta(minutes=42, seconds=30)
    survey = LogSurvey(log, last_id(log), SINCE, MONTH, until)
    while not survey.is_done:
        survey.step()
    assert counted(survey) == by_sql(gateway, f"{until:%Y-%m-%d %H:%M:%S.%f}")
    assert survey.month.total == 43


def test_an_empty_log(log: CallLog) -> None:
    survey = LogSurvey(log, 0, SINCE, MONTH)
    while not survey.is_done:
        survey.step()
    assert survey.is_month_known
    assert counted(survey) == (0, 0)
