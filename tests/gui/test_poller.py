"""The poller: one worker, nothing late, nothing lost, and an end that does not wait for a long read."""

import random
import threading
from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from keymon.errors import (
    AccountRefusedError,
    DatabaseAbsentError,
    ReadBrokenOffError,
    ServerUnreachableError,
)
from keymon.gui.poller import Poller, Source
from keymon.gui.request import Request
from keymon.locations import location_of
from keymon.monitor import Monitor, Snapshot
from tests.conftest import MakeGateway
from tests.gateway_file import key
from tests.gui.conftest import NOW

WAIT_S = 20.0


class WatchedMonitor(Monitor):
    """A real monitor that notes who uses it, and that a test can hold up before a refresh."""

    def __init__(self, path: Path, gate: threading.Event | None = None) -> None:
        super().__init__(location_of(path), UTC, now=lambda: NOW)
        self.gate = gate
        self.threads: set[str] = set()
        self.entered = threading.Event()
        self.refreshes = 0
        self.ended_by: BaseException | None = None
        self.closed = False

    def refresh(self, patience: float | None = None, progress: Callable[[int, float], None] | None = None) -> Snapshot:
        self.threads.add(threading.current_thread().name)
        self.entered.set()
        if self.gate is not None:
            assert self.gate.wait(WAIT_S)
        self.refreshes += 1
        try:
            return super().refresh(patience, progress)
        except BaseException as error:
            self.ended_by = error
            raise

    def error_text(self, key: str, started: object, latency_ms: int | None = None) -> str | None:
        self.threads.add(threading.current_thread().name)
        return super().error_text(key, started, latency_ms)  # type: ignore[arg-type]

    def close(self) -> None:
        self.threads.add(threading.current_thread().name)
        self.closed = True
        super().close()


@pytest.fixture
def poller(qtbot: QtBot) -> Iterator[Poller]:
    made = Poller(interval_ms=3_600_000)
    yield made
    made.stop()
    made.deleteLater()


def source(monitor: Monitor) -> Source:
    return Source("a gateway", lambda: monitor)


def test_all_work_is_done_by_one_worker_that_is_not_the_window_s(
    qtbot: QtBot, poller: Poller, make_gateway: MakeGateway
) -> None:
    monitor = WatchedMonitor(make_gateway([key(0)]).path)
    with qtbot.waitSignal(poller.refreshed):
        poller.follow(source(monitor))
    texts: list[str | None] = []
    poller.ask(Request(lambda monitor: monitor.error_text(key(0), NOW, 1_000), texts.append, unheard))
    qtbot.waitUntil(lambda: texts == [None])
    with qtbot.waitSignal(poller.refreshed):
        poller.refresh()
    poller.stop()
    assert monitor.closed
    assert len(monitor.threads) == 1
    assert monitor.threads.pop().startswith("keymon-worker")


def test_signals_arrive_in_the_window_s_thread(qtbot: QtBot, poller: Poller, make_gateway: MakeGateway) -> None:
    arrived: list[threading.Thread] = []
    poller.refreshed.connect(lambda _: arrived.append(threading.current_thread()))
    with qtbot.waitSignal(poller.refreshed):
        poller.follow(source(WatchedMonitor(make_gateway().path)))
    assert arrived == [threading.main_thread()]


def test_a_refresh_under_way_is_not_doubled(qtbot: QtBot, poller: Poller, make_gateway: MakeGateway) -> None:
    gate = threading.Event()
    monitor = WatchedMonitor(make_gateway().path, gate)
    with qtbot.waitSignal(poller.refreshed):
        poller.follow(source(monitor))
        for _ in range(5):
            poller.refresh()
        gate.set()
    with qtbot.waitSignal(poller.refreshed):
        poller.refresh()
    assert monitor.refreshes == 2


