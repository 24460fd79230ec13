"""Which gateway the window follows, how it is switched, and what only the operator can tell: zones and passwords."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from keymon import gateways
from keymon.config import Profile, ProfileStore
from keymon.errors import AccountRefusedError, KeymonError, PasswordNeededError
from keymon.gui.errands import Errands
from keymon.gui.poller import Source

if TYPE_CHECKING:
    from keymon.gateways import Access, Finder, Gateway
    from keymon.gui.connection_dialog import ConnectionDialog
    from keymon.gui.main_window import MainWindow
    from keymon.monitor import Monitor
    from keymon.passwords import Passwords


class Session(QObject):
    """Serves `window`. `gateway_tz` and `as_of` are those of the command line, for the first gateway only."""

    def __init__(
        self,
        window: "MainWindow",
        gateway_tz: str | None = None,
        as_of: datetime | None = None,
        store: ProfileStore | None = None,
    ) -> None:
        super().__init__(window)
        self._window, self._gateway_tz, self._as_of = window, gateway_tz, as_of
        self._store = store or ProfileStore()
        self._passwords: Passwords | None = None
        self._gateway: Gateway | None = None
        self._dialog: ConnectionDialog | None = None
        self._refusal: BaseException | None = None
        self._is_asking = False
        self.errands = Errands(self)
        window.file_chosen.connect(lambda path: self._switch(gateways.of_place(str(path))))
        window.env_chosen.connect(self._switch_by_env)
        window.demo_chosen.connect(lambda: self._switch(gateways.demo()))
        window.profile_chosen.connect(self._switch_to_profile)
        window.zone_chosen.connect(self._set_zone)
        window.connections_wanted.connect(self.edit_connections)
        window.password_wanted.connect(self.ask_password)
        window.poller.failed.connect(self._help)
        window.closed.connect(self._stop)

    def passwords(self) -> "Passwords":
        """Return what finds passwords; in whichever thread asks first."""
        if self._passwords is None:
            from keymon.passwords import Passwords

            self._passwords = Passwords()
        return self._passwords

    def begin(self, gateway: "Gateway | None") -> None:
        """Follow `gateway`, else the profile that was followed last; else ask which."""
        profiles = self.show_profiles(is_told=gateway is not None)
        last = next((profile for profile in profiles if profile.name == self._window.state.last_profile), None)
        if gateway is not None:
            self.follow(gateway)
        elif last is not None:
            self.follow(gateways.of_profile(last))
        else:
            self._window.show_welcome()
            self.edit_connections()

    def show_profiles(self, *, is_told: bool = True) -> tuple[Profile, ...]:
        """Read the profiles and show them; tell where they cannot be read, unless the dialog is about to do so."""
        try:
            profiles = self._store.load()
        except KeymonError as error:
            if is_told:
                self._window.show_problem(error)
            profiles = ()
        self._show(profiles)
        return profiles

    def _show(self, profiles: tuple[Profile, ...]) -> None:
        gateway = self._gateway
        current = gateway.title if gateway is not None and gateway.is_saved else ""
        self._window.switcher.show_profiles([(profile.name, profile.colour) for profile in profiles], current)

    # Switching

    def follow(self, gateway: "Gateway") -> None:
        """Let the window follow `gateway`."""
        self._gateway = gateway
        zone = self._gateway_tz if self._gateway_tz is not None else gateway.gateway_tz
        source = _source(gateway, self.passwords, zone, self._as_of)
        if gateway.is_saved and gateway.profile is not None:
            self._window.follow(source, gateway.title, gateway.profile.colour)
        else:
            self._window.follow(source)

    def _switch(self, gateway: "Gateway") -> None:
        """Follow another gateway than the one that the command line spoke of."""
        self._gateway_tz = self._as_of = None
        self.follow(gateway)

    def _switch_by_env(self, path: Path) -> None:
        from keymon.locations import locate_by_env

        try:
            locate_by_env(path)
        except KeymonError as error:
            self._window.show_problem(error)
            return
        self._switch(gateways.of_env(path))

    @Slot(str)
    def _switch_to_profile(self, name: str) -> None:
        try:
            profile = self._store.find(name)
        except KeymonError as error:
            self._window.show_problem(error)
            self.show_profiles()
            return
        self._switch(gateways.of_profile(profile))

    def _set_zone(self, text: str) -> None:
        """Read the gateway's times in another zone, now and, for a profile, ever after; empty: detect it."""
        from keymon.gateway_clock import parse_zone

        gateway = self._gateway
        try:
            if text:
                parse_zone(text)
            if gateway is not None and gateway.profile is not None and gateway.is_saved:
                self._keep_zone(gateway.profile.name, text)
        except KeymonError as error:
            self._window.show_problem(error)
            return
        if gateway is not None:
            self._gateway_tz = None
            profile = gateway.profile and replace(gateway.profile, gateway_tz=text)
            self.follow(replace(gateway, gateway_tz=text, profile=profile))

    def _keep_zone(self, name: str, text: str) -> None:
        self._store.change(
            lambda profiles: [
                replace(profile, gateway_tz=text) if profile.name == name else profile for profile in profiles
            ]
        )

    # What only the operator can tell

    @Slot()
    def edit_connections(self) -> None:
        """Open the dialog of all connections, or raise it where it is open."""
        # What it stands on takes time to load, and at the first start nothing has done so yet.
        self.errands.run(lambda _errand: import_module("keymon.connection_check"), self._show_connections)

    def _show_connections(self, _loaded: object) -> None:
        from keymon.gui.connection_dialog import ConnectionDialog

        if self._dialog is None:
            gateway = self._gateway
            current = gateway.title if gateway is not None and gateway.is_saved else ""
            self._dialog = ConnectionDialog(self._store, self.passwords(), current, self._window)
            self._dialog.connect_wanted.connect(self._connect_to)
            self._dialog.unsaved_wanted.connect(self._connect_unsaved)
            self._dialog.renamed.connect(self._rename)
            self._dialog.demo_wanted.connect(self._window.demo_chosen)
            self._dialog.profiles_changed.connect(self._show)
            self._dialog.finished.connect(self._forget_dialog)
        self._dialog.open()
        self._dialog.raise_()

    @Slot(object)
    def _connect_to(self, profile: Profile) -> None:
        self._switch(gateways.of_profile(profile))

    @Slot(object)
    def _connect_unsaved(self, profile: Profile) -> None:
        self._switch(gateways.of_profile(profile, is_saved=False))

    @Slot(str, str)
    def _rename(self, old: str, new: str) -> None:
        gateway = self._gateway
        if gateway is not None and gateway.is_saved and gateway.title == old and gateway.profile is not None:
            self._gateway = replace(gateway, title=new, profile=replace(gateway.profile, name=new))
            self._window.rename(new)

    @Slot()
    def _forget_dialog(self) -> None:
        self._dialog = None

    @Slot()
    def ask_password(self) -> None:
        """Ask for the password of the account by which the gateway is read."""
        self._ask(self._refusal)

    @Slot(object)
    def _help(self, error: BaseException) -> None:
        self._refusal = error if isinstance(error, AccountRefusedError) else None
        if isinstance(error, PasswordNeededError):
            self._ask(None)

    def _ask(self, refused: BaseException | None) -> None:
        from keymon.locations import ServerLocation
        from keymon.passwords import has_keyring

        gateway = self._gateway
        location = gateway.place() if gateway is not None and gateway.place is not None else None
        if gateway is None or not isinstance(location, ServerLocation) or self._is_asking:
            return
        self._is_asking = True
        ask = partial(self._ask_for, gateway, location.account, refused)
        # Whether there is a keyring takes time to find out.
        self.errands.run(lambda errand: errand.aside.run(has_keyring), ask)

    def _ask_for(self, gateway: "Gateway", account: str, refused: BaseException | None, can_keep: bool) -> None:
        from keymon.gui.password_dialog import PasswordDialog
        from keymon.passwords import keyring_account

        self._is_asking = False
        if self._gateway is not gateway:
            return
        may_keep = can_keep and gateway.profile is not None and keyring_account(gateway.profile) is not None
        dialog = PasswordDialog(gateway.title, account, may_keep, refused, self._window)
        dialog.entered.connect(partial(self._take_password, account))
        dialog.open()

    def _take_password(self, account: str, password: str, is_kept: bool) -> None:
        from keymon.passwords import keep

        self.passwords().remember(account, password)
        if is_kept:
            self.errands.run(
                lambda errand: errand.aside.run(partial(keep, account, password)), failed=self._window.show_problem
            )
        self._window.poller.reconnect()

    @Slot()
    def _stop(self) -> None:
        if self._dialog is not None:
            self._dialog.done(0)
        self.errands.stop()


def _source(gateway: "Gateway", passwords: "Finder", zone: str, as_of: datetime | None) -> Source:
    access = gateway.access(passwords)
    opening = partial(_open, access, zone, as_of)
    return Source(gateway.title, opening, access.close, access.interrupt, 1_000 * gateway.refresh_s)


def _open(access: "Access", zone: str, as_of: datetime | None) -> "Monitor":
    """Open a gateway, in the worker: what is imported and what is asked of a keyring takes time."""
    from keymon.gateway_clock import parse_zone
    from keymon.monitor import Monitor

    return Monitor(access.locate(), parse_zone(zone) if zone else None, as_of)
