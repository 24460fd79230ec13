"""What is garbage of Qt's is destroyed in the window's thread, whoever makes objects meanwhile."""

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from keymon.gui.garbage import Garbage


@pytest.fixture(autouse=True)
def _as_python_does() -> Iterator[None]:
    """Begin as a process does, and go on as the other tests do."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.enable()
    yield
    if not was_enabled:
        gc.disable()


class Part(QObject):
    """Something of Qt's that refers to itself, as parts of a dialog do to each other."""

    def __init__(self) -> None:
        super().__init__()
        self.itself = self


def make_many_objects() -> None:
    """Make so many that Python would look for garbage."""
    kept = [[number] for number in range(50_000)]
    assert len(kept) == 50_000


def test_garbage_is_destroyed_in_the_thread_of_the_window(qtbot: QtBot) -> None:
    parent = QObject()
    Garbage(parent)
    destroyed: list[threading.Thread] = []
    for _ in range(100):
        weakref.finalize(Part(), lambda: destroyed.append(threading.current_thread()))
    worker = threading.Thread(target=make_many_objects)
    worker.start()
    worker.join()
    assert destroyed == []
    qtbot.waitUntil(lambda: len(destroyed) == 100)
    assert set(destroyed) == {threading.main_thread()}


def test_old_garbage_is_found_too(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    parent = QObject()
    Garbage(parent)
    destroyed: list[int] = []
    old = Part()
    for generation in (0, 1):
        gc.collect(generation)
    weakref.finalize(old, lambda: destroyed.append(1))
    del old
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, 1_000))
    qtbot.waitUntil(lambda: destroyed == [1])
