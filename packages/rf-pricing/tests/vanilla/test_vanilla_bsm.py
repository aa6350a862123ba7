"""Black-Scholes-Merton against printed tables, exact numbers, limits and itself."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from rf_pricing.vanilla import (
    Greeks,
    MainGreeks,
    bsm_greeks,
    bsm_main_greeks,
    bsm_price,
    theta_per_day,
    vega_per_point,
)
from rf_pricing.vanilla._kernels import batch, black

# 40-digit values (mpmath), rounded to double: spot 42, strike 40, half a year, 20 %, 10 %.
HULL = {
    "value": 4.759422392871533,
    "delta": 0.779131290942669,
    "gamma": 0.04996267040591185,
    "vega": 8.813415059602852,
    "theta": -4.559092194592627,
    "rho": 13.982045913360281,
    "dividend_rho": -16.36175710979605,
    "vanna": -0.9316006786136684,
    "charm": -0.023523079982096108,
    "volga": 21.2832880610144,
    "veta": -8.276008315668038,
    "speed": -0.007660357766572153,
    "zomma": -0.1291597915929697,
    "color": 0.0530091938976058,
    "d1": 0.7692626281060314,
    "d2": 0.6278412718687219,
}
# The same for a call 1 % out of the money with an hour to go.
FAR = {
    "value": 9.555136631447036e-36,
    "delta": 1.4066165750378232e-33,
    "gamma": 2.056778308118013e-31,
    "vega": 2.8175045316685107e-32,
    "theta": -2.5723794061711878e-30,
    "volga": 8.141104449835792e-29,
    "color": -5.388444053173455e-26,
}

spots = st.floats(1e-3, 1e6)
ratios = st.floats(0.2, 5.0)
taus = st.floats(1e-4, 30.0)
vols = st.floats(1e-3, 3.0)
rates = st.floats(-0.1, 0.2)


def test_every_greek_equals_the_exact_number() -> None:
    greeks = bsm_greeks(42.0, 40.0, 0.5, 0.2, rate=0.1)
    assert greeks._asdict() == pytest.approx(HULL, rel=2e-14)


def test_a_tiny_price_keeps_its_digits() -> None:
    found = bsm_greeks(100.0, 101.0, 0.000273972602739726, 0.05, rate=0.01)._asdict()
    assert {name: found[name] for name in FAR} == pytest.approx(FAR, rel=1e-12, abs=0.0)


@pytest.mark.parametrize(
    ("strike", "is_call", "expected"),
    [
        (300.0, True, 6.011553498485276e-28),
        (300.0, False, 198.5037437578047),
        (30.0, True, 70.14962562421952),
        (30.0, False, 2.6652308741485247e-34),
    ],
)
def test_far_strikes_keep_their_digits(strike: float, is_call: bool, expected: float) -> None:
    px = bsm_price(100.0, strike, 0.25, 0.2, rate=0.02, is_call=is_call)
    assert px == pytest.approx(expected, rel=1e-12, abs=0.0)


def test_the_price_is_the_mean_of_the_payoff() -> None:
    spot, strike, tau, vol, rate, dividend = 90.0, 100.0, 0.7, 0.35, 0.04, 0.01
    drift = (rate - dividend - 0.5 * vol * vol) * tau

    def weighted(z: float) -> float:
        ending = spot * math.exp(drift + vol * math.sqrt(tau) * z)
        return max(ending - strike, 0.0) * math.exp(-0.5 * z * z)

    mean, _ = integrate.quad(weighted, -10.0, 10.0, points=[0.5], epsabs=1e-12, limit=200)
    px = bsm_price(spot, strike, tau, vol, rate=rate, dividend_yield=dividend)
    assert px == pytest.approx(mean * math.exp(-rate * tau) / math.sqrt(2 * math.pi), rel=1e-9)


@settings(max_examples=150, deadline=None)
@given(spots, ratios, taus, vols, rates, rates)
def test_put_call_parity(
    spot: float, ratio: float, tau: float, vol: float, rate: float, dividend: float
) -> None:
    strike = spot * ratio
    both = [
        bsm_price(spot, strike, tau, vol, rate=rate, dividend_yield=dividend, is_call=flag)
        for flag in (True, False)
    ]
    legs = spot * math.exp(-dividend * tau), strike * math.exp(-rate * tau)
    assert both[0] - both[1] == pytest.approx(legs[0] - legs[1], abs=1e-14 * sum(legs))


@settings(max_examples=150, deadline=None)
@given(spots, ratios, taus, vols, rates, rates, st.booleans())
def test_the_columns_agree_with_the_single_option(
    spot: float, ratio: float, tau: float, vol: float, rate: float, dividend: float, flag: bool
) -> None:
    options = {"rate": rate, "dividend_yield": dividend, "is_call": flag}
    one = bsm_greeks(spot, spot * ratio, tau, vol, **options)
    px = bsm_price([spot], spot * ratio, tau, vol, **options)
    assert px[0] == pytest.approx(one.value, rel=2e-12, abs=0.0)
    many = bsm_greeks([spot], spot * ratio, tau, vol, **options)
    main = bsm_main_greeks([spot], spot * ratio, tau, vol, **options)
    assert np.allclose(np.ravel(main), np.ravel(many)[:6], rtol=1e-11, atol=0.0)
    # A sum of terms of both signs is as exact as its terms, not as itself.
    scale = _scale_of_terms(one, tau, vol, spot, (rate, dividend))
    for name, exact, found in zip(Greeks._fields, one, many, strict=True):
        assert abs(found[0] - exact) <= 1e-11 * max(abs(exact), scale.get(name, 0.0)), name


def _scale_of_terms(
    g: Greeks[float], tau: float, vol: float, spot: float, rates: tuple[float, float]
) -> dict[str, float]:
    stdev = vol * math.sqrt(tau)
    slope = (sum(map(abs, rates)) + vol * vol + (abs(g.d1) + stdev) * vol / math.sqrt(tau)) / stdev
    inner = sum(map(abs, rates)) + 1.0 / tau + abs(g.d1) * slope + slope
    size = 1.0 + abs(g.d1) + stdev
    return {
        "theta": g.vega * vol / tau + abs(g.rho / tau) + abs(g.dividend_rho / tau),
        "charm": abs(g.delta) + spot * g.gamma * stdev * slope,
        "vanna": g.vega / spot * size / stdev * (1.0 + stdev),
        "volga": g.vega * size * size / vol,
        "veta": g.vega * inner,
        "speed": g.gamma / spot * (1.0 + size / stdev),
        "zomma": g.gamma * size * size / vol,
        "color": g.gamma * inner,
        "d1": size + abs(g.d1) + 1.0 / stdev,
        "d2": size + abs(g.d2) + 1.0 / stdev,
    }


@pytest.mark.parametrize(
    ("name", "of", "by"),
    [
        ("delta", "value", "spot"),
        ("gamma", "delta", "spot"),
        ("speed", "gamma", "spot"),
        ("vega", "value", "vol"),
        ("vanna", "delta", "vol"),
        ("volga", "vega", "vol"),
        ("zomma", "gamma", "vol"),
        ("rho", "value", "rate"),
        ("dividend_rho", "value", "dividend_yield"),
        ("theta", "value", "tau"),
        ("charm", "delta", "tau"),
        ("veta", "vega", "tau"),
        ("color", "gamma", "tau"),
    ],
)
@pytest.mark.parametrize("is_call", [True, False])
def test_every_greek_is_the_derivative_it_names(name: str, of: str, by: str, is_call: bool) -> None:
    point = {"spot": 95.0, "strike": 100.0, "tau": 0.6, "vol": 0.3, "rate": 0.05}
    point |= {"dividend_yield": 0.02}
    step = 1e-4 * point[by]
    ends = [
        getattr(bsm_greeks(**(point | {by: point[by] + move}), is_call=is_call), of)
        for move in (-2 * step, -step, step, 2 * step)
    ]
    slope = (8.0 * (ends[2] - ends[1]) - (ends[3] - ends[0])) / (12.0 * step)
    found = getattr(bsm_greeks(**point, is_call=is_call), name)
    assert found == pytest.approx(-slope if by == "tau" else slope, rel=1e-8, abs=1e-9)


def test_a_mixed_array_is_within_1e_13_of_the_formula() -> None:
    rng = np.random.default_rng(5)
    n = 3_000
    spot, strike = rng.uniform(80, 120, n), rng.uniform(60, 150, n)
    tau, vol, flag = rng.uniform(0.01, 3, n), rng.uniform(0.05, 0.9, n), rng.random(n) < 0.5
    found = bsm_greeks(spot, strike, tau, vol, rate=0.03, dividend_yield=0.01, is_call=flag)
    exact = np.array(
        [
            black.bsm_greeks_of(*row, 0.03, 0.01, sign)
            for *row, sign in zip(spot, strike, tau, vol, np.where(flag, 1.0, -1.0), strict=True)
        ]
    ).T
    assert np.abs(found.value - exact[0]).max() < 1.1e-13
    assert np.abs(found.delta - exact[1]).max() < 1e-14
    assert np.abs(found.value / exact[0] - 1.0).max() < 1e-12
    main = bsm_main_greeks(spot, strike, tau, vol, rate=0.03, dividend_yield=0.01, is_call=flag)
    assert np.abs(np.array(main) - exact[:6]).max() < 1e-12


def test_a_result_does_not_depend_on_its_neighbours() -> None:
    rng = np.random.default_rng(6)
    spot = rng.uniform(50, 150, 700)
    whole = bsm_price(spot, 100.0, 0.5, 0.25, rate=0.02)
    parts = [bsm_price(spot[i : i + 133], 100.0, 0.5, 0.25, rate=0.02) for i in range(0, 700, 133)]
    assert np.array_equal(whole, np.concatenate(parts))


@pytest.mark.parametrize("is_call", [True, False])
@pytest.mark.parametrize("strike", [80.0, 120.0])
@pytest.mark.parametrize(("tau", "vol"), [(0.0, 0.2), (1.0, 0.0), (0.0, 0.0)])
def test_no_variance_leaves_the_discounted_intrinsic_value(
    tau: float, vol: float, strike: float, is_call: bool
) -> None:
    sign = 1.0 if is_call else -1.0
    df_spot, df = math.exp(-0.02 * tau), math.exp(-0.05 * tau)
    gap = sign * (100.0 * df_spot - strike * df)
    greeks = bsm_greeks(100.0, strike, tau, vol, rate=0.05, dividend_yield=0.02, is_call=is_call)
    assert greeks.value == pytest.approx(max(gap, 0.0), rel=1e-15)
    assert greeks.delta == pytest.approx(sign * df_spot if gap > 0.0 else 0.0, rel=1e-15)
    assert (greeks.gamma, greeks.vega) == (0.0, 0.0)
    column = bsm_greeks([100.0], strike, tau, vol, rate=0.05, dividend_yield=0.02, is_call=is_call)
    assert np.array_equal(np.ravel(column), np.array(greeks))


def test_on_the_kink_only_what_exists_is_a_number() -> None:
    greeks = bsm_greeks(100.0, 100.0, 0.0, 0.2)
    assert (greeks.value, greeks.delta, greeks.gamma) == (0.0, 0.5, math.inf)
    assert greeks.theta == -math.inf
    assert math.isnan(greeks.speed)


def test_units_per_day_and_per_point() -> None:
    assert theta_per_day(-36.5) == pytest.approx(-0.1)
    assert theta_per_day(-25.2, days=252.0) == pytest.approx(-0.1)
    assert vega_per_point(np.array([37.5])).tolist() == [0.375]
    with pytest.raises(ValueError, match="days"):
        theta_per_day(-1.0, days=0.0)


def test_results_go_where_they_are_asked_for() -> None:
    spot = np.linspace(90.0, 110.0, 5)
    out = np.empty(5)
    assert bsm_price(spot, 100.0, 1.0, 0.2, out=out) is out
    table = np.empty((16, 5))
    greeks = bsm_greeks(spot, 100.0, 1.0, 0.2, out=table)
    assert np.shares_memory(greeks.color, table)
    main = bsm_main_greeks(spot.reshape(5, 1), [95.0, 100.0], 1.0, 0.2)
    assert isinstance(main, MainGreeks)
    assert main.rho.shape == (5, 2)
    with pytest.raises(ValueError, match="out"):
        bsm_price(spot, 100.0, 1.0, 0.2, out=np.empty(4))


def test_read_only_and_strided_columns_are_taken() -> None:
    spot = np.linspace(90.0, 110.0, 10)
    frozen = spot.copy()
    frozen.flags.writeable = False
    expected = bsm_price(spot, 100.0, 1.0, 0.2)
    assert np.array_equal(bsm_price(frozen, 100.0, 1.0, 0.2), expected)
    assert np.array_equal(bsm_price(spot[::2], 100.0, 1.0, 0.2), expected[::2])
    assert bsm_price(np.array([]), 100.0, 1.0, 0.2).shape == (0,)


@pytest.mark.parametrize("wrap", [float, lambda bad: [100.0, bad]])
@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("spot", 0.0),
        ("spot", math.nan),
        ("strike", -1.0),
        ("strike", math.inf),
        ("tau", -0.1),
        ("tau", math.inf),
        ("vol", -0.2),
        ("vol", math.nan),
        ("rate", math.nan),
        ("dividend_yield", math.inf),
    ],
)
def test_bad_input_is_named(name: str, bad: float, wrap: object) -> None:
    given_ = {"spot": 100.0, "strike": 100.0, "tau": 1.0, "vol": 0.2, "rate": 0.01}
    given_ |= {"dividend_yield": 0.0, name: wrap(bad)}  # type: ignore[operator]
    for function in (bsm_price, bsm_greeks, bsm_main_greeks):
        with pytest.raises(ValueError, match=f"expected {name} .*was {bad!r}"):
            function(**given_)


def test_other_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="is_call"):
        bsm_price(100.0, 100.0, 1.0, 0.2, is_call=1)
    with pytest.raises(ValueError, match="strike to be numeric"):
        bsm_price(100.0, "x", 1.0, 0.2)
    with pytest.raises(ValueError, match="shapes"):
        bsm_price([1.0, 2.0], [1.0, 2.0, 3.0], 1.0, 0.2)
    with pytest.raises(ValueError, match="rates times time"):
        bsm_price(100.0, 100.0, 1000.0, 0.2, rate=1.0)


def test_compiled_and_plain_kernels_agree() -> None:
    row = (95.0, 100.0, 0.4, 0.3, 0.02, 0.01, -1.0)
    assert black.bsm_value(*row) == pytest.approx(black.bsm_value.py_func(*row), rel=1e-15)
    plain = black.bsm_greeks_of.py_func(*row)
    assert black.bsm_greeks_of(*row) == pytest.approx(plain, rel=1e-14)
    columns = tuple(np.array([number]) for number in row[:6])
    out, again = np.empty((6, 3)), np.empty((6, 3))
    assert batch.bsm_greeks_rows(columns, np.array([False]), out) == 0
    batch.bsm_greeks_rows.py_func(columns, np.array([False]), again)
    assert np.array_equal(out, again)
