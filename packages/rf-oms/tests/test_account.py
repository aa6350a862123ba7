from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rf_common import (
    ClientOrderId,
    InstrumentId,
    Liquidity,
    OrderFilled,
    Side,
    StrategyId,
    UnixNanos,
    VenueOrderId,
)
from rf_oms import Account, AccountState

D = Decimal
ONE, TWO = StrategyId("one"), StrategyId("two")
Make = Callable[..., Any]


def test_cash_positions_and_pnl_move_to_the_cent(fill_of: Make) -> None:
    account = Account(D(10_000))

    account.apply(fill_of(quantity=4, price=100, fee="0.40"), ONE)
    assert (account.cash, account.quantity(InstrumentId("sim:A"))) == (D("9599.60"), 4)

    realised = account.apply(fill_of(side=Side.SELL, quantity=6, price=105, fee="0.63"), ONE)

    assert realised == 20
    assert account.cash == D("10228.97")
    assert account.quantity(InstrumentId("sim:A")) == -2
    assert (account.realised, account.fees) == (20, D("1.03"))
    # 10 000 + 20 realised + 2 x (105 - 104) unrealised - 1.03 fees
    assert account.equity({InstrumentId("sim:A"): D(104)}) == D("10020.97")
    assert account.identity_gap() == 0


def test_equity_without_the_mark_of_something_held_is_a_key_error(fill_of: Make) -> None:
    account = Account(D(10_000))
    account.apply(fill_of(), ONE)

    with pytest.raises(KeyError):
        account.equity({})


def test_a_flat_position_needs_no_mark(fill_of: Make) -> None:
    account = Account(D(10_000))
    account.apply(fill_of(price=100, fee=0), ONE)
    account.apply(fill_of(side=Side.SELL, price=101, fee=0), ONE)

    assert account.equity({}) == 10_004


def test_a_flip_below_the_cash_resolution_keeps_the_identity(fill_of: Make) -> None:
    account = Account(D(100))
    account.apply(fill_of(price="0.000000011", quantity=1, fee=0), ONE)

    account.apply(fill_of(side=Side.SELL, price="0.000000013", quantity=3, fee=0), ONE)

    assert account.identity_gap() == 0


def test_a_fee_finer_than_cash_is_rounded_once(fill_of: Make) -> None:
    account = Account(D(100))

    account.apply(fill_of(price=1, quantity=1, fee="0.12345678901234567890123456789"), ONE)

    assert (account.cash, account.fees) == (D("98.87654321"), D("0.12345679"))
    assert account.identity_gap() == 0


def test_holdings_are_kept_by_strategy(fill_of: Make) -> None:
    account, name = Account(D(10_000)), InstrumentId("sim:A")
    account.apply(fill_of(quantity=4), ONE)
    account.apply(fill_of(quantity=3, side=Side.SELL), TWO)
    assert (account.held_by(ONE, name), account.held_by(TWO, name)) == (4, -3)
    assert account.quantity(name) == 1

    account.apply(fill_of(quantity=4, side=Side.SELL), ONE)

    assert account.held_by(ONE, name) == 0
    assert account.state().holdings == ((TWO, name, D(-3)),)


@pytest.mark.parametrize(("theirs", "cash"), [(4, 9_600), (10, 9_000), (0, 10_000), (-3, 10_300)])
def test_the_venues_quantity_is_taken_over_at_a_price(
    fill_of: Make, theirs: int, cash: int
) -> None:
    account, name = Account(D(10_000)), InstrumentId("sim:A")
    account.apply(fill_of(quantity=4, price=100, fee=0), ONE)

    account.adopt(name, D(theirs), D(100), TWO)

    assert (account.quantity(name), account.cash) == (theirs, cash)
    assert (account.held_by(ONE, name), account.held_by(TWO, name)) == (4, theirs - 4)
    assert account.identity_gap() == 0


