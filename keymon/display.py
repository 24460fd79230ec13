"""Whether a window can be opened here, and which system packages are missing where it cannot."""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from keymon.errors import KeymonError, NoDisplayError, NoPlatformError, WindowSystemError
from keymon.masking import visible

if TYPE_CHECKING:
    from PySide6.QtCore import QMessageLogContext, QtMsgType

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
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
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
WAYLAND_PACKAGES = "libwayland-client0 libwayland-cursor0 libwayland-egl1"
"""Debian packages that a window on Wayland needs besides."""
_NOT_LOADED = re.compile(r'Could not load the Qt platform plugin "([^"]*)" in "([^"]*)"')
_NOT_FOUND = re.compile(r'Could not find the Qt platform plugin "([^"]*)"')
_NOT_CONNECTED = ("could not connect to display", "Failed to create wl_display")


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
    _load_plugin("xcb")


def _load_plugin(name: str, folder: str = "") -> None:
    """Raise what is missing for one of Qt's platforms, from its own folder or the one that was named."""
    import ctypes

    from PySide6.QtCore import QLibraryInfo

    place = Path(folder or f"{QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)}/platforms") / f"libq{name}.so"
    try:
        ctypes.CDLL(str(place))
    except OSError as error:
        raise _missing(error, WAYLAND_PACKAGES if name.startswith("wayland") else WINDOW_PACKAGES) from None


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


@contextmanager
def platform_errors() -> Iterator[None]:
    """Tell in one line why there is no window system, and end, where Qt would abort; for the making of an application.

    What Qt has to say besides is passed on.
    """
    from PySide6.QtCore import QtMsgType, qFormatLogMessage, qInstallMessageHandler

    told: list[str] = []

    def hear(kind: "QtMsgType", context: "QMessageLogContext", text: str | None) -> None:
        if kind == QtMsgType.QtFatalMsg:
            error = platform_error(told)
            print(f"keymon: {error.line}", file=sys.stderr, flush=True)
            os._exit(error.exit_code)  # Qt would abort the process as soon as this returned
        told.append(text or "")
        if before is not None:
            before(kind, context, text or "")
        else:
            passed_on.append(qFormatLogMessage(kind, context, text or ""))

    passed_on: list[str] = []
    before = qInstallMessageHandler(hear)
    try:
        yield
    finally:
        qInstallMessageHandler(before)
    for line in passed_on:
        print(line, file=sys.stderr)


def platform_error(told: Sequence[str]) -> KeymonError:
    """Return why Qt, which has `told` so much, cannot open a window."""
    for text in told:
        found = _NOT_LOADED.search(text)
        if found is not None:
            try:
                _load_plugin(*found.groups())
            except WindowSystemError as error:
                return error
    if any(sign in text for text in told for sign in _NOT_CONNECTED):
        return NoDisplayError()
    names = [found.group(1) for text in told for found in _NOT_FOUND.finditer(text)]
    return NoPlatformError(platform=visible(names[0] if names else os.environ.get("QT_QPA_PLATFORM", ""), 40))
