"""Tables as files: read back by the parsers that others will use, and whole or not there at all."""

import csv
import json
import os
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from keymon.aside import BrokenOffError
from keymon.export import (
    Cell,
    Column,
    Format,
    Origin,
    TableSource,
    free_path,
    suggested_name,
    write_table,
)

CANARY = "AIzaSyCANARY_canary_CANARY_canary_00017"
AT = datetime(2026, 11, 24, 20, 15, 0, 250_000, tzinfo=timezone(timedelta(hours=8)))
ORIGIN = Origin("sqlite:///gw.db", "+08:00", AT)
COLUMNS = (
    Column("key", "Key", is_key=True),
    Column("model", "Model"),
    Column("calls", "Calls 24 h"),
    Column("success_rate", "Success"),
    Column("started_at", "Time"),
)
ROWS: list[Sequence[Cell]] = [
    (CANARY, "gemini-2.5-flash", 12, 0.75, AT),
    ("AIzaSyOTHER_other_OTHER_other_OTHER_0002", None, None, None, None),
]
HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "＝1+1",
    "long " + "é\0" * 5_000,
    '=HYPERLINK("http://x";"y")',
    "<b>bold</b><script>",
    "two\nlines",
    "two\r\nlines",
    "bell\a NUL\0 escape\x1b[31m",
    "right-to-left \u202egnp.exe",
    "zero\u200bwidth",
    "lone \udc80 surrogate",
    'quotes " and , commas; semicolons',
    "emoji 🎉 中文",
    "",
]


def table(rows: Iterable[Sequence[Cell]] = ROWS) -> TableSource:
    return TableSource("keys", "Valid keys", COLUMNS, lambda: rows)


def texts(*values: str) -> TableSource:
    return TableSource("texts", "Texts", (Column("text", "Text"),), lambda: [(value,) for value in values])


def read_csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def read_json(path: Path) -> Any:  # noqa: ANN401 - whatever JSON holds
    return json.loads(path.read_bytes(), parse_constant=pytest.fail)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "exports"
    folder.mkdir()
    return folder / "out"


def test_csv_is_what_a_spreadsheet_reads(path: Path) -> None:
    write_table(path, table(), ORIGIN, "csv")
    assert read_csv(path) == [
        ["Key", "Model", "Calls 24 h", "Success", "Time"],
        ["AIzaSy…0017", "gemini-2.5-flash", "12", "0.75", "2026-11-24T12:15:00.250+00:00"],
        ["AIzaSy…0002", "", "", "", ""],
    ]
    assert path.read_bytes().startswith(b"\xef\xbb\xbfKey,"), "Excel knows UTF-8 by this mark only"


def test_json_has_types_and_says_what_it_is(path: Path) -> None:
    filters: dict[str, Cell] = {"key": CANARY, "search": "flash", "since": AT, "least": 3}
    write_table(path, replace(table(), filters=filters), ORIGIN, "json")
    assert read_json(path) == {
        "schema": 1,
        "table": "keys",
        "title": "Valid keys",
        "as_of": "2026-11-24T12:15:00.250+00:00",
        "complete": True,
        "gateway": {"database": "sqlite:///gw.db", "time_zone": "+08:00"},
        "filters": {"key": "AIzaSy…0017", "search": "flash", "since": "2026-11-24T12:15:00.250+00:00", "least": 3},
        "keys_in_full": False,
        "rows": [
            {
                "key": "AIzaSy…0017",
                "model": "gemini-2.5-flash",
                "calls": 12,
                "success_rate": 0.75,
                "started_at": "2026-11-24T12:15:00.250+00:00",
            },
            {"key": "AIzaSy…0002", "model": None, "calls": None, "success_rate": None, "started_at": None},
        ],
    }


@pytest.mark.parametrize("form", ["csv", "json"])
def test_an_empty_table_is_one(path: Path, form: Format) -> None:
    write_table(path, table([]), ORIGIN, form)
    if form == "csv":
        assert read_csv(path) == [["Key", "Model", "Calls 24 h", "Success", "Time"]]
    else:
        assert read_json(path)["rows"] == []


def test_what_is_no_number_is_unknown(path: Path) -> None:
    rows = [(CANARY, "m", 1, value, AT) for value in (float("nan"), float("inf"))]
    write_table(path, table(rows), ORIGIN, "json")
    assert [row["success_rate"] for row in read_json(path)["rows"]] == [None, None]
    write_table(path, table(rows), ORIGIN, "csv")
    assert [row[3] for row in read_csv(path)[1:]] == ["", ""]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_only_what_is_shown_in_its_order_where_that_is_wanted(path: Path, form: Format) -> None:
    shown = replace(table(), shown=["calls", "key", "gone"])
    write_table(path, shown, ORIGIN, form, all_columns=False)
    if form == "csv":
        assert read_csv(path)[:2] == [["Calls 24 h", "Key"], ["12", "AIzaSy…0017"]]
    else:
        assert list(read_json(path)["rows"][0]) == ["calls", "key"]
    write_table(path, shown, ORIGIN, form)
    assert b"Success" in path.read_bytes() or b"success_rate" in path.read_bytes()


# Secrets


