"""Secrets and the window: all it shows, tells, copies, exports and keeps, while nobody asks to see a key."""

import json
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSettings, Qt, qDebug
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from keymon import faults
from keymon.config import Profile
from keymon.crashes import Crash
from keymon.errors import KeymonError
from keymon.fault_report import crash_report, fault_report
from keymon.faults import note
from keymon.gui.export_dialog import ExportDialog
from keymon.gui.fault_teller import FaultTeller
from keymon.gui.journal import Journal
from keymon.gui.password_dialog import PasswordDialog
from keymon.gui.poller import Source
from keymon.gui.qt_messages import QtMessages
from keymon.known_secrets import remember_keys, remember_password
from keymon.locations import locate
from keymon.log import LogFile, ours
from keymon.masking import visible
from keymon.monitor import Monitor
from tests.conftest import MakeGatewayServer
from tests.faults.planted_secrets import IN_GATEWAY, KEYS, PASSWORDS, Search, plant
from tests.faults.walker import texts_everywhere, texts_of_widget
from tests.gui.conftest import NOW, Bench
from tests.gui.connections import Connections
from tests.gui.export_bench import PANELS, dialog_of, folder_for, opened, shown, write


@pytest.fixture
def debug_log(log_file: LogFile) -> LogFile:
    """The log, in which all is noted down."""
    ours.setLevel(logging.DEBUG)
    return log_file


@pytest.fixture
def planted(bench: Bench, search: Search, debug_log: LogFile) -> Bench:
    """A window on a gateway full of secrets."""
    gateway = bench._make_gateway(list(KEYS.values()))
    plant(gateway, NOW.replace(tzinfo=None))
    remember_password(PASSWORDS["plain"])
    search.plant(*IN_GATEWAY, PASSWORDS["plain"])
    Journal(bench.poller).setParent(bench.window)
    bench.follow(gateway)
    return bench


def look_at_windows(search: Search) -> None:
    """Look through every text that there is, and through pictures of what is seen."""
    for one in texts_everywhere():
        kind = "accessibility tree" if one.where.startswith("accessible") else "texts of widgets"
        kind = "window titles" if one.where.endswith("window title") else kind
        search.look("what is painted" if one.where.startswith("painted") else kind, one.text)
    for window in QApplication.topLevelWidgets():
        if window.isVisible():
            search.look("screenshot", png_of(window))


def png_of(widget: QWidget) -> bytes:
    content = QByteArray()
    device = QBuffer(content)
    device.open(QIODevice.OpenModeFlag.WriteOnly)
    widget.grab().save(device, "PNG")
    device.close()
    return bytes(content.data())


def copied(view: QAbstractItemView, has_keys: bool) -> str:
    """Copy all rows of a table masked: of keys, which Ctrl+C copies in full, by Ctrl+Shift+C."""
    view.setFocus()
    view.selectAll()
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(view, Qt.Key.Key_C, control | shift if has_keys else control)
    return QGuiApplication.clipboard().text()


@pytest.mark.parametrize("name", PANELS)
def test_a_panel_shows_and_copies_no_secret(planted: Bench, search: Search, debug_log: LogFile, name: str) -> None:
    panel = shown(planted, name)
    planted.settle()
    look_at_windows(search)
    for view in panel.findChildren(QAbstractItemView):
        if view.isVisible() and view.model() is not None and view.model().rowCount():
            search.look("copied table", copied(view, has_keys=name in {"keys", "attention"}))
            for row in range(view.model().rowCount()):
                view.setCurrentIndex(view.model().index(row, 0))
                planted.settle()
                look_at_details(panel, search)
    search.look("status line", planted.window.statusBar().currentMessage())
    look_at_windows(search)
    search.look("log at DEBUG", debug_log.path.read_bytes())


def look_at_details(panel: QWidget, search: Search) -> None:
    """Look through what a panel shows of the row that is current."""
    for widget in panel.findChildren(QWidget):
        search.look("texts of widgets", *(one.text for one in texts_of_widget(widget) if one.text))


@pytest.mark.parametrize("form", KEYS)
def test_the_details_of_a_key_show_no_secret(planted: Bench, search: Search, debug_log: LogFile, form: str) -> None:
    dialog = planted.window.open_details(KEYS[form])
    for tab in range(dialog.tabs.count()):
        dialog.tabs.setCurrentIndex(tab)
        planted.settle()
        look_at_windows(search)
    search.look("log at DEBUG", debug_log.path.read_bytes())


