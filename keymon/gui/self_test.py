"""Whether this installation works: each of its parts is used once, and a report tells how that went.

A bundle lacks a module without a word until somebody needs it; so whatever is imported late is imported here, and
what can be looked at is opened: the window on the sample gateway with every panel, the details of a key, a database
that is named besides.
"""

import importlib
import pkgutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEventLoop, QSettings, QTimer, qInstallMessageHandler
from PySide6.QtGui import QFontDatabase, QFontMetrics, QGuiApplication
from PySide6.QtWidgets import QWidget

import keymon
from keymon.gui.app import application
from keymon.gui.main_window import MainWindow
from keymon.gui.moments import ago
from keymon.gui.panels import KINDS
from keymon.gui.pictures import save_picture, tell_qt_message
from keymon.gui.poller import Poller, Source
from keymon.gui.translation import LANGUAGES, speak, spoken, tr
from keymon.masking import foreign, mask_url
from keymon.stats import DAY

if TYPE_CHECKING:
    from keymon.demo import DemoGateway
    from keymon.monitor import Monitor, Snapshot

_PATIENCE_MS = 60_000
_KEYRINGS = {"linux": ("SecretService", "kwallet", "libsecret"), "win32": ("Windows",), "darwin": ("macOS",)}


@dataclass(frozen=True, slots=True)
class Step:
    """What was tried, whether it worked, and what came of it in a few words."""

    name: str
    passed: bool
    told: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that was tried, in order. `platform` is Qt's, `bundled` tells whether this is the bundle."""

    version: str
    python: str
    platform: str
    bundled: bool
    steps: tuple[Step, ...]

    @property
    def passed(self) -> bool:
        """Whether everything works."""
        return all(step.passed for step in self.steps)

    def as_data(self) -> dict[str, object]:
        """Return the report as it is written into a file."""
        return {"schema": 1, "passed": self.passed, **asdict(self)}

    def as_text(self) -> str:
        """Return the report for a person."""
        lines = [f"{'passed' if step.passed else 'FAILED'}  {step.name:12}  {step.told}" for step in self.steps]
        return "\n".join([*lines, "Everything works." if self.passed else "This installation is not complete."]) + "\n"


def run(open_monitor: "Callable[[], Monitor] | None", folder: Path | None) -> Report:
    """Try everything; `open_monitor` opens a gateway that is read besides the sample one.

    Pictures of the window and of the details go into `folder`, which exists, where it is given.
    """
    told_before = qInstallMessageHandler(tell_qt_message)
    try:
        return _run(open_monitor, folder)
    finally:
        qInstallMessageHandler(told_before)


def _run(open_monitor: "Callable[[], Monitor] | None", folder: Path | None) -> Report:
    test = _SelfTest(folder)
    test.step("modules", _modules)
    test.step("keyring", _keyring)
    test.step("encryption", _encryption)
    test.step("time zones", _time_zones)
    with tempfile.TemporaryDirectory(prefix="keymon-self-test-", ignore_cleanup_errors=True) as place:
        test.look_at_the_window(Path(place))
    if open_monitor is not None:
        test.step("database", lambda: _database(open_monitor))
    return Report(
        keymon.__version__,
        ".".join(map(str, sys.version_info[:3])),
        QGuiApplication.platformName(),
        bool(getattr(sys, "frozen", False)),
        tuple(test.steps),
    )


class _SelfTest:
    """The steps so far. One that fails says why, and those after it are tried all the same."""

    def __init__(self, folder: Path | None) -> None:
        self.steps: list[Step] = []
        self._folder = folder

    def step(self, name: str, work: Callable[[], str]) -> bool:
        try:
            told, passed = work(), True
        except Exception as error:  # noqa: BLE001 - told in the report, whatever it is
            told, passed = f"{type(error).__name__}: {foreign(mask_url(str(error)), 300)}", False
        self.steps.append(Step(name, passed, told))
        return passed

    def look_at_the_window(self, place: Path) -> None:
        """Open the window on the sample gateway, look at all that is in it, and close it."""
        from keymon.demo import DemoGateway

        application(theme="light")
        self.step("fonts", _fonts)
        self.step("translations", _translations)
        window = MainWindow(QSettings(str(place / "self-test.ini"), QSettings.Format.IniFormat))
        demo = DemoGateway(living=False)
        try:
            if self.step("window", lambda: self._follow(window, demo)):
                self.step("details", lambda: self._details(window))
                self.step("panels", lambda: _panels(window))
        finally:
            window.discard()
            demo.close()

    def _follow(self, window: MainWindow, demo: "DemoGateway") -> str:
        from keymon.locations import location_of
        from keymon.monitor import Monitor

        database = demo.open()
        window.complete(Poller())
        window.show()
        window.follow(Source("sample gateway", lambda: Monitor(location_of(database))))
        snapshot = _figures(window)
        shown = sum(table.keys.rowCount() for table in window.panel.tables)
        if not shown or shown != len(snapshot.keys):
            raise RuntimeError(f"the tables show {shown} of {len(snapshot.keys)} keys")
        self._picture(window, "window.png")
        return f"{shown} keys, {snapshot.stats.count(DAY).total} calls in 24 hours"

    def _details(self, window: MainWindow) -> str:
        snapshot = _figures(window)
        busiest = max(snapshot.keys, key=lambda figures: figures.calls_24h.total)
        dialog = window.open_details(busiest.key)
        if dialog.state != "figures":
            raise RuntimeError(f"the details are {dialog.state}")
        self._picture(dialog, "details.png")
        for tab in range(dialog.tabs.count()):
            dialog.tabs.setCurrentIndex(tab)
        dialog.close()
        return f"{busiest.calls_24h.total} calls of a key"

    def _picture(self, widget: QWidget, name: str) -> None:
        QGuiApplication.processEvents()
        if self._folder is not None:
            save_picture(widget, self._folder / name)


