"""Faults in the window: one dialog, which does not come back for the same fault, and holds no secret."""

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer, QUrl, qWarning
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QFileDialog, QMenu
from pytestqt.qtbot import QtBot

from keymon import faults
from keymon.errors import DatabaseAbsentError
from keymon.gui.fault_dialog import FaultDialog
from keymon.gui.fault_teller import FaultTeller
from keymon.gui.journal import Journal
from keymon.gui.qt_messages import QtMessages
from keymon.known_secrets import remember_password
from keymon.log import LogFile
from tests.gui.conftest import Bench, call

CANARY = "canary of a password"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """No fault has been met, and one secret is known."""
    monkeypatch.setattr(faults, "_met", Counter())
    remember_password(CANARY)


def raised(error: Exception) -> Exception:
    try:
        raise error
    except type(error) as caught:
        return caught


@pytest.fixture
def teller(bench: Bench) -> Iterator[FaultTeller]:
    made = FaultTeller(bench.window)
    bench.window.banner.report_wanted.connect(made.tell_failure)
    yield made
    if made.dialog is not None:
        made.dialog.close()


@pytest.fixture
def dialog(qtbot: QtBot, teller: FaultTeller) -> FaultDialog:
    return told(qtbot, teller, ValueError(f"it was {CANARY}"))


def told(qtbot: QtBot, teller: FaultTeller, error: Exception) -> FaultDialog:
    """Tell of a fault and wait for the dialog."""
    teller.tell(raised(error))
    qtbot.waitUntil(lambda: teller.dialog is not None)
    assert teller.dialog is not None
    return teller.dialog


def is_open(teller: FaultTeller) -> bool:
    return teller.dialog is not None


def settle(qtbot: QtBot) -> None:
    """Wait until all that has been told before has arrived."""
    over: list[bool] = []
    QTimer.singleShot(0, lambda: over.append(True))
    qtbot.waitUntil(lambda: bool(over))


def test_a_fault_is_told_without_secrets_and_blocks_nothing(dialog: FaultDialog) -> None:
    assert dialog.isVisible()
    assert not dialog.isModal()
    assert dialog.windowModality() == Qt.WindowModality.NonModal
    assert dialog.title.text() == "keymon has met a fault of its own, and goes on."
    report = dialog.report.toPlainText()
    assert "ValueError: it was …" in report
    assert CANARY not in report


def test_further_faults_are_counted_in_the_same_dialog(qtbot: QtBot, teller: FaultTeller) -> None:
    dialog = told(qtbot, teller, ValueError())
    for _ in range(2):
        teller.tell(raised(ValueError()))
        teller.tell(raised(KeyError("another")))
    settle(qtbot)
    assert teller.dialog is dialog
    assert dialog.more.text() == "It has happened 3 times. Other faults since then: 1"
    assert "KeyError: 'another'" in dialog.report.toPlainText()


def test_what_was_told_does_not_come_back_but_another_does(qtbot: QtBot, teller: FaultTeller) -> None:
    told(qtbot, teller, ValueError()).close()
    for _ in range(3):
        teller.tell(raised(ValueError()))
    settle(qtbot)
    assert not is_open(teller)
    dialog = told(qtbot, teller, KeyError("another"))
    assert "ValueError" not in dialog.report.toPlainText().partition("The last lines")[0]


def test_a_fault_of_another_thread_is_told_in_the_windows(qtbot: QtBot, teller: FaultTeller) -> None:
    thread = threading.Thread(target=lambda: teller.tell(raised(OSError("elsewhere"))))
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: teller.dialog is not None)


