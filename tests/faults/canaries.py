"""Texts that are not ours and that would do something if they were shown as they are, and what must be true of them.

Each is planted wherever a text can come from: columns, settings, names of files and servers, messages.
"""

import re
import unicodedata
from collections.abc import Iterable

from keymon.masking import visible
from tests.faults.walker import Shown

MARK = "Cnry"
"""What every canary begins with, so that it is known where it is seen."""

CANARIES = {
    "markup": "<b>x</b>",
    "link": '<a href="http://canary.invalid/">x</a>',
    "image": '<img src="file:///etc/hostname">',
    "entity": "&lt;b&gt;",
    "document": "<qt><h1>x</h1></qt>",
    "newline": "a\nb",
    "carriage return": "a\rb",
    "tab": "a\tb",
    "colour": "\x1b[31mred",
    "link of a terminal": "\x1b]8;;http://canary.invalid/\x1b\\x\x1b]8;;\x1b\\",
    "clipboard of a terminal": "\x1b]52;c;Y2FuYXJ5\x07",
    "bell and backspace": "\x07\x08\x7f",
    "C1 introducer": "\x9b31m",
    "next line": "a\x85b",
    "right-to-left override": "\u202egnp.exe",
    "isolate": "\u2066x\u2069",
    "zero width": "a\u200bb\ufeff",
    "line separator": "a\u2028b\u2029c",
    "NUL": "a\0b",
    "percent": "%n%s%1",
    "mnemonic": "&mnemonic &&x",
    "format": "{0} {name} {}",
    "formula": "=cmd|' /C calc'!A0",
    "combining": "Z\u0351\u036b\u0343\u0329",
    "emoji": "\U0001f511\u200d\U0001f525",
    "private use": "\ue000\U000f0000",
    "tags": "\U000e0041\U000e007f",
    "quotes": "'\"`$(id);--",
    "long": "x" * 5_000,
}
"""What is planted, each behind `MARK`."""

LIMIT = 1_500
"""Nothing that is shown with a text of others in it is longer, the texts of errors apart."""
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_SHORTENED = "…"


def canary(name: str, most: int | None = None) -> str:
    """Return a canary, with no more characters than a column takes."""
    return (MARK + CANARIES[name])[:most]


def as_seen(name: str) -> str:
    """Return how a canary is shown, as far as it is shown wherever there is little room."""
    return visible(MARK + CANARIES[name], 30).removesuffix(_SHORTENED)


def invisible(text: str, allowed: str = "\n") -> str:
    """Return the characters of a text that nobody sees, or that steer what stands beside them."""
    return "".join(sorted({c for c in text if unicodedata.category(c) in _INVISIBLE and c not in allowed}))


def problems(texts: Iterable[Shown], name: str) -> list[str]:
    """Return what is wrong with the texts of a window in which a canary has been planted everywhere."""
    return [f"{problem}: {one}" for one in texts for problem in _problems_of(one, MARK + CANARIES[name])]


def _problems_of(one: Shown, planted: str) -> Iterable[str]:
    if found := invisible(one.text):
        yield f"{found!a} is in it"
    if one.is_rich:
        yield "it is taken for markup"
    if MARK not in one.text:
        return
    if "\n" in planted and planted in one.text:
        yield "it breaks the line"
    if len(one.text) > LIMIT and "QPlainTextEdit" not in one.where and "EditableText" not in one.where:
        yield f"it is {len(one.text)} characters long"
    # A lone & before what follows the mark would be eaten, a double one be shown once.
    if one.has_mnemonics and "&m" in planted and re.search(rf"{MARK}S?&(?!&m)", one.text):
        yield "its & is taken for a mnemonic"
    if one.where.startswith("painted") and "&m" in planted and re.search(rf"{MARK}S?(?![&S]|…)", one.text):
        yield "its & is not painted"
