"""Gateways are switched by profile: what belongs to one stays with it, and nothing of it reaches another."""

import os
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QAction, QColor
from PySide6.QtWidgets import QApplication, QInputDialog, QLabel, QMessageBox, QPushButton, QWidget

from keymon import gateways
from keymon.config import Profile, ProfileStore
from keymon.gui.connection_dialog import ConnectionDialog
from keymon.gui.main_window import MainWindow
from keymon.gui.password_dialog import PasswordDialog
from keymon.gui.poller import Source
from keymon.gui.session import Session
from keymon.gui.theme import apply_theme
from keymon.locations import ServerLocation, location_of
from keymon.monitor import Monitor
from tests.conftest import MakeGatewayServer
from tests.gateway_file import key
from tests.gui.conftest import Bench, MakeWindow
from tests.keyrings import MemoryKeyring
from tests.mariadb import READER, READER_PASSWORD, MariaDb


@pytest.fixture
def store() -> ProfileStore:
    return ProfileStore()


def save(store: ProfileStore, *profiles: Profile) -> None:
    store.change(lambda _: profiles)


def profile(bench: Bench, name: str, keys: int, **fields: str) -> Profile:
    """Return the profile of a gateway with so many keys."""
    return Profile(name, str(bench.gateway(keys, f"{keys}.db").path), **fields)  # type: ignore[arg-type]


def begin(bench: Bench, gateway: gateways.Gateway | None = None) -> Session:
    session = Session(bench.window)
    session.begin(gateway)
    return session


def wait_for(bench: Bench, title: str) -> None:
    bench.qtbot.waitUntil(
        lambda: bench.window.windowTitle() == f"{title} – keymon" and bench.window.snapshot is not None
    )


def actions(window: MainWindow) -> dict[str, QAction]:
    """Return those of the profiles in the menu to switch by."""
    return {action.text(): action for action in window.switcher.menu.actions() if action.data()}


def test_the_profile_that_was_followed_last_is_followed_again(bench: Bench, store: ProfileStore) -> None:
    save(store, profile(bench, "One", 1), profile(bench, "Two", 2))
    begin(bench)
    assert bench.window.welcome.isVisible()
    actions(bench.window)["Two"].trigger()
    wait_for(bench, "Two")
    again = Session(bench.window)
    again.begin(None)
    wait_for(bench, "Two")
    assert len(bench.snapshot.keys) == 2


def test_profiles_are_in_the_menu_with_shortcuts_and_the_current_one_is_marked(
    bench: Bench, store: ProfileStore
) -> None:
    save(store, profile(bench, "R&D", 1, colour="red"), profile(bench, "Two", 2))
    begin(bench)
    found = actions(bench.window)
    assert [(text, action.shortcut().toString()) for text, action in found.items()] == [
        ("R&&D", "Ctrl+1"),
        ("Two", "Ctrl+2"),
    ]
    assert not any(action.isChecked() for action in found.values())
    found["R&&D"].trigger()
    wait_for(bench, "R&D")
    assert [action.isChecked() for action in found.values()] == [True, False]
    button = bench.window.switcher.button
    assert (button.text(), button.icon().isNull()) == ("R&&D", False)
    assert "R&D" in button.accessibleName()
    bench.window.demo_chosen.emit()
    assert (button.text(), button.icon().isNull()) == ("sample gateway", True)
    assert not any(action.isChecked() for action in found.values())


def test_the_dots_follow_the_theme(bench: Bench, store: ProfileStore, qapp: QApplication) -> None:
    save(store, profile(bench, "One", 1, colour="red"))
    begin(bench)
    actions(bench.window)["One"].trigger()
    wait_for(bench, "One")

    def colours() -> list[QColor]:
        icons = bench.window.switcher.button.icon(), actions(bench.window)["One"].icon()
        return [icon.pixmap(12, 12).toImage().pixelColor(6, 6) for icon in icons]

    light = colours()
    assert light[0] == light[1]
    apply_theme(qapp, "dark")
    bench.qtbot.waitUntil(lambda: colours()[0] == colours()[1] != light[0])
    apply_theme(qapp, "light")
    bench.qtbot.waitUntil(lambda: colours() == light)