class AccountMachine(RuleBasedStateMachine):
    """Fills and adoptions against an average-cost account in fractions."""

    @initialize(cash=st.decimals("0", "1000000", places=8))
    def start(self, cash: Decimal) -> None:
        self.account = Account(cash)
        self.cash = Fraction(cash)
        self.held: dict[str, Fraction] = {}
        self.owned: dict[tuple[str, str], Fraction] = {}
        self.realised = self.fees = Fraction(0)
        self.cost: dict[str, Fraction] = {}
        self.steps = 0

    def _book(self, name: str, owner: str, signed: Fraction, price: Fraction) -> None:
        held, cost = self.held.get(name, Fraction(0)), self.cost.get(name, Fraction(0))
        closing = min(abs(signed), abs(held)) if held * signed < 0 else Fraction(0)
        share = cost * closing / abs(held) if closing else Fraction(0)
        direction = 1 if signed > 0 else -1
        self.realised += -price * closing * direction - share
        self.cost[name] = cost - share + price * (abs(signed) - closing) * direction
        self.held[name] = held + signed
        key = (owner, name)
        self.owned[key] = self.owned.get(key, Fraction(0)) + signed
        self.cash -= price * signed
        self.steps += 1

    @rule(
        name=st.sampled_from(["sim:A", "sim:B"]),
        owner=st.sampled_from(["one", "two"]),
        side=st.sampled_from(Side),
        price=st.decimals("0.00000001", "70000", places=8),
        quantity=st.decimals("0.00000001", "100", places=8),
        fee=st.decimals("-1", "5", places=10),
    )
    def fill(
        self, name: str, owner: str, side: Side, price: Decimal, quantity: Decimal, fee: Decimal
    ) -> None:
        event = OrderFilled(
            ClientOrderId("c"), InstrumentId(name), UnixNanos(1), VenueOrderId("v"), "e", side,
            price, quantity, fee, Liquidity.MAKER,
        )  # fmt: skip
        before = self.account.realised
        got = self.account.apply(event, StrategyId(owner))
        assert self.account.realised - before == got
        self._book(name, owner, Fraction(quantity) * side.sign, Fraction(price))
        self.fees += Fraction(fee)
        self.cash -= Fraction(fee)

    @rule(
        name=st.sampled_from(["sim:A", "sim:B"]),
        quantity=st.decimals("-100", "100", places=8),
        price=st.decimals("0", "70000", places=8),
    )
    def adopt(self, name: str, quantity: Decimal, price: Decimal) -> None:
        self.account.adopt(InstrumentId(name), quantity, price, StrategyId("external"))
        difference = Fraction(quantity) - self.held.get(name, Fraction(0))
        if difference:
            self._book(name, "external", difference, Fraction(price))

    @rule()
    def restart(self) -> None:
        state = self.account.state()
        wire = msgspec.msgpack.encode(state)
        self.account = Account.from_state(msgspec.msgpack.decode(wire, type=AccountState))
        assert self.account.state() == state
        assert msgspec.msgpack.encode(self.account.state()) == wire

    @invariant()
    def the_identity_holds_to_the_last_digit(self) -> None:
        assert self.account.identity_gap() == 0

    @invariant()
    def quantities_are_exact_and_belong_to_somebody(self) -> None:
        for name, held in self.held.items():
            quantity = self.account.quantity(InstrumentId(name))
            assert Fraction(quantity) == held
            owners = [owner for owner, what in self.owned if what == name]
            shares = [
                self.account.held_by(StrategyId(owner), InstrumentId(name)) for owner in owners
            ]
            assert sum(shares, D(0)) == quantity
        for (owner, name), owned in self.owned.items():
            assert Fraction(self.account.held_by(StrategyId(owner), InstrumentId(name))) == owned

    @invariant()
    def amounts_follow_the_fractions_to_the_cash_resolution(self) -> None:
        tolerance = Fraction(4 * self.steps, 10**8)
        assert abs(Fraction(self.account.cash) - self.cash) <= tolerance
        assert abs(Fraction(self.account.realised) - self.realised) <= tolerance
        assert abs(Fraction(self.account.fees) - self.fees) <= tolerance

    @invariant()
    def equity_is_cash_and_everything_held_at_its_mark(self) -> None:
        marks = {InstrumentId("sim:A"): D("123.45"), InstrumentId("sim:B"): D("0.00000077")}
        worth = self.cash + sum(
            (Fraction(marks[InstrumentId(n)]) * held for n, held in self.held.items()), Fraction(0)
        )
        assert abs(Fraction(self.account.equity(marks)) - worth) <= Fraction(
            4 * self.steps + 2, 10**8
        )


TestAccountMachine = AccountMachine.TestCase
TestAccountMachine.settings = settings(deadline=None, max_examples=50, stateful_step_count=25)
