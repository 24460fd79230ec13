"""Where passwords come from, and where they go: nowhere else."""

import sys
import threading
from dataclasses import replace

import keyring
import keyring.backend
import keyring.errors
import pytest
from keyring.backends import chainer, fail, null

from keymon import passwords as module
from keymon.aside import Aside, BrokenOffError
from keymon.config import Profile
from keymon.errors import KeyringError, PasswordCommandError, PasswordNeededError, PasswordVariableError
from keymon.locations import ServerLocation
from keymon.passwords import Passwords, drop, has_keyring, keep, kept
from tests.keyrings import MemoryKeyring

FAR = Profile("Far", "mysql://reader@db.example/gateway")
ACCOUNT = "reader@db.example:3306"
PRINT = (sys.executable, "-c", "print('from-command'); print('more')")


def found(profile: Profile, passwords: Passwords | None = None) -> str | None:
    location = (passwords or Passwords()).complete(profile, Aside())
    assert isinstance(location, ServerLocation)
    return location.url.password


def test_a_variable_that_the_profile_names(monkeypatch: pytest.MonkeyPatch) -> None:
    named = replace(FAR, password_env="GATEWAY_PASSWORD")
    with pytest.raises(PasswordVariableError, match="GATEWAY_PASSWORD"):
        found(named)
    monkeypatch.setenv("GATEWAY_PASSWORD", "from-variable")
    assert found(named) == "from-variable"


def test_the_first_line_of_a_command() -> None:
    assert found(replace(FAR, password_command=PRINT)) == "from-command"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (("/no/such/program", "canary"), "no such file"),
        ((sys.executable, "-c", "import sys; print('canary', file=sys.stderr); sys.exit(3)"), "ended with 3"),
        ((sys.executable, "-c", ""), "printed nothing"),
        ((sys.executable, "-c", r"import sys; sys.stdout.buffer.write(b'\xffcanary')"), "not text"),
        ((sys.executable, "a\0b"), "cannot be run"),
    ],
)
def test_a_command_that_gives_none(command: tuple[str, ...], reason: str) -> None:
    with pytest.raises(PasswordCommandError, match=reason) as caught:
        found(replace(FAR, password_command=command))
    assert "canary" not in str(caught.value)


def test_a_command_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_COMMAND_LIMIT_S", 0.05)
    with pytest.raises(PasswordCommandError, match="longer than"):
        found(replace(FAR, password_command=(sys.executable, "-c", "import time; time.sleep(60)")))


def test_the_keyring_is_asked_and_keeps_what_it_is_given(memory_keyring: MemoryKeyring) -> None:
    assert has_keyring()
    with pytest.raises(PasswordNeededError, match=r"reader@db\.example:3306"):
        found(FAR)
    keep(ACCOUNT, "from-keyring")
    assert memory_keyring.kept == {("keymon", ACCOUNT): "from-keyring"}
    assert found(FAR) == "from-keyring"
    drop(ACCOUNT)
    drop(ACCOUNT)
    assert kept(ACCOUNT) is None


def test_what_was_typed_goes_before_all_else_and_is_forgotten_on_demand(memory_keyring: MemoryKeyring) -> None:
    passwords = Passwords()
    named = replace(FAR, password_command=PRINT)
    passwords.remember(ACCOUNT, "typed")
    assert found(named, passwords) == "typed"
    passwords.forget(ACCOUNT)
    assert found(named, passwords) == "from-command"
    assert memory_keyring.kept == {}


def test_one_password_serves_all_profiles_of_an_account(memory_keyring: MemoryKeyring) -> None:
    keep(ACCOUNT, "one")
    assert found(Profile("Other", "mysql://reader@db.example:3306/other")) == "one"
    with pytest.raises(PasswordNeededError):
        found(Profile("Other", "mysql://writer@db.example:3306/other"))


@pytest.mark.parametrize("backend", [fail.Keyring, null.Keyring], ids=["fail", "null"])
def test_what_only_looks_like_a_keyring_is_none(
    memory_keyring: MemoryKeyring, backend: type[keyring.backend.KeyringBackend]
) -> None:
    keyring.set_keyring(backend())
    assert not has_keyring()
    assert kept(ACCOUNT) is None
    drop(ACCOUNT)
    with pytest.raises(KeyringError, match="has none"):
        keep(ACCOUNT, "x")


def test_plain_text_is_no_keyring_even_where_it_is_the_second_choice(
    memory_keyring: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = type("Plain", (MemoryKeyring,), {"__module__": "keyrings.alt.file"})()
    both = chainer.ChainerBackend()  # type: ignore[no-untyped-call]
    monkeypatch.setattr(type(both), "backends", [plain])
    keyring.set_keyring(both)
    assert not has_keyring()
    monkeypatch.setattr(type(both), "backends", [plain, memory_keyring])
    keep(ACCOUNT, "x")
    assert (plain.kept, len(memory_keyring.kept)) == ({}, 1)


def test_a_file_needs_none() -> None:
    assert Passwords().complete(Profile("Here", "gateway.db"), Aside()) == Profile("Here", "gateway.db").location


def test_waiting_for_a_keyring_can_be_broken_off(memory_keyring: MemoryKeyring) -> None:
    answer = threading.Event()
    memory_keyring.before = lambda: answer.wait(20)
    aside, raised = Aside(), threading.Event()

    def wait() -> None:
        try:
            Passwords().complete(FAR, aside)
        except BrokenOffError:
            raised.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    aside.interrupt()
    waiting.join(20)
    answer.set()
    assert raised.is_set()
    with pytest.raises(BrokenOffError):
        aside.run(lambda: 1)
