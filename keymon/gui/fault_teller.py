"""Tells the operator of faults: in one dialog, however many there are, and of the same fault not again and again."""

import sys
from collections.abc import Callable
from contextlib import suppress

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QApplication

from keymon import log
from keymon.crashes import log_folder, take_crashes
from keymon.errors import KeymonError
from keymon.fault_report import crash_report, fault_report
from keymon.faults import Fault, note, note_last, seen
from keymon.gui.fault_dialog import FaultDialog
from keymon.gui.main_window import MainWindow
from keymon.gui.translation import number, tr

_OWN = ("keymon/gui/fault_", "keymon/fault_")
"""A fault in files of these names is logged only: to tell of it would be to meet it again."""


class FaultTeller(QObject):
    """Serves `window`; `tell` may be called from any thread."""

    _arrived = Signal(object)

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self.moveToThread(window.thread())
        self._window = window
        self._told: set[tuple[str, str]] = set()
        self._faults: dict[tuple[str, str], Fault] = {}
        self.dialog: FaultDialog | None = None
        self.is_ending = False
        self._arrived.connect(self._show, Qt.ConnectionType.QueuedConnection)
        window.closed.connect(self._close)

    def tell(self, error: BaseException) -> None:
        """Tell of what nobody has caught."""
        fault = note(error)
        if not any(own in line for line in fault.lines for own in _OWN):
            self._arrived.emit(fault)

    def tell_early(self, error: BaseException) -> None:
        """Tell of a fault without which there would be a window: keymon ends when that has been read."""
        self.is_ending = True
        with suppress(Exception):
            print(note_last(error), file=sys.stderr)
        application = QApplication.instance()
        assert application is not None  # noqa: S101 - it has made the window
        try:
            self._faults.clear()
            title = tr("keymon has met a fault of its own and cannot show its window.")
            self._open(title, _advice(), lambda: application.exit(1), go_on=False)
            self._add(seen(error))
        except Exception:
            application.exit(1)
            raise

    @Slot()
    def tell_failure(self) -> None:
        """Tell of the fault by which there are no newer figures, as often as it is asked for."""
        failure = self._window.failure
        if failure is not None and not isinstance(failure, KeymonError):
            fault = seen(failure)
            self._told.discard(fault.mark)
            self._show(fault)

    def tell_crashes(self) -> None:
        """Tell, once, of those that ended keymon before."""
        crashes = take_crashes(log_folder())
        for crash in crashes:
            log.ours.error("ended unexpectedly at %s: %s", crash.at.isoformat(timespec="seconds"), crash.path)
        if crashes and self.dialog is None:
            title = tr("keymon ended unexpectedly on {time}.").format(time=f"{crashes[0].at:%Y-%m-%d %H:%M}")
            if len(crashes) > 1:
                title += " " + tr("That has happened {n} times since it was told last.").format(n=number(len(crashes)))
            self._open(title, _advice(), self._window.close).show_report(crash_report(crashes))

    @Slot(object)
    def _show(self, fault: Fault) -> None:
        if self.dialog is None and fault.mark not in self._told:
            title = tr("keymon has met a fault of its own, and goes on.")
            self._faults.clear()
            self._open(title, _advice(), self._window.close)
        if self.dialog is not None:
            self._add(fault)

    def _add(self, fault: Fault) -> None:
        """Tell of a fault in the dialog that is open."""
        is_new = fault.mark not in self._faults
        self._told.add(fault.mark)
        self._faults[fault.mark] = fault
        dialog = self.dialog
        if dialog is None:
            return
        if is_new:
            dialog.show_report(fault_report(list(self._faults.values()), self._gateway()))
        first = next(iter(self._faults.values()))
        words = []
        if first.number > 1:
            words.append(tr("It has happened {n} times.").format(n=number(first.number)))
        if len(self._faults) > 1:
            words.append(tr("Other faults since then: {n}").format(n=number(len(self._faults) - 1)))
        dialog.show_more(" ".join(words))

    def _open(self, title: str, advice: str, end: Callable[[], object], *, go_on: bool = True) -> FaultDialog:
        dialog = self.dialog = FaultDialog(title, advice, go_on=go_on)
        dialog.finished.connect(self._forget)
        dialog.quit_wanted.connect(end)
        dialog.show()
        dialog.raise_()
        return dialog

    def _gateway(self) -> str:
        return self._window.poller.kind if self._window.is_complete else "none yet"

    @Slot()
    def _forget(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None

    @Slot()
    def _close(self) -> None:
        if self.dialog is not None:
            self.dialog.done(0)


def _advice() -> str:
    return tr("The report says what happened, without keys and passwords. Please hand it on to whoever mends keymon.")
