"""Secrets that are known by their value are hidden wherever they stand."""

import json
from urllib.parse import quote

import pytest

from keymon.masking import mask_key
from keymon.secret_values import SecretValues


@pytest.fixture
def known() -> SecretValues:
    made = SecretValues()
    made.remember_keys(["home-made-key-0001", "home-made-key-0001-longer", "näh key/ +&'\"\\"])
    made.remember_password("p@ss w/rd")
    return made


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("nothing of it", "nothing of it"),
        ("key=home-made-key-0001;", "key=hom…001;"),
        ("home-made-key-0001home-made-key-0001", "hom…001hom…001"),
        ("home-made-key-0001-longer", "home-m…nger"),
        ("home-made-key-000", "home-made-key-000"),
        ("the password is p@ss w/rd, written", "the password is …, written"),
        (f"mysql://me:{quote('p@ss w/rd', safe='')}@host", "mysql://me:…@host"),
    ],
)
def test_a_known_value_is_hidden_wherever_it_stands(known: SecretValues, text: str, shown: str) -> None:
    assert known.hide(text, mask_key) == shown


@pytest.mark.parametrize("write", [str, repr, json.dumps, quote], ids=lambda write: write.__name__)
def test_a_value_is_hidden_however_it_is_quoted(known: SecretValues, write: object) -> None:
    value = "näh key/ +&'\"\\"
    hidden = known.hide(f"<{write(value)}>", mask_key)  # type: ignore[operator]
    assert value not in hidden
    assert "key" not in hidden


def test_what_is_too_short_to_be_hidden_hides_nothing_else(known: SecretValues) -> None:
    known.remember_password("abc")
    assert known.hide("the alphabet begins with abc", mask_key) == "the alphabet begins with abc"
