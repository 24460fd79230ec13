"""What browsing calls and browsing errors have in common: a table, and below it the text of the row that is open."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QHideEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLayout, QPushButton, QSplitter, QVBoxLayout, QWidget

from keymon.gui.error_view import ErrorView
from keymon.gui.evidence import status_name
from keymon.gui.request import Request
from keymon.gui.row_table import RowTable
from keymon.gui.translation import tr
from keymon.gui.wrapped_label import plain_text

if TYPE_CHECKING:
    from datetime import datetime

    from keymon.monitor import Monitor, Snapshot


class BrowserPanel(QWidget):
    """A table whose rows each have a key, and open a text that is read in the worker.

    `ask_wanted(Request)` is for the poller, `copy_wanted(text)` for the clipboard (keys are masked in it),
    `details_wanted(key)` for whoever opens the details of a key, `export_wanted()` for a file of what is listed.
    """

    ask_wanted = Signal(object)
    copy_wanted = Signal(str)
    details_wanted = Signal(str)
    export_wanted = Signal()

    def __init__(self, table: RowTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: Snapshot | None = None
        self._reading: Request[str | None] | None = None
        self._opened: object = None
        self.table = table
        table.opened.connect(self._open_row)
        table.text_copied.connect(self.copy_wanted)
        self._details = table.add_action(tr("Details of the key"), [QKeySequence("Ctrl+Return")], self._open_details)
        self._close = table.add_action(tr("Close the text"), [QKeySequence(Qt.Key.Key_Escape)], self.put_text_away)
        self.error = ErrorView()
        self.error.copy_wanted.connect(self.copy_wanted)
        self.error.closed.connect(self._close_text)
        self._foot = plain_text(muted=True)
        self.newer = QPushButton(tr("Show ne&west"))
        self.newer.clicked.connect(self.show_newest)
        self.export = QPushButton(tr("E&xport…"))
        self.export.clicked.connect(self.export_wanted)
        self.put_text_away()

    def _arrange(
        self, filters: QWidget | QLayout, above: Iterable[tuple[QWidget, int]], buttons: Iterable[QWidget]
    ) -> None:
        """Put filters, what is `above` the table with its height, the table, the text and the foot in a column."""
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        parts = (*above, (self.table, 280), (self.error, 200))
        for i, (widget, height) in enumerate(parts):
            splitter.addWidget(widget)
            splitter.setStretchFactor(i, height)
        splitter.setSizes([height for _, height in parts])
        foot = QHBoxLayout()
        foot.addWidget(self._foot, 1)
        for button in (*buttons, self.newer, self.export):
            foot.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        if isinstance(filters, QWidget):
            layout.addWidget(filters)
        else:
            layout.addLayout(filters)
        layout.addWidget(splitter, 1)
        layout.addLayout(foot)

    @property
    def foot(self) -> str:
        """What is said below the table."""
        return self._foot.text()

    @property
    def is_held(self) -> bool:
        """Whether rows must stay where they are: some are selected or scrolled, or the text of one is read."""
        return self.table.is_held or self.error.isVisibleTo(self)

    def set_key(self, key: str | None) -> None:
        """Show the rows of `key` only, or of all keys."""
        self._details.setVisible(key is None)
        self.table.show_keys(key is None)

    def show_snapshot(self, snapshot: "Snapshot") -> None:
        """Take note of the newest figures."""
        raise NotImplementedError

    def show_newest(self) -> None:
        """Let go of what is held, and show the newest rows."""
        self.put_text_away()
        self.table.clearSelection()
        self.table.scrollToTop()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what came while nothing was seen."""
        super().showEvent(event)
        if self._snapshot is not None:
            self.show_snapshot(self._snapshot)

    def hideEvent(self, event: QHideEvent) -> None:
        """Wait for nothing that nobody sees."""
        if self._reading is not None and not self._reading.is_over:
            self.put_text_away()
        super().hideEvent(event)

    # What the operator does with a row

    def _open_row(self, place: int) -> None:
        """Show the text of a row."""
        raise NotImplementedError

    def _read(
        self,
        row: object,
        about: "tuple[datetime | None, str | None, str | None, int | str | None]",
        work: "Callable[[Monitor], str | None]",
    ) -> None:
        """Show what `work` reads for a row, which is `about` a time, a key, a model and a status."""
        if self._snapshot is None:
            return
        self.put_text_away()
        self._opened = row
        at, key, model, status = about
        self.error.show_waiting(at, key, model, status_name(status), self._snapshot)
        self._close.setEnabled(True)

        def done(text: str | None) -> None:
            self.error.show_text(text, key)

        self._reading = Request(work, done, self.error.show_error)
        self.ask_wanted.emit(self._reading)

    @Slot()
    def put_text_away(self) -> None:
        """Close the text that was opened, and wait for it no longer."""
        if self._reading is not None:
            self._reading.cancel()
        self._reading = self._opened = None
        self.error.put_away()
        self._close.setEnabled(False)

    @Slot()
    def _close_text(self) -> None:
        self.put_text_away()
        self.table.setFocus()

    def _open_details(self) -> None:
        place = self.table.currentIndex().row()
        key = self.table.content.rows[place].key if place >= 0 else None
        if key is not None:
            self.details_wanted.emit(key)
