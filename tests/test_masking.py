"""What may be seen of secrets and of foreign text."""

import pytest

from keymon.masking import foreign, key_matcher, mask_key, mask_text, mask_url, visible

KEY = "AIzaSyTEST" + "x" * 25 + "0042"


def test_a_key_is_shown_by_its_first_six_and_last_four_characters() -> None:
    assert mask_key(KEY) == "AIzaSy…0042"


@pytest.mark.parametrize("length", range(1, 25))
def test_most_of_a_short_key_stays_hidden(length: int) -> None:
    shown = mask_key("".join(chr(ord("a") + i) for i in range(length)))
    assert len(shown.replace("…", "")) <= length / 2


@pytest.mark.parametrize(
    ("wanted", "is_meant"),
    [
        (KEY, True),
        ("0042", True),
        (mask_key(KEY), True),
        ("AIzaSy...0042", True),
        ("AIzaSy\\u20260042", True),
        ("AIzaSy…", True),
        ("…0042", True),
        (f"{KEY[:-4]}…{KEY[-4:]}", True),
        (f"{KEY[:-3]}…{KEY[-4:]}", False),
        ("AIzaSx…0042", False),
        ("AIzaSy…0043", False),
        ("AIzaSy0042", False),
        ("0043", False),
    ],
)
def test_a_key_is_found_by_its_ending_and_by_what_is_shown_of_it(wanted: str, is_meant: bool) -> None:
    assert key_matcher(wanted)(KEY) == is_meant


def test_an_empty_key_says_so() -> None:
    assert mask_key("") == "(empty)"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"key {KEY} is bad", "key AIzaSy…0042 is bad"),
        ("AQ.Ab8RN6" + "v" * 40 + "001 failed", "AQ.Ab8…v001 failed"),
        ("mysql://root:secret-word@db/gw", "mysql://root:…@db/gw"),
        ("Bearer sk-0123456789abcdef", "Bearer sk-…def"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_secrets_in_a_text_are_masked(text: str, shown: str) -> None:
    assert mask_text(text) == shown


def test_a_url_keeps_its_user_and_loses_its_password() -> None:
    assert mask_url("mysql+pymysql://reader:pw@db:3306/gateway?ssl_key=x") == "mysql+pymysql://reader@db:3306/gateway"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://root:pa/ss@host/db",
        "mysql://root:pa#ss@host/db",
        "mysql://root:pa?ss@host/db",
        "mysql://root:pa@ss@host/db",
        "sqlite://u:secretpa@host/ss",
        "mysql://root:pass@[host/db",
        "mysql://root:pa\u2100ss@host/db",
    ],
)
def test_a_badly_written_url_loses_its_password_too(url: str) -> None:
    shown = mask_url(url)
    assert "pa" not in shown
    assert "host" in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("gemini-2.5-pro", "gemini-2.5-pro"),
        ("a\nb", "a\\u000ab"),
        ("\x1b[31mred", "\\u001b[31mred"),
        ("abc\u202edef", "abc\\u202edef"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("模型", "模型"),
        ("\ud800", "\\ud800"),
    ],
)
def test_control_and_invisible_characters_become_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_long_text_is_elided() -> None:
    assert visible("m" * 1_000_000, 20) == "m" * 19 + "…"
    assert len(visible("\u202e" * 1_000_000, 20)) == 20


@pytest.mark.parametrize("part", ["://a:", "AIza", "sk-", "x ", "://a:b@", "@", "AQ."])
def test_a_long_text_takes_no_time_that_grows_with_its_square(part: str) -> None:
    text = part * (1_000_000 // len(part))
    assert len(foreign(text, 200)) <= 200
    assert mask_text(text)


@pytest.mark.parametrize("place", range(4_060, 4_310, 3))
def test_a_secret_at_the_place_where_a_long_text_is_cut_does_not_show(place: int) -> None:
    secret = KEY + "Q" * 20
    long_secrets = f"{'AIza' + 'x' * (place - 60)} "
    text = f"{long_secrets.ljust(place)}{secret} {'y' * 5_000}"
    assert secret[:8] not in foreign(text, 200).removeprefix("AIzaxx")
    assert "ssword" not in foreign(f"mysql://root:Password{'x' * place}@host {'y' * 5_000}")
