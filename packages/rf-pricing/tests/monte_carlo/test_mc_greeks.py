"""Greeks against closed forms and against differences with common random numbers."""

import math
from dataclasses import replace

import pytest

from rf_pricing.monte_carlo import (
    Asian,
    Barrier,
    Basket,
    Digital,
    European,
    Gbm,
    Heston,
    Lookback,
    Merton,
    mc_greeks,
    mc_price,
)
from rf_pricing.vanilla import bsm_greeks, bsm_price

GBM = Gbm(spot=100.0, vol=0.25, rate=0.05, dividend_yield=0.02)
ASIAN = Asian(102.0, dates=(0.25, 0.5, 0.75, 1.0))


def close(found, exact, *, sure_to):
    assert found.std_error <= sure_to
    assert abs(found.value - exact) <= 4.0 * found.std_error + 1e-9


@pytest.mark.parametrize("is_call", [True, False])
@pytest.mark.parametrize(
    ("method", "sure_to"),
    [("pathwise", (0.005, 3e-4, 0.5)), ("likelihood_ratio", (0.015, 1e-3, 2.0))],
)
@pytest.mark.parametrize("mode", [{}, {"antithetic": True}, {"sobol": True}])
def test_european_greeks_are_those_of_black_and_scholes(is_call, method, sure_to, mode):
    exact = bsm_greeks(100.0, 105.0, 1.0, 0.25, rate=0.05, dividend_yield=0.02, is_call=is_call)
    found = mc_greeks(
        GBM,
        European(105.0, is_call=is_call),
        1.0,
        method=method,
        paths=65536,
        steps=1,
        seed=2,
        **mode,
    )
    close(found.value, exact.value, sure_to=0.1)
    close(found.delta, exact.delta, sure_to=sure_to[0])
    close(found.gamma, exact.gamma, sure_to=sure_to[1])
    close(found.vega, exact.vega, sure_to=sure_to[2])


@pytest.mark.parametrize("is_call", [True, False])
def test_digital_greeks_come_by_the_likelihood_ratio(is_call):
    sd, tau = 0.25, 1.0
    d2 = (math.log(100 / 105) + 0.03 - 0.03125) / sd
    d1 = d2 + sd
    sign = 1.0 if is_call else -1.0
    peak = sign * math.exp(-0.05) * math.exp(-0.5 * d2 * d2) / math.sqrt(2 * math.pi)
    found = mc_greeks(
        GBM,
        Digital(105.0, is_call=is_call),
        tau,
        method="likelihood_ratio",
        paths=65536,
        steps=1,
        seed=2,
    )
    close(found.delta, peak / (100.0 * sd), sure_to=2e-4)
    close(found.gamma, -peak * d1 / (100.0**2 * sd**2), sure_to=2e-5)
    close(found.vega, -peak * d1 / 0.25, sure_to=0.03)


def differences(payoff, **wanted):
    def value(**changes):
        return mc_price(replace(GBM, **changes), payoff, 1.0, paths=65536, seed=3, **wanted).value

    delta = value(spot=100.1) - value(spot=99.9)
    return delta / 0.2, (value(vol=0.2505) - value(vol=0.2495)) / 0.001


@pytest.mark.parametrize(
    "payoff",
    [
        ASIAN,
        replace(ASIAN, is_call=False),
        Asian(102.0, "geometric"),
        Asian(102.0, continuous=True),
    ],
)
def test_pathwise_greeks_of_averages_are_differences_on_the_same_paths(payoff):
    delta, vega = differences(payoff, steps=4, antithetic=True)
    found = mc_greeks(
        GBM, payoff, 1.0, method="pathwise", paths=65536, steps=4, seed=3, antithetic=True
    )
    assert found.delta.value == pytest.approx(delta, abs=1e-3)
    assert found.vega.value == pytest.approx(vega, abs=0.1)