def test_late_results_of_the_gateway_before_are_dropped(bench: Bench, store: ProfileStore) -> None:
    save(store, profile(bench, "Two", 2))
    slow, go_on = bench.gateway(5, "slow.db"), threading.Event()

    def open_late() -> Monitor:
        assert go_on.wait(20)
        return Monitor(location_of(slow.path), UTC)

    begin(bench)
    bench.window.follow(Source("slow", open_late))
    shown: list[int] = []
    bench.poller.refreshed.connect(lambda snapshot: shown.append(len(snapshot.keys)))
    actions(bench.window)["Two"].trigger()
    go_on.set()
    wait_for(bench, "Two")
    bench.refresh()
    assert set(shown) == {2}


def test_each_profile_keeps_how_its_tables_are_arranged(
    bench: Bench, store: ProfileStore, settings: QSettings, make_window: MakeWindow
) -> None:
    save(store, profile(bench, "One/é", 3), profile(bench, "Two", 4))
    begin(bench)
    table = bench.window.panel.valid

    def choose(name: str) -> None:
        actions(bench.window)[name].trigger()
        wait_for(bench, name)

    choose("One/é")
    table.setColumnWidth(0, 222)
    table.sortByColumn(3, Qt.SortOrder.DescendingOrder)
    choose("Two")
    assert table.columnWidth(0) == 222
    table.setColumnWidth(0, 111)
    table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    choose("One/é")
    assert (table.columnWidth(0), table.horizontalHeader().sortIndicatorSection()) == (222, 3)
    choose("Two")
    assert (table.columnWidth(0), table.horizontalHeader().sortIndicatorSection()) == (111, 0)
    bench.window.close()
    settings.sync()
    assert b"AIza" not in Path(settings.fileName()).read_bytes()


def choose_zone(window: MainWindow, text: str) -> None:
    window.choose_zone()
    dialog = window.findChild(QInputDialog)
    assert isinstance(dialog, QInputDialog)
    dialog.setTextValue(text)
    dialog.accept()


def test_a_zone_that_is_set_is_kept_in_the_profile_and_stays_with_it(bench: Bench, store: ProfileStore) -> None:
    save(store, profile(bench, "One", 1, gateway_tz="UTC"), profile(bench, "Two", 2))
    begin(bench)
    actions(bench.window)["One"].trigger()
    wait_for(bench, "One")
    assert (bench.snapshot.clock.name, bench.snapshot.clock.source) == ("+00:00", "set")
    with bench.qtbot.waitSignal(bench.poller.refreshed):
        choose_zone(bench.window, "Asia/Tokyo")
    assert bench.snapshot.clock.name == "Asia/Tokyo"
    assert [one.gateway_tz for one in store.load()] == ["Asia/Tokyo", ""]
    actions(bench.window)["Two"].trigger()
    wait_for(bench, "Two")
    assert bench.snapshot.clock.source != "set"


def test_a_zone_of_the_command_line_is_for_its_gateway_only(bench: Bench, store: ProfileStore) -> None:
    save(store, profile(bench, "Two", 2))
    one = bench.gateway(1, "one.db")
    session = Session(bench.window, gateway_tz="+05:30")
    session.begin(gateways.of_place(str(one.path)))
    wait_for(bench, "one.db")
    assert bench.snapshot.clock.name == "+05:30"
    actions(bench.window)["Two"].trigger()
    wait_for(bench, "Two")
    assert bench.snapshot.clock.source != "set"


def test_the_interval_is_that_of_the_profile(bench: Bench, store: ProfileStore) -> None:
    one = profile(bench, "One", 1)
    save(store, Profile(one.name, one.database, refresh_s=1), profile(bench, "Two", 2))
    begin(bench)
    actions(bench.window)["One"].trigger()
    wait_for(bench, "One")
    with bench.qtbot.waitSignal(bench.poller.refreshed, timeout=10_000):
        pass  # the bench's own interval is an hour
    actions(bench.window)["Two"].trigger()
    wait_for(bench, "Two")


