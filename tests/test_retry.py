"""How long keymon rests after a refresh that failed."""

import pytest

from keymon import errors
from keymon.retry import Failure, rest_s

CHANCES = (0.0, 0.25, 0.5, 1.0)
AWAY = [errors.ServerUnreachableError(), errors.ServerLostError()]
IN_TROUBLE = [
    errors.TooManyConnectionsError(),
    errors.DatabaseTimeoutError(),
    errors.DatabaseUnreadableError(),
    errors.NoSuchDatabaseError(),
    errors.NotAGatewayError(),
    RuntimeError("ours"),
]


def rest(error: BaseException, in_a_row: int, chance: float, took_s: float = 0.0, is_server: bool = True) -> float:
    found = rest_s(Failure(error, in_a_row, took_s, is_server), 5.0, chance)
    assert found is not None
    return found


def kind(error: BaseException) -> str:
    return type(error).__name__


@pytest.mark.parametrize("error", AWAY, ids=kind)
def test_a_server_that_is_away_is_asked_again_soon(error: Exception) -> None:
    assert [rest(error, n, 0.5) for n in (1, 2, 3, 4, 5, 1_000_000)] == [1, 2, 3, 3, 3, 3]
    spread = [rest(error, n, chance) for n in range(1, 50) for chance in CHANCES]
    assert len(set(spread)) > len(CHANCES)
    assert max(spread) <= 3.5


@pytest.mark.parametrize("error", AWAY, ids=kind)
def test_waiting_for_an_answer_counts_as_rest(error: Exception) -> None:
    assert rest(error, 9, 0.5, took_s=1.5) == 1.5
    assert 0.8 <= rest(error, 9, 0.5, took_s=60) <= 1


@pytest.mark.parametrize("error", IN_TROUBLE, ids=kind)
def test_a_server_in_trouble_is_left_more_and_more_alone(error: Exception) -> None:
    for n, (least, most) in enumerate([(1, 2), (2, 4), (4, 8), (8, 16), (15, 30), (15, 30)], 1):
        assert [rest(error, n, chance) for chance in (0.0, 1.0)] == [least, most]
    assert all(1 <= rest(error, 1_000_000, chance) <= 30 for chance in CHANCES)


@pytest.mark.parametrize(
    "error",
    [
        errors.AccountRefusedError(),
        errors.HostBlockedError(),
        errors.EncryptionRefusedError(),
        errors.CertificateFileError(),
        errors.ClearPasswordRefusedError(),
        errors.PasswordNeededError(),
        errors.PasswordCommandError(),
    ],
    ids=kind,
)
@pytest.mark.parametrize("in_a_row", [1, 2, 1_000_000])
@pytest.mark.parametrize("is_server", [True, False])
def test_what_only_a_person_can_mend_is_not_tried_again(error: Exception, in_a_row: int, is_server: bool) -> None:
    assert rest_s(Failure(error, in_a_row, 0.0, is_server), 5.0, 0.5) is None


@pytest.mark.parametrize(
    "error",
    [
        errors.DatabaseAbsentError(),
        errors.DatabaseLockedError(),
        errors.DatabaseTimeoutError(),
        errors.NotAGatewayError(),
        RuntimeError("ours"),
    ],
    ids=kind,
)
def test_a_file_is_looked_at_with_every_tick(error: Exception) -> None:
    assert {rest(error, n, chance, is_server=False) for n in range(1, 9) for chance in CHANCES} == {5.0}
