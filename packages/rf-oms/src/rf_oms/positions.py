"""Net positions with volume-weighted cost, exact to the last decimal.

The cost of what is held is kept as one signed amount. Closing a part takes its share of the
cost away, rounded once to the cash resolution, and the same rounded number enters realised
P&L: nothing is lost between them, so cash, cost, fees and realised P&L always add up.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from rf_common import money
from rf_common.enums import Side


class PositionState(msgspec.Struct, frozen=True, array_like=True):
    """A position as kept in a checkpoint."""

    quantity: Decimal
    cost: Decimal
    realised: Decimal
    fees: Decimal
    volume: Decimal


class Position:
    """One instrument's net holding.

    Attributes
    ----------
    quantity : Decimal
        Signed units, negative when short.
    cost : Decimal
        Signed amount paid for what is held, currency; negative when short.
    realised : Decimal
        P&L of what was closed, before fees, currency.
    fees : Decimal
        Fees of all fills, currency.
    volume : Decimal
        Units traded, both sides.

    Examples
    --------
    >>> from rf_common.enums import Side
    >>> held = Position()
    >>> held.apply(Side.BUY, Decimal(100), Decimal(2), Decimal("0.1"))
    Decimal('0')
    >>> held.apply(Side.SELL, Decimal(103), Decimal(3), Decimal(0))
    Decimal('6.00000000')
    >>> held.quantity, held.average_price
    (Decimal('-1'), Decimal('103.00000000'))
    """

    __slots__ = ("cost", "fees", "quantity", "realised", "volume")

    def __init__(self) -> None:
        self.quantity = money.ZERO
        self.cost = money.ZERO
        self.realised = money.ZERO
        self.fees = money.ZERO
        self.volume = money.ZERO

    @property
    def average_price(self) -> Decimal | None:
        """Cost per unit of what is held, None when flat."""
        return self.cost / self.quantity if self.quantity else None

    def unrealised(self, mark: Decimal) -> Decimal:
        """Return the P&L of closing everything at `mark`, before fees, currency."""
        return money.to_cash(mark * self.quantity) - self.cost

    def apply(self, side: Side, price: Decimal, quantity: Decimal, fee: Decimal) -> Decimal:
        """Book a fill and return the P&L it realised, currency.

        Adding averages the cost; reducing realises; a flip realises the whole and opens the
        rest at the fill's price.
        """
        realised = covered = money.ZERO
        value = money.notional(price, quantity)
        closing = min(quantity, abs(self.quantity)) if self._opposes(side) else money.ZERO
        if closing:
            share = self._cost_of(closing)
            covered = money.notional(price, closing)
            realised = covered * -side.sign - share
            self.cost -= share
            self.quantity += closing * side.sign
        opening = quantity - closing
        if opening:
            # The rest of the same rounded value that cash moves by, never rounded on its own.
            self.cost += (value - covered) * side.sign
            self.quantity += opening * side.sign
        self.realised += realised
        self.fees += money.to_cash(fee)
        self.volume += quantity
        return realised

    def _opposes(self, side: Side) -> bool:
        return self.quantity * side.sign < 0

    def _cost_of(self, closing: Decimal) -> Decimal:
        if closing == abs(self.quantity):
            return self.cost
        return money.to_cash(self.cost * closing / abs(self.quantity))

    def state(self) -> PositionState:
        """Return a frozen copy."""
        return PositionState(self.quantity, self.cost, self.realised, self.fees, self.volume)

    @classmethod
    def from_state(cls, state: PositionState) -> Position:
        """Rebuild a position from its frozen copy."""
        position = cls()
        position.quantity, position.cost = state.quantity, state.cost
        position.realised, position.fees = state.realised, state.fees
        position.volume = state.volume
        return position
