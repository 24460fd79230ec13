"""The bundle in a bare Debian 12: what the page on installing names is enough, and what is missing is named.

Makes a root of its own, which takes half a minute, root's rights and a mirror: run by `make test-bare` only.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bundle.conftest import built

pytestmark = [
    pytest.mark.skipif("KEYMON_BARE_SYSTEM" not in os.environ, reason="run by `make test-bare`"),
    pytest.mark.timeout(900),
]
PAGE = Path(__file__).parents[2] / "docs" / "install.md"
PACKAGES = re.findall(r"^apt install (lib.*fonts.*)$", PAGE.read_text(), re.MULTILINE)[0].split()


class Bare:
    """A root in which commands are run, with an empty environment."""

    def __init__(self, root: Path) -> None:
        self.root = root
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", str(root)], check=True, capture_output=True)  # noqa: S607
        shutil.copytree(built("keymon/keymon").parent, root / "opt" / "keymon", symlinks=True)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["chroot", str(self.root), "/usr/bin/env", "-i", "HOME=/root", "PATH=/usr/sbin:/usr/bin", *command],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )

    def install(self, *packages: str) -> None:
        self.run("apt-get", "update", "-qq").check_returncode()
        self.run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages).check_returncode()


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    made = Bare(tmp_path_factory.mktemp("bare") / "root")
    yield made
    shutil.rmtree(made.root)


def test_text_needs_no_package(bare: Bare) -> None:
    done = bare.run("/opt/keymon/keymon", "keys", "--demo")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 50


def test_packages_are_named_until_all_are_there(bare: Bare) -> None:
    named: list[str] = []
    for _ in PACKAGES:
        done = bare.run("/opt/keymon/keymon", "self-test")
        if done.returncode == 0:
            break
        told = done.stdout + done.stderr
        assert "Traceback" not in told
        missing = [package for package in PACKAGES if package in told and package not in named]
        assert missing, told
        named += missing[:1]
        bare.install(missing[0])
    assert set(named) == set(PACKAGES)
    assert bare.run("/opt/keymon/keymon", "self-test").returncode == 0


def test_a_window_needs_a_screen_and_nothing_else(bare: Bare) -> None:
    bare.install("xvfb", "xauth")
    done = bare.run("xvfb-run", "-a", "/opt/keymon/keymon-gui", "self-test", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"platform": "xcb"' in done.stdout
