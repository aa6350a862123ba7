import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rf_pricing.vanilla import bsm_price
from rf_risk.portfolio import (
    Moves,
    OptionHolding,
    explain_moves,
    explain_option,
    portfolio_greeks,
)

CALL = OptionHolding(100.0, 100.0, 0.25, 0.2, qty=10.0, multiplier=100.0, rate=0.02)
PUT = OptionHolding(
    100.0, 95.0, 0.5, 0.25, qty=-20.0, multiplier=100.0, rate=0.03, dividend_yield=0.01,
    is_call=False,
)  # fmt: skip


def test_explained_call_and_put_against_full_revaluation():
    # Source: mpmath, BSM before and after.
    call = explain_option(CALL, Moves(spot=2.0, vol=0.01, years=1 / 365))
    assert call.market == pytest.approx(1327.003372548699, abs=1e-9)
    assert call.delta == pytest.approx(1079.655674554058, abs=1e-9)
    assert call.residual == pytest.approx(-6.04219913314922, abs=1e-9)
    put = explain_option(PUT, Moves(spot=-4.0, vol=0.05, rate=0.0025, years=5 / 365))
    assert put.market == pytest.approx(-5316.501802043628, abs=1e-9)
    assert put.first_order == pytest.approx(-5274.421723635952, abs=1e-9)
    assert put.explained == pytest.approx(-5452.381078689324, abs=1e-9)
    assert put.vanna == pytest.approx(-149.25773001172385, abs=1e-9)
    assert put.volga == pytest.approx(-28.701625041648274, abs=1e-9)


@given(
    st.floats(-20.0, 20.0), st.floats(-0.1, 0.3), st.floats(-0.02, 0.02), st.floats(0.0, 0.25),
    st.floats(-1e4, 1e4), st.floats(-1e3, 0.0),
)  # fmt: skip
def test_parts_add_up_to_revaluation_carry_and_fees(spot, vol, rate, years, carry, fee):
    moves = Moves(spot=spot, vol=vol, rate=rate, years=years)
    found = explain_option(CALL, moves, carry=carry, fee_amount=fee)
    assert math.fsum(found) == found.total
    before = bsm_price(100.0, 100.0, 0.25, 0.2, rate=0.02)
    after = bsm_price(100.0 + spot, 100.0, 0.25 - years, 0.2 + vol, rate=0.02 + rate)
    actual = 1000.0 * (after - before)
    largest = max(abs(part) for part in found)
    assert found.market == pytest.approx(actual, abs=4e-16 * largest + 1e-9)
    assert found.total == pytest.approx(actual + carry + fee, abs=4e-16 * largest + 1e-9)


@given(st.floats(0.001, 1.0))
def test_residual_shrinks_with_the_cube_of_the_move(size):
    def residual(h):
        return explain_option(PUT, Moves(spot=h, vol=0.01 * h)).residual

    assume(abs(residual(size)) > 1e-6)
    assert abs(residual(size / 2)) == pytest.approx(abs(residual(size)) / 8, rel=0.25)


def test_no_move_is_no_profit():
    found = explain_option(CALL, Moves())
    assert found.total == 0.0
    assert all(part == 0.0 for part in found)


def test_the_last_step_ends_at_expiry():
    found = explain_option(CALL, Moves(years=0.25))
    premium = float(bsm_price(100.0, 100.0, 0.25, 0.2, rate=0.02))
    assert found.market == pytest.approx(-1000.0 * premium)


def test_dollar_greeks_are_changes_of_the_books_value():
    def value(held, **changes):
        held = held._replace(**changes)
        unit = bsm_price(
            held.spot, held.strike, held.tau, held.vol, rate=held.rate,
            dividend_yield=held.dividend_yield, is_call=held.is_call,
        )  # fmt: skip
        return held.qty * held.multiplier * float(unit)

    def book(**changes):
        return value(CALL, **changes) + value(PUT, **changes)

    found = portfolio_greeks([CALL, PUT])
    assert found.delta == pytest.approx(
        (book(spot=100.01) - book(spot=99.99)) / 0.02 * 100, rel=1e-6
    )
    up = portfolio_greeks([CALL._replace(spot=100.01), PUT._replace(spot=100.01)])
    down = portfolio_greeks([CALL._replace(spot=99.99), PUT._replace(spot=99.99)])
    slope = (up.delta / 100.01 - down.delta / 99.99) / 0.02
    assert found.gamma == pytest.approx(slope * 100.0, rel=1e-5)
    for name, unit, h in (("vega", 0.01, 1e-5), ("rho", 1e-4, 1e-6)):
        field = {"vega": "vol", "rho": "rate"}[name]
        slope = sum(
            value(held, **{field: getattr(held, field) + h})
            - value(held, **{field: getattr(held, field) - h})
            for held in (CALL, PUT)
        ) / (2 * h)
        assert getattr(found, name) == pytest.approx(slope * unit, rel=1e-6)
    aged = sum(
        value(held, tau=held.tau - 1e-6) - value(held, tau=held.tau + 1e-6) for held in (CALL, PUT)
    ) / (2e-6)
    assert found.theta == pytest.approx(aged / 365.0, rel=1e-6)
    assert portfolio_greeks([]) == (0.0, 0.0, 0.0, 0.0, 0.0)


class Linear:
    """A future: only a delta."""

    delta, gamma, vega, theta, rho, vanna, volga = 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0


def test_a_future_is_all_delta():
    found = explain_moves(Linear(), Moves(spot=3.0), 3.0, qty=-2.0, carry=0.5)
    assert (found.delta, found.residual, found.total) == (-6.0, 0.0, -5.5)


@pytest.mark.parametrize(
    "call",
    [
        lambda: explain_option(CALL, Moves(years=0.26)),
        lambda: explain_option(CALL, Moves(years=-0.1)),
        lambda: explain_option(CALL, Moves(spot=-101.0)),
        lambda: explain_option(CALL, Moves(vol=-0.3)),
        lambda: explain_option(CALL, Moves(spot=math.nan)),
        lambda: explain_option(CALL._replace(qty=math.inf), Moves()),
        lambda: explain_moves(Linear(), Moves(), math.nan),
        lambda: explain_moves(Linear(), Moves(), 1.0, fee_amount=math.nan),
    ],
)
def test_bad_explanations_are_rejected(call):
    with pytest.raises(ValueError, match="expected"):
        call()
