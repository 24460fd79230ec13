"""Values that no gateway should hold, in every column: each call is counted, or it is told that it cannot be."""

import itertools
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pymysql
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtWidgets import QLabel

from keymon.errors import TimesUnreadableNotice
from keymon.gui.errors_panel import ErrorsPanel
from keymon.gui.main_window import MainWindow
from keymon.gui.panels import KINDS
from keymon.monitor import Monitor, Snapshot
from keymon.trend import HOUR
from tests.conftest import MakeGateway
from tests.faults.canaries import invisible
from tests.faults.walker import texts_everywhere
from tests.gateway import Gateway, MakeAnyGateway
from tests.gateway_file import GatewayFile, key
from tests.gui.conftest import NOW, Bench

A, B = key(0), key(1)
TIME = NOW.replace(tzinfo=None)
DAY = timedelta(hours=24)

VALUES: dict[str, object] = {
    "NULL": None,
    "empty": "",
    "blank": "  ",
    "zero": 0,
    "negative": -1,
    "2^31": 2**31,
    "2^63-1": 2**63 - 1,
    "2^63": float(2**63),
    "-2^63": -(2**63),
    "fraction": 200.5,
    "infinite": float("inf"),
    "minus infinite": float("-inf"),
    "not a number": float("nan"),
    "text": "All connection attempts failed",
    "digits": "200",
    "blob": b"\x00\x01\x02",
    "blob that is no UTF-8": b"\xff\xfe200",
    "text that is no UTF-8": sqlite3.Binary(b"\xc3\x28"),
    "NUL": "a\0b",
    "emoji": "\U0001f511\u200d\U0001f525",
    "combining": "Z\u0351\u036b\u0343\u0329",
    "lone surrogate": b"\xed\xa0\x80",
    "right-to-left override": "\u202egnp.exe",
    "markup": "<b>x</b><img src=x>",
    "1 MB": "m" * 1_000_000,
    "1 MB of a hostile one": "://a:" * 200_000,
}
AS_TEXT = {"text that is no UTF-8", "lone surrogate"}
"""Bytes that are stored as text, which they are not."""
COLUMNS = ("request_time", "model_name", "api_key", "status_code", "latency_ms")


def insert(gateway: Gateway, name: str, column: str, at: datetime = TIME - timedelta(minutes=1)) -> None:
    """Log a call of A with an odd value in one column; a test is over where the database takes no such value."""
    row = {"request_time": at, "model_name": "m", "api_key": A, "status_code": 200, "latency_ms": 100}
    row = {**row, "is_success": 1, column: VALUES[name]}
    places = ("CAST(? AS TEXT)" if name in AS_TEXT and one == column else "?" for one in row)
    if not isinstance(gateway, GatewayFile) and name in AS_TEXT:
        pytest.skip("a server keeps no such text")
    try:
        gateway.execute(
            f"INSERT INTO t_request_log ({', '.join(row)}) VALUES ({', '.join(places)})", tuple(row.values())
        )
    except (pymysql.Error, OverflowError, ValueError) as refused:
        pytest.skip(f"the server takes no such value: {type(refused).__name__}")


@contextmanager
def followed(gateway: Gateway) -> Iterator[Monitor]:
    monitor = Monitor(gateway.location, UTC, now=lambda: NOW)
    try:
        yield monitor
    finally:
        monitor.close()


def unreadable(snapshot: Snapshot) -> int:
    """Return how many calls a notice says to be in no figure."""
    return sum(int(str(one.fields["count"])) for one in snapshot.notices if isinstance(one, TimesUnreadableNotice))


def holds_together(snapshot: Snapshot, logged: int) -> None:
    """Every figure of all calls comes to what was logged, less what a notice tells of."""
    stats, counted = snapshot.stats, logged - unreadable(snapshot)
    assert snapshot.calls_24h is not None
    assert snapshot.calls_24h.total == counted
    assert sum(one.success + one.failure for one in stats.models()) == counted
    assert sum(stats.failures().values()) == snapshot.calls_24h.failure
    named = [row.calls.total for one in stats._calls.keys if one for row in stats.usage(one)]
    assert sum(named) + stats.outside().keyless == counted
    trend = stats.trend(24 * HOUR)
    assert int(trend.success.sum() + trend.failure.sum()) == counted


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("name", VALUES)
def test_a_call_with_an_odd_value_is_counted_or_told_of(
    make_any_gateway: MakeAnyGateway, name: str, column: str
) -> None:
    gateway = make_any_gateway([A, B])
    gateway.calls([(None, TIME - timedelta(minutes=n), "m", B, True, 200, 100) for n in range(5, 2, -1)])
    insert(gateway, name, column)
    with followed(gateway) as monitor:
        snapshot = monitor.refresh()
        assert unreadable(snapshot) == (column == "request_time")
        holds_together(snapshot, 4)
        gateway.call(B, TIME)
        holds_together(monitor.refresh(), 5)


