"""One order, and the book of all orders by client id.

Late but legal moves are taken (a fill before the acceptance, a fill after a cancel), because
the venue is right. Illegal ones change nothing and come back as an alarm. A fill counts once
per venue and execution id; an order's executions are remembered as long as the order is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec

from rf_common import money
from rf_common.clock import UnixNanos
from rf_common.enums import OrderStatus, OrderType, Side
from rf_common.events import OrderAccepted, OrderEvent, OrderFilled, OrderUpdated
from rf_common.ids import ClientOrderId, InstrumentId, VenueOrderId, venue_of
from rf_common.orders import OrderRequest
from rf_oms.transitions import MOVES, TRANSITIONS, WORKING


class OrderState(msgspec.Struct, frozen=True, array_like=True):
    """Everything known of one order, as kept in a checkpoint and shown to people."""

    request: OrderRequest
    status: OrderStatus
    quantity: Decimal
    limit_price: Decimal | None
    filled: Decimal
    filled_notional: Decimal
    fees: Decimal
    venue_order_id: VenueOrderId | None
    created: UnixNanos
    updated: UnixNanos
    reason: str
    reference_px: float


class Order:
    """One order: what was asked, where it stands, what was filled."""

    __slots__ = (
        "created",
        "fees",
        "filled",
        "filled_notional",
        "limit_price",
        "quantity",
        "reason",
        "reference_px",
        "request",
        "status",
        "updated",
        "venue_order_id",
    )

    def __init__(self, request: OrderRequest, created: UnixNanos, reference_px: float) -> None:
        self.request = request
        self.status = OrderStatus.INITIALIZED
        self.quantity = request.quantity
        self.limit_price = request.limit_price
        self.filled = money.ZERO
        self.filled_notional = money.ZERO
        self.fees = money.ZERO
        self.venue_order_id: VenueOrderId | None = None
        self.created = created
        self.updated = created
        self.reason = ""
        self.reference_px = reference_px

    @property
    def client_order_id(self) -> ClientOrderId:
        """Our id, unique for ever."""
        return self.request.client_order_id

    @property
    def instrument_id(self) -> InstrumentId:
        """What it trades."""
        return self.request.instrument_id

    @property
    def side(self) -> Side:
        """Buy or sell."""
        return self.request.side

    @property
    def remaining(self) -> Decimal:
        """Quantity that may still be filled; never negative."""
        return max(self.quantity - self.filled, money.ZERO)

    @property
    def is_open(self) -> bool:
        """Whether something may still happen without the venue surprising us."""
        return not self.status.is_terminal

    @property
    def average_price(self) -> Decimal | None:
        """Volume-weighted price of the fills, None before the first."""
        return self.filled_notional / self.filled if self.filled else None

    @property
    def open_notional(self) -> Decimal:
        """Value of what may still be filled: at the limit, else at the reference price."""
        price = self.limit_price or self.request.stop_price
        if price is None or self.request.order_type is OrderType.MARKET:
            price = money.of_float(self.reference_px, field="reference price")
        return money.notional(price, self.remaining)

    def move(self, name: str, ts: UnixNanos) -> bool:
        """Make the move `name` and return True, or return False when it is illegal."""
        target = TRANSITIONS[self.status].get(name)
        if target is None:
            return False
        if target == WORKING:
            # A refused cancel does not prove that the order ever arrived.
            known = self.venue_order_id is not None
            target = OrderStatus.ACCEPTED if known else OrderStatus.UNKNOWN
        if self.filled and target == OrderStatus.ACCEPTED:
            target = OrderStatus.PARTIALLY_FILLED
        self.status = OrderStatus(target)
        self.updated = max(ts, self.updated)
        return True

    def state(self) -> OrderState:
        """Return a frozen copy."""
        return OrderState(
            self.request,
            self.status,
            self.quantity,
            self.limit_price,
            self.filled,
            self.filled_notional,
            self.fees,
            self.venue_order_id,
            self.created,
            self.updated,
            self.reason,
            self.reference_px,
        )

    @classmethod
    def from_state(cls, state: OrderState) -> Order:
        """Rebuild an order from its frozen copy."""
        order = cls(state.request, state.created, state.reference_px)
        order.status = state.status
        order.quantity = state.quantity
        order.limit_price = state.limit_price
        order.filled = state.filled
        order.filled_notional = state.filled_notional
        order.fees = state.fees
        order.venue_order_id = state.venue_order_id
        order.updated = state.updated
        order.reason = state.reason
        return order


class Change(msgspec.Struct, frozen=True):
    """What an order event did: the order, a fill that counts, or an alarm."""

    order: Order | None
    fill: OrderFilled | None = None
    alarm: str = ""


class Execution(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What identifies a fill that was booked; a copy may differ in fee and times only."""

    execution_id: str
    client_order_id: ClientOrderId
    instrument_id: InstrumentId
    side: Side
    price: Decimal
    quantity: Decimal

    @classmethod
    def of(cls, fill: OrderFilled) -> Execution:
        """Return what is remembered of a fill."""
        return cls(
            fill.execution_id,
            fill.client_order_id,
            fill.instrument_id,
            fill.side,
            fill.price,
            fill.quantity,
        )

    @property
    def key(self) -> tuple[str, str]:
        """Venue and execution id: ids of two venues have nothing to do with each other."""
        return venue_of(self.instrument_id), self.execution_id


