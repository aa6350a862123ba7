import math
from fractions import Fraction
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_risk.portfolio import (
    cornish_fisher_var,
    filtered_historical_var,
    historical_var,
    monte_carlo_var,
    parametric_var,
    sample_moments,
    student_t_var,
    weighted_historical_var,
)

TEN = [-0.05, 0.01, 0.02, -0.02, 0.03, -0.01, 0.0, 0.015, -0.03, 0.005]
SERIES = st.lists(st.floats(-1.0, 1.0), min_size=2, max_size=60)
CONFIDENCE = st.sampled_from([0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.999])


def exact_shortfall(returns, tail):
    """Acerbi and Tasche (2002) in rational arithmetic."""
    worst = sorted(Fraction(x) for x in returns)
    amount = len(worst) * tail
    whole = math.floor(amount)
    total = sum(worst[:whole], Fraction(0))
    if amount > whole:
        total += (amount - whole) * worst[whole]
    return float(-total / amount)


@pytest.mark.parametrize(
    ("confidence", "linear", "order", "shortfall"),
    [(0.9, 0.032, 0.05, 0.05), (0.95, 0.041, 0.05, 0.05), (0.975, 0.0455, 0.05, 0.05)],
)
def test_historical_var_of_ten_returns(confidence, linear, order, shortfall):
    # Source: numpy's type 7 quantile and the definition of the order statistic.
    assert historical_var(TEN, confidence).var == pytest.approx(linear, abs=1e-15)
    assert historical_var(TEN, confidence, method="order").var == order
    assert historical_var(TEN, confidence).expected_shortfall == pytest.approx(shortfall)


@given(SERIES, CONFIDENCE)
def test_historical_var_is_the_quantile_of_numpy(returns, confidence):
    found = historical_var(returns, confidence).var
    assert found == pytest.approx(-float(np.quantile(returns, 1.0 - confidence)), abs=1e-14)


@given(SERIES, st.sampled_from([(0.5, 2), (0.75, 4), (0.9, 10), (0.95, 20), (0.99, 100)]))
def test_shortfall_is_the_exact_mean_of_the_tail(returns, level):
    confidence, of = level
    found = historical_var(returns, confidence).expected_shortfall
    assert found == pytest.approx(exact_shortfall(returns, Fraction(1, of)), abs=1e-13)


@given(SERIES, CONFIDENCE, st.floats(0.01, 100.0))
def test_historical_tail_scales_and_shortfall_is_no_smaller_than_the_order_var(
    returns, confidence, factor
):
    found = historical_var(returns, confidence, method="order")
    scaled = historical_var([factor * x for x in returns], confidence, method="order")
    assert scaled.var == pytest.approx(factor * found.var, rel=1e-12, abs=1e-12)
    assert found.expected_shortfall >= found.var - 1e-12


def test_historical_horizon_scales_by_the_square_root():
    assert historical_var(TEN, 0.9, horizon=10).var == pytest.approx(0.032 * math.sqrt(10))


def test_whole_tails_are_counted_whole_though_binary_fractions_are_not():
    returns = np.arange(500, dtype=float)
    assert historical_var(returns, 0.99, method="order").var == -4.0
    assert historical_var(returns, 0.99).expected_shortfall == -2.0


@given(SERIES, CONFIDENCE)
def test_equal_weights_are_plain_historical_simulation(returns, confidence):
    plain = historical_var(returns, confidence, method="order")
    weighted = weighted_historical_var(returns, confidence, decay=1.0)
    assert weighted.var == plain.var
    assert weighted.expected_shortfall == pytest.approx(plain.expected_shortfall, abs=1e-12)


def test_a_recent_loss_weighs_more_than_an_old_one():
    calm = [0.001] * 98
    old = weighted_historical_var([-0.05, *calm, 0.001], 0.99, decay=0.97).var
    new = weighted_historical_var([0.001, *calm, -0.05], 0.99, decay=0.97).var
    assert (old, new) == (-0.001, 0.05)


@pytest.mark.parametrize(
    ("value", "sigma", "expected"),
    [(10_000_000.0, 0.02, 1_473_621.0), (5_000_000.0, 0.01, 368_405.0)],
)
def test_parametric_var_of_hulls_examples(value, sigma, expected):
    # Source: Hull, Options, Futures and Other Derivatives, VaR chapter (z rounded to 2.33).
    assert parametric_var(value, sigma, 0.99, horizon=10, z=2.33).var == pytest.approx(
        expected, abs=1.0
    )


def test_parametric_var_of_nothing_is_nothing():
    assert parametric_var(1e6, 0.0) == (0.0, 0.0)


