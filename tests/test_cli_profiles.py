"""The command line with profiles and servers: which gateway, whose password, and what a check finds."""

import json
import os
import pty
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keymon.config import Profile, ProfileStore
from tests.conftest import MakeGateway, MakeGatewayServer
from tests.gateway_server import GatewayServer
from tests.mariadb import READER, READER_PASSWORD
from tests.test_cli import Run

KEY = "AIzaSyTEST" + "k" * 29
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def gateway(make_gateway_server: MakeGatewayServer) -> GatewayServer:
    made = make_gateway_server([KEY])
    made.call(KEY, datetime.now(UTC).replace(tzinfo=None), "gemini-2.5-pro")
    return made


def url(gateway: GatewayServer, password: str = "") -> str:
    return f"mysql://{READER}{password}@127.0.0.1:{gateway.server.port}/{gateway.name}"


def save(*profiles: Profile) -> None:
    ProfileStore().change(lambda _: profiles)


def test_a_server_is_read_by_its_url(gateway: GatewayServer, capsys: Capture) -> None:
    run = Run(capsys, "keys", "--json", "--db", url(gateway, f":{READER_PASSWORD}"), "--gateway-tz", "UTC")
    assert run.code == 0
    answer = json.loads(run.out)
    assert answer["gateway"]["database"] == url(gateway)
    assert [(one["calls_24h"], one["status"]) for one in answer["keys"]] == [(1, "valid")]
    assert READER_PASSWORD not in run.out + run.err


def test_the_password_comes_from_a_variable(
    gateway: GatewayServer, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYMON_PASSWORD", READER_PASSWORD)
    run = Run(capsys, "usage", KEY, "--json", "--db", url(gateway), "--gateway-tz", "UTC")
    assert json.loads(run.out) == {"gemini-2.5-pro": 1}


def test_a_password_that_nobody_tells_is_an_error_of_usage(gateway: GatewayServer, capsys: Capture) -> None:
    run = Run(capsys, "keys", "--db", url(gateway))
    assert run.code == 2
    assert f"the password of {READER}@127.0.0.1:{gateway.server.port} is needed" in run.error


def test_a_wrong_password_is_a_database_out_of_reach(gateway: GatewayServer, capsys: Capture) -> None:
    run = Run(capsys, "keys", "--db", url(gateway, ":wrong-canary"))
    assert run.code == 3
    assert "the server refuses the account (Access denied" in run.error
    assert "canary" not in run.error


def test_a_profile_is_used_by_its_name(gateway: GatewayServer, capsys: Capture) -> None:
    command = (sys.executable, "-c", f"print({READER_PASSWORD!r})")
    save(Profile("Far away", url(gateway), gateway_tz="UTC", password_command=command))
    run = Run(capsys, "usage", KEY, "--json", "--profile", "Far away")
    assert json.loads(run.out) == {"gemini-2.5-pro": 1}
    run = Run(capsys, "keys", "--json", "--profile", "Far away")
    assert json.loads(run.out)["gateway"]["time_zone_source"] == "set"
    run = Run(capsys, "keys", "--json", "--profile", "Far away", "--gateway-tz", "+08:00")
    assert json.loads(run.out)["gateway"]["time_zone"] == "+08:00"


def test_a_profile_that_is_not_there(capsys: Capture) -> None:
    for command in (["keys"], ["stats"], ["check"]):
        run = Run(capsys, *command, "--profile", "Nowhere")
        assert (run.code, run.error) == (2, "keymon: there is no profile Nowhere; known: there is none\n")


def test_a_damaged_file_of_profiles(capsys: Capture, profiles_of_our_own: Path) -> None:
    profiles_of_our_own.parent.mkdir()
    profiles_of_our_own.write_text("[[")
    run = Run(capsys, "profiles")
    assert run.code == 2
    assert f"{profiles_of_our_own}: the profiles cannot be read" in run.error


def test_profiles_are_listed(capsys: Capture, profiles_of_our_own: Path) -> None:
    assert str(profiles_of_our_own) in Run(capsys, "profiles").out
    save(
        Profile("Production", "mysql://reader@db.example/gateway", "red", "Asia/Shanghai", 10, password_env="PW"),
        Profile("Home", "/srv/gateway/data/default_db"),
        Profile("Third", "mysql://reader@db.example/gateway", password_command=("pass", "secret/path")),
    )
    out = Run(capsys, "profiles").out
    assert [line.split()[0] for line in out.splitlines()] == ["NAME", "Production", "Home", "Third"]
    assert "secret/path" not in out
    listed = json.loads(Run(capsys, "profiles", "--json").out)
    assert listed["schema"] == 1
    assert listed["profiles"][0] == {
        "name": "Production",
        "database": "mysql://reader@db.example/gateway",
        "colour": "red",
        "gateway_tz": "Asia/Shanghai",
        "refresh_s": 10,
        "password": "variable PW",
    }
    assert [one["password"] for one in listed["profiles"][1:]] == [None, "command pass"]


def test_a_connection_is_checked_stage_by_stage(gateway: GatewayServer, capsys: Capture) -> None:
    run = Run(capsys, "check", "--db", url(gateway, f":{READER_PASSWORD}"))
    assert (run.code, run.err) == (0, "")
    assert [line.split()[0] for line in run.out.splitlines()] == [
        "Host",
        "Connection",
        "Encryption",
        "Login",
        "Gateway's",
        "Rights",
        "Clock",
    ]
    run = Run(capsys, "check", "--db", url(gateway, ":wrong-canary"))
    assert run.code == 3
    assert "FAILED" in run.out.splitlines()[-1]
    assert "canary" not in run.out + run.err


def test_a_file_is_checked_too(make_gateway: MakeGateway, capsys: Capture, tmp_path: Path) -> None:
    assert Run(capsys, "check", "--db", str(make_gateway([KEY]).path)).code == 0
    run = Run(capsys, "check", "--db", str(tmp_path / "absent.db"))
    assert run.code == 3
    assert "there is no such file" in run.out


def test_a_gateways_env_is_enough(gateway: GatewayServer, capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        f"MYSQL_HOST=127.0.0.1\nMYSQL_PORT={gateway.server.port}\nMYSQL_USER={READER}\n"
        f"MYSQL_PASSWORD={READER_PASSWORD}\nMYSQL_DATABASE={gateway.name}\n"
    )
    run = Run(capsys, "usage", KEY, "--json", "--env", str(tmp_path / ".env"), "--gateway-tz", "UTC")
    assert json.loads(run.out) == {"gemini-2.5-pro": 1}


def test_on_a_terminal_the_password_is_asked_for(gateway: GatewayServer) -> None:
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "keymon", "usage", KEY, "--json", "--db", url(gateway), "--gateway-tz", "UTC"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    running = subprocess.Popen(
        command, stdin=terminal, stdout=subprocess.PIPE, stderr=terminal, env=environment, start_new_session=True
    )
    os.close(terminal)
    shown = b""
    while b"Password of " not in shown:
        shown += os.read(controller, 1000)
    os.write(controller, f"{READER_PASSWORD}\n".encode())
    # What else the terminal shows has to be taken off it.
    rest: list[bytes] = []
    reader = threading.Thread(target=_read, args=(controller, rest))
    reader.start()
    out, _ = running.communicate(timeout=60)
    reader.join(20)
    os.close(controller)
    assert json.loads(out) == {"gemini-2.5-pro": 1}
    assert READER_PASSWORD.encode() not in shown + b"".join(rest)


def _read(controller: int, shown: list[bytes]) -> None:
    try:
        while part := os.read(controller, 1000):
            shown.append(part)
    except OSError:
        pass  # the other end is closed
