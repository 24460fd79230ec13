"""Texts for people: numbers that do not flatter, errors in words, foreign text to the letter."""

import pytest
from PySide6.QtCore import QLocale
from PySide6.QtGui import QTextDocument
from pytestqt.qtbot import QtBot

from keymon import errors
from keymon.gui.translation import error_advice, error_text, number, percent, plain_tip


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (None, "–"),
        (0.0, "0.0 %"),
        (1e-9, "0.1 %"),
        (0.5, "50.0 %"),
        (0.12345, "12.3 %"),
        (0.999_999, "99.9 %"),
        (1.0, "100.0 %"),
    ],
)
def test_a_share_never_rounds_a_blemish_away(qtbot: QtBot, rate: float | None, text: str) -> None:
    assert percent(rate) == text


def test_numbers_follow_the_operator_s_locale(qtbot: QtBot) -> None:
    before = QLocale()
    try:
        assert number(1234567) == "1,234,567"
        QLocale.setDefault(QLocale(QLocale.Language.German))
        assert number(1234567) == "1.234.567"
        assert percent(0.5) == "50,0 %"
    finally:
        QLocale.setDefault(before)


@pytest.mark.parametrize("text", ["<b>x</b>", "a & b", '"quoted"', "<img src=x onerror=y>", "plain", "</qt>"])
def test_a_tip_shows_its_text_to_the_letter(qtbot: QtBot, text: str) -> None:
    tip = plain_tip(text)
    assert tip.startswith("<qt>")
    document = QTextDocument()
    document.setHtml(tip)
    assert document.toPlainText() == text


def test_an_error_is_told_in_its_own_words(qtbot: QtBot) -> None:
    error = errors.DatabaseLockedError(database="sqlite:///gw.db")
    assert error_text(error) == "sqlite:///gw.db: is locked by another program"
    assert error_advice(error) == error.advice
    assert error_text(errors.NoDatabaseNamedError()).startswith("Name the gateway's database")


def test_a_fault_of_our_own_is_named_but_its_text_is_not_shown(qtbot: QtBot) -> None:
    error = RuntimeError("AIzaSy secret")
    assert error_text(error) == "keymon has met a fault of its own (RuntimeError)."
    assert error_advice(error) == ""


def _all(cls: type[errors.KeymonError]) -> list[type[errors.KeymonError]]:
    return [cls, *(deeper for one in cls.__subclasses__() for deeper in _all(one))]


@pytest.mark.parametrize("kind", [one for one in _all(errors.KeymonError) if one.template != "{text}"])
def test_every_error_has_a_message_that_can_be_filled_in(qtbot: QtBot, kind: type[errors.KeymonError]) -> None:
    class Any(dict[str, object]):
        def __missing__(self, name: str) -> object:
            return 7

    fields = kind.template.format_map(Any())
    assert fields
    assert "  " not in kind.template + kind.advice
    assert not kind.advice or kind.advice[-1] in ".:"
