"""What a twin of a market reports of a round: calm, or one of four ways to break."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from rf_swarm_sim.market.run import F64, SwarmRun

WINDOW = 5
CRASH_MOVE = -0.02
CRASH_FLOW = -5_000_000.0
BUBBLE_GAP = 0.05
VACUUM_FLOW = 10_000.0
VACUUM_SPREAD_BPS = 100.0
FLIPS = 4
AGENTS = 100_000
"""Flows above are those of a market of so many agents; they scale with the number."""


class TwinKind(StrEnum):
    """What happened."""

    NORMAL = "Normal"
    FLASH_CRASH = "FlashCrash"
    BUBBLE = "Bubble"
    LIQUIDITY_VACUUM = "LiquidityVacuum"
    MOMENTUM_CRASH = "MomentumCrash"


@dataclass(frozen=True, slots=True)
class TwinEvent:
    """What happened in a round; `severity` is how many times its threshold was reached."""

    kind: TwinKind
    round: int
    severity: float


def twin_event(run: SwarmRun, number: int) -> TwinEvent:
    """Return the state of the market at the end of a round, the worst one first.

    A flash crash is a fall of more than 2 % within five rounds while takers sold more than 5
    million net; a liquidity vacuum a spread above 1 % (or a side without quotes) while less than
    10,000 net was traded; a bubble a price more than 5 % above the fundamental; a momentum crash
    four or more reversals in the last five steps, each move larger than a round's volatility.
    Flows are for 100,000 agents and scale with their number.

    Raises
    ------
    ValueError
        If the run has no such round.

    Examples
    --------
    >>> from rf_swarm_sim.market import SwarmConfig, simulate
    >>> run = simulate(SwarmConfig(agents=200), px=100.0, rounds=30, seed=1)
    >>> twin_event(run, 29).round
    29
    """
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < run.rounds:
        raise ValueError(f"expected a round in [0, {run.rounds - 1}], was {number!r}")
    return _event(run, np.concatenate([[run.start], run.mid]), number)


def twin_events(run: SwarmRun) -> tuple[TwinEvent, ...]:
    """Return what happened in every round that was not normal."""
    mids = np.concatenate([[run.start], run.mid])
    found = (_event(run, mids, number) for number in range(run.rounds))
    return tuple(event for event in found if event.kind is not TwinKind.NORMAL)


def _event(run: SwarmRun, mids: F64, number: int) -> TwinEvent:
    """`mids` begins with the price before the first round."""
    scale = run.config.agents / AGENTS
    now = number + 1
    move = float(mids[now] / mids[max(now - WINDOW, 0)] - 1.0)
    flow = float(run.net_flow[max(now - WINDOW, 0) : now].sum())
    if move < CRASH_MOVE and flow < CRASH_FLOW * scale:
        return TwinEvent(TwinKind.FLASH_CRASH, number, move / CRASH_MOVE)
    spread = float(run.spread_bps[number])
    wide = not spread <= VACUUM_SPREAD_BPS  # a side without quotes has no spread at all
    if wide and abs(float(run.net_flow[number])) < VACUUM_FLOW * scale:
        severity = spread / VACUUM_SPREAD_BPS if spread > 0.0 else float("inf")
        return TwinEvent(TwinKind.LIQUIDITY_VACUUM, number, severity)
    gap = float(run.mid[number] / run.fundamental[number] - 1.0)
    if gap > BUBBLE_GAP:
        return TwinEvent(TwinKind.BUBBLE, number, gap / BUBBLE_GAP)
    flips = _flips(mids[max(now - WINDOW - 1, 0) : now + 1], run.config.round_vol(run.vol))
    if flips >= FLIPS:
        return TwinEvent(TwinKind.MOMENTUM_CRASH, number, flips / FLIPS)
    return TwinEvent(TwinKind.NORMAL, number, 0.0)


def _flips(mids: F64, sigma: float) -> int:
    """Return how often the sign of moves larger than `sigma` turned from one to the next."""
    moves = mids[1:] / mids[:-1] - 1.0
    signs = np.where(np.abs(moves) > sigma, np.sign(moves), 0.0)
    return int((signs[1:] * signs[:-1] < 0.0).sum())
