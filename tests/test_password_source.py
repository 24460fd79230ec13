"""A profile may say that its password is to be asked for: it is looked up nowhere then."""

from dataclasses import replace
from pathlib import Path

import keyring
import pytest
from keyring.backends import fail

from keymon.aside import Aside
from keymon.config import Profile, ProfileStore
from keymon.errors import ConfigDamagedError, PasswordNeededError, ProfileInvalidError
from keymon.locations import ServerLocation
from keymon.passwords import SERVICE, Passwords, keyring_account
from tests.keyrings import MemoryKeyring

ASKED = Profile("Production", "mysql://reader@db.example.org/gateway", password_ask=True)
ACCOUNT = "reader@db.example.org:3306"


@pytest.fixture
def store(tmp_path: Path) -> ProfileStore:
    return ProfileStore(tmp_path / "profiles.toml")


def test_it_is_written_and_read_again(store: ProfileStore) -> None:
    store.change(lambda _before: [ASKED, replace(ASKED, name="Other", password_ask=False)])
    assert [profile.password_ask for profile in store.load()] == [True, False]
    assert store.path.read_text().count("password_ask") == 1


@pytest.mark.parametrize("other", [{"password_env": "X"}, {"password_command": ("x",)}])
def test_there_is_one_source_only(store: ProfileStore, other: dict[str, object]) -> None:
    with pytest.raises(ProfileInvalidError, match="more than one source"):
        store.change(lambda _before: [replace(ASKED, **other)])  # type: ignore[arg-type]


@pytest.mark.parametrize("line", ['password_ask = "yes"', "refresh_s = true", "password_ask = 1"])
def test_what_is_of_the_wrong_type_is_refused(store: ProfileStore, line: str) -> None:
    store.path.write_text(f'[[profile]]\nname = "P"\ndatabase = "mysql://u@h/d"\n{line}\n')
    with pytest.raises(ConfigDamagedError, match="of the wrong type"):
        store.load()


def test_the_keyring_is_not_asked() -> None:
    memory = MemoryKeyring()
    memory.kept[SERVICE, ACCOUNT] = "canary"
    keyring.set_keyring(memory)
    try:
        passwords = Passwords()
        with pytest.raises(PasswordNeededError):
            passwords.complete(ASKED, Aside())
        passwords.remember(ACCOUNT, "typed")
        location = passwords.complete(ASKED, Aside())
        assert isinstance(location, ServerLocation)
        assert location.url.password == "typed"
    finally:
        keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("profile", "account"),
    [
        (replace(ASKED, password_ask=False), ACCOUNT),
        (ASKED, None),
        (replace(ASKED, password_ask=False, password_env="X"), None),
        (replace(ASKED, password_ask=False, password_command=("x",)), None),
        (Profile("File", "/srv/gw.db"), None),
        (Profile("Odd", "postgresql://u@h/d"), None),
    ],
)
def test_what_the_keyring_is_asked_for(profile: Profile, account: str | None) -> None:
    assert keyring_account(profile) == account
