"""Prices against closed forms: four standard errors, and a bound on the standard error."""

import math
from statistics import NormalDist

import numpy as np
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
    MultiAssetGbm,
    mc_price,
)

N = NormalDist().cdf
GBM = Gbm(spot=100.0, vol=0.25, rate=0.05, dividend_yield=0.02)


def bsm(spot, strike, tau, vol, rate, dividend_yield, *, is_call=True):
    sd = vol * math.sqrt(tau)
    d1 = (math.log(spot / strike) + (rate - dividend_yield) * tau) / sd + sd / 2
    w = 1.0 if is_call else -1.0
    return w * (
        spot * math.exp(-dividend_yield * tau) * N(w * d1)
        - strike * math.exp(-rate * tau) * N(w * (d1 - sd))
    )


def close(found, exact, *, sure_to, bias=0.0):
    assert found.std_error <= sure_to
    assert abs(found.value - exact) <= 4.0 * found.std_error + bias


MODES = [
    ({"paths": 65536}, 0.09),
    ({"paths": 65536, "antithetic": True}, 0.075),
    ({"paths": 65536, "control": True}, 0.05),
    ({"paths": 65536, "control": True, "antithetic": True}, 0.03),
    ({"paths": 16384, "sobol": True}, 0.01),
    ({"paths": 16384, "sobol": True, "control": True}, 0.01),
]


@pytest.mark.parametrize(("mode", "sure_to"), MODES)
@pytest.mark.parametrize("is_call", [True, False])
def test_every_mode_finds_the_price_of_black_and_scholes(mode, sure_to, is_call):
    found = mc_price(GBM, European(105.0, is_call=is_call), 1.5, steps=1, seed=11, **mode)
    close(found, bsm(100.0, 105.0, 1.5, 0.25, 0.05, 0.02, is_call=is_call), sure_to=sure_to)


@pytest.mark.parametrize(("mode", "sure_to"), MODES)
def test_a_finer_grid_does_not_change_an_exact_model(mode, sure_to):
    found = mc_price(GBM, European(105.0), 1.5, steps=7, seed=12, **mode)
    close(found, bsm(100.0, 105.0, 1.5, 0.25, 0.05, 0.02), sure_to=sure_to)


@pytest.mark.parametrize("is_call", [True, False])
def test_a_digital_pays_the_discounted_chance(is_call):
    d2 = (math.log(100 / 105) + (0.03 - 0.03125) * 1.0) / 0.25
    exact = math.exp(-0.05) * N(d2 if is_call else -d2)
    found = mc_price(
        GBM, Digital(105.0, is_call=is_call), 1.0, paths=65536, steps=1, seed=1, control=True
    )
    close(found, exact, sure_to=0.002)


def kemna_vorst(spot, strike, tau, vol, rate, dividend_yield, dates, *, is_call=True):
    # Discrete geometric average: mean and variance from the covariances of the log spots.
    n = len(dates)
    mean = math.log(spot) + (rate - dividend_yield - vol * vol / 2) * sum(dates) / n
    var = vol * vol * sum(min(a, b) for a in dates for b in dates) / n**2
    d1 = (mean - math.log(strike) + var) / math.sqrt(var)
    w = 1.0 if is_call else -1.0
    up = math.exp(mean + var / 2) * N(w * d1)
    return math.exp(-rate * tau) * w * (up - strike * N(w * (d1 - math.sqrt(var))))


@pytest.mark.parametrize("is_call", [True, False])
@pytest.mark.parametrize("dates", [None, (0.1, 0.35, 0.4, 0.9)])
def test_a_geometric_average_has_the_price_of_kemna_and_vorst(is_call, dates):
    payoff = Asian(98.0, "geometric", is_call=is_call, dates=dates)
    exact = kemna_vorst(
        100.0, 98.0, 1.0, 0.25, 0.05, 0.02, dates or (0.25, 0.5, 0.75, 1.0), is_call=is_call
    )
    close(mc_price(GBM, payoff, 1.0, paths=65536, steps=4, seed=3), exact, sure_to=0.05)
    # The control is the closed form itself: nothing is left to chance.
    known = mc_price(GBM, payoff, 1.0, paths=4096, steps=4, seed=3, control=True)
    assert known.value == pytest.approx(exact, rel=1e-10)


