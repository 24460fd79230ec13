"""The dialog of connections: a list of profiles on the left, the form of one of them on the right.

Nothing in here waits: the keyring, commands and databases are asked in errands. Passwords go to `Passwords` and to
the keyring, and nowhere else.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from zoneinfo import available_timezones

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QDialog, QMessageBox, QWidget

from keymon.config import Profile, ProfileStore, renamed
from keymon.errors import ConfigUnwritableError, KeymonError
from keymon.gui.connection_layout import ConnectionLayout
from keymon.gui.draft import TYPED, Draft
from keymon.gui.errands import Errands
from keymon.gui.intake import is_place, place_of
from keymon.gui.password_dialog import PasswordDialog
from keymon.gui.password_keeping import PasswordKeeping
from keymon.gui.profile_edits import ProfileEdits
from keymon.gui.questions import ask_env, ask_to_save
from keymon.gui.translation import error_advice, error_text, number, tr
from keymon.locations import Location, ServerLocation, locate, locate_by_env
from keymon.masking import visible
from keymon.passwords import Passwords

_NEW = Draft(kind="server")


class ConnectionDialog(QDialog):
    """Profiles are made, changed, tried and connected to. `current` is the name of the one that is shown first.

    `connect_wanted(Profile)`: what was typed is saved, and its password remembered. `demo_wanted()`.
    `unsaved_wanted(Profile)`: it cannot be saved, and is wanted all the same.
    `profiles_changed(Profiles)` after every change to the file, `renamed(old, new)` before one that gives another name.
    """

    connect_wanted = Signal(object)
    demo_wanted = Signal()
    unsaved_wanted = Signal(object)
    profiles_changed = Signal(object)
    renamed = Signal(str, str)

    def __init__(
        self, store: ProfileStore, passwords: Passwords, current: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("connections")
        self.setWindowTitle(tr("Connections"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAcceptDrops(True)
        self._edits = ProfileEdits(store)
        self.errands = Errands(self)
        self._shown = ""
        self._others: Mapping[str, object] = {}
        self._baseline = _NEW
        self._keeping = PasswordKeeping(self.errands, passwords, self)
        self._is_leaving = self._is_shut = self._is_unwritable = False
        self.parts = ConnectionLayout(self, self.errands, passwords)
        self.list, self.form, self.trial = self.parts.list, self.parts.form, self.parts.trial
        self._connect()
        self._load(current)
        self.errands.run(lambda _errand: sorted(available_timezones()), self.form.set_zones)

    def _connect(self) -> None:
        p = self.parts
        # Not before the click is over, which would select what was clicked at.
        self.list.chosen.connect(self._choose, Qt.ConnectionType.QueuedConnection)
        self.list.new_wanted.connect(lambda: self._leave(self._show_new))
        self.list.duplicate_wanted.connect(lambda: self._leave(self._duplicate))
        self.list.delete_wanted.connect(self._delete)
        self.list.undo_wanted.connect(self._undo)
        self.list.move_wanted.connect(self._move)
        self.list.connect_wanted.connect(self.connect_now)
        self.form.edited.connect(self._show_edited)
        self.form.place_pasted.connect(self.fill)
        self.trial.running_changed.connect(p.show_running)
        self.trial.password_wanted.connect(self._ask_password)
        self._keeping.keyring_found.connect(self._set_keyring)
        self._keeping.settled.connect(self._close_when_kept)
        self._keeping.refused.connect(self._not_kept)
        p.paste.clicked.connect(self._paste)
        p.env.clicked.connect(lambda: ask_env(self, self.import_env))
        p.demo.clicked.connect(lambda: self._leave(self._choose_demo))
        p.test.clicked.connect(self.test)
        p.save.clicked.connect(self.save)
        p.connect_button.clicked.connect(self.connect_now)
        p.close_button.clicked.connect(self.reject)
        p.add_shortcuts(self.test, self.save)

    # Which profile is shown

    @property
    def is_edited(self) -> bool:
        """Whether the form holds what is not saved."""
        return self.form.draft != self._baseline

    def _load(self, current: str) -> None:
        try:
            self._edits.load()
        except KeymonError as error:
            self._say(error)
        self._show_profiles(max(self._edits.row(current), 0) if self._edits.profiles else -1)

    @Slot(int)
    def _choose(self, row: int) -> None:
        self._leave(partial(self._show_row, row))

    def _show_list(self, row: int) -> None:
        """Show the list anew; the form stays as it is."""
        self.list.set_profiles(self._edits.profiles, row)
        self.list.offer_undo(visible(self._edits.deleted, 60))
        self._show_edited()

    def _show_profiles(self, row: int) -> None:
        """Show the list anew, and the profile at `row`; a new one where that is -1."""
        self._show_list(row)
        if row < 0:
            self._show_new()
        else:
            self._show_row(row)

    def _show_row(self, row: int) -> None:
        profile = self._edits.profiles[row]
        self._shown, self._others = profile.name, profile.others
        self._show_draft(Draft.of(profile), row)
        try:
            profile.check_place()
        except KeymonError as error:
            self._say(error)

    def _show_new(self) -> None:
        self._shown, self._others = "", {}
        self._show_draft(self.form.without_keyring(_NEW), -1)
        self.form.parts.host.setFocus()

    def _show_draft(self, draft: Draft, row: int) -> None:
        taken = [one.name for one in self._edits.profiles if one.name != self._shown]
        self.trial.cancel()
        self.trial.hide()
        self.list.set_edited(False)
        self.form.show_draft(draft, taken, is_new=row < 0)
        self._baseline = self.form.draft
        self.list.select(row)
        self._show_edited()

    def _duplicate(self) -> None:
        profile = self._edits.profiles[self.list.current]
        copy = renamed(profile, [one.name for one in self._edits.profiles])
        self._show_new()
        self.form.fill(Draft.of(copy))
        self.form.parts.name.setFocus()
        self.form.parts.name.selectAll()

    @Slot()
    def _show_edited(self) -> None:
        self.list.set_edited(self.is_edited)
        self.parts.show_heading(visible(self._shown, 60), self.is_edited)

    def _leave(self, then: Callable[[], object]) -> None:
        """Do what leaves the form, once the operator has said what becomes of changes in it."""
        if not self.is_edited:
            then()
            return
        self.list.select(self._edits.row(self._shown))
        name = visible(self.form.draft.name.strip(), 60) or tr("the new connection")
        ask_to_save(self, name, partial(self._leave_by, then))

    def _leave_by(self, then: Callable[[], object], answer: int) -> None:
        is_free = answer == QMessageBox.StandardButton.Discard
        if answer == QMessageBox.StandardButton.Save:
            is_free = self.save() is not None
        if is_free:
            self._baseline = self.form.draft
            then()

    # What is done with profiles

    @Slot()
    def save(self) -> Profile | None:
        """Save what is in the form and return it; None where that cannot be, which is told."""
        self._is_leaving = False
        profile = self._checked()
        if profile is None or (self.is_edited and not self._put(profile)):
            return None
        self._keeping.remember(profile, self.form.draft)
        return profile

    def _put(self, profile: Profile) -> bool:
        row = self._change(lambda: self._save(profile))
        if row is None:
            return False
        self._shown, self._baseline = profile.name, self.form.draft
        self.form.keep_name()
        self._show_list(row)
        return True

    def _save(self, profile: Profile) -> int:
        row = self._edits.save(profile, self._shown)
        if self._shown not in {"", profile.name}:
            self.renamed.emit(self._shown, profile.name)
        return row

    @Slot()
    def connect_now(self) -> None:
        """Save, ask for the gateway to be watched, and close once the keyring has what it is to keep.

        Where profiles cannot be written the gateway is watched without that.
        """
        self._is_unwritable = False
        profile = self.save()
        if self._is_unwritable:
            self._connect_unsaved()
        elif profile is not None:
            self.connect_wanted.emit(profile)
            self._is_leaving = True
            self._close_when_kept()

    def _connect_unsaved(self) -> None:
        profile = self._checked()
        if profile is not None:
            self._keeping.remember(profile, self.form.draft)
            self._baseline = self.form.draft
            self.unsaved_wanted.emit(profile)
            self.accept()

    @Slot()
    def test(self) -> None:
        """Try the connection, or break the trial off."""
        if self.trial.is_running:
            self.trial.cancel()
            return
        profile = self._checked()
        if profile is not None:
            draft = self.form.draft
            typed = draft.password if draft.source in TYPED else ""
            self.trial.start(profile, typed or None)

    def _checked(self) -> Profile | None:
        """Return the profile that is meant; where something is wrong with it, tell what, and return None."""
        self.parts.note.say("")
        problems = self.form.problems()
        self.form.show_problems(problems)
        if problems:
            first, more = next(iter(problems.values())), len(problems) - 1
            self.parts.note.say(
                first if not more else tr("{first} {n} more are marked above.").format(first=first, n=number(more))
            )
            return None
        try:
            return self.form.draft.profile(self._others)
        except KeymonError as error:
            self._say(error)
            return None

    def _delete(self) -> None:
        row = self.list.current
        following = self._change(lambda: self._edits.delete(row))
        if following is not None:
            self._show_profiles(following)
            self.list.view.setFocus()

    def _undo(self) -> None:
        self._leave(self._bring_back)

    def _bring_back(self) -> None:
        row = self._change(self._edits.undo)
        if row is not None:
            self._show_profiles(row)

    def _move(self, by: int) -> None:
        if self.list.current < 0 or not 0 <= self.list.current + by < len(self._edits.profiles):
            return
        row = self._change(lambda: self._edits.move(self.list.current, by))
        if row is not None:
            self._show_list(row)

    def _change(self, change: Callable[[], int]) -> int | None:
        """Change the file and return what `change` does, a row; where it cannot be done tell why, and return None."""
        try:
            row = change()
        except KeymonError as error:
            self._is_unwritable = isinstance(error, ConfigUnwritableError)
            self._say(error)
            return None
        self.profiles_changed.emit(self._edits.profiles)
        return row

    # Passwords

    def _set_keyring(self, found: bool) -> None:
        is_untouched = not self._shown and not self.is_edited
        self.form.set_keyring(found)
        if is_untouched:
            self._show_new()

    def _not_kept(self, error: Exception) -> None:
        self._is_leaving = False
        self._say(error)

    def _close_when_kept(self) -> None:
        if self._is_leaving and not self._keeping.is_busy and not self.is_edited:
            self.accept()

    @Slot()
    def _ask_password(self) -> None:
        profile = self._checked()
        location = profile.location if profile is not None else None
        if profile is None or not isinstance(location, ServerLocation):
            return
        can_keep = self._keeping.has_keyring and not profile.password_ask
        dialog = PasswordDialog(profile.name, location.account, can_keep, parent=self)
        dialog.entered.connect(partial(self._try_with, profile, location.account))
        dialog.open()

    def _try_with(self, profile: Profile, account: str, password: str, is_kept: bool) -> None:
        self._keeping.take(account, password, is_kept=is_kept)
        self.trial.start(profile, password)

    # Places that are pasted, dropped or imported

    @Slot(str)
    def fill(self, text: str) -> None:
        """Fill the form with the place that a URL or a path names."""
        self._take(lambda: locate(text))

    def import_env(self, file: Path) -> None:
        """Fill the form with what a gateway's `.env` says."""
        self._take(lambda: locate_by_env(file))

    def _paste(self) -> None:
        self._take(lambda: place_of(QGuiApplication.clipboard().mimeData()))

    def _take(self, find: Callable[[], Location | None]) -> None:
        try:
            location = find()
        except KeymonError as error:
            self._say(error)
            return
        if location is None:
            self.parts.note.say(tr("There is no database URL on the clipboard, such as mysql://user@host/database."))
            return
        self.parts.note.say("")
        self.form.take(location)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept what names a place."""
        if is_place(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Fill the form with the place that was dropped."""
        event.acceptProposedAction()
        self._take(lambda: place_of(event.mimeData()))

    # The end

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Esc break off a trial before it closes the dialog."""
        if event.key() == Qt.Key.Key_Escape and self.trial.is_running:
            self.trial.cancel()
        else:
            super().keyPressEvent(event)

    @Slot()
    def reject(self) -> None:
        """Close, once the operator has said what becomes of changes."""
        self._leave(super().reject)

    def done(self, result: int) -> None:
        """Break off what is under way, and leave no password behind, neither here nor that of a deleted profile."""
        if not self._is_shut:
            self._is_shut = True
            self.trial.cancel()
            self.errands.stop()
            self.form.forget_password()
            self._keeping.finish(self._edits.orphans())
        super().done(result)

    def _choose_demo(self) -> None:
        self.demo_wanted.emit()
        self.accept()

    def _say(self, error: BaseException) -> None:
        self.parts.note.say(f"{error_text(error)}\n{error_advice(error)}".strip())