def _figures(window: MainWindow) -> "Snapshot":
    """Return the figures of the window once all of the log has been read."""
    loop = QEventLoop()
    failures: list[BaseException] = []

    def fail(error: BaseException) -> None:
        failures.append(error)
        loop.quit()

    def look() -> None:
        if window.snapshot is not None and window.snapshot.loading is None:
            loop.quit()

    window.poller.refreshed.connect(look)
    window.poller.failed.connect(fail)
    QTimer.singleShot(_PATIENCE_MS, loop, loop.quit)
    if window.snapshot is None or window.snapshot.loading is not None:
        loop.exec()
    window.poller.refreshed.disconnect(look)
    window.poller.failed.disconnect(fail)
    if failures:
        raise failures[0]
    if window.snapshot is None:
        raise TimeoutError("there were no figures for a minute")
    return window.snapshot


def _panels(window: MainWindow) -> str:
    for kind in KINDS:
        window.panels.go_to(kind.name)
        QGuiApplication.processEvents()
    return ", ".join(kind.name for kind in KINDS)


def _modules() -> str:
    """Import all of keymon, and with it what it imports."""
    names = [one.name for one in pkgutil.walk_packages(keymon.__path__, "keymon.") if not one.name.endswith("__main__")]
    for name in names:
        importlib.import_module(name)
    if "keymon.gui.poller" not in names:
        raise ImportError("keymon's own modules are not found")
    for name in ("sqlalchemy.dialects.sqlite.pysqlite", "sqlalchemy.dialects.mysql.pymysql", "tomli_w", "platformdirs"):
        importlib.import_module(name)
    for name in ("dotenv", "humanize", "numpy", "pymysql.cursors", "cryptography.hazmat.primitives.asymmetric.rsa"):
        importlib.import_module(name)
    return f"{len(names)} modules"


def _keyring() -> str:
    import keyring
    from keyring import backend

    wanted = _KEYRINGS.get(sys.platform, ())
    for name in wanted:
        importlib.import_module(f"keyring.backends.{name}")
    if sys.platform == "linux":
        importlib.import_module("secretstorage")
    found = sorted({type(one).__module__.rpartition(".")[2] for one in backend.get_all_keyring()})
    return f"in use: {type(keyring.get_keyring()).__module__.rpartition('.')[2]}; usable: {', '.join(found)}"


def _fonts() -> str:
    font = QGuiApplication.font()
    if not QFontMetrics(font).inFont("A"):
        raise RuntimeError("there is no font, letters are boxes; on Debian or Ubuntu: apt install fonts-dejavu-core")
    return f"{font.family()}, {len(QFontDatabase.families())} families"


def _translations() -> str:
    """Speak each language once: our own texts, Qt's, and those of spans of time."""
    before, now = spoken(), datetime.now(UTC)
    others = [language for language in LANGUAGES if language != "en"]
    try:
        for language in others:
            speak("en")
            english = _samples(now)
            speak(language)
            same = [text for text, other in zip(english, _samples(now), strict=True) if text == other]
            if same:
                raise LookupError(f"{language} has no text for {', '.join(same)}")
    finally:
        speak(before)
    return ", ".join(others)


def _samples(now: datetime) -> list[str]:
    cancel = QCoreApplication.translate("QPlatformTheme", "Cancel")
    return [tr("Valid keys"), cancel, ago(now - timedelta(minutes=5), now)]


def _encryption() -> str:
    import ssl

    ssl.create_default_context()
    return ssl.OPENSSL_VERSION


def _time_zones() -> str:
    from zoneinfo import ZoneInfo, available_timezones

    ZoneInfo("Asia/Shanghai")
    importlib.import_module("tzdata")
    return f"{len(available_timezones())} zones"


def _database(open_monitor: "Callable[[], Monitor]") -> str:
    monitor = open_monitor()
    try:
        snapshot = monitor.refresh()
        kind = "server" if monitor.is_server else "file"
        return f"{kind}: {len(snapshot.keys)} keys, {snapshot.stats.count(DAY).total} calls in 24 hours"
    finally:
        monitor.close()
