"""A keyring that is none, refuses, hangs or answers nonsense: keymon asks, tells it, and loses no password."""

import threading
from collections.abc import Callable, Iterator
from functools import partial

import keyring
import keyring.backend
import keyring.errors
import pytest
from keyring.backends import fail

from keymon.aside import Aside
from keymon.config import Profile
from keymon.errors import KeyringError, PasswordNeededError
from keymon.gui.connection_dialog import ConnectionDialog
from keymon.passwords import SERVICE, Passwords, drop, has_keyring, keep, kept
from tests.faults.failing_files import Failing
from tests.gui.connections import PRODUCTION, Connections, enter
from tests.keyrings import MemoryKeyring

ACCOUNT = "reader@db.example.org:3306"
FOR_EVER_S = 1_000.0


class Odd(Exception):  # noqa: N818
    """What no keyring should raise."""


ERRORS: dict[str, Callable[[], Exception]] = {
    "locked": lambda: keyring.errors.KeyringLocked("pw-canary is not kept"),
    "no keyring": lambda: keyring.errors.NoKeyringError("pw-canary"),
    "not initialized": lambda: keyring.errors.InitError("pw-canary"),
    "not set": lambda: keyring.errors.PasswordSetError("pw-canary"),
    "the bus is gone": lambda: ConnectionError("pw-canary"),
    "no right": lambda: PermissionError(13, "pw-canary"),
    "not text": lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "pw-canary"),
    "a slip of its own": lambda: AttributeError("pw-canary"),
    "out of time": lambda: TimeoutError("pw-canary"),
    "a kind of its own": lambda: Odd("pw-canary"),
    "nested too deep": lambda: RecursionError("pw-canary"),
}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_a_keyring_that_refuses_is_as_none(memory_keyring: MemoryKeyring, error: Callable[[], Exception]) -> None:
    memory_keyring.before = Failing(0, error, lasts=True).step
    assert has_keyring()
    assert kept(ACCOUNT) is None
    with pytest.raises(PasswordNeededError):
        Passwords().complete(PRODUCTION, Aside())
    acts: tuple[Callable[[], None], ...] = (partial(keep, ACCOUNT, "pw-canary"), partial(drop, ACCOUNT))
    for act in acts:
        with pytest.raises(KeyringError) as caught:
            act()
        assert type(error()).__name__ in str(caught.value)
        assert "canary" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


@pytest.mark.parametrize("answer", [7, b"bytes", ["a"], object(), True, 1.5], ids=lambda one: type(one).__name__)
def test_an_answer_that_is_no_password_is_none(
    memory_keyring: MemoryKeyring, monkeypatch: pytest.MonkeyPatch, answer: object
) -> None:
    monkeypatch.setattr(memory_keyring, "get_password", lambda *_: answer)
    assert kept(ACCOUNT) is None
    with pytest.raises(PasswordNeededError):
        Passwords().complete(PRODUCTION, Aside())


