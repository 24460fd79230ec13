"""Exporting from real windows: every file read back, keys looked for in all of its bytes."""

import csv
import json
import os
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest
from PySide6.QtCore import QByteArray, QObject, QUrl, Slot
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
from keymon.stats import DAY, CallCount, ModelCalls
from tests.gateway_file import key
from tests.gui.conftest import Bench, call, invalidate, select

ORIGIN = Origin("gw.db", "UTC", datetime(2026, 11, 24, 12, tzinfo=UTC))
HOSTILE = "=cmd<b>&\0\u202e\n" + key(0)


def read_csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


class MakeDialog(Protocol):
    def __call__(self, *things: TableSource | Picture, patience_ms: int = ...) -> ExportDialog: ...


def opened(bench: Bench) -> ExportDialog:
    dialog = bench.window.exporting.dialog
    assert dialog is not None
    return dialog


def dialog_of(bench: Bench, folder: Path) -> ExportDialog:
    dialog = opened(bench)
    dialog.file.setText(str(folder / Path(dialog.file.text()).name))
    return dialog


def choose(dialog: ExportDialog, what: str, form: str) -> None:
    texts = [dialog.what.itemText(i) for i in range(dialog.what.count())]
    dialog.what.setCurrentIndex(next(i for i, text in enumerate(texts) if what in text))
    dialog.format.setCurrentIndex(dialog.format.findData(form))


def write(qtbot: QtBot, dialog: ExportDialog) -> Path:
    with qtbot.waitSignal(dialog.written) as told:
        dialog.export.click()
    assert told.args is not None
    path: Path = told.args[0]
    return path


@pytest.fixture
def filled(bench: Bench) -> Bench:
    """Four keys, one of them invalid; a model with a hostile name."""
    gateway = bench.gateway(4)
    call(gateway, 0, times=5)
    call(gateway, 0, times=2, status=429, model=HOSTILE)
    call(gateway, 1, times=3)
    invalidate(gateway, 3)
    bench.follow(gateway)
    return bench


@pytest.fixture
def folder(tmp_path: Path, filled: Bench) -> Path:
    """The folder that was exported to last."""
    folder = tmp_path / "exports"
    folder.mkdir()
    filled.window.state.export_folder = folder
    return folder


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


# Keys


def test_the_keys_of_a_table_are_what_is_shown(filled: Bench, folder: Path) -> None:
    filled.window.export_keys()
    dialog = dialog_of(filled, folder)
    choose(dialog, "Valid keys", "csv")
    rows = read_csv(write(filled.qtbot, dialog))
    assert rows[0] == ["Key", "Kind", "Failures", "Calls 24 h", "Success", "Last call", "Most used model"]
    assert [row[0] for row in rows[1:]] == ["AIzaSy…0000", "AIzaSy…0001", "AIzaSy…0002"]
    assert rows[1][3] == "7"
    assert rows[3][3:] == ["0", "", "", ""], "what is not known is empty"


def test_selected_keys_come_first_and_all_columns_where_they_are_wanted(filled: Bench, folder: Path) -> None:
    table = filled.window.panel.valid
    select(table, 1)
    next(action for action in table.actions() if "Export" in action.text()).trigger()
    dialog = dialog_of(filled, folder)
    assert dialog.what.currentText() == "Selected keys (1)"
    dialog.all_columns.setChecked(True)
    choose(dialog, "Selected", "json")
    content = json.loads(write(filled.qtbot, dialog).read_bytes())
    assert [row["key"] for row in content["rows"]] == ["AIzaSy…0001"]
    assert content["rows"][0]["p50_ms"] == 100
    assert content["gateway"] == {"database": filled.snapshot.database, "time_zone": filled.snapshot.clock.name}
    assert content["as_of"] == "2026-11-23T12:00:00.000+00:00"


