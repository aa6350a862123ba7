"""Models at given parameters: likelihood, filters, forecasts, averages, regimes."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rf_risk.volatility import (
    GarchPanel,
    GarchState,
    RollingGarch,
    annual_vol,
    ewma_memory,
    ewma_variance,
    fit_garch,
    garch_filter,
    garch_forecast,
    half_life,
    loglik,
    regime_of,
    simulate_garch,
)

PARAMS = {"omega": 0.02, "alpha": 0.08, "beta": 0.90}
GJR = {"omega": 0.02, "alpha": 0.03, "gamma": 0.10, "beta": 0.90}
EGARCH = {"omega": 0.0, "alpha": 0.15, "gamma": -0.08, "beta": 0.95}


def simulated(n, seed=5):
    return simulate_garch(PARAMS, n, np.random.default_rng(seed)).returns


@pytest.mark.parametrize("distribution", ["normal", "t"])
def test_the_likelihood_is_the_sum_of_scipys_log_densities(distribution):
    returns = simulated(200)
    shape = {} if distribution == "normal" else {"nu": 7.0}
    at = loglik(returns, {**PARAMS, **shape}, distribution=distribution)
    variance = float(np.mean(returns**2))
    square = variance
    total = 0.0
    for t, ret in enumerate(returns):
        variance = 0.02 + 0.08 * square + 0.90 * variance
        square = ret * ret
        assert at.variances[t] == pytest.approx(variance, rel=1e-13)
        if distribution == "normal":
            total += stats.norm.logpdf(ret, scale=math.sqrt(variance))
        else:
            total += stats.t.logpdf(ret, 7.0, scale=math.sqrt(variance * 5.0 / 7.0))
    assert at.loglik == pytest.approx(total, abs=1e-9)
    assert at.next_variance == pytest.approx(0.02 + 0.08 * square + 0.90 * variance, rel=1e-13)


def test_relatives_are_each_other_where_they_meet():
    returns = simulated(300)
    plain = loglik(returns, PARAMS).loglik
    assert loglik(returns, {**PARAMS, "gamma": 0.0}, model="gjr").loglik == plain
    power = loglik(returns, {**PARAMS, "gamma": 0.0, "delta": 2.0}, model="aparch").loglik
    assert power == pytest.approx(plain, rel=1e-12)
    heavy = loglik(returns, {**PARAMS, "nu": 6.0}, distribution="t").loglik
    skewed = loglik(returns, {**PARAMS, "nu": 6.0, "skew": 0.0}, distribution="skewt").loglik
    assert skewed == pytest.approx(heavy, rel=1e-13)


@given(
    st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=60),
    st.floats(0.0, 0.3),
    st.floats(0.0, 0.6),
    st.floats(0.0, 0.1),
)
def test_one_return_at_a_time_gives_the_very_bits_of_the_batch(returns, alpha, beta, gamma):
    params = {"omega": 1e-5, "alpha": alpha, "gamma": gamma, "beta": beta}
    batch = garch_filter(returns, params, model="gjr", initial_variance=1e-4)
    state = GarchState(1e-5, alpha, beta, 1e-4, gamma)
    streamed = [1e-4, *(state.update(ret) for ret in returns)]

    assert streamed == [*batch.variances.tolist(), batch.next_variance]


def test_names_side_by_side_are_each_one_alone():
    rng = np.random.default_rng(1)
    n = 512
    omega, alpha, gamma = rng.random((3, n)) * 0.05
    variances, returns = rng.random(n) + 0.1, rng.normal(size=(5, n))
    panel = GarchPanel(omega, alpha, 0.8, gamma=gamma, variances=variances)
    whole = GarchPanel(omega, alpha, 0.8, gamma=gamma, variances=variances).run(returns)
    states = [GarchState(*p) for p in zip(omega, alpha, [0.8] * n, variances, gamma, strict=True)]
    for row, returned in enumerate(returns):
        alone = [s.update(float(r)) for s, r in zip(states, returned, strict=True)]
        assert panel.update(returned).tolist() == alone
        assert whole[row + 1].tolist() == alone
    with pytest.raises(ValueError, match="finite"):
        panel.update(np.full(n, math.nan))
    with pytest.raises(ValueError, match="512 names"):
        panel.update([0.1])
    with pytest.raises(ValueError, match="index 1"):
        GarchPanel(0.1, [0.1, 0.9], 0.8, variances=[1.0, 1.0])


def test_a_state_is_copied_stored_and_restored():
    state = GarchState(0.1, 0.1, 0.8, 1.0, 0.05)
    state.update(-0.5)
    copy, stored = state.copy(), state.snapshot()
    state.update(2.0)

    assert copy.variance == stored.variance != state.variance
    assert GarchState.restore(stored).update(2.0) == state.variance == copy.update(2.0)


def test_a_state_never_falls_to_nothing():
    state = GarchState(0.0, 0.05, 0.5, 1e-4, floor=1e-10)
    assert [state.update(0.0) for _ in range(60)][-1] == 1e-10
    with pytest.raises(ValueError, match="finite"):
        state.update(math.nan)
    assert state.variance == 1e-10


@pytest.mark.parametrize(
    "bad",
    [(-1.0, 0.1, 0.8, 1.0), (0.1, 0.3, 0.8, 1.0), (0.1, 0.1, 0.8, 0.0), (0.1, math.nan, 0.8, 1.0)],
)
def test_a_state_of_no_sense_is_refused(bad):
    with pytest.raises(ValueError, match="expected"):
        GarchState(*bad)


def test_forecasts_are_the_means_of_simulations():
    for model, params in (("garch", PARAMS), ("gjr", GJR), ("egarch", EGARCH)):
        returns = simulate_garch(params, 2_000, np.random.default_rng(3), model=model).returns
        fit = fit_garch(returns, model=model, mean="zero")
        rng = np.random.default_rng(2)
        mean = np.mean([fit.simulate(12, rng).variances for _ in range(6_000)], axis=0)
        assert fit.forecast(12) == pytest.approx(mean, rel=0.05), model
        assert fit.forecast(1)[0] == fit.next_variance


@pytest.mark.parametrize("distribution", ["normal", "t", "skewt"])
def test_an_aparch_forecast_is_exact_at_powers_one_and_two_and_simulated_between(distribution):
    shape = {"normal": {}, "t": {"nu": 9.0}, "skewt": {"nu": 9.0, "skew": -0.2}}[distribution]
    names = {"model": "aparch", "distribution": distribution, "mean": "zero"}
    params = {"omega": 0.03, "alpha": 0.06, "gamma": 0.3, "beta": 0.88, **shape}
    fit = fit_garch(simulated(300), **names)
    paths = {}
    for delta in (1.0, 1.0 + 1e-9, 2.0, 2.0 - 1e-9):
        object.__setattr__(fit, "params", {**params, "delta": delta})
        paths[delta] = fit.forecast(8, paths=60_000)
    assert paths[1.0] == pytest.approx(paths[1.0 + 1e-9], rel=0.02)
    assert paths[2.0] == pytest.approx(paths[2.0 - 1e-9], rel=0.03)


def test_long_forecasts_tend_to_the_long_run():
    fit = fit_garch(simulated(4_000), mean="zero")
    assert fit.forecast(3_000)[-1] == pytest.approx(fit.long_run_variance, rel=1e-6)
    with pytest.raises(ValueError, match="at least 1"):
        fit.forecast(0)
    heavy = fit_garch(simulated(500), model="egarch", distribution="t")
    assert heavy.forecast(1)[0] == heavy.next_variance
    with pytest.raises(ValueError, match="infinite"):
        heavy.forecast(2)


def test_published_numbers():
    assert half_life(0.95) == pytest.approx(13.513407333964874, rel=1e-14)
    assert ewma_memory(0.94) == pytest.approx(74.426507, abs=1e-5)  # RiskMetrics (1996): 74 days
    hull = {"omega": 1.3465e-06, "alpha": 0.083394, "beta": 0.910116}
    assert garch_forecast(hull, 0.0003, 10)[-1] == pytest.approx(0.000294158, abs=3e-7)
    quantlib = [0.452769, 0.513323, 0.530141, 0.5350841, 0.536558]  # garch.cpp, testCalculation
    told = garch_filter([0.1] * 5, {"omega": 0.2, "alpha": 0.2, "beta": 0.3}, initial_variance=0.01)
    vols = np.sqrt([*told.variances[1:], told.next_variance])
    assert vols == pytest.approx(quantlib, abs=2e-6)


def test_an_exponential_average_is_the_weighted_sum_it_stands_for():
    returns = simulated(100)
    told = ewma_variance(returns, decay=0.94)
    weights = 0.06 * 0.94 ** np.arange(99, -1, -1)
    start = np.mean(returns**2)
    expected = weights @ returns**2 + 0.94**100 * start
    assert told.next_variance == pytest.approx(expected, rel=1e-12)
    assert told.variances[0] == pytest.approx(start, rel=1e-15)
    for bad in (0.0, 1.0, math.nan):
        with pytest.raises(ValueError, match="decay"):
            ewma_variance(returns, decay=bad)


def test_volatility_per_year():
    assert annual_vol(1e-4) == pytest.approx(0.01 * math.sqrt(252))
    assert annual_vol(np.array([0.0, 4e-4]), 365) == pytest.approx([0.0, 0.02 * math.sqrt(365)])
    with pytest.raises(ValueError, match="at least 0"):
        annual_vol(-1.0)


@pytest.mark.parametrize("bad", [0.0, 1.0, 1.2, math.nan])
def test_a_half_life_needs_a_persistence_within_zero_and_one(bad):
    with pytest.raises(ValueError, match="between 0 and 1"):
        half_life(bad)


@pytest.mark.parametrize(
    ("params", "model"),
    [
        ({"omega": -1.0, "alpha": 0.1, "beta": 0.1}, "garch"),
        ({"omega": 0.1, "alpha": 0.1}, "garch"),
        ({"omega": 0.1, "alpha": 0.1, "beta": 0.8, "gamma": 0.1}, "garch"),
        ({"omega": 0.01, "alpha": 0.0, "gamma": -0.9, "beta": 0.1}, "gjr"),
        ({"omega": 0.1, "alpha": 0.1, "beta": 0.8, "gamma": 1.5, "delta": 1.0}, "aparch"),
    ],
)
def test_parameters_that_make_no_model_have_no_likelihood(params, model):
    with pytest.raises(ValueError, match="expected"):
        loglik(simulated(100), params, model=model)


def test_a_rolling_model_is_fitted_again_and_moves_in_between():
    returns = simulated(900)
    rolling = RollingGarch(min_history=300, refit_every=200, window=600)
    told = [rolling.update(float(ret)) for ret in returns]

    assert told[298] is None
    assert all(value > 0 for value in told[299:])
    assert (rolling.refits, rolling.failed_refits) == (4, 0)
    assert rolling.fit is not None
    fresh = fit_garch(returns[299:899], mean="zero")  # the last refit's window
    assert rolling.fit.loglik == pytest.approx(fresh.loglik, rel=0.02)


def test_a_rolling_model_keeps_its_parameters_through_a_dead_market():
    rolling = RollingGarch(min_history=60, refit_every=10, window=60)
    for ret in [*simulated(60).tolist(), *[0.0] * 200]:
        rolling.update(ret)

    assert rolling.failed_refits > 0
    assert rolling.fit is not None
    assert rolling.variance > 0.0
    with pytest.raises(ValueError, match="finite"):
        rolling.update(math.inf)


@pytest.mark.parametrize("bad", [{"min_history": 40}, {"refit_every": 0}, {"model": "egarch"}])
def test_a_rolling_model_of_no_sense_is_refused(bad):
    with pytest.raises(ValueError, match="expected"):
        RollingGarch(**bad)


@pytest.mark.parametrize(
    ("vol", "name", "weights"),
    [
        (0.1499, "low", (1.5, 0.5, 0.2, 0.1)),
        (0.15, "normal", (1.0, 0.4, 0.3, 0.2)),
        (0.30, "high", (0.5, 0.2, 0.5, 0.4)),
        (0.50, "crisis", (0.2, 0.1, 0.3, 0.7)),
    ],
)
def test_regimes_scale_positions_and_weights(vol, name, weights):
    regime = regime_of(vol)
    assert str(regime) == name
    told = (
        regime.position_scale,
        regime.momentum_weight,
        regime.reversion_weight,
        regime.risk_weight,
    )
    assert told == weights
    with pytest.raises(ValueError, match="annual_vol"):
        regime_of(-vol)


def test_the_light_half_loads_neither_numpy_nor_numba():
    program = (
        "import sys, rf_risk.volatility.streaming, rf_risk.volatility.regime\n"
        "print([m for m in ('numpy', 'numba', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
