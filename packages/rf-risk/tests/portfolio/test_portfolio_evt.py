import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_risk.portfolio import fit_gpd, fit_pot


def gpd_sample(xi, beta, n):
    """Quantiles of a GPD at equally spaced levels: a sample without luck."""
    u = (np.arange(n) + 0.5) / n
    return -beta * np.log1p(-u) if xi == 0.0 else beta * np.expm1(-xi * np.log1p(-u)) / xi


def log_likelihood(y, xi, beta):
    z = 1.0 + xi * y / beta
    if z.min() <= 0.0:
        return -math.inf
    grown = y / beta if xi == 0.0 else np.log(z) / xi
    return float(-y.size * math.log(beta) - (1.0 + xi) * np.sum(grown))


@pytest.mark.parametrize("xi", [-0.4, -0.2, -0.05, 0.0, 0.05, 0.2, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("beta", [1e-6, 1.0, 1e6])
def test_shape_and_scale_are_recovered_from_quantiles(xi, beta):
    fit = fit_gpd(gpd_sample(xi, beta, 5_000))
    assert fit.converged
    assert fit.xi == pytest.approx(xi, abs=0.02)
    assert fit.beta == pytest.approx(beta, rel=0.02)


@given(st.integers(0, 2_000), st.sampled_from([-0.2, 0.0, 0.15, 0.4, 0.9]))
@settings(max_examples=30, deadline=None)
def test_fit_is_a_maximum_and_its_errors_are_the_curvature(seed, xi):
    u = np.random.default_rng(seed).random(150)
    y = -np.log(u) if xi == 0.0 else np.expm1(-xi * np.log(u)) / xi
    fit = fit_gpd(y)
    if not fit.converged:
        return
    top = log_likelihood(y, fit.xi, fit.beta)
    assert fit.log_likelihood == pytest.approx(top, rel=1e-10)
    for dx, db in ((1e-3, 0.0), (-1e-3, 0.0), (0.0, 1e-3), (0.0, -1e-3), (1e-3, -1e-3)):
        assert log_likelihood(y, fit.xi + dx, fit.beta * (1.0 + db)) < top
    if fit.xi > -0.5:
        assert fit.se_xi == pytest.approx(numeric_error(y, fit), rel=1e-3)


def numeric_error(y, fit):
    h, k = 1e-4, 1e-4 * fit.beta

    def at(i, j):
        return log_likelihood(y, fit.xi + i * h, fit.beta + j * k)

    xx = (at(1, 0) - 2 * at(0, 0) + at(-1, 0)) / h**2
    bb = (at(0, 1) - 2 * at(0, 0) + at(0, -1)) / k**2
    xb = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * h * k)
    return math.sqrt(-np.linalg.inv([[xx, xb], [xb, bb]])[0, 0])


def test_quantile_at_the_threshold_is_the_threshold_and_rises_from_there():
    losses = np.random.default_rng(2).standard_t(4.0, 4_000)
    fit = fit_pot(losses, float(np.quantile(losses, 0.95)))
    assert fit.quantile(1.0 - fit.exceedance_rate) == pytest.approx(fit.threshold)
    levels = [0.95, 0.97, 0.99, 0.995, 0.999, 0.9999]
    quantiles = [fit.quantile(c) for c in levels]
    assert quantiles == sorted(quantiles)
    assert all(fit.expected_shortfall(c) > q for c, q in zip(levels, quantiles, strict=True))
    assert 0.0 < fit.quantile_error(0.99) < fit.quantile_error(0.999)


def test_shortfall_is_the_mean_of_the_quantiles_beyond():
    losses = np.random.default_rng(3).standard_exponential(3_000)
    fit = fit_pot(losses, 1.5)
    levels = 0.99 + 0.01 * (np.arange(20_000) + 0.5) / 20_000
    mean = np.mean([fit.quantile(float(c)) for c in levels])
    assert fit.expected_shortfall(0.99) == pytest.approx(mean, rel=1e-3)


def test_a_tail_without_a_mean_has_an_infinite_shortfall():
    fit = fit_pot(gpd_sample(2.0, 1.0, 2_000), 0.5)
    assert fit.gpd.xi > 1.0
    assert fit.expected_shortfall(0.99) == math.inf


def test_a_sample_more_bounded_than_any_regular_fit_is_told():
    # A density that rises to its end: the likelihood grows without bound as xi falls below -1.
    fit = fit_gpd(np.linspace(0.1, 1.0, 40) ** 0.2)
    assert not fit.converged
    assert math.isnan(fit.se_xi)


def test_no_quantile_is_told_from_a_fit_that_did_not_converge():
    losses = np.concatenate([np.zeros(40), np.linspace(0.1, 1.0, 40) ** 0.2])
    with pytest.raises(ValueError, match="converged"):
        fit_pot(losses, 0.0).quantile(0.99)


@pytest.mark.parametrize(
    "call",
    [
        lambda: fit_gpd([1.0] * 9),
        lambda: fit_gpd([1.0] * 20 + [0.0]),
        lambda: fit_gpd([1.0] * 20 + [math.nan]),
        lambda: fit_pot(np.arange(100.0), 95.0),
        lambda: fit_pot(np.arange(100.0), math.nan),
        lambda: fit_pot(gpd_sample(0.2, 1.0, 100), 0.5).quantile(0.1),
        lambda: fit_pot(gpd_sample(0.2, 1.0, 100), 0.5).quantile(1.0),
    ],
)
def test_bad_tails_are_rejected(call):
    with pytest.raises(ValueError, match="expected"):
        call()