def test_continuous_geometric_averaging_converges_to_its_closed_form():
    # Kemna and Vorst (1990): vol / sqrt(3), carry halved less vol**2 / 12.
    vol = 0.25 / math.sqrt(3.0)
    carry = 0.5 * (0.03 - 0.25**2 / 6.0)
    exact = bsm(100.0, 100.0, 1.0, vol, 0.05, 0.05 - carry)
    payoff = Asian(100.0, "geometric", continuous=True)
    errors = [
        abs(mc_price(GBM, payoff, 1.0, paths=4096, steps=n, seed=1, control=True).value - exact)
        for n in (8, 16, 32)
    ]
    assert errors[2] < 1e-3
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.1)


@pytest.mark.parametrize(
    ("vol", "rate", "tau", "spot", "exact"),
    [
        (0.10, 0.02, 1.0, 2.0, 0.0559860415),
        (0.30, 0.18, 1.0, 2.0, 0.2183875466),
        (0.50, 0.05, 1.0, 2.0, 0.2464156905),
    ],
)
def test_an_arithmetic_average_has_the_price_of_linetsky(vol, rate, tau, spot, exact):
    # Linetsky (2004), "Spectral expansions for Asian (average price) options", table 3:
    # continuous arithmetic average, strike 2.
    model = Gbm(spot=spot, vol=vol, rate=rate)
    payoff = Asian(2.0, continuous=True)
    found = mc_price(model, payoff, tau, paths=32768, steps=64, seed=2, sobol=True, control=True)
    close(found, exact, sure_to=4e-5, bias=4e-5)


def reiner_rubinstein(kind, strike, level, tau, vol, rate, dividend_yield, *, is_call):
    # Reiner and Rubinstein (1991) by images: the joint law of end and extreme, one option at a
    # time. Worth of the knock-in as a reflected density, integrated numerically.
    s, mu = vol * math.sqrt(tau), rate - dividend_yield - vol * vol / 2
    b = math.log(level / 100.0)
    x = np.linspace(mu * tau - 9 * s, mu * tau + 9 * s, 400_001)
    density = np.exp(-0.5 * ((x - mu * tau) / s) ** 2) / (s * math.sqrt(2 * math.pi))
    met = np.exp(-2.0 * b * (b - x) / (vol * vol * tau))
    beyond = x >= b if kind.startswith("up") else x <= b
    chance = np.where(beyond, 1.0, met)
    ends = 100.0 * np.exp(x)
    paid = np.maximum(ends - strike if is_call else strike - ends, 0.0)
    weight = chance if kind.endswith("in") else 1.0 - chance
    return math.exp(-rate * tau) * np.trapezoid(paid * density * weight, x)


@pytest.mark.parametrize(
    ("kind", "level"), [("up-out", 125.0), ("up-in", 125.0), ("down-out", 88.0), ("down-in", 88.0)]
)
@pytest.mark.parametrize("is_call", [True, False])
@pytest.mark.parametrize("steps", [1, 5])
def test_a_bridged_barrier_is_right_on_any_grid(kind, level, is_call, steps):
    payoff = Barrier(98.0, level, kind, is_call=is_call)
    exact = reiner_rubinstein(kind, 98.0, level, 1.0, 0.25, 0.05, 0.02, is_call=is_call)
    found = mc_price(GBM, payoff, 1.0, paths=65536, steps=steps, seed=5, control=True)
    close(found, exact, sure_to=0.05)


def test_a_barrier_close_to_the_spot_is_met():
    # The contract of Haug (1998), table 2-9 (X 90, H 95), without its rebate.
    model = Gbm(spot=100.0, vol=0.25, rate=0.08, dividend_yield=0.04)
    exact = reiner_rubinstein("down-out", 90.0, 95.0, 0.5, 0.25, 0.08, 0.04, is_call=True)
    payoff = Barrier(90.0, 95.0, "down-out")
    found = mc_price(model, payoff, 0.5, paths=65536, steps=2, seed=5, control=True)
    close(found, exact, sure_to=0.04)


