"""The banner: what is wrong, when keymon tries again, and what the operator may do."""

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from keymon import errors
from keymon.gui.banner import Banner

REFUSED = errors.AccountRefusedError(database="mysql://reader@gateway.example/gateway", reason="Access denied")
LOST = errors.ServerLostError(database="mysql://reader@gateway.example/gateway")


@pytest.fixture
def banner(qtbot: QtBot) -> Iterator[Banner]:
    banner = Banner()
    banner.resize(900, 80)
    banner.show_error(LOST, None)
    yield banner
    banner.clear()
    banner.deleteLater()


def buttons(banner: Banner) -> list[str]:
    return [one.text().replace("&", "") for one in banner.findChildren(QPushButton) if one.isVisible()]


def test_the_seconds_to_the_next_try_are_counted_down(qtbot: QtBot, banner: Banner) -> None:
    banner.show_rest(2.5)
    assert banner.next_try == "Next try in 3 s"
    qtbot.waitUntil(lambda: banner.next_try == "Next try in 2 s")
    qtbot.waitUntil(lambda: banner.next_try == "Next try in 1 s")


def test_nothing_is_counted_below_one(banner: Banner) -> None:
    banner.show_rest(0.0)
    assert banner.next_try == "Next try in 1 s"


def test_a_long_word_of_a_database_makes_the_banner_no_wider(banner: Banner) -> None:
    banner.show_error(errors.DatabaseLockedError(database="x" * 3_000), None)
    assert "x" * 3_000 in banner.text
    QApplication.processEvents()
    assert banner.minimumSizeHint().width() < 1_000


def test_a_try_under_way_is_told_and_stops_the_count(banner: Banner) -> None:
    banner.show_rest(1.0)
    banner.show_trying()
    assert banner.next_try == "Trying…"
    assert not banner._second.isActive()


def test_without_a_next_try_that_is_told(banner: Banner) -> None:
    banner.show_rest(1.0)
    banner.show_rest(None)
    assert banner.next_try == "keymon does not try again by itself."
    assert not banner._second.isActive()


def test_counting_moves_nothing_and_is_not_announced(banner: Banner) -> None:
    sizes, told = set(), set()
    for seconds in (30, 9, None):
        banner.show_rest(seconds)
        sizes.add((banner.sizeHint().height(), banner.minimumSizeHint().width()))
        told.add((banner.accessibleDescription(), *(one.accessibleName() for one in banner.findChildren(QLabel))))
    assert len(sizes) == 1
    assert len(told) == 1
    # Qt announces the text of a label that has no name of its own.
    assert "Next try" in told.pop()


def test_a_password_is_offered_where_the_account_is_refused_only(qtbot: QtBot, banner: Banner) -> None:
    assert buttons(banner) == ["Retry", "Open another…"]
    banner.show_error(REFUSED, None)
    assert buttons(banner) == ["Enter password…", "Retry", "Open another…"]
    with qtbot.waitSignal(banner.password_wanted):
        banner.findChildren(QPushButton)[0].click()
    banner.show_error(LOST, None)
    assert buttons(banner) == ["Retry", "Open another…"]


def test_notices_have_no_next_try(banner: Banner) -> None:
    banner.show_error(REFUSED, None)
    banner.show_rest(2.0)
    banner.show_notices([errors.NoKeyListNotice()])
    assert not any(one.isVisible() for one in banner.findChildren(QLabel) if one.text() == banner.next_try)
    assert buttons(banner) == []
    assert not banner._second.isActive()


def test_it_says_of_when_the_figures_are(banner: Banner) -> None:
    banner.show_error(LOST, "14:03:22")
    assert banner.text.endswith("The figures shown are those of 14:03:22.")
