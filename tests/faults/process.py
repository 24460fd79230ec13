"""keymon as a process of its own, which tells how far it has come, and can be made to wait there.

`python -m tests.faults.process POINT ARGUMENT…` runs keymon with the arguments, prints the name of each point that it
comes to, and hangs at `POINT` where that is one of `HANGING`.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

PATIENCE_S = 60
"""For how long a process is waited for: far longer than it takes, since a machine may be busy with other things."""
POINTS = ("begins", "shown", "painted", "opened", "reading", "loading", "at rest")
HANGING = {"reading"}
_OFFSCREEN = "This plugin does not support"
"""How Qt begins what it says where nothing is drawn on a screen."""


class Running:
    """A keymon that runs. What it writes to standard error is kept."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def wait_for(self, point: str) -> None:
        """Wait until it has come to a point."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.strip() == point:
                return
        raise AssertionError(f"it ended before {point}: {self.end()}")

    def end(self) -> tuple[int, str]:
        """Wait for its end; return its exit code and what it complained about."""
        _, complaints = self.process.communicate(timeout=PATIENCE_S)
        lines = [line for line in complaints.splitlines() if not line.startswith(_OFFSCREEN)]
        return self.process.returncode, "\n".join(lines)


@contextmanager
def running(folder: Path, point: str, *arguments: str) -> Iterator[Running]:
    """Run keymon with all that it keeps in `folder`, until it ends or this does."""
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700, exist_ok=True)
    environment = os.environ | {
        "XDG_RUNTIME_DIR": str(runtime),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "QT_QPA_PLATFORM": "offscreen",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.process", point, *arguments],
        env=environment,
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Running(process)
    finally:
        process.kill()
        process.communicate()


def _tell(point: str, out: IO[str]) -> None:
    out.write(point + "\n")
    out.flush()


def _tell_at_points(hangs_at: str) -> None:
    """Let classes of keymon's tell when they come to a point."""
    from keymon.gui.main_window import MainWindow

    out = sys.stdout
    show, paint, begin, complete = MainWindow.show, MainWindow.paintEvent, MainWindow.follow, MainWindow.complete

    def show_and_tell(window: MainWindow) -> None:
        show(window)
        _tell("shown", out)

    def paint_and_tell(window: MainWindow, event: object) -> None:
        paint(window, event)  # type: ignore[arg-type]
        _tell("painted", out)

    def follow_and_tell(window: MainWindow, *arguments: object, **options: object) -> None:
        begin(window, *arguments, **options)  # type: ignore[arg-type]
        _tell("opened", out)

    def complete_and_tell(window: MainWindow, poller: object) -> None:
        complete(window, poller)  # type: ignore[arg-type]
        window.poller.progress.connect(lambda *_: _tell("loading", out))
        window.poller.refreshed.connect(lambda snapshot: _tell("loading" if snapshot.loading else "at rest", out))

    for name, telling in {
        "show": show_and_tell,
        "paintEvent": paint_and_tell,
        "follow": follow_and_tell,
        "complete": complete_and_tell,
    }.items():
        setattr(MainWindow, name, telling)
    if hangs_at == "reading":
        _hang_in_reads(out)


def _hang_in_reads(out: IO[str]) -> None:
    """Let a read of the log from a file go on until it is told to end, as on a disk that hardly answers."""
    from keymon.sqlite_reader import SqliteReader

    overdue, fetched = SqliteReader._overdue, SqliteReader._fetched
    told = threading.Event()

    def go_on(reader: SqliteReader) -> bool:
        if reader._deadline < 1e9:
            return overdue(reader)
        if not told.is_set():
            told.set()
            _tell("reading", out)
        return reader._over

    def fetch(reader: SqliteReader, driver: object, sql: str, parameters: object) -> object:
        if "t_request_log" in sql:
            reader._deadline = 1e10
            sql = f"SELECT COUNT(*) FROM {', '.join(f't_request_log t{n}' for n in range(20))}"
            parameters = {}
        return fetched(reader, driver, sql, parameters)  # type: ignore[arg-type]

    for name, slow in {"_overdue": go_on, "_fetched": fetch}.items():
        setattr(SqliteReader, name, slow)


if __name__ == "__main__":
    from keymon.cli import main

    _tell("begins", sys.stdout)
    _tell_at_points(sys.argv[1])
    sys.exit(main(sys.argv[2:]))
