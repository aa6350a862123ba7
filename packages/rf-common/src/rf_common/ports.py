"""What a component needs of its neighbours, as protocols; adapters live on floors above."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from decimal import Decimal
from typing import Protocol

from rf_common.clock import Clock, UnixNanos
from rf_common.events import (
    Envelope,
    FeedStatus,
    Level,
    MarketEvent,
    OrderFilled,
    Payload,
    Quote,
    VenueReport,
)
from rf_common.ids import ClientOrderId, InstrumentId, StrategyId
from rf_common.instruments import Instrument
from rf_common.intelligence import GateDecided
from rf_common.orders import CancelOrder, OrderRequest, Output, ReplaceOrder, Signal

__all__ = [
    "AlertSink",
    "Clock",
    "Condition",
    "ExecutionGateway",
    "FeatureView",
    "Journal",
    "MarketDataSource",
    "MarketView",
    "Strategy",
    "StrategyContext",
]


class MarketView(Protocol):
    """Read-only present state of one instrument."""

    @property
    def instrument(self) -> Instrument:
        """What is traded and on which grid."""
        ...

    @property
    def quote(self) -> Quote | None:
        """The newest best bid and ask, None before the first."""
        ...

    def levels(self, bids: bool) -> Iterator[Level]:
        """Yield the levels of one side, best first, from quote and book together."""
        ...


class MarketDataSource(Protocol):
    """A feed: connects, normalises, reconnects, tells its gaps."""

    name: str

    def stream(self) -> AsyncGenerator[Sequence[Payload], None]:
        """Yield batches of normalised events until closed."""
        ...

    def status(self) -> FeedStatus:
        """Return the present state of the connection."""
        ...


class ExecutionGateway(Protocol):
    """The door through which orders leave; answers come back through the inbox.

    `halt` may be called from any thread while the engine is busy or hung.
    """

    name: str

    def submit(self, request: OrderRequest) -> None:
        """Send an order."""
        ...

    def cancel(self, order: CancelOrder) -> None:
        """Ask for a cancel."""
        ...

    def replace(self, order: ReplaceOrder) -> None:
        """Ask for a change."""
        ...

    def report(self, asked: Sequence[ClientOrderId]) -> VenueReport:
        """Return what the venue has of ours, and what became of the orders asked for."""
        ...

    def halt(self) -> tuple[ClientOrderId, ...]:
        """Refuse new orders from now on, cancel what is open, return what was confirmed."""
        ...

    def release(self) -> None:
        """Accept orders again after `halt`."""
        ...


class FeatureView(Protocol):
    """Streaming measures of one instrument; None while too few observations were seen."""

    @property
    def mid_px(self) -> float | None:
        """Mid of the best bid and ask, currency."""
        ...

    @property
    def vol(self) -> float | None:
        """Volatility, decimal per year."""
        ...

    @property
    def samples(self) -> int:
        """How many samples of the event-time grid were taken; changes when there is a new one."""
        ...


class StrategyContext(Protocol):
    """What a strategy may read while it thinks about one instrument."""

    @property
    def instrument(self) -> Instrument:
        """What is traded and on which grid."""
        ...

    @property
    def now(self) -> UnixNanos:
        """Time of the event being processed."""
        ...

    @property
    def quote(self) -> Quote | None:
        """The newest best bid and ask."""
        ...

    @property
    def features(self) -> FeatureView:
        """Streaming measures of this instrument."""
        ...

    @property
    def verdict(self) -> GateDecided | None:
        """The gate's newest verdict on this instrument, None before the first."""
        ...

    def position(self, strategy_id: StrategyId) -> Decimal:
        """Return what this strategy holds of the instrument, signed, open orders not counted."""
        ...


class Condition(Protocol):
    """One line of an explanation: what was needed, what was there."""

    @property
    def name(self) -> str:
        """What is compared."""
        ...

    @property
    def value(self) -> str:
        """What it is now."""
        ...

    @property
    def needed(self) -> str:
        """What it would have to be."""
        ...

    @property
    def met(self) -> bool:
        """Whether it holds."""
        ...


class Strategy(Protocol):
    """A trading idea, the same object type live, on paper and in a backtest.

    It must be deterministic: no clock, no randomness, no I/O; what it needs comes with the call.
    """

    @property
    def strategy_id(self) -> StrategyId:
        """The name it trades under."""
        ...

    @property
    def instruments(self) -> frozenset[InstrumentId]:
        """What it wants to hear of; empty means everything."""
        ...

    def on_event(self, context: StrategyContext, event: MarketEvent) -> Signal | None:
        """Return a changed opinion, or None."""
        ...

    def on_fill(self, context: StrategyContext, fill: OrderFilled) -> None:
        """Hear of an execution of one's own order."""
        ...

    def explain(self, instrument_id: InstrumentId) -> Sequence[Condition]:
        """Return the conditions of the present opinion, for people."""
        ...


class Journal(Protocol):
    """The truth on disk: what entered, what was decided."""

    def append(self, envelope: Envelope, outputs: Sequence[Output]) -> None:
        """Add a step; it is durable after the next `commit`."""
        ...

    def commit(self) -> None:
        """Return when everything appended is on disk, or raise `StorageError`."""
        ...


class AlertSink(Protocol):
    """Where notices for people go."""

    def send(self, text: str) -> None:
        """Deliver one notice; must not block."""
        ...
