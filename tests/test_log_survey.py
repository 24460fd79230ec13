"""The pass through the log, held against one query over the whole table."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keymon import call_log, database
from keymon.call_log import CallLog, LogRows
from keymon.database import Database
from keymon.errors import DatabaseLockedError
from keymon.log_survey import LogSurvey
from tests.gateway import Gateway, MakeAnyGateway, on_sqlite_only

MONTH = datetime(2026, 11, 1)
NOW = datetime(2026, 11, 23, 12)
SINCE = NOW - timedelta(hours=24)
HOUR = timedelta(hours=1)


class SurveyedLog:
    """A log whose calls come each some hours after the one before, from September on, and a survey of it."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.database = Database(gateway.location)
        self.log = CallLog(self.database)
        self.last_id = 0

    def add(self, *times: datetime | str | None, status: object = 200, gap: int = 1) -> None:
        """Log calls that started at these times."""
        rows = []
        for time in times:
            self.last_id += gap
            rows.append((self.last_id, time, "m", "a", status == 200, status, 0))
        self.gateway.calls(rows)

    def empty(self) -> None:
        self.gateway.empty_log()
        self.last_id = 0

    def begin(self, whole_log: bool = True, until: datetime | None = None, in_order: bool = True) -> LogSurvey:
        return LogSurvey(self.log, self.last_id, SINCE, MONTH, until, whole_log, in_order)

    def month_by_sql(self, until: datetime = datetime(9999, 12, 31)) -> tuple[int, int]:
        query = (
            "SELECT count(*), coalesce(sum(status_code BETWEEN 200 AND 299), 0) FROM t_request_log"
            " WHERE request_time >= '2026-11-01' AND request_time <= ?"
        )
        ((total, success),) = self.gateway.execute(query, (until,))
        return total, success


@pytest.fixture(autouse=True, scope="module")
def _small_blocks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(call_log, "SURVEY_ROWS", 4)
        yield


@pytest.fixture
def surveyed(make_any_gateway: MakeAnyGateway) -> Iterator[SurveyedLog]:
    made = SurveyedLog(make_any_gateway(["a"]))
    yield made
    made.database.close()


def counted(survey: LogSurvey) -> tuple[int, int]:
    return survey.month.total, survey.month.success


def is_known_and_done(survey: LogSurvey) -> tuple[bool, bool]:
    """Return whether the month is known, and whether nothing is left to count."""
    return survey.is_month_known, survey.is_done


def step_until(survey: LogSurvey, is_reached: Callable[[], bool]) -> int:
    steps = 0
    while not is_reached():
        survey.step()
        steps += 1
    return steps


def hours(first: datetime, count: int, each: int = 1) -> list[datetime]:
    return [first + each * HOUR * n for n in range(count)]


steps_and_calls = st.lists(
    st.one_of(
        st.just("step"),
        st.just("extend"),
        st.tuples(
            st.integers(1, 7),
            st.integers(0, 3 * 24),
            st.integers(1, 3),
            st.sampled_from([200, 204, 429, None, "refused"]),
        ),
    ),
    max_size=40,
)


@given(before=st.integers(0, 30), each=st.integers(1, 100), whole_log=st.booleans(), events=steps_and_calls)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_month_is_what_one_query_counts_whatever_comes_in_between(
    surveyed: SurveyedLog, before: int, each: int, whole_log: bool, events: list[str | tuple[int, int, int, object]]
) -> None:
    surveyed.empty()
    now = datetime(2026, 9, 20)
    for time in hours(now, before, each):
        surveyed.add(time, gap=1 + before % 3)
        now = time
    survey = surveyed.begin(whole_log)
    for event in events:
        if event == "step":
            survey.step()
        elif event == "extend":
            survey.extend(surveyed.last_id)
        elif isinstance(event, tuple):
            count, later, gap, status = event
            now += later * HOUR
            surveyed.add(*hours(now, count), status=surveyed.gateway.kept(status), gap=gap)
    survey.extend(surveyed.last_id)
    step_until(survey, lambda: survey.is_month_known)
    assert counted(survey) == surveyed.month_by_sql()
    step_until(survey, lambda: survey.is_done)
    assert counted(survey) == surveyed.month_by_sql()


def test_a_month_ends_where_the_survey_is_told(surveyed: SurveyedLog) -> None:
    surveyed.add(*hours(datetime(2026, 10, 31), 48))
    until = datetime(2026, 11, 1, 12)
    survey = surveyed.begin(until=until, whole_log=False)
    step_until(survey, lambda: survey.is_done)
    assert counted(survey) == surveyed.month_by_sql(until) == (13, 13)


def test_the_first_moment_of_a_month_is_in_it_and_what_has_no_time_is_not(surveyed: SurveyedLog) -> None:
    surveyed.add("2026-10-31 23:59:59.999999", "2026-11-01 00:00:00.000000", None, "0000-00-00 00:00:00", MONTH)
    survey = surveyed.begin()
    step_until(survey, lambda: survey.is_done)
    assert survey.month.total == 2


@on_sqlite_only("a server keeps no text as a time")
def test_what_has_a_text_for_a_time_is_in_no_month(surveyed: SurveyedLog) -> None:
    surveyed.add("", "no time", MONTH)
    survey = surveyed.begin()
    step_until(survey, lambda: survey.is_done)
    assert survey.month.total == 1


