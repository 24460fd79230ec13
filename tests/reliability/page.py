"""Puts the figures into the page on reliability."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_BEGIN, _END = "<!-- figures: make reliability -->", "<!-- end of figures -->"
_GROUPS = "ABCDEFGHIJKL"


def fill(page: Path, run: Mapping[str, Any]) -> None:
    """Write the tables of a run between the markers of the page; raises `ValueError` where there are none."""
    pattern = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.DOTALL)
    text = "\n".join([_BEGIN, "", *lines(run), "", _END])
    filled, count = pattern.subn(lambda _: text, page.read_text(encoding="utf-8"))
    if count != 1:
        raise ValueError(f"the page needs the markers {_BEGIN} and {_END} once")
    page.write_text(filled, encoding="utf-8")


def lines(run: Mapping[str, Any]) -> Sequence[str]:
    """Return the figures of a run as Markdown."""
    machine = run["machine"]
    about = (
        f"{run['date']}: {machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['kernel']};"
        f" Python {machine['python']}, SQLite {machine['sqlite']}, MariaDB {machine['mariadb']}, Qt {machine['qt']}."
    )
    rows = [(what, _cell(value), command) for what, value, command in _figures(run)]
    return [about, "", *_table(("what", "figure", "command"), rows), "", *_groups(run["faults"])]


def _figures(run: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    faults = run["faults"]
    groups = faults["groups"].values()
    tried, survived = sum(one["tried"] for one in groups), sum(one["survived"] for one in groups)
    held = max(one["held_ms"] or 0 for one in groups)
    sent = ", ".join(f"{count:,} to {kind}" for kind, count in sorted(faults["statements"].items()))
    kinds, places = len(faults["artefacts"]), sum(faults["artefacts"].values())
    figures = [
        ("faults survived", f"{survived:,}/{tried:,}", "make faults"),
        ("statements that are no read", f"{faults['no_reads']} of {sent}", "make faults"),
        (
            "secrets found unmasked",
            f"{faults['found']} of {faults['planted']} planted in {places:,} artefacts of {kinds} kinds",
            "make faults",
        ),
        ("longest hold of the window's thread", f"{held:.0f} ms (bar {faults['limit_ms']:.0f})", "make faults"),
        ("threads left", f"{faults['threads_left']}", "make faults"),
    ]
    for kind, one in run.get("writes", {}).items():
        text = (
            f"{one['lost']} of {one['calls']:,}, at {one['refreshes']:,} refreshes; the window showed {one['shown']:,}"
        )
        figures.append((f"a gateway's writes lost, {kind}", text, "make reliability ARGS=writes"))
    if "recovery" in run:
        recovery = run["recovery"]
        text = (
            f"p95 {recovery['p95_s']:.1f} s, median {recovery['median_s']:.1f} s, worst {recovery['worst_s']:.1f} s,"
            f" of {recovery['restarts']} restarts; window held {recovery['held_ms']:.0f} ms at most"
        )
        what = "fresh figures after a server answers again"
        figures.append((what, text, "make reliability ARGS=recovery"))
    if "day" in run:
        day = run["day"]
        text = (
            f"{day['growth_mb']:+.1f} MB, from {day['resident_mb'][0]:.0f} to {day['resident_mb'][-1]:.0f} MB, in"
            f" {day['refreshes']:,} refreshes and {day['calls']:,} calls"
        )
        figures.append(("growth of memory over a simulated day", text, "make reliability ARGS=day"))
    return figures


def _groups(faults: Mapping[str, Any]) -> Sequence[str]:
    rows = [
        (
            one["name"],
            f"{one['survived']:,}/{one['tried']:,}",
            f"{one['skipped']}",
            f"{one['lost']} of {one['writes']:,}",
            "" if one["held_ms"] is None else f"{one['held_ms']:.0f} ms",
        )
        for one in faults["groups"].values()
    ]
    return _table(("group", "survived", "not tried", "writes lost", "longest hold"), rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Sequence[str]:
    return [f"| {' | '.join(one)} |" for one in (head, ["---"] * len(head), *rows)]
