"""Windows and services wired together: the pictures, the life of the application, its end."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, QSettings, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QInputDialog, QMessageBox
from pytestqt.qtbot import QtBot

from keymon import faults
from keymon.errors import DatabaseAbsentError
from keymon.gateways import Access, Gateway
from keymon.gui import app, pictures
from keymon.gui.key_table import KeyTable
from keymon.gui.main_window import MainWindow
from keymon.gui.session import Session
from keymon.gui.theme import Theme, apply_theme
from keymon.gui.welcome import WelcomePage
from keymon.locations import Location, location_of
from keymon.monitor import Monitor
from tests.conftest import MakeGateway
from tests.gateway_file import GatewayFile, key
from tests.gui.conftest import NOW, Bench, call, invalidate


@pytest.fixture
def gateway(make_gateway: MakeGateway) -> GatewayFile:
    made = make_gateway([key(0), key(1), key(2)])
    call(made, 0, 40)
    call(made, 0, 5, status=500)
    invalidate(made, 2)
    return made


@contextmanager
def monitor_on(path: Path) -> Iterator[Monitor]:
    monitor = Monitor(location_of(path), UTC, now=lambda: NOW)
    yield monitor
    monitor.close()


def gateway_at(path: Path) -> Gateway:
    return Gateway("gateway.db", lambda _passwords: Access(lambda: location_of(path)), gateway_tz="UTC")


# The pictures


@pytest.fixture
def light_again(qtbot: QtBot) -> Iterator[None]:
    yield
    running = QApplication.instance()
    assert isinstance(running, QApplication)
    apply_theme(running, "light")


def colours(image: QImage) -> set[int]:
    return {image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)}


@pytest.mark.parametrize(("theme", "ground"), [("light", range(200, 256)), ("dark", range(60))])
def test_draws_the_window_and_the_busiest_key(
    light_again: None, gateway: GatewayFile, tmp_path: Path, theme: Theme, ground: range
) -> None:
    folder = tmp_path / "new" / "pictures"
    with monitor_on(gateway.path) as monitor:
        paths = pictures.render(monitor, "gateway.db", folder, theme)
    assert [path.name for path in paths] == [f"main-window-{theme}.png", f"details-{theme}.png"]
    assert sorted(folder.iterdir()) == sorted(paths)
    for path in paths:
        image = QImage(str(path))
        assert image.width() > 600
        assert len(colours(image)) > 20
        assert image.pixelColor(3, image.height() - 60).lightness() in ground


def test_an_empty_pool_has_a_window_but_no_details(
    light_again: None, make_gateway: MakeGateway, tmp_path: Path
) -> None:
    with monitor_on(make_gateway().path) as monitor:
        paths = pictures.render(monitor, "x", tmp_path / "pictures", "light")
    assert [path.name for path in paths] == ["main-window-light.png"]


def test_a_gateway_that_cannot_be_read_leaves_no_picture(light_again: None, tmp_path: Path) -> None:
    with pytest.raises(DatabaseAbsentError), monitor_on(tmp_path / "absent.db") as monitor:
        pictures.render(monitor, "x", tmp_path / "pictures", "light")
    assert not (tmp_path / "pictures").exists()


def test_the_command_says_nothing_but_the_paths(gateway: GatewayFile, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "keymon", "screenshot", "--db", str(gateway.path), "--out", str(tmp_path / "p")]
    environment = {name: value for name, value in os.environ.items() if name != "QT_QPA_PLATFORM"}
    done = subprocess.run(
        [*command, "--as-of", NOW.isoformat(), "--gateway-tz", "UTC"],
        capture_output=True,
        text=True,
        env=environment,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{tmp_path}/p/main-window-light.png\n{tmp_path}/p/details-light.png\n"


# The life of the application


_LIMIT_MS = 20_000


class Life(QObject):
    """Runs the application; notes its first page, and does something once there are figures or the welcome page."""

    def __init__(self, application: QApplication) -> None:
        super().__init__()
        self.painted = threading.Event()
        self._application = application
        self._then: Callable[[MainWindow], object] = MainWindow.close
        self._look = QTimer(self)
        self._look.timeout.connect(self._look_at_windows)
        # A fault must make a test fail, not hang.
        self._limit = QTimer(self)
        self._limit.setSingleShot(True)
        self._limit.timeout.connect(self._give_up)

    def run(self, gateway: Gateway | None, then: Callable[[MainWindow], object]) -> None:
        """Run until the window is closed; that must be the end, with exit code 0."""
        self._then = then
        self._application.installEventFilter(self)
        self._look.start(1)
        self._limit.start(_LIMIT_MS)
        met = faults._met.total()
        try:
            assert app.run_window((lambda: gateway) if gateway is not None else None, "gateway.db") == 0
        finally:
            self._look.stop()
            self._limit.stop()
            self._application.removeEventFilter(self)
            apply_theme(self._application, "light")
        assert faults._met.total() == met

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and isinstance(watched, KeyTable | WelcomePage):
            self.painted.set()
        return False

    def _look_at_windows(self) -> None:
        for window in QApplication.topLevelWidgets():
            if isinstance(window, MainWindow) and window.isVisible() and self._is_ready(window):
                self._look.stop()
                self._then(window)

    def _is_ready(self, window: MainWindow) -> bool:
        return window.snapshot is not None or (window.is_complete and window.welcome.isVisible())

    def _give_up(self) -> None:
        for window in QApplication.topLevelWidgets():
            window.close()
        self._application.exit(99)


@pytest.fixture
def life(qtbot: QtBot, tmp_path: Path, qapp: QApplication) -> Iterator[Life]:
    """The application with its settings in a folder of the test's; the signals are put back afterwards."""
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(tmp_path / "settings"))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    made = Life(qapp)
    yield made
    made.deleteLater()
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_the_window_is_painted_before_the_gateway_is_opened(life: Life, gateway: GatewayFile) -> None:
    painted_before: list[bool] = []

    def locate() -> Location:
        painted_before.append(life.painted.is_set())
        return location_of(gateway.path)

    life.run(Gateway("gateway.db", lambda _passwords: Access(locate)), MainWindow.close)
    assert painted_before == [True]