def told(window: MainWindow) -> str:
    box = window.findChild(QMessageBox)
    assert isinstance(box, QMessageBox)
    text = box.text()
    box.close()
    return text


def test_profiles_that_cannot_be_read_are_told_and_stay(bench: Bench, store: ProfileStore) -> None:
    store.path.parent.mkdir(parents=True)
    store.path.write_text("[[profile")
    begin(bench, gateways.of_place(str(bench.gateway().path)))
    assert "the profiles cannot be read" in told(bench.window)
    assert store.path.read_text() == "[[profile"


def test_a_profile_that_is_gone_is_told(bench: Bench, store: ProfileStore) -> None:
    save(store, profile(bench, "One", 1))
    begin(bench)
    save(store)
    actions(bench.window)["One"].trigger()
    assert "There is no profile One" in told(bench.window)
    assert actions(bench.window) == {}


@pytest.mark.parametrize("content", ["password_command = ['false']", "password_env = 'KEYMON_NOT_SET'"])
def test_a_password_that_cannot_be_had_is_told_in_the_banner(bench: Bench, store: ProfileStore, content: str) -> None:
    store.path.parent.mkdir(parents=True)
    store.path.write_text(f"[[profile]]\nname = 'Far'\ndatabase = 'mysql://reader@127.0.0.1:1/gateway'\n{content}\n")
    begin(bench)
    with bench.qtbot.waitSignal(bench.poller.failed):
        actions(bench.window)["Far"].trigger()
    assert bench.window.banner.isVisible()
    assert "Profile Far: the " in bench.window.banner.text
    assert bench.window.banner.next_try == "keymon does not try again by itself."


# Passwords


@pytest.fixture
def far(make_gateway_server: MakeGatewayServer, store: ProfileStore) -> Profile:
    """The profile of a gateway on a server, whose password nobody has told yet."""
    server = make_gateway_server([key(n) for n in range(4)])
    made = Profile("Far", f"mysql://{READER}@127.0.0.1:{server.server.port}/{server.name}", gateway_tz="UTC")
    save(store, made)
    return made


def asked(bench: Bench) -> PasswordDialog:
    """Return the dialog that asks for a password, once it does."""

    def shown() -> list[PasswordDialog]:
        return [one for one in bench.window.findChildren(PasswordDialog) if one.isVisible()]

    bench.qtbot.waitUntil(lambda: len(shown()) == 1)
    return shown()[0]


def connections(bench: Bench) -> ConnectionDialog:
    """Return the dialog of all connections, once it is open."""
    bench.qtbot.waitUntil(lambda: bool(bench.window.findChildren(ConnectionDialog)))
    return bench.window.findChildren(ConnectionDialog)[0]


def answer(dialog: PasswordDialog, password: str, keep: bool = False) -> None:
    dialog.field.edit.setText(password)
    dialog.keep.setChecked(keep)
    dialog.accept()


def server(profile: Profile) -> ServerLocation:
    location = profile.location
    assert isinstance(location, ServerLocation)
    return location


def test_a_password_that_only_the_operator_knows_is_asked_for(bench: Bench, far: Profile) -> None:
    begin(bench)
    actions(bench.window)["Far"].trigger()
    dialog = asked(bench)
    assert not dialog.keep.isVisible()
    answer(dialog, READER_PASSWORD)
    wait_for(bench, "Far")
    assert len(bench.snapshot.keys) == 4
    bench.window.demo_chosen.emit()
    actions(bench.window)["Far"].trigger()
    wait_for(bench, "Far")
    assert not bench.window.findChildren(PasswordDialog)


@pytest.mark.parametrize("known", ["", ":wrong"], ids=["none", "a wrong one"])
def test_a_gateway_of_the_command_line_is_read_with_the_password_that_is_typed(
    bench: Bench, far: Profile, known: str
) -> None:
    with bench.qtbot.waitSignal(bench.poller.failed):
        begin(bench, gateways.of_place(far.database.replace(READER, READER + known)))
    if known:
        button(bench, "Enter password…").click()
    answer(asked(bench), READER_PASSWORD)
    bench.qtbot.waitUntil(lambda: bench.window.snapshot is not None)