@pytest.mark.parametrize("form", KEYS)
def test_a_key_that_is_revealed_is_shown_in_one_place_only(planted: Bench, search: Search, form: str) -> None:
    dialog = planted.window.open_details(KEYS[form])
    reveal = next(one for one in dialog.findChildren(QPushButton) if one.text() == "&Reveal")
    before = {one.text for one in texts_everywhere()}
    reveal.click()
    new = {one.text for one in texts_everywhere() if not one.where.startswith("painted")} - before
    assert new == {visible(KEYS[form]), "&Hide (30 s)", "Hide (30 s)"}
    search.look("window titles", dialog.windowTitle(), planted.window.windowTitle())
    reveal.click()
    look_at_windows(search)


@pytest.mark.parametrize("name", [*PANELS, "details"])
def test_an_export_holds_no_secret(planted: Bench, search: Search, tmp_path: Path, name: str) -> None:
    folder = folder_for(planted, tmp_path)
    if name == "details":
        details = planted.window.open_details(KEYS["plain"])
        for tab in range(details.tabs.count()):
            details.tabs.setCurrentIndex(tab)
            planted.settle()
        next(one for one in details.actions() if one.shortcut().toString() == "Ctrl+Shift+E").trigger()
    else:
        shown(planted, name)
        planted.settle()
        planted.window.panels.export_current()
    dialog = dialog_of(planted, folder)
    dialog.all_columns.setChecked(True)
    forms: set[str] = set()
    for what in range(dialog.what.count()):
        dialog.what.setCurrentIndex(what)
        for number in range(dialog.format.count()):
            dialog.format.setCurrentIndex(number)
            search.look("export", exported(planted, dialog))
            forms.add(dialog.format.currentData())
    look_at_windows(search)
    assert forms >= ({"png", "svg"} if name == "trend" else {"csv", "json"})
    for file in folder.rglob("*"):
        search.look("name of a file", file.name)


def exported(bench: Bench, dialog: ExportDialog) -> bytes:
    assert opened(bench) is dialog
    path = write(bench.qtbot, dialog)
    content = path.read_bytes()
    path.unlink()
    return content


def test_the_settings_keep_no_secret(planted: Bench, search: Search, settings: QSettings, tmp_path: Path) -> None:
    planted.window.open_details(KEYS["spaces"])
    for name in PANELS:
        shown(planted, name)
    planted.window.panel.search.setText(KEYS["plain"])
    planted.settle()
    planted.window.close()
    settings.sync()
    files = [file for file in tmp_path.rglob("*") if file.is_file() and file.name != "gateway.db"]
    assert Path(settings.fileName()) in files
    for file in files:
        search.look("files that keymon writes", file.name, file.read_bytes())


# What fails


@pytest.mark.parametrize("form", PASSWORDS)
@pytest.mark.parametrize("how", ["refused", "unknown database", "closed port", "wrong host"])
def test_a_failure_shows_no_password(
    bench: Bench,
    make_gateway_server: MakeGatewayServer,
    search: Search,
    debug_log: LogFile,
    how: str,
    form: str,
) -> None:
    password, gateway = PASSWORDS[form], make_gateway_server(["k"])
    search.plant(password)
    account = f"mysql://root:{quote(password, safe='')}"
    place = {
        "refused": f"{account}@127.0.0.1:{gateway.server.port}/{gateway.name}",
        "unknown database": f"{account}@127.0.0.1:{gateway.server.port}/none",
        "closed port": f"{account}@127.0.0.1:1/none",
        "wrong host": f"{account}@absent.invalid/none",
    }[how]
    Journal(bench.poller).setParent(bench.window)
    with bench.qtbot.waitSignal(bench.poller.failed, timeout=20_000):
        bench.window.follow(Source("a server", lambda: Monitor(locate(place))))
    look_at_windows(search)
    search.look("log at DEBUG", debug_log.path.read_bytes())


def fault_with(secret: str, kind: str) -> Exception:
    """Raise an exception that holds a secret, and return it."""
    try:
        if kind == "KeyError":
            dict[str, Exception]()[secret]
        if kind == "JSONDecodeError":
            json.loads(f'["{secret}", {secret}')
        if kind == "UnicodeDecodeError":
            f"{secret}\xff".encode("latin-1", "replace").decode()
        if kind == "OperationalError":
            sqlite3.connect(":memory:").execute(f'SELECT * FROM "{secret}"')
        if kind == "a group":
            raise ExceptionGroup(secret, [ValueError(secret), TypeError(repr(secret))])
        if kind == "a note":
            error = ValueError("plain")
            error.add_note(f"it was {secret!r}")
            raise error
        if kind == "behind another":
            raise RuntimeError("plain") from ValueError(secret)
        raise ValueError(f"it was {secret}, that is {secret!r} or {quote(secret, safe='')}")
    except Exception as error:  # noqa: BLE001 - whatever it is
        return error