@pytest.mark.parametrize("form", ["csv", "json"])
def test_keys_are_masked_wherever_they_stand(path: Path, form: Format) -> None:
    hidden = TableSource(
        f"keys {CANARY}",
        f"Calls of {CANARY}",
        (*COLUMNS, Column("error", "Error")),
        lambda: [(CANARY, f"models/{CANARY}", 1, 0.5, AT, f'{{"reason": "{CANARY}"}}\nkey={CANARY}')],
        filters={"key": CANARY, "search": CANARY},
    )
    write_table(path, hidden, Origin(f"mysql://u:{CANARY}@h/d", "UTC", AT), form)
    content = path.read_bytes()
    assert b"canary" not in content.lower().replace(b"aizasy", b"")
    assert (b"AIzaSy\xe2\x80\xa60017" if form == "csv" else b"AIzaSy\\u20260017") in content


@pytest.mark.parametrize("form", ["csv", "json"])
def test_keys_are_there_in_full_where_they_are_asked_for(path: Path, form: Format) -> None:
    rows = [(CANARY, f"models/{CANARY}", 1, 0.5, AT)]
    write_table(path, table(rows), ORIGIN, form, show_keys=True)
    row = read_csv(path)[1] if form == "csv" else list(read_json(path)["rows"][0].values())
    assert row[:2] == [CANARY, "models/AIzaSy…0017"], "keys in what others wrote were not asked for"


# Hostile text


def test_no_control_or_invisible_character_is_in_a_csv(path: Path) -> None:
    write_table(path, texts(*HOSTILE), ORIGIN, "csv")
    text = path.read_text(encoding="utf-8-sig")
    assert {c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs"}} <= {"\r", "\n"}
    cells = [row[0] for row in read_csv(path)[1:] if row]
    for whole in ("two\nlines", "right-to-left \\u202egnp.exe", "lone \\udc80 surrogate", HOSTILE[-3], HOSTILE[-2]):
        assert whole in cells
    assert "long " + "é\\u0000" * 5_000 in cells, "nothing is left out of a long one"


def test_json_gives_text_to_the_letter(path: Path) -> None:
    write_table(path, texts(*HOSTILE), ORIGIN, "json")
    assert [row["text"] for row in read_json(path)["rows"]] == HOSTILE
    assert path.read_bytes().isascii()


# Files


def test_rows_that_cannot_be_read_leave_the_old_file(path: Path) -> None:
    def rows() -> Iterator[Sequence[Cell]]:
        yield from ROWS
        raise ZeroDivisionError

    path.write_text("old")
    with pytest.raises(ZeroDivisionError):
        write_table(path, table(rows()), ORIGIN, "csv")
    assert path.read_text() == "old"
    assert os.listdir(path.parent) == ["out"]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_breaking_off_leaves_the_old_file_or_none(path: Path, form: Format) -> None:
    told: list[int] = []

    def tell(rows: int) -> None:
        told.append(rows)
        if rows >= 2_000:
            raise BrokenOffError

    def endless() -> Iterator[Sequence[Cell]]:
        while True:
            yield from ROWS

    for old in (None, "old"):
        if old is not None:
            path.write_text(old)
        with pytest.raises(BrokenOffError):
            write_table(path, table(endless()), ORIGIN, form, tell=tell)
        assert os.listdir(path.parent) == ([] if old is None else ["out"])
    assert path.read_text() == "old"
    assert told == [0, 1_000, 2_000] * 2


def test_a_long_table_is_not_held_in_memory(path: Path) -> None:
    """Rows are taken as they are written: never more than a batch ahead of what has been told."""
    taken = 0
    ahead: list[int] = []

    def rows() -> Iterator[Sequence[Cell]]:
        nonlocal taken
        for _ in range(100_000):
            taken += 1
            yield ROWS[0]

    write_table(path, table(rows()), ORIGIN, "csv", tell=lambda written: ahead.append(taken - written))
    assert max(ahead) <= 1_000
    assert len(read_csv(path)) == 100_001


@pytest.mark.parametrize(
    ("name", "suggested"),
    [
        ("keys", "keymon-keys-2026-11-24.csv"),
        ("Valid keys: search “=1”", "keymon-valid-keys-search-1-2026-11-24.csv"),
        ("../../etc/passwd", "keymon-etc-passwd-2026-11-24.csv"),
        ("CON", "keymon-con-2026-11-24.csv"),
        ("a:b\0c\\d\u202ee", "keymon-a-b-c-d-e-2026-11-24.csv"),
        ("中文", "keymon-2026-11-24.csv"),
        ("", "keymon-2026-11-24.csv"),
        ("x" * 500, f"keymon-{'x' * 60}-2026-11-24.csv"),
        (CANARY, "keymon-aizasy-0017-2026-11-24.csv"),
    ],
)
def test_a_name_that_any_system_takes_is_suggested(name: str, suggested: str) -> None:
    assert suggested_name(name, date(2026, 11, 24), "csv") == suggested


def test_what_is_there_already_is_not_suggested(path: Path) -> None:
    wanted = path.with_name("keymon-keys.csv")
    assert free_path(wanted) == wanted
    wanted.touch()
    assert free_path(wanted).name == "keymon-keys-2.csv"
    free_path(wanted).touch()
    assert free_path(wanted).name == "keymon-keys-3.csv"
