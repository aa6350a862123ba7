"""Fits against simulated truth, exact Newton references, and each other."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_risk.volatility import (
    GarchState,
    RollingGarch,
    _kernels,
    ewma_memory,
    ewma_variance,
    fit_garch,
    garch_filter,
    garch_forecast,
    half_life,
    loglik,
    regime_of,
)


def simulated(n=6_000, *, alpha=0.08, beta=0.90, gamma=0.0, seed=5, nu=None):
    rng = np.random.default_rng(seed)
    z = rng.standard_normal(n) if nu is None else rng.standard_t(nu, n) * math.sqrt((nu - 2) / nu)
    returns, variance = np.empty(n), 1.0
    for t in range(n):
        returns[t] = math.sqrt(variance) * z[t]
        reaction = alpha + (gamma if returns[t] < 0 else 0.0)
        variance = 0.02 + reaction * returns[t] ** 2 + beta * variance
    return returns


def test_a_simulated_model_is_recovered_within_its_errors():
    fit = fit_garch(simulated(10_000), mean="zero")

    assert fit.converged
    for name, truth in {"omega": 0.02, "alpha": 0.08, "beta": 0.90}.items():
        assert abs(fit.params[name] - truth) < 3 * fit.se_robust[name], name


@pytest.mark.parametrize("model", ["garch", "gjr", "egarch", "aparch"])
@pytest.mark.parametrize("distribution", ["normal", "t", "skewt"])
def test_the_score_is_the_slope_of_the_likelihood(model, distribution):
    returns = simulated(400, gamma=0.05, nu=6) + 0.03
    fit = fit_garch(returns, model=model, distribution=distribution)
    theta = fit.theta + 0.01
    if model == "aparch":
        theta = fit.theta * 0.98
    likelihood = fit.likelihood
    slope = likelihood.at(theta).gradient
    for place in range(theta.size):
        width = 1e-5 * max(abs(theta[place]), 0.1)
        up, down = theta.copy(), theta.copy()
        up[place] += width
        down[place] -= width
        numeric = (likelihood.at(up).loglik - likelihood.at(down).loglik) / (2 * width)
        assert slope[place] == pytest.approx(numeric, rel=2e-4, abs=2e-3), likelihood.names[place]


@pytest.mark.parametrize("model", ["garch", "gjr", "egarch"])
@pytest.mark.parametrize("scale", [1e-4, 1.0, 250.0])
def test_the_unit_of_the_returns_does_not_matter(model, scale):
    returns = simulated(1_500, gamma=0.05)
    one, other = fit_garch(returns, model=model), fit_garch(returns * scale, model=model)

    assert other.converged
    assert other.params["beta"] == pytest.approx(one.params["beta"], rel=1e-6)
    assert other.loglik == pytest.approx(one.loglik - 1_500 * math.log(scale), abs=1e-6)
    assert other.next_variance == pytest.approx(one.next_variance * scale**2, rel=1e-6)


def test_a_bound_that_binds_is_told_and_has_no_error():
    returns = simulated(3_000, alpha=0.0, gamma=0.18, beta=0.88)
    fit = fit_garch(returns, model="gjr", mean="zero")

    assert fit.converged
    assert fit.params["alpha"] >= 0.0
    if "alpha" in fit.at_bound:
        assert fit.params["alpha"] == 0.0
        assert math.isnan(fit.se_hessian["alpha"])


def test_heavy_tails_are_found_and_fit_better():
    returns = simulated(5_000, nu=5)
    normal, heavy = fit_garch(returns), fit_garch(returns, distribution="t")

    assert heavy.params["nu"] == pytest.approx(5.0, abs=1.0)
    assert heavy.loglik > normal.loglik + 100
    skewed = fit_garch(returns, distribution="skewt")
    assert skewed.loglik >= heavy.loglik - 1e-6
    assert abs(skewed.params["skew"]) < 0.06


def test_a_warm_start_ends_where_a_cold_one_does():
    returns = simulated(2_000)
    cold = fit_garch(returns)
    warm = fit_garch(returns, start=cold.params)

    assert warm.converged
    assert warm.loglik == pytest.approx(cold.loglik, abs=1e-7)
    assert warm.iterations <= cold.iterations


@given(
    st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=80),
    st.floats(0.0, 0.3),
    st.floats(0.0, 0.6),
    st.floats(0.0, 0.1),
)
def test_one_return_at_a_time_gives_the_very_numbers_of_the_batch(returns, alpha, beta, gamma):
    variances, last = garch_filter(
        returns, omega=1e-5, alpha=alpha, beta=beta, gamma=gamma, start=1e-4
    )
    first = 1e-5 + (alpha + 0.5 * gamma) * 1e-4 + beta * 1e-4
    state = GarchState(1e-5, alpha, beta, first, gamma=gamma)
    streamed = [first, *(state.update(ret) for ret in returns)]

    assert streamed[-1] == pytest.approx(last, rel=1e-14)
    assert streamed[:-1] == pytest.approx(list(variances), rel=1e-14)


def test_kernels_are_their_python_selves():
    eps = simulated(300)
    p = np.array([0.02, 0.05, 0.06, 0.88])
    for kernel in (_kernels.gjr_gradient, _kernels.egarch_gradient):
        q = p if kernel is _kernels.gjr_gradient else np.array([0.01, 0.1, -0.05, 0.95])
        compiled, plain = (np.empty(300), np.empty((300, 5))), (np.empty(300), np.empty((300, 5)))
        one = kernel(eps, q, 1.1, 0.2, *compiled)
        two = kernel.py_func(eps, q, 1.1, 0.2, *plain)
        assert one == pytest.approx(two, rel=1e-13)
        assert compiled[1] == pytest.approx(plain[1], rel=1e-10)


def test_many_names_side_by_side_are_each_one_alone():
    rng = np.random.default_rng(1)
    n = 64
    s2, eps = rng.random(n), rng.normal(size=n)
    parts = [rng.random(n) * 0.1 for _ in range(3)] + [np.full(n, 0.8)]
    out = np.empty(n)
    _kernels.gjr_update_many(s2, eps, *parts, out)
    for i in range(n):
        state = GarchState(parts[0][i], parts[1][i], parts[3][i], s2[i], gamma=parts[2][i])
        assert out[i] == pytest.approx(state.update(eps[i]), rel=1e-14)


def test_forecasts_tend_to_the_long_run_and_simulations_agree():
    fit = fit_garch(simulated(4_000), mean="zero")
    path = fit.forecast(2_000)

    assert path[0] == fit.next_variance
    assert path[-1] == pytest.approx(fit.long_run_variance, rel=1e-3)
    rng = np.random.default_rng(2)
    squares = np.array([fit.simulate(20, rng) ** 2 for _ in range(4_000)]).mean(axis=0)
    assert squares == pytest.approx(path[:20], rel=0.15)


def test_the_exponential_forecast_is_the_mean_of_simulations():
    fit = fit_garch(simulated(3_000, gamma=0.06), model="egarch", mean="zero")
    path = fit.forecast(10)
    rng = np.random.default_rng(3)
    squares = np.array([fit.simulate(10, rng) ** 2 for _ in range(20_000)]).mean(axis=0)
    assert squares == pytest.approx(path, rel=0.1)
    heavy = fit_garch(simulated(1_000, nu=5), model="egarch", distribution="t")
    with pytest.raises(ValueError, match="infinite"):
        heavy.forecast(2)


def test_published_numbers():
    assert half_life(0.95) == pytest.approx(13.513407333964874)
    assert ewma_memory(0.94) == pytest.approx(74.43, abs=0.01)  # RiskMetrics (1996): 74 days
    hull = {"omega": 1.3465e-06, "alpha": 0.083394, "beta": 0.910116}
    assert garch_forecast(0.0003, 10, **hull) == pytest.approx(0.000294157696637643, abs=3e-7)
    state = GarchState(0.2, 0.2, 0.3, 0.01)
    assert math.sqrt(state.update(0.1)) == pytest.approx(0.452769, abs=1e-6)  # QuantLib


def test_the_average_is_flat_on_flat_squares():
    variances, following = ewma_variance([0.01, -0.01, 0.01])
    assert variances == pytest.approx([1e-4] * 3)
    assert following == pytest.approx(1e-4)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_whatever_noise_it_is_given_a_fit_says_whether_it_converged(seed):
    returns = np.random.default_rng(seed).standard_t(3, 120) * 0.01
    fit = fit_garch(returns)
    assert isinstance(fit.converged, bool)
    assert np.isfinite(fit.loglik)


@pytest.mark.parametrize(
    ("returns", "words"),
    [
        (np.zeros(100), "vary"),
        (np.full(100, 0.01), "vary"),
        (np.ones(10), "at least 50"),
        (np.append(np.random.default_rng(1).normal(size=99), math.nan), "finite"),
        (np.ones((50, 2)), "one dimension"),
    ],
)
def test_returns_that_cannot_be_fitted_are_refused(returns, words):
    with pytest.raises(ValueError, match=words):
        fit_garch(returns)


@pytest.mark.parametrize(
    "bad", [{"model": "arch"}, {"distribution": "cauchy"}, {"mean": "ar"}, {"start": {"mu": 0.0}}]
)
def test_unknown_names_are_refused(bad):
    with pytest.raises(ValueError, match="expected"):
        fit_garch(simulated(200), **bad)


def test_parameters_without_positive_variances_have_no_likelihood():
    with pytest.raises(ValueError, match="positive variances"):
        loglik(simulated(100), {"omega": -1.0, "alpha": 0.1, "beta": 0.1}, mean="zero")


def test_a_rolling_model_is_fitted_again_and_moves_in_between():
    returns = simulated(900)
    rolling = RollingGarch(min_history=300, refit_every=200, window=600)
    told = [rolling.update(float(ret)) for ret in returns]

    assert told[298] is None
    assert all(value > 0 for value in told[299:])
    assert len(set(told[299:])) > 500
    assert rolling.fit is not None


@pytest.mark.parametrize(
    ("vol", "name", "scale"),
    [(0.1, "low", 1.5), (0.2, "normal", 1.0), (0.4, "high", 0.5), (0.9, "crisis", 0.2)],
)
def test_regimes_scale_positions(vol, name, scale):
    regime = regime_of(vol)
    assert (str(regime), regime.position_scale) == (name, scale)


def test_the_light_half_loads_neither_numpy_nor_numba():
    import subprocess
    import sys

    program = (
        "import sys, rf_risk.session_vol, rf_risk.portfolio.session_var\n"
        "print([m for m in ('numpy', 'numba', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
