"""Facts that travel down the corridor, and the envelope that stamps each of them once.

Every payload is a frozen struct with a tag, encoded as a compact array: the same class is
schema, validator and wire format. Prices and sizes of market data are float64, correctly
rounded from the venue's text; those of orders and fills are exact `Decimal`.

Structs that hold only scalars, or tuples of scalars that cannot form a cycle, are kept out of
the garbage collector (``gc=False``): they are created for every tick.
"""

from __future__ import annotations

import threading
from decimal import Decimal

import msgspec

from rf_common.clock import Clock, UnixNanos
from rf_common.commands import Command
from rf_common.enums import FeedState, Liquidity, OrderStatus, Side
from rf_common.ids import ClientOrderId, InstrumentId, VenueOrderId
from rf_common.intelligence import AnalystSignal, GraphContext, QuantSnapshot, SwarmSignal

Level = tuple[float, float]
"""Price and quantity of one book level."""


class Quote(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="Q"):
    """Best bid and ask; `update_id` is the venue's, 0 when it has none."""

    instrument_id: InstrumentId
    ts_event: UnixNanos
    bid_px: float
    bid_qty: float
    ask_px: float
    ask_qty: float
    update_id: int = 0


class Trade(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="T"):
    """One print on the tape; `aggressor` is None when the venue does not say."""

    instrument_id: InstrumentId
    ts_event: UnixNanos
    px: float
    qty: float
    aggressor: Side | None
    trade_id: int = 0


class BookSnapshot(msgspec.Struct, frozen=True, array_like=True, tag="S"):
    """A whole book, best level first on both sides; replaces what was known."""

    instrument_id: InstrumentId
    ts_event: UnixNanos
    last_id: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class BookDelta(msgspec.Struct, frozen=True, array_like=True, tag="D"):
    """Absolute new quantities at some levels; zero removes a level.

    Deltas in the corridor are contiguous with the book they follow: synchronisation is the
    business of the venue's adapter, which sends a new `BookSnapshot` after any gap.
    """

    instrument_id: InstrumentId
    ts_event: UnixNanos
    first_id: int
    last_id: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class Bar(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="B"):
    """Open, high, low, close and volume of one interval, labelled by its open time."""

    instrument_id: InstrumentId
    ts_event: UnixNanos
    interval_ns: int
    open_px: float
    high_px: float
    low_px: float
    close_px: float
    volume: float
    is_closed: bool = True


class FeedGap(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="G"):
    """Updates of one instrument were lost; its book is unknown until the next snapshot."""

    instrument_id: InstrumentId
    ts_event: UnixNanos
    source: str
    first_missing: int
    last_missing: int
    reason: str


class FeedStatus(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="F"):
    """A source changed its state: connected, silent, gone, back."""

    source: str
    ts_event: UnixNanos
    state: FeedState
    reason: str = ""
    latency_ms: float | None = None


MarketEvent = Quote | Trade | BookSnapshot | BookDelta | Bar


class OrderAccepted(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="oA"):
    """The venue has the order."""

    client_order_id: ClientOrderId
    instrument_id: InstrumentId
    ts_event: UnixNanos
    venue_order_id: VenueOrderId


class OrderRejected(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="oR"):
    """The venue proved that it does not have the order."""

    client_order_id: ClientOrderId
    instrument_id: InstrumentId
    ts_event: UnixNanos
    reason: str


class OrderDenied(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="oN"):
    """Our own last gate held the order back; it was never sent."""

    client_order_id: ClientOrderId
    instrument_id: InstrumentId
    ts_event: UnixNanos
    reason: str


class OrderFilled(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="oF"):
    """One execution; counts once per `execution_id`."""

    client_order_id: ClientOrderId
    instrument_id: InstrumentId
    ts_event: UnixNanos
    venue_order_id: VenueOrderId
    execution_id: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    liquidity: Liquidity


class OrderCanceled(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="oC"):
    """The venue confirmed that the order is gone."""

    client_order_id: ClientOrderId
    instrument_id: InstrumentId
    ts_event: UnixNanos
    reason: str = ""


class OrderExpired(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="oX"):
    """The order's time in force ran out."""

    client_order_id: ClientOrderId
    instrument_id: InstrumentId
    ts_event: UnixNanos
    reason: str = ""


