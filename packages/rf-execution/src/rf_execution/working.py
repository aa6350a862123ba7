"""One order as the paper venue keeps it, and what the venue says of it."""

from __future__ import annotations

from decimal import Decimal

from rf_common import money
from rf_common.clock import UnixNanos
from rf_common.enums import OrderStatus, Side
from rf_common.events import OrderAccepted, OrderFilled, VenueOrder
from rf_common.ids import VenueOrderId
from rf_common.orders import OrderRequest


class Working:
    """An order at the venue: as it stands now, and every execution of it."""

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

    def may_act(self, bid: float, ask: float) -> bool:
        """Return whether these prices could fill or wake the order."""
        if not self.triggered or self.limit is None:
            return True
        limit = float(self.limit)
        return limit >= ask if self.request.side is Side.BUY else limit <= bid

    def priority(self) -> Decimal:
        """Return the sort key among our own orders: without a limit first, then the best price."""
        if self.limit is None:
            return Decimal("-Infinity")
        return -self.limit * self.request.side.sign

    def accepted(self, now: UnixNanos) -> OrderAccepted:
        """Return the answer that the venue has it."""
        request = self.request
        return OrderAccepted(
            request.client_order_id, request.instrument_id, now, self.venue_order_id
        )

    def reported(self) -> VenueOrder:
        """Return it as it stands in a report."""
        request = self.request
        return VenueOrder(
            request.client_order_id,
            request.instrument_id,
            self.venue_order_id,
            self.status,
            self.quantity,
            self.limit,
            self.filled,
        )
