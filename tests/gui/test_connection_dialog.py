"""The dialog of connections: the list, what becomes of changes, the keyboard, and what is never shown."""

import threading
from dataclasses import replace

import keyring
import pytest
from keyring.backends import fail
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QMessageBox,
    QWidget,
)

from keymon.config import Profile
from keymon.gui.connection_dialog import ConnectionDialog
from keymon.gui.password_field import PasswordField
from keymon.gui.profile_list import place_of
from tests.gui.conftest import focused
from tests.gui.connections import AT_HOME, PRODUCTION, STAGING, THREE, Connections, answer, choose, enter, question

CONTROL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
Answers = QMessageBox.StandardButton


def rows(dialog: ConnectionDialog) -> list[str]:
    view = dialog.list.view
    return [str(view.item(n).data(Qt.ItemDataRole.AccessibleTextRole)) for n in range(view.count())]


def settle_threads(connections: Connections) -> None:
    connections.wait(lambda: not any(one.name == "keymon-keyring" for one in threading.enumerate()))


# The list


def test_profiles_are_listed_with_colour_and_place(connections: Connections) -> None:
    dialog = connections.open(*THREE, current="Staging")
    assert rows(dialog) == [
        "Production, Red, mysql://reader@db.example.org/gateway",
        "Staging, Orange, mysql://reader@10.0.4.12:3307/gateway",
        "At home, Green, /srv/gateway/default_db",
    ]
    assert dialog.list.current == 1
    assert dialog.form.draft.name == "Staging"
    choose(connections, dialog, 2)
    assert (dialog.form.draft.name, dialog.form.draft.path) == ("At home", "/srv/gateway/default_db")


def test_a_place_that_cannot_be_understood_is_listed_without_what_it_hides() -> None:
    assert place_of(Profile("Old", "mysql://u:pw-canary@h")) == "mysql://u@h"
    assert place_of(Profile("Odd", "postgresql://u:pw-canary@h/d?x=canary")) == "postgresql://u@h/d"


def test_the_first_start_shows_a_form_to_type_into_and_the_demo(connections: Connections) -> None:
    dialog = connections.open()
    assert rows(dialog) == []
    assert focused() is dialog.form.parts.host
    assert not dialog.is_edited
    with connections.qtbot.waitSignal(dialog.demo_wanted):
        QTest.mouseClick(dialog.parts.demo, Qt.MouseButton.LeftButton)
    assert not dialog.isVisible()


def test_new_and_duplicate_by_keys(connections: Connections) -> None:
    dialog = connections.open(*THREE)
    QTest.keyClick(dialog, Qt.Key.Key_N, CONTROL)
    assert (dialog.form.draft.name, dialog.list.current, dialog.is_edited) == ("", -1, False)
    choose(connections, dialog, 1)
    QTest.keyClick(dialog, Qt.Key.Key_D, CONTROL)
    draft = dialog.form.draft
    assert (draft.name, draft.host, draft.port, draft.zone) == ("Staging 2", "10.0.4.12", "3307", "Asia/Shanghai")
    assert (dialog.is_edited, connections.names()) == (True, ["Production", "Staging", "At home"])
    assert dialog.save() == replace(STAGING, name="Staging 2")
    assert connections.names() == ["Production", "Staging", "At home", "Staging 2"]


def test_alt_and_arrows_reorder(connections: Connections) -> None:
    dialog = connections.open(*THREE)
    dialog.list.view.setFocus()
    QTest.keyClick(dialog.list.view, Qt.Key.Key_Down, ALT)
    assert connections.names() == ["Staging", "Production", "At home"]
    QTest.keyClick(dialog.list.view, Qt.Key.Key_Up, ALT)
    QTest.keyClick(dialog.list.view, Qt.Key.Key_Up, ALT)
    assert connections.names() == ["Production", "Staging", "At home"]
    assert (dialog.list.current, dialog.form.draft.name) == (0, "Production")
    enter(dialog.form.parts.user, "somebody")
    dialog.list.view.setFocus()
    QTest.keyClick(dialog.list.view, Qt.Key.Key_Down, ALT)
    assert connections.names() == ["Staging", "Production", "At home"]
    assert (dialog.form.draft.user, dialog.is_edited) == ("somebody", True)
    assert rows(dialog)[1].startswith("Production (edited)")


