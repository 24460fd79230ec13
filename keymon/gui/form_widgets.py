"""The widgets in which a connection is entered, and how a draft gets into them and out again."""

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QCompleter,
    QHBoxLayout,
    QLineEdit,
    QRadioButton,
    QSpinBox,
    QWidget,
)

from keymon.config import LONGEST_REFRESH_S, SHORTEST_REFRESH_S
from keymon.gui.draft import PASSWORD_SOURCES, Draft
from keymon.gui.form_parts import BrowseButton, CalmWheel, PlaceLine, Swatches
from keymon.gui.password_field import PasswordField
from keymon.gui.translation import tr
from keymon.locations import TLS_MODES

_OFFSETS = (
    *(f"{'-' if hours < 0 else '+'}{abs(hours):02}:00" for hours in range(-12, 15)),
    *("-03:30", "+03:30", "+04:30", "+05:30", "+05:45", "+06:30", "+09:30"),
)
_PORT_WIDTH = 74
_CHOICE_WIDTH = 150


class FormWidgets:
    """All of them; `lines` are those that are checked when they are left, `inputs` what can be wrong, by name."""

    def __init__(self, parent: QWidget) -> None:
        self._calm = CalmWheel(parent)
        self._build_kind()
        self.name = PlaceLine(tr("Name"))
        self.colour = Swatches()
        self.path = PlaceLine(tr("Path of the database file"), tr("such as /srv/gateway/data/default_db"))
        self.browse_path = BrowseButton(self.path, tr("&Browse…"), tr("Choose the gateway's database"))
        self._build_server()
        self._build_password()
        self.tls = self._choice(tr("Encryption"), _tls_words())
        self.ca = QLineEdit()
        self.ca.setAccessibleName(tr("CA file"))
        self.ca.setPlaceholderText(tr("The authorities that this computer trusts"))
        self.ca.setAcceptDrops(False)
        self.browse_ca = BrowseButton(self.ca, tr("Bro&wse…"), tr("Choose the CA's certificate"))
        self._build_reading()
        self.place_lines = (self.name, self.path, self.host, self.socket, self.database, self.user)
        zone = self.zone.lineEdit()
        assert zone is not None  # noqa: S101 - it is editable
        for line in (zone, self.refresh.lineEdit()):
            line.setAcceptDrops(False)
        self.lines: dict[str, QLineEdit] = {
            "name": self.name,
            "path": self.path,
            "host": self.host,
            "port": self.port,
            "socket": self.socket,
            "database": self.database,
            "user": self.user,
            "password": self.password.edit,
            "variable": self.variable,
            "command": self.command,
            "ca": self.ca,
            "zone": zone,
        }
        self.inputs: dict[str, QWidget] = {**self.lines, "zone": self.zone}

    def _build_kind(self) -> None:
        self.kind = QWidget()
        self.file = QRadioButton(tr("S&QLite file"))
        self.server = QRadioButton(tr("&MySQL or MariaDB"))
        group = QButtonGroup(self.kind)
        layout = QHBoxLayout(self.kind)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(18)
        for button in (self.file, self.server):
            group.addButton(button)
            layout.addWidget(button)
        layout.addStretch()

    def _build_server(self) -> None:
        self.way = self._choice(tr("How the server is reached"), (tr("Host and port"), tr("Socket")))
        self.host = PlaceLine(tr("Host"), tr("such as db.example.org"))
        self.port = QLineEdit()
        self.port.setAccessibleName(tr("Port"))
        self.port.setFixedWidth(_PORT_WIDTH)
        self.port.setAcceptDrops(False)
        self.socket = PlaceLine(tr("Path of the server's socket"), tr("such as /run/mysqld/mysqld.sock"))
        self.browse_socket = BrowseButton(self.socket, tr("&Browse…"), tr("Choose the server's socket"))
        self.database = PlaceLine(tr("Database"), tr("MYSQL_DATABASE in the gateway's .env"))
        self.user = PlaceLine(tr("User"), tr("an account that may only read"))

    def _build_password(self) -> None:
        self.password = PasswordField(tr("Password"))
        self.password.edit.setAcceptDrops(False)
        self.source = self._choice(tr("Where the password comes from"), _source_words())
        self.variable = QLineEdit()
        self.variable.setAccessibleName(tr("Name of the environment variable"))
        self.variable.setPlaceholderText(tr("such as GATEWAY_PASSWORD"))
        self.command = QLineEdit()
        self.command.setAccessibleName(tr("Command that prints the password"))
        self.command.setPlaceholderText(tr("such as pass show gateway"))
        for line in (self.variable, self.command):
            line.setAcceptDrops(False)

    def _build_reading(self) -> None:
        self.zone = QComboBox()
        self.zone.setEditable(True)
        self.zone.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.zone.setAccessibleName(tr("The gateway's time zone"))
        self.zone.setToolTip(tr("A name such as Asia/Shanghai, or an offset such as +08:00"))
        self.zone.setMinimumWidth(_CHOICE_WIDTH)
        self.zone.installEventFilter(self._calm)
        self.zone.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.set_zones(())
        self.refresh = QSpinBox()
        self.refresh.setRange(SHORTEST_REFRESH_S, LONGEST_REFRESH_S)
        self.refresh.setSuffix(tr(" s"))
        self.refresh.setAccessibleName(tr("Seconds between two refreshes"))
        self.refresh.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.refresh.installEventFilter(self._calm)

    def _choice(self, name: str, texts: Iterable[str]) -> QComboBox:
        combo = QComboBox()
        combo.addItems(list(texts))
        combo.setAccessibleName(name)
        combo.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        combo.installEventFilter(self._calm)
        return combo

    def set_zones(self, zones: Iterable[str]) -> None:
        """Offer zones by name, besides offsets; what is entered stays."""
        entered = self.zone.currentText()
        self.zone.clear()
        self.zone.addItems([tr("Detect it"), "UTC", *zones, *_OFFSETS])
        completer = QCompleter(self.zone.model(), self.zone)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self.zone.setCompleter(completer)
        self._put_zone(entered)

    def set_keyring(self, has_keyring: bool) -> None:
        """Offer the keyring, or tell that there is none."""
        model = self.source.model()
        assert isinstance(model, QStandardItemModel)  # noqa: S101
        model.item(0).setEnabled(has_keyring)
        self.source.setItemText(0, _source_words()[0] if has_keyring else tr("Keyring (this desktop has none)"))

    def put(self, draft: Draft) -> None:
        """Show `draft`."""
        (self.file if draft.kind == "file" else self.server).setChecked(True)
        self.colour.choose(draft.colour)
        for name, line in self.lines.items():
            if name not in {"password", "zone"}:
                line.setText(str(getattr(draft, name)))
                line.setCursorPosition(0)
        self.password.set_password(draft.password)
        self.way.setCurrentIndex(int(draft.by_socket))
        self.source.setCurrentIndex(PASSWORD_SOURCES.index(draft.source))
        self.tls.setCurrentIndex(_TLS_ORDER.index(draft.tls))
        self._put_zone(draft.zone)
        self.refresh.setValue(draft.refresh_s)

    def _put_zone(self, zone: str) -> None:
        row = self.zone.findText(zone) if zone else 0
        self.zone.setCurrentIndex(row)
        if row < 0:
            self.zone.setEditText(zone)

    def draft(self) -> Draft:
        """Return what is entered."""
        zone = self.zone.currentText()
        return Draft(
            kind="file" if self.file.isChecked() else "server",
            name=self.name.text(),
            colour=self.colour.colour,
            path=self.path.text(),
            by_socket=self.way.currentIndex() == 1,
            host=self.host.text(),
            port=self.port.text(),
            socket=self.socket.text(),
            database=self.database.text(),
            user=self.user.text(),
            password=self.password.edit.text(),
            source=PASSWORD_SOURCES[self.source.currentIndex()],
            variable=self.variable.text(),
            command=self.command.text(),
            tls=_TLS_ORDER[self.tls.currentIndex()],
            ca=self.ca.text(),
            zone="" if zone == self.zone.itemText(0) else zone,
            refresh_s=self.refresh.value(),
        )


_TLS_ORDER = (*TLS_MODES[1:], TLS_MODES[0])
"""Never comes last."""


def _tls_words() -> tuple[str, ...]:
    return (
        tr("If the server can"),
        tr("Always"),
        tr("Always, with a trusted certificate"),
        tr("Always, with a certificate for this host"),
        tr("Never"),
    )


def _source_words() -> tuple[str, ...]:
    return (
        tr("Keyring of this desktop"),
        tr("Ask each time keymon starts"),
        tr("Environment variable"),
        tr("Command"),
    )
