"""The pool and the rules, read as the gateway reads them."""

from datetime import timedelta

import pytest

from keymon.database import Database
from keymon.errors import SettingUnreadableError
from keymon.gateway_settings import GatewaySettings, parse_key_list, read_settings
from tests.gateway import Gateway, MakeAnyGateway, on_sqlite_only


def read(gateway: Gateway) -> GatewaySettings:
    database = Database(gateway.location)
    try:
        return read_settings(database)
    finally:
        database.close()


@pytest.mark.parametrize(
    ("value", "keys", "is_json"),
    [
        ('["a", "b", "a"]', ["a", "b", "a"], True),
        ("[]", [], True),
        ('["a", 5, null, ["x"]]', ["a", "5", "None", "['x']"], True),
        ('[" a "]', [" a "], True),
        ("a, b ,,c", ["a", "b", "c"], False),
        ("a", ["a"], False),
        ("", [], False),
        ("[", ["["], False),
        ("null", ["null"], False),
        ('{"a": 1}', ['{"a": 1}'], False),
        ('"a"', ['"a"'], False),
    ],
    ids=str,
)
def test_a_key_list_is_read_as_the_gateway_reads_it(value: str, keys: list[str], is_json: bool) -> None:
    assert parse_key_list(value) == (keys, is_json)


def test_duplicates_count_once_and_the_order_stays(make_any_gateway: MakeAnyGateway) -> None:
    gateway = make_any_gateway(["b", "a", "b"], VERTEX_API_KEYS='["v", "a"]')
    assert read(gateway).pool == {"b": "gemini", "a": "gemini", "v": "vertex"}


def test_missing_settings_have_the_gateways_defaults(make_any_gateway: MakeAnyGateway) -> None:
    settings = read(make_any_gateway(["a"]))
    assert (settings.max_failures, settings.test_model) == (3, "gemini-2.5-flash-lite")
    assert settings.check_interval == timedelta(hours=1)
    assert settings.history == timedelta(hours=24)
    assert settings.notices == ()


def test_a_missing_pool_is_told(make_any_gateway: MakeAnyGateway) -> None:
    gateway = make_any_gateway()
    gateway.remove_setting("API_KEYS")
    settings = read(gateway)
    assert settings.pool == {}
    assert "API_KEYS" in str(settings.notices[0])


@pytest.mark.parametrize("value", ["[", '["a"', "{}", "null", '"a"'])
def test_a_damaged_key_list_is_told(make_any_gateway: MakeAnyGateway, value: str) -> None:
    (notice,) = read(make_any_gateway(API_KEYS=value)).notices
    assert "API_KEYS is damaged" in str(notice)


@pytest.mark.parametrize("value", ["[" * 60_000, None], ids=["deep", "null"])
def test_an_unreadable_key_list_is_an_error(make_any_gateway: MakeAnyGateway, value: object) -> None:
    gateway = make_any_gateway()
    gateway.setting("API_KEYS", value)
    is_an_error(gateway)


@on_sqlite_only("a server keeps no text that is none")
def test_a_key_list_that_is_no_text_is_an_error(make_any_gateway: MakeAnyGateway) -> None:
    gateway = make_any_gateway()
    gateway.setting("API_KEYS", b"\xff")
    is_an_error(gateway)


def is_an_error(gateway: Gateway) -> None:
    with pytest.raises(SettingUnreadableError, match="API_KEYS") as caught:
        read(gateway)
    assert "[[" not in str(caught.value)


def test_a_number_that_is_none_is_told_and_has_its_default(make_any_gateway: MakeAnyGateway) -> None:
    settings = read(make_any_gateway(["a"], MAX_FAILURES="many"))
    assert settings.max_failures == 3
    assert "MAX_FAILURES" in str(settings.notices[0])


def test_history_grows_with_the_rules() -> None:
    assert GatewaySettings((), max_failures=10, check_interval=timedelta(hours=6)).history == timedelta(hours=72)
    assert GatewaySettings((), max_failures=1_000).history == timedelta(days=7)


def test_only_the_settings_that_are_needed_are_selected(
    make_any_gateway: MakeAnyGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = make_any_gateway(["a"])
    seen: list[object] = []
    fetch = Database.fetch

    def listening(self: Database, *args: object, **values: object) -> list[tuple[object, ...]]:
        rows = fetch(self, *args, **values)  # type: ignore[arg-type]
        seen.extend(rows)
        return rows

    monkeypatch.setattr(Database, "fetch", listening)
    read(gateway)
    assert "sk-canary-token" not in str(seen)
    assert gateway.execute("SELECT value FROM t_settings WHERE `key` = 'AUTH_TOKEN'") == [("sk-canary-token",)]