def test_going_to_the_list_chooses_nothing(connections: Connections) -> None:
    dialog = connections.open(*THREE)
    dialog.list.new_wanted.emit()
    enter(dialog.form.parts.host, "elsewhere")
    dialog.list.view.setFocus()
    QApplication.processEvents()
    assert question(dialog) is None
    assert (dialog.list.current, dialog.form.draft.host) == (-1, "elsewhere")
    QTest.keyClick(dialog.list.view, Qt.Key.Key_Down)
    QApplication.processEvents()
    assert question(dialog) is not None


def test_nothing_moves_where_nothing_is_chosen(connections: Connections) -> None:
    dialog = connections.open(*THREE)
    dialog.list.new_wanted.emit()
    dialog.list.view.setFocus()
    with connections.qtbot.assertNotEmitted(dialog.profiles_changed):
        QTest.keyClick(dialog.list.view, Qt.Key.Key_Up, ALT)
        QTest.keyClick(dialog.list.view, Qt.Key.Key_Down, ALT)
    assert connections.names() == ["Production", "Staging", "At home"]


# Deleting


def test_deleting_takes_effect_at_once_and_can_be_undone(connections: Connections) -> None:
    connections.keep("reader@10.0.4.12:3307", "canary")
    dialog = connections.open(*THREE, current="Staging")
    dialog.list.view.setFocus()
    with connections.qtbot.waitSignal(dialog.profiles_changed) as told:
        QTest.keyClick(dialog.list.view, Qt.Key.Key_Delete)
    assert told.args == [(PRODUCTION, AT_HOME)]
    assert connections.names() == ["Production", "At home"]
    assert dialog.list.undo_text == "“Staging” was deleted."
    assert dialog.form.draft.name == "At home"
    QTest.keyClick(dialog, Qt.Key.Key_Z, CONTROL)
    assert connections.names() == ["Production", "Staging", "At home"]
    assert (dialog.list.undo_text, dialog.form.draft.name) == ("", "Staging")
    dialog.reject()
    settle_threads(connections)
    assert connections.kept("reader@10.0.4.12:3307") == "canary"


def test_what_was_deleted_is_brought_back_one_by_one(connections: Connections) -> None:
    dialog = connections.open(*THREE)
    for _ in range(3):
        dialog.list.delete_wanted.emit()
    assert (connections.names(), dialog.form.draft.name) == ([], "")
    for left in (["At home"], ["Staging", "At home"], ["Production", "Staging", "At home"]):
        dialog.list.undo_wanted.emit()
        assert connections.names() == left


def test_the_keyring_forgets_a_deleted_profile_when_the_dialog_closes(connections: Connections) -> None:
    account = "reader@10.0.4.12:3307"
    connections.keep(account, "canary")
    connections.passwords.remember(account, "canary")
    dialog = connections.open(*THREE, current="Staging")
    dialog.list.delete_wanted.emit()
    assert connections.kept(account) == "canary"
    dialog.reject()
    connections.wait(lambda: connections.kept(account) is None)
    settle_threads(connections)
    assert connections.passwords._typed == {}


def test_the_keyring_keeps_what_another_profile_uses(connections: Connections) -> None:
    account = "reader@10.0.4.12:3307"
    other = replace(STAGING, name="Other", database=STAGING.database + "2")
    unused = replace(STAGING, name="Unused", database="mysql://x@h/d")
    connections.keep(account, "canary")
    connections.keep("x@h:3306", "canary")
    dialog = connections.open(STAGING, other, unused)
    dialog.list.delete_wanted.emit()
    choose(connections, dialog, 1)
    dialog.list.delete_wanted.emit()
    dialog.reject()
    connections.wait(lambda: connections.kept("x@h:3306") is None)
    settle_threads(connections)
    assert connections.kept(account) == "canary"


def test_the_keyring_forgets_an_account_that_a_profile_has_left(connections: Connections) -> None:
    connections.keep("reader@db.example.org:3306", "canary")
    dialog = connections.open(PRODUCTION)
    dialog.form.parts.source.setCurrentIndex(1)
    dialog.form.parts.source.activated.emit(1)
    assert dialog.save() == replace(PRODUCTION, password_ask=True)
    dialog.reject()
    connections.wait(lambda: connections.kept("reader@db.example.org:3306") is None)
    settle_threads(connections)


# Changes that are not saved


