"""Whether a window can be opened here, and which system packages are missing where it cannot."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keymon.errors import WindowSystemError
from keymon.masking import visible

QT_PACKAGES = "libegl1 libgl1 libglib2.0-0 libfontconfig1 libdbus-1-3 libxkbcommon0"
"""Debian packages without which Qt cannot even be imported."""
WINDOW_PACKAGES = (
    "libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0"
    " libxcb-util1 libxcb-xinerama0 libxcb-xkb1 libxkbcommon-x11-0 libx11-xcb1"
)
"""Debian packages that a window on X11 needs besides."""


def has_display() -> bool:
    """Tell whether there is a screen that lets us open windows."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM") or os.environ.get("WAYLAND_DISPLAY"):
        return True
    return bool(os.environ.get("DISPLAY")) and _x11_answers()


def _x11_answers() -> bool:
    """Tell whether $DISPLAY names a server that lets us in; Qt would end the process if it did not."""
    import ctypes

    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True  # told in better words by check_window_libraries
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    failed = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not failed


def check_window_libraries() -> None:
    """Raise what is missing for a window on X11; Qt would name one library only, and end the process."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM") or os.environ.get("WAYLAND_DISPLAY"):
        return
    import ctypes

    from PySide6.QtCore import QLibraryInfo

    plugin = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)) / "platforms" / "libqxcb.so"
    try:
        ctypes.CDLL(str(plugin))
    except OSError as error:
        raise WindowSystemError(reason=visible(str(error)), packages=WINDOW_PACKAGES) from None


@contextmanager
def qt_errors() -> Iterator[None]:
    """Turn a missing system library into a message that names the packages."""
    try:
        yield
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError):
            raise  # the system is not to blame
        raise WindowSystemError(reason=visible(str(error)), packages=QT_PACKAGES) from None
