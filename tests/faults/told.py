"""What an operator must see of a fault: in the window, and by the command line."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from keymon import cli
from keymon.gui.summary import Card
from tests.gui.conftest import Bench

AS_OF = ("--as-of", "2026-11-23T12:00:00Z", "--gateway-tz", "UTC")
"""The time that tests have in their hands, for commands."""


def digests(folder: Path) -> dict[str, object]:
    """Return what all is in a folder, and when it was written last."""
    found: dict[str, object] = {".": folder.stat().st_mtime_ns}
    for path in folder.iterdir():
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
        found[path.name] = (status.st_ino, status.st_mode, status.st_mtime_ns, status.st_size, content)
    return found


@contextmanager
def untouched(folder: Path) -> Iterator[None]:
    """Fail a test that changes something in a gateway's folder, makes something in it, or takes it away."""
    before = digests(folder)
    yield
    assert digests(folder) == before


def labels(widget: QWidget) -> str:
    """Return all that labels say."""
    return "\n".join(one.text() for one in widget.findChildren(QLabel))


def try_again(bench: Bench) -> str:
    """Let the window try once more, in vain; return what the banner says."""
    with bench.qtbot.waitSignal(bench.poller.failed):
        bench.poller.refresh()
    return bench.window.banner.text


def shows_no_figures(bench: Bench, message: str) -> None:
    """See that a fault at the start is told, with a way out, and nothing else."""
    window = bench.window
    assert window.banner.isVisible()
    assert message in window.banner.text
    assert window.banner.next_try.startswith("Next try in ")
    assert window.summary.day.figure == "–"
    assert "no data yet" in labels(window.status_line)


def shows_stale_figures(bench: Bench, message: str, calls: int) -> None:
    """See that a fault is told, with a way out, and that the figures have stayed and are marked."""
    window, since = bench.window, f"{bench.snapshot.as_of.astimezone():%H:%M:%S}"
    assert window.banner.isVisible()
    assert message in window.banner.text
    assert window.banner.next_try.startswith("Next try in ")
    assert f"The figures shown are those of {since}." in window.banner.text
    assert f"Stale since {since}" in labels(window.status_line)
    assert all(since in card.toolTip() for card in window.summary.findChildren(Card))
    assert window.summary.day.figure == f"{calls:,}"


def shows_figures(bench: Bench, calls: int) -> None:
    """See that fresh figures are shown, and that nothing is wrong."""
    assert not bench.window.banner.isVisible(), bench.window.banner.text
    assert "Stale" not in labels(bench.window.status_line)
    assert not any("stale" in card.toolTip().lower() for card in bench.window.summary.findChildren(Card))
    assert bench.window.summary.day.figure == f"{calls:,}"


def retry(bench: Bench) -> None:
    """Take the way out that the banner offers."""
    found = [one for one in bench.window.banner.findChildren(QPushButton) if one.text() == "&Retry"]
    with bench.qtbot.waitSignal(bench.poller.refreshed):
        QTest.mouseClick(found[0], Qt.MouseButton.LeftButton)


def refused(capsys: pytest.CaptureFixture[str], code: int, *arguments: object) -> str:
    """Return the one line that a command prints which cannot be carried out."""
    assert cli.main([str(one) for one in arguments]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("keymon: ")
    return err


def printed(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[str, str]:
    """Return what a command prints, and the notes beside that."""
    assert cli.main([str(one) for one in arguments]) == 0
    out, err = capsys.readouterr()
    return out, err
