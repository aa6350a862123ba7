"""The action log: lines of JSON and the questions asked of it."""

from __future__ import annotations

from io import StringIO
from math import inf, isnan

import msgspec
import numpy as np
import pytest

from rf_swarm_sim.market import (
    Action,
    ActionLog,
    AgentKind,
    SwarmConfig,
    buy_sell_ratio,
    most_active_agent,
    simulate,
    write_log,
)


def test_every_line_is_json_and_says_what_the_columns_say(market_run):
    log, file = market_run.log, StringIO()
    assert log is not None
    written = write_log(market_run, file, start_ns=1_000, round_ns=10)
    lines = file.getvalue().splitlines()
    assert written == len(lines) == log.round.size
    for row in range(0, written, 997):
        line = msgspec.json.decode(lines[row])
        assert list(line) == ["round", "agent", "type", "action", "price", "size", "ts"]
        assert line["round"] == log.round[row]
        assert line["type"] == AgentKind(log.kind[row]).label
        assert line["action"] == Action(log.action[row]).label
        assert line["price"] == pytest.approx(log.tick[row] * market_run.tick)
        assert line["ts"] == 1_000 + 10 * log.round[row]


def test_what_agents_bought_and_sold_is_in_the_log(market_run):
    log = market_run.log
    assert log is not None
    retail = log.kind == AgentKind.RETAIL
    bought, sold = log.size[retail & (log.size > 0)].sum(), -log.size[retail & (log.size < 0)].sum()
    assert buy_sell_ratio(market_run, AgentKind.RETAIL) == pytest.approx(bought / sold)
    assert buy_sell_ratio(market_run) > 0.0


def test_the_most_active_agent_is_the_one_with_most_lines(market_run):
    log = market_run.log
    assert log is not None
    agent, actions = most_active_agent(market_run)
    assert actions == np.unique(log.agent, return_counts=True)[1].max()
    assert (log.agent == agent).sum() == actions
    fund, _ = most_active_agent(market_run, AgentKind.HEDGE_FUND)
    assert market_run.agents.kind[fund] == AgentKind.HEDGE_FUND


def _with(market_run, sizes: list[int]):
    from dataclasses import replace

    n = len(sizes)
    zeros = np.zeros(n, np.int32)
    actions = np.where(np.array(sizes) > 0, Action.BUY, Action.SELL).astype(np.int8)
    log = ActionLog(
        zeros, zeros, zeros.astype(np.int8), actions, zeros, np.array(sizes, dtype=np.int32)
    )
    return replace(market_run, log=log)


def test_the_ratio_of_nothing_is_not_a_number(market_run):
    assert buy_sell_ratio(_with(market_run, [5])) == inf
    assert isnan(buy_sell_ratio(_with(market_run, [])))
    assert buy_sell_ratio(_with(market_run, [6, -3])) == 2.0


def test_a_run_without_a_log_is_refused():
    run = simulate(SwarmConfig(agents=50), px=100.0, rounds=2, seed=1)
    for ask in (lambda: write_log(run, StringIO()), lambda: buy_sell_ratio(run)):
        with pytest.raises(ValueError, match="kept its log"):
            ask()


def test_an_empty_log_has_no_most_active_agent(market_run):
    with pytest.raises(ValueError, match="was empty"):
        most_active_agent(_with(market_run, []))
