"""Every error is a message for a person, and an exit code for a script."""

import string

import pytest

from keymon import errors

ALL = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.KeymonError)]


def fields_of(kind: type[errors.KeymonError]) -> dict[str, object]:
    names = {name for _, name, _, _ in string.Formatter().parse(kind.template) if name}
    return dict.fromkeys(names, 1)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_a_message_is_one_sentence_with_a_way_out_beside_it(kind: type[errors.KeymonError]) -> None:
    message = str(kind(**fields_of(kind)))
    assert message
    assert "\n" not in message
    assert "{" not in message + kind.advice


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_exit_codes_follow_the_contract(kind: type[errors.KeymonError]) -> None:
    expected = {errors.UsageError: 2, errors.DatabaseError: 3, errors.NotAGatewayError: 4}
    code = next((code for base, code in expected.items() if issubclass(kind, base)), 1)
    assert kind.exit_code == code


def test_what_can_go_wrong_with_a_database_has_a_way_out() -> None:
    untold = {errors.DatabaseError, errors.ReadBrokenOffError, errors.DatabaseUnreadableError}
    kinds = [kind for kind in ALL if issubclass(kind, errors.DatabaseError) and kind not in untold]
    assert len(kinds) > 8
    assert all(kind.advice for kind in kinds)
