"""The dialog that exports, and pictures of charts: every file read back, keys looked for in all of its bytes."""

import os
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest
from PySide6.QtCore import QByteArray, QObject, QTimer, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication, QImage, QKeySequence
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from keymon.errors import ExportError
from keymon.export import Cell, Column, Origin, TableSource
from keymon.gui.chart_picture import Picture, image_of, png_of, svg_of
from keymon.gui.charts import ModelChart
from keymon.gui.errands import Errands
from keymon.gui.export_dialog import ExportDialog
from keymon.gui.theme import apply_theme
from keymon.stats import CallCount, ModelCalls
from tests.gateway_file import key
from tests.gui.conftest import Bench
from tests.gui.export_bench import HOSTILE, dialog_of, fill, folder_for, opened, write

ORIGIN = Origin("gw.db", "UTC", datetime(2026, 11, 24, 12, tzinfo=UTC))


class MakeDialog(Protocol):
    def __call__(self, *things: TableSource | Picture, patience_ms: int = ...) -> ExportDialog: ...


@pytest.fixture
def filled(bench: Bench) -> Bench:
    return fill(bench)


@pytest.fixture
def folder(tmp_path: Path, filled: Bench) -> Path:
    return folder_for(filled, tmp_path)


@pytest.fixture
def errands() -> Iterator[Errands]:
    made = Errands()
    yield made
    made.stop()


@pytest.fixture
def make_dialog(qtbot: QtBot, tmp_path: Path, errands: Errands) -> Iterator[MakeDialog]:
    made: list[ExportDialog] = []

    def make(*things: TableSource | Picture, patience_ms: int = 3_600_000) -> ExportDialog:
        dialog = ExportDialog(things, ORIGIN, tmp_path, errands, patience_ms=patience_ms)
        dialog.show()
        made.append(dialog)
        return dialog

    yield make
    for dialog in made:
        dialog.done(0)
        dialog.deleteLater()


def endless(go_on: threading.Event) -> TableSource:
    """Rows without end, once they may come."""

    def rows() -> Iterator[Sequence[Cell]]:
        go_on.wait()
        while True:
            yield (key(0), 1)

    return TableSource("calls", "Calls", (Column("key", "Key", is_key=True), Column("n", "N")), rows)


# Charts


def chart(rows: int = 3) -> ModelChart:
    made = ModelChart()
    made.set_rows([ModelCalls(HOSTILE, CallCount(5, 2)), *(ModelCalls(f"m{i}", CallCount(i, 1)) for i in range(rows))])
    return made


def test_a_chart_is_an_image_at_twice_the_points(qapp: QApplication) -> None:
    picture = Picture(chart(), "Calls per model", ("gw.db", "As of noon"))
    image = QImage()
    assert image.loadFromData(QByteArray(png_of(picture)), "PNG")
    assert image.size() == picture.size() * 2
    colours = {image.pixelColor(x, y).name() for x in range(0, image.width(), 4) for y in range(0, image.height(), 4)}
    assert {"#ffffff", "#2a78c2", "#d9660a"} <= colours


