"""Fits by simulated moments: the moments by hand, a parameter that comes back, stop and go on."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from rf_swarm_sim import calibration, stylized_facts
from rf_swarm_sim.calibration import RANGES, calibrate, configured
from rf_swarm_sim.market import AgentKind, SwarmConfig, simulate
from rf_swarm_sim.moments import moment_names, moments_of, target_of

SHARED = os.environ.get("RUSTFORGE_SHARED") or Path(__file__).resolve().parents[4] / "shared"
SP500 = Path(SHARED) / "quant" / "data" / "sp500_ohlcv.csv"
SMALL = SwarmConfig(agents=100, rounds_per_day=1)


def clustered(n, seed):
    rng = np.random.default_rng(seed)
    r, h = np.empty(n), 1e-4
    for t in range(n):
        r[t] = np.sqrt(h) * rng.standard_normal()
        h = 2e-6 + 0.10 * r[t] ** 2 + 0.88 * h
    return r


def closes(r):
    return 100.0 * np.exp(np.concatenate([[0.0], np.cumsum(r)]))


def test_moments_agree_with_the_stylised_facts():
    r = clustered(6_000, 2)
    volume = 1.0 + 40.0 * np.abs(r)
    moments = dict(zip(moment_names(has_volume=True), moments_of(r, volume), strict=True))
    facts = stylized_facts(r, volume)

    assert np.exp(moments["log deviation"]) == pytest.approx(facts.deviation, rel=0.01)
    assert np.exp(moments["log kurtosis"]) - 3.0 == pytest.approx(facts.excess_kurtosis, abs=0.05)
    assert moments["acf r 1"] == pytest.approx(facts.acf[0], abs=0.01)
    for k in (1, 5, 10, 25, 50):
        assert moments[f"acf |r| {k}"] == pytest.approx(facts.acf_abs[k - 1], abs=0.01)
    assert moments["volume-|r| correlation"] > 0.85


def test_leverage_is_negative_when_falls_raise_volatility():
    rng = np.random.default_rng(1)
    r = np.zeros(8_000)
    for t in range(1, r.size):
        r[t] = 0.01 * np.exp(-20.0 * r[t - 1]) * rng.standard_normal()
    names = moment_names(has_volume=False)
    assert moments_of(r)[names.index("leverage 1-5")] < -0.03
    assert moments_of(-r)[names.index("leverage 1-5")] > 0.03


def test_bootstrap_errors_of_noise_are_those_of_theory():
    n = 5_000
    r = np.random.default_rng(7).normal(0.0, 0.01, n)
    target = target_of(r, generator=np.random.default_rng(1), block=25)
    errors = dict(zip(target.names, target.errors, strict=True))
    assert errors["log deviation"] == pytest.approx(1.0 / np.sqrt(2.0 * n), rel=0.2)
    assert errors["acf r 1"] == pytest.approx(1.0 / np.sqrt(n), rel=0.2)
    assert errors["acf |r| 5"] == pytest.approx(1.0 / np.sqrt(n), rel=0.2)


def test_a_history_is_no_distance_from_itself_and_its_equals_are_near():
    r = clustered(4_000, 3)
    target = target_of(r, generator=np.random.default_rng(1))
    assert target.distance(target.values) == 0.0
    other = moments_of(np.random.default_rng(2).normal(0.0, 0.05, 4_000))
    assert target.distance(other) > 50.0 * np.median(target.distances)


def test_the_same_generator_gives_the_same_weights():
    r = clustered(1_000, 3)
    one, two = (target_of(r, generator=np.random.default_rng(9)) for _ in range(2))
    assert np.array_equal(one.weight, two.weight)


def test_shares_of_kinds_are_taken_from_retail():
    made = configured(SMALL, {"momentum": 0.10, "contrarian": 0.02, "clustering": 0.9})
    assert made.mix[AgentKind.MOMENTUM] == 0.10
    assert made.mix[AgentKind.CONTRARIAN] == 0.02
    assert sum(made.mix.values()) == pytest.approx(1.0)
    assert made.clustering == 0.9
    assert made.agents == SMALL.agents


@pytest.mark.parametrize("name", sorted(RANGES))
def test_every_parameter_can_be_set_over_its_whole_range(name):
    known = RANGES[name]
    for unit in (0.0, 0.3, 1.0):
        value = known.at(unit)
        configured(SwarmConfig(), {name: value})
        assert known.place(value) == pytest.approx(unit)


@pytest.mark.parametrize("true", [0.2, 0.6])
def test_a_volatility_comes_back(true):
    market = SMALL.with_(clustering=0.1, news_rate=0.0)
    run = simulate(market.with_(annual_vol=true), px=100.0, rounds=1_500, seed=99)
    fit = calibrate(
        np.concatenate([[100.0], run.mid]),
        config=market,
        parameters=("annual_vol",),
        seed=1,
        budget=25,
        rounds=1_500,
    )
    assert fit.parameters["annual_vol"] == pytest.approx(true, rel=0.15)
    assert fit.config.annual_vol == fit.parameters["annual_vol"]
    assert fit.is_accepted
    assert all(abs(row.t_ratio) < 3.5 for row in fit.moments)


def test_the_strength_of_clusters_comes_back():
    market = SMALL.with_(annual_vol=0.3)
    found = []
    for true in (0.1, 0.8):
        run = simulate(market.with_(clustering=true), px=100.0, rounds=3_000, seed=41)
        fit = calibrate(
            np.concatenate([[100.0], run.mid]),
            config=market,
            parameters=("clustering",),
            seed=1,
            budget=25,
            rounds=3_000,
        )
        found.append(fit.parameters["clustering"])
    assert found[0] < 0.35
    assert found[1] > 0.6


@pytest.fixture(scope="module")
def history():
    return closes(clustered(700, 4))


def fitted(history, **changes):
    given = {
        "config": SMALL,
        "parameters": ("annual_vol", "clustering"),
        "seed": 1,
        "budget": 12,
        "rounds": 600,
    } | changes
    return calibrate(history, **given)


def test_a_fit_is_the_same_whenever_and_on_any_threads(history):
    one = fitted(history)
    assert fitted(history) == one
    assert fitted(history, threads=2) == one
    assert one.j <= one.j_start
    assert one.evaluations == 12
    assert not one.is_converged


def test_a_fit_goes_on_where_it_was_stopped(history):
    whole = fitted(history)
    seen = []

    def stop(done, of):
        seen.append((done, of))
        if done == 7:
            raise KeyboardInterrupt

    part = fitted(history, progress=stop)
    assert part.is_interrupted
    assert part.evaluations == 7
    assert seen == [(i, 12) for i in range(1, 8)]
    assert part.j == min(j for _, j in part.evaluated)

    runs = []
    again = fitted(history, resume=part, progress=lambda *told: runs.append(told))
    assert again.parameters == whole.parameters
    assert again.j == whole.j
    assert not again.is_interrupted


def test_what_is_known_is_not_simulated_again(history, monkeypatch):
    whole = fitted(history)
    calls = []
    real = calibration.simulate

    def counted(*given, **more):
        calls.append(1)
        return real(*given, **more)

    monkeypatch.setattr(calibration, "simulate", counted)
    fitted(history, resume=whole)
    assert len(calls) == 1, "only the best once more, for its moments"


def test_an_interrupt_before_anything_was_tried_is_passed_on(history, monkeypatch):
    def interrupted(*given, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr(calibration, "simulate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fitted(history)


def test_volumes_add_a_moment(history):
    volumes = 1_000.0 + 1e5 * np.abs(np.diff(np.log(history), prepend=np.log(history[0])))
    fit = fitted(history, volumes=volumes, budget=3)
    assert fit.moments[-1].name == "volume-|r| correlation"
    assert fit.moments[-1].target > 0.5


def test_a_real_series_is_fitted_far_better_than_by_the_defaults():
    if not SP500.exists():
        pytest.skip("the S&P 500 series is not on this machine")
    with SP500.open() as file:
        prices = [float(row["adj_close"]) for row in csv.DictReader(file)]
    fit = calibrate(prices, config=SMALL, seed=1, budget=30, rounds=2_000)
    assert fit.j < 0.5 * fit.j_start
    assert fit.returns > 4_900


@pytest.mark.parametrize(
    ("prices", "told"),
    [
        (np.linspace(100.0, 120.0, 300), "500 or more"),
        (np.full(900, 5.0), "vary"),
        (np.where(np.arange(900) == 4, np.nan, 5.0), r"prices\[4\]"),
        (np.where(np.arange(900) == 3, 0.0, 5.0), r"prices\[3\]"),
        (np.ones((30, 30)), "one dimension"),
    ],
)
def test_prices_that_say_nothing_are_refused(prices, told):
    with pytest.raises(ValueError, match=told):
        calibrate(prices, config=SMALL, seed=1, budget=2)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"parameters": ()}, "distinct"),
        ({"parameters": ("clustering", "clustering")}, "distinct"),
        ({"parameters": ("charm",)}, "annual_vol.*'charm'"),
        ({"budget": 1}, "budget"),
        ({"volumes": [1.0, 2.0]}, "volumes"),
        ({"volumes": np.zeros(701)}, "not all 0"),
    ],
)
def test_options_of_a_fit_are_named(history, changes, told):
    with pytest.raises(ValueError, match=told):
        fitted(history, **changes)


def test_a_block_longer_than_half_the_history_is_refused():
    with pytest.raises(ValueError, match="block"):
        target_of(clustered(600, 1), generator=np.random.default_rng(1), block=400)
