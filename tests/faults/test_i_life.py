"""I: the end of the window, whatever it is doing: nothing is waited for, and nothing is left."""

import threading
from datetime import UTC

import pytest
from PySide6.QtCore import QTimer

from keymon import database as database_module
from keymon.gui.poller import Source
from keymon.locations import location_of
from keymon.monitor import Monitor
from tests.conftest import MakeGateway
from tests.fault_proxy import Fault
from tests.faults.server_scene import FOR_EVER_S, HANGS, A, Scene, scene
from tests.gui.conftest import NOW

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
