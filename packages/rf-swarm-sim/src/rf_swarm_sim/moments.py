"""Moments of returns that a fitted market must match, and how sure a history is of them.

Every moment is a smooth function of means over time, so a block bootstrap draws whole times: the
lagged products of a time stay together, and joints between blocks disturb no autocorrelation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

LAGS: Final = (1, 5, 10, 25, 50)
LEVERAGE_LAGS: Final = 5
VOLUME_WINDOW: Final = 50
MIN_RETURNS: Final = 500
RESAMPLES: Final = 1_000
SHRINKAGE: Final = 0.05
"""Weight of the diagonal in the bootstrap's correlation matrix."""


@dataclass(frozen=True, slots=True)
class Target:
    """Moments of a history with what a bootstrap says of them.

    `values`, `errors` are (k,), `weight` is (k, k), the inverse of the moments' covariance;
    `distances` are those of the resamples from the history, (resamples,).
    """

    names: tuple[str, ...]
    values: FloatArray
    errors: FloatArray
    weight: FloatArray
    distances: FloatArray
    n: int

    def distance(self, moments: FloatArray) -> float:
        """Return the J statistic of moments: squared distance in the history's own errors."""
        gap = moments - self.values
        return float(gap @ self.weight @ gap)


def moment_names(*, has_volume: bool) -> tuple[str, ...]:
    """Return the names of the moments in their order."""
    names = ("log deviation", "log kurtosis", "acf r 1", *(f"acf |r| {k}" for k in LAGS))
    return (*names, "leverage 1-5", *(("volume-|r| correlation",) if has_volume else ()))


def moments_of(returns: npt.ArrayLike, volumes: npt.ArrayLike | None = None) -> FloatArray:
    """Return the moments of a series of log returns.

    Parameters
    ----------
    returns : (n,) array
        Log returns, n of 500 or more.
    volumes : (n,) array, optional
        Volume of the same periods; each is taken relative to the mean of the 50 before.

    Returns
    -------
    (k,) array
        In the order of `moment_names`.

    Raises
    ------
    ValueError
        If there are too few values, one is not finite, nothing varies, or lengths differ.

    References
    ----------
    Franke and Westerhoff (2012), section 3, choose autocorrelations of absolute returns and a
    measure of the tails; theirs is Hill's, ours the logarithm of the kurtosis, which is smooth.

    Examples
    --------
    >>> r = np.random.default_rng(1).normal(0.0, 0.01, 5_000)
    >>> told = dict(zip(moment_names(has_volume=False), moments_of(r), strict=True))
    >>> round(float(np.exp(told["log deviation"])), 3), round(float(np.exp(told["log kurtosis"])))
    (0.01, 3)
    """
    return _from_means(_columns(*_checked(returns, volumes)).mean(axis=1))


def target_of(
    returns: npt.ArrayLike,
    volumes: npt.ArrayLike | None = None,
    *,
    generator: np.random.Generator,
    block: int | None = None,
) -> Target:
    """Return the moments of a history, their errors and weights from a block bootstrap.

    Parameters
    ----------
    returns, volumes : (n,) arrays
        As for `moments_of`.
    generator : numpy.random.Generator
        Draws the blocks.
    block : int, optional
        Length of a block; 250, or a twenty-fifth of a history below 6,250.

    References
    ----------
    Franke and Westerhoff (2012), section 4.1; Künsch (1989) for blocks that overlap.
    """
    columns = _columns(*_checked(returns, volumes))
    width = columns.shape[1]
    length = block or min(250, width // 25)
    if not 1 <= length <= width // 2:
        raise ValueError(f"block: expected 1 to {width // 2}, was {length}")
    sums = np.concatenate([np.zeros((columns.shape[0], 1)), np.cumsum(columns, axis=1)], axis=1)
    starts = generator.integers(0, width - length + 1, size=(RESAMPLES, -(-width // length)))
    means = (sums[:, starts + length] - sums[:, starts]).mean(axis=2) / length
    values, drawn = _from_means(columns.mean(axis=1)), _from_means(means)
    gaps = drawn - drawn.mean(axis=1, keepdims=True)
    errors = gaps.std(axis=1, ddof=1)
    correlation = (1.0 - SHRINKAGE) * np.corrcoef(drawn) + SHRINKAGE * np.eye(values.size)
    weight = np.linalg.inv(correlation) / np.outer(errors, errors)
    distances = np.einsum("ib,ij,jb->b", gaps, weight, gaps)
    names = moment_names(has_volume=volumes is not None)
    return Target(names, values, errors, weight, distances, width)


def _checked(
    returns: npt.ArrayLike, volumes: npt.ArrayLike | None
) -> tuple[FloatArray, FloatArray | None]:
    r = np.asarray(returns, dtype=np.float64)
    if r.ndim != 1 or r.size < MIN_RETURNS:
        raise ValueError(f"returns: expected {MIN_RETURNS} or more, was shape {r.shape}")
    if not np.isfinite(r).all() or np.ptp(r) <= 1e-12:
        raise ValueError("returns: expected finite values that vary, was a series that is not")
    if volumes is None:
        return r, None
    v = np.asarray(volumes, dtype=np.float64)
    if v.shape != r.shape:
        raise ValueError(f"volumes: expected one for each of {r.size} returns, was {v.shape}")
    if not np.isfinite(v).all() or v.min() < 0.0 or v.max() == 0.0:
        raise ValueError("volumes: expected finite values of 0 or more, not all 0")
    return r, v


def _columns(r: FloatArray, v: FloatArray | None) -> FloatArray:
    """Return what is averaged over time, (columns, n - first).

    All of it is centred: products of deviations have no first-order terms, which in a resample
    would stand on one side of a joint and be missing on the other.
    """
    first = max(*LAGS, VOLUME_WINDOW if v is not None else 0)
    r = r - r.mean()
    size = np.abs(r) - np.abs(r).mean()
    now, now_size = r[first:], size[first:]

    def lagged(x: FloatArray, k: int) -> FloatArray:
        return x[first - k : x.size - k]

    leverage = sum(lagged(r, k) for k in range(1, LEVERAGE_LAGS + 1)) * now_size / LEVERAGE_LAGS
    rows = [now, now**2, now**3, now**4, now_size, now_size**2, now * lagged(r, 1), leverage]
    rows += [now_size * lagged(size, k) for k in LAGS]
    if v is not None:
        usual = np.convolve(v, np.ones(VOLUME_WINDOW) / VOLUME_WINDOW, mode="valid")
        before = usual[first - VOLUME_WINDOW : r.size - VOLUME_WINDOW]
        relative = v[first:] / np.maximum(before, 1e-12 * v.max())
        relative = relative - relative.mean()
        rows += [relative, relative**2, relative * now_size]
    return np.stack(rows)


def _from_means(m: FloatArray) -> FloatArray:
    """Return moments (k, ...) from means (columns, ...)."""
    mean, second, third, fourth, size, size2, lag1, leverage = m[:8]
    variance, spread = second - mean**2, size2 - size**2
    central = fourth - 4 * mean * third + 6 * mean**2 * second - 3 * mean**4
    rows = [0.5 * np.log(variance), np.log(central / variance**2), (lag1 - mean**2) / variance]
    rows += [(product - size**2) / spread for product in m[8 : 8 + len(LAGS)]]
    rows.append((leverage - mean * size) / np.sqrt(variance * spread))
    if m.shape[0] > 8 + len(LAGS):
        v, v2, product = m[8 + len(LAGS) :]
        rows.append((product - v * size) / np.sqrt((v2 - v**2) * spread))
    return np.stack(rows)