def test_the_password_of_an_env_can_be_typed(bench: Bench, far: Profile, tmp_path: Path) -> None:
    location = server(far)
    (tmp_path / ".env").write_text(
        f"MYSQL_HOST={location.host}\nMYSQL_PORT={location.port}\nMYSQL_USER={READER}\nMYSQL_PASSWORD=old\n"
        f"MYSQL_DATABASE={location.url.database}\n"
    )
    with bench.qtbot.waitSignal(bench.poller.failed):
        begin(bench, gateways.of_env(tmp_path / ".env"))
    button(bench, "Enter password…").click()
    answer(asked(bench), READER_PASSWORD)
    wait_for(bench, ".env")


def test_figures_and_zone_stay_while_passwords_are_typed(bench: Bench, far: Profile, mariadb_server: MariaDb) -> None:
    begin(bench)
    actions(bench.window)["Far"].trigger()
    answer(asked(bench), READER_PASSWORD)
    wait_for(bench, "Far")
    with closing(mariadb_server.connect()) as root, root.cursor() as cursor:
        try:
            cursor.execute(f"ALTER USER {READER} IDENTIFIED BY 'changed'")
            cursor.execute("SELECT id FROM information_schema.processlist WHERE user = %s", (READER,))
            for (number,) in cursor.fetchall():
                cursor.execute(f"KILL {number}")
            with bench.qtbot.waitSignal(bench.poller.failed):
                bench.poller.refresh()
            for password in ("wrong", "changed"):
                assert bench.window.snapshot is not None
                button(bench, "Enter password…").click()
                signal = bench.poller.failed if password == "wrong" else bench.poller.refreshed
                with bench.qtbot.waitSignal(signal):
                    answer(asked(bench), password)
        finally:
            cursor.execute(f"ALTER USER {READER} IDENTIFIED BY '{READER_PASSWORD}'")
    assert not bench.window.banner.isVisible()


def test_whoever_does_not_answer_can_do_so_later(bench: Bench, far: Profile) -> None:
    begin(bench)
    actions(bench.window)["Far"].trigger()
    asked(bench).reject()
    assert "the password of" in bench.window.banner.text
    button(bench, "Enter password…").click()
    answer(asked(bench), READER_PASSWORD)
    wait_for(bench, "Far")


def test_a_wrong_password_is_not_tried_again_but_asked_for(
    bench: Bench, far: Profile, memory_keyring: MemoryKeyring
) -> None:
    memory_keyring.kept["keymon", server(far).account] = "wrong-canary"
    begin(bench)
    with bench.qtbot.waitSignal(bench.poller.failed):
        actions(bench.window)["Far"].trigger()
    assert bench.window.banner.next_try == "keymon does not try again by itself."
    assert "canary" not in bench.window.banner.text
    button(bench, "Enter password…").click()
    dialog = asked(bench)
    assert any("Access denied" in label.text() for label in dialog.findChildren(QLabel))
    answer(dialog, READER_PASSWORD, keep=True)
    wait_for(bench, "Far")
    bench.qtbot.waitUntil(lambda: memory_keyring.kept["keymon", server(far).account] == READER_PASSWORD)


@pytest.mark.parametrize(
    ("query", "why"),
    [("ssl_mode=required", "the server does not encrypt"), ("ssl_ca=/no/such/ca.pem", "cannot be used (no such file")],
)
def test_encryption_that_cannot_be_had_is_told_and_never_done_without(
    bench: Bench, far: Profile, store: ProfileStore, monkeypatch: pytest.MonkeyPatch, query: str, why: str
) -> None:
    monkeypatch.setenv("FAR_PASSWORD", READER_PASSWORD)
    save(store, replace(far, database=f"{far.database}?{query}", password_env="FAR_PASSWORD"))
    begin(bench)
    with bench.qtbot.waitSignal(bench.poller.failed):
        actions(bench.window)["Far"].trigger()
    assert why in bench.window.banner.text
    assert bench.window.banner.next_try == "keymon does not try again by itself."
    assert bench.window.snapshot is None


