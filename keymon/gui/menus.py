"""The menu bar: everything that can be done in the main window, each with its shortcut; and what details export."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QApplication, QMenu

from keymon.gui.folders import show_log_folder
from keymon.gui.theme import apply_theme
from keymon.gui.translation import tr

if TYPE_CHECKING:
    from keymon.gui.details_dialog import DetailsDialog
    from keymon.gui.main_window import MainWindow
    from keymon.gui.theme import Theme
    from keymon.gui.translation import Language

Shortcut = QKeySequence.StandardKey | str | None


def build_menus(window: "MainWindow") -> QAction:
    """Fill the menu bar of `window`; return the action that pauses refreshing."""
    gateway = window.menuBar().addMenu(tr("&Gateway"))
    connections = _add(gateway, tr("&Connections…"), "Ctrl+L", window.connections_wanted.emit)
    window.switcher.menu.addAction(connections)
    gateway.addMenu(window.switcher.menu)
    gateway.addSeparator()
    _add(gateway, tr("&Open database…"), QKeySequence.StandardKey.Open, window.choose_file)
    _add(gateway, tr("Open by a gateway's .&env…"), "Ctrl+E", window.choose_env)
    _add(gateway, tr("Look at the &sample gateway"), "Ctrl+D", window.demo_chosen.emit)
    gateway.addSeparator()
    _add(gateway, tr("Set its &time zone…"), "Ctrl+T", window.choose_zone)
    gateway.addSeparator()
    _add(gateway, tr("E&xport…"), "Ctrl+Shift+E", window.panels.export_current)
    gateway.addSeparator()
    _add(gateway, tr("&Quit"), "Ctrl+Q", window.close)
    view = window.menuBar().addMenu(tr("&View"))
    _add(view, tr("&Refresh now"), QKeySequence.StandardKey.Refresh, window.poller.refresh)
    pause = _add(view, tr("&Pause refreshing"), "Ctrl+P", None)
    pause.setCheckable(True)
    _add(view, tr("&Search"), QKeySequence.StandardKey.Find, window.panels.search)
    _add(view, tr("&Filter the keys…"), "Ctrl+Shift+F", window.panels.filter_keys)
    _add(view, tr("Choose &columns…"), "Ctrl+Shift+H", window.panels.choose_columns)
    view.addSeparator()
    view.addActions(window.panels.view_actions)
    view.addSeparator()
    _add_themes(view, window)
    _add_languages(view, window)
    _add_rows(window)
    aid = window.menuBar().addMenu(tr("&Help"))
    _add(aid, tr("&Find a command or a key…"), "Ctrl+K", window.search_commands)
    _add(aid, tr("&Keyboard shortcuts"), QKeySequence.StandardKey.HelpContents, window.show_shortcuts)
    _add(aid, tr("Show &log folder"), None, lambda: window.status_line.showMessage(show_log_folder(), 6_000))
    _add(aid, tr("&About keymon"), None, window.show_about)
    return pause


def _add(menu: QMenu, text: str, shortcut: Shortcut, run: Callable[[], object] | None) -> QAction:
    action = menu.addAction(text)
    if shortcut is not None:
        action.setShortcut(QKeySequence(shortcut))
    if run is not None:
        action.triggered.connect(run)
    return action


def _add_rows(window: "MainWindow") -> None:
    """Add the menu of what can be done with rows: those of the table that is in use."""
    menu = window.menuBar().addMenu(tr("&Selection"))

    def fill() -> None:
        for action in menu.actions():
            menu.removeAction(action)  # to clear the menu would destroy the table's actions
        menu.addActions(window.panels.row_actions)

    menu.aboutToShow.connect(fill)
    fill()


def _add_themes(view: QMenu, window: "MainWindow") -> None:
    themes: tuple[tuple[str, Theme | None], ...] = ((tr("&Light"), "light"), (tr("D&ark"), "dark"))

    def change(action: QAction) -> None:
        window.state.theme = action.data()
        application = QApplication.instance()
        if isinstance(application, QApplication):
            apply_theme(application, action.data())

    _add_choice(view.addMenu(tr("&Theme")), themes, window.state.theme, change)


def _add_languages(view: QMenu, window: "MainWindow") -> None:
    # Each in its own words, for whoever reads no other.
    languages: tuple[tuple[str, Language | None], ...] = (("English", "en"), ("简体中文", "zh_CN"))

    def change(action: QAction) -> None:
        window.state.language = action.data()
        window.status_line.showMessage(tr("The language changes when keymon is started the next time."), 6_000)

    _add_choice(view.addMenu(tr("&Language")), languages, window.state.language, change)


def _add_choice(
    menu: QMenu, values: Sequence[tuple[str, str | None]], chosen: str | None, change: Callable[[QAction], None]
) -> None:
    """Fill `menu` with what may be chosen besides what the desktop has; `change` is given the action."""
    group = QActionGroup(menu)
    for text, value in ((tr("As the &desktop"), None), *values):
        action = menu.addAction(text)
        action.setCheckable(True)
        action.setChecked(value == chosen)
        action.setData(value)
        group.addAction(action)
    group.triggered.connect(change)


def add_exports(dialog: "DetailsDialog", window: "MainWindow") -> None:
    """Let the operator export from the details of a key, by the keyboard and from the chart's menu."""
    export = QAction(tr("Export…"), dialog)
    export.setShortcut(QKeySequence("Ctrl+Shift+E"))
    export.triggered.connect(lambda: window.exporting.export_details(dialog))
    dialog.add_tool(export, tr("E&xport…"), tr("Export what the details show (Ctrl+Shift+E)"))
    copy = QAction(tr("Copy chart"), dialog.chart)
    copy.triggered.connect(lambda: window.exporting.copy_chart(dialog))
    dialog.chart.addActions([copy, export])
    dialog.chart.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
