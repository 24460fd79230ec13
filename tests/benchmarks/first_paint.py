"""How long until something is seen? keymon's first paint beside that of an empty window, in turn.

And once more with another panel to begin with than that of the keys: panels are built after the first paint.

Run as `python -m tests.benchmarks.first_paint [ROUNDS] [offscreen|xcb]`. Every start is a process of its own.
The clock runs from before the process is made to the end of its window's first paint event, by which Qt has
loaded its plugins, fonts and style for both.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.gateway_file import GatewayFile, key

SIZE = (1120, 760)
PANEL = "calls"
"""The panel that was seen last, where it is not that of the keys."""
_ROUNDS = 25

# Both print the clock of the machine when the first paint event of their window has ended. keymon goes on until all
# that belongs in its window has been painted, and prints that too: it begins to follow the gateway then.
_CLOCK = """
import os, sys, time
def stop(*stamps):
    print(*stamps, flush=True)
    os._exit(0)
"""
_EMPTY = f"""
{_CLOCK}
from PySide6.QtWidgets import QApplication, QMainWindow
class Window(QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        stop(time.monotonic())
app = QApplication(sys.argv)
window = Window()
window.resize{SIZE}
window.show()
app.exec()
"""
_KEYMON = f"""
{_CLOCK}
from keymon.cli import main
from keymon.gui.main_window import MainWindow
stamps = []
paint = MainWindow.paintEvent
def paint_and_look(window, event):
    paint(window, event)
    stamps.append(time.monotonic())
MainWindow.paintEvent = paint_and_look
def follow(window, source):
    # Another panel than is measured: nothing is told, which does not do for an answer.
    stop(*[stamps[0], time.monotonic()] * (window.panels.current == sys.argv[2]))
MainWindow.follow = follow
main(["--db", sys.argv[1]])
"""


def measure(rounds: int, platform: str = "offscreen") -> dict[str, list[float]]:
    """Start each window `rounds` times, in turn, on a Qt `platform`; return how long each took, ms.

    "empty" and "keymon" end with the first paint event of the window, "keymon_complete" when all is painted;
    "panel" and "panel_complete" are the same where `PANEL` was seen last.
    """
    sides = [
        (("empty",), _EMPTY, ""),
        (("keymon", "keymon_complete"), _KEYMON, "keys"),
        (("panel", "panel_complete"), _KEYMON, PANEL),
    ]
    times: dict[str, list[float]] = {name: [] for names, *_ in sides for name in names}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gateway.db"
        GatewayFile(path, [key(n) for n in range(100)]).close()
        for n in range(-2, rounds):
            # There and back, so that none has the quieter machine.
            for names, script, panel in sides if n % 2 else sides[::-1]:
                stamps = _start(script, path, platform, panel)
                if n >= 0:  # the first starts fill caches
                    for name, stamp in zip(names, stamps, strict=True):
                        times[name].append(stamp)
    return times


def _start(script: str, path: Path, platform: str, panel: str) -> list[float]:
    """Start a window that had `panel` in front; return after how many ms what it tells of had come."""
    config = path.parent / "config"
    settings = config / "keymon" / "keymon.conf"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(f"[General]\npanel={panel}\n")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"QT_QPA_PLATFORM": platform, "XDG_CONFIG_HOME": str(config)}
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", script, str(path), panel],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [(float(stamp) - begin) * 1000 for stamp in done.stdout.split()]


if __name__ == "__main__":
    result = measure(int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS, *sys.argv[2:3])
    for name, values in result.items():
        print(f"{name:16}{statistics.median(values):8.2f} ms")
