"""Crashes of the process itself, which no exception tells of: what was being done then is written down in a file.

The file belongs to one process, which holds a lock on it and takes it away at a clean end. What a later start finds
that nobody holds was left by a crash, or, where nothing is in it, by a process that was killed. All of this is there
before the window, so nothing is imported that it can do without.
"""

import contextlib
import faulthandler
import os
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

_RUNNING, _CRASH = "running-", "crash-"
_MOST_KEPT = 10
_LONGEST = 100_000


def log_folder() -> Path:
    """Return the folder of what keymon notes down: the platform's, or `KEYMON_LOG_DIR`."""
    named = os.environ.get("KEYMON_LOG_DIR")
    if named:
        return Path(named)
    if sys.platform.startswith("linux"):
        # As platformdirs has it, which takes longer to import than all of this.
        state = os.environ.get("XDG_STATE_HOME", "").strip()
        return (Path(state) if state.startswith("/") else Path.home() / ".local/state") / "keymon" / "log"
    else:  # noqa: RET505 - for mypy, which knows on which system it runs
        from platformdirs import user_log_path

        return user_log_path("keymon", appauthor=False)


class Crash(NamedTuple):
    """The end of a process: when, what it was doing as faulthandler wrote it, and where that is kept."""

    at: datetime
    text: str
    path: Path


class CrashFile:
    """Where a crash of this process is written down, in `folder`; nowhere where nothing can be written there."""

    def __init__(self, folder: Path) -> None:
        self.path: Path | None = None
        self._handle = -1
        path = folder / f"{_RUNNING}{os.getpid()}-{time.time_ns()}.txt"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            self.path = path
            _lock(self._handle)
            faulthandler.enable(self._handle)
        except OSError:
            self.close()

    def close(self) -> None:
        """Take the file away: this process has come to a clean end."""
        if self._handle < 0:
            return
        faulthandler.disable()
        os.close(self._handle)
        self._handle = -1
        if self.path is not None:
            with contextlib.suppress(OSError):
                self.path.unlink()
            self.path = None


def take_crashes(folder: Path) -> list[Crash]:
    """Return the crashes that have not been told yet, the newest first; each is kept as `crash-….txt`.

    What processes left that were killed is removed, and so are all crashes but the newest few.
    """
    try:
        left = [path for path in folder.iterdir() if path.name.startswith(_RUNNING)]
    except OSError:
        return []
    found = [crash for path in left if (crash := _take(path)) is not None]
    kept = sorted(path for path in folder.glob(f"{_CRASH}*.txt"))
    for path in kept[:-_MOST_KEPT]:
        with contextlib.suppress(OSError):
            path.unlink()
    return sorted(found, key=lambda crash: crash.at, reverse=True)


def _take(path: Path) -> Crash | None:
    """Take what is left of a process; None where it lives, was killed, or another start is faster."""
    # Windows neither renames nor deletes a file that is open, so nothing else is asked there.
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        _lock(handle)
        text = os.read(handle, _LONGEST).decode(errors="replace")
        at = datetime.fromtimestamp(os.fstat(handle).st_mtime).astimezone()
    except OSError:
        return None
    finally:
        os.close(handle)
    try:
        if not text.strip():
            path.unlink()
            return None
        number = path.stem.removeprefix(_RUNNING).partition("-")[0]
        kept = path.with_name(f"{_CRASH}{at:%Y-%m-%d-%H%M%S}-{number}.txt")
        path.replace(kept)
    except OSError:
        return None
    return Crash(at, text, kept)


def _lock(handle: int) -> None:
    """Hold a file for as long as it is open. Raises `OSError` where another holds it."""
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
