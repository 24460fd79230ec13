"""Whatever the window exports, in each form: told where it cannot be written, and there whole when it can."""

import stat
from dataclasses import dataclass
from pathlib import Path

import pytest

from keymon.gui.export_dialog import ExportDialog
from tests.faults.failing_files import CODES, failing_disk, files_in
from tests.gateway_file import key
from tests.gui.conftest import Bench
from tests.gui.export_bench import ask, choose, fill, folder_for, opened, write

TABLE, CHART = ("csv", "json"), ("png", "svg")


@dataclass(frozen=True)
class Export:
    """What is exported of a panel, or of the details of a key, and in which forms."""

    panel: str
    what: str
    forms: tuple[str, ...] = TABLE


EXPORTS = (
    Export("keys", "Valid keys"),
    Export("keys", "Invalid keys"),
    Export("keys", "All keys of the pool"),
    Export("trend", "Trend over 24 h ("),
    Export("trend", "Chart: Trend over 24 h", CHART),
    Export("attention", "Keys with most calls"),
    Export("calls", "Calls: "),
    Export("errors", "Errors ("),
    Export("errors", "Errors by message"),
    Export("quality", "Data quality"),
    Export("details", "Models: "),
    Export("details", "Chart: Calls per model", CHART),
    Export("details", "Trend over 8 h"),
    Export("details", "Chart: Trend over 24 h", CHART),
    Export("details", "Calls: "),
)
EACH = [(export, form) for export in EXPORTS for form in export.forms]
EACH_IDS = [f"{export.panel}: {export.what.strip(' :(')} as {form}" for export, form in EACH]
OPERATIONS = ["open", "write", "write", "flush", "fsync", "close", "replace"]


@pytest.fixture
def filled(bench: Bench) -> Bench:
    return fill(bench)


@pytest.fixture
def folder(tmp_path: Path, filled: Bench) -> Path:
    return folder_for(filled, tmp_path)


def dialog_for(bench: Bench, folder: Path, export: Export, form: str) -> ExportDialog:
    """Return the dialog, filled in, with an old file in its place."""
    if export.panel == "details":
        bench.window.exporting.export_details(bench.window.open_details(key(0)))
    else:
        ask(bench, export.panel)
    dialog = opened(bench)
    choose(dialog, export.what, form)
    path = folder / f"out.{form}"
    path.write_text("old")
    dialog.file.setText(str(path))
    return dialog


def fail(bench: Bench, dialog: ExportDialog) -> str:
    """Begin to write what cannot be written; return what is said then."""
    dialog.export.click()
    bench.qtbot.waitUntil(lambda: not dialog.is_writing)
    return dialog.note.text


@pytest.mark.parametrize(("export", "form"), EACH, ids=EACH_IDS)
def test_a_full_disk_is_told_and_the_next_try_goes_well(filled: Bench, folder: Path, export: Export, form: str) -> None:
    dialog = dialog_for(filled, folder, export, form)
    with failing_disk(folder, OPERATIONS.index("write")):
        told = fail(filled, dialog)
    assert f"out.{form}: cannot be written (no space left on device)" in told
    assert "make room" in told
    assert files_in(folder) == {f"out.{form}": b"old"}
    assert dialog.isVisible()
    assert export.what in dialog.what.currentText()
    path = write(filled.qtbot, dialog)
    assert path == folder / f"out.{form}"
    assert dialog.note.text.startswith("Written: ")
    assert list(files_in(folder)) == [f"out.{form}"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    content = path.read_bytes()
    assert len(content) > 20
    assert not [n for n in range(4) if key(n).encode() in content], "keys are masked unless the operator asks for them"


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("n", range(len(OPERATIONS)), ids=[f"{n}-{name}" for n, name in enumerate(OPERATIONS)])
def test_whatever_fails_is_told(filled: Bench, folder: Path, n: int, code: str) -> None:
    dialog = dialog_for(filled, folder, EXPORTS[0], "csv")
    dialog.keys_in_full.setChecked(True)
    with failing_disk(folder, n, CODES[code]) as disk:
        told = fail(filled, dialog)
    assert disk.done[: n + 1] == OPERATIONS[: n + 1]
    assert "cannot be written" in told
    assert "What was there before has not been touched." in told
    assert files_in(folder) == {"out.csv": b"old"}
    assert dialog.keys_in_full.isChecked()
    dialog.file.setText(str(folder / "other.csv"))
    assert dialog.note.text == "", "what was said is of the other name"
    assert key(0).encode() in write(filled.qtbot, dialog).read_bytes()


@pytest.mark.parametrize("place", ["absent/out.csv", "../absent/out.csv", "file/out.csv", "aux.csv"])
def test_a_place_that_is_none_is_told_with_all_that_was_entered(filled: Bench, folder: Path, place: str) -> None:
    dialog = dialog_for(filled, folder, EXPORTS[0], "csv")
    (folder / "file").touch()
    dialog.file.setText(str(folder / place))
    dialog.keys_in_full.setChecked(True)
    assert "Choose another name or folder" in fail(filled, dialog)
    assert dialog.isVisible()
    assert dialog.keys_in_full.isChecked()
    assert dialog.file.text() == str(folder / place)
    dialog.file.setText(str(folder / "new.csv"))
    assert write(filled.qtbot, dialog) == folder / "new.csv"


@pytest.mark.parametrize("kept", ["a\0b", "x" * 5_000, "/proc/self/fd/999/x", "/etc/passwd", "~nobody"])
def test_a_folder_that_was_exported_to_last_and_is_none_any_more_is_not_suggested(filled: Bench, kept: str) -> None:
    filled.window.state.export_folder = Path(kept)
    ask(filled, "keys")
    assert opened(filled).path.parent.is_dir()
