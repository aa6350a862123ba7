"""The paper venue over recorded quotes, books and trades, with costs counted and queues kept."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from rf_backtest.config import CostConfig, Queue
from rf_common import money
from rf_common.clock import UnixNanos
from rf_common.enums import Liquidity, Side
from rf_common.events import Bar, MarketEvent, Trade
from rf_common.ids import ClientOrderId
from rf_execution.config import PaperConfig
from rf_execution.paper import PaperVenue
from rf_execution.working import Working


def with_fees(paper: PaperConfig, costs: CostConfig) -> PaperConfig:
    """Return the venue's settings with the fees of a run."""
    return msgspec.structs.replace(paper, maker_bps=costs.maker_bps, taker_bps=costs.taker_bps)


class QueueVenue(PaperVenue):
    """The paper venue, with the cost of taking counted and, if asked for, a place in the queue.

    Parameters are those of `PaperVenue`, and `queue`.

    Attributes
    ----------
    slippage : float
        What fills cost against the mid at their moment, currency.
    """

    queue = Queue.THROUGH
    slippage = 0.0

    def __init__(self, *args: object, queue: Queue = Queue.THROUGH, **others: object) -> None:
        super().__init__(*args, **others)  # type: ignore[arg-type]  # passed on as they are
        self.queue = queue
        self.slippage = 0.0
        self._ahead: dict[ClientOrderId, tuple[float, float]] = {}

    def on_market(self, event: MarketEvent, now: UnixNanos) -> None:
        """Match resting orders against a change of the market."""
        if self.queue is not Queue.THROUGH:
            self._move_queues(event)
        super().on_market(event, now)

    def ahead(self, key: ClientOrderId) -> float | None:
        """Return the quantity believed to stand ahead of an order, None when it has no place."""
        found = self._ahead.get(key)
        return None if found is None else found[0]

    def _move_queues(self, event: MarketEvent) -> None:
        """Give each order a place when it is first seen to rest; shorten it with its level."""
        if isinstance(event, Trade | Bar):
            return
        for order in self._open.get(event.instrument_id, {}).values():
            if order.limit is None or not order.triggered:
                continue
            key, limit = order.request.client_order_id, float(order.limit)
            shown = self._shown_at(order, limit)
            if shown is None:
                continue
            place = self._ahead.get(key)
            if place is None:
                self._ahead[key] = (shown, shown)
                continue
            ahead, size = place
            if self.queue is Queue.PROBABLE and shown < size:
                # Of what left the level, the part that stood ahead, were all as likely to go.
                ahead -= (size - shown) * (ahead / size)
            self._ahead[key] = (max(min(ahead, shown), 0.0), shown)

    def _shown_at(self, order: Working, limit: float) -> float | None:
        """Return the size displayed at the order's price, 0 in front, None when not known."""
        view = self._market(order.request.instrument_id)
        if view is None:
            return None
        sign = order.request.side.sign
        for px, qty in view.levels(order.request.side is Side.BUY):
            if px == limit:
                return qty
            if (px - limit) * sign < 0:
                return 0.0
        return None

    def _trade_through(self, order: Working, px: float, traded: Decimal, now: UnixNanos) -> Decimal:
        limit = order.limit
        if self.queue is Queue.THROUGH or limit is None or px != float(limit):
            return super()._trade_through(order, px, traded, now)
        key = order.request.client_order_id
        place = self._ahead.get(key)
        view = self._market(order.request.instrument_id)
        if place is None or view is None:
            return money.ZERO
        ahead, size = place
        qty = float(traded)
        self._ahead[key] = (max(ahead - qty, 0.0), max(size - qty, 0.0))
        passed = traded - money.of_float(ahead)
        quantity = min(order.remaining, money.to_quantity(max(passed, money.ZERO),
                                                          view.instrument.lot))  # fmt: skip
        if quantity > 0:
            self._fill(order, limit, quantity, Liquidity.MAKER, now)
        return quantity

    def _unrest(self, order: Working) -> None:
        self._ahead.pop(order.request.client_order_id, None)
        super()._unrest(order)

    def _fill(
        self, order: Working, price: Decimal, quantity: Decimal, kind: Liquidity, now: UnixNanos
    ) -> None:
        view = self._market(order.request.instrument_id)
        quote = view.quote if view is not None else None
        if quote is not None and kind is Liquidity.TAKER:
            mid = (quote.bid_px + quote.ask_px) * 0.5
            self.slippage += (float(price) - mid) * float(quantity) * order.request.side.sign
        super()._fill(order, price, quantity, kind, now)
