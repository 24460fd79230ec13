"""Reading a gateway's database without ever writing to it, and saying what is wrong with it."""

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from keymon import database as database_module
from keymon import errors
from keymon.database import Database
from keymon.locations import location_of
from keymon.schema import request_log
from keymon.sqlite_reader import SqliteReader
from tests.conftest import MakeGateway

COUNT = select(func.count()).select_from(request_log)
ENDLESS = text(
    "SELECT count(*) FROM t_settings a, t_settings b, t_settings c, t_settings d, t_settings e, t_settings f"
)


@contextmanager
def opened(path: Path) -> Iterator[Database]:
    database = Database(location_of(path))
    try:
        yield database
    finally:
        database.close()


def digest(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir()) if p.is_file()}


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO t_settings (id, key) VALUES (99, 'x')",
        "UPDATE t_settings SET value = ''",
        "DELETE FROM t_request_log",
        "CREATE TABLE x (a)",
        "CREATE TEMP TABLE x (a)",
        "DROP TABLE t_settings",
        "ATTACH 'attached.db' AS other",
        "PRAGMA journal_mode = wal",
        "PRAGMA query_only = OFF",
        "PRAGMA wal_checkpoint",
        "VACUUM",
        "VACUUM INTO 'copy.db'",
        "BEGIN EXCLUSIVE",
        "REINDEX",
        "ANALYZE",
    ],
)
def test_nothing_but_reading_is_possible(
    make_gateway: MakeGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    gateway = make_gateway(["a"])
    monkeypatch.chdir(tmp_path)
    before = digest(tmp_path)
    with opened(gateway.path) as database:
        with pytest.raises(errors.DatabaseError):
            database.fetch(text(statement))
        assert database.fetch(COUNT) == [(0,)]
    assert digest(tmp_path) == before


def test_a_file_that_may_not_be_read(make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = make_gateway(["a"])
    # The tests may run as root, to whom nothing is forbidden.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with opened(gateway.path) as database, pytest.raises(errors.DatabaseForbiddenError, match="permission"):
        database.fetch(COUNT)


def test_a_gap_between_two_commits_is_found(make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = make_gateway(["a"])
    gateway.connection.execute("BEGIN EXCLUSIVE")
    waits: list[float] = []

    def unlock_at_the_third_look(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            gateway.connection.execute("COMMIT")

    monkeypatch.setattr(time, "sleep", unlock_at_the_third_look)
    with opened(gateway.path) as database:
        assert database.fetch(COUNT) == [(0,)]
    assert len(waits) == 3
    assert max(waits) <= 0.01


def test_a_read_that_takes_too_long_is_given_up(make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "READ_LIMIT_S", 0.05)
    gateway = make_gateway(["a"], **{f"S{i}": "" for i in range(60)})
    with opened(gateway.path) as database, pytest.raises(errors.DatabaseTimeoutError, match="no answer"):
        database.fetch(ENDLESS)


def test_after_an_interrupt_nothing_is_read_any_more(make_gateway: MakeGateway) -> None:
    with opened(make_gateway(["a"]).path) as database:
        database.fetch(COUNT)
        database.interrupt()
        with pytest.raises(errors.ReadBrokenOffError):
            database.fetch(COUNT)


def test_a_read_that_is_under_way_is_broken_off(make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(SqliteReader):
        def _overdue(self) -> bool:
            self.interrupt()
            return super()._overdue()

    monkeypatch.setattr(database_module, "SqliteReader", Interrupted)
    gateway = make_gateway(["a"], **{f"S{i}": "" for i in range(60)})
    with opened(gateway.path) as database, pytest.raises(errors.ReadBrokenOffError):
        database.fetch(ENDLESS)


def test_a_reader_at_rest_holds_nothing(make_gateway: MakeGateway) -> None:
    gateway = make_gateway(["a"])
    gateway.call("a", "2026-11-23 12:00:00")
    with opened(gateway.path) as database:
        database.fetch(select(request_log.c.id).limit(1))
        gateway.connection.execute("PRAGMA busy_timeout = 0")
        gateway.connection.execute("BEGIN EXCLUSIVE")
        gateway.connection.execute("COMMIT")


def test_text_that_is_not_utf8_is_read_all_the_same(make_gateway: MakeGateway) -> None:
    gateway = make_gateway(["a"])
    gateway.connection.execute("INSERT INTO t_request_log (model_name, is_success) VALUES (CAST(x'67FF67' AS TEXT), 1)")
    with opened(gateway.path) as database:
        assert database.fetch(select(request_log.c.model_name)) == [("g\\xffg",)]
        gateway.connection.execute("BEGIN EXCLUSIVE")  # nothing is left open behind it
        gateway.connection.execute("COMMIT")
        assert database.fetch(COUNT) == [(1,)]


def test_a_replaced_file_is_noticed(make_gateway: MakeGateway, tmp_path: Path) -> None:
    old = make_gateway(["a"])
    new = make_gateway(["b"], name="new.db")
    with opened(old.path) as database:
        database.fetch(COUNT)
        assert database.commits_in_id_order
        assert not database.replaced()
        new.path.replace(old.path)
        assert database.replaced()


def test_the_time_of_the_last_write_counts_the_log_of_a_wal_database(make_gateway: MakeGateway) -> None:
    gateway = make_gateway(["a"])
    with opened(gateway.path) as database:
        os.utime(gateway.path, (1_000_000_000, 1_000_000_000))
        wal = gateway.path.with_name("gateway.db-wal")
        wal.touch()
        os.utime(wal, (1_000_000_300, 1_000_000_300))
        newest = database.modified()
        wal.unlink()
        oldest = database.modified()
    assert newest is not None
    assert oldest is not None
    assert newest - oldest == timedelta(seconds=300)
