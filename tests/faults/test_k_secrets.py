"""Secrets and what is not printed on purpose: exceptions, representations, children, arguments, dumps of memory."""

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter
from urllib.parse import quote

import pytest

from keymon import errors
from keymon.aside import Aside
from keymon.cli import main
from keymon.config import Profile, ProfileStore
from keymon.connection_check import ConnectionCheck
from keymon.error_browser import ErrorFilter
from keymon.gateways import of_env, of_place, of_profile
from keymon.gui.draft import Draft
from keymon.gui.translation import error_advice, error_cause, error_text
from keymon.known_secrets import hide_secrets, remember_keys, remember_password
from keymon.locations import ServerLocation, locate
from keymon.masking import foreign, mask_text
from keymon.monitor import Monitor
from keymon.passwords import Passwords, keep
from keymon.secret_values import SECRETS, SecretValues
from tests.conftest import MakeGateway, MakeGatewayServer
from tests.faults.planted_secrets import IN_GATEWAY, KEYS, PASSWORDS, STRAY, Search, plant
from tests.gateway import MakeAnyGateway
from tests.keyrings import MemoryKeyring
from tests.mariadb import READER_PASSWORD

OURS = f"{os.sep}keymon{os.sep}"
NOON = datetime(2026, 11, 23, 12)
SECRET_WORDS = [*KEYS.values(), *PASSWORDS.values()]


def kinds(kind: type[errors.KeymonError] = errors.KeymonError) -> Iterator[type[errors.KeymonError]]:
    yield kind
    for one in kind.__subclasses__():
        yield from kinds(one)


def chain_of(error: BaseException) -> list[BaseException]:
    """Return an error, what it came of, and what was being handled meanwhile."""
    found: list[BaseException] = []
    left: list[BaseException | None] = [error]
    while left:
        one = left.pop()
        if one is not None and one not in found:
            found.append(one)
            left += [one.__cause__, one.__context__]
    return found


def look_at(search: Search, error: BaseException) -> None:
    """Look through all that an exception may tell: what it says by itself, and what a log would show of it."""
    search.look("exception", str(error), repr(error), repr(error.args))
    search.look("traceback", "".join(traceback.format_exception(error)))
    for one in chain_of(error):
        search.look("exception behind another", *map(hide_secrets, (str(one), repr(one), repr(one.args))))
        stack = traceback.StackSummary.extract(traceback.walk_tb(one.__traceback__), capture_locals=True)
        ours = traceback.StackSummary.from_list([frame for frame in stack if OURS in frame.filename])
        search.look("traceback with variables", hide_secrets("".join(ours.format())))
    if isinstance(error, errors.KeymonError):
        search.look("message", error.line, error_text(error), error_cause(error), error_advice(error))


@pytest.mark.parametrize("kind", sorted(set(kinds()), key=str), ids=lambda kind: getattr(kind, "__name__", ""))
def test_no_kind_of_error_tells_a_secret_that_is_known(kind: type[errors.KeymonError], search: Search) -> None:
    search.plant(*SECRET_WORDS)
    remember_keys(KEYS.values())
    for password in PASSWORDS.values():
        remember_password(password)
    names = [name for _, name, form, _ in Formatter().parse(kind.template) if name and not form]
    for secret in SECRET_WORDS:
        numbers = {"seconds": 1} if "{seconds:" in kind.template else {}
        error = kind(**{name: f"the {secret}, and {quote(secret, safe='')}" for name in names}, **numbers)
        look_at(search, error)


def checked(place: str) -> None:
    findings: list[object] = []
    ConnectionCheck(locate(place), findings.append).run()
    for finding in findings:
        message = getattr(finding, "message", None)
        if isinstance(message, errors.KeymonError):
            raise message


def read(place: str, password: str | None = None) -> None:
    location = locate(place)
    if password is not None and isinstance(location, ServerLocation):
        location = location.with_password(password)
    monitor = Monitor(location, UTC)
    try:
        monitor.refresh()
    finally:
        monitor.close()


