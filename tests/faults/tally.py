"""Counts what the fault suite tries and finds, and tells it as one table."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults.statements import Heard
from tests.faults.watchdog import LIMIT_MS

GROUPS = {
    "a": "connecting",
    "b": "in mid-session",
    "c": "locks of SQLite",
    "d": "the file",
    "e": "the schema",
    "f": "the settings",
    "g": "values",
    "h": "time",
    "i": "life cycle",
    "j": "exports",
    "k": "secrets",
    "l": "our own files",
}
"""Groups of faults, each by the letter that the names of its files begin with: `test_a_connect.py`."""

_NAME = re.compile(r"test_([a-l])_")


@dataclass
class Figures:
    """Of one group: how many faults ended how, what the gateways wrote and lost meanwhile, how long a thread was held.

    `held_ms` is None where no window was watched.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    writes: int = 0
    lost: int = 0
    held_ms: float | None = None

    @property
    def tried(self) -> int:
        """How many faults were tried; those that were skipped were not."""
        return self.outcomes["passed"] + self.outcomes["failed"]


class Tally:
    """What all groups have told so far. `left_out` are the faults that were not wanted."""

    def __init__(self) -> None:
        self.groups: dict[str, Figures] = {}
        self.statements = Heard()
        self.threads_left = 0
        self.left_out = 0
        self.secrets_planted: set[str] = set()
        self.artefacts: Counter[str] = Counter()
        self.secrets_found: list[str] = []

    def group(self, path: Path) -> Figures:
        """Return the figures of the group that a test's file belongs to; nobody sees those of the suite's own tests."""
        named = _NAME.match(path.name)
        return Figures() if named is None else self.groups.setdefault(named[1], Figures())

    def note(self, path: Path, report: pytest.TestReport) -> None:
        """Note how a phase of a test ended; a fault is survived if its guards have nothing to say afterwards, too."""
        outcomes = self.group(path).outcomes
        if report.when == "call" or report.outcome == "skipped":
            outcomes[report.outcome] += 1
        elif report.outcome == "failed":
            if report.when == "teardown" and outcomes["passed"]:
                outcomes["passed"] -= 1
            outcomes["failed"] += 1

    def note_hold(self, path: Path, held_ms: float) -> None:
        """Note how long the window's thread was held in a test."""
        figures = self.group(path)
        figures.held_ms = max(figures.held_ms or 0.0, held_ms)

    def note_writes(self, path: Path, calls: int, lost: int) -> None:
        """Note what a gateway wrote, and lost, while keymon was in trouble."""
        figures = self.group(path)
        figures.writes += calls
        figures.lost += lost

    def lines(self) -> list[str]:
        """Return the table."""
        head = f"{'group':20}{'faults tried':>14}{'survived':>10}{'not tried':>11}{'writes':>9}{'lost':>6}{'held':>9}"
        rows = [(f"{letter.upper()} {GROUPS[letter]}", self.groups[letter]) for letter in sorted(self.groups)]
        whole = Figures()
        for _, one in rows:
            whole.outcomes += one.outcomes
            whole.writes += one.writes
            whole.lost += one.lost
        held = [one.held_ms for _, one in rows if one.held_ms is not None]
        whole.held_ms = max(held, default=None)
        lines = [head, *(_line(*row) for row in rows), _line("all", whole)]
        sent = ", ".join(f"{count:,} {kind}" for kind, count in sorted(self.statements.sent.items()))
        lines.append(f"statements that are no read: {len(self.statements.wrong)} of {sent or '0'}")
        if self.artefacts:
            where = ", ".join(sorted(self.artefacts))
            lines.append(
                f"secrets found unmasked: {len(self.secrets_found)} of {len(self.secrets_planted)} planted,"
                f" in {self.artefacts.total()} artefacts of {len(self.artefacts)} kinds ({where})"
            )
        lines.append(f"threads left: {self.threads_left}")
        if self.left_out:
            lines.append(
                f"left out to save time: {self.left_out:,} faults; --faults all tries them, as make faults does"
            )
        return lines

    def as_json(self) -> str:
        """Return the figures for whoever makes the page of them."""
        groups = {
            letter: {
                "name": f"{letter.upper()} {GROUPS[letter]}",
                "tried": one.tried,
                "survived": one.outcomes["passed"],
                "skipped": one.outcomes["skipped"],
                "writes": one.writes,
                "lost": one.lost,
                "held_ms": one.held_ms,
            }
            for letter, one in sorted(self.groups.items())
        }
        whole = {
            "groups": groups,
            "statements": dict(self.statements.sent),
            "no_reads": len(self.statements.wrong),
            "planted": len(self.secrets_planted),
            "artefacts": dict(self.artefacts),
            "found": len(self.secrets_found),
            "threads_left": self.threads_left,
            "limit_ms": LIMIT_MS,
        }
        return json.dumps(whole, indent=2) + "\n"


def _line(name: str, one: Figures) -> str:
    held = "" if one.held_ms is None else f"{one.held_ms:.0f} ms"
    counts = f"{one.tried:>14,}{one.outcomes['passed']:>10,}{one.outcomes['skipped']:>11,}"
    return f"{name:20}{counts}{one.writes:>9,}{one.lost:>6,}{held:>9}"


TALLY = pytest.StashKey[Tally]()