FAULTS = (
    "KeyError",
    "JSONDecodeError",
    "UnicodeDecodeError",
    "OperationalError",
    "a group",
    "a note",
    "behind another",
    "ValueError",
)


@pytest.fixture
def teller(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultTeller]:
    monkeypatch.setattr(faults, "_met", type(faults._met)())
    made = FaultTeller(bench.window)
    yield made
    if made.dialog is not None:
        made.dialog.close()


@pytest.mark.parametrize("kind", FAULTS)
def test_a_report_of_a_fault_holds_no_secret(
    qtbot: QtBot, teller: FaultTeller, search: Search, debug_log: LogFile, kind: str
) -> None:
    search.plant(*KEYS.values(), *PASSWORDS.values())
    remember_keys(KEYS.values())
    for password in PASSWORDS.values():
        remember_password(password)
    for secret in (*KEYS.values(), *PASSWORDS.values()):
        error = fault_with(secret, kind)
        search.look("report of a fault", fault_report([note(error)], "SQLite"))
        teller.tell(error)
        for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
            ours.log(level, "%s, %r and %s", secret, secret, [secret], exc_info=error, stack_info=True)
        logging.getLogger("some.library").warning(f"it is {secret}")
    qtbot.waitUntil(lambda: teller.dialog is not None)
    look_at_windows(search)
    text = debug_log.path.read_text(encoding="utf-8")
    assert {f" {level} " in text for level in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")} == {True}
    search.look("log at DEBUG", text)
    search.look("report of a crash", crash_report([_crash(secret) for secret in KEYS.values()]))


def _crash(secret: str) -> Crash:
    return Crash(NOW, f'Fatal Python error: {secret}\n  File "{secret}.py", line 3 in main\n', Path("x"))


@pytest.mark.parametrize("form", KEYS)
def test_what_qt_complains_of_tells_no_key(search: Search, debug_log: LogFile, form: str) -> None:
    search.plant(KEYS[form])
    remember_keys([KEYS[form]])
    with_messages = QtMessages()
    try:
        qDebug(f"a widget called {KEYS[form]}")
    finally:
        with_messages.close()
    text = debug_log.path.read_text(encoding="utf-8")
    assert "a widget called" in text
    search.look("message of Qt's", text)


# Where passwords are typed


@pytest.mark.parametrize("form", PASSWORDS)
@pytest.mark.parametrize("how", ["pasted", "typed", "tried", "in the wrong field"])
def test_the_dialog_of_connections_shows_and_keeps_no_password(
    connections: Connections, search: Search, debug_log: LogFile, tmp_path: Path, how: str, form: str
) -> None:
    password = PASSWORDS[form]
    search.plant(password)
    dialog = connections.open(Profile("Here", "mysql://reader@127.0.0.1:1/gateway"))
    url = f"mysql://reader:{quote(password, safe='')}@127.0.0.1:1/gateway"
    if how == "in the wrong field":
        dialog.fill(f"reader:{quote(password, safe='')}@127.0.0.1/gateway")
    else:
        dialog.fill(url)
    look_at_windows(search)
    if how == "tried":
        dialog.parts.test.click()
        connections.wait(lambda: dialog.errands.is_idle)
    look_at_windows(search)
    if how == "typed":
        dialog.parts.connect_button.click()
        connections.wait(lambda: dialog.errands.is_idle)
    look_at_windows(search)
    for file in filter(Path.is_file, tmp_path.rglob("*")):
        search.look("files that keymon writes", file.name, file.read_bytes())


@pytest.mark.parametrize("form", PASSWORDS)
def test_the_dialog_that_asks_for_a_password_shows_none(qtbot: QtBot, search: Search, form: str) -> None:
    password, told = PASSWORDS[form], []
    search.plant(password)
    remember_password(password)
    dialog = PasswordDialog("Here", "reader@db.example:3306", True, KeymonError(text=f"not {password}"))
    dialog.entered.connect(lambda text, _: told.append(text))
    dialog.show()
    dialog.field.edit.setText(password)
    look_at_windows(search)
    dialog.accept()
    assert told == [password]
    assert dialog.field.edit.text() == ""
    dialog.deleteLater()