def test_a_fault_of_the_dialog_itself_is_logged_only(
    qtbot: QtBot, teller: FaultTeller, log_file: LogFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: FaultDialog, _report: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(FaultDialog, "show_report", fail)
    with qtbot.captureExceptions() as met:
        told(qtbot, teller, ValueError())
    assert [kind for kind, _, _ in met] == [ZeroDivisionError]
    assert met[0][1] is not None
    error = met[0][1]
    assert isinstance(error, ZeroDivisionError)
    assert teller.dialog is not None
    teller.dialog.close()
    teller.tell(error)
    settle(qtbot)
    assert not is_open(teller)
    assert "ZeroDivisionError" in log_file.path.read_text()


def test_the_report_is_copied_and_saved(dialog: FaultDialog, tmp_path: Path) -> None:
    dialog.copy.click()
    assert QGuiApplication.clipboard().text() == dialog.report.toPlainText()
    assert dialog.said.text() == "The report is on the clipboard."
    dialog.save_to(str(tmp_path / "report.txt"))
    assert (tmp_path / "report.txt").read_text() == dialog.report.toPlainText()
    assert (tmp_path / "report.txt").stat().st_mode & 0o777 == 0o600
    assert dialog.said.text() == f"Written: {tmp_path}/report.txt"
    dialog.save_to(str(tmp_path / "report.txt" / "x"))
    assert "cannot be written" in dialog.said.text()


def test_where_to_save_it_is_asked(dialog: FaultDialog, tmp_path: Path) -> None:
    dialog.save.click()
    chooser = dialog.findChild(QFileDialog)
    assert chooser is not None
    chooser.fileSelected.emit(str(tmp_path / "chosen.txt"))
    chooser.close()
    assert (tmp_path / "chosen.txt").exists()


@pytest.mark.parametrize(("shows", "said"), [(True, "The log is in "), (False, "The desktop cannot show ")])
@pytest.mark.parametrize("by", ["dialog", "menu"])
def test_the_folder_of_the_log_is_shown(
    bench: Bench,
    dialog: FaultDialog,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shows: bool,
    said: str,
    by: str,
) -> None:
    shown: list[QUrl] = []

    def show(url: QUrl) -> bool:
        shown.append(url)
        return shows

    monkeypatch.setattr(QDesktopServices, "openUrl", show)
    if by == "dialog":
        dialog.folder.click()
        text = dialog.said.text()
    else:
        (action,) = (
            action
            for menu in bench.window.menuBar().findChildren(QMenu)
            for action in menu.actions()
            if action.text() == "Show &log folder"
        )
        action.trigger()
        text = bench.window.status_line.currentMessage()
    assert [url.toLocalFile() for url in shown] == [f"{tmp_path}/keymon-log"]
    assert text.startswith(said)
    assert text.endswith(f"{tmp_path}/keymon-log")


def test_quitting_closes_the_window_and_the_window_closes_the_dialog(
    qtbot: QtBot, bench: Bench, teller: FaultTeller, dialog: FaultDialog
) -> None:
    with qtbot.waitSignal(bench.window.closed):
        dialog.end.click()
    assert not is_open(teller)
    assert not dialog.isVisible()


def test_the_banner_offers_a_report_of_a_fault_only(bench: Bench, teller: FaultTeller, tmp_path: Path) -> None:
    banner = bench.window.banner
    bench.fail(tmp_path / "absent.db")
    assert isinstance(bench.window.failure, DatabaseAbsentError)
    assert not banner._report.isVisible()

    def fail() -> None:
        raise ZeroDivisionError(CANARY)

    source = bench.source(tmp_path / "x.db")
    object.__setattr__(source, "open", fail)
    with bench.qtbot.waitSignal(bench.poller.failed):
        bench.window.follow(source)
    assert banner._report.isVisible()
    assert not is_open(teller)
    for _ in range(2):  # as often as it is asked for
        banner._report.click()
        assert teller.dialog is not None
        report = teller.dialog.report.toPlainText()
        assert "ZeroDivisionError: …" in report
        assert "in fail" in report
        assert CANARY not in report
        teller.dialog.close()
    bench.follow(bench.gateway())
    assert not banner._report.isVisible()


@pytest.mark.parametrize("width", [560, 760])
def test_nothing_in_the_dialog_is_cut_off(qtbot: QtBot, dialog: FaultDialog, width: int) -> None:
    dialog.resize(width, 400)
    dialog.show_more("It has happened 3 times. " * 5)
    dialog.copy.click()
    settle(qtbot)
    for label in (dialog.title, dialog.advice, dialog.more, dialog.said):
        assert label.height() >= label.heightForWidth(label.width())


# The log


def journal(log_file: LogFile) -> list[str]:
    return [line.partition(" keymon: ")[2] for line in log_file.path.read_text().splitlines()]


def test_the_log_tells_what_became_of_a_gateway(
    bench: Bench, log_file: LogFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Journal(bench.poller)
    gateway = bench.gateway()
    call(gateway, 0, times=7)
    bench.follow(gateway)
    bench.refresh()
    gateway.path.rename(tmp_path / "away.db")
    for _ in range(3):
        with bench.qtbot.waitSignal(bench.poller.failed):
            bench.poller.refresh()
    (tmp_path / "away.db").rename(gateway.path)
    monkeypatch.setattr("keymon.gui.journal.SLOW_S", 0.0)
    bench.refresh()
    bench.poller.pause(True)
    said = [line.partition(" after")[0] for line in journal(log_file)]
    assert said == [
        "follows gateway.db",
        f"opened sqlite:///{gateway.path} (in a file)",
        "loaded",
        "the gateway's clock: +00:00 (set)",
        "failed",
        "reached again",
        "a refresh took 0.0 s",
        "paused",
    ]
    assert "3 failures" in log_file.path.read_text()
    assert "3 keys, 7 calls" in log_file.path.read_text()
    assert "AIza" not in log_file.path.read_text().replace("AIzaSy…", "")


def test_qt_is_heard_and_not_again_and_again(
    qtbot: QtBot, log_file: LogFile, monkeypatch: pytest.MonkeyPatch, qtlog: object
) -> None:
    messages = QtMessages()
    monkeypatch.setattr(messages, "_before", None)
    for _ in range(50):
        qWarning(f"something about {CANARY}")
    monkeypatch.undo()
    messages.close()
    assert [line for line in journal(log_file) if "something" in line] == [
        "Qt: something about …",
        "Qt: something about … (10 times)",
    ]


def test_a_dialog_of_the_operators_does_not_block_it(bench: Bench, qtbot: QtBot, teller: FaultTeller) -> None:
    modal = QDialog(bench.window)
    modal.open()
    dialog = told(qtbot, teller, ValueError())
    qtbot.waitExposed(dialog)
    button = dialog.close_button
    place = button.mapTo(dialog, button.rect().center())
    # By way of its window, as the mouse goes: a window that is blocked gets nothing of it.
    QTest.mouseClick(dialog.windowHandle(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    assert not is_open(teller)
    modal.close()
