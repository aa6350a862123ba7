"""The life of an order as one table, and the book of all orders by client id.

Late but legal moves are taken (a fill before the acceptance, a fill after a cancel), because
the venue is right. Illegal ones change nothing and come back as an alarm. A fill counts once
per execution id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from rf_common import money
from rf_common.clock import UnixNanos
from rf_common.enums import OrderStatus, OrderType, Side
from rf_common.events import (
    CancelRejected,
    OrderAccepted,
    OrderCanceled,
    OrderDenied,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    OrderUpdated,
)
from rf_common.ids import ClientOrderId, InstrumentId, VenueOrderId
from rf_common.orders import OrderRequest

_S = OrderStatus
_WORKING = "WORKING"
"""Stands for ACCEPTED, or PARTIALLY_FILLED once something was filled."""

TRANSITIONS: Final[Mapping[OrderStatus, Mapping[str, OrderStatus | str]]] = {
    _S.INITIALIZED: {"submit": _S.SUBMITTED, "deny": _S.DENIED},
    _S.SUBMITTED: {
        "accept": _S.ACCEPTED,
        "reject": _S.REJECTED,
        "deny": _S.DENIED,
        "unknown": _S.UNKNOWN,
        "part_fill": _S.PARTIALLY_FILLED,
        "full_fill": _S.FILLED,
        "ask_cancel": _S.PENDING_CANCEL,
        "cancel": _S.CANCELED,
        "expire": _S.EXPIRED,
    },
    _S.UNKNOWN: {
        "accept": _S.ACCEPTED,
        "reject": _S.REJECTED,
        "unknown": _S.UNKNOWN,
        "part_fill": _S.PARTIALLY_FILLED,
        "full_fill": _S.FILLED,
        "ask_cancel": _S.PENDING_CANCEL,
        "cancel": _S.CANCELED,
        "expire": _S.EXPIRED,
    },
    _S.ACCEPTED: {
        "accept": _S.ACCEPTED,
        "reject": _S.REJECTED,
        "part_fill": _S.PARTIALLY_FILLED,
        "full_fill": _S.FILLED,
        "ask_cancel": _S.PENDING_CANCEL,
        "ask_update": _S.PENDING_UPDATE,
        "refuse": _S.ACCEPTED,
        "cancel": _S.CANCELED,
        "expire": _S.EXPIRED,
    },
    _S.PARTIALLY_FILLED: {
        "accept": _S.PARTIALLY_FILLED,
        "part_fill": _S.PARTIALLY_FILLED,
        "full_fill": _S.FILLED,
        "ask_cancel": _S.PENDING_CANCEL,
        "ask_update": _S.PENDING_UPDATE,
        "refuse": _S.PARTIALLY_FILLED,
        "cancel": _S.CANCELED,
        "expire": _S.EXPIRED,
    },
    _S.PENDING_UPDATE: {
        "accept": _S.PENDING_UPDATE,
        "update": _WORKING,
        "refuse": _WORKING,
        "unknown": _S.PENDING_UPDATE,
        "part_fill": _S.PENDING_UPDATE,
        "full_fill": _S.FILLED,
        "ask_cancel": _S.PENDING_CANCEL,
        "cancel": _S.CANCELED,
        "expire": _S.EXPIRED,
    },
    _S.PENDING_CANCEL: {
        "accept": _S.PENDING_CANCEL,
        "reject": _S.REJECTED,
        "deny": _S.DENIED,
        "update": _S.PENDING_CANCEL,
        "refuse": _WORKING,
        "unknown": _S.UNKNOWN,
        "part_fill": _S.PENDING_CANCEL,
        "full_fill": _S.FILLED,
        "ask_cancel": _S.PENDING_CANCEL,
        "cancel": _S.CANCELED,
        "expire": _S.EXPIRED,
    },
    # Terminal states take late fills, and late answers to requests that no longer matter.
    _S.FILLED: {
        "accept": _S.FILLED,
        "refuse": _S.FILLED,
        "cancel": _S.FILLED,
        "update": _S.FILLED,
        "unknown": _S.FILLED,
        "part_fill": _S.FILLED,
        "full_fill": _S.FILLED,
    },
    _S.CANCELED: {
        "accept": _S.CANCELED,
        "refuse": _S.CANCELED,
        "cancel": _S.CANCELED,
        "update": _S.CANCELED,
        "unknown": _S.CANCELED,
        "part_fill": _S.CANCELED,
        "full_fill": _S.FILLED,
    },
    _S.EXPIRED: {
        "accept": _S.EXPIRED,
        "refuse": _S.EXPIRED,
        "expire": _S.EXPIRED,
        "cancel": _S.EXPIRED,
        "unknown": _S.EXPIRED,
        "part_fill": _S.EXPIRED,
        "full_fill": _S.FILLED,
    },
    _S.REJECTED: {
        "reject": _S.REJECTED,
        "refuse": _S.REJECTED,
        "unknown": _S.REJECTED,
        "part_fill": _S.REJECTED,
        "full_fill": _S.FILLED,
    },
    _S.DENIED: {
        "deny": _S.DENIED,
        "refuse": _S.DENIED,
        "part_fill": _S.DENIED,
        "full_fill": _S.FILLED,
    },
}
"""``TRANSITIONS[status][move]`` is the next status; what is absent is illegal."""

_MOVES: Final = {
    OrderAccepted: "accept",
    OrderRejected: "reject",
    OrderDenied: "deny",
    OrderCanceled: "cancel",
    OrderExpired: "expire",
    OrderUpdated: "update",
    CancelRejected: "refuse",
    OrderUnknown: "unknown",
}


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
        if target == _WORKING:
            target = OrderStatus.PARTIALLY_FILLED if self.filled else OrderStatus.ACCEPTED
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
    """What identifies a fill that was booked."""

    execution_id: str
    price: Decimal
    quantity: Decimal


class Orders:
    """All orders by client id; open ones first in reach, finished ones kept for late answers.

    Parameters
    ----------
    keep_finished : int
        How many finished orders and how many executions are remembered.
    """

    def __init__(self, keep_finished: int = 2_000) -> None:
        self._keep = keep_finished
        self._orders: dict[ClientOrderId, Order] = {}
        self._open: dict[ClientOrderId, Order] = {}
        self._finished: dict[ClientOrderId, None] = {}
        self._executions: dict[str, Execution] = {}

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
        move = _MOVES[type(event)]
        if not order.move(move, event.ts_event):
            text = f"{move} is not possible for {order.client_order_id} in {order.status}"
            return Change(order, alarm=text)
        if isinstance(event, OrderAccepted):
            order.venue_order_id = event.venue_order_id
        elif isinstance(event, OrderUpdated) and order.is_open:
            order.quantity, order.limit_price = event.quantity, event.limit_price
        elif not isinstance(event, OrderUpdated):
            order.reason = event.reason or order.reason
        self._file(order)
        return Change(order)

    def _fill(self, order: Order | None, fill: OrderFilled) -> Change:
        seen = self._executions.get(fill.execution_id)
        if seen is not None:
            same = seen.price == fill.price and seen.quantity == fill.quantity
            text = "" if same else f"execution {fill.execution_id} came again with other data"
            return Change(order, alarm=text)
        self._executions[fill.execution_id] = Execution(
            fill.execution_id, fill.price, fill.quantity
        )
        _forget(self._executions, self._keep)
        if order is None:
            return Change(None, fill, f"fill {fill.execution_id} for an order that is not ours")
        order.filled += fill.quantity
        order.filled_notional += money.notional(fill.price, fill.quantity)
        order.fees += fill.fee
        was = order.status
        order.move("full_fill" if order.filled >= order.quantity else "part_fill", fill.ts_event)
        self._file(order)
        return Change(order, fill, _fill_alarm(order, fill, was))

    def _file(self, order: Order) -> None:
        key = order.client_order_id
        if order.is_open or self._open.pop(key, None) is None:
            return
        self._finished[key] = None
        while len(self._finished) > self._keep:
            oldest = next(iter(self._finished))
            del self._finished[oldest]
            del self._orders[oldest]

    def state(self) -> tuple[tuple[OrderState, ...], tuple[Execution, ...]]:
        """Return frozen copies of all orders and of the executions that were booked."""
        return tuple(o.state() for o in self._orders.values()), tuple(self._executions.values())

    def restore(self, orders: Iterable[OrderState], executions: Iterable[Execution]) -> None:
        """Replace everything by frozen copies."""
        self._orders = {o.request.client_order_id: Order.from_state(o) for o in orders}
        self._open = {key: o for key, o in self._orders.items() if o.is_open}
        self._finished = {key: None for key, o in self._orders.items() if not o.is_open}
        self._executions = {execution.execution_id: execution for execution in executions}


def _fill_alarm(order: Order, fill: OrderFilled, was: OrderStatus) -> str:
    if order.filled > order.quantity:
        return f"overfill of {order.client_order_id}: {order.filled} of {order.quantity}"
    if fill.side is not order.side or fill.instrument_id != order.instrument_id:
        return f"fill {fill.execution_id} does not fit order {order.client_order_id}"
    if was in {OrderStatus.REJECTED, OrderStatus.DENIED}:
        return f"fill {fill.execution_id} for {order.client_order_id}, which was {was}"
    return ""


def _forget(remembered: dict[str, Execution], keep: int) -> None:
    while len(remembered) > keep:
        del remembered[next(iter(remembered))]
