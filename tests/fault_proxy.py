"""A proxy on this computer between keymon and a server, with the faults that a network can have."""

import asyncio
import socket
import struct
import threading
from asyncio import AbstractEventLoop, StreamReader, StreamWriter
from collections.abc import Coroutine
from contextlib import ExitStack, suppress
from enum import Enum, auto
from types import TracebackType
from typing import Any, Self

_PATIENCE_S = 30.0
_GARBAGE = b"SSH-2.0-OpenSSH_9.2\r\n"


class Fault(Enum):
    """What is wrong with the way to the server."""

    NONE = auto()
    REFUSED = auto()
    """Nobody listens; what was open is reset."""
    UNANSWERED = auto()
    """Attempts to connect are not answered, as by a host that is down; what was open is silent for ever."""
    SILENT = auto()
    """Connections are accepted, and nothing passes any more, as through a tunnel whose other end has gone."""
    GARBAGE = auto()
    """Something else than a database server answers; what was open is reset."""
    RESET = auto()
    """Each connection is reset after `FaultProxy.reset_after` more bytes from the server."""
    SLOW = auto()
    """Whatever passes takes `FaultProxy.delay_s` longer."""


class FaultProxy:
    """A proxy to `target` on 127.0.0.1, itself on `port`; to be entered as a context.

    `accepted` counts connections. `fault` and `point_at` act at once, also on what is open.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.accepted = 0
        self.reset_after = 0
        self.delay_s = 0.0
        self.port = 0
        self.held = threading.Event()
        """Set once something has been kept from passing."""
        self._fault = Fault.NONE
        self._open: set[StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._full = ExitStack()
        self._ending = asyncio.Event()
        self._loop: AbstractEventLoop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy")

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def fault(self) -> Fault:
        """What is wrong now; may be set."""
        return self._fault

    @fault.setter
    def fault(self, fault: Fault) -> None:
        self._run(self._change(fault))

    def point_at(self, target: int) -> None:
        """Lead to another server from now on; what was open is reset."""
        self.target = target
        self.drop()

    def drop(self) -> None:
        """Reset all connections that are open."""
        self._run(self._drop())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE_S)

    async def _change(self, fault: Fault) -> None:
        listens = {Fault.REFUSED, Fault.UNANSWERED}
        if (fault in listens or self._fault in listens) and fault is not self._fault:
            await self._unlisten()
        self._fault = fault
        if fault in {Fault.REFUSED, Fault.GARBAGE}:
            await self._drop()
        if fault is Fault.UNANSWERED:
            self._fill()
        elif fault is not Fault.REFUSED and self._server is None:
            await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def _fill(self) -> None:
        """Listen without ever accepting, with as many waiting as may wait: the system drops whoever comes then."""
        full = self._full.enter_context(socket.create_server(("127.0.0.1", self.port), backlog=0))
        for _ in range(3):
            waiting = self._full.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())

    async def _unlisten(self) -> None:
        self._full.close()
        server, self._server = self._server, None
        if server is not None:
            server.close()
            await asyncio.sleep(0)  # a connection that has just been accepted is served, and dropped with the others

    async def _drop(self) -> None:
        for writer in list(self._open):
            _reset(writer)

    async def _shut(self) -> None:
        await self._unlisten()
        self._ending.set()
        await self._drop()
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.accepted += 1
        self._open.add(writer)
        try:
            if self._fault is Fault.GARBAGE:
                writer.write(_GARBAGE)
                writer.write_eof()
                await reader.read()  # a reset could overtake what has just been sent
            else:
                await self._connect(reader, writer)
        except OSError:
            pass  # one end has gone
        finally:
            self._open.discard(writer)
            _reset(writer)

    async def _connect(self, reader: StreamReader, writer: StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self.target)
        self._open.add(to_server)
        ways = [
            asyncio.create_task(self._pass(reader, to_server, is_answer=False)),
            asyncio.create_task(self._pass(from_server, writer, is_answer=True)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        if self._fault in {Fault.SILENT, Fault.UNANSWERED}:
            await asyncio.wait(ways)  # nobody is told that one end has gone
        self._open.discard(to_server)
        for end in (to_server, writer):
            _reset(end)
        await asyncio.gather(*ways, return_exceptions=True)

    async def _pass(self, reader: StreamReader, writer: StreamWriter, is_answer: bool) -> None:
        """Pass on what comes, until one end closes or as many bytes of answers have passed as may."""
        answered = 0
        while data := await reader.read(65_536):
            if self._fault in {Fault.SILENT, Fault.UNANSWERED}:
                self.held.set()
                continue
            if self._fault is Fault.SLOW:
                self.held.set()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ending.wait(), self.delay_s)
            is_cut = is_answer and self._fault is Fault.RESET
            if is_cut:
                data = data[: self.reset_after - answered]
                answered += len(data)
            writer.write(data)
            await writer.drain()
            if is_cut and answered >= self.reset_after:
                return


def _reset(writer: StreamWriter) -> None:
    with suppress(OSError):  # it has been closed
        line = writer.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