def test_a_changed_profile_is_marked_until_it_is_saved(connections: Connections) -> None:
    dialog = connections.open(*THREE)
    enter(dialog.form.parts.user, "somebody")
    assert rows(dialog)[0].startswith("Production (edited), Red")
    assert "Production (edited)" in [label.text() for label in dialog.findChildren(QLabel)]
    enter(dialog.form.parts.user, "reader")
    assert rows(dialog)[0].startswith("Production, Red")
    enter(dialog.form.parts.user, "somebody")
    QTest.keyClick(dialog, Qt.Key.Key_S, CONTROL)
    assert rows(dialog)[0] == "Production, Red, mysql://somebody@db.example.org/gateway"
    assert connections.store.load()[0] == replace(PRODUCTION, database="mysql://somebody@db.example.org/gateway")


@pytest.mark.parametrize("button", [Answers.Save, Answers.Discard, Answers.Cancel])
def test_leaving_a_changed_profile_asks(connections: Connections, button: QMessageBox.StandardButton) -> None:
    dialog = connections.open(*THREE)
    enter(dialog.form.parts.user, "somebody")
    choose(connections, dialog, 1)
    box = question(dialog)
    assert box is not None
    assert box.text() == "Save the changes to “Production”?"
    assert dialog.list.current == 0
    answer(dialog, button)
    is_saved = "somebody" in connections.store.load()[0].database
    assert is_saved == (button == Answers.Save)
    assert dialog.list.current == (0 if button == Answers.Cancel else 1)
    assert dialog.form.draft.name == ("Production" if button == Answers.Cancel else "Staging")
    assert dialog.is_edited == (button == Answers.Cancel)


def test_saving_on_leaving_stays_where_something_is_wrong(connections: Connections) -> None:
    dialog = connections.open(*THREE)
    enter(dialog.form.parts.port, "0")
    choose(connections, dialog, 1)
    answer(dialog, Answers.Save)
    assert (dialog.list.current, dialog.form.draft.port) == (0, "0")


@pytest.mark.parametrize("button", [Answers.Save, Answers.Discard, Answers.Cancel])
def test_closing_asks_too(connections: Connections, button: QMessageBox.StandardButton) -> None:
    dialog = connections.open(*THREE)
    enter(dialog.form.parts.user, "somebody")
    dialog.close()
    assert dialog.isVisible()
    answer(dialog, button)
    assert dialog.isVisible() == (button == Answers.Cancel)
    assert ("somebody" in connections.store.load()[0].database) == (button == Answers.Save)


def test_a_password_that_is_saved_on_closing_reaches_the_keyring(connections: Connections) -> None:
    dialog = connections.open(PRODUCTION)
    enter(dialog.form.parts.password.edit, "pw-canary")
    dialog.close()
    answer(dialog, Answers.Save)
    assert not dialog.isVisible()
    connections.wait(lambda: connections.kept("reader@db.example.org:3306") == "pw-canary")
    settle_threads(connections)


def test_nothing_is_asked_where_nothing_has_changed(connections: Connections) -> None:
    dialog = connections.open(*THREE)
    choose(connections, dialog, 1)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert question(dialog) is None
    assert not dialog.isVisible()


# Connecting


def test_connect_saves_remembers_keeps_and_closes(connections: Connections) -> None:
    dialog = connections.open()
    dialog.fill("mysql://reader:pw-canary@db.example.org/gateway")
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    expected = Profile("gateway on db.example.org", "mysql://reader@db.example.org/gateway")
    assert connections.connected == [expected]
    assert connections.store.load() == (expected,)
    assert connections.passwords._typed == {"reader@db.example.org:3306": "pw-canary"}
    connections.wait(lambda: not dialog.isVisible())
    assert connections.kept("reader@db.example.org:3306") == "pw-canary"
    assert "pw-canary" not in connections.store.path.read_text()
    assert dialog.form.parts.password.edit.text() == ""


def test_connecting_to_what_is_saved_writes_nothing(connections: Connections) -> None:
    dialog = connections.open(*THREE)
    before = connections.store.path.stat().st_mtime_ns
    with connections.qtbot.assertNotEmitted(dialog.profiles_changed):
        dialog.connect_now()
    assert connections.connected == [PRODUCTION]
    assert connections.store.path.stat().st_mtime_ns == before


def test_a_password_that_is_to_be_asked_for_is_not_kept(connections: Connections) -> None:
    dialog = connections.open(replace(PRODUCTION, password_ask=True))
    enter(dialog.form.parts.password.edit, "pw-canary")
    dialog.connect_now()
    assert connections.passwords._typed == {"reader@db.example.org:3306": "pw-canary"}
    assert connections.keyring.kept == {}
    assert not dialog.isVisible()