@pytest.mark.parametrize("form", PASSWORDS)
@pytest.mark.parametrize(
    "how", ["refused", "unknown database", "wrong host", "closed port", "no URL", "no server", "bad CA", "checked"]
)
def test_an_error_of_connecting_holds_no_password(
    make_gateway_server: MakeGatewayServer, search: Search, tmp_path: Path, how: str, form: str
) -> None:
    gateway, password = make_gateway_server(["k"]), PASSWORDS[form]
    search.plant(password)
    place = f"127.0.0.1:{gateway.server.port}/{gateway.name}"
    account = f"mysql://root:{quote(password, safe='')}"
    (tmp_path / "ca.pem").write_text(password)
    runs: dict[str, Callable[[], object]] = {
        "refused": lambda: read(f"mysql://reader@{place}", password),
        "unknown database": lambda: read(f"mysql://reader@{place}-{READER_PASSWORD}", password),
        "wrong host": lambda: read(f"{account}@absent.invalid/gateway"),
        "closed port": lambda: read(f"{account}@127.0.0.1:1/gateway"),
        "no URL": lambda: locate(f"mysql://root:{password.replace('?', '')}@127.0.0.1:port/gateway"),
        "no server": lambda: locate(f"oracle://root:{password}@127.0.0.1/gateway"),
        "bad CA": lambda: read(f"{account}@{place}?ssl_ca={tmp_path}/ca.pem"),
        "checked": lambda: checked(f"{account}@{place}"),
    }
    with pytest.raises(errors.KeymonError) as caught:
        runs[how]()
    look_at(search, caught.value)


@pytest.mark.parametrize(
    "how", ["no such key", "several keys", "too deep", "no list", "closed", "no table", "no column", "damaged"]
)
def test_an_error_of_reading_holds_no_key(make_gateway: MakeGateway, search: Search, how: str) -> None:
    gateway, key = make_gateway(list(KEYS.values())), KEYS["plain"]
    plant(gateway, NOON)
    search.plant(*IN_GATEWAY)
    monitor = Monitor(gateway.location, UTC)
    if how == "too deep":
        gateway.setting("API_KEYS", "[" * 100_000 + key)
    elif how == "no list":
        gateway.setting("API_KEYS", key.encode())
    elif how == "no table":
        gateway.execute(f'ALTER TABLE t_request_log RENAME TO "{key}"')
        gateway.execute(f'CREATE VIEW t_request_log AS SELECT * FROM "{key}"')
        gateway.execute(f'DROP TABLE "{key}"')
    elif how == "no column":
        gateway.execute(f'ALTER TABLE t_request_log RENAME COLUMN api_key TO "{key}"')
    elif how == "damaged":
        gateway.close()
        gateway.path.write_bytes(b"SQLite format 3\0" + key.encode() * 1000)
    elif how == "several keys":
        gateway.setting("API_KEYS", json.dumps([key, f"x{key}", f"y{key}"]))
    elif how == "closed":
        monitor.interrupt()
    if how not in {"no such key", "several keys"}:
        remember_keys([key])
    wanted = {"no such key": f"{key}-{KEYS['letters']}", "several keys": key[1:]}.get(how, "an ending")
    with pytest.raises(errors.KeymonError) as caught:
        monitor.usage(wanted)
    monitor.close()
    look_at(search, caught.value)


def asked(profile: Profile) -> Callable[[], object]:
    return lambda: Passwords().complete(profile, Aside())


CANARY = PASSWORDS["letters"]
HERE = Profile("Here", "mysql://reader@db.example/gateway")
SAY = f"import sys; sys.stdout.reconfigure(encoding='utf-8'); sys.stderr.write(ascii({CANARY!r}));"
NO_PASSWORD: dict[str, Callable[[], object]] = {
    "variable not set": asked(replace(HERE, password_env="NOT_SET")),
    "command fails": asked(replace(HERE, password_command=(sys.executable, "-c", f"{SAY} sys.exit(3)"))),
    "command prints nothing": asked(replace(HERE, password_command=(sys.executable, "-c", SAY))),
    "command prints no text": asked(
        replace(
            HERE,
            password_command=(sys.executable, "-c", f"{SAY} sys.stdout.buffer.write(b'\\xff' + {CANARY.encode()!r})"),
        )
    ),
    "command is not there": asked(replace(HERE, password_command=("/absent/command", CANARY))),
    "keyring does not keep": lambda: keep("reader@db.example:3306", CANARY),
    "keyring is locked": asked(HERE),
}


@pytest.mark.parametrize("how", NO_PASSWORD)
def test_an_error_of_finding_a_password_holds_none(how: str, search: Search, memory_keyring: MemoryKeyring) -> None:
    search.plant(CANARY)
    memory_keyring.kept["keymon", "reader@db.example:3306"] = CANARY
    memory_keyring.locked = True
    Passwords().remember("else", CANARY)
    with pytest.raises(errors.KeymonError) as caught:
        NO_PASSWORD[how]()
    look_at(search, caught.value)


