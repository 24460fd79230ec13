"""Text that is not ours, planted wherever one can come from: the window shows it to the letter, and it does nothing."""

import json
from datetime import timedelta

import pytest
from PySide6.QtWidgets import QWidget

from keymon.gui.calls_panel import CallsPanel
from keymon.gui.command_search import CommandSearch
from keymon.gui.errors_panel import ErrorsPanel
from keymon.gui.panels import KINDS
from tests.faults.canaries import CANARIES, MARK, as_seen, canary, problems
from tests.faults.walker import Shown, texts_everywhere
from tests.gateway import Gateway
from tests.gateway_file import key
from tests.gui.conftest import NOW, Bench, select

A, B = key(0), key(1)
TIME = NOW.replace(tzinfo=None)


def fill(gateway: Gateway, name: str, most: int | None = None) -> str:
    """Plant a canary in every column of a gateway's log and in its settings; return the key that is one."""
    text = canary(name, most)
    # Another text than those of the other columns, in which a key would be masked.
    hostile = text[: None if most is None else most - 1] + "K"
    gateway.setting("API_KEYS", json.dumps([A, B, hostile]))
    gateway.setting("TEST_MODEL", text)
    gateway.setting("MAX_FAILURES", text)
    gateway.setting("TIMEZONE", text)
    ago = [TIME - timedelta(minutes=n) for n in range(1, 9)]
    gateway.calls(
        [(None, at, text, who, False, gateway.kept(text), 100) for at in ago for who in (hostile, A)]
        + [(None, at - timedelta(hours=1), text, B, True, 200, 100) for at in ago]
    )
    said = text.replace(MARK, MARK + "S")  # its own text may break lines, what it is a part of may not
    gateway.errors(
        [
            (who, text, text[:50], said, code, json.dumps(text), at)
            for at in ago
            for who, code in ((A, 400), (hostile, 429))
        ]
        + [(B, text, None, json.dumps({"error": {"message": text}}), 500, None, ago[0])]
    )
    return hostile


def open_everything(bench: Bench, hostile: str) -> None:
    """Show every panel, details with every tab, the texts of errors, and what lies over the window."""
    window = bench.window
    for kind in KINDS:
        window.panels.show_panel(kind.name)
        bench.settle()
        browse(bench, window.panels.panel(kind.name))
    for who in (A, hostile):
        dialog = window.open_details(who)
        bench.settle()
        for tab in range(dialog.tabs.count()):
            dialog.tabs.setCurrentIndex(tab)
            page = dialog.tabs.widget(tab)
            assert page is not None
            for panel in page.findChildren(QWidget):
                browse(bench, panel)
            bench.settle()
    window.panels.show_panel("keys")
    select(window.panel.valid, 0)
    window.show_shortcuts()
    window.show_about()
    search = CommandSearch(window)
    search.open()
    search._filter(hostile)  # what is typed is shown as it is typed


def browse(bench: Bench, panel: QWidget | None) -> None:
    """Open the text of the newest call or error."""
    if isinstance(panel, (CallsPanel, ErrorsPanel)):
        bench.qtbot.waitUntil(lambda: panel.table.content.rowCount() > 0)
        panel.table.opened.emit(0)
        bench.qtbot.waitUntil(lambda: MARK in panel.error.text.toPlainText())


def close_everything(bench: Bench) -> None:
    for one in bench.window.findChildren(QWidget):
        if one.isWindow() and one.isVisible():
            one.close()


def holds(texts: list[Shown], name: str) -> bool:
    return any(as_seen(name) in one.text for one in texts)


@pytest.mark.parametrize("name", CANARIES)
def test_in_every_column_and_setting_of_a_file(bench: Bench, name: str) -> None:
    gateway = bench.gateway(2)
    hostile = fill(gateway, name)
    bench.follow(gateway)
    open_everything(bench, hostile)
    texts = list(texts_everywhere())
    assert sum(MARK in one.text for one in texts) > 50
    assert holds(texts, name)
    assert problems(texts, name) == []
    close_everything(bench)
