"""Faults of the settings: read as the gateway reads them; what cannot be read is told, and the last good pool kept."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keymon.gui.main_window import MainWindow
from keymon.gui.poller import Source
from keymon.locations import Location, ServerLocation
from keymon.masking import mask_key
from keymon.monitor import Monitor, Snapshot
from tests.faults.canaries import invisible
from tests.faults.told import (
    AS_OF,
    printed,
    refused,
    retry,
    shows_figures,
    shows_no_figures,
    untouched,
)
from tests.gateway import Gateway, MakeAnyGateway, on_sqlite_only
from tests.gateway_file import GatewayFile, key
from tests.gui.conftest import NOW, Bench

A, B, C = key(0), key(1), key(2)
LOCAL = NOW.replace(tzinfo=None) - timedelta(minutes=1)
DEFAULT_MODEL = "gemini-2.5-flash-lite"


# The gateway's rules, told once more in the plainest way


def list_of_a_gateway(text: str) -> list[str]:
    """JSON that is a list gives its items as text; all else is split at commas, and what is left is trimmed."""
    try:
        found = json.loads(text)
    except ValueError:
        found = text
    if type(found) is list:
        return list(map(str, found))
    return list(filter(None, map(str.strip, text.split(","))))


def number_of_a_gateway(text: str, default: int) -> int:
    try:
        return int(text)
    except ValueError:
        return default


@dataclass(frozen=True)
class Case:
    """A stored value, what is read of it (None: it cannot be read) and what is said about that."""

    value: object
    read: object
    told: str = ""


DEEP = 100_000
DAMAGED = "is damaged: it is no JSON list, so the gateway splits it at commas"
LISTS = {
    "an opening bracket": Case("[", ["["], DAMAGED),
    "a list that is cut off": Case('["a", "b', ['["a"', '"b'], DAMAGED),
    "null": Case("null", ["null"], DAMAGED),
    "a dict": Case('{"a": 1, "b": 2}', ['{"a": 1', '"b": 2}'], DAMAGED),
    "a string": Case('"a"', ['"a"'], DAMAGED),
    "a number": Case("17", ["17"]),
    "an empty list": Case("[]", []),
    "a list": Case('["b", "a"]', ["b", "a"]),
    "a nested list": Case('["a", ["b", ["c"]], {"d": 1}]', ["a", "['b', ['c']]", "{'d': 1}"]),
    "other than texts": Case('["a", 5, null, true, 1.5]', ["a", "5", "None", "True", "1.5"]),
    "duplicates": Case('["a", "b", "a"]', ["a", "b"]),
    "spaces in a list": Case('[" a ", ""]', [" a ", ""]),
    "a comma list": Case("b, a ,,c,", ["b", "a", "c"]),
    "one key": Case("a", ["a"]),
    "empty": Case("", []),
    "spaces and line breaks": Case(" \n\t,\r ", []),
    "half a character": Case('["\\ud800"]', ["\ud800"]),
    "control characters": Case('["a\\u0000b\\u202ec\\u001b[31m"]', ["a\0b\u202ec\x1b[31m"]),
    "HTML": Case('["<b>a</b><br>"]', ["<b>a</b><br>"]),
    "a number beyond all": Case(f"[{'9' * 5_000}]", [f"[{'9' * 5_000}]"], DAMAGED),
    "not a number": Case("[NaN, 1e999]", ["nan", "inf"]),
    "a long key": Case(f'["{"x" * 50_000}"]', ["x" * 50_000]),
    "nested as deep as the TEXT of a server holds": Case("[" * 60_000, None, "it is nested too deeply"),
    "NULL": Case(None, None, "it holds no text"),
}
FILE_LISTS = {
    "100,000 deep": Case("[" * DEEP + "]" * DEEP, None, "it is nested too deeply"),
    "100,000 deep dicts": Case('[{"a":' * DEEP, None, "it is nested too deeply"),
    "a blob": Case(b'["a"]', None, "it holds no text"),
    "a blob that is not UTF-8": Case(b"\xff\xfe", None, "it holds no text"),
    "a whole number": Case(5, ["5"]),  # the column's affinity makes text of it
}
NAMES = ["API_KEYS", "VERTEX_API_KEYS"]


@pytest.fixture
def gateway(make_any_gateway: MakeAnyGateway) -> Gateway:
    """A gateway with two keys in either list, and four calls of the first of them."""
    made = make_any_gateway([A, B], VERTEX_API_KEYS=f'["{C}"]')
    made.calls([(None, LOCAL, "m", A, True, 200, 100)] * 4)
    return made


def source(location: Location) -> Source:
    return Source("a gateway", lambda: Monitor(location, UTC, now=lambda: NOW))


def follow(bench: Bench, gateway: Gateway) -> Snapshot:
    with bench.qtbot.waitSignal(bench.poller.refreshed):
        bench.window.follow(source(gateway.location))
    return bench.snapshot


def named(location: Location) -> str:
    if isinstance(location, ServerLocation):
        return location.url.render_as_string(hide_password=False)
    return str(location.path)


def keys_of(snapshot: Snapshot, name: str) -> list[str]:
    settings = snapshot.settings
    return list(settings.gemini_keys if name == "API_KEYS" else settings.vertex_keys)


def expected_pool(name: str, keys: object) -> list[str]:
    assert isinstance(keys, list)
    return list(dict.fromkeys([*keys, C] if name == "API_KEYS" else [A, B, *keys]))


def meets_a_list(bench: Bench, gateway: Gateway, capsys: pytest.CaptureFixture[str], name: str, case: Case) -> None:
    """See that a key list is read, or told, in the midst and at the start, in the window and by the command line."""
    follow(bench, gateway)
    before = bench.snapshot
    gateway.setting(name, case.value)
    snapshot = bench.refresh()
    banner = bench.window.banner.text if bench.window.banner.isVisible() else ""
    if case.read is None:
        assert f"setting {name} cannot be read ({case.told})" in banner
        assert "The keys read before are still shown." in banner
        assert snapshot.settings.pool == before.settings.pool
        assert bench.window.summary.day.figure == "4"
        with bench.qtbot.waitSignal(bench.poller.failed):
            bench.window.follow(source(gateway.location))
        shows_no_figures(bench, f"setting {name} cannot be read ({case.told})")
        assert f"{name} cannot be read" in refused(capsys, 3, "keys", "--db", named(gateway.location))
        gateway.setting(name, f'["{A}"]')
        retry(bench)
        shows_figures(bench, 4)
        return
    assert case.told in banner
    assert keys_of(snapshot, name) == case.read
    assert [one.key for one in snapshot.keys] == expected_pool(name, case.read)
    out, err = printed(capsys, "keys", "--json", "--show-keys", "--db", named(gateway.location), *AS_OF)
    shown = [one["key"] for one in json.loads(out)["keys"]]
    assert shown == [one.key for one in snapshot.keys]
    assert (f"setting {name} {case.told}" in err) == bool(case.told)
    with closing(Monitor(gateway.location, UTC, now=lambda: NOW)) as monitor:
        for api_key in case.read:
            assert monitor.usage(api_key).usage == ()
    for form in (["--csv"], []):
        printed(capsys, "keys", *form, "--db", named(gateway.location), *AS_OF)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", LISTS)
def test_a_key_list_is_read_as_the_gateway_reads_it_or_told(
    bench: Bench,
    gateway: Gateway,
    capsys: pytest.CaptureFixture[str],
    model_testers: Callable[[MainWindow], None],
    case: str,
    name: str,
) -> None:
    model_testers(bench.window)
    meets_a_list(bench, gateway, capsys, name, LISTS[case])


@on_sqlite_only("a server keeps no such thing in a TEXT")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", FILE_LISTS)
def test_a_key_list_that_only_a_file_holds(
    bench: Bench, gateway: Gateway, capsys: pytest.CaptureFixture[str], case: str, name: str
) -> None:
    meets_a_list(bench, gateway, capsys, name, FILE_LISTS[case])


@on_sqlite_only("a server keeps no text that is none")
def test_a_key_list_that_is_text_but_not_utf8(bench: Bench, gateway: Gateway) -> None:
    assert isinstance(gateway, GatewayFile)
    follow(bench, gateway)
    gateway.remove_setting("API_KEYS")
    gateway.execute("INSERT INTO t_settings (`key`, value) VALUES ('API_KEYS', CAST(x'61FF2C62' AS TEXT))")
    assert keys_of(bench.refresh(), "API_KEYS") == ["a\\xff", "b"]


def test_a_missing_list_is_told(bench: Bench, gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    follow(bench, gateway)
    gateway.remove_setting("API_KEYS")
    snapshot = bench.refresh()
    assert "The database has no setting API_KEYS" in bench.window.banner.text
    assert [one.key for one in snapshot.keys] == [C]
    assert (
        "note: The database has no setting API_KEYS"
        in printed(capsys, "keys", "--db", named(gateway.location), *AS_OF)[1]
    )
    gateway.remove_setting("VERTEX_API_KEYS")
    assert bench.refresh().keys == ()
    gateway.setting("API_KEYS", f'["{A}"]')
    bench.refresh()
    shows_figures(bench, 4)


# Numbers and the test model

NUMBERS = {
    "a number": Case("5", 5),
    "with a sign": Case("+5", 5),
    "with spaces": Case(" 5\n", 5),
    "with underscores": Case("1_0", 10),
    "unicode digits": Case("\uff15", 5),
    "Arabic digits": Case("\u0661\u0662", 12),
    "zero": Case("0", 0),
    "negative": Case("-3", -3),
    "leading zeros": Case("007", 7),
    "nonsense": Case("many", None),
    "a float": Case("3.0", None),
    "an exponent": Case("1e3", None),
    "empty": Case("", None),
    "a space": Case(" ", None),
    "a list": Case("[3]", None),
    "a truth": Case("true", None),
    "HTML and controls": Case("<b>\x1b[31m\u202e3", None),
    "of too many digits": Case("9" * 5_000, None),
    "a superscript": Case("\u00b3", None),
}
HUGE = {"beyond 32 bits": "4294967296", "beyond 64 bits": str(2**70), "of 4,000 digits": "9" * 4_000}


@pytest.mark.parametrize("case", NUMBERS)
def test_numbers_are_read_as_the_gateway_reads_them_or_told(
    bench: Bench, gateway: Gateway, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    value, read = NUMBERS[case].value, NUMBERS[case].read
    assert isinstance(value, str)
    assert number_of_a_gateway(value, -1) == (-1 if read is None else read)
    for name, default in (("MAX_FAILURES", 3), ("CHECK_INTERVAL_HOURS", 1)):
        gateway.setting(name, value)
        snapshot = follow(bench, gateway)
        number = default if read is None else read
        assert isinstance(number, int)
        if name == "MAX_FAILURES":
            assert snapshot.settings.max_failures == number
        else:
            assert snapshot.settings.check_interval == timedelta(hours=max(number, 0))
        text = bench.window.banner.text if bench.window.banner.isVisible() else ""
        assert ("not a whole number" in text) == (read is None)
        assert ("\x1b" in text, "\u202e" in text, len(text) < 1_000) == (False, False, True)
        err = printed(capsys, "keys", "--db", named(gateway.location), *AS_OF)[1]
        assert (f"The setting {name} is" in err) == (read is None)
        gateway.remove_setting(name)
    assert follow(bench, gateway).settings.max_failures == 3
    shows_figures(bench, 4)


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("case", HUGE)
def test_a_huge_number_is_as_good_as_a_large_one(
    bench: Bench, gateway: Gateway, capsys: pytest.CaptureFixture[str], case: str, sign: str
) -> None:
    """It makes of the figures what any number makes that is never reached; not all of its digits are shown."""
    for name in ("MAX_FAILURES", "CHECK_INTERVAL_HOURS"):
        gateway.setting(name, sign + HUGE[case])
        snapshot = follow(bench, gateway)
        assert bench.window.summary.day.figure == "4"
        assert len(bench.window.banner.text) < 500
        assert {one.verdict.valid for one in snapshot.keys} == {name != "MAX_FAILURES" or not sign}
        out, err = printed(capsys, "keys", "--db", named(gateway.location), *AS_OF)
        assert max(map(len, [*out.splitlines(), *err.splitlines()])) < 400
        gateway.remove_setting(name)


@pytest.mark.parametrize("name", ["MAX_FAILURES", "CHECK_INTERVAL_HOURS", "TEST_MODEL"])
def test_a_setting_without_a_value_has_its_default(bench: Bench, gateway: Gateway, name: str) -> None:
    gateway.setting(name, None)
    settings = follow(bench, gateway).settings
    shows_figures(bench, 4)
    assert (settings.max_failures, settings.check_interval, settings.test_model) == (
        3,
        timedelta(hours=1),
        DEFAULT_MODEL,
    )


@on_sqlite_only("a server makes text of what is stored in a TEXT")
@pytest.mark.parametrize("value", [b"5", b"\xff\xfe", 5, 2.5, 2**62], ids=repr)
def test_numbers_that_are_stored_as_something_else(bench: Bench, gateway: Gateway, value: object) -> None:
    gateway.setting("MAX_FAILURES", value)
    gateway.setting("CHECK_INTERVAL_HOURS", value)
    gateway.setting("TEST_MODEL", value)
    snapshot = follow(bench, gateway)
    assert bench.window.summary.day.figure == "4"
    if value == 5:
        assert snapshot.settings.max_failures == 5
    elif not isinstance(value, int):
        assert "not a whole number" in bench.window.banner.text


@pytest.mark.parametrize(
    "value",
    ["", "a model", "<b>\x1b[31m\u202em", A, "[", "x" * 60_000],
    ids=["empty", "any", "HTML and controls", "a key", "a bracket", "long"],
)
def test_a_test_model_is_any_text(
    bench: Bench, gateway: Gateway, capsys: pytest.CaptureFixture[str], value: str
) -> None:
    gateway.setting("TEST_MODEL", value)
    snapshot = follow(bench, gateway)
    shows_figures(bench, 4)
    assert snapshot.settings.test_model == (value or DEFAULT_MODEL)
    bench.window.open_details(A)
    bench.settle()
    out, err = printed(capsys, "keys", "--db", named(gateway.location), *AS_OF)
    assert A not in out + err
    assert mask_key(A) in out


# Whatever text it is


@pytest.fixture(scope="module")
def any_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFile]:
    """A gateway's file for many settings in turn."""
    folder = tmp_path_factory.mktemp("any")
    made = GatewayFile(folder / "gateway.db", [A])
    made.calls([(None, LOCAL, "m", A, True, 200, 100)] * 4)
    yield made
    made.close()