def test_begins_with_the_welcome_page_and_opens_what_is_chosen(life: Life, gateway: GatewayFile) -> None:
    def choose(window: MainWindow) -> None:
        window.file_chosen.emit(gateway.path)
        window.poller.refreshed.connect(window.close)

    life.run(None, choose)


def test_opens_by_a_gateways_env(life: Life, gateway: GatewayFile, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    gateway.path.rename(tmp_path / "data" / "gateway.db")
    (tmp_path / ".env").write_text("DATABASE_TYPE=sqlite\nSQLITE_DATABASE=gateway.db\n")
    titles: list[str] = []

    def choose(window: MainWindow) -> None:
        window.env_chosen.emit(tmp_path / ".env")
        window.poller.refreshed.connect(lambda _: titles.append(window.windowTitle()))
        window.poller.refreshed.connect(window.close)

    life.run(None, choose)
    assert titles == [".env – keymon"]


def test_an_env_that_is_of_no_use_is_told_in_a_dialog(life: Life, tmp_path: Path) -> None:
    told: list[str] = []

    def choose(window: MainWindow) -> None:
        window.env_chosen.emit(tmp_path / "absent.env")
        box = window.findChild(QMessageBox)
        assert isinstance(box, QMessageBox)
        told.append(box.text())
        box.close()
        window.close()

    life.run(None, choose)
    assert len(told) == 1
    assert "there is no such file" in told[0]


def choose_zone(window: MainWindow, text: str) -> None:
    window.choose_zone()
    dialog = window.findChild(QInputDialog)
    assert isinstance(dialog, QInputDialog)
    dialog.setTextValue(text)
    dialog.accept()


def test_the_operator_sets_the_gateways_zone_and_takes_it_back(bench: Bench) -> None:
    gateway = bench.gateway()
    Session(bench.window).follow(gateway_at(gateway.path))
    known: list[tuple[str, str]] = []
    for text in ("Asia/Tokyo", "+05:30", "Detect it"):
        with bench.qtbot.waitSignal(bench.poller.refreshed):
            choose_zone(bench.window, text)
        clock = bench.snapshot.clock
        known.append((clock.name, clock.source))
    assert known[:2] == [("Asia/Tokyo", "set"), ("+05:30", "set")]
    assert known[2][1] != "set"


def test_a_zone_that_does_not_exist_is_told_and_changes_nothing(bench: Bench) -> None:
    Session(bench.window)
    bench.follow(bench.gateway())
    before = bench.snapshot
    choose_zone(bench.window, "Mars/Base")
    box = bench.window.findChild(QMessageBox)
    assert isinstance(box, QMessageBox)
    assert "no such time zone" in box.text()
    box.close()
    assert bench.snapshot is before


def test_settings_hold_geometry_only(life: Life, gateway: GatewayFile, tmp_path: Path) -> None:
    life.run(gateway_at(gateway.path), MainWindow.close)
    written = [path for path in (tmp_path / "settings").rglob("*") if path.is_file()]
    assert len(written) == 1
    assert b"gateway" not in written[0].read_bytes()
    assert b"AIza" not in written[0].read_bytes()


_FIRST_PAINT = """
import os, sys
from keymon.cli import main
from keymon.gui.main_window import MainWindow
paint = MainWindow.paintEvent
def paint_and_tell(window, event):
    paint(window, event)
    print(*sys.modules, flush=True)
    os._exit(0)
MainWindow.paintEvent = paint_and_tell
main(["--db", "gateway.db"])
"""


def test_the_first_paint_waits_for_nothing_that_it_can_do_without() -> None:
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", _FIRST_PAINT],
        capture_output=True,
        text=True,
        env=environment,
        cwd=Path(__file__).parents[2],
        check=True,
    )
    loaded = set(done.stdout.split())
    ours = {name for name in loaded if name.startswith("keymon.")}
    assert ours == {
        "keymon.cli",
        "keymon.crashes",
        "keymon.display",
        "keymon.errors",
        "keymon.gateway_options",
        "keymon.masking",
        "keymon.private_memory",
        "keymon.secret_values",
        "keymon.gui",
        "keymon.gui.app",
        "keymon.gui.instances",
        "keymon.gui.main_window",
        "keymon.gui.theme",
        "keymon.gui.translation",
        "keymon.gui.watch",
        "keymon.gui.window_state",
        "keymon.hooks",
    }
    assert not loaded & {
        "numpy",
        "sqlalchemy",
        "humanize",
        "zoneinfo",
        "concurrent.futures",
        "html",
        "dotenv",
        "tomllib",
    }


def test_the_window_says_what_it_waits_for_until_it_is_complete(qtbot: QtBot, tmp_path: Path) -> None:
    pictures = []
    for title in ("", "gateway.db"):
        window = MainWindow(QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat))
        if title:
            window.announce(title)
        pictures.append(window.grab().toImage())
        window.discard()
    assert pictures[0] != pictures[1]


def test_a_window_that_is_closed_before_it_is_complete_keeps_what_was_remembered(qtbot: QtBot, tmp_path: Path) -> None:
    settings = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    settings.setValue("splitter", b"kept")
    window = MainWindow(settings)
    window.show()
    window.close()
    assert settings.value("splitter") == b"kept"
    window.deleteLater()
