"""Values with sensible defaults, so that a test names only what it is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from rf_common.clock import NANOS_PER_MILLI, UnixNanos
from rf_common.enums import Liquidity, Mode, OrderType, Side, TimeInForce
from rf_common.errors import StorageError
from rf_common.events import (
    BookDelta,
    BookSnapshot,
    Envelope,
    Level,
    OrderAccepted,
    OrderFilled,
    Payload,
    Quote,
    Trade,
)
from rf_common.ids import (
    ClientOrderId,
    InstrumentId,
    StrategyId,
    VenueOrderId,
    client_order_id,
    instrument_id,
)
from rf_common.instruments import Instrument
from rf_common.orders import OrderRequest, Output

BTCUSDT = InstrumentId("binance:BTCUSDT")
START = UnixNanos(1_723_161_255_000_000_000)
"""A Friday in August 2024, 23:54:15 UTC, where the recordings begin."""
NONCE = "K7QW3ZPA"


def instrument(
    symbol: str = "BTCUSDT",
    *,
    venue: str = "binance",
    tick: str = "0.01",
    lot: str = "0.00001",
    min_notional: str = "5",
    currency: str = "USDT",
) -> Instrument:
    """Return an instrument; BTCUSDT as Binance lists it unless told otherwise."""
    return Instrument(
        instrument_id=instrument_id(venue, symbol),
        tick=Decimal(tick),
        lot=Decimal(lot),
        min_notional=Decimal(min_notional),
        currency=currency,
    )


def quote(
    bid_px: float = 61_837.63,
    ask_px: float = 61_837.64,
    *,
    bid_qty: float = 1.0,
    ask_qty: float = 1.0,
    ts: int = START,
    update_id: int = 0,
    instrument_id: InstrumentId = BTCUSDT,
) -> Quote:
    """Return a best bid and ask."""
    return Quote(instrument_id, UnixNanos(ts), bid_px, bid_qty, ask_px, ask_qty, update_id)


def trade(
    px: float = 61_837.63,
    qty: float = 0.02,
    *,
    aggressor: Side | None = Side.BUY,
    ts: int = START,
    trade_id: int = 0,
    instrument_id: InstrumentId = BTCUSDT,
) -> Trade:
    """Return a print."""
    return Trade(instrument_id, UnixNanos(ts), px, qty, aggressor, trade_id)


def book_snapshot(
    bids: Sequence[Level] = ((61_837.63, 1.0),),
    asks: Sequence[Level] = ((61_837.64, 1.0),),
    *,
    last_id: int = 100,
    ts: int = START,
    instrument_id: InstrumentId = BTCUSDT,
) -> BookSnapshot:
    """Return a whole book, best levels first."""
    return BookSnapshot(instrument_id, UnixNanos(ts), last_id, tuple(bids), tuple(asks))


def book_delta(
    bids: Sequence[Level] = (),
    asks: Sequence[Level] = (),
    *,
    first_id: int = 101,
    last_id: int | None = None,
    ts: int = START,
    instrument_id: InstrumentId = BTCUSDT,
) -> BookDelta:
    """Return absolute changes of a book; one update unless `last_id` says more."""
    last = first_id if last_id is None else last_id
    return BookDelta(instrument_id, UnixNanos(ts), first_id, last, tuple(bids), tuple(asks))


def order_id(number: int = 1, *, mode: Mode = Mode.PAPER, nonce: str = NONCE) -> ClientOrderId:
    """Return the client id of the session's order `number`."""
    return client_order_id(mode, nonce, number)


def order_request(
    side: Side = Side.BUY,
    quantity: str = "0.01",
    limit_price: str | None = "61837.63",
    *,
    number: int = 1,
    stop_price: str | None = None,
    time_in_force: TimeInForce = TimeInForce.GTC,
    reduce_only: bool = False,
    strategy_id: str = "manual",
    actor: str = "test",
    reason: str = "",
    instrument_id: InstrumentId = BTCUSDT,
) -> OrderRequest:
    """Return an approved order; its type follows from which prices are given."""
    return OrderRequest(
        client_order_id=order_id(number),
        strategy_id=StrategyId(strategy_id),
        instrument_id=instrument_id,
        side=side,
        quantity=Decimal(quantity),
        order_type=_order_type(limit_price, stop_price),
        limit_price=None if limit_price is None else Decimal(limit_price),
        stop_price=None if stop_price is None else Decimal(stop_price),
        time_in_force=time_in_force,
        reduce_only=reduce_only,
        actor=actor,
        reason=reason,
    )


def order_accepted(request: OrderRequest, *, ts: int = START) -> OrderAccepted:
    """Return the venue's acceptance of `request`."""
    return OrderAccepted(
        request.client_order_id, request.instrument_id, UnixNanos(ts), _venue_id(request)
    )


def order_filled(
    request: OrderRequest,
    quantity: str | None = None,
    price: str | None = None,
    *,
    fee: str = "0",
    liquidity: Liquidity = Liquidity.TAKER,
    execution: int = 1,
    ts: int = START,
) -> OrderFilled:
    """Return execution number `execution` of `request`: all of it at its limit by default.

    Raises
    ------
    ValueError
        If neither the request nor the caller names a price.
    """
    at = request.limit_price if price is None else Decimal(price)
    if at is None:
        raise ValueError("expected a price for a fill of an order without a limit, was None")
    return OrderFilled(
        client_order_id=request.client_order_id,
        instrument_id=request.instrument_id,
        ts_event=UnixNanos(ts),
        venue_order_id=_venue_id(request),
        execution_id=f"{request.client_order_id}-{execution}",
        side=request.side,
        price=at,
        quantity=request.quantity if quantity is None else Decimal(quantity),
        fee=Decimal(fee),
        liquidity=liquidity,
    )


def envelopes(payloads: Iterable[Payload], *, first: int = 1, start: int = START) -> list[Envelope]:
    """Return `payloads` numbered from `first`, one millisecond apart."""
    return [
        Envelope(first + i, UnixNanos(start + i * NANOS_PER_MILLI), payload)
        for i, payload in enumerate(payloads)
    ]


class MemoryJournal:
    """A journal in a list, which can be told that the disk is full.

    Attributes
    ----------
    steps : list of (Envelope, tuple of Output)
        What has been appended.
    committed : int
        How many of them are durable.
    is_full : bool
        While True every commit raises.
    """

    def __init__(self) -> None:
        self.steps: list[tuple[Envelope, tuple[Output, ...]]] = []
        self.committed = 0
        self.is_full = False

    def append(self, envelope: Envelope, outputs: Sequence[Output]) -> None:
        """Add a step."""
        self.steps.append((envelope, tuple(outputs)))

    def commit(self) -> None:
        """Make everything appended durable, or raise `StorageError` while full."""
        if self.is_full:
            raise StorageError("no space left on device")
        self.committed = len(self.steps)


def _order_type(limit_price: str | None, stop_price: str | None) -> OrderType:
    if stop_price is None:
        return OrderType.MARKET if limit_price is None else OrderType.LIMIT
    return OrderType.STOP_MARKET if limit_price is None else OrderType.STOP_LIMIT


def _venue_id(request: OrderRequest) -> VenueOrderId:
    return VenueOrderId(f"V-{request.client_order_id}")