def test_an_empty_log(surveyed: SurveyedLog) -> None:
    survey = surveyed.begin()
    assert is_known_and_done(survey) == (False, False)
    assert survey.step() is None
    assert is_known_and_done(survey) == (True, True)
    surveyed.add(NOW)
    survey.extend(surveyed.last_id)
    assert is_known_and_done(survey) == (False, False)
    step_until(survey, lambda: survey.is_done)
    assert survey.month.total == 1


def test_the_month_is_known_before_the_log_below_it_has_been_gone_through(surveyed: SurveyedLog) -> None:
    surveyed.add(*hours(datetime(2026, 8, 1), 2_000, 1), *hours(MONTH, 40))
    survey = surveyed.begin()
    assert is_known_and_done(survey) == (False, False)
    # Ten blocks of the month, and fifty in which the search for its beginning has not gone on.
    assert step_until(survey, lambda: survey.is_month_known) <= 65
    assert survey.month.total == 40
    assert is_known_and_done(survey) == (True, False)
    only_month = surveyed.begin(whole_log=False)
    assert is_known_and_done(only_month) == (False, False)
    step_until(only_month, lambda: only_month.is_month_known)
    assert is_known_and_done(only_month) == (True, True)
    assert only_month.step() is None


def test_what_is_new_is_counted_first(surveyed: SurveyedLog) -> None:
    surveyed.add(*hours(MONTH, 40))
    survey = surveyed.begin()
    survey.step()
    caught_up = [survey.is_caught_up]
    surveyed.add(NOW, NOW, NOW)
    survey.extend(surveyed.last_id)
    caught_up.append(survey.is_caught_up)
    block = survey.step()
    assert block is not None
    assert (block.first_id, block.last_id, block.recent) == (41, 43, 3)
    assert [*caught_up, survey.is_caught_up] == [True, False, True]
    assert not survey.is_month_known


def test_rows_dated_recently_are_seen_wherever_they_are(surveyed: SurveyedLog) -> None:
    surveyed.add(*hours(datetime(2026, 8, 1), 30), NOW, *hours(datetime(2026, 8, 3), 50))
    survey = surveyed.begin()
    recent = []
    while not survey.is_done:
        block = survey.step()
        if block is not None and block.recent:
            recent.append(block)
    assert [(block.recent, block.first_id <= 31 <= block.last_id) for block in recent] == [(1, True)]


def test_in_a_log_out_of_order_the_month_is_looked_for_everywhere(surveyed: SurveyedLog) -> None:
    surveyed.add(*hours(MONTH, 60), *hours(datetime(2026, 8, 1), 300), *hours(MONTH, 60))
    in_order, survey = surveyed.begin(), surveyed.begin(whole_log=False, in_order=False)
    step_until(in_order, lambda: in_order.is_done)
    assert in_order.month.total == 60
    step_until(survey, lambda: survey.is_month_known)
    assert survey.month.total == 120


@on_sqlite_only("a server's writers hold back no reader")
def test_a_block_that_could_not_be_counted_is_counted_the_next_time(
    surveyed: SurveyedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_PATIENCE_S", 0.0)
    surveyed.add(*hours(MONTH, 10))
    survey = surveyed.begin()
    survey.step()
    surveyed.gateway.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DatabaseLockedError):
        survey.step()
    surveyed.gateway.execute("ROLLBACK")
    step_until(survey, lambda: survey.is_done)
    assert survey.month.total == 10


# Rows that a server commits late


def late_row(surveyed: SurveyedLog, *ids: int) -> LogRows:
    for row_id in ids:
        surveyed.gateway.call("a", NOW, "m", 200, 0, row_id)
    return call_log.in_columns([(row_id, NOW, "m", "a", 200, 0) for row_id in ids])


@pytest.mark.parametrize("steps", range(8))
@pytest.mark.parametrize("is_counted_already", [True, False])
def test_late_rows_are_neither_lost_nor_doubled(surveyed: SurveyedLog, steps: int, is_counted_already: bool) -> None:
    """Some lie in blocks that have been counted, some in one that has not, and some came before the count."""
    surveyed.add(*hours(NOW, 20), gap=3)
    survey = surveyed.begin()
    if is_counted_already:
        rows = late_row(surveyed, 2, 25, 47, 59)
        for _ in range(steps):
            survey.step(settled=0)
    else:
        for _ in range(steps):
            survey.step(settled=0)
        rows = late_row(surveyed, 2, 25, 47, 59)
    survey.see_late(rows)
    step_until(survey, lambda: survey.is_done)
    assert survey.month.total == 24


def test_a_late_row_in_a_stretch_that_held_nothing(surveyed: SurveyedLog) -> None:
    surveyed.add(NOW)
    survey = surveyed.begin()
    step_until(survey, lambda: survey.is_done)
    survey.extend(9)
    assert survey.step(settled=0) is None
    assert is_known_and_done(survey) == (True, True)
    survey.see_late(late_row(surveyed, 5))
    assert is_known_and_done(survey) == (False, False)
    step_until(survey, lambda: survey.is_done)
    assert survey.month.total == 2


def test_blocks_in_which_no_row_is_expected_any_more_are_forgotten(surveyed: SurveyedLog) -> None:
    surveyed.add(*hours(NOW, 100))
    survey = surveyed.begin()
    held: list[int] = []
    for last in range(100, 200, 10):
        survey.extend(last)
        while not is_known_and_done(survey)[1]:
            survey.step(settled=last - 10)
            held.append(len(survey._unsettled))
        surveyed.add(*hours(NOW, 10))
    assert max(held) <= 4
