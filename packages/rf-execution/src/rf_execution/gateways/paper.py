"""The paper venue behind the gateway port, with a lock so that a kill may come from anywhere."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from decimal import Decimal

from rf_common.clock import Clock, UnixNanos
from rf_common.events import MarketEvent, OrderDenied, OrderEvent, VenueReport
from rf_common.ids import ClientOrderId, InstrumentId
from rf_common.orders import CancelOrder, OrderRequest, ReplaceOrder
from rf_execution.paper import PaperVenue


class PaperGateway:
    """Gateway to a `PaperVenue`.

    Parameters
    ----------
    venue : PaperVenue
        The venue.
    clock : Clock
        Tells when a request is sent.
    """

    def __init__(self, venue: PaperVenue, clock: Clock) -> None:
        self._venue = venue
        self._clock = clock
        self._lock = threading.Lock()
        self._halted = False
        self._denied: list[OrderEvent] = []
        self.name = venue.name
        self.watches = venue.watches
        """Whether `on_market` has something to do for an instrument."""

    @property
    def next_due(self) -> UnixNanos | None:
        """When `advance` has something to do next."""
        denied = self._denied  # read once and without the lock: asked for with every event
        return denied[0].ts_event if denied else self._venue.next_due

    def submit(self, request: OrderRequest) -> None:
        """Send an order."""
        with self._lock:
            now = self._clock.now()
            if self._halted:
                key, instrument_id = request.client_order_id, request.instrument_id
                self._denied.append(OrderDenied(key, instrument_id, now, "venue door is shut"))
                return
            self._venue.send(request, now)

    def cancel(self, order: CancelOrder) -> None:
        """Ask for a cancel."""
        with self._lock:
            self._venue.send(order, self._clock.now())

    def replace(self, order: ReplaceOrder) -> None:
        """Ask for a change."""
        with self._lock:
            self._venue.send(order, self._clock.now())

    def advance(self, now: UnixNanos) -> list[OrderEvent]:
        """Return the answers that are due by `now`."""
        with self._lock:
            answers = self._denied + self._venue.advance(now)
            self._denied = []
            return answers

    def on_market(self, event: MarketEvent, now: UnixNanos) -> None:
        """Show the venue a change of the market."""
        with self._lock:
            self._venue.on_market(event, now)

    def report(self, asked: Sequence[ClientOrderId]) -> VenueReport:
        """Return what the venue has of ours."""
        with self._lock:
            return self._venue.report(asked, self._clock.now())

    def halt(self) -> tuple[ClientOrderId, ...]:
        """Refuse new orders, cancel everything, return what was cancelled."""
        with self._lock:
            self._halted = True
            return self._venue.halt(self._clock.now())

    def release(self) -> None:
        """Accept orders again."""
        with self._lock:
            self._halted = False

    def restore(
        self,
        orders: Iterable[tuple[OrderRequest, Decimal, Decimal | None, Decimal]],
        positions: Iterable[tuple[InstrumentId, Decimal]],
    ) -> None:
        """Give the venue back what it had before a restart."""
        with self._lock:
            self._venue.restore(orders, positions)
