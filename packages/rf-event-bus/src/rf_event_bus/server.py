"""The bus: everything the daemon tells, to whoever may hear it, and the way to ask it.

Loopback TCP. Any thread publishes; numbering, encoding and sending happen in the server's loop.
A client greets with a token and gets the app's state as a snapshot, then every later event of
its topics. Garbage, silence and readers that do not read cost that peer its link and nobody
else anything. Peers that have not greeted yet are held apart: however many there are, the
oldest of them goes, never an authenticated one.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from rf_common.clock import NANOS_PER_SECOND, Clock, monotonic_ns
from rf_common.errors import RfError
from rf_common.secret import Redactor, Secret
from rf_event_bus.admission import Admission
from rf_event_bus.errors import (
    BUS_FULL,
    BUS_IDLE,
    BUS_LATE,
    BUS_LOST,
    BUS_NOT_AUTHENTICATED,
    BUS_SLOW,
    BUS_STOPPING,
    BUS_UNREADABLE,
    PostcardError,
)
from rf_event_bus.fanout import Fanout, Sink
from rf_event_bus.inbox import Batch, Inbox
from rf_event_bus.limits import BusLimits
from rf_event_bus.messages import (
    VERB_ROLES,
    VERSION,
    Ask,
    Heartbeat,
    Hello,
    Ping,
    Role,
    Snapshot,
    Turned,
    Welcome,
)
from rf_event_bus.peer import Peer
from rf_event_bus.questions import Handler, Questions
from rf_event_bus.wire import Frame, Wire
from rf_net.endpoints import checked_loopback
from rf_net.errors import NetError
from rf_net.frames import encode_frame
from rf_net.ratelimit import LineGate
from rf_net.text import plain

_LOG = logging.getLogger(__name__)
_AGAIN = "connect again: you get the present state"


class BusServer:
    """Tells readers what happens and passes their questions to a handler.

    Parameters
    ----------
    wire : Wire
        Events and snapshot of the app.
    tokens : mapping of Role to Secret
        What a client must present for a role; one token is good for lesser roles too.
    handler : callable
        Carries out one verb, in the server's loop. Its `RfError` is the client's answer; any
        other exception is logged and answered with "internal error".
    snapshot : callable
        Returns the state that a new reader begins with; called in the server's loop.
    clock : Clock
        Stamps what is told; used in the server's loop only.
    session, mode : str
        Told in the welcome.
    verbs : mapping of str to Role
        Least role for each verb; a verb that is not named needs `Role.ADMIN`.
    on_event : callable, optional
        Hears ``(number, topic, event)`` in the loop, in order, as each event gets its number. A
        snapshot made of what it heard holds exactly the events up to its number; one that the
        engine's thread changes may hold a few more, which the reader then hears again.
    on_refused : callable, optional
        Hears ``(peer, reason)`` of every refusal, for the audit.
    redactor : Redactor, optional
        Masks secrets in what is logged; by default it knows the tokens.
    limits : BusLimits, optional
        What a client may cost.

    Raises
    ------
    ConfigError
        If there is no token, or an empty one.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        tokens: Mapping[Role, Secret],
        handler: Handler,
        snapshot: Callable[[], object],
        clock: Clock,
        session: str = "",
        mode: str = "",
        verbs: Mapping[str, Role] = VERB_ROLES,
        on_event: Callable[[int, str, Any], None] | None = None,
        on_refused: Callable[[str, str], None] | None = None,
        redactor: Redactor | None = None,
        limits: BusLimits | None = None,
    ) -> None:
        self.refused = 0
        self.turned = 0
        """Readers that were disconnected because they were too slow."""
        self.untold = 0
        """Events that could not be encoded."""
        self._wire = wire
        self._admission = Admission(tokens, wire.schema)
        self._snapshot = snapshot
        self._clock = clock
        self._session, self._mode = session, mode
        self._on_event = on_event
        self._on_refused = on_refused
        self._redactor = redactor or Redactor(tokens.values())
        self._limits = limits = limits or BusLimits()
        self._inbox = Inbox(market_limit=limits.market_events, other_limit=limits.other_events)
        self._fanout = Fanout(
            wire,
            chunk_bytes=limits.pause_bytes,
            too_slow=self._too_slow,
            unencodable=self._cannot_tell,
        )
        self._questions = Questions(
            handler,
            verbs=verbs,
            limit=limits.asks,
            send=self._send,
            refused=self._note,
            failed=self._log_bug,
        )
        self._lines = LineGate()
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._beating: asyncio.TimerHandle | None = None
        self._peers: dict[Peer, None] = {}
        self._strangers: dict[Peer, None] = {}
        self._is_stopping = False
        self._alone = asyncio.Event()

    # --- life -----------------------------------------------------------------------------------

    def add_sink(self, sink: Sink) -> None:
        """Tell `sink` everything too, such as a Redis Stream; call it before `start`."""
        self._fanout.sinks.append(sink)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen and return the bound port; what was published before is told now.

        Loopback only, because nothing is encrypted. Port 0 takes a free one.

        Raises
        ------
        ConfigError
            If `host` is not loopback or `port` is none.
        NetError
            If the port is taken or may not be used.
        """
        host, port = checked_loopback(host, port)
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(partial(Peer, self, self._limits), host, port)
        except OSError as error:
            raise NetError(
                f"event bus cannot listen on {host}:{port}: {error.strerror}",
                fix="stop the other daemon or choose another port",
            ) from error
        self._thread = threading.get_ident()
        self._loop = loop
        self._beating = loop.call_later(self._limits.heartbeat_s, self._beat)
        loop.call_soon(self._drain)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self, grace_s: float = 1.0) -> None:
        """Tell what was published, answer what is at work within `grace_s` seconds, and close.

        May be called from within the handler; that verb is still answered.
        """
        self._is_stopping = True
        if self._server is not None:
            self._server.close()
        if self._beating is not None:
            self._beating.cancel()
        self._drain()
        self._inbox.close()
        self._loop = None
        await self._questions.finish(grace_s)
        mine = asyncio.current_task()
        for peer in (*self._strangers, *self._peers):
            if mine is not None and mine in peer.asks:
                mine.add_done_callback(partial(self._goodbye, peer))
            else:
                self._goodbye(peer)
        if mine not in self._questions.at_work:
            await self._until_alone(grace_s)

    def _goodbye(self, peer: Peer, _: object = None) -> None:
        self._turn(peer, Turned(BUS_STOPPING, "the daemon is stopping", ""))

    async def _until_alone(self, grace_s: float) -> None:
        """Wait until every link is closed; cut off those that are not in time."""
        everybody = (*self._strangers, *self._peers)
        if not everybody:
            return
        self._alone.clear()
        try:
            async with asyncio.timeout(grace_s):
                await self._alone.wait()
        except TimeoutError:
            for peer in everybody:
                peer.abort()
            await self._alone.wait()

    # --- telling --------------------------------------------------------------------------------

    @property
    def clients(self) -> int:
        """How many clients are connected."""
        return len(self._peers)

    @property
    def asked(self) -> int:
        """How many questions were carried out."""
        return self._questions.asked

    @property
    def head(self) -> int:
        """Number of the newest event."""
        return self._fanout.head

    @property
    def dropped(self) -> int:
        """Events that were lost because the loop did not come for them."""
        return self._inbox.dropped

    @property
    def lost(self) -> int:
        """Market events that slow readers did not get, summed over the readers."""
        return self._fanout.lost

    @property
    def waiting_bytes(self) -> int:
        """How much waits for all clients together."""
        return sum(peer.waiting_bytes for peer in self._peers)

    def publish(self, topic: str, event: Any) -> None:
        """Tell one event; may be called from any thread and never waits."""
        self.publish_many(topic, (event,))

    def publish_many(self, topic: str, events: Sequence[Any]) -> None:
        """Tell several events of one topic; they are not to be changed afterwards."""
        if self._inbox.put(topic, events) and (loop := self._loop) is not None:
            if threading.get_ident() == self._thread:
                loop.call_soon(self._drain)
            else:
                loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        batches, is_overrun = self._inbox.take()
        for batch in batches if self._on_event is not None else ():
            self._apply(batch)
        try:
            self._fanout.tell(batches, self._clock.now())
        except Exception as error:  # a bug, or one in a sink; nobody knows who heard what
            self._log_bug("telling failed", error)
            self._fanout.abandon(batches)
            is_overrun = True
        if is_overrun:
            self._begin_again()

    def _apply(self, batch: Batch) -> None:
        assert self._on_event is not None  # asked by `_drain`
        for number, event in enumerate(batch.events, batch.first):
            try:
                self._on_event(number, batch.topic, event)
            except Exception as error:  # a bug in the app's state must not end the bus
                if self._lines.allows("on_event", monotonic_ns()):
                    self._log_bug(f"on_event failed at {type(event).__name__}", error)

    def _begin_again(self) -> None:
        """Turn out all readers: events were lost, and nobody may go on as if not."""
        _LOG.critical("the bus lost events that must not be lost; all readers begin again")
        for peer in tuple(self._fanout.readers):
            self._turn(peer, Turned(BUS_LOST, "events were lost", _AGAIN))

    def _too_slow(self, peer: Peer) -> None:
        self.turned += 1
        text = f"too much waited for {self._limits.slow_s:g} s or {self._limits.buffer_bytes} bytes"
        self._note(peer, f"too slow, {peer.waiting_bytes} bytes wait")
        self._turn(peer, Turned(BUS_SLOW, text, _AGAIN))

    def _cannot_tell(self, event: object, error: RfError) -> None:
        self.untold += 1
        if self._lines.allows("untold", monotonic_ns()):
            _LOG.error("%s cannot be told: %s", type(event).__name__, error.message)

    def _beat(self) -> None:
        assert self._loop is not None  # cancelled by `stop`
        self._beating = self._loop.call_later(self._limits.heartbeat_s, self._beat)
        beat = self._frame(Heartbeat(self.head, self._clock.now()))
        now = monotonic_ns()
        for peer in tuple(self._peers):
            if now - peer.heard_ns > self._limits.idle_s * NANOS_PER_SECOND:
                text = f"nothing heard for {self._limits.idle_s:g} s"
                self._turn(peer, Turned(BUS_IDLE, text, _AGAIN))
            elif not peer.paused_ns:
                peer.write(beat)
            elif peer.is_owed and now - peer.paused_ns > self._limits.slow_s * NANOS_PER_SECOND:
                self._too_slow(peer)

    # --- what peers do --------------------------------------------------------------------------

    def connected(self, peer: Peer) -> None:
        """Wait for the greeting of a new link."""
        self._strangers[peer] = None
        if self._is_stopping:
            peer.abort()
            return
        loop = asyncio.get_running_loop()
        loop.call_later(self._limits.hello_s, self._late, peer)
        if len(self._strangers) > self._limits.max_clients:
            oldest = next(iter(self._strangers))
            self._note(oldest, "too many peers without a greeting")
            oldest.abort()
            del self._strangers[oldest]

    def gone(self, peer: Peer) -> None:
        """Forget a link; what it asked for is still carried out."""
        self._strangers.pop(peer, None)
        self._peers.pop(peer, None)
        self._fanout.readers.pop(peer, None)
        if not self._strangers and not self._peers:
            self._alone.set()

    def resumed(self, peer: Peer) -> None:
        """Tell a reader that takes data again what it missed."""
        if peer in self._fanout.readers:
            self._fanout.catch_up(peer, self._clock.now())

    def unreadable(self, peer: Peer, reason: str) -> None:
        """Hang up on a peer that sends garbage."""
        self._refuse(peer, Turned(BUS_UNREADABLE, reason, ""))

    def heard(self, peer: Peer, payloads: list[bytes]) -> None:
        """Take the frames of one piece of data; of several pings one is answered."""
        has_pinged = False
        for payload in payloads:
            if peer.is_turned:
                return
            if peer.limiter.take(monotonic_ns()):
                self.unreadable(peer, f"more than {self._limits.frames_per_s:g} frames a second")
                return
            try:
                frame = self._wire.decode_client(payload)
            except PostcardError as error:
                self.unreadable(peer, plain(error.message))
                return
            if peer.role is None:
                self._greeted(peer, frame)
            elif isinstance(frame, Ask):
                self._questions.take(peer, frame, peer.role)
            elif isinstance(frame, Ping):
                has_pinged = True
            else:
                self.unreadable(peer, "expected a question, was a second greeting")
        if has_pinged:
            self._send(peer, Heartbeat(self.head, self._clock.now()))

    # --- coming in ------------------------------------------------------------------------------

    def _late(self, peer: Peer) -> None:
        if peer in self._strangers and not peer.is_turned:
            text = f"no greeting within {self._limits.hello_s:g} s"
            self._refuse(peer, Turned(BUS_LATE, text, ""))

    def _greeted(self, peer: Peer, hello: Hello | Ask | Ping) -> None:
        if not isinstance(hello, Hello):
            text = "the greeting is not readable"
            self._refuse(peer, Turned(BUS_NOT_AUTHENTICATED, text, ""))
            return
        if refusal := self._admission.judge(hello):
            self._refuse(peer, refusal)
            return
        if self.clients >= self._limits.max_clients:
            self._refuse(peer, Turned(BUS_FULL, f"{self.clients} clients are connected", ""))
            return
        self._drain()  # the snapshot is good for all that was published until now
        try:
            first = self._snapshot_frame() if hello.topics else b""
        except Exception as error:  # a bug in the app's snapshot must not end the bus
            self._log_bug("the snapshot failed", error)
            self._turn(peer, Turned("RF-X-000", "internal error", "see the daemon's log"))
            return
        self._strangers.pop(peer, None)
        self._peers[peer] = None
        peer.admit(hello.role, frozenset(hello.topics), plain(hello.client, 80))
        welcome = Welcome(
            VERSION,
            self._wire.schema,
            self._session,
            self._mode,
            hello.role,
            self._clock.now(),
            self.head,
        )
        peer.write(self._frame(welcome) + first)
        if hello.topics:
            self._fanout.readers[peer] = None

    def _snapshot_frame(self) -> bytes:
        state = self._wire.encode_snapshot(self._snapshot())
        return self._frame(Snapshot(self.head, state))

    # --- furniture ------------------------------------------------------------------------------

    def _frame(self, frame: Frame) -> bytes:
        return encode_frame(self._wire.encode_server(frame))

    def _send(self, peer: Peer, frame: Frame) -> None:
        if not peer.write(self._frame(frame)):
            self._too_slow(peer)

    def _turn(self, peer: Peer, why: Turned) -> None:
        self._fanout.readers.pop(peer, None)
        peer.turn(self._frame(why))

    def _refuse(self, peer: Peer, why: Turned) -> None:
        self._note(peer, why.text)
        self._turn(peer, why)

    def _note(self, peer: Peer, reason: str) -> None:
        self.refused += 1
        who = f"{peer.name} {peer.client}".rstrip()
        if self._lines.allows(peer.name.rpartition(":")[0], monotonic_ns()):
            _LOG.warning("refused %s: %s", who, self._redactor.text(reason))
        if self._on_refused is not None:
            self._on_refused(who, reason)

    def _log_bug(self, what: str, error: Exception) -> None:
        trace = "".join(traceback.format_exception(error))
        _LOG.error("%s\n%s", what, self._redactor.text(trace))
