"""The last gate before any venue.

`halt` may be called from another thread while the engine is busy or hung: from then on nothing
passes, whatever the engine still decides, and the venue cancels what is open.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from rf_common.clock import Clock
from rf_common.events import CancelRejected, OrderDenied, OrderEvent, VenueReport
from rf_common.ids import ClientOrderId
from rf_common.orders import CancelOrder, OrderRequest, ReplaceOrder
from rf_common.ports import ExecutionGateway

REASON = "kill switch: held back at the last gate"


class Gate:
    """A gateway that can be shut from any thread.

    Parameters
    ----------
    gateway : ExecutionGateway
        The venue's door.
    clock : Clock
        Stamps what the gate itself answers.
    answer : callable
        Takes what the gate answers to the engine's inbox.

    Attributes
    ----------
    last_halt : tuple of ClientOrderId
        What the venue has confirmed as cancelled since the gate was shut.
    """

    def __init__(
        self, gateway: ExecutionGateway, clock: Clock, answer: Callable[[OrderEvent], None]
    ) -> None:
        self._gateway = gateway
        self._clock = clock
        self._answer = answer
        self._shut = threading.Event()
        self.name = gateway.name
        self.last_halt: tuple[ClientOrderId, ...] = ()

    @property
    def is_shut(self) -> bool:
        """Whether orders are held back."""
        return self._shut.is_set()

    def submit(self, request: OrderRequest) -> None:
        """Send an order, or answer that it was held back."""
        if self._shut.is_set():
            key, instrument_id = request.client_order_id, request.instrument_id
            self._answer(OrderDenied(key, instrument_id, self._clock.now(), REASON))
            return
        self._gateway.submit(request)

    def cancel(self, order: CancelOrder) -> None:
        """Ask for a cancel; cancels always pass."""
        self._gateway.cancel(order)

    def replace(self, order: ReplaceOrder) -> None:
        """Ask for a change, or answer that it was held back and the order stays as it is."""
        if self._shut.is_set():
            key, instrument_id = order.client_order_id, order.instrument_id
            self._answer(CancelRejected(key, instrument_id, self._clock.now(), REASON))
            return
        self._gateway.replace(order)

    def report(self, asked: Sequence[ClientOrderId]) -> VenueReport:
        """Return what the venue has of ours."""
        return self._gateway.report(asked)

    def halt(self) -> tuple[ClientOrderId, ...]:
        """Shut the gate, cancel what is open, return what the venue confirmed. Idempotent."""
        self._shut.set()
        confirmed = self._gateway.halt()
        self.last_halt += confirmed
        return confirmed

    def release(self) -> None:
        """Open the gate again."""
        self._gateway.release()
        self.last_halt = ()
        self._shut.clear()
