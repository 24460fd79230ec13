"""B: whichever operation of a driver fails, with whatever error, the next refresh tells all that there is.

A whole course is run, from the first connection to the last answer, once for each of its operations, in which that
one fails. It is a `KeymonError` that is heard of it, or the lack of memory itself.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime, timedelta

import pytest

from keymon import call_log
from keymon import database as database_module
from keymon import monitor as monitor_module
from keymon.error_browser import ErrorFilter
from keymon.errors import KeymonError
from keymon.monitor import Monitor
from tests.faults.failing import (
    SERVER_ERRORS,
    SQLITE_ERRORS,
    Failing,
    MakeError,
    failing_server,
    failing_sqlite,
)
from tests.gateway import Gateway, MakeAnyGateway
from tests.gateway_file import key

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
AT = NOW.replace(tzinfo=None)
A, B = key(1), key(2)
LATER = timedelta(seconds=30)
TEXT = "429 RESOURCE_EXHAUSTED"


class Course:
    """Everything that keymon asks a gateway's database, in the order in which a window may ask it."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.raised: list[BaseException] = []
        self._now = NOW

    def now(self) -> datetime:
        """Return the time."""
        return self._now

    def run(self) -> Monitor:
        """Run it; what it raises is noted, and it goes on as the window does. Return the monitor, still open."""
        self._now = NOW
        monitor = Monitor(self.gateway.location, UTC, now=self.now)
        steps: list[Callable[[], object]] = [
            *[lambda: monitor.refresh(-1.0)] * 3,
            monitor.refresh,
            lambda: self._go_on(4),
            monitor.refresh,
            lambda: monitor.survey(10.0),
            *asked(monitor),
            lambda: self._go_on(1),
            monitor.refresh,
            lambda: monitor.survey(10.0),
        ]
        for step in steps:
            try:
                step()
            except (KeymonError, MemoryError) as error:
                self.raised.append(error)
        return monitor

    def figures(self, monitor: Monitor) -> list[object]:
        """Return all that can be known of the gateway."""
        snapshot = monitor.refresh()
        while monitor.survey(10.0):
            pass
        snapshot = monitor.refresh()
        usage = [snapshot.stats.usage(one) for one in (A, B)]
        answers = [one() for one in asked(monitor)]
        told = [snapshot.calls_1m, snapshot.calls_1h, snapshot.calls_24h, snapshot.calls_month, snapshot.loading]
        return [snapshot.keys, snapshot.settings, snapshot.notices, snapshot.surroundings, told, usage, answers]

    def _go_on(self, calls: int) -> None:
        """Let time pass, and the gateway log some calls meanwhile."""
        self._now += LATER
        at = self._now.replace(tzinfo=None) - timedelta(seconds=1)
        self.gateway.calls([(None, at, "m", B, True, 200, 100)] * calls)


def asked(monitor: Monitor) -> list[Callable[[], object]]:
    """Return what widgets ask besides the figures."""
    return [
        lambda: monitor.usage(A).usage,
        lambda: monitor.errors().page(ErrorFilter(), None, 5).rows,
        lambda: monitor.error_text(A, AT - timedelta(minutes=10), 100),
        lambda: monitor.about()[0],
    ]


@pytest.fixture
def gateway(make_any_gateway: MakeAnyGateway, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """A gateway that is read a few rows at a time, and locks that nobody waits for."""
    for module in (call_log, monitor_module):
        monkeypatch.setattr(module, "CHUNK_ROWS", 3)
        monkeypatch.setattr(module, "PAUSE_S", 0.0, raising=False)
    monkeypatch.setattr(monitor_module, "_BACKGROUND_REST", 0)
    monkeypatch.setattr(database_module, "LOCK_PATIENCE_S", 0.0)
    gateway = make_any_gateway([A, B])
    at = AT - timedelta(minutes=10)
    gateway.calls(
        [(None, at + timedelta(seconds=n), "m", A, n % 3 != 0, 429 if n % 3 == 0 else 200, 100) for n in range(10)]
    )
    gateway.error(A, at, TEXT, 429)
    return gateway


WAYS: dict[str, tuple[dict[str, MakeError], Callable[[Failing], AbstractContextManager[None]]]] = {
    "sqlite": (SQLITE_ERRORS, failing_sqlite),
    "mariadb": (SERVER_ERRORS, failing_server),
}
AT_EACH = {"lost", "locked", "disk I/O", "no memory"}
"""What is let happen at each operation; the others, which take different operations, at some, and so on a server."""
SOME = {"sqlite": 5, "mariadb": 25}
CASES = [(way, name, False) for way, (errors, _) in WAYS.items() for name in errors] + [
    (way, name, True) for way, (errors, _) in WAYS.items() for name in errors if name in AT_EACH
]


@pytest.mark.timeout(600)  # hundreds of courses
@pytest.mark.parametrize(
    ("make_any_gateway", "name", "for_ever"),
    CASES,
    ids=[f"{way}: {name}, {'from then on' if for_ever else 'once'}" for way, name, for_ever in CASES],
    indirect=["make_any_gateway"],
)
def test_whichever_operation_fails_the_next_refresh_tells_all(
    request: pytest.FixtureRequest, gateway: Gateway, name: str, for_ever: bool
) -> None:
    way = request.node.callspec.params["make_any_gateway"]
    errors, failing_with = WAYS[way]
    newest = gateway.execute("SELECT MAX(id) FROM t_request_log")[0][0]
    failing, course = Failing(errors[name], for_ever=for_ever), Course(gateway)
    with failing_with(failing):
        course.run().close()
        assert course.raised == []
        operations = failing.count
        assert operations > 80
        with closing(Monitor(gateway.location, UTC, now=course.now)) as undisturbed:
            expected = course.figures(undisturbed)
        step = 1 if name in AT_EACH and not for_ever else SOME[way]
        for at in range(1 + list(errors).index(name) % step, operations + 1, step):
            gateway.execute("DELETE FROM t_request_log WHERE id > ?", (newest,))
            failing.at, failing.count, failing.failed = at, 0, 0
            with closing(course.run()) as monitor:
                assert failing.failed, f"operation {at}"
                failing.at = 0
                assert course.figures(monitor) == expected, f"after operation {at}"
