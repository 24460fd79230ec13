"""Parts that the form of a connection is made of."""

import re
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from keymon.config import COLOURS
from keymon.gui.profile_colours import colour_word, paint_dot, profile_colour
from keymon.gui.theme import failure_colour, theme_of
from keymon.gui.translation import tr
from keymon.locations import at_home

_PLACE = re.compile(
    r"(?:mysql|mariadb|sqlite)(?:\+\w+)?://\S.*|^(?:~|/|\.{1,2}/|[A-Za-z]:[\\/]).*\.(?:db|sqlite3?)$", re.IGNORECASE
)
_SWATCH = 22
_SIGN = "⚠ "


def place_in(text: str) -> str:
    """Return the database URL in a text that was pasted, or the path of a database; empty where there is none."""
    found = _PLACE.search(text.strip())
    return found.group().strip() if found else ""


class Field(QWidget):
    """What is entered, and beneath it what is wrong with it, or a hint. The parts in `wide` share the room."""

    def __init__(self, *parts: QWidget, wide: Sequence[QWidget] = ()) -> None:
        super().__init__()
        self._note = QLabel()
        self._note.setTextFormat(Qt.TextFormat.PlainText)
        self._note.setWordWrap(True)
        self._note.hide()
        row = QHBoxLayout()
        row.setSpacing(6)
        self._parts = parts
        for part in parts:
            row.addWidget(part, int(part in (wide or parts[:1])))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(row)
        layout.addWidget(self._note)

    @property
    def note(self) -> str:
        """What stands beneath the field; empty where nothing does."""
        return "" if self._note.isHidden() else self._note.text()

    @property
    def problem(self) -> str:
        """What is said to be wrong, without the sign before it."""
        return self.note.removeprefix(_SIGN) if self.note.startswith(_SIGN) else ""

    def say(self, text: str, *, is_problem: bool = True) -> None:
        """Put `text` beneath the field; an empty one takes it away."""
        palette = QPalette()
        muted = palette.color(QPalette.ColorRole.PlaceholderText)
        palette.setColor(QPalette.ColorRole.WindowText, _problem_ink(palette) if is_problem else muted)
        self._note.setPalette(palette)
        self._note.setText(f"{_SIGN}{text}" if is_problem and text else text)
        self._note.setVisible(bool(text))
        for part in self._parts:
            part.setAccessibleDescription(text)


def _problem_ink(palette: QPalette) -> QColor:
    """Return the colour of failures, dark enough for small type on a light ground."""
    colour = failure_colour(palette)
    return colour.darker(140) if theme_of(palette) == "light" else colour


class PlaceLine(QLineEdit):
    """A line that takes no whole place: `place_pasted(text)` tells of one instead, and the line stays as it was.

    A URL may hold a password, which is not to be left in a line that anybody can read.
    """

    place_pasted = Signal(str)

    def __init__(self, name: str, hint: str = "") -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setPlaceholderText(hint)
        self.setAcceptDrops(False)  # the dialog takes what is dropped, wherever that is
        self._before = ""
        self.textChanged.connect(self._look)

    @Slot(str)
    def _look(self, text: str) -> None:
        """Tell pasting from typing: only then more than one character comes at once."""
        before, self._before = self._before, text
        place = place_in(text[: self.cursorPosition()]) if self.isModified() else ""
        if place and len(text) - len(before) > 1 and place != before:
            self.setText(before)  # which also forgets what could be undone
            self.place_pasted.emit(place)


class Swatches(QWidget):
    """The colours to choose from; arrow keys go from one to the next."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Colour"))
        self._group = QButtonGroup(self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for n, colour in enumerate(COLOURS):
            swatch = _Swatch(colour)
            self._group.addButton(swatch, n)
            layout.addWidget(swatch)
        self._group.idToggled.connect(self._tell)

    @property
    def colour(self) -> str:
        """The one that is chosen, of `config.COLOURS`."""
        return COLOURS[max(self._group.checkedId(), 0)]

    def choose(self, colour: str) -> None:
        """Choose one of `config.COLOURS`."""
        self._group.button(COLOURS.index(colour)).setChecked(True)

    @Slot(int, bool)
    def _tell(self, _number: int, checked: bool) -> None:
        if checked:
            self.changed.emit()


class _Swatch(QAbstractButton):
    def __init__(self, colour: str) -> None:
        super().__init__()
        self._colour = colour
        self.setCheckable(True)
        self.setToolTip(colour_word(colour))
        self.setAccessibleName(colour_word(colour))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedSize(self.sizeHint())

    def sizeHint(self) -> QSize:
        return QSize(_SWATCH + 4, _SWATCH + 4)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        area = QRectF(self.rect()).adjusted(6, 6, -6, -6)
        paint_dot(painter, area, profile_colour(self._colour, palette))
        if self.isChecked():
            painter.setPen(QPen(palette.color(QPalette.ColorRole.WindowText), 1.6))
            painter.drawEllipse(area.adjusted(-3, -3, 3, 3))
        if self.hasFocus():
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Highlight), 1.4, Qt.PenStyle.DotLine))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))
        painter.end()


class BrowseButton(QPushButton):
    """Lets the operator choose the file that is named in `line`."""

    def __init__(self, line: QLineEdit, text: str, title: str) -> None:
        super().__init__(text)
        self._line, self._title = line, title
        self.setAutoDefault(False)
        self.setAccessibleName(title)
        self.clicked.connect(self._browse)

    def _browse(self) -> None:
        folder = str(at_home(Path(self._line.text())).parent) if self._line.text() else ""
        dialog = QFileDialog(self, self._title, folder)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._line.setText)
        dialog.fileSelected.connect(self._line.textEdited)
        dialog.open()


class CalmWheel(QObject):
    """Keeps the wheel from changing a choice that the pointer only passes over while the form scrolls."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Leave the wheel to the form unless the widget has the keyboard."""
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)
