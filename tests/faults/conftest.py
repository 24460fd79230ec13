"""Guards for every fault: no thread held or left, nothing but reads sent, no row lost."""

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from PySide6.QtCore import QAbstractItemModel
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from keymon.gui.main_window import MainWindow
from tests.faults.planted_secrets import Search
from tests.faults.statements import Heard, heard_at_the_drivers
from tests.faults.tally import TALLY, Tally
from tests.faults.watchdog import Watchdog
from tests.faults.writer import RunningWriter, lost_rows, writing
from tests.gateway_file import GatewayFile
from tests.gateway_server import GatewayServer
from tests.gui.conftest import bench, connections, make_window, nothing_left_behind, qapp, settings

__all__ = ["bench", "connections", "make_window", "nothing_left_behind", "qapp", "settings"]


@pytest.fixture(scope="session")
def tally(request: pytest.FixtureRequest) -> Tally:
    """What the suite has tried and found so far."""
    return request.config.stash.setdefault(TALLY, Tally())


@pytest.fixture(scope="session", autouse=True)
def heard(tally: Tally) -> Iterator[Heard]:
    """Everything that keymon sends to a database in the whole suite."""
    with heard_at_the_drivers() as heard:
        tally.statements = heard
        yield heard


@pytest.fixture(autouse=True)
def only_reads(heard: Heard) -> Iterator[None]:
    """Fail a test in which keymon sends anything but reads."""
    before = len(heard.wrong)
    yield
    assert heard.wrong[before:] == []


@pytest.fixture(autouse=True)
def watchdog(request: pytest.FixtureRequest, qapp: QApplication, tally: Tally) -> Iterator[Watchdog]:
    """Fail a test while which the window's thread was held for longer than it may be."""
    dog = Watchdog()
    yield dog
    dog.stop()
    tally.note_hold(request.path, dog.longest_ms)
    limit_ms = float(request.config.getoption("--held"))
    assert dog.longest_ms <= limit_ms, f"the window's thread was held for {dog.longest_ms:.0f} ms:\n{dog.stack}"


@pytest.fixture
def search(tally: Tally) -> Iterator[Search]:
    """Looks for secrets; what it has found by the end of a test fails it."""
    search = Search(tally)
    yield search
    assert search.found == []


StartWriter = Callable[..., RunningWriter]


@pytest.fixture
def start_writer(request: pytest.FixtureRequest, tally: Tally) -> Iterator[StartWriter]:
    """Let gateways write meanwhile: `start_writer(gateway, rate=50)`; afterwards no row may be missing.

    It has to be ended (`writer.end()`) before its gateway's file is moved away, or its server stopped.
    """
    with ExitStack() as stack:
        started: list[tuple[GatewayFile | GatewayServer, RunningWriter]] = []

        def start(gateway: GatewayFile | GatewayServer, rate: float = 50.0, most: int = 1_000_000) -> RunningWriter:
            place = str(gateway.path) if isinstance(gateway, GatewayFile) else f"{gateway.server.port}/{gateway.name}"
            writer = stack.enter_context(writing(place, rate, most))
            started.append((gateway, writer))
            return writer

        yield start
        for gateway, writer in started:
            written = writer.end()
            lost = lost_rows(gateway, written)
            tally.note_writes(request.path, written.calls, len(lost))
            assert (lost, written.lost) == ([], [])


@pytest.fixture
def model_testers() -> Iterator[Callable[[MainWindow], None]]:
    """Let Qt watch every model of a window: `model_testers(window)`; what it finds wrong fails the test."""
    made: list[QAbstractItemModelTester] = []
    mode = QAbstractItemModelTester.FailureReportingMode.Warning  # warnings fail a test here

    def watch(window: MainWindow) -> None:
        made.extend(QAbstractItemModelTester(model, mode) for model in window.findChildren(QAbstractItemModel))

    yield watch
    made.clear()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out values of tests that have many, where not all are wanted; those that stay are spread evenly."""
    wanted = config.getoption("--faults")
    if wanted == "all":
        return
    tests: dict[tuple[Path, str], list[pytest.Item]] = {}
    for item in items:
        if Path(__file__).parent in item.path.parents:
            tests.setdefault((item.path, item.name.partition("[")[0]), []).append(item)
    left_out: set[pytest.Item] = set()
    for values in tests.values():
        step = max(-(-len(values) // int(wanted)), 1)
        left_out |= set(values) - set(values[::step])
    config.stash.setdefault(TALLY, Tally()).left_out = len(left_out)
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if Path(__file__).parent in item.path.parents:
        tally = item.config.stash.setdefault(TALLY, Tally())
        tally.note(item.path, report)
        if report.when == "teardown":
            tally.threads_left += sum(one.name.startswith("keymon") for one in threading.enumerate())
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    tally = config.stash.get(TALLY, None)
    if tally is None or not tally.groups:
        return
    terminalreporter.section("faults")
    for line in tally.lines():
        terminalreporter.write_line(line)
    out = config.getoption("--faults-json", None)
    if out is not None:
        Path(out).write_text(tally.as_json(), encoding="utf-8")
