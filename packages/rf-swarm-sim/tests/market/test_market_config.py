"""Configurations: the defaults, the calendar, the steps of price, and what is refused."""

from __future__ import annotations

from math import nan, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_swarm_sim.market import AgentKind, SwarmConfig
from rf_swarm_sim.market.config import round_step, steps


def test_the_default_market_has_the_published_mix():
    counts = SwarmConfig().counts()
    assert list(counts.values()) == [2_400, 500, 750, 400, 250, 100, 600]


def test_the_twin_has_100_000_agents_with_50_000_each():
    twin = SwarmConfig.twin()
    assert (twin.agents, twin.funds) == (100_000, 50_000.0)
    assert list(twin.counts().values()) == [53_000, 8_000, 12_000, 10_000, 3_000, 2_000, 12_000]
    assert SwarmConfig.twin(funds=1_000.0).funds == 1_000.0


@given(st.integers(20, 100_000))
def test_every_number_of_agents_is_split_without_remainder(agents):
    counts = SwarmConfig(agents=agents).counts()
    assert sum(counts.values()) == agents
    assert min(counts.values()) >= 0


def test_the_volatility_of_a_round_is_the_annual_one_over_the_root_of_the_rounds():
    assert SwarmConfig().round_vol() == pytest.approx(0.20 / sqrt(390 * 252))
    assert SwarmConfig().round_vol(0.4) == pytest.approx(0.40 / sqrt(390 * 252))


@pytest.mark.parametrize("px", [0.003, 1.0842, 99.9, 100.0, 5_432.1, 61_000.0])
def test_a_price_has_20_000_to_50_000_ticks(px):
    tick, lot = steps(SwarmConfig(), px)
    assert 19_999 <= px / tick <= 50_001
    assert 0.1 <= px * lot / 5.0 <= 1.0001


@given(st.floats(1e-8, 1e8))
def test_a_round_step_is_1_2_or_5_times_a_power_of_ten(value):
    step = round_step(value)
    assert step <= value * (1 + 1e-9) < 2.6 * step
    assert float(f"{step:.6e}".split("e", maxsplit=1)[0]) in (1.0, 2.0, 5.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"agents": 19}, r"agents in \[20"),
        ({"agents": 100.5}, "agents an int"),
        ({"agents": True}, "agents a number"),
        ({"activation": 1.5}, "activation in"),
        ({"annual_vol": nan}, "annual_vol in"),
        ({"funds": -1.0}, "funds in"),
        ({"tick": 0.0}, "tick positive"),
        ({"mix": {AgentKind.RETAIL: 0.5}}, "sum to 1"),
        ({"mix": {AgentKind.RETAIL: 1.0}}, "at least one market maker"),
        ({"mix": {9: 1.0}}, "kinds of agents in mix"),
        ({"intensity": {AgentKind.NEWS: -1.0}}, "intensity"),
        ({"no_such": 1}, "a field of SwarmConfig"),
    ],
)
def test_what_no_market_can_be_made_of_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        SwarmConfig().with_(**change)


def test_a_tick_too_coarse_or_too_fine_for_the_price_is_refused():
    with pytest.raises(ValueError, match="ticks in the price"):
        steps(SwarmConfig(tick=1.0), 100.0)
    with pytest.raises(ValueError, match="ticks in the price"):
        steps(SwarmConfig(tick=1e-6), 100.0)
