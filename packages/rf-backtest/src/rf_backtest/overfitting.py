"""Whether a Sharpe ratio is skill or the best of many tries.

Sharpe ratios are per period, not annualised; kurtosis is 3 for a normal distribution.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import comb, e, sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

EULER_GAMMA = 0.5772156649015329
_FLAT = 1e-24
"""Variance, relative to the mean square, that is rounding."""
_TOGETHER = 500
"""Bootstrap samples drawn at one time, fewer of a long series."""
_CELLS = 4_000_000
"""Numbers held in memory for them."""


def probabilistic_sharpe(
    ratio: float, periods: int, *, skew: float = 0.0, kurtosis: float = 3.0, benchmark: float = 0.0
) -> float:
    """Return the probability that the true Sharpe ratio exceeds a benchmark.

    Parameters
    ----------
    ratio, benchmark : float
        Sharpe ratios per period.
    periods : int
        Observations, at least 2.

    Raises
    ------
    ValueError
        If there are fewer than 2 periods or the moments allow no variance.

    References
    ----------
    Bailey and Lopez de Prado (2012), equation 11.
    """
    if periods < 2:
        raise ValueError(f"expected periods of at least 2, was {periods}")
    spread = _spread(ratio, skew, kurtosis)
    return float(ndtr((ratio - benchmark) * sqrt(periods - 1) / sqrt(spread)))


def expected_max_sharpe(trials: int, variance: float) -> float:
    """Return the Sharpe ratio that the best of `trials` useless strategies is expected to have.

    Parameters
    ----------
    trials : int
        Independent trials, at least 1.
    variance : float
        Variance of the trials' Sharpe ratios, not negative.

    References
    ----------
    Bailey and Lopez de Prado (2014), equation 1.
    """
    if trials < 1 or not 0.0 <= variance < float("inf"):
        raise ValueError(
            f"expected trials >= 1 and a finite variance >= 0, was {trials}, {variance}"
        )
    if trials == 1:
        return 0.0
    low, high = float(ndtri(1.0 - 1.0 / trials)), float(ndtri(1.0 - 1.0 / (trials * e)))
    return sqrt(variance) * ((1.0 - EULER_GAMMA) * low + EULER_GAMMA * high)


def deflated_sharpe(
    ratio: float,
    periods: int,
    *,
    trials: int,
    variance: float,
    skew: float = 0.0,
    kurtosis: float = 3.0,
) -> float:
    """Return the probability that a Sharpe ratio beats the luck of the best of many trials.

    References
    ----------
    Bailey and Lopez de Prado (2014), equation 2.
    """
    bar = expected_max_sharpe(trials, variance)
    return probabilistic_sharpe(ratio, periods, skew=skew, kurtosis=kurtosis, benchmark=bar)


def min_track_record(
    ratio: float,
    *,
    benchmark: float = 0.0,
    confidence: float = 0.95,
    skew: float = 0.0,
    kurtosis: float = 3.0,
) -> float:
    """Return how many periods it takes to be `confidence` sure that a ratio beats a benchmark.

    Raises
    ------
    ValueError
        If the ratio does not exceed the benchmark, or the confidence is not within 0 and 1.

    References
    ----------
    Bailey and Lopez de Prado (2012), equation 13.
    """
    if not ratio > benchmark:
        raise ValueError(f"expected a ratio above the benchmark {benchmark}, was {ratio}")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"expected a confidence within 0 and 1, was {confidence}")
    quantile = float(ndtri(confidence))
    return 1.0 + _spread(ratio, skew, kurtosis) * (quantile / (ratio - benchmark)) ** 2


def _spread(ratio: float, skew: float, kurtosis: float) -> float:
    spread = 1.0 - skew * ratio + (kurtosis - 1.0) / 4.0 * ratio**2
    if not 0.0 < spread < float("inf"):
        raise ValueError(f"expected moments that allow a variance, was {skew=}, {kurtosis=}")
    return spread


@dataclass(frozen=True, slots=True)
class Cscv:
    """Outcome of combinatorially symmetric cross-validation.

    `pbo` is the probability that the strategy that was best in sample is below the median out of
    sample; `logits` are sorted; `prob_loss` is how often it loses out of sample.
    """

    pbo: float
    prob_loss: float
    logits: npt.NDArray[np.float64]


def probability_of_overfitting(returns: npt.ArrayLike, *, blocks: int = 16) -> Cscv:
    """Return the probability of backtest overfitting.

    Parameters
    ----------
    returns : (t, n) array
        Returns of n strategies over t periods; the first ``t mod blocks`` rows are left out.
    blocks : int
        Even number of equal contiguous blocks; every half of them is once in sample.

    Raises
    ------
    ValueError
        If there are fewer than two strategies, or too few rows for blocks of two.

    References
    ----------
    Bailey, Borwein, Lopez de Prado and Zhu (2017).
    """
    matrix = np.asarray(returns, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] < 2 or not np.isfinite(matrix).all():
        raise ValueError(f"expected finite returns of two or more strategies, was {matrix.shape}")
    if blocks < 2 or blocks % 2 or matrix.shape[0] < 2 * blocks:
        raise ValueError(f"expected an even number of blocks of 2 rows or more, was {blocks}")
    matrix = matrix[matrix.shape[0] % blocks :]
    chosen = np.zeros((comb(blocks, blocks // 2), blocks))
    for place, half in enumerate(combinations(range(blocks), blocks // 2)):
        chosen[place, list(half)] = 1.0
    inside, outside = _half_ratios(matrix, chosen), _half_ratios(matrix, 1.0 - chosen)
    best = inside.argmax(axis=1)[:, None]
    its = np.take_along_axis(outside, best, axis=1)
    share = (1 + np.sum(outside < its, axis=1)) / (outside.shape[1] + 1)
    logits = np.sort(np.log(share / (1.0 - share)))
    return Cscv(float(np.mean(logits <= 0.0)), float(np.mean(its < 0.0)), logits)


def _half_ratios(
    matrix: npt.NDArray[np.float64], chosen: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the (halves, strategies) Sharpe ratios of unions of blocks, from the blocks' sums."""
    parts = matrix.reshape(chosen.shape[1], -1, matrix.shape[1])
    centre = matrix.mean(axis=0)  # so that the squares lose no digits
    rows = parts.shape[1] * chosen[0].sum()
    mean = chosen @ (parts - centre).sum(axis=1) / rows
    square = chosen @ ((parts - centre) ** 2).sum(axis=1) / rows
    variance = (square - mean**2) * rows / (rows - 1)
    flat = variance <= _FLAT * (square + centre**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = (mean + centre) / np.sqrt(variance)
    return np.asarray(np.where(flat, 0.0, ratios), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class SuperiorAbility:
    """p-values of the hypothesis that no strategy beats the benchmark.

    `upper` is White's reality check with studentised means, `consistent` Hansen's test, `lower`
    its liberal bound.
    """

    lower: float
    consistent: float
    upper: float


def superior_predictive_ability(
    returns: npt.ArrayLike,
    benchmark: npt.ArrayLike | float = 0.0,
    *,
    block: float,
    rng: np.random.Generator,
    samples: int = 5_000,
    progress: Callable[[int, int], None] | None = None,
) -> SuperiorAbility:
    """Test whether the best of several strategies beats a benchmark by more than luck.

    Parameters
    ----------
    returns : (t, n) array
        Returns of n strategies.
    benchmark : (t,) array or float
        Returns to beat.
    block : float
        Mean length of a block of the stationary bootstrap, periods, at least 1.
    rng : numpy.random.Generator
        Source of the bootstrap.
    samples : int
        Bootstrap samples.
    progress : callable, optional
        Called with done and all samples, now and then.

    Raises
    ------
    ValueError
        If shapes do not fit, or no strategy differs from the benchmark.

    References
    ----------
    White (2000); Hansen (2005), equation 3 and section 2.3; Politis and Romano (1994).
    """
    excess = _excess(returns, benchmark)
    if block < 1.0 or samples < 1:
        raise ValueError(f"expected block >= 1 and samples >= 1, was {block}, {samples}")
    t = excess.shape[0]
    mean = excess.mean(axis=0)
    scale = np.sqrt(_long_run_variance(excess, 1.0 / block))
    keep = scale > 0.0
    if not keep.any():
        raise ValueError("expected a strategy that differs from the benchmark, was none")
    excess, mean, scale = excess[:, keep], mean[keep], scale[keep]
    statistic = max(float(np.max(sqrt(t) * mean / scale)), 0.0)
    bar = -scale * sqrt(2.0 * np.log(np.log(t))) / sqrt(t) if t > 15 else -np.inf
    centres = {
        "lower": np.maximum(mean, 0.0),
        "consistent": np.where(mean >= bar, mean, 0.0),
        "upper": mean,
    }
    exceeded = dict.fromkeys(centres, 0)
    step = min(_TOGETHER, max(1, _CELLS // t))
    for first in range(0, samples, step):
        done = min(first + step, samples)
        drawn = [_stationary(t, block, rng) for _ in range(first, done)]
        again = np.stack([np.bincount(rows, minlength=t) for rows in drawn]) @ excess / t
        for name, centre in centres.items():
            seen = (sqrt(t) * (again - centre) / scale).max(axis=1).clip(0.0)
            exceeded[name] += int(np.sum(seen > statistic))
        if progress is not None:
            progress(done, samples)
    return SuperiorAbility(**{name: count / samples for name, count in exceeded.items()})


def _excess(returns: npt.ArrayLike, benchmark: npt.ArrayLike | float) -> npt.NDArray[np.float64]:
    matrix = np.asarray(returns, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] < 3:
        raise ValueError(f"expected a table of three or more rows, was shape {matrix.shape}")
    base = np.asarray(benchmark, dtype=np.float64)
    if base.ndim and base.shape != matrix.shape[:1]:
        raise ValueError(f"expected a benchmark of {matrix.shape[0]} returns, was {base.shape}")
    excess: npt.NDArray[np.float64] = matrix - (base[:, None] if base.ndim else base)
    if not np.isfinite(excess).all():
        raise ValueError("expected finite returns and benchmark, was a value that is not")
    return excess


def _long_run_variance(excess: npt.NDArray[np.float64], q: float) -> npt.NDArray[np.float64]:
    """Return the variance of sqrt(t) times the mean under the stationary bootstrap."""
    t = excess.shape[0]
    centred = excess - excess.mean(axis=0)
    total = np.mean(centred**2, axis=0)
    for lag in range(1, t):
        weight = (1.0 - lag / t) * (1.0 - q) ** lag + lag / t * (1.0 - q) ** (t - lag)
        if weight < 1e-12:
            continue
        total = total + 2.0 * weight * np.sum(centred[lag:] * centred[:-lag], axis=0) / t
    bounded: npt.NDArray[np.float64] = np.maximum(total, 0.0)
    return bounded


def _stationary(t: int, block: float, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return row numbers of one stationary bootstrap sample."""
    fresh = rng.random(t) < 1.0 / block
    fresh[0] = True
    starts = rng.integers(0, t, size=t)
    last = np.maximum.accumulate(np.where(fresh, np.arange(t), 0))
    return (starts[last] + np.arange(t) - last) % t
