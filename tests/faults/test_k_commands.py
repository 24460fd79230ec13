"""Secrets and the command line: whatever is printed without `--show-keys`, and whatever goes wrong, shows none."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from keymon.config import Profile, ProfileStore
from tests.conftest import MakeGateway, MakeGatewayServer
from tests.faults.planted_secrets import IN_GATEWAY, KEYS, PASSWORDS, STRAY, Search, plant
from tests.gateway import Gateway, MakeAnyGateway, on_sqlite_only
from tests.gateway_file import GatewayFile
from tests.gateway_server import GatewayServer
from tests.keyrings import MemoryKeyring
from tests.mariadb import READER, READER_PASSWORD
from tests.test_cli import Run

Capture = pytest.CaptureFixture[str]
AS_OF = ("--as-of", "2026-11-23T12:00:00+00:00", "--gateway-tz", "UTC")
NOON = datetime(2026, 11, 23, 12)


def printed(search: Search, capsys: Capture, *arguments: str, kind: str = "command") -> int:
    """Run a command and look through what it prints; return its exit code."""
    run = Run(capsys, *arguments)
    search.look(f"{kind}: standard output", run.out)
    search.look(f"{kind}: standard error", run.err)
    assert "Traceback" not in run.err
    return run.code


def url_of(gateway: Gateway, password: str = "") -> str:
    """Return what `--db` names."""
    if isinstance(gateway, GatewayFile):
        return str(gateway.path)
    assert isinstance(gateway, GatewayServer)
    return f"mysql://{READER}{password}@127.0.0.1:{gateway.server.port}/{gateway.name}"


@pytest.fixture
def planted(make_any_gateway: MakeAnyGateway, monkeypatch: pytest.MonkeyPatch, search: Search) -> Gateway:
    """A gateway full of secrets."""
    monkeypatch.setenv("KEYMON_PASSWORD", READER_PASSWORD)
    made = make_any_gateway(list(KEYS.values()))
    plant(made, NOON, READER_PASSWORD)
    search.plant(*IN_GATEWAY, READER_PASSWORD)
    return made


@pytest.mark.parametrize(
    "command",
    [
        "keys",
        "keys --json",
        "keys --csv",
        "keys --status invalid",
        "stats",
        "stats --json",
        "calls --limit 1000",
        "calls --json",
        "calls --csv",
        "errors --since all",
        "errors --since all --full",
        "errors --since all --full --json",
        "errors --since all --full --csv",
        "errors --since all --json",
        "attention --status 400",
        "attention --status 400 --json",
        "attention --status 400 --csv",
        "check",
        "usage --json",
        "screenshot",
        "self-test",
    ],
)
def test_a_command_prints_no_secret(
    planted: Gateway, capsys: Capture, search: Search, tmp_path: Path, command: str
) -> None:
    words = command.split()
    if words[0] in {"screenshot", "self-test"}:
        words += ["--out", str(tmp_path / "out")]
    if words[0] == "usage":
        words.append(KEYS["plain"])
    at = AS_OF if words[0] != "check" else ("--gateway-tz", "UTC")
    assert printed(search, capsys, *words, "--db", url_of(planted), *at) == 0
    for file in filter(Path.is_file, (tmp_path / "out").rglob("*")):
        search.look(f"file that {words[0]} writes", file.read_bytes(), file.name)


@on_sqlite_only("what is printed of it is the same")
@pytest.mark.parametrize("form", [*KEYS, "stray", "unknown"])
@pytest.mark.parametrize("command", ["usage", "calls --key", "errors --since all --key"])
def test_a_key_that_is_asked_for_is_not_printed(
    planted: Gateway, capsys: Capture, search: Search, command: str, form: str
) -> None:
    wanted = {**KEYS, "stray": STRAY, "unknown": "unknown CAnary40 Vw6Qn2"}[form]
    search.plant(wanted)
    # An ending would be the key itself, so one that is longer is wanted, too.
    for key in (wanted, f"{wanted}Kz7Xw3Qv9Tn5Hm1"):
        search.plant(key)
        printed(search, capsys, *command.split(), key, "--db", url_of(planted), *AS_OF)


@pytest.mark.parametrize(
    ("place", "form"),
    [
        *((place, form) for place in ("command", "extra", "--limit", "--perod=") for form in KEYS),
        # Other words that are not known there are repeated, so that a slip of the pen is seen.
        *((place, form) for place in ("--status", "--as-of", "--gateway-tz") for form in ("Google", "Vertex", "token")),
    ],
)
def test_a_key_that_was_typed_in_the_wrong_place_is_not_repeated(
    make_gateway: MakeGateway, capsys: Capture, search: Search, place: str, form: str
) -> None:
    key = KEYS[form]
    search.plant(key)
    db = str(make_gateway(["k"]).path)
    words = {"command": [key], "extra": ["stats", key], "--perod=": ["calls", f"--perod={key}"]}.get(
        place, ["calls", place, key]
    )
    assert printed(search, capsys, *words, "--db", db) == 2


@pytest.mark.parametrize("form", PASSWORDS)
@pytest.mark.parametrize("quoting", ["quoted", "raw"])
@pytest.mark.parametrize(
    "url",
    [
        "mysql://root:{}@127.0.0.1:{port}/gateway",
        "mysql://root:{}@127.0.0.1:1/gateway",
        "mysql://root:{}@absent.invalid/gateway",
        "mysql://root:{}@127.0.0.1",
        "mysql://root:{}@127.0.0.1:port/gateway",
        "mysql://root:{}@127.0.0.1/gateway?ssl_mode=perhaps",
        "mysql://root@127.0.0.1/gateway?password={}",
        "mysql://root:{}@127.0.0.1:{port}/gateway?ssl_ca=/absent/ca.pem",
        "postgresql://root:{}@127.0.0.1/gateway",
        "root:{}@127.0.0.1/gateway",
        "mysql:/root:{}@127.0.0.1/gateway",
    ],
)
def test_a_password_in_a_url_is_not_printed(
    make_gateway_server: MakeGatewayServer, capsys: Capture, search: Search, url: str, quoting: str, form: str
) -> None:
    password = PASSWORDS[form]
    search.plant(password)
    port = make_gateway_server(["k"]).server.port
    named = url.replace("{port}", str(port)).replace(
        "{}", quote(password, safe="") if quoting == "quoted" else password
    )
    for command in ("keys", "check"):
        assert printed(search, capsys, command, "--db", named) in {2, 3}


@pytest.mark.parametrize("form", PASSWORDS)
@pytest.mark.parametrize("source", ["variable", "own variable", "command", "keyring", ".env", "url"])
def test_a_password_that_is_right_is_not_printed(
    make_gateway_server: MakeGatewayServer,
    capsys: Capture,
    search: Search,
    monkeypatch: pytest.MonkeyPatch,
    memory_keyring: MemoryKeyring,
    tmp_path: Path,
    source: str,
    form: str,
) -> None:
    password, gateway = PASSWORDS[form], make_gateway_server(list(KEYS.values()))
    search.plant(*IN_GATEWAY, password)
    plant(gateway, NOON, password)
    gateway.execute("CREATE OR REPLACE USER canary IDENTIFIED BY ?", (password,))
    gateway.execute(f"GRANT SELECT ON {gateway.name}.* TO canary")
    place = f"127.0.0.1:{gateway.server.port}/{gateway.name}"
    url, profile = f"mysql://canary@{place}", Profile("Here", f"mysql://canary@{place}")
    named = ["--profile", "Here"]
    if source == "variable":
        monkeypatch.setenv("KEYMON_PASSWORD", password)
        named = ["--db", url]
    elif source == "own variable":
        monkeypatch.setenv("HERE", password)
        profile = Profile("Here", url, password_env="HERE")
    elif source == "command":
        profile = Profile("Here", url, password_command=(sys.executable, "-X", "utf8", "-c", f"print({password!r})"))
    elif source == "keyring":
        memory_keyring.kept["keymon", f"canary@127.0.0.1:{gateway.server.port}"] = password
    elif source == ".env":
        named = ["--env", str(env_file(tmp_path, gateway, password))]
    else:
        named = ["--db", f"mysql://canary:{quote(password, safe='')}@{place}"]
    ProfileStore().change(lambda _: [profile])
    for command in ("keys", "errors --since all --full", "check", "profiles"):
        words = command.split()
        arguments = words if command == "profiles" else [*words, *named, *(AS_OF if command != "check" else ())]
        assert printed(search, capsys, *arguments) == 0
    content = ProfileStore().path.read_bytes()
    if source != "command":  # that is where the operator wrote it, in as many words
        search.look("file of the profiles", content)


def env_file(folder: Path, gateway: GatewayServer, password: str) -> Path:
    """Write a gateway's `.env`."""
    path = folder / ".env"
    quoted = password.replace("\\", "\\\\").replace("'", "\\'")
    path.write_text(
        f"DATABASE_TYPE=mysql\nMYSQL_HOST=127.0.0.1\nMYSQL_PORT={gateway.server.port}\nMYSQL_USER=canary\n"
        f"MYSQL_PASSWORD='{quoted}'\nMYSQL_DATABASE={gateway.name}\n",
        encoding="utf-8",
    )
    return path


