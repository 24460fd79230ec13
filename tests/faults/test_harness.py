"""The guards of the fault suite find what they are there to find."""

import sqlite3
import threading
import time
from collections.abc import Iterator

import pymysql
import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from tests.conftest import MakeGateway
from tests.faults.statements import Heard, heard_at_the_drivers, is_read
from tests.faults.watchdog import Watchdog
from tests.faults.writer import WRITER_KEY, lost_rows, writing
from tests.mariadb import OPERATOR, OPERATOR_PASSWORD, MariaDb


def test_the_watchdog_sees_who_holds_the_window_s_thread(qtbot: QtBot, watchdog: Watchdog) -> None:
    # Held for as long as it takes the watchdog to look up ten times, whatever the machine does meanwhile.
    def hold() -> None:
        while watchdog.longest_ms < 50:
            time.sleep(0.001)

    QTimer.singleShot(0, hold)
    qtbot.waitUntil(lambda: watchdog.longest_ms >= 50)
    assert 50 <= watchdog.longest_ms < 100


def test_what_a_test_itself_does_is_not_the_window_s_doing(qtbot: QtBot, watchdog: Watchdog) -> None:
    looked = threading.Event()
    looks, look = [0], watchdog._look_once

    def count() -> None:
        look()
        looks[0] += 1
        if looks[0] == 40:
            looked.set()

    watchdog._look_once = count  # type: ignore[method-assign]
    assert looked.wait(30)
    assert watchdog.longest_ms < 100


@pytest.mark.parametrize(
    ("sql", "reads"),
    [
        ("SELECT 1", True),
        ("SELECT 'DROP TABLE x; FOR UPDATE' FROM t", True),
        ("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY", True),
        ("SET SESSION max_statement_time = 10.0", True),
        ("SELECT * FROM t FOR UPDATE", False),
        ("SELECT * FROM t LOCK IN SHARE MODE", False),
        ("SELECT 1 INTO OUTFILE '/tmp/x'", False),
        ("SELECT 1; DROP TABLE t", False),
        ("SET GLOBAL max_statement_time = 10.0", False),
        ("SET SESSION sql_log_bin = 0", False),
        ("BEGIN", False),
        ("PRAGMA journal_mode = wal", False),
        ("PRAGMA wal_checkpoint", False),
        ("ATTACH 'x' AS y", False),
        ("INSERT INTO t VALUES (1)", False),
        ("WITH x AS (SELECT 1) DELETE FROM t", False),
    ],
)
def test_a_read_is_told_from_what_is_none(sql: str, reads: bool) -> None:
    assert is_read(sql) is reads


@pytest.fixture
def heard_apart(heard: Heard) -> Iterator[Heard]:
    """What is heard of keymon, with nothing in it that a test has said itself."""
    sent, wrong = heard.sent.copy(), heard.wrong.copy()
    heard.wrong.clear()
    yield heard
    heard.sent, heard.wrong[:] = sent, wrong


def test_a_file_is_heard(make_gateway: MakeGateway) -> None:
    gateway = make_gateway()
    with heard_at_the_drivers() as inner:
        driver = sqlite3.connect(gateway.path.as_uri(), uri=True)
        driver.execute("DELETE FROM t_settings WHERE id = ?", (7,))
        driver.close()
    assert inner.wrong == ["BEGIN ", "DELETE FROM t_settings WHERE id = 7"]


def test_a_server_is_heard(mariadb_server: MariaDb, heard_apart: Heard) -> None:
    driver = pymysql.connect(
        host="127.0.0.1", port=mariadb_server.port, user=OPERATOR, password=OPERATOR_PASSWORD, autocommit=True
    )
    with driver.cursor() as cursor:
        cursor.execute("SET SESSION sql_mode = ''")
    driver.close()
    assert heard_apart.wrong == ["SET SESSION sql_mode = ''"]


def test_a_row_that_is_missing_is_found(make_gateway: MakeGateway) -> None:
    gateway = make_gateway()
    with writing(str(gateway.path), 1_000, 50) as writer:
        written = writer.wait()
    assert (written.calls, lost_rows(gateway, written)) == (50, [])
    gateway.execute("DELETE FROM t_request_log WHERE api_key = ? AND latency_ms IN (3, 49)", (WRITER_KEY,))
    assert lost_rows(gateway, written) == [3, 49]
