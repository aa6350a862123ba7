"""Derivatives, densities and the optimiser's pieces against second methods."""

import numpy as np
import pytest
from scipy import integrate, special

from rf_risk.volatility._kernels import density, filters, garch_normal, likelihood, optimise
from rf_risk.volatility.distributions import innovations

THETA = {
    0: [0.03, 0.05, 0.05, 0.08, 0.85, 2.0, 6.0, 0.0],
    1: [0.03, 0.05, 0.15, -0.08, 0.90, 2.0, 6.0, 0.0],
    2: [0.03, 0.05, 0.08, 0.30, 0.85, 2.4, 6.0, 0.0],
}
PLACES = {0: [0, 1, 2, 3, 4], 1: [0, 1, 2, 3, 4], 2: [0, 1, 2, 3, 4, 5]}


def series(n=300, seed=1):
    returns = np.random.default_rng(seed).standard_t(5, n)
    return returns / returns.std()


def derivatives(kind, dist, returns, theta, free, kernel=likelihood.derivatives_of):
    grad, hess, outer = np.empty(8), np.empty((8, 8)), np.empty((8, 8))
    value = kernel(kind, dist, returns, theta, free, grad, hess, outer)
    return value, grad, hess, outer


@pytest.mark.parametrize("kind", [0, 1, 2])
@pytest.mark.parametrize("dist", [0, 1, 2])
def test_gradient_and_hessian_are_slopes_of_what_they_derive(kind, dist):
    returns, theta = series(), np.array(THETA[kind])
    theta[7] = -0.1 if dist == 2 else 0.0
    free = np.array(PLACES[kind] + [[], [6], [6, 7]][dist])
    value, grad, hess, _ = derivatives(kind, dist, returns, theta, free)
    work = np.empty(returns.size)

    assert value == pytest.approx(likelihood.loglik_of(kind, dist, returns, theta, work), rel=1e-13)
    for place in free:
        up, down = theta.copy(), theta.copy()
        up[place] += 1e-5
        down[place] -= 1e-5
        slope = (
            likelihood.loglik_of(kind, dist, returns, up, work)
            - likelihood.loglik_of(kind, dist, returns, down, work)
        ) / 2e-5
        assert grad[place] == pytest.approx(slope, rel=1e-5, abs=1e-5)
        above = derivatives(kind, dist, returns, up, free)[1]
        below = derivatives(kind, dist, returns, down, free)[1]
        rest = free[free > 0] if kind > 0 else free  # |r - mu| bends the mean at every return
        bend = (above - below)[rest] / 2e-5
        assert hess[place, rest] == pytest.approx(bend, rel=2e-3, abs=2e-2)


@pytest.mark.parametrize("n", [50, 127, 128, 129, 700])
@pytest.mark.parametrize("places", [[1, 2, 4], [0, 1, 2, 4], [1, 2, 3, 4], [0, 1, 2, 3, 4]])
def test_the_short_way_gives_the_numbers_of_the_plain_one(n, places):
    returns, theta, free = series(n), np.array(THETA[0]), np.array(places)
    theta[0] = theta[0] if 0 in places else 0.0
    theta[3] = theta[3] if 3 in places else 0.0
    plain = derivatives(0, 0, returns, theta, free)
    grad, hess, outer = np.empty(8), np.empty((8, 8)), np.empty((8, 8))
    value = garch_normal.garch_normal_derivatives(returns, theta, free, grad, hess, outer)

    assert value == pytest.approx(plain[0], rel=1e-13)
    for short, long in zip((grad, hess, outer), plain[1:], strict=True):
        assert short == pytest.approx(long, rel=1e-11, abs=1e-10)


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_kernels_are_their_python_selves(kind):
    returns, theta = series(60), np.array(THETA[kind])
    free = np.array([*PLACES[kind], 6])
    compiled = derivatives(kind, 1, returns, theta, free)
    plain = derivatives(kind, 1, returns, theta, free, likelihood.derivatives_of.py_func)

    for one, two in zip(compiled, plain, strict=True):
        assert one == pytest.approx(two, rel=1e-11, abs=1e-11)
    one, two = np.empty(60), np.empty(60)
    level = filters.level_of(kind, 1.0, theta[5])
    assert filters.filter_from(kind, returns, theta, level, one) == pytest.approx(
        filters.filter_from.py_func(kind, returns, theta, level, two), rel=1e-14
    )
    assert one == pytest.approx(two, rel=1e-14)


@pytest.mark.parametrize(
    ("name", "nu", "skew"),
    [("normal", 8.0, 0.0), ("t", 4.0, 0.0), ("t", 60.0, 0.0), ("skewt", 5.0, -0.3)],
)
def test_densities_integrate_to_one_with_mean_zero_and_variance_one(name, nu, skew):
    law = innovations(name)
    mass, mean, variance = (
        sum(
            integrate.quad(
                lambda z, p=power: z**p * np.exp(law.log_density(z, nu=nu, skew=skew)),
                *ends,
                limit=200,
            )[0]
            for ends in ((-np.inf, -3.0), (-3.0, 0.0), (0.0, 3.0), (3.0, np.inf))
        )
        for power in (0, 1, 2)
    )

    assert mass == pytest.approx(1.0, abs=1e-7)
    assert mean == pytest.approx(0.0, abs=1e-7)
    assert variance == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(("name", "skew"), [("normal", 0.0), ("t", 0.0), ("skewt", -0.3)])
def test_draws_have_the_moments_of_their_density(name, skew):
    law = innovations(name)
    z = law.draw(400_000, np.random.default_rng(4), nu=9.0, skew=skew)

    assert z.mean() == pytest.approx(0.0, abs=0.006)
    assert z.var() == pytest.approx(1.0, abs=0.015)
    assert (z[z < 0] ** 2).sum() / z.size == pytest.approx(law.down_share(9.0, skew), abs=0.01)
    moment = ((np.abs(z) - 0.4 * z) ** 1.3).mean()
    assert moment == pytest.approx(law.power_moment(0.4, 1.3, 9.0, skew), rel=0.01)


@pytest.mark.parametrize("x", [0.4, 1.3, 9.99, 10.01, 250.0])
def test_digamma_and_trigamma_agree_with_scipy(x):
    assert density.digamma(x) == pytest.approx(special.digamma(x), rel=1e-13, abs=1e-14)
    assert density.trigamma(x) == pytest.approx(float(special.polygamma(1, x)), rel=1e-13)


def test_a_step_under_constraints_satisfies_karush_kuhn_and_tucker():
    rng = np.random.default_rng(2)
    for _ in range(200):
        root = rng.normal(size=(4, 4))
        b, g = root @ root.T + 0.1 * np.eye(4), rng.normal(size=4) * 3
        rows, slack = rng.normal(size=(3, 4)), np.abs(rng.normal(size=3)) * rng.integers(0, 2, 3)
        active, d = slack <= 0.0, np.empty(4)
        assert optimise.quadratic_step(g, b, rows, slack, active, d)
        assert (rows @ d <= slack + 1e-8).all()
        rest = g - b @ d
        held = rows[active].T
        weights = np.linalg.lstsq(held, rest, rcond=None)[0] if active.any() else np.zeros(0)
        assert held @ weights == pytest.approx(rest, abs=1e-6)
        assert (weights > -1e-6).all()
