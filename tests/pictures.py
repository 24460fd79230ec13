"""Draws the dialog of connections in all its states: `python -m tests.pictures FOLDER [light|dark]`.

For whoever looks at what they have changed. QT_SCALE_FACTOR=2 draws as on a screen with small pixels. Where there is
no MariaDB server, the states that need one are left out.
"""

import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import keyring
from PySide6.QtCore import QEvent
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from keymon import errors
from keymon.config import Profile, ProfileStore
from keymon.gui.app import application
from keymon.gui.connection_dialog import ConnectionDialog
from keymon.gui.password_dialog import PasswordDialog
from keymon.gui.theme import Theme
from keymon.passwords import Passwords
from tests.certificates import Authority
from tests.gateway_file import GatewayFile
from tests.gateway_server import GatewayServer
from tests.keyrings import MemoryKeyring
from tests.mariadb import OPERATOR, OPERATOR_PASSWORD, READER, READER_PASSWORD, MariaDb, installed, mariadb

PRODUCTION = Profile("Production", "mysql://reader@db.example.org/gateway?ssl_mode=verify_identity", "red")
STAGING = Profile("Staging", "mysql://reader@10.0.4.12:3307/gateway", "orange", "Asia/Shanghai", 10, "STAGING_PASSWORD")
AT_HOME = Profile("At home", "/srv/gateway/data/default_db", "green")