def test_parametric_mean_counts_with_the_sign_of_the_position():
    long, short = (parametric_var(v, 0.02, mean=0.001).var for v in (100.0, -100.0))
    assert short - long == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("nu", "confidence", "var", "shortfall"),
    [
        (5.0, 0.95, 23412.74637516344, 33580.26383192284),
        (5.0, 0.99, 39096.95354076419, 51732.55140072027),
        (3.5, 0.99, 39875.393955770676, 57888.723120956776),
        (8.0, 0.975, 29955.8724347816, 38580.2189068784),
    ],
)
def test_student_var_against_mpmath(nu, confidence, var, shortfall):
    found = student_t_var(1_000_000.0, 0.015, nu, confidence)
    assert found.var == pytest.approx(var, rel=1e-11)
    assert found.expected_shortfall == pytest.approx(shortfall, rel=1e-11)


def test_student_var_with_many_degrees_of_freedom_is_the_normal():
    normal, student = parametric_var(1.0, 1.0, 0.99), student_t_var(1.0, 1.0, 1e8, 0.99)
    assert student.var == pytest.approx(normal.var, rel=1e-6)
    assert student.expected_shortfall == pytest.approx(normal.expected_shortfall, rel=1e-6)


def test_student_shortfall_is_the_mean_of_the_quantiles_beyond():
    levels = 0.99 + 0.01 * (np.arange(20_000) + 0.5) / 20_000
    mean = np.mean([student_t_var(1.0, 1.0, 8.0, float(c)).var for c in levels])
    assert student_t_var(1.0, 1.0, 8.0, 0.99).expected_shortfall == pytest.approx(mean, rel=1e-3)


@pytest.mark.parametrize(
    ("skew", "kurtosis", "confidence", "z", "good"),
    [
        (-0.5, 1.0, 0.95, -1.7621058224525177, True),
        (-0.8, 3.0, 0.99, -3.375107492985787, True),
        (0.3, 0.5, 0.99, -2.188776619602847, True),
        (0.0, 0.0, 0.99, -2.326347874040841, True),
        (-3.0, 20.0, 0.99, -5.821009948422538, False),
    ],
)
def test_cornish_fisher_quantile_and_its_domain(skew, kurtosis, confidence, z, good):
    found = cornish_fisher_var(0.012, skew, kurtosis, confidence, mean=0.0004)
    assert found.z == pytest.approx(z, abs=1e-14)
    assert found.domain_ok is good
    assert found.var == pytest.approx(-(0.0004 + 0.012 * z), abs=1e-15)


def test_cornish_fisher_shortfall_is_the_mean_of_the_quantiles_beyond():
    levels = 0.95 + 0.05 * (np.arange(20_000) + 0.5) / 20_000
    mean = np.mean([cornish_fisher_var(1.0, -0.5, 1.0, float(c)).var for c in levels])
    found = cornish_fisher_var(1.0, -0.5, 1.0, 0.95).expected_shortfall
    assert found == pytest.approx(mean, rel=1e-3)


@given(st.floats(-2.0, 2.0), st.floats(-1.0, 12.0))
def test_domain_is_where_the_expansion_rises(skew, kurtosis):
    normal = NormalDist()
    grid = np.linspace(normal.inv_cdf(1e-4), normal.inv_cdf(1 - 1e-4), 801)
    z = [cornish_fisher_var(1.0, skew, kurtosis, normal.cdf(-float(g))).z for g in grid]
    slopes = np.diff(z) / np.diff(grid)
    if np.abs(slopes).min() > 0.02:
        assert cornish_fisher_var(1.0, skew, kurtosis).domain_ok == bool((slopes > 0).all())


def test_moments_of_equal_returns_have_no_shape():
    found = sample_moments([0.1, 0.1, 0.1])
    assert found.sd == 0.0
    assert math.isnan(found.skew)
    assert math.isnan(found.excess_kurtosis)


def test_filtered_simulation_scales_by_the_last_volatility():
    rng = np.random.default_rng(4)
    calm, wild = rng.normal(0.0, 0.01, 500), rng.normal(0.0, 0.04, 60)
    before = filtered_historical_var(calm, 0.99)
    after = filtered_historical_var(np.concatenate([calm, wild]), 0.99)
    assert after.next_vol > 2.5 * before.next_vol
    assert after.var > 2.0 * historical_var(np.concatenate([calm, wild]), 0.95).var


def test_filtered_simulation_against_a_plain_loop():
    returns = np.random.default_rng(9).normal(0.0, 0.01, 300)
    variance, scaled = 1e-4, []
    for ret in returns:
        scaled.append(ret / math.sqrt(variance))
        variance = 2e-6 + 0.08 * ret * ret + 0.9 * variance
    expected = historical_var(np.array(scaled) * math.sqrt(variance), 0.975)
    found = filtered_historical_var(returns, 0.975, garch=(2e-6, 0.08, 0.9), initial_variance=1e-4)
    assert found.var == pytest.approx(expected.var, rel=1e-12)
    assert found.next_vol == pytest.approx(math.sqrt(variance), rel=1e-14)


