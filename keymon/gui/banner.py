"""The banner above the tables: what is wrong, and the way out of it."""

import math
from collections.abc import Sequence

from PySide6.QtCore import QDeadlineTimer, QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QStyle, QVBoxLayout, QWidget

from keymon.errors import AccountRefusedError, KeymonError, PasswordNeededError
from keymon.gui.theme import failure_colour, warning_field
from keymon.gui.translation import error_advice, error_text, number, tr
from keymon.gui.wrapped_label import WrappedLabel


class Banner(QWidget):
    """One problem, or some notices. Hidden while there are none.

    `retry()`, `password_wanted()` and `choose_other()` are the ways out that the operator may take;
    `report_wanted()` asks what is to be known of a fault of keymon's own.
    """

    retry = Signal()
    password_wanted = Signal()
    choose_other = Signal()
    report_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = QLabel(self)
        size = self.style().pixelMetric(QStyle.PixelMetric.PM_LargeIconSize)
        self._icon.setPixmap(self.style().standardIcon(QStyle.StandardPixmap.SP_MessageBoxWarning).pixmap(size))
        self._message = _text_label(self, bold=True)
        self._advice = _text_label(self, bold=False)
        self._next_try = _text_label(self, bold=False)
        self._next_try.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        # With a name of its own it is not announced anew with every second that passes.
        self._next_try.setAccessibleName(tr("Next try"))
        self._deadline = QDeadlineTimer()
        self._second = QTimer(self)
        self._second.setInterval(1_000)
        self._second.setTimerType(Qt.TimerType.PreciseTimer)
        self._second.timeout.connect(self._count_down)
        self._password = QPushButton(tr("Enter &password…"), self)
        self._password.clicked.connect(self.password_wanted)
        self._report = QPushButton(tr("Re&port…"), self)
        self._report.clicked.connect(self.report_wanted)
        self._retry = QPushButton(tr("&Retry"), self)
        self._retry.clicked.connect(self.retry)
        self._other = QPushButton(tr("Open &another…"), self)
        self._other.clicked.connect(self.choose_other)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self._message)
        texts.addWidget(self._advice)
        texts.addWidget(self._next_try)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 8, 10, 8)
        layout.setSpacing(12)
        layout.addWidget(self._icon)
        layout.addLayout(texts, 1)
        layout.addWidget(self._password)
        layout.addWidget(self._report)
        layout.addWidget(self._retry)
        layout.addWidget(self._other)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.hide()

    @property
    def text(self) -> str:
        """What the banner says, advice included."""
        return f"{self._message.text()}\n{self._advice.text()}".strip()

    @property
    def next_try(self) -> str:
        """What the banner says of the next try."""
        return self._next_try.text()

    def show_error(self, error: BaseException, stale_since: str | None) -> None:
        """Tell why there are no fresh figures, and since when those shown are old."""
        advice = [error_advice(error)]
        if stale_since is not None:
            advice.append(tr("The figures shown are those of {time}.").format(time=stale_since))
        self._show(error_text(error), " ".join(filter(None, advice)), can_retry=True)
        self._password.setVisible(isinstance(error, AccountRefusedError | PasswordNeededError))
        self._report.setVisible(not isinstance(error, KeymonError))

    @Slot(object)
    def show_rest(self, seconds: float | None) -> None:
        """Count down to the next try; without one tell that there is none."""
        self._second.stop()
        if seconds is None:
            self._next_try.setText(tr("keymon does not try again by itself."))
            return
        self._deadline = QDeadlineTimer(round(seconds * 1000))
        self._second.start()
        self._count_down()

    @Slot()
    def show_trying(self) -> None:
        """Tell that a try is under way."""
        self._second.stop()
        self._next_try.setText(tr("Trying…"))

    @Slot()
    def _count_down(self) -> None:
        left = max(math.ceil(self._deadline.remainingTime() / 1000), 1)
        self._next_try.setText(tr("Next try in {seconds} s").format(seconds=number(left)))

    def clear(self) -> None:
        """Nothing is wrong, or nobody looks any more."""
        self._second.stop()
        self.hide()

    def show_notices(self, notices: Sequence[BaseException]) -> None:
        """Tell what is off although there are figures; hide where nothing is."""
        self._second.stop()
        if not notices:
            self.hide()
            return
        if len(notices) == 1:
            self._show(error_text(notices[0]), error_advice(notices[0]), can_retry=False)
        else:
            lines = (f"• {error_text(notice)} {error_advice(notice)}".strip() for notice in notices)
            title = tr("{n} things are not as they should be").format(n=number(len(notices)))
            self._show(title, "\n".join(lines), can_retry=False)

    def _show(self, message: str, advice: str, can_retry: bool) -> None:
        self._message.setText(message)
        self._advice.setText(advice)
        self._advice.setVisible(bool(advice))
        for widget in (self._next_try, self._retry, self._other):
            widget.setVisible(can_retry)
        self._password.hide()
        self._report.hide()
        self.setAccessibleName(tr("Problem"))
        self.setAccessibleDescription(self.text)
        self.show()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ground with an edge in the colour of failures."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(failure_colour(self.palette()))
        painter.setBrush(warning_field(self.palette()))
        painter.drawRoundedRect(area, 6, 6)
        painter.end()


def _text_label(parent: QWidget, bold: bool) -> QLabel:
    label = WrappedLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setForegroundRole(QPalette.ColorRole.WindowText)
    font = label.font()
    font.setBold(bold)
    label.setFont(font)
    return label
