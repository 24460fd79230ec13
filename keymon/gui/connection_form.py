"""The form of one connection: where the gateway's database is, who reads it, and how."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFormLayout, QLabel, QWidget

from keymon.gui.draft import TYPED, Draft
from keymon.gui.form_parts import Field
from keymon.gui.form_widgets import FormWidgets
from keymon.gui.intake import host_hint
from keymon.gui.translation import tr
from keymon.locations import Location

_FILE_ROWS = ("path",)
_SERVER_ROWS = ("host", "database", "user", "password", "source", "tls", "ca")


class ConnectionForm(QWidget):
    """Shows a draft and lets it be edited.

    `edited()` is emitted at every change by the operator, `place_pasted(text)` where a URL or the path of a database
    was pasted into a line. What is wrong with a line is said when it is left, not while somebody types.
    """

    edited = Signal()
    place_pasted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.parts = FormWidgets(self)
        self._taken: Collection[str] = ()
        self._name_is_ours = False
        self._has_keyring = True
        self._showing, self._is_new = False, True
        self._fields: dict[str, Field] = {}
        self._layout = QFormLayout(self)
        self._layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._layout.setLabelAlignment(Qt.AlignmentFlag.AlignRight)
        self._layout.setHorizontalSpacing(12)
        self._layout.setVerticalSpacing(9)
        self._layout.setContentsMargins(0, 4, 0, 4)
        self._build()
        self._connect()
        self._arrange()

    def _build(self) -> None:
        w = self.parts
        self._row("kind", tr("Kind"), w.file, w.kind)
        self._row("name", tr("&Name"), w.name, w.name, w.colour)
        self._row("path", tr("&Path"), w.path, w.path, w.browse_path)
        self._row(
            "host", tr("Ser&ver"), w.way, w.way, w.host, w.port, w.socket, w.browse_socket, wide=(w.host, w.socket)
        )
        self._row("database", tr("&Database"), w.database, w.database)
        self._row("user", tr("&User"), w.user, w.user)
        self._row("password", tr("&Password"), w.password.edit, w.password)
        self._row(
            "source", tr("Password &from"), w.source, w.source, w.variable, w.command, wide=(w.variable, w.command)
        )
        self._row("tls", tr("Encr&yption"), w.tls, w.tls)
        self._row("ca", tr("C&A file"), w.ca, w.ca, w.browse_ca)
        refresh = QLabel(tr("&Refresh every"))
        refresh.setBuddy(w.refresh)
        self._row("zone", tr("Time &zone"), w.zone, w.zone, refresh, w.refresh)
        for name, row in (("port", "host"), ("socket", "host"), ("variable", "source"), ("command", "source")):
            self._fields[name] = self._fields[row]

    def _row(self, name: str, text: str, buddy: QWidget, *parts: QWidget, wide: Sequence[QWidget] = ()) -> None:
        label = QLabel(text)
        label.setBuddy(buddy)
        self._fields[name] = Field(*parts, wide=wide)
        self._layout.addRow(label, self._fields[name])

    def _connect(self) -> None:
        w = self.parts
        for name, line in w.lines.items():
            line.textEdited.connect(lambda _text, name=name: self._was_edited(name))
            line.editingFinished.connect(lambda name=name: self._check(name))
        for line in w.place_lines:
            line.place_pasted.connect(self.place_pasted)
        for combo in (w.way, w.source, w.tls):
            combo.activated.connect(self._was_switched)
        w.file.clicked.connect(self._was_switched)
        w.server.clicked.connect(self._was_switched)
        w.colour.changed.connect(self._tell)
        w.zone.activated.connect(lambda _row: self._was_edited("zone"))
        w.refresh.valueChanged.connect(self._tell)

    # What is in the form

    def show_draft(self, draft: Draft, taken: Collection[str], *, is_new: bool) -> None:
        """Show `draft` without telling anyone; `taken` are the names of the other profiles."""
        self._taken = taken
        self._showing = True
        self.parts.put(draft)
        self._is_new = is_new
        self._name_is_ours = is_new and not draft.name
        self._showing = False
        self._suggest()
        self._forget_problems()
        self._arrange()

    @property
    def draft(self) -> Draft:
        """What is in the form."""
        return self.parts.draft()

    def take(self, location: Location) -> None:
        """Fill in a place, and its password where it is known."""
        self.fill(self.draft.at(location))
        self.hint("host", host_hint(location))

    def fill(self, draft: Draft) -> None:
        """Show `draft`, which another place was put into, as if the operator had typed it."""
        self._name_is_ours = self._name_is_ours and draft.name == self.draft.name
        self._showing = True
        self.parts.put(draft)
        self._showing = False
        self._suggest()
        self._forget_problems()
        self._arrange()
        self.edited.emit()

    def keep_name(self) -> None:
        """Suggest no other name any longer: the one that is entered has been saved."""
        self._name_is_ours = False

    def set_keyring(self, has_keyring: bool) -> None:
        """Tell the form whether this desktop has a keyring, which takes time to find out."""
        self._has_keyring = has_keyring
        self.parts.set_keyring(has_keyring)
        self._arrange()

    def set_zones(self, zones: Iterable[str]) -> None:
        """Offer the names of time zones."""
        self._showing = True
        self.parts.set_zones(zones)
        self._showing = False

    def forget_password(self) -> None:
        """Leave no password in the form."""
        self.parts.password.set_password("")

    # What is wrong with it

    def problems(self) -> dict[str, str]:
        """Return what is wrong, in words, by the name of the field."""
        return self.draft.problems(self._taken)

    def show_problems(self, problems: dict[str, str]) -> None:
        """Say what is wrong beside each field, and put the keyboard where the first of it is."""
        self._forget_problems()
        for name, text in problems.items():
            field = self._fields[name]
            field.say(f"{field.problem} {text}".strip())
        first = next(iter(problems), None)
        if first is not None:
            self.parts.inputs[first].setFocus()

    def hint(self, name: str, text: str) -> None:
        """Put a hint beneath a field."""
        self._fields[name].say(text, is_problem=False)

    def note(self, name: str) -> str:
        """Return what stands beneath a field."""
        return self._fields[name].note

    def _check(self, name: str) -> None:
        self._fields[name].say(self.problems().get(name, ""))

    def _forget_problems(self) -> None:
        for field in self._fields.values():
            field.say("")

    # What the operator does

    def _was_edited(self, name: str) -> None:
        if self._showing:
            return
        self._fields[name].say("")
        if name == "name":
            self._name_is_ours = not self.parts.name.text()
        else:
            self._suggest()
        self.edited.emit()

    @Slot()
    def _was_switched(self) -> None:
        for name in (*_FILE_ROWS, *_SERVER_ROWS):
            self._fields[name].say("")
        self._arrange()
        self._suggest()
        self._tell()

    def _tell(self) -> None:
        if not self._showing:
            self.edited.emit()

    def _suggest(self) -> None:
        """Keep the name that was not typed in step with what is."""
        if self._name_is_ours:
            self.parts.name.setText(self.draft.suggested_name(self._taken))

    def _arrange(self) -> None:
        """Show the rows that belong to the kind of database, and of each row what is of use."""
        draft, w = self.draft, self.parts
        for rows, shown in ((_FILE_ROWS, draft.kind == "file"), (_SERVER_ROWS, draft.kind == "server")):
            for name in rows:
                self._layout.setRowVisible(self._fields[name], shown)
        _show(not draft.by_socket, (w.host, w.port))
        _show(draft.by_socket, (w.socket, w.browse_socket))
        _show(draft.source == "variable", (w.variable,))
        _show(draft.source == "command", (w.command,))
        w.password.setEnabled(draft.source in TYPED)
        w.password.edit.setPlaceholderText(self._password_hint(draft))
        is_verified = draft.tls in {"verify_ca", "verify_identity"}
        w.ca.setEnabled(is_verified)
        w.browse_ca.setEnabled(is_verified)
        lacks_keyring = draft.source == "keyring" and not self._has_keyring
        if lacks_keyring:
            self.hint("source", tr("This desktop has no keyring: keymon will ask."))

    def _password_hint(self, draft: Draft) -> str:
        if draft.source == "variable":
            return tr("taken from the variable")
        if draft.source == "command":
            return tr("printed by the command")
        return "" if self._is_new else tr("unchanged")

    def without_keyring(self, draft: Draft) -> Draft:
        """Return a new draft with the source of its password that this desktop offers."""
        return draft if self._has_keyring else replace(draft, source="ask")


def _show(shown: bool, widgets: Sequence[QWidget]) -> None:
    for widget in widgets:
        widget.setVisible(shown)
