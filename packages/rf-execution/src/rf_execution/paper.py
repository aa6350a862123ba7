"""A venue of our own that fills orders against the market everybody sees.

Rules of matching:

- An order that crosses on arrival takes the displayed levels, best first, at their prices, and
  never more than is displayed. What is left rests, or is cancelled for IOC and MARKET; FOK
  fills whole or not at all.
- A resting limit order fills when the market trades through it: the opposite best price reaches
  its limit, or a trade prints beyond it. It fills at its limit, which is never better than what
  the market showed, up to the displayed or traded size. Ahead of it may be a queue, so a trade
  at exactly its price does not fill it.
- What was taken of a level stays taken until it shows another size or is gone; all our orders
  share a level, and the size of a print, the best price first.
- Stop orders wake when the last price reaches the stop, and then act as if they arrived.
- DAY orders expire at midnight UTC.

The venue keeps time by being told it. Requests arrive after the latency, in the order they were
sent, and answers travel back the same way; `advance` returns the answers that are due. With the
same seed, market and requests it gives the same answers.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from math import inf

import numpy as np

from rf_common import money
from rf_common.clock import NANOS_PER_MILLI, NANOS_PER_SECOND, UnixNanos
from rf_common.enums import Liquidity, OrderStatus, Side, TimeInForce
from rf_common.events import (
    CancelRejected,
    MarketEvent,
    OrderCanceled,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderUpdated,
    Quote,
    Trade,
    VenueReport,
)
from rf_common.ids import ClientOrderId, InstrumentId
from rf_common.orders import CancelOrder, OrderRequest, ReplaceOrder
from rf_common.ports import MarketView
from rf_execution.config import PaperConfig
from rf_execution.working import Working

Request = OrderRequest | CancelOrder | ReplaceOrder
_REMEMBERED = 5_000
_Taken = dict[tuple[Side, float], tuple[float, Decimal]]
"""By our side and the level's price: the size it shows, and what of it we took."""
_NO_BID, _NO_ASK = (0.0, 0.0), (inf, 0.0)
_DAY = 86_400 * NANOS_PER_SECOND


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
        self._taken: dict[InstrumentId, _Taken] = {}
        self._last_arrival = self._last_answer = UnixNanos(0)
        self._day: int | None = None

    @property
    def next_due(self) -> UnixNanos | None:
        """When the next arrival or answer is due, None when nothing travels."""
        queue = self._queue  # read once: `halt` may replace it from another thread
        return queue[0][0] if queue else None

    def send(self, request: Request, now: UnixNanos) -> None:
        """Take a request on its way; it arrives after the latency, behind those sent before."""
        self._last_arrival = max(self._after(now), self._last_arrival)
        self._push(self._last_arrival, request)

    def advance(self, now: UnixNanos) -> list[OrderEvent]:
        """Let everything arrive that is due by `now`; return the answers that reach us."""
        answers: list[OrderEvent] = []
        while True:
            self._expire_days(min(self._queue[0][0], now) if self._queue else now)
            if not self._queue or self._queue[0][0] > now:
                return answers
            due, _, item = heapq.heappop(self._queue)
            if isinstance(item, OrderRequest):
                self._arrive(item, due)
            elif isinstance(item, CancelOrder):
                self._cancel(item, due)
            elif isinstance(item, ReplaceOrder):
                self._replace(item, due)
            else:
                answers.append(item)

    def watches(self, instrument_id: InstrumentId) -> bool:
        """Return whether `on_market` has something to do for this instrument."""
        return bool(self._open.get(instrument_id) or self._taken.get(instrument_id))

    def on_market(self, event: MarketEvent, now: UnixNanos) -> None:
        """Match resting orders against a change of the market."""
        working = self._open.get(event.instrument_id, {})
        taken = self._taken.get(event.instrument_id)
        if taken and not isinstance(event, Trade):
            self._forget_changed(event.instrument_id, taken)
        if not working:
            return
        traded = money.of_float(event.qty) if isinstance(event, Trade) else money.ZERO
        for order in self._reached(event, working.values()):
            if not order.triggered or order.limit is None:
                if order.triggered or self._trigger(order, event):
                    self._enter(order, now)
            elif isinstance(event, Trade):
                traded -= self._trade_through(order, event.px, traded, now)
            else:
                self._cross(order, now)

    def halt(self, now: UnixNanos) -> tuple[ClientOrderId, ...]:
        """Cancel everything open or on its way, at once; return what was cancelled."""
        travelling = [entry[2] for entry in sorted(self._queue)]
        self._queue = [entry for entry in self._queue if not isinstance(entry[2], OrderRequest)]
        heapq.heapify(self._queue)
        for request in travelling:
            if isinstance(request, OrderRequest) and request.client_order_id not in self._orders:
                self._rest(Working(request))
        gone = tuple(self.open_orders())
        for order in gone:
            self._close(order, OrderStatus.CANCELED, now, "kill switch", at_once=True)
        return tuple(order.request.client_order_id for order in gone)

    def open_orders(self) -> Iterator[Working]:
        """Yield open orders by instrument, oldest first."""
        for orders in self._open.values():
            yield from orders.values()

    def report(self, asked: Sequence[ClientOrderId], now: UnixNanos) -> VenueReport:
        """Return open orders, the orders asked for with their executions, and positions."""
        named = [self._orders[key] for key in dict.fromkeys(asked) if key in self._orders]
        keys = {order.request.client_order_id for order in named}
        others = [o for o in self.open_orders() if o.request.client_order_id not in keys]
        return VenueReport(
            self.name,
            now,
            tuple(asked),
            tuple(order.reported() for order in [*named, *others]),
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
            if filled:
                order.status, order.triggered = OrderStatus.PARTIALLY_FILLED, True
            self._rest(order)
        self._positions = dict(positions)

    # --- arrivals -----------------------------------------------------------------------------

    def _arrive(self, request: OrderRequest, now: UnixNanos) -> None:
        key = request.client_order_id
        known = self._orders.get(key)
        if known is not None:  # the same intent sent again: tell what became of it, do not repeat
            self._answer(known.accepted(now), now)
            return
        order = Working(request)
        view = self._market(request.instrument_id)
        if view is None or view.quote is None:
            self._answer(OrderRejected(key, request.instrument_id, now, "no market"), now)
            return
        self._rest(order)
        self._answer(order.accepted(now), now)
        if order.triggered or self._trigger(order, view.quote):
            self._enter(order, now)

    def _enter(self, order: Working, now: UnixNanos) -> None:
        """Let an order act that has just arrived, or whose stop was just reached."""
        time_in_force = order.request.time_in_force
        if time_in_force is TimeInForce.FOK and not self._fills_whole(order):
            self._close(order, OrderStatus.CANCELED, now, "fill or kill: not enough liquidity")
            return
        self._take(order, now)
        immediate = time_in_force is TimeInForce.IOC or order.limit is None
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
        reason = ""
        if order is None or order.status.is_terminal or change.quantity <= order.filled:
            reason = "the order is gone or already filled beyond the new quantity"
        elif (change.limit_price is None) is not (order.limit is None):
            reason = "a change may not turn a limit order into a market order, or back"
        if order is None or reason:
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

    def _reached(self, event: MarketEvent, orders: Iterable[Working]) -> list[Working]:
        """Return those an event may fill or wake, the best price first; most events none."""
        if isinstance(event, Trade):
            bid = ask = event.px
        else:
            view = self._market(event.instrument_id)
            bid = next(view.levels(True), _NO_BID)[0] if view is not None else 0.0
            ask = next(view.levels(False), _NO_ASK)[0] if view is not None else inf
        found = [order for order in orders if order.may_act(bid, ask)]
        return sorted(found, key=Working.priority) if found else found

    def _displayed(self, order: Working) -> Iterator[tuple[float, float, Decimal]]:
        """Yield opposite levels within the limit: price, size shown, what of it is not taken."""
        view = self._market(order.request.instrument_id)
        if view is None:
            return
        side = order.request.side
        limit = None if order.limit is None else float(order.limit)
        taken = self._taken.get(order.request.instrument_id, {})
        for px, shown in view.levels(side is Side.SELL):
            if limit is not None and (px - limit) * side.sign > 0:
                return
            _, used = taken.get((side, px), (shown, money.ZERO))
            quantity = money.to_quantity(money.of_float(shown) - used, view.instrument.lot)
            if quantity > 0:
                yield px, shown, quantity

    def _forget_changed(self, instrument_id: InstrumentId, taken: _Taken) -> None:
        """Keep only what was taken of levels that still show the same size."""
        view = self._market(instrument_id)
        kept: _Taken = {}
        for side in Side:
            pxs = [px for taker, px in taken if taker is side]
            if view is None or not pxs:
                continue
            farthest = max(pxs) if side is Side.BUY else min(pxs)
            for px, shown in view.levels(side is Side.SELL):
                if (px - farthest) * side.sign > 0:
                    break
                was, used = taken.get((side, px), (None, money.ZERO))
                if was == shown:
                    kept[side, px] = (shown, used)
        self._taken[instrument_id] = kept

    def _fills_whole(self, order: Working) -> bool:
        missing = order.remaining
        for _, _, quantity in self._displayed(order):
            missing -= quantity
            if missing <= 0:
                return True
        return False

    def _consume(self, order: Working) -> Iterator[tuple[float, Decimal]]:
        """Yield price and quantity of what the order takes, best level first, and note it."""
        side, wanted = order.request.side, order.remaining
        taken = self._taken.setdefault(order.request.instrument_id, {})
        for px, shown, free in self._displayed(order):
            quantity = min(wanted, free)
            _, used = taken.get((side, px), (shown, money.ZERO))
            taken[side, px] = (shown, used + quantity)
            yield px, quantity
            wanted -= quantity
            if wanted <= 0:
                return

    def _take(self, order: Working, now: UnixNanos) -> None:
        for px, quantity in self._consume(order):
            self._fill(order, money.of_float(px), quantity, Liquidity.TAKER, now)

    def _cross(self, order: Working, now: UnixNanos) -> None:
        """Fill a resting order whose limit the opposite side has reached, at its limit."""
        quantity = sum((quantity for _, quantity in self._consume(order)), money.ZERO)
        if quantity > 0 and order.limit is not None:
            self._fill(order, order.limit, quantity, Liquidity.MAKER, now)

    def _trade_through(self, order: Working, px: float, traded: Decimal, now: UnixNanos) -> Decimal:
        """Fill a resting order of what was traded beyond its limit; return how much that is."""
        view = self._market(order.request.instrument_id)
        limit = order.limit
        if view is None or limit is None or (px - float(limit)) * order.request.side.sign >= 0:
            return money.ZERO
        quantity = min(order.remaining, money.to_quantity(traded, view.instrument.lot))
        if quantity > 0:
            self._fill(order, limit, quantity, Liquidity.MAKER, now)
        return quantity

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
            # With the time: after a restart the count and what is filled may come again.
            f"{request.client_order_id}-{len(order.executions) + 1}@{order.filled}@{now}",
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
        if self._day is not None and day <= self._day:
            return
        if self._day is not None:
            for order in list(self.open_orders()):
                if order.request.time_in_force is TimeInForce.DAY:
                    self._close(order, OrderStatus.EXPIRED, now, "end of the trading day")
        self._day = day

    # --- time ---------------------------------------------------------------------------------

    def _after(self, now: UnixNanos) -> UnixNanos:
        jitter = self._config.jitter_ms * self._rng.random() if self._config.jitter_ms else 0.0
        return UnixNanos(now + int((self._config.latency_ms + jitter) * NANOS_PER_MILLI))

    def _answer(self, event: OrderEvent, now: UnixNanos) -> None:
        due = max(self._after(now), self._last_answer)
        faults = self._config.faults
        if faults.lost and self._rng.random() < faults.lost:
            return
        self._last_answer = due
        if faults.late and self._rng.random() < faults.late:
            due = UnixNanos(due + int(self._rng.random() * faults.late_ms * NANOS_PER_MILLI))
        self._push(due, event)
        if faults.duplicated and self._rng.random() < faults.duplicated:
            self._push(self._after(due), event)

    def _push(self, due: UnixNanos, item: Request | OrderEvent) -> None:
        self._number += 1
        heapq.heappush(self._queue, (due, self._number, item))


def _last_px(event: MarketEvent, side: Side) -> float | None:
    if isinstance(event, Trade):
        return event.px
    if isinstance(event, Quote):
        return event.ask_px if side is Side.BUY else event.bid_px
    return None
