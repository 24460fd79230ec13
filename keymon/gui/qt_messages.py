"""What Qt has to say goes into the log, and on standard error as before, secrets hidden."""

import logging
import sys
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from keymon.fault_text import shown
from keymon.log import is_round, ours

if TYPE_CHECKING:
    from collections.abc import Callable

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_MOST_TEXTS = 1_000


class QtMessages:
    """Hears Qt until `close`; whoever has heard it before goes on hearing it."""

    def __init__(self) -> None:
        self._heard: Counter[tuple[QtMsgType, str | None]] = Counter()
        self._before: Callable[..., Any] | None = qInstallMessageHandler(self._hear)

    def close(self) -> None:
        """Hear Qt no longer."""
        qInstallMessageHandler(self._before)

    def _hear(self, kind: QtMsgType, context: QMessageLogContext, text: str | None) -> None:
        with suppress(Exception):
            if len(self._heard) > _MOST_TEXTS:
                self._heard.clear()
            self._heard[kind, text] += 1
            number = self._heard[kind, text]
            if is_round(number):
                times = f" ({number} times)" if number > 1 else ""
                ours.log(_LEVELS[kind], "Qt: %s%s", text, times)
            if self._before is not None:
                self._before(kind, context, text or "")
            elif sys.stderr is not None and kind != QtMsgType.QtDebugMsg:
                print(shown(text or ""), file=sys.stderr)
