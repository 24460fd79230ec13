"""`keymon calls`, `errors` and `attention`, as scripts use them."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partialmethod
from pathlib import Path

import pytest

from keymon import cli_errors, console, error_browser
from keymon.error_browser import ErrorBrowser
from keymon.errors import DatabaseLockedError
from keymon.locations import FileLocation
from keymon.masking import mask_key
from tests.gateway import Gateway, MakeAnyGateway, on_sqlite_only
from tests.gateway_file import key
from tests.mariadb import READER_PASSWORD
from tests.test_cli import AS_OF, Run

RunIt = Callable[..., Run]
A, B, GONE = key(1), key(2), key(3)
AT = datetime(2026, 11, 23, 14)
GOOGLE = '{"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"}}'
STEER = "a<b>\x1b[31m\u202e"


@pytest.fixture
def gateway(make_any_gateway: MakeAnyGateway) -> Gateway:
    made = make_any_gateway([A, B])
    for minute, (api_key, model, status, latency) in enumerate(
        [
            (A, "gemini-2.5-pro", 200, 900),
            (B, "gemini-2.5-flash", 429, 20),
            (B, "gemini-2.5-flash", 429, None),
            (A, None, 429, 5),
            (GONE, STEER, 400, 7),
            (None, "=cmd()", None, 7),
        ]
    ):
        made.call(api_key, AT + timedelta(minutes=minute), model, status, latency)
    made.call(A, AT - timedelta(hours=9), "old", 200)
    made.errors(
        [
            (A, "gemini-2.5-pro", "gemini-chat", f"the key {A} is leaked\nsecond line", 403, None, AT),
            (B, None, None, None, None, None, AT + timedelta(minutes=1)),
            (B, "gemini-2.5-flash", "gemini-chat", GOOGLE, 400, None, AT + timedelta(minutes=2)),
            (GONE, STEER, STEER, f"{STEER}\nsk-canary0123456789", 400, None, AT + timedelta(minutes=3)),
            (A, "old", "gemini-chat", "=1+1", 500, None, AT - timedelta(hours=30)),
        ]
    )
    return made


@pytest.fixture
def run(gateway: Gateway, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> RunIt:
    location = gateway.location
    if isinstance(location, FileLocation):
        database = str(location.path)
    else:
        database = location.shown
        monkeypatch.setenv("KEYMON_PASSWORD", READER_PASSWORD)

    def go(*arguments: str) -> Run:
        return Run(capsys, *arguments, "--db", database, *AS_OF)

    return go


def test_calls_as_json(run: RunIt) -> None:
    done = run("calls", "--json", "--limit", "2")
    assert done.code == 0
    assert json.loads(done.out) == {
        "schema": 1,
        "as_of": "2026-11-23T07:00:00+00:00",
        "time_zone": "Asia/Shanghai",
        "time_zone_source": "set",
        "total": 7,
        "calls": [
            {
                "time": "2026-11-23T06:05:00.000+00:00",
                "key": None,
                "model": "=cmd()",
                "status": None,
                "success": False,
                "latency_ms": 7,
            },
            {
                "time": "2026-11-23T06:04:00.000+00:00",
                "key": mask_key(GONE),
                "model": STEER,
                "status": 400,
                "success": False,
                "latency_ms": 7,
            },
        ],
    }


@pytest.mark.parametrize(
    ("options", "minutes"),
    [
        ([], [5, 4, 3, 2, 1, 0, -540]),
        (["--period", "8h"], [5, 4, 3, 2, 1, 0]),
        (["--key", B], [2, 1]),
        (["--key", "0003"], [4]),
        (["--key", mask_key(B)], [2, 1]),
        (["--key", mask_key(GONE)], [4]),
        (["--model", "gemini-2.5-flash"], [2, 1]),
        (["--model", "none"], [3]),
        (["--status", "429"], [3, 2, 1]),
        (["--status", "none"], [5]),
        (["--status", "null"], [5]),
        (["--failures", "--key", "0001"], [3]),
        (["--status", "418"], []),
    ],
    ids=str,
)
def test_only_the_calls_that_are_wanted(run: RunIt, options: list[str], minutes: list[int]) -> None:
    found = json.loads(run("calls", "--json", *options).out)["calls"]
    started = datetime.fromisoformat("2026-11-23T06:00:00+00:00")
    assert [(datetime.fromisoformat(call["time"]) - started) / timedelta(minutes=1) for call in found] == minutes


def test_periods_of_calls(run: RunIt, gateway: Gateway) -> None:
    gateway.call(A, AT - timedelta(hours=2), "between", 200)
    found = {
        period: json.loads(run("calls", "--json", "--period", period).out)["total"] for period in ("1h", "8h", "24h")
    }
    assert found == {"1h": 6, "8h": 7, "24h": 8}


def test_calls_as_a_table(run: RunIt) -> None:
    lines = run("calls").out.splitlines()
    assert lines[0].split() == ["TIME", "KEY", "MODEL", "STATUS", "MS"]
    assert lines[1].split() == ["2026-11-23", "14:05:00", "(none)", "=cmd()", "no", "status", "7"]
    assert lines[2].split() == ["2026-11-23", "14:04:00", mask_key(GONE), "a<b>\\u001b[31m\\u202e", "400", "7"]
    assert lines[4].split()[-2:] == ["429", "–"]
    assert lines[-1] == "7 of 7 calls, newest first. Times are the gateway's (Asia/Shanghai, set)."


def test_attention_has_the_rows_of_the_gateways_own_payload(run: RunIt) -> None:
    assert json.loads(run("attention", "--json", "--show-keys").out) == {
        "schema": 1,
        "as_of": "2026-11-23T07:00:00+00:00",
        "time_zone": "Asia/Shanghai",
        "time_zone_source": "set",
        "keys": [
            {"key": B, "count": 2, "status_code": 429},
            {"key": A, "count": 1, "status_code": 429},
        ],
    }
    assert json.loads(run("attention", "--json", "--limit", "1").out)["keys"] == [
        {"key": mask_key(B), "count": 2, "status_code": 429}
    ]
    assert json.loads(run("attention", "--status", "400", "--json").out)["keys"] == []
    assert run("attention").out.splitlines()[1].split() == [mask_key(B), "2"]
    assert "No key has a call of status 418" in run("attention", "--status", "418").out


@pytest.mark.parametrize("status", [400, 403, 429, 500])
@pytest.mark.parametrize("limit", [20, 2])
def test_attention_is_what_the_recorded_gateway_answered(
    real_gateway: Path, capsys: pytest.CaptureFixture[str], status: int, limit: int
) -> None:
    """Among keys with as many calls the gateway's order is that of its database, which no ORDER BY settles."""
    answered = json.loads((real_gateway / "answers.json").read_text())[f"attention_{status}"]
    arguments = ["--status", str(status), "--limit", str(limit), "--show-keys", "--json"]
    done = Run(capsys, "attention", *arguments, "--db", str(real_gateway / "gateway.sqlite"), *AS_OF)
    found = json.loads(done.out)["keys"]
    assert [row["count"] for row in found] == [row["count"] for row in answered][:limit]
    assert {row["status_code"] for row in found} == {status}
    assert found
    assert all(row in answered for row in found)
    assert max(Counter(row["key"] for row in found).values()) == 1