def test_a_double_click_connects(connections: Connections) -> None:
    dialog = connections.open(*THREE)
    choose(connections, dialog, 2)
    view = dialog.list.view
    at = view.visualItemRect(view.item(2)).center()
    QTest.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert connections.connected == [AT_HOME]


def test_where_there_is_no_keyring_keymon_asks(connections: Connections) -> None:
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]
    first = connections.open()
    assert (first.form.draft.source, first.is_edited) == ("ask", False)
    dialog = connections.open(PRODUCTION)
    assert "has no keyring: keymon will ask" in dialog.form.note("source")
    assert not dialog.is_edited
    enter(dialog.form.parts.password.edit, "pw-canary")
    dialog.save()
    connections.wait(lambda: dialog.errands.is_idle)
    assert dialog.parts.note.text == ""
    dialog.list.new_wanted.emit()
    assert dialog.form.draft.source == "ask"
    dialog.fill("mysql://reader:pw-canary@db.example.org/other")
    saved = dialog.save()
    assert saved is not None
    assert saved.password_ask
    assert connections.passwords._typed == {"reader@db.example.org:3306": "pw-canary"}


# The keyboard, and what is never shown


def test_each_input_has_a_name_and_each_mnemonic_is_there_once(connections: Connections) -> None:
    dialog = connections.open(*THREE)
    kinds = (QLineEdit, QComboBox, QAbstractSpinBox, QAbstractButton)
    inputs = [widget for widget in dialog.findChildren(QWidget) if isinstance(widget, kinds)]
    for widget in inputs:
        if isinstance(widget, QAbstractButton) and not widget.isVisible() and not widget.text():
            continue  # nothing can be undone yet
        inner = isinstance(widget.parent(), QComboBox | QAbstractSpinBox)
        assert inner or widget.accessibleName() or (isinstance(widget, QAbstractButton) and widget.text()), widget
    for row in (0, 2):
        choose(connections, dialog, row)
        texts = [
            w.text() for w in dialog.findChildren(QWidget) if isinstance(w, QAbstractButton | QLabel) if w.isVisible()
        ]
        keys = [text[text.index("&") + 1].lower() for text in texts if "&" in text]
        assert sorted(set(keys)) == sorted(keys)


def test_everything_can_be_reached_by_tab(connections: Connections) -> None:
    dialog = connections.open(*THREE)
    parts = dialog.form.parts
    wanted = {dialog.list.view, parts.name, parts.host, parts.port, parts.database, parts.user, parts.password.edit}
    wanted |= {parts.source, parts.tls, parts.zone, parts.refresh, parts.way, dialog.parts.paste, dialog.parts.env}
    wanted |= {dialog.parts.test, dialog.parts.save, dialog.parts.connect_button, dialog.parts.demo}
    seen: list[QWidget] = []
    for _ in range(60):
        seen.append(focused())
        QTest.keyClick(focused(), Qt.Key.Key_Tab)
    assert wanted <= set(seen)
    order = [seen.index(w) for w in (parts.name, parts.host, parts.port, parts.database, parts.user)]
    assert order == sorted(order)


def test_it_fits_a_small_screen(connections: Connections) -> None:
    dialog = connections.open(*THREE)
    dialog.resize(900, 600)
    dialog.parts.show_running(True)
    for _ in range(5):  # from the innermost layout to the outermost
        QApplication.processEvents()
    assert (dialog.width(), dialog.height()) == (900, 600)
    assert dialog.minimumSizeHint().width() <= 900
    assert dialog.minimumSizeHint().height() <= 600


def test_a_password_is_nowhere_but_in_its_masked_field(connections: Connections) -> None:
    dialog = connections.open()
    dialog.fill("mysql://reader:pw-canary@db.example.org/gateway")
    field = dialog.findChild(PasswordField)
    assert isinstance(field, PasswordField)
    assert field.edit.text() == "pw-canary"
    assert "canary" not in field.edit.displayText()
    for widget in dialog.findChildren(QWidget):
        shown = [widget.windowTitle(), widget.accessibleName(), widget.accessibleDescription(), widget.toolTip()]
        shown += [widget.displayText()] if isinstance(widget, QLineEdit) else []
        shown += [widget.text()] if isinstance(widget, QLabel | QAbstractButton) else []
        assert "canary" not in " ".join(shown)
    assert "canary" not in repr(dialog.form.draft)
