"""I: the end of the window, whatever it is doing: nothing is waited for, and nothing is left."""

import threading
from collections.abc import Callable
from datetime import UTC

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from keymon import database as database_module
from keymon.gui.main_window import MainWindow
from keymon.gui.poller import Source
from keymon.gui.request import Request
from keymon.locations import location_of
from keymon.monitor import Monitor, Snapshot
from tests.conftest import MakeGateway
from tests.fault_proxy import Fault
from tests.faults.conftest import StartWriter
from tests.faults.server_scene import FOR_EVER_S, HANGS, A, Scene, scene
from tests.gateway_file import key
from tests.gui.conftest import NOW, Bench

__all__ = ["scene"]


@pytest.fixture
def hung(scene: Scene, request: pytest.FixtureRequest) -> Scene:
    """A window whose worker waits for an answer that does not come, and which goes on working meanwhile."""
    scene.patch.setattr(database_module, "READ_LIMIT_S", FOR_EVER_S)
    hangs = HANGS[request.param](scene)
    scene.follow()
    scene.qtbot.waitUntil(hangs)
    heartbeat = QTimer(scene.window)
    with scene.qtbot.waitSignals([heartbeat.timeout] * 3):
        heartbeat.start(0)
    heartbeat.stop()
    assert scene.poller._busy
    assert scene.used_by_workers_only
    return scene


@pytest.mark.parametrize("hung", HANGS, indirect=True)
def test_closing_the_window_does_not_wait_for_an_answer(hung: Scene) -> None:
    hung.window.close()
    assert not [one for one in threading.enumerate() if one.name.startswith("keymon-worker")]


@pytest.mark.parametrize("hung", HANGS, indirect=True)
def test_another_gateway_does_not_wait_for_an_answer(hung: Scene, make_gateway: MakeGateway) -> None:
    path = make_gateway([A]).path
    with hung.qtbot.waitSignal(hung.poller.refreshed):
        hung.window.follow(Source("a file", lambda: Monitor(location_of(path), UTC, now=lambda: NOW)))
    assert hung.window.summary.total.figure == "1"


def test_closing_the_window_between_two_tries_ends_the_count(scene: Scene) -> None:
    scene.proxy.fault = Fault.REFUSED
    with scene.qtbot.waitSignal(scene.poller.resting):
        scene.follow()
    scene.window.close()
    assert not any(timer.isActive() for timer in scene.window.findChildren(QTimer))


def test_closing_the_window_twice_in_the_middle_of_a_query(scene: Scene, start_writer: StartWriter) -> None:
    scene.call(times=20_000)
    start_writer(scene.gateway)
    shown: list[object] = []
    scene.poller.refreshed.connect(shown.append)
    with scene.qtbot.waitSignal(scene.poller.progress):
        scene.follow()
    seen = len(shown)
    scene.window.close()
    scene.window.close()
    QApplication.processEvents()
    assert len(shown) == seen


def test_closing_the_window_in_the_middle_of_a_refresh(bench: Bench, start_writer: StartWriter) -> None:
    gateway = bench.gateway()
    gateway.calls([(None, "2026-11-23 11:00:00.000000", "m", key(0), True, 200, 1)] * 50_000)
    start_writer(gateway)
    shown: list[object] = []
    bench.poller.refreshed.connect(shown.append)
    with bench.qtbot.waitSignal(bench.poller.progress):
        bench.window.follow(bench.source(gateway.path))
    bench.window.close()
    bench.window.close()
    QApplication.processEvents()
    assert shown == []


# A worker that raises

RAISED = [
    RuntimeError("pw-canary"),
    MemoryError(),
    RecursionError("maximum recursion depth exceeded"),
    OSError(24, "Too many open files"),
    ValueError("pw-canary"),
    UnicodeDecodeError("utf-8", b"pw-canary", 0, 1, "invalid start byte"),
    AssertionError("pw-canary"),
    SystemExit(3),
    KeyboardInterrupt(),
    GeneratorExit(),
]


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("when", ["at first", "later"])
def test_whatever_a_worker_raises_is_told_and_passes(
    bench: Bench, model_testers: Callable[[MainWindow], None], when: str, error: BaseException
) -> None:
    gateway, wrong = bench.gateway(), [error]

    class Broken(Monitor):
        def refresh(self, *arguments: object) -> Snapshot:
            for one in wrong:
                raise one
            return super().refresh(*arguments)  # type: ignore[arg-type]

    source = Source("a gateway", lambda: Broken(location_of(gateway.path), UTC, now=lambda: NOW))
    if when == "later":
        wrong.clear()
        with bench.qtbot.waitSignal(bench.poller.refreshed):
            bench.window.follow(source)
        wrong.append(error)
    with bench.qtbot.waitSignal(bench.poller.resting):
        bench.poller.refresh() if when == "later" else bench.window.follow(source)
    assert bench.window.banner.isVisible()
    assert "canary" not in bench.window.banner.text
    assert (bench.window.snapshot is None) == (when == "at first")
    wrong.clear()
    bench.refresh()
    assert not bench.window.banner.isVisible()
    model_testers(bench.window)


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_whatever_the_answer_to_a_request_raises_is_told_to_who_asked(bench: Bench, error: BaseException) -> None:
    def work(_monitor: Monitor) -> None:
        raise error

    bench.follow(bench.gateway())
    failures: list[object] = []
    bench.poller.ask(Request(work, failures.append, failures.append))
    bench.qtbot.waitUntil(lambda: failures == [error])
    bench.refresh()
