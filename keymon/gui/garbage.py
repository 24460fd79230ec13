"""Garbage is looked for in the window's thread only.

Python itself looks for it in whichever thread makes objects, and destroys there what it finds. Parts of a closed
dialog that refer to each other are such garbage, and Qt dies where they are destroyed beside its own thread.
"""

import gc

from PySide6.QtCore import QObject, QTimer

_EVERY_MS = 1_000


class Garbage(QObject):
    """Looks for garbage as long as `parent` lives, as seldom among old objects as Python does."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        # What has been imported by now stays, so there is no need to look through it again and again.
        gc.freeze()
        timer = QTimer(self)
        timer.timeout.connect(look)
        timer.start(_EVERY_MS)


def look() -> None:
    """Look for garbage among the objects whose turn it is."""
    counts, most = gc.get_count(), gc.get_threshold()
    for generation in (2, 1, 0):
        if counts[generation] > most[generation]:
            gc.collect(generation)
            return
