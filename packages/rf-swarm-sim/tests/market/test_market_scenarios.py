"""Scenarios: their published parameters, and that they move price and volatility and fade."""

from __future__ import annotations

import numpy as np
import pytest

from rf_swarm_sim.market import (
    SCENARIOS,
    Scenario,
    SwarmConfig,
    cpi_surprise,
    custom,
    dividend_cut,
    earnings_beat,
    earnings_miss,
    exchange_collapse,
    fed_rate_cut,
    fed_rate_hike,
    flash_crash,
    geopolitical_crisis,
    liquidity_vacuum,
    merger,
    oil_supply_shock,
    regulatory_crackdown,
    short_squeeze,
    simulate,
)

CONFIG = SwarmConfig(agents=2_000)


@pytest.mark.parametrize(
    ("scenario", "expected"),
    [
        (fed_rate_hike(50), (-0.05, -0.6, 2.0, 60)),
        (fed_rate_cut(50), (0.04, 0.7, 1.5, 40)),
        (cpi_surprise(0.01), (-0.02, -0.5, 2.5, 30)),
        (cpi_surprise(-0.01), (0.02, 0.5, 2.5, 30)),
        (earnings_beat(10), (0.05, 0.8, 2.0, 45)),
        (earnings_miss(10), (-0.06, -0.8, 2.5, 45)),
        (oil_supply_shock(30), (-0.03, -0.4, 1.8, 120)),
        (oil_supply_shock(-30), (0.03, 0.2, 1.8, 120)),
        (exchange_collapse(), (-0.15, -1.0, 5.0, 200)),
        (flash_crash(7), (-0.07, -1.0, 8.0, 15)),
        (short_squeeze(12), (0.12, 0.9, 4.0, 30)),
        (liquidity_vacuum(), (-0.05, -0.7, 10.0, 10)),
        (geopolitical_crisis(0.5), (-0.04, -0.45, 2.5, 100)),
        (regulatory_crackdown(0.5), (-0.06, -0.35, 2.0, 100)),
        (merger(0.3), (0.27, 0.5, 1.5, 30)),
        (dividend_cut(), (-0.08, -0.6, 1.8, 60)),
        (custom(0.01, 0.2, 3.0, 7), (0.01, 0.2, 3.0, 7)),
    ],
)
def test_scenarios_have_the_published_parameters(scenario, expected):
    got = (scenario.price_shock, scenario.sentiment, scenario.vol_multiplier, scenario.rounds)
    assert got == pytest.approx(expected)


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_scenario_moves_the_price_its_way(name):
    build = SCENARIOS[name].build
    scenario = build(-0.03) if name == "custom" else build()
    calm = simulate(CONFIG, px=100.0, rounds=5, seed=1)
    hit = simulate(CONFIG, px=100.0, rounds=5, seed=1, scenario=scenario)
    move = hit.mid[-1] / calm.mid[-1] - 1.0
    assert np.sign(move) == np.sign(scenario.price_shock)
    assert abs(move) > 0.3 * abs(scenario.price_shock)


def test_the_shock_is_gone_when_its_rounds_are_over():
    calm = simulate(CONFIG, px=100.0, rounds=200, seed=1)
    hit = simulate(CONFIG, px=100.0, rounds=200, seed=1, scenario=custom(-0.08, rounds=60))
    gap = hit.mid / calm.mid - 1.0
    assert gap[5] < -0.05
    assert gap[5] < gap[30] < gap[55] < 0.0
    assert abs(gap[150:].mean()) < 0.006


def test_the_volatility_multiplier_applies_and_fades():
    calm = simulate(CONFIG, px=100.0, rounds=260, seed=1)
    hit = simulate(CONFIG, px=100.0, rounds=260, seed=1, scenario=custom(0.0, 0.0, 5.0, 100))
    early, late = slice(0, 50), slice(180, 260)
    assert hit.returns()[early].std() > 2.0 * calm.returns()[early].std()
    assert hit.returns()[late].std() < 1.4 * calm.returns()[late].std()


def test_sentiment_is_injected_and_fades_linearly():
    quiet = CONFIG.with_(news_rate=0.0)
    run = simulate(quiet, px=100.0, rounds=50, seed=1, scenario=custom(0.0, -0.6, 1.0, 40))
    expected = -0.6 * np.clip(1.0 - np.arange(50) / 40, 0.0, None)
    assert run.sentiment == pytest.approx(expected, abs=1e-12)
    assert run.net_flow[:20].sum() < simulate(quiet, px=100.0, rounds=20, seed=1).net_flow.sum()


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_parameter_is_explained(name):
    entry = SCENARIOS[name]
    arguments = entry.build.__code__.co_varnames[: entry.build.__code__.co_argcount]
    assert tuple(entry.parameters) == arguments


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: fed_rate_hike(-1), "bps in"),
        (lambda: flash_crash(95), "pct in"),
        (lambda: geopolitical_crisis(0.0), "severity in"),
        (lambda: custom(-1.0), "price_shock in"),
        (lambda: custom(0.0, 2.0), "sentiment in"),
        (lambda: custom(0.0, 0.0, 0.0), "vol_multiplier in"),
        (lambda: custom(0.0, 0.0, 1.0, 0), "rounds an int"),
        (lambda: Scenario("", 0.0, 0.0, 1.0, 1), "a name"),
        (lambda: merger(float("nan")), "premium in"),
    ],
)
def test_what_cannot_happen_is_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()
