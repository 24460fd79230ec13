"""The window in another language: all its texts are in the catalogue, and what is in there fits."""

import re
import string
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from PySide6.QtCore import QLocale, QSettings
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDialogButtonBox, QLabel, QMenu
from pytestqt.qtbot import QtBot

from keymon import errors
from keymon.export import output_file
from keymon.gui.catalogue import Catalogue
from keymon.gui.command_search import commands
from keymon.gui.moments import ago, span
from keymon.gui.translation import LANGUAGES, Language, error_text, language_of, speak, tr
from keymon.gui.trend_times import marks
from keymon.locations import locate
from tests import translations
from tests.gateway_file import key
from tests.gui.conftest import NOW, Bench, MakeWindow, call, invalidate

FILES = [path for path in translations.FILES if path.stem == "keymon"]


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
    assert [path.with_stem("humanize") for path in FILES] == [path for path in translations.FILES if path not in FILES]


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


@pytest.mark.parametrize("path", translations.FILES, ids=lambda path: f"{path.parents[1].name}-{path.stem}")
def test_what_the_window_reads_is_what_was_translated(path: Path) -> None:
    compiled = translations.compiled(translations.read(path))
    assert path.with_suffix(".mo").read_bytes() == compiled, "make translations"


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
        assert ago(NOW - timedelta(minutes=5), NOW) == "5 分钟前"
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
def test_each_span_of_time_is_told_in_chinese() -> None:
    hours = (
        0,
        0.0001,
        0.001,
        0.02,
        0.5,
        1,
        7,
        24,
        90,
        24 * 31,
        24 * 90,
        24 * 365,
        24 * 370,
        24 * 400,
        24 * 600,
        24 * 999,
    )
    told = [ago(NOW - timedelta(hours=n), NOW) for n in hours]
    assert [text for text in told if re.search("[a-z]", text)] == []
    assert told[0] == "刚刚"
    assert told[4] == "30 分钟前"
    assert span(timedelta(days=31)) == "1 个月"


@pytest.mark.usefixtures("chinese")
def test_an_axis_shows_days_as_they_are_written_there(bench: Bench) -> None:
    snapshot = bench.follow(bench.gateway())
    trend = snapshot.stats.trend(timedelta(hours=24))
    assert "11月23日" in [text for _, text in marks(trend, replace(snapshot, is_live=False), 24)]


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize(
    "text", ["scott:tiger@db", "mysql://reader@db", "mysql://reader@db/gateway?password=x", "sqlite://x"], ids=str
)
def test_why_a_database_cannot_be_named_so_is_told_in_chinese(text: str) -> None:
    with pytest.raises(errors.UnsupportedDatabaseError) as told:
        locate(text)
    assert "请" in error_text(told.value)


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize("name", ["", "absent/keys.csv", "."], ids=repr)
def test_why_a_file_cannot_be_written_is_told_in_chinese(tmp_path: Path, name: str) -> None:
    with pytest.raises(errors.ExportError) as told, output_file(tmp_path / name if name else Path("/")):
        pass
    assert not re.search("[a-z]", error_text(told.value).removeprefix(f"{told.value.fields['path']}: "))


@pytest.fixture
def untranslated(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Gather what is asked for and not in the catalogue, which only words that are not ours may be."""
    found: set[str] = set()
    there = {text for text, _ in pairs(translations.read(FILES[0]))}
    ask = Catalogue.text

    def note(self: Catalogue, text: str) -> str:
        if text not in there and re.search(r"[^\W\d_]{2}", text):
            found.add(text)
        return ask(self, text)

    monkeypatch.setattr(Catalogue, "text", note)
    return found


@pytest.mark.usefixtures("chinese")
def test_the_window_is_in_chinese_from_its_menus_to_its_details(
    make_window: MakeWindow, untranslated: set[str], bench: Bench
) -> None:
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
    assert untranslated == set()
    assert not [one.text for one in commands(bench.window) if "(" in one.text and "&" in one.text]


@pytest.mark.usefixtures("chinese")
def test_no_letter_is_taken_twice_in_a_menu(bench: Bench) -> None:
    for menu in (bench.window.menuBar(), *bench.window.menuBar().findChildren(QMenu)):
        letters = [letter for action in menu.actions() for letter in re.findall(r"\(&(\w)\)", action.text())]
        assert len(letters) == len(set(letters)), [action.text() for action in menu.actions()]


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
