"""Profiles: named connections to gateways, in a file that the operator may edit. It never holds a password.

[[profile]]
name = "Production"
database = "mysql://reader@db.example/gateway"   # or the path of an SQLite file
colour = "red"                                   # of COLOURS
gateway_tz = "Asia/Shanghai"                     # detected where it is missing
refresh_s = 10
password_env = "GATEWAY_PASSWORD"                # or
password_command = ["pass", "show", "gateway"]   # or
password_ask = true                              # else the keyring, else keymon asks
"""

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_config_path

from keymon.errors import (
    ConfigDamagedError,
    ConfigUnwritableError,
    KeymonError,
    ProfileInvalidError,
    ProfileUnknownError,
)
from keymon.files import write_private
from keymon.masking import foreign, mask_patterns, visible
from keymon.secret_variables import take

if TYPE_CHECKING:
    from keymon.locations import Location

COLOURS = ("grey", "blue", "green", "purple", "orange", "red")
"""Names of the colours that a profile can be told apart by; the first where none was chosen."""
SHORTEST_REFRESH_S, LONGEST_REFRESH_S = 1, 3_600
USUAL_REFRESH_S = 5

_LONGEST_NAME = 60
_MOST_BYTES = 1_000_000
"""No file of profiles is longer; whatever is must not hold the window up."""
_HEAD = (
    "# keymon's profiles. No password belongs in here: keymon asks for it, or takes it from the system's keyring.\n\n"
)


@dataclass(frozen=True, slots=True)
class Profile:
    """A gateway by name.

    `database` is a path or a URL, without a password in what is kept, `gateway_tz` empty where it is to be detected,
    `refresh_s` in seconds. At most one of `password_env` (a variable's name), `password_command` (words, run without a
    shell) and `password_ask` (the operator is asked, whatever the keyring keeps) is given. `others` are entries that
    this version does not know, kept for the one that wrote them.
    """

    name: str
    database: str = field(repr=False)
    colour: str = COLOURS[0]
    gateway_tz: str = ""
    refresh_s: int = USUAL_REFRESH_S
    password_env: str = ""
    password_command: tuple[str, ...] = field(default=(), repr=False)
    password_ask: bool = False
    others: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def location(self) -> "Location":
        """Where its database is. Raises `UnsupportedDatabaseError`."""
        from keymon.locations import locate  # what it needs takes time to load, and a list of names does without

        return locate(self.database)

    def check(self) -> None:
        """Raise `ProfileInvalidError` where it cannot be meant so; whether its place and zone exist is not asked."""
        name = visible(self.name, _LONGEST_NAME)
        if not self.name.strip() or self.name != self.name.strip() or name != self.name:
            raise ProfileInvalidError(
                profile=name or '""', reason="its name is empty, longer than 60 letters, or cannot be shown"
            )
        if mask_patterns(self.database) != self.database:
            raise ProfileInvalidError(profile=name, reason="its URL holds a password, which does not belong there")
        if self.colour not in COLOURS:
            raise ProfileInvalidError(profile=name, reason=f"its colour is none of {', '.join(COLOURS)}")
        if not SHORTEST_REFRESH_S <= self.refresh_s <= LONGEST_REFRESH_S:
            reason = f"refresh_s must be {SHORTEST_REFRESH_S} to {LONGEST_REFRESH_S}"
            raise ProfileInvalidError(profile=name, reason=reason)
        if sum(map(bool, (self.password_env, self.password_command, self.password_ask))) > 1:
            reason = "it names more than one source of its password"
            raise ProfileInvalidError(profile=name, reason=reason)

    def check_place(self) -> None:
        """Raise `UnsupportedDatabaseError` or `TimeZoneUnknownError` where its database or its zone cannot be."""
        from keymon.gateway_clock import parse_zone

        self.location  # noqa: B018 - raises
        if self.gateway_tz:
            parse_zone(self.gateway_tz)


Profiles = tuple[Profile, ...]


def config_folder() -> Path:
    """Return the folder of keymon's own files: the platform's, or `KEYMON_CONFIG_DIR`."""
    named = os.environ.get("KEYMON_CONFIG_DIR")
    return Path(named) if named else user_config_path("keymon", appauthor=False)


