"""How long to rest after a refresh that failed.

A server that is away burdens nobody by being asked again soon, and its figures are to be fresh within seconds of its
return. One that is there and in trouble is left more and more alone. An account that was refused is not tried again:
servers lock accounts after a number of wrong passwords, and lock out a computer's address, with all that is behind
it, after a number of logins that were broken off, as over a certificate. Nor is what was set up wrongly, such as a
command for the password that gives none: it may have asked the operator.
"""

from dataclasses import dataclass

from keymon.errors import (
    AccountRefusedError,
    CertificateFileError,
    ClearPasswordRefusedError,
    EncryptionRefusedError,
    ServerLostError,
    ServerUnreachableError,
    UsageError,
)

_LONGEST_AWAY_S = 3.0
_JITTER = 0.15
"""The share by which a rest is longer or shorter, so that many desks do not come back at the same moment."""
_SHORTEST_S = 1.0
_DOUBLINGS = 5
_LONGEST_S = 30.0

_FOR_A_PERSON = (
    AccountRefusedError,
    CertificateFileError,
    ClearPasswordRefusedError,
    EncryptionRefusedError,
    UsageError,
)


@dataclass(frozen=True, slots=True)
class Failure:
    """A refresh that failed with `error` after `took_s` seconds, as one of so many `in_a_row`, the first being 1."""

    error: BaseException
    in_a_row: int
    took_s: float
    is_server: bool


def rest_s(failure: Failure, interval_s: float, chance: float) -> float | None:
    """Return for how many seconds to rest before the next refresh; None where only a person may ask for it.

    `interval_s` is the rest after a refresh that succeeded, `chance` a random number, 0 to 1.
    """
    if isinstance(failure.error, _FOR_A_PERSON):
        return None
    if isinstance(failure.error, ServerUnreachableError | ServerLostError):
        rest = min(failure.in_a_row, _LONGEST_AWAY_S) * (1 + _JITTER * (2 * chance - 1))
        # To wait for an answer was a rest, too, from which a server that returns is not found any sooner.
        return max(rest - failure.took_s, _SHORTEST_S * (1 - _JITTER))
    if not failure.is_server:
        return interval_s  # a file that is replaced is to be found with the next tick
    most = min(float(2 ** min(failure.in_a_row, _DOUBLINGS)), _LONGEST_S)
    return max(_SHORTEST_S, most / 2 * (1 + chance))
