"""The fake venue itself: connections, the player, and everything a test may do to them."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

import msgspec
from aiohttp import web
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from rf_common.clock import NANOS_PER_MILLI, NANOS_PER_SECOND, Clock, RealtimeClock
from rf_testkit.binance.book import DepthSnapshot
from rf_testkit.binance.connection import InboundMeter, VenueConnection
from rf_testkit.binance.faults import (
    GARBAGE,
    Delivery,
    Fault,
    FaultDeck,
    Faults,
    Message,
)
from rf_testkit.binance.market import TapeMarket
from rf_testkit.binance.requests import Session, answer
from rf_testkit.binance.rest import RestFault, RestServer
from rf_testkit.binance.settings import Settings, Stats
from rf_testkit.tape import Tape

_HOST = "127.0.0.1"
ABRUPT = 1006
"""The code clients see when the line breaks without a close frame."""
# The player lets the other tasks run at least this often, in frames.
_YIELD_EVERY = 32


class FakeBinance:
    """Binance spot on loopback, playing a tape and misbehaving on demand.

    Use it as an asynchronous context manager. A frame counts as sent to everybody who is
    subscribed when it is played; a REST snapshot holds everything played so far.

    Parameters
    ----------
    tape : Tape
        What happens at the venue.
    settings : Settings
        Ports, pace and limits.
    faults : Faults
        Accidents at places drawn from a seed.
    clock : Clock, optional
        Tells the server time; the wall clock by default.

    Attributes
    ----------
    done : asyncio.Event
        Set when the tape has been played to its end; never with `Settings.loop`.
    stats : Stats
        What has been counted so far.
    """

    def __init__(
        self,
        tape: Tape,
        *,
        settings: Settings | None = None,
        faults: Faults | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.stats = Stats()
        self.done = asyncio.Event()
        self._market = TapeMarket(tape)
        self._deck = FaultDeck(tape, faults or Faults())
        self._clock = clock or RealtimeClock()
        self._rest = RestServer(self, self.settings, self.stats, self._clock)
        self._connections: dict[VenueConnection, None] = {}
        self._audience_changed = asyncio.Event()
        self._refusals: list[tuple[int, str, dict[str, str]]] = []
        self._unattended = 0
        self._pings = 0
        self._player: asyncio.Task[None] | None = None
        self._server: Server | None = None
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        self._server = await serve(
            self._serve,
            _HOST,
            self.settings.ws_port,
            create_connection=VenueConnection,
            process_request=self._process_request,
            compression=None,
            ping_interval=None,
            close_timeout=1.0,
        )
        self._runner = web.AppRunner(self._rest.app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, _HOST, self.settings.rest_port).start()
        if self.settings.pace != "step":
            self._player = asyncio.create_task(self._run(), name="tape player")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop playing, close every connection and both servers."""
        if self._player is not None:
            self._player.cancel()
            await asyncio.wait([self._player])
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def ws_url(self) -> str:
        """``ws://127.0.0.1:PORT``, without a path."""
        assert self._server is not None, "not started"
        return f"ws://{_HOST}:{self._server.sockets[0].getsockname()[1]}"

    @property
    def rest_url(self) -> str:
        """``http://127.0.0.1:PORT``, without a path."""
        assert self._runner is not None, "not started"
        return f"http://{_HOST}:{self._runner.addresses[0][1]}"

    @property
    def symbols(self) -> tuple[str, ...]:
        """What is listed: the symbols of the tape."""
        return self._market.symbols

    @property
    def position(self) -> int:
        """How many lines of the tape have been played on this pass."""
        return self._market.position

    def book(self, symbol: str, limit: int = 5_000) -> DepthSnapshot:
        """Return the venue's true book, whatever REST has been told to answer."""
        return self._market.book(symbol, limit)

    def snapshot(self, symbol: str, limit: int) -> DepthSnapshot:
        """Return what REST answers now; counts and uses up armed old snapshots."""
        self.stats.snapshots_served += 1
        self.stats.stale_snapshots += self._market.stale_left > 0
        return self._market.snapshot(symbol, limit)

    async def play(self, lines: int | None = None) -> int:
        """Play the next `lines` of the tape, or all that is left; return how many there were.

        Raises
        ------
        RuntimeError
            If the pace is not "step": the tape plays itself.
        """
        if self._player is not None:
            raise RuntimeError(f'expected pace "step" to play by hand, was {self.settings.pace}')
        played = 0
        while not self._market.at_end and (lines is None or played < lines):
            await self._play_line()
            played += 1
        if self._market.at_end:
            await self._end_pass()
        return played

    async def _run(self) -> None:
        """Play the whole tape, and again if it loops, at the pace of the settings."""
        await self._audience()
        while not self.done.is_set():
            await self._run_pass()
            await self._end_pass()

    async def _run_pass(self) -> None:
        loop = asyncio.get_running_loop()
        frames = self._market.tape.frames
        start_s, pace = loop.time(), self.settings.pace
        while not self._market.at_end:
            if self._market.position % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
            if isinstance(pace, str):
                await self._audience()
            else:
                elapsed_ns = frames[self._market.position].ts_ns - frames[0].ts_ns
                due_s = start_s + elapsed_ns / NANOS_PER_SECOND / pace
                if due_s > loop.time():
                    await asyncio.sleep(due_s - loop.time())
            await self._play_line()

    async def _audience(self) -> None:
        """Return when enough clients listen, or while frames are lost behind a cut."""
        if self._unattended > 0:
            self._unattended -= 1
            return
        while len(self._listeners()) < self.settings.min_clients:
            self._audience_changed.clear()
            await self._audience_changed.wait()

    def _listeners(self) -> list[VenueConnection]:
        return [
            connection
            for connection in self._connections
            if connection.is_live and connection.session.streams and not connection.is_muted
        ]

    async def _play_line(self) -> None:
        index = self._market.position
        frame, message = self._market.advance()
        if message is None:
            return
        self.stats.frames_played += 1
        delivery = self._deck.deal(index, message, frame.kind)
        self._count(delivery)
        for out in delivery.messages:
            await self._broadcast(out)
        if delivery.cut and self._connections:
            await self.cut()
        elif delivery.cut:  # nobody is there: the accident waits for somebody to meet
            self.arm(Fault.CUT)

    async def _end_pass(self) -> None:
        for message in self._deck.release():
            await self._broadcast(message)
        if self.settings.loop:
            self._market.rewind()
            self._deck.replan()
        else:
            self.done.set()

    async def _broadcast(self, message: Message) -> None:
        for connection in self._listeners():
            if connection.wants(message):
                self.stats.frames_sent += 1
                if not await connection.deliver(message, self.settings.stuck_s):
                    self.stats.stuck += 1

    def _count(self, delivery: Delivery) -> None:
        stats = self.stats
        for fault in delivery.applied:
            stats.gaps += fault is Fault.GAP
            stats.duplicates += fault is Fault.DUPLICATE
            stats.reorders += fault is Fault.REORDER
            stats.garbage += fault in GARBAGE

    def _process_request(self, connection: ServerConnection, request: Request) -> Response | None:
        """Open a session for a good path; refuse the rest, or whoever a test wants refused."""
        assert isinstance(connection, VenueConnection)
        if self._refusals:
            status, text, headers = self._refusals.pop(0)
            self.stats.refused_upgrades += 1
            response = connection.respond(HTTPStatus(status), text)
            response.headers.update(headers)
            return response
        session = _session_of(request.path)
        if session is None or len(session.streams) > self.settings.max_streams:
            return connection.respond(HTTPStatus.BAD_REQUEST, "invalid path\n")
        connection.session = session
        connection.meter = InboundMeter(self.settings.max_messages_per_s)
        return None

    async def _serve(self, served: ServerConnection) -> None:
        assert isinstance(served, VenueConnection)
        self.stats.connections += 1
        self.stats.subscriptions += len(served.session.streams)
        self._connections[served] = None
        self._audience_changed.set()
        expiry = served.loop.call_later(self.settings.life_s, self._expire, served)
        keepalive = asyncio.create_task(self._keep_alive(served))
        try:
            async for text in served:
                await self._answer(served, text)
        except ConnectionClosed:
            pass
        finally:
            expiry.cancel()
            keepalive.cancel()
            self.stats.flooded += served.is_flooded
            self._connections.pop(served, None)
            self._audience_changed.set()

    async def _answer(self, connection: VenueConnection, text: str | bytes) -> None:
        self.stats.control_messages += 1
        if connection.is_muted:
            return
        before = len(connection.session.streams)
        reply = answer(connection.session, text, self.settings.max_streams)
        self.stats.subscriptions += max(0, len(connection.session.streams) - before)
        self._audience_changed.set()
        await connection.say(reply, self.settings.stuck_s)

    async def _keep_alive(self, connection: VenueConnection) -> None:
        """Ping at intervals; each ping wants a pong of its own payload in time."""
        while True:
            await asyncio.sleep(self.settings.ping_interval_s)
            if connection.is_muted or not connection.is_live:
                continue
            self._pings += 1
            try:
                pong = asyncio.ensure_future(await connection.ping(str(self._pings)))
            except ConnectionClosed:
                return
            connection.loop.call_later(
                self.settings.pong_timeout_s, self._check_pong, connection, pong
            )

    def _check_pong(self, connection: VenueConnection, pong: asyncio.Future[float]) -> None:
        if not pong.done() and connection.is_live:
            self.stats.ping_timeouts += 1
            connection.transport.abort()

    def _expire(self, connection: VenueConnection) -> None:
        self.stats.expired += 1
        connection.transport.abort()

    def arm(self, fault: Fault, *, times: int = 1, after: int = 0) -> None:
        """Let `fault` happen at the next `times` frames it fits, after `after` others."""
        self._deck.arm(fault, times=times, after=after)

    async def cut(self, code: int = ABRUPT) -> None:
        """End every connection: break the line, or close it properly with another `code`."""
        connections = list(self._connections)
        self._connections.clear()
        self._unattended = self.settings.lost_after_cut
        self.stats.cuts += 1
        for connection in connections:
            if code == ABRUPT:
                connection.transport.abort()
            else:
                await connection.close(code)

    def cut_after(self, frames: int) -> None:
        """Cut right behind the next `frames` frames."""
        self.arm(Fault.CUT, after=frames - 1)

    def silence(self, seconds: float) -> None:
        """Send nothing more to the present connections for so long; keep them open.

        Frames played meanwhile are lost to them; at pace "max" the tape waits for somebody else
        or for the silence to end.
        """
        loop = asyncio.get_running_loop()
        for connection in self._connections:
            connection.muted_until = loop.time() + seconds
        # A little later, so that the silence is over when the player looks.
        loop.call_later(seconds + 0.001, self._audience_changed.set)

    async def announce_shutdown(self) -> None:
        """Send `serverShutdown` to everybody, wrapped where frames are wrapped."""
        body = {"e": "serverShutdown", "E": self._clock.now() // NANOS_PER_MILLI}
        message = Message("!serverShutdown", msgspec.json.encode(body))
        for connection in list(self._connections):
            await connection.deliver(message, self.settings.stuck_s)

    def refuse_upgrades(
        self, status: int, *, times: int = 1, text: str = "", retry_after_s: int | None = None
    ) -> None:
        """Answer the next `times` WebSocket upgrades with an HTTP error."""
        headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
        self._refusals += [(status, text, headers)] * times

    def stale_snapshot(self, frames_ago: int, *, times: int = 1) -> None:
        """Answer the next `times` depth requests with the book of so many lines ago."""
        self._market.arm_stale(frames_ago, times)

    def fail_rest(
        self,
        status: int,
        *,
        times: int = 1,
        path: str = "/",
        body: str | None = None,
        retry_after_s: int | None = None,
        delay_s: float = 0.0,
    ) -> None:
        """Answer the next `times` requests under `path` with an error.

        Without `body` 418 and 429 carry the venue's own, everything else a page of HTML.
        """
        text, content_type = _error_body(status, body)
        headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
        fault = RestFault(path, status, text, content_type, headers, delay_s)
        self._rest.add_fault(fault, times)

    def slow_rest(self, delay_s: float, *, times: int = 1, path: str = "/") -> None:
        """Answer the next `times` requests under `path` rightly, but late."""
        self._rest.add_fault(RestFault(path, 0, "", "text/html", {}, delay_s), times)


def _session_of(target: str) -> Session | None:
    """Return the session that a request target opens, None if there is nothing there."""
    url = urlsplit(target)
    # Not parse_qs: a plus is a plus, as in kline_1d@+08:00.
    pairs = (pair.partition("=") for pair in url.query.split("&"))
    query = {key: unquote(value) for key, _, value in pairs}
    unit = query.get("timeUnit", "MILLISECOND").upper()
    if unit not in {"MILLISECOND", "MICROSECOND"}:
        return None
    micros = unit == "MICROSECOND"
    if url.path == "/stream":
        names = [n for n in query.get("streams", "").split("/") if n]
        return Session(names, combined=True, micros=micros)
    head, _, rest = url.path.lstrip("/").partition("/")
    if head != "ws":
        return None
    return Session([n for n in unquote(rest).split("/") if n], combined=False, micros=micros)


def _error_body(status: int, body: str | None) -> tuple[str, str]:
    if body is not None:
        return body, "application/json" if body.startswith("{") else "text/html"
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.IM_A_TEAPOT}:
        return '{"code":-1003,"msg":"Too many requests."}', "application/json"
    return f"<html><head><title>{status}</title></head></html>", "text/html"
