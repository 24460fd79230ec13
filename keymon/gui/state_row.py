"""A line of a list of checks: its mark, its name, what is so and what to do, and its state in a word."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from keymon.gui.state_mark import State, StateMark


class StateRow:
    """Called `title`; its widgets are put into the grid that it is added to."""

    def __init__(self, title: str) -> None:
        self._mark = StateMark()
        self._title = plain_label(bold=True)
        self._title.setText(title)
        self._sentence, self._advice = plain_label(), plain_label(muted=True)
        self._word = plain_label(muted=True)
        self._word.setWordWrap(False)
        self.message = QWidget()
        texts = QVBoxLayout(self.message)
        texts.setContentsMargins(0, 0, 0, 0)
        texts.setSpacing(1)
        texts.addWidget(self._sentence)
        texts.addWidget(self._advice)

    @property
    def text(self) -> str:
        """What is said, advice included."""
        return f"{self._sentence.text()}\n{self._advice.text()}".strip()

    def add_to(self, grid: QGridLayout, n: int) -> None:
        """Take the line `n` of `grid`."""
        top = Qt.AlignmentFlag.AlignTop
        grid.addWidget(self._mark, n, 0, top)
        grid.addWidget(self._title, n, 1, top)
        grid.addWidget(self.message, n, 2, top)
        grid.addWidget(self._word, n, 3, top | Qt.AlignmentFlag.AlignRight)

    def set_visible(self, is_visible: bool) -> None:
        """Show the line or hide it."""
        for widget in (self._mark, self._title, self.message, self._word):
            widget.setVisible(is_visible)

    def say(self, sentence: str, advice: str) -> None:
        """Say what is so, and beneath it what to do; nothing to do is empty."""
        self._sentence.setText(sentence)
        self._advice.setText(advice)
        self._advice.setHidden(not advice)

    def mark(self, shape: State, word: str, besides: str = "") -> None:
        """Show a state by its shape and its word; `besides` stands behind the word."""
        self._mark.set_state(shape)
        self._word.setText(word + besides)
        # The mark speaks for the row; the texts beside it can be read by themselves.
        self._mark.setAccessibleName(f"{self._title.text()}: {word}")
        self._mark.setAccessibleDescription(self.text)


def plain_label(*, bold: bool = False, muted: bool = False) -> QLabel:
    """Return a label whose text is shown to the letter and can be selected."""
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(not bold)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if muted:
        label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    font = label.font()
    font.setBold(bold)
    label.setFont(font)
    return label
