"""What can be exported, what it is called and in which forms, and the work of writing it.

The work is done in another thread than the window's; only the drawing of a chart is not.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from keymon.export import Origin, TableSource, Tell, output_file, write_table
from keymon.gui.chart_picture import Picture, png_of, svg_of
from keymon.gui.translation import number, tr

Thing = TableSource | Picture
Work = Callable[[Tell], None]

SUFFIXES = frozenset({".csv", ".json", ".png", ".svg"})


def label(thing: Thing) -> str:
    """Return what a person calls it, with how many rows it has."""
    if isinstance(thing, Picture):
        return tr("Chart: {title}").format(title=thing.title)
    if thing.count is None:
        return thing.title
    return tr("{title} ({rows})").format(title=thing.title, rows=number(thing.count))


def formats_of(thing: Thing) -> dict[str, str]:
    """Return the forms that it can be written in, each in words."""
    if isinstance(thing, Picture):
        return {"png": tr("PNG, an image"), "svg": tr("SVG, a drawing that scales")}
    return {"csv": tr("CSV, for spreadsheets"), "json": tr("JSON, for scripts")}


def work_of(thing: Thing, origin: Origin, path: Path, form: str, *, show_keys: bool, all_columns: bool) -> Work:
    """Return what writes it to `path`; raises `ExportError` where a chart cannot be drawn, as the work does."""
    if isinstance(thing, Picture):
        return partial(_write_bytes, path, png_of(thing) if form == "png" else svg_of(thing))

    def work(tell: Tell) -> None:
        write_table(
            path,
            thing,
            origin,
            "json" if form == "json" else "csv",
            show_keys=show_keys,
            all_columns=all_columns,
            tell=tell,
        )

    return work


def _write_bytes(path: Path, content: bytes, tell: Tell) -> None:
    with output_file(path) as file:
        file.write(content)
        tell(0)
