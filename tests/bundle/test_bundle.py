"""The bundle, where there is no Python, no virtual environment and an empty home: all of it works, or it says what not.

It is that of `dist/keymon`, as `make package` builds it.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from keymon import __version__
from tests.bundle.conftest import built
from tests.conftest import MakeGatewayServer
from tests.gateway_file import key
from tests.mariadb import READER, READER_PASSWORD

PROGRAM = "keymon.exe" if sys.platform == "win32" else "keymon"
PATIENCE_S = 120
MOST_BYTES, MOST_PACKED_BYTES = 175_000_000, 50_000_000


@pytest.fixture(scope="module")
def bundle() -> Path:
    """Return the folder of the bundle."""
    return built(f"keymon/{PROGRAM}").parent


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    made.mkdir()
    return made


def run(
    program: Path, home: Path, *arguments: str, status: int = 0, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the bundle in an environment that holds nothing else."""
    done = subprocess.run(
        [str(program), *arguments],
        env={"HOME": str(home), **environment},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done


def report_in(folder: Path) -> dict[str, str]:
    """Return what the self-test told of each part."""
    report = json.loads((folder / "report.json").read_text())
    assert report["passed"]
    assert report["bundled"]
    assert report["version"] == __version__
    return {"platform": report["platform"]} | {step["name"]: step["told"] for step in report["steps"]}


def test_all_of_it_works_without_a_screen(bundle: Path, home: Path) -> None:
    done = run(bundle / PROGRAM, home, "self-test", "--out", "report")
    assert done.stderr == ""
    told = report_in(home / "report")
    assert told["platform"] == "offscreen"
    assert told["window"].startswith("52 keys, ")
    assert told["panels"] == "keys, trend, attention, calls, errors, quality"
    assert told["keyring"].startswith("in use: ")
    assert told["translations"] == "zh_CN"


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a screen of our own; give its DISPLAY."""
    xvfb = shutil.which("Xvfb")
    if xvfb is None:
        if os.environ.get("KEYMON_NEED_BUNDLE"):
            pytest.fail("Xvfb is not installed")
        pytest.skip("Xvfb is not installed")
    reading, writing = os.pipe()
    with (tmp_path_factory.mktemp("screen") / "log").open("w") as log:
        server = subprocess.Popen(
            [xvfb, "-displayfd", str(writing), "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
            pass_fds=[writing],
            stderr=log,
        )
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()
        assert number, "Xvfb did not start"
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()


@pytest.mark.parametrize("program", [PROGRAM, PROGRAM.replace("keymon", "keymon-gui")])
def test_all_of_it_works_in_a_window(bundle: Path, home: Path, screen: str, program: str) -> None:
    run(bundle / program, home, "self-test", "--out", "report", DISPLAY=screen)
    assert report_in(home / "report")["platform"] == "xcb"
    picture = QImage(str(home / "report" / "window.png"))
    assert picture.width() >= 1_000
    colours = {picture.pixel(x, y) for x in range(0, picture.width(), 7) for y in range(0, picture.height(), 7)}
    assert len(colours) > 20, "the window is empty"


def test_a_server_is_read(bundle: Path, home: Path, make_gateway_server: MakeGatewayServer) -> None:
    gateway = make_gateway_server([key(0), key(1)])
    place = f"mysql://{READER}@127.0.0.1:{gateway.server.port}/{gateway.name}"
    run(bundle / PROGRAM, home, "self-test", "--out", "report", "--db", place, KEYMON_PASSWORD=READER_PASSWORD)
    assert report_in(home / "report")["database"].startswith("server: 2 keys, ")


def test_it_draws_what_the_source_draws(bundle: Path, home: Path, tmp_path: Path) -> None:
    """To the pixel, but for the edges of letters: those libraries may be others."""
    arguments = ("screenshot", "--demo", "--out")
    run(bundle / PROGRAM, home, *arguments, "bundled")
    subprocess.run(
        [sys.executable, "-m", "keymon", *arguments, str(tmp_path / "source")],
        env=os.environ | {"TZ": ""},
        check=True,
        capture_output=True,
        timeout=PATIENCE_S,
    )
    for name in ("main-window-light.png", "details-light.png"):
        ours, theirs = QImage(str(home / "bundled" / name)), QImage(str(tmp_path / "source" / name))
        assert ours.size() == theirs.size()
        assert not ours.isNull()
        assert share_of_other_pixels(ours, theirs) < 0.01


def share_of_other_pixels(one: QImage, other: QImage) -> float:
    """Return the share of pixels that can be told apart."""
    pairs = [
        (one.pixelColor(x, y), other.pixelColor(x, y))
        for x in range(0, one.width(), 2)
        for y in range(0, one.height(), 2)
    ]
    others = sum(abs(a.lightness() - b.lightness()) > 16 for a, b in pairs)
    return others / len(pairs)


@pytest.mark.parametrize("missing", ["cryptography", "sqlalchemy", "tzdata", "PySide6/Qt/plugins/platforms"])
def test_a_bundle_that_lacks_something_fails(bundle: Path, home: Path, tmp_path: Path, missing: str) -> None:
    spoilt = tmp_path / "spoilt"
    shutil.copytree(bundle, spoilt, symlinks=True, copy_function=os.link)
    place = spoilt / "_internal" / missing
    if not place.exists():
        pytest.skip(f"this bundle has no {missing}")
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink()
    done = subprocess.run(
        [str(spoilt / PROGRAM), "self-test", "--out", "report"],
        env={"HOME": str(home)},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "FAILED" in done.stdout or "is not complete" in done.stderr or "no window system" in done.stderr


def test_it_tells_its_version_and_has_both_programs(bundle: Path, home: Path) -> None:
    assert run(bundle / PROGRAM, home, "--version").stdout.startswith(f"keymon {__version__}")
    assert (bundle / PROGRAM.replace("keymon", "keymon-gui")).exists()


def test_it_is_small_and_holds_nothing_of_this_machine(bundle: Path) -> None:
    files = [path for path in bundle.rglob("*") if path.is_file() and not path.is_symlink()]
    assert sum(path.stat().st_size for path in files) <= MOST_BYTES
    assert not [path for path in bundle.rglob("*") if path.is_symlink() and not path.exists()], "links to nothing"
    packed = list(bundle.parent.glob("keymon-*.tar.xz"))
    assert all(path.stat().st_size <= MOST_PACKED_BYTES for path in packed)
