"""Recorded gateways: the figures on MariaDB are those on SQLite, to the second that MariaDB keeps."""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from keymon.monitor import Monitor, Snapshot
from tests.conftest import MakeGateway, MakeGatewayServer
from tests.gateway import Gateway, MakeAnyGateway
from tests.recorded_gateway import copy_as_a_server_would_have_it

ZONE = timezone(timedelta(hours=8))
INSTANTS = [
    datetime.fromisoformat(text).replace(tzinfo=ZONE)
    for text in ("2026-11-22 12:34:56", "2026-11-22 23:00:00", "2026-11-23 03:07:11", "2026-11-23 15:00:00")
]


@pytest.fixture(params=["gateway.sqlite", "network-errors.sqlite"])
def both(
    real_gateway: Path,
    make_gateway: MakeGateway,
    make_gateway_server: MakeGatewayServer,
    request: pytest.FixtureRequest,
) -> tuple[Gateway, Gateway]:
    """The same recorded gateway as a file and on a server."""
    found = make_gateway(), make_gateway_server()
    for gateway in found:
        copy_as_a_server_would_have_it(real_gateway / request.param, gateway)
    return found


def figures(snapshot: Snapshot) -> dict[str, object]:
    """Return every figure that a snapshot has, of keys that have left the pool too."""
    stats = snapshot.stats
    keys = [*snapshot.settings.pool, *(key for key in stats._calls.keys if key and key not in snapshot.settings.pool)]
    return {
        "settings": snapshot.settings,
        "keys": snapshot.keys,
        "totals": (snapshot.calls_1m, snapshot.calls_1h, snapshot.calls_24h, snapshot.calls_month),
        "usage": {key: stats.usage(key) for key in keys},
        "statuses": {key: stats.statuses(key) for key in keys},
        "notices": [str(notice) for notice in snapshot.notices],
    }


def figures_of(gateway: Gateway, instant: datetime, is_past: bool) -> dict[str, object]:
    """Return the figures as of an instant that lies in the past, or is now."""
    monitor = Monitor(gateway.location, ZONE, instant if is_past else None, now=lambda: instant)
    try:
        return figures(monitor.refresh())
    finally:
        monitor.close()


@pytest.mark.parametrize("is_past", [True, False], ids=["as of", "live"])
@pytest.mark.parametrize("instant", INSTANTS, ids=lambda at: f"{at:%d. %H:%M:%S}")
def test_every_figure_is_the_same(both: tuple[Gateway, Gateway], instant: datetime, is_past: bool) -> None:
    file, server = both
    of_file = figures_of(file, instant, is_past)
    assert figures_of(server, instant, is_past) == of_file
    assert of_file["keys"]


def test_the_texts_of_errors_are_the_same(both: tuple[Gateway, Gateway]) -> None:
    file, server = (error_texts(gateway) for gateway in both)
    assert server == file
    assert len(file) > 5
    assert any(file.values())


def error_texts(gateway: Gateway) -> dict[str, str | None]:
    """Return what the gateway logged for the last failure of each key that has one."""
    monitor = Monitor(gateway.location, ZONE, INSTANTS[-1])
    try:
        verdicts = {figures.key: figures.verdict for figures in monitor.refresh().keys}
        return {
            key: monitor.error_text(key, verdict.last_failure_at, 5_000)
            for key, verdict in verdicts.items()
            if verdict.last_failure_at is not None
        }
    finally:
        monitor.close()


def test_calls_per_model_are_what_the_gateway_answered(real_gateway: Path, make_any_gateway: MakeAnyGateway) -> None:
    """It was asked at a whole second, so that truncated times fall into the same day."""
    answers = json.loads((real_gateway / "answers.json").read_text())
    gateway = make_any_gateway()
    copy_as_a_server_would_have_it(real_gateway / "gateway.sqlite", gateway)
    monitor = Monitor(gateway.location, ZONE, datetime.fromisoformat(answers["as_of"]))
    snapshot = monitor.refresh()
    monitor.close()
    expected = answers["usage_24h"]
    assert {k: {row.model: row.calls.total for row in snapshot.stats.usage(k)} for k in expected} == expected
    assert snapshot.calls_24h is not None
    assert {"total": snapshot.calls_24h.total, "success": snapshot.calls_24h.success} == answers["calls_24h"]
    statuses = {k: snapshot.stats.statuses(k) for k in snapshot.settings.pool}
    for status in (400, 403, 429, 500):
        rows = answers[f"attention_{status}"]
        assert {row["key"]: statuses[row["key"]][status] for row in rows} == {row["key"]: row["count"] for row in rows}
