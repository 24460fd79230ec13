"""B: faults of a server under a window that shows its figures: they stay and are marked, and fresh ones come."""

from collections.abc import Callable

import pytest

from keymon import call_log
from keymon import monitor as monitor_module
from keymon.database import READ_LIMIT_S
from keymon.gui import poller as poller_module
from keymon.gui.request import Request
from keymon.gui.summary import Card
from keymon.monitor import Monitor
from keymon.server_reader import _SOCKET_SLACK_S
from tests.fault_proxy import Fault
from tests.faults.conftest import StartWriter
from tests.faults.server_scene import A, B, Scene, labels, scene
from tests.gateway_server import GatewayServer

__all__ = ["scene"]

Break = Callable[[Scene], Callable[[], object]]
"""What begins a fault; returns what ends it."""


def broken(fault: Fault, reset_after: int = 0) -> Break:
    return lambda scene: scene.break_way(fault, reset_after)


def killed(scene: Scene) -> Callable[[], object]:
    scene.gateway.server.kill()
    return scene.start_server_again


def stopped(scene: Scene) -> Callable[[], object]:
    scene.gateway.server.stop()
    return scene.start_server_again


def locked(scene: Scene) -> Callable[[], object]:
    scene.gateway.execute("LOCK TABLES t_request_log WRITE")
    return lambda: scene.gateway.execute("UNLOCK TABLES")


IN_SESSION: dict[str, tuple[Break, str]] = {
    "killed": (killed, ""),
    "stopped": (stopped, ""),
    "refused": (broken(Fault.REFUSED), "the server cannot be reached (connection refused)"),
    "unanswered": (broken(Fault.UNANSWERED), "no answer"),
    "something else listens": (broken(Fault.GARBAGE), "MySQL server"),
    "reset in mid-result": (broken(Fault.RESET, 300), "the connection to the server was lost"),
    "latency": (broken(Fault.SLOW), "no answer within 0.5 s"),
    "silent": (broken(Fault.SILENT), "no answer within 0.5 s"),
    "over the server's limit": (locked, "no answer within 0.5 s"),
}
THE_GATEWAY_S_TOO = {"killed", "stopped", "over the server's limit"}
"""Faults that keep the gateway itself from writing."""


@pytest.mark.parametrize("name", IN_SESSION)
def test_in_a_fault_the_figures_stay_marked_and_fresh_ones_come_by_themselves(
    scene: Scene, start_writer: StartWriter, name: str
) -> None:
    act, message = IN_SESSION[name]
    scene.impatient()
    scene.move_to_second_server()
    writer = None if name in THE_GATEWAY_S_TOO else start_writer(scene.gateway)
    scene.follow()
    scene.wait_for(7)
    dialog = scene.window.open_details(A)
    end = scene.fails(lambda: act(scene))
    assert callable(end)
    banner, since, shown = scene.window.banner, scene.since, scene.window.snapshot
    assert message in banner.text
    assert f"The figures shown are those of {since}." in banner.text
    assert scene.next_tries[0].startswith("Next try in ")
    assert f"Stale since {since}" in labels(scene.window.status_line)
    figure = scene.window.summary.day.figure
    scene.fails(lambda: None)  # however often
    assert scene.window.snapshot is shown
    assert scene.window.summary.day.figure == figure
    assert all(since in card.toolTip() for card in scene.window.summary.findChildren(Card))
    assert dialog.state == "figures"
    assert "the database cannot be read now" in labels(dialog)
    end()
    scene.call()
    scene.wait_for(8)
    assert "Stale" not in labels(scene.window.status_line)
    assert not any(since in card.toolTip() for card in scene.window.summary.findChildren(Card))
    assert "the database cannot be read now" not in labels(dialog)
    assert scene.used_by_workers_only
    if writer is not None:
        writer.end()


@pytest.mark.parametrize("name", IN_SESSION)
def test_a_first_load_that_is_broken_off_goes_on(scene: Scene, start_writer: StartWriter, name: str) -> None:
    act, message = IN_SESSION[name]
    scene.impatient()
    scene.call(times=93)
    scene.move_to_second_server()
    if name not in THE_GATEWAY_S_TOO:
        start_writer(scene.gateway, most=100).wait()
    for module in (call_log, monitor_module):
        scene.patch.setattr(module, "CHUNK_ROWS", 2)
    scene.patch.setattr(poller_module, "_FIRST_PATIENCE_S", -10.0)
    with scene.qtbot.waitSignals([scene.poller.refreshed] * 3):
        scene.follow()
    end = scene.fails(lambda: act(scene))
    assert callable(end)
    assert message in scene.window.banner.text
    assert scene.window.snapshot is not None
    loading = scene.window.snapshot.loading
    assert loading is not None
    assert 0 < loading.calls < 100
    end()
    scene.wait_for(100)


def dropped(scene: Scene) -> None:
    scene.proxy.drop()


def restarted(scene: Scene) -> None:
    scene.gateway.restart()


