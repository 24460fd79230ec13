"""The line at the bottom: which gateway, its zone, how old the figures are, and that something is being read."""

from datetime import timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QLabel, QProgressBar, QStatusBar, QWidget

from keymon import steady_clock
from keymon.gui import moments
from keymon.gui.elided_label import ElidedLabel
from keymon.gui.translation import number, plain_tip, tr

if TYPE_CHECKING:
    from keymon.monitor import Snapshot


_STEPS = 1_000


class StatusLine(QStatusBar):
    """Tells the age of the figures anew every second while a gateway is followed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: Snapshot | None = None
        self._shown_s = 0.0
        self._is_stale = self._is_paused = False
        self._title = ""
        self._gateway = ElidedLabel(self)
        _set_up(self._gateway)
        self._gateway.setMinimumWidth(80)
        self._zone = _label(self)
        self._age = _label(self)
        # Room for the longest text, so that its neighbours stay where they are while seconds pass.
        self._age.setMinimumWidth(
            self.fontMetrics().horizontalAdvance(tr("Updated {ago}").format(ago="59 seconds ago")) + 16
        )
        self._age.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._progress = QProgressBar()
        self._progress.setObjectName("progress")
        self._progress.setAccessibleName(tr("Reading"))
        # Room for the longest text, so that nothing moves while rows are read.
        room = self.fontMetrics().horizontalAdvance(_calls_read(88_888_888)) + 24
        self._progress.setFixedWidth(room)
        self._progress.setToolTip(
            tr("The calls of the last 24 hours are being read, newest first. All that is shown can be used meanwhile.")
        )
        self._progress.hide()
        self.addWidget(self._gateway, 1)
        for widget in (self._progress, self._zone, self._age):
            self.addPermanentWidget(widget)
        self._clock = QTimer(self)
        self._clock.setInterval(1_000)
        self._clock.timeout.connect(self._show_age)

    def show_gateway(self, title: str) -> None:
        """Name another gateway; nothing is known of it yet."""
        self._title = title
        self._gateway.setText(tr("{gateway} (read-only)").format(gateway=title))
        self._zone.clear()
        self._snapshot = None
        self._show_age()

    def rename(self, title: str) -> None:
        """Call the same gateway by another name."""
        self._gateway.setText(self._gateway.text().replace(self._title, title, 1))
        self._title = title

    def start(self) -> None:
        """Tell that the gateway is being read for the first time."""
        self.show_progress(0, 0.0)
        self._progress.show()
        self._clock.start()

    @Slot(int, float)
    def show_progress(self, calls: int, share: float) -> None:
        """Tell how many calls have been read at first, and which share of all that is, 0 to 1."""
        self._progress.setRange(0, _STEPS)
        self._progress.setValue(int(share * _STEPS))
        self._progress.setFormat(_calls_read(calls) if calls else tr("Reading…"))

    def stop(self) -> None:
        """Let the time rest."""
        self._clock.stop()

    def show_snapshot(self, snapshot: "Snapshot") -> None:
        """Tell of fresh figures."""
        self._snapshot, self._is_stale = snapshot, False
        self._shown_s = steady_clock.steady_s()
        self._progress.setVisible(snapshot.loading is not None)
        sources = {"set": tr("set"), "detected": tr("detected"), "assumed": tr("assumed")}
        read_only = tr("{gateway} (read-only)")
        if snapshot.could_write:
            read_only = tr("{gateway} (read-only, though the account could write)")
        self._gateway.setText(read_only.format(gateway=self._title))
        self._zone.setText(
            tr("Gateway's zone {zone} ({source})").format(
                zone=snapshot.clock.name, source=sources[snapshot.clock.source]
            )
        )
        self._gateway.setToolTip(plain_tip(_about(snapshot)))
        self._show_age()

    def show_failure(self) -> None:
        """Tell that the figures are no longer fresh."""
        self._is_stale = True
        self._progress.hide()
        self._show_age()

    def show_paused(self, paused: bool) -> None:
        """Tell whether refreshing rests."""
        self._is_paused = paused
        self._show_age()

    @Slot()
    def _show_age(self) -> None:
        self._age.setText(self._age_text())

    def _age_text(self) -> str:
        if self._snapshot is None:
            return tr("no data yet")
        as_of = self._snapshot.as_of
        if not self._snapshot.is_live:
            return moments.as_of(self._snapshot)
        if self._is_stale:
            return tr("Stale since {time}").format(time=f"{as_of.astimezone():%H:%M:%S}")
        # Not by the time of day, which may be set meanwhile.
        age = moments.age(timedelta(seconds=steady_clock.steady_s() - self._shown_s))
        return (tr("Paused, updated {ago}") if self._is_paused else tr("Updated {ago}")).format(ago=age)


def _about(snapshot: "Snapshot") -> str:
    """Return where the figures come from, and what the account could do there."""
    if not snapshot.could_write:
        return snapshot.database
    text = tr(
        "{database}. The account could also write ({rights}). keymon never does: its sessions are read-only. Safer is"
        " an account that may only SELECT."
    )
    return text.format(database=snapshot.database, rights=snapshot.could_write)


def _calls_read(calls: int) -> str:
    return tr("{calls} calls read").format(calls=number(calls))


def _label(parent: QWidget) -> QLabel:
    label = QLabel(parent)
    _set_up(label)
    return label


def _set_up(label: QLabel) -> None:
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setContentsMargins(6, 0, 6, 0)
