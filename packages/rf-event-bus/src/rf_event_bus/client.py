"""A reader of the bus that stays connected: snapshot, events, questions."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import aclosing
from typing import Any

import msgspec

from rf_common.errors import RfError
from rf_common.secret import Secret
from rf_event_bus._refusals import refusal
from rf_event_bus.errors import BusUnreachable, PostcardError
from rf_event_bus.messages import (
    VERSION,
    Ask,
    Event,
    Heartbeat,
    Hello,
    Lost,
    Ping,
    Reply,
    Role,
    Snapshot,
    Ticks,
    Turned,
    Welcome,
)
from rf_event_bus.told import Connected, Disconnected, Item, items
from rf_event_bus.wire import Frame, Wire
from rf_net.backoff import ReconnectPolicy
from rf_net.endpoints import checked_loopback
from rf_net.errors import RemoteProtocolError
from rf_net.frames import MAX_GREETING, FrameBuffer, encode_frame

_WAITING_FRAMES = 4_096
"""Frames that may wait for the consumer; beyond, the server is made to wait."""

_PING_S = 30.0


class BusClient:
    """Connects, connects again, and says so.

    Parameters
    ----------
    wire : Wire
        Events and snapshot of the app; the server's must be the same.
    host, port : str, int
        The bus; loopback only, because the token goes over in the clear.
    token : Secret or callable
        What to present; a callable is asked before each greeting, because a daemon that starts
        again may have another token.
    role : Role
        What to be allowed; not more than the token is good for.
    topics : collection of str
        What to hear; none to ask questions only.
    client_name : str
        Name of the program, for the daemon's log.
    policy : ReconnectPolicy
        Delays between attempts, which never end.
    expand_ticks : bool
        Give packed quotes and trades one by one (`Told`) or as columns (`ToldTicks`).
    silence_s : float
        A link on which nothing comes for so long is lost; the server's heart beats each second.
    connect_s : float
        Deadline for connecting with the greeting, seconds.

    Raises
    ------
    ConfigError
        If `host` is not loopback or `port` is none.
    """

    def __init__(
        self,
        wire: Wire,
        host: str,
        port: int,
        token: Secret | Callable[[], Secret],
        *,
        role: Role,
        topics: Collection[str],
        client_name: str,
        policy: ReconnectPolicy,
        expand_ticks: bool = True,
        silence_s: float = 2.0,
        connect_s: float = 5.0,
    ) -> None:
        self._wire = wire
        self._address = checked_loopback(host, port)
        self._token = token
        self._role, self._topics, self._name = role, tuple(topics), client_name
        self._policy = policy
        self._expand_ticks = expand_ticks
        self._silence_s, self._connect_s = silence_s, connect_s
        self._link: _Link | None = None
        self._number = 0

    @property
    def is_connected(self) -> bool:
        """Whether questions can be asked."""
        return self._link is not None

    # --- listening ------------------------------------------------------------------------------

    async def session(self) -> AsyncGenerator[Item, None]:
        """Yield what happens on the link, for ever.

        Every `Connected` begins anew with a snapshot; after it come the events with higher
        numbers, and `Lost` where the server dropped market data for this reader. Between two
        of them stands a `Disconnected` with the reason. Close the generator to hang up.
        """
        while True:
            try:
                async with aclosing(self._connection()) as connection:
                    async for item in connection:
                        if isinstance(item, Connected):
                            self._policy.succeeded()
                        yield item
            except _Ended as end:
                yield end.why
            await asyncio.sleep(self._policy.next_delay_s())

    async def _connection(self) -> AsyncGenerator[Item, None]:
        """Yield the items of one link; ends with `_Ended`."""
        link = await self._connect()
        try:
            async with asyncio.timeout(self._connect_s):
                connected = await self._greet(link)
            self._link = link
            yield connected
            while True:
                frame = await link.next(self._silence_s)
                if isinstance(frame, Event | Ticks | Lost):
                    for item in items(frame, expand_ticks=self._expand_ticks):
                        yield item
                elif not isinstance(frame, Heartbeat):
                    raise link.ended_by(frame)
        except TimeoutError as error:
            raise _Ended(Disconnected("no answer in time")) from error
        except RfError as error:  # unreadable, or there is no token to greet with
            raise _Ended(Disconnected(error.message, error.code, error.fix)) from error
        finally:
            self._link = None
            link.close()

    async def _connect(self) -> _Link:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._connect_s):
                _, link = await loop.create_connection(lambda: _Link(self._wire), *self._address)
        except TimeoutError as error:
            raise _Ended(Disconnected("no answer in time")) from error
        except OSError as error:
            raise _Ended(Disconnected(error.strerror or str(error))) from error
        return link

    async def _greet(self, link: _Link) -> Connected:
        token = self._token if isinstance(self._token, Secret) else self._token()
        schema = self._wire.schema
        link.send(
            Hello(VERSION, schema, token.reveal(), self._role, self._topics, self._name),
            MAX_GREETING,
        )
        welcome = await link.next(self._connect_s)
        if not isinstance(welcome, Welcome):
            raise link.ended_by(welcome)
        if not self._topics:
            return Connected(welcome, welcome.head, None)
        first = await link.next(self._connect_s)
        if not isinstance(first, Snapshot):
            raise link.ended_by(first)
        return Connected(welcome, first.seq, self._wire.decode_snapshot(first.state))

    # --- asking ---------------------------------------------------------------------------------

    async def ask(
        self, verb: str, args: Mapping[str, Any] | None = None, timeout_s: float = 5.0
    ) -> Any:
        """Return the daemon's answer to one verb; several may be asked at a time.

        Raises
        ------
        BusRefused
            If the daemon refused; code, message, detail, fix and exit code are the daemon's.
        BusUnreachable
            If there is no link or no answer came; then the verb may have been carried out.
        """
        link = self._link
        if link is None:
            raise self._unreachable("not connected", "the daemon is not running")
        self._number += 1
        ask = Ask(self._number, verb, msgspec.json.encode(args or {}).decode())
        try:
            async with asyncio.timeout(timeout_s):
                reply = await link.reply_to(ask)
            data = msgspec.json.decode(reply.data) if reply.ok else None
        except (TimeoutError, ConnectionError, msgspec.DecodeError) as error:
            raise self._unreachable(
                str(error) or "no answer in time",
                f"no answer to {verb!r}: the daemon may have carried it out, "
                "ask for the status before you repeat it",
            ) from error
        if not reply.ok:
            raise refusal(reply)
        return data

    def _unreachable(self, reason: str, detail: str) -> BusUnreachable:
        host, port = self._address
        text = f"no daemon at {host}:{port} ({reason})"
        return BusUnreachable(text, detail=detail, fix="uv run daemon")


class _Ended(Exception):
    """One link came to its end."""

    def __init__(self, why: Disconnected) -> None:
        super().__init__(why.reason)
        self.why = why


class _Link(asyncio.Protocol):
    """One connection: replies go to who asked, all other frames wait in order."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._buffer = FrameBuffer()
        self._frames: deque[bytes] = deque()
        self._asked: dict[int, asyncio.Future[Reply]] = {}
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._why: Disconnected | None = None
        self._is_paused = False
        self._pinging: asyncio.TimerHandle | None = None

    # --- what asyncio calls -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ping(0)

    def data_received(self, data: bytes) -> None:
        try:
            payloads = self._buffer.receive_data(data)
            for payload in payloads:
                if payload[0] == _REPLY:
                    self._answered(self._wire.decode_server(payload))
                else:
                    self._frames.append(payload)
        except (RemoteProtocolError, PostcardError) as error:
            self.end(Disconnected(f"unreadable: {error.message}", error.code))
            self.close()
            return
        if len(self._frames) > _WAITING_FRAMES and self._transport is not None:
            self._transport.pause_reading()
            self._is_paused = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.end(Disconnected(str(exc) if exc else "the daemon hung up"))

    # --- what the client calls ----------------------------------------------------------------

    def send(self, frame: Hello | Ask | Ping, limit: int | None = None) -> None:
        """Send one frame; a link that is down takes it silently."""
        payload = self._wire.encode_client(frame)
        encoded = encode_frame(payload) if limit is None else encode_frame(payload, limit)
        if self._transport is not None:
            self._transport.write(encoded)

    async def next(self, silence_s: float) -> Frame:
        """Return the next frame that is no reply.

        Raises
        ------
        _Ended
            If the link is down, or silent for too long.
        """
        while not self._frames:
            if self._why is not None:
                raise _Ended(self._why)
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(silence_s):
                    await self._waiter
            except TimeoutError:
                # A frame may have come in the very turn of the loop in which the time ran out.
                if not self._frames and self._why is None:
                    raise _Ended(Disconnected(f"nothing heard for {silence_s:g} s")) from None
            finally:
                self._waiter = None
        payload = self._frames.popleft()
        if self._is_paused and len(self._frames) < _WAITING_FRAMES // 2:
            self._is_paused = False
            if self._transport is not None:
                self._transport.resume_reading()
        return self._wire.decode_server(payload)

    async def reply_to(self, ask: Ask) -> Reply:
        """Send a question and return its answer; ConnectionError if the link goes down."""
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._asked[ask.number] = future
        try:
            self.send(ask)
            return await future
        finally:
            del self._asked[ask.number]

    def ended_by(self, frame: Frame) -> _Ended:
        """Return the end of the link after a frame that nothing may follow."""
        why = Disconnected(f"out of place: {type(frame).__name__}")
        if isinstance(frame, Turned):
            why = Disconnected(frame.text, frame.code, frame.fix)
        self.end(why)
        return _Ended(why)

    def end(self, why: Disconnected) -> None:
        """Answer all questions with the end of the link; the first reason stays."""
        if self._why is None:
            self._why = why
        if self._pinging is not None:
            self._pinging.cancel()
        for future in self._asked.values():
            if not future.done():
                future.set_exception(ConnectionError(self._why.reason))
        self._wake()

    def close(self) -> None:
        """Hang up."""
        self.end(Disconnected("closed"))
        if self._transport is not None:
            self._transport.abort()

    # --- furniture ----------------------------------------------------------------------------

    def _answered(self, reply: Frame) -> None:
        assert isinstance(reply, Reply)  # its index says so
        future = self._asked.get(reply.number)
        if future is not None and not future.done():
            future.set_result(reply)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _ping(self, number: int) -> None:
        if number:
            self.send(Ping(number))
        loop = asyncio.get_running_loop()
        self._pinging = loop.call_later(_PING_S, self._ping, number + 1)


_REPLY = 2
"""Index of `Reply` among the server's frames."""
