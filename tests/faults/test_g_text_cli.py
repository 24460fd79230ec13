"""Text that is not ours on a terminal and in what scripts read: nothing steers a terminal, one line is one row."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from keymon import cli
from tests.conftest import MakeGateway
from tests.faults.canaries import CANARIES, as_seen, canary, invisible
from tests.faults.test_g_text import fill
from tests.gateway import Gateway, MakeAnyGateway
from tests.gateway_file import GatewayFile, key
from tests.gateway_server import GatewayServer
from tests.mariadb import READER, READER_PASSWORD

AS_OF = ["--as-of", "2026-11-23T12:00:00+00:00", "--gateway-tz", "UTC"]
COMMANDS: dict[str, list[str]] = {
    "keys": ["keys"],
    "keys in full": ["keys", "--show-keys"],
    "usage": ["usage", key(0)],
    "stats": ["stats"],
    "calls": ["calls", "--limit", "1000"],
    "calls in full": ["calls", "--show-keys"],
    "errors": ["errors"],
    "errors in full": ["errors", "--full", "--show-keys"],
    "attention": ["attention", "--status", "none"],
    "check": ["check"],
}
NO_CSV = {"usage", "stats"}
NO_SCRIPT = {"check", "keys in full", "calls in full", "errors in full"}
MOST = 100
"""What the columns of a server take."""


def run(capsys: pytest.CaptureFixture[str], arguments: Sequence[str]) -> str:
    """Return what a command printed, which ended well."""
    code = code_of(arguments)
    told = capsys.readouterr()
    assert code == 0, told.err
    assert invisible(told.err) == ""
    return told.out


KINDS = [("sqlite", name) for name in CANARIES] + [
    ("mariadb", name)
    for name in ("link of a terminal", "newline", "right-to-left override", "formula", "emoji", "long")
]


@pytest.mark.parametrize(("make_any_gateway", "name"), KINDS, indirect=["make_any_gateway"])
def test_no_command_lets_a_text_steer_the_terminal(
    make_any_gateway: MakeAnyGateway, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    gateway = make_any_gateway([key(0)])
    most = None if isinstance(gateway, GatewayFile) else MOST
    hostile = fill(gateway, name, most)
    place = place_of(gateway)
    printed = ""
    for command, arguments in COMMANDS.items():
        out = run(capsys, [*arguments, *place, *AS_OF])
        assert invisible(out) == "", command
        assert hostile not in out or "\n" not in hostile
        printed += out
        if command in NO_SCRIPT:
            continue
        as_json = run(capsys, [*arguments, "--json", *place, *AS_OF])
        assert as_json.isascii(), command
        assert json.loads(as_json)
        if command not in NO_CSV:
            assert_harmless(run(capsys, [*arguments, "--csv", *place, *AS_OF]))
    assert as_seen(name) in printed
    calls = json.loads(run(capsys, ["calls", "--json", "--limit", "1000", *place, *AS_OF]))["calls"]
    # Scripts are given what is stored, to the letter.
    assert len(calls) == 24
    assert {one["model"] for one in calls} == {canary(name, most)}


def place_of(gateway: Gateway) -> list[str]:
    """Return the options that name a gateway's database."""
    if isinstance(gateway, GatewayServer):
        account = f"{READER}:{READER_PASSWORD}"
        return ["--db", f"mysql://{account}@127.0.0.1:{gateway.server.port}/{gateway.name}"]
    assert isinstance(gateway, GatewayFile)
    return ["--db", str(gateway.path)]


def assert_harmless(text: str) -> None:
    """Look at every cell of a CSV."""
    assert invisible(text) == ""
    for row in csv.reader(io.StringIO(text)):
        assert not [cell for cell in row if cell.lstrip().startswith(("=", "+", "@", "\t"))]


@pytest.mark.parametrize("name", [name for name in CANARIES if name not in {"NUL", "long"}])
def test_a_place_is_told_to_the_letter_and_steers_nothing(
    make_gateway: MakeGateway, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    file = canary(name).replace("/", "_")
    gateway = make_gateway([key(0)], file)
    assert invisible(run(capsys, ["check", "--db", str(gateway.path), *AS_OF])) == ""
    for arguments in (
        ["keys", "--db", str(tmp_path / "absent" / file)],
        ["keys", "--env", str(tmp_path / file / ".env")],
        ["keys", "--profile", canary(name)],
        ["usage", canary(name), "--db", str(gateway.path)],
        ["calls", "--status", canary(name), "--db", str(gateway.path)],
        ["keys", "--gateway-tz", canary(name), "--db", str(gateway.path)],
        ["keys", "--as-of", canary(name), "--db", str(gateway.path)],
        ["errors", "--since", canary(name), "--db", str(gateway.path)],
        [canary(name)],
    ):
        assert code_of(arguments) != 0, arguments
        told = capsys.readouterr()
        assert told.err.count("\n") == 1, arguments
        assert invisible(told.err) == "", arguments


def code_of(arguments: Sequence[str]) -> int:
    """Run a command; return its exit code."""
    try:
        return cli.main(arguments)
    except SystemExit as ended:
        return int(str(ended.code))
