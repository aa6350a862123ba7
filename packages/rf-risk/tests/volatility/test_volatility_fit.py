"""Fits against simulated truth, constraints, units, and what they say when they fail."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_risk.volatility import fit_garch, fit_many, loglik, simulate_garch

TRUTH = {"omega": 0.02, "alpha": 0.08, "beta": 0.90}
MODELS = {
    "garch": TRUTH,
    "gjr": {"omega": 0.02, "alpha": 0.03, "gamma": 0.10, "beta": 0.90},
    "egarch": {"omega": 0.0, "alpha": 0.15, "gamma": -0.08, "beta": 0.97},
    "aparch": {"omega": 0.03, "alpha": 0.08, "gamma": 0.4, "beta": 0.88, "delta": 1.4},
}


def simulated(n, params=None, *, seed=5, model="garch", distribution="normal"):
    rng = np.random.default_rng(seed)
    params = params or MODELS[model]
    return simulate_garch(params, n, rng, model=model, distribution=distribution).returns


@pytest.mark.parametrize("model", MODELS)
def test_a_simulated_model_is_recovered_within_its_errors(model):
    fit = fit_garch(simulated(12_000, model=model), model=model, mean="zero")

    assert fit.converged
    assert fit.at_bound == ()
    for name, truth in MODELS[model].items():
        assert abs(fit.params[name] - truth) < 3.5 * fit.se_robust[name], name


def test_alpha_of_008_and_beta_of_090_come_back_from_forty_series():
    fits = [fit_garch(simulated(5_000, seed=seed), mean="zero") for seed in range(40)]
    z = [(f.params[k] - TRUTH[k]) / f.se_hessian[k] for f in fits for k in ("alpha", "beta")]

    assert all(fit.converged for fit in fits)
    assert np.mean(np.abs(z) < 1.96) > 0.87
    assert np.mean([f.params["alpha"] for f in fits]) == pytest.approx(0.08, abs=0.004)
    assert np.mean([f.params["beta"] for f in fits]) == pytest.approx(0.90, abs=0.006)


def test_three_kinds_of_errors_agree_when_the_model_is_true():
    fit = fit_garch(simulated(30_000), mean="zero")

    for name, error in fit.se_hessian.items():
        assert fit.se_opg[name] == pytest.approx(error, rel=0.1)
        assert fit.se_robust[name] == pytest.approx(error, rel=0.1)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("distribution", ["normal", "t", "skewt"])
@pytest.mark.parametrize("mean", ["zero", "constant"])
def test_no_nearby_point_has_a_higher_likelihood(model, distribution, mean):
    returns = simulated(900, model=model) + 0.03
    names = {"model": model, "distribution": distribution, "mean": mean}
    fit = fit_garch(returns, **names)

    assert fit.converged
    rng = np.random.default_rng(9)
    for _ in range(60):
        near = {k: v * (1 + 0.004 * rng.normal()) for k, v in fit.params.items()}
        if near.get("gamma", 0.0) > 1.0 or (near.get("alpha", 0.0) < 0.0 and model != "egarch"):
            continue
        if "persistence" in fit.at_bound or (set(fit.at_bound) - {"nu"}):
            continue
        assert loglik(returns, near, **names).loglik <= fit.loglik + 1e-7


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("scale", [1e-40, 1e-4, 250.0, 1e40])
def test_the_unit_of_the_returns_does_not_matter(model, scale):
    returns = simulated(1_500, model=model)
    one = fit_garch(returns, model=model, mean="zero", distribution="t")
    other = fit_garch(returns * scale, model=model, mean="zero", distribution="t")

    assert other.converged
    assert other.params["beta"] == pytest.approx(one.params["beta"], rel=1e-6)
    assert other.se_robust["beta"] == pytest.approx(one.se_robust["beta"], rel=1e-5)
    assert other.loglik == pytest.approx(one.loglik - 1_500 * math.log(scale), abs=1e-7)
    assert other.next_variance == pytest.approx(one.next_variance * scale**2, rel=1e-6)


def test_errors_of_the_exponential_model_follow_the_unit():
    # omega's error mixes with beta's when the logarithm of the unit moves from one to the other.
    returns = simulated(2_000, model="egarch")
    one = fit_garch(returns * 100.0, model="egarch", mean="zero")
    other = fit_garch(returns, model="egarch", mean="zero")
    move = 2.0 * math.log(100.0)
    v = other.covariance("hessian")
    expected = v[0, 0] - 2.0 * move * v[0, 3] + move * move * v[3, 3]

    assert one.se_hessian["omega"] == pytest.approx(math.sqrt(expected), rel=1e-5)


def test_a_bound_that_binds_is_a_constrained_maximum():
    params = {"omega": 0.02, "alpha": 0.0, "gamma": 0.15, "beta": 0.9}
    series = [simulated(1_500, params, model="gjr", seed=seed) for seed in range(12)]
    fits = [fit_garch(returns, model="gjr", mean="zero") for returns in series]
    bound = [fit for fit in fits if "alpha" in fit.at_bound]

    assert all(fit.converged for fit in fits)
    assert bound
    for fit in bound:
        assert fit.params["alpha"] == 0.0
        assert math.isnan(fit.se_hessian["alpha"])
        assert fit.se_hessian["gamma"] > 0.0
        assert fit.gradient_norm < 0.05


def test_a_series_that_never_returns_is_flagged_as_an_igarch():
    params = {"omega": 0.01, "alpha": 0.25, "beta": 0.80}  # no mean variance, yet stationary
    rng = np.random.default_rng(0)
    returns = simulate_garch(params, 1_500, rng, initial_variance=1.0).returns
    fit = fit_garch(returns, mean="zero")

    assert fit.converged
    assert "persistence" in fit.at_bound
    assert fit.persistence == 1.0
    assert fit.params["alpha"] + fit.params["beta"] == pytest.approx(1.0, abs=1e-12)
    assert math.isinf(fit.long_run_variance)
    assert math.isinf(fit.half_life)
    assert np.diff(fit.forecast(4)) == pytest.approx([fit.params["omega"]] * 3, rel=1e-6)


@pytest.mark.parametrize(("alpha", "beta", "seed"), [(0.25, 0.8, 1), (0.4, 0.7, 2)])
def test_an_omega_that_all_but_vanishes_does_not_blur_the_rest(alpha, beta, seed):
    # Its curvature is 1e16 times that of alpha and beta, which must still balance exactly.
    rng = np.random.default_rng(seed)
    params = {"omega": 0.01, "alpha": alpha, "beta": beta}
    fit = fit_garch(simulate_garch(params, 1_500, rng, initial_variance=1.0).returns, mean="zero")

    assert fit.converged
    assert set(fit.at_bound) == {"omega", "persistence"}
    assert fit.gradient_norm < 1e-3


def test_heavy_and_skewed_tails_are_found():
    params = {**TRUTH, "nu": 5.0, "skew": -0.25}
    returns = simulated(6_000, params, distribution="skewt")
    normal, heavy, skewed = (fit_garch(returns, distribution=d) for d in ("normal", "t", "skewt"))

    assert abs(skewed.params["nu"] - 5.0) < 3.5 * skewed.se_robust["nu"]
    assert abs(skewed.params["skew"] + 0.25) < 3.5 * skewed.se_robust["skew"]
    assert normal.loglik < heavy.loglik < skewed.loglik
    assert skewed.bic < heavy.bic < normal.bic


def test_a_warm_start_ends_where_a_cold_one_does_and_sooner():
    returns = simulated(2_000)
    cold = fit_garch(returns)
    warm = fit_garch(returns, start=cold.params)

    assert warm.converged
    assert warm.loglik == pytest.approx(cold.loglik, abs=1e-9)
    assert warm.iterations < cold.iterations


def test_a_start_outside_the_constraints_is_drawn_inside():
    returns = simulated(1_000)
    fit = fit_garch(returns, mean="zero", start={"omega": 5.0, "alpha": 0.9, "beta": 0.9})

    assert fit.loglik == pytest.approx(fit_garch(returns, mean="zero").loglik, abs=1e-7)


def test_a_maximum_on_a_kink_of_the_mean_is_found():
    returns = np.round(simulated(1_200, model="egarch", seed=8), 1)
    fit = fit_garch(returns, model="egarch")

    assert fit.converged
    for step in (-1e-5, 1e-5):
        near = {**fit.params, "mu": fit.params["mu"] + step}
        assert loglik(returns, near, model="egarch").loglik <= fit.loglik + 1e-9


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["garch", "gjr"]))
def test_garch_converges_on_whatever_noise_it_is_given(seed, model):
    rng = np.random.default_rng(seed)
    returns = rng.standard_t(3, 120) * 10.0 ** rng.integers(-6, 6)
    fit = fit_garch(returns, model=model)

    assert fit.converged
    assert np.isfinite(fit.loglik)
    assert fit.variances.min() > 0.0
    assert fit.params["alpha"] >= 0.0
    assert fit.params["beta"] >= 0.0


def test_many_series_are_each_fitted_as_alone():
    series = {str(seed): simulated(400, seed=seed) for seed in range(4)}
    fits = fit_many(series, mean="zero")

    for name, returns in series.items():
        assert fits[name].params == fit_garch(returns, mean="zero").params
    with pytest.raises(ValueError, match="flat: expected returns that vary"):
        fit_many({**series, "flat": np.zeros(100)})


@pytest.mark.parametrize(
    ("returns", "words"),
    [
        (np.zeros(100), "vary"),
        (np.full(100, 0.01), "vary"),
        (np.ones(10), "at least 50"),
        (np.append(np.random.default_rng(1).normal(size=99), math.nan), "finite"),
        (np.append(np.random.default_rng(1).normal(size=99), math.inf), "finite"),
        (np.ones((50, 2)), "one dimension"),
        (np.random.default_rng(1).normal(size=99) * 1e-80, "between 1e-60"),
    ],
)
def test_returns_that_cannot_be_fitted_are_refused(returns, words):
    with pytest.raises(ValueError, match=words):
        fit_garch(returns)


@pytest.mark.parametrize(
    "bad",
    [
        {"model": "arch"},
        {"distribution": "cauchy"},
        {"mean": "ar"},
        {"start": {"mu": 0.0}},
        {"start": {"mu": 0.0, "omega": math.nan, "alpha": 0.1, "beta": 0.8}},
    ],
)
def test_what_is_not_known_is_refused(bad):
    with pytest.raises(ValueError, match="expected"):
        fit_garch(simulated(200), **bad)


def test_a_covariance_of_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="hessian, opg or robust"):
        fit_garch(simulated(200)).covariance("white")
