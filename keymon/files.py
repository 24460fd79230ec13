"""Writes files so that a reader finds the old content or the new, never half of it."""

import errno
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_PREFIX = ".keymon-"
_LEFT_BEHIND_S = 3_600.0
"""Whoever has not written for that long writes no more: it was killed."""


def write_private(path: Path, content: bytes) -> None:
    """Put `content` at `path`, for nobody but this account to read; its folder is made where there is none.

    Raises `OSError`; what was at `path` before is then still there.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with private_file(path) as file:
        file.write(content)


@contextmanager
def private_file(path: Path, mode: int = 0o600) -> Iterator[BinaryIO]:
    """Give a file to write to, which takes the place of `path` when all has been written; for this account only.

    Another `mode` lets others read what they are meant to. Raises `OSError`. After that, or whatever else is raised
    meanwhile, what was at `path` before is still there and nothing beside it. Only a process that is killed leaves
    its unfinished file, which goes with the next one that is written there an hour later.
    """
    path = _resolved(path)
    _remove_left_behind(path.parent)
    handle, name = tempfile.mkstemp(prefix=_PREFIX, dir=path.parent)  # made with mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if mode != 0o600:
            Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _resolved(path: Path) -> Path:
    """Return where a link leads, so that it stays one."""
    try:
        return path.resolve()
    except RuntimeError:  # of Python before 3.13
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from None


def _remove_left_behind(folder: Path) -> None:
    """Remove what a killed process has left unfinished: it may hold keys in full."""
    now = time.time()
    with suppress(OSError):
        for path in folder.glob(f"{_PREFIX}*"):
            status = path.lstat()
            if path.is_file() and now - status.st_mtime > _LEFT_BEHIND_S:
                path.unlink()
