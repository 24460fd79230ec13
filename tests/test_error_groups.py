"""Errors grouped by what they say."""

from datetime import UTC, datetime, timedelta

import pytest

from keymon.error_browser import ErrorRow
from keymon.error_groups import group_name, grouped, message
from tests.gateway_file import key

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
GOOGLE = '{"error": {"code": 400, "message": "API key not valid.\\nPlease pass \\"a\\" valid API key.", "status": "X"}}'


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (GOOGLE, "API key not valid."),
        ("HTTP error 429: " + GOOGLE, "API key not valid."),
        (GOOGLE[:45], "API key n"),
        ('{"error": {"message": "cut \\u00', "cut \\u00"),
        ('{"error": {"message": "a \\u00e9"}}', "a é"),
        ("\n  first   line\nsecond", "first line"),
        ("", ""),
        (None, ""),
    ],
    ids=["google", "behind words", "cut off", "cut in an escape", "escaped", "plain", "empty", "nothing"],
)
def test_the_message_of_a_beginning(head: str | None, said: str) -> None:
    assert message(head) == said


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("retry in 34.5 s", "retry in 7 s"),
        (f"key {key(1)} is leaked", f"key {key(2)} is leaked"),
        ("x" * 120 + "a", "x" * 120 + "b"),
        (GOOGLE, GOOGLE.replace("400", "403")),
    ],
    ids=["numbers", "keys", "long", "google"],
)
def test_messages_that_differ_in_numbers_and_keys_are_one_group(one: str, other: str) -> None:
    assert group_name(one) == group_name(other)
    assert key(1)[:20] not in group_name(one)


@pytest.mark.parametrize("shown", [4, 5, 12, 19])
def test_of_a_key_in_which_the_beginning_ends_nothing_is_shown(shown: int) -> None:
    begun = key(1)[:shown]
    assert begun not in message("x" * (240 - shown) + begun)
    assert message("x " + begun) == "x " + begun


def test_errors_of_keys_of_any_form_are_one_group() -> None:
    one, other = "an-odd-key-with-words-1", "another-key-of-words-2"
    assert group_name(f"{one} is no key", one) == group_name(f"{other} is no key", other) == "… is no key"
    assert group_name("short is no key", "short") == "short is no key"


def test_other_words_are_another_group() -> None:
    assert group_name("overloaded") != group_name("quota")


def test_groups_come_most_first_and_know_their_newest() -> None:
    rows = [
        ErrorRow(9 - n, NOON - timedelta(minutes=n), key(owner), "m", 500, None, head)
        for n, (owner, head) in enumerate(
            [(1, "once"), (1, "try 1"), (2, "also once"), (2, "try 2"), (2, "try 3"), *[(1, "often")] * 4]
        )
    ]
    groups = grouped(rows)
    assert [(group.message, group.count, group.keys) for group in groups] == [
        ("often", 4, 1),
        ("try #", 3, 2),
        ("once", 1, 1),
        ("also once", 1, 1),
    ]
    assert (groups[1].newest, groups[1].example) == (NOON - timedelta(minutes=1), rows[1])
    assert grouped([]) == ()
