"""The wheel and the source distribution: what they hold, and that the wheel runs where only it is installed."""

import hashlib
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from keymon import __version__
from tests.bundle.conftest import DIST, built

ROOT = Path(__file__).parents[2]


def files_below(folder: str) -> set[str]:
    """Return the files of the repository below a folder, caches left out."""
    done = subprocess.run(["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    return set(done.stdout.split())


def test_the_wheel_holds_keymon_and_its_resources_and_nothing_else() -> None:
    with zipfile.ZipFile(built("*.whl")) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    resources = {f"keymon/{name}" for name in files_below("resources")}
    assert names == files_below("keymon") | resources


def test_the_sources_hold_what_tests_and_builds_need() -> None:
    with tarfile.open(built("*.tar.gz")) as sources:
        names = {name.partition("/")[2] for name in sources.getnames()}
    wanted = set().union(*(files_below(folder) for folder in ("keymon", "resources", "tests", "docs")))
    assert wanted <= names
    assert {"pyproject.toml", "keymon.spec", "Makefile", "LICENSE", "README.md", "CHANGELOG.md"} <= names
    assert not [name for name in names if name.startswith((".venv", "dist", "build"))]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a virtual environment that holds the wheel, and what that asks for."""
    wheel = built("*.whl")
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=True)
    subprocess.run(
        [folder / "bin" / "python", "-m", "pip", "install", "--quiet", str(wheel)],
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        check=True,
        cwd=folder,
        capture_output=True,
    )
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="the folders are called otherwise there")
@pytest.mark.parametrize("command", [["keymon"], ["keymon-gui"], ["python", "-m", "keymon"]], ids="-".join)
def test_the_wheel_runs_where_only_it_is_installed(clean: Path, tmp_path: Path, command: list[str]) -> None:
    def run(*arguments: str) -> str:
        return subprocess.run(
            [str(clean / "bin" / command[0]), *command[1:], *arguments],
            env={"HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout

    assert run("--version").startswith(f"keymon {__version__}")
    assert run("self-test").endswith("Everything works.\n")


def test_the_checksums_are_those_of_the_files() -> None:
    lines = built("SHA256SUMS").read_text().splitlines()
    assert {line.split()[1].partition("-")[0] for line in lines} == {"keymon"}
    assert len(lines) == 3
    for line in lines:
        digest, name = line.split()
        assert hashlib.sha256((DIST / name).read_bytes()).hexdigest() == digest