def test_in_and_out_make_the_european_option_path_by_path():
    parts = [
        mc_price(GBM, Barrier(98.0, 120.0, kind), 1.0, paths=4096, steps=6, seed=9).value
        for kind in ("up-in", "up-out")
    ]
    whole = mc_price(GBM, European(98.0), 1.0, paths=4096, steps=6, seed=9).value
    assert sum(parts) == pytest.approx(whole, rel=1e-12)


def test_a_barrier_watched_on_dates_is_met_less_often():
    sparse, dense = (
        mc_price(
            GBM, Barrier(98.0, 120.0, "up-out", continuous=c), 1.0, paths=32768, steps=4, seed=9
        ).value
        for c in (False, True)
    )
    assert sparse > 1.3 * dense


def test_a_barrier_that_is_met_at_the_start_is_met():
    for level in (90.0, 100.0):
        payoff = Barrier(98.0, level, "up-out")
        assert mc_price(GBM, payoff, 1.0, paths=4096, steps=2, seed=9).value == 0.0


def lookback_floating_call(spot, tau, vol, rate, dividend_yield):
    # Goldman, Sosin and Gatto (1979), the minimum so far being the spot.
    b = rate - dividend_yield
    s = vol * math.sqrt(tau)
    a1 = (b + vol * vol / 2) * math.sqrt(tau) / vol
    first = spot * math.exp(-dividend_yield * tau) * N(a1)
    second = spot * math.exp(-rate * tau) * N(a1 - s)
    ratio = vol * vol / (2 * b)
    third = math.exp(-rate * tau) * N(-a1 + 2 * b * math.sqrt(tau) / vol)
    return first - second + spot * ratio * (third - math.exp(-dividend_yield * tau) * N(-a1))


@pytest.mark.parametrize("steps", [1, 6])
def test_a_floating_lookback_has_its_closed_form_on_any_grid(steps):
    exact = lookback_floating_call(100.0, 1.0, 0.25, 0.05, 0.02)
    found = mc_price(GBM, Lookback(), 1.0, paths=65536, steps=steps, seed=8)
    close(found, exact, sure_to=0.08)


@pytest.mark.parametrize("is_call", [True, False])
@pytest.mark.parametrize("strike", [None, 95.0, 110.0])
def test_a_lookback_agrees_with_the_law_of_the_extreme(is_call, strike):
    # P(max <= m) of a Brownian motion with drift, by the reflection principle; E by integration.
    vol, mu, tau = 0.25, 0.03 - 0.25**2 / 2, 1.0
    m = np.linspace(0.0, 2.5, 100_001)
    sign = 1.0 if is_call == (strike is not None) else -1.0
    drift = sign * mu
    cdf = np.vectorize(N)
    below = cdf((m - drift * tau) / vol) - np.exp(2 * drift * m / vol**2) * cdf(
        (-m - drift * tau) / vol
    )
    extreme = 100.0 * np.exp(sign * m)
    if strike is None:
        mean = np.trapezoid(extreme * np.gradient(below, m), m)
        exact = math.exp(-0.05) * abs(100.0 * math.exp(0.03) - mean)
    else:
        paid = np.maximum(extreme - strike if is_call else strike - extreme, 0.0)
        exact = math.exp(-0.05) * np.trapezoid(paid * np.gradient(below, m), m)
    found = mc_price(GBM, Lookback(strike, is_call=is_call), tau, paths=65536, steps=3, seed=8)
    close(found, exact, sure_to=0.09, bias=1e-3)


def test_discrete_lookbacks_are_worth_less():
    sparse, dense = (
        mc_price(GBM, Lookback(continuous=c), 1.0, paths=16384, steps=12, seed=1).value
        for c in (False, True)
    )
    assert 0.8 * dense < sparse < 0.95 * dense