def test_errors_as_json(run: RunIt) -> None:
    done = run("errors", "--json", "--limit", "2")
    assert json.loads(done.out) == {
        "schema": 1,
        "as_of": "2026-11-23T07:00:00+00:00",
        "time_zone": "Asia/Shanghai",
        "time_zone_source": "set",
        "since": "2026-11-22T07:00:00+00:00",
        "more": True,
        "errors": [
            {
                "time": "2026-11-23T06:03:00.000+00:00",
                "key": mask_key(GONE),
                "model": STEER,
                "code": 400,
                "type": STEER,
                "message": STEER,
            },
            {
                "time": "2026-11-23T06:02:00.000+00:00",
                "key": mask_key(B),
                "model": "gemini-2.5-flash",
                "code": 400,
                "type": "gemini-chat",
                "message": "API key not valid.",
            },
        ],
    }


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ([], 4),
        (["--since", "all"], 5),
        (["--since", "2d"], 5),
        (["--since", "59m"], 3),
        (["--since", "2026-11-23T14:02"], 2),
        (["--since", "2026-11-23T06:02Z"], 2),
        (["--key", B], 2),
        (["--key", "0003"], 1),
        (["--key", GONE], 1),
        (["--key", mask_key(GONE)], 1),
        (["--key", mask_key(B)], 2),
        (["--key", GONE, "--code", "500"], 0),
        (["--text", "NOT VALID"], 1),
        (["--code", "400"], 2),
        (["--code", "none"], 1),
        (["--model", "none"], 1),
        (["--limit", "3"], 3),
    ],
    ids=str,
)
def test_only_the_errors_that_are_wanted(run: RunIt, options: list[str], count: int) -> None:
    assert len(json.loads(run("errors", "--json", *options).out)["errors"]) == count


