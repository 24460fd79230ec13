"""A connection that is tried for the window: where its password comes from, how it is broken off, what it came to."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from keymon.aside import BrokenOffError
from keymon.connection_check import ConnectionCheck, Finding, stages_of
from keymon.errors import PasswordNeededError
from keymon.gateway_clock import parse_zone
from keymon.gui.check_list import CheckList
from keymon.gui.translation import error_advice, error_text, tr
from keymon.locations import Location, ServerLocation

if TYPE_CHECKING:
    from collections.abc import Callable

    from keymon.config import Profile
    from keymon.gui.errands import Errand, Errands
    from keymon.passwords import Passwords


class TrialPanel(QWidget):
    """Tries one connection at a time and shows how far it comes.

    `running_changed(bool)` tells of its begin and end, `password_wanted()` that only the operator can help.
    """

    running_changed = Signal(bool)
    password_wanted = Signal()
    _told = Signal(int, object)

    def __init__(self, errands: "Errands", passwords: "Passwords", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._errands, self._passwords = errands, passwords
        self._errand: Errand | None = None
        self._number = 0
        self.list = CheckList()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.addWidget(self.list)
        self._told.connect(self._show_finding, Qt.ConnectionType.QueuedConnection)

    @property
    def is_running(self) -> bool:
        """Whether a trial is under way."""
        return self._errand is not None

    def start(self, profile: "Profile", password: str | None) -> None:
        """Try `profile`, with `password` or, where that is None, the one that the profile's source has."""
        self.cancel()
        self._number += 1
        number = self._number
        trial = _Trial(profile, password, self._passwords, lambda finding: self._told.emit(number, finding))
        self.list.begin(stages_of(profile.location), tr("Trying the connection…"))
        self._errand = self._errands.run(trial.run, self._show_end, self._show_error)
        self.running_changed.emit(True)

    def cancel(self) -> None:
        """Break off what is under way."""
        if self._errand is not None:
            self._number += 1
            self._errand.give_up()
            self._end(tr("The trial was cancelled."))

    @Slot(int, object)
    def _show_finding(self, number: int, finding: Finding) -> None:
        if number == self._number:
            self.list.show_finding(finding)

    def _show_end(self, is_well: bool) -> None:
        states = list(self.list.states.values())
        if not is_well:
            self._end(tr("The connection does not work yet."))
        elif "noted" in states:
            self._end(tr("The connection works. Something is worth knowing:"))
        else:
            self._end(tr("The connection works."))

    def _show_error(self, error: Exception) -> None:
        self._end(f"{error_text(error)}\n{error_advice(error)}".strip())
        if isinstance(error, PasswordNeededError):
            self.password_wanted.emit()

    def _end(self, headline: str) -> None:
        self._errand = None
        self.list.end(headline)
        self.running_changed.emit(False)


class _Trial:
    """One trial, in a worker. `found` is called there."""

    def __init__(
        self, profile: "Profile", password: str | None, passwords: "Passwords", found: "Callable[[Finding], object]"
    ) -> None:
        self._profile, self._password, self._passwords, self._found = profile, password, passwords, found
        self._check: ConnectionCheck | None = None

    def run(self, errand: "Errand") -> bool:
        """Go through the stages; return whether all went well. Raises what `Passwords.complete` raises."""
        errand.interrupt = self._interrupt
        zone = parse_zone(self._profile.gateway_tz) if self._profile.gateway_tz else None
        self._check = ConnectionCheck(self._location(errand), self._found, zone)
        if errand.is_over:
            raise BrokenOffError
        return self._check.run()

    def _location(self, errand: "Errand") -> Location:
        location = self._profile.location
        if self._password is not None and isinstance(location, ServerLocation):
            return location.with_password(self._password)
        return self._passwords.complete(self._profile, errand.aside)

    def _interrupt(self) -> None:
        if self._check is not None:
            self._check.interrupt()
