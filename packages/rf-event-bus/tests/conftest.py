"""Fixtures: a bus on loopback, peers that speak bytes, readers that collect."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from types import SimpleNamespace

import pytest

from rf_common.clock import DeterministicClock, UnixNanos
from rf_common.errors import RfError
from rf_common.events import Bar, BookSnapshot, OrderFilled, Quote, Trade
from rf_common.orders import Notice
from rf_common.secret import Secret
from rf_event_bus import BusClient, BusServer, Role, Wire
from rf_event_bus.messages import VERSION, Hello
from rf_net import BackoffConfig, FrameBuffer, ReconnectPolicy, encode_frame

WIRE = Wire(Quote | Trade | Bar | BookSnapshot | OrderFilled | Notice, dict[str, int])
TOKENS = {role: Secret(f"{role}-token-0123456789-0123456789-0123456789") for role in Role}


async def answer(verb, args, peer, role):
    """Handle the verbs of the tests."""
    if verb == "refuse":
        raise RfError(
            "limit is 5, was 6", code="RF-R-004", detail="per day", fix="rf risk", exit_code=6
        )
    if verb == "bug":
        raise KeyError(TOKENS[Role.ADMIN].reveal())
    if verb == "big":
        return "x" * (1 << 20)
    if verb == "odd":
        return object()
    return {"verb": verb, "args": dict(args), "peer": peer, "role": role}


@pytest.fixture
def wire() -> Wire:
    return WIRE


@pytest.fixture
def tokens() -> dict[Role, Secret]:
    return dict(TOKENS)


@pytest.fixture
async def bus() -> AsyncIterator[object]:
    """Make servers; all are stopped in the end."""
    servers = []

    async def make(*, port=0, **options):
        given = {
            "tokens": TOKENS,
            "handler": answer,
            "snapshot": lambda: {"seq": server.head},
            "clock": DeterministicClock(UnixNanos(1_000)),
            "session": "S1",
            "mode": "PAPER",
            "verbs": dict.fromkeys(("status", "bug", "big", "odd", "refuse", "wait"), Role.READ),
        }
        server = BusServer(WIRE, **given | options)
        server.port = await server.start(port=port)
        servers.append(server)
        return server

    yield make
    for server in servers:
        await server.stop()


class Raw:
    """A peer that speaks bytes and reads only when told."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self._buffer, self._ready = FrameBuffer(), []

    def deafen(self):
        """Take nothing from the kernel until the next frame is asked for."""
        self.writer.transport.pause_reading()

    def send(self, *frames):
        for frame in frames:
            self.writer.write(encode_frame(WIRE.encode_client(frame)))

    async def next(self):
        """Return the next frame of the server, None at the end."""
        self.writer.transport.resume_reading()
        async with asyncio.timeout(5):
            while not self._ready:
                chunk = await self.reader.read(1 << 16)
                if not chunk:
                    return None
                self._ready = self._buffer.receive_data(chunk)
        return WIRE.decode_server(self._ready.pop(0))

    async def rest(self):
        """Return all frames until the server hangs up."""
        frames = []
        while (frame := await self.next()) is not None:
            frames.append(frame)
        return frames


@pytest.fixture
async def raw() -> AsyncIterator[object]:
    """Connect peers that speak bytes; no frame may take five seconds."""
    writers = []

    async def connect(server, *frames, narrow=False):
        link = socket.socket()
        if narrow:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        link.setblocking(False)
        await asyncio.get_running_loop().sock_connect(link, ("127.0.0.1", server.port))
        limit = 1024 if narrow else 1 << 16
        reader, writer = await asyncio.open_connection(sock=link, limit=limit)
        writers.append(writer)
        peer = Raw(reader, writer)
        peer.send(*frames)
        return peer

    yield connect
    for writer in writers:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


@pytest.fixture
def hello():
    """Make greetings."""

    def make(*topics, role=Role.READ, token=None, schema=None, version=VERSION):
        shown = TOKENS[role].reveal() if token is None else token
        known = (WIRE.schema if topics else "") if schema is None else schema
        return Hello(version, known, shown, role, topics, "test")

    return make


@pytest.fixture
async def until() -> object:
    """Let the loop run until something holds; fails after ten seconds."""

    async def wait(holds):
        async with asyncio.timeout(10):
            while not holds():  # noqa: ASYNC110  # what it waits for rings no bell
                await asyncio.sleep(0)

    return wait


@pytest.fixture
def client():
    """Make clients that connect again at once."""

    def make(port, *topics, role=Role.READ, token=None, **options):
        backoff = BackoffConfig(initial_ms=1, max_ms=10)
        return BusClient(
            WIRE,
            "127.0.0.1",
            port,
            TOKENS[role] if token is None else token,
            role=role,
            topics=topics,
            client_name="test",
            policy=ReconnectPolicy(lambda: 0.5, backoff),
            **options,
        )

    return make


@pytest.fixture
def some():
    """Make events."""

    def quote(number, name="A"):
        return Quote(f"sim:{name}", number, 99.0, 1.0, 101.0, 1.0, number)

    def bar(number):
        return Bar("sim:A", number, 60, 1.0, 2.0, 0.5, 1.5, 10.0)

    def notice(number):
        return Notice("info", "N", str(number))

    return SimpleNamespace(quote=quote, bar=bar, notice=notice)
