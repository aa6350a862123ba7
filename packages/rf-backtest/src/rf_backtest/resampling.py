"""What else could have happened: bootstrapped futures, ruin, first passage."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp, log, log10, sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from rf_backtest._checks import FloatArray, series

_CHUNK = 4_000_000
"""Draws held in memory at one time."""


@dataclass(frozen=True, slots=True)
class Futures:
    """Simulated outcomes; arrays have one entry per simulation.

    `final` is final wealth, `drawdown` the deepest fall as a positive fraction of the peak, and
    `ruined` the share of simulations in which wealth touched the ruin level at any time.
    """

    final: FloatArray
    drawdown: FloatArray
    ruined: float


def bootstrap(
    results: npt.ArrayLike,
    *,
    start: float,
    simulations: int,
    rng: np.random.Generator,
    compound: bool = True,
    block: int = 1,
    ruin: float = 0.0,
) -> Futures:
    """Draw futures of the same length from what happened, with replacement.

    Parameters
    ----------
    results : (n,) array
        Returns per period when `compound`, otherwise P&L in currency.
    start : float
        Starting wealth, positive.
    simulations : int
        How many futures.
    block : int
        Length of the blocks that are drawn together, so that streaks survive.
    ruin : float
        Wealth at or below which a future counts as ruined.

    Raises
    ------
    ValueError
        If a number is out of range.
    """
    r = series(results, "results")
    if not start > 0 or simulations < 1 or not 1 <= block <= r.size:
        raise ValueError(
            f"expected start > 0, simulations >= 1 and a block of 1 to {r.size}, "
            f"was {start}, {simulations}, {block}"
        )
    final, fall = np.empty(simulations), np.empty(simulations)
    ruined = 0
    step = max(1, _CHUNK // r.size)
    for first in range(0, simulations, step):
        end = min(first + step, simulations)
        drawn = r[_blocks(r.size, end - first, block, rng)]
        wealth = start * np.cumprod(1.0 + drawn, axis=1) if compound else start + drawn.cumsum(1)
        peaks = np.maximum(np.maximum.accumulate(wealth, axis=1), start)
        final[first:end] = wealth[:, -1]
        fall[first:end] = (1.0 - wealth / peaks).max(axis=1).clip(0.0)
        ruined += int((wealth.min(axis=1) <= ruin).sum())
    return Futures(final, fall, ruined / simulations)


def _blocks(
    n: int, simulations: int, block: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Return row numbers: circular blocks put end to end, cut to n."""
    if block == 1:
        return rng.integers(0, n, size=(simulations, n))
    count = -(-n // block)
    starts = rng.integers(0, n, size=(simulations, count, 1))
    return ((starts + np.arange(block)) % n).reshape(simulations, -1)[:, :n]


def block_length(returns: npt.ArrayLike) -> float:
    """Return the mean block of the stationary bootstrap that suits the mean of a series.

    Parameters
    ----------
    returns : (n,) array
        At least 3 numbers.

    Returns
    -------
    float
        Periods, from 1 (no memory) to the smaller of 3 sqrt(n) and n / 3.

    References
    ----------
    Politis and White (2004), section 3.2; Patton, Politis and White (2009) for the variance.

    Examples
    --------
    >>> block_length([0.01, 0.02, -0.01, -0.02, 0.015, -0.005])
    1.0
    """
    r = series(returns, least=3)
    n = r.size
    centred = r - r.mean()
    reach = max(5, ceil(sqrt(log10(n))))
    most = min(ceil(sqrt(n)) + reach, n - 1)
    covariance = np.array([centred[lag:] @ centred[: n - lag] for lag in range(most + 1)]) / n
    if not covariance[0] > 0.0:
        return 1.0
    small = np.abs(covariance[1:]) < 2.0 * sqrt(log10(n) / n) * covariance[0]
    width = 2 * _memory(small, reach)
    lags = np.arange(1, min(width, most) + 1)
    weights = np.minimum(1.0, 2.0 * (1.0 - lags / max(width, 1))) * covariance[lags]
    level = covariance[0] + 2.0 * float(weights.sum())
    slope = 2.0 * float((lags * weights).sum())
    if level == 0.0:
        return 1.0
    best = (slope / level) ** 2 * n
    return float(max(1.0, min(best ** (1.0 / 3.0), 3.0 * sqrt(n), n / 3.0)))


def _memory(small: npt.NDArray[np.bool_], reach: int) -> int:
    """Return the last lag before `reach` correlations in a row that are noise."""
    for lag in range(small.size - reach + 1):
        if small[lag : lag + reach].all():
            return lag
    rest = np.flatnonzero(~small)
    return int(rest[-1]) + 1 if rest.size else 0


def gamblers_ruin(win: float, *, start: int, target: int | None = None) -> float:
    """Return the probability of losing `start` units before reaching `target` units.

    Without a target play goes on for ever.

    Raises
    ------
    ValueError
        If `win` is no probability, or `start` is not within 0 and `target`.

    References
    ----------
    Feller (1968), volume I, chapter XIV, equation 2.4.
    """
    if not 0.0 <= win <= 1.0 or start < 0 or (target is not None and not 0 < target >= start):
        raise ValueError(
            f"expected a probability and 0 <= start <= target, was {win}, {start}, {target}"
        )
    if target is None:
        return 1.0 if win <= 0.5 or start == 0 else ((1.0 - win) / win) ** start
    if start in {0, target}:
        return float(start == 0)
    if win in {0.0, 1.0}:
        return 1.0 - win
    odds = log((1.0 - win) / win)
    if odds == 0.0:
        return 1.0 - start / target
    if odds > 0.0:  # written so that nothing overflows
        return (1.0 - exp(-odds * (target - start))) / (1.0 - exp(-odds * target))
    return (exp(odds * start) - exp(odds * target)) / (1.0 - exp(odds * target))


def first_passage(barrier: float, *, mu: float, sigma: float, tau: float) -> float:
    """Return the probability that a geometric Brownian motion from 1 falls to `barrier`.

    Parameters
    ----------
    barrier : float
        Level as a fraction of the start, within 0 and 1.
    mu, sigma : float
        Drift and volatility, per year, decimals; watched without a pause.
    tau : float
        Years.

    References
    ----------
    Harrison (1985), chapter 1.8, equation 11.
    """
    if not 0.0 < barrier <= 1.0 or not sigma > 0 or not tau > 0:
        raise ValueError(
            f"expected 0 < barrier <= 1, sigma > 0 and tau > 0, was {barrier}, {sigma}, {tau}"
        )
    level, drift = log(barrier), mu - 0.5 * sigma**2
    spread = sigma * sqrt(tau)
    near = float(ndtr((level - drift * tau) / spread))
    return near + exp(2.0 * drift * level / sigma**2) * float(ndtr((level + drift * tau) / spread))
