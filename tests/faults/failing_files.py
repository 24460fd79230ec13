"""Lets the n-th operation on files, or on a keyring, fail: at the outermost edge, whoever runs the tests.

Root may do anything, and no disk of a test's is ever full; so what the system would say is said in its place.
"""

import errno
import os
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

import pytest

if TYPE_CHECKING:
    from types import TracebackType

CODES = {code: getattr(errno, code) for code in ("ENOSPC", "EDQUOT", "EIO", "EACCES", "EROFS")}
"""What a disk says that is full, where others have had their share, broken, not ours, or mounted for reading."""


class Failing:
    """Counts operations and raises `error()` at number `at`, and where that `lasts` at all after it.

    `done` are the names of those that were begun; nothing fails where `at` is None.
    """

    def __init__(self, at: int | None, error: Callable[[], Exception], *, lasts: bool = False) -> None:
        self._at, self._error, self._lasts = at, error, lasts
        self.done: list[str] = []

    def step(self, name: str = "") -> None:
        """Begin an operation."""
        number = len(self.done)
        self.done.append(name)
        if self._at is not None and (number == self._at or (self._lasts and number > self._at)):
            raise self._error()


class _File:
    """A file that is written, each operation a step."""

    def __init__(self, file: BinaryIO, disk: Failing) -> None:
        self._file, self._disk = file, disk

    def write(self, data: bytes) -> int:
        self._disk.step("write")
        return self._file.write(data)

    def flush(self) -> None:
        self._disk.step("flush")
        self._file.flush()

    def fileno(self) -> int:
        return self._file.fileno()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self._file.close()
        self._disk.step("close")


class _Disk(Failing):
    """What `os` does to files under `folder`; reading is no step."""

    def __init__(self, folder: Path, at: int | None, code: int, *, lasts: bool) -> None:
        super().__init__(at, lambda: OSError(code, os.strerror(code)), lasts=lasts)
        self._folder = folder
        self._handles: set[int] = set()
        self._open, self._fdopen, self._fsync = os.open, os.fdopen, os.fsync

    def is_ours(self, path: object) -> bool:
        return isinstance(path, str | os.PathLike) and Path(path).is_relative_to(self._folder)

    def open(self, path: str, flags: int, *rest: int, **more: int) -> int:
        if not self.is_ours(path) or not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return self._open(path, flags, *rest, **more)
        self.step("open")
        handle = self._open(path, flags, *rest, **more)
        self._handles.add(handle)
        return handle

    def fdopen(self, handle: int, *rest: object, **more: object) -> object:
        file: BinaryIO = self._fdopen(handle, *rest, **more)  # type: ignore[call-overload]
        return _File(file, self) if handle in self._handles else file

    def fsync(self, handle: int) -> None:
        if handle in self._handles:
            self.step("fsync")
        self._fsync(handle)

    def stepping(self, name: str) -> Callable[..., object]:
        real: Callable[..., object] = getattr(os, name)

        def act(path: str, *rest: object, **more: object) -> object:
            if self.is_ours(path) and not (name == "mkdir" and Path(path).is_dir()):  # which changes nothing
                self.step(name)
            return real(path, *rest, **more)

        return act


@contextmanager
def failing_disk(
    folder: Path, at: int | None = None, code: int = errno.ENOSPC, *, lasts: bool = False
) -> Iterator[Failing]:
    """Let operation number `at` that changes files under `folder` fail with `code`."""
    disk = _Disk(folder, at, code, lasts=lasts)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("mkdir", "rename", "replace", "unlink", "chmod"):
            patch.setattr(os, name, disk.stepping(name))
        for name in ("open", "fdopen", "fsync"):
            patch.setattr(os, name, getattr(disk, name))
        yield disk


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file grow beyond `size` bytes, as on a disk that is full; the system itself sees to that."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


def files_in(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder, hidden ones too, with what is in them."""
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}
