"""The welcome page: four ways to a gateway, each by mouse and by keyboard."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from keymon.gui.welcome import WelcomePage
from tests.gui.conftest import Bench, MakeWindow

WAYS = ["connection_wanted", "file_wanted", "env_wanted", "demo_wanted"]


@pytest.fixture
def page(qtbot: QtBot) -> Iterator[WelcomePage]:
    made = WelcomePage()
    made.show()
    yield made
    made.close()
    made.deleteLater()


@pytest.mark.parametrize("number", range(4))
def test_four_ways_to_a_gateway(qtbot: QtBot, page: WelcomePage, number: int) -> None:
    button = page.findChildren(QPushButton)[number]
    signals = [getattr(page, name) for name in WAYS]
    asked: list[str] = []
    for name, signal in zip(WAYS, signals, strict=True):
        signal.connect(lambda *_, name=name: asked.append(name))
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    QTest.keyClick(button, Qt.Key.Key_Space)
    assert asked == [WAYS[number]] * 2
    assert "&" in button.text()


def test_the_window_begins_with_it_and_leaves_it_for_a_gateway(bench: Bench) -> None:
    assert bench.window.welcome.isVisible()
    bench.follow(bench.gateway())
    assert not bench.window.welcome.isVisible()


def test_the_demo_can_be_asked_for_from_here(qtbot: QtBot, make_window: MakeWindow) -> None:
    window, _ = make_window()
    with qtbot.waitSignal(window.demo_chosen):
        QTest.mouseClick(window.welcome.findChildren(QPushButton)[3], Qt.MouseButton.LeftButton)