class ProfileStore:
    """The file of profiles. It is read anew each time: another keymon, or an editor, may have changed it."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or config_folder() / "profiles.toml"

    def load(self) -> Profiles:
        """Return the profiles in the file's order; none where there is no file. Raises `ConfigDamagedError`."""
        try:
            content = self._read()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise self._damaged((error.strerror or "unreadable").lower()) from None
        try:
            text = content.decode()
        except UnicodeDecodeError:
            text = None
        if text is None:  # not raised where the error is at hand, which holds the content
            raise self._damaged("it is not text in UTF-8")
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise self._damaged(foreign(str(error))) from None
        except RecursionError:
            raise self._damaged("it is nested too deep") from None
        except ValueError:  # which Python raises beside its parser
            raise self._damaged("a number in it has too many digits") from None
        if data and "profile" not in data:
            raise self._damaged(f"it holds {foreign(next(iter(data)), 40)}, but no [[profile]]")
        return self._profiles(data.get("profile", []))

    def find(self, name: str) -> Profile:
        """Return the profile called `name`. Raises `ProfileUnknownError`, `ConfigDamagedError`."""
        profiles = self.load()
        for profile in profiles:
            if profile.name == name:
                return profile
        known = ", ".join(profile.name for profile in profiles) or "there is none"
        raise ProfileUnknownError(profile=visible(name, _LONGEST_NAME), known=visible(known, 300))

    def change(self, edit: Callable[[Profiles], Sequence[Profile]]) -> Profiles:
        """Replace the profiles by what `edit` makes of them, and return that.

        A file that cannot be understood is kept beside the new one, and `edit` is given no profiles.
        Raises `ConfigUnwritableError`, `ProfileInvalidError`.
        """
        is_damaged = False
        try:
            before = self.load()
        except ConfigDamagedError:
            before, is_damaged = (), True
        after = tuple(edit(before))
        _check(after)
        import tomli_w

        content = (_HEAD + tomli_w.dumps({"profile": [_entry(p) for p in after]})).encode()
        try:
            with self._set_aside() if is_damaged else nullcontext():
                write_private(self.path, content)
        except OSError as error:
            raise self._unwritable(error) from None
        return after

    def _read(self) -> bytes:
        # A pipe would never end.
        if self.path.exists() and not self.path.is_file():
            raise self._damaged("it is no file")
        with self.path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise self._damaged("it is larger than 1 MB")
        return content

    @contextmanager
    def _set_aside(self) -> Iterator[None]:
        """Keep a damaged file under a name of its own; where no other can be written it is put back."""
        number = 1
        while os.path.lexists(kept := self.path.with_name(f"{self.path.stem}.damaged-{number}.toml")):
            number += 1
        self.path.rename(kept)
        from keymon.log import ours

        ours.warning("%s is damaged, and kept as %s", self.path, kept.name)
        try:
            yield
        except OSError:
            with suppress(OSError):
                kept.rename(self.path)
            raise

    def _profiles(self, entries: object) -> Profiles:
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise self._damaged("its profiles are not written as [[profile]]")
        try:
            profiles = tuple(map(_profile, entries))
            _check(profiles)
        except KeymonError as error:
            raise self._damaged(str(error)) from None
        take(*(profile.password_env for profile in profiles))
        return profiles

    def _damaged(self, reason: str) -> ConfigDamagedError:
        return ConfigDamagedError(path=visible(str(self.path)), reason=reason)

    def _unwritable(self, error: OSError) -> ConfigUnwritableError:
        return ConfigUnwritableError(path=visible(str(self.path)), reason=(error.strerror or "unwritable").lower())


def _check(profiles: Profiles) -> None:
    names = [profile.name for profile in profiles]
    for profile in profiles:
        profile.check()
        if names.count(profile.name) > 1:
            raise ProfileInvalidError(profile=visible(profile.name), reason="there are two of that name")


_TYPES: Mapping[str, type] = {
    "name": str,
    "database": str,
    "colour": str,
    "gateway_tz": str,
    "refresh_s": int,
    "password_env": str,
    "password_command": tuple,
    "password_ask": bool,
}
_NEEDED = ("name", "database")


def _profile(entry: Mapping[str, Any]) -> Profile:
    name = visible(str(entry.get("name", "")), _LONGEST_NAME) or '""'
    known: dict[str, Any] = {key: value for key, value in entry.items() if key in _TYPES}
    command = known.get("password_command")
    if isinstance(command, list) and all(isinstance(word, str) for word in command):
        known["password_command"] = tuple(command)
    for key, value in known.items():
        if type(value) is not _TYPES[key]:
            raise ProfileInvalidError(profile=name, reason=f"{key} is of the wrong type")
    for key in entry.keys() - _TYPES.keys():
        _check_unknown(name, key)
    if known.get("colour", COLOURS[0]) not in COLOURS:
        known["colour"] = COLOURS[0]  # a connection is not to be lost for the sake of its colour
    for key in _NEEDED:
        if key not in known:
            raise ProfileInvalidError(profile=name, reason=f"it has no {key}")
    return Profile(**known, others={key: value for key, value in entry.items() if key not in _TYPES})


def _check_unknown(name: str, key: str) -> None:
    """Refuse an entry that is a slip of the pen, or that somebody may rely on. Others are of a later version."""
    shown = foreign(key, 40)
    if any(word in key.lower() for word in ("ssl", "tls")):
        raise ProfileInvalidError(profile=name, reason=f"{shown} belongs into its URL: ?ssl_mode=required")
    if any(word in key.lower() for word in ("passw", "pwd", "secret")):
        raise ProfileInvalidError(profile=name, reason=f"{shown} is none of its entries, and no password belongs there")
    meant = get_close_matches(key, _TYPES, n=1, cutoff=0.75)
    if meant:
        raise ProfileInvalidError(profile=name, reason=f"it has no entry {shown}; did you mean {meant[0]}?")


def _entry(profile: Profile) -> dict[str, object]:
    usual = Profile("", "")
    entry: dict[str, object] = {"name": profile.name, "database": profile.database}
    for key in _TYPES:
        value = getattr(profile, key)
        if key not in _NEEDED and value != getattr(usual, key):
            entry[key] = list(value) if isinstance(value, tuple) else value
    return entry | dict(profile.others)


def renamed(profile: Profile, taken: Sequence[str]) -> Profile:
    """Return `profile` under a name that is not `taken`, with a number behind it where that is needed."""
    name, number = profile.name, 2
    while name in taken:
        name, number = f"{profile.name} {number}", number + 1
    return replace(profile, name=name)
