"""From an opinion to a request: signals, intents, requests, and the engine's outputs."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from rf_common.clock import UnixNanos
from rf_common.enums import FeedState, OrderType, Severity, Side, SystemState, TimeInForce
from rf_common.ids import ClientOrderId, InstrumentId, StrategyId
from rf_common.intelligence import GateDecided


class Signal(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="sig"):
    """A strategy's opinion: the side it wants to stand on, not how much.

    `direction` is +1 long, -1 short, 0 flat; `confidence` lies in (0, 1] and says how much of
    the sizer's full position is wanted. `px` is the price the opinion was formed at.
    """

    strategy_id: StrategyId
    instrument_id: InstrumentId
    direction: int
    confidence: float
    px: float
    reason: str


class OrderIntent(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An order that somebody wants, before compliance and risk have seen it."""

    strategy_id: StrategyId
    instrument_id: InstrumentId
    side: Side
    quantity: Decimal
    order_type: OrderType
    limit_price: Decimal | None
    stop_price: Decimal | None
    time_in_force: TimeInForce
    reduce_only: bool
    actor: str
    reason: str


class OrderRequest(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An approved order as it goes to the gateway."""

    client_order_id: ClientOrderId
    strategy_id: StrategyId
    instrument_id: InstrumentId
    side: Side
    quantity: Decimal
    order_type: OrderType
    limit_price: Decimal | None
    stop_price: Decimal | None
    time_in_force: TimeInForce
    reduce_only: bool
    actor: str
    reason: str


class SubmitOrder(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=">o"):
    """Send this order, after it is on disk."""

    request: OrderRequest
    reference_px: float


class CancelOrder(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=">c"):
    """Ask the venue to cancel."""

    client_order_id: ClientOrderId
    instrument_id: InstrumentId
    reason: str


class ReplaceOrder(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=">r"):
    """Ask the venue for a new quantity or limit price under the same client id."""

    client_order_id: ClientOrderId
    instrument_id: InstrumentId
    quantity: Decimal
    limit_price: Decimal | None


class RequestReport(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=">v"):
    """Ask the venue what it has of ours, and about these orders in particular."""

    unresolved: tuple[ClientOrderId, ...]
    reason: str


class RequestBook(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=">b"):
    """Ask the source for a new snapshot: the book it led to cannot be right."""

    instrument_id: InstrumentId
    reason: str


class SetTimer(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=">t"):
    """Wake the engine with ``Timer(name)`` at `due`."""

    name: str
    due: UnixNanos


class SignalRaised(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="!s"):
    """A strategy changed its opinion."""

    signal: Signal


class Refusal(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="!r"):
    """An order was refused before it left: the rule, its numbers, and the remedy."""

    strategy_id: StrategyId
    instrument_id: InstrumentId
    side: Side
    quantity: Decimal
    price: Decimal | None
    rule: str
    value: str
    limit: str
    reason: str
    actor: str


class StateChanged(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="!S"):
    """The system moved to another state."""

    old: SystemState
    new: SystemState
    reason: str
    actor: str


class FeedChanged(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="!F"):
    """An instrument's data became live, stale or unknown."""

    instrument_id: InstrumentId
    state: FeedState
    reason: str


class StrategyChanged(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="!E"):
    """A strategy was switched on, off or swapped, by a person or by a limit."""

    strategy_id: StrategyId
    enabled: bool
    reason: str
    actor: str


class LimitChanged(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="!L"):
    """A risk limit has another value from now on."""

    rule: str
    old: str
    new: str
    actor: str


class PositionAdopted(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="!P"):
    """The venue's position differed from ours and is now the position, entered at `price`."""

    instrument_id: InstrumentId
    old: Decimal
    new: Decimal
    price: Decimal


class Notice(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="!n"):
    """Something a person should know."""

    severity: Severity
    code: str
    text: str


class CommandAnswer(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="!c"):
    """What became of a command; `code` is stable, `text` is for people."""

    command_id: str
    ok: bool
    code: str
    text: str
    fix: str = ""
    client_order_id: ClientOrderId | None = None


Output = (
    SubmitOrder
    | CancelOrder
    | ReplaceOrder
    | RequestReport
    | RequestBook
    | SetTimer
    | SignalRaised
    | Refusal
    | StateChanged
    | FeedChanged
    | StrategyChanged
    | LimitChanged
    | PositionAdopted
    | Notice
    | CommandAnswer
    | GateDecided
)
"""Everything `Engine.process` may return."""
