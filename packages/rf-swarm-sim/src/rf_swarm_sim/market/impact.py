"""How far a large order moves the simulated price, and how that grows with its size."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
import numpy.typing as npt

from rf_swarm_sim.market._kernels.layout import F64, R_VOLUME
from rf_swarm_sim.market._kernels.paths import PATH_DRAWS
from rf_swarm_sim.market._kernels.randoms import derive
from rf_swarm_sim.market.config import SwarmConfig
from rf_swarm_sim.market.setup import Setup, set_up
from rf_swarm_sim.market.state import Market, check_rounds


@dataclass(frozen=True, eq=False)
class ImpactCurve:
    """Impact of a large order against its size, and the exponent of the power law between.

    Attributes
    ----------
    sizes : (m,) array
        Size as a share of the volume of the rounds it is traded in.
    impact_bps, std_error_bps : (m,) array
        Mean move of the mid in the order's direction after its last round, against the same
        random numbers without it, and its standard error over paths.
    exponent, exponent_error : float
        Slope of the log of it on the log of size and its jackknife error over paths; NaN where
        a mean is not above 0.
    shortfall_bps, shortfall_error_bps : (m,) array
        Mean price paid against the mean mid without the order, beyond what an order of one lot a
        round pays: how far the order moved the price while it was traded.
    shortfall_exponent, shortfall_exponent_error : float
        The same slope and error for the shortfall.
    paths, rounds : int
        Paths, and rounds over which the order is spread.
    """

    sizes: F64
    impact_bps: F64
    std_error_bps: F64
    exponent: float
    exponent_error: float
    shortfall_bps: F64
    shortfall_error_bps: F64
    shortfall_exponent: float
    shortfall_exponent_error: float
    paths: int
    rounds: int


def impact_curve(
    config: SwarmConfig,
    sizes: npt.ArrayLike = (0.01, 0.02, 0.05, 0.1, 0.2),
    *,
    px: float = 100.0,
    rounds: int = 10,
    warmup: int = 150,
    paths: int = 16,
    seed: int = 1,
    threads: int = 1,
) -> ImpactCurve:
    """Send an order into the market from outside, in equal parts over `rounds`, and measure.

    Every other path sells instead of buying. The outside account trades like any taker, so funds
    and inventory stay conserved.

    Parameters
    ----------
    config : SwarmConfig
        The market.
    sizes : (m,) array
        Sizes as shares of the mean volume of `rounds` rounds, two or more, increasing.
    px : float
        Price at the start.
    rounds, warmup : int
        Rounds over which the order is spread, and before it starts.
    paths : int
        Paths, 4 or more.
    seed, threads : int
        As in `simulate`.

    Raises
    ------
    ValueError
        If an argument is out of range; the message names it.

    References
    ----------
    Almgren, Thum, Hauptmann and Li (2005); Toth et al. (2011) on the square root.
    """
    shares = np.asarray(sizes, dtype=np.float64)
    if shares.ndim != 1 or shares.size < 2 or not (np.diff(shares) > 0.0).all():
        raise ValueError(f"expected two or more increasing sizes, was {sizes!r}")
    if not (np.isfinite(shares).all() and shares[0] > 0.0):
        raise ValueError(f"expected sizes above 0, was {sizes!r}")
    if isinstance(paths, bool) or not isinstance(paths, int) or paths < 4:
        raise ValueError(f"expected paths an int of 4 or more, was {paths!r}")
    total = check_rounds(rounds) + check_rounds(warmup)
    setup = set_up(config, px=px, seed=seed, vol=None, history=None, sentiment=0.0, scenario=None)
    experiment = _Experiment(setup, warmup, total, threads)
    measured = [experiment.measure(path, shares) for path in range(paths)]
    moves, shortfalls = (np.array(part) for part in zip(*measured, strict=True))
    slope, error = _exponent(shares, moves)
    shortfall_slope, shortfall_error = _exponent(shares, shortfalls)
    return ImpactCurve(
        sizes=shares,
        impact_bps=moves.mean(axis=0) * 1e4,
        std_error_bps=moves.std(axis=0, ddof=1) / sqrt(paths) * 1e4,
        exponent=slope,
        exponent_error=error,
        shortfall_bps=shortfalls.mean(axis=0) * 1e4,
        shortfall_error_bps=shortfalls.std(axis=0, ddof=1) / sqrt(paths) * 1e4,
        shortfall_exponent=shortfall_slope,
        shortfall_exponent_error=shortfall_error,
        paths=paths,
        rounds=rounds,
    )


@dataclass(frozen=True, eq=False)
class _Experiment:
    """One market and one way to send orders into it."""

    setup: Setup
    warmup: int
    total: int
    threads: int

    def measure(self, path: int, shares: F64) -> tuple[F64, F64]:
        """Return for each size the move of the mid and the shortfall of the order, as logs.

        Both are against the same random numbers without the order; the shortfall compares the
        mean price paid with the mean mid of the rounds, less the same for one lot a round.
        """
        key = np.uint64(derive(np.uint64(self.setup.seed), PATH_DRAWS + path))
        calm, _ = self._market(0, key)
        sign = 1 if path % 2 == 0 else -1
        part = calm.tape[self.warmup :, R_VOLUME].mean() * shares
        mids = calm.mids[-(self.total - self.warmup) - 1 : -1].mean()
        _, paid = self._market(sign, key)
        least = sign * np.log(paid / mids)
        moves, shortfalls = np.empty(shares.size), np.empty(shares.size)
        for k, lots in enumerate(part):
            market, paid = self._market(sign * max(round(float(lots)), 1), key)
            moves[k] = sign * np.log(market.mids[-1] / calm.mids[-1])
            shortfalls[k] = sign * np.log(paid / mids) - least
        return moves, shortfalls

    def _market(self, child: int, key: np.uint64) -> tuple[Market, float]:
        """Return the market after the order and the mean price in ticks that it paid."""
        children = np.zeros(self.total, dtype=np.int64)
        children[self.warmup :] = child
        market = Market.open(self.setup, children, key=key)
        before = int(market.agents.account["funds"][-1])
        market.run(self.threads, log=False, progress=None)
        spent = before - int(market.agents.account["funds"][-1])
        lots = int(market.agents.account["inventory"][-1])
        return market, spent / lots if lots != 0 else float("nan")


def _exponent(shares: F64, moves: F64) -> tuple[float, float]:
    """Return the slope of log mean impact on log size and its jackknife error over paths."""
    x = np.log(shares) - np.log(shares).mean()

    def slope(mean: F64) -> float:
        return float(x @ np.log(mean) / (x @ x)) if (mean > 0.0).all() else nan

    paths = moves.shape[0]
    total = moves.sum(axis=0)
    without = np.array([slope((total - row) / (paths - 1)) for row in moves])
    if not np.isfinite(without).all():
        return slope(moves.mean(axis=0)), nan
    spread = float(((without - without.mean()) ** 2).sum() * (paths - 1) / paths)
    return slope(moves.mean(axis=0)), sqrt(spread)