class Studio:
    """Opens dialogs, waits for what they wait for, and draws them into `folder`."""

    def __init__(self, folder: Path, theme: Theme, scratch: Path) -> None:
        self._folder, self._theme, self._scratch = folder, theme, scratch
        self._stores = 0

    def store(self, *profiles: Profile) -> ProfileStore:
        """Return a new store that holds `profiles`."""
        self._stores += 1
        store = ProfileStore(self._scratch / f"{self._stores}.toml")
        store.change(lambda _before: profiles)
        return store

    @contextmanager
    def dialog(
        self, name: str, *profiles: Profile, current: str = "", small: bool = False
    ) -> Iterator[ConnectionDialog]:
        """Open a dialog; draw it at the end."""
        dialog = ConnectionDialog(self.store(*profiles), Passwords(), current)
        if small:
            dialog.resize(900, 600)
        dialog.show()
        self.wait(lambda: dialog.form.parts.zone.count() > 100)
        yield dialog
        self.draw(dialog, name)
        dialog.accept()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    def trial(self, name: str, profile: Profile, password: str, small: bool = False) -> None:
        """Draw a trial of `profile` that has come to its end."""
        with self.dialog(name, PRODUCTION, profile, current=profile.name, small=small) as dialog:
            dialog.form.parts.password.set_password(password)
            dialog.test()
            self.wait(lambda: not dialog.trial.is_running)

    def wait(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            QApplication.processEvents()

    def draw(self, widget: QWidget, name: str) -> None:
        """Save a picture of `widget`."""
        QApplication.processEvents()
        self._folder.mkdir(parents=True, exist_ok=True)
        widget.grab().save(str(self._folder / f"{name}-{self._theme}.png"), "PNG")


def draw_forms(studio: Studio, scratch: Path) -> None:
    """Draw what needs no server."""
    with studio.dialog("first-start"):
        pass
    for small in (False, True):
        with studio.dialog(f"server{'-small' * small}", PRODUCTION, STAGING, AT_HOME, small=small):
            pass
    with studio.dialog("file", PRODUCTION, STAGING, AT_HOME, current="At home"):
        pass
    with studio.dialog("variable-edited", PRODUCTION, STAGING, AT_HOME, current="Staging") as dialog:
        dialog.form.fill(replace(dialog.form.draft, host="10.0.4.13"))
    with studio.dialog("deleted", PRODUCTION, STAGING, AT_HOME) as dialog:
        dialog.list.delete_wanted.emit()
    with studio.dialog("errors", PRODUCTION, STAGING, small=True) as dialog:
        wrong = replace(dialog.form.draft, host="", port="x", user="", source="command", command="pass 'x", zone="Mars")
        dialog.form.fill(wrong)
        dialog.save()
    with studio.dialog("env", PRODUCTION) as dialog:
        env = scratch / ".env"
        env.write_text("MYSQL_HOST=mysql\nMYSQL_USER=gemini\nMYSQL_PASSWORD=secret\nMYSQL_DATABASE=default_db\n")
        dialog.list.new_wanted.emit()
        dialog.import_env(env)
    with studio.dialog("no-url", PRODUCTION) as dialog:
        QGuiApplication.clipboard().setText("nothing of the kind")
        dialog.parts.paste.click()
    with studio.dialog(
        "socket", Profile("Here", "mysql://reader@/gateway?unix_socket=/run/mysqld/mysqld.sock", "blue")
    ):
        pass
    draw_questions(studio)
    gateway = GatewayFile(scratch / "gateway.db", ["a", "b"])
    gateway.call("a", datetime.now(UTC).replace(tzinfo=None))
    studio.trial("trial-file", Profile("Copy", str(gateway.path), "purple"), "")
    gateway.close()


def draw_questions(studio: Studio) -> None:
    """Draw the dialogs that ask something."""
    for name, refused in (("password", None), ("password-refused", errors.AccountRefusedError)):
        error = refused(database="mysql://reader@db.example.org/gateway", reason="1045") if refused else None
        dialog = PasswordDialog(PRODUCTION.name, "reader@db.example.org:3306", can_keep=True, refused=error)
        dialog.show()
        dialog.field.edit.setText("correct horse")
        studio.draw(dialog, name)
        dialog.reject()
    with studio.dialog("leave", PRODUCTION, STAGING) as connections:
        connections.form.fill(replace(connections.form.draft, user="somebody"))
        connections.list.new_wanted.emit()
        studio.draw(connections.findChildren(QWidget, "leave")[0], "leave-question")
        connections.findChildren(QWidget, "leave")[0].close()


def draw_trials(studio: Studio, server: MariaDb, scratch: Path) -> None:
    """Draw a trial that ends at each stage."""
    gateway = GatewayServer(server, ["a", "b"])
    gateway.call("a", (datetime.now(UTC)).replace(tzinfo=None), latency_ms=0)
    place = f"127.0.0.1:{server.port}/{gateway.name}"
    mine = Profile("Gateway", f"mysql://{READER}@{place}", "blue")
    other = Authority(scratch, "somebody else").ca
    studio.trial("trial-passed", mine, READER_PASSWORD)
    studio.trial("trial-noted", replace(mine, database=f"mysql://{OPERATOR}@{place}"), OPERATOR_PASSWORD)
    studio.trial(
        "trial-noted-small", replace(mine, database=f"mysql://{OPERATOR}@{place}"), OPERATOR_PASSWORD, small=True
    )
    studio.trial("trial-name", replace(mine, database="mysql://reader@no-such-host.invalid/gateway"), "x")
    studio.trial("trial-connection", replace(mine, database=f"mysql://reader@127.0.0.1:1/{gateway.name}"), "x")
    studio.trial(
        "trial-encryption", replace(mine, database=f"mysql://{READER}@{place}?ssl_ca={other}"), READER_PASSWORD
    )
    studio.trial("trial-login", mine, "wrong")
    studio.trial(
        "trial-tables", replace(mine, database=f"mysql://{OPERATOR}@127.0.0.1:{server.port}/mysql"), OPERATOR_PASSWORD
    )
    gateway.execute(f"REVOKE SELECT ON {gateway.name}.t_error_logs FROM {READER}")
    studio.trial("trial-rights", mine, READER_PASSWORD)
    gateway.execute(f"REVOKE SELECT ON {gateway.name}.t_request_log FROM {READER}")
    studio.trial("trial-right-missing", mine, READER_PASSWORD)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with studio.dialog("trial-running", replace(mine, database=f"mysql://reader@127.0.0.1:{port}/d")) as dialog:
            dialog.form.parts.password.set_password("x")
            dialog.test()
            studio.wait(lambda: dialog.trial.list.states["connection"] == "passed")
    gateway.close()


def main(folder: Path, theme: Theme) -> None:
    """Draw everything into `folder`."""
    keyring.set_keyring(MemoryKeyring())
    application(theme=theme)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        studio = Studio(folder, theme, scratch)
        draw_forms(studio, scratch)
        if installed():
            draw_trials(studio, stack.enter_context(mariadb()), scratch)


if __name__ == "__main__":
    main(Path(sys.argv[1]), "dark" if "dark" in sys.argv[2:] else "light")
