"""The control door: loopback TCP by which `rf` asks the daemon, one request at a time per peer.

A peer greets with the token within five seconds, then sends requests; each is answered before
the next is read, so a peer can have at most one answer waiting. Garbage, silence and peers that
do not read cost that peer its link and nobody else anything. Peers that have not greeted yet
are held apart: however many there are, the oldest of them goes, never an authenticated one.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import traceback
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from rf_common.clock import monotonic_ns
from rf_common.errors import ConfigError, RfError
from rf_common.secret import Redactor, Secret
from rf_net._text import plain
from rf_net._wire import Hello, Request, failure, success
from rf_net.endpoints import checked_door
from rf_net.errors import (
    DOOR_ANSWER_TOO_LARGE,
    DOOR_FULL,
    DOOR_LATE,
    DOOR_NOT_AUTHENTICATED,
    DOOR_UNREADABLE,
    NetError,
    RemoteProtocolError,
)
from rf_net.frames import MAX_FRAME, MAX_GREETING, FrameBuffer, encode_frame
from rf_net.ratelimit import LineGate

Handler = Callable[[str, Mapping[str, Any], str], Awaitable[object]]
"""Takes verb, arguments and peer, returns what JSON can carry or raises `RfError`."""

_LOG = logging.getLogger(__name__)
_CHUNK = 1 << 16
_LINGER_S = 1.0
_HELLO = msgspec.json.Decoder(Hello)
_REQUEST = msgspec.json.Decoder(Request)


class DoorServer:
    """Answers authenticated peers on loopback.

    Parameters
    ----------
    handler : callable
        Carries out one verb. Its `RfError` is the peer's answer; any other exception is logged
        and answered with "internal error".
    token : Secret
        What a peer must present.
    host, port : str, int
        Where to listen; loopback only, because nothing is encrypted. Port 0 takes a free one.
    max_clients : int
        Authenticated peers at a time, and, apart from these, peers that have not greeted yet.
    on_refused : callable, optional
        Hears ``(peer, reason)`` of every refusal, for the audit.
    redactor : Redactor, optional
        Masks secrets in what is logged; by default it knows the token.
    hello_s, idle_s, write_s : float
        Deadlines in seconds: for the greeting, between requests, for a peer to take an answer.

    Raises
    ------
    ConfigError
        If `host` is not loopback, `port` is none or the token is empty.
    """

    def __init__(
        self,
        handler: Handler,
        token: Secret,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        max_clients: int = 256,
        on_refused: Callable[[str, str], None] | None = None,
        redactor: Redactor | None = None,
        hello_s: float = 5.0,
        idle_s: float = 300.0,
        write_s: float = 5.0,
    ) -> None:
        if not token:
            raise ConfigError("door token is empty: expected the token of create_token")
        self.clients = 0
        self.refused = 0
        self.requests = 0
        self._handler = handler
        self._token = token.reveal().encode()
        self._address = checked_door(host, port)
        self._max_clients = max_clients
        self._on_refused = on_refused
        self._redactor = redactor or Redactor([token])
        self._hello_s, self._idle_s, self._write_s = hello_s, idle_s, write_s
        self._lines = LineGate()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None]] = set()
        self._strangers: dict[_Peer, None] = {}
        self._stopping = False

    async def start(self) -> int:
        """Listen and return the bound port.

        Raises
        ------
        NetError
            If the port is taken or may not be used.
        """
        host, port = self._address
        try:
            self._server = await asyncio.start_server(self._accept, host, port)
        except OSError as error:
            raise NetError(
                f"control door cannot listen on {host}:{port}: {error.strerror}",
                fix="stop the other daemon or choose another port",
            ) from error
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self, grace_s: float = 1.0) -> None:
        """Close the door; a verb at work gets `grace_s` seconds to be answered.

        May be called from within the handler; that verb is still answered.
        """
        self._stopping = True
        if self._server is not None:
            self._server.close()
        others = self._tasks - {asyncio.current_task()}
        for task in others - self._busy:
            task.cancel()
        if others:
            _, late = await asyncio.wait(others, timeout=grace_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = _Peer(reader, writer, self._write_s)
        if self._stopping:
            peer.abort()
            return
        self._strangers[peer] = None
        task = asyncio.get_running_loop().create_task(self._serve(peer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if len(self._strangers) > self._max_clients:
            oldest = next(iter(self._strangers))
            del self._strangers[oldest]
            oldest.abort()
            self._note(oldest, "too many peers without a greeting")

    async def _serve(self, peer: _Peer) -> None:
        try:
            if await self._admit(peer):
                self.clients += 1
                try:
                    await peer.send(success(0, {"hello": 1}))
                    await self._converse(peer)
                finally:
                    self.clients -= 1
        except (OSError, TimeoutError) as error:
            _LOG.debug("peer %s is gone: %s", peer.name, error)
        except Exception as error:  # the top of a peer's task: a bug must not end the door
            self._log_bug(f"peer {peer.name} was dropped", error)
        finally:
            self._strangers.pop(peer, None)
            peer.abort()

    async def _admit(self, peer: _Peer) -> bool:
        """Return whether the peer greeted rightly; if not, it has been told why."""
        try:
            frame = await peer.receive(self._hello_s)
            if frame is None:
                return False
            hello = _HELLO.decode(frame)
        except TimeoutError:
            return await self._refuse(peer, DOOR_LATE, f"no greeting within {self._hello_s:g} s")
        except RemoteProtocolError as error:
            return await self._refuse(peer, DOOR_UNREADABLE, error.message)
        except (ValueError, RecursionError):
            return await self._refuse(peer, DOOR_NOT_AUTHENTICATED, "the greeting is not readable")
        if not hmac.compare_digest(hello.token.encode(), self._token):
            return await self._refuse(peer, DOOR_NOT_AUTHENTICATED, "the token is wrong")
        if self.clients >= self._max_clients:
            return await self._refuse(peer, DOOR_FULL, f"{self.clients} clients are connected")
        self._strangers.pop(peer, None)
        peer.trust()
        return True

    async def _converse(self, peer: _Peer) -> None:
        while not self._stopping:
            try:
                frame = await peer.receive(self._idle_s)
                if frame is None:
                    return
                request = _REQUEST.decode(frame)
            except RemoteProtocolError as error:
                await self._refuse(peer, DOOR_UNREADABLE, error.message)
                return
            except (ValueError, RecursionError) as error:
                reason = plain(f"the request is not readable: {error}")
                await self._refuse(peer, DOOR_UNREADABLE, reason)
                return
            await self._carry_out(peer, request)

    async def _carry_out(self, peer: _Peer, request: Request) -> None:
        task = asyncio.current_task()
        assert task is not None  # every peer is served by a task of `_accept`
        self._busy.add(task)
        try:
            self.requests += 1
            await peer.send(await self._answer(request, peer.name))
        finally:
            self._busy.discard(task)

    async def _answer(self, request: Request, peer: str) -> bytes:
        try:
            answer = success(request.id, await self._handler(request.verb, request.args, peer))
        except RfError as error:
            return failure(error, request.id)
        except Exception as error:  # a bug in one verb must not end the link
            self._log_bug(f"verb {request.verb!r} failed", error)
            return failure(RfError("internal error", fix="see the daemon's log"), request.id)
        if len(answer) > MAX_FRAME:
            message = f"the answer has {len(answer)} bytes, the door carries {MAX_FRAME}"
            return failure(NetError(message, code=DOOR_ANSWER_TOO_LARGE), request.id)
        return answer

    def _log_bug(self, what: str, error: Exception) -> None:
        trace = "".join(traceback.format_exception(error))
        _LOG.error("%s\n%s", what, self._redactor.text(trace))

    async def _refuse(self, peer: _Peer, code: str, reason: str) -> bool:
        self._note(peer, reason)
        exit_code = 4 if code == DOOR_NOT_AUTHENTICATED else None
        await peer.send(failure(NetError(reason, code=code, exit_code=exit_code)))
        await peer.linger()
        return False

    def _note(self, peer: _Peer, reason: str) -> None:
        self.refused += 1
        if self._lines.allows(peer.address, monotonic_ns()):
            _LOG.warning("refused %s: %s", peer.name, reason)
        if self._on_refused is not None:
            self._on_refused(peer.name, reason)


class _Peer:
    """One link: whole frames in, at most one frame waiting out."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, write_s: float
    ) -> None:
        name = writer.get_extra_info("peername") or ("unknown", 0)
        self.address = str(name[0])
        self.name = f"{name[0]}:{name[1]}"
        self._reader = reader
        self._writer = writer
        self._write_s = write_s
        self._buffer = FrameBuffer(MAX_GREETING)
        self._ready: deque[bytes] = deque()
        # With no allowance every drain waits until the kernel has all of the answer.
        writer.transport.set_write_buffer_limits(high=0)

    def trust(self) -> None:
        """Accept frames of full size from now on."""
        self._buffer.limit = MAX_FRAME

    async def receive(self, deadline_s: float) -> bytes | None:
        """Return the next payload, None at the end of the stream."""
        async with asyncio.timeout(deadline_s):
            while not self._ready:
                chunk = await self._reader.read(_CHUNK)
                if not chunk:
                    return None
                self._ready.extend(self._buffer.receive_data(chunk))
        return self._ready.popleft()

    async def send(self, payload: bytes) -> None:
        """Return when the kernel took all of `payload`; a peer that does not read times out."""
        self._writer.write(encode_frame(payload))
        async with asyncio.timeout(self._write_s):
            await self._writer.drain()

    async def linger(self) -> None:
        """Read on for a moment: closing with bytes unread would destroy our last words."""
        self._writer.write_eof()
        try:
            async with asyncio.timeout(_LINGER_S):
                while await self._reader.read(_CHUNK):
                    pass
        except TimeoutError:
            return

    def abort(self) -> None:
        """Close at once."""
        self._writer.transport.abort()