class Orders:
    """All orders by client id; open ones first in reach, finished ones kept for late answers.

    Parameters
    ----------
    keep_finished : int
        How many finished orders are remembered, with their executions, and how many
        executions of orders that are not ours.
    """

    def __init__(self, keep_finished: int = 2_000) -> None:
        self._keep = keep_finished
        self._orders: dict[ClientOrderId, Order] = {}
        self._open: dict[ClientOrderId, Order] = {}
        self._executions: dict[tuple[str, str], Execution] = {}
        self._by_order: dict[ClientOrderId, list[Execution]] = {}
        self._strangers: dict[tuple[str, str], None] = {}

    def __len__(self) -> int:
        return len(self._orders)

    def __iter__(self) -> Iterator[Order]:
        return iter(self._orders.values())

    def get(self, client_order_id: ClientOrderId) -> Order | None:
        """Return the order, or None when it is not (or no longer) known."""
        return self._orders.get(client_order_id)

    def open_orders(self) -> Iterable[Order]:
        """Return open orders, oldest first."""
        return self._open.values()

    @property
    def open_count(self) -> int:
        """How many orders are open."""
        return len(self._open)

    def open(self, request: OrderRequest, ts: UnixNanos, reference_px: float) -> Order:
        """Record an order as in flight, before it leaves.

        Raises
        ------
        ValueError
            If the client order id was used before.
        """
        if request.client_order_id in self._orders:
            raise ValueError(f"client order id {request.client_order_id} was used before")
        order = Order(request, ts, reference_px)
        order.move("submit", ts)
        self._orders[request.client_order_id] = order
        self._open[request.client_order_id] = order
        return order

    def ask(self, client_order_id: ClientOrderId, move: str, ts: UnixNanos) -> bool:
        """Note that a cancel (``ask_cancel``) or a change (``ask_update``) is on its way."""
        order = self._orders.get(client_order_id)
        return order is not None and order.move(move, ts)

    def apply(self, event: OrderEvent) -> Change:
        """Apply a venue's answer; return the order, the fill if it counts, and any alarm."""
        order = self._orders.get(event.client_order_id)
        if isinstance(event, OrderFilled):
            return self._fill(order, event)
        if order is None:
            return Change(None, alarm=f"answer for unknown order {event.client_order_id}")
        move = MOVES[type(event)]
        if not order.move(move, event.ts_event):
            text = f"{move} is not possible for {order.client_order_id} in {order.status}"
            return Change(order, alarm=text)
        alarm = ""
        if isinstance(event, OrderAccepted):
            alarm = _identify(order, event.venue_order_id)
        elif isinstance(event, OrderUpdated):
            _update(order, event)
        else:
            order.reason = event.reason or order.reason
        self._file(order)
        return Change(order, alarm=alarm)

    def _fill(self, order: Order | None, fill: OrderFilled) -> Change:
        if not _is_usable(fill):
            text = f"fill {fill.execution_id!r} of {fill.quantity} at {fill.price} cannot be booked"
            return Change(order, alarm=text)
        execution = Execution.of(fill)
        seen = self._executions.get(execution.key)
        if seen is not None:
            text = f"execution {fill.execution_id} came again with other data"
            return Change(order, alarm="" if seen == execution else text)
        self._remember(execution)
        if order is None:
            return Change(None, fill, f"fill {fill.execution_id} for an order that is not ours")
        order.filled += fill.quantity
        order.filled_notional += money.notional(fill.price, fill.quantity)
        order.fees += money.to_cash(fill.fee)
        was = order.status
        order.move("full_fill" if order.filled >= order.quantity else "part_fill", fill.ts_event)
        other_id = _identify(order, fill.venue_order_id)
        self._file(order)
        return Change(order, fill, _fill_alarm(order, fill, was) or other_id)

    def _remember(self, execution: Execution) -> None:
        self._executions[execution.key] = execution
        if execution.client_order_id in self._orders:
            self._by_order.setdefault(execution.client_order_id, []).append(execution)
            return
        self._strangers[execution.key] = None
        while len(self._strangers) > self._keep:
            oldest = next(iter(self._strangers))
            del self._strangers[oldest]
            del self._executions[oldest]

    def _file(self, order: Order) -> None:
        if order.is_open or self._open.pop(order.client_order_id, None) is None:
            return
        while len(self._orders) - len(self._open) > self._keep:
            oldest = next(key for key in self._orders if key not in self._open)
            del self._orders[oldest]
            for execution in self._by_order.pop(oldest, ()):
                del self._executions[execution.key]

    def state(self) -> tuple[tuple[OrderState, ...], tuple[Execution, ...]]:
        """Return frozen copies of all orders and of the executions that were booked."""
        return tuple(o.state() for o in self._orders.values()), tuple(self._executions.values())

    def restore(self, orders: Iterable[OrderState], executions: Iterable[Execution]) -> None:
        """Replace everything by frozen copies."""
        self._orders = {o.request.client_order_id: Order.from_state(o) for o in orders}
        self._open = {key: o for key, o in self._orders.items() if o.is_open}
        self._executions, self._by_order, self._strangers = {}, {}, {}
        for execution in executions:
            self._remember(execution)