def failing(words: Sequence[str]) -> tuple[str, ...]:
    """Return a command that a profile may name."""
    return (sys.executable, "-c", *words)


CANARY = PASSWORDS["plain"]
BROKEN_COMMANDS: dict[str, tuple[str, ...]] = {
    "fails and says why": failing([f"import sys; sys.exit('{CANARY}')"]),
    "no text": failing([f"import sys; sys.stdout.buffer.write(b'\\xff{CANARY}')"]),
    "nothing": failing([f"'{CANARY}'"]),
    "not there": ("/absent/command", CANARY),
    "wrong password": failing([f"print('{CANARY}')"]),
}


@pytest.mark.parametrize("how", BROKEN_COMMANDS)
def test_a_password_command_that_fails_tells_no_secret(
    make_gateway_server: MakeGatewayServer, capsys: Capture, search: Search, how: str
) -> None:
    search.plant(CANARY)
    ProfileStore().change(
        lambda _: [Profile("Here", url_of(make_gateway_server(["k"])), password_command=BROKEN_COMMANDS[how])]
    )
    for command in ("keys", "check"):
        assert printed(search, capsys, command, "--profile", "Here") in {2, 3}
    assert printed(search, capsys, "profiles") == 0
    assert printed(search, capsys, "profiles", "--json") == 0


