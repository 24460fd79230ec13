"""One window per gateway: a second start of the same raises the window of the first, and ends.

What a start is about is its gateway as the command line names it; starts that name none are all the same. The first
holds a lock, and listens once all of its window has been painted; one that is only starting is waited for. One that
does not answer, because it hangs, is left alone: then there are two windows, which do each other no harm.
"""

import os
import sys
import time
from binascii import crc32
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

from PySide6.QtCore import QLockFile, QObject, Signal

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

ANSWER_S = 2.0
"""How long a second start waits for the first to be raised."""
_PAUSE_S = 0.05
_RAISE, _RAISED, _END = b"raise", b"raised", b"end"


class Instance(QObject):
    """This start of keymon, about `what`. `raise_wanted()` tells in the window's thread of another start of the same.

    Whoever is told calls `raised` once the window is in front.
    """

    raise_wanted = Signal()

    def __init__(self, what: str, folder: Path | None = None) -> None:
        super().__init__()
        folder = folder or _folder()
        # A name without what it stands for: that may be long, and is nobody's business.
        data = what.encode(errors="backslashreplace")
        name = f"{crc32(data):08x}{crc32(data[::-1]):08x}" if what else "window"
        self._secret = folder / f"{name}.secret"
        self._address = rf"\\.\pipe\keymon-{name}" if sys.platform == "win32" else str(folder / f"{name}.socket")
        self._lock = QLockFile(str(folder / f"{name}.lock"))
        self._lock.setStaleLockTime(0)  # for as long as its process lives, and no longer
        self._is_raised = Event()
        self._is_over = Event()
        self._thread: Thread | None = None

    def is_first(self) -> bool:
        """Tell whether there is no other; then this is the first from now on."""
        lock = self._lock
        return lock.isLocked() or lock.tryLock(0) or lock.error() != QLockFile.LockError.LockFailedError

    def raise_first(self) -> bool:
        """Let the first raise its window; False where it does not answer in `ANSWER_S` seconds, or has ended."""
        if sys.platform == "win32":
            _let_come_to_front()
        end = time.monotonic() + ANSWER_S
        while not self._send(_RAISE, end - time.monotonic()):
            # It may be starting still, as after a double click too many, or be about to end.
            if self.is_first() or time.monotonic() + _PAUSE_S > end:
                return False
            time.sleep(_PAUSE_S)
        return True

    def _send(self, message: bytes, limit_s: float = ANSWER_S) -> bool:
        """Send a message to the first; tell whether it answered in time."""
        answers: list[bool] = []
        # In a thread: one that hangs may be connected to and then says nothing, which nothing in Python ends.
        asking = Thread(target=lambda: answers.append(self._ask(message)), name="keymon-asking", daemon=True)
        asking.start()
        asking.join(limit_s)
        return answers == [True]

    def _ask(self, message: bytes) -> bool:
        from multiprocessing import AuthenticationError
        from multiprocessing.connection import Client

        try:
            with Client(self._address, authkey=self._secret.read_bytes()) as connection:
                connection.send_bytes(message)
                return connection.poll(ANSWER_S) and connection.recv_bytes(16) == _RAISED
        except (OSError, EOFError, ValueError, AuthenticationError):
            return False

    def listen(self) -> None:
        """Listen to other starts from now on."""
        if self._lock.isLocked() and self._thread is None:
            self._thread = Thread(target=self._listen, name="keymon-instance", daemon=True)
            self._thread.start()

    def raised(self) -> None:
        """Tell whoever asked that the window is in front."""
        self._is_raised.set()

    def close(self) -> None:
        """Listen no more, and be the first no more."""
        self._is_over.set()
        if self._thread is not None:
            self._is_raised.set()
            self._send(_END)
            self._thread.join(ANSWER_S)
            self._thread = None
            self._secret.unlink(missing_ok=True)
        self._lock.unlock()

    def _listen(self) -> None:
        """Answer until `close`; only this user can reach it, and has to know the secret."""
        from multiprocessing import AuthenticationError
        from multiprocessing.connection import Listener

        from keymon.files import write_private

        secret = os.urandom(32)
        try:
            write_private(self._secret, secret)
            if sys.platform != "win32":
                Path(self._address).unlink(missing_ok=True)  # left by one that was killed: the lock is ours
            listening = Listener(self._address, authkey=secret)
        except OSError:
            return  # the folder is full, or its name is too long for a socket: then there may be two windows
        with listening as listener:
            while not self._is_over.is_set():
                try:
                    with listener.accept() as connection:
                        self._answer(connection)
                except (OSError, EOFError, AuthenticationError):
                    continue  # whoever that was

    def _answer(self, connection: "Connection") -> None:
        if connection.poll(ANSWER_S) and connection.recv_bytes(16) == _RAISE:
            self._is_raised.clear()
            self.raise_wanted.emit()
            if self._is_raised.wait(ANSWER_S):
                connection.send_bytes(_RAISED)


def _let_come_to_front() -> None:
    """Let any process come to the front: on Windows only the one that the operator has just started may say so."""
    import ctypes

    ctypes.windll.user32.AllowSetForegroundWindow(-1)  # type: ignore[attr-defined]


def _folder() -> Path:
    """Return a folder that is this user's alone. Raises `OSError` where there is none."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if sys.platform == "win32":
        folder = Path(os.environ["LOCALAPPDATA"]) / "keymon" / "run"
    elif runtime:
        folder = Path(runtime) / "keymon"
    else:
        folder = Path(os.environ.get("TMPDIR", "/tmp")) / f"keymon-{os.getuid()}"  # noqa: S108 - checked below
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sys.platform != "win32":
        status = folder.lstat()
        if status.st_uid != os.getuid() or status.st_mode & 0o077:
            raise PermissionError(f"{folder} is not ours alone")
    return folder
