"""What the operator does to the file of profiles while the dialog is open, and what can be taken back."""

from functools import partial

from keymon.config import Profile, Profiles, ProfileStore, renamed
from keymon.errors import KeymonError
from keymon.passwords import keyring_account


class ProfileEdits:
    """`profiles` are those of the file as it was read or written last. Every change is written at once.

    All but `orphans` raise `ConfigUnwritableError` and `ProfileInvalidError`; then nothing has changed.
    """

    def __init__(self, store: ProfileStore) -> None:
        self._store = store
        self._deleted: list[tuple[int, Profile]] = []
        self._left: set[str] = set()
        self.profiles: Profiles = ()

    def load(self) -> None:
        """Read the file. Raises `ConfigDamagedError`."""
        self.profiles = self._store.load()

    def row(self, name: str) -> int:
        """Return where the profile called `name` is, -1 for nowhere."""
        return next((n for n, profile in enumerate(self.profiles) if profile.name == name), -1)

    def save(self, profile: Profile, instead_of: str = "") -> int:
        """Put `profile` in the place of the one called `instead_of`, or at the end; return its row."""
        before = next((one for one in self.profiles if one.name == instead_of), None)
        self.profiles = self._store.change(partial(_put, profile, instead_of))
        self._leave(before)
        return self.row(profile.name)

    def delete(self, row: int) -> int:
        """Delete a profile; return the row of the one that follows it, -1 where none is left."""
        gone = self.profiles[row]
        self.profiles = self._store.change(lambda found: [one for one in found if one.name != gone.name])
        self._deleted.append((row, gone))
        self._leave(gone)
        return min(row, len(self.profiles) - 1)

    @property
    def deleted(self) -> str:
        """The name of the profile that `undo` would bring back, empty for none."""
        return self._deleted[-1][1].name if self._deleted else ""

    def undo(self) -> int:
        """Bring back the profile that was deleted last; return its row."""
        row, gone = self._deleted[-1]
        self.profiles = self._store.change(partial(_insert, row, gone))
        self._deleted.pop()
        return min(row, len(self.profiles) - 1)

    def move(self, row: int, by: int) -> int:
        """Move a profile up (-1) or down (1); return its row."""
        name = self.profiles[row].name
        self.profiles = self._store.change(partial(_moved, name, by))
        return self.row(name)

    def orphans(self) -> set[str]:
        """Return the accounts that no profile asks the keyring for any longer, and one did before the changes."""
        try:
            used = set(map(keyring_account, self._store.load()))
        except KeymonError:
            return set()
        return self._left - {account for account in used if account is not None}

    def _leave(self, profile: Profile | None) -> None:
        account = keyring_account(profile) if profile is not None else None
        if account is not None:
            self._left.add(account)


def _put(profile: Profile, instead_of: str, found: Profiles) -> list[Profile]:
    if not any(one.name == instead_of for one in found):
        return [*found, profile]
    return [profile if one.name == instead_of else one for one in found]


def _insert(row: int, profile: Profile, found: Profiles) -> list[Profile]:
    back = renamed(profile, [one.name for one in found])
    return [*found[:row], back, *found[row:]]


def _moved(name: str, by: int, found: Profiles) -> list[Profile]:
    profiles = list(found)
    row = next((n for n, one in enumerate(profiles) if one.name == name), None)
    if row is not None:
        profiles.insert(row + by, profiles.pop(row))
    return profiles
