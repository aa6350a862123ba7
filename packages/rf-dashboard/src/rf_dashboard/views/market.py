"""Watch list, chart, book and tape of the instruments, as values."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import islice
from typing import TypeVar

import msgspec

from rf_common import money
from rf_common.clock import UnixNanos
from rf_common.enums import Side
from rf_common.events import Level
from rf_common.ids import InstrumentId, symbol_of, venue_of
from rf_dashboard.candles import BASE_NS, INTERVALS, MINUTE_NS, Candle, aggregate
from rf_dashboard.markets import Market
from rf_dashboard.state import DashboardState
from rf_dashboard.values import Value, age_ms, told, unknown, why_stale

V = TypeVar("V")

NOT_TOLD = "the daemon told nothing of this instrument"
NO_PRICE = "no price yet"


class WatchRow(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument of the watch list; `change` is a fraction of the mid at `change_since`.

    `change_since` is the first quote of the UTC day, or of the session when that began later.
    """

    instrument_id: InstrumentId
    symbol: str
    venue: str
    currency: str
    tick: Decimal | None
    lot: Decimal | None
    bid: Value[float]
    ask: Value[float]
    mid: Value[float]
    last: Value[float]
    change: Value[float]
    change_since: UnixNanos
    feed: str
    feed_reason: str


class CandleRow(msgspec.Struct, frozen=True, kw_only=True):
    """One candle by its open time; the venue's own bars are final."""

    ts: UnixNanos
    open_px: float
    high_px: float
    low_px: float
    close_px: float
    volume: float
    is_final: bool


class FillMark(msgspec.Struct, frozen=True, kw_only=True):
    """A fill of ours to be drawn on a chart."""

    ts: UnixNanos
    side: Side
    price: Decimal
    quantity: Decimal


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of candles, oldest first, intervals without a price left out.

    `offset` is how many newer candles are not shown, `total` how many there are; `high` and
    `low` belong to what is shown. `reason` says why there is nothing.
    """

    instrument_id: InstrumentId
    symbol: str
    interval: str
    interval_ns: int
    tick: Decimal | None
    candles: tuple[CandleRow, ...]
    offset: int
    total: int
    last: Value[float]
    change: Value[float]
    high: Value[float]
    low: Value[float]
    marks: tuple[FillMark, ...]
    reason: str


class BookRow(msgspec.Struct, frozen=True):
    """One level; `cumulative` is the size up to it, units."""

    px: float
    qty: float
    cumulative: float


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """The best levels of a book.

    `spread` and `mid` are exact, `spread_bps` is in parts per ten thousand of the mid,
    `imbalance` is bid less ask size over their sum, within the levels shown.
    """

    instrument_id: InstrumentId
    symbol: str
    tick: Decimal | None
    lot: Decimal | None
    bids: tuple[BookRow, ...]
    asks: tuple[BookRow, ...]
    levels: int
    spread: Value[Decimal]
    spread_bps: Value[float]
    mid: Value[Decimal]
    microprice: Value[float]
    imbalance: Value[float]
    source: str
    age_ms: int | None
    stale: bool
    reason: str
    gaps: int


class Signals(msgspec.Struct, frozen=True, kw_only=True):
    """Streaming measures of one instrument.

    `rsi` is 0 to 100; `macd`, `macd_signal`, `vwap` and `microprice` are in currency;
    `imbalance` and `ofi` are -1 to 1, `vpin` 0 to 1; volatilities are decimals per year.
    `garch_from` says where the parameters of the GARCH volatility come from.
    """

    instrument_id: InstrumentId
    symbol: str
    tick: Decimal | None
    rsi: Value[float]
    macd: Value[float]
    macd_signal: Value[float]
    vwap: Value[float]
    imbalance: Value[float]
    ofi: Value[float]
    microprice: Value[float]
    vpin: Value[float]
    vol: Value[float]
    garch_vol: Value[float]
    garch_from: str
    samples: int


class PrintRow(msgspec.Struct, frozen=True, kw_only=True):
    """One print; `direction` compares it with the one before: +1, 0 or -1."""

    ts: UnixNanos
    px: float
    qty: float
    aggressor: Side | None
    direction: int


def grid(market: Market | None) -> tuple[Decimal | None, Decimal | None]:
    """Return tick and lot of an instrument, None while they are not told."""
    if market is None or market.instrument is None:
        return None, None
    return market.instrument.tick, market.instrument.lot


# --- watch list -----------------------------------------------------------------------------------


def watchlist(state: DashboardState, now: UnixNanos) -> tuple[WatchRow, ...]:
    """Return every instrument in the order in which the daemon told of it."""
    return tuple(watch_row(state, market, now) for market in state.markets.values())


def watch_row(state: DashboardState, market: Market, now: UnixNanos) -> WatchRow:
    """Return one instrument's line."""
    tick, lot = grid(market)
    quote = market.quote
    return WatchRow(
        instrument_id=market.instrument_id,
        symbol=symbol_of(market.instrument_id),
        venue=venue_of(market.instrument_id),
        currency=market.instrument.currency if market.instrument else "",
        tick=tick,
        lot=lot,
        bid=_quoted(state, market, now, quote.bid_px if quote else None),
        ask=_quoted(state, market, now, quote.ask_px if quote else None),
        mid=_quoted(state, market, now, mid_px(market)),
        last=_last_trade(state, market, now),
        change=_change(state, market, now),
        change_since=market.day_open_ts,
        feed=str(market.feed_state),
        feed_reason=market.feed_reason,
    )


