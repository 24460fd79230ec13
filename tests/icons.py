"""Draws the icon in all sizes from `resources/keymon.svg`, also for Windows and macOS: `make icons`."""

import os
import struct
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QSize
from PySide6.QtGui import QGuiApplication, QImage, QImageReader

from keymon.desktop_entry import SIZES
from keymon.resources import resource

ICO_SIZES = (16, 24, 32, 48, 64, 128, 256)
ICNS_SIZES = {"ic11": 32, "ic12": 64, "ic07": 128, "ic08": 256, "ic09": 512}
"""What macOS calls its pictures, and their sizes: the first two are those of 16 and 32 where a point is two pixels."""


def draw(size: int) -> QImage:
    """Return the icon as a square of so many pixels."""
    reader = QImageReader(str(resource("keymon.svg")))
    reader.setScaledSize(QSize(size, size))
    image = reader.read()
    if image.isNull():
        raise OSError(reader.errorString())
    return image


def write(folder: Path) -> None:
    """Write `16.png` and so on, `keymon.ico` and `keymon.icns`."""
    folder.mkdir(exist_ok=True)
    for size in SIZES:
        if not draw(size).save(str(folder / f"{size}.png")):
            raise OSError(f"{size}.png cannot be written")
    pictures = {size: (folder / f"{size}.png").read_bytes() for size in SIZES}
    (folder / "keymon.ico").write_bytes(ico({size: pictures[size] for size in ICO_SIZES}))
    (folder / "keymon.icns").write_bytes(icns({name: pictures[size] for name, size in ICNS_SIZES.items()}))


def ico(pictures: dict[int, bytes]) -> bytes:
    """Return an icon for Windows of PNG pictures by their sizes: a directory, then the pictures as they are."""
    head = struct.pack("<HHH", 0, 1, len(pictures))
    place = len(head) + 16 * len(pictures)
    for size, picture in pictures.items():
        head += struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(picture), place)
        place += len(picture)
    return head + b"".join(pictures.values())


def icns(pictures: dict[str, bytes]) -> bytes:
    """Return an icon for macOS of PNG pictures by what macOS calls them."""
    parts = [name.encode() + struct.pack(">I", 8 + len(picture)) + picture for name, picture in pictures.items()]
    return b"icns" + struct.pack(">I", 8 + sum(map(len, parts))) + b"".join(parts)


if __name__ == "__main__":
    QGuiApplication([])
    write(Path(__file__).parents[1] / "resources" / "icons")
