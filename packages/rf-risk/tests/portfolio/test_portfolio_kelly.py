import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import integrate, optimize

from rf_risk.portfolio import (
    beta_kelly,
    binary_kelly,
    continuous_growth,
    continuous_kelly,
    discrete_kelly,
    fractional_kelly,
    growth_share,
    multi_kelly,
    probability_of_falling_to,
    shrunk_kelly,
)


@pytest.mark.parametrize(
    ("p", "b", "fraction", "growth"),
    [
        (0.51, 1.0, 0.02, 0.00020001333546712519),
        (0.6, 1.0, 0.2, 0.020135513550688863),
        (0.5, 2.0, 0.25, 0.05889151782819174),
        (0.4, 1.0, 0.0, 0.0),
        (1.0, 1.0, 1.0, math.log(2.0)),
        (0.0, 1.0, 0.0, 0.0),
    ],
)
def test_binary_kelly_of_printed_examples(p, b, fraction, growth):
    # Source: Kelly (1956), Thorp (2006), and the two certain bets.
    found = binary_kelly(p, b)
    assert found.fraction == pytest.approx(fraction, abs=1e-15)
    assert found.growth == pytest.approx(growth, abs=1e-15)


@given(st.floats(0.01, 0.99), st.floats(0.1, 10.0))
def test_binary_is_the_discrete_optimum_of_two_outcomes(p, b):
    assume(p * b - (1 - p) > 1e-9)
    found = discrete_kelly([p, 1.0 - p], [b, -1.0])
    assert found.fraction == pytest.approx(binary_kelly(p, b).fraction, abs=1e-10)


def test_three_outcomes_have_the_exact_optimum():
    found = discrete_kelly([0.5, 0.3, 0.2], [0.1, -0.05, -0.08])
    assert found.fraction == pytest.approx(2.9616515846889895, abs=1e-13)
    assert found.growth == pytest.approx(0.027543650016084758, abs=1e-16)


@given(st.lists(st.tuples(st.floats(0.05, 1.0), st.floats(-0.9, 3.0)), min_size=2, max_size=8))
def test_discrete_optimum_is_no_worse_than_a_search(outcomes):
    p, x = np.array(outcomes).T
    p = p / p.sum()
    assume(x.min() < -1e-2 and x.max() > 1e-2)
    found = discrete_kelly(p, x)
    low, high = -1.0 / x.max(), -1.0 / x.min()
    assert low < found.fraction < high
    best = optimize.minimize_scalar(
        lambda f: -float(p @ np.log1p(f * x)), bounds=(low, high), method="bounded",
        options={"xatol": 1e-10},
    )  # fmt: skip
    assert found.growth >= -best.fun - 1e-12


def test_an_optimum_at_the_edge_of_ruin_is_found():
    found = discrete_kelly([1.0 - 1e-9, 1e-9], [0.01, -1.0])
    assert 1.0 - 2e-7 < found.fraction < 1.0
    assert found.growth == pytest.approx(math.log(1.01), rel=1e-4)


def test_a_losing_bet_is_shorted_or_left():
    p, x = [0.5, 0.5], [0.1, -0.2]
    assert discrete_kelly(p, x).fraction < 0.0
    assert discrete_kelly(p, x, allow_short=False) == (0.0, 0.0)
    assert discrete_kelly([0.5, 0.5], [0.1, -0.1]) == (0.0, 0.0)


def test_continuous_kelly_of_thorps_stock_market():
    # Source: Thorp (2006), m = .11, r = .06, s = .15.
    found = continuous_kelly(0.11, 0.15, rate=0.06)
    assert found.fraction == pytest.approx(2.2222222222222223)
    assert found.growth == pytest.approx(0.11555555555555555)
    half = continuous_growth(found.fraction / 2, 0.11, 0.15, rate=0.06)
    assert half == pytest.approx(0.10166666666666666)
    assert continuous_kelly(0.11, 0.15, rate=0.06, risk_aversion=2.0).growth == pytest.approx(half)


