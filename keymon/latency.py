"""How long calls take: the median and the 95th percentile of those whose latency is known."""

from dataclasses import dataclass

import numpy as np

from keymon.calls import Int32s, Int64s


@dataclass(frozen=True, slots=True)
class Latency:
    """Of `known` calls half took at most `p50_ms`, and 95 % at most `p95_ms`, milliseconds; None without any."""

    known: int
    p50_ms: int | None
    p95_ms: int | None


NO_LATENCY = Latency(0, None, None)


def latency(latencies_ms: Int32s) -> Latency:
    """Return the percentiles (nearest rank) of `latencies_ms`, of which those below 0 are unknown."""
    known = np.sort(latencies_ms[latencies_ms >= 0])
    if len(known) == 0:
        return NO_LATENCY
    return Latency(len(known), int(known[_rank(len(known), 50)]), int(known[_rank(len(known), 95)]))


def latencies_by(groups: Int64s, latencies_ms: Int32s) -> dict[int, Latency]:
    """Return the percentiles of each group; `groups` int64[n] tells to which each latency belongs."""
    is_known = latencies_ms >= 0
    groups, known = groups[is_known], latencies_ms[is_known]
    order = np.lexsort((known, groups))
    groups, known = groups[order], known[order]
    numbers, first, count = np.unique(groups, return_index=True, return_counts=True)
    half, most = known[first + _ranks(count, 50)], known[first + _ranks(count, 95)]
    columns = (numbers.tolist(), count.tolist(), half.tolist(), most.tolist())
    return {number: Latency(n, p50, p95) for number, n, p50, p95 in zip(*columns, strict=True)}


def _rank(count: int, percent: int) -> int:
    return (count * percent + 99) // 100 - 1


def _ranks(count: Int64s, percent: int) -> Int64s:
    ranks: Int64s = (count * percent + 99) // 100 - 1
    return ranks