def mid_px(market: Market) -> float | None:
    """Return the mid of the newest quote."""
    quote = market.quote
    return None if quote is None else 0.5 * (quote.bid_px + quote.ask_px)


def _quoted(
    state: DashboardState, market: Market, now: UnixNanos, px: float | None
) -> Value[float]:
    return told(
        px,
        source=venue_of(market.instrument_id),
        age=age_ms(now, market.quote_ts),
        old=why_stale(state, market, now),
        missing=NO_PRICE,
    )


def _last_trade(state: DashboardState, market: Market, now: UnixNanos) -> Value[float]:
    return told(
        market.trades[-1].px if market.trades else None,
        source=venue_of(market.instrument_id),
        age=age_ms(now, market.trade_ts),
        old=why_stale(state, market, now),
        missing="no trade yet",
    )


def _change(state: DashboardState, market: Market, now: UnixNanos) -> Value[float]:
    mid, start = mid_px(market), market.day_open_px
    change = None if mid is None or start is None else mid / start - 1.0
    return _quoted(state, market, now, change)


# --- chart ----------------------------------------------------------------------------------------


def chart(
    state: DashboardState,
    instrument_id: InstrumentId,
    interval: str,
    *,
    count: int,
    offset: int = 0,
    now: UnixNanos,
) -> Chart:
    """Return `count` candles that end `offset` candles before the newest.

    Parameters
    ----------
    interval : str
        One of the names in `INTERVALS`.
    count, offset : int
        Candles; an offset beyond the oldest candle shows the oldest.

    Raises
    ------
    ValueError
        If `interval` is not one of the names, or `count` or `offset` is negative.
    """
    if count < 0 or offset < 0:
        raise ValueError(f"expected count and offset not negative, was {count}, {offset}")
    interval_ns = interval_length(interval)
    market = state.markets.get(instrument_id)
    candles = [] if market is None else candles_of(market, interval_ns)
    offset = min(offset, max(len(candles) - 1, 0))
    end = len(candles) - offset
    shown = candles[max(end - count, 0) : end]
    nothing = "" if candles else NOT_TOLD if market is None else NO_PRICE
    return Chart(
        instrument_id=instrument_id,
        symbol=symbol_of(instrument_id),
        interval=interval,
        interval_ns=interval_ns,
        tick=grid(market)[0],
        candles=tuple(_row(candle, interval_ns) for candle in shown),
        offset=offset,
        total=len(candles),
        last=unknown(nothing) if market is None else _quoted(state, market, now, mid_px(market)),
        change=unknown(nothing) if market is None else _change(state, market, now),
        high=_extreme(shown, max((c.high_px for c in shown), default=None)),
        low=_extreme(shown, min((c.low_px for c in shown), default=None)),
        marks=_marks(state, instrument_id, shown, interval_ns),
        reason=nothing,
    )


def interval_length(name: str) -> int:
    """Return the length in ns of an interval of `INTERVALS`, by name."""
    known = dict(INTERVALS)
    if name not in known:
        raise ValueError(f"expected an interval of {', '.join(known)}, was {name!r}")
    return known[name]


def candles_of(market: Market, interval_ns: int) -> list[Candle]:
    """Return the candles of one interval, oldest first."""
    coarse = interval_ns % MINUTE_NS == 0
    base, series = (MINUTE_NS, market.coarse) if coarse else (BASE_NS, market.fine)
    ratio = interval_ns // base
    return list(series.candles) if ratio == 1 else aggregate(series.candles, ratio)


def _row(candle: Candle, interval_ns: int) -> CandleRow:
    return CandleRow(
        ts=UnixNanos(candle.index * interval_ns),
        open_px=candle.open_px,
        high_px=candle.high_px,
        low_px=candle.low_px,
        close_px=candle.close_px,
        volume=candle.volume,
        is_final=candle.is_final,
    )


def _extreme(shown: Sequence[Candle], px: float | None) -> Value[float]:
    return told(px, source="screen", age=None, missing="no candle is shown")


def _marks(
    state: DashboardState, instrument_id: InstrumentId, shown: Sequence[Candle], interval_ns: int
) -> tuple[FillMark, ...]:
    if not shown:
        return ()
    first, end = shown[0].index * interval_ns, (shown[-1].index + 1) * interval_ns
    return tuple(
        FillMark(ts=r.fill.ts_event, side=r.fill.side, price=r.fill.price, quantity=r.fill.quantity)
        for r in state.fills.values()
        if r.fill.instrument_id == instrument_id and first <= r.fill.ts_event < end
    )


# --- book and tape --------------------------------------------------------------------------------


