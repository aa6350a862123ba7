"""A venue of our own that fills orders against the market everybody sees.

Rules of matching:

- An order that crosses on arrival takes the displayed levels, best first, at their prices, and
  never more than is displayed. What is left rests, or is cancelled for IOC and MARKET; FOK
  fills whole or not at all.
- A resting limit order fills when the market trades through it: the opposite best price reaches
  its limit, or a trade prints beyond it. It fills at its limit, which is never better than what
  the market showed, up to the displayed or traded size. Ahead of it may be a queue, so a trade
  at exactly its price does not fill it.
- Stop orders wake when the last price reaches the stop.

The venue keeps time by being told it. Requests arrive after the latency and answers travel back
the same way; `advance` returns the answers that are due. With the same seed, market and requests
it gives the same answers.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal

import numpy as np

from rf_common import money
from rf_common.clock import NANOS_PER_MILLI, NANOS_PER_SECOND, UnixNanos
from rf_common.enums import Liquidity, OrderStatus, Side, TimeInForce
from rf_common.events import (
    CancelRejected,
    Level,
    MarketEvent,
    OrderAccepted,
    OrderCanceled,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderUpdated,
    Quote,
    Trade,
    VenueOrder,
    VenueReport,
)
from rf_common.ids import ClientOrderId, InstrumentId, VenueOrderId
from rf_common.orders import CancelOrder, OrderRequest, ReplaceOrder
from rf_common.ports import MarketView
from rf_execution.config import PaperConfig

Request = OrderRequest | CancelOrder | ReplaceOrder
_REMEMBERED = 5_000
_DAY = 86_400 * NANOS_PER_SECOND


class Working:
    """One order as the venue keeps it."""

    __slots__ = ("executions", "filled", "limit", "quantity", "request", "status", "triggered")

    def __init__(self, request: OrderRequest) -> None:
        self.request = request
        self.quantity = request.quantity
        self.limit = request.limit_price
        self.filled = money.ZERO
        self.status = OrderStatus.ACCEPTED
        self.triggered = request.stop_price is None
        self.executions: list[OrderFilled] = []

    @property
    def remaining(self) -> Decimal:
        """Quantity still to be filled."""
        return self.quantity - self.filled

    @property
    def venue_order_id(self) -> VenueOrderId:
        """The venue's id."""
        return VenueOrderId(f"V-{self.request.client_order_id}")


