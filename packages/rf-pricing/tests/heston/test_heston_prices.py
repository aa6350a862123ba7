"""Published and high-precision values, limits, no arbitrage, slopes against differences."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rf_pricing.heston import (
    HestonParams,
    calibrate_heston,
    heston_cf,
    heston_greeks,
    heston_implied_vol,
    heston_price,
)
from rf_pricing.vanilla import bsm_price

TYPICAL = HestonParams(v0=0.09, kappa=2.0, theta=0.09, sigma=0.5, rho=-0.7)


@pytest.mark.parametrize(
    ("params", "strike", "tau", "rate", "dividend_yield", "is_call", "value"),
    [
        # Kahl and Jaeckel (2005); Fang and Oosterlee (2008); Andersen (2008) case I; Broadie and
        # Kaya (2006): to the digits that were printed.
        ((0.16, 1.0, 0.16, 2.0, -0.8), 200.0, 10.0, 0.0, 0.0, True, 4.95211),
        ((0.0175, 1.5768, 0.0398, 0.5751, -0.5711), 100.0, 1.0, 0.0, 0.0, True, 5.78516),
        ((0.04, 0.5, 0.04, 1.0, -0.9), 100.0, 10.0, 0.0, 0.0, True, 13.08467),
        ((0.010201, 6.21, 0.019, 0.61, -0.7), 100.0, 1.0, 0.0319, 0.0, True, 6.80611),
        # Lewis, to the digits printed.
        ((0.04, 4.0, 0.25, 1.0, -0.5), 80.0, 1.0, 0.01, 0.02, False, 7.95888),
        ((0.04, 4.0, 0.25, 1.0, -0.5), 120.0, 1.0, 0.01, 0.02, True, 9.02491),
    ],
)
def test_published_prices(params, strike, tau, rate, dividend_yield, is_call, value):
    told = heston_price(
        HestonParams(*params), 100.0, strike, tau,
        rate=rate, dividend_yield=dividend_yield, is_call=is_call,
    )  # fmt: skip
    assert told == pytest.approx(value, rel=2e-6)


PARAMS = st.builds(
    HestonParams,
    v0=st.floats(1e-3, 0.5),
    kappa=st.floats(0.05, 8.0),
    theta=st.floats(1e-3, 0.5),
    sigma=st.floats(0.05, 2.5),
    rho=st.floats(-0.95, 0.95),
)


@settings(deadline=None, max_examples=60)
@given(PARAMS, st.floats(0.02, 8.0), st.floats(-0.05, 0.1))
def test_prices_are_free_of_arbitrage_along_the_strikes(params, tau, rate):
    strikes = 100.0 * np.exp(np.linspace(-1.5, 1.5, 31) * math.sqrt(params.mean_variance(tau)))
    calls = heston_price(params, 100.0, strikes, tau, rate=rate)
    puts = heston_price(params, 100.0, strikes, tau, rate=rate, is_call=False)
    df = math.exp(-rate * tau)

    assert calls - puts == pytest.approx(100.0 - strikes * df, abs=1e-10)
    slopes = np.diff(calls) / np.diff(strikes)
    assert (slopes <= 1e-12).all()
    assert (slopes >= -df - 1e-12).all()
    assert (np.diff(slopes) >= -1e-10).all()
    assert (calls >= np.maximum(100.0 - strikes * df, 0.0) - 1e-10).all()


@settings(deadline=None, max_examples=40)
@given(PARAMS, st.floats(0.1, 5.0), st.floats(70.0, 140.0))
def test_greeks_are_the_slopes_of_prices(params, tau, strike):
    given_ = {"rate": 0.02, "dividend_yield": 0.01}
    told = heston_greeks(params, 100.0, strike, tau, **given_)
    width = 1e-3

    def px(spot):
        return heston_price(params, spot, strike, tau, **given_)

    assert told.value == pytest.approx(px(100.0), abs=1e-11)
    assert told.delta == pytest.approx((px(100 + width) - px(100 - width)) / (2 * width), abs=1e-5)
    second = (px(100 + width) - 2 * px(100.0) + px(100 - width)) / width**2
    assert told.gamma == pytest.approx(second, rel=1e-3, abs=2e-5)
    for name, slope in (
        ("v0", told.vega_v0), ("kappa", told.by_kappa), ("theta", told.by_theta),
        ("sigma", told.by_sigma), ("rho", told.by_rho),
    ):  # fmt: skip
        size = 1e-5 * max(abs(getattr(params, name)), 0.02)
        moved = [
            HestonParams(**{**_named(params), name: getattr(params, name) + s})
            for s in (size, -size)
        ]
        up, down = (heston_price(p, 100.0, strike, tau, **given_) for p in moved)
        assert slope == pytest.approx((up - down) / (2 * size), rel=1e-4, abs=2e-5), name


def _named(params):
    return {n: getattr(params, n) for n in ("v0", "kappa", "theta", "sigma", "rho")}


@pytest.mark.parametrize("rho", [-1.0, 1.0, -0.999])
@pytest.mark.parametrize("sigma", [0.3, 2.0])
def test_full_correlation_is_the_limit_of_nearly_full(rho, sigma):
    strikes = np.array([80.0, 100.0, 125.0])
    full = heston_price(HestonParams(0.04, 1.5, 0.05, sigma, rho), 100.0, strikes, 0.5)
    near = heston_price(HestonParams(0.04, 1.5, 0.05, sigma, 0.9999 * rho), 100.0, strikes, 0.5)
    assert full == pytest.approx(near, abs=2e-3)


@pytest.mark.parametrize("sigma", [0.0, 1e-6, 1e-4])
def test_without_randomness_of_variance_it_is_black_and_scholes(sigma):
    params = HestonParams(0.06, 2.0, 0.04, sigma, -0.5)
    vol = math.sqrt(params.mean_variance(1.0))
    told = heston_price(params, 100.0, [90.0, 105.0], 1.0, rate=0.05)
    assert told == pytest.approx(bsm_price(100.0, [90.0, 105.0], 1.0, vol, rate=0.05), abs=1e-3)
    if sigma == 0.0:
        exact = bsm_price(100.0, [90.0, 105.0], 1.0, vol, rate=0.05)
        assert told == pytest.approx(exact, abs=1e-12)


def test_one_day_and_forty_years_are_priced():
    for tau in (1 / 365, 40.0):
        told = heston_greeks(TYPICAL, 100.0, [95.0, 100.0, 105.0], tau, rate=0.01)
        assert np.isfinite(told.value).all()
        assert (told.gamma > 0.0).all()


def test_the_characteristic_function_at_minus_half_i_is_half_a_moment():
    rng = np.random.default_rng(1)
    w = HestonParams(0.04, 1.0, 0.04, 1e-3, 0.0)
    draws = rng.normal(-0.02, 0.2, 400_000)
    assert heston_cf(w, -0.5j, 1.0).real == pytest.approx(np.exp(draws / 2).mean(), abs=1e-3)


def test_the_smile_of_a_negative_correlation_falls():
    vols = heston_implied_vol(TYPICAL, 100.0, [70.0, 85.0, 100.0, 115.0], 0.5)
    assert (np.diff(vols) < 0.0).all()
    again = bsm_price(100.0, 85.0, 0.5, float(vols[1]), is_call=False)
    assert again == pytest.approx(heston_price(TYPICAL, 100.0, 85.0, 0.5, is_call=False), rel=1e-12)


@settings(deadline=None, max_examples=8)
@given(
    v0=st.floats(0.02, 0.15), kappa=st.floats(0.8, 4.0), theta=st.floats(0.02, 0.15),
    sigma=st.floats(0.2, 0.9), rho=st.floats(-0.85, 0.2),
)  # fmt: skip
def test_a_surface_of_the_model_gives_its_parameters_back(v0, kappa, theta, sigma, rho):
    params = HestonParams(v0, kappa, theta, sigma, rho)
    assume(abs(v0 - theta) > 0.005)
    taus = np.repeat([0.1, 0.5, 1.0, 2.0], 9)
    strikes = np.concatenate(
        [
            100.0 * np.exp(np.linspace(-1.2, 1.2, 9) * math.sqrt(v0 * t))
            for t in (0.1, 0.5, 1.0, 2.0)
        ]
    )
    vols = np.concatenate(
        [heston_implied_vol(params, 100.0, strikes[taus == t], t) for t in (0.1, 0.5, 1.0, 2.0)]
    )
    fit = calibrate_heston(100.0, strikes, taus, vols)

    assert fit.converged
    assert fit.rmse_vol < 1e-7
    for name in ("v0", "kappa", "theta", "sigma", "rho"):
        assert getattr(fit.params, name) == pytest.approx(getattr(params, name), rel=1e-3, abs=1e-4)


def test_noise_is_reported_and_not_hidden():
    rng = np.random.default_rng(4)
    strikes, taus = np.tile(np.linspace(85, 115, 7), 3), np.repeat([0.25, 0.5, 1.0], 7)
    vols = 0.2 + rng.normal(0.0, 0.01, 21)
    fit = calibrate_heston(100.0, strikes, taus, vols)
    assert 0.003 < fit.rmse_vol < 0.02
    assert fit.max_error >= fit.rmse_vol


@pytest.mark.parametrize(
    "bad", [{"v0": -0.1}, {"kappa": math.nan}, {"sigma": math.inf}, {"rho": 1.01}, {"theta": -1e-9}]
)
def test_parameters_out_of_range_are_refused_by_name(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        HestonParams(**{**_named(TYPICAL), **bad})


@pytest.mark.parametrize(
    "call",
    [
        lambda: heston_price(TYPICAL, -1.0, 100.0, 1.0),
        lambda: heston_price(TYPICAL, 100.0, [100.0, math.nan], 1.0),
        lambda: heston_price(TYPICAL, 100.0, 100.0, -0.1),
        lambda: heston_price(TYPICAL, 100.0, 100.0, 1.0, rate=math.nan),
        lambda: calibrate_heston(100.0, [100.0], [1.0], [0.2]),
        lambda: calibrate_heston(100.0, [100.0] * 5, [1.0] * 5, [0.2, 0.2, 0.2, 0.2, -0.1]),
        lambda: calibrate_heston(100.0, [100.0] * 5, [1.0] * 5, [0.2] * 4),
    ],
)
def test_inputs_that_cannot_be_priced_are_refused(call):
    with pytest.raises(ValueError, match="expected"):
        call()
