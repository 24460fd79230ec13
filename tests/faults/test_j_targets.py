"""Places that no file should be put at, and those that look so: told beforehand, and nothing is touched."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from keymon.errors import ExportError
from keymon.export import free_path, suggested_name
from keymon.gui.errands import Errands
from keymon.gui.export_dialog import ExportDialog
from tests.faults.written import CANARY, FORMS, ORIGIN, fresh_thing, table, write

NOBODY = 65_534


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "exports"
    folder.mkdir()
    return folder


@pytest.fixture
def modest_folder() -> Iterator[Path]:
    """A folder while keymon runs with no more rights than an operator has."""
    place = Path(tempfile.mkdtemp(prefix="keymon-test-"))
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(place, NOBODY, -1)
        os.seteuid(NOBODY)
    try:
        yield place
    finally:
        if is_root:
            os.seteuid(0)
        shutil.rmtree(place)


def told(path: Path, form: str) -> str:
    """Return why nothing can be written; nothing in the folder has changed then."""
    before = sorted(os.listdir(path.parent)) if path.parent.is_dir() else None
    with pytest.raises(ExportError) as caught:
        write(path, form)
    assert before == (sorted(os.listdir(path.parent)) if path.parent.is_dir() else None)
    return str(caught.value)


def folder_there(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def link_to_nowhere(path: Path) -> None:
    path.symlink_to("absent/folder/file")


def link_to_device(path: Path) -> None:
    path.symlink_to("/dev/full")


def link_to_folder(path: Path) -> None:
    path.symlink_to("/tmp")  # noqa: S108


def read_only(path: Path) -> None:
    path.write_text("old")
    path.chmod(0o444)


def nothing(_path: Path) -> None:
    pass


RESERVED = ["CON", "con.csv", "NUL", "nul.tar.csv", "aux.csv", "PRN", "COM1", "com9.json", "lpt1.svg", "COM¹.png"]
RESERVED += ["NUL .csv", "out.csv.", "out.csv ", "out. ."]
PLACES: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "a folder": ("out", folder_there, "it is a folder"),
    "a pipe": ("out", pipe, "it is no file but a device, a pipe or a socket"),
    "a device": ("/dev/full", nothing, "it is no file but a device, a pipe or a socket"),
    "a terminal": ("/dev/tty", nothing, "it is no file but a device, a pipe or a socket"),
    "a link to a device": ("out", link_to_device, "it is no file but a device, a pipe or a socket"),
    "a link to a folder": ("out", link_to_folder, "it is a folder"),
    "a link to itself": ("out", link_to_itself, "too many levels of symbolic links"),
    "a link to nowhere": ("out", link_to_nowhere, "no such file or directory"),
    "a file that is read-only": ("out", read_only, "the file is read-only"),
    "a folder that is absent": ("absent/out", nothing, "there is no such folder"),
    "a file as folder": ("file/out", nothing, "there is no such folder"),
    "the folder above": ("..", nothing, "it is a folder"),
    "the folder above that": ("../..", nothing, "it is a folder"),
    "the root": ("/", nothing, "the name is none for a file"),
    "where nobody makes files": ("/proc/self/out.csv", nothing, "cannot be written"),
    "a name of 300 letters": ("x" * 300, nothing, "file name too long"),
    "a name of 5,000 letters": ("x" * 5_000, nothing, "file name too long"),
    "a name of 100 wide letters": ("中" * 100, nothing, "file name too long"),
    "a NUL": ("a\0b", nothing, "the name is none for a file"),
    "a line break": ("a\nb", nothing, "the name is none for a file"),
    "an escape": ("a\x1b[2Jb", nothing, "the name is none for a file"),
    **{f"the reserved name {name}": (name, nothing, "Windows has no file of that name") for name in RESERVED},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_no_file_can_be_put_at_is_told(folder: Path, place: str, form: str) -> None:
    name, prepare, reason = PLACES[place]
    (folder / "file").write_text("in the way")
    path = folder / name
    prepare(path)
    assert reason in told(path, form)
    assert (folder / "file").read_text() == "in the way"
    assert place != "a file that is read-only" or path.read_text() == "old"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mode", [0o555, 0o000], ids=["read-only", "closed"])
def test_a_folder_without_the_right_to_write_is_told(modest_folder: Path, form: str, mode: int) -> None:
    inner = modest_folder / "inner"
    inner.mkdir()
    (inner / "out").write_text("old")
    inner.chmod(mode)
    try:
        with pytest.raises(ExportError, match="permission denied"):
            write(inner / "out", form)
    finally:
        inner.chmod(0o755)
    assert os.listdir(inner) == ["out"]
    assert (inner / "out").read_text() == "old"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("when", ["at the first rows", "at the last rows"])
def test_a_folder_that_vanishes_in_the_middle_is_told(folder: Path, form: str, when: str) -> None:
    def tell(rows: int) -> None:
        if folder.is_dir() and (rows == 2_500 or when == "at the first rows" or form in {"png", "svg"}):
            shutil.rmtree(folder)

    with pytest.raises(ExportError, match="no such file or directory"):
        write(folder / "out", form, tell=tell)
    assert not folder.exists()


@pytest.mark.parametrize("form", FORMS)
def test_a_folder_that_is_another_in_the_middle_gets_no_half_file(folder: Path, form: str) -> None:
    def tell(_rows: int) -> None:
        if folder.is_dir() and not (folder / "new").exists():
            folder.rename(folder.with_name("moved"))
            folder.mkdir()
            (folder / "new").touch()

    with pytest.raises(ExportError, match="no such file or directory"):
        write(folder / "out", form, tell=tell)
    assert os.listdir(folder) == ["new"]


@pytest.mark.parametrize("name", ["x" * 251 + ".csv", "CONSOLE.csv", "common.csv", ".hidden", "a b.csv", "ü 中文.csv"])
def test_an_odd_name_that_can_be_written_is(folder: Path, name: str) -> None:
    write(folder / name, "csv")
    assert os.listdir(folder) == [name]


@pytest.mark.parametrize("name", ["../out.csv", "inner/../../out.csv"])
def test_a_folder_above_is_the_operators_own_choice(folder: Path, name: str) -> None:
    (folder / "inner").mkdir()
    write(folder / name, "csv")
    assert os.listdir(folder) == ["inner"]
    assert (folder.parent / "out.csv").is_file()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("is_there", [True, False], ids=["to a file", "to none yet"])
def test_a_link_stays_one(folder: Path, form: str, is_there: bool) -> None:
    if is_there:
        (folder / "out").write_text("old")
    (folder / "link").symlink_to("out")
    write(folder / "link", form)
    assert (folder / "link").is_symlink()
    assert (folder / "out").stat().st_size > 100


# Names that are suggested, whatever they are made of


@pytest.mark.parametrize(
    ("name", "suggested"),
    [
        ("../../etc/passwd", "keymon-etc-passwd-2026-11-24.csv"),
        ("/etc/passwd", "keymon-etc-passwd-2026-11-24.csv"),
        ("C:\\Windows\\x", "keymon-c-windows-x-2026-11-24.csv"),
        ("CON", "keymon-con-2026-11-24.csv"),
        ("aux.", "keymon-aux-2026-11-24.csv"),
        ("a:b\0c\\d\u202ee", "keymon-a-b-c-d-e-2026-11-24.csv"),
        ("中文", "keymon-2026-11-24.csv"),
        ("", "keymon-2026-11-24.csv"),
        (" . ", "keymon-2026-11-24.csv"),
        ("x" * 500, f"keymon-{'x' * 60}-2026-11-24.csv"),
        ("Valid keys: search “=1”", "keymon-valid-keys-search-1-2026-11-24.csv"),
        (CANARY, "keymon-aizasy-0017-2026-11-24.csv"),
    ],
)
def test_the_suggested_name_is_one_that_any_system_takes(folder: Path, name: str, suggested: str) -> None:
    assert suggested_name(name, date(2026, 11, 24), "csv") == suggested
    write(folder / suggested, "csv")


@pytest.mark.parametrize("place", ["closed", "x" * 300, "a\0b"])
def test_a_folder_that_cannot_be_looked_into_is_no_fault(modest_folder: Path, place: str) -> None:
    (modest_folder / "closed").mkdir(mode=0)
    assert free_path(modest_folder / place / "out.csv") == modest_folder / place / "out.csv"


# In the dialog


@pytest.fixture
def errands() -> Iterator[Errands]:
    made = Errands()
    yield made
    made.stop()


NAMES = ("a\0b", "~nobody-of-that-name/x", "/", "x" * 5_000, "  ", "../..", "..", ".", "con", "aux.csv", "~")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", NAMES, ids=[repr(name[:30]) for name in NAMES])
def test_no_name_makes_the_dialog_stumble(qtbot: QtBot, folder: Path, errands: Errands, text: str, form: str) -> None:
    dialog = ExportDialog(
        [table(("k", "m", 1)) if form in {"csv", "json"} else fresh_thing(form)], ORIGIN, folder, errands
    )
    dialog.show()
    dialog.format.setCurrentIndex(dialog.format.findData(form))
    dialog.file.setText(text)
    dialog.export.click()
    qtbot.waitUntil(lambda: not dialog.is_writing)
    assert dialog.note.text or not dialog.export.isEnabled()
    assert "Written" not in dialog.note.text
    assert os.listdir(folder) == []
    dialog.done(0)
    dialog.deleteLater()
