"""B: faults of a server while a widget waits for an answer to a request of its own: it says so, and asks again."""

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QLabel

from keymon.gui.errors_panel import ErrorsPanel
from tests.fault_proxy import Fault
from tests.faults.server_scene import A, Scene, scene

__all__ = ["scene"]

Hold = Callable[[Scene], Callable[[], bool]]
"""Keeps an answer back; returns what tells that one is kept back."""


def on_the_way(scene: Scene) -> Callable[[], bool]:
    scene.proxy.held.clear()
    scene.proxy.fault = Fault.SILENT
    return scene.proxy.held.is_set


def on_the_server(scene: Scene) -> Callable[[], bool]:
    scene.gateway.execute("LOCK TABLES t_error_logs WRITE")
    waiting = "SELECT id FROM information_schema.processlist WHERE user = 'reader' AND info LIKE '%%t_error_logs%%'"
    return lambda: bool(scene.gateway.execute(waiting))


def nothing(_scene: Scene) -> None:
    pass


def refuse(scene: Scene) -> None:
    scene.proxy.fault = Fault.REFUSED


def kill(scene: Scene) -> None:
    scene.gateway.server.kill()


def unlock(scene: Scene) -> None:
    scene.gateway.execute("UNLOCK TABLES")


FAULTS: dict[str, tuple[Hold, Callable[[Scene], None], Callable[[Scene], None], str]] = {
    "black hole": (on_the_way, nothing, Scene.mend_way, "no answer within 0.5 s"),
    "refused": (on_the_way, refuse, Scene.mend_way, "the server cannot be reached"),
    "killed": (on_the_server, kill, Scene.start_server_again, "the server"),
    "over the server's limit": (on_the_server, nothing, unlock, "no answer within 0.5 s"),
}


def panel_of_window(scene: Scene) -> ErrorsPanel:
    scene.window.panels.show_panel("errors")
    panel = scene.window.panels.panel("errors")
    assert isinstance(panel, ErrorsPanel)
    return panel


def panel_of_details(scene: Scene) -> ErrorsPanel:
    dialog = scene.window.open_details(A)
    titles = [dialog.tabs.tabText(n) for n in range(dialog.tabs.count())]
    dialog.tabs.setCurrentIndex(titles.index("&Errors"))
    return next(iter(dialog.findChildren(ErrorsPanel)))


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("open_panel", [panel_of_window, panel_of_details])
def test_errors_that_are_being_looked_for_are_found_afterwards(
    scene: Scene, open_panel: Callable[[Scene], ErrorsPanel], name: str
) -> None:
    hold, act, end, message = FAULTS[name]
    panel = looking(scene, hold, open_panel)
    act(scene)
    scene.qtbot.waitUntil(lambda: not panel.is_looking, timeout=20_000)
    assert message in panel.table._placeholder
    end(scene)
    scene.poller.pause(False)
    scene.wait_for(7)
    scene.qtbot.waitUntil(lambda: panel.listed is not None and len(panel.listed.rows) == 3, timeout=20_000)
    scene.model_testers(scene.window)


def looking(scene: Scene, hold: Hold, open_panel: Callable[[Scene], ErrorsPanel]) -> ErrorsPanel:
    """Open a panel of errors whose first question is not answered, while nothing else is asked."""
    scene.impatient()
    scene.gateway.errors([(A, "m", "x", f"failure {n}", 500, "{}", scene.now) for n in range(3)])
    scene.move_to_second_server()
    scene.follow()
    scene.wait_for(7)
    scene.poller.pause(True)
    scene.qtbot.waitUntil(lambda: not scene.poller._busy and not scene.poller._surveying)
    is_held = hold(scene)
    panel = open_panel(scene)
    scene.qtbot.waitUntil(is_held)
    assert panel.is_looking
    return panel


@pytest.mark.parametrize("name", FAULTS)
def test_a_text_that_is_being_looked_up_can_be_looked_up_again(scene: Scene, name: str) -> None:
    hold, act, end, message = FAULTS[name]
    panel = looking(scene, lambda _: lambda: True, panel_of_window)
    scene.qtbot.waitUntil(lambda: panel.listed is not None)
    is_held = hold(scene)
    panel._open_row(0)
    scene.qtbot.waitUntil(is_held)
    act(scene)

    def says(text: str) -> bool:
        return any(text in label.text() for label in panel.findChildren(QLabel))

    scene.qtbot.waitUntil(lambda: says(message), timeout=20_000)
    end(scene)
    scene.poller.pause(False)
    scene.wait_for(7)
    panel._open_row(0)
    scene.qtbot.waitUntil(lambda: says("failure"), timeout=20_000)
