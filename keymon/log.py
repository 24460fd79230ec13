"""What keymon notes down of its own doings, in a file that never holds a secret.

Every line passes through `hide_secrets`, whoever wrote it. The file is opened for each line, in append mode: several
keymon may write to it and turn it over. One that cannot be written is no fault: keymon goes on without, and tries
again with the next line. Libraries are heard from a warning on, never their statements.
"""

import errno
import logging
import os
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType

from keymon.crashes import log_folder
from keymon.fault_text import shown, trace_lines

NAME = "keymon.log"
LEVEL_VARIABLE = "KEYMON_LOG_LEVEL"
LARGEST = 1_000_000
"""Bytes of a file before the next is begun."""
OLDER = 2
"""How many files are kept besides."""
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
"""A pipe in the place of the file is not waited for."""

ours = logging.getLogger("keymon")
"""By which keymon notes things down; what it is given before `begin` is heard by nobody."""
ours.addHandler(logging.NullHandler())  # else warnings would be printed as they are


class MaskedLine(logging.Formatter):
    """One line for each record: time with offset, level, process, whose, text; the traceback behind bars."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without secrets wherever they stood."""
        at = datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")
        try:
            text = record.getMessage()
        except Exception:  # noqa: BLE001 - arguments that do not fit, or that cannot be shown
            text = str(record.msg)
        parts = [shown(text), *_trace(record.exc_info)]
        if record.stack_info:
            parts.extend(map(shown, record.stack_info.splitlines()))
        return f"{at} {record.levelname} {record.process} {shown(record.name, 80)}: {' | '.join(parts)}"


_Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def _trace(raised: "_Raised | None") -> list[str]:
    return trace_lines(raised[1]) if raised is not None and raised[1] is not None else []


class LogFile(logging.Handler):
    """Writes into `folder`. `failure` is why the last line could not be written, None where it was."""

    def __init__(self, folder: Path, largest: int = LARGEST) -> None:
        super().__init__()
        self.path = folder / NAME
        self.failure: Exception | None = None
        self._largest = largest
        self.setFormatter(MaskedLine())

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, and begin another file where this one is full."""
        try:
            size = self._append(f"{self.format(record)}\n".encode(errors="backslashreplace"))
        except Exception as error:  # noqa: BLE001 - whoever notes something down has other worries
            self.failure = error
            return
        self.failure = None
        if size > self._largest:
            # Where another keymon does the same, or has the file open on Windows, the next line tries again.
            with suppress(OSError):
                self._turn_over()

    def handleError(self, record: logging.LogRecord) -> None:
        """Say nothing: what the library would print holds the arguments."""

    def _append(self, line: bytes) -> int:
        """Write it in one piece, so that lines of several keymon do not mingle; return how large the file is then."""
        try:
            handle = os.open(self.path, _FLAGS, 0o600)
        except FileNotFoundError:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.path, _FLAGS, 0o600)
        try:
            if os.write(handle, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return os.fstat(handle).st_size
        finally:
            os.close(handle)

    def _turn_over(self) -> None:
        handle = os.open(self.path.with_name(f"{NAME}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(handle)
            if self.path.stat().st_size > self._largest:  # else another keymon has done so meanwhile
                for number in range(OLDER, 0, -1):
                    newer = self.path.with_name(f"{NAME}.{number - 1}") if number > 1 else self.path
                    if newer.exists():
                        newer.replace(self.path.with_name(f"{NAME}.{number}"))
        finally:
            os.close(handle)


def _lock(handle: int) -> None:
    """Hold a file until it is closed. Raises `OSError` where another keymon holds it."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


_begun: list[LogFile] = []
"""At most one."""


def begin(folder: Path | None = None) -> LogFile:
    """Write what is noted down into the log from now on, and warnings of Python and of libraries too."""
    if not _begun:
        file = LogFile(folder or log_folder())
        _begun.append(file)
        logging.getLogger().addHandler(file)
        ours.setLevel(_LEVELS.get(os.environ.get(LEVEL_VARIABLE, "").strip().lower(), logging.INFO))
        logging.captureWarnings(True)
    return _begun[0]


def end() -> None:
    """Write nothing any more."""
    while _begun:
        logging.captureWarnings(False)
        logging.getLogger().removeHandler(_begun.pop())
        ours.setLevel(logging.NOTSET)


def whereabouts() -> str:
    """Return where the log is, and why it is not there if it cannot be written."""
    file = _begun[0] if _begun else LogFile(log_folder())
    path = shown(str(file.path), 400)
    return path if file.failure is None else f"{path} (cannot be written: {shown(str(file.failure), 200)})"


def is_round(number: int) -> bool:
    """Tell whether it is 1, 10, 100 …: so often is noted down what happens again and again."""
    return str(number).strip("0") == "1"


def last_lines(count: int, folder: Path | None = None) -> list[str]:
    """Return the last lines of the log, none where there is none."""
    try:
        with (folder or log_folder()).joinpath(NAME).open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - count * LARGEST // 1_000, 0))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return []
    return [shown(line) for line in lines[-count:]]