def merton_series(spot, strike, tau, model, *, is_call=True):
    lift = math.expm1(model.jump_mean + model.jump_sd**2 / 2)
    mean = model.intensity * (1 + lift) * tau
    total = 0.0
    for n in range(80):
        vol = math.sqrt(model.vol**2 + n * model.jump_sd**2 / tau)
        rate = model.rate - model.intensity * lift + n * math.log1p(lift) / tau
        weight = math.exp(-mean + n * math.log(mean) - math.lgamma(n + 1))
        total += (
            weight
            * bsm(
                spot,
                strike,
                tau,
                vol,
                rate,
                model.dividend_yield,
                is_call=is_call,
            )
            * math.exp(0.0)
        )
    return total


MERTON = Merton(spot=100.0, vol=0.2, intensity=0.8, jump_mean=-0.1, jump_sd=0.2, rate=0.05)


@pytest.mark.parametrize("is_call", [True, False])
@pytest.mark.parametrize(
    ("steps", "mode", "sure_to"),
    [
        (1, {"control": True}, 0.05),
        (4, {"antithetic": True}, 0.08),
        (4, {"sobol": True}, 0.03),
    ],
)
def test_jumps_have_the_price_of_mertons_series(is_call, steps, mode, sure_to):
    exact = merton_series(100.0, 95.0, 1.0, MERTON, is_call=is_call)
    payoff = European(95.0, is_call=is_call)
    found = mc_price(MERTON, payoff, 1.0, paths=65536, steps=steps, seed=6, **mode)
    close(found, exact, sure_to=sure_to)


def test_without_jumps_merton_is_black_and_scholes():
    model = Merton(spot=100.0, vol=0.25, intensity=0.0, jump_mean=-0.1, jump_sd=0.2)
    found = mc_price(model, European(100.0), 1.0, paths=16384, steps=2, seed=1, sobol=True)
    close(found, bsm(100.0, 100.0, 1.0, 0.25, 0.0, 0.0), sure_to=0.02)


PAIR = MultiAssetGbm(
    spot=[100.0, 90.0],
    vol=[0.2, 0.3],
    correlation=[[1.0, 0.4], [0.4, 1.0]],
    rate=0.03,
    dividend_yield=[0.01, 0.02],
)


def test_an_exchange_option_has_margrabes_price():
    vol = math.sqrt(0.04 + 0.09 - 2 * 0.4 * 0.06)
    exact = bsm(100.0, 90.0, 2.0, vol, 0.02, 0.01)
    payoff = Basket(0.0, (1.0, -1.0))
    for mode, sure_to in (({"control": True}, 0.08), ({"sobol": True}, 0.03)):
        close(
            mc_price(PAIR, payoff, 2.0, paths=65536, steps=1, seed=4, **mode),
            exact,
            sure_to=sure_to,
        )


def test_a_basket_agrees_with_integration_over_two_normals():
    x, w = np.polynomial.hermite_e.hermegauss(120)
    a, b = np.meshgrid(x, x, indexing="ij")
    one = 100.0 * np.exp((0.02 - 0.02) + 0.2 * a)
    two = 90.0 * np.exp((0.01 - 0.045) + 0.3 * (0.4 * a + math.sqrt(1 - 0.16) * b))
    paid = np.maximum(0.5 * one + 0.5 * two - 96.0, 0.0)
    exact = math.exp(-0.03) * (w @ paid @ w) / (2 * math.pi)
    payoff = Basket(96.0, (0.5, 0.5))
    plain = mc_price(PAIR, payoff, 1.0, paths=65536, steps=1, seed=4)
    controlled = mc_price(PAIR, payoff, 1.0, paths=65536, steps=1, seed=4, control=True)
    close(controlled, exact, sure_to=0.01, bias=0.01)
    assert controlled.std_error < plain.std_error / 5


def test_perfectly_correlated_assets_move_as_one():
    model = MultiAssetGbm(spot=[100.0, 100.0], vol=[0.2, 0.2], correlation=[[1.0, 1.0], [1.0, 1.0]])
    found = mc_price(model, Basket(0.0, (1.0, -1.0)), 1.0, paths=4096, steps=3, seed=1)
    assert found.value == pytest.approx(0.0, abs=1e-6)


