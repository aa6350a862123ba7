"""A simulated venue that knows only open, high, low and close.

- What arrives while the market is closed acts at the next open; what arrives in the first tenth
  of a bar acts at that bar's open; what arrives later waits for the next.
- Taking liquidity costs half the spread, the slippage and the impact beyond the open (or beyond
  the stop that woke), rounded away from us to the tick, and never beyond the order's own limit.
- A stop behind a gap fills from the open, not from its level. A resting limit that the open is
  beyond fills at the open.
- Inside a bar a limit fills at its price only when the bar went through it; a touch does not.
  Of what one bar reached, openings fill first, then stops, then targets, and a target never in
  the bar in which its position was opened inside: the worse order is believed.
- Reduce-only orders fill up to what their strategy still holds, and are cancelled beyond it.
- Stops and limits see the bar when it ends, before anybody else does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from math import sqrt

import numpy as np

from rf_backtest.config import CostConfig
from rf_backtest.queue_venue import with_fees
from rf_backtest.upkeep import owner_of
from rf_common import money
from rf_common.clock import NANOS_PER_SECOND, UnixNanos
from rf_common.enums import Liquidity, OrderStatus, Side, TimeInForce
from rf_common.events import (
    Bar,
    Level,
    OrderEvent,
    OrderFilled,
    OrderRejected,
    Quote,
)
from rf_common.ids import ClientOrderId, InstrumentId, StrategyId
from rf_common.instruments import Instrument
from rf_common.orders import OrderRequest
from rf_execution.config import PaperConfig
from rf_execution.paper import PaperVenue, Request
from rf_execution.working import Working
from rf_risk import HUMAN

_DAY = 86_400 * NANOS_PER_SECOND
_ENDLESS = 1e15
_FLOOR = 0.5e-4
"""Least impact, fraction, where impact is asked for."""
_MEMORY = 2.0 / 21.0
"""Weight of the newest bar in usual volume and volatility: that of an average of 20."""


class BarMarket:
    """What the venue knows of one instrument: the present open, and what is usual."""

    __slots__ = ("acts_until", "capacity", "day", "half", "instrument", "is_open", "last_px",
                 "open_px", "opened_inside", "px", "ts", "variance", "volume")  # fmt: skip

    def __init__(self, instrument: Instrument, half: float = 0.0) -> None:
        self.instrument = instrument
        self.half = half
        """Half the spread, fraction of the price."""
        self.px = 0.0
        self.ts = UnixNanos(-1)
        self.open_px = 0.0
        self.last_px = 0.0
        self.is_open = False
        self.acts_until = 0
        self.day = -1
        self.capacity: Decimal | None = None
        self.volume: float | None = None
        self.variance: float | None = None
        self.opened_inside: dict[StrategyId, None] = {}

    @property
    def quote(self) -> Quote | None:
        """The last open or close with half the spread on both sides."""
        return None if self.ts < 0 else self.quoted(self.px, self.ts)

    def quoted(self, px: float, now: UnixNanos) -> Quote:
        """Return a price with half the spread on both sides."""
        half, size = self.half, self.volume or 1.0
        name = self.instrument.instrument_id
        return Quote(name, now, px * (1 - half), size, px * (1 + half), size)

    def levels(self, bids: bool) -> Iterator[Level]:
        """Yield the one price there is, with as much as we may get."""
        quote = self.quote
        if quote is not None:
            size = _ENDLESS if self.capacity is None else float(self.capacity)
            yield (quote.bid_px if bids else quote.ask_px), size

    def rescale(self, factor: float) -> None:
        """Count in new shares after a split."""
        self.last_px /= factor
        if self.volume is not None:
            self.volume *= factor

    def learn(self, close: float, volume: float) -> None:
        """Take a finished bar into what is usual."""
        if self.last_px > 0:
            square = (close / self.last_px - 1.0) ** 2
            known = self.variance
            self.variance = square if known is None else known + _MEMORY * (square - known)
        self.volume = (
            volume if self.volume is None else self.volume + _MEMORY * (volume - self.volume)
        )
        self.last_px = close


class BarVenue(PaperVenue):
    """A venue that knows the market by its bars; its rules stand in this module's docstring.

    Parameters
    ----------
    paper : PaperConfig
        Latency, jitter and faults.
    costs : CostConfig
        Fees, spread, slippage, impact, participation.
    rng : numpy.random.Generator
        Source of jitter and faults.
    instruments : iterable of Instrument
        What can be traded.
    """

    def __init__(
        self,
        paper: PaperConfig,
        costs: CostConfig,
        rng: np.random.Generator,
        instruments: Iterable[Instrument],
    ) -> None:
        half = costs.spread_bps * 0.5e-4
        self.markets = {item.instrument_id: BarMarket(item, half) for item in instruments}
        super().__init__(with_fees(paper, costs), rng, self.markets.get, "bars")
        self.slippage = 0.0
        self.unmeasured = 0
        """Fills whose impact could not be computed: nothing was known of the past yet."""
        self._costs = costs
        self._half = half
        self._slip = costs.slippage_bps * 1e-4
        self._waiting: dict[ClientOrderId, None] = {}
        self._shares: dict[tuple[StrategyId, InstrumentId], Decimal] = {}
        self._is_inside = False

    # --- the bar ------------------------------------------------------------------------------

    def open_bar(self, instrument_id: InstrumentId, px: float, now: UnixNanos, span: int) -> None:
        """Open a bar at `px`; what waited acts, what rested may be crossed by the gap."""
        market = self.markets[instrument_id]
        market.is_open, market.open_px, market.acts_until = True, px, now + span // 10
        market.px, market.ts = px, now
        if market.opened_inside:
            market.opened_inside.clear()
        if self._costs.participation:
            market.capacity = self._capacity(market)
        day = now // _DAY
        if day != market.day:
            if market.day >= 0:
                self.expire(instrument_id, now)
            market.day = day
        if self._open.get(instrument_id):
            for order in self._by_urgency(instrument_id):
                self._at_open(order, px, now)

    def inside(self, bar: Bar, now: UnixNanos) -> bool:
        """Fill the one resting order that a bar reached next; return whether there was one.

        Between two calls whoever hears of the fill may cancel what has become pointless: inside
        a bar requests arrive at once.
        """
        self._is_inside = True
        if not self._open.get(bar.instrument_id):
            return False
        market = self.markets[bar.instrument_id]
        found = min(
            (entry for order in self._resting(bar.instrument_id)
             if (entry := self._reach(order, market, bar)) is not None),
            key=lambda entry: entry[:2],
            default=None,
        )  # fmt: skip
        if found is None:
            return False
        rank, _, order = found
        self._fill_inside(order, market, now)
        if rank == 0:
            market.opened_inside[owner_of(order.request.strategy_id)] = None
        return True

    def close_bar(self, bar: Bar, now: UnixNanos) -> None:
        """End a bar: its close and volume belong to the past from now on, day orders expire."""
        market = self.markets[bar.instrument_id]
        self._is_inside = False
        market.is_open = False
        market.learn(bar.close_px, bar.volume)
        market.px, market.ts = bar.close_px, now
        if now // _DAY > market.day >= 0:
            self.expire(bar.instrument_id, now)

    def quote(self, instrument_id: InstrumentId, px: float, now: UnixNanos) -> Quote:
        """Return a price with half the spread on both sides."""
        return self.markets[instrument_id].quoted(px, now)

    def expire(self, instrument_id: InstrumentId, now: UnixNanos) -> None:
        """Let day orders that have had their day expire; what waits for an open has not."""
        for order in self._resting(instrument_id):
            if order.request.time_in_force is TimeInForce.DAY:
                reason = "end of the trading day"
                self._close(order, OrderStatus.EXPIRED, now, reason, at_once=True)

    def withdraw(self, instrument_id: InstrumentId, now: UnixNanos, reason: str) -> int:
        """Cancel what rests and send back what travels, at once; return how many orders."""
        gone = list(self._open.get(instrument_id, {}).values())
        for order in gone:
            self._close(order, OrderStatus.CANCELED, now, reason, at_once=True)
        kept: list[tuple[UnixNanos, int, Request | OrderEvent]] = []
        sent_back = []
        for entry in sorted(self._queue):
            item = entry[2]
            if isinstance(item, OrderRequest) and item.instrument_id == instrument_id:
                sent_back.append(item)
            else:
                kept.append(entry)
        self._queue = kept
        for item in sent_back:
            rejected = OrderRejected(item.client_order_id, instrument_id, now, reason)
            self._push(now, rejected)
        return len(gone) + len(sent_back)

    def set_position(
        self, instrument_id: InstrumentId, shares: Iterable[tuple[StrategyId, Decimal]]
    ) -> None:
        """Take over holdings that a corporate action has changed."""
        total = money.ZERO
        for strategy_id, quantity in shares:
            self._shares[strategy_id, instrument_id] = quantity
            total += quantity
        self._positions[instrument_id] = total

    # --- overrides ----------------------------------------------------------------------------

    def send(self, request: Request, now: UnixNanos) -> None:
        """Take a request on its way; inside a bar, where time is unresolved, it is there."""
        if self._is_inside:
            self._push(now, request)
        else:
            super().send(request, now)

    def _answer(self, event: OrderEvent, now: UnixNanos) -> None:
        if self._is_inside:
            self._push(now, event)
        else:
            super()._answer(event, now)

    def _arrive(self, request: OrderRequest, now: UnixNanos) -> None:
        key = request.client_order_id
        market = self.markets.get(request.instrument_id)
        known = self._orders.get(key)
        if known is not None or market is None or not market.instrument.tradable:
            if known is not None:
                self._answer(known.accepted(now), now)
            else:
                self._answer(OrderRejected(key, request.instrument_id, now, "no market"), now)
            return
        order = Working(request)
        self._rest(order)
        self._answer(order.accepted(now), now)
        priced = request.limit_price is not None or request.stop_price is not None
        if market.is_open and now <= market.acts_until:
            if order.triggered or self._wakes(order, market.open_px):
                self._enter(order, now)
        elif not (self._is_inside and priced):
            self._waiting[key] = None

    def _take(self, order: Working, now: UnixNanos) -> None:
        market = self.markets[order.request.instrument_id]
        if market.is_open and now <= market.acts_until:
            self._take_at(order, market, market.open_px, now)

    def _unrest(self, order: Working) -> None:
        self._waiting.pop(order.request.client_order_id, None)
        super()._unrest(order)

    def _expire_days(self, now: UnixNanos) -> None:
        """Leave the trading day to the bars."""

    def _fill(
        self, order: Working, price: Decimal, quantity: Decimal, kind: Liquidity, now: UnixNanos
    ) -> None:
        request = order.request
        market = self.markets[request.instrument_id]
        if market.capacity is not None:
            market.capacity -= quantity
        share = (owner_of(request.strategy_id), request.instrument_id)
        held = self._shares.get(share, money.ZERO)
        self._shares[share] = held + quantity * request.side.sign
        super()._fill(order, price, quantity, kind, now)

    # --- matching -----------------------------------------------------------------------------

    def _resting(self, instrument_id: InstrumentId) -> list[Working]:
        """Return open orders that have seen an open, oldest first."""
        orders = self._open.get(instrument_id, {})
        return [order for key, order in orders.items() if key not in self._waiting]

    def _by_urgency(self, instrument_id: InstrumentId) -> list[Working]:
        """Return all open orders: stops first, then by price, as a market would take them."""
        orders = list(self._open.get(instrument_id, {}).values())
        return sorted(orders, key=lambda order: (order.triggered, order.priority()))

    def _at_open(self, order: Working, px: float, now: UnixNanos) -> None:
        is_new = self._waiting.pop(order.request.client_order_id, False) is None
        if order.status.is_terminal:
            return
        if not order.triggered:
            if self._wakes(order, px):
                self._enter(order, now)
        elif is_new or order.limit is None:
            self._enter(order, now)
        elif (px - float(order.limit)) * order.request.side.sign < 0:
            market = self.markets[order.request.instrument_id]
            rounding: money.Rounding = "up" if order.request.side is Side.BUY else "down"
            price = money.to_price(px, market.instrument.tick, rounding)
            self._fill_up_to(order, market, price, Liquidity.MAKER, now)

    def _wakes(self, order: Working, px: float) -> bool:
        """Return whether the open is at or beyond the order's stop, and wake it."""
        stop = order.request.stop_price
        order.triggered = stop is None or (px - float(stop)) * order.request.side.sign >= 0
        return order.triggered

    def _reach(
        self, order: Working, market: BarMarket, bar: Bar
    ) -> tuple[int, float, Working] | None:
        """Return rank and distance of an order that the bar reached, None when it did not."""
        request, sign = order.request, order.request.side.sign
        if market.capacity is not None and market.capacity < market.instrument.lot:
            return None
        extreme = bar.high_px if sign > 0 else bar.low_px
        if not order.triggered and request.stop_price is not None:
            level = float(request.stop_price)
            rank, reached = 1, (extreme - level) * sign >= 0
        elif order.limit is not None:
            level = float(order.limit)
            extreme = bar.low_px if sign > 0 else bar.high_px
            rank = 2 if request.reduce_only else 0
            reached = (extreme - level) * sign < 0
            if rank == 2 and owner_of(request.strategy_id) in market.opened_inside:
                return None
        else:
            return None
        return (rank, abs(level - bar.open_px), order) if reached else None

    def _fill_inside(self, order: Working, market: BarMarket, now: UnixNanos) -> None:
        if order.triggered and order.limit is not None:
            self._fill_up_to(order, market, order.limit, Liquidity.MAKER, now)
            return
        order.triggered = True
        self._take_at(order, market, float(order.request.stop_price or 0), now)
        if order.status.is_terminal or order.remaining <= 0:
            return
        if order.limit is None:
            self._close(order, OrderStatus.CANCELED, now, "not filled at once")
        else:  # whether the price came back within the bar is not known
            self._waiting[order.request.client_order_id] = None

    def _take_at(self, order: Working, market: BarMarket, px: float, now: UnixNanos) -> None:
        """Take liquidity from `px` outward, if the order's limit allows it."""
        side = order.request.side
        touch = px * (1 + side.sign * self._half)
        limit = order.limit
        if limit is not None and (touch - float(limit)) * side.sign > 1e-9 * px:
            return
        quantity = self._allowed(order, market)
        if quantity <= 0:
            self._drop_pointless(order, now)
            return
        cost = self._half + self._slip + self._impact(market, quantity)
        rounding: money.Rounding = "up" if side is Side.BUY else "down"
        # Nine decimals first: a price that is on the tick must not be pushed off it by a rounding.
        px_paid = round(px * (1 + side.sign * cost), 9)
        price = money.to_price(px_paid, market.instrument.tick, rounding)
        if limit is not None:
            price = min(price, limit) if side is Side.BUY else max(price, limit)
        price = max(price, market.instrument.tick)
        self.slippage += (float(price) - px) * float(quantity) * side.sign
        self._fill(order, price, quantity, Liquidity.TAKER, now)

    def _fill_up_to(
        self, order: Working, market: BarMarket, price: Decimal, kind: Liquidity, now: UnixNanos
    ) -> None:
        quantity = self._allowed(order, market)
        if quantity > 0:
            self._fill(order, price, quantity, kind, now)
        else:
            self._drop_pointless(order, now)

    def _drop_pointless(self, order: Working, now: UnixNanos) -> None:
        if order.request.reduce_only and self._reducible(order) <= 0:
            reason = "reduce-only: nothing is left to reduce"
            self._close(order, OrderStatus.CANCELED, now, reason)

    def _allowed(self, order: Working, market: BarMarket) -> Decimal:
        """Return how much may fill: what the bar has for us, and what is left to reduce."""
        quantity = order.remaining
        if order.request.reduce_only:
            quantity = min(quantity, max(self._reducible(order), money.ZERO))
        if market.capacity is not None:
            quantity = min(quantity, market.capacity)
        return money.to_quantity(quantity, market.instrument.lot)

    def _reducible(self, order: Working) -> Decimal:
        request = order.request
        if request.strategy_id == HUMAN:
            held = self._positions.get(request.instrument_id, money.ZERO)
        else:
            share = (owner_of(request.strategy_id), request.instrument_id)
            held = self._shares.get(share, money.ZERO)
        return -held * request.side.sign

    def _capacity(self, market: BarMarket) -> Decimal | None:
        share = self._costs.participation
        if not share:
            return None
        usual = market.volume or 0.0
        return money.to_quantity(usual * share, market.instrument.lot)

    def _impact(self, market: BarMarket, quantity: Decimal) -> float:
        """Return the square-root impact, fraction, from bars that were over."""
        eta = self._costs.impact_eta
        if not eta:
            return 0.0
        if not market.volume or market.variance is None:
            self.unmeasured += 1
            return _FLOOR
        scale = sqrt(market.variance) * sqrt(float(quantity) / market.volume)
        return max(eta * scale, _FLOOR)

    def _fills_whole(self, order: Working) -> bool:
        market = self.markets[order.request.instrument_id]
        return self._allowed(order, market) >= order.remaining


def fills_of(event: OrderEvent | object) -> tuple[OrderFilled, ...]:
    """Return the fills that an answer of a venue tells."""
    if isinstance(event, OrderFilled):
        return (event,)
    return tuple(getattr(event, "executions", ()))
