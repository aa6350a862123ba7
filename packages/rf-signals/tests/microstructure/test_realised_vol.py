"""Realised volatility: estimators agree on a simulated diffusion and see its jumps."""

import math

import numpy as np
import pytest

from rf_signals.microstructure import (
    bipower_variation,
    close_to_close_vol,
    garman_klass_vol,
    jump_test,
    parkinson_vol,
    realised_variance,
    rogers_satchell_vol,
    yang_zhang_vol,
)

NAN = float("nan")


def simulated_bars(days, steps, vol, drift, gap, seed):
    """Return open, high, low, close of a log price observed `steps` times a day."""
    rng = np.random.default_rng(seed)
    moves = drift / steps + vol / math.sqrt(steps) * rng.normal(size=(days, steps))
    inside = np.cumsum(moves, axis=1)
    last = np.cumsum(inside[:, -1] + gap * rng.normal(size=days))
    path = np.column_stack((np.zeros(days), inside)) + (last - inside[:, -1])[:, None]
    return (
        np.exp(path[:, 0]),
        np.exp(path.max(axis=1)),
        np.exp(path.min(axis=1)),
        np.exp(path[:, -1]),
    )


def test_every_estimator_finds_the_volatility_of_a_diffusion():
    bars = simulated_bars(1500, 1000, vol=0.01, drift=0.0, gap=0.0, seed=1)
    _, high, low, last = bars
    # A thousand looks a day miss a little of the range: ranges are some 2 % too narrow.
    assert close_to_close_vol(last) == pytest.approx(0.01, rel=0.05)
    assert parkinson_vol(high, low) == pytest.approx(0.01, rel=0.04)
    assert garman_klass_vol(*bars) == pytest.approx(0.01, rel=0.04)
    assert rogers_satchell_vol(*bars) == pytest.approx(0.01, rel=0.04)
    assert yang_zhang_vol(*bars) == pytest.approx(0.01, rel=0.04)


def test_only_those_that_should_bear_a_drift_or_a_gap():
    # The error left is that of a thousand looks a day; it halves with four times as many.
    bars = simulated_bars(1500, 1000, vol=0.01, drift=0.02, gap=0.0, seed=2)
    assert rogers_satchell_vol(*bars) == pytest.approx(0.01, rel=0.08)
    assert yang_zhang_vol(*bars) == pytest.approx(0.01, rel=0.08)
    assert parkinson_vol(bars[1], bars[2]) > 0.013
    gaps = simulated_bars(1500, 1000, vol=0.01, drift=0.0, gap=0.01, seed=3)
    assert yang_zhang_vol(*gaps) == pytest.approx(0.01 * math.sqrt(2.0), rel=0.05)
    assert garman_klass_vol(*gaps) == pytest.approx(0.01, rel=0.05)


def test_the_formulas_by_hand():
    bars = ([100.0], [102.0], [99.0], [101.0])
    hl, co = math.log(102.0 / 99.0), math.log(101.0 / 100.0)
    assert parkinson_vol([102.0], [99.0]) == pytest.approx(hl / math.sqrt(4.0 * math.log(2.0)))
    gk = 0.5 * hl**2 - (2.0 * math.log(2.0) - 1.0) * co**2
    assert garman_klass_vol(*bars, periods_per_year=252.0) == pytest.approx(math.sqrt(252.0 * gk))
    rs = math.log(102 / 101) * math.log(102 / 100) + math.log(99 / 101) * math.log(99 / 100)
    assert rogers_satchell_vol(*bars) == pytest.approx(math.sqrt(rs))


def test_a_trend_without_noise_has_no_rogers_satchell_volatility():
    assert rogers_satchell_vol([100.0], [110.0], [100.0], [110.0]) == 0.0


def test_bipower_variation_sees_the_diffusion_and_the_test_the_jump():
    r = 0.001 * np.random.default_rng(4).normal(size=2000)
    calm = jump_test(r)
    assert calm.bipower == pytest.approx(calm.variance, rel=0.05)
    assert calm.p_value > 0.01
    r[1000] += 0.03
    jumped = jump_test(r)
    assert jumped.p_value < 1e-6
    assert jumped.jump_share * jumped.variance == pytest.approx(0.0009, rel=0.15)
    assert realised_variance(r) == pytest.approx(jumped.variance, rel=1e-12)
    assert bipower_variation(r) == pytest.approx(jumped.bipower, rel=1e-12)


def test_the_jump_test_rejects_as_often_as_its_level_says():
    rng = np.random.default_rng(5)
    low = sum(jump_test(rng.normal(size=400)).p_value < 0.05 for _ in range(400))
    assert 8 <= low <= 45  # 20 expected, standard deviation 4.4; the test is a little generous


def test_the_jump_test_does_not_depend_on_the_unit():
    r = np.random.default_rng(6).normal(size=50)
    assert jump_test(1e-120 * r).z == pytest.approx(jump_test(r).z, rel=1e-12)


@pytest.mark.parametrize(
    "bars",
    [
        ([100.0], [99.0], [98.0], [98.5]),
        ([100.0], [101.0], [102.0], [101.0]),
        ([100.0], [101.0], [99.0], [NAN]),
        ([100.0], [101.0], [0.0], [100.0]),
        ([100.0, 100.0], [101.0], [99.0], [100.0]),
    ],
)
def test_bars_that_cannot_be_are_refused(bars):
    for estimator in (garman_klass_vol, rogers_satchell_vol, yang_zhang_vol):
        with pytest.raises(ValueError, match="expected"):
            estimator(*bars)


def test_too_little_and_nothing_but_zeros_are_refused():
    for call in (
        lambda: realised_variance([]),
        lambda: bipower_variation([0.1]),
        lambda: jump_test([0.0] * 10),
        lambda: close_to_close_vol([1.0, 2.0]),
        lambda: yang_zhang_vol([1.0] * 2, [1.0] * 2, [1.0] * 2, [1.0] * 2),
        lambda: parkinson_vol([1.0], [1.0], periods_per_year=0.0),
    ):
        with pytest.raises(ValueError, match="expected"):
            call()