@given(st.floats(0.0, 2.5))
def test_share_of_growth_is_that_of_the_excess(multiple):
    full = continuous_kelly(0.08, 0.2)
    part = continuous_growth(multiple * full.fraction, 0.08, 0.2)
    assert part == pytest.approx(growth_share(multiple) * full.growth, abs=1e-12)


def test_several_assets_and_one_asset_agree():
    found = multi_kelly([0.03, 0.05], [[0.04, 0.01], [0.01, 0.09]])
    np.testing.assert_allclose(found.weights, [0.6285714285714284, 0.48571428571428577])
    assert found.growth == pytest.approx(0.02157142857142857)
    one = multi_kelly([0.05], [[0.0225]])
    assert one.weights[0] == pytest.approx(continuous_kelly(0.05, 0.15).fraction)


def test_falling_to_half_against_simulation():
    # Kelly on a driftless rate: log wealth has drift s^2/2 and variance s^2.
    rng = np.random.default_rng(1)
    steps = rng.normal(0.5 * 0.01, 0.1, (2_000, 3_000))
    lowest = np.cumsum(steps, axis=1).min(axis=1)
    # Discrete looks miss about 0.58 deviations of a step (Broadie, Glasserman and Kou 1997).
    hit = np.mean(lowest < math.log(0.5) + 0.5826 * 0.1)
    assert hit == pytest.approx(probability_of_falling_to(0.5), abs=0.035)


def test_fractions_are_cut_and_shrunk():
    assert fractional_kelly(0.4) == pytest.approx(0.1)
    assert fractional_kelly(0.4, 0.5, cap=0.05) == 0.05
    assert fractional_kelly(-0.4, 0.5, cap=0.05) == -0.05
    assert shrunk_kelly(0.2, 0) == 0.0
    assert shrunk_kelly(0.2, 30) == pytest.approx(0.1)
    assert shrunk_kelly(0.2, 3_000_000) == pytest.approx(0.2, rel=1e-4)


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.3, 3.0))
def test_posterior_of_the_record_is_the_integral_over_the_beta(wins, losses, b):
    found = beta_kelly(wins, losses, b)
    log_norm = math.lgamma(wins + 1) + math.lgamma(losses + 1) - math.lgamma(wins + losses + 2)

    def density(p):
        return math.exp(wins * math.log(p) + losses * math.log1p(-p) - log_norm)

    mass, _ = integrate.quad(density, 1.0 / (1.0 + b), 1.0)
    assert found.edge_probability == pytest.approx(mass, abs=1e-6)
    assert found.win_prob == pytest.approx((wins + 1) / (wins + losses + 2))
    assert found.fraction == binary_kelly(found.win_prob, b).fraction


@pytest.mark.parametrize(
    "call",
    [
        lambda: binary_kelly(1.1, 1.0),
        lambda: binary_kelly(math.nan, 1.0),
        lambda: binary_kelly(0.5, 0.0),
        lambda: discrete_kelly([0.5, 0.4], [0.1, -0.1]),
        lambda: discrete_kelly([1.5, -0.5], [0.1, -0.1]),
        lambda: discrete_kelly([0.5, 0.5], [0.1, 0.2]),
        lambda: discrete_kelly([0.5, 0.5], [-0.1, -0.2]),
        lambda: discrete_kelly([0.5, 0.5], [0.1]),
        lambda: discrete_kelly([0.5, 0.5], [0.1, math.nan]),
        lambda: continuous_kelly(0.1, 0.0),
        lambda: continuous_kelly(math.nan, 0.1),
        lambda: multi_kelly([0.1, 0.1], [[1.0, 1.0], [1.0, 1.0]]),
        lambda: multi_kelly([0.1], np.eye(2)),
        lambda: fractional_kelly(math.inf),
        lambda: fractional_kelly(0.1, cap=-1.0),
        lambda: shrunk_kelly(0.1, -1),
        lambda: beta_kelly(-1, 0, 1.0),
        lambda: probability_of_falling_to(0.0),
        lambda: probability_of_falling_to(0.5, 2.0),
    ],
)
def test_bad_bets_are_rejected(call):
    with pytest.raises(ValueError, match="expected"):
        call()
