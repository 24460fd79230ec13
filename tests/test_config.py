"""The file of profiles: read and written without losing anything, and without a password."""

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from keymon.config import COLOURS, Profile, ProfileStore, config_folder, renamed
from keymon.errors import (
    KeymonError,
    ProfileInvalidError,
    ProfileUnknownError,
    TimeZoneUnknownError,
    UnsupportedDatabaseError,
)

FULL = Profile(
    "Production",
    "mysql://reader@db.example/gateway?ssl_mode=required",
    "red",
    "Asia/Shanghai",
    10,
    password_command=("pass", "show", "gate way"),
)
PLAIN = Profile("Home", "/srv/gateway/data/default_db")


@pytest.fixture
def store(tmp_path: Path) -> ProfileStore:
    return ProfileStore(tmp_path / "folder" / "profiles.toml")


def save(store: ProfileStore, *profiles: Profile) -> None:
    store.change(lambda _: profiles)


def test_without_a_file_there_are_no_profiles(store: ProfileStore) -> None:
    assert store.load() == ()
    assert not store.path.parent.exists()


def test_what_is_saved_is_read_again_in_its_order(store: ProfileStore) -> None:
    save(store, FULL, PLAIN)
    assert store.load() == (FULL, PLAIN)
    assert store.find("Home") == PLAIN


def test_the_file_is_for_nobody_else_to_read(store: ProfileStore) -> None:
    save(store, FULL)
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700
    assert os.listdir(store.path.parent) == ["profiles.toml"]


def test_what_is_as_usual_is_not_written(store: ProfileStore) -> None:
    save(store, PLAIN)
    assert "colour" not in store.path.read_text()


def test_entries_of_a_later_version_are_kept(store: ProfileStore) -> None:
    save(store)
    store.path.write_text("[[profile]]\nname = 'a'\ndatabase = 'b.db'\nlater = {x = 1}\n")
    store.change(lambda profiles: [replace(profile, colour="blue") for profile in profiles])
    assert dict(store.load()[0].others) == {"later": {"x": 1}}
    assert store.load()[0].colour == "blue"


def test_a_colour_that_there_is_not_loses_no_profile(store: ProfileStore) -> None:
    save(store)
    store.path.write_text("[[profile]]\nname = 'a'\ndatabase = 'x'\ncolour = 'pink'\n")
    assert store.load() == (Profile("a", "x"),)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(PLAIN, name=""),
        replace(PLAIN, name="a\nb"),
        replace(PLAIN, name="x" * 61),
        replace(PLAIN, database="mysql://u:canary@h/d"),
        replace(PLAIN, colour="pink"),
        replace(PLAIN, refresh_s=3601),
        replace(PLAIN, password_env="A", password_command=("b",)),
        FULL,
    ],
)
def test_what_cannot_be_meant_is_not_saved(store: ProfileStore, wrong: Profile) -> None:
    save(store, FULL)
    before = store.path.read_bytes()
    with pytest.raises(ProfileInvalidError) as caught:
        save(store, FULL, wrong)
    assert store.path.read_bytes() == before
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (replace(PLAIN, database="mysql://u@h"), UnsupportedDatabaseError),
        (replace(PLAIN, gateway_tz="Mars/Base"), TimeZoneUnknownError),
    ],
)
def test_a_place_and_a_zone_can_be_checked(wrong: Profile, error: type[KeymonError]) -> None:
    with pytest.raises(error):
        wrong.check_place()
    FULL.check_place()


def test_a_link_to_the_file_stays_one(store: ProfileStore, tmp_path: Path) -> None:
    store.path.parent.mkdir()
    store.path.symlink_to(tmp_path / "elsewhere.toml")
    save(store, PLAIN)
    assert store.path.is_symlink()
    assert ProfileStore(tmp_path / "elsewhere.toml").load() == (PLAIN,)


def test_a_name_that_nobody_has_is_told_with_those_that_there_are(store: ProfileStore) -> None:
    save(store, FULL, PLAIN)
    with pytest.raises(ProfileUnknownError, match="no profile Hom; known: Production, Home"):
        store.find("Hom")


def test_a_name_that_is_taken_gets_a_number() -> None:
    assert renamed(PLAIN, ["Home", "Home 2"]).name == "Home 3"
    assert renamed(PLAIN, []).name == "Home"


def test_the_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KEYMON_CONFIG_DIR", str(tmp_path))
    assert config_folder() == tmp_path
    monkeypatch.delenv("KEYMON_CONFIG_DIR")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert config_folder().name == "keymon"


def test_the_first_colour_is_the_usual_one() -> None:
    assert PLAIN.colour == COLOURS[0]
