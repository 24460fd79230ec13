"""What the commands write, into files and onto standard output, on disks that fail: one line, and an exit code."""

import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from keymon import cli
from keymon.gui.theme import apply_theme
from tests.conftest import MakeGateway
from tests.faults.failing_files import CODES, failing_disk, files_in, room_for
from tests.gateway_file import GatewayFile, key
from tests.gui.conftest import NOW

AS_OF = ("--as-of", NOW.isoformat(), "--gateway-tz", "UTC")
ON_GATEWAY = {
    "keys": ["keys"],
    "keys in full": ["keys", "--show-keys"],
    "usage": ["usage", key(0)],
    "stats": ["stats"],
    "calls": ["calls"],
    "errors": ["errors"],
    "attention": ["attention"],
}
PRINTING = {
    **{name: [*words, "--db", "gateway.db"] for name, words in ON_GATEWAY.items()},
    **{f"{name} as JSON": [*words, "--json", "--db", "gateway.db"] for name, words in ON_GATEWAY.items()},
    **{f"{one} as CSV": [one, "--csv", "--db", "gateway.db"] for one in ("keys", "calls", "errors", "attention")},
    "check": ["check", "--db", "gateway.db"],
    "profiles": ["profiles"],
    "profiles as JSON": ["profiles", "--json"],
    "versions": ["--version"],
    **{f"completion of {shell}": ["completion", shell] for shell in ("bash", "zsh", "fish", "tcsh")},
}