def test_errors_are_read_page_by_page(run: RunIt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_errors, "_PAGE", 2)
    monkeypatch.setattr(error_browser, "_ROWS_AT_FIRST", 1)
    assert len(json.loads(run("errors", "--json", "--since", "all").out)["errors"]) == 5
    assert len(json.loads(run("errors", "--json", "--since", "all", "--limit", "3").out)["errors"]) == 3


def test_a_page_without_errors_is_not_the_last(run: RunIt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(error_browser, "_ROWS_AT_FIRST", 1)
    monkeypatch.setattr(error_browser, "_MOST_ROWS", 1)
    monkeypatch.setattr(ErrorBrowser, "page", partialmethod(ErrorBrowser.page, patience=-1))
    found = json.loads(run("errors", "--json", "--since", "all", "--text", "is leaked").out)["errors"]
    assert [row["model"] for row in found] == ["gemini-2.5-pro"]


@on_sqlite_only("a server cuts the time off at the second")
def test_times_are_told_to_the_millisecond(run: RunIt, gateway: Gateway) -> None:
    at = AT + timedelta(minutes=40, milliseconds=123)
    gateway.call(A, at, "m", 429)
    gateway.error(A, at, "text")
    for command in ("calls", "errors"):
        assert json.loads(run(command, "--json").out)[command][0]["time"] == "2026-11-23T06:40:00.123+00:00"


def test_errors_tell_whether_there_are_older_ones(run: RunIt) -> None:
    def more(*options: str) -> object:
        return json.loads(run("errors", "--json", *options).out)["more"]

    assert [more("--limit", limit) for limit in ("3", "4", "5")] == [True, False, False]
    assert [more("--since", "all", "--limit", limit) for limit in ("4", "5")] == [True, False]
    assert more("--code", "400", "--limit", "2") is False
    assert [run("errors", *options).out.splitlines()[-1].partition(". ")[0] for options in (["--limit", "3"], [])] == [
        "3 errors in the last 24 hours, newest first; there are older ones",
        "4 errors in the last 24 hours, newest first",
    ]


def test_older_errors_are_not_looked_for_long(run: RunIt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(error_browser, "_ROWS_AT_FIRST", 1)
    monkeypatch.setattr(error_browser, "_MOST_ROWS", 1)
    monkeypatch.setattr(ErrorBrowser, "page", partialmethod(ErrorBrowser.page, patience=-1))
    wanted = ["errors", "--since", "all", "--code", "400", "--limit", "2"]
    assert json.loads(run(*wanted, "--json").out)["more"] is None
    assert "2 errors in the whole log, newest first; older ones have not been looked for." in run(*wanted).out


@pytest.mark.parametrize(
    ("since", "words"),
    [
        ("59m", "3 errors in the last 59 minutes, newest first."),
        ("1h", "4 errors in the last 1 hour, newest first."),
        ("2d", "5 errors in the last 2 days, newest first."),
        ("all", "5 errors in the whole log, newest first."),
        ("2026-11-23T06:03Z", "1 error since 2026-11-23 14:03:00, newest first."),
        ("0m", "0 errors in the last 0 minutes."),
    ],
)
def test_errors_name_their_period(run: RunIt, since: str, words: str) -> None:
    assert run("errors", "--since", since).out.splitlines()[-1].startswith(words)


@pytest.mark.parametrize("command", ["calls", "errors"])
def test_what_is_off_about_the_gateway_is_told_beside_them(
    gateway: Gateway, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("KEYMON_PASSWORD", READER_PASSWORD)
    gateway.execute("DELETE FROM t_settings")
    location = gateway.location
    place = str(location.path) if isinstance(location, FileLocation) else location.shown
    done = Run(capsys, command, "--db", place, "--as-of", "2026-11-25T15:00:00+08:00")
    assert done.code == 0
    assert "The gateway's time zone could not be detected" in done.err
    assert "no setting API_KEYS" in done.err


def test_a_log_that_has_ended_is_told_beside_no_errors(
    gateway: Gateway, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYMON_PASSWORD", READER_PASSWORD)
    gateway.empty_log()
    gateway.call(A, datetime(2020, 1, 1), "m", 200)
    location = gateway.location
    place = str(location.path) if isinstance(location, FileLocation) else location.shown
    done = Run(capsys, "errors", "--key", B, "--db", place, "--since", "0m")
    assert "0 errors in the last 0 minutes. " in done.out
    assert "The newest call in the log ended at 2020-01-01 00:00" in done.err


def test_whole_texts_when_asked(run: RunIt) -> None:
    texts = [row["text"] for row in json.loads(run("errors", "--full", "--json").out)["errors"]]
    assert texts == [
        f"{STEER}\nsk-can…6789".replace("sk-can…6789", mask_key("sk-canary0123456789")),
        GOOGLE,
        "",
        f"the key {mask_key(A)} is leaked\nsecond line",
    ]


def test_whole_texts_in_a_table_are_laid_out_and_steer_no_terminal(run: RunIt, gateway: Gateway) -> None:
    gateway.error(A, AT + timedelta(minutes=4), "x" * 9_000 + "\t\x1b\u202e end\n\n")
    lines = run("errors", "--full").out.splitlines()
    assert lines[2] == "    " + "x" * 9_000 + "    \\u001b\\u202e end"
    assert lines[3] == ""
    google = lines.index("    {")
    laid_out = json.dumps(json.loads(GOOGLE), indent=2).splitlines()
    assert [line[4:] for line in lines[google : google + len(laid_out)]] == laid_out
    assert lines[-5].split()[:3] == ["2026-11-23", "14:00:00", mask_key(A)]
    assert lines[-4:-1] == [f"    the key {mask_key(A)} is leaked", "    second line", ""]


FORMS = [[], ["--json"], ["--csv"], ["--full"], ["--full", "--json"], ["--full", "--csv"]]


@pytest.mark.parametrize("command", ["calls", "errors", "attention"])
@pytest.mark.parametrize("form", FORMS, ids=lambda form: " ".join(form) or "table")
def test_keys_are_masked_and_nothing_steers_a_terminal_or_a_spreadsheet(
    run: RunIt, command: str, form: list[str]
) -> None:
    if command != "errors" and "--full" in form:
        form = form[1:]
    more = ["--since", "all"] if command == "errors" else []
    out = run(command, *form, *more).out
    assert not [one for one in (A, B, GONE, "sk-canary0123456789") if one in out]
    assert mask_key(B) in out or json.dumps(mask_key(B))[1:-1] in out
    assert "\x1b" not in out
    assert "\u202e" not in out
    if "--csv" in form:
        cells = [cell for row in csv.reader(io.StringIO(out)) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
        assert command == "attention" or [cell for cell in cells if cell.startswith("'=")]
    shown = run(command, *form, *more, "--show-keys").out
    assert B in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"]], ids=lambda form: " ".join(form) or "table")
def test_a_key_that_was_sent_as_a_model_is_masked(run: RunIt, gateway: Gateway, form: list[str]) -> None:
    gateway.call(A, AT + timedelta(minutes=30), GONE, 404)
    gateway.errors([(A, GONE, GONE, "text", 404, None, AT + timedelta(minutes=30))])
    for command in ("calls", "errors"):
        out = run(command, *form).out
        assert GONE not in out
        assert mask_key(GONE) in out or json.dumps(mask_key(GONE))[1:-1] in out


@pytest.mark.parametrize("options", [[], ["--show-keys"]], ids=["masked", "whole"])
def test_a_key_does_not_steer_a_terminal(run: RunIt, gateway: Gateway, options: list[str]) -> None:
    gateway.call(STEER * 5, AT, "m", 400)
    gateway.error(STEER * 5, AT, "text")
    for command in ("calls", "errors"):
        out = run(command, *options).out
        assert not {"\x1b", "\u202e"} & set(out)
        assert ("a<b>\\u001b[31m\\u202ea<b>" in out) == bool(options)


@on_sqlite_only("a server keeps no text as a status")
def test_a_status_may_be_a_text(run: RunIt, gateway: Gateway) -> None:
    gateway.call(B, AT, "m", "All connection attempts failed")
    gateway.call(B, AT, "m", "")
    found = json.loads(run("calls", "--status", "All connection attempts failed", "--json").out)["calls"]
    assert [call["status"] for call in found] == ["All connection attempts failed"]
    assert (
        json.loads(run("attention", "--status", "All connection attempts failed", "--json").out)["keys"][0]["count"]
        == 1
    )
    assert len(json.loads(run("calls", "--status", "", "--json").out)["calls"]) == 1
    assert "network error" in run("calls").out
    assert "CALLS WITH NETWORK ERROR" in run("attention", "--status", "").out
    assert "'', All connection attempts failed, " in run("calls", "--status", "gone").error


def test_a_status_that_cannot_be_is_told_with_those_that_occur(run: RunIt, gateway: Gateway) -> None:
    for command in (["calls", "--status"], ["attention", "--status"]):
        error = run(*command, "4xx").error
        assert "4xx: not a status; give a whole number, null for none, or a text that occurs" in error
        assert error.endswith("those that occur: 429, null, 400\n")
    assert run("errors", "--code", "abc").error.endswith("those that occur: 400, null, 403\n")
    gateway.execute("DELETE FROM t_error_logs")
    assert run("errors", "--code", "abc").error.endswith("those that occur: none\n")


@on_sqlite_only("a server keeps no text as a code")
def test_a_code_may_be_a_text(run: RunIt, gateway: Gateway) -> None:
    gateway.errors([(A, "m", None, "text", "refused", None, AT), (A, "m", None, "text", "", None, AT)])
    assert len(json.loads(run("errors", "--code", "refused", "--json").out)["errors"]) == 1
    assert json.loads(run("errors", "--code", "refused", "--key", B, "--json").out)["errors"] == []
    assert "network error" in run("errors").out
    assert run("errors", "--code", "refused", "--since", "59m").code == 2


def test_keys_that_are_no_longer_in_the_pool_are_not_mixed(run: RunIt, gateway: Gateway) -> None:
    gateway.error("another0003", AT, "text")
    assert "2 keys end in 3" in run("errors", "--key", "3").error
    assert "2 keys end in 0003" in run("errors", "--key", "0003", "--limit", "1").error
    assert len(json.loads(run("errors", "--key", GONE, "--json").out)["errors"]) == 1
    gateway.error("0003", AT, "text")
    assert len(json.loads(run("errors", "--key", "0003", "--json").out)["errors"]) == 1
    assert run("errors", "--key", GONE, "--since", "5m").code == 2


def test_wrong_options_are_told_in_words(run: RunIt) -> None:
    assert "argument --limit: 0: not a whole number from 1 to 1,000,000" in run("calls", "--limit", "0").error
    assert "7x: neither an age, such as 30m, 24h or 7d, nor a time" in run("errors", "--since", "7x").error
    assert "no key of the pool, and none with an error in that time, is zzz" in run("errors", "--key", "zzz").error


@pytest.mark.parametrize(
    "arguments",
    [
        ["calls", "--key", "nobody"],
        ["calls", "--key", ""],
        ["calls", "--key", "000"],
        ["errors", "--key", ""],
        ["errors", "--key", "zzz"],
        ["errors", "--key", "000"],
        ["errors", "--since", "yesterday"],
        ["errors", "--since", "99999999d"],
        ["errors", "--since", "0001-01-01"],
        ["errors", "--since", "9999-12-31T23:59"],
        ["calls", "--limit", "0"],
        ["calls", "--limit", "many"],
        ["calls", "--period", "7d"],
        ["attention", "--json", "--csv"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_one_line_and_exit_code_2(run: RunIt, arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert "Traceback" not in done.error


def test_no_table_of_errors_is_one_line_and_exit_code_3(run: RunIt, gateway: Gateway) -> None:
    gateway.execute("DROP TABLE t_error_logs")
    done = run("errors")
    assert done.code == 3
    assert "no t_error_logs" in done.error


def test_a_key_can_come_from_standard_input(run: RunIt, monkeypatch: pytest.MonkeyPatch) -> None:
    for command, name in (("calls", "calls"), ("errors", "errors")):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{B}\n"))
        assert len(json.loads(run(command, "--key", "-", "--json").out)[name]) == 2


def test_an_empty_log_is_an_empty_list(run: RunIt, gateway: Gateway) -> None:
    gateway.execute("DELETE FROM t_error_logs")
    gateway.empty_log()
    assert json.loads(run("errors", "--json").out)["errors"] == []
    assert json.loads(run("calls", "--json").out)["calls"] == []
    assert run("errors", "--csv").out == "time,key,model,code,type,message\n"
    assert run("errors").code == run("errors", "--full").code == run("calls").code == 0


def test_a_lock_that_is_let_go_of_is_waited_for() -> None:
    tries: list[int] = []

    def read() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise DatabaseLockedError(database="x")
        return "read"

    def never() -> str:
        raise DatabaseLockedError(database="x")

    assert console.patiently(read) == "read"
    with pytest.raises(DatabaseLockedError):
        console.patiently(never)