def test_a_window_with_all_of_them_shows_and_counts_every_one(
    bench: Bench, model_testers: Callable[[MainWindow], None]
) -> None:
    gateway = bench.gateway(2)
    model_testers(bench.window)
    for at, (column, name) in enumerate(itertools.product(COLUMNS, VALUES)):
        insert(gateway, name, column, TIME - timedelta(minutes=1, seconds=at))
    values = [VALUES[name] for name in VALUES if name not in AS_TEXT]
    gateway.errors([(one, one, one, one, one, one, TIME - timedelta(minutes=1)) for one in values])
    gateway.errors([(A, "m", "kind", "said", 500, None, one) for one in values])
    with bench.qtbot.waitSignal(bench.poller.refreshed, timeout=30_000):
        bench.window.follow(bench.source(gateway.path))
    snapshot = bench.snapshot
    assert unreadable(snapshot) == len(VALUES)
    assert f"{len(VALUES)}" in " ".join(label.text() for label in bench.window.banner.findChildren(QLabel))
    holds_together(snapshot, len(COLUMNS) * len(VALUES))
    for kind in KINDS:
        bench.window.panels.show_panel(kind.name)
        bench.settle()
    errors = bench.window.panels.panel("errors")
    assert isinstance(errors, ErrorsPanel)
    bench.qtbot.waitUntil(lambda: not errors.is_looking)
    dialog = bench.window.open_details(A)
    for tab in range(dialog.tabs.count()):
        dialog.tabs.setCurrentIndex(tab)
        bench.settle()
    assert [str(one) for one in texts_everywhere() if invisible(one.text) or one.is_rich] == []
    bench.refresh()


odd = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(199, 301),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.binary(max_size=20),
    st.sampled_from([A, B, "m"]),
)
times = st.one_of(odd, st.integers(1, 1_430).map(lambda n: f"{TIME - timedelta(minutes=n):%Y-%m-%d %H:%M:%S}"))
rows = st.lists(st.tuples(times, odd, odd, odd, odd), max_size=30)


def test_any_rows_are_counted_as_naively(make_gateway: MakeGateway) -> None:
    gateway = make_gateway([A, B])

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(rows)
    def counted_as_naively(logged: list[tuple[object, object, object, object, object]]) -> None:
        gateway.empty_log()
        gateway.calls([(None, at, model, who, 1, status, ms) for at, model, who, status, ms in logged])
        expected: Counter[tuple[object, object]] = Counter()
        success = without_time = 0
        stored = gateway.execute("SELECT request_time, api_key, model_name, status_code FROM t_request_log")
        for at, who, model, status in stored:
            if not is_recent(at):
                without_time += not is_time(at)
                continue
            expected[as_seen(who), as_seen(model)] += 1
            success += isinstance(status, int) and 200 <= status < 300
        with followed(gateway) as monitor:
            snapshot = monitor.refresh()
        assert unreadable(snapshot) == without_time
        assert snapshot.calls_24h is not None
        assert (snapshot.calls_24h.success, snapshot.calls_24h.total) == (success, expected.total())
        found: Counter[tuple[object, object]] = Counter()
        for who in {who for who, _ in expected if who is not None}:
            for row in snapshot.stats.usage(str(who)):
                found[who, row.model] += row.calls.total
        assert found == Counter({pair: n for pair, n in expected.items() if pair[0] is not None})

    counted_as_naively()


def is_time(at: object) -> bool:
    try:
        return isinstance(at, str) and at[:1].isdigit() and 1900 <= datetime.fromisoformat(at).year < 9000
    except ValueError:
        return False


def is_recent(at: object) -> bool:
    return is_time(at) and datetime.fromisoformat(str(at)).replace(tzinfo=None) >= TIME - DAY


def as_seen(value: object) -> str | None:
    """Return a key or a model as a text, as it was stored."""
    if value is None:
        return None
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