ANY_TEXT = st.text(max_size=60) | st.text('[]{}",: \\nul0123456789ab-+._', max_size=30)
CHARACTERS = st.characters() | st.sampled_from("\0\ud800\udfff")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(CHARACTERS, max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(CHARACTERS, max_size=4), inner, max_size=3),
    max_leaves=12,
)
STORED = ANY_TEXT | JSON.map(json.dumps) | st.lists(st.text(CHARACTERS, max_size=8), max_size=5).map(json.dumps)
ALL_NAMES = ("API_KEYS", "VERTEX_API_KEYS", "MAX_FAILURES", "CHECK_INTERVAL_HOURS", "TEST_MODEL")


@given(stored=st.dictionaries(st.sampled_from(ALL_NAMES), STORED, min_size=1))
def test_any_text_is_read_as_a_gateway_reads_it(any_gateway: GatewayFile, stored: dict[str, str]) -> None:
    for name in ALL_NAMES:
        any_gateway.remove_setting(name)
        if name in stored:
            any_gateway.setting(name, stored[name])
    with closing(Monitor(any_gateway.location, UTC, now=lambda: NOW)) as monitor:
        settings = monitor.refresh().settings
        for api_key in settings.pool:
            monitor.usage(api_key)
    assert settings.gemini_keys == tuple(dict.fromkeys(list_of_a_gateway(stored.get("API_KEYS", ""))))
    assert settings.vertex_keys == tuple(dict.fromkeys(list_of_a_gateway(stored.get("VERTEX_API_KEYS", ""))))
    most = number_of_a_gateway(stored.get("MAX_FAILURES", "3"), 3)
    assert settings.max_failures == max(-(10**9), min(most, 10**9))
    hours = number_of_a_gateway(stored.get("CHECK_INTERVAL_HOURS", "1"), 1)
    assert settings.check_interval == timedelta(hours=min(max(hours, 0), 24 * 365))
    assert settings.test_model == (stored.get("TEST_MODEL") or DEFAULT_MODEL)


