"""The dialog that exports what the window shows, and what it is opened with."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QStandardPaths, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QWidget

from keymon import export_tables
from keymon.errors import KeymonError
from keymon.export import is_folder
from keymon.gui import export_things
from keymon.gui.attention_panel import AttentionPanel
from keymon.gui.calls_panel import CallsPanel
from keymon.gui.errands import Errands
from keymon.gui.errors_panel import ErrorsPanel
from keymon.gui.translation import tr
from keymon.gui.trend_view import TrendView
from keymon.log import ours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keymon.gui.details_dialog import DetailsDialog
    from keymon.gui.export_dialog import ExportDialog
    from keymon.gui.export_work import Thing
    from keymon.gui.main_window import MainWindow


class Exporting(QObject):
    """Exports from `window`: as of the figures that it shows, keys masked unless the operator asks for them.

    Where there are no figures yet nothing happens. A `parent` is the window that was exported from.
    """

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self.errands = Errands(self)
        self.dialog: ExportDialog | None = None
        window.closed.connect(self._stop)

    def export_panel(self, name: str) -> None:
        """Export what the panel of that name shows."""
        panel = self._window.panels.panel(name)
        if name == "keys":
            self.export_keys()
        elif name == "quality":
            self.export_quality()
        elif isinstance(panel, TrendView):
            self.export_trend(panel)
        elif isinstance(panel, AttentionPanel):
            self.export_attention(panel.chosen_status, panel.limit.value())
        elif isinstance(panel, CallsPanel):
            self.export_calls(panel)
        elif isinstance(panel, ErrorsPanel):
            self.export_errors(panel)

    def export_keys(self) -> None:
        """Export the keys: those that are selected, those that are shown, or all of the pool."""
        snapshot = self._window.snapshot
        if snapshot is not None:
            self.export(export_things.of_keys(self._window.panel, snapshot))

    def export_details(self, dialog: "DetailsDialog") -> None:
        """Export what the details of a key show: its models, its trend, its calls, its charts."""
        snapshot = self._window.snapshot
        if snapshot is not None:
            self.export(export_things.of_details(dialog, snapshot), dialog)

    def export_trend(self, view: TrendView) -> None:
        """Export the calls of the gateway over time."""
        snapshot = self._window.snapshot
        if snapshot is not None:
            self.export(export_things.of_trend(snapshot, view.period))

    def export_calls(self, panel: CallsPanel) -> None:
        """Export the calls that `panel` lists, in the main window or in the details of a key."""
        self.export(export_things.of_calls(panel), panel.window())

    def export_errors(self, panel: ErrorsPanel) -> None:
        """Export the errors that `panel` lists, in the main window or in the details of a key."""
        self.export(export_things.of_errors(panel), panel.window())

    def export_attention(self, status: int | str | None, limit: int | None = None) -> None:
        """Export the keys with most calls of a status."""
        snapshot = self._window.snapshot
        if snapshot is not None:
            title = tr("Keys with most calls of one status in the last 24 hours")
            self.export([export_tables.attention_table(snapshot, status, limit, title, tr)])

    def export_quality(self) -> None:
        """Export how far the data can be trusted."""
        snapshot = self._window.snapshot
        if snapshot is not None:
            self.export([export_tables.quality_table(snapshot, tr("Data quality"), tr)])

    def export(self, things: "Sequence[Thing]", parent: QWidget | None = None) -> None:
        """Let the operator export one of `things`; while that is asked already, show that."""
        snapshot = self._window.snapshot
        if snapshot is None:
            return
        if not things:
            self._window.status_line.showMessage(tr("Nothing is listed that could be exported."), 6_000)
            return
        if self.dialog is not None:
            self.dialog.raise_()
            return
        from keymon.gui.export_dialog import ExportDialog

        parent = parent or self._window
        dialog = ExportDialog(things, export_tables.origin(snapshot), self._folder(), self.errands, parent)
        dialog.written.connect(self._remember)
        dialog.finished.connect(self._forget)
        if isinstance(parent, QDialog):
            parent.finished.connect(dialog.done)
        self.dialog = dialog
        dialog.open()

    def copy_chart(self, dialog: "DetailsDialog") -> None:
        """Put the chart of the details of a key on the clipboard as an image."""
        snapshot = self._window.snapshot
        if snapshot is None:
            return
        from keymon.gui.chart_picture import image_of

        try:
            image = image_of(export_things.picture(dialog.chart, snapshot, export_things.details_title(dialog)))
        except KeymonError as error:
            self._window.show_problem(error)
            return
        QGuiApplication.clipboard().setImage(image)
        self._window.status_line.showMessage(tr("Chart copied."), 6_000)

    def _folder(self) -> Path:
        """Return the folder that was used last, or that of the operator's documents."""
        used = self._window.state.export_folder
        if used is not None and is_folder(used):
            return used
        place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        documents = Path(place) if place else Path.home()
        return documents if is_folder(documents) else Path.home()

    @Slot(Path)
    def _remember(self, path: Path) -> None:
        self._window.state.export_folder = path.parent
        ours.info("exported to %s", path)

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
