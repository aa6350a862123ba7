"""The log of what agents did: as lines of JSON, and as answers to the usual questions."""

from __future__ import annotations

from math import inf, nan
from typing import TextIO

import numpy as np

from rf_swarm_sim.market.kinds import Action, AgentKind
from rf_swarm_sim.market.run import ActionLog, SwarmRun

ROUND_NS = 60_000_000_000


def _log_of(run: SwarmRun) -> ActionLog:
    if run.log is None:
        raise ValueError("expected a run that kept its log (simulate with log=True), was without")
    return run.log


def write_log(run: SwarmRun, file: TextIO, *, start_ns: int = 0, round_ns: int = ROUND_NS) -> int:
    """Write one line of JSON for each action and return how many.

    A line holds round, agent, type, action, price, size (lots filled, negative when sold) and ts
    (nanoseconds: `start_ns` at round 0, `round_ns` a round). The price of an order that traded is
    that of its last fill, of others the limit; that of a maker is its bid.

    Raises
    ------
    ValueError
        If the run kept no log.

    Examples
    --------
    >>> from io import StringIO
    >>> from rf_swarm_sim.market import SwarmConfig, simulate
    >>> run = simulate(SwarmConfig(agents=100), px=100.0, rounds=1, seed=1, log=True)
    >>> write_log(run, StringIO()) == run.log.round.size
    True
    """
    log = _log_of(run)
    digits = max(0, -int(np.floor(np.log10(run.tick))) + 1)
    kinds = [kind.label for kind in AgentKind]
    actions = [action.label for action in Action]
    for number, agent, kind, action, tick, size in zip(
        *(column.tolist() for column in log), strict=True
    ):
        px = round(tick * run.tick, digits)
        file.write(
            f'{{"round":{number},"agent":{agent},"type":"{kinds[kind]}",'
            f'"action":"{actions[action]}","price":{px},"size":{size},'
            f'"ts":{start_ns + number * round_ns}}}\n'
        )
    return int(log.round.size)


def buy_sell_ratio(run: SwarmRun, kind: AgentKind | None = None) -> float:
    """Return lots bought over lots sold by takers; inf without a sale, NaN without a trade."""
    log = _log_of(run)
    chosen = log.action != Action.PROVIDE_LIQUIDITY
    if kind is not None:
        chosen &= log.kind == kind
    sizes = log.size[chosen].astype(np.int64)
    bought, sold = int(sizes.clip(0).sum()), -int(sizes.clip(None, 0).sum())
    if sold == 0:
        return inf if bought > 0 else nan
    return bought / sold


def most_active_agent(run: SwarmRun, kind: AgentKind | None = None) -> tuple[int, int]:
    """Return the agent with the most actions and their number; the lowest id among equals.

    Raises
    ------
    ValueError
        If the run kept no log or nobody acted.
    """
    log = _log_of(run)
    agents = log.agent if kind is None else log.agent[log.kind == kind]
    if agents.size == 0:
        raise ValueError("expected a log with an action, was empty")
    counts = np.bincount(agents)
    best = int(counts.argmax())
    return best, int(counts[best])
