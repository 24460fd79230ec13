"""Faults of keymon's own: whatever goes wrong in it is told once, with a report, and keymon goes on if it can."""

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from keymon import faults, monitor
from keymon.gui.fault_teller import FaultTeller
from keymon.gui.request import Request
from keymon.log import LogFile
from keymon.monitor import Monitor
from tests.conftest import MakeGateway
from tests.faults.conftest import StartWriter
from tests.faults.own_faults import CANARY, ENDS, WHILE_OPEN
from tests.gateway_file import GatewayFile, key
from tests.gui.conftest import NOW, Bench, call

GOES_ON = "keymon has met a fault of its own, and goes on."


@dataclass
class Ended:
    """A process that has ended: its exit code, what it printed as errors, and what the operator was told."""

    code: int
    errors: str
    told: list[list[str]]
    log: str


@pytest.fixture
def gateway(make_gateway: MakeGateway) -> GatewayFile:
    made = make_gateway([key(i) for i in range(3)])
    call(made, 0, times=5)
    return made


def start(fault: str, gateway: GatewayFile, folder: Path) -> Ended:
    """Run keymon on a gateway until its end."""
    environment = os.environ | {"XDG_CONFIG_HOME": str(folder / "config"), "QT_QPA_PLATFORM": "offscreen"}
    arguments = ["--db", str(gateway.path), "--as-of", NOW.isoformat(), "--gateway-tz", "UTC", "--new-window"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.own_faults", fault, *arguments],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    told = [one for line in done.stdout.splitlines() for one in json.loads(line)]
    files = [path for path in (folder / "keymon-log").iterdir() if path.is_file()]
    log = "\n".join(path.read_text() for path in files if path.name.startswith("keymon.log"))
    everything = done.stdout + done.stderr + "".join(path.read_text(errors="replace") for path in files)
    assert CANARY not in everything
    assert {path.stat().st_mode & 0o777 for path in files} <= {0o600}
    # What Qt says of the screen that is not there, and PySide of the method that raised.
    lines = re.sub(r"(Error calling Python override of \w+::\w+\(\): )+", "", done.stderr).splitlines()
    lines = [line for line in lines if not line.startswith("This plugin does not support ")]
    return Ended(done.returncode, "\n".join(lines), told, log)


@pytest.mark.parametrize("fault", sorted(WHILE_OPEN))
def test_what_nobody_catches_is_told_and_keymon_goes_on(
    gateway: GatewayFile, start_writer: StartWriter, tmp_path: Path, fault: str
) -> None:
    start_writer(gateway)
    ended = start(fault, gateway, tmp_path)
    assert (ended.code, ended.errors) == (0, "")
    ((title, more, report),) = ended.told
    assert title == GOES_ON
    assert "ValueError: it was …" in report
    assert "tests/faults/own_faults.py" in report
    assert "a fault of keymon's own" in ended.log
    assert "Traceback" not in report + ended.log
    if fault == "several":
        assert more == "It has happened 3 times."  # in whichever thread
    assert not list((tmp_path / "keymon-log").glob("running-*"))


@pytest.mark.parametrize("fault", sorted(ENDS))
def test_the_end_of_the_process_is_told_at_the_next_start(
    gateway: GatewayFile, start_writer: StartWriter, tmp_path: Path, fault: str
) -> None:
    start_writer(gateway)
    ended = start(fault, gateway, tmp_path)
    assert ended.code in {-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGKILL}
    assert ended.told == []
    second = start("none", gateway, tmp_path)
    assert (second.code, second.errors) == (0, "")
    if fault == "killed":
        assert second.told == []
    else:
        ((title, _, report),) = second.told
        assert title.startswith("keymon ended unexpectedly on 20")
        assert "Fatal Python error" in report
        assert "in run_window" in report
        assert str(Path(__file__).parents[2]) not in report
    assert not list((tmp_path / "keymon-log").glob("running-*"))
    assert len(list((tmp_path / "keymon-log").glob("crash-*"))) == len(second.told)
    assert start("none", gateway, tmp_path).told == []


@pytest.mark.parametrize("fault", ["before", "first paint", "building"])
def test_a_window_that_cannot_be_built_is_told_and_ends(gateway: GatewayFile, tmp_path: Path, fault: str) -> None:
    ended = start(fault, gateway, tmp_path)
    assert ended.code == 1
    assert ended.errors.startswith("keymon: a fault of its own (ValueError in ")
    assert ended.errors.endswith(f"; the report is in {tmp_path}/keymon-log/keymon.log")
    assert "ValueError: it was …" in ended.log
    if fault != "before":
        ((title, _, report),) = ended.told
        assert title == "keymon has met a fault of its own and cannot show its window."
        assert "ValueError: it was …" in report


def test_a_window_that_cannot_be_closed_properly_closes(gateway: GatewayFile, tmp_path: Path) -> None:
    ended = start("closing", gateway, tmp_path)
    assert (ended.code, ended.errors) == (0, "")
    assert [title for title, _, _ in ended.told] == [GOES_ON]


# The worker


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "_met", Counter())


@pytest.mark.parametrize("kind", [ValueError, RecursionError, MemoryError, AssertionError, KeyError])
def test_a_worker_that_raises_is_told_by_the_banner_and_goes_on(
    bench: Bench,
    fresh: None,
    log_file: LogFile,
    start_writer: StartWriter,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Exception],
) -> None:
    teller = FaultTeller(bench.window)
    bench.window.banner.report_wanted.connect(teller.tell_failure)
    gateway = bench.gateway()
    call(gateway, 0)
    bench.follow(gateway)
    start_writer(gateway)

    def fail(*_: object, **__: object) -> None:
        raise kind(key(0))

    with monkeypatch.context() as patch:
        patch.setattr(monitor, "read_settings", fail)
        for _ in range(3):
            with bench.qtbot.waitSignal(bench.poller.failed):
                bench.poller.refresh()
    assert bench.window.banner.text.startswith(f"keymon has met a fault of its own ({kind.__name__}).")
    bench.window.banner._report.click()
    assert teller.dialog is not None
    report = teller.dialog.report.toPlainText()
    assert "monitor.py" in report
    assert key(0) not in report + log_file.path.read_text()
    assert log_file.path.read_text().count("a fault of keymon's own") == 1
    teller.dialog.close()
    bench.refresh()
    assert bench.window.failure is None


@pytest.mark.parametrize("work", ["survey", "answer"])
def test_a_fault_of_what_nobody_waits_for_is_logged(
    bench: Bench, fresh: None, log_file: LogFile, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    gateway = bench.gateway()
    bench.follow(gateway)

    def fail(*_: object) -> None:
        raise ZeroDivisionError(key(0))

    if work == "survey":
        with monkeypatch.context() as patch:
            patch.setattr(Monitor, "survey", fail)
            bench.refresh()
            bench.settle()
    else:
        heard: list[object] = []
        bench.poller.ask(Request(fail, heard.append, heard.append))
        bench.qtbot.waitUntil(lambda: bool(heard))
    bench.refresh()
    assert "ZeroDivisionError" in log_file.path.read_text()
    assert key(0) not in log_file.path.read_text()
