"""Whether a window can be opened here, and which system packages are missing where it cannot."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keymon.errors import WindowSystemError
from keymon.masking import visible

_PACKAGES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libX11.so.6": "libx11-6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libstdc++.so.6": "libstdc++6",
}
"""Which Debian package has a library."""
BUNDLE_PACKAGES = "libgl1 libegl1 libdbus-1-3 fonts-dejavu-core"
"""Debian packages that the bundle needs, which holds the other libraries itself."""
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
        raise _missing(error, WINDOW_PACKAGES) from None


@contextmanager
def qt_errors() -> Iterator[None]:
    """Turn a missing system library into a message that names the packages."""
    try:
        yield
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError):
            raise  # the system is not to blame
        raise _missing(error, QT_PACKAGES) from None


def _missing(error: Exception, packages: str) -> WindowSystemError:
    """Return what to tell: the very package where the library is known, and all that may be missing besides."""
    reason = visible(str(error))
    package = _PACKAGES.get(str(error).partition(":")[0])
    if package is not None:
        reason += f" (it is in the package {package})"
    return WindowSystemError(reason=reason, packages=BUNDLE_PACKAGES if hasattr(sys, "frozen") else packages)
