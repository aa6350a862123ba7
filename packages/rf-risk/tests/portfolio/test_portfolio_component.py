import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_risk.portfolio import (
    EwmaVar,
    component_var,
    covariance_of,
    ewma_covariance,
    historical_components,
    historical_var,
    parametric_var,
    portfolio_historical_var,
)
from rf_risk.portfolio._kernels import ewma_step

SEEDS = st.integers(0, 10_000)


def portfolio(seed, p=4):
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(p, p + 2)) * 0.01
    return rng.normal(size=p) * 1e6, factors @ factors.T


def test_portfolio_var_of_hulls_example():
    # Source: Hull, VaR chapter: 220,227; 1,622,657; benefit 219,369.
    covariance = covariance_of([0.02, 0.01], [[1.0, 0.3], [0.3, 1.0]])
    found = component_var([1e7, 5e6], covariance, 0.99, horizon=10, z=2.33)
    assert found.sigma == pytest.approx(220_227, abs=1)
    assert found.var == pytest.approx(1_622_657, abs=10)
    assert found.diversification_benefit == pytest.approx(219_369, abs=10)


@given(SEEDS)
def test_components_add_up_and_individual_var_is_that_of_each_alone(seed):
    held, covariance = portfolio(seed)
    found = component_var(held, covariance, 0.99)
    assert found.component_var.sum() == pytest.approx(found.var, rel=1e-12)
    for i, value in enumerate(held):
        alone = parametric_var(value, math.sqrt(covariance[i, i]), 0.99).var
        assert found.individual_var[i] == pytest.approx(alone, rel=1e-12)
    assert found.diversification_ratio >= 1.0 - 1e-12
    assert found.expected_shortfall > found.var


@given(SEEDS)
def test_incremental_and_marginal_var_are_what_revaluation_says(seed):
    held, covariance = portfolio(seed)
    found = component_var(held, covariance, 0.95)
    for i in range(held.size):
        without, up = held.copy(), held.copy()
        without[i] = 0.0
        up[i] += 1.0
        less = found.var - component_var(without, covariance, 0.95).var
        assert found.incremental_var[i] == pytest.approx(less, rel=1e-9, abs=1e-6)
        slope = component_var(up, covariance, 0.95).var - found.var
        assert found.marginal_var[i] == pytest.approx(slope, rel=1e-4, abs=1e-6)


def test_a_perfect_hedge_has_no_var_and_says_so():
    found = component_var([1.0, -1.0], [[1.0, 1.0], [1.0, 1.0]])
    assert found.var == 0.0
    assert found.diversification_ratio == math.inf
    assert found.component_var.tolist() == [0.0, 0.0]
    assert np.isnan(found.marginal_var).all()


@given(SEEDS, st.sampled_from([0.9, 0.95, 0.975, 0.99]))
def test_historical_components_add_up_to_var_and_shortfall(seed, confidence):
    rng = np.random.default_rng(seed)
    returns, held = rng.normal(size=(101, 3)) * 0.01, rng.normal(size=3) * 1e5
    found = historical_components(returns, held, confidence)
    assert found.component_var.sum() == pytest.approx(found.var, rel=1e-9, abs=1e-9)
    total = found.component_shortfall.sum()
    assert total == pytest.approx(found.expected_shortfall, rel=1e-9, abs=1e-9)


@given(SEEDS)
def test_portfolio_historical_var_is_that_of_its_pnl(seed):
    rng = np.random.default_rng(seed)
    returns, held = rng.normal(size=(60, 3)) * 0.01, rng.normal(size=3) * 1e5
    assert portfolio_historical_var(returns, held, 0.95) == historical_var(returns @ held, 0.95)


def test_what_is_not_finite_is_found_even_where_nothing_is_held():
    returns = np.zeros((40, 2))
    for bad in (math.nan, math.inf, -math.inf):
        returns[7, 1] = bad
        with pytest.raises(ValueError, match=r"expected finite returns, was .* at \(7, 1\)"):
            portfolio_historical_var(returns, [1.0, 0.0])


@pytest.mark.parametrize(
    "call",
    [
        lambda: component_var([1.0], [[1.0, 0.0], [0.0, 1.0]]),
        lambda: component_var([1.0, 2.0], [[1.0, 0.5], [0.4, 1.0]]),
        lambda: component_var([1.0, 2.0], [[1.0, 2.0], [2.0, 1.0]]),
        lambda: component_var([1.0, math.nan], np.eye(2)),
        lambda: component_var([], np.eye(1)),
        lambda: component_var([1.0], np.eye(1), 0.4),
        lambda: component_var([1.0], np.eye(1), z=-1.0),
        lambda: covariance_of([0.1, -0.1], np.eye(2)),
        lambda: covariance_of([0.1, 0.1], [[1.0, 1.2], [1.2, 1.0]]),
        lambda: covariance_of([0.1, 0.1], [[2.0, 0.0], [0.0, 1.0]]),
        lambda: portfolio_historical_var(np.zeros((5, 2)), [1.0]),
        lambda: portfolio_historical_var(np.zeros((1, 1)), [1.0]),
        lambda: portfolio_historical_var(np.full((3, 1), 1e300), [1e300]),
        lambda: EwmaVar(np.eye(2), [1.0]),
        lambda: EwmaVar(np.eye(1), [1.0]).update([1.0, 2.0]),
    ],
)
def test_bad_portfolios_are_rejected(call):
    with pytest.raises(ValueError, match="expected"):
        call()


def test_streaming_var_follows_the_batch_covariance():
    rng = np.random.default_rng(6)
    returns, held = rng.normal(size=(200, 5)) * 0.01, rng.normal(size=5) * 1e5
    stream = EwmaVar(returns.T @ returns / 200, held, 0.94)
    for row in returns:
        var = stream.update(row)
    expected = ewma_covariance(returns, 0.94)
    np.testing.assert_allclose(stream.covariance, expected, rtol=1e-10)
    assert var == pytest.approx(component_var(held, expected).var, rel=1e-10)


def test_a_bad_row_leaves_the_streaming_covariance_as_it_was():
    stream = EwmaVar(np.eye(2), [1.0, 0.0])
    with pytest.raises(ValueError, match="finite"):
        stream.update([0.0, math.nan])
    assert stream.covariance.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_compiled_step_is_its_python_source():
    rng = np.random.default_rng(1)
    one = np.eye(3)
    two, row, held = one.copy(), rng.normal(size=3), rng.normal(size=3)
    compiled = ewma_step(one, row, 0.9, held)
    assert ewma_step.py_func(two, row, 0.9, held) == pytest.approx(compiled, rel=1e-14)
    np.testing.assert_allclose(one, two, rtol=1e-14)
