"""Writes files of keymon's own so that a reader finds the old content or the new, never half of it."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Put `content` at `path`, for nobody but this account to read; its folder is made where there is none.

    Raises `OSError`; what was at `path` before is then still there.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = path.resolve()  # a link to the file stays one
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # made with mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