def ended_by_the_server(scene: Scene) -> None:
    ids = "SELECT id FROM information_schema.processlist WHERE user = 'reader'"
    for (number,) in scene.gateway.execute(ids):
        scene.gateway.execute(f"KILL {number}")


@pytest.mark.parametrize("act", [dropped, restarted, ended_by_the_server])
def test_what_ends_a_connection_is_over_by_itself(scene: Scene, act: Callable[[Scene], None]) -> None:
    scene.move_to_second_server()
    scene.follow()
    scene.wait_for(7)
    act(scene)
    scene.call()
    scene.wait_for(8)


def test_a_connection_that_has_been_idle_for_too_long_is_not_missed(scene: Scene) -> None:
    scene.move_to_second_server()
    scene.gateway.execute("SET GLOBAL wait_timeout = 1")
    scene.after.insert(0, lambda: scene.gateway.execute("SET GLOBAL wait_timeout = DEFAULT"))
    scene.follow()
    scene.wait_for(7)
    scene.poller.pause(True)
    ids = "SELECT id FROM information_schema.processlist WHERE user = 'reader'"
    scene.qtbot.waitUntil(lambda: not scene.gateway.execute(ids), timeout=20_000)
    scene.call()
    scene.poller.pause(False)
    scene.wait_for(8)
    assert scene.next_tries == []


# Failover


def test_a_failover_to_a_copy_goes_on(scene: Scene) -> None:
    scene.follow()
    scene.wait_for(7)
    scene.move_to_second_server()
    scene.call()
    scene.wait_for(8)


def test_a_failover_to_another_log_leaves_nothing_of_the_old_one(scene: Scene) -> None:
    scene.follow()
    scene.wait_for(7)
    dialog = scene.window.open_details(A)
    scene.gateway = GatewayServer(scene.second_server, [B], name=scene.gateway.name)
    scene.after.append(scene.gateway.close)
    scene.call(B, times=3)
    scene.proxy.point_at(scene.second_server.port)
    scene.wait_for(3)
    assert scene.window.snapshot is not None
    assert [one.key for one in scene.window.snapshot.keys] == [B]
    assert scene.window.snapshot.stats.usage(A) == ()
    assert dialog.state == "empty"
    assert "no longer in the gateway's pool" in dialog.evidence


# Rests and limits


def test_a_server_in_trouble_is_left_more_and_more_alone(scene: Scene) -> None:
    """Each rest is a random one of the upper half of what it may be: 2, 4, 8, 16, at last 30 seconds."""
    scene.impatient()
    scene.break_way(Fault.SILENT)
    scene.follow()
    scene.qtbot.waitUntil(lambda: len(scene.rests) >= 6, timeout=60_000)
    for n, rest in enumerate(scene.rests[:6], start=1):
        most = min(2.0**n, 30.0)
        assert rest is not None
        assert most / 2 <= rest <= most
    scene.mend_way()
    scene.wait_for(7)


def asked(scene: Scene, work: Callable[[Monitor], object]) -> object:
    """Ask the window's own session something."""
    answers: list[object] = []
    scene.poller.ask(Request(work, answers.append, answers.append))
    scene.qtbot.waitUntil(lambda: bool(answers))
    return answers[0]


def test_the_server_itself_is_told_how_long_a_read_may_take(scene: Scene) -> None:
    from sqlalchemy import text

    limit, which = text("SELECT @@max_statement_time"), text("SELECT @@tx_read_only")
    scene.follow()
    scene.wait_for(7)
    assert asked(scene, lambda monitor: monitor._database.fetch(limit)) == [(READ_LIMIT_S,)]
    assert asked(scene, lambda monitor: monitor._database.fetch(which)) == [(1,)]
    driver = asked(scene, lambda monitor: monitor._database._reader._driver)  # type: ignore[attr-defined]
    for wait in ("_read_timeout", "_write_timeout"):
        assert getattr(driver, wait) == READ_LIMIT_S + _SOCKET_SLACK_S


LIMITS = {
    "11.4.2-MariaDB": ["SET SESSION max_statement_time = 3.0"],
    "8.0.36": ["SET SESSION max_execution_time = 3000", "SET SESSION information_schema_stats_expiry = 0"],
    "5.7.44-log": ["SET SESSION max_execution_time = 3000", "SET SESSION information_schema_stats_expiry = 0"],
}


@pytest.mark.parametrize("version", LIMITS)
def test_the_limit_is_set_in_the_words_of_each_kind_of_server(scene: Scene, version: str) -> None:
    """Ours says of itself that it is another; what it does not know it refuses, as an old server does."""
    from pymysql.connections import Connection

    sent: list[str] = []
    execute = Connection._execute_command

    def pretend(driver: Connection, command: int, sql: str | bytes) -> None:
        text = sql.decode() if isinstance(sql, bytes) else sql
        if text.startswith("SET SESSION max_") or "stats_expiry" in text:
            sent.append(text)
        execute(driver, command, f"SELECT '{version}'" if text == "SELECT VERSION()" else sql)

    scene.patch.setattr(Connection, "_execute_command", pretend)
    scene.follow()
    scene.wait_for(7)
    assert sent == LIMITS[version]
