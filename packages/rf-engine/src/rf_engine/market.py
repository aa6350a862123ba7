"""One instrument as the engine sees it: quote, book, features, and what a strategy may read."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from math import inf

from rf_common import money
from rf_common.clock import UnixNanos
from rf_common.enums import FeedState
from rf_common.events import BookDelta, Level, Quote, Trade
from rf_common.ids import StrategyId
from rf_common.instruments import Instrument
from rf_common.intelligence import GateDecided
from rf_common.ports import FeatureView
from rf_engine.book import L2Book
from rf_oms.account import Account

_MAX_WAITING = 4_096


class Market:
    """Present state of one instrument.

    While a book is valid, quotes wait until a book update reaches their update id; then the
    book's best levels must equal the newest of them. `mismatch` tells the first difference.
    """

    __slots__ = (
        "_account",
        "_waiting",
        "book",
        "book_checks",
        "book_mismatches",
        "features",
        "feed_reason",
        "feed_state",
        "instrument",
        "now",
        "quote",
        "quote_ts",
        "trade",
        "verdict",
    )

    def __init__(self, instrument: Instrument, account: Account, features: FeatureView) -> None:
        self.instrument = instrument
        self.features = features
        self.quote: Quote | None = None
        self.quote_ts = UnixNanos(0)
        self.trade: Trade | None = None
        self.verdict: GateDecided | None = None
        self.book = L2Book()
        self.feed_state = FeedState.CONNECTING
        self.feed_reason = "no price yet"
        self.now = UnixNanos(0)
        self.book_checks = 0
        self.book_mismatches = 0
        self._account = account
        self._waiting: deque[Quote] = deque(maxlen=_MAX_WAITING)

    def on_quote(self, quote: Quote, now: UnixNanos) -> None:
        """Take a quote."""
        self.quote = quote
        self.quote_ts = self.now = now
        waiting = self._waiting
        is_late = bool(waiting) and quote.update_id < waiting[-1].update_id  # proves nothing
        if self.book.is_valid and quote.update_id and not is_late:
            waiting.append(quote)

    def on_delta(self, delta: BookDelta, now: UnixNanos) -> str:
        """Apply a book update; return the difference to the quote it reached, or ""."""
        self.now = now
        book = self.book
        if not book.is_valid:
            return ""
        book.apply_delta(delta)
        reached: Quote | None = None
        waiting, last_id = self._waiting, book.last_id
        while waiting and waiting[0].update_id <= last_id:
            reached = waiting.popleft()
        if reached is None:
            return ""
        waiting.appendleft(reached)  # it stays the newest until another one is reached
        return self._compare(reached)

    def _compare(self, quote: Quote) -> str:
        self.book_checks += 1
        bid, ask = self.book.best_bid, self.book.best_ask
        if bid == (quote.bid_px, quote.bid_qty) and ask == (quote.ask_px, quote.ask_qty):
            return ""
        self.book_mismatches += 1
        told = (quote.bid_px, quote.bid_qty, quote.ask_px, quote.ask_qty)
        return f"book {bid} {ask} at {self.book.last_id}, quote {told} at {quote.update_id}"

    def lose_book(self) -> None:
        """Forget the book: updates were lost or cannot be right."""
        self.book.invalidate()
        self._waiting.clear()

    def keep_newest_quote(self) -> None:
        """After a snapshot: only the present quote can be compared with what follows."""
        self._waiting.clear()
        if self.quote is not None and self.quote.update_id:
            self._waiting.append(self.quote)

    def position(self, strategy_id: StrategyId) -> Decimal:
        """Return what a strategy holds of this instrument, signed units."""
        return self._account.held_by(strategy_id, self.instrument.instrument_id)

    def mid(self) -> Decimal | None:
        """Return the exact mid of the newest quote, currency."""
        quote = self.quote
        if quote is None:
            return None
        return (money.of_float(quote.bid_px) + money.of_float(quote.ask_px)) / 2

    def facts(self) -> tuple[object, ...]:
        """Return what the market told, times left out, for a digest: quote, print, book."""
        quote, trade = self.quote, self.trade
        quoted: tuple[object, ...] | None = None
        if quote is not None:
            prices = (quote.bid_px, quote.bid_qty, quote.ask_px, quote.ask_qty)
            quoted = (*prices, quote.update_id)
        printed = (trade.px, trade.qty, trade.aggressor, trade.trade_id) if trade else None
        return quoted, printed, self.book.digest()

    def levels(self, bids: bool) -> Iterator[Level]:
        """Yield levels of one side, best first: the newer of quote and book leads."""
        quote, book = self.quote, self.book
        side = (book.bids() if bids else book.asks()) if book.is_valid else iter(())
        if quote is None or (book.is_valid and book.last_id > quote.update_id > 0):
            yield from side
            return
        best = (quote.bid_px, quote.bid_qty) if bids else (quote.ask_px, quote.ask_qty)
        yield best
        for level in side:
            if level[0] < best[0] if bids else level[0] > best[0]:
                yield level


def is_sound(event: Quote | Trade) -> bool:
    """Return whether prices and sizes are numbers that a market can have; NaN is in no range."""
    if isinstance(event, Trade):
        return 0.0 < event.px < inf and 0.0 <= event.qty < inf
    priced = 0.0 < event.bid_px < inf and 0.0 < event.ask_px < inf
    return priced and 0.0 <= event.bid_qty < inf and 0.0 <= event.ask_qty < inf
