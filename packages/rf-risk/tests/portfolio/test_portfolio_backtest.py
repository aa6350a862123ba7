import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from rf_risk.portfolio import backtest_var, basel_traffic_light, christoffersen, kupiec


@pytest.mark.parametrize(
    ("n", "x", "p", "statistic", "p_value"),
    [
        (252, 20, 0.05, 3.9125508275531997, 0.04792680100008805),
        (250, 4, 0.01, 0.7691383643858483, 0.38048373823895326),
        (1000, 10, 0.01, 0.0, 1.0),
    ],
)
def test_kupiec_of_printed_examples(n, x, p, statistic, p_value):
    # Source: Jorion (JP Morgan 1998, 20 exceptions, LR 3.91) and the definition.
    found = kupiec(n, x, p)
    assert found.statistic == pytest.approx(statistic, abs=1e-12)
    assert found.p_value == pytest.approx(p_value, abs=1e-12)


@given(st.integers(1, 2_000), st.floats(0.0, 1.0), st.floats(0.001, 0.5))
def test_kupiec_is_the_ratio_of_binomial_likelihoods(n, share, p):
    x = round(n * share)
    at = special.xlogy(x, x / n) + special.xlog1py(n - x, -x / n)
    under = x * math.log(p) + (n - x) * math.log1p(-p)
    found = kupiec(n, x, p)
    assert found.statistic == pytest.approx(2.0 * (at - under), rel=1e-9, abs=1e-9)
    assert found.p_value == pytest.approx(stats.chi2.sf(found.statistic, 1), rel=1e-9, abs=1e-300)


def test_no_exception_and_nothing_but_exceptions_have_finite_statistics():
    assert kupiec(250, 0, 0.01).statistic == pytest.approx(-500 * math.log(0.99))
    assert kupiec(10, 10, 0.01).statistic == pytest.approx(-20 * math.log(0.01))


def log_likelihood(zero, one):
    total = zero + one
    return special.xlogy(zero, zero / total) + special.xlogy(one, one / total) if total else 0.0


@given(st.lists(st.integers(0, 1), min_size=2, max_size=120), st.floats(0.01, 0.2))
def test_christoffersen_is_the_ratio_of_markov_likelihoods(hits, p):
    found = christoffersen(hits, p)
    pairs = list(pairwise(hits))
    n00, n01, n10, n11 = (pairs.count(pair) for pair in ((0, 0), (0, 1), (1, 0), (1, 1)))
    assert (found.n00, found.n01, found.n10, found.n11) == (n00, n01, n10, n11)
    apart = log_likelihood(n00, n01) + log_likelihood(n10, n11)
    expected = 2.0 * (apart - log_likelihood(n00 + n10, n01 + n11))
    assert found.independence.statistic == pytest.approx(expected, rel=1e-9, abs=1e-9)
    both = found.unconditional.statistic + found.independence.statistic
    assert found.conditional.statistic == pytest.approx(both)
    assert found.conditional.p_value == pytest.approx(stats.chi2.sf(both, 2), rel=1e-9)


def test_clustered_exceptions_are_not_independent():
    clustered = ([0] * 45 + [1] * 5) * 4
    scattered = ([0] * 9 + [1]) * 20
    assert christoffersen(clustered, 0.1).independence.p_value < 1e-6
    assert christoffersen(scattered, 0.1).unconditional.p_value > 0.9


@pytest.mark.parametrize(
    ("exceptions", "zone", "cumulative", "multiplier"),
    [
        (0, "green", 0.0811, 3.0),
        (4, "green", 0.8922, 3.0),
        (5, "yellow", 0.9588, 3.4),
        (6, "yellow", 0.9863, 3.5),
        (7, "yellow", 0.9960, 3.65),
        (8, "yellow", 0.9989, 3.75),
        (9, "yellow", 0.9997, 3.85),
        (10, "red", 0.9999, 4.0),
        (30, "red", 1.0, 4.0),
    ],
)
def test_basel_table(exceptions, zone, cumulative, multiplier):
    # Source: Basel Committee (1996), table 2.
    found = basel_traffic_light(exceptions)
    assert found.zone == zone
    assert found.cumulative_probability == pytest.approx(cumulative, abs=6e-5)
    assert found.multiplier == pytest.approx(multiplier)


def test_there_is_no_multiplier_outside_the_supervisors_table():
    assert basel_traffic_light(3, 500, 0.01).multiplier is None


def test_a_right_model_passes_and_a_light_one_fails():
    returns = np.random.default_rng(12).normal(0.0, 0.01, 1_000)
    right = backtest_var(returns, 0.01 * 2.326348, 0.99)
    light = backtest_var(returns, np.full(1_000, 0.01), 0.99)
    assert right.christoffersen.conditional.p_value > 0.05
    assert right.traffic_light.zone == "green"
    assert light.christoffersen.unconditional.p_value < 1e-6
    assert light.traffic_light.zone == "red"
    assert light.hits.sum() == light.exceptions
    assert light.worst_excess == pytest.approx(-returns.min() - 0.01)


def test_a_loss_as_large_as_var_is_no_hit():
    assert backtest_var([-0.01, 0.0, -0.02], 0.01, 0.9).exceptions == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda: kupiec(10, 11, 0.01),
        lambda: kupiec(0, 0, 0.01),
        lambda: kupiec(10, -1, 0.01),
        lambda: kupiec(10, 1.5, 0.01),
        lambda: kupiec(10, 1, 0.0),
        lambda: christoffersen([0], 0.01),
        lambda: christoffersen([0, 2], 0.01),
        lambda: christoffersen([0, math.nan], 0.01),
        lambda: basel_traffic_light(251),
        lambda: backtest_var([0.1, 0.2], [0.1], 0.99),
        lambda: backtest_var([0.1, math.nan], 0.1, 0.99),
        lambda: backtest_var([0.1, 0.2], math.nan, 0.99),
    ],
)
def test_bad_backtests_are_rejected(call):
    with pytest.raises(ValueError, match="expected"):
        call()