@pytest.mark.parametrize("content", ["[[profile]]\nname = '{}'\ndatabase = {}", "{} = 1", 'x = "{}\xff', "[{}\n"])
def test_an_error_of_the_profiles_holds_no_key(content: str, search: Search, profiles_of_our_own: Path) -> None:
    key = KEYS["Google"]
    search.plant(key)
    profiles_of_our_own.parent.mkdir()
    profiles_of_our_own.write_bytes(content.replace("{}", key).encode("latin-1"))
    with pytest.raises(errors.ConfigDamagedError) as caught:
        ProfileStore().load()
    look_at(search, caught.value)
    assert not [one for one in chain_of(caught.value) if isinstance(one, UnicodeDecodeError)], "that holds the content"


@pytest.mark.parametrize("form", PASSWORDS)
def test_what_holds_a_password_does_not_show_it(form: str, search: Search, tmp_path: Path) -> None:
    password = PASSWORDS[form]
    search.plant(password)
    url = f"mysql://reader:{quote(password, safe='')}@db.example/gateway"
    location = locate(url)
    profile = Profile("Here", url, password_command=("echo", password), others={"old_password": password})
    draft = Draft.of(profile).at(location)
    holders = (
        location,
        location.with_password(password) if isinstance(location, ServerLocation) else None,
        profile,
        draft,
        replace(draft, command=password, path=url),
        of_profile(profile),
        of_place(url),
        of_env(tmp_path / ".env"),
        Passwords(),
        SECRETS,
        Monitor(location),
    )
    for holder in holders:
        search.look("representation", repr(holder), str(holder))


def test_what_is_read_of_a_gateway_does_not_show_its_settings_and_texts(
    make_any_gateway: MakeAnyGateway, search: Search
) -> None:
    gateway = make_any_gateway(list(KEYS.values()))
    plant(gateway, NOON, READER_PASSWORD)
    search.plant(*IN_GATEWAY, READER_PASSWORD)
    monitor = Monitor(gateway.location, UTC, as_of=NOON.replace(tzinfo=UTC))
    snapshot = monitor.refresh()
    page = monitor.errors().page(ErrorFilter())
    for part in (snapshot, snapshot.settings, snapshot.keys, page, page.rows):
        search.look("representation", hide_secrets(repr(part)))
    monitor.close()


# What is known by its value


@pytest.mark.parametrize("form", KEYS)
def test_a_key_is_known_as_soon_as_it_is_read(make_any_gateway: MakeAnyGateway, search: Search, form: str) -> None:
    gateway, key = make_any_gateway([KEYS[form]]), KEYS[form]
    search.plant(key, STRAY)
    gateway.call(STRAY, NOON)
    gateway.error(f"{STRAY}-of-errors", NOON, "a text")
    monitor = Monitor(gateway.location, UTC, as_of=NOON.replace(tzinfo=UTC))
    monitor.refresh()
    written = (key, repr(key), json.dumps(key), quote(key), quote(key, safe=""), f"x{key}y{key}")
    for text in written:
        search.look("text", hide_secrets(text), mask_text(text), foreign(text))
    search.look("text", mask_text(f"{STRAY}, which is in no pool"))
    monitor.errors().page(ErrorFilter())
    assert mask_text(f"{STRAY}-of-errors") == "stray-…rors"
    monitor.close()


@pytest.mark.parametrize("count", [10, 100_000])
@pytest.mark.parametrize("shape", ["of one beginning", "of many beginnings"])
def test_many_keys_are_found_at_once(count: int, shape: str) -> None:
    known = SecretValues()
    keys = [
        f"begin-{n:08}" if shape == "of one beginning" else f"{n * 7919 % 65_536:04x}-key-{n:08}" for n in range(count)
    ]
    known.remember_keys(keys)
    text = f"of {keys[0]}, {keys[-1]} and {keys[count // 2]}{keys[1]}"
    assert known.hide(text, lambda _: "…") == "of …, … and ……"


def test_a_word_that_happens_to_be_a_key_does_not_spoil_texts() -> None:
    remember_keys(["null", "flash"])
    remember_password("gateway")
    assert mask_text("gemini-2.5-flash said null to the gateway") == "gemini-2.5-flash said null to the gateway"
    assert hide_secrets("logged in with gateway") == "logged in with …"


# Children, arguments, memory

_CHILD = """
import json, os, pathlib, sys
pathlib.Path(sys.argv[1]).write_text(json.dumps([dict(os.environ), sys.argv]))
print({password!r})
"""