def test_a_locked_keyring_tells_no_secret(
    make_gateway_server: MakeGatewayServer, capsys: Capture, search: Search, memory_keyring: MemoryKeyring
) -> None:
    search.plant(CANARY)
    ProfileStore().change(lambda _: [Profile("Here", url_of(make_gateway_server(["k"])))])
    memory_keyring.locked = True
    assert printed(search, capsys, "keys", "--profile", "Here") == 2


@pytest.mark.parametrize(
    "content", ["MYSQL_USER=u\nMYSQL_PASSWORD={}", "{}", "DATABASE_TYPE=oracle\nPW={}", "='{}\x00"]
)
def test_a_broken_env_file_tells_no_secret(capsys: Capture, search: Search, tmp_path: Path, content: str) -> None:
    search.plant(CANARY)
    path = tmp_path / ".env"
    path.write_text(content.format(CANARY))
    for command in ("keys", "check"):
        assert printed(search, capsys, command, "--env", str(path)) == 2


@pytest.mark.parametrize(
    "content",
    [
        "[[profile]]\nname = 'a'\ndatabase = 'mysql://u:{}@h/d'\n",
        "[[profile]]\nname = 'a'\ndatabase = 'd'\npassword = '{}'\n",
        "[[profile]]\nname = 'a'\ndatabase = 'd'\nrefresh_s = '{}'\n",
        "[[profile]]\nname = 'a'\ndatabase = 'mysql://u@h?password={}'\n",
        "password = {}\n",
        "['{}']\n",
        "[[profile]]\nname = 'a'\ndatabase = \"{}\xff\n",
    ],
)
def test_a_damaged_file_of_profiles_tells_no_secret(
    capsys: Capture, search: Search, profiles_of_our_own: Path, content: str
) -> None:
    key = KEYS["Google"]
    search.plant(key)
    profiles_of_our_own.parent.mkdir()
    profiles_of_our_own.write_bytes(content.format(key).encode("latin-1"))
    for command in ("profiles", "profiles --json", "keys --profile a", "check --profile a"):
        assert printed(search, capsys, *command.split()) in {0, 2}


@pytest.mark.parametrize(
    "pool",
    [
        json.dumps(list(KEYS.values()))[:-1],
        ",".join(KEYS.values()),
        "[" * 100_000 + KEYS["plain"],
        json.dumps({"keys": list(KEYS.values())}),
        json.dumps([list(KEYS.values())]),
        json.dumps("\n".join(KEYS.values())),
    ],
    ids=["cut off", "commas", "too deep", "dict", "nested", "one text"],
)
def test_a_damaged_pool_is_not_printed(
    make_any_gateway: MakeAnyGateway,
    capsys: Capture,
    search: Search,
    monkeypatch: pytest.MonkeyPatch,
    pool: str,
) -> None:
    gateway = make_any_gateway(["k"])
    gateway.execute("ALTER TABLE t_settings MODIFY value LONGTEXT") if isinstance(gateway, GatewayServer) else None
    gateway.setting("API_KEYS", pool)
    search.plant(*KEYS.values())
    monkeypatch.setenv("KEYMON_PASSWORD", READER_PASSWORD)
    for command in ("keys", "keys --json", "stats", "check"):
        assert printed(search, capsys, *command.split(), "--db", url_of(gateway)) in {0, 3}


@pytest.mark.parametrize("damage", ["no log", "no column", "no settings", "renamed", "view that fails"])
def test_what_is_missing_in_a_database_tells_no_secret(
    make_any_gateway: MakeAnyGateway,
    capsys: Capture,
    search: Search,
    monkeypatch: pytest.MonkeyPatch,
    damage: str,
) -> None:
    gateway, key = make_any_gateway([KEYS["plain"]]), KEYS["Google"]
    search.plant(key, KEYS["plain"])
    monkeypatch.setenv("KEYMON_PASSWORD", READER_PASSWORD)
    if damage == "no column":
        gateway.execute(f"ALTER TABLE t_request_log RENAME COLUMN api_key TO `{key}`")
    elif damage == "no settings":
        gateway.execute("DROP TABLE t_settings")
    else:
        gateway.execute(f"ALTER TABLE t_request_log RENAME TO `{key}`")
    if damage == "view that fails":
        gateway.execute(f"CREATE VIEW t_request_log AS SELECT * FROM `{key}`")
        gateway.execute(f"DROP TABLE `{key}`")
    for command in ("keys", "stats", "check"):
        assert printed(search, capsys, command, "--db", url_of(gateway)) in {0, 3, 4}
