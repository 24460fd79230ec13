"""Writes files so that a reader finds the old content or the new, never half of it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


def write_private(path: Path, content: bytes) -> None:
    """Put `content` at `path`, for nobody but this account to read; its folder is made where there is none.

    Raises `OSError`; what was at `path` before is then still there.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with private_file(path) as file:
        file.write(content)


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write to, which takes the place of `path` when all has been written; mode 0600.

    Raises `OSError`. After that, or whatever else is raised meanwhile, what was at `path` before is still there and
    nothing beside it.
    """
    path = path.resolve()  # a link to the file stays one
    handle, name = tempfile.mkstemp(prefix=".keymon-", dir=path.parent)  # made with mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