def test_what_arrives_late_is_dropped(qtbot: QtBot, poller: Poller, make_gateway: MakeGateway) -> None:
    """The first gateway's refresh has begun when the second is chosen; it fails, and nobody hears of it."""
    gate = threading.Event()
    first = WatchedMonitor(make_gateway(name="first.db").path, gate)
    second = WatchedMonitor(make_gateway(name="second.db").path)
    seen: list[str] = []
    failures: list[object] = []
    poller.refreshed.connect(lambda snapshot: seen.append(snapshot.database))
    poller.failed.connect(failures.append)
    with qtbot.waitSignal(poller.refreshed):
        poller.follow(source(first))
        assert first.entered.wait(WAIT_S)
        poller.follow(source(second))
        gate.set()
    assert [text.rpartition("/")[2] for text in seen] == ["second.db"]
    assert failures == []
    assert isinstance(first.ended_by, ReadBrokenOffError)
    assert first.closed


def test_an_answer_that_arrives_late_is_dropped(qtbot: QtBot, poller: Poller, make_gateway: MakeGateway) -> None:
    """It has been put on its way, complete, when another gateway is chosen."""
    first = WatchedMonitor(make_gateway(name="first.db").path)
    second = WatchedMonitor(make_gateway(name="second.db").path)
    seen: list[str] = []
    poller.refreshed.connect(lambda snapshot: seen.append(snapshot.database.rpartition("/")[2]))
    poller.follow(source(first))
    done = threading.Event()
    poller._worker.submit(done.set)
    assert done.wait(WAIT_S)
    assert first.refreshes == 1
    with qtbot.waitSignal(poller.refreshed):
        poller.follow(source(second))
    assert seen == ["second.db"]


def test_errors_become_failures_and_the_next_refresh_is_made(
    qtbot: QtBot, poller: Poller, make_gateway: MakeGateway, tmp_path: Path
) -> None:
    with qtbot.waitSignal(poller.failed) as failed:
        poller.follow(source(WatchedMonitor(tmp_path / "gateway.db")))
    assert failed.args is not None
    assert isinstance(failed.args[0], DatabaseAbsentError)
    make_gateway([key(0)])
    with qtbot.waitSignal(poller.refreshed):
        poller.refresh()


@pytest.mark.parametrize("error", [RuntimeError("ours"), OSError(5, "theirs"), MemoryError()])
def test_whatever_opening_raises_becomes_a_failure(qtbot: QtBot, poller: Poller, error: Exception) -> None:
    def broken() -> Monitor:
        raise error

    for _ in range(2):
        with qtbot.waitSignal(poller.failed) as failed:
            poller.follow(Source("broken", broken))
        assert failed.args == [error]


def test_stop_breaks_a_long_read_off(qtbot: QtBot, poller: Poller, make_gateway: MakeGateway) -> None:
    gateway = make_gateway([key(0)])
    rows = 60_000
    gateway.calls([(None, "2026-11-23 11:00:00.000000", "m", key(0), True, 200, 1)] * rows)
    monitor = WatchedMonitor(gateway.path)
    with qtbot.waitSignal(poller.progress) as progress:
        poller.follow(source(monitor))
    poller.stop()
    assert progress.args is not None
    assert progress.args[0] < rows
    assert isinstance(monitor.ended_by, ReadBrokenOffError)
    assert monitor.closed


def test_stop_closes_what_was_opened_and_can_be_repeated(
    qtbot: QtBot, poller: Poller, make_gateway: MakeGateway
) -> None:
    monitor = WatchedMonitor(make_gateway().path)
    ended = threading.Event()
    with qtbot.waitSignal(poller.refreshed):
        poller.follow(Source("a gateway", lambda: monitor, ended.set))
    poller.stop()
    poller.stop()
    poller.refresh()
    poller.pause(True)
    poller.pause(False)
    assert monitor.closed
    assert ended.is_set()
    assert monitor.refreshes == 1