class OrderUpdated(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="oU"):
    """The venue confirmed a new quantity or price."""

    client_order_id: ClientOrderId
    instrument_id: InstrumentId
    ts_event: UnixNanos
    quantity: Decimal
    limit_price: Decimal | None


class CancelRejected(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="oK"):
    """The venue refused to cancel or to change the order; it stays as it is."""

    client_order_id: ClientOrderId
    instrument_id: InstrumentId
    ts_event: UnixNanos
    reason: str


class OrderUnknown(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="o?"):
    """Sent, result not known: a time-out, a reset, an unreadable answer."""

    client_order_id: ClientOrderId
    instrument_id: InstrumentId
    ts_event: UnixNanos
    reason: str


OrderEvent = (
    OrderAccepted
    | OrderRejected
    | OrderDenied
    | OrderFilled
    | OrderCanceled
    | OrderExpired
    | OrderUpdated
    | CancelRejected
    | OrderUnknown
)


class VenueOrder(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One of our orders as the venue reports it."""

    client_order_id: ClientOrderId
    instrument_id: InstrumentId
    venue_order_id: VenueOrderId
    status: OrderStatus
    quantity: Decimal
    limit_price: Decimal | None
    filled: Decimal


class VenueReport(msgspec.Struct, frozen=True, array_like=True, tag="V"):
    """What the venue has of ours: open orders, those that were asked for, net positions.

    `executions` are the fills of the orders that were asked for; `asked` names them, so that
    an order that was asked for and is not in `orders` is proven not to be there.
    """

    venue: str
    ts_event: UnixNanos
    asked: tuple[ClientOrderId, ...]
    orders: tuple[VenueOrder, ...]
    executions: tuple[OrderFilled, ...]
    positions: tuple[tuple[InstrumentId, Decimal], ...]


class Timer(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="t"):
    """A timer that the engine asked for has run out."""

    name: str
    ts_event: UnixNanos


class StorageFailed(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="J"):
    """The journal could not be written; nothing may be sent any more."""

    ts_event: UnixNanos
    reason: str


class VolatilityFitted(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="M"):
    """A worker fitted an instrument's volatility model to this session's returns.

    `model` names it; the parameters are those of a GARCH(1,1), or with `gamma` of a GJR
    recursion, in squared log returns of one sample. `samples` returns gave `log_likelihood`.
    """

    instrument_id: InstrumentId
    ts_event: UnixNanos
    model: str
    omega: float
    alpha: float
    beta: float
    gamma: float
    log_likelihood: float
    samples: int


class Commanded(msgspec.Struct, frozen=True, array_like=True, tag="K"):
    """A person's command entered the corridor."""

    command: Command


Payload = (
    Quote
    | Trade
    | BookSnapshot
    | BookDelta
    | Bar
    | FeedGap
    | FeedStatus
    | OrderAccepted
    | OrderRejected
    | OrderDenied
    | OrderFilled
    | OrderCanceled
    | OrderExpired
    | OrderUpdated
    | CancelRejected
    | OrderUnknown
    | VenueReport
    | Timer
    | StorageFailed
    | VolatilityFitted
    | QuantSnapshot
    | SwarmSignal
    | GraphContext
    | AnalystSignal
    | Commanded
)
"""Everything that may enter the inbox."""


class Envelope(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A payload with our order and our time, given exactly once.

    Two envelopes are equal when sequence, time and payload are equal; replay follows `seq`,
    a merge of histories follows ``(payload.ts_event, seq)``.
    """

    seq: int
    ts_init: UnixNanos
    payload: Payload


def stamp(payload: Payload, clock: Clock, sequence: SequenceGenerator) -> Envelope:
    """Return `payload` in an envelope with the next number and the present time."""
    return Envelope(sequence.next(), clock.now(), payload)


class SequenceGenerator:
    """Sequence numbers from 1; safe to share between threads.

    Examples
    --------
    >>> numbers = SequenceGenerator()
    >>> numbers.next(), numbers.next(), numbers.peek()
    (1, 2, 3)
    """

    def __init__(self, start: int = 1) -> None:
        self._next = start
        self._lock = threading.Lock()

    def next(self) -> int:
        """Return the next number."""
        with self._lock:
            value = self._next
            self._next = value + 1
            return value

    def peek(self) -> int:
        """Return what `next` would return."""
        return self._next

    def reset(self) -> None:
        """Start again from 1."""
        with self._lock:
            self._next = 1
