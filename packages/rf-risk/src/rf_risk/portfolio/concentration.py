"""How much of a portfolio is one bet: correlations and concentration."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from rf_risk.portfolio import _checks as check
from rf_risk.portfolio._checks import FloatArray

_PENALTIES = ((0.15, 0.85, 0.7), (0.25, 0.75, 0.85))
"""Shares of longs below and above which sizes are multiplied by a factor, harshest first."""


def rolling_correlation(x: npt.ArrayLike, y: npt.ArrayLike, window: int) -> FloatArray:
    """Return the Pearson correlation of two series over a moving window.

    Parameters
    ----------
    x, y : (n,) arrays
        Same length.
    window : int
        Points, at least 3.

    Returns
    -------
    (n,) array
        NaN before the window is full and where a series is constant in it.

    Raises
    ------
    ValueError
        If lengths differ, a number is not finite or the window is too short.

    Notes
    -----
    O(n window): each window is centred on its own mean, so that a level far from zero costs no
    digits.

    Examples
    --------
    >>> rolling_correlation([1.0, 2.0, 3.0, 2.0], [2.0, 4.0, 6.0, 5.0], 3).round(4).tolist()
    [nan, nan, 1.0, 0.866]
    """
    a, b = check.vector("x", x), check.vector("y", y)
    if a.size != b.size:
        raise ValueError(f"expected y to have {a.size} numbers, was {b.size}")
    length = check.count("window", window, 3)
    found = np.full(a.size, math.nan)
    if a.size < length:
        return found
    rows_a = np.lib.stride_tricks.sliding_window_view(a, length)
    rows_b = np.lib.stride_tricks.sliding_window_view(b, length)
    da, db = rows_a - rows_a.mean(axis=1)[:, None], rows_b - rows_b.mean(axis=1)[:, None]
    flat = (np.ptp(rows_a, axis=1) == 0.0) | (np.ptp(rows_b, axis=1) == 0.0)
    scale = np.sqrt(np.sum(da**2, axis=1)) * np.sqrt(np.sum(db**2, axis=1))
    rho = np.sum(da * db, axis=1) / np.where(flat | (scale == 0.0), math.nan, scale)
    found[length - 1 :] = np.clip(rho, -1.0, 1.0)
    return found


def average_abs_correlation(returns: npt.ArrayLike) -> float:
    """Return the mean of the absolute correlation over all pairs of columns.

    Parameters
    ----------
    returns : (n, p) array
        n >= 3, p >= 2, no constant column.

    Raises
    ------
    ValueError
        If there are too few rows or columns, a number is not finite, or a column is constant.

    Examples
    --------
    >>> average_abs_correlation([[1.0, -1.0], [2.0, -2.0], [4.0, -4.0]])
    1.0
    """
    values = check.matrix("returns", returns, 3, 2)
    if (np.ptp(values, axis=0) == 0.0).any():
        raise ValueError("expected no constant column in returns")
    upper = np.triu_indices(values.shape[1], 1)
    rho: FloatArray = np.atleast_2d(np.corrcoef(values, rowvar=False))[upper]
    return float(np.mean(np.minimum(np.abs(rho), 1.0)))


def long_share(exposures: npt.ArrayLike) -> float:
    """Return the long part of the gross exposure of (p,) signed values.

    Raises
    ------
    ValueError
        If a value is not finite or nothing is held.

    Examples
    --------
    >>> long_share([300.0, -100.0])
    0.75
    """
    held = check.vector("exposures", exposures)
    return float(held[held > 0.0].sum()) / _gross(held)


def _gross(held: FloatArray) -> float:
    gross = float(np.abs(held).sum())
    if gross == 0.0:
        raise ValueError("expected exposures with something held, was all 0")
    return gross


def concentration_penalty(share: float) -> float:
    """Return the factor on sizes for a share of longs in the gross exposure.

    0.7 above 0.85 or below 0.15, 0.85 above 0.75 or below 0.25, else 1.

    Raises
    ------
    ValueError
        If `share` is not in [0, 1].

    Examples
    --------
    >>> concentration_penalty(0.9), concentration_penalty(0.2), concentration_penalty(0.75)
    (0.7, 0.85, 1.0)
    """
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"expected share in [0, 1], was {share}")
    for low, high, factor in _PENALTIES:
        if not low <= share <= high:
            return factor
    return 1.0


def herfindahl(exposures: npt.ArrayLike) -> float:
    """Return the Herfindahl index of the sizes of (p,) signed values, 1/p to 1.

    Raises
    ------
    ValueError
        If a value is not finite or nothing is held.

    Examples
    --------
    >>> herfindahl([50.0, -50.0])
    0.5
    """
    held = check.vector("exposures", exposures)
    return float(np.sum((held / _gross(held)) ** 2))


def effective_positions(exposures: npt.ArrayLike) -> float:
    """Return how many equal positions are as concentrated: one over the Herfindahl index.

    Raises
    ------
    ValueError
        As for `herfindahl`.

    Examples
    --------
    >>> effective_positions([50.0, -50.0])
    2.0
    """
    return 1.0 / herfindahl(exposures)
