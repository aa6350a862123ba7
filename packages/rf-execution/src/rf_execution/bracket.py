"""An entry with a target and a stop, of which the first to fill cancels the other.

A pure plan: it is told what became of its orders and answers with what is to be done. The entry
is sent alone; target and stop follow its fills and are always sized to what is held. When both
fill before a cancel arrives, the excess is flattened.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from rf_common import money
from rf_common.enums import Side


class BracketState(StrEnum):
    """Where a bracket is."""

    PENDING_ENTRY = "PENDING_ENTRY"
    ACTIVE = "ACTIVE"
    TAKE_PROFIT_FILLED = "TAKE_PROFIT_FILLED"
    STOP_LOSS_FILLED = "STOP_LOSS_FILLED"
    CANCELLED = "CANCELLED"

    @property
    def is_over(self) -> bool:
        """Whether nothing more is expected."""
        return self not in {BracketState.PENDING_ENTRY, BracketState.ACTIVE}


class Leg(StrEnum):
    """One of the two exits; the value is the suffix of its id."""

    TAKE_PROFIT = "TP"
    STOP_LOSS = "SL"

    @property
    def sibling(self) -> Leg:
        """The other exit."""
        return Leg.STOP_LOSS if self is Leg.TAKE_PROFIT else Leg.TAKE_PROFIT


class SubmitLeg(msgspec.Struct, frozen=True):
    """Send an exit: a limit order for the target, a stop order for the stop."""

    leg: Leg
    side: Side
    quantity: Decimal
    price: Decimal


class ResizeLeg(msgspec.Struct, frozen=True):
    """Change an exit's whole quantity, what it has filled counted."""

    leg: Leg
    quantity: Decimal


class CancelLeg(msgspec.Struct, frozen=True):
    """Cancel an exit."""

    leg: Leg


class CancelEntry(msgspec.Struct, frozen=True):
    """Cancel what is left of the entry: the position is being closed already."""


class Flatten(msgspec.Struct, frozen=True):
    """Trade back what both exits sold or bought too much."""

    side: Side
    quantity: Decimal


Action = SubmitLeg | ResizeLeg | CancelLeg | CancelEntry | Flatten


class Bracket:
    """One bracket.

    Parameters
    ----------
    side : Side
        Of the entry.
    quantity : Decimal
        Of the entry, units.
    entry, take_profit, stop_loss : Decimal
        Prices, currency: stop < entry < target for a buy, the mirror for a sale.

    Raises
    ------
    ValueError
        If the prices stand in another order or the quantity is not positive.

    Examples
    --------
    >>> plan = Bracket(Side.BUY, Decimal(10), entry=Decimal(100), take_profit=Decimal(110),
    ...     stop_loss=Decimal(95))
    >>> [action.leg.value for action in plan.entry_filled(Decimal(10))]
    ['TP', 'SL']
    >>> plan.leg_filled(Leg.TAKE_PROFIT, Decimal(10)), plan.state.value
    ((CancelLeg(leg=<Leg.STOP_LOSS: 'SL'>),), 'TAKE_PROFIT_FILLED')
    """

    def __init__(
        self,
        side: Side,
        quantity: Decimal,
        *,
        entry: Decimal,
        take_profit: Decimal,
        stop_loss: Decimal,
    ) -> None:
        if not (quantity.is_finite() and quantity > 0):
            raise ValueError(f"expected a positive quantity, was {quantity}")
        ordered = (stop_loss, entry, take_profit) if side is Side.BUY else (
            take_profit, entry, stop_loss)  # fmt: skip
        if not (0 < ordered[0] < ordered[1] < ordered[2]):
            told = f"stop {stop_loss}, entry {entry}, target {take_profit}"
            wanted = "stop < entry < target" if side is Side.BUY else "target < entry < stop"
            raise ValueError(f"expected {wanted} for a {side}, was {told}")
        self.state = BracketState.PENDING_ENTRY
        self._side = side
        self._entry_left = quantity
        self._bought = money.ZERO
        self._prices = {Leg.TAKE_PROFIT: take_profit, Leg.STOP_LOSS: stop_loss}
        self._exited = dict.fromkeys(Leg, money.ZERO)
        self._working: dict[Leg, bool] = dict.fromkeys(Leg, False)

    @property
    def held(self) -> Decimal:
        """What the entry brought and no exit has closed, units; what is flattened is left out."""
        return self._bought - sum(self._exited.values(), money.ZERO)

    def entry_filled(self, quantity: Decimal) -> tuple[Action, ...]:
        """Take a fill of the entry: its exits are sent, or fitted to what is held now."""
        self._bought += quantity
        self._entry_left -= quantity
        if self.state is BracketState.PENDING_ENTRY:
            self.state = BracketState.ACTIVE
            self._working = dict.fromkeys(Leg, True)
            return tuple(
                SubmitLeg(leg, self._side.opposite, self.held, self._prices[leg]) for leg in Leg
            )
        if self.state.is_over:  # it filled while its cancel was on the way
            self._bought -= quantity  # it is traded back
            return (Flatten(self._side.opposite, quantity),)
        return self._fit(*Leg)

    def entry_closed(self) -> tuple[Action, ...]:
        """Take that the entry is cancelled, rejected or expired: what it filled stays protected."""
        self._entry_left = money.ZERO
        if self.state is BracketState.PENDING_ENTRY:
            self.state = BracketState.CANCELLED
        return ()

    def leg_filled(self, leg: Leg, quantity: Decimal) -> tuple[Action, ...]:
        """Take a fill of an exit: the other one is made smaller, or cancelled when flat."""
        self._exited[leg] += quantity
        actions: list[Action] = []
        if self._entry_left > 0 and not self.state.is_over:
            self._entry_left = money.ZERO
            actions.append(CancelEntry())
        excess = max(-self.held, money.ZERO)
        if excess:
            self._exited[leg] -= excess  # it is traded back
            actions.append(Flatten(self._side, excess))
        if self.held > 0:
            return (*actions, *self._fit(leg.sibling))
        if not self.state.is_over:
            target = leg is Leg.TAKE_PROFIT
            self.state = (
                BracketState.TAKE_PROFIT_FILLED if target else BracketState.STOP_LOSS_FILLED
            )
            if self._working[leg.sibling]:
                self._working[leg.sibling] = False
                actions.append(CancelLeg(leg.sibling))
        return tuple(actions)

    def leg_closed(self, leg: Leg) -> tuple[Action, ...]:
        """Take that an exit was cancelled or rejected by others: it is sent again while held."""
        if self.state is not BracketState.ACTIVE or self.held <= 0:
            return ()
        self._exited_before(leg)
        return (SubmitLeg(leg, self._side.opposite, self.held, self._prices[leg]),)

    def _exited_before(self, leg: Leg) -> None:
        """Count a leg's fills as done: a new order of it starts from nothing."""
        self._bought -= self._exited[leg]
        self._exited[leg] = money.ZERO

    def _fit(self, *legs: Leg) -> tuple[Action, ...]:
        return tuple(
            ResizeLeg(leg, self._exited[leg] + self.held) for leg in legs if self._working[leg]
        )
