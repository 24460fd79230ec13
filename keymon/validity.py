"""Which keys the gateway holds valid: a replay of the failure counts that it keeps in memory only.

Every failed call adds one to its key's count, a passed health check sets it to 0, and a key whose count
reaches MAX_FAILURES is invalid. The log shows calls but neither which of them were health checks nor resets
and restarts, so the replay has to find those out:

1. A call of the test model on a key that the replay holds invalid is a check for sure (or the operator's
   verification, which does the same): the rotation leaves such keys out.
2. On a key with a smaller count, a passed call of the test model is taken as a check where the odds say so
   (`health_checks`): checks are out of the rotation's turn and follow each other in pool order. These odds
   come from the log alone and hold for any share of the test model in the traffic.
3. A failed check never lifts a count beyond the maximum; an ordinary failure, of a call in flight, does.
4. An ordinary call that begins on a key held invalid shows that we are wrong. If the rotation had just
   begun again at the top of the pool, the gateway was restarted and every count is cut to the failures since.
   Else, if we had turned down a possible check on that key, that was one; else the operator has reset the key.
   Not so while (nearly) all keys are invalid, for then the rotation hands out all of them; and a key that
   contradicts us again and again, or is called out of turn, gets traffic for a reason of its own: it stands
   in the pool twice, or it is the PAID_KEY.
5. A key that has failed and that the rotation passes over three times running is invalid, even if the log
   holds too few failures: it begins too late, or the gateway has lost rows.

The machine itself is in `replay`.

Vertex keys: the gateway neither checks them nor ever holds them invalid, so nothing of the above can be seen.
Their count is that of the failures in a row, for a success is the one proof that the key works.

Nothing here is remembered between two calls of `judge`: a verdict is a function of the log.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np

from keymon.calls import Calls, to_datetime
from keymon.gateway_settings import GatewaySettings
from keymon.health_checks import weigh
from keymon.reason import FailedCall, telling
from keymon.replay import FailureReplay
from keymon.rotation import Bools, Indexes, PoolCalls, Rotation


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gateway holds of one key, by our replay. Times are UTC and those of a call's start."""

    valid: bool
    failure_count: int
    since: datetime | None = None
    """The first failure that still counts; None when the count is 0."""
    last_passed_check: datetime | None = None
    """The last health check passed that set the count to 0; None if the log shows none."""
    last_failure_at: datetime | None = None
    """The last failure that was counted, even if the count has been set to 0 since."""
    last_failure_status: int | str | None = None
    """Its HTTP status, the text of a network error, or None for NULL."""
    assumed_reset_at: datetime | None = None
    """Until when the gateway must have reset the count, as ordinary calls on an invalid key have shown."""
    told_by: FailedCall | None = None
    """The failure that says why, of those that still count (`reason`); None when the count is 0."""
    passed_over: bool = False
    """Invalid because the rotation leaves it out; the log holds fewer failures than that takes."""


_UNTOUCHED = {valid: Verdict(valid, 0) for valid in (True, False)}
"""The verdict on a key that has never failed: most keys of a large pool share one object."""


def judge(calls: Calls, settings: GatewaySettings) -> dict[str, Verdict]:
    """Return the verdict on each key of the pool, in its order."""
    verdicts = dict.fromkeys(settings.pool, _UNTOUCHED[settings.max_failures > 0])
    if len(calls) == 0:
        return verdicts
    verdicts.update(_judge_gemini(calls, settings))
    vertex = [key for key, kind in settings.pool.items() if kind == "vertex"]
    verdicts.update(_judge_vertex(calls, vertex, settings.max_failures))
    return verdicts


def _judge_gemini(calls: Calls, settings: GatewaySettings) -> Iterator[tuple[str, Verdict]]:
    of_pool = _calls_of(calls, settings.gemini_keys, settings.test_model)
    if len(of_pool) == 0:
        return
    rotation = Rotation(of_pool)
    interval = max(settings.check_interval // timedelta(microseconds=1), 1)
    odds, suspects = weigh(of_pool, rotation, interval)
    replay = FailureReplay(of_pool, rotation, odds, suspects, settings.max_failures)
    replay.run()
    passed_over = replay.passed_over()
    for place in replay.touched():
        verdict = _verdict(calls, of_pool, replay, place, place in passed_over)
        yield settings.gemini_keys[place], verdict


def _calls_of(calls: Calls, keys: Sequence[str], test_model: str) -> PoolCalls:
    places = {key: place for place, key in enumerate(keys)}
    of_key = np.array([places.get(key, -1) if key is not None else -1 for key in calls.keys], np.int32)
    of_model = np.array([model == test_model for model in calls.models], np.bool_)
    place = of_key[calls.key]
    index = np.flatnonzero(place >= 0)
    return PoolCalls(
        calls.started[index],
        calls.ended[index],
        place[index],
        of_model[calls.model[index]],
        calls.success[index],
        index,
        len(keys),
    )


def _verdict(calls: Calls, of_pool: PoolCalls, replay: FailureReplay, place: int, passed_over: bool) -> Verdict:
    def started(call: int) -> datetime | None:
        return None if call < 0 else to_datetime(of_pool.started.item(call))

    count, last, reset = replay.counts[place], replay.last_failure[place], replay.assumed_reset[place]
    if passed_over:
        count = max(count, replay.max_failures)

    def status(call: int) -> int:
        return calls.status.item(of_pool.index.item(call))

    told_by = of_pool.index.item(telling(replay.failures[place], status)) if count else None
    return Verdict(
        valid=count < replay.max_failures,
        failure_count=count,
        since=started(replay.failures[place][0]) if count else None,
        last_passed_check=started(replay.passed_check[place]),
        last_failure_at=started(last),
        last_failure_status=None if last < 0 else calls.status_of(of_pool.index.item(last)),
        assumed_reset_at=to_datetime(reset) if reset else None,
        told_by=None if told_by is None else _failed_call(calls, told_by),
        passed_over=passed_over,
    )


def _judge_vertex(calls: Calls, keys: Sequence[str], max_failures: int) -> Iterator[tuple[str, Verdict]]:
    wanted = set(keys)
    is_wanted = np.array([key in wanted for key in calls.keys], np.bool_)
    index = np.flatnonzero(is_wanted[calls.key])
    index = index[np.argsort(calls.key[index], kind="stable")]
    success, number = calls.success[index], calls.key[index]
    edges = [*np.flatnonzero(np.diff(number, prepend=-1)).tolist(), len(index)]
    for low, high in pairwise(edges):
        key = calls.keys[int(number[low])]
        if key is not None:
            yield key, _vertex_verdict(calls, index[low:high], success[low:high], max_failures)


def _vertex_verdict(calls: Calls, of_key: Indexes, success: Bools, max_failures: int) -> Verdict:
    passed, failed = of_key[success], of_key[~success]
    in_a_row = failed[failed > passed[-1]] if len(passed) else failed
    last = int(failed[-1]) if len(failed) else None
    return Verdict(
        valid=len(in_a_row) < max_failures,
        failure_count=len(in_a_row),
        since=to_datetime(int(calls.started[in_a_row[0]])) if len(in_a_row) else None,
        last_failure_at=None if last is None else to_datetime(int(calls.started[last])),
        last_failure_status=None if last is None else calls.status_of(last),
        told_by=_failed_call(calls, telling(in_a_row.tolist(), calls.status.item)) if len(in_a_row) else None,
    )


def _failed_call(calls: Calls, call: int) -> FailedCall:
    model = calls.models[calls.model.item(call)]
    return FailedCall(to_datetime(calls.started.item(call)), model, calls.status_of(call))
