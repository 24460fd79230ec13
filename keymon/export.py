"""Tables as files: CSV for spreadsheets, JSON for scripts, of any length, keys masked unless they are asked for.

A file is there whole or not at all: it is written beside its place and put there at the end, for nobody but this
account to read. Text from the database cannot steer a spreadsheet, and a figure that is not known is left empty.
"""

import csv
import io
import json
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Literal

from keymon.errors import ExportError
from keymon.files import private_file
from keymon.masking import mask_key, mask_text, visible
from keymon.words import mark

Format = Literal["csv", "json"]
Cell = str | int | float | datetime | None
"""What a table holds. Instants are aware; None is what is not known."""
Tell = Callable[[int], object]
"""Hears how many rows have been written; whatever it raises breaks the writing off."""

SCHEMA = 1
"""Version of the form of the JSON; scripts depend on it."""

_ROWS_AT_ONCE = 1_000
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "123456789¹²³")})
"""Names that are devices on Windows, whatever ending they have."""
_FORMULA_SIGNS = tuple("=+-@＝＋－＠")  # the wide ones count where a spreadsheet speaks Japanese
_LINE_SIGNS = ("\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its `name` in JSON and its `title` in CSV. What is in one that `is_key` is masked unless asked for."""

    name: str
    title: str
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class TableSource:
    """A table that can be written to a file.

    `name` is a word for the file's name, `title` what a person calls the table. `rows` is called in another thread
    than the window's and gives the rows from the first one on, each with a cell a column. `count` is how many there
    are, where that is known. `shown` names the columns that are on the screen, in their order; None where all are.
    `filters` say what the rows were chosen by; one of the name `key` is masked. `as_of` is the instant (aware) that
    the rows belong to, where that is another than the one of its origin.
    """

    name: str
    title: str
    columns: Sequence[Column]
    rows: Callable[[], Iterable[Sequence[Cell]]] = field(repr=False)
    count: int | None = None
    shown: Sequence[str] | None = None
    filters: Mapping[str, Cell] = field(default_factory=dict, repr=False)
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the figures are from: the gateway (masked), its time zone, and the instant (aware) they belong to.

    They are not complete while the gateway's log is still being read.
    """

    gateway: str
    time_zone: str
    as_of: datetime
    is_complete: bool = True


def write_table(
    path: Path,
    table: TableSource,
    origin: Origin,
    form: Format,
    *,
    show_keys: bool = False,
    all_columns: bool = True,
    tell: Tell = lambda _rows: None,
) -> None:
    """Write a table to `path`; raises `ExportError`, and what reading its rows and `tell` raise."""
    lines = _csv_lines if form == "csv" else _json_lines
    with output_file(path) as file:
        for rows, text in lines(table, origin, show_keys, all_columns):
            file.write(text.encode())
            tell(rows)


@contextmanager
def output_file(path: Path) -> Iterator[BinaryIO]:
    """Give a file for what the operator wants at `path`; raises `ExportError`, the old file is then still there."""
    problem = _problem(path)
    if problem:
        raise ExportError(path=visible(str(path)), reason=problem)
    try:
        with private_file(path) as file:
            yield file
    except OSError as error:
        raise ExportError(path=visible(str(path)), reason=(error.strerror or str(error)).lower()) from None


def suggested_name(name: str, as_of: date, suffix: str) -> str:
    """Return a file name that any system takes, such as `keymon-keys-2026-11-24.csv`."""
    words = re.sub(r"[^a-z0-9]+", "-", mask_text(name).lower()).strip("-")[:60]
    return "-".join(filter(None, ("keymon", words, f"{as_of:%Y-%m-%d}"))) + f".{suffix}"


def free_path(path: Path) -> Path:
    """Return `path`, with a number where there is such a file already."""
    tries = (path.with_stem(f"{path.stem}-{n}") for n in range(2, 1_000))
    return path if not _is_there(path) else next((one for one in tries if not _is_there(one)), path)


def is_folder(path: Path) -> bool:
    """Tell whether there is such a folder; where that cannot be told it is none."""
    return os.path.isdir(path)  # noqa: PTH112 - where `Path` raises, for names too long, say


def _is_there(path: Path) -> bool:
    """Tell whether there is such a file; what cannot be looked at is told when it is to be written."""
    return os.path.exists(path)  # noqa: PTH110 - where `Path` raises


def defused(value: object) -> object:
    """Return what goes into a cell of CSV so that no spreadsheet takes it for a formula."""
    if not isinstance(value, str):
        return value
    is_formula = value.startswith(_LINE_SIGNS) or value.lstrip().startswith(_FORMULA_SIGNS)
    return f"'{value}" if is_formula else value


def pasted_text(rows: Iterable[Sequence[object]]) -> str:
    """Return rows for the clipboard, from where they are pasted into spreadsheets: tabs between cells."""
    return "\n".join("\t".join(str(defused(cell)) for cell in row) for row in rows)


def _problem(path: Path) -> str:
    """Return why a file should not be put at `path`; empty where nothing is known against it."""
    if not path.name or any(ord(c) < 32 for c in str(path)):
        return mark("the name is none for a file")
    try:
        if not path.parent.is_dir():
            return mark("there is no such folder")
        if path.is_dir():
            return mark("it is a folder")
        # Refused on every system: files go from desk to desk.
        if path.name.split(".")[0].strip().lower() in _RESERVED or path.name[-1] in ". ":
            return mark("Windows has no file of that name")
        if path.exists() and not path.is_file():
            return mark("it is no file but a device, a pipe or a socket")
        # The folder alone would let us put another file in its place, whatever the file's own rights are.
        if path.exists() and not path.stat().st_mode & 0o222:
            return mark("the file is read-only")
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return ""


def _chosen(table: TableSource, all_columns: bool) -> list[int]:
    """Return the numbers of the columns to write, in their order."""
    if all_columns or table.shown is None:
        return list(range(len(table.columns)))
    numbers = {column.name: i for i, column in enumerate(table.columns)}
    return [numbers[name] for name in table.shown if name in numbers]


def _batches(table: TableSource) -> Iterator[list[Sequence[Cell]]]:
    rows = iter(table.rows())
    while batch := list(islice(rows, _ROWS_AT_ONCE)):
        yield batch


def _csv_lines(table: TableSource, _origin: Origin, show_keys: bool, all_columns: bool) -> Iterator[tuple[int, str]]:
    chosen, written = _chosen(table, all_columns), 0
    # Excel takes a file without this mark for one in the desk's old code page; all others know the mark, too.
    yield 0, "\ufeff" + _csv_text([[table.columns[i].title for i in chosen]])
    for batch in _batches(table):
        written += len(batch)
        cells = ([_csv_cell(_value(table.columns[i], row[i], show_keys)) for i in chosen] for row in batch)
        yield written, _csv_text(cells)


def _csv_text(rows: Iterable[Sequence[object]]) -> str:
    lines = io.StringIO()
    csv.writer(lines).writerows([defused(cell) for cell in row] for row in rows)
    return lines.getvalue()


def _csv_cell(value: object) -> object:
    """Return a value with its lines kept and all else that cannot be seen as code points."""
    if not isinstance(value, str):
        return value
    return "\n".join(visible(line, 8 * len(line)) for line in value.replace("\r\n", "\n").split("\n"))


def _json_lines(table: TableSource, origin: Origin, show_keys: bool, all_columns: bool) -> Iterator[tuple[int, str]]:
    chosen, written = _chosen(table, all_columns), 0
    # ASCII only, as on the command line: no text in it can steer what shows it.
    yield 0, json.dumps(_head(table, origin, show_keys), indent=2).removesuffix("\n}") + ',\n  "rows": ['
    names = [table.columns[i].name for i in chosen]
    for batch in _batches(table):
        fields = ([_value(table.columns[i], row[i], show_keys) for i in chosen] for row in batch)
        lines = [json.dumps(dict(zip(names, row, strict=True))) for row in fields]
        begin = ",\n    " if written else "\n    "
        written += len(batch)
        yield written, begin + ",\n    ".join(lines)
    yield written, "\n  ]\n}\n" if written else "]\n}\n"


def _head(table: TableSource, origin: Origin, show_keys: bool) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "table": mask_text(table.name),
        "title": mask_text(table.title),
        "as_of": _value(_TEXT, table.as_of or origin.as_of, show_keys=False),
        "complete": origin.is_complete,
        "gateway": {"database": mask_text(origin.gateway), "time_zone": origin.time_zone},
        "filters": {
            name: _value(_KEY if name == "key" else _TEXT, value, show_keys) for name, value in table.filters.items()
        },
        "keys_in_full": show_keys,
    }


_TEXT, _KEY = Column("", ""), Column("", "", is_key=True)


def _value(column: Column, value: Cell, show_keys: bool) -> str | int | float | None:
    """Return a cell as it is written: instants in UTC as ISO 8601, secrets masked, what is no number left out."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds")
    if isinstance(value, str):
        if column.is_key:
            return value if show_keys else mask_key(value)
        return mask_text(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
