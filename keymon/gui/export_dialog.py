"""Which table or chart goes into which file: one dialog for all of them.

What is exported is what was there when the dialog opened. The file is written in another thread; until it is
complete the old one stays, and whatever goes wrong is told here, with all that was entered still there.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from threading import Event

from PySide6.QtCore import QTimer, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from keymon.aside import BrokenOffError
from keymon.errors import KeymonError
from keymon.export import Origin, TableSource, free_path, is_folder, suggested_name
from keymon.gui.chart_picture import Picture
from keymon.gui.errands import Errand, Errands
from keymon.gui.export_work import SUFFIXES, Thing, Work, formats_of, label, work_of
from keymon.gui.form_parts import Field
from keymon.gui.note_bar import NoteBar
from keymon.gui.translation import error_advice, error_text, tr
from keymon.locations import at_home
from keymon.masking import visible

PATIENCE_MS = 1_000
"""Writing that takes no longer shows no progress bar."""


class ExportDialog(QDialog):
    """Exports one of `things`, whose figures are of `origin`; one of `errands` writes the file.

    `folder` is where it is suggested to be put, `written(path)` tells that there is one.
    """

    written = Signal(Path)
    _told = Signal(int)

    def __init__(
        self,
        things: Sequence[Thing],
        origin: Origin,
        folder: Path,
        errands: Errands,
        parent: QWidget | None = None,
        patience_ms: int = PATIENCE_MS,
    ) -> None:
        super().__init__(parent)
        self._things, self._origin, self._folder, self._errands = things, origin, folder, errands
        for thing in things:
            if isinstance(thing, Picture) and thing.chart.parent() is None:
                # Python may find it unused in any thread; it has to go in that of the window.
                thing.chart.setParent(self)
                thing.chart.hide()
        self._cancelled = Event()
        self._errand: Errand | None = None
        self._suggested = ""
        self._path: Path | None = None
        self.setObjectName("export")
        self.setWindowTitle(tr("Export"))
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(patience_ms)
        self._build_form()
        self._arrange()
        self._patience.timeout.connect(self.progress.show)
        self._told.connect(self.progress.setValue)
        self._offer_formats()
        self._show_secret(False)

    def _build_form(self) -> None:
        self.what = QComboBox()
        self.what.setAccessibleName(tr("What"))
        self.what.addItems([label(thing) for thing in self._things])
        self.what.currentIndexChanged.connect(self._offer_formats)
        self.format = QComboBox()
        self.format.setAccessibleName(tr("Format"))
        self.format.currentIndexChanged.connect(self._suggest)
        self.all_columns = QCheckBox(tr("&All columns, not only those that are shown"))
        self.keys_in_full = QCheckBox(tr("&Keys in full (secret)"))
        self.keys_in_full.toggled.connect(self._show_secret)
        self.secret = Field(self.keys_in_full)
        self.file = QLineEdit()
        self.file.setAccessibleName(tr("File"))
        self.file.textChanged.connect(self._look_at_file)
        browse = QPushButton(tr("&Browse…"))
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        self.place = Field(self.file, browse)

    def _arrange(self) -> None:
        form = self._form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("&What:"), self.what)
        form.addRow(tr("F&ormat:"), self.format)
        form.addRow("", self.all_columns)
        form.addRow("", self.secret)
        form.addRow(tr("&File:"), self.place)
        self._fields = QWidget()
        self._fields.setLayout(form)
        form.setContentsMargins(0, 0, 0, 0)
        self.note = NoteBar()
        self.progress = QProgressBar()
        self.progress.setAccessibleName(tr("Progress"))
        self.progress.hide()
        self.show_in_folder = _button(tr("&Show in folder"), self._show_in_folder)
        self.copy_path = _button(tr("&Copy path"), self._copy_path)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.export = self.buttons.addButton(tr("&Export"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.export.setDefault(True)
        self.cancel = self.buttons.button(QDialogButtonBox.StandardButton.Cancel)
        self.cancel.setAutoDefault(False)
        self.buttons.accepted.connect(self.start)
        self.buttons.rejected.connect(self.reject)
        foot = QHBoxLayout()
        foot.addWidget(self.show_in_folder)
        foot.addWidget(self.copy_path)
        foot.addStretch(1)
        foot.addWidget(self.buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(12)
        layout.addWidget(self._fields)
        layout.addWidget(self.progress)
        layout.addWidget(self.note)
        layout.addStretch(1)
        layout.addLayout(foot)
        self.resize(620, 320)

    # What is entered

    @property
    def thing(self) -> Thing:
        """What is to be exported."""
        return self._things[self.what.currentIndex()]

    @property
    def path(self) -> Path:
        """Where the file is to be put."""
        path = self._folder / at_home(Path(self.file.text().strip()))
        if path.suffix or path.name in {"", ".."} or is_folder(path):
            return path
        return path.with_suffix(f".{self.format.currentData()}")

    @Slot()
    def _offer_formats(self) -> None:
        thing = self.thing
        has_keys = isinstance(thing, TableSource) and any(column.is_key for column in thing.columns)
        self._form.setRowVisible(self.all_columns, isinstance(thing, TableSource) and thing.shown is not None)
        self._form.setRowVisible(self.secret, has_keys)
        self.format.clear()
        for name, words in formats_of(thing).items():
            self.format.addItem(words, name)

    @Slot()
    def _suggest(self) -> None:
        """Suggest a name, or give the one that the operator chose the ending of the format."""
        suffix = self.format.currentData()
        if suffix is None:
            return
        if self.file.text() == self._suggested:
            day = self._origin.as_of.astimezone().date()
            self._suggested = str(free_path(self._folder / suggested_name(self.thing.name, day, suffix)))
            self.file.setText(self._suggested)
        else:
            path = Path(self.file.text())
            self.file.setText(str(path.with_suffix(f".{suffix}")) if path.suffix in SUFFIXES else str(path))

    @Slot()
    def _look_at_file(self) -> None:
        self._forget()
        try:
            is_there = self.path.is_file()
        except (OSError, ValueError):
            is_there = False  # it is told what is wrong with the name when it is to be written
        self.place.say(tr("There is such a file; it will be replaced.") if is_there else "", is_problem=False)
        self.export.setEnabled(bool(self.file.text().strip()))

    @Slot(bool)
    def _show_secret(self, whole: bool) -> None:
        self._forget()
        warning = tr("Whoever gets the file can use the keys. Keep it to yourself, and delete it when it has served.")
        masked = tr("Keys are masked, as in the window.")
        self.secret.say(warning if whole else masked, is_problem=whole)

    @Slot()
    def _browse(self) -> None:
        dialog = QFileDialog(self, tr("Export to"), str(self.path))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(self.format.currentData())
        dialog.setNameFilter(f"{self.format.currentText()} (*.{self.format.currentData()})")
        dialog.selectFile(self.path.name)
        dialog.fileSelected.connect(self.file.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    # Writing

    @property
    def is_writing(self) -> bool:
        """Whether a file is being written."""
        return self._errand is not None

    @Slot()
    def start(self) -> None:
        """Write the file."""
        self._forget()
        path, thing = self.path, self.thing
        try:
            work = work_of(
                thing,
                self._origin,
                path,
                self.format.currentData(),
                show_keys=self.keys_in_full.isChecked(),
                all_columns=self.all_columns.isChecked(),
            )
        except KeymonError as error:
            self._failed(error)
            return
        rows = thing.count if isinstance(thing, TableSource) else None
        self.progress.setRange(0, rows or 0)
        self.progress.setValue(0)
        self._cancelled.clear()
        self._set_writing(True)
        self._errand = self._errands.run(partial(self._run, work), lambda _: self._done(path), self._failed)

    def _run(self, work: Work, errand: Errand) -> None:
        def tell(rows: int) -> None:
            if errand.is_over or self._cancelled.is_set():
                raise BrokenOffError
            self._told.emit(rows)

        work(tell)

    def _done(self, path: Path) -> None:
        self._set_writing(False)
        self._path = path
        self.place.say("")
        self.note.say(tr("Written: {path}").format(path=visible(str(path), 400)), is_problem=False)
        self.show_in_folder.show()
        self.copy_path.show()
        self.cancel.setText(tr("Close"))
        self.show_in_folder.setFocus()
        self.written.emit(path)

    def _failed(self, error: Exception) -> None:
        self._set_writing(False)
        if isinstance(error, BrokenOffError):
            self.note.say(tr("Cancelled. Nothing has been written."), is_problem=False)
            return
        self.note.say(f"{error_text(error)}\n{error_advice(error)}".strip())
        self.file.setFocus()

    def _set_writing(self, is_writing: bool) -> None:
        if is_writing:
            self._patience.start()
        else:
            self._patience.stop()
            self.progress.hide()
            self._errand = None
        self._fields.setEnabled(not is_writing)
        self.export.setEnabled(not is_writing)

    def _forget(self) -> None:
        """Take away what was said of the last writing."""
        self.note.say("")
        self.show_in_folder.hide()
        self.copy_path.hide()
        self.cancel.setText(tr("Cancel"))

    @Slot()
    def reject(self) -> None:
        """Break the writing off; close where there is none."""
        if self.is_writing:
            self._cancelled.set()
        else:
            super().reject()

    @Slot(int)
    def done(self, result: int) -> None:
        """Close, whatever is being written: it is given up."""
        if self._errand is not None:
            self._errand.give_up()
            self._set_writing(False)
        super().done(result)

    @Slot()
    def _show_in_folder(self) -> None:
        if self._path is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._path.parent)))

    @Slot()
    def _copy_path(self) -> None:
        if self._path is not None:
            QGuiApplication.clipboard().setText(str(self._path))


def _button(text: str, run: Callable[[], None]) -> QPushButton:
    button = QPushButton(text)
    button.setAutoDefault(False)
    button.clicked.connect(run)
    return button
