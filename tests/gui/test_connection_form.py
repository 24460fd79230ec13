"""The form of a connection: what a profile looks like in it, what pasting and dropping fill, and what is wrong."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCompleter, QFileDialog, QLabel, QLineEdit

from keymon.config import COLOURS, Profile
from keymon.gui.connection_dialog import ConnectionDialog
from keymon.gui.form_parts import place_in
from keymon.locations import TLS_MODES
from tests.gui.conftest import focused
from tests.gui.connections import AT_HOME, PRODUCTION, THREE, Connections, drop, enter, paste

URL = "mysql+pymysql://reader:pw-canary@db.example.org:3310/gateway?ssl_mode=verify_ca&ssl_ca=/etc/ca.pem"
ENV = "MYSQL_HOST={}\nMYSQL_PORT=3307\nMYSQL_USER=gemini\nMYSQL_PASSWORD=pw-canary\nMYSQL_DATABASE=pool\n"
PLACE = "mysql://reader@db.example.org/gateway"


def switch(dialog: ConnectionDialog, name: str, row: int) -> None:
    combo = getattr(dialog.form.parts, name)
    combo.setCurrentIndex(row)
    combo.activated.emit(row)


# Profiles in the form


@pytest.mark.parametrize(
    "profile",
    [
        AT_HOME,
        replace(AT_HOME, database="/srv/ga te/we?ird#.db", colour="purple", gateway_tz="+05:45", refresh_s=3600),
        replace(PRODUCTION, database="mysql://re%40der@[::1]:3307/gateway"),
        replace(PRODUCTION, database="mysql://reader@/gateway?unix_socket=%2Frun%2Fmysqld%2Fmysqld.sock"),
        *(replace(PRODUCTION, database=f"{PLACE}?ssl_mode={mode}") for mode in TLS_MODES if mode != "preferred"),
        replace(PRODUCTION, database=f"{PLACE}?ssl_ca=%2Fetc%2Fca.pem"),
        replace(PRODUCTION, password_env="GATEWAY_PASSWORD"),
        replace(PRODUCTION, password_command=("pass", "show", "the gateway's")),
        replace(PRODUCTION, password_ask=True),
        replace(PRODUCTION, gateway_tz="Europe/Berlin", others={"of_a_later_version": 3}),
    ],
    ids=lambda profile: profile.database,
)
def test_a_profile_goes_through_the_form_as_it_is(connections: Connections, profile: Profile) -> None:
    dialog = connections.open(profile)
    edited = [dialog.is_edited]
    dialog.form.parts.refresh.setValue(77)
    edited.append(dialog.is_edited)
    assert edited == [False, True]
    assert dialog.save() == replace(profile, refresh_s=77)
    assert connections.store.load() == (replace(profile, refresh_s=77),)


def test_only_what_is_of_use_is_shown(connections: Connections) -> None:
    dialog = connections.open(*THREE)
    p = dialog.form.parts
    server, file = (p.host, p.port, p.database, p.user, p.password, p.source, p.tls, p.ca), (p.path, p.browse_path)
    assert all(widget.isVisible() for widget in server)
    assert not any(widget.isVisible() for widget in (*file, p.socket, p.variable, p.command))
    switch(dialog, "way", 1)
    assert (p.socket.isVisible(), p.host.isVisible(), p.port.isVisible()) == (True, False, False)
    QTest.mouseClick(p.file, Qt.MouseButton.LeftButton)
    assert all(widget.isVisible() for widget in file)
    assert not any(widget.isVisible() for widget in server)
    QTest.keyClick(p.file, Qt.Key.Key_Right)
    assert p.user.isVisible()


def test_a_ca_is_asked_for_only_where_it_is_used(connections: Connections) -> None:
    dialog = connections.open(PRODUCTION)
    p = dialog.form.parts
    words = [p.tls.itemText(n) for n in range(p.tls.count())]
    enabled = []
    for n in range(len(words)):
        switch(dialog, "tls", n)
        enabled.append((words[n], p.ca.isEnabled(), p.browse_ca.isEnabled()))
    assert enabled == [
        ("If the server can", False, False),
        ("Always", False, False),
        ("Always, with a trusted certificate", True, True),
        ("Always, with a certificate for this host", True, True),
        ("Never", False, False),
    ]


def test_a_password_is_typed_only_where_it_is_not_looked_up(connections: Connections) -> None:
    dialog = connections.open(PRODUCTION)
    p = dialog.form.parts
    shown = []
    for n in range(4):
        switch(dialog, "source", n)
        shown.append((p.password.isEnabled(), p.variable.isVisible(), p.command.isVisible()))
    assert shown == [(True, False, False), (True, False, False), (False, True, False), (False, False, True)]


def test_a_password_is_masked_until_it_is_to_be_seen(connections: Connections) -> None:
    dialog = connections.open(*THREE)
    field = dialog.form.parts.password
    enter(field.edit, "pw-canary")
    assert "canary" not in field.edit.displayText()
    QTest.mouseClick(field._show, Qt.MouseButton.LeftButton)
    assert field.edit.displayText() == "pw-canary"
    field.set_password("other-canary")
    assert "canary" not in field.edit.displayText()
    field.edit.undo()
    assert field.edit.text() != "pw-canary"


def test_colours_have_words_and_arrow_keys(connections: Connections) -> None:
    dialog = connections.open(PRODUCTION)
    swatches = dialog.form.parts.colour
    buttons = swatches._group.buttons()
    assert [one.accessibleName() for one in buttons] == ["Grey", "Blue", "Green", "Purple", "Orange", "Red"]
    assert [one.toolTip() for one in buttons] == [one.accessibleName() for one in buttons]
    buttons[COLOURS.index("red")].setFocus()
    QTest.keyClick(focused(), Qt.Key.Key_Left)
    assert dialog.form.draft.colour == "orange"
    assert "Production (edited)" in [label.text() for label in dialog.findChildren(QLabel)]


def test_zones_are_offered_and_completed(connections: Connections) -> None:
    dialog = connections.open(replace(PRODUCTION, gateway_tz="+02:00"))
    zone = dialog.form.parts.zone
    assert zone.itemText(0) == "Detect it"
    assert {"Asia/Shanghai", "+08:00", "+05:45", "UTC"} <= {zone.itemText(n) for n in range(zone.count())}
    assert zone.currentText() == "+02:00"
    completer = zone.completer()
    assert completer is not None
    completer.setCompletionPrefix("shang")
    assert completer.currentCompletion() == "Asia/Shanghai"
    zone.setCurrentIndex(0)
    assert dialog.form.draft.zone == ""


def test_the_wheel_changes_nothing_in_passing(connections: Connections) -> None:
    dialog = connections.open(PRODUCTION)
    p = dialog.form.parts
    p.user.setFocus()
    for widget in (p.tls, p.source, p.refresh, p.zone):
        down, none = QPoint(0, -120), Qt.KeyboardModifier.NoModifier
        at = QPointF(5, 5)
        buttons, phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
        QApplication.sendEvent(widget, QWheelEvent(at, at, QPoint(), down, buttons, none, phase, False))
    assert not dialog.is_edited


# The name


def test_a_name_is_suggested_until_one_is_typed(connections: Connections) -> None:
    dialog = connections.open(replace(PRODUCTION, name="gateway on db"))
    dialog.list.new_wanted.emit()
    p = dialog.form.parts
    enter(p.database, "gateway")
    assert p.name.text() == "gateway"
    enter(p.host, "db")
    assert p.name.text() == "gateway on db 2"
    enter(p.host, "db3")
    assert p.name.text() == "gateway on db3"
    enter(p.name, "Mine")
    enter(p.host, "db4")
    assert p.name.text() == "Mine"
    p.name.setFocus()
    p.name.selectAll()
    QTest.keyClick(p.name, Qt.Key.Key_Delete)
    enter(p.host, "db5")
    assert p.name.text() == "gateway on db5"
    QTest.mouseClick(p.file, Qt.MouseButton.LeftButton)
    assert p.name.text() == ""
    QTest.mouseClick(p.server, Qt.MouseButton.LeftButton)
    assert p.name.text() == "gateway on db5"
    QTest.mouseClick(p.file, Qt.MouseButton.LeftButton)
    enter(p.path, "/srv/default_db")
    assert p.name.text() == "default_db"


def test_the_name_of_a_saved_profile_stays(connections: Connections) -> None:
    dialog = connections.open(PRODUCTION)
    enter(dialog.form.parts.host, "elsewhere")
    assert dialog.form.draft.name == "Production"
    dialog.form.parts.host.setText("db.example.org")
    dialog.list.new_wanted.emit()
    dialog.fill("mysql://u@h/d")
    dialog.save()
    enter(dialog.form.parts.host, "elsewhere")
    assert dialog.form.draft.name == "d on h"


# Pasting


@pytest.mark.parametrize("name", ["name", "host", "database", "user"])
def test_a_url_that_is_pasted_anywhere_fills_the_form(connections: Connections, name: str) -> None:
    dialog = connections.open(PRODUCTION)
    line = dialog.form.parts.lines[name]
    paste(line, f"  {URL}\n")
    draft = dialog.form.draft
    assert (draft.name, draft.host, draft.port, draft.database) == ("Production", "db.example.org", "3310", "gateway")
    assert (draft.user, draft.password, draft.tls, draft.ca) == ("reader", "pw-canary", "verify_ca", "/etc/ca.pem")
    line.undo()
    lines = dialog.findChildren(QLineEdit)
    assert [one for one in lines if "canary" in one.text()] == [dialog.form.parts.password.edit]
    assert not any("canary" in label.text() for label in dialog.findChildren(QLabel))


@pytest.mark.parametrize("text", ["sqlite:////srv/data/gw.db", "/srv/data/gw.db", "/srv/data/gw.db\n"])
def test_a_path_that_is_pasted_fills_the_form(connections: Connections, text: str) -> None:
    dialog = connections.open()
    paste(dialog.form.parts.host, text)
    draft = dialog.form.draft
    assert (draft.kind, draft.path, draft.name) == ("file", "/srv/data/gw.db", "gw")


def test_pasting_a_socket_fills_the_form(connections: Connections) -> None:
    dialog = connections.open()
    paste(dialog.form.parts.host, "mariadb://reader@/gateway?unix_socket=/run/mysqld/mysqld.sock")
    draft = dialog.form.draft
    assert (draft.by_socket, draft.socket, draft.host) == (True, "/run/mysqld/mysqld.sock", "")
    assert dialog.form.parts.socket.isVisible()


def test_pasting_what_is_no_place_is_pasting(connections: Connections) -> None:
    dialog = connections.open()
    paste(dialog.form.parts.host, "db.example.org")
    assert dialog.form.draft.host == "db.example.org"


def test_pasting_a_wrong_url_says_what_is_wrong_without_the_password(connections: Connections) -> None:
    dialog = connections.open(PRODUCTION)
    paste(dialog.form.parts.host, "mysql://reader:pw-canary@elsewhere")
    assert "write mysql://user@host:port/database" in dialog.parts.note.text
    assert "canary" not in dialog.parts.note.text
    assert dialog.form.draft.host == "db.example.org"


def test_a_url_that_is_typed_is_not_taken_half_way(connections: Connections) -> None:
    dialog = connections.open()
    enter(dialog.form.parts.host, "mysql://a@h/database")
    assert (dialog.form.draft.host, dialog.form.draft.database) == ("mysql://a@h/database", "")
    dialog.form.parts.user.setFocus()
    assert "not the name of a host" in dialog.form.note("host")


def test_the_button_pastes_from_the_clipboard(connections: Connections) -> None:
    dialog = connections.open()
    QGuiApplication.clipboard().setText("no place, but a canary")
    dialog.parts.paste.click()
    assert "no database URL on the clipboard" in dialog.parts.note.text
    assert "canary" not in dialog.parts.note.text
    QGuiApplication.clipboard().setText(URL)
    dialog.parts.paste.click()
    assert (dialog.form.draft.host, dialog.form.draft.password) == ("db.example.org", "pw-canary")
    assert dialog.parts.note.text == ""


def test_a_url_with_a_password_is_not_lost_on_a_profile_that_looks_it_up(connections: Connections) -> None:
    dialog = connections.open(replace(PRODUCTION, password_env="GATEWAY_PASSWORD"))
    dialog.fill(URL)
    assert (dialog.form.draft.source, dialog.form.draft.password) == ("keyring", "pw-canary")
    assert dialog.form.parts.password.isEnabled()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("DATABASE_URL=mysql://u@h/d", "mysql://u@h/d"),
        ("~/gw.sqlite", "~/gw.sqlite"),
        ("C:\\data\\gw.db", "C:\\data\\gw.db"),
        ("gw.database", ""),
        ("example.db", ""),
        ("postgresql://u@h/d", ""),
        ("/etc/ca.pem", ""),
    ],
)
def test_what_counts_as_a_place(text: str, place: str) -> None:
    assert place_in(text) == place


# A gateway's .env, and dropping


@pytest.mark.parametrize(("host", "hinted"), [("mysql", True), ("localhost", False), ("10.1.2.3", False)])
def test_an_env_fills_the_form(connections: Connections, tmp_path: Path, host: str, hinted: bool) -> None:
    (tmp_path / ".env").write_text(ENV.format(host))
    dialog = connections.open()
    dialog.import_env(tmp_path / ".env")
    draft = dialog.form.draft
    assert (draft.kind, draft.host, draft.port) == ("server", host, "3307")
    assert (draft.user, draft.password, draft.database) == ("gemini", "pw-canary", "pool")
    assert ("“A database that publishes no port”" in dialog.form.note("host")) == hinted


def test_an_env_of_a_file_fills_the_form(connections: Connections, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DATABASE_TYPE=sqlite\nSQLITE_DATABASE=gw\n")
    dialog = connections.open()
    dialog.import_env(tmp_path / ".env")
    assert (dialog.form.draft.kind, dialog.form.draft.path) == ("file", str(tmp_path / "data" / "gw"))


def test_an_env_that_cannot_be_used_is_told(connections: Connections, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MYSQL_PASSWORD=pw-canary\n")
    dialog = connections.open(PRODUCTION)
    dialog.import_env(tmp_path / ".env")
    assert "it does not say MYSQL_USER and MYSQL_DATABASE" in dialog.parts.note.text
    assert "canary" not in dialog.parts.note.text
    assert not dialog.is_edited


@pytest.mark.parametrize("name", [".env", "gateway.env", ".env.production"])
def test_an_env_can_be_dropped(connections: Connections, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(ENV.format("db.example.org"))
    dialog = connections.open()
    drop(dialog, file=tmp_path / name)
    assert (dialog.form.draft.host, dialog.form.draft.password) == ("db.example.org", "pw-canary")


def test_a_database_and_a_url_can_be_dropped(connections: Connections, tmp_path: Path) -> None:
    dialog = connections.open()
    drop(dialog, file=tmp_path / "default_db")
    assert (dialog.form.draft.kind, dialog.form.draft.path) == ("file", str(tmp_path / "default_db"))
    drop(dialog, text=URL)
    assert (dialog.form.draft.kind, dialog.form.draft.host) == ("server", "db.example.org")


def test_no_line_takes_what_is_dropped_for_itself(connections: Connections) -> None:
    dialog = connections.open(PRODUCTION)
    assert not [line.accessibleName() for line in dialog.findChildren(QLineEdit) if line.acceptDrops()]


def test_a_file_is_browsed_for(connections: Connections, tmp_path: Path) -> None:
    (tmp_path / "gw.db").touch()
    dialog = connections.open()
    p = dialog.form.parts
    QTest.mouseClick(p.file, Qt.MouseButton.LeftButton)
    QTest.mouseClick(p.browse_path, Qt.MouseButton.LeftButton)
    files = p.browse_path.findChild(QFileDialog)
    assert isinstance(files, QFileDialog)
    files.setDirectory(str(tmp_path))
    files.selectFile("gw.db")
    files.accept()
    assert (p.path.text(), p.name.text()) == (str(tmp_path / "gw.db"), "gw")
    assert dialog.is_edited


# What is wrong


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("name", "x" * 61, "too long"),
        ("name", "At home", "Another connection is called that"),
        ("port", "0", "a number from 1 to 65535"),
        ("port", "65536", "a number from 1 to 65535"),
        ("port", "²", "a number from 1 to 65535"),
        ("host", "a b", "not the name of a host"),
        ("zone", "Mars/Base", "no such time zone"),
    ],
)
def test_what_is_wrong_is_said_when_the_line_is_left(connections: Connections, name: str, text: str, said: str) -> None:
    dialog = connections.open(*THREE)
    dialog.form.parts.zone.setCompleter(
        QCompleter()
    )  # its list would take the keyboard, of which offscreen there is none
    line = dialog.form.parts.lines[name]
    enter(line, text)
    assert dialog.form.note(name) == ""
    other = dialog.form.parts.user if name != "user" else dialog.form.parts.host
    other.setFocus()
    assert said in dialog.form.note(name)
    assert said in dialog.form.parts.inputs[name].accessibleDescription()
    enter(line, "5")
    assert dialog.form.note(name) == ""


@pytest.mark.parametrize("do", ["save", "connect_now", "test"])
def test_what_is_missing_is_said_and_focused(connections: Connections, do: str) -> None:
    dialog = connections.open()
    enter(dialog.form.parts.name, "Mine")
    getattr(dialog, do)()
    assert focused() is dialog.form.parts.host
    assert "Name the server's host." in dialog.form.note("host")
    assert "Name the gateway's database." in dialog.form.note("database")
    assert "Name the account" in dialog.form.note("user")
    assert dialog.parts.note.text == "Name the server's host. 2 more are marked above."
    assert (connections.names(), connections.connected, dialog.trial.is_running) == ([], [], False)
    enter(dialog.form.parts.host, "h")
    enter(dialog.form.parts.database, "d")
    getattr(dialog, do)()
    assert focused() is dialog.form.parts.user
    assert dialog.parts.note.text == "Name the account that keymon logs in with."


@pytest.mark.parametrize(
    ("source", "name", "text", "said"),
    [
        (2, "variable", "", "Name the environment variable"),
        (2, "variable", "A=b", "no spaces and no ="),
        (3, "command", "", "Write the command"),
        (3, "command", "pass 'show", "A quotation mark is missing"),
    ],
)
def test_a_source_of_passwords_must_make_sense(
    connections: Connections, source: int, name: str, text: str, said: str
) -> None:
    dialog = connections.open(PRODUCTION)
    switch(dialog, "source", source)
    enter(dialog.form.parts.lines[name], text)
    assert dialog.save() is None
    assert said in dialog.form.note("source")
    assert focused() is dialog.form.parts.lines[name]


def test_a_command_is_words(connections: Connections) -> None:
    dialog = connections.open(PRODUCTION)
    switch(dialog, "source", 3)
    enter(dialog.form.parts.command, "pass show 'the gateway'")
    saved = dialog.save()
    assert saved is not None
    assert saved.password_command == ("pass", "show", "the gateway")
    assert dialog.form.parts.command.text() == shlex.join(saved.password_command)


@pytest.mark.parametrize("path", ["", "mysql://u@h/d", "postgresql://h/d"])
def test_a_path_must_be_one(connections: Connections, path: str) -> None:
    dialog = connections.open(AT_HOME)
    enter(dialog.form.parts.path, path)
    assert dialog.save() is None
    assert dialog.form.note("path")


@pytest.mark.parametrize("path", ["~", "~/gw.db", "~nobody-of-that-name/gw.db", "a\0b", "x" * 5000])
def test_any_path_can_be_typed(connections: Connections, path: str) -> None:
    dialog = connections.open(AT_HOME)
    dialog.form.fill(replace(dialog.form.draft, path=path))
    saved = dialog.save()
    assert saved is not None
    assert ("~" in saved.database) == ("nobody" in path)
    QTest.mouseClick(dialog.form.parts.browse_path, Qt.MouseButton.LeftButton)
    files = dialog.form.parts.browse_path.findChild(QFileDialog)
    assert isinstance(files, QFileDialog)
    files.reject()
    dialog.test()
    connections.wait(lambda: not dialog.trial.is_running)


def test_a_socket_must_be_named(connections: Connections) -> None:
    dialog = connections.open(PRODUCTION)
    switch(dialog, "way", 1)
    assert dialog.save() is None
    assert "Name the server's socket." in dialog.form.note("socket")
    assert focused() is dialog.form.parts.socket
