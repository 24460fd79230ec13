"""The gateways that keymon can be told to read: by profile, by place, by `.env`, and the sample one."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from keymon.aside import Aside
from keymon.config import USUAL_REFRESH_S, Profile
from keymon.masking import mask_url
from keymon.secret_variables import PASSWORD_VARIABLE, secret_variable

if TYPE_CHECKING:
    from keymon.demo import DemoGateway
    from keymon.locations import Location
    from keymon.passwords import Passwords

DEMO_TITLE = "sample gateway"


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Access:
    """One way in, to be used once: `locate` may take long, `interrupt` breaks it off, `close` ends what it began."""

    locate: Callable[[], "Location"]
    interrupt: Callable[[], None] = _nothing
    close: Callable[[], None] = _nothing


Finder = Callable[[], "Passwords"]
"""Gives what finds passwords, and keeps those that were typed; in whichever thread asks first."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway by its name. `gateway_tz` is its zone as the operator wrote it, empty where it is to be detected.

    `place` is where it is, as far as that is known without a password; None for the sample gateway. `profile` is None
    where it cannot be written as one, and `is_saved` where it is one of the operator's.
    """

    title: str
    access: Callable[[Finder], Access] = field(repr=False)
    place: "Callable[[], Location] | None" = field(default=None, repr=False)
    gateway_tz: str = ""
    refresh_s: int = USUAL_REFRESH_S
    profile: Profile | None = None
    is_saved: bool = False


def of_profile(profile: Profile, *, is_saved: bool = True) -> Gateway:
    """Return the gateway of a profile."""

    def access(passwords: Finder) -> Access:
        aside = Aside()
        return Access(lambda: passwords().complete(profile, aside), aside.interrupt)

    return Gateway(
        profile.name, access, lambda: profile.location, profile.gateway_tz, profile.refresh_s, profile, is_saved
    )


def of_place(text: str) -> Gateway:
    """Return the gateway whose database a path or a URL names."""
    title = Path(mask_url(text)).name or mask_url(text)
    return of_profile(Profile(title, text), is_saved=False)


def of_env(path: Path) -> Gateway:
    """Return the gateway whose `.env` this is. What is wrong with the file is told when it is located."""

    def locate() -> "Location":
        from keymon.locations import locate_by_env

        return locate_by_env(path)

    return Gateway(path.name, lambda passwords: Access(lambda: passwords().retyped(locate())), locate)


def by_variable(gateway: Gateway) -> Gateway:
    """Return the same gateway, whose password is in `PASSWORD_VARIABLE` where that is set.

    For a gateway that the command line names. Not for others: the variable would tell them the password of this one.
    """
    profile = gateway.profile
    if profile is None or profile.password_env or profile.password_command:
        return gateway
    if secret_variable(PASSWORD_VARIABLE) is None:
        return gateway
    profile = replace(profile, password_env=PASSWORD_VARIABLE, password_ask=False)
    return of_profile(profile, is_saved=gateway.is_saved)


def demo(*, living: bool = True, now: datetime | None = None) -> Gateway:
    """Return the sample gateway; it is made when it is located and gone when that is closed."""

    def access(_passwords: Finder) -> Access:
        made: list[DemoGateway] = []

        def locate() -> "Location":
            from keymon.demo import DemoGateway
            from keymon.locations import location_of

            made.append(DemoGateway(living=living, now=now))
            return location_of(made[-1].open())

        def close() -> None:
            for gateway in made:
                gateway.close()

        return Access(locate, close=close)

    return Gateway(DEMO_TITLE, access)
