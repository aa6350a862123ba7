"""From the bytes of Binance spot to our events; pure, and the hot path of the feed.

A frame of a known stream is decoded straight into its wire struct: the name in front picks the
decoder. Whatever is unexpected about it (an unknown name, other spacing, a bare ``/ws`` payload,
an answer, an array, a value out of range) takes the slow path, which looks at every element on
its own, counts what it drops, and never raises.

A depth difference with an unreadable level is not applied in part: a book that lacks one level
is a wrong book. The book is lost instead, a `FeedGap` says so, and a new snapshot is wanted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from rf_common.clock import NANOS_PER_MICRO, NANOS_PER_MILLI, UnixNanos
from rf_common.enums import Side
from rf_common.events import Bar, BookDelta, Payload, Quote, Trade
from rf_common.ids import InstrumentId
from rf_common.instruments import Instrument
from rf_ingestion.binance.book_sync import BookSync, SyncState
from rf_ingestion.binance.messages import kind_of, text_of, to_answer, to_snapshot
from rf_ingestion.binance.wire import (
    AggregatePrint,
    Answer,
    BookTicker,
    Combined,
    Depth,
    DepthUpdate,
    Kline,
    Print,
)
from rf_ingestion.config import BinanceConfig

SOURCE = "binance"
Events = Sequence[Payload]

_NOTHING: Events = ()
_SYNCED, _WAITING = SyncState.SYNCED, SyncState.WAITING  # an enum's attribute is slow to reach
_NAME_AT = len('{"stream":"')
_NAME_END = 96
_MAX_NANOS = 2**64 - 1
_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)
_DEPTH = msgspec.json.Decoder(Depth, strict=False)


class FeedCounters(msgspec.Struct):
    """What went through a feed, and what did not."""

    frames: int = 0
    """Frames and snapshots received."""
    events: int = 0
    """Events returned."""
    malformed: int = 0
    """Bytes and elements that are no message at all."""
    unknown: int = 0
    """Messages of a kind that we do not read."""
    answers: int = 0
    """Requests of ours that were confirmed."""
    errors: int = 0
    """Refusals, in the stream or instead of a snapshot."""
    dropped: dict[str, int] = {}
    """Messages of a known kind that were not passed on, by reason."""


class _Market:
    """What is remembered of one instrument."""

    __slots__ = ("bar_opens", "instrument_id", "partial_id", "quote_id", "symbol", "sync")

    def __init__(self, instrument: Instrument, max_waiting: int) -> None:
        self.instrument_id = instrument.instrument_id
        self.symbol = instrument.symbol
        self.sync = BookSync(instrument.instrument_id, SOURCE, max_waiting)
        self.quote_id = 0
        self.partial_id = 0
        self.bar_opens: dict[str, int] = {}


Apply = Callable[[_Market, Any, UnixNanos], Events]


class _Route(NamedTuple):
    decode: Callable[[bytes], Any]
    apply: Apply
    market: _Market


class BinanceFeed:
    """Frames in, events out, for a fixed set of instruments.

    Parameters
    ----------
    instruments : iterable of Instrument
        What is followed; messages of other symbols are counted and dropped.
    config : BinanceConfig
        Bounds the depth updates kept while a snapshot is on the way.
    time_unit : {"ms", "us"}
        What the connection asked for; stamps are scaled by it, never guessed.
    depth : {"diff", "partial"}
        Whether books are built from differences and snapshots, or whether the small whole
        books of ``@depth5`` are taken as they are.

    Examples
    --------
    >>> from rf_ingestion.binance.instruments import default_instrument
    >>> feed = BinanceFeed([default_instrument("BTCUSDT")], BinanceConfig())
    >>> frame = (b'{"stream":"btcusdt@bookTicker","data":{"u":7,"s":"BTCUSDT",'
    ...          b'"b":"61837.63","B":"3.5","a":"61837.64","A":"1.5"}}')
    >>> [quote] = feed.on_frame(frame, UnixNanos(1))
    >>> quote.bid_px, quote.ask_px
    (61837.63, 61837.64)
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        config: BinanceConfig,
        *,
        time_unit: Literal["ms", "us"] = "ms",
        depth: Literal["diff", "partial"] = "diff",
    ) -> None:
        self.counters = FeedCounters()
        self.answers: deque[Answer] = deque(maxlen=64)
        """Newest answers to our requests, for the shell to take."""
        self.is_closing = False
        """True from the venue's notice of a shutdown to the next disconnect."""
        self._scale = NANOS_PER_MILLI if time_unit == "ms" else NANOS_PER_MICRO
        self._last_stamp = _MAX_NANOS // self._scale
        self._partial = depth == "partial"
        self._markets = {item.symbol: _Market(item, config.max_waiting) for item in instruments}
        self._by_id = {market.instrument_id: market for market in self._markets.values()}
        self._wanting: dict[InstrumentId, None] = {}
        self._kinds: dict[str, tuple[type, Apply]] = {
            "bookTicker": (BookTicker, self._on_ticker),
            "trade": (Print, self._on_trade),
            "aggTrade": (AggregatePrint, self._on_trade),
            "kline": (Kline, self._on_kline),
            "depthUpdate": (DepthUpdate, self._on_depth),
            "partialDepth": (Depth, self._on_partial),
        }
        self._routes = self._make_routes()

    def on_frame(self, raw: bytes, now: UnixNanos) -> Events:
        """Return the events of one frame; anything at all may be in it.

        Parameters
        ----------
        raw : bytes
            A frame of the combined stream, or the bare payload of a ``/ws`` stream.
        now : UnixNanos
            Time of receipt, for messages that carry no time.
        """
        counters = self.counters
        counters.frames += 1
        route = self._routes.get(raw[_NAME_AT : raw.find(b'"', _NAME_AT, _NAME_END)])
        if route is None:
            return self._on_anything(raw, now)
        decode, apply, market = route
        try:
            wire = decode(raw).data
        except _UNREADABLE:
            return self._on_anything(raw, now)
        events = apply(market, wire, now)
        counters.events += len(events)
        return events

    def on_snapshot(self, instrument_id: InstrumentId, raw: bytes, now: UnixNanos) -> Events:
        """Return the book that a REST depth snapshot begins, or nothing if it is of no use.

        One that is unreadable, an error or too old leaves the instrument wanting another.
        """
        self.counters.frames += 1
        market = self._by_id[instrument_id]
        events = _NOTHING
        try:
            snapshot = to_snapshot(instrument_id, now, _DEPTH.decode(raw))
        except (*_UNREADABLE, ValueError):
            self._refused_snapshot(raw)
            market.sync.failed()
        else:
            events = market.sync.on_snapshot(snapshot)
        if market.sync.state is _WAITING:
            self._wanting[instrument_id] = None
        self.counters.events += len(events)
        return events

    def snapshot_failed(self, instrument_id: InstrumentId) -> None:
        """Hand the instrument out again: its snapshot will not come."""
        self._by_id[instrument_id].sync.failed()
        if self._by_id[instrument_id].sync.state is _WAITING:
            self._wanting[instrument_id] = None

    def wants_snapshot(self) -> tuple[InstrumentId, ...]:
        """Return the instruments that need a REST depth snapshot, each once until answered."""
        if not self._wanting:
            return ()
        found = [key for key in self._wanting if self.state_of(key) is _WAITING]
        self._wanting.clear()
        for instrument_id in found:
            self._by_id[instrument_id].sync.asked()
        return tuple(found)

    def state_of(self, instrument_id: InstrumentId) -> SyncState:
        """Return how far the book of this instrument is."""
        return self._by_id[instrument_id].sync.state

    def disconnected(self, now: UnixNanos, reason: str) -> Events:
        """Return a gap for every book that was known; all of them begin anew."""
        self.is_closing = False
        self.answers.clear()
        self._wanting.clear()
        gaps: list[Payload] = []
        for market in self._markets.values():
            market.quote_id = market.partial_id = 0
            gaps += market.sync.lose(now, reason)
        self.counters.events += len(gaps)
        return gaps

    def resync(self, instrument_id: InstrumentId, now: UnixNanos, reason: str) -> Events:
        """Throw a known book away so that it is fetched again; otherwise it is under way."""
        sync = self._by_id[instrument_id].sync
        gaps = sync.lose(now, reason) if sync.state is _SYNCED else _NOTHING
        self.counters.events += len(gaps)
        return gaps

    # --- one message of a known kind ----------------------------------------------------------

    def _on_ticker(self, market: _Market, ticker: BookTicker, now: UnixNanos) -> Events:
        if ticker.symbol != market.symbol:
            return self._drop("symbol is not the stream's")
        if ticker.update_id < market.quote_id:
            return self._drop("bookTicker: older than the last")
        if ticker.bid_px > ticker.ask_px:
            return self._drop("bookTicker: crossed")
        market.quote_id = ticker.update_id
        quote = Quote(
            market.instrument_id,
            now,
            ticker.bid_px,
            ticker.bid_qty,
            ticker.ask_px,
            ticker.ask_qty,
            ticker.update_id,
        )
        return (quote,)

    def _on_trade(self, market: _Market, trade: Print, now: UnixNanos) -> Events:
        if trade.symbol != market.symbol:
            return self._drop("symbol is not the stream's")
        if trade.traded_at > self._last_stamp:
            return self._drop("trade: time out of range")
        ts = UnixNanos(trade.traded_at * self._scale)
        maker = trade.buyer_is_maker
        side = None if maker is None else Side.SELL if maker else Side.BUY
        return (Trade(market.instrument_id, ts, trade.px, trade.qty, side, trade.trade_id),)

    def _on_kline(self, market: _Market, kline: Kline, now: UnixNanos) -> Events:
        candle = kline.candle
        if kline.symbol != market.symbol:
            return self._drop("symbol is not the stream's")
        if not candle.is_closed:
            return _NOTHING
        if candle.low_px > candle.high_px:
            return self._drop("kline: low above high")
        if not candle.opened_at <= candle.closes_at < self._last_stamp:
            return self._drop("kline: time out of range")
        if candle.opened_at <= market.bar_opens.get(candle.interval, 0):
            return self._drop("kline: closed before")
        market.bar_opens[candle.interval] = candle.opened_at
        bar = Bar(
            market.instrument_id,
            UnixNanos(candle.opened_at * self._scale),
            (candle.closes_at + 1 - candle.opened_at) * self._scale,
            candle.open_px,
            candle.high_px,
            candle.low_px,
            candle.close_px,
            candle.volume,
        )
        return (bar,)

    def _on_depth(self, market: _Market, update: DepthUpdate, now: UnixNanos) -> Events:
        if update.symbol != market.symbol:
            return self._drop("symbol is not the stream's")
        if self._partial:
            return self._drop("depthUpdate: partial books are followed")
        if update.first_id > update.last_id or update.sent_at > self._last_stamp:
            return self._lose_book(market, now)
        delta = BookDelta(
            market.instrument_id,
            UnixNanos(update.sent_at * self._scale),
            update.first_id,
            update.last_id,
            update.bids,
            update.asks,
        )
        events = market.sync.on_delta(delta)
        if market.sync.state is _WAITING:
            self._wanting[market.instrument_id] = None
        return events

    def _on_partial(self, market: _Market, depth: Depth, now: UnixNanos) -> Events:
        if not self._partial:
            return self._drop("partial book: differences are followed")
        if depth.last_update_id < market.partial_id:
            return self._drop("partial book: older than the last")
        try:
            snapshot = to_snapshot(market.instrument_id, now, depth)
        except ValueError:
            return self._drop("partial book: a price stands twice")
        market.partial_id = snapshot.last_id
        return (snapshot,)

    # --- anything else ------------------------------------------------------------------------

    def _on_anything(self, raw: bytes, now: UnixNanos) -> Events:
        try:
            tree = msgspec.json.decode(raw)
        except _UNREADABLE:
            return self._malformed()
        events: list[Payload] = []
        for item in tree if isinstance(tree, list) and tree else (tree,):
            events += self._on_item(item, now)
        self.counters.events += len(events)
        return events

    def _on_item(self, item: object, now: UnixNanos) -> Events:
        if not isinstance(item, dict) or not item:
            return self._malformed()
        if "stream" in item and "data" in item:
            name, content = item["stream"], item["data"]
            if not isinstance(name, str):
                return self._malformed()
            rows = content if isinstance(content, list) and content else (content,)
            return [event for row in rows for event in self._on_row(row, name, now)]
        if "result" in item or "error" in item or ("code" in item and "msg" in item):
            return self._on_answer(item)
        return self._on_row(item, "", now)

    def _on_answer(self, item: dict[str, Any]) -> Events:
        try:
            answer = to_answer(item)
        except msgspec.ValidationError:
            return self._malformed()
        if answer.is_error:
            self.counters.errors += 1
        else:
            self.counters.answers += 1
        self.answers.append(answer)
        return _NOTHING

    def _on_row(self, row: object, stream: str, now: UnixNanos) -> Events:
        if not isinstance(row, dict):
            return self._malformed()
        kind = kind_of(row, stream)
        if kind == "serverShutdown":
            self.is_closing = True
            return _NOTHING
        if kind not in self._kinds:
            self.counters.unknown += 1
            return _NOTHING
        market = self._markets.get(stream.partition("@")[0].upper() or text_of(row, "s"))
        if market is None:
            return self._drop("symbol is not followed")
        struct, apply = self._kinds[kind]
        try:
            wire: Any = msgspec.convert(row, struct, strict=False)
        except _UNREADABLE:
            return self._unreadable(market, kind, now)
        return apply(market, wire, now)

    def _unreadable(self, market: _Market, kind: str, now: UnixNanos) -> Events:
        if kind == "depthUpdate" and not self._partial:
            return self._lose_book(market, now)
        return self._drop(f"{kind}: unreadable")

    def _lose_book(self, market: _Market, now: UnixNanos) -> Events:
        # While no book is known, the hole in the numbers will be seen at the next difference.
        self._drop("depthUpdate: unreadable")
        if market.sync.state is not _SYNCED:
            return _NOTHING
        return market.sync.lose(now, "an update could not be read")

    def _refused_snapshot(self, raw: bytes) -> None:
        try:
            to_answer(msgspec.json.decode(raw))
        except _UNREADABLE:
            self._drop("snapshot: unreadable")
        else:
            self.counters.errors += 1
            self._drop("snapshot: refused")

    def _malformed(self) -> Events:
        self.counters.malformed += 1
        return _NOTHING

    def _drop(self, reason: str) -> Events:
        dropped = self.counters.dropped
        dropped[reason] = dropped.get(reason, 0) + 1
        return _NOTHING

    def _make_routes(self) -> dict[bytes, _Route]:
        """Return the streams with a decoder of their own; the slow path reads all others."""
        decoders = {
            kind: msgspec.json.Decoder(Combined[struct], strict=False).decode  # type: ignore[valid-type]  # a generic of a run-time type
            for kind, (struct, _) in self._kinds.items()
        }
        suffixes = {
            "@bookTicker": "bookTicker",
            "@trade": "trade",
            "@aggTrade": "aggTrade",
            "@kline_1m": "kline",
            "@depth": "depthUpdate",
            "@depth@100ms": "depthUpdate",
        }
        for levels in (5, 10, 20):
            suffixes |= {f"@depth{levels}{pace}": "partialDepth" for pace in ("", "@100ms")}
        return {
            (symbol.lower() + suffix).encode(): _Route(decoders[kind], self._kinds[kind][1], market)
            for symbol, market in self._markets.items()
            for suffix, kind in suffixes.items()
        }
