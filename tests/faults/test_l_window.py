"""A file of what the window looked like that is damaged, or cannot be written: as at first, kept beside, and told."""

import errno
import json
import os
import random
import struct
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from PySide6.QtCore import QByteArray, QSettings
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from keymon.gui.key_columns import MODEL_COLUMN
from keymon.gui.main_window import MainWindow
from keymon.gui.panels import KINDS
from keymon.gui.poller import Poller
from keymon.gui.translation import language_of
from keymon.gui.window_state import WindowState, _sealed
from tests.faults.failing_files import room_for
from tests.gateway_file import key
from tests.gui.conftest import Bench, MakeWindow

FIRST_COLUMNS = [0, 1, 2, 3, 4, 5, MODEL_COLUMN]
GOOD = b"[General]\ntheme=dark\npanel=calls\n"
DAMAGE: dict[str, bytes] = {
    "junk": b"junk\npanel=calls\n",
    "every byte": bytes(range(256)),
    "NULs": b"\0" * 4_096,
    "cut off in a state": b'[General]\npanel=calls\ngeometry="@ByteArray(\\x1\\xd9',
    "cut off in a text": b'[General]\npanel="calls',
    "cut off in a group": b"[General]\npanel=calls\n[profi",
    "cut off in a name": b"[General]\npanel=calls\nval",
    "not UTF-8": b"[General]\npanel=calls\nexport_folder=/tmp/\xff\xfe\n",
    "UTF-16": GOOD.decode().encode("utf-16"),
    "JSON": b'{"panel": "calls"}',
    "HTML": b"<html>\n<title>panel</title>",
    "TOML": b"[[profile]]\nname = 'a'\n",
    "an object of another program": b"[General]\npanel=calls\ngeometry=@Variant(\\0\\0\\0\\x7f\\0\\0\\0\\x4\\x41\\0)\n",
    "a rectangle": b"[General]\npanel=calls\ngeometry=@Rect(1 2 3)\n",
    "no name": b"[General]\npanel=calls\n=\n",
    "a line in two": b"[General]\npanel=calls\nexport_folder=/tmp/a\nb\n",
    "an SQLite database": b"SQLite format 3\0\x10\0\x01\x01",
    "huge": b"[General]\npanel=calls\n" + b"a=1\n" * 500_000,
}


@pytest.fixture
def path(settings: QSettings) -> Path:
    return Path(settings.fileName())


