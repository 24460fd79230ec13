"""A file of profiles that is damaged or cannot be written: told, kept beside, and nothing is lost that was typed."""

import errno
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtWidgets import QMessageBox

from keymon.config import Profile, ProfileStore
from keymon.errors import ConfigDamagedError, ConfigUnwritableError
from keymon.gui.session import Session
from tests.faults.failing_files import CODES, failing_disk, files_in
from tests.gui.conftest import Bench
from tests.gui.connections import AT_HOME, PRODUCTION, STAGING, THREE, Connections, enter

ENTRY = "[[profile]]\nname = 'a'\ndatabase = 'x'\n"
_DAMAGE: dict[str, tuple[str | bytes, str]] = {
    "cut off": ("[[profile", "Expected"),
    "cut off in a text": ("[[profile]]\nname = 'Produ", "Expected"),
    "no table": ("profile = 3", "not written as [[profile]]"),
    "one table": ("[profile]\nname = 'a'", "not written as [[profile]]"),
    "a list of numbers": ("profile = [1, 2]", "not written as [[profile]]"),
    "no place": ("[[profile]]\nname = 'a'", "profile a: it has no database"),
    "no name": ("[[profile]]\ndatabase = 'a'", 'profile "": it has no name'),
    "a name of the wrong type": ("[[profile]]\nname = 3\ndatabase = 'a'", "name is of the wrong type"),
    "a place of the wrong type": ("[[profile]]\nname = 'a'\ndatabase = ['b']", "database is of the wrong type"),
    "a colour of the wrong type": (f"{ENTRY}colour = 1", "colour is of the wrong type"),
    "a zone of the wrong type": (f"{ENTRY}gateway_tz = 8", "gateway_tz is of the wrong type"),
    "a text as number": (f"{ENTRY}refresh_s = '5'", "refresh_s is of the wrong type"),
    "a truth as number": (f"{ENTRY}refresh_s = true", "refresh_s is of the wrong type"),
    "no number": (f"{ENTRY}refresh_s = nan", "refresh_s is of the wrong type"),
    "too small a number": (f"{ENTRY}refresh_s = 0", "refresh_s must be 1 to 3600"),
    "too large a number": (f"{ENTRY}refresh_s = 99999999999999999999", "refresh_s must be 1 to 3600"),
    "a number of 5,000 digits": (f"{ENTRY}refresh_s = {'9' * 5_000}", "too many digits"),
    "a command of the wrong type": (f"{ENTRY}password_command = [1]", "password_command is of the wrong type"),
    "a variable of the wrong type": (f"{ENTRY}password_env = []", "password_env is of the wrong type"),
    "two sources": (f"{ENTRY}password_env = 'A'\npassword_ask = true", "more than one source"),
    "a plural": ("[[profiles]]\nname = 'a'\ndatabase = 'x'", "it holds profiles, but no [[profile]]"),
    "a TLS mode": (f"{ENTRY}ssl_mode = 'required'", "ssl_mode belongs into its URL"),
    "a password": (f"{ENTRY}password = 'canary'", "password is none of its entries"),
    "a slip of the pen": (f"{ENTRY}color = 'red'", "no entry color; did you mean colour?"),
    "a password in a URL": ("[[profile]]\nname = 'a'\ndatabase = 'mysql://u:canary@h/d'", "holds a password"),
    "two of a name": (ENTRY * 2, "two of that name"),
    "an entry twice": (f"{ENTRY}name = 'b'", "Cannot overwrite a value"),
    "a name that cannot be shown": ("[[profile]]\nname = ' a'\ndatabase = 'x'", "cannot be shown"),
    "a name that steers": ('[[profile]]\nname = "a\\u001b[2Jb"\ndatabase = "x"', "cannot be shown"),
    "not UTF-8": (b"\xff\xfe\0", "not text"),
    "UTF-16": (ENTRY.encode("utf-16"), "not text"),
    "NULs": (b"\0" * 4_096, "Invalid"),
    "an SQLite database": (b"SQLite format 3\0\x10\0\x01\x01", "Expected"),
    "JSON": ('{"profile": []}', "Invalid"),
    "HTML": ("<!doctype html><title>Log in</title>", "Invalid"),
    "nested too deep": (f"profile = {'[' * 50_000}", "nested too deep"),
    "huge": (b"# " + b"x" * 2_000_000, "larger than 1 MB"),
}
DAMAGE = {
    name: (content.encode() if isinstance(content, str) else content, reason)
    for name, (content, reason) in _DAMAGE.items()
}
SAVE = ["open", "write", "flush", "fsync", "close", "replace"]
ASIDE = ["rename", *SAVE]


@pytest.fixture
def store(tmp_path: Path) -> ProfileStore:
    return made(tmp_path)


def made(folder: Path) -> ProfileStore:
    store = ProfileStore(folder / "config" / "profiles.toml")
    store.path.parent.mkdir(exist_ok=True)
    return store


