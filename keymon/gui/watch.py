"""What keymon notes down and tells of itself while its window is open.

It hears of faults from the first; what it needs to tell of them, and the log, is loaded after the first paint.
"""

import sys
import time
from typing import TYPE_CHECKING

from keymon.hooks import Hooks

if TYPE_CHECKING:
    from keymon.gui.fault_teller import FaultTeller
    from keymon.gui.main_window import MainWindow
    from keymon.gui.qt_messages import QtMessages


class Watch:
    """Of `window`, until `close`."""

    def __init__(self, window: "MainWindow") -> None:
        self._window = window
        self._began = time.monotonic()
        self._hooks = Hooks(self._tell)
        self._messages: QtMessages | None = None
        self._made: FaultTeller | None = None

    def begin(self) -> None:
        """Begin the log, and tell how keymon ended the last time; the window is complete and can be seen."""
        import PySide6
        from PySide6.QtGui import QGuiApplication

        from keymon import __version__, log
        from keymon.gui.journal import Journal
        from keymon.gui.qt_messages import QtMessages

        log.begin()
        self._messages = QtMessages()
        # The versions of all libraries, which take time to find out, are in the reports.
        python = ".".join(map(str, sys.version_info[:3]))
        screen = f"{sys.platform}, {QGuiApplication.platformName()}"
        log.ours.info("begins: keymon %s, Python %s, PySide6 %s, %s", __version__, python, PySide6.__version__, screen)
        Journal(self._window.poller)
        teller = self._teller()
        self._window.banner.report_wanted.connect(teller.tell_failure)
        teller.tell_crashes()

    def close(self) -> None:
        """Put everything back as it was."""
        from keymon import log

        self._hooks.close()
        log.ours.info("ends after %.0f s", time.monotonic() - self._began)
        if self._messages is not None:
            self._messages.close()
        log.end()

    def _teller(self) -> "FaultTeller":
        if self._made is None:
            from keymon.gui.fault_teller import FaultTeller

            self._made = FaultTeller(self._window)
        return self._made

    def _tell(self, error: BaseException) -> None:
        teller = self._teller()
        if self._window.is_complete or teller.is_ending:
            teller.tell(error)
        else:
            teller.tell_early(error)