def test_refreshes_by_itself_until_it_is_paused(qtbot: QtBot, make_gateway: MakeGateway) -> None:
    poller = Poller(interval_ms=1)
    monitor = WatchedMonitor(make_gateway().path)
    with qtbot.waitSignals([poller.refreshed] * 3):
        poller.follow(source(monitor))
    poller.pause(True)
    gate = threading.Event()
    poller._worker.submit(gate.set)
    assert gate.wait(WAIT_S)
    made = monitor.refreshes
    with qtbot.waitSignal(poller.refreshed):
        poller.refresh()
    assert made <= monitor.refreshes <= made + 1
    assert not poller._timer.isActive()
    with qtbot.waitSignals([poller.refreshed] * 2):
        poller.pause(False)
    poller.stop()
    poller.deleteLater()


def test_goes_on_by_itself_after_a_failure(qtbot: QtBot, tmp_path: Path) -> None:
    poller = Poller(interval_ms=1)
    with qtbot.waitSignals([poller.failed] * 3):
        poller.follow(source(WatchedMonitor(tmp_path / "absent.db")))
    poller.stop()
    poller.deleteLater()


# Rests


def failing(error: Exception) -> Source:
    def fail() -> Monitor:
        raise error

    return Source("failing", fail)


def rest_after(qtbot: QtBot, poller: Poller, act: Callable[[], object]) -> object:
    """Return the rest that is told after what `act` begins has failed."""
    with qtbot.waitSignal(poller.resting) as told:
        act()
    assert told.args is not None
    return told.args[0]


def test_a_gateway_has_an_interval_of_its_own(qtbot: QtBot, poller: Poller, make_gateway: MakeGateway) -> None:
    path = make_gateway().path
    with qtbot.waitSignals([poller.refreshed] * 3):
        poller.follow(Source("quick", lambda: WatchedMonitor(path), interval_ms=1))
    with qtbot.waitSignal(poller.refreshed):
        poller.follow(Source("usual", lambda: WatchedMonitor(path)))
    assert poller._timer.interval() == 3_600_000


def test_a_file_that_fails_is_looked_at_with_the_next_tick(qtbot: QtBot, poller: Poller, tmp_path: Path) -> None:
    absent = Source("absent", lambda: WatchedMonitor(tmp_path / "absent.db"), interval_ms=7_000)
    assert [rest_after(qtbot, poller, act) for act in (lambda: poller.follow(absent), poller.refresh)] == [7.0, 7.0]
    assert poller._timer.interval() == 7_000


def test_rests_grow_from_failure_to_failure_and_begin_anew_after_a_success(
    qtbot: QtBot, poller: Poller, make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random, "random", lambda: 0.5)
    wrong: list[Exception] = [ServerUnreachableError(database="x", reason="x")]
    monitor = WatchedMonitor(make_gateway().path)

    def open_if_it_can_be() -> Monitor:
        for error in wrong:
            raise error
        return monitor

    rests = [rest_after(qtbot, poller, lambda: poller.follow(Source("x", open_if_it_can_be)))]
    rests += [rest_after(qtbot, poller, poller.refresh) for _ in range(3)]
    assert [round(rest) for rest in rests if isinstance(rest, float)] == [1, 2, 3, 3]
    assert poller._timer.isActive()
    wrong.clear()
    with qtbot.waitSignal(poller.refreshed):
        poller.refresh()
    assert not poller._failures


def test_an_account_that_was_refused_is_tried_again_by_the_operator_only(qtbot: QtBot, poller: Poller) -> None:
    source = failing(AccountRefusedError(database="x", reason="x"))
    assert rest_after(qtbot, poller, lambda: poller.follow(source)) is None
    assert not poller._timer.isActive()
    assert rest_after(qtbot, poller, poller.refresh) is None
    assert not poller._timer.isActive()


def test_while_it_is_paused_a_failure_is_followed_by_no_try(qtbot: QtBot, poller: Poller, tmp_path: Path) -> None:
    absent = source(WatchedMonitor(tmp_path / "absent.db"))
    assert rest_after(qtbot, poller, lambda: poller.follow(absent)) is not None
    with qtbot.waitSignal(poller.resting) as told:
        poller.pause(True)
    assert told.args == [None]
    assert rest_after(qtbot, poller, poller.refresh) is None
    assert not poller._timer.isActive()


