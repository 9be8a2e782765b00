"""A bad link: a TCP relay on this machine that is slow, delays data and breaks off; it counts what it carries.

Many kernels have no netem, so the link is a program. All connections of one `Link` share its rate,
and a timed cut breaks all of them with a reset: data on its way is lost.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_PATIENCE_S = 30.0
_SLOW_CHUNK_BYTES, _FAST_CHUNK_BYTES = 2048, 65_536


@dataclass(frozen=True)
class Weather:
    """The properties of a link; 0 switches a property off."""

    bytes_per_s: int = 0
    """The rate to the client, of all connections together."""
    one_way_s: float = 0.0
    cut_every_s: float = 0.0
    """The time between cuts, counted from the first connection on."""
    cut_after_bytes: tuple[int, ...] = ()
    """The first connection ends after the first number of bytes to the client, the next after the next, and so on.

    Those bytes do arrive: how many more this machine had sent says nothing about a real link.
    """


class Link:
    """What is known of a link that is up. Use `link_to`."""

    def __init__(self, target: int, weather: Weather) -> None:
        self.port = 0
        self.carried_bytes = 0
        """The bytes carried to the client, of all connections."""
        self.cuts = 0
        self._target = target
        self._weather = weather
        self._budgets = list(weather.cut_after_bytes)
        self._writers: set[asyncio.StreamWriter] = set()
        self._free_at = 0.0
        self._cutting: asyncio.Task[None] | None = None

    async def run(self, closing: asyncio.Event, ready: threading.Event) -> None:
        """Relay data until `closing` is set."""
        server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.port = int(server.sockets[0].getsockname()[1])
        ready.set()
        await closing.wait()
        server.close()
        if self._cutting is not None:
            self._cutting.cancel()
        self._break_all()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        await asyncio.wait(others, timeout=_PATIENCE_S) if others else None

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._weather.cut_every_s and self._cutting is None:
            self._cutting = asyncio.create_task(self._cut_by_the_clock())
        # Reset or refused: the other end notices it, and a link can do no more.
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            pair = {writer, far_writer}
            self._writers |= pair
            try:
                await asyncio.gather(self._upwards(reader, far_writer), self._downwards(far_reader, writer))
            finally:
                self._writers -= pair
                _reset(pair)

    async def _upwards(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while chunk := await source.read(_SLOW_CHUNK_BYTES):
            await self._deliver(sink, chunk)
        raise ConnectionResetError

    async def _downwards(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        left_bytes = self._budgets.pop(0) if self._budgets else None
        room = _SLOW_CHUNK_BYTES if self._weather.bytes_per_s else _FAST_CHUNK_BYTES
        while chunk := await source.read(room if left_bytes is None else min(room, left_bytes)):
            await self._await_turn(len(chunk))
            self.carried_bytes += len(chunk)
            await self._deliver(sink, chunk)
            if left_bytes is not None:
                left_bytes -= len(chunk)
                if not left_bytes:
                    self.cuts += 1
                    sink.close()
                    await sink.wait_closed()
                    raise ConnectionResetError
        await asyncio.sleep(self._weather.one_way_s)
        sink.close()

    async def _await_turn(self, size_bytes: int) -> None:
        if self._weather.bytes_per_s:
            now = asyncio.get_running_loop().time()
            self._free_at = max(now, self._free_at) + size_bytes / self._weather.bytes_per_s
            await asyncio.sleep(self._free_at - now)

    async def _deliver(self, sink: asyncio.StreamWriter, chunk: bytes) -> None:
        if self._weather.one_way_s:
            # The chunk is delayed; what is sent meanwhile does not wait for it.
            asyncio.get_running_loop().call_later(self._weather.one_way_s, _write, sink, chunk)
        else:
            sink.write(chunk)
            await sink.drain()

    async def _cut_by_the_clock(self) -> None:
        while True:
            await asyncio.sleep(self._weather.cut_every_s)
            self.cuts += 1
            self._break_all()

    def _break_all(self) -> None:
        _reset(self._writers)


@contextmanager
def link_to(target: int, weather: Weather) -> Iterator[Link]:
    """A link from a free port to the port `target`; it is up while the block runs."""
    link, ready = Link(target, weather), threading.Event()
    loop, closing = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(link.run(closing, ready),), daemon=True)
    thread.start()
    try:
        if not ready.wait(_PATIENCE_S):
            raise TimeoutError("the link does not come up")
        yield link
    finally:
        loop.call_soon_threadsafe(closing.set)
        thread.join(_PATIENCE_S)
        loop.close()


def _write(sink: asyncio.StreamWriter, chunk: bytes) -> None:
    # What was on its way at a cut is lost.
    if not sink.is_closing():
        sink.write(chunk)


def _reset(writers: set[asyncio.StreamWriter]) -> None:
    for writer in writers:
        with suppress(OSError):
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        writer.transport.abort()