def test_columns_are_in_the_order_of_the_screen_without_those_that_are_hidden(filled: Bench, folder: Path) -> None:
    header = filled.window.panel.valid.horizontalHeader()
    header.moveSection(3, 0)
    header.hideSection(1)
    filled.window.export_keys()
    dialog = dialog_of(filled, folder)
    choose(dialog, "Valid keys", "csv")
    assert read_csv(write(filled.qtbot, dialog))[0][:3] == ["Calls 24 h", "Key", "Failures"]


def test_the_search_is_told(filled: Bench, folder: Path) -> None:
    filled.window.panel.search.setText(key(1))
    filled.window.export_keys()
    dialog = dialog_of(filled, folder)
    choose(dialog, "Valid keys", "json")
    path = write(filled.qtbot, dialog)
    assert json.loads(path.read_bytes())["filters"] == {"search": "AIzaSy…0001"}
    assert key(1).encode() not in path.read_bytes()


def test_no_byte_of_any_export_tells_a_key_unless_it_is_asked_for(filled: Bench, folder: Path) -> None:
    window = filled.window
    window.open_details(key(0))
    exporting = window.exporting
    seen = 0
    for ask in (
        exporting.export_keys,
        lambda: exporting.export_details(key(0)),
        exporting.export_trend,
        exporting.export_calls,
        lambda: exporting.export_attention(429),
    ):
        ask()
        dialog = dialog_of(filled, folder)
        for what in range(dialog.what.count()):
            dialog.what.setCurrentIndex(what)
            for form in range(dialog.format.count()):
                dialog.format.setCurrentIndex(form)
                content = write(filled.qtbot, dialog).read_bytes()
                assert not [n for n in range(4) if key(n).encode() in content]
                seen += 1
        dialog.reject()
    assert seen == 28
    for path in folder.iterdir():
        assert not [n for n in range(4) if key(n) in path.name]


def test_keys_are_written_in_full_after_a_warning(filled: Bench, folder: Path) -> None:
    filled.window.export_keys()
    dialog = dialog_of(filled, folder)
    assert not dialog.keys_in_full.isChecked()
    assert "masked" in dialog.secret.note
    dialog.keys_in_full.setChecked(True)
    assert "can use the keys" in dialog.secret.problem
    choose(dialog, "Valid keys", "csv")
    assert read_csv(write(filled.qtbot, dialog))[1][0] == key(0)
    dialog.reject()
    filled.window.export_keys()
    assert not dialog_of(filled, folder).keys_in_full.isChecked(), "it was asked for once"


# Details, trend, calls, attention


def test_the_details_are_exported_by_their_shortcut(filled: Bench, folder: Path) -> None:
    details = filled.window.open_details(key(0))
    action = next(one for one in details.actions() if one.shortcut() == QKeySequence("Ctrl+Shift+E"))
    action.trigger()
    dialog = dialog_of(filled, folder)
    assert [dialog.what.itemText(i) for i in range(dialog.what.count())] == [
        "Models in the last 24 hours (2)",
        f"Chart: {details.chart.accessibleName()}, key AIzaSy…0000",
        f"Trend over 24 h ({len(filled.snapshot.stats.trend(DAY))})",
        f"Trend over 8 h ({len(filled.snapshot.stats.trend(DAY / 3))})",
        f"Trend over 1 h ({len(filled.snapshot.stats.trend(DAY / 24))})",
        "Calls in the last 24 hours (7)",
    ]
    choose(dialog, "Models", "csv")
    assert dialog.secret.isHidden()
    rows = read_csv(write(filled.qtbot, dialog))
    assert rows[1] == ["gemini-2.5-flash", "5", "5", "0", "1.0", "100", "100", ""]
    assert rows[2] == [
        "'=cmd<b>&\\u0000\\u202e\nAIzaSy…0000",
        *("2", "0", "2", "0.0", "100", "100", "429 × 2"),
    ]
    choose(dialog, "Trend over 24 h", "json")
    trend = json.loads(write(filled.qtbot, dialog).read_bytes())
    assert sum(row["calls"] for row in trend["rows"]) == 7
    assert trend["filters"] == {"key": "AIzaSy…0000", "hours": 24.0}
    choose(dialog, "Calls in", "json")
    calls = json.loads(write(filled.qtbot, dialog).read_bytes())["rows"]
    assert [row["status"] for row in calls].count(429) == 2
    assert {row["key"] for row in calls} == {"AIzaSy…0000"}


