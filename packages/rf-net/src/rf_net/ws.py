"""A WebSocket that comes back: raw frames, and a marker at every connect and loss."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from rf_common.clock import NANOS_PER_SECOND, Clock, RealtimeClock, monotonic_ns
from rf_common.enums import FeedState
from rf_common.secret import Redactor
from rf_net.backoff import ReconnectPolicy
from rf_net.endpoints import checked_url
from rf_net.ratelimit import RateLimiter
from rf_net.retry import retry_after_s
from rf_net.text import plain

OnState = Callable[[FeedState, str, float | None], None]
"""Hears state, reason and, when known, the round trip in milliseconds."""

MAX_MESSAGE = 8 << 20
"""Largest message by default, bytes."""

_OPEN_S = 10.0
_CLOSE_S = 2.0
_QUEUE = 64
_MAX_WAIT_S = 3600.0
# Binance cuts who sends more than five messages a second, our pings and pongs among them.
_SENDS_PER_SECOND = 4.0


class Connected(msgspec.Struct, frozen=True, gc=False):
    """A new connection is open; what was known of books is void. `number` counts from 1."""

    number: int


class Lost(msgspec.Struct, frozen=True, gc=False):
    """The connection is gone."""

    reason: str


class WsFrames:
    """Frames of one address, for ever: connects, subscribes, notices silence, reconnects.

    Parameters
    ----------
    url : str
        ``wss://`` to anywhere, ``ws://`` to this machine.
    policy : ReconnectPolicy
        Delays between connections; it is reset by a connection that brought frames and lived
        for `settle_s` seconds, so that a server that hangs up at once is not hammered.
    on_state : callable
        Hears CONNECTING, LIVE (at the first frame, and again when the round trip is known),
        STALE (silence) and DOWN.
    silence_s : float
        A connection without a data frame for that long is dead; pongs do not count.
    subscribe : sequence of bytes or str
        Messages sent after each connect, at most four a second.
    max_size : int
        Largest message, bytes; a larger one ends the connection.
    settle_s : float
        See `policy`.
    redactor : Redactor, optional
        Masks secrets in reasons.
    clock : Clock, optional
        Read only to understand a ``Retry-After`` date.
    sleep : callable
        Waits between connections, seconds.

    Raises
    ------
    ConfigError
        If we may not connect to `url`.
    ValueError
        If `silence_s` is not a positive number.
    """

    def __init__(
        self,
        url: str,
        *,
        policy: ReconnectPolicy,
        on_state: OnState,
        silence_s: float,
        subscribe: Sequence[bytes | str] = (),
        max_size: int = MAX_MESSAGE,
        settle_s: float = 10.0,
        redactor: Redactor | None = None,
        clock: Clock | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if not 0 < silence_s < math.inf:
            raise ValueError(f"expected silence_s above 0, was {silence_s}")
        self._url = checked_url(url, schemes=("ws", "wss"), field="url")
        self._policy = policy
        self._on_state = on_state
        self._silence_s = silence_s
        self._subscribe = tuple(_text(message) for message in subscribe)
        self._max_size = max_size
        self._settle_s = settle_s
        self._redactor = redactor or Redactor()
        self._clock = clock or RealtimeClock()
        self._sleep = sleep
        self._sends = RateLimiter(_SENDS_PER_SECOND)
        self._link: ClientConnection | None = None
        self._number = 0
        self._opened_ns = 0
        self._is_live = False
        self._latency_ms: float | None = None
        self._waiting_since_ns: int | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._reason = ""

    def request_reconnect(self, reason: str) -> None:
        """Drop the present connection; without one this does nothing, a new one is under way."""
        if self._link is not None:
            self._reason = reason
            self._link.transport.abort()

    async def session(self) -> AsyncGenerator[Connected | bytes | Lost, None]:
        """Yield `Connected`, frames, `Lost`, then the same again, until closed.

        Close it with `contextlib.aclosing` or by cancelling the task that reads it. A reader
        that is slow holds the venue back through TCP: 64 messages wait here at most.
        """
        while True:
            self._tell(FeedState.CONNECTING, "")
            link, wait_s = await self._connect()
            if link is not None:
                sender = asyncio.create_task(self._greet(link))
                self._watch(link)
                try:
                    yield Connected(self._number)
                    while (frame := await self._next(link)) is not None:
                        yield frame
                finally:
                    await self._close(link, sender)
                self._tell(FeedState.DOWN, self._reason)
                yield Lost(self._reason)
            await self._sleep(max(wait_s, self._policy.next_delay_s()))

    async def _connect(self) -> tuple[ClientConnection | None, float]:
        """Return a connection, or None and the least time the server wants us to wait."""
        try:
            link = await _Connect(
                self._url,
                proxy=None,
                open_timeout=_OPEN_S,
                close_timeout=_CLOSE_S,
                ping_interval=None,
                max_size=self._max_size,
                max_queue=_QUEUE,
            )
        except (OSError, WebSocketException) as error:
            self._tell(FeedState.DOWN, self._clean(str(error) or type(error).__name__))
            return None, self._wait_s(error)
        self._link = link
        self._number += 1
        self._opened_ns = monotonic_ns()
        self._is_live, self._latency_ms, self._reason = False, None, ""
        self._waiting_since_ns = None
        return link, 0.0

    async def _next(self, link: ClientConnection) -> bytes | None:
        """Return the next frame, or None when the connection is over and the reason is set."""
        self._waiting_since_ns = monotonic_ns()
        try:
            frame = await link.recv(decode=False)
        except ConnectionClosed as error:
            self._reason = self._reason or self._clean(str(error))
            return None
        if self._reason:  # asked to reconnect: what is still queued belongs to the old link
            return None
        self._waiting_since_ns = None
        if not self._is_live:
            self._is_live = True
            self._tell(FeedState.LIVE, "first frame", self._latency_ms)
        return frame

    def _watch(self, link: ClientConnection) -> None:
        """End `link` when its reader has waited for too long, else look again.

        One timer for each connection: a time-out around every frame would double its cost.
        """
        since_ns = self._waiting_since_ns
        waited_s = (monotonic_ns() - since_ns) / NANOS_PER_SECOND if since_ns is not None else 0.0
        if waited_s < self._silence_s:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._silence_s - waited_s, self._watch, link)
        elif not self._reason:
            self._reason = f"no frame for {self._silence_s:g} s"
            self._tell(FeedState.STALE, self._reason)
            link.transport.abort()

    async def _greet(self, link: ClientConnection) -> None:
        """Send the subscriptions, then measure the round trip once."""
        with contextlib.suppress(ConnectionClosed):  # the reader sees it too and tells
            for message in self._subscribe:
                await self._take_turn()
                await link.send(message)
            await self._take_turn()
            asyncio.ensure_future(await link.ping()).add_done_callback(self._on_pong)

    def _on_pong(self, pong: asyncio.Future[float]) -> None:
        if pong.cancelled() or pong.exception() is not None:
            return
        self._latency_ms = pong.result() * 1000
        if self._is_live and self._link is not None:
            self._tell(FeedState.LIVE, "round trip", self._latency_ms)

    async def _take_turn(self) -> None:
        while (delay_ns := self._sends.take(monotonic_ns())) > 0:  # noqa: ASYNC110 -- time, no event
            await asyncio.sleep(delay_ns / NANOS_PER_SECOND)

    async def _close(self, link: ClientConnection, sender: asyncio.Task[None]) -> None:
        self._link = None
        lived_s = (monotonic_ns() - self._opened_ns) / NANOS_PER_SECOND
        if self._is_live and lived_s >= self._settle_s:
            self._policy.succeeded()
        if self._timer is not None:
            self._timer.cancel()
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)
        await link.close()

    def _wait_s(self, error: Exception) -> float:
        if not isinstance(error, InvalidStatus):
            return 0.0
        headers = dict(error.response.headers.raw_items())
        return min(retry_after_s(headers, self._clock.now()) or 0.0, _MAX_WAIT_S)

    def _clean(self, text: str) -> str:
        return plain(self._redactor.text(text))

    def _tell(self, state: FeedState, reason: str, latency_ms: float | None = None) -> None:
        self._on_state(state, reason, latency_ms)


class _Connect(connect):
    """Follows no redirect: the address that was checked is the one that is used."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Return the refusal itself."""
        return exc


def _text(message: bytes | str) -> str:
    return message if isinstance(message, str) else message.decode()
