"""The pool and the rules, read as the gateway reads them."""

from datetime import timedelta

import pytest

from keymon.database import Database
from keymon.gateway_settings import GatewaySettings, read_settings
from tests.gateway import Gateway, MakeAnyGateway


def read(gateway: Gateway) -> GatewaySettings:
    database = Database(gateway.location)
    try:
        return read_settings(database)
    finally:
        database.close()


def test_duplicates_count_once_and_the_order_stays(make_any_gateway: MakeAnyGateway) -> None:
    gateway = make_any_gateway(["b", "a", "b"], VERTEX_API_KEYS='["v", "a"]')
    assert read(gateway).pool == {"b": "gemini", "a": "gemini", "v": "vertex"}


def test_missing_settings_have_the_gateways_defaults(make_any_gateway: MakeAnyGateway) -> None:
    settings = read(make_any_gateway(["a"]))
    assert (settings.max_failures, settings.test_model) == (3, "gemini-2.5-flash-lite")
    assert settings.check_interval == timedelta(hours=1)
    assert settings.history == timedelta(hours=24)
    assert settings.notices == ()


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
