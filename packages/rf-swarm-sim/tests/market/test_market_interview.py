"""Interviews answer from what was recorded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rf_swarm_sim.market import (
    Action,
    AgentKind,
    Reason,
    RiskStatus,
    SwarmConfig,
    interview,
    simulate,
)


def test_every_agent_answers_with_its_recorded_reason(market_run):
    table = market_run.agents
    for agent in range(0, 1_000, 7):
        answer = interview(market_run, agent)
        assert answer.kind == table.kind[agent]
        assert answer.reason == table.last_reason[agent]
        assert answer.action == table.last_action[agent]
        assert answer.position == table.inventory[agent]
        assert answer.kind.label in answer.summary


def test_the_summary_says_what_the_log_says(market_run):
    log = market_run.log
    assert log is not None
    for row in np.flatnonzero(log.action != Action.PROVIDE_LIQUIDITY)[-40:]:
        agent = int(log.agent[row])
        answer = interview(market_run, agent)
        if answer.last_round == log.round[row]:
            bought = market_run.agents.last_size[agent] > 0
            assert ("to buy" if bought else "to sell") in answer.summary


def test_factors_name_what_the_agent_saw(market_run):
    maker = int(np.flatnonzero(market_run.agents.kind == AgentKind.MARKET_MAKER)[0])
    text = " | ".join(interview(market_run, maker).factors)
    for word in ("sentiment", "volatility", "RSI", "last hour", "fair value", "position"):
        assert word in text


def test_retail_has_no_fair_value_and_funds_have_one(market_run):
    fund = int(np.flatnonzero(market_run.agents.kind == AgentKind.HEDGE_FUND)[0])
    assert interview(market_run, 0).fair_value is None
    value = interview(market_run, fund).fair_value
    assert value is not None
    assert 70.0 < value < 130.0


@pytest.mark.parametrize(
    ("share", "status"),
    [
        (0.0, RiskStatus.HEALTHY),
        (0.74, RiskStatus.HEALTHY),
        (-0.76, RiskStatus.NEAR_LIMIT),
        (1.01, RiskStatus.AT_LIMIT),
    ],
)
def test_the_risk_status_follows_the_share_of_the_limit(market_run, share, status):
    inventory = market_run.agents.inventory.copy()
    limit = market_run.config.max_position / (market_run.lot * market_run.mid[-1])
    inventory[5] = round(share * limit)
    changed = replace(market_run, agents=replace(market_run.agents, inventory=inventory))
    answer = interview(changed, 5)
    assert answer.risk is status
    assert answer.limit_used == pytest.approx(abs(share), abs=1e-3)


def test_who_was_never_awake_says_so():
    run = simulate(SwarmConfig(agents=200, activation=0.0), px=100.0, rounds=3, seed=1)
    answer = interview(run, 0)
    assert (answer.last_round, answer.reason, answer.factors) == (-1, Reason.NONE, ())
    assert "never awake" in answer.summary


@pytest.mark.parametrize("agent", [-1, 1_000, 1.0, True])
def test_an_agent_that_is_not_there_is_refused(market_run, agent):
    with pytest.raises(ValueError, match="an agent in"):
        interview(market_run, agent)
