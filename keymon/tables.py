"""Tables for a terminal, and JSON for scripts."""

import json
from collections.abc import Sequence
from typing import Any


def json_text(value: dict[Any, Any] | list[dict[str, Any]]) -> str:
    """Return `value` as JSON on several lines."""
    # ASCII only: any terminal can print it, and foreign text cannot steer one.
    return json.dumps(value, indent=2) + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: set[int]) -> str:
    """Return `rows` of cells under their `head`; the columns that are `right` are aligned there."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = [
        "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *rows)
    ]
    return "\n".join(lines) + "\n"
