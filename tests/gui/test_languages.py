"""The window in another language: all its texts are in the catalogue, and what is in there fits."""

import re
import string
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from PySide6.QtCore import QLocale, QSettings
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDialogButtonBox, QLabel
from pytestqt.qtbot import QtBot

from keymon import errors
from keymon.gui.command_search import commands
from keymon.gui.moments import ago
from keymon.gui.translation import LANGUAGES, Language, error_text, language_of, speak, tr
from tests import translations
from tests.gateway_file import key
from tests.gui.conftest import NOW, Bench, MakeWindow, call, invalidate

FILES = sorted(translations.LOCALES.glob("*/LC_MESSAGES/keymon.po"))


@pytest.fixture(params=FILES, ids=lambda path: path.parents[1].name)
def file(request: pytest.FixtureRequest) -> Path:
    assert isinstance(request.param, Path)
    return request.param


@pytest.fixture
def catalogue(file: Path) -> Catalog:
    return translations.read(file)


def pairs(catalogue: Catalog) -> list[tuple[str, str]]:
    return [(str(message.id), str(message.string)) for message in catalogue if message.id]


def test_there_is_a_catalogue_for_each_language_that_can_be_chosen() -> None:
    assert {path.parents[1].name for path in FILES} | {"en"} == set(LANGUAGES)


def test_all_texts_of_the_window_are_in_the_catalogue(catalogue: Catalog) -> None:
    wanted = set(translations.texts())
    there = {text for text, _ in pairs(catalogue)}
    assert wanted - there == set(), "make translations"
    assert there - wanted == set(), "make translations"
    assert [message.id for message in catalogue if message.id and (not message.string or message.fuzzy)] == []


def test_what_can_go_wrong_is_in_the_catalogue() -> None:
    found, classes = set(translations.texts()), [errors.KeymonError]
    for one in classes:
        classes += one.__subclasses__()
    told = {text for one in classes for text in (one.template, one.advice)}
    assert {text for text in told if text not in found and re.search("[a-z]{2}", re.sub(r"\{.*?\}", "", text))} == set()


def fields(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def test_each_text_has_the_same_fields_and_letters(catalogue: Catalog) -> None:
    for text, translated in pairs(catalogue):
        assert fields(translated) == fields(text), text
        letters = re.findall(r"&(\w)", text)
        assert [letter.upper() for letter in letters] == re.findall(r"\(&(\w)\)", translated), text
        for edge in (0, -1):
            assert translated[edge].isspace() == text[edge].isspace(), text


def test_what_the_window_reads_is_what_was_translated(file: Path, catalogue: Catalog) -> None:
    assert file.with_suffix(".mo").read_bytes() == translations.compiled(catalogue), "make translations"


@pytest.mark.parametrize(
    ("desktop", "language"),
    [
        (["zh-Hans-CN", "zh-CN", "zh"], "zh_CN"),
        (["zh"], "zh_CN"),
        (["zh-SG"], "zh_CN"),
        (["zh-Hant-TW", "zh-TW", "zh"], "en"),
        (["zh-HK", "zh"], "en"),
        (["en-GB", "zh-CN"], "en"),
        (["de-DE", "zh-CN", "en"], "zh_CN"),
        (["de-DE"], "en"),
        ([], "en"),
    ],
    ids=str,
)
def test_the_desktop_s_first_language_that_there_is_is_taken(
    monkeypatch: pytest.MonkeyPatch, desktop: list[str], language: Language
) -> None:
    class System:
        def uiLanguages(self) -> list[str]:
            return desktop

    monkeypatch.setattr(QLocale, "system", System)
    assert language_of(None) == language
    assert language_of("en") == "en"


@pytest.fixture
def chinese(qtbot: QtBot) -> Iterator[None]:
    speak("zh_CN")
    yield
    speak("en")


def cancel() -> str:
    """Return what a button says that is Qt's own."""
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    return box.button(QDialogButtonBox.StandardButton.Cancel).text()


def test_a_language_is_spoken_and_left(qtbot: QtBot) -> None:
    assert tr("Keys") == "Keys"
    speak("zh_CN")
    try:
        assert tr("Keys") == "密钥"
        assert tr("no text of ours") == "no text of ours"
        assert tr("") == ""
        assert ago(NOW - timedelta(minutes=5), NOW) == "5分之前"
        assert cancel() == "取消"
        error = errors.DatabaseAbsentError(database="gw.db", reason="there is no such file")
        assert "gw.db" in error_text(error)
        assert not re.search("no such file", error_text(error))
    finally:
        speak("en")
    assert tr("Keys") == "Keys"
    assert ago(NOW - timedelta(minutes=5), NOW) == "5 minutes ago"
    assert cancel().replace("&", "") == "Cancel"


@pytest.mark.usefixtures("chinese")
def test_the_window_is_in_chinese_from_its_menus_to_its_details(make_window: MakeWindow, bench: Bench) -> None:
    gateway = bench.gateway()
    call(gateway, 0, 3)
    invalidate(gateway, 1)
    bench.follow(gateway)
    panels = bench.window.panels
    assert [panels.bar.tabText(i) for i in range(panels.bar.count())] == [
        tr(text) for text in ("Keys", "Trend", "Attention", "Calls", "Errors", "Data quality")
    ]
    for i in range(panels.bar.count()):
        panels.bar.setCurrentIndex(i)
    dialog = bench.window.open_details(key(1))
    shown = [label.text() for label in (*bench.window.findChildren(QLabel), *dialog.findChildren(QLabel))]
    english = [text for text in shown if re.search(r"\b(the|of|keys|calls|valid|errors?)\b", text)]
    assert english == []
    assert not [one.text for one in commands(bench.window) if "(" in one.text and "&" in one.text]


def test_the_language_that_is_chosen_is_that_of_the_next_start(
    bench: Bench, settings: QSettings, make_window: MakeWindow
) -> None:
    next(one for one in bench.window.findChildren(QAction) if one.text() == "简体中文").trigger()
    assert "next time" in bench.window.statusBar().currentMessage()
    bench.window.close()
    after, _ = make_window()
    assert after.state.language == "zh_CN"
    assert language_of(after.state.language) == "zh_CN"
    settings.setValue("language", "tlh")
    assert after.state.language is None
