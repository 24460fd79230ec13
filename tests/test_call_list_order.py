"""Lists of single calls: in whatever order they were logged and however few are looked at, the newest come first."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keymon import call_list
from keymon.call_list import CallFilter
from keymon.call_log import in_columns
from keymon.call_window import CallWindow
from keymon.gateway_clock import GatewayClock
from keymon.gateway_settings import GatewaySettings
from keymon.stats import DAY, StatsService
from tests.gateway_file import key

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
A, B = key(1), key(2)
STATUSES = (200, 204, 429, None, "refused", "lost")

Made = tuple[int, str, str | None, object]
"""(how many minutes ago, key, model, status)."""


def stats_of(calls: Sequence[Made]) -> StatsService:
    """Return the statistics of calls that were logged in this order."""
    window = CallWindow(GatewayClock(UTC, "set"))
    rows = [
        (i, f"{NOW - timedelta(minutes=ago):%Y-%m-%d %H:%M:%S}", model, one, status, 0)
        for i, (ago, one, model, status) in enumerate(calls)
    ]
    window.add(in_columns(rows), NOW - 2 * DAY)
    return StatsService(window.calls, GatewaySettings((A, B)), NOW)


def expected(calls: Sequence[Made], wanted: CallFilter) -> list[int]:
    """Return the ids of the wanted calls, newest first; of those that started at once, those logged last."""
    found = [
        (-ago, i)
        for i, (ago, one, model, status) in enumerate(calls)
        if timedelta(minutes=ago) <= wanted.period
        and wanted.key in {None, one}
        and one.endswith(wanted.ending)
        and (wanted.model is None or wanted.model[0] == model)
        and (wanted.status is None or wanted.status[0] == status)
        and not (wanted.only_failures and status in {200, 204})
    ]
    return [i for _, i in sorted(found, reverse=True)]


some_calls = st.lists(
    st.tuples(
        st.integers(-5, 26 * 60) | st.integers(0, 3),
        st.sampled_from([A, B]),
        st.sampled_from(["gemini-2.5-pro", "gemini-2.5-flash", None]),
        st.sampled_from(STATUSES),
    ),
    max_size=40,
)
parts: list[tuple[str, object]] = [
    *(("period", timedelta(hours=hours)) for hours in (1, 8)),
    *(("key", one) for one in (A, key(9))),
    *(("ending", ending) for ending in (B[-3:], "nobody")),
    *(("model", (model,)) for model in ("gemini-2.5-pro", None, "unheard of")),
    *(("status", (status,)) for status in (200, 429, None, "refused", "lost", "unheard of", -1, -2, 2**40)),
    ("only_failures", True),
]
# No more than two at once: through all of them hardly a call would come.
filters = st.lists(st.sampled_from(parts), max_size=2).map(lambda chosen: CallFilter(**dict(chosen)))  # type: ignore[arg-type]


@given(calls=some_calls, wanted=filters)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_wanted_comes_newest_first(
    monkeypatch: pytest.MonkeyPatch, calls: list[Made], wanted: CallFilter
) -> None:
    monkeypatch.setattr(call_list, "_LAST", 5)
    ids = expected(calls, wanted)
    listed = stats_of(calls).call_list(wanted)
    assert len(listed) == len(ids)
    assert [listed[place].id for place in range(len(listed))] == ids
    newer = sum(calls[i][0] < 2 for i in ids)
    assert listed.later_than(NOW - timedelta(minutes=2)) == newer


def test_the_last_is_counted_from_the_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_list, "_LAST", 2)
    listed = stats_of([(30, A, None, 200), (20, A, None, 200), (10, A, None, 200)]).call_list(CallFilter())
    assert listed[-1].started == NOW - timedelta(minutes=30)


def test_only_the_newest_are_sorted_until_others_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_list, "_LAST", 10)
    listed = stats_of([(1_000 - i, A, None, 200) for i in range(1_000)]).call_list(CallFilter())
    assert [listed[place].id for place in range(10)] == list(range(999, 989, -1))
    assert "indexes" not in vars(listed)
    assert listed[10].id == 989
    assert "indexes" in vars(listed)