def test_a_profile_that_is_made_in_the_dialog_can_be_connected_to(
    bench: Bench, far: Profile, store: ProfileStore
) -> None:
    save(store)
    begin(bench)
    dialog = connections(bench)
    dialog.fill(far.database.replace(READER, f"{READER}:{READER_PASSWORD}"))
    dialog.connect_now()
    bench.qtbot.waitUntil(lambda: bench.window.snapshot is not None)
    assert len(bench.snapshot.keys) == 4
    (made,) = store.load()
    assert made.database == far.database
    assert [action.isChecked() for action in actions(bench.window).values()] == [True]
    assert READER_PASSWORD not in store.path.read_text()


def test_the_demo_is_one_click_away_at_the_first_start(bench: Bench) -> None:
    begin(bench)
    dialog = connections(bench)
    button(bench, "Look at the sample gateway", dialog).click()
    wait_for(bench, "sample gateway")
    assert not bench.window.findChildren(ConnectionDialog)


def test_without_profiles_the_menu_still_leads_to_the_connections(bench: Bench) -> None:
    begin(bench, gateways.demo())
    *_, last = bench.window.switcher.menu.actions()
    last.trigger()
    assert connections(bench).isVisible()


def button(bench: Bench, text: str, parent: QWidget | None = None) -> QPushButton:
    found = (parent or bench.window).findChildren(QPushButton)
    return next(one for one in found if one.text().replace("&", "") == text and one.isVisible())


# What the dialog changes under the window


def test_a_profile_that_is_renamed_is_followed_under_its_new_name(
    bench: Bench, store: ProfileStore, settings: QSettings
) -> None:
    save(store, profile(bench, "One", 1))
    begin(bench)
    actions(bench.window)["One"].trigger()
    wait_for(bench, "One")
    bench.window.connections_wanted.emit()
    dialog = connections(bench)
    dialog.form.parts.name.setText("Other")
    dialog.save()
    assert bench.window.windowTitle() == "Other – keymon"
    assert bench.window.switcher.button.text() == "Other"
    assert [(text, action.isChecked()) for text, action in actions(bench.window).items()] == [("Other", True)]
    assert settings.value("profile") == "Other"
    dialog.close()
    with bench.qtbot.waitSignal(bench.poller.refreshed):
        choose_zone(bench.window, "Asia/Tokyo")
    assert [(one.name, one.gateway_tz) for one in store.load()] == [("Other", "Asia/Tokyo")]


def test_a_look_elsewhere_does_not_forget_the_last_profile(
    bench: Bench, store: ProfileStore, settings: QSettings
) -> None:
    save(store, profile(bench, "One", 1))
    begin(bench)
    actions(bench.window)["One"].trigger()
    wait_for(bench, "One")
    bench.window.demo_chosen.emit()
    wait_for(bench, "sample gateway")
    assert settings.value("profile") == "One"


def test_where_profiles_cannot_be_written_one_can_still_connect(
    bench: Bench, far: Profile, store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(store)
    begin(bench)
    dialog = connections(bench)

    def full(_handle: int) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "fsync", full)
    dialog.fill(far.database.replace(READER, f"{READER}:{READER_PASSWORD}"))
    dialog.connect_now()
    bench.qtbot.waitUntil(lambda: bench.window.snapshot is not None)
    assert len(bench.snapshot.keys) == 4
    assert actions(bench.window) == {}


def test_profiles_that_cannot_be_read_are_told_in_one_place(bench: Bench, store: ProfileStore) -> None:
    store.path.parent.mkdir(parents=True)
    store.path.write_text("[[profile")
    begin(bench)
    assert "the profiles cannot be read" in connections(bench).parts.note.text
    assert bench.window.findChild(QMessageBox) is None


def test_a_place_that_cannot_be_understood_is_shown_to_the_letter(bench: Bench, store: ProfileStore) -> None:
    save(store, Profile("Odd", "mysql://reader@h:abc/d"))
    begin(bench)
    dialog = connections(bench)
    assert dialog.form.draft.path == "mysql://reader@h:abc/d"
    assert "write mysql://user@host:port/database" in dialog.parts.note.text
