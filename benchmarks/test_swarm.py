"""The simulated market: one round of 100,000 agents through the book, and ensembles of paths.

A round is measured over a whole day of 390, busy open and close included; the first call, which
compiles or loads the kernels, is not in it. NumPy is measured beside it: two draws and a
comparison an agent, no book, so it does far less. ``make bench-peers A=swarm`` has Mesa.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rf_swarm_sim.market import SwarmConfig, simulate, simulate_ensemble
from rf_swarm_sim.market.setup import set_up
from rf_swarm_sim.market.state import Market

DAY = 390
TWIN = SwarmConfig.twin()


def _round(threads: int, rounds: int, seed: int = 1) -> float:
    return float(simulate(TWIN, px=100.0, rounds=rounds, seed=seed, threads=threads).mid[-1])


@pytest.mark.parametrize("threads", [1, 2])
def test_a_round_of_100_000_agents(benchmark: Any, tell: Any, threads: int) -> None:
    """One day of rounds, from the first quote to the last trade, by round."""
    _round(threads, 2)
    last = benchmark.pedantic(_round, args=(threads, DAY), rounds=5, iterations=1)
    assert last > 0.0
    tell(per_call=DAY, agents=TWIN.agents, threads=threads)


def test_threads_do_not_change_a_bit() -> None:
    assert _round(1, 30) == _round(2, 30)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_ensemble_of_64_paths_of_5_000_agents(benchmark: Any, tell: Any, threads: int) -> None:
    """64 paths of 60 rounds, whole; the rate is agents times rounds times paths a second."""
    config, paths, rounds = SwarmConfig(), 64, 60

    def run() -> np.ndarray:
        return simulate_ensemble(
            config, px=100.0, rounds=rounds, paths=paths, seed=1, threads=threads
        ).px

    run()
    assert benchmark.pedantic(run, rounds=5, iterations=1).shape == (paths, rounds)
    rate = config.agents * paths * rounds / benchmark.stats.stats.min if benchmark.stats else 0.0
    tell(threads=threads, agent_steps_a_second=round(rate))


def test_a_logged_round_of_100_000_agents(benchmark: Any, tell: Any) -> None:
    """Forty calm rounds with every action kept in columns, by round."""

    def run() -> int:
        log = simulate(TWIN, px=100.0, rounds=40, seed=1, log=True).log
        assert log is not None
        return int(log.round.size)

    run()
    rows = benchmark.pedantic(run, rounds=3, iterations=1)
    tell(per_call=40, rows_a_round=rows // 40)


def test_opening_a_market_of_100_000_agents(benchmark: Any, tell: Any) -> None:
    """State, endowment and the first quotes; beside it what the state takes, by agent."""
    setup = set_up(TWIN, px=100.0, seed=1, vol=None, history=None, sentiment=0.0, scenario=None)
    market = benchmark.pedantic(
        Market.open, args=(setup, np.zeros(1, dtype=np.int64)), rounds=5, warmup_rounds=1
    )
    arrays = (*market.agents, *market.book, market.wealth)
    tell(bytes_an_agent=round(sum(a.nbytes for a in arrays) / TWIN.agents))


def test_numpy_agents_without_a_book(benchmark: Any, tell: Any) -> None:
    """The peer in NumPy: two draws and a comparison an agent, summed; no book and no accounts."""
    generator = np.random.default_rng(1)
    shares = np.repeat(list(TWIN.mix.values()), list(TWIN.counts().values()))

    def step() -> float:
        awake = generator.random(TWIN.agents) < TWIN.activation
        signed = np.where(generator.random(TWIN.agents) < 0.5, -1.0, 1.0)
        return float((awake * signed * shares).sum())

    benchmark(step)
    tell(baseline="numpy, no book")
