"""What the window's tables and charts are exported from, and the dialog that does it."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QStandardPaths, Qt, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QDialog, QWidget

from keymon import export_tables
from keymon.errors import KeymonError
from keymon.export import TableSource
from keymon.gui import moments
from keymon.gui.attention_panel import AttentionPanel
from keymon.gui.errands import Errands
from keymon.gui.translation import tr
from keymon.masking import mask_key
from keymon.stats import DAY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from keymon.gui.chart_picture import Picture
    from keymon.gui.details_dialog import DetailsDialog
    from keymon.gui.export_dialog import ExportDialog, Thing
    from keymon.gui.key_table import KeyTable
    from keymon.gui.main_window import MainWindow
    from keymon.monitor import Snapshot
    from keymon.stats import KeyFigures

_SHOWN = {
    "key": "key",
    "kind": "kind",
    "failures": "failure_count",
    "calls": "calls_24h",
    "success": "success_rate",
    "last_call": "last_call_at",
    "model": "top_model",
    "p50": "p50_ms",
    "p95": "p95_ms",
}
"""Which column of an export holds what a column of the tables of keys sorts by."""


class Exporting(QObject):
    """Exports from `window`: as of the figures that it shows, keys masked unless the operator asks for them."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self.errands = Errands(self)
        self.dialog: ExportDialog | None = None
        window.closed.connect(self._stop)

    @Slot()
    def export_keys(self) -> None:
        """Export the keys: those that are selected, those that are shown, or all of the pool."""
        snapshot = self._window.snapshot
        if snapshot is None:
            return
        panel, search = self._window.panel, self._window.panel.search.text().strip()
        things: list[Thing] = []
        # The table that the operator is in, or has selected in, comes first.
        for table in sorted(panel.tables, key=lambda one: (not one.has_selection(), not one.hasFocus())):
            selected = table.selected_keys()
            if selected:
                things.append(_keys(table, snapshot, selected, tr("Selected keys"), search))
        titles = {panel.valid: tr("Valid keys"), panel.invalid: tr("Invalid keys")}
        for table, title in titles.items():
            shown = [table.keys.key_at(row) for row in range(table.keys.rowCount())]
            things.append(_keys(table, snapshot, shown, title, search))
        things.append(export_tables.keys_table(snapshot, snapshot.keys, tr("All keys of the pool"), say=tr))
        self._open(things, snapshot, self._window)

    def export_details(self, key: str) -> None:
        """Export what the details of a key show: its models, its trend, its calls, its chart."""
        snapshot = self._window.snapshot
        if snapshot is None:
            return
        things: list[Thing] = [*_tables_of(snapshot, key), _calls(snapshot, key)]
        dialog = self._window.dialogs.get(key)
        if dialog is not None:
            things.insert(1, _picture(dialog.chart, snapshot, _title(dialog)))
        self._open(things, snapshot, dialog or self._window)

    @Slot()
    def export_trend(self) -> None:
        """Export the calls of the gateway over time."""
        snapshot = self._window.snapshot
        if snapshot is not None:
            self._open(_trends(snapshot, None), snapshot, self._window)

    @Slot()
    def export_calls(self) -> None:
        """Export the single calls of the last 24 hours."""
        snapshot = self._window.snapshot
        if snapshot is not None:
            self._open([_calls(snapshot, None)], snapshot, self._window)

    def export_attention(self, status: int | str | None, limit: int | None = None) -> None:
        """Export the keys with most calls of a status."""
        snapshot = self._window.snapshot
        if snapshot is not None:
            found = snapshot.stats.attention(status, limit)
            title = tr("Keys with most calls of one status in the last 24 hours")
            self._open([export_tables.attention_table(found, status, title, tr)], snapshot, self._window)

    def export_panel(self, name: str) -> None:
        """Export what the panel of that name shows."""
        panel = self._window.panels.panel(name)
        if name == "attention" and isinstance(panel, AttentionPanel):
            self.export_attention(panel.chosen_status, panel.limit.value())
            return
        exports = {"keys": self.export_keys, "trend": self.export_trend, "calls": self.export_calls}
        if name in exports:
            exports[name]()
        else:
            self._window.status_line.showMessage(
                tr("This panel has no table to export; its rows can be copied."), 6_000
            )

    def export_table(self, source: TableSource, parent: QWidget | None = None) -> None:
        """Export any table."""
        snapshot = self._window.snapshot
        if snapshot is not None:
            self._open([source], snapshot, parent or self._window)

    def export_chart(self, chart: QWidget, title: str = "", parent: QWidget | None = None) -> None:
        """Export a chart, which has a `paint(painter, area)`; `title` tells what it shows and of which period."""
        snapshot = self._window.snapshot
        if snapshot is not None:
            self._open([_picture(chart, snapshot, title)], snapshot, parent or self._window)

    def copy_chart(self, chart: QWidget, title: str = "") -> None:
        """Put a chart on the clipboard as an image."""
        snapshot = self._window.snapshot
        if snapshot is None:
            return
        from keymon.gui.chart_picture import image_of

        try:
            image = image_of(_picture(chart, snapshot, title))
        except KeymonError as error:
            self._window.show_problem(error)
            return
        QGuiApplication.clipboard().setImage(image)
        self._window.status_line.showMessage(tr("Chart copied."), 6_000)

    def serve_details(self, dialog: "DetailsDialog") -> None:
        """Let the operator export from the details of a key, by the keyboard and from the chart's menu."""
        export = QAction(tr("Export…"), dialog)
        export.setShortcut(QKeySequence("Ctrl+Shift+E"))
        export.triggered.connect(lambda: self.export_details(dialog.key))
        dialog.addAction(export)
        copy = QAction(tr("Copy chart"), dialog.chart)
        copy.triggered.connect(lambda: self.copy_chart(dialog.chart, _title(dialog)))
        dialog.chart.addActions([copy, export])
        dialog.chart.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def _open(self, things: "Sequence[Thing]", snapshot: "Snapshot", parent: QWidget) -> None:
        if self.dialog is not None:
            self.dialog.raise_()
            return
        from keymon.gui.export_dialog import ExportDialog

        dialog = ExportDialog(things, export_tables.origin(snapshot), self._folder(), self.errands, parent)
        dialog.written.connect(self._remember)
        dialog.finished.connect(self._forget)
        if isinstance(parent, QDialog):
            parent.finished.connect(dialog.done)
        self.dialog = dialog
        dialog.open()

    def _folder(self) -> Path:
        """Return the folder that was used last, or that of the operator's documents."""
        used = self._window.state.export_folder
        if used is not None and used.is_dir():
            return used
        place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        documents = Path(place) if place else Path.home()
        return documents if documents.is_dir() else Path.home()

    @Slot(Path)
    def _remember(self, path: Path) -> None:
        self._window.state.export_folder = path.parent

    @Slot()
    def _forget(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None

    @Slot()
    def _stop(self) -> None:
        self.errands.stop()
        if self.dialog is not None:
            self.dialog.done(0)


def _picture(chart: QWidget, snapshot: "Snapshot", title: str) -> "Picture":
    from keymon.gui.chart_picture import Picture

    return Picture(chart, title or chart.accessibleName(), (snapshot.database, moments.as_of_in_full(snapshot)))


def _title(dialog: "DetailsDialog") -> str:
    """Return what the chart of the details shows, and of which key."""
    return tr("{chart}, key {key}").format(chart=dialog.chart.accessibleName(), key=mask_key(dialog.key))


def _keys(
    table: "KeyTable", snapshot: "Snapshot", keys: "Sequence[KeyFigures]", title: str, search: str
) -> TableSource:
    return export_tables.keys_table(snapshot, keys, title, _shown_columns(table), search, tr)


def _shown_columns(table: "KeyTable") -> list[str]:
    """Return the columns that are on the screen, in the order in which they are."""
    from keymon.gui.key_columns import COLUMNS

    header = table.horizontalHeader()
    order = (header.logicalIndex(place) for place in range(header.count()))
    names = (_SHOWN.get(COLUMNS[i].sort_by, "") for i in order if not header.isSectionHidden(i))
    return [name for name in names if name]


def _tables_of(snapshot: "Snapshot", key: str) -> list[TableSource]:
    use = snapshot.stats.models(key)
    title = tr("Models in the last 24 hours")
    return [export_tables.models_table(use, key, DAY, title, tr), *_trends(snapshot, key)]


def _trends(snapshot: "Snapshot", key: str | None) -> list[TableSource]:
    from keymon.trend import PERIODS

    return [
        export_tables.trend_table(snapshot.stats.trend(period, key), key, period, _trend_title(period), tr)
        for period in sorted(PERIODS, reverse=True)
    ]


def _trend_title(period: "timedelta") -> str:
    return tr("Trend over {hours} h").format(hours=int(period.total_seconds() // 3600))


def _calls(snapshot: "Snapshot", key: str | None) -> TableSource:
    from keymon.call_list import CallFilter

    count = snapshot.stats.count(DAY).total
    if key is not None:
        count = sum(snapshot.stats.statuses(key).values())
    title = tr("Calls in the last 24 hours")
    return export_tables.calls_table(snapshot.stats.call_list, CallFilter(key=key), title, count, tr)
