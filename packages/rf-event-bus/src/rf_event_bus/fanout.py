"""From numbered events to frames, and from frames to readers, each at its own pace.

An event is encoded once, however many readers it has; neighbouring quotes and trades become one
`Ticks` frame. All frames of one turn of the loop go to a reader in one write. A reader that is
behind gets no market data until it takes data again; then it is told the numbers it missed and
gets the newest of each instrument. What is kept for that is shared by all who are behind, so
that a reader that never reads costs no more than its own buffer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from rf_common.clock import UnixNanos
from rf_common.errors import RfError
from rf_common.events import Quote, Trade
from rf_event_bus.inbox import Batch
from rf_event_bus.messages import MARKET, Event, Lost, Ticks
from rf_event_bus.peer import Peer
from rf_event_bus.ticks import pack_ticks
from rf_event_bus.wire import Frame, Wire
from rf_net.frames import encode_frame

TICKS_FROM = 16
"""So many neighbouring quotes and trades are cheaper packed than one by one."""

MAX_TICKS = 8_192
"""Ticks of one frame, which then stays below 1 MiB."""

_TICK_KINDS = frozenset({Quote, Trade})


class Sink(Protocol):
    """Takes what every reader of all topics would get; it must return at once."""

    def offer(self, first: int, last: int, topic: str, payload: bytes) -> None:
        """Take one frame's payload, which tells the events `first` to `last`."""


class _Told(NamedTuple):
    first: int
    topic: str
    frame: bytes
    events: Sequence[Any]
    """What is told; of the market topic only, for those who are behind."""


class Fanout:
    """Encodes what is told and hands it to readers and sinks.

    Parameters
    ----------
    wire : Wire
        The codecs.
    chunk_bytes : int
        After how many bytes frames are handed over within one turn of the loop.
    too_slow : callable
        Hears of a reader for whom too much waits.
    unencodable : callable
        Hears of an event that cannot be told, and why.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        chunk_bytes: int,
        too_slow: Callable[[Peer], None],
        unencodable: Callable[[object, RfError], None],
    ) -> None:
        self.readers: dict[Peer, None] = {}
        self.sinks: list[Sink] = []
        self.head = 0
        self.lost = 0
        self._wire = wire
        self._chunk_bytes = chunk_bytes
        self._too_slow = too_slow
        self._unencodable = unencodable
        self._frames: list[_Told] = []
        self._bytes = 0
        self._newest: dict[tuple[type[Any], str], tuple[int, Any]] = {}

    # --- encoding -----------------------------------------------------------------------------

    def tell(self, batches: Iterable[Batch], ts: UnixNanos) -> None:
        """Encode what the inbox held and hand it over."""
        run: list[Quote | Trade] = []
        for batch in batches:
            if batch.first != self.head + 1:
                self._close_run(run, ts)
                self._skip(batch.first - 1)
            if not self._is_wanted(batch.topic):
                self._close_run(run, ts)
                self.head += len(batch.events)
            elif batch.topic == MARKET and _TICK_KINDS.issuperset(map(type, batch.events)):
                run.extend(batch.events)
                self.head += len(batch.events)
            else:
                self._close_run(run, ts)
                for event in batch.events:
                    self.head += 1
                    self._event(self.head, ts, batch.topic, event)
        self._close_run(run, ts)
        self.flush()

    def abandon(self, batches: Sequence[Batch]) -> None:
        """Forget events that could not be told to anybody; their numbers are used up."""
        self._frames, self._bytes = [], 0
        self.head = max([self.head, *(b.first + len(b.events) - 1 for b in batches)])

    def _is_wanted(self, topic: str) -> bool:
        return bool(self.sinks) or any(topic in reader.topics for reader in self.readers)

    def _skip(self, last: int) -> None:
        """Tell that the events up to `last` were lost on the way here."""
        first, self.head = self.head + 1, last
        self._add(first, MARKET, (), Lost(first, last, MARKET), last)

    def _close_run(self, run: list[Quote | Trade], ts: UnixNanos) -> None:
        first = self.head - len(run) + 1
        if len(run) < TICKS_FROM:
            for number, tick in enumerate(run, first):
                self._event(number, ts, MARKET, tick)
        else:
            for at in range(0, len(run), MAX_TICKS):
                self._ticks(first + at, ts, run[at : at + MAX_TICKS])
        run.clear()

    def _ticks(self, first: int, ts: UnixNanos, ticks: Sequence[Quote | Trade]) -> None:
        try:
            frame = Ticks(first, ts, pack_ticks(ticks))
        except RfError:  # one of them cannot be told; the others can
            for number, tick in enumerate(ticks, first):
                self._event(number, ts, MARKET, tick)
            return
        self._add(first, MARKET, ticks, frame, first + len(ticks) - 1)

    def _event(self, seq: int, ts: UnixNanos, topic: str, event: Any) -> None:
        try:
            self._add(seq, topic, (event,), Event(seq, ts, topic, event), seq)
        except RfError as error:
            self._unencodable(event, error)
            self._add(seq, topic, (), Lost(seq, seq, topic), seq)

    def _add(self, first: int, topic: str, events: Sequence[Any], frame: Frame, last: int) -> None:
        payload = self._wire.encode_server(frame)
        self._frames.append(_Told(first, topic, encode_frame(payload), events))
        for sink in self.sinks:
            sink.offer(first, last, topic, payload)
        self._bytes += len(payload)
        if self._bytes >= self._chunk_bytes:
            self.flush()

    # --- handing over -------------------------------------------------------------------------

    def flush(self) -> None:
        """Hand over the frames that were added."""
        frames, self._frames, self._bytes = self._frames, [], 0
        if not frames:
            return
        market = [told for told in frames if told.topic == MARKET]
        behind = [reader for reader in self.readers if reader.paused_ns and MARKET in reader.topics]
        if market and behind:
            self._remember(market)
            for reader in behind:
                reader.missed = reader.missed or market[0].first
        elif not behind:
            self._newest.clear()
        chunks: dict[frozenset[str], bytes] = {}
        for reader in tuple(self.readers):
            topics = reader.topics - {MARKET} if reader.paused_ns else reader.topics
            if topics not in chunks:
                chunks[topics] = b"".join(told.frame for told in frames if told.topic in topics)
            if chunks[topics] and not reader.write(chunks[topics]):
                self._too_slow(reader)

    def _remember(self, market: Iterable[_Told]) -> None:
        for told in market:
            for seq, event in enumerate(told.events, told.first):
                if type(event) in self._wire.latest:
                    self._newest[type(event), event.instrument_id] = seq, event

    def catch_up(self, reader: Peer, ts: UnixNanos) -> None:
        """Tell a reader that takes data again what it missed."""
        first, reader.missed = reader.missed, 0
        if not first:
            return
        newest = sorted((seq, event) for seq, event in self._newest.values() if seq >= first)
        self.lost += self.head - first + 1 - len(newest)
        frames: list[Frame] = [Lost(first, self.head, MARKET)]
        frames += [Event(seq, ts, MARKET, event) for seq, event in newest]
        encoded = [encode_frame(self._wire.encode_server(frame)) for frame in frames]
        if not reader.write(b"".join(encoded)):
            self._too_slow(reader)
