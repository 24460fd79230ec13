"""A gateway played in memory: it calls keys, counts their failures and checks them as the real one does.

The demo and the tests need a gateway whose true failure counts are known, at any speed and repeatably. So
this plays the rules that keymon's replay has to guess at: rotation, retries, health checks, and what leaves
no trace (resets, restarts, lost rows). It knows neither databases nor keymon's own judgement, so that it can
be held against it.
"""

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from random import Random

Status = int | str | None
Answer = tuple[Status, int]
"""(status, latency in ms) of one attempt."""
Upstream = Callable[[Random, str, str, datetime], Answer]
"""Answers one attempt, given the source of chance, the key, the model and the time (UTC)."""
Traffic = Callable[[datetime], float]
"""Calls that clients make per second at a time (UTC)."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_IDLE = 60.0
"""How long to sleep before asking again where there is no traffic at all, in seconds."""


@dataclass(frozen=True, slots=True)
class SimulatedCall:
    """One attempt, as the gateway logs it when it ends. `started` and `ended` are UTC."""

    started: datetime
    ended: datetime
    model: str
    key: str
    status: Status
    latency_ms: int
    streamed: bool = False
    is_check: bool = False

    @property
    def success(self) -> bool:
        """Whether the gateway calls it successful: a 2xx."""
        return isinstance(self.status, int) and 200 <= self.status < 300

    def request_time(self, zone: tzinfo) -> datetime:
        """Return its start as the gateway stores it: naive local time."""
        return self.started.astimezone(zone).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class GatewayRules:
    """The settings of the gateway that is played, and how often things go wrong inside it."""

    max_failures: int = 3
    max_retries: int = 3
    test_model: str = "gemini-2.5-flash-lite"
    check_interval: timedelta = timedelta(hours=1)
    skipped_sweeps: float = 0.05
    """Share of the health sweeps that the scheduler misses."""
    lost_rows: float = 0.0
    """Share of the rows that are lost to a locked database."""


class Rotation:
    """A list of keys handed out in turn, with their failure counts."""

    def __init__(self, keys: Sequence[str], max_failures: int) -> None:
        self.keys = tuple(keys)
        self.counts = dict.fromkeys(self.keys, 0)
        self._max_failures = max_failures
        self._next = 0

    def is_valid(self, key: str) -> bool:
        """Whether calls may use `key`."""
        return self.counts[key] < self._max_failures

    def next_working(self) -> str:
        """Return the next valid key, or simply the next one where all are invalid."""
        first = self._step()
        key = first
        while not self.is_valid(key):
            key = self._step()
            if key == first:
                break
        return key

    def fail(self, key: str, *, capped: bool = False) -> None:
        """Count a failure of `key`; where `capped`, never beyond the maximum."""
        if not capped or self.is_valid(key):
            self.counts[key] += 1

    def _step(self) -> str:
        key = self.keys[self._next]
        self._next = (self._next + 1) % len(self.keys)
        return key


@dataclass(frozen=True, slots=True)
class _Attempt:
    call: SimulatedCall
    pool: Rotation
    retries_left: int = 0
    then: tuple[str, ...] = ()
    """Of a health sweep: the keys still to be checked after this one."""
    kind: str = "traffic"


class SimulatedGateway:
    """A gateway from its start at `start` (aware); the same `seed` and steps give the same calls.

    `models` are (name, share) of the client's calls, `keys` the pool as configured, duplicates included.
    """

    def __init__(
        self,
        seed: int,
        start: datetime,
        zone: tzinfo,
        keys: Sequence[str],
        models: Sequence[tuple[str, float]],
        upstream: Upstream,
        traffic: Traffic,
        rules: GatewayRules | None = None,
        vertex_keys: Sequence[str] = (),
        vertex_share: float = 0.02,
    ) -> None:
        self.zone = zone
        self.now = start.astimezone(UTC)
        self._rules = rules or GatewayRules()
        self._random = Random(seed)  # noqa: S311 - the same seed must play the same gateway
        self._keys, self._vertex_keys, self._vertex_share = tuple(keys), tuple(vertex_keys), vertex_share
        self._models, self._shares = zip(*models, strict=True)
        self._upstream, self.traffic = upstream, traffic
        self._sequence = 0
        self.restart()

    @property
    def failure_counts(self) -> dict[str, int]:
        """What the gateway holds in memory now, for each Gemini key."""
        return dict(self._pool.counts)

    def restart(self) -> None:
        """Start the gateway anew: all counts at 0, rotation at the first key, calls in flight lost."""
        self._agenda: list[tuple[float, int, Callable[[float, object], None], object]] = []
        self._pool = Rotation(self._keys, self._rules.max_failures)
        self._vertex = Rotation(self._vertex_keys, self._rules.max_failures) if self._vertex_keys else None
        self._logged: list[SimulatedCall] = []
        self._sweeping = False
        now = self._seconds(self.now)
        self._at(now + self._pause(now), self._arrive)
        self._at(now + self._rules.check_interval.total_seconds(), self._sweep)

    def reset(self, key: str) -> None:
        """Set one key's count to 0, as an operator does; leaves no trace."""
        self._pool.counts[key] = 0

    def verify(self, keys: Sequence[str]) -> None:
        """Check `keys` in parallel, as an operator does."""
        for key in keys:
            self._start(self._seconds(self.now), self._pool, key, self._rules.test_model, kind="verify")

    def change_traffic(self) -> None:
        """Take note that the traffic is another from now on: when the next client calls is drawn anew.

        Else the first call of a busy time could be as long in coming as those of the quiet time before.
        """
        self._agenda = [entry for entry in self._agenda if entry[2] != self._arrive]
        heapq.heapify(self._agenda)
        now = self._seconds(self.now)
        self._at(now + self._pause(now), self._arrive)

    def advance(self, until: datetime) -> list[SimulatedCall]:
        """Play on to `until` (aware) and return the calls that ended meanwhile, in the order of the log."""
        return list(self.play(until))

    def play(self, until: datetime) -> Iterator[SimulatedCall]:
        """Play on to `until`, handing over each call as it ends; counts can be compared between."""
        end = self._seconds(until)
        while self._agenda and self._agenda[0][0] <= end:
            moment, _, action, subject = heapq.heappop(self._agenda)
            self.now = self._datetime(moment)
            action(moment, subject)
            if self._logged:
                logged, self._logged = self._logged, []
                yield from logged
        self.now = max(self.now, until.astimezone(UTC))

    def _at(self, moment: float, action: Callable[[float, object], None], subject: object = None) -> None:
        self._sequence += 1
        heapq.heappush(self._agenda, (moment, self._sequence, action, subject))

    def _pause(self, moment: float) -> float:
        rate = self.traffic(self._datetime(moment))
        return min(self._random.expovariate(rate), _IDLE * 60) if rate > 0 else _IDLE

    def _arrive(self, moment: float, _: object) -> None:
        self._at(moment + self._pause(moment), self._arrive)
        if self.traffic(self._datetime(moment)) <= 0:
            return
        model = self._random.choices(self._models, self._shares)[0]
        pool = self._pool
        if self._vertex is not None and self._random.random() < self._vertex_share:
            pool = self._vertex
        delay = self._random.expovariate(200)  # between choosing the key and stamping the start
        self._start(moment + delay, pool, pool.next_working(), model, retries_left=self._rules.max_retries)

    def _start(
        self,
        moment: float,
        pool: Rotation,
        key: str,
        model: str,
        *,
        retries_left: int = 0,
        then: tuple[str, ...] = (),
        kind: str = "traffic",
    ) -> None:
        started = self._datetime(moment)
        status, latency_ms = self._upstream(self._random, key, model, started)
        streamed = kind == "traffic" and self._random.random() < 0.6
        ended = started + timedelta(milliseconds=latency_ms)
        call = SimulatedCall(started, ended, model, key, status, latency_ms, streamed, kind != "traffic")
        self._at(self._seconds(ended), self._end, _Attempt(call, pool, retries_left, then, kind))

    def _end(self, moment: float, subject: object) -> None:
        assert isinstance(subject, _Attempt)  # noqa: S101 - tells mypy what the agenda holds
        attempt = subject
        if self._random.random() >= self._rules.lost_rows:
            self._logged.append(attempt.call)
        if attempt.kind == "traffic":
            self._settle(moment, attempt)
            return
        if attempt.call.success:
            self._pool.counts[attempt.call.key] = 0
        else:
            self._pool.fail(attempt.call.key, capped=attempt.kind == "sweep")
        if attempt.kind == "sweep":
            self._check_next(moment + self._overhead(), attempt.then)

    def _settle(self, moment: float, attempt: _Attempt) -> None:
        """Count the failure of an ordinary attempt, and try again with the next key."""
        if attempt.call.success:
            return
        if attempt.pool is self._pool:  # the real gateway books a Vertex key's failure nowhere
            attempt.pool.fail(attempt.call.key)
        if attempt.retries_left:
            key = attempt.pool.next_working()
            self._start(
                moment + self._overhead(),
                attempt.pool,
                key,
                attempt.call.model,
                retries_left=attempt.retries_left - 1,
            )

    def _overhead(self) -> float:
        """Seconds from the end of an attempt to the start of the next: the log is written in between."""
        return 0.004 + self._random.expovariate(60)

    def _sweep(self, moment: float, _: object) -> None:
        self._at(moment + self._rules.check_interval.total_seconds(), self._sweep)
        if self._sweeping or self._random.random() < self._rules.skipped_sweeps:
            return
        failed = tuple(key for key, count in self._pool.counts.items() if count > 0)
        self._check_next(moment + self._overhead(), failed)

    def _check_next(self, moment: float, keys: tuple[str, ...]) -> None:
        self._sweeping = bool(keys)
        if keys:
            self._start(moment, self._pool, keys[0], self._rules.test_model, then=keys[1:], kind="sweep")

    @staticmethod
    def _seconds(instant: datetime) -> float:
        return (instant - _EPOCH).total_seconds()

    @staticmethod
    def _datetime(seconds: float) -> datetime:
        return _EPOCH + timedelta(seconds=seconds)