def _is_usable(fill: OrderFilled) -> bool:
    numbers = (fill.price, fill.quantity, fill.fee)
    finite = all(number.is_finite() for number in numbers)
    return bool(fill.execution_id) and finite and fill.price > 0 and fill.quantity > 0


def _identify(order: Order, venue_order_id: VenueOrderId) -> str:
    """Take the venue's id; a second one for the same client id is an alarm."""
    if order.venue_order_id is None:
        order.venue_order_id = venue_order_id or None
    elif venue_order_id and venue_order_id != order.venue_order_id:
        key = order.client_order_id
        return f"{key} has two orders at the venue: {order.venue_order_id} and {venue_order_id}"
    return ""


def _update(order: Order, event: OrderUpdated) -> None:
    if not order.is_open:
        return
    order.quantity, order.limit_price = event.quantity, event.limit_price
    if order.filled >= order.quantity:  # filled while the smaller quantity was on its way
        order.move("full_fill", event.ts_event)


def _fill_alarm(order: Order, fill: OrderFilled, was: OrderStatus) -> str:
    if order.filled > order.quantity:
        return f"overfill of {order.client_order_id}: {order.filled} of {order.quantity}"
    if fill.side is not order.side or fill.instrument_id != order.instrument_id:
        return f"fill {fill.execution_id} does not fit order {order.client_order_id}"
    if was in {OrderStatus.REJECTED, OrderStatus.DENIED}:
        return f"fill {fill.execution_id} for {order.client_order_id}, which was {was}"
    return ""