def test_who_answers_a_failure_with_another_try_hears_of_no_rest(qtbot: QtBot, poller: Poller, tmp_path: Path) -> None:
    told: list[object] = []
    poller.resting.connect(told.append)
    poller.failed.connect(poller.refresh)
    with qtbot.waitSignals([poller.failed] * 3):
        poller.follow(source(WatchedMonitor(tmp_path / "absent.db")))
    poller.failed.disconnect(poller.refresh)
    assert told == []


# Requests


def unheard(what: object) -> None:
    raise AssertionError(what)


def test_a_request_is_answered_in_the_window_s_thread(qtbot: QtBot, poller: Poller, make_gateway: MakeGateway) -> None:
    heard: list[object] = []

    def work(monitor: Monitor) -> tuple[Monitor, threading.Thread]:
        return monitor, threading.current_thread()

    def done(answer: tuple[Monitor, threading.Thread]) -> None:
        heard.extend([answer[0], answer[1].name.rpartition("_")[0], threading.current_thread()])

    monitor = WatchedMonitor(make_gateway().path)
    poller.follow(source(monitor))
    poller.ask(Request(work, done, heard.append))
    qtbot.waitUntil(lambda: bool(heard))
    assert heard == [monitor, "keymon-worker", threading.main_thread()]


def test_a_request_that_fails_tells_so(qtbot: QtBot, poller: Poller, make_gateway: MakeGateway) -> None:
    error, failures = OSError(5, "theirs"), list[object]()

    def work(_monitor: Monitor) -> None:
        raise error

    poller.follow(source(WatchedMonitor(make_gateway().path)))
    poller.ask(Request(work, unheard, failures.append))
    qtbot.waitUntil(lambda: bool(failures))
    assert failures == [error]


@pytest.mark.parametrize("cancelled", ["before it is asked", "while it is under way", "when it is answered"])
def test_nothing_is_heard_of_a_cancelled_request(
    qtbot: QtBot, poller: Poller, make_gateway: MakeGateway, cancelled: str
) -> None:
    worked: list[bool] = []

    def work(_monitor: Monitor) -> None:
        if cancelled == "while it is under way":
            request.cancel()
        worked.append(request.is_over)

    request = Request(work, unheard, unheard)
    with qtbot.waitSignal(poller.refreshed):
        poller.follow(source(WatchedMonitor(make_gateway().path)))
    if cancelled == "before it is asked":
        request.cancel()
    poller.ask(request)
    done = threading.Event()
    poller._worker.submit(done.set)
    assert done.wait(WAIT_S)
    request.cancel()
    with qtbot.waitSignal(poller.refreshed):
        poller.refresh()
    assert (
        worked == {"before it is asked": [], "while it is under way": [True], "when it is answered": [False]}[cancelled]
    )


def test_the_answer_of_a_gateway_that_was_left_is_dropped(
    qtbot: QtBot, poller: Poller, make_gateway: MakeGateway
) -> None:
    worked: list[Monitor] = []
    first = WatchedMonitor(make_gateway(name="first.db").path)
    with qtbot.waitSignal(poller.refreshed):
        poller.follow(source(first))
    poller.ask(Request(worked.append, unheard, unheard))
    done = threading.Event()
    poller._worker.submit(done.set)
    assert done.wait(WAIT_S)
    with qtbot.waitSignal(poller.refreshed):
        poller.follow(source(WatchedMonitor(make_gateway(name="second.db").path)))
    assert worked == [first]


def test_nobody_is_asked_where_nothing_is_followed(qtbot: QtBot, poller: Poller, tmp_path: Path) -> None:
    asked: list[Monitor] = []
    request = Request(asked.append, unheard, unheard)
    poller.ask(request)
    with qtbot.waitSignal(poller.failed):
        poller.follow(failing(DatabaseAbsentError(database="x")))
        poller.ask(request)
    with qtbot.waitSignal(poller.failed):
        poller.refresh()
    assert asked == []
