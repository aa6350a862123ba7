"""One WebSocket connection of the fake: its session, its meter, its way out."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import Event, State

from rf_testkit.binance.faults import Message
from rf_testkit.binance.market import in_micros
from rf_testkit.binance.requests import Session

_COUNTED = frozenset({Opcode.TEXT, Opcode.BINARY, Opcode.PING, Opcode.PONG})
# Small, so that a client that does not read holds the tape back soon, not after megabytes.
_SEND_BUFFER = 64 * 1024


class InboundMeter:
    """How many messages came in during the last second.

    Parameters
    ----------
    limit : int
        Messages a second that are still all right.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._times: deque[float] = deque()

    def count(self, now_s: float) -> None:
        """Count a message at this reading of a monotonic clock, seconds."""
        self._times.append(now_s)
        while self._times[0] <= now_s - 1.0:
            self._times.popleft()

    @property
    def is_over(self) -> bool:
        """True when the last second had more than the limit."""
        return len(self._times) > self._limit


class VenueConnection(ServerConnection):
    """A server connection that counts what the client sends and can be muted."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.session = Session([], combined=False)
        self.meter = InboundMeter(5)
        self.is_flooded = False
        self.muted_until = 0.0
        self._closing: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the kernel's send buffer small."""
        super().connection_made(transport)
        sock: socket.socket = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)

    def process_event(self, event: Event) -> None:
        """Count pings, pongs and messages; close when there are too many in a second."""
        super().process_event(event)
        if not isinstance(event, Frame) or event.opcode not in _COUNTED:
            return
        self.meter.count(self.loop.time())
        if self.meter.is_over and not self.is_flooded:
            self.is_flooded = True
            self._closing = self.loop.create_task(
                self.close(CloseCode.POLICY_VIOLATION, "Too many requests")
            )

    @property
    def is_muted(self) -> bool:
        """True while nothing may be sent."""
        return self.loop.time() < self.muted_until

    @property
    def is_live(self) -> bool:
        """True while frames can be sent."""
        return self.state is State.OPEN and not self.transport.is_closing()

    def wants(self, message: Message) -> bool:
        """Tell whether the client subscribed to the message's stream."""
        return message.stream in self.session.streams

    async def deliver(self, message: Message, stuck_s: float) -> bool:
        """Send as text or binary, wrapped if asked for; False when the client is stuck."""
        if self.session.micros:
            message = in_micros(message)
        data = message.data
        if self.session.combined:
            data = b'{"stream":"%s","data":%s}' % (message.stream.encode(), data)
        return await self.say(data, stuck_s, is_text=message.is_text)

    async def say(self, data: bytes, stuck_s: float, *, is_text: bool = True) -> bool:
        """Send bytes as they are; a client that is gone already is no error."""
        try:
            async with asyncio.timeout(stuck_s):
                await self.send(data, text=is_text)
        except ConnectionClosed:
            pass
        except TimeoutError:
            self.transport.abort()
            return False
        return True
