import numpy as np
import pytest

from rf_pricing.american import (
    american_price,
    binomial_price,
    early_exercise_premium,
    trinomial_price,
)
from rf_pricing.vanilla import bsm_price

# QuantLib 1.44, QdFpAmericanEngine: spot, strike, tau, vol, rate, dividend yield, call, value.
QUANTLIB = [
    (100.0, 100.0, 1.0, 0.2, 0.1, 0.0, False, 4.816280108309095),
    (100.0, 100.0, 1.0, 0.25, 0.05, 0.05, False, 9.569445298914017),
    (90.0, 100.0, 0.4986301369863014, 0.3, 0.05, 0.02, False, 13.110081837934555),
    (80.0, 100.0, 3.0, 0.3, 0.03, 0.07, True, 6.687044648855572),
]


@pytest.mark.parametrize(("s", "k", "t", "v", "r", "q", "call", "expected"), QUANTLIB)
def test_prices_agree_with_quantlib(s, k, t, v, r, q, call, expected) -> None:  # type: ignore[no-untyped-def]
    got = american_price(s, k, t, v, rate=r, dividend_yield=q, is_call=call)
    assert got == pytest.approx(expected, abs=1e-6)


def test_hulls_tree_has_its_exact_value() -> None:
    # Hull, chapter 21: 4.488 with five steps.
    got = binomial_price(50.0, 50.0, 5.0 / 12.0, 0.4, steps=5, rate=0.1, is_call=False)
    assert got == pytest.approx(4.488458534725914, rel=1e-13)


def test_a_trinomial_step_is_two_binomial_ones_for_a_european() -> None:
    given = {"rate": 0.05, "dividend_yield": 0.02, "is_call": False, "american": False}
    three = trinomial_price(100.0, 95.0, 1.0, 0.3, steps=50, **given)
    two = binomial_price(100.0, 95.0, 1.0, 0.3, steps=100, **given)
    assert three == pytest.approx(two, rel=1e-12)


@pytest.mark.parametrize("rate", [0.02, 0.05, 0.1])
@pytest.mark.parametrize("dividend_yield", [0.0, 0.05, 0.12])
@pytest.mark.parametrize("is_call", [True, False])
def test_prices_agree_with_a_tree(rate: float, dividend_yield: float, is_call: bool) -> None:
    given = {"rate": rate, "dividend_yield": dividend_yield, "is_call": is_call}
    got = american_price(100.0, 105.0, 0.7, 0.35, **given)
    trees = [binomial_price(100.0, 105.0, 0.7, 0.35, steps=n, **given) for n in (1000, 1001)]
    assert got == pytest.approx(sum(trees) / 2, abs=3e-3)


def test_where_exercise_never_pays_the_price_is_european() -> None:
    assert early_exercise_premium(100.0, 90.0, 1.0, 0.2, rate=0.05) == 0.0
    put = {"rate": -0.02, "dividend_yield": 0.01, "is_call": False}
    assert american_price(100.0, 110.0, 1.0, 0.2, **put) == bsm_price(100.0, 110.0, 1.0, 0.2, **put)


def test_a_put_deep_in_the_money_is_worth_its_exercise() -> None:
    assert american_price(1.0, 100.0, 1.0, 0.2, rate=0.05, is_call=False) == 99.0


def test_two_boundaries_under_negative_rates_lie_above_the_european_price() -> None:
    given = {"rate": -0.02, "dividend_yield": -0.06, "is_call": False}
    got = american_price(100.0, 105.0, 2.0, 0.15, **given)
    tree = binomial_price(100.0, 105.0, 2.0, 0.15, steps=3000, **given)
    assert got == pytest.approx(tree, abs=5e-3)
    assert got > bsm_price(100.0, 105.0, 2.0, 0.15, **given)


def test_the_limits_in_time_and_volatility_are_finite() -> None:
    given = {"rate": 0.05, "is_call": False}
    assert american_price(90.0, 100.0, 0.0, 0.2, **given) == 10.0
    assert american_price(90.0, 100.0, 1.0, 0.0, **given) == 10.0
    tiny = american_price(100.0, 100.0, 1e-9, 0.2, **given)
    assert tiny == pytest.approx(bsm_price(100.0, 100.0, 1e-9, 0.2, **given), rel=1e-4)


def test_arrays_broadcast_and_agree_with_single_options() -> None:
    spots = np.array([80.0, 100.0, 120.0])
    flags = np.array([[True], [False]])
    got = american_price(spots, 100.0, 0.5, 0.3, rate=0.05, dividend_yield=0.04, is_call=flags)
    assert got.shape == (2, 3)
    alone = american_price(80.0, 100.0, 0.5, 0.3, rate=0.05, dividend_yield=0.04, is_call=False)
    assert got[1, 0] == alone


def test_a_call_is_the_put_with_everything_exchanged() -> None:
    call = american_price(110.0, 100.0, 1.0, 0.3, rate=0.02, dividend_yield=0.07)
    put = american_price(100.0, 110.0, 1.0, 0.3, rate=0.07, dividend_yield=0.02, is_call=False)
    assert call == pytest.approx(put, rel=1e-13)


@pytest.mark.parametrize(
    "call",
    [
        lambda: american_price(np.nan, 100.0, 1.0, 0.2),
        lambda: american_price(100.0, 100.0, -1.0, 0.2),
        lambda: american_price([100.0, -1.0], 100.0, 1.0, 0.2),
        lambda: binomial_price(100.0, 100.0, 1.0, 0.01, steps=2, rate=0.3),
        lambda: trinomial_price(100.0, 100.0, 1.0, 0.01, steps=2, rate=0.3),
        lambda: binomial_price(100.0, 100.0, 1.0, 0.2, steps=0),
        lambda: binomial_price(100.0, 100.0, 1.0, 0.0, steps=10),
    ],
)
def test_bad_option_input_is_refused(call) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="expected"):
        call()
