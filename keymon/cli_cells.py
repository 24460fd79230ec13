"""What `keymon calls`, `errors` and `attention` have in common: which rows are meant, and how a value is printed.

Keys are masked, and whatever looks like one in a text, unless the operator asks for them in full. Nothing that is
printed can steer a terminal or a spreadsheet.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from keymon.errors import StatusUnknownError
from keymon.masking import foreign, mask_key, mask_text, visible
from keymon.report import csv_text
from keymon.tables import json_text

if TYPE_CHECKING:
    from keymon.gateway_clock import GatewayClock

SCHEMA = 1
"""Version of the form of the JSON; scripts depend on it."""
NETWORK_ERROR = "network error"
"""What an empty text in the place of a status is."""
_MOST_TOLD = 12


def wanted_key(options: argparse.Namespace) -> str | None:
    """Return the key that `--key` names, from standard input for `-`; None without one."""
    return sys.stdin.readline().strip() if options.key == "-" else options.key


def status_meant(text: str) -> int | str | None:
    """Return the status that is meant: a number, `null` for none, or the text that stands in its place."""
    if text.lower() in {"none", "null"}:
        return None
    return int(text) if text.isascii() and text.isdigit() else text


def status_unknown(text: str, occurring: Iterable[int | str | None]) -> StatusUnknownError:
    """Return what to say of a text that is no status; `occurring` are those that there are."""
    known = [shown_value(one, "null", "''") for one in islice(occurring, _MOST_TOLD)]
    return StatusUnknownError(status=foreign(text, 40) or "''", known=", ".join(known) or "none")


def model_meant(text: str) -> str | None:
    """Return the model that is meant: `null` is that of rows without one."""
    return None if text.lower() in {"none", "null"} else text


def for_scripts(
    options: argparse.Namespace, rows: list[dict[str, Any]], columns: Sequence[str], name: str, **about: object
) -> str:
    """Return `rows` as CSV, or as JSON under `name`, beside what is said `about` them."""
    return csv_text(columns, rows) if options.csv else json_text({"schema": SCHEMA, **about, name: rows})


def origin_fields(as_of: datetime, clock: "GatewayClock") -> dict[str, object]:
    """Return as of when figures are (aware), and in which zone the gateway is."""
    return {"as_of": iso(as_of), "time_zone": clock.name, "time_zone_source": clock.source}


def iso(instant: datetime) -> str:
    """Return an aware instant in ISO 8601, to the second."""
    return instant.isoformat(timespec="seconds")


def masked_key(key: str | None, show_keys: bool) -> str | None:
    """Return a key for a script."""
    return key if key is None or show_keys else mask_key(key)


def masked_value(value: int | str | None) -> int | str | None:
    """Return what the gateway stored for a script; whatever looks like a key in it is masked."""
    return mask_text(value) if isinstance(value, str) else value


def shown_key(key: str | None, show_keys: bool) -> str:
    """Return a key for a terminal."""
    if key is None:
        return "(none)"
    return visible(key, 400) if show_keys else mask_key(key)


def shown_value(value: int | str | None, nothing: str, empty: str = "(empty)") -> str:
    """Return what the gateway stored for a terminal; `nothing` stands for NULL, `empty` for an empty text."""
    if value is None:
        return nothing
    return str(value) if isinstance(value, int) else foreign(value, 80) or empty


def moment(instant: datetime, clock: "GatewayClock") -> str:
    """Return an aware instant by the gateway's clock."""
    return f"{clock.to_local(instant):%Y-%m-%d %H:%M:%S}"


def zone_line(clock: "GatewayClock") -> str:
    """Return the line that says whose times they are."""
    return f"Times are the gateway's ({clock.name}, {clock.source})."
