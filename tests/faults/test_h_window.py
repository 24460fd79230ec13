"""H: in the window: ages, rests, banners and secrets, whatever befalls clocks, and after a night's sleep."""

import ast
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

import keymon
from keymon import steady_clock
from keymon.gui import lapse as lapse_module
from keymon.gui.banner import Banner
from keymon.gui.clipboard import SecretClipboard
from keymon.gui.details_dialog import DetailsDialog
from keymon.gui.lapse import Lapse
from keymon.gui.main_window import MainWindow
from keymon.locations import location_of
from keymon.monitor import Monitor
from tests.gateway_file import key
from tests.gui.conftest import NOW, Bench, call

NIGHT_S = 8 * 3600.0
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STEPS = {
    "an hour forward": HOUR,
    "an hour back": -HOUR,
    "a day forward": DAY,
    "a day back": -DAY,
    "by decades back": -19_000 * DAY,
    "by decades forward": 27_000 * DAY,
}


class Steady:
    """The steady clock in our hands."""

    def __init__(self) -> None:
        self.s = 1000.0


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> Steady:
    made = Steady()
    monkeypatch.setattr(steady_clock, "steady_s", lambda: made.s)
    return made


def age(window: MainWindow) -> str:
    window.status_line._show_age()
    return " ".join(one.text() for one in window.status_line.findChildren(QLabel))


# Ages


@pytest.mark.parametrize("step", STEPS.values(), ids=list(STEPS))
def test_the_age_of_figures_does_not_go_by_a_clock_that_is_set(bench: Bench, steady: Steady, step: timedelta) -> None:
    bench.follow(bench.gateway())
    bench.now += step
    steady.s += 70
    assert "Updated a minute ago" in age(bench.window)
    bench.refresh()
    assert "Updated now" in age(bench.window)
    bench.poller.pause(True)
    steady.s += 70
    assert "Paused, updated a minute ago" in age(bench.window)


def test_the_age_of_figures_goes_on_in_sleep(bench: Bench, steady: Steady) -> None:
    bench.follow(bench.gateway())
    steady.s += NIGHT_S
    assert "Updated 8 hours ago" in age(bench.window)


# One catch-up


def test_after_a_night_there_is_one_refresh_with_all_figures(
    bench: Bench, steady: Steady, model_testers: Callable[[MainWindow], None]
) -> None:
    gateway = bench.gateway()
    call(gateway, 1, 5)
    bench.follow(gateway)
    model_testers(bench.window)
    began: list[None] = []
    bench.poller.started.connect(lambda: began.append(None))
    bench.now += 8 * HOUR
    steady.s += NIGHT_S
    call(gateway, 1, 300, ago=timedelta(hours=-1))
    with bench.qtbot.waitSignal(bench.poller.refreshed):
        bench.poller._timer.start(0)  # what was left of its rest when the computer fell asleep has passed
    bench.settle()
    assert len(began) == 1
    assert bench.window.summary.day.figure == "305"
    assert not bench.window.banner.isVisible()
    timer = bench.poller._timer
    assert timer.isSingleShot()
    assert timer.isActive()
    assert timer.remainingTime() > timer.interval() / 2


def test_after_a_night_in_the_middle_of_a_rest_the_next_try_comes_once(bench: Bench, steady: Steady) -> None:
    gateway = bench.gateway()
    call(gateway, 1, 5)
    bench.follow(gateway)
    away = gateway.path.with_name("away.db")
    gateway.path.rename(away)
    with bench.qtbot.waitSignal(bench.poller.failed):
        bench.poller.refresh()
    assert "Stale since" in age(bench.window)
    began: list[None] = []
    bench.poller.started.connect(lambda: began.append(None))
    bench.now += 8 * HOUR
    steady.s += NIGHT_S
    away.rename(gateway.path)
    assert "Stale since" in age(bench.window)
    with bench.qtbot.waitSignal(bench.poller.refreshed):
        bench.poller._timer.start(0)
    bench.settle()
    assert len(began) == 1
    assert "Updated now" in age(bench.window)
    assert not bench.window.banner.isVisible()


