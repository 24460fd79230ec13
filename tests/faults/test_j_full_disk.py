"""A disk that fails while a file is exported: whatever it fails at, the old file stays, and nothing beside it."""

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from keymon.errors import ExportError
from tests.faults.failing_files import CODES, failing_disk, files_in, room_for
from tests.faults.written import CANARY, FORMS, thing_for, write

END = ["flush", "fsync", "close", "replace"]
OPERATIONS = {
    "csv": ["open", *["write"] * 4, *END],  # a head and three batches
    "json": ["open", *["write"] * 5, *END],  # and the end
    "png": ["open", "write", *END],
    "svg": ["open", "write", *END],
}
EACH = [(form, n) for form in FORMS for n in range(len(OPERATIONS[form]))]
EACH_IDS = [f"{form}-{n}-{OPERATIONS[form][n]}" for form, n in EACH]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "exports"
    folder.mkdir()
    path = folder / "out"
    path.write_text("old")
    path.chmod(0o644)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_these_are_all_operations(path: Path, form: str) -> None:
    with failing_disk(path.parent) as disk:
        write(path, form)
    assert disk.done == OPERATIONS[form]
    assert list(files_in(path.parent)) == ["out"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600, "whoever could read the old one cannot read this one"
    content = path.read_bytes()
    assert content != b"old"
    assert CANARY.encode() not in content


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(("form", "n"), EACH, ids=EACH_IDS)
def test_an_operation_that_fails_leaves_the_old_file(path: Path, form: str, n: int, code: str) -> None:
    with failing_disk(path.parent, n, CODES[code]), pytest.raises(ExportError) as caught:
        write(path, form)
    assert os.strerror(CODES[code]).lower() in str(caught.value)
    assert str(path) in str(caught.value)
    assert "What was there before has not been touched" in caught.value.advice
    assert files_in(path.parent) == {"out": b"old"}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("n", range(1, 6))
def test_where_there_was_no_file_there_is_none(path: Path, form: str, n: int) -> None:
    path.unlink()
    with failing_disk(path.parent, n), pytest.raises(ExportError):
        write(path, form)
    assert files_in(path.parent) == {}


@pytest.mark.parametrize(("form", "n"), EACH, ids=EACH_IDS)
def test_a_disk_that_dies_in_the_middle_leaves_the_old_file(path: Path, form: str, n: int) -> None:
    """Nothing can be removed then, either: what is unfinished may stay, for this account only, and goes later."""
    with failing_disk(path.parent, n, errno.EIO, lasts=True), pytest.raises(ExportError, match="input/output error"):
        write(path, form)
    assert path.read_text() == "old"
    left = [one for one in path.parent.iterdir() if one != path]
    assert all(stat.S_IMODE(one.stat().st_mode) == 0o600 for one in left)
    _age(*left)
    write(path, form)
    assert list(files_in(path.parent)) == ["out"]


@pytest.mark.parametrize("form", FORMS)
def test_a_disk_that_is_full_at_any_byte_leaves_the_old_file(path: Path, form: str) -> None:
    thing = thing_for(form)
    write(path, form, thing)
    size = path.stat().st_size
    path.write_text("old")
    for room in [*range(3, size, max(size // 60, 1)), size - 1]:
        with room_for(room), pytest.raises(ExportError, match="file too large"):
            write(path, form, thing)
        assert files_in(path.parent) == {"out": b"old"}, room
    with room_for(size):
        write(path, form, thing)
    assert path.stat().st_size == size


def _age(*paths: Path) -> None:
    for path in paths:
        os.utime(path, (0, path.stat().st_mtime - 3_700))


_ENDLESS = """
import sys
from pathlib import Path
from tests.faults.written import CANARY, table, write
from dataclasses import replace

def rows():
    while True:
        yield CANARY, "m", 1

write(Path(sys.argv[1]), sys.argv[2], replace(table(), rows=rows), tell=lambda rows: print(rows, flush=True))
"""


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_process_that_is_killed_leaves_the_old_file(path: Path, form: str) -> None:
    command = [sys.executable, "-c", _ENDLESS, str(path), form]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2], text=True)
    assert process.stdout is not None
    while process.stdout.readline() not in {"5000\n", ""}:
        pass
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert path.read_text() == "old"
    (left,) = (one for one in path.parent.iterdir() if one != path)
    assert stat.S_IMODE(left.stat().st_mode) == 0o600
    write(path, form)
    assert left.exists(), "it might be of another that is still writing"
    _age(left)
    write(path, form)
    assert list(files_in(path.parent)) == ["out"]


def test_what_is_not_ours_to_remove_stays(path: Path) -> None:
    for name in (".keymon", "keymon-keys.csv", ".keymonrc"):
        path.with_name(name).write_text("mine")
        _age(path.with_name(name))
    path.with_name(".keymon-folder").mkdir()
    _age(path.with_name(".keymon-folder"))
    write(path, "csv")
    assert sorted(os.listdir(path.parent)) == [".keymon", ".keymon-folder", ".keymonrc", "keymon-keys.csv", "out"]