@given(value=st.none() | st.binary(max_size=20) | STORED, name=st.sampled_from(ALL_NAMES))
def test_whatever_becomes_of_a_setting_the_pool_is_read_or_kept(
    any_gateway: GatewayFile, value: object, name: str
) -> None:
    for one in ALL_NAMES:
        any_gateway.remove_setting(one)
    any_gateway.setting("API_KEYS", f'["{A}"]')
    with closing(Monitor(any_gateway.location, UTC, now=lambda: NOW)) as monitor:
        monitor.refresh()
        any_gateway.setting(name, value)
        snapshot = monitor.refresh()
        told = " ".join(notice.line for notice in snapshot.notices)
        assert invisible(told, allowed="") == ""
        if name in NAMES and not isinstance(value, str):
            assert f"{name} cannot be read" in told
            assert tuple(snapshot.settings.pool) == (A,)


# As large as it gets


def many_keys(bench: Bench, folder: Path, keys: int) -> GatewayFile:
    (folder / "place").mkdir()
    gateway = bench.gateway(1, "place/gateway.db")
    gateway.calls([(None, LOCAL, "m", A, True, 200, 100)] * 4)
    gateway.setting("API_KEYS", json.dumps([f"AIzaSyTEST{'x' * 22}{n:07}" for n in range(keys - 1)] + [A]))
    return gateway


