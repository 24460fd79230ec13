"""The strip above the tables: the pool and the traffic at a glance."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QWidget

from keymon.gui.elided_label import ElidedLabel
from keymon.gui.translation import number, percent, tr

if TYPE_CHECKING:
    from keymon.gui.key_rows import KeyRows
    from keymon.monitor import Loading, Snapshot
    from keymon.stats import CallCount

UNKNOWN = "–"


class Card(QWidget):
    """A title, a large figure, and a small line below it. A figure that is not known is a dash.

    There is always room for a figure as wide as `widest`, so that the window does not grow with a digit.
    """

    def __init__(self, title: str, tip: str, widest: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = _label(self, title, scale=0.92, muted=True)
        self._figure = _label(self, UNKNOWN, scale=1.55, muted=False)
        self._note = _label(self, "", scale=0.92, muted=True)
        # A narrow window cuts the note rather than stay wide; the tooltip has it whole.
        self._note.setMinimumWidth(24)
        self._figure.setMinimumWidth(self._figure.fontMetrics().horizontalAdvance(widest) + 6)
        self._tip = tip
        self.setToolTip(tip)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        layout = QGridLayout(self)
        layout.setContentsMargins(11, 9, 11, 9)
        layout.setVerticalSpacing(1)
        layout.addWidget(self._title, 0, 0)
        layout.addWidget(self._figure, 1, 0)
        layout.addWidget(self._note, 2, 0)

    def show_figure(self, figure: str, note: str = "") -> None:
        """Show a figure and what belongs to it."""
        self._figure.setText(figure)
        self._figure.setForegroundRole(QPalette.ColorRole.WindowText)
        self._note.setText(note)
        self.setToolTip(f"{self._tip}\n{note}".strip())
        self.setAccessibleName(self._title.text())
        self.setAccessibleDescription(f"{figure} {note}".strip())

    def show_stale(self, since: str) -> None:
        """Mute the figure and tell since when it is old."""
        self._figure.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        mark = tr("Stale since {time}").format(time=since)
        self.setToolTip("\n".join(filter(None, (self._tip, self._note.text(), mark))))
        self.setAccessibleDescription(f"{self._figure.text()} {self._note.text()} ({mark})")

    @property
    def figure(self) -> str:
        """The figure as it is shown."""
        return self._figure.text()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the card's ground."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self.palette().mid().color())
        painter.setBrush(self.palette().base())
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.end()


class SummaryStrip(QWidget):
    """Keys by verdict, and calls in four periods."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.total = Card(tr("Keys"), tr("Keys in the gateway's pool, duplicates once"), "888")
        self.valid = Card(tr("Valid"), tr("Keys whose failure count is below the gateway's maximum"), "888")
        self.invalid = Card(
            tr("Invalid"), tr("Keys that the gateway skips: their failure count is at its maximum"), "888"
        )
        self.minute = Card(tr("1 minute"), tr("Calls that started in the last minute"), "88,888")
        self.hour = Card(tr("1 hour"), tr("Calls that started in the last hour"), "88,888")
        self.day = Card(tr("24 hours"), tr("Calls that started in the last 24 hours"), "88,888")
        self.month = Card(
            tr("This month"), tr("Calls since the first of the month on the gateway's calendar"), "888,888"
        )
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for card in (self.total, self.valid, self.invalid):
            layout.addWidget(card, 1)
        for card in (self.minute, self.hour, self.day, self.month):
            layout.addWidget(card, 2)

    def show_snapshot(self, snapshot: "Snapshot", rows: "KeyRows") -> None:
        """Show the figures of `snapshot`, whose keys are `rows`."""
        keys = rows.figures
        valid, vertex = int(rows.valid.sum()), int(rows.pool.kind.sum())
        self.total.show_figure(number(len(keys)), tr("{n} Vertex").format(n=number(vertex)) if vertex else "")
        self.valid.show_figure(number(valid), percent(valid / len(keys)) if keys else "")
        self.invalid.show_figure(number(len(keys) - valid), percent(1 - valid / len(keys)) if keys else "")
        for card, count in (
            (self.minute, snapshot.calls_1m),
            (self.hour, snapshot.calls_1h),
            (self.day, snapshot.calls_24h),
            (self.month, snapshot.calls_month),
        ):
            _show_calls(card, count, snapshot.loading)

    def show_stale(self, since: str) -> None:
        """Mark the figures as old, `since` a time as it is shown."""
        for card in self.findChildren(Card):
            card.show_stale(since)

    def clear(self) -> None:
        """Nothing is known."""
        for card in self.findChildren(Card):
            card.show_figure(UNKNOWN)


def _show_calls(card: Card, count: "CallCount | None", loading: "Loading | None") -> None:
    if count is None:
        card.show_figure(UNKNOWN, tr("being counted") if loading is None else tr("being read"))
    elif count.total == 0:
        card.show_figure("0", tr("no calls"))
    else:
        note = tr("{failed} failed, {rate} ok").format(failed=number(count.failure), rate=percent(count.success_rate))
        card.show_figure(number(count.total), note)


def _label(parent: QWidget, text: str, scale: float, muted: bool) -> QLabel:
    label = ElidedLabel(text, parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    font = label.font()
    font.setPointSizeF(font.pointSizeF() * scale)
    font.setBold(scale > 1)
    label.setFont(font)
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText if muted else QPalette.ColorRole.WindowText)
    return label
