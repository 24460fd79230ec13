"""The text of one error as it is shown."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from keymon.errors import DatabaseLockedError
from keymon.gui.error_view import ErrorView
from keymon.masking import mask_key
from tests.gateway_file import key

A = key(1)


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[ErrorView]:
    made = ErrorView()
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()
    made.deleteLater()


@pytest.mark.parametrize(
    ("text", "reason", "shown"),
    [
        ('{"error":{"message":"Not valid."}}', "Not valid.", '{\n  "error": {\n    "message": "Not valid."\n  }\n}'),
        ('HTTP 400 {"a": 1}', 'HTTP 400 {"a": 1}', 'HTTP 400\n{\n  "a": 1\n}'),
        ("<b>bold</b>\x1b[31m\n\tx\u202e", "<b>bold</b>\\u001b[31m", "<b>bold</b>\\u001b[31m\n    x\\u202e"),
        (f'{{"error": "the key {A}', f'{{"error": "the key {mask_key(A)}', f'{{"error": "the key {mask_key(A)}'),
        (f'"{A}"', f'"{mask_key(A)}"', f'"{mask_key(A)}"'),
        ('{"n": ' + "[" * 100_000, '{"n": ' + "[" * 293 + "…", '{"n": ' + "[" * 3993 + "…"),
    ],
    ids=["google", "behind words", "hostile", "cut off", "a text", "deep"],
)
def test_a_text_is_shown_to_the_letter(view: ErrorView, text: str, reason: str, shown: str) -> None:
    view.show_text(text, A)
    assert view.reason.text() == reason
    assert view.text.toPlainText() == shown
    assert {label.textFormat() for label in view.findChildren(QLabel)} == {Qt.TextFormat.PlainText}


def test_a_key_of_an_unusual_form_is_masked_in_its_own_error(view: ErrorView) -> None:
    view.show_text("the key of-an-unusual-form is leaked", "of-an-unusual-form")
    assert "of-an-unusual-form" not in view.reason.text() + view.text.toPlainText()


@pytest.mark.parametrize("text", [None, ""])
def test_where_nothing_was_logged_there_is_nothing_to_copy(view: ErrorView, text: str | None) -> None:
    view.show_text("something", A)
    assert view._copy.isEnabled()
    view.show_text(text, A)
    assert view.reason.text() == "Nothing was logged for this call, or it has been deleted."
    assert view.text.toPlainText() == ""
    assert not view._copy.isEnabled()


def test_why_it_cannot_be_read_is_told(view: ErrorView) -> None:
    view.show_error(DatabaseLockedError(database="gateway.db"))
    assert view.reason.text() == "gateway.db: is locked by another program"
    assert view.text.toPlainText().startswith("keymon waits a second")


def test_escape_closes_it(view: ErrorView, qtbot: QtBot) -> None:
    view.show_text("something", A)
    view.text.setFocus()
    with qtbot.waitSignal(view.closed):
        QTest.keyClick(view.text, Qt.Key.Key_Escape)
    assert not view.isVisible()
    assert view.text.toPlainText() == ""


LONG = ["x" * 3_000, '{"a":' + '"b",' * 700, "https://example.com/" + "path/" * 100]


@pytest.mark.parametrize("text", LONG, ids=["word", "json", "address"])
def test_a_long_word_makes_nothing_wider(view: ErrorView, text: str) -> None:
    view.resize(500, 400)
    view.show_text("short", A)
    before = view.minimumSizeHint().width()
    one_line = view.reason.heightForWidth(480)
    view.show_text(text, A)
    assert view.minimumSizeHint().width() == before
    assert view.reason.sizeHint().width() < 500
    QApplication.processEvents()
    assert view.width() == 500
    assert view.reason.height() >= view.reason.heightForWidth(view.reason.width()) > 3 * one_line


def test_of_a_word_that_is_broken_all_is_drawn(view: ErrorView) -> None:
    view.resize(500, 400)
    view.show_text("x" * 3_000, A)
    QApplication.processEvents()
    picture = view.reason.grab().toImage()
    ground = picture.pixelColor(0, picture.height() - 1)
    last_line = range(picture.height() - view.reason.fontMetrics().height(), picture.height())
    assert any(picture.pixelColor(x, y) != ground for y in last_line for x in range(40))
    assert all(picture.pixelColor(picture.width() - 1, y) == ground for y in range(picture.height()))
