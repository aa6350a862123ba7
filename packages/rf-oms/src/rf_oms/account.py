"""The account: cash, net positions, who holds what, and the identity that ties them together."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from rf_common import money
from rf_common.enums import Side
from rf_common.events import OrderFilled
from rf_common.ids import InstrumentId, StrategyId
from rf_oms.positions import Position, PositionState


class AccountState(msgspec.Struct, frozen=True, array_like=True):
    """An account as kept in a checkpoint."""

    starting_cash: Decimal
    cash: Decimal
    positions: tuple[tuple[InstrumentId, PositionState], ...]
    holdings: tuple[tuple[StrategyId, InstrumentId, Decimal], ...]


class Account:
    """Cash and positions of one account, moved by fills only.

    Parameters
    ----------
    starting_cash : Decimal
        Cash before the first fill, currency.
    """

    def __init__(self, starting_cash: Decimal) -> None:
        self.starting_cash = money.to_cash(starting_cash)
        self.cash = self.starting_cash
        self.positions: dict[InstrumentId, Position] = {}
        self._holdings: dict[tuple[StrategyId, InstrumentId], Decimal] = {}

    def quantity(self, instrument_id: InstrumentId) -> Decimal:
        """Return the signed net quantity of an instrument."""
        position = self.positions.get(instrument_id)
        return position.quantity if position is not None else money.ZERO

    def held_by(self, strategy_id: StrategyId, instrument_id: InstrumentId) -> Decimal:
        """Return what one strategy's fills add up to, signed."""
        return self._holdings.get((strategy_id, instrument_id), money.ZERO)

    def apply(self, fill: OrderFilled, strategy_id: StrategyId) -> Decimal:
        """Book a fill and return the P&L it realised before fees, currency."""
        position = self.positions.get(fill.instrument_id)
        if position is None:
            position = self.positions[fill.instrument_id] = Position()
        realised = position.apply(fill.side, fill.price, fill.quantity, fill.fee)
        value = money.notional(fill.price, fill.quantity) * fill.side.sign
        self.cash -= value + money.to_cash(fill.fee)
        self._hold(strategy_id, fill.instrument_id, fill.side, fill.quantity)
        return realised

    def adopt(
        self, instrument_id: InstrumentId, quantity: Decimal, price: Decimal, owner: StrategyId
    ) -> None:
        """Take over the venue's quantity where it differs from ours, at `price`.

        The difference is booked like a fill without a fee, so the identity still holds; it is
        attributed to `owner`, which is how positions from elsewhere stay visible.
        """
        difference = quantity - self.quantity(instrument_id)
        if not difference:
            return
        side = Side.BUY if difference > 0 else Side.SELL
        position = self.positions.setdefault(instrument_id, Position())
        position.apply(side, price, abs(difference), money.ZERO)
        self.cash -= money.notional(price, abs(difference)) * side.sign
        self._hold(owner, instrument_id, side, abs(difference))

    def equity(self, marks: Mapping[InstrumentId, Decimal]) -> Decimal:
        """Return cash plus everything held at its mark, currency; KeyError without a mark."""
        held = (
            money.to_cash(marks[name] * position.quantity)
            for name, position in self.positions.items()
            if position.quantity
        )
        return sum(held, self.cash)

    @property
    def realised(self) -> Decimal:
        """P&L of everything closed, before fees, currency."""
        return sum((p.realised for p in self.positions.values()), money.ZERO)

    @property
    def fees(self) -> Decimal:
        """All fees paid, currency."""
        return sum((p.fees for p in self.positions.values()), money.ZERO)

    def identity_gap(self) -> Decimal:
        """Return what is missing in ``cash + cost = start + realised - fees``; 0 when sound."""
        cost = sum((p.cost for p in self.positions.values()), money.ZERO)
        return self.cash + cost - self.starting_cash - self.realised + self.fees

    def _hold(
        self, strategy_id: StrategyId, instrument_id: InstrumentId, side: Side, quantity: Decimal
    ) -> None:
        key = (strategy_id, instrument_id)
        held = self._holdings.get(key, money.ZERO) + quantity * side.sign
        if held:
            self._holdings[key] = held
        else:
            self._holdings.pop(key, None)

    def state(self) -> AccountState:
        """Return a frozen copy."""
        return AccountState(
            self.starting_cash,
            self.cash,
            tuple((name, position.state()) for name, position in self.positions.items()),
            tuple((owner, name, held) for (owner, name), held in self._holdings.items()),
        )

    @classmethod
    def from_state(cls, state: AccountState) -> Account:
        """Rebuild an account from its frozen copy."""
        account = cls(state.starting_cash)
        account.cash = state.cash
        account.positions = {n: Position.from_state(p) for n, p in state.positions}
        account._holdings = {(owner, name): held for owner, name, held in state.holdings}
        return account