def test_a_chart_is_a_drawing_whose_texts_can_be_read(qapp: QApplication) -> None:
    content = svg_of(Picture(chart(), "Calls per model", ("gw.db", "As of noon")))
    assert QSvgRenderer(QByteArray(content)).isValid()
    texts = ["".join(one.itertext()) for one in ET.fromstring(content).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314
    for text in ("Calls per model", "gw.db", "As of noon", "Successful", "Failed", "m2", "7 (2 failed)"):
        assert text in texts
    assert key(0).encode() not in content


def test_pictures_are_on_a_light_ground_whatever_the_theme(qapp: QApplication) -> None:
    parent = QWidget()
    made = chart()
    made.setParent(parent)
    picture = Picture(made, "Calls per model")
    light = png_of(picture), svg_of(picture)
    try:
        apply_theme(qapp, "dark")
        qapp.processEvents()
        dark = made.palette().window().color()
        assert dark.lightness() < 128
        assert (png_of(picture), svg_of(picture)) == light
        assert made.palette().window().color() == dark, "on the screen nothing has changed"
    finally:
        apply_theme(qapp, "light")
        qapp.processEvents()
    assert made.palette().window().color() != dark, "it follows the theme still"


def test_a_chart_is_copied_as_an_image(filled: Bench) -> None:
    details = filled.window.open_details(key(0))
    next(one for one in details.chart.actions() if "Copy" in one.text()).trigger()
    assert QGuiApplication.clipboard().image().width() == 1_800


def test_a_chart_too_high_for_an_image_is_a_drawing(
    qapp: QApplication, make_dialog: MakeDialog, tmp_path: Path
) -> None:
    picture = Picture(chart(1_000), "Calls per model")
    with pytest.raises(ExportError, match="SVG"):
        image_of(picture)
    assert QSvgRenderer(QByteArray(svg_of(picture))).isValid()
    dialog = make_dialog(picture)
    dialog.export.click()
    assert "SVG" in dialog.note.text
    assert not list(tmp_path.glob("*.png"))


def test_a_title_is_shown_to_the_letter(qtbot: QtBot, make_dialog: MakeDialog) -> None:
    dialog = make_dialog(Picture(chart(), "Trend of everything {braces}"))
    assert dialog.what.currentText() == "Chart: Trend of everything {braces}"
    dialog.format.setCurrentIndex(1)
    assert b"Trend of everything {braces}" in write(qtbot, dialog).read_bytes()


# The dialog


def test_a_name_is_suggested_where_the_last_file_went(filled: Bench, folder: Path, tmp_path: Path) -> None:
    filled.window.export_keys()
    dialog = opened(filled)
    day = filled.snapshot.as_of.astimezone().date()
    assert dialog.path == folder / f"keymon-keys-{day}.csv"
    dialog.format.setCurrentIndex(dialog.format.findData("json"))
    assert dialog.path == folder / f"keymon-keys-{day}.json"
    dialog.file.setText(str(tmp_path / "mine.json"))
    dialog.format.setCurrentIndex(dialog.format.findData("csv"))
    assert write(filled.qtbot, dialog) == tmp_path / "mine.csv"
    dialog.reject()
    filled.window.export_keys()
    dialog = opened(filled)
    assert dialog.path == tmp_path / f"keymon-keys-{day}.csv"


def test_what_will_be_replaced_is_told_and_not_suggested(filled: Bench, folder: Path) -> None:
    filled.window.export_keys()
    dialog = dialog_of(filled, folder)
    first = write(filled.qtbot, dialog)
    dialog.reject()
    filled.window.export_keys()
    dialog = opened(filled)
    assert dialog.path == first.with_stem(first.stem + "-2")
    assert not dialog.place.note
    dialog.file.setText(str(first))
    assert "replaced" in dialog.place.note


def test_a_long_one_shows_how_far_it_is_and_can_be_cancelled(
    qtbot: QtBot, make_dialog: MakeDialog, tmp_path: Path
) -> None:
    go_on = threading.Event()
    dialog = make_dialog(endless(go_on), patience_ms=0)
    old = dialog.path
    old.write_text("old")
    dialog.export.click()
    try:
        qtbot.waitUntil(dialog.progress.isVisible)
        assert not dialog.export.isEnabled()
        assert not dialog.what.isEnabled()
        dialog.cancel.click()
        assert dialog.isVisible()
    finally:
        go_on.set()
    qtbot.waitUntil(lambda: not dialog.is_writing)
    assert dialog.note.text == "Cancelled. Nothing has been written."
    assert not dialog.progress.isVisible()
    assert dialog.export.isEnabled()
    assert old.read_text() == "old"
    assert os.listdir(tmp_path) == [old.name]
    dialog.cancel.click()
    assert not dialog.isVisible()


def test_a_short_one_shows_no_progress(qtbot: QtBot, make_dialog: MakeDialog) -> None:
    dialog = make_dialog(TableSource("t", "T", (Column("a", "A"),), lambda: [(1,)], 1))
    with qtbot.waitSignal(dialog.written):
        dialog.export.click()
        assert dialog.is_writing
        assert not dialog.progress.isVisible()
    patience = dialog.findChild(QTimer)
    assert isinstance(patience, QTimer)
    assert not patience.isActive(), "nothing will show it later"


def test_closing_the_window_gives_the_export_up(filled: Bench, folder: Path) -> None:
    go_on = threading.Event()
    go_on.set()
    filled.window.exporting.export([endless(go_on)])
    dialog = dialog_of(filled, folder)
    dialog.export.click()
    filled.window.close()
    assert not dialog.isVisible()
    assert os.listdir(folder) == []


def test_the_file_is_shown_where_it_is_and_its_path_copied(filled: Bench, folder: Path) -> None:
    class Desktop(QObject):
        shown: QUrl | None = None

        @Slot(QUrl)
        def show(self, url: QUrl) -> None:
            self.shown = url

    filled.window.export_keys()
    dialog = dialog_of(filled, folder)
    assert not dialog.show_in_folder.isVisible()
    path = write(filled.qtbot, dialog)
    assert dialog.note.text == f"Written: {path}"
    desktop = Desktop()
    QDesktopServices.setUrlHandler("file", desktop, "show")  # type: ignore[arg-type] # bytes, as the stub has it, are refused
    try:
        dialog.show_in_folder.click()
    finally:
        QDesktopServices.unsetUrlHandler("file")
    assert desktop.shown is not None
    assert Path(desktop.shown.toLocalFile()) == folder
    dialog.copy_path.click()
    assert QGuiApplication.clipboard().text() == str(path)


def test_everything_in_the_dialog_has_a_name(filled: Bench) -> None:
    filled.window.export_keys()
    dialog = opened(filled)
    for widget in (dialog.what, dialog.format, dialog.file, dialog.progress):
        assert widget.accessibleName()


def test_the_menu_leads_to_it(filled: Bench) -> None:
    actions = [action for menu in filled.window.menuBar().actions() for action in menu.menu().actions()]  # type: ignore[attr-defined]
    next(one for one in actions if one.shortcut() == QKeySequence("Ctrl+Shift+E")).trigger()
    assert filled.window.exporting.dialog is not None


def test_a_chart_goes_with_its_dialog(qtbot: QtBot, tmp_path: Path, errands: Errands) -> None:
    """Otherwise Python would delete it, in whichever thread it finds that nobody needs it any more."""
    made = chart()
    dialog = ExportDialog([Picture(made, "Calls per model")], ORIGIN, tmp_path, errands)
    assert made.parent() is dialog
    dialog.show()
    qtbot.waitExposed(dialog)
    assert not made.isVisible()
    assert write(qtbot, dialog).stat().st_size > 1_000
    with qtbot.waitSignal(made.destroyed):
        dialog.deleteLater()
