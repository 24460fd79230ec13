"""The command line, as scripts use it."""

import csv
import io
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from keymon import __version__, cli
from tests.conftest import MakeGateway
from tests.gateway_file import GatewayFile, key

A, B, VERTEX = key(1), key(2), "AQ.Ab8RN6TEST" + "v" * 40
AS_OF = ["--as-of", "2026-11-23T15:00:00+08:00", "--gateway-tz", "Asia/Shanghai"]


@pytest.fixture
def gateway(make_gateway: MakeGateway) -> GatewayFile:
    made = make_gateway([A, B, A], VERTEX_API_KEYS=json.dumps([VERTEX]))
    for minute in range(10):
        made.call(A, f"2026-11-23 14:{minute:02}:00.000000", "gemini-2.5-pro")
    made.call(A, "2026-11-23 14:30:00.000000", None)
    made.call(A, "2026-11-23 14:30:00.000000", "a<b>\x1b[31m")
    for minute in range(3):
        made.call(B, f"2026-11-23 14:{minute:02}:00.000000", "gemini-2.5-flash", 400)
    return made


class Run:
    """What a command printed, and its exit code."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
        try:
            self.code = cli.main(arguments)
        except SystemExit as ended:
            self.code = int(str(ended.code))
        self.out, self.err = capsys.readouterr()

    @property
    def error(self) -> str:
        """The single line that a failed command prints."""
        assert self.out == ""
        assert self.err.count("\n") == 1
        return self.err


def test_keys_as_json_follow_the_contract(gateway: GatewayFile, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(capsys, "keys", "--json", "--db", str(gateway.path), *AS_OF)
    assert run.code == 0
    assert json.loads(run.out) == {
        "schema": 1,
        "as_of": "2026-11-23T07:00:00+00:00",
        "gateway": {
            "database": f"sqlite:///{gateway.path}",
            "time_zone": "Asia/Shanghai",
            "time_zone_source": "set",
            "max_failures": 3,
            "test_model": "gemini-2.5-flash-lite",
        },
        "keys": [
            {
                "key": "AIzaSy…0001",
                "kind": "gemini",
                "status": "valid",
                "failure_count": 0,
                "calls_24h": 12,
                "failed_24h": 0,
                "last_call_at": "2026-11-23T06:30:00+00:00",
                "reason": None,
            },
            {
                "key": "AIzaSy…0002",
                "kind": "gemini",
                "status": "invalid",
                "failure_count": 3,
                "calls_24h": 3,
                "failed_24h": 3,
                "last_call_at": "2026-11-23T06:02:00+00:00",
                "reason": "rejected",
            },
            {
                "key": "AQ.Ab8…vvvv",
                "kind": "vertex",
                "status": "valid",
                "failure_count": 0,
                "calls_24h": 0,
                "failed_24h": 0,
                "last_call_at": None,
                "reason": "unproven",
            },
        ],
    }


@pytest.mark.parametrize(("status", "count"), [("valid", 2), ("invalid", 1), ("all", 3)])
@pytest.mark.parametrize("form", ["--json", "--csv", None])
def test_keys_by_status_in_every_form(
    gateway: GatewayFile, capsys: pytest.CaptureFixture[str], status: str, count: int, form: str | None
) -> None:
    run = Run(capsys, "keys", "--status", status, *([form] if form else []), "--db", str(gateway.path), *AS_OF)
    lines = run.out.splitlines()
    if form == "--json":
        found = len(json.loads(run.out)["keys"])
    elif form == "--csv":
        found = len(list(csv.DictReader(io.StringIO(run.out))))
    else:
        found = len([line for line in lines if "gemini " in line or "vertex " in line])
    assert found == count
    assert A not in run.out


def test_every_form_tells_why_in_the_same_word(gateway: GatewayFile, capsys: pytest.CaptureFixture[str]) -> None:
    of_csv, of_json, of_table = (
        Run(capsys, "keys", *form, "--db", str(gateway.path), *AS_OF).out for form in (["--csv"], ["--json"], [])
    )
    words = ["", "rejected", "unproven"]
    assert of_csv.splitlines()[0] == "key,kind,status,failure_count,calls_24h,failed_24h,last_call_at,reason"
    assert [row["reason"] for row in csv.DictReader(io.StringIO(of_csv))] == words
    assert [one["reason"] or "" for one in json.loads(of_json)["keys"]] == words
    assert [line.split()[3] for line in of_table.splitlines()[:4]] == ["REASON", "–", "rejected", "unproven"]


@pytest.mark.parametrize("form", ["--json", "--csv"])
def test_keys_in_full_only_when_asked(gateway: GatewayFile, capsys: pytest.CaptureFixture[str], form: str) -> None:
    assert A not in Run(capsys, "keys", form, "--db", str(gateway.path), *AS_OF).out
    assert A in Run(capsys, "keys", form, "--show-keys", "--db", str(gateway.path), *AS_OF).out


@pytest.mark.parametrize("wanted", ["0001", "AIzaSy…0001"])
def test_usage_as_json_is_the_gateways_own_payload(
    gateway: GatewayFile, capsys: pytest.CaptureFixture[str], wanted: str
) -> None:
    run = Run(capsys, "usage", wanted, "--json", "--db", str(gateway.path), *AS_OF)
    assert list(json.loads(run.out).items()) == [("gemini-2.5-pro", 10), ("a<b>\x1b[31m", 1)]
    assert "\x1b" not in run.out


def test_usage_as_a_table_shows_the_unknown_model_and_no_escape_sequences(
    gateway: GatewayFile, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(capsys, "usage", A, "--db", str(gateway.path), *AS_OF)
    assert "(unknown)" in run.out
    assert "\\u001b[31m" in run.out
    assert "\x1b" not in run.out
    assert run.out.splitlines()[-1].split() == ["total", "12", "12", "0"]


def test_usage_of_a_key_from_standard_input(
    gateway: GatewayFile, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{B}\n"))
    run = Run(capsys, "usage", "-", "--json", "--db", str(gateway.path), *AS_OF)
    assert json.loads(run.out) == {"gemini-2.5-flash": 3}


def test_usage_of_a_key_without_calls(gateway: GatewayFile, capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(Run(capsys, "usage", "vvvv", "--json", "--db", str(gateway.path), *AS_OF).out) == {}
    assert "No calls" in Run(capsys, "usage", "vvvv", "--db", str(gateway.path), *AS_OF).out


def test_stats_as_json(gateway: GatewayFile, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(capsys, "stats", "--json", "--db", str(gateway.path), *AS_OF)
    day = {"total": 15, "success": 12, "failure": 3}
    none = {"total": 0, "success": 0, "failure": 0}
    assert json.loads(run.out) == {"calls_1m": none, "calls_1h": day, "calls_24h": day, "calls_month": day}


def test_stats_as_a_table(gateway: GatewayFile, capsys: pytest.CaptureFixture[str]) -> None:
    out = Run(capsys, "stats", "--db", str(gateway.path), *AS_OF).out
    assert out.splitlines()[3].split() == ["24", "hours", "15", "12", "3"]


@pytest.mark.parametrize("kind", ["path", "url", "env"])
def test_a_gateway_is_named_in_three_ways(
    gateway: GatewayFile, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    (tmp_path / ".env").write_text("DATABASE_TYPE=sqlite\nSQLITE_DATABASE=../gateway.db\n")
    named = {
        "path": ["--db", str(gateway.path)],
        "url": ["--db", f"sqlite:///{gateway.path}"],
        "env": ["--env", str(tmp_path / ".env")],
    }[kind]
    (tmp_path / "data").mkdir()
    assert Run(capsys, *named, "keys", *AS_OF).code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["keys"], 2, "--db PATH, --env FILE, --profile NAME or --demo"),
        (["nonsense"], 2, "invalid choice"),
        (["keys", "--db", "x", "--env", "y"], 2, "not allowed"),
        (["keys", "--db", "absent.db"], 3, "no such file"),
        (["keys", "--db", "mysql://root:canary@h"], 2, "write mysql://user@host:port/database"),
        (["keys", "--db", "oracle://root:canary@h/d"], 2, "keymon reads SQLite, MySQL and MariaDB"),
        (["keys", "--env", "absent.env"], 2, "no such file"),
        (["keys", "--db", "GATEWAY", "--gateway-tz", "Mars"], 2, "no such time zone"),
        (["keys", "--db", "GATEWAY", "--as-of", "yesterday"], 2, "not a time"),
        (["usage", "nothing", "--db", "GATEWAY"], 2, "no key"),
        (["usage", "--db", "GATEWAY"], 2, "KEY"),
        (["screenshot", "--db", "GATEWAY"], 2, "--out"),
        (["screenshot", "--db", "absent.db", "--out", "shots"], 3, "no such file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_done_is_told_in_one_line(
    gateway: GatewayFile,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    run = Run(capsys, *(str(gateway.path) if a == "GATEWAY" else a for a in arguments))
    assert run.code == code
    assert message in run.error
    assert run.error.startswith("keymon: ")
    assert "canary" not in run.error


def test_a_damaged_key_list_is_told_beside_the_figures(
    make_gateway: MakeGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(capsys, "keys", "--json", "--db", str(make_gateway(API_KEYS='["a').path), *AS_OF)
    assert run.code == 0
    assert len(json.loads(run.out)["keys"]) == 1
    assert "API_KEYS is damaged" in run.err


def test_a_key_that_stands_where_a_model_belongs_is_masked(
    gateway: GatewayFile, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.call(B, "2026-11-23 14:50:00.000000", A)
    for form in ([], ["--json"]):
        run = Run(capsys, "usage", B, *form, "--db", str(gateway.path), *AS_OF)
        assert A not in run.out
        assert "gemini-2.5-flash" in run.out


def test_a_key_typed_in_the_wrong_place_is_masked(capsys: pytest.CaptureFixture[str]) -> None:
    assert A not in Run(capsys, "keys", A).error


@pytest.mark.parametrize("as_of", ["0001-01-01", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00+14:00"])
def test_an_instant_beyond_all_calendars_is_refused(
    gateway: GatewayFile, capsys: pytest.CaptureFixture[str], as_of: str
) -> None:
    run = Run(capsys, "keys", "--db", str(gateway.path), "--as-of", as_of, "--gateway-tz", "-8")
    assert run.code == 2
    assert "not a time" in run.error


@pytest.mark.parametrize("time", ["9999-12-31 23:59:59.999999", "0001-01-01 00:00:00", 2**62, 2**63 - 1, "99999-01-01"])
def test_a_row_dated_beyond_all_calendars_costs_nothing_but_itself(
    gateway: GatewayFile, capsys: pytest.CaptureFixture[str], time: object
) -> None:
    gateway.calls([(None, time, "m", A, 0, 500, 1000)])
    run = Run(capsys, "stats", "--json", "--db", str(gateway.path), *AS_OF)
    assert json.loads(run.out)["calls_24h"]["total"] == 15


def test_a_huge_maximum_of_failures_is_no_fault(make_gateway: MakeGateway, capsys: pytest.CaptureFixture[str]) -> None:
    gateway = make_gateway([A], MAX_FAILURES="1000000000000")
    assert Run(capsys, "keys", "--db", str(gateway.path), *AS_OF).code == 0


def test_an_error_tells_the_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Check the path" in Run(capsys, "keys", "--db", "absent.db").error


def test_a_window_needs_a_display(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    run = Run(capsys)
    assert run.code == 2
    assert "no display" in run.error


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert Run(capsys, "--version").out.startswith(f"keymon {__version__}\nPython ")


@pytest.mark.parametrize(
    "command", [["keys"], ["usage", "0001"], ["stats"], ["calls"], ["errors"], ["attention"]], ids=lambda c: c[0]
)
def test_text_commands_import_no_qt(gateway: GatewayFile, command: list[str]) -> None:
    program = (
        "import sys; from keymon.cli import main; code = main(sys.argv[1:]);"
        "sys.exit(code or any(name.startswith('PySide6') for name in sys.modules))"
    )
    arguments = [sys.executable, "-c", program, *command, "--db", str(gateway.path), *AS_OF]
    assert subprocess.run(arguments, check=False, stdout=subprocess.DEVNULL).returncode == 0


def test_a_reader_that_has_seen_enough_is_no_error(gateway: GatewayFile) -> None:
    command = f"{sys.executable} -m keymon keys --db {gateway.path} --as-of 2026-11-23T07:00Z --gateway-tz +8 | head -1"
    run = subprocess.run(["/bin/sh", "-c", command], check=True, capture_output=True, text=True)
    assert run.stderr == ""


def test_every_key_of_a_real_gateway_is_answered_as_the_gateway_answers(
    real_gateway: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = json.loads((real_gateway / "answers.json").read_text())
    database = str(real_gateway / "gateway.sqlite")
    for api_key, expected in answers["usage_24h"].items():
        run = Run(capsys, "usage", api_key, "--db", database, *AS_OF, "--json")
        assert json.loads(run.out) == expected


def test_a_live_gateway_needs_no_options_but_its_database(
    make_gateway: MakeGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = make_gateway([A])
    local = (datetime.now(UTC) + timedelta(hours=5, minutes=30)).replace(tzinfo=None)
    gateway.call(A, local - timedelta(milliseconds=100), latency_ms=100)
    run = Run(capsys, "keys", "--json", "--db", str(gateway.path))
    found = json.loads(run.out)
    assert found["gateway"]["time_zone"] == "+05:30"
    assert found["gateway"]["time_zone_source"] == "detected"
    assert found["keys"][0]["calls_24h"] == 1
    assert run.err == ""


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--new-window", "--profile", "Home"],
        ["--db", "keys", "--gateway-tz", "+08:00", "--as-of", "2026-11-23T12:00:00Z"],
        ["--env=.env"],
        ["--demo"],
    ],
    ids=" ".join,
)
def test_the_window_is_opened_by_the_same_options_without_the_commands(arguments: list[str]) -> None:
    assert cli._parsed(arguments) == cli._parser().parse_args(arguments)
