"""What a desktop is told of keymon: entry, description, icons, completion of its commands, versions."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PySide6.QtGui import QImage, QImageReader
from pytestqt.qtbot import QtBot

from keymon import __version__, cli, desktop_entry
from keymon.desktop_entry import SIZES
from keymon.gui.app import DESKTOP_ID
from keymon.resources import resource
from keymon.versions import versions
from tests.icons import ICNS_SIZES, ICO_SIZES, draw

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
ENTRY, ABOUT = (resource(f"desktop/{DESKTOP_ID}.{kind}") for kind in ("desktop", "metainfo.xml"))


def tool(name: str) -> str:
    """Return the path of a validator, which CI must have."""
    found = shutil.which(name)
    if found is None:
        if os.environ.get("KEYMON_NEED_BUNDLE") or os.environ.get("CI") == "true":
            pytest.fail(f"{name} is not installed")
        pytest.skip(f"{name} is not installed")
    return found


def test_the_entry_is_valid() -> None:
    done = subprocess.run([tool("desktop-file-validate"), str(ENTRY)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_description_is_valid() -> None:
    command = [tool("appstreamcli"), "validate", "--no-net", str(ABOUT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_all_names_are_the_same() -> None:
    about = ET.parse(ABOUT).getroot()  # noqa: S314 - ours
    entry = ENTRY.read_text()
    assert desktop_entry.ID == DESKTOP_ID == about.findtext("id")
    assert about.findtext("launchable") == f"{DESKTOP_ID}.desktop" == ENTRY.name
    assert f"Icon={DESKTOP_ID}\n" in entry
    assert f"Name={PROJECT['name']}\n" in entry
    assert about.findtext("project_license") == PROJECT["license"]
    assert {one.text for one in about.iterfind("provides/binary")} == {*PROJECT["scripts"], *PROJECT["gui-scripts"]}


def test_the_version_and_what_keymon_is_for_are_the_same() -> None:
    about = ET.parse(ABOUT).getroot()  # noqa: S314 - ours
    release = about.find("releases/release")
    assert release is not None
    assert release.get("version") == __version__
    entry = ENTRY.read_text()
    summaries = about.findall("summary")
    assert len(summaries) == 2
    for summary in summaries:
        language = summary.get("{http://www.w3.org/XML/1998/namespace}lang")
        assert f"\nComment{f'[{language}]' if language else ''}={summary.text}\n" in entry


@pytest.mark.parametrize("size", SIZES)
def test_icons_are_what_the_drawing_gives(qtbot: QtBot, size: int) -> None:
    assert_same(QImage(str(resource(f"icons/{size}.png"))), size)


@pytest.mark.parametrize(("kind", "sizes"), [("ico", ICO_SIZES), ("icns", tuple(ICNS_SIZES.values()))])
def test_icons_for_windows_and_macos_hold_the_same_in_several_sizes(
    qtbot: QtBot, kind: str, sizes: tuple[int, ...]
) -> None:
    reader = QImageReader(str(resource(f"icons/keymon.{kind}")))
    found: list[int] = []
    for number in range(reader.imageCount()):
        assert reader.jumpToImage(number)
        image = reader.read()
        found.append(image.width())
        assert_same(image, image.width())
    assert sorted(found) == sorted(sizes)


def assert_same(image: QImage, size: int) -> None:
    drawn = draw(size)
    assert image.size() == drawn.size()
    for x in range(size):
        for y in range(size):
            one, other = image.pixelColor(x, y), drawn.pixelColor(x, y)
            assert abs(one.lightness() - other.lightness()) < 24
            assert abs(one.alpha() - other.alpha()) < 24


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data"


def test_keymon_is_put_into_the_menus_and_taken_out(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["desktop-entry", "install"]) == 0
    written = capsys.readouterr().out.split()
    assert sorted(map(str, (path for path in data.rglob("*") if path.is_file()))) == sorted(written)
    entry = (data / "applications" / f"{DESKTOP_ID}.desktop").read_text()
    program = re.findall(r'^Exec="(.*keymon-gui)"$', entry, re.MULTILINE)
    assert program == [str(Path(sys.executable).with_name("keymon-gui"))]
    assert cli.main(["desktop-entry", "remove"]) == 0
    assert not [path for path in data.rglob("*") if path.is_file()]
    assert cli.main(["desktop-entry", "remove"]) == 0


def test_odd_paths_are_quoted(data: Path) -> None:
    desktop_entry.install(['/opt/my "keymon" $HOME/100 %/keymon'])
    entry = data / "applications" / f"{DESKTOP_ID}.desktop"
    assert r'Exec="/opt/my \\"keymon\\" \\$HOME/100 %%/keymon"' in entry.read_text()
    subprocess.run([tool("desktop-file-validate"), str(entry)], check=True)


def test_elsewhere_there_are_no_such_menus(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cli.main(["desktop-entry", "install"]) == 2
    assert "only the menus of Linux desktops" in capsys.readouterr().err


@pytest.fixture(params=["bash", "zsh", "fish"])
def completion(request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The script for a shell, in a file that is called after it."""
    assert cli.main(["completion", request.param]) == 0
    script = tmp_path / str(request.param)
    script.write_text(capsys.readouterr().out)
    return script


@pytest.mark.parametrize("completion", ["bash"], indirect=True)
@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("ca", "calls"),
        ("self", "self-test"),
        ("--new", "--new-window"),
        ("calls --fail", "--failures"),
        ("keys --status inv", "invalid"),
        ("--db gateway.", "gateway.db gateway.env"),
        ("keys --env gateway.e", "gateway.env"),
        ("screenshot --out gat", "gateway-pictures"),
    ],
)
def test_commands_options_and_files_are_completed(completion: Path, tmp_path: Path, typed: str, expected: str) -> None:
    folder = tmp_path / "here"
    (folder / "gateway-pictures").mkdir(parents=True)
    for name in ("gateway.db", "gateway.env"):
        (folder / name).touch()
    words = ["keymon", *typed.split()]
    ask = (
        f"source {completion}; COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1};"
        f' _shtab_keymon keymon {words[-1]} {words[-2]}; echo "${{COMPREPLY[@]}}"'
    )
    done = subprocess.run([tool("bash"), "-c", ask], cwd=folder, capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == sorted(expected.split())
    assert done.stderr == ""


def test_shells_understand_their_scripts(completion: Path) -> None:
    shell = shutil.which(completion.name)
    if shell is None:
        pytest.skip(f"{completion.name} is not installed")
    done = subprocess.run([shell, "-n", str(completion)], capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_versions_are_told_without_qt() -> None:
    told = versions().splitlines()
    assert told[0] == f"keymon {__version__}"
    assert any(re.fullmatch(r"PySide6 \d+\.\d+\.\d+", line) for line in told)
    assert any(re.fullmatch(r"SQLAlchemy \d+\.\d+\.\d+", line) for line in told)
    script = "import sys\nfrom keymon.cli import main\ntry: main(['--version'])\nexcept SystemExit: pass\n"
    script += "sys.exit('PySide6' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