@pytest.mark.parametrize("name", ["nonsense.Keyring", "keyring.backends.fail.Nobody", "..", "no dots", "os.path.join"])
def test_a_keyring_that_is_named_and_not_there_is_none(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    assert not has_keyring()
    assert kept(ACCOUNT) is None
    drop(ACCOUNT)
    with pytest.raises(KeyringError, match="has none"):
        keep(ACCOUNT, "x")


# In the dialog: at which of its questions it fails

URL = "mysql://reader:pw-canary@db.example.org/gateway"


def settle(connections: Connections, dialog: ConnectionDialog) -> None:
    connections.wait(lambda: dialog.errands.is_idle or not dialog.isVisible())
    connections.wait(lambda: not any(one.name == "keymon-keyring" for one in threading.enumerate()))


@pytest.fixture
def fresh(connections: Connections) -> Iterator[Connections]:
    connections.keep(ACCOUNT, "pw-old")
    yield connections
    connections.keyring.before = lambda: None


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
@pytest.mark.parametrize("what", ["save", "connect", "close"])
def test_a_password_that_cannot_be_kept_is_told_and_still_used(
    fresh: Connections, what: str, error: Callable[[], Exception]
) -> None:
    dialog = fresh.open()
    failing = Failing(0, error, lasts=True)
    fresh.keyring.before = failing.step
    dialog.fill(URL)
    if what == "connect":
        dialog.connect_now()
        assert len(fresh.connected) == 1, "connecting waits for no keyring"
    else:
        assert dialog.save() is not None
    if what == "close":
        dialog.accept()
    else:
        fresh.wait(lambda: bool(dialog.parts.note.text))
        assert "could not be kept in the keyring" in dialog.parts.note.text
        assert "keymon keeps it until it ends" in dialog.parts.note.text
        assert "pw-canary" not in dialog.parts.note.text
        assert dialog.isVisible()
    settle(fresh, dialog)
    assert fresh.names() == ["gateway on db.example.org"]
    assert fresh.passwords._typed == {ACCOUNT: "pw-canary"}
    assert failing.done


@pytest.mark.parametrize("n", range(3))
@pytest.mark.parametrize("what", ["save", "rename", "delete", "account", "connect"])
def test_a_keyring_that_fails_once_loses_no_profile(fresh: Connections, what: str, n: int) -> None:
    dialog = fresh.open(PRODUCTION)
    failing = Failing(n, Odd)
    fresh.keyring.before = failing.step
    enter(dialog.form.parts.password.edit, "pw-canary")
    if what == "rename":
        enter(dialog.form.parts.name, "Renamed")
    elif what == "account":
        enter(dialog.form.parts.user, "somebody")
    if what == "delete":
        dialog.list.delete_wanted.emit()
    elif what == "connect":
        dialog.connect_now()
    else:
        assert dialog.save() is not None
    settle(fresh, dialog)
    dialog.accept()
    settle(fresh, dialog)
    names = {"delete": [], "rename": ["Renamed"]}
    assert fresh.names() == names.get(what, ["Production"])
    account = "somebody@db.example.org:3306" if what == "account" else ACCOUNT
    if what != "delete":
        assert fresh.passwords._typed == {account: "pw-canary"}
    if len(failing.done) <= n and what != "delete":
        assert fresh.kept(account) == "pw-canary"


@pytest.mark.parametrize("what", ["save", "connect", "delete"])
def test_a_keyring_that_hangs_holds_nothing_up(fresh: Connections, what: str) -> None:
    dialog = fresh.open(PRODUCTION)
    asked, go_on = fresh.hold_keyring()
    enter(dialog.form.parts.password.edit, "pw-canary")
    if what == "delete":
        dialog.list.delete_wanted.emit()
        dialog.accept()
    else:
        (dialog.save if what == "save" else dialog.connect_now)()
    assert asked.wait(20)
    assert len(fresh.connected) == (what == "connect")
    dialog.accept()
    assert not dialog.isVisible()
    assert not any(one.name.startswith("keymon-errand") for one in threading.enumerate())
    go_on.set()
    expected = None if what == "delete" else "pw-canary"
    fresh.wait(lambda: fresh.kept(ACCOUNT) == expected)
    left = {"keymon-aside", "keymon-keyring"}
    fresh.wait(lambda: not any(one.name in left for one in threading.enumerate()))


@pytest.mark.parametrize("backend", ["fails", "is not there"])
def test_without_a_keyring_keymon_asks(connections: Connections, monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
    if backend == "fails":
        keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]
    else:
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "nonsense.Keyring")
        monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    dialog = connections.open(Profile("Far", "mysql://reader@db.example.org/gateway"))
    assert "has no keyring: keymon will ask" in dialog.form.note("source")
    enter(dialog.form.parts.password.edit, "pw-canary")
    assert dialog.save() is not None
    connections.wait(lambda: dialog.errands.is_idle)
    assert dialog.parts.note.text == ""
    assert connections.passwords._typed == {ACCOUNT: "pw-canary"}
    assert (SERVICE, ACCOUNT) not in connections.keyring.kept
