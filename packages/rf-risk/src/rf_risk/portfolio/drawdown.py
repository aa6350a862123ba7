"""Falls from the peak: the series, and how deep they tend to be."""

from __future__ import annotations

from math import inf

import numpy as np
import numpy.typing as npt

from rf_risk.portfolio.var import Floats, sample


def drawdowns(equity: npt.ArrayLike) -> Floats:
    """Return the fall from the running peak at each point, fractions of at least 0."""
    curve = sample(equity, "equity")
    if curve.min() <= 0.0:
        raise ValueError(f"expected positive equity, was {curve.min()}")
    falls: Floats = 1.0 - curve / np.maximum.accumulate(curve)
    return falls


def drawdown_distribution(
    returns: npt.ArrayLike,
    *,
    periods: int,
    simulations: int,
    rng: np.random.Generator,
    block: int = 1,
) -> Floats:
    """Return the sorted deepest falls of futures drawn from past returns in blocks.

    Parameters
    ----------
    returns : (n,) array
        Simple returns, oldest first.
    periods : int
        Length of each future.
    block : int
        Periods that are drawn together, so that streaks survive.
    """
    r = sample(returns, least=2)
    if periods < 1 or simulations < 1 or not 1 <= block <= r.size:
        raise ValueError("expected periods, simulations >= 1 and a block within the sample")
    count = -(-periods // block)
    deepest = np.empty(simulations)
    step = max(1, 2_000_000 // periods)
    for first in range(0, simulations, step):
        size = min(step, simulations - first)
        starts = rng.integers(0, r.size, size=(size, count, 1))
        rows = ((starts + np.arange(block)) % r.size).reshape(size, -1)[:, :periods]
        wealth = np.cumprod(1.0 + r[rows], axis=1)
        peaks = np.maximum(np.maximum.accumulate(wealth, axis=1), 1.0)
        deepest[first : first + size] = (1.0 - wealth / peaks).max(axis=1).clip(0.0)
    deepest.sort()
    return deepest


def probability_of_drawdown(depth: float, *, mu: float, sigma: float) -> float:
    """Return the probability that a diffusion ever falls by `depth` below where it starts.

    Parameters
    ----------
    depth : float
        Fraction within 0 and 1.
    mu, sigma : float
        Drift and volatility of wealth per year, decimals; it never ends.

    References
    ----------
    Thorp (2006), equation 7.7: ``(1 - depth)^(2 mu / sigma^2 - 1)``.
    """
    if not 0.0 < depth < 1.0 or not 0.0 < sigma < inf:
        raise ValueError(f"expected 0 < depth < 1 and sigma > 0, was {depth}, {sigma}")
    power = 2.0 * mu / sigma**2 - 1.0
    return float((1.0 - depth) ** power) if power > 0.0 else 1.0
