"""The texts of the window, found in the source, and the catalogues of their translations: `make translations`.

Texts are read off the syntax tree: what is given to `tr`, `say` or `mark`, the titles, tips and samples of columns and
panels, the templates and the advice of errors. So nothing has to be marked that is one by its place.
"""

import ast
import io
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
LOCALES = ROOT / "resources" / "locale"
FILES = sorted(LOCALES.glob("*/LC_MESSAGES/*.po"))
"""The texts of keymon, and those of humanize: spans of time."""

_MARKERS = {"tr", "say", "mark"}
_PLACES = {"RowColumn": (0, 1, 2), "Column": (0, 1, 2), "PanelKind": (1, 3)}
"""Where among the arguments a text is."""
_ATTRIBUTES = {"template", "advice"}
_FIELDS = {"reason"}
"""The fields of errors that hold words of ours."""
_FOUND_ELSEWHERE = {"title", "tip", "sample", "template", "advice"}
"""What may be given to `tr` other than the text itself."""


def texts() -> dict[str, list[str]]:
    """Return the texts of the window, each with the modules that it is in."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "keymon").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for text in _texts_of(node, name):
                if _says_something(text) and name not in found.setdefault(text, []):
                    found[text].append(name)
    return found


def _texts_of(node: ast.AST, path: str) -> Iterator[str]:
    if isinstance(node, ast.Call):
        for field in node.keywords:
            if field.arg in _FIELDS:
                yield from _literals(field.value)
        if isinstance(node.func, ast.Name):
            yield from _texts_of_call(node, node.func.id, path)
    elif isinstance(node, ast.ClassDef):
        for line in node.body:
            target = line.targets[0] if isinstance(line, ast.Assign) else None
            if isinstance(line, ast.Assign) and isinstance(target, ast.Name) and target.id in _ATTRIBUTES:
                yield from _literals(line.value)


def _texts_of_call(call: ast.Call, name: str, path: str) -> Iterator[str]:
    if name in _MARKERS:
        given = call.args[0]
        found = list(_literals(given))
        is_known = isinstance(given, ast.Attribute) and given.attr in _FOUND_ELSEWHERE
        if not found and not is_known and path != "keymon/gui/translation.py":
            raise ValueError(f"{path}, line {call.lineno}: {ast.unparse(call)} is a text that cannot be found")
        yield from found
    elif name in _PLACES and path.startswith("keymon/gui/"):
        for place in _PLACES[name]:
            yield from _literals(call.args[place])


def _literals(node: ast.expr) -> Iterator[str]:
    """Return the text that an expression is, or those that it chooses between."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)


def _says_something(text: str) -> bool:
    """Tell whether there are words in a text, or marks between its fields."""
    beside = re.sub(r"\{[^}]*\}", "", text)
    return bool(beside.strip()) if beside != text else re.search(r"[^\W\d_]", text) is not None


class _Compiled(Catalog):
    """A catalogue whose head holds what is needed to read it, and no date: the same texts give the same file."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        """The head."""
        return [("Content-Type", "text/plain; charset=utf-8"), ("Plural-Forms", self.plural_forms)]


def read(path: Path) -> Catalog:
    """Return a catalogue as it is in a file."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parents[1].name)


def compiled(catalogue: Catalog) -> bytes:
    """Return a catalogue as the window reads it."""
    made = _Compiled(catalogue.locale)
    for message in catalogue:
        if message.id:
            made[message.id] = message
    buffer = io.BytesIO()
    write_mo(buffer, made)
    return buffer.getvalue()


def update(path: Path) -> None:
    """Bring the catalogue in a file, which may hold nothing but its head yet, up to date, and compile it."""
    head = path.read_text(encoding="utf-8").partition("\n\n")[0]
    wanted = Catalog()
    for text, modules in texts().items():
        wanted.add(text, locations=[(module, 0) for module in modules])
    catalogue = read(path)
    catalogue.update(wanted, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    body = io.BytesIO()
    write_po(body, catalogue, width=120, omit_header=True, sort_by_file=True, include_lineno=False)
    path.write_text(f"{head}\n\n{body.getvalue().decode().strip()}\n", encoding="utf-8")
    left = [message.id for message in catalogue if message.id and not message.string]
    print(f"{path.relative_to(ROOT)}: {len(catalogue)} texts, {len(left)} to translate")


if __name__ == "__main__":
    for one in FILES:
        if one.stem == "keymon":
            update(one)
        one.with_suffix(".mo").write_bytes(compiled(read(one)))
