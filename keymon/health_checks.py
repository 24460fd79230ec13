"""How likely a successful call of the test model is one of the gateway's health checks.

A check and an ordinary call look the same in the log, but only a check sets the failure count to 0. Four
things tell them apart, each weighed as the logarithm of a ratio of likelihoods:

- an ordinary call keeps to the rotation's walk through the pool, a check does not (`rotation`);
- a sweep tests one key after the other in pool order, so a check starts right when another has ended;
- a retry also starts right when another call has ended, but only after a failure, and on the next key;
- the more ordinary calls a key gets with the test model between two sweeps, the rarer a check among them.

What "right when" means differs from gateway to gateway and is measured on the calls that are checks for sure.
Nothing here knows failure counts: those come in `validity`, which replays them with these odds.
"""

import numpy as np

from keymon.calls import Int64s
from keymon.rotation import SECOND, Bools, Floats, Indexes, PoolCalls, Rotation

_SURE = 1.5
_SHORTEST_PAUSE, _USUAL_PAUSE, _LONGEST_PAUSE = 0.1, 1.0, 5.0
"""Seconds from the end of a check to the start of the next, within which they are taken as linked."""
_SLACK = 0.01
"""Seconds by which times may be off: latencies are stored in whole milliseconds."""
_LINKED_CHECKS = 0.9
"""Share of checks that are linked to another."""
_LONE_CHECKS = 0.25
"""The same for unlinked ones; more than the rest of it, for a lone key's check has nothing to be linked to."""


def weigh(calls: PoolCalls, rotation: Rotation, interval: int) -> tuple[Floats, Indexes]:
    """Return each call's log odds of being a check, and the calls of the test model that could be one.

    Those are the calls on keys that have failed before; all other odds are 0. Above 0 a check is likelier.
    `interval` is the time between two sweeps in microseconds.
    """
    odds = np.zeros(len(calls))
    suspects = _tests_after_failure(calls)
    if len(suspects) == 0:
        return odds, suspects
    odds[suspects] = rotation.log_odds(calls.started[suspects], calls.place[suspects])
    passed = suspects[calls.success[suspects]]
    odds[passed] += _weigh_links(calls, suspects, passed, odds) - np.log(_ordinary_per_check(calls, interval))
    return odds, suspects


def _tests_after_failure(calls: PoolCalls) -> Indexes:
    first = np.full(calls.size, len(calls))
    failures = np.flatnonzero(~calls.success)[::-1]
    first[calls.place[failures]] = failures  # the last assignment, which is the earliest failure, stays
    tests = np.flatnonzero(calls.tests)
    return tests[tests >= first[calls.place[tests]]]


def _ordinary_per_check(calls: PoolCalls, interval: int) -> float:
    """Return how many calls of the test model a key gets between two sweeps."""
    keys = np.count_nonzero(np.bincount(calls.place, minlength=calls.size))
    sweeps = max(_span(calls.started) / interval, 1.0)
    return float(np.clip(np.count_nonzero(calls.tests) / keys / sweeps, 0.1, 50.0))


def _weigh_links(calls: PoolCalls, suspects: Indexes, passed: Indexes, odds: Floats) -> Floats:
    by_start = suspects[np.argsort(calls.started[suspects], kind="stable")]
    pause, slack = _pause(calls, by_start, odds), _SLACK
    if np.mean(calls.started[:10_000] % SECOND == 0) > 0.9:  # whole seconds, as MySQL stores them
        pause, slack = pause + 1, slack + 1
    linked = _linked(calls, by_start, passed, odds, int(pause * SECOND), int(slack * SECOND))
    rate = len(suspects) / max(_span(calls.started) / SECOND, 1.0)
    by_chance = float(np.clip(1 - np.exp(-rate * (pause + slack)), 0.002, 0.9))
    ratio: Floats = np.where(linked, _LINKED_CHECKS / by_chance, _LONE_CHECKS / (1 - by_chance))
    logarithm: Floats = np.log(ratio)
    return logarithm


def _pause(calls: PoolCalls, by_start: Indexes, odds: Floats) -> float:
    """Return the seconds within which one check follows the other, measured on calls off the walk."""
    sure = by_start[odds[by_start] > _SURE]
    pauses = (calls.started[sure[1:]] - calls.ended[sure[:-1]]) / SECOND
    in_order = calls.place[sure[1:]] > calls.place[sure[:-1]]
    pauses = pauses[(pauses >= -_SLACK) & (pauses < 60) & in_order]
    if len(pauses) < 5:
        return _USUAL_PAUSE
    return float(np.clip(4 * np.median(pauses), _SHORTEST_PAUSE, _LONGEST_PAUSE))


def _linked(calls: PoolCalls, by_start: Indexes, passed: Indexes, odds: Floats, pause: int, slack: int) -> Bools:
    """Return which passed calls follow, or are followed by, a call that may be the same sweep's."""
    by_end = by_start[np.argsort(calls.ended[by_start], kind="stable")]
    started, ended, place = calls.started[passed], calls.ended[passed], calls.place[passed]
    last = np.searchsorted(calls.ended[by_end], started + slack, "right") - 1
    next_ = np.searchsorted(calls.started[by_start], ended - slack, "left")
    linked = np.zeros(len(passed), np.bool_)
    for step in (0, 1):
        other = by_end[np.maximum(last - step, 0)]
        # After a failure on the walk comes its retry: no sign of a sweep.
        no_retry = (odds[other] > 0) | (calls.success[other] & (odds[other] > -1))
        near = (last >= step) & (started - calls.ended[other] <= pause)
        linked |= near & (calls.place[other] < place) & no_retry
        other = by_start[np.minimum(next_ + step, len(by_start) - 1)]
        near = (next_ + step < len(by_start)) & (calls.started[other] - ended <= pause)
        linked |= near & (calls.place[other] > place) & (odds[other] > -1)
    return linked


def _span(started: Int64s) -> float:
    return float(started.max() - started.min())
