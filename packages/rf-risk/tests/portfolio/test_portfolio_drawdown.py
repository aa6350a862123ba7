import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_risk.portfolio import (
    brownian_drawdown_probability,
    drawdown_distribution,
    drawdown_series,
    expected_max_drawdown,
    max_drawdown,
)

CURVES = st.lists(st.floats(0.1, 1e6), min_size=1, max_size=50)


@given(CURVES)
def test_drawdowns_are_those_of_a_plain_loop(equity):
    peak, expected = equity[0], []
    for value in equity:
        peak = max(peak, value)
        expected.append((value - peak) / peak)
    found = drawdown_series(equity)
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    assert max_drawdown(equity).depth == found.min()


def test_peak_trough_and_recovery_of_the_deepest_fall():
    found = max_drawdown([100.0, 90.0, 110.0, 77.0, 99.0, 110.0, 60.0])
    assert (found.peak, found.trough, found.recovery) == (2, 6, None)
    assert found.depth == pytest.approx(-5 / 11)
    assert max_drawdown([100.0, 80.0, 100.0]).recovery == 2


def test_a_curve_that_never_fell_has_no_depth():
    assert max_drawdown([1.0, 2.0, 3.0])[:3] == (0.0, 0, 0)


def test_bootstrapped_drawdowns_repeat_and_know_their_probabilities():
    returns = np.random.default_rng(1).normal(0.0005, 0.01, 500)
    one, other = (
        drawdown_distribution(returns, 252, rng=np.random.default_rng(7)) for _ in range(2)
    )
    np.testing.assert_array_equal(one.depths, other.depths)
    deep = one.quantile(0.95)
    assert one.probability_beyond(-deep) == pytest.approx(0.05, abs=0.002)
    assert one.probability_beyond(0.0) == pytest.approx(1.0)
    assert deep < one.mean < 0.0


def test_bootstrap_of_independent_returns_agrees_with_brownian_motion():
    # 2,520 small steps a year; the steps between looks hide 0.58 deviations at either end.
    vol, steps = 0.2, 2_520
    step = vol / math.sqrt(steps)
    returns = np.random.default_rng(3).normal(0.0, step, 20_000)
    logs = np.log1p(returns)
    drift = float(logs.mean()) * steps
    vol = float(logs.std()) * math.sqrt(steps)
    found = drawdown_distribution(
        returns, steps, rng=np.random.default_rng(4), paths=1_500, block=1.0
    )
    for limit in (0.15, 0.25, 0.35):
        level = -math.log1p(-limit) + 2 * 0.5826 * step
        expected = brownian_drawdown_probability(level, drift, vol, 1.0)
        assert found.probability_beyond(limit) == pytest.approx(expected, abs=0.04)


def eigenfunction_series(slope, time):
    """Magdon-Ismail et al. (2004): the reflected process, term by term, in units of the limit.

    For an upward drift of less than one: only trigonometric terms, all well conditioned.
    """
    total = 0.0
    for k in range(60):
        low, high = math.pi * k, math.pi * (k + 0.5)
        if slope < 0.0:
            low, high = high, math.pi * (k + 1)
        low += 1e-12
        start = slope * math.sin(low) - low * math.cos(low)
        for _ in range(100):
            middle = (low + high) / 2
            value = slope * math.sin(middle) - middle * math.cos(middle)
            low, high = (middle, high) if (value > 0) == (start > 0) else (low, middle)
        theta = (low + high) / 2
        norm = (1.0 - math.sin(2 * theta) / (2 * theta)) * (slope**2 + theta**2)
        decay = math.exp(-0.5 * time * (theta**2 + slope**2) - slope)
        total += 2.0 * theta * math.sin(theta) / norm * decay
    return 1.0 - total


@pytest.mark.parametrize("slope", [-5.0, -2.0, -0.5, 0.0, 0.3, 0.9])
@pytest.mark.parametrize("time", [0.03, 0.1, 0.5, 1.0, 3.0, 20.0])
def test_inverted_transform_is_the_eigenfunction_series(slope, time):
    # limit 1, vol 1: the drift is the slope and the years are the time.
    found = brownian_drawdown_probability(1.0, slope, 1.0, time)
    assert found == pytest.approx(eigenfunction_series(slope, time), abs=1e-10)


@given(st.floats(-3.0, 3.0), st.floats(0.05, 1.0), st.floats(0.01, 5.0))
def test_probability_falls_with_the_limit_and_rises_with_time(drift, vol, tau):
    limits = vol * math.sqrt(tau) * np.array([0.2, 0.7, 1.5, 3.0])
    if -drift * limits[-1] / vol**2 > 30.0:
        return
    found = [brownian_drawdown_probability(float(h), drift, vol, tau) for h in limits]
    assert all(0.0 <= p <= 1.0 for p in found)
    assert all(a >= b - 1e-9 for a, b in pairwise(found))
    later = brownian_drawdown_probability(float(limits[1]), drift, vol, 2 * tau)
    assert later >= found[1] - 1e-9


def test_expected_drawdown_without_drift_is_the_closed_form():
    # Source: Magdon-Ismail et al. (2004): sqrt(pi / 2) sigma sqrt(T).
    for tau in (0.1, 1.0, 9.0):
        expected = math.sqrt(math.pi / 2) * 0.3 * math.sqrt(tau)
        assert expected_max_drawdown(0.0, 0.3, tau) == pytest.approx(expected, rel=1e-8)


def test_expected_drawdown_falls_with_the_drift_and_has_its_limits():
    found = [expected_max_drawdown(mu, 0.2, 1.0) for mu in (-0.4, -0.1, 0.0, 0.1, 0.4)]
    assert found == sorted(found, reverse=True)
    assert found[0] > 0.4
    assert expected_max_drawdown(0.1, 0.2, 0.0) == 0.0
    assert brownian_drawdown_probability(0.2, 0.1, 0.2, 0.0) == 0.0
    assert brownian_drawdown_probability(1e-4, 0.1, 0.2, 1.0) == pytest.approx(1.0)
    assert brownian_drawdown_probability(5.0, 0.1, 0.2, 1.0) == 0.0


@pytest.mark.parametrize(
    "call",
    [
        lambda: drawdown_series([]),
        lambda: drawdown_series([1.0, 0.0]),
        lambda: max_drawdown([1.0, math.nan]),
        lambda: drawdown_distribution([0.1, -1.0], 5, rng=np.random.default_rng(1)),
        lambda: drawdown_distribution([0.1, -0.1], 0, rng=np.random.default_rng(1)),
        lambda: drawdown_distribution([0.1, -0.1], 5, rng=np.random.default_rng(1), block=0.5),
        lambda: brownian_drawdown_probability(0.0, 0.0, 0.2, 1.0),
        lambda: brownian_drawdown_probability(0.1, 0.0, 0.0, 1.0),
        lambda: brownian_drawdown_probability(1.0, -31.0, 1.0, 1.0),
        lambda: expected_max_drawdown(math.nan, 0.2, 1.0),
    ],
)
def test_bad_curves_are_rejected(call):
    with pytest.raises(ValueError, match="expected"):
        call()
