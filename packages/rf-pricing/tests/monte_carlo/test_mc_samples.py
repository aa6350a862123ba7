"""Whole paths, terminal samples, and the exact law of the variance."""

import math

import numpy as np
import pytest
from scipy.stats import ncx2

from rf_pricing.monte_carlo import (
    Gbm,
    Heston,
    Merton,
    heston_variance_sample,
    simulate_paths,
    terminal_sample,
)

CASES = [
    # tau, kappa, theta, sigma, rho, v0; Andersen (2008) I to III, and one inside Feller's bound.
    (10.0, 0.5, 0.04, 1.0, -0.9, 0.04),
    (15.0, 0.3, 0.04, 0.9, -0.5, 0.04),
    (5.0, 1.0, 0.09, 1.0, -0.3, 0.09),
    (1.0, 6.21, 0.019, 0.61, -0.7, 0.0102),
    (1.0, 2.0, 0.04, 0.1, 0.5, 0.2),
]


def model_of(kappa, theta, sigma, rho, v0):
    return Heston(spot=100.0, v0=v0, kappa=kappa, theta=theta, sigma=sigma, rho=rho)


def variance_moments(tau, kappa, theta, sigma, v0):
    # Cox, Ingersoll and Ross (1985), equation 19, and the integral of the mean.
    e = math.exp(-kappa * tau)
    mean = theta + (v0 - theta) * e
    var = sigma**2 / kappa * (v0 * (e - e * e) + 0.5 * theta * (1 - e) ** 2)
    return mean, var, theta * tau + (v0 - theta) * (1 - e) / kappa


@pytest.mark.parametrize(("tau", "kappa", "theta", "sigma", "rho", "v0"), CASES)
def test_terminal_moments_are_those_of_the_model(tau, kappa, theta, sigma, rho, v0):
    model = model_of(kappa, theta, sigma, rho, v0)
    paths = 100_000
    steps = math.ceil(8 * tau)
    found = terminal_sample(model, tau, paths=paths, steps=steps, seed=3, antithetic=True)
    mean, var, total = variance_moments(tau, kappa, theta, sigma, v0)
    v = found.variance
    assert abs(v.mean() - mean) < 4.0 * math.sqrt(var / paths)
    wide = ((v - v.mean()) ** 2).std() / math.sqrt(paths)
    assert abs(v.var() - var) < 4.0 * wide
    assert found.integrated_variance.mean() == pytest.approx(total, rel=0.03)
    assert np.log(found.spot / 100.0).mean() == pytest.approx(-0.5 * total, abs=0.02)
    error = found.spot.std() / math.sqrt(paths)
    assert abs(found.spot.mean() - 100.0) < 4.0 * error


def test_the_integral_of_the_variance_is_unbiased_on_coarse_steps():
    model = model_of(50.0, 0.04, 1.0, -0.7, 0.5)
    found = terminal_sample(model, 1.0, paths=100_000, steps=4, seed=1, antithetic=True)
    total = variance_moments(1.0, 50.0, 0.04, 1.0, 0.5)[2]
    assert found.integrated_variance.mean() == pytest.approx(total, rel=0.002)


@pytest.mark.parametrize(("tau", "kappa", "theta", "sigma", "rho", "v0"), CASES)
def test_the_exact_sample_has_the_quantiles_of_the_noncentral_chi_square(
    tau, kappa, theta, sigma, rho, v0
):
    model = model_of(kappa, theta, sigma, rho, v0)
    sample = heston_variance_sample(model, tau, paths=1 << 17, seed=1)
    e = math.exp(-kappa * tau)
    c = sigma**2 * (1 - e) / (4 * kappa)
    levels = [0.1, 0.5, 0.9, 0.99]
    exact = ncx2.ppf(levels, 4 * kappa * theta / sigma**2, v0 * e / c) * c
    assert np.allclose(np.quantile(sample, levels), exact, rtol=2e-3, atol=1e-12)
    mean, var, _ = variance_moments(tau, kappa, theta, sigma, v0)
    assert sample.mean() == pytest.approx(mean, rel=1e-3)
    assert sample.var() == pytest.approx(var, rel=1e-2)


