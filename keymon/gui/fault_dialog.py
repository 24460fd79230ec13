"""The dialog that tells of a fault of keymon's own, or of its last end, with a report to hand on.

It lies over nothing and blocks nothing: keymon goes on meanwhile.
"""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QStyle,
    QVBoxLayout,
)

from keymon.files import write_private
from keymon.gui.folders import show_log_folder
from keymon.gui.theme import monospace
from keymon.gui.translation import tr
from keymon.gui.window_state import fit
from keymon.gui.wrapped_label import plain_text
from keymon.masking import visible

_SMALLEST = QSize(560, 360)


class FaultDialog(QDialog):
    """Says `title` and `advice`, and shows a report. `quit_wanted()` asks for the end of keymon.

    Where keymon does not `go_on`, to close the dialog is to end keymon.
    """

    quit_wanted = Signal()

    def __init__(self, title: str, advice: str, *, go_on: bool = True) -> None:
        super().__init__()
        self.setObjectName("fault")
        self.setWindowTitle(tr("keymon – a fault"))
        self.title, self.advice = plain_text(muted=False), plain_text(muted=False)
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.title.setText(title)
        self.advice.setText(advice)
        self.more = plain_text(muted=True)
        self.more.hide()
        self.report = QPlainTextEdit()
        self.report.setReadOnly(True)
        self.report.setFont(monospace())
        self.report.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.report.setTabChangesFocus(True)
        self.report.setAccessibleName(tr("Report"))
        self.said = plain_text(muted=True)
        self.said.hide()
        self.copy = _button(tr("&Copy report"), self._copy)
        self.save = _button(tr("&Save…"), self._save)
        self.folder = _button(tr("Show &log folder"), self._show_folder)
        self.end = _button(tr("&Quit keymon"), self.quit_wanted.emit)
        self.close_button = _button(tr("Close"), self.reject)
        self.close_button.setVisible(go_on)
        (self.close_button if go_on else self.end).setDefault(True)
        if not go_on:
            self.rejected.connect(self.quit_wanted)
        self._arrange()
        self.setAccessibleDescription(f"{title}\n{advice}")
        self.setMinimumSize(_SMALLEST)
        fit(self, 760, 520)

    def _arrange(self) -> None:
        icon = QLabel()
        size = self.style().pixelMetric(QStyle.PixelMetric.PM_LargeIconSize)
        icon.setPixmap(self.style().standardIcon(QStyle.StandardPixmap.SP_MessageBoxWarning).pixmap(size))
        texts = QVBoxLayout()
        texts.setSpacing(4)
        for label in (self.title, self.advice, self.more):
            texts.addWidget(label)
        head = QHBoxLayout()
        head.setSpacing(14)
        head.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(texts, 1)
        foot = QHBoxLayout()
        for button in (self.copy, self.save, self.folder):
            foot.addWidget(button)
        foot.addStretch(1)
        foot.addWidget(self.end)
        foot.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(12)
        layout.addLayout(head)
        layout.addWidget(self.report, 1)
        layout.addWidget(self.said)
        layout.addLayout(foot)

    def show_report(self, report: str) -> None:
        """Show a report; what is read of another stays where it is."""
        bar = self.report.verticalScrollBar()
        at = bar.value()
        self.report.setPlainText(report)
        bar.setValue(at)

    def show_more(self, text: str) -> None:
        """Say what has come since."""
        self.more.setText(text)
        self.more.setVisible(bool(text))

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.report.toPlainText())
        self._say(tr("The report is on the clipboard."))

    @Slot()
    def _save(self) -> None:
        dialog = QFileDialog(self, tr("Save the report"), str(Path.home() / "keymon-report.txt"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("txt")
        dialog.fileSelected.connect(self.save_to)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(str)
    def save_to(self, name: str) -> None:
        """Put the report into a file."""
        path = visible(name, 400)
        try:
            write_private(Path(name), self.report.toPlainText().encode())
        except OSError as error:
            reason = error.strerror or type(error).__name__
            self._say(tr("{path} cannot be written ({reason}).").format(path=path, reason=reason))
        else:
            self._say(tr("Written: {path}").format(path=path))

    @Slot()
    def _show_folder(self) -> None:
        self._say(show_log_folder())

    def _say(self, text: str) -> None:
        """Say what has become of what was asked for."""
        self.said.setText(text)
        self.said.show()


def _button(text: str, run: Callable[[], object]) -> QPushButton:
    button = QPushButton(text)
    button.setAutoDefault(False)
    button.clicked.connect(run)
    return button