def save(store: ProfileStore, *profiles: Profile) -> None:
    store.change(lambda _: profiles)


@pytest.mark.parametrize(("content", "reason"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_told_and_kept_beside_the_next(store: ProfileStore, content: bytes, reason: str) -> None:
    store.path.write_bytes(content)
    with pytest.raises(ConfigDamagedError) as caught:
        store.load()
    assert reason in str(caught.value)
    assert str(store.path) in str(caught.value)
    assert "profiles.damaged-1.toml" in caught.value.advice
    assert "canary" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert files_in(store.path.parent) == {"profiles.toml": content}, "it is only read"
    save(store, AT_HOME)
    assert store.load() == (AT_HOME,)
    assert store.path.with_name("profiles.damaged-1.toml").read_bytes() == content


def folder_in_place(path: Path) -> None:
    path.mkdir()
    (path / "mine").touch()


def pipe_in_place(path: Path) -> None:
    os.mkfifo(path)


def device_in_place(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_to_itself(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize("prepare", [folder_in_place, pipe_in_place, device_in_place, link_to_itself])
def test_what_is_no_file_is_told_and_kept(store: ProfileStore, prepare: object) -> None:
    prepare(store.path)  # type: ignore[operator]
    with pytest.raises(ConfigDamagedError):
        store.load()
    save(store, AT_HOME)
    assert store.load() == (AT_HOME,)
    assert os.path.lexists(store.path.with_name("profiles.damaged-1.toml"))


@pytest.mark.parametrize("code", ["EACCES", "EIO", "EPERM", "ESTALE"])
def test_a_file_that_cannot_be_read_is_told_and_kept(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    save(store, PRODUCTION)
    before = store.path.read_bytes()
    number = getattr(errno, code)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ConfigDamagedError, match=os.strerror(number).lower()):
        store.load()
    save(store, AT_HOME)
    monkeypatch.undo()
    assert store.load() == (AT_HOME,)
    assert store.path.with_name("profiles.damaged-1.toml").read_bytes() == before


@pytest.mark.parametrize("content", ["", "\n", "# nothing\n", "profile = []\n"], ids=repr)
def test_an_empty_file_is_no_damage(store: ProfileStore, content: str) -> None:
    store.path.write_text(content)
    assert store.load() == ()
    save(store, AT_HOME)
    assert list(files_in(store.path.parent)) == ["profiles.toml"]


def test_several_damaged_files_are_all_kept(store: ProfileStore) -> None:
    for n in range(5):
        store.path.write_text(f"[{n}")
        save(store)
    kept = sorted(path.read_text() for path in store.path.parent.glob("*damaged*"))
    assert kept == [f"[{n}" for n in range(5)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_are_profiles_or_damage(store: ProfileStore, content: bytes) -> None:
    store.path.write_bytes(content)
    try:
        found = store.load()
    except ConfigDamagedError:
        found = ()
    assert all(isinstance(one, Profile) for one in found)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.data())
def test_a_file_with_some_bytes_changed_is_profiles_or_damage(store: ProfileStore, data: st.DataObject) -> None:
    if store.path.exists():
        store.path.unlink()
    save(store, *THREE)
    content = bytearray(store.path.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    store.path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with suppress(ConfigDamagedError):
        store.load()


# Of another version, and of another program


def test_what_a_later_version_wrote_is_kept(store: ProfileStore) -> None:
    store.path.write_text(f"{ENTRY}later = {{x = 1}}\nalerts = ['a', 'b']\nwhen = 2027-01-01\n")
    store.change(lambda profiles: [replace(profile, colour="blue") for profile in profiles])
    (profile,) = store.load()
    assert profile.colour == "blue"
    assert dict(profile.others).keys() == {"later", "alerts", "when"}


def test_what_another_program_saved_in_between_is_not_lost(connections: Connections) -> None:
    dialog = connections.open(PRODUCTION)
    save(connections.store, PRODUCTION, STAGING, AT_HOME)
    enter(dialog.form.parts.name, "Renamed")
    assert dialog.save() is not None
    assert connections.names() == ["Renamed", "Staging", "At home"]


@pytest.mark.parametrize("content", ["[[profile", ""], ids=["damaged", "emptied"])
def test_a_file_that_is_damaged_in_between_loses_nothing_that_was_typed(connections: Connections, content: str) -> None:
    dialog = connections.open(*THREE)
    connections.store.path.write_text(content)
    enter(dialog.form.parts.name, "Renamed")
    assert dialog.save() is not None
    assert connections.names() == ["Renamed"]
    kept = connections.store.path.with_name("profiles.damaged-1.toml")
    assert kept.exists() == bool(content)


# Disks that fail while it is saved


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("n", range(len(SAVE)), ids=[f"{n}-{name}" for n, name in enumerate(SAVE)])
def test_the_old_file_stays_whatever_fails(store: ProfileStore, n: int, code: str) -> None:
    save(store, PRODUCTION)
    before = files_in(store.path.parent)
    with failing_disk(store.path.parent, n, CODES[code]) as disk, pytest.raises(ConfigUnwritableError) as caught:
        save(store, AT_HOME)
    assert disk.done[: n + 1] == SAVE[: n + 1]
    assert os.strerror(CODES[code]).lower() in str(caught.value)
    assert files_in(store.path.parent) == before
    save(store, AT_HOME)
    assert store.load() == (AT_HOME,)


@pytest.mark.parametrize("n", range(len(ASIDE)), ids=[f"{n}-{name}" for n, name in enumerate(ASIDE)])
def test_a_damaged_file_stays_in_its_place_where_no_other_can_be_written(store: ProfileStore, n: int) -> None:
    store.path.write_text("[[profile")
    with failing_disk(store.path.parent, n) as disk, pytest.raises(ConfigUnwritableError):
        save(store, AT_HOME)
    assert disk.done[: n + 1] == ASIDE[: n + 1]
    assert files_in(store.path.parent) == {"profiles.toml": b"[[profile"}


@pytest.mark.parametrize("n", range(len(SAVE) + 1))
def test_a_folder_that_is_not_there_yet_and_cannot_be_filled_is_told(tmp_path: Path, n: int) -> None:
    store = ProfileStore(tmp_path / "new" / "profiles.toml")
    with failing_disk(tmp_path / "new", n) as disk, pytest.raises(ConfigUnwritableError):
        save(store, AT_HOME)
    assert disk.done[: n + 1] == ["mkdir", *SAVE][: n + 1]
    assert not store.path.exists()


@pytest.mark.parametrize("what", ["save", "rename", "delete", "move", "connect"])
@pytest.mark.parametrize("n", range(len(SAVE)), ids=[f"{n}-{name}" for n, name in enumerate(SAVE)])
def test_the_dialog_tells_it_and_loses_nothing(connections: Connections, what: str, n: int) -> None:
    dialog = connections.open(*THREE)
    before = files_in(connections.store.path.parent)
    if what == "rename":
        enter(dialog.form.parts.name, "Renamed")
    elif what in {"save", "connect"}:
        enter(dialog.form.parts.user, "somebody")
        enter(dialog.form.parts.password.edit, "pw-canary")
    draft = dialog.form.draft
    act = {
        "save": dialog.save,
        "rename": dialog.save,
        "delete": dialog.list.delete_wanted.emit,
        "move": lambda: dialog.list.move_wanted.emit(1),
        "connect": dialog.connect_now,
    }[what]
    wanted: list[Profile] = []
    dialog.unsaved_wanted.connect(wanted.append)
    with failing_disk(connections.store.path.parent, n):
        act()
    assert files_in(connections.store.path.parent) == before
    if what == "connect":
        assert len(wanted) == 1, "what cannot be saved can be connected to all the same"
        assert "somebody" in wanted[0].database
        return
    assert "the profiles cannot be saved (no space left on device)" in dialog.parts.note.text
    assert "pw-canary" not in dialog.parts.note.text
    assert dialog.isVisible()
    assert dialog.form.draft == draft
    assert dialog.list.view.count() == 3
    act()
    assert files_in(connections.store.path.parent) != before


def test_a_file_in_place_of_the_folder_is_told(connections: Connections, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("in the way")
    dialog = connections.open()
    dialog.fill("mysql://reader:pw-canary@db.example.org/gateway")
    before = dialog.form.draft
    assert dialog.save() is None
    assert "the profiles cannot be" in dialog.parts.note.text
    assert "pw-canary" not in dialog.parts.note.text
    assert (dialog.form.draft, dialog.is_edited, connections.connected) == (before, True, [])


# In the window


@pytest.mark.parametrize("name", DAMAGE)
def test_the_dialog_tells_of_damage_and_the_file_is_kept_when_another_is_saved(
    connections: Connections, name: str
) -> None:
    content, reason = DAMAGE[name]
    connections.store.path.parent.mkdir()
    connections.store.path.write_bytes(content)
    dialog = connections.open()
    assert "the profiles cannot be read" in dialog.parts.note.text
    assert reason in dialog.parts.note.text
    dialog.fill("mysql://reader@db.example.org/gateway")
    assert dialog.save() is not None
    assert connections.names() == ["gateway on db.example.org"]
    assert connections.store.path.with_name("profiles.damaged-1.toml").read_bytes() == content


@pytest.mark.parametrize("name", ["cut off", "NULs", "huge", "nested too deep", "a password"])
def test_a_window_that_follows_a_gateway_tells_of_damage_and_goes_on(bench: Bench, tmp_path: Path, name: str) -> None:
    bench.follow(bench.gateway())
    store = made(tmp_path)
    store.path.write_bytes(DAMAGE[name][0])
    session = Session(bench.window, store=store)
    assert session.show_profiles() == ()
    (box,) = bench.window.findChildren(QMessageBox)
    assert "the profiles cannot be read" in box.text()
    assert "canary" not in box.text()
    box.close()
    assert len(bench.refresh().keys) == 3
