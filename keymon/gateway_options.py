"""The options that name a gateway, and what they come to: a gateway, its place, a monitor of it."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from keymon import errors
from keymon.masking import looks_like_account, mask_url, visible

if TYPE_CHECKING:
    from keymon.gateways import Access, Gateway
    from keymon.locations import Location
    from keymon.monitor import Monitor
    from keymon.passwords import Passwords


def add_gateway_options(parser: argparse.ArgumentParser, default: str | None) -> None:
    """Add the options; those that are not given are `default`."""
    group = parser.add_argument_group("the gateway")
    which = group.add_mutually_exclusive_group()
    which.add_argument(
        "--db", metavar="URL|PATH", default=default, help="its database: a path, or mysql://user@host:port/database"
    )
    which.add_argument("--env", metavar="FILE", default=default, help="its .env file, which names the database")
    which.add_argument("--profile", metavar="NAME", default=default, help="a profile; 'keymon profiles' lists them")
    which.add_argument("--demo", action="store_true", default=default or False, help="a living sample gateway")
    group.add_argument(
        "--gateway-tz", metavar="ZONE|OFFSET", default=default, help="its time zone; detected where possible"
    )
    group.add_argument("--as-of", metavar="ISO-8601", default=default, help="judge as of that instant instead of now")


def is_named(options: argparse.Namespace) -> bool:
    """Tell whether the options name a gateway."""
    return bool(options.demo) or any(one is not None for one in (options.db, options.env, options.profile))


def title(options: argparse.Namespace) -> str:
    """Return what the gateway that the options name is called, without a look at it, and never with a password."""
    if options.demo:
        return "sample gateway"
    return Path(mask_url(options.profile or options.db or options.env or "")).name


def what(options: argparse.Namespace) -> str:
    """Return what the options name, the same for all ways to write a path, without a password; empty for nothing."""
    if not is_named(options):
        return ""
    parts = [options.profile, options.env and os.path.abspath(options.env), options.gateway_tz, options.as_of]  # noqa: PTH100
    if options.db is not None:
        parts.append(_where(options.db))
    return repr(parts)


def _where(text: str) -> str:
    """Return the place that a path or a URL names as far as it tells gateways apart, whole and without a password."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        return mask_url(text) if looks_like_account(text) else os.path.abspath(text)  # noqa: PTH100
    if scheme == "sqlite":
        return os.path.abspath(rest.removeprefix("/"))  # noqa: PTH100
    address, _, query = rest.partition("?")
    account, _, place = (address if "@" in address else rest).rpartition("@")
    sockets = [part for part in query.split("&") if part.startswith("unix_socket=")]
    return repr((scheme, account.partition(":")[0], place, sockets))


def named(options: argparse.Namespace, now: datetime | None = None, *, living: bool = False) -> "Gateway":
    """Return the gateway that the options name; `now` and `living` are those of the sample gateway.

    Raises `NoDatabaseNamedError`, `ProfileUnknownError` and `ConfigDamagedError`.
    """
    from keymon import gateways

    if options.profile is not None:
        from keymon.config import ProfileStore

        return gateways.by_variable(gateways.of_profile(ProfileStore().find(options.profile)))
    if options.db is not None:
        return gateways.by_variable(gateways.of_place(options.db))
    if options.env is not None:
        return gateways.of_env(Path(options.env))
    if not options.demo:
        raise errors.NoDatabaseNamedError
    return gateways.demo(living=living, now=now)


def _passwords() -> "Passwords":
    from keymon.passwords import Passwords

    return Passwords()


@contextmanager
def located(options: argparse.Namespace, now: datetime | None = None) -> Iterator[tuple["Gateway", "Location"]]:
    """Give the gateway that the options name, and where it is; the sample gateway lives as long as this.

    A password that nothing else tells is asked for on a terminal. Raises `UsageError`s.
    """
    gateway = named(options, now)
    access = gateway.access(_passwords)
    try:
        yield gateway, _location(gateway, access)
    finally:
        access.close()


def place(text: str) -> "Location":
    """Return the location that a path or a URL names, with a password as `located` finds it."""
    from keymon import gateways

    gateway = gateways.by_variable(gateways.of_place(text))
    return _location(gateway, gateway.access(_passwords))


def _location(gateway: "Gateway", access: "Access") -> "Location":
    try:
        return access.locate()
    except errors.PasswordNeededError:
        from keymon.locations import ServerLocation

        location = gateway.place() if gateway.place is not None else None
        if not isinstance(location, ServerLocation) or not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise
        return location.with_password(_asked(location.account))


def _asked(account: str) -> str:
    import getpass

    try:
        return getpass.getpass(f"Password of {visible(account)}: ", sys.stderr)
    except EOFError:
        raise KeyboardInterrupt from None


@contextmanager
def monitored(options: argparse.Namespace, month: bool, now: datetime | None = None) -> Iterator["Monitor"]:
    """Give a monitor of the gateway that the options name, in the zone and for the instant that they name."""
    from keymon.monitor import Monitor

    with located(options, now) as (gateway, location):
        one = Monitor(location, zone(options, gateway), instant(options), month)
        try:
            yield one
        finally:
            one.close()


def zone(options: argparse.Namespace, gateway: "Gateway") -> tzinfo | None:
    """Return the gateway's zone as the options or its profile name it; None where it is to be detected.

    Raises `TimeZoneUnknownError`.
    """
    from keymon.gateway_clock import parse_zone

    named = options.gateway_tz if options.gateway_tz is not None else gateway.gateway_tz or None
    return None if named is None else parse_zone(named)


def instant(options: argparse.Namespace) -> datetime | None:
    """Return the instant of `--as-of`, None without one. Raises `TimeUnreadableError`."""
    if options.as_of is None:
        return None
    try:
        at = datetime.fromisoformat(options.as_of)
        if not 1971 <= at.year < 9000:
            raise ValueError
    except ValueError:
        raise errors.TimeUnreadableError(text=visible(options.as_of, 40)) from None
    return at
