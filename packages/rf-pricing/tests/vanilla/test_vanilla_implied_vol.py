"""Implied volatility: exact inversions, the whole region, bounds."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rf_pricing.vanilla import (
    ImpliedVolStatus,
    bachelier_implied_vol,
    bachelier_price,
    black76_implied_vol,
    black76_price,
    bsm_implied_vol,
    bsm_price,
    implied_vol_status,
)
from rf_pricing.vanilla._kernels import (
    bachelier_implied_stdev,
    bachelier_value,
    black_implied_stdev,
    black_value,
)


@pytest.mark.parametrize(
    ("px", "spot", "tau", "rate", "dividend", "strike", "is_call", "expected", "error"),
    [
        # Exact inverses of these doubles in 50 digits (mpmath), and what two units of them allow.
        (10.450583572185568, 100.0, 1.0, 0.05, 0.0, 100.0, True, 0.20000000000000004, 5e-15),
        (9.721247913012455e-12, 100.0, 0.5, 0.03, 0.01, 80.0, False, 0.05, 1.1e-16),
        (8.963383767769992e-59, 100.0, 0.25, 0.02, 0.0, 150.0, True, 0.05, 1.1e-16),
        (18.712185232926117, 100.0, 0.5, 0.03, 0.01, 120.0, False, 0.05000000000337431, 1e-9),
        (1.0665562547227638e-18, 0.8869204367171575, 1.0, 0.0, 0.0, 1.0, True, 0.015, 3.1e-17),
        (0.8774504399815547, 0.9985011244377109, 1.0, 0.0, 0.0, 1.0, True, 3.1, 2e-14),
        (0.004647065355780793, 0.011108996538242306, 1.0, 0.0, 0.0, 1.0, True, 3.1, 9e-15),
    ],
)
def test_the_exact_inverse_is_found(
    px: float,
    spot: float,
    tau: float,
    rate: float,
    dividend: float,
    strike: float,
    is_call: bool,
    expected: float,
    error: float,
) -> None:
    options = {"rate": rate, "dividend_yield": dividend, "is_call": is_call}
    assert bsm_implied_vol(px, spot, strike, tau, **options) == pytest.approx(
        expected, rel=0.0, abs=error
    )
    column = bsm_implied_vol([px], spot, strike, tau, **options)
    assert column[0] == pytest.approx(expected, rel=0.0, abs=max(error, 5e-14 * expected))


@settings(max_examples=400, deadline=None)
@given(st.floats(-4.0, 1.0), st.floats(-37.0, 37.0), st.sampled_from([1.0, -1.0]), st.floats(-5, 5))
def test_out_of_the_money_the_round_trip_is_exact(
    log_stdev: float, h: float, sign: float, log_scale: float
) -> None:
    stdev, strike = 10.0**log_stdev, 10.0**log_scale
    assume(abs(h * stdev) < 300.0)
    forward = strike * math.exp(h * stdev)
    sign = 1.0 if forward <= strike else -1.0
    value = black_value(forward, strike, stdev, sign)
    bound = min(forward, strike)
    assume(1e-290 < value < bound * (1.0 - 1e-9))
    # The value is known to an ulp, the stdev then to value / (vega stdev) ulps.
    d1 = -abs(math.log(forward / strike)) / stdev + 0.5 * stdev
    vega = bound * math.exp(-0.5 * d1 * d1) / math.sqrt(2.0 * math.pi)
    allowed = 4e-16 * (8.0 + 8.0 * value / (vega * stdev))
    found = black_implied_stdev(value, forward, strike, sign)
    assert found == pytest.approx(stdev, rel=allowed, abs=0.0)


@settings(max_examples=100, deadline=None)
@given(st.floats(0.01, 3.0), st.floats(-5.0, 5.0), st.floats(0.01, 5.0), st.booleans())
def test_round_trip_of_the_feature_list(vol: float, h: float, tau: float, is_call: bool) -> None:
    forward = 100.0 * math.exp(h * vol * math.sqrt(tau))
    px = black76_price(forward, 100.0, tau, vol, df=0.97, is_call=is_call)
    out_of_the_money = (forward <= 100.0) == is_call
    assume(px < 0.97 * (forward if is_call else 100.0) * (1.0 - 1e-7))
    if out_of_the_money:
        found = black76_implied_vol(px, forward, 100.0, tau, df=0.97, is_call=is_call)
        assert found == pytest.approx(vol, rel=1e-8)
    else:
        found = black76_implied_vol(px, forward, 100.0, tau, df=0.97, is_call=is_call)
        again = black76_price(forward, 100.0, tau, found, df=0.97, is_call=is_call)
        assert again == pytest.approx(px, rel=2e-15)


def test_a_column_round_trips_and_agrees_with_single_options() -> None:
    rng = np.random.default_rng(8)
    n = 4_000
    strike, tau = rng.uniform(60, 160, n), rng.uniform(0.02, 2.0, n)
    vol, flag = rng.uniform(0.05, 1.5, n), rng.random(n) < 0.5
    px = bsm_price(100.0, strike, tau, vol, rate=0.03, dividend_yield=0.01, is_call=flag)
    found = bsm_implied_vol(px, 100.0, strike, tau, rate=0.03, dividend_yield=0.01, is_call=flag)
    again = bsm_price(100.0, strike, tau, found, rate=0.03, dividend_yield=0.01, is_call=flag)
    assert np.abs(again - px).max() < 2e-13
    single = [
        bsm_implied_vol(*row, rate=0.03, dividend_yield=0.01, is_call=bool(call))
        for *row, call in zip(px[:300], [100.0] * 300, strike, tau, flag, strict=False)
    ]
    forward, gap = 100.0 * np.exp(-0.01 * tau), strike * np.exp(-0.03 * tau)
    outside = px - np.maximum(np.where(flag, forward - gap, gap - forward), 0.0)
    solid = (outside > 1e-6)[:300]
    assert solid.sum() > 200
    assert np.allclose(found[:300][solid], np.array(single)[solid], rtol=1e-9, atol=0.0)


@pytest.mark.parametrize(
    ("px", "spot", "tau", "status"),
    [
        (9.0, 110.0, 1.0, ImpliedVolStatus.BELOW_INTRINSIC),
        (-0.1, 100.0, 1.0, ImpliedVolStatus.BELOW_INTRINSIC),
        (100.0, 100.0, 1.0, ImpliedVolStatus.ABOVE_BOUND),
        (101.0, 100.0, 1.0, ImpliedVolStatus.ABOVE_BOUND),
        (5.0, 100.0, 0.0, ImpliedVolStatus.INVALID),
        (math.nan, 100.0, 1.0, ImpliedVolStatus.INVALID),
        (5.0, -1.0, 1.0, ImpliedVolStatus.INVALID),
        (10.0, 110.0, 1.0, ImpliedVolStatus.AT_INTRINSIC),
        (5.0, 100.0, 1.0, ImpliedVolStatus.OK),
    ],
)
def test_why_there_is_no_implied_volatility(
    px: float, spot: float, tau: float, status: ImpliedVolStatus
) -> None:
    assert implied_vol_status(px, spot, 100.0, tau) is status
    assert implied_vol_status([px, 5.0], [spot, 100.0], 100.0, [tau, 1.0]).tolist() == [status, 0]
    column = bsm_implied_vol([px], spot, 100.0, tau)
    if status in {ImpliedVolStatus.OK, ImpliedVolStatus.AT_INTRINSIC}:
        assert column[0] == pytest.approx(bsm_implied_vol(px, spot, 100.0, tau), rel=1e-14)
        assert (column[0] == 0.0) == (status is ImpliedVolStatus.AT_INTRINSIC)
    else:
        assert math.isnan(column[0])
        with pytest.raises(ValueError, match="expected"):
            bsm_implied_vol(px, spot, 100.0, tau)


def test_upper_bound_of_a_put_is_its_discounted_strike() -> None:
    with pytest.raises(ValueError, match="below its bound"):
        bsm_implied_vol(96.0, 100.0, 100.0, 1.0, rate=0.05, is_call=False)
    near = bsm_implied_vol(95.0, 100.0, 100.0, 1.0, rate=0.05, is_call=False)
    assert bsm_price(100.0, 100.0, 1.0, near, rate=0.05, is_call=False) == pytest.approx(95.0)


@pytest.mark.parametrize("px", [5e-324, 1e-310, 1e-200, 1e-9, 99.9999999])
def test_the_edges_of_the_region_invert(px: float) -> None:
    for spot in (100.0, 100.0 + 1e-12, 60.0):
        if px < spot and spot <= 100.0:
            vol = bsm_implied_vol(px, spot, 100.0, 1.0)
            assert 0.0 <= vol < 100.0
            again = bsm_price(spot, 100.0, 1.0, vol)
            assert again == pytest.approx(px, rel=1e-10, abs=5e-324)


def test_at_the_money_small_and_large() -> None:
    for stdev in (1e-12, 1e-8, 1e-3, 0.3, 2.0, 10.0):
        value = black_value(1.0, 1.0, stdev, 1.0)
        assert black_implied_stdev(value, 1.0, 1.0, 1.0) == pytest.approx(stdev, rel=1e-9)
        nearly = 1.0 + 1e-13
        value = black_value(1.0, nearly, stdev, 1.0)
        assert black_implied_stdev(value, 1.0, nearly, 1.0) == pytest.approx(stdev, rel=1e-9)


@settings(max_examples=200, deadline=None)
@given(st.floats(-6.0, 3.0), st.floats(-36.0, 36.0), st.floats(-50.0, 50.0))
def test_bachelier_round_trips(log_stdev: float, z: float, strike: float) -> None:
    stdev = 10.0**log_stdev
    forward = strike + z * stdev
    gap = abs(forward - strike)
    sign = 1.0 if forward <= strike else -1.0
    value = bachelier_value(forward, strike, stdev, sign)
    assume(value > 1e-290)
    found = bachelier_implied_stdev(value, forward, strike, sign)
    near = 1.0 + 2.0 / (1.0 + (gap / stdev) ** 2)
    assert found == pytest.approx(stdev, rel=8e-15 * near)


def test_bachelier_front_and_its_bounds() -> None:
    px = bachelier_price([-1.0, 0.5, 2.0], 0.5, 2.0, 1.5, df=0.9, is_call=[True, False, True])
    found = bachelier_implied_vol(
        px, [-1.0, 0.5, 2.0], 0.5, 2.0, df=0.9, is_call=[True, False, True]
    )
    assert np.allclose(found, 1.5, rtol=1e-13)
    with pytest.raises(ValueError, match="intrinsic"):
        bachelier_implied_vol(0.5, 2.0, 1.0, 1.0)
    assert math.isnan(bachelier_implied_vol([0.5], 2.0, 1.0, 1.0)[0])


def test_compiled_and_plain_inversions_agree() -> None:
    row = (3.0, 90.0, 100.0, 1.0)
    assert black_implied_stdev(*row) == pytest.approx(black_implied_stdev.py_func(*row), rel=1e-15)
    assert bachelier_implied_stdev(*row) == bachelier_implied_stdev.py_func(*row)