@pytest.mark.parametrize("payoff", [Lookback(), Lookback(95.0), Lookback(is_call=False)])
def test_pathwise_delta_of_lookbacks_is_a_difference_on_the_same_paths(payoff):
    delta, _ = differences(payoff, steps=4)
    found = mc_greeks(GBM, payoff, 1.0, method="pathwise", paths=65536, steps=4, seed=3)
    assert found.delta.value == pytest.approx(delta, abs=1e-3)
    assert found.gamma is None
    assert found.vega is None


def test_both_methods_agree_on_an_average():
    path, ratio = (
        mc_greeks(GBM, ASIAN, 1.0, method=method, paths=262144, steps=4, seed=9)
        for method in ("pathwise", "likelihood_ratio")
    )
    for name in ("delta", "gamma", "vega"):
        one, other = getattr(path, name), getattr(ratio, name)
        assert one.std_error < other.std_error
        assert abs(one.value - other.value) < 4 * math.hypot(one.std_error, other.std_error)


def test_gamma_of_an_average_is_the_difference_of_deltas():
    def delta(spot):
        model = replace(GBM, spot=spot)
        return mc_greeks(
            model, ASIAN, 1.0, method="pathwise", paths=131072, steps=4, seed=4, antithetic=True
        )

    found = delta(100.0).gamma
    slope = (delta(101.0).delta.value - delta(99.0).delta.value) / 2.0
    assert abs(found.value - slope) < 4 * found.std_error + 3e-4


def test_a_barrier_watched_on_dates_has_a_delta_by_the_likelihood_ratio():
    payoff = Barrier(98.0, 125.0, "up-out", continuous=False)
    found = mc_greeks(GBM, payoff, 1.0, method="likelihood_ratio", paths=262144, steps=4, seed=5)
    wide = [
        mc_price(replace(GBM, spot=spot), payoff, 1.0, paths=262144, steps=4, seed=5).value
        for spot in (98.0, 102.0)
    ]
    assert found.delta.value == pytest.approx((wide[1] - wide[0]) / 4.0, abs=0.02)


@pytest.mark.parametrize(
    "model",
    [
        Heston(spot=100.0, v0=0.0625, kappa=1.0, theta=0.0625, sigma=1e-3, rho=-0.5),
        Merton(spot=100.0, vol=0.25, intensity=0.0, jump_mean=0.0, jump_sd=0.0),
    ],
)
def test_other_models_have_a_pathwise_delta(model):
    found = mc_greeks(model, European(105.0), 1.0, method="pathwise", paths=65536, steps=4, seed=1)
    step = 1e-3
    up, down = (bsm_price(100.0 + s, 105.0, 1.0, 0.25) for s in (step, -step))
    close(found.delta, (up - down) / (2 * step), sure_to=0.005)
    assert found.gamma is None


@pytest.mark.parametrize(
    ("model", "payoff", "method"),
    [
        (GBM, Digital(100.0), "pathwise"),
        (GBM, Barrier(100.0, 120.0, "up-out"), "pathwise"),
        (GBM, Barrier(100.0, 120.0, "up-out"), "likelihood_ratio"),
        (GBM, Lookback(), "likelihood_ratio"),
        (GBM, Asian(100.0, continuous=True), "likelihood_ratio"),
        (GBM, Asian(100.0, dates=(0.0, 1.0)), "likelihood_ratio"),
        (GBM, Basket(100.0, (1.0,)), "pathwise"),
        (replace(GBM, vol=0.0), European(100.0), "likelihood_ratio"),
        (
            Merton(spot=100.0, vol=0.2, intensity=1.0, jump_mean=0.0, jump_sd=0.1),
            European(100.0),
            "likelihood_ratio",
        ),
        (GBM, European(100.0), "bump"),
    ],
)
def test_a_method_that_is_not_valid_is_refused(model, payoff, method):
    with pytest.raises(ValueError, match=r"pathwise|likelihood_ratio"):
        mc_greeks(model, payoff, 1.0, method=method, paths=1024, steps=2, seed=1)