def book(state: DashboardState, instrument_id: InstrumentId, depth: int, now: UnixNanos) -> Book:
    """Return at most `depth` levels of each side with their measures."""
    market = state.markets.get(instrument_id)
    view = market.book if market else None
    bids = _rows(view.bids[:depth]) if view else ()
    asks = _rows(view.asks[:depth]) if view else ()
    age = age_ms(now, market.book_ts) if market and view else None
    old = why_stale(state, market, now) if market else ""
    reason = "" if bids or asks else _why_no_book(market)
    source = view.source if view else ""

    def measure(value: V | None, missing: str) -> Value[V]:
        return told(value, source=source, age=age, old=old, missing=reason or missing)

    tick, lot = grid(market)
    both = "one side of the book is empty"
    best = (view.bids[0], view.asks[0]) if view and view.bids and view.asks else None
    return Book(
        instrument_id=instrument_id,
        symbol=symbol_of(instrument_id),
        tick=tick,
        lot=lot,
        bids=bids,
        asks=asks,
        levels=max(len(view.bids), len(view.asks)) if view else 0,
        spread=measure(_spread(best), both),
        spread_bps=measure(_spread_bps(best), both),
        mid=measure(_mid(best), both),
        microprice=measure(_microprice(best), both),
        imbalance=measure(_imbalance(bids, asks), "no size is shown"),
        source=source,
        age_ms=age,
        stale=bool(old),
        reason=reason or old,
        gaps=market.gaps if market else 0,
    )


def signals(state: DashboardState, instrument_id: InstrumentId, now: UnixNanos) -> Signals:
    """Return the streaming measures of one instrument, each known or with its reason."""
    market = state.markets.get(instrument_id)
    view = market.signals if market else None
    old = why_stale(state, market, now) if market else ""
    age = age_ms(now, view.ts) if view else None

    def measure(value: float | None) -> Value[float]:
        missing = NOT_TOLD if view is None else f"too few observations: {view.samples} samples"
        return told(value, source="daemon", age=age, old=old, missing=missing)

    return Signals(
        instrument_id=instrument_id,
        symbol=symbol_of(instrument_id),
        tick=grid(market)[0],
        rsi=measure(view.rsi if view else None),
        macd=measure(view.macd if view else None),
        macd_signal=measure(view.macd_signal if view else None),
        vwap=measure(view.vwap if view else None),
        imbalance=measure(view.imbalance if view else None),
        ofi=measure(view.ofi if view else None),
        microprice=measure(view.microprice if view else None),
        vpin=measure(view.vpin if view else None),
        vol=measure(view.vol if view else None),
        garch_vol=measure(view.garch_vol if view else None),
        garch_from=view.garch_from if view else "",
        samples=view.samples if view else 0,
    )


def tape(state: DashboardState, instrument_id: InstrumentId, count: int) -> tuple[PrintRow, ...]:
    """Return the newest prints, newest first."""
    market = state.markets.get(instrument_id)
    if market is None:
        return ()
    newest = list(islice(reversed(market.trades), count + 1))
    rows = []
    for place, trade in enumerate(newest[:count]):
        before = newest[place + 1].px if place + 1 < len(newest) else trade.px
        rows.append(PrintRow(
            ts=trade.ts_event,
            px=trade.px,
            qty=trade.qty,
            aggressor=trade.aggressor,
            direction=(trade.px > before) - (trade.px < before),
        ))  # fmt: skip
    return tuple(rows)


def _why_no_book(market: Market | None) -> str:
    if market is None:
        return NOT_TOLD
    if market.book is not None:
        return market.book.reason or "the book is empty"
    gap = market.last_gap
    return f"updates were lost: {gap.reason}" if gap is not None else "no book yet"


def _rows(levels: Sequence[Level]) -> tuple[BookRow, ...]:
    rows, total = [], 0.0
    for px, qty in levels:
        total += qty
        rows.append(BookRow(px, qty, total))
    return tuple(rows)


def _spread(best: tuple[Level, Level] | None) -> Decimal | None:
    if best is None:
        return None
    return money.of_float(best[1][0]) - money.of_float(best[0][0])


def _mid(best: tuple[Level, Level] | None) -> Decimal | None:
    if best is None:
        return None
    return (money.of_float(best[1][0]) + money.of_float(best[0][0])) / 2


def _spread_bps(best: tuple[Level, Level] | None) -> float | None:
    if best is None:
        return None
    (bid_px, _), (ask_px, _) = best
    return 2e4 * (ask_px - bid_px) / (ask_px + bid_px)


def _microprice(best: tuple[Level, Level] | None) -> float | None:
    if best is None:
        return None
    (bid_px, bid_qty), (ask_px, ask_qty) = best
    size = bid_qty + ask_qty
    return (bid_px * ask_qty + ask_px * bid_qty) / size if size > 0.0 else None


def _imbalance(bids: tuple[BookRow, ...], asks: tuple[BookRow, ...]) -> float | None:
    bid = bids[-1].cumulative if bids else 0.0
    ask = asks[-1].cumulative if asks else 0.0
    return (bid - ask) / (bid + ask) if bid + ask > 0.0 else None
