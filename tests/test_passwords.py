"""Where passwords come from, and where they go: nowhere else."""

import sys
import threading
from collections.abc import Iterator
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

FAR = Profile("Far", "mysql://reader@db.example/gateway")
ACCOUNT = "reader@db.example:3306"
PRINT = (sys.executable, "-c", "print('from-command'); print('more')")


class Memory(keyring.backend.KeyringBackend):
    """A keyring at the edge of what is ours."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.held: dict[tuple[str, str], str] = {}
        self.refuses = False
        self.asks = threading.Event()
        self.asks.set()

    def get_password(self, service: str, username: str) -> str | None:
        self.asks.wait(20)
        if self.refuses:
            raise keyring.errors.KeyringLocked("canary")
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.refuses:
            raise keyring.errors.PasswordSetError("canary")
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.held:
            raise keyring.errors.PasswordDeleteError("canary")
        del self.held[service, username]


@pytest.fixture
def memory() -> Iterator[Memory]:
    before = keyring.get_keyring()
    made = Memory()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


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


def test_the_keyring_is_asked_and_keeps_what_it_is_given(memory: Memory) -> None:
    assert has_keyring()
    with pytest.raises(PasswordNeededError, match=r"reader@db\.example:3306"):
        found(FAR)
    keep(ACCOUNT, "from-keyring")
    assert memory.held == {("keymon", ACCOUNT): "from-keyring"}
    assert found(FAR) == "from-keyring"
    drop(ACCOUNT)
    drop(ACCOUNT)
    assert kept(ACCOUNT) is None


def test_what_was_typed_goes_before_all_else_and_is_forgotten_on_demand(memory: Memory) -> None:
    passwords = Passwords()
    named = replace(FAR, password_command=PRINT)
    passwords.remember(ACCOUNT, "typed")
    assert found(named, passwords) == "typed"
    passwords.forget(ACCOUNT)
    assert found(named, passwords) == "from-command"
    assert memory.held == {}


def test_one_password_serves_all_profiles_of_an_account(memory: Memory) -> None:
    keep(ACCOUNT, "one")
    assert found(Profile("Other", "mysql://reader@db.example:3306/other")) == "one"
    with pytest.raises(PasswordNeededError):
        found(Profile("Other", "mysql://writer@db.example:3306/other"))


def test_a_keyring_that_stays_locked_is_as_none(memory: Memory) -> None:
    memory.refuses = True
    assert kept(ACCOUNT) is None
    with pytest.raises(KeyringError, match="PasswordSetError") as caught:
        keep(ACCOUNT, "x")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("backend", [fail.Keyring, null.Keyring], ids=["fail", "null"])
def test_what_only_looks_like_a_keyring_is_none(memory: Memory, backend: type[keyring.backend.KeyringBackend]) -> None:
    keyring.set_keyring(backend())
    assert not has_keyring()
    assert kept(ACCOUNT) is None
    drop(ACCOUNT)
    with pytest.raises(KeyringError, match="has none"):
        keep(ACCOUNT, "x")


def test_plain_text_is_no_keyring_even_where_it_is_the_second_choice(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = type("Plain", (Memory,), {"__module__": "keyrings.alt.file"})()
    both = chainer.ChainerBackend()  # type: ignore[no-untyped-call]
    monkeypatch.setattr(type(both), "backends", [plain])
    keyring.set_keyring(both)
    assert not has_keyring()
    monkeypatch.setattr(type(both), "backends", [plain, memory])
    keep(ACCOUNT, "x")
    assert (plain.held, len(memory.held)) == ({}, 1)


def test_a_file_needs_none() -> None:
    assert Passwords().complete(Profile("Here", "gateway.db"), Aside()) == Profile("Here", "gateway.db").location


def test_waiting_for_a_keyring_can_be_broken_off(memory: Memory) -> None:
    memory.asks.clear()
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
    memory.asks.set()
    assert raised.is_set()
    with pytest.raises(BrokenOffError):
        aside.run(lambda: 1)
