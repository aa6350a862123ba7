"""One link of the bus server: whole frames in, chunks of frames out, nothing decided here."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Protocol

from rf_common.clock import monotonic_ns
from rf_event_bus.limits import BusLimits
from rf_event_bus.messages import Role
from rf_net.errors import RemoteProtocolError
from rf_net.frames import MAX_FRAME, MAX_GREETING, FrameBuffer
from rf_net.ratelimit import RateLimiter

_LINGER_S = 1.0


class Desk(Protocol):
    """Whoever decides what becomes of a link."""

    def connected(self, peer: Peer) -> None:
        """Take note of a new link."""

    def heard(self, peer: Peer, payloads: list[bytes]) -> None:
        """Take whole payloads."""

    def unreadable(self, peer: Peer, reason: str) -> None:
        """Take note that what came is not frames."""

    def resumed(self, peer: Peer) -> None:
        """Take note that the peer takes data again."""

    def gone(self, peer: Peer) -> None:
        """Forget the link."""


class Peer(asyncio.Protocol):
    """A link and what is known of who is on it.

    Parameters
    ----------
    desk : Desk
        Hears what happens.
    limits : BusLimits
        What the peer may cost.
    """

    def __init__(self, desk: Desk, limits: BusLimits) -> None:
        self.name = "unknown:0"
        self.client = ""
        self.role: Role | None = None
        self.topics: frozenset[str] = frozenset()
        self.heard_ns = monotonic_ns()
        self.paused_ns = 0
        """Since when the peer takes nothing; 0 while it does."""
        self.is_owed = False
        """Whether something waits that may not be dropped."""
        self.missed = 0
        """Number of the first market event that it did not get; 0 if it got all."""
        self.is_turned = False
        self.asks: set[asyncio.Task[None]] = set()
        self.limiter = RateLimiter(limits.frames_per_s, burst=round(2 * limits.frames_per_s))
        self._desk = desk
        self._limits = limits
        self._buffer = FrameBuffer(MAX_GREETING)
        self._transport: asyncio.Transport | None = None

    # --- what asyncio calls -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the link."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        name = transport.get_extra_info("peername") or ("unknown", 0)
        self.name = f"{name[0]}:{name[1]}"
        raw = transport.get_extra_info("socket")
        if raw is not None:
            # What lies in the kernel is too late to be conflated.
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._limits.pause_bytes)
        transport.set_write_buffer_limits(self._limits.pause_bytes, self._limits.pause_bytes // 4)
        self._desk.connected(self)

    def data_received(self, data: bytes) -> None:
        """Collect whole payloads."""
        if self.is_turned:
            return
        self.heard_ns = monotonic_ns()
        try:
            payloads = self._buffer.receive_data(data)
        except RemoteProtocolError as error:
            self._desk.unreadable(self, error.message)
            return
        if payloads:
            self._desk.heard(self, payloads)

    def pause_writing(self) -> None:
        """Take note that the peer is behind."""
        self.paused_ns = monotonic_ns()
        self.is_owed = any(topic != "market" for topic in self.topics)

    def resume_writing(self) -> None:
        """Take note that the peer takes data again."""
        self.paused_ns = 0
        self.is_owed = False
        if not self.is_turned:
            self._desk.resumed(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the link."""
        self.is_turned = True
        self._transport = None
        self._desk.gone(self)

    # --- what the desk calls ------------------------------------------------------------------

    @property
    def waiting_bytes(self) -> int:
        """How much waits for the peer."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def admit(self, role: Role, topics: frozenset[str], client: str) -> None:
        """Accept frames of full size from now on."""
        self.role, self.topics, self.client = role, topics, client
        self._buffer.limit = MAX_FRAME

    def write(self, chunk: bytes) -> bool:
        """Send whole frames; return False if too much waits already."""
        if self._transport is None or self.is_turned:
            return True
        if self.paused_ns:
            if self.waiting_bytes + len(chunk) > self._limits.buffer_bytes:
                return False
            self.is_owed = True
        self._transport.write(chunk)
        return True

    def turn(self, last_words: bytes) -> None:
        """Send `last_words`, then close; a peer that does not take them is cut off.

        What it still sends is read and thrown away for a moment: closing with bytes unread
        would destroy our last words.
        """
        if self._transport is None or self.is_turned:
            return
        self.is_turned = True
        self._transport.write(last_words)
        with contextlib.suppress(OSError):  # the peer may have hung up in this very moment
            self._transport.write_eof()
        asyncio.get_running_loop().call_later(_LINGER_S, self.abort)

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()