ANDERSEN_ONE = Heston(spot=100.0, v0=0.04, kappa=0.5, theta=0.04, sigma=1.0, rho=-0.9)


@pytest.mark.parametrize(
    ("mode", "sure_to"),
    [({"antithetic": True}, 0.06), ({"control": True}, 0.04), ({"sobol": True}, 0.06)],
)
def test_andersens_hardest_case_is_met_with_eight_steps_a_year(mode, sure_to):
    # Andersen (2008), case I, strike 100, ten years: 13.0847 (exact by Fourier inversion).
    found = mc_price(ANDERSEN_ONE, European(100.0), 10.0, paths=65536, steps=80, seed=1, **mode)
    close(found, 13.084670136992361, sure_to=sure_to, bias=0.03)


@pytest.mark.parametrize(
    ("strike", "exact"),
    [(80.0, 24.975079295227594), (100.0, 12.127384081390025), (120.0, 4.381300931651718)],
)
def test_a_mild_smile_is_met_with_eight_steps_a_year(strike, exact):
    model = Heston(
        spot=100.0,
        v0=0.09,
        kappa=2.0,
        theta=0.09,
        sigma=0.5,
        rho=-0.7,
        rate=0.03,
        dividend_yield=0.01,
    )
    found = mc_price(model, European(strike), 1.0, paths=65536, steps=8, seed=1, control=True)
    close(found, exact, sure_to=0.02, bias=0.01)


@pytest.mark.parametrize(("strike", "exact"), [(90.0, 20.5102), (110.0, 12.7882)])
def test_a_heston_average_has_the_price_of_kim_and_wee(strike, exact):
    # Kim and Wee (2014), tables 1 and 4: continuous geometric average, three years.
    model = Heston(spot=100.0, v0=0.09, kappa=1.15, theta=0.348, sigma=0.39, rho=-0.64, rate=0.05)
    payoff = Asian(strike, "geometric", continuous=True)
    found = mc_price(model, payoff, 3.0, paths=65536, steps=36, seed=7, sobol=True, control=True)
    close(found, exact, sure_to=0.012, bias=0.01)


@pytest.mark.parametrize("sigma", [0.0, 1e-9, 1e-4])
def test_a_variance_without_volatility_is_black_and_scholes(sigma):
    model = Heston(spot=100.0, v0=0.09, kappa=1.0, theta=0.04, sigma=sigma, rho=-0.7, rate=0.02)
    total = 0.04 + 0.05 * (1 - math.exp(-1.0))
    exact = bsm(100.0, 100.0, 1.0, math.sqrt(total), 0.02, 0.0)
    found = mc_price(model, European(100.0), 1.0, paths=16384, steps=32, seed=1, control=True)
    assert found.value == pytest.approx(exact, abs=4 * found.std_error + 3e-3)


def test_a_heston_barrier_with_a_nearly_certain_variance_is_the_closed_form():
    model = Heston(
        spot=100.0,
        v0=0.0625,
        kappa=1.0,
        theta=0.0625,
        sigma=1e-3,
        rho=-0.5,
        rate=0.05,
        dividend_yield=0.02,
    )
    exact = reiner_rubinstein("up-out", 98.0, 125.0, 1.0, 0.25, 0.05, 0.02, is_call=True)
    found = mc_price(model, Barrier(98.0, 125.0, "up-out"), 1.0, paths=65536, steps=8, seed=5)
    close(found, exact, sure_to=0.05)


def test_no_volatility_pays_the_forward():
    model = Gbm(spot=100.0, vol=0.0, rate=0.05)
    for payoff in (European(90.0), Lookback(90.0), Barrier(90.0, 120.0, "up-out")):
        found = mc_price(model, payoff, 1.0, paths=4096, steps=2, seed=1)
        assert found.value == pytest.approx(100.0 - 90.0 * math.exp(-0.05), rel=1e-10)
        assert found.std_error == pytest.approx(0.0, abs=1e-10)
