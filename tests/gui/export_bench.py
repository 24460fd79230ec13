"""What tests of exports have in common: a gateway worth exporting, the dialog filled in, files read back."""

import csv
import json
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from keymon.gui.errors_panel import ErrorsPanel
from keymon.gui.export_dialog import ExportDialog
from tests.gateway_file import key
from tests.gui.conftest import Bench, call, invalidate
from tests.gui.panel_bench import minutes_ago

PANELS = ("keys", "trend", "attention", "calls", "errors", "quality")
HOSTILE = "=cmd<b>&\0\u202e\n" + key(0)


def fill(bench: Bench) -> Bench:
    """Show four keys, one of them invalid; a model has a hostile name, and an error tells a key."""
    gateway = bench.gateway(4)
    call(gateway, 0, times=5)
    call(gateway, 0, times=2, status=429, model=HOSTILE)
    call(gateway, 1, times=3)
    invalidate(gateway, 3)
    gateway.error(key(0), minutes_ago(1), f"{key(0)} is exhausted", 429)
    bench.follow(gateway)
    return bench


def folder_for(bench: Bench, tmp_path: Path) -> Path:
    """Make the folder that was exported to last."""
    folder = tmp_path / "exports"
    folder.mkdir()
    bench.window.state.export_folder = folder
    return folder


def read_csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def read_json(path: Path) -> Any:  # noqa: ANN401 - whatever JSON holds
    return json.loads(path.read_bytes())


def opened(bench: Bench) -> ExportDialog:
    """Return the dialog that was opened."""
    dialog = bench.window.exporting.dialog
    assert dialog is not None
    return dialog


def dialog_of(bench: Bench, folder: Path) -> ExportDialog:
    """Return the dialog that was opened, to write into `folder`."""
    dialog = opened(bench)
    dialog.file.setText(str(folder / Path(dialog.file.text()).name))
    return dialog


def things_of(dialog: ExportDialog) -> list[str]:
    """Return what there is to export."""
    return [dialog.what.itemText(i) for i in range(dialog.what.count())]


def choose(dialog: ExportDialog, what: str, form: str) -> None:
    """Choose what contains a text, and the form of the file."""
    dialog.what.setCurrentIndex(next(i for i, text in enumerate(things_of(dialog)) if what in text))
    dialog.format.setCurrentIndex(dialog.format.findData(form))


def write(qtbot: QtBot, dialog: ExportDialog) -> Path:
    """Write the file and return its path."""
    with qtbot.waitSignal(dialog.written) as told:
        dialog.export.click()
    assert told.args is not None
    path: Path = told.args[0]
    return path


def shown(bench: Bench, name: str) -> QWidget:
    """Go to a panel and return it once it has its figures."""
    bench.window.panels.go_to(name)
    panel = bench.window.panels.panel(name)
    assert panel is not None
    if isinstance(panel, ErrorsPanel):
        bench.qtbot.waitUntil(lambda: not panel.is_looking)
    return panel


def ask(bench: Bench, name: str) -> None:
    """Export a panel by the menu of the window."""
    shown(bench, name)
    bench.window.panels.export_current()
