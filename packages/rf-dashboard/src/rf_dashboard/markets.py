"""One instrument as the screen sees it: quote, prints, book, candles, state of its feed."""

from __future__ import annotations

from collections import deque

from rf_common.clock import NANOS_PER_SECOND, UnixNanos
from rf_common.enums import FeedState
from rf_common.events import Bar, FeedGap, Quote, Trade
from rf_common.ids import InstrumentId
from rf_dashboard.candles import BASE_NS, MINUTE_NS, CandleSeries
from rf_dashboard.snapshot import MarketSnapshot
from rf_dashboard.wire import BookView, InstrumentView, SignalsView

DAY_NS = 86_400 * NANOS_PER_SECOND
_AHEAD_NS = 5 * NANOS_PER_SECOND
"""How far a venue's clock may lead the daemon's before its time is not believed, ns."""
_INFINITY = float("inf")


class Market:
    """Present state of one instrument; prices that are no prices are not taken."""

    __slots__ = (
        "book",
        "book_ts",
        "coarse",
        "day_open_px",
        "day_open_ts",
        "feed_reason",
        "feed_state",
        "feed_ts",
        "fine",
        "gaps",
        "instrument",
        "instrument_id",
        "last_gap",
        "max_trades",
        "quote",
        "quote_ts",
        "signals",
        "trade_ts",
        "trades",
    )

    def __init__(self, instrument_id: InstrumentId) -> None:
        self.instrument_id = instrument_id
        self.instrument: InstrumentView | None = None
        self.feed_state = FeedState.CONNECTING
        self.feed_reason = "nothing was told of it yet"
        self.feed_ts = UnixNanos(0)
        self.quote: Quote | None = None
        self.quote_ts = UnixNanos(0)
        self.day_open_px: float | None = None
        self.day_open_ts = UnixNanos(0)
        self.trades: deque[Trade] = deque()
        self.trade_ts = UnixNanos(0)
        self.max_trades = 0
        self.book: BookView | None = None
        self.book_ts = UnixNanos(0)
        self.signals: SignalsView | None = None
        self.last_gap: FeedGap | None = None
        self.gaps = 0
        self.fine = CandleSeries(BASE_NS, 0)
        self.coarse = CandleSeries(MINUTE_NS, 0)

    def on_quote(self, quote: Quote, ts: UnixNanos) -> None:
        """Take a quote that came at `ts`."""
        bid_px, ask_px = quote.bid_px, quote.ask_px
        # NaN fails every comparison, and infinity minus itself is NaN.
        total = bid_px + ask_px + quote.bid_qty + quote.ask_qty
        if not (bid_px > 0.0 and ask_px > 0.0 and total - total == 0.0):
            return
        self.quote = quote
        self.quote_ts = ts
        at = quote.ts_event
        if not 0 < at <= ts + _AHEAD_NS:
            at = ts
        mid = 0.5 * (bid_px + ask_px)
        if at // DAY_NS > self.day_open_ts // DAY_NS or self.day_open_px is None:
            self.day_open_px, self.day_open_ts = mid, at
        self.fine.on_price(at, mid)
        self.coarse.on_price(at, mid)

    def on_trade(self, trade: Trade, ts: UnixNanos) -> None:
        """Take a print; it makes prices of candles only while there is no quote."""
        if not (0.0 < trade.px < _INFINITY and 0.0 <= trade.qty < _INFINITY):
            return
        self.trades.append(trade)
        self.trade_ts = ts
        if len(self.trades) > self.max_trades:
            self.trades.popleft()
        at = trade.ts_event
        if not 0 < at <= ts + _AHEAD_NS:
            at = ts
        for series in (self.fine, self.coarse):
            if self.quote is None:
                series.on_price(at, trade.px)
            series.on_volume(at, trade.px, trade.qty)

    def on_bar(self, bar: Bar, ts: UnixNanos) -> None:
        """Take a closed bar of one minute; others are not needed."""
        total = bar.open_px + bar.high_px + bar.low_px + bar.close_px + bar.volume
        is_sound = bar.low_px > 0.0 and total - total == 0.0
        is_known = 0 < bar.ts_event <= ts + _AHEAD_NS
        if bar.is_closed and bar.interval_ns == MINUTE_NS and is_sound and is_known:
            self.coarse.on_bar(bar)

    def on_book(self, book: BookView, ts: UnixNanos) -> None:
        """Take the book as it is now."""
        self.book, self.book_ts = book, ts

    def on_gap(self, gap: FeedGap) -> None:
        """Forget the book: it is unknown until the next one is told."""
        self.gaps += 1
        self.last_gap = gap
        self.book = None

    def set_feed(self, state: FeedState, reason: str, ts: UnixNanos) -> None:
        """Take the state of the instrument's data."""
        self.feed_state, self.feed_reason, self.feed_ts = state, reason, ts

    def resize(self, max_trades: int, max_candles: int) -> None:
        """Keep at most so many prints, and candles in each series."""
        self.max_trades = max_trades
        while len(self.trades) > max_trades:
            self.trades.popleft()
        self.fine.resize(max_candles)
        self.coarse.resize(max_candles)

    def snapshot(self) -> MarketSnapshot:
        """Return all of it as one value."""
        return MarketSnapshot(
            instrument_id=self.instrument_id,
            instrument=self.instrument,
            feed_state=self.feed_state,
            feed_reason=self.feed_reason,
            feed_ts=self.feed_ts,
            quote=self.quote,
            quote_ts=self.quote_ts,
            day_open_px=self.day_open_px,
            day_open_ts=self.day_open_ts,
            trades=tuple(self.trades),
            trade_ts=self.trade_ts,
            book=self.book,
            book_ts=self.book_ts,
            last_gap=self.last_gap,
            gaps=self.gaps,
            fine=tuple(self.fine.candles),
            coarse=tuple(self.coarse.candles),
            signals=self.signals,
        )

    @classmethod
    def from_snapshot(cls, told: MarketSnapshot) -> Market:
        """Return the market that gave the snapshot; its bounds must be set with `resize`."""
        market = cls(told.instrument_id)
        market.instrument = told.instrument
        market.set_feed(told.feed_state, told.feed_reason, told.feed_ts)
        market.quote, market.quote_ts = told.quote, told.quote_ts
        market.day_open_px, market.day_open_ts = told.day_open_px, told.day_open_ts
        market.trades.extend(told.trades)
        market.trade_ts = told.trade_ts
        market.book, market.book_ts = told.book, told.book_ts
        market.last_gap, market.gaps = told.last_gap, told.gaps
        market.signals = told.signals
        market.fine.candles.extend(told.fine)
        market.coarse.candles.extend(told.coarse)
        return market
