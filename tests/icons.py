"""Draws the icon in all sizes from `resources/keymon.svg`: `make icons`."""

import os
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QSize
from PySide6.QtGui import QGuiApplication, QImage, QImageReader

from keymon.resources import resource

SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)


def draw(size: int) -> QImage:
    """Return the icon as a square of so many pixels."""
    reader = QImageReader(str(resource("keymon.svg")))
    reader.setScaledSize(QSize(size, size))
    image = reader.read()
    if image.isNull():
        raise OSError(reader.errorString())
    return image


def write(folder: Path) -> None:
    """Write `16.png` and so on."""
    folder.mkdir(exist_ok=True)
    for size in SIZES:
        if not draw(size).save(str(folder / f"{size}.png")):
            raise OSError(f"{size}.png cannot be written")


if __name__ == "__main__":
    QGuiApplication([])
    write(Path(__file__).parents[1] / "resources" / "icons")