@pytest.mark.parametrize("keys", [10_000, 50_000], ids=["10,000", "50,000"])
def test_a_pool_of_many_keys_is_shown(bench: Bench, tmp_path: Path, keys: int) -> None:
    gateway = many_keys(bench, tmp_path, keys)
    with untouched(tmp_path / "place"):
        with bench.qtbot.waitSignal(bench.poller.refreshed, timeout=60_000):
            bench.window.follow(source(gateway.location))
        bench.refresh()
        bench.settle()
    shows_figures(bench, 4)
    assert bench.window.summary.total.figure == f"{keys:,}"


def test_a_pool_of_a_million_keys_is_read(bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the window its figures are right, too, but the interpreter's lock holds it for some 0.1 to 0.3 s at a time."""
    gateway = many_keys(bench, tmp_path, 1_000_000)
    with untouched(tmp_path / "place"):
        with closing(Monitor(gateway.location, UTC, now=lambda: NOW)) as monitor:
            first, second = monitor.refresh(), monitor.refresh()
        out, _ = printed(capsys, "usage", A, "--json", "--db", gateway.path, *AS_OF)
    assert len(first.keys) == len(second.keys) == 1_000_000
    assert second.settings is first.settings
    assert (first.keys[-1].key, first.keys[-1].calls_24h.total) == (A, 4)
    assert json.loads(out) == {"m": 4}