def test_limits_of_the_exact_sample():
    frozen = heston_variance_sample(model_of(1.0, 0.09, 0.0, 0.0, 0.04), 1.0, paths=64, seed=1)
    assert np.allclose(frozen, 0.09 - 0.05 * math.exp(-1.0), rtol=1e-14)
    dead = heston_variance_sample(model_of(1.0, 0.0, 1.0, 0.0, 0.0), 1.0, paths=64, seed=1)
    assert (dead == 0.0).all()
    # Without reversion the variance is a martingale that may be absorbed at zero.
    free = heston_variance_sample(model_of(0.0, 0.0, 1.0, 0.0, 0.04), 1.0, paths=1 << 17, seed=1)
    assert free.mean() == pytest.approx(0.04, rel=5e-3)
    assert (free == 0.0).mean() == pytest.approx(math.exp(-2 * 0.04), abs=1e-3)


def test_paths_begin_at_the_spot_and_have_the_shape_asked_for():
    for model in (
        Gbm(spot=50.0, vol=0.2),
        Merton(spot=50.0, vol=0.2, intensity=1.0, jump_mean=0.0, jump_sd=0.1),
        model_of(1.0, 0.04, 0.5, -0.5, 0.09),
    ):
        found = simulate_paths(model, 2.0, paths=100, steps=8, seed=1)
        assert found.spot.shape == (100, 9)
        assert (found.spot[:, 0] == model.spot).all()
        assert np.array_equal(found.times, np.linspace(0.0, 2.0, 9))
        assert (found.variance is None) == (not isinstance(model, Heston))
        if found.variance is not None:
            assert (found.variance[:, 0] == 0.09).all()
            assert (found.variance >= 0.0).all()


def test_a_path_does_not_depend_on_how_many_there_are():
    model = model_of(1.0, 0.04, 0.5, -0.5, 0.09)
    few = simulate_paths(model, 1.0, paths=70, steps=5, seed=9)
    many = simulate_paths(model, 1.0, paths=30000, steps=5, seed=9)
    assert np.array_equal(few.spot, many.spot[:70])
    assert np.array_equal(few.variance, many.variance[:70])


def test_the_second_half_of_antithetic_paths_mirrors_the_first():
    found = simulate_paths(Gbm(spot=1.0, vol=0.3), 1.0, paths=200, steps=3, seed=1, antithetic=True)
    logs = np.log(found.spot[:, -1]) + 0.045
    assert np.allclose(logs[:100], -logs[100:], rtol=0.0, atol=1e-14)


def test_terminal_samples_are_the_ends_of_the_paths():
    model = model_of(1.0, 0.04, 0.5, -0.5, 0.09)
    whole = simulate_paths(model, 1.0, paths=128, steps=6, seed=2)
    ends = terminal_sample(model, 1.0, paths=128, steps=6, seed=2)
    assert np.array_equal(whole.spot[:, -1], ends.spot)
    assert np.array_equal(whole.variance[:, -1], ends.variance)


def test_a_variance_of_zero_for_ever_moves_nothing():
    model = model_of(1.0, 0.0, 0.5, -0.5, 0.0)
    found = simulate_paths(model, 1.0, paths=64, steps=4, seed=1)
    assert (found.spot == 100.0).all()
    assert (found.variance == 0.0).all()


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (
            lambda: heston_variance_sample(model_of(1, 0.1, 1, 0, 0.1), 1.0, paths=100, seed=1),
            "two",
        ),
        (lambda: heston_variance_sample(model_of(1, 0.1, 1, 0, 0.1), 0.0, paths=64, seed=1), "tau"),
        (
            lambda: heston_variance_sample(model_of(1, 0.1, 1, 0, 0.1), 1.0, paths=64, seed=-1),
            "seed",
        ),
        (lambda: simulate_paths(Gbm(spot=1.0, vol=0.1), 1.0, paths=1, steps=1, seed=1), "paths"),
        (lambda: simulate_paths(Gbm(spot=1.0, vol=0.1), 1.0, paths=64, steps=0, seed=1), "steps"),
    ],
)
def test_bad_input_is_refused_by_name(call, named):
    with pytest.raises(ValueError, match=named):
        call()