def test_children_inherit_no_password(
    make_gateway_server: MakeGatewayServer, search: Search, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway, told = make_gateway_server(["k"]), tmp_path / "told.json"
    search.plant(PASSWORDS["plain"], PASSWORDS["spaces"])
    monkeypatch.setenv("KEYMON_PASSWORD", PASSWORDS["plain"])
    monkeypatch.setenv("OTHER_PASSWORD", PASSWORDS["spaces"])
    url = f"mysql://reader@127.0.0.1:{gateway.server.port}/{gateway.name}"
    command = (sys.executable, "-c", _CHILD.format(password=READER_PASSWORD), str(told))
    ProfileStore().change(
        lambda _: [Profile("Here", url, password_command=command), Profile("Other", url, password_env="OTHER_PASSWORD")]
    )
    assert main(["keys", "--profile", "Here"]) == 0
    search.look("environment of a child", told.read_text())
    assert "PATH" in json.loads(told.read_text())[0]
    after = subprocess.run(["env"], stdout=subprocess.PIPE, check=True)  # noqa: S607
    search.look("environment of a child", after.stdout)


_PRIVATE = """
import os, resource, sys, ctypes
from keymon.cli import main
status = main(sys.argv[1:])
print(status, *resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what Linux offers")
@pytest.mark.parametrize("command", [["keys", "--json"], ["check"]])
def test_no_dump_is_made_while_keys_are_in_memory(make_gateway: MakeGateway, command: list[str]) -> None:
    gateway = make_gateway(list(KEYS.values()))
    done = subprocess.run(
        [sys.executable, "-c", _PRIVATE, *command, "--db", str(gateway.path)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.splitlines()[-1] == "0 0 0 0"


@pytest.mark.parametrize("command", ["keys --json", "errors --since all --full", "check", "screenshot --out pictures"])
def test_no_file_is_left_that_holds_a_secret(
    make_any_gateway: MakeAnyGateway, search: Search, tmp_path: Path, command: str
) -> None:
    gateway = make_any_gateway(list(KEYS.values()))
    plant(gateway, NOON, READER_PASSWORD)
    search.plant(*IN_GATEWAY, READER_PASSWORD)
    home = tmp_path / "home"
    (home / "tmp").mkdir(parents=True)
    place = gateway.location.text() if isinstance(gateway.location, ServerLocation) else str(gateway.location.path)
    folders = {
        name: str(home / name) for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
    }
    done = subprocess.run(
        [sys.executable, "-m", "keymon", *command.split(), "--db", place],
        capture_output=True,
        cwd=home,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("KEYMON_")},
            **folders,
            "HOME": str(home),
            "TMPDIR": str(home / "tmp"),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "KEYMON_PASSWORD": READER_PASSWORD,
            "KEYMON_LOG_LEVEL": "debug",
        },
        check=True,
    )
    search.look("command: standard output", done.stdout)
    search.look("command: standard error", done.stderr)
    for file in filter(Path.is_file, home.rglob("*")):
        search.look("files that keymon writes", file.name, file.read_bytes())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="where /proc is")
@pytest.mark.parametrize("source", ["variable", "command", ".env"])
def test_no_argument_of_a_process_holds_a_password(
    make_gateway_server: MakeGatewayServer, search: Search, tmp_path: Path, source: str
) -> None:
    """While keymon runs: of it, and of whatever it has started."""
    gateway = make_gateway_server(["k"])
    gateway.call("k", datetime.now(UTC).replace(tzinfo=None))
    search.plant(READER_PASSWORD)
    (tmp_path / "password").write_text(READER_PASSWORD)
    (tmp_path / ".env").write_text(
        f"MYSQL_HOST=127.0.0.1\nMYSQL_PORT={gateway.server.port}\nMYSQL_USER=reader\n"
        f"MYSQL_PASSWORD={READER_PASSWORD}\nMYSQL_DATABASE={gateway.name}\n"
    )
    url = f"mysql://reader@127.0.0.1:{gateway.server.port}/{gateway.name}"
    ProfileStore().change(lambda _: [Profile("Here", url, password_command=("cat", str(tmp_path / "password")))])
    named = {"variable": ["--db", url], "command": ["--profile", "Here"], ".env": ["--env", str(tmp_path / ".env")]}
    environment = {**os.environ, "KEYMON_PASSWORD": READER_PASSWORD} if source == "variable" else dict(os.environ)
    script = "import sys; from keymon.cli import main; main(sys.argv[1:]); print('over', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script, "check", *named[source]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout is not None
        printed = iter(process.stdout.readline, "over\n")
        search.look("command: standard output", *printed)
        ours = [process.pid, *_children_of(process.pid)]
        search.look("process arguments", *(Path(f"/proc/{pid}/cmdline").read_bytes() for pid in ours))
        search.look("process name", *(Path(f"/proc/{pid}/comm").read_bytes() for pid in ours))
        process.communicate("")
    assert process.returncode == 0


def _children_of(pid: int) -> list[int]:
    told = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(one) for one in told.read_text().split()] if told.exists() else []
