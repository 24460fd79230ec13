"""Opens the line to a server in such a way that another thread can break that off at any moment.

A name server or a host that does not answer would otherwise hold up whoever wants to go elsewhere: neither the
look-up of a name nor the driver's own way of connecting can be told to give up.
"""

import errno
import os
import socket
import time
from contextlib import suppress
from selectors import EVENT_WRITE, DefaultSelector
from typing import Any

from keymon.aside import Aside, BrokenOffError
from keymon.stages import Told, untold

_UNDER_WAY = {errno.EINPROGRESS, getattr(errno, "WSAEWOULDBLOCK", errno.EINPROGRESS)}
_Place = tuple[socket.AddressFamily, Any]


class ServerLine:
    """A line to `port` of `host`, or to the socket at `path`, that takes no longer than `limit_s` to open.

    `break_off` is for other threads; whoever opens it closes it, besides the socket that `open` has returned.
    """

    def __init__(self, host: str, port: int, path: str | None, limit_s: float, told: Told = untold) -> None:
        self._host, self._port, self._path = host, port, path
        self._limit_s = limit_s
        self._told = told
        self._aside = Aside()
        self._line: socket.socket | None = None
        self._over = False

    def open(self) -> socket.socket:
        """Return a socket that is connected and does not block.

        Raises `OSError`, which is a `TimeoutError` where nothing answers.
        """
        deadline = time.monotonic() + self._limit_s
        places = self._look_up() if self._path is None else [(socket.AF_UNIX, self._path)]
        self._told("name", ", ".join(dict.fromkeys(map(_shown, places))))
        failure: OSError = TimeoutError("no answer")
        for n, place in enumerate(places):
            # One address that does not answer leaves time for the next.
            patience = (deadline - time.monotonic()) / (len(places) - n)
            if patience <= 0:
                break
            try:
                line = self._connect(place, patience)
            except OSError as error:
                failure = error
            else:
                self._told("connection", f"{_shown(place)}{f' port {self._port}' if self._path is None else ''}")
                return line
        raise failure

    def break_off(self) -> None:
        """End the line, open or not; callable from any thread."""
        self._over = True
        self._aside.interrupt()
        line = self._line
        if line is not None:
            with suppress(OSError):  # it is not connected, or has just been closed
                # Wakes the thread that waits for an answer, which closing would not.
                line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the line."""
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _look_up(self) -> list[_Place]:
        """Return where the host is. Nothing ends a look-up: one that takes too long is left to itself."""
        try:
            found = self._aside.run(
                lambda: socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM), self._limit_s
            )
        except BrokenOffError:
            raise _broken_off() from None
        except UnicodeError:
            raise socket.gaierror(socket.EAI_NONAME, "no name") from None
        return [(family, address) for family, _, _, _, address in found]

    def _connect(self, place: _Place, patience: float) -> socket.socket:
        family, address = place
        line = socket.socket(family, socket.SOCK_STREAM)
        try:
            line.setblocking(False)
            error = line.connect_ex(address)
            self.close()
            # Not before connecting has begun, since what has not begun cannot be ended. And a handle of our own,
            # since encryption takes the driver's away from it.
            self._line = line.dup()
            if self._over:
                raise _broken_off()
            if error in _UNDER_WAY:
                error = _outcome(line, patience)
            if error:
                raise OSError(error, os.strerror(error))
            if family != getattr(socket, "AF_UNIX", None):
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except BaseException:
            line.close()
            raise
        return line


def _shown(place: _Place) -> str:
    return place[1] if isinstance(place[1], str) else str(place[1][0])


def _outcome(line: socket.socket, patience: float) -> int:
    """Wait for the answer to an attempt to connect; return the error's number, 0 for none."""
    with DefaultSelector() as selector:
        selector.register(line, EVENT_WRITE)
        if not selector.select(patience):
            raise TimeoutError("no answer")
    return line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def _broken_off() -> OSError:
    return ConnectionAbortedError("broken off")
