"""How the driver is to connect to a server: where, as whom, and encrypted as the operator said, never quietly less."""

import ssl
from pathlib import Path
from typing import Any, NoReturn

from keymon.errors import CertificateFileError, ClearPasswordRefusedError
from keymon.locations import ServerLocation, Tls
from keymon.masking import visible


def connection_arguments(location: ServerLocation) -> dict[str, Any]:
    """Return the arguments of PyMySQL's `connect` that say where to connect, as whom, and how safely.

    Raises `CertificateFileError` where the CA cannot be used.
    """
    url = location.url
    return {
        "host": location.host,
        "port": location.port,
        "unix_socket": location.socket,
        "user": url.username,
        "password": (url.password or "").encode(),  # the driver itself would write it in Latin 1
        "database": url.database,
        "charset": "utf8mb4",
        **tls_arguments(location),
        **password_guard(location),
    }


def tls_arguments(location: ServerLocation) -> dict[str, Any]:
    """Return the arguments of PyMySQL's `connect` that encrypt as `location` asks for.

    Raises `CertificateFileError` where its CA cannot be used.
    """
    mode = location.tls.mode
    if mode == "disabled" or (mode == "preferred" and location.socket):
        return {"ssl_disabled": True}
    # To the driver a context of ours means that the server must encrypt; left to itself it asks whether it can.
    return {} if mode == "preferred" else {"ssl": _context(location.tls, location.shown)}


def _context(tls: Tls, shown: str) -> ssl.SSLContext:
    if not tls.is_verified:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    try:
        context = ssl.create_default_context(cafile=tls.ca)
    except OSError as error:  # that of a file, and that of what is in it
        raise CertificateFileError(database=shown, path=visible(str(tls.ca)), reason=_plain(error)) from None
    # Certificates that MySQL makes for itself lack what newer Pythons insist on.
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", ssl.VerifyFlags.VERIFY_DEFAULT)
    context.check_hostname = tls.mode == "verify_identity"
    return context


def _plain(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return "it holds no certificate in PEM form"
    return (error.strerror or "unreadable").lower()


def usable_ca(path: Path) -> None:
    """Raise `CertificateFileError` where `path` is no file with a CA's certificate."""
    _context(Tls("verify_ca", path), visible(str(path)))


def password_guard(location: ServerLocation) -> dict[str, Any]:
    """Return the arguments of `connect` that keep the password from a server that only claims to be the one.

    Whoever answers may ask for the password as clear text. It is told to nobody who has not proven to be the server.
    """
    if location.tls.is_verified or location.socket:
        return {}

    class Refuse:
        def __init__(self, _connection: object) -> None:
            pass

        def authenticate(self, _packet: object) -> NoReturn:
            raise ClearPasswordRefusedError(database=location.shown)

    return {"auth_plugin_map": {"mysql_clear_password": Refuse, "dialog": Refuse}}
