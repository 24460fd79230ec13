"""Errors grouped by what they say: the same message with other numbers and keys in it is the same."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from keymon.error_browser import HEAD_CHARACTERS, ErrorRow
from keymon.masking import without_cut_secret, without_secrets

_MESSAGE = re.compile(r'"message"\s*:\s*"((?:[^"\\]|\\.)*)')
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_LONGEST = 120


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Errors with one message: how many, of how many keys, and the last of them. `newest` is UTC."""

    message: str
    count: int
    keys: int
    newest: datetime | None
    example: ErrorRow


def message(head: str | None) -> str:
    """Return what a text says, of which `head` is the beginning: Google's `message`, else the first line."""
    if head is None:
        return ""
    head = without_cut_secret(head, HEAD_CHARACTERS)
    found = _MESSAGE.search(head)
    text = _unescaped(found[1]) if found else head
    return next((" ".join(line.split()) for line in text.splitlines() if line.strip()), "")


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text  # cut off in the midst of an escape


@lru_cache(maxsize=16_384)  # rows are grouped again with every page that is added to them
def group_name(head: str | None, key: str | None = None) -> str:
    """Return what errors of one group, whichever `key` they are of, have in common; empty where nothing was logged."""
    return _NUMBER.sub("#", without_secrets(message(head), "…", key))[:_LONGEST]


def grouped(rows: Iterable[ErrorRow]) -> tuple[ErrorGroup, ...]:
    """Return the groups of `rows`, newest first, most errors first; with as many, the one with the newest error."""
    groups: dict[str, list[ErrorRow]] = {}
    for row in rows:
        groups.setdefault(group_name(row.head, row.key), []).append(row)
    found = [
        ErrorGroup(name, len(own), len({row.key for row in own}), own[0].at, own[0]) for name, own in groups.items()
    ]
    return tuple(sorted(found, key=lambda group: -group.count))
