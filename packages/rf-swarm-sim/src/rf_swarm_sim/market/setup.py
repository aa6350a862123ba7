"""From a configuration, a price and a past to what the compiled rounds work on."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np
import numpy.typing as npt

from rf_swarm_sim.market._kernels.layout import F64, I64, MEMORY, PARAMETERS
from rf_swarm_sim.market.config import LEVELS_PER_PX, SwarmConfig, steps
from rf_swarm_sim.market.kinds import AgentKind
from rf_swarm_sim.market.scenarios import Scenario

LARGEST_LOTS = 2**26
"""At the first price; 32 bits still hold what it becomes when the price falls by 95 %."""
LARGEST_WEALTH = 2.0**60


@dataclass(frozen=True)
class Setup:
    """What a run is computed from: steps, parameters, past, and where each kind begins."""

    config: SwarmConfig
    tick: float
    lot: float
    vol: float
    starts: I64
    levels: int
    parameters: F64
    history: F64
    seed: int

    @property
    def money(self) -> float:
        """Value of one tick times one lot in the quote currency."""
        return self.tick * self.lot


def set_up(
    config: SwarmConfig,
    *,
    px: float,
    seed: int,
    vol: float | None,
    history: npt.ArrayLike | None,
    sentiment: float,
    scenario: Scenario | None,
) -> Setup:
    """Check everything that a run is given and convert it once.

    Raises
    ------
    ValueError
        Naming what cannot be used, its value, and what was expected.
    """
    if not (isfinite(px) and px > 0.0):
        raise ValueError(f"expected px above 0, was {px!r}")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise ValueError(f"expected seed an int in [0, 2**63), was {seed!r}")
    annual = config.annual_vol if vol is None else vol
    if not (isfinite(annual) and 1e-4 <= annual <= 10.0):
        raise ValueError(f"expected vol in [0.0001, 10], a decimal per year, was {vol!r}")
    if not (isfinite(sentiment) and -1.0 <= sentiment <= 1.0):
        raise ValueError(f"expected sentiment in [-1, 1], was {sentiment!r}")
    tick, lot = steps(config, px)
    _check_size(config, px, tick, lot)
    past, known = _past(history, px / tick)
    counts = config.counts()
    starts = np.cumsum([0] + [counts[kind] for kind in AgentKind]).astype(np.int64)
    parameters = _parameters(config, px, tick, lot)
    parameters[0] = config.round_vol(annual)
    parameters[25] = sentiment
    if scenario is not None:
        parameters[26:30] = (
            scenario.price_shock,
            scenario.sentiment,
            scenario.vol_multiplier,
            scenario.rounds,
        )
    parameters[30] = known
    levels = int(LEVELS_PER_PX * px / tick)
    return Setup(config, tick, lot, annual, starts, levels, parameters, past, seed)


def _parameters(config: SwarmConfig, px: float, tick: float, lot: float) -> F64:
    """Return the array that the kernels read, in the order of `layout`."""
    unit = tick * lot
    values = np.zeros(PARAMETERS)
    values[:25] = (
        0.0,
        config.activation,
        config.busy_multiplier,
        config.rounds_per_day,
        config.max_position / unit,
        round(config.funds / unit),
        config.endowment,
        config.max_deploy / unit,
        min(100.0, config.max_deploy) / unit,
        0.5e-4 * config.spread_bps,
        config.mean_reversion,
        config.drift_cap,
        config.inventory_decay,
        config.slippage,
        config.maker_anchor,
        config.maker_skew,
        config.maker_reach,
        config.maker_size,
        config.size_spread,
        config.clustering,
        config.leverage,
        config.news_rate,
        config.news_jump,
        config.noise_trading,
        config.vol_attention,
    )
    values[28] = 1.0
    values[31] = px / tick
    values[32:] = [config.intensity.get(kind, 1.0) for kind in AgentKind]
    return values


def _check_size(config: SwarmConfig, px: float, tick: float, lot: float) -> None:
    largest = max(config.max_position, 2.0 * config.endowment * config.funds)
    if largest / (px * lot) > LARGEST_LOTS:
        raise ValueError(f"expected a lot that no position holds 2**26 of, was {lot!r}")
    wealth = config.agents * (config.funds + config.max_position) / (tick * lot)
    if wealth > LARGEST_WEALTH / 4.0:
        raise ValueError(
            f"expected ticks and lots so coarse that all funds fit 64 bits, were {tick!r}, {lot!r}"
        )


def _past(history: npt.ArrayLike | None, start: float) -> tuple[F64, int]:
    """Return the memory in ticks, newest last, and how many of its moves are known."""
    memory = np.full(MEMORY + 1, start)
    if history is None:
        return memory, 0
    past = np.asarray(history, dtype=np.float64)
    if past.ndim != 1 or past.size < 2:
        raise ValueError(f"expected a history of 2 or more prices, was shape {past.shape}")
    if not (np.isfinite(past).all() and (past > 0.0).all()):
        raise ValueError("expected a history of positive prices, was one that has others")
    scaled = past[-(MEMORY + 1) :] * (start / past[-1])
    memory[-scaled.size :] = scaled
    memory[: -scaled.size] = scaled[0]
    return memory, int(scaled.size) - 1