def test_filtered_paths_of_ten_days_are_near_the_square_root_and_repeat():
    returns = np.random.default_rng(5).normal(0.0, 0.01, 1_000)
    one = filtered_historical_var(returns, 0.99)
    ten, again = (
        filtered_historical_var(returns, 0.99, horizon=10, rng=np.random.default_rng(1))
        for _ in range(2)
    )
    assert ten == again
    assert ten.var == pytest.approx(one.var * math.sqrt(10), rel=0.2)


def test_monte_carlo_agrees_with_the_formula_within_its_error():
    covariance = np.array([[4e-4, 6e-5], [6e-5, 1e-4]])
    held = np.array([1e6, -5e5])
    sigma = math.sqrt(held @ covariance @ held)
    found = monte_carlo_var(held, covariance, 0.99, rng=np.random.default_rng(3), paths=200_000)
    exact = parametric_var(1.0, sigma, 0.99)
    assert abs(found.var - exact.var) < 4 * found.var_error
    assert abs(found.expected_shortfall - exact.expected_shortfall) < 4 * found.shortfall_error
    assert found.var_error < 0.01 * found.var


def test_monte_carlo_errors_are_the_spread_over_seeds():
    runs = [
        monte_carlo_var([1.0], [[1.0]], 0.99, rng=np.random.default_rng(seed), paths=5_000)
        for seed in range(60)
    ]
    for value, error in (("var", "var_error"), ("expected_shortfall", "shortfall_error")):
        spread = np.std([getattr(run, value) for run in runs], ddof=1)
        told = np.mean([getattr(run, error) for run in runs])
        assert told == pytest.approx(spread, rel=0.35)


def test_monte_carlo_student_has_the_fatter_tail_of_the_formula():
    found = monte_carlo_var(
        [1.0], [[1.0]], 0.99, rng=np.random.default_rng(8), paths=200_000, nu=5.0
    )
    assert abs(found.var - student_t_var(1.0, 1.0, 5.0, 0.99).var) < 4 * found.var_error


def test_monte_carlo_revalues_what_is_not_linear_and_bears_a_singular_covariance():
    found = monte_carlo_var(
        [1.0, 1.0],
        [[1.0, 1.0], [1.0, 1.0]],
        0.95,
        rng=np.random.default_rng(2),
        paths=50_000,
        revalue=lambda moves: np.maximum(moves[:, 0], -1.0) + 0.0 * moves[:, 1],
    )
    assert found.var == 1.0
    assert found.expected_shortfall == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("returns", "confidence"),
    [([], 0.99), ([0.1], 0.99), ([0.1, math.nan], 0.99), ([0.1, math.inf], 0.9), (TEN, 1.0),
     (TEN, 0.0), (TEN, math.nan), ([[0.1, 0.2]], 0.9), (["a", "b"], 0.9)],
)  # fmt: skip
@pytest.mark.parametrize(
    "function", [historical_var, weighted_historical_var, filtered_historical_var]
)
def test_bad_series_are_rejected(function, returns, confidence):
    with pytest.raises(ValueError, match="expected"):
        function(returns, confidence)


@pytest.mark.parametrize(
    "call",
    [
        lambda: historical_var(TEN, 0.9, method="best"),
        lambda: historical_var(TEN, 0.9, horizon=0.0),
        lambda: weighted_historical_var(TEN, 0.9, decay=1.1),
        lambda: parametric_var(1.0, -0.1),
        lambda: parametric_var(math.nan, 0.1),
        lambda: parametric_var(1.0, 0.1, horizon=-1.0),
        lambda: student_t_var(1.0, 0.1, 2.0),
        lambda: student_t_var(1.0, 0.1, math.nan),
        lambda: cornish_fisher_var(0.1, math.nan, 0.0),
        lambda: filtered_historical_var(TEN, horizon=10),
        lambda: filtered_historical_var([0.0, 0.0, 0.0]),
        lambda: filtered_historical_var(TEN, decay=1.0),
        lambda: monte_carlo_var([1.0], [[-1.0]], rng=np.random.default_rng(1)),
        lambda: monte_carlo_var([1.0], [[1.0]], rng=np.random.default_rng(1), paths=10),
        lambda: monte_carlo_var([1.0], [[1.0]], rng=np.random.default_rng(1), nu=2.0),
        lambda: monte_carlo_var([1.0], [[1.0]], rng=np.random.default_rng(1), mean=[1.0, 2.0]),
    ],
)
def test_bad_options_are_rejected(call):
    with pytest.raises(ValueError, match="expected"):
        call()