def test_an_export_goes_with_its_details(filled: Bench) -> None:
    details = filled.window.open_details(key(0))
    filled.window.exporting.export_details(key(0))
    assert filled.window.exporting.dialog is not None
    details.close()
    assert filled.window.exporting.dialog is None


def test_the_gateway_is_exported_too(filled: Bench, folder: Path) -> None:
    exporting = filled.window.exporting
    exporting.export_calls()
    dialog = dialog_of(filled, folder)
    assert dialog.what.currentText() == "Calls in the last 24 hours (13)"
    assert len(read_csv(write(filled.qtbot, dialog))) == 14
    dialog.reject()
    exporting.export_attention(429)
    assert read_csv(write(filled.qtbot, dialog_of(filled, folder)))[1] == ["AIzaSy…0000", "2", "429"]


def test_without_figures_there_is_nothing_to_export(bench: Bench) -> None:
    exporting = bench.window.exporting
    exporting.export_keys()
    exporting.export_details(key(0))
    exporting.export_trend()
    exporting.export_calls()
    exporting.export_attention(429)
    assert exporting.dialog is None


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


def test_any_chart_and_any_table_can_be_given(filled: Bench, folder: Path) -> None:
    exporting, made = filled.window.exporting, chart()
    exporting.export_chart(made, "Trend of everything {braces}")
    dialog = dialog_of(filled, folder)
    assert dialog.what.currentText() == "Chart: Trend of everything {braces}"
    dialog.format.setCurrentIndex(1)
    assert b"Trend of everything {braces}" in write(filled.qtbot, dialog).read_bytes()
    dialog.reject()
    exporting.export_table(TableSource("any", "Any", (Column("a", "A"),), lambda: [(1,)], 1))
    assert read_csv(write(filled.qtbot, dialog_of(filled, folder))) == [["A"], ["1"]]


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


def test_a_file_that_cannot_be_written_is_told_with_all_that_was_entered(filled: Bench, folder: Path) -> None:
    filled.window.export_keys()
    dialog = dialog_of(filled, folder)
    dialog.file.setText(str(folder / "absent" / "out.csv"))
    dialog.keys_in_full.setChecked(True)
    dialog.export.click()
    filled.qtbot.waitUntil(lambda: not dialog.is_writing)
    assert "there is no such folder" in dialog.note.text
    assert "Choose another name or folder" in dialog.note.text
    assert dialog.isVisible()
    assert dialog.keys_in_full.isChecked()
    dialog.file.setText(str(folder / "out.csv"))
    assert not dialog.note.text
    assert write(filled.qtbot, dialog) == folder / "out.csv"


@pytest.mark.parametrize("text", ["a\0b", "~nobody-of-that-name/x", "/", "x" * 5_000, "  ", "../.."])
def test_no_name_makes_the_dialog_stumble(qtbot: QtBot, make_dialog: MakeDialog, text: str) -> None:
    dialog = make_dialog(TableSource("t", "T", (Column("a", "A"),), lambda: [(1,)], 1))
    dialog.file.setText(text)
    dialog.export.click()
    qtbot.waitUntil(lambda: not dialog.is_writing)
    assert dialog.note.text or not dialog.export.isEnabled()
    assert "Written" not in dialog.note.text


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
    write(qtbot, dialog)
    assert not dialog.progress.isVisible()


def test_closing_the_window_gives_the_export_up(filled: Bench, folder: Path) -> None:
    go_on = threading.Event()
    go_on.set()
    filled.window.exporting.export_table(endless(go_on))
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
