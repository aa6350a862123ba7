"""Run a simulated market, in chunks so that it can be watched and interrupted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rf_swarm_sim.market.config import SwarmConfig
from rf_swarm_sim.market.results import result
from rf_swarm_sim.market.run import SwarmRun
from rf_swarm_sim.market.scenarios import Scenario
from rf_swarm_sim.market.setup import set_up
from rf_swarm_sim.market.state import Market, Progress, check_rounds


def simulate(
    config: SwarmConfig,
    *,
    px: float,
    rounds: int,
    seed: int,
    vol: float | None = None,
    history: npt.ArrayLike | None = None,
    sentiment: float = 0.0,
    scenario: Scenario | None = None,
    threads: int = 1,
    log: bool = False,
    progress: Progress | None = None,
) -> SwarmRun:
    """Let the agents trade through the book for a number of rounds.

    Parameters
    ----------
    config : SwarmConfig
        The market.
    px : float
        Price at the start, above 0.
    rounds : int
        Rounds to run, 1 or more.
    seed : int
        Of all random numbers; the same seed gives the same bits with any number of threads.
    vol : float, optional
        Volatility of the fundamental per year; that of `config` when left out.
    history : (n,) array, optional
        Prices before the start, one a round, newest last; scaled so that the last is `px`. What
        agents remember of it are its moves.
    sentiment : float
        Mood of the news at the start in [-1, 1]; fades linearly over 390 rounds.
    scenario : Scenario, optional
        What hits the market in the first round.
    threads : int
        Threads in which agents decide; matching is one after the other.
    log : bool
        Whether to keep every action.
    progress : callable, optional
        Called with (rounds done, rounds) between chunks, where a run can be interrupted.

    Returns
    -------
    SwarmRun

    Raises
    ------
    ValueError
        If an argument is out of range; the message names it.

    Examples
    --------
    >>> run = simulate(SwarmConfig(agents=200), px=100.0, rounds=20, seed=1)
    >>> run.conservation()
    Conservation(funds=0, inventory=0)
    """
    children = np.zeros(check_rounds(rounds), dtype=np.int64)
    setup = set_up(
        config,
        px=px,
        seed=seed,
        vol=vol,
        history=history,
        sentiment=sentiment,
        scenario=scenario,
    )
    market = Market.open(setup, children)
    logs = market.run(threads, log, progress)
    return result(market, px, scenario, logs)
