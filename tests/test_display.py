"""What is told where there is no window system, or where a system library is missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QLibraryInfo

from keymon import display
from keymon.display import QT_PACKAGES, qt_errors
from keymon.errors import WindowSystemError

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere Qt brings all that it needs")


def start(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Start keymon in an environment without a display but for what is given."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DISPLAY", "WAYLAND_DISPLAY"} and not name.startswith("QT_")
    }
    return subprocess.run(
        [sys.executable, "-m", "keymon", *arguments],
        env=inherited | {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)} | environment,
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    "environment",
    [{}, {"DISPLAY": ":4711"}, {"QT_QPA_PLATFORM": "xcb"}, {"WAYLAND_DISPLAY": "wayland-4711"}],
    ids=["none", "nobody answers", "xcb", "wayland"],
)
def test_where_there_is_no_display_that_is_told_in_a_line(tmp_path: Path, environment: dict[str, str]) -> None:
    done = start("--db", "gateway.db", folder=tmp_path, **environment)
    assert done.returncode == 2
    assert done.stdout == ""
    told = done.stderr.splitlines()[-1]
    assert told.startswith("keymon: there is no display to open a window on; keymon screenshot and")
    assert "Aborted" not in done.stderr
    assert "libxcb" not in done.stderr


def test_a_platform_that_qt_does_not_have_is_told(tmp_path: Path) -> None:
    done = start("--db", "gateway.db", folder=tmp_path, QT_QPA_PLATFORM="nonsense")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("keymon: Qt has no window system “nonsense”. Unset QT_QPA_PLATFORM")


@pytest.fixture
def lame_plugin(tmp_path: Path) -> Path:
    """A folder with a plugin for X11 that needs a library which is nowhere."""
    plugin = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)) / "platforms" / "libqxcb.so"
    folder = tmp_path / "platforms"
    folder.mkdir()
    (folder / plugin.name).write_bytes(plugin.read_bytes().replace(b"libQt6XcbQpa.so.6", b"libMissing123.so."))
    return folder


def test_the_library_that_a_plugin_lacks_is_named(tmp_path: Path, lame_plugin: Path) -> None:
    found = {"QT_QPA_PLATFORM": "xcb", "QT_QPA_PLATFORM_PLUGIN_PATH": str(lame_plugin)}
    done = start("--db", "gateway.db", folder=tmp_path, **found)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "libMissing123.so.: cannot open shared object file" in done.stderr
    assert "apt install libxcb-cursor0 " in done.stderr


@pytest.mark.parametrize("platform", ["xcb", "wayland"])
def test_its_package_is_named_too(lame_plugin: Path, monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setitem(display._PACKAGES, "libMissing123.so.", "libmissing123")
    (lame_plugin / "libqxcb.so").rename(lame_plugin / f"libq{platform}.so")
    told = [f'Could not load the Qt platform plugin "{platform}" in "{lame_plugin}" even though it was found.']
    error = display.platform_error(told)
    assert isinstance(error, WindowSystemError)
    assert "(it is in the package libmissing123)" in str(error)
    assert ("libwayland-client0" in str(error)) == (platform == "wayland")


def test_what_qt_says_besides_is_passed_on(tmp_path: Path) -> None:
    found = {"QT_QPA_PLATFORM": "offscreen", "LC_ALL": "C", "PYTHONUTF8": "1", "KEYMON_TELL_FIRST_PAINT": "1"}
    done = start("--db", "gateway.db", folder=tmp_path, **found)
    assert done.returncode == 0
    assert done.stderr.startswith("Detected locale ")


_WITHOUT = """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name in {"PySide6.QtGui", "PySide6.QtWidgets"}:
            raise ImportError("libGL.so.1: cannot open shared object file: No such file or directory")
sys.meta_path.insert(0, Finder())
from keymon.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    "arguments", [["--db", "gateway.db"], ["screenshot", "--demo", "--out", "here"], ["self-test"]]
)
def test_qt_that_cannot_be_imported_names_the_package(tmp_path: Path, arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT, *arguments],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "libGL.so.1: cannot open shared object file" in done.stderr
    assert "(it is in the package libgl1)" in done.stderr
    assert f"apt install {QT_PACKAGES}" in done.stderr


def test_a_library_of_which_nothing_is_known_is_told_all_the_same() -> None:
    with pytest.raises(WindowSystemError, match="libodd") as raised, qt_errors():
        raise ImportError("libodd.so.9: cannot open shared object file: No such file or directory")
    assert "it is in the package" not in str(raised.value)


def test_a_module_that_is_missing_is_not_blamed_on_the_system() -> None:
    with pytest.raises(ModuleNotFoundError), qt_errors():
        raise ModuleNotFoundError(name="PySide6")
