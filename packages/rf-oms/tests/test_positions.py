from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common import Side
from rf_oms import Position, PositionState

BUY, SELL = Side.BUY, Side.SELL
D = Decimal
Step = tuple[Side, str, str, str, str, str, str]

# side, price, quantity, fee -> realised by this fill, quantity held, cost held; worked by hand
CASES: dict[str, list[Step]] = {
    "adding averages": [
        (BUY, "100", "2", "0.10", "0", "2", "200"),
        (BUY, "110", "3", "0.20", "0", "5", "530"),
        (SELL, "106", "5", "0.30", "0", "0", "0"),
    ],
    "reducing realises its share": [
        (BUY, "100", "4", "0", "0", "4", "400"),
        (SELL, "110", "1", "0", "10", "3", "300"),
        (SELL, "90", "1", "0", "-10", "2", "200"),
        (SELL, "101.25", "2", "0", "2.50", "0", "0"),
    ],
    "a flip realises all and opens the rest at the fill": [
        (BUY, "100", "2", "0", "0", "2", "200"),
        (SELL, "103", "5", "0", "6", "-3", "-309"),
        (BUY, "100", "4", "0", "9", "1", "100"),
    ],
    "a short earns when the price falls": [
        (SELL, "50", "10", "0.5", "0", "-10", "-500"),
        (SELL, "52", "10", "0.5", "0", "-20", "-1020"),
        (BUY, "49", "5", "0.5", "10", "-15", "-765"),
        (BUY, "53", "15", "0.5", "-30", "0", "0"),
    ],
    "thirds are rounded once and the last takes what is left": [
        (BUY, "1", "1", "0", "0", "1", "1"),
        (BUY, "1", "1", "0", "0", "2", "2"),
        (BUY, "2", "1", "0", "0", "3", "4"),
        (SELL, "2", "1", "0", "0.66666667", "2", "2.66666667"),
        (SELL, "2", "1", "0", "0.66666666", "1", "1.33333333"),
        (SELL, "2", "1", "0", "0.66666667", "0", "0"),
    ],
    "a flip below the cash resolution splits one rounded value": [
        (BUY, "0.00000001", "0.3", "0", "0", "0.3", "0"),
        (SELL, "0.00000001", "0.9", "0", "0", "-0.6", "-0.00000001"),
    ],
}


@pytest.mark.parametrize("name", CASES)
def test_positions_net_as_worked_by_hand(name: str) -> None:
    held, total, fees = Position(), D(0), D(0)

    for side, price, quantity, fee, realised, left, cost in CASES[name]:
        got = held.apply(side, D(price), D(quantity), D(fee))
        total, fees = total + got, fees + D(fee)
        assert (got, held.quantity, held.cost) == (D(realised), D(left), D(cost))

    assert (held.realised, held.fees) == (total, fees)
    assert held.volume == sum(D(step[2]) for step in CASES[name])


def test_the_average_price_is_the_cost_of_a_unit() -> None:
    held = Position()
    assert held.average_price is None

    held.apply(BUY, D(100), D(2), D(0))
    held.apply(BUY, D(110), D(2), D(0))
    assert held.average_price == 105

    held.apply(SELL, D(200), D(1), D(0))
    assert held.average_price == 105

    held.apply(SELL, D(90), D(4), D(0))
    assert held.average_price == 90


@pytest.mark.parametrize(("side", "pnl"), [(BUY, "-6.00"), (SELL, "6.00")])
def test_unrealised_is_what_closing_at_the_mark_would_bring(side: Side, pnl: str) -> None:
    held = Position()
    held.apply(side, D(100), D(2), D("0.1"))

    assert held.unrealised(D(97)) == D(pnl)
    assert Position().unrealised(D(97)) == 0


FILLS = st.lists(
    st.tuples(
        st.sampled_from(Side),
        st.decimals("0.00000001", "70000", places=8, allow_nan=False),
        st.decimals("0.00000001", "500", places=8, allow_nan=False),
        st.decimals("-1", "5", places=10, allow_nan=False),
    ),
    max_size=25,
)


@settings(deadline=None, max_examples=150)
@given(FILLS)
def test_positions_follow_average_cost_to_the_cash_resolution(
    fills: list[tuple[Side, Decimal, Decimal, Decimal]],
) -> None:
    held = Position()
    quantity, cost, realised = Fraction(0), Fraction(0), Fraction(0)

    for count, (side, price, size, fee) in enumerate(fills, 1):
        held.apply(side, price, size, fee)
        # The same in fractions: close at the average first, then open what is left.
        signed, px = Fraction(size) * side.sign, Fraction(price)
        closing = min(abs(signed), abs(quantity)) if quantity * signed < 0 else Fraction(0)
        if closing:
            share = cost * closing / abs(quantity)
            realised += px * closing * -side.sign - share
            cost -= share
        opening = (abs(signed) - closing) * side.sign
        cost += px * opening
        quantity += signed
        tolerance = Fraction(3 * count, 10**8)
        assert Fraction(held.quantity) == quantity
        assert abs(Fraction(held.cost) - cost) <= tolerance
        assert abs(Fraction(held.realised) - realised) <= tolerance
        assert held.quantity or held.cost == 0


@settings(deadline=None, max_examples=50)
@given(FILLS)
def test_a_position_survives_its_frozen_copy(
    fills: list[tuple[Side, Decimal, Decimal, Decimal]],
) -> None:
    held = Position()
    for fill in fills:
        held.apply(*fill)

    state = held.state()

    assert isinstance(state, PositionState)
    assert Position.from_state(state).state() == state