@pytest.fixture
def gateway(make_gateway: MakeGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GatewayFile:
    monkeypatch.chdir(tmp_path)
    made = make_gateway([key(0), key(1)])
    at = NOW.replace(tzinfo=None)
    made.calls([(None, f"{at:%F %T.%f}", "m", key(0), False, 429, 100)])
    made.errors([(key(0), "m", "type", "text", 429, None, f"{at:%F %T.%f}")])
    return made


@pytest.fixture
def light_again(qapp: QApplication) -> Iterator[None]:
    yield
    apply_theme(qapp, "light")


@pytest.mark.parametrize("words", PRINTING.values(), ids=PRINTING)
def test_what_cannot_be_printed_is_told(
    gateway: GatewayFile, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123 - the real thing
        monkeypatch.setattr(sys, "stdout", full)
        assert cli.main([*words, *(AS_OF if "--db" in words and words[0] != "check" else ())]) == 2
        full.close()
    monkeypatch.undo()
    told = capsys.readouterr().err
    assert told == "keymon: standard output: cannot be written (No space left on device)\n"


def test_where_nothing_can_be_told_either_the_exit_code_tells(
    gateway: GatewayFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open("/dev/full", "w", buffering=1, encoding="utf-8") as full:  # noqa: PTH123 - the real thing
        monkeypatch.setattr(sys, "stderr", full)
        assert cli.main(["keys", "--db", "absent.db"]) == 3
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())


# Pictures


PICTURE = ["open", "write", "flush", "fsync", "close", "replace"]
TWO = ["mkdir", *PICTURE, *PICTURE]
DRAW = ["screenshot", "--db", "gateway.db", "--out", "pictures", *AS_OF]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("n", range(len(TWO)), ids=[f"{n}-{name}" for n, name in enumerate(TWO)])
def test_pictures_are_whole_or_not_there(
    gateway: GatewayFile, light_again: None, capsys: pytest.CaptureFixture[str], tmp_path: Path, n: int, code: str
) -> None:
    with failing_disk(tmp_path / "pictures", n, CODES[code]) as disk:
        DRAW[4] = str(tmp_path / "pictures")
        assert cli.main(DRAW) == 2
    assert disk.done[: n + 1] == TWO[: n + 1]
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert "cannot be written" in told.err
    assert os.strerror(CODES[code]).lower() in told.err.lower()
    whole = ["main-window-light.png"] if n >= len(PICTURE) + 1 else []
    assert list(files_in(tmp_path / "pictures") if (tmp_path / "pictures").exists() else []) == whole


def test_an_old_picture_stays_until_the_new_one_is_whole(
    gateway: GatewayFile, light_again: None, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    old = tmp_path / "pictures" / "main-window-light.png"
    old.parent.mkdir()
    old.write_text("old")
    DRAW[4] = str(old.parent)
    with room_for(1_000):
        assert cli.main(DRAW) == 2
    assert files_in(old.parent) == {old.name: b"old"}
    assert cli.main(DRAW) == 0
    assert not QImage(str(old)).isNull()
    assert {one.stat().st_mode & 0o777 for one in old.parent.iterdir()} == {0o600}
    assert capsys.readouterr().err.count("\n") == 1


IN_THE_WAY = {
    "a file as folder": ("file", "not a directory"),
    "a folder below a file": ("file/below", "not a directory"),
    "a folder as picture": ("taken", "it is a folder"),
    "where nobody makes folders": ("/proc/nobody", "no such file or directory"),
    "too long a name": ("x" * 300, "file name too long"),
}


@pytest.mark.parametrize(("name", "reason"), IN_THE_WAY.values(), ids=IN_THE_WAY)
def test_a_folder_for_pictures_that_is_none_is_told(
    gateway: GatewayFile, light_again: None, capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, reason: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "taken" / "main-window-light.png").mkdir(parents=True)
    assert cli.main(["screenshot", "--db", "gateway.db", "--out", str(tmp_path / name), *AS_OF]) == 2
    told = capsys.readouterr().err.lower()
    assert told.count("\n") == 1
    assert reason in told or "file exists" in told


# The self-test


@pytest.mark.parametrize("place", ["report.json", "window.png", "details.png"])
def test_a_self_test_that_cannot_write_tells_it(
    gateway: GatewayFile, light_again: None, capsys: pytest.CaptureFixture[str], tmp_path: Path, place: str
) -> None:
    """A picture that cannot be drawn is a part that fails; without its report there is nothing to be read."""
    (tmp_path / "out" / place).mkdir(parents=True)
    assert cli.main(["self-test", "--out", str(tmp_path / "out")]) == (2 if place == "report.json" else 1)
    told = capsys.readouterr()
    assert f"{place}: cannot be written (it is a folder)" in told.out + told.err
    assert "Traceback" not in told.out + told.err
    files = files_in(tmp_path / "out")
    assert not [one for one in files if one.startswith(".")]
    assert len(files) == (1 if place == "window.png" else 2), "what has failed is not gone into"


# The menus of the desktop

FILES = 12
ENTRY = [*PICTURE[:-1], "chmod", "replace"] * FILES


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.mark.parametrize("n", range(len(ENTRY)), ids=[f"{n}-{name}" for n, name in enumerate(ENTRY)])
def test_files_for_the_menus_are_whole_or_as_they_were(data: Path, capsys: pytest.CaptureFixture[str], n: int) -> None:
    assert cli.main(["desktop-entry", "install"]) == 0
    written = files_in(data)
    assert len(written) == FILES
    assert {one.stat().st_mode & 0o777 for one in data.rglob("*") if one.is_file()} == {0o644}
    for name in written:
        (data / name).write_text("old")
    capsys.readouterr()
    with failing_disk(data, n) as disk:
        assert cli.main(["desktop-entry", "install"]) == 2
    assert [one for one in disk.done if one != "mkdir"][: n + 1] == ENTRY[: n + 1]
    told = capsys.readouterr()
    assert told.out == ""
    assert "cannot be written (No space left on device)" in told.err
    found = files_in(data)
    assert found.keys() == written.keys()
    assert all(content in {b"old", written[name]} for name, content in found.items())
    assert sum(content == written[name] for name, content in found.items()) == n // 7
    assert cli.main(["desktop-entry", "install"]) == 0
    assert files_in(data) == written


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("n", range(FILES))
def test_files_that_cannot_be_taken_out_of_the_menus_are_told(
    data: Path, capsys: pytest.CaptureFixture[str], n: int, code: str
) -> None:
    assert cli.main(["desktop-entry", "install"]) == 0
    with failing_disk(data, n, CODES[code]):
        assert cli.main(["desktop-entry", "remove"]) == 2
    assert os.strerror(CODES[code]) in capsys.readouterr().err
    assert cli.main(["desktop-entry", "remove"]) == 0
    assert files_in(data) == {}


@pytest.mark.parametrize("action", ["install", "remove"])
def test_a_folder_of_menus_that_is_none_is_told(data: Path, capsys: pytest.CaptureFixture[str], action: str) -> None:
    data.write_text("in the way")
    assert cli.main(["desktop-entry", action]) == 2
    assert "cannot be written (Not a directory)" in capsys.readouterr().err
    assert data.read_text() == "in the way"


# The sample gateway, which is a file too


@pytest.mark.parametrize("n", [0, 1], ids=["no folder", "no file"])
@pytest.mark.parametrize("code", ["ENOSPC", "EROFS"])
def test_a_sample_gateway_that_cannot_be_made_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], n: int, code: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with failing_disk(tmp_path, n, getattr(errno, code)):
        assert cli.main(["keys", "--demo"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert "the sample gateway cannot be made there" in told.err
    assert "TMPDIR" in told.err
    assert [one for one in tmp_path.iterdir() if one.name.startswith("keymon-demo")] == []
