"""The databases of a run: made once into one folder, and found again there by a later run.

Beside each file is the instant up to which its calls go. Whoever reads it is given a clock that begins there, so
that a file serves the same however long it took to make the others.
"""

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.benchmarks import large_gateway

BYTES_A_ROW = 115
_SPARE = 300_000_000
"""For the journal, and for what is written while it is measured."""
_LONGEST_KEPT = timedelta(hours=20)
"""The program looks at the last 24 hours of the real clock: calls must be left in them."""

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway's database, in UTC. Its calls go up to `made_at` (aware)."""

    path: Path
    made_at: datetime

    def clock(self) -> Callable[[], datetime]:
        """Return a clock that shows `made_at` now, and goes on."""
        behind = datetime.now(UTC) - self.made_at
        return lambda: datetime.now(UTC) - behind

    def stopped_clock(self) -> datetime:
        """Return `made_at`: a clock that stands still."""
        return self.made_at


@dataclass(frozen=True, slots=True)
class Wanted:
    """A database that is needed: so many calls over so many days."""

    rows: int
    days: float = large_gateway.DAYS

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.rows}-calls-in-{self.days:g}-days.db"


# Less than a day, so that all of them are in the last 24 hours.
MILLION_A_DAY = Wanted(MILLION, 0.99)
NO_CALLS = Wanted(0)


class Gateways:
    """The databases in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._here: dict[Wanted, Gateway] = {}

    def check_space(self, wanted: Sequence[Wanted]) -> None:
        """End the program where the disk has no room for these."""
        missing = {each for each in wanted if self._found(each) is None}
        needed = sum(each.rows for each in missing) * BYTES_A_ROW + _SPARE
        free = shutil.disk_usage(self.folder).free
        print(f"Databases to be made need {needed / 1e9:.1f} GB, {free / 1e9:.0f} GB are free", file=sys.stderr)
        if needed > free:
            sys.exit("There is not enough room; set TMPDIR, or use --keep FOLDER, on a larger disk")

    def get(self, wanted: Wanted) -> Gateway:
        """Return a database, made now if it is not there."""
        if wanted not in self._here:
            self._here[wanted] = self._found(wanted) or self._make(wanted)
        return self._here[wanted]

    def _found(self, wanted: Wanted) -> Gateway | None:
        path = self.folder / wanted.name
        try:
            made_at = datetime.fromisoformat(json.loads(_note(path).read_text())["made_at"])
        except FileNotFoundError:
            return None
        return Gateway(path, made_at) if datetime.now(UTC) - made_at < _LONGEST_KEPT else None

    def _make(self, wanted: Wanted) -> Gateway:
        path = self.folder / wanted.name
        for old in (path, _note(path), path.with_name(path.name + "-journal")):
            old.unlink(missing_ok=True)
        print(f"Making a database of {wanted.rows:,} calls in {wanted.days:g} days", file=sys.stderr, flush=True)
        until = datetime.now(UTC)
        large_gateway.make(path, wanted.rows, wanted.days, until)
        _note(path).write_text(json.dumps({"made_at": until.isoformat()}))
        return Gateway(path, until)


def _note(path: Path) -> Path:
    return path.with_suffix(".json")