def looks_as_at_first(window: MainWindow) -> bool:
    window.show_gateway("x")
    tables = window.panel.valid.header.shown() == FIRST_COLUMNS
    return tables and window.panels.current == "keys" and window.size().width() == 1120


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_kept_beside_and_told(qtbot: QtBot, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keymon.conf"
    path.write_bytes(content)
    window = window_on(path)
    try:
        assert looks_as_at_first(window)
        assert f"{path}: what the window looked like cannot be read" in window.note.text
        assert ".broken" in window.note.text
        assert path.with_name("keymon.conf.broken").read_bytes() == content
        window.note.findChildren(QPushButton)[0].click()
        assert window.note.text == ""
        window.panels.show_panel("quality")
    finally:
        end(window)
    assert b"panel=quality" in path.read_bytes()
    assert path.with_name("keymon.conf.broken").read_bytes() == content
    again = window_on(path)
    assert again.note.text == ""
    assert again.panels.current == "quality"
    end(again)


def window_on(path: Path) -> MainWindow:
    window = MainWindow(QSettings(str(path), QSettings.Format.IniFormat))
    window.complete(Poller(interval_ms=3_600_000))
    window.show_welcome()
    window.show()
    return window


def end(window: MainWindow) -> None:
    window.close()
    window.deleteLater()


def test_a_folder_in_its_place_is_kept_beside(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "keymon.conf"
    path.mkdir()
    (path / "mine").touch()
    window = window_on(path)
    assert "is a directory" in window.note.text
    end(window)
    assert path.is_file()
    assert os.listdir(tmp_path / "keymon.conf.broken") == ["mine"]


@pytest.mark.parametrize("code", ["EACCES", "EIO"])
def test_a_file_that_cannot_be_read_is_kept_beside(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    path, number = tmp_path / "keymon.conf", getattr(errno, code)
    path.write_bytes(GOOD)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "open", refuse)
    state = WindowState(QSettings(str(path), QSettings.Format.IniFormat))
    monkeypatch.undo()
    assert state.problem is not None
    assert os.strerror(number).lower() in str(state.problem)
    assert state.theme is None
    assert path.with_name("keymon.conf.broken").read_bytes() == GOOD


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"; a remark\n# another\n[General]\r\npanel=calls\r\n",
        GOOD,
        "[General]\nexport_folder=/tmp/中文\u2028\x85 é\n".encode(),
    ],
    ids=["empty", "a line", "by hand", "ours", "names of all kinds"],
)
def test_what_is_no_damage_is_read(qtbot: QtBot, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keymon.conf"
    path.write_bytes(content)
    assert WindowState(QSettings(str(path), QSettings.Format.IniFormat)).problem is None
    assert os.listdir(tmp_path) == ["keymon.conf"]


@limits(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.text(max_size=60), st.binary(max_size=60))
def test_whatever_qt_writes_for_us_is_no_damage(tmp_path: Path, text: str, state: bytes) -> None:
    path = tmp_path / "written.ini"
    path.unlink(missing_ok=True)
    kept = QSettings(str(path), QSettings.Format.IniFormat)
    kept.setValue("export_folder", text.encode("utf-8", "replace").decode())
    kept.setValue(f"profiles/{'%41 b'}/panel", text.encode("utf-8", "replace").decode())
    kept.setValue("geometry", QByteArray(state))
    kept.sync()
    assert WindowState(kept).problem is None, path.read_bytes()


@limits(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_kept_beside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.ini"
    path.write_bytes(content)
    state = WindowState(QSettings(str(path), QSettings.Format.IniFormat))
    if state.problem is not None:
        assert path.with_name("any.ini.broken").read_bytes() == content
    assert (state.theme, state.language, state.last_profile) == (None, None, "")


# Each value that keymon writes, of a wrong type or form

NAMES: tuple[str, ...] = (
    "geometry",
    "splitter",
    "valid_table",
    "invalid_table",
    "valid_sorted",
    "invalid_sorted",
    "panel",
    "theme",
)
NAMES += ("language", "profile", "export_folder", "choices/details", *(f"choices/{kind.name}" for kind in KINDS))
VALUES: dict[str, object] = {
    "a word": "nonsense",
    "no text": "",
    "a number": 7,
    "a huge number": 2**62,
    "a truth": True,
    "a list": ["a", "b"],
    "bytes": QByteArray(b"\0\1\2\3\4\5\6\7"),
    "no bytes": QByteArray(),
    "sealed nonsense": _sealed(QByteArray(b"\0\0\0\xff" * 20)),
    "a long text": "x" * 100_000,
    "a path": "/nowhere/../\u202e/😀",
    "JSON of another kind": "[1, 2]",
    "JSON of other types": json.dumps({"hours": "x", "status": [1], "limit": None, "as_table": {}, "tab": 2.5}),
    "JSON of huge numbers": json.dumps({"hours": 2**70, "status": 2**70, "limit": -(2**70), "tab": 2**70}),
    "JSON of no numbers": '{"hours": NaN, "limit": Infinity, "status": -Infinity, "tab": NaN}',
    "JSON nested too deep": "[" * 100_000,
    "half of JSON": '{"hours": 8',
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("name", NAMES)
def test_a_value_that_cannot_be_meant_is_as_none(bench: Bench, settings: QSettings, name: str, value: object) -> None:
    settings.setValue(name, value)
    settings.sync()
    state = WindowState(settings)
    assert (state.theme, state.problem) == (None, None)
    language_of(state.language)
    window = MainWindow(settings)
    window.complete(Poller(interval_ms=3_600_000))
    window.show_gateway("x")
    window.show()
    try:
        assert window.size().width() == 1120
        assert window.panel.valid.header.shown() == FIRST_COLUMNS
        assert window.panels.current == "keys"
        if name.startswith("choices/"):
            bench.follow(bench.gateway())
            window.panels.show_panel(name.removeprefix("choices/"))
        assert window.exporting._folder().is_dir()
        assert window.note.text == ""
    finally:
        end(window)


def test_choices_that_cannot_be_meant_are_as_none_in_the_details(bench: Bench, settings: QSettings) -> None:
    for value in ("JSON of other types", "JSON of huge numbers", "JSON of no numbers", "JSON nested too deep"):
        settings.setValue("choices/details", VALUES[value])
        bench.follow(bench.gateway(name=f"{value}.db"))
        bench.window.details._habits = None
        assert bench.window.open_details(key(0)).state == "empty"
        bench.window.details.close()


# The geometry, and states of tables


def geometry(x: int, y: int, width: int, height: int, screen: int = 0, screen_width: int = 800) -> QByteArray:
    """Return a geometry as Qt writes it: magic, version, frame, normal, screen, flags, width of the screen, inside."""
    edges = tuple(max(min(one, 2**31 - 1), -(2**31)) for one in (x, y, x + width - 1, y + height - 1))
    content = struct.pack(">IHH4i4iiBBi4i", 0x1D9D0CB, 3, 0, *edges, *edges, screen, 0, 0, screen_width, *edges)
    return _sealed(QByteArray(content))


GEOMETRIES = {
    "a missing screen": geometry(5_000, 5_000, 900, 700, 3),
    "a wider screen": geometry(0, 0, 900, 700, 0, 3_840),
    "no size": geometry(0, 0, 0, 0),
    "100,000 wide": geometry(0, 0, 100_000, 100_000),
    "a size below zero": geometry(0, 0, -5, -5),
    "far to the left": geometry(-100_000, -100_000, 900, 700),
    "far to the right": geometry(100_000, 100_000, 900, 700),
    "at the largest number": geometry(2**31 - 1, 2**31 - 1, 900, 700),
    "far below zero": geometry(-(2**30), -(2**30), 900, 700),
}


@pytest.mark.parametrize("value", GEOMETRIES.values(), ids=GEOMETRIES)
def test_the_window_is_on_the_screen_whatever_its_place_was(
    make_window: MakeWindow, settings: QSettings, value: QByteArray
) -> None:
    settings.setValue("geometry", value)
    window, _ = make_window()
    screen = window.screen().availableGeometry()
    assert screen.intersects(window.geometry())
    assert screen.contains(window.geometry().topLeft())
    assert 400 <= window.width() <= 1_200
    assert 300 <= window.height() <= 900


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("name", ["valid_table", "invalid_table", "splitter", "geometry"])
def test_a_state_with_some_bytes_changed_is_as_none(
    make_window: MakeWindow, settings: QSettings, name: str, seed: int
) -> None:
    """Qt itself dies of some of them, or makes columns for as long as there is memory."""
    window, _ = make_window()
    window.close()
    value = settings.value(name)
    assert isinstance(value, QByteArray)
    chance, content = random.Random(seed), bytearray(value.data())
    for _ in range(chance.choice([1, 2, 4])):
        content[chance.randrange(len(content))] ^= chance.randrange(1, 256)
    settings.setValue(name, QByteArray(bytes(content[: chance.choice([len(content), len(content) // 2])])))
    again, _ = make_window()
    assert again.panel.valid.header.shown() == FIRST_COLUMNS


# Where nothing can be written


@pytest.mark.parametrize("room", [0, 1, 100, 1_000])
def test_a_full_disk_leaves_the_old_file_and_is_told(
    make_window: MakeWindow, path: Path, capsys: pytest.CaptureFixture[str], room: int
) -> None:
    window, _ = make_window()
    window.close()
    before = path.read_bytes()
    again, _ = make_window()
    again.panels.show_panel("quality")
    with room_for(room):
        again.close()
    assert path.read_bytes() == before
    assert [one for one in path.parent.iterdir() if one.name.startswith("window.ini") and one != path] == []
    told = capsys.readouterr().err
    assert f"keymon: {path}: what the window looks like cannot be kept. " in told
    assert told.count("keymon:") == 1


@pytest.mark.parametrize("place", ["/proc/nobody/keymon.conf", "/dev/null/keymon.conf", "file/keymon.conf"])
def test_a_place_that_cannot_be_written_to_is_told_at_once(
    qtbot: QtBot, tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    (tmp_path / "file").touch()
    window = window_on(tmp_path / place)
    window.state.check_writable()
    window.tell_of_settings()
    assert "what the window looks like cannot be kept" in window.note.text
    assert "Give your account the right" in window.note.text
    end(window)
    assert "keymon:" not in capsys.readouterr().err, "it has been told"
    assert not [one for one in threading.enumerate() if one.name.startswith("keymon")]