@pytest.mark.parametrize("step", STEPS.values(), ids=list(STEPS))
def test_a_countdown_does_not_go_by_a_clock_that_is_set(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, steady: Steady, step: timedelta
) -> None:
    banner = Banner()
    qtbot.addWidget(banner)
    banner.show_rest(30.0)
    before = banner.next_try
    steady.s += step.total_seconds()
    monkeypatch.setattr("time.time", lambda: NOW.timestamp() + step.total_seconds())
    banner._count_down()
    assert before == "Next try in 30 s"
    assert banner.next_try in {before, "Next try in 29 s"}
    banner.clear()


# What was measured is told


def test_a_clock_that_is_set_is_told_with_what_was_measured(bench: Bench, steady: Steady) -> None:
    gateway = bench.gateway()
    call(gateway, 1, 5)
    source = bench.source(gateway.path)
    opened: list[Monitor] = []

    def open_monitor() -> Monitor:
        opened.append(Monitor(location_of(gateway.path), now=lambda: bench.now, steady=lambda: steady.s))
        return opened[-1]

    with bench.qtbot.waitSignal(bench.poller.refreshed):
        bench.window.follow(type(source)(source.title, open_monitor))
    bench.now += HOUR + timedelta(minutes=3)
    bench.refresh()
    assert "set forward by 1 h 3 min" in bench.window.banner.text
    bench.now -= HOUR + timedelta(minutes=3)
    bench.refresh()
    assert "was set" not in bench.window.banner.text


def test_a_gateway_ahead_is_told_with_what_was_measured(bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 1, 5, ago=timedelta(minutes=-7))
    bench.follow(gateway)
    assert "0 h 7 min ahead of this computer's time" in bench.window.banner.text


# What must not outlast its time on a desk


@pytest.fixture
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lapse_module, "_LOOK_MS", 1)


def looks(lapse: Lapse, qtbot: QtBot) -> None:
    """Wait until it has looked, twice."""
    with qtbot.waitSignals([lapse._look_timer.timeout] * 2):
        pass


@pytest.fixture
def secret(qtbot: QtBot) -> Iterator[SecretClipboard]:
    made = SecretClipboard()
    yield made
    made.clear()
    made.deleteLater()


@pytest.mark.usefixtures("quick_looks")
def test_a_key_on_the_clipboard_does_not_outlast_a_sleep(qtbot: QtBot, steady: Steady, secret: SecretClipboard) -> None:
    secret.put([key(1)])
    steady.s += 29.9
    looks(secret.lapse, qtbot)
    assert QGuiApplication.clipboard().text() == key(1)
    steady.s += NIGHT_S
    qtbot.waitUntil(lambda: QGuiApplication.clipboard().text() == "")
    assert not secret.lapse.is_running


@pytest.mark.usefixtures("quick_looks")
def test_a_revealed_key_does_not_outlast_a_sleep(bench: Bench, steady: Steady) -> None:
    bench.follow(bench.gateway())
    dialog = bench.window.open_details(key(0))
    assert isinstance(dialog, DetailsDialog)
    reveal = next(one for one in dialog.findChildren(QPushButton) if one.text() == "&Reveal")
    reveal.click()
    (lapse,) = dialog.findChildren(Lapse)
    steady.s += 29.9
    looks(lapse, bench.qtbot)
    assert reveal.isChecked()
    steady.s += NIGHT_S
    bench.qtbot.waitUntil(lambda: not reveal.isChecked())
    assert key(0) not in " ".join(one.text() for one in dialog.findChildren(QLabel))


# No rest and no deadline goes by the time of day

MAY_TELL_THE_TIME_OF_DAY = {
    "keymon.cli",
    "keymon.connection_check",
    "keymon.faults",
    "keymon.files",
    "keymon.gateway_clock",
    "keymon.gui.self_test",
    "keymon.sqlite_reader",
    "keymon.steady_clock",
}


def test_the_time_of_day_is_asked_for_where_it_is_shown_and_nowhere_else() -> None:
    root = Path(keymon.__file__).parent
    asking = {
        ".".join(("keymon", *path.relative_to(root).with_suffix("").parts))
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"datetime.now", "time.time", "datetime.utcnow"}
    }
    assert {name for name in asking if not name.startswith("keymon.demo")} <= MAY_TELL_THE_TIME_OF_DAY
    qt = ("currentDateTime", "currentTime", "currentMSecsSinceEpoch")
    assert not [path for path in root.rglob("*.py") if any(name in path.read_text(encoding="utf-8") for name in qt)]
