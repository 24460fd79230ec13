"""A long log is shown while it is being read: newest calls first, marked as what they are."""

from datetime import timedelta

import pytest
from PySide6.QtWidgets import QLabel, QProgressBar

from keymon.call_log import CHUNK_ROWS
from keymon.gui.key_columns import MODEL_COLUMN
from keymon.gui.key_table import KeyTable
from keymon.monitor import Snapshot
from tests.gateway_file import GatewayFile, key
from tests.gui.conftest import NOW, Bench

STEP = timedelta(seconds=12)


@pytest.fixture
def gateway(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> GatewayFile:
    """A gateway whose last 24 hours take several chunks; each part of the load ends after one."""
    monkeypatch.setattr("keymon.gui.poller._FIRST_PATIENCE_S", 0.0)
    bench.poller._patience_s = 0.0
    made = bench.gateway(3)
    rows = int(CHUNK_ROWS * 1.7)
    starts = (NOW.replace(tzinfo=None) - STEP * (rows - i) for i in range(rows))
    made.calls(
        [(None, f"{at:%F %T.%f}", "m", key(i % 2), i > 2, 200 if i > 2 else 500, 100) for i, at in enumerate(starts)]
    )
    return made


def cell(table: KeyTable, row: int, column: int) -> str:
    return str(table.keys.index(row, column).data())


def headings(bench: Bench) -> list[str]:
    return [label.text() for label in bench.window.panel.findChildren(QLabel) if "keys" in label.text()]


def progress(bench: Bench) -> QProgressBar:
    bar = bench.window.status_line.findChild(QProgressBar)
    assert isinstance(bar, QProgressBar)
    return bar


def test_figures_are_shown_while_the_rest_is_read(bench: Bench, gateway: GatewayFile) -> None:
    first = bench.follow(gateway)
    valid = bench.window.panel.valid
    assert first.loading is not None
    assert first.loading.calls == CHUNK_ROWS
    assert (cell(valid, 0, 3), cell(valid, 0, 4), cell(valid, 0, MODEL_COLUMN)) == (f"≥ {CHUNK_ROWS // 2:,}", "…", "…")
    assert cell(valid, 2, 5) == "…"
    assert all("older ones are being read" in text for text in headings(bench))
    assert (bench.window.summary.hour.figure, bench.window.summary.day.figure) == ("300", "–")
    assert not progress(bench).isHidden()
    assert progress(bench).text() == f"{CHUNK_ROWS:,} calls read"
    assert 400 < progress(bench).value() < 700


def test_the_rest_follows_by_itself(bench: Bench, gateway: GatewayFile) -> None:
    def is_complete(snapshot: Snapshot) -> bool:
        return snapshot.loading is None

    with bench.qtbot.waitSignal(bench.poller.refreshed, check_params_cb=is_complete):
        bench.window.follow(bench.source(gateway.path))
    valid = bench.window.panel.valid
    assert (cell(valid, 0, 3), cell(valid, 0, 4), cell(valid, 2, 5)) == ("3,400", "99.9 %", "–")
    assert set(headings(bench)) == {"Valid keys (3)", "Invalid keys (0)"}
    assert bench.window.summary.day.figure == "6,800"
    assert progress(bench).isHidden()


def test_details_can_be_opened_meanwhile(bench: Bench, gateway: GatewayFile) -> None:
    bench.follow(gateway)
    dialog = bench.window.open_details(key(0))
    unused = bench.window.open_details(key(2))
    shown = [label.text() for label in dialog.findChildren(QLabel)]
    assert any("2,000 calls so far (older ones are being read)" in text for text in shown)
    assert unused.state == "loading"
    with bench.qtbot.waitSignal(bench.poller.refreshed, check_params_cb=lambda snapshot: snapshot.loading is None):
        pass
    shown = [label.text() for label in dialog.findChildren(QLabel)]
    assert any("3,400 calls in the last 24 hours" in text for text in shown)
    assert unused.state == "empty"
