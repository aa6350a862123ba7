"""What people ask of a running engine: one struct a verb, answered by `CommandAnswer`.

Every command carries the id that its answer refers to and the actor that asked; a repeated id
is answered again and not done twice.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from rf_common.enums import OrderType, Side, TimeInForce
from rf_common.ids import ClientOrderId, InstrumentId, StrategyId


class _Command(msgspec.Struct, frozen=True, kw_only=True):
    command_id: str
    actor: str


class PlaceOrder(_Command, frozen=True, kw_only=True, tag="place"):
    """Place one order by hand; it passes the same risk chain as any other."""

    instrument_id: InstrumentId
    side: Side
    quantity: Decimal
    order_type: OrderType = OrderType.LIMIT
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    reduce_only: bool = False


class ChangeOrder(_Command, frozen=True, kw_only=True, tag="change"):
    """Give an open order a new quantity or limit price; it is checked again."""

    client_order_id: ClientOrderId
    quantity: Decimal | None = None
    limit_price: Decimal | None = None


class CancelOpenOrder(_Command, frozen=True, kw_only=True, tag="cancel"):
    """Cancel one open order."""

    client_order_id: ClientOrderId


class CancelAllOrders(_Command, frozen=True, kw_only=True, tag="cancel_all"):
    """Cancel every open order."""


class Kill(_Command, frozen=True, kw_only=True, tag="kill"):
    """Stop all new orders and cancel what is open, until `Resume`."""

    reason: str


class Resume(_Command, frozen=True, kw_only=True, tag="resume"):
    """Leave HALTED or REDUCING; `phrase` must be the one the kill showed."""

    phrase: str


class Reduce(_Command, frozen=True, kw_only=True, tag="reduce"):
    """Allow only orders that lower exposure."""

    reason: str


class TightenRisk(_Command, frozen=True, kw_only=True, tag="tighten"):
    """Lower the loss limits to a fraction of what they are; nothing on the bus can raise them."""

    fraction: float = 0.9


class SetStrategyEnabled(_Command, frozen=True, kw_only=True, tag="strategy_enabled"):
    """Switch one strategy on or off."""

    strategy_id: StrategyId
    enabled: bool


class SwapStrategy(_Command, frozen=True, kw_only=True, tag="strategy_swap"):
    """Replace a strategy's code and parameters while the engine runs.

    `parameters` is a JSON object for the factory named `factory`.
    """

    strategy_id: StrategyId
    factory: str
    parameters: str = "{}"


class AcceptVerdict(_Command, frozen=True, kw_only=True, tag="accept_verdict"):
    """Send the order of the newest verdict on an instrument, where the settings say `ask`."""

    instrument_id: InstrumentId
    cycle_id: str


class Shutdown(_Command, frozen=True, kw_only=True, tag="shutdown"):
    """Stop the daemon; `cancel_orders` says what happens to open orders."""

    cancel_orders: bool = True


Command = (
    PlaceOrder
    | ChangeOrder
    | CancelOpenOrder
    | CancelAllOrders
    | Kill
    | Resume
    | Reduce
    | TightenRisk
    | SetStrategyEnabled
    | SwapStrategy
    | AcceptVerdict
    | Shutdown
)