class PaperVenue:
    """The paper venue.

    Parameters
    ----------
    config : PaperConfig
        Fees, latency, faults.
    rng : numpy.random.Generator
        Source of jitter and faults.
    market : callable
        Returns the present market of an instrument, or None.
    name : str
        Its name in reports.
    """

    def __init__(
        self,
        config: PaperConfig,
        rng: np.random.Generator,
        market: Callable[[InstrumentId], MarketView | None],
        name: str = "paper",
    ) -> None:
        self.name = name
        self._config = config
        self._rng = rng
        self._market = market
        self._queue: list[tuple[UnixNanos, int, Request | OrderEvent]] = []
        self._number = 0
        self._orders: dict[ClientOrderId, Working] = {}
        self._open: dict[InstrumentId, dict[ClientOrderId, Working]] = {}
        self._positions: dict[InstrumentId, Decimal] = {}
        self._taken: dict[InstrumentId, dict[tuple[Side, float], float]] = {}
        self._day = 0

    @property
    def next_due(self) -> UnixNanos | None:
        """When the next arrival or answer is due, None when nothing travels."""
        return self._queue[0][0] if self._queue else None

    def send(self, request: Request, now: UnixNanos) -> None:
        """Take a request on its way; it arrives after the latency."""
        self._push(self._after(now), request)

    def advance(self, now: UnixNanos) -> list[OrderEvent]:
        """Let everything arrive that is due by `now`; return the answers that reach us."""
        answers: list[OrderEvent] = []
        self._expire_days(now)
        while self._queue and self._queue[0][0] <= now:
            due, _, item = heapq.heappop(self._queue)
            if isinstance(item, OrderRequest):
                self._arrive(item, due)
            elif isinstance(item, CancelOrder):
                self._cancel(item, due)
            elif isinstance(item, ReplaceOrder):
                self._replace(item, due)
            else:
                answers.append(item)
        return answers

    def on_market(self, event: MarketEvent, now: UnixNanos) -> None:
        """Match resting orders against a change of the market."""
        instrument_id = event.instrument_id
        if not isinstance(event, Trade):
            self._taken.pop(instrument_id, None)
        working = self._open.get(instrument_id)
        if not working:
            return
        for order in tuple(working.values()):
            if not order.triggered and not self._trigger(order, event):
                continue
            if order.limit is None:
                self._take(order, now)
                self._close(order, OrderStatus.CANCELED, now, "no liquidity left")
            elif isinstance(event, Trade):
                self._trade_through(order, event, now)
            else:
                self._cross(order, now)

    def halt(self, now: UnixNanos) -> tuple[ClientOrderId, ...]:
        """Cancel everything open or on its way, at once; return what was cancelled."""
        gone: list[ClientOrderId] = []
        travelling = [item for _, _, item in self._queue if isinstance(item, OrderRequest)]
        self._queue = [entry for entry in self._queue if not isinstance(entry[2], Request)]
        heapq.heapify(self._queue)
        for request in travelling:
            order = Working(request)
            self._remember(order)
            self._close(order, OrderStatus.CANCELED, now, "kill switch", at_once=True)
            gone.append(request.client_order_id)
        for order in list(self.open_orders()):
            self._close(order, OrderStatus.CANCELED, now, "kill switch", at_once=True)
            gone.append(order.request.client_order_id)
        return tuple(gone)

    def open_orders(self) -> Iterator[Working]:
        """Yield open orders by instrument, oldest first."""
        for orders in self._open.values():
            yield from orders.values()

    def report(self, asked: Sequence[ClientOrderId], now: UnixNanos) -> VenueReport:
        """Return open orders, the orders asked for with their executions, and positions."""
        named = [self._orders[key] for key in asked if key in self._orders]
        keys = {order.request.client_order_id for order in named}
        others = [o for o in self.open_orders() if o.request.client_order_id not in keys]
        return VenueReport(
            self.name,
            now,
            tuple(asked),
            tuple(_reported(order) for order in [*named, *others]),
            tuple(fill for order in named for fill in order.executions),
            tuple((name, held) for name, held in self._positions.items() if held),
        )

    def restore(
        self,
        orders: Iterable[tuple[OrderRequest, Decimal, Decimal | None, Decimal]],
        positions: Iterable[tuple[InstrumentId, Decimal]],
    ) -> None:
        """Take over open orders (request, quantity, limit, filled) and positions."""
        for request, quantity, limit, filled in orders:
            order = Working(request)
            order.quantity, order.limit, order.filled = quantity, limit, filled
            self._rest(order)
        self._positions = dict(positions)

    # --- arrivals -----------------------------------------------------------------------------

    def _arrive(self, request: OrderRequest, now: UnixNanos) -> None:
        key = request.client_order_id
        known = self._orders.get(key)
        if known is not None:  # the same intent sent again: tell what became of it, do not repeat
            self._answer(_accepted(known, now), now)
            return
        order = Working(request)
        view = self._market(request.instrument_id)
        if view is None or view.quote is None:
            self._answer(OrderRejected(key, request.instrument_id, now, "no market"), now)
            return
        self._rest(order)
        self._answer(_accepted(order, now), now)
        if not order.triggered and not self._trigger(order, view.quote):
            return
        if request.time_in_force is TimeInForce.FOK and not self._fills_whole(order):
            self._close(order, OrderStatus.CANCELED, now, "fill or kill: not enough liquidity")
            return
        self._take(order, now)
        immediate = request.time_in_force is TimeInForce.IOC or order.limit is None
        if order.remaining > 0 and immediate:
            self._close(order, OrderStatus.CANCELED, now, "not filled at once")

    def _cancel(self, cancel: CancelOrder, now: UnixNanos) -> None:
        order = self._orders.get(cancel.client_order_id)
        if order is None or order.status.is_terminal:
            status = "unknown" if order is None else order.status
            self._answer(
                CancelRejected(
                    cancel.client_order_id, cancel.instrument_id, now, f"the order is {status}"
                ),
                now,
            )
            return
        self._close(order, OrderStatus.CANCELED, now, cancel.reason)

    def _replace(self, change: ReplaceOrder, now: UnixNanos) -> None:
        order = self._orders.get(change.client_order_id)
        if order is None or order.status.is_terminal or change.quantity <= order.filled:
            reason = "the order is gone or already filled beyond the new quantity"
            self._answer(
                CancelRejected(change.client_order_id, change.instrument_id, now, reason), now
            )
            return
        order.quantity, order.limit = change.quantity, change.limit_price
        key, instrument_id = change.client_order_id, change.instrument_id
        updated = OrderUpdated(key, instrument_id, now, change.quantity, change.limit_price)
        self._answer(updated, now)
        if order.triggered:
            self._take(order, now)

    # --- matching -----------------------------------------------------------------------------

    def _trigger(self, order: Working, event: MarketEvent) -> bool:
        stop = order.request.stop_price
        px = _last_px(event, order.request.side)
        if stop is None or px is None:
            return False
        level = float(stop)
        order.triggered = px >= level if order.request.side is Side.BUY else px <= level
        return order.triggered

    def _displayed(self, order: Working) -> list[Level]:
        """Opposite levels within the limit, what we took of them since they changed deducted."""
        view = self._market(order.request.instrument_id)
        if view is None:
            return []
        side = order.request.side
        limit = None if order.limit is None else float(order.limit)
        taken = self._taken.get(order.request.instrument_id, {})
        displayed: list[Level] = []
        for px, qty in view.levels(side is Side.SELL):
            if limit is not None and (px - limit) * side.sign > 0:
                break
            displayed.append((px, qty - taken.get((side, px), 0.0)))
        return displayed

    def _fills_whole(self, order: Working) -> bool:
        lot = self._lot(order)
        total = sum(
            (money.to_quantity(q, lot) for _, q in self._displayed(order) if q > 0), Decimal(0)
        )
        return total >= order.remaining

    def _take(self, order: Working, now: UnixNanos) -> None:
        lot = self._lot(order)
        taken = self._taken.setdefault(order.request.instrument_id, {})
        for px, qty in self._displayed(order):
            if order.remaining <= 0:
                return
            if qty <= 0:
                continue
            quantity = min(order.remaining, money.to_quantity(qty, lot))
            if quantity <= 0:
                continue
            key = (order.request.side, px)
            taken[key] = taken.get(key, 0.0) + float(quantity)
            self._fill(order, money.of_float(px), quantity, Liquidity.TAKER, now)

    def _cross(self, order: Working, now: UnixNanos) -> None:
        """Fill a resting order whose limit the opposite side has reached, at its limit."""
        if order.limit is None:
            return
        lot = self._lot(order)
        displayed = sum((qty for _, qty in self._displayed(order) if qty > 0), 0.0)
        quantity = min(order.remaining, money.to_quantity(displayed, lot))
        if quantity > 0:
            self._fill(order, order.limit, quantity, Liquidity.MAKER, now)

    def _trade_through(self, order: Working, trade: Trade, now: UnixNanos) -> None:
        if order.limit is None or (trade.px - float(order.limit)) * order.request.side.sign >= 0:
            return
        quantity = min(order.remaining, money.to_quantity(trade.qty, self._lot(order)))
        if quantity > 0:
            self._fill(order, order.limit, quantity, Liquidity.MAKER, now)

    def _lot(self, order: Working) -> Decimal:
        view = self._market(order.request.instrument_id)
        return view.instrument.lot if view is not None else Decimal(1)

    def _fill(
        self, order: Working, price: Decimal, quantity: Decimal, kind: Liquidity, now: UnixNanos
    ) -> None:
        request = order.request
        bps = self._config.maker_bps if kind is Liquidity.MAKER else self._config.taker_bps
        fee = money.to_cash(money.notional(price, quantity) * Decimal(str(bps)) / 10_000)
        order.filled += quantity
        fill = OrderFilled(
            request.client_order_id,
            request.instrument_id,
            now,
            order.venue_order_id,
            f"{request.client_order_id}-{len(order.executions) + 1}@{order.filled}",
            request.side,
            price,
            quantity,
            fee,
            kind,
        )
        order.executions.append(fill)
        held = self._positions.get(request.instrument_id, money.ZERO)
        self._positions[request.instrument_id] = held + quantity * request.side.sign
        order.status = OrderStatus.PARTIALLY_FILLED
        if order.remaining <= 0:
            order.status = OrderStatus.FILLED
            self._unrest(order)
        self._answer(fill, now)

    # --- keeping ------------------------------------------------------------------------------

    def _rest(self, order: Working) -> None:
        self._remember(order)
        instrument_id = order.request.instrument_id
        self._open.setdefault(instrument_id, {})[order.request.client_order_id] = order

    def _remember(self, order: Working) -> None:
        self._orders[order.request.client_order_id] = order
        if len(self._orders) > _REMEMBERED:
            for key, old in self._orders.items():
                if old.status.is_terminal:
                    del self._orders[key]
                    return

    def _unrest(self, order: Working) -> None:
        self._open.get(order.request.instrument_id, {}).pop(order.request.client_order_id, None)

    def _close(
        self,
        order: Working,
        status: OrderStatus,
        now: UnixNanos,
        reason: str,
        *,
        at_once: bool = False,
    ) -> None:
        if order.status.is_terminal:
            return
        order.status = status
        self._unrest(order)
        request = order.request
        kind = OrderExpired if status is OrderStatus.EXPIRED else OrderCanceled
        event = kind(request.client_order_id, request.instrument_id, now, reason)
        if at_once:
            self._push(now, event)
        else:
            self._answer(event, now)

    def _expire_days(self, now: UnixNanos) -> None:
        day = now // _DAY
        if day <= self._day:
            return
        if self._day:
            for order in list(self.open_orders()):
                if order.request.time_in_force is TimeInForce.DAY:
                    self._close(order, OrderStatus.EXPIRED, now, "end of the trading day")
        self._day = day

    # --- time ---------------------------------------------------------------------------------

    def _after(self, now: UnixNanos) -> UnixNanos:
        jitter = self._config.jitter_ms * self._rng.random() if self._config.jitter_ms else 0.0
        return UnixNanos(now + int((self._config.latency_ms + jitter) * NANOS_PER_MILLI))

    def _answer(self, event: OrderEvent, now: UnixNanos) -> None:
        due = self._after(now)
        faults = self._config.faults
        if faults.lost and self._rng.random() < faults.lost:
            return
        if faults.late and self._rng.random() < faults.late:
            due = UnixNanos(due + int(self._rng.random() * faults.late_ms * NANOS_PER_MILLI))
        self._push(due, event)
        if faults.duplicated and self._rng.random() < faults.duplicated:
            self._push(self._after(due), event)

    def _push(self, due: UnixNanos, item: Request | OrderEvent) -> None:
        self._number += 1
        heapq.heappush(self._queue, (due, self._number, item))


def _accepted(order: Working, now: UnixNanos) -> OrderAccepted:
    request = order.request
    return OrderAccepted(request.client_order_id, request.instrument_id, now, order.venue_order_id)


def _reported(order: Working) -> VenueOrder:
    request = order.request
    return VenueOrder(
        request.client_order_id,
        request.instrument_id,
        order.venue_order_id,
        order.status,
        order.quantity,
        order.limit,
        order.filled,
    )


def _last_px(event: MarketEvent, side: Side) -> float | None:
    if isinstance(event, Trade):
        return event.px
    if isinstance(event, Quote):
        return event.ask_px if side is Side.BUY else event.bid_px
    return None
