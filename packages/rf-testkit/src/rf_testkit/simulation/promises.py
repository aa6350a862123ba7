"""What the house promises, computed anew from what passes by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rf_common import money
from rf_common.canonical import canonical_bytes
from rf_common.clock import NANOS_PER_MILLI, Clock, UnixNanos
from rf_common.enums import OrderStatus, Side, SystemState
from rf_common.events import Envelope, Payload, Quote
from rf_common.ids import ClientOrderId, InstrumentId
from rf_common.orders import (
    CommandAnswer,
    OrderRequest,
    Output,
    PositionAdopted,
    ReplaceOrder,
    StateChanged,
    SubmitOrder,
)
from rf_engine import Engine, Ledger
from rf_execution import PaperVenue
from rf_testkit.simulation.market import is_sane
from rf_testkit.simulation.setting import CONFIG, LIMITS


class Broken(AssertionError):
    """A promise was not kept."""


class Promises:
    """Watches one house over all its sessions.

    Parameters
    ----------
    seed : int
        Named when a promise is broken.
    clock : Clock
        The simulated time.

    Attributes
    ----------
    step : int
        Named too.
    killed : bool
        Whether a kill was asked for and no resume was answered.
    """

    def __init__(self, seed: int, clock: Clock) -> None:
        self.step = 0
        self.killed = False
        self.counts: dict[str, int] = {}
        self._seed = seed
        self._clock = clock
        self._told: dict[InstrumentId, tuple[Quote, UnixNanos]] = {}
        self._sent: dict[ClientOrderId, OrderRequest] = {}
        self._by_command: dict[str, ClientOrderId] = {}
        self._base_cash = CONFIG.starting_equity
        self._base_filled: dict[ClientOrderId, Decimal] = {}

    def begin(self, engine: Engine, venue: PaperVenue) -> None:
        """Watch a new session."""
        self._engine, self._venue = engine, venue
        self._reconciled = False
        self._changes: dict[ClientOrderId, ReplaceOrder] = {}
        self._durable: set[object] = set()
        self._durable_ledger = canonical_bytes(engine.state.ledger())

    def count(self, what: str) -> None:
        """Count what happened, to see afterwards that enough did."""
        self.counts[what] = self.counts.get(what, 0) + 1

    # --- what passes by -----------------------------------------------------------------------

    def on_payload(self, payload: Payload) -> None:
        """Note a quote that the engine is about to hear."""
        if isinstance(payload, Quote) and is_sane(payload):
            self._told[payload.instrument_id] = (payload, self._clock.now())
        elif isinstance(payload, Quote):
            self._told.pop(payload.instrument_id, None)

    def on_durable(self, outputs: Sequence[Output]) -> None:
        """Note what has just become durable."""
        for output in outputs:
            if isinstance(output, SubmitOrder):
                self._durable.add(output.request.client_order_id)
            elif isinstance(output, ReplaceOrder):
                self._durable.add(output)
        self._durable_ledger = canonical_bytes(self._engine.state.ledger())

    def on_submit(self, request: OrderRequest) -> None:
        """Check an order that leaves: P1 to P6."""
        self.count("orders")
        key, state = request.client_order_id, self._engine.state
        self.promise("P1", key not in self._sent, f"{key} leaves twice")
        self._sent[key] = request
        if request.actor.startswith("op "):
            other = self._by_command.setdefault(request.actor, key)
            self.promise("P1", other == key, f"{request.actor} gave {other} and {key}")
        self.promise("P2", self._reconciled, f"{key} leaves before the venue was asked")
        self.promise("P3", key in self._durable, f"{key} is not on disk")
        self.promise("P3", not state.storage_failed, f"{key} leaves without a journal")
        self.promise("P5", not self.killed, f"{key} leaves after a kill")
        active = {SystemState.ACTIVE, SystemState.REDUCING}
        self.promise("P4", state.system_state in active, f"{key} leaves in {state.system_state}")
        self._check_limits(request, self._fresh_quote(request))

    def on_replace(self, change: ReplaceOrder) -> None:
        """Check a change that leaves."""
        self.count("changes")
        self.promise("P1", change.client_order_id in self._sent, f"{change} of what never left")
        self.promise("P3", change in self._durable, f"{change} is not on disk")
        self.promise("P3", not self._engine.state.storage_failed, f"{change} without a journal")
        self.promise("P5", not self.killed, f"{change} leaves after a kill")
        self._changes[change.client_order_id] = change

    def on_step(self, envelope: Envelope, outputs: tuple[Output, ...]) -> None:
        """Hear of a step, after its outputs have left."""
        for output in outputs:
            if isinstance(output, StateChanged) and output.old is SystemState.RECONCILING:
                self._reconciled = True
                if output.new is not SystemState.HALTED:
                    self._check_venue()
            elif isinstance(output, PositionAdopted):
                raise self._broken("fills", f"{output}, though the venue knows every fill")
            elif isinstance(output, CommandAnswer) and output.code == "RESUMED":
                self.killed = False

    def on_restored_venue(self, ledger: Ledger) -> None:
        """Count from here: the venue begins anew with what the ledger tells."""
        self._base_cash = ledger.account.cash
        self._base_filled = {o.request.client_order_id: o.filled for o in ledger.orders}

    # --- checks -------------------------------------------------------------------------------

    def check_recovered(self, ledger: Ledger | None) -> None:
        """Compare what the disk gives back with the state after the last durable step."""
        same = canonical_bytes(ledger) == self._durable_ledger
        self.promise("P3", same, "the recovered ledger is not that of the last durable step")

    def check_account(self) -> None:
        """Check that books add up, and that without a journal the house is halted."""
        state = self._engine.state
        halted = state.system_state is SystemState.HALTED or not state.storage_failed
        self.promise("P3", halted, f"{state.system_state} without a journal")
        gap = state.account.identity_gap()
        self.promise("identity", gap == 0, f"the account is off by {gap}")

    def check_all_known(self) -> None:
        """Check that every execution is booked, once, and that what is open here is open there."""
        state = self._engine.state
        report = self._venue.report(tuple(self._sent), self._clock.now())
        filled, cash = dict(self._base_filled), self._base_cash
        for fill in report.executions:
            key = fill.client_order_id
            filled[key] = filled.get(key, money.ZERO) + fill.quantity
            cash -= money.notional(fill.price, fill.quantity) * fill.side.sign + fill.fee
        ours = {order.client_order_id: order.filled for order in state.orders if order.filled}
        theirs = {key: quantity for key, quantity in filled.items() if quantity}
        self.promise("fills", ours == theirs, f"{_unlike(ours, theirs)}")
        self.promise("cash", state.account.cash == cash, f"{state.account.cash} is not {cash}")
        open_here = {order.client_order_id for order in state.orders.open_orders()}
        open_there = {o.client_order_id for o in report.orders if not o.status.is_terminal}
        self.promise("P2", open_here == open_there, f"open {open_here}, there {open_there}")
        if self.killed:
            self.promise("P5", not open_here, f"{open_here} are open long after a kill")

    def promise(self, name: str, kept: bool, text: str) -> None:
        """Raise `Broken` when a promise was not kept."""
        if not kept:
            raise self._broken(name, text)

    def _broken(self, name: str, text: str) -> Broken:
        return Broken(f"seed {self._seed}, step {self.step}: {name}: {text}")

    def _fresh_quote(self, request: OrderRequest) -> Quote:
        told = self._told.get(request.instrument_id)
        if told is None:
            raise self._broken("P6", f"{request.client_order_id} leaves without a price")
        age_ms = (self._clock.now() - told[1]) // NANOS_PER_MILLI
        fresh = age_ms <= LIMITS.stale_after_ms
        self.promise("P6", fresh, f"{request.client_order_id} at a price {age_ms} ms old")
        return told[0]

    def _check_limits(self, request: OrderRequest, quote: Quote) -> None:
        """Compute value, count and position anew, from orders and positions alone."""
        state, key, side = self._engine.state, request.client_order_id, request.side
        price = request.limit_price
        assert price is not None, "market orders are switched off"
        if side is Side.SELL:
            price = max(price, money.of_float(quote.bid_px))
        held = state.account.quantity(request.instrument_id) * side.sign
        others = self._older(request)
        reduces = held < 0 and request.quantity + others <= -held
        value = price * request.quantity
        self.promise("P4", value <= LIMITS.max_order_notional or reduces, f"{key}: value {value}")
        count = state.orders.open_count
        self.promise("P4", count <= LIMITS.max_open_orders or reduces, f"{key}: {count} open")
        reach = (held + request.quantity + others) * price
        limit = LIMITS.max_position_notional * Decimal("1.01")  # prices may move within a batch
        self.promise("P4", reach <= limit or reduces, f"{key}: position may become {reach}")

    def _older(self, request: OrderRequest) -> Decimal:
        """Return what older orders may fill on this side, changes on their way included."""
        total = money.ZERO
        for order in self._engine.state.orders.open_orders():
            key = order.client_order_id
            if key == request.client_order_id:
                break
            if order.instrument_id != request.instrument_id or order.side is not request.side:
                continue
            change = self._changes.get(key)
            if change is not None and order.status is OrderStatus.PENDING_UPDATE:
                total += max(order.remaining, change.quantity - order.filled)
            else:
                total += order.remaining
        return total

    def _check_venue(self) -> None:
        """P2: when trading begins, positions and open orders are the venue's."""
        report = self._venue.report((), self._clock.now())
        state = self._engine.state
        ours = {n: p.quantity for n, p in state.account.positions.items() if p.quantity}
        self.promise("P2", ours == dict(report.positions), f"{ours} is not {report.positions}")
        theirs = {o.client_order_id: (o.quantity, o.limit_price) for o in report.orders}
        open_orders = state.orders.open_orders()
        known = {o.client_order_id: (o.quantity, o.limit_price) for o in open_orders}
        self.promise("P2", known == theirs, f"open are {known}, at the venue {theirs}")


def _unlike(ours: Mapping[Any, Any], theirs: Mapping[Any, Any]) -> dict[Any, tuple[Any, Any]]:
    keys = [key for key in {**ours, **theirs} if ours.get(key) != theirs.get(key)]
    return {key: (ours.get(key), theirs.get(key)) for key in keys}
