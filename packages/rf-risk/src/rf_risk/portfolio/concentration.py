"""How much of a portfolio is one bet."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rf_risk.portfolio.covariance import correlation, sample_covariance
from rf_risk.portfolio.var import Floats, sample


def rolling_correlation(x: npt.ArrayLike, y: npt.ArrayLike, window: int) -> Floats:
    """Return Pearson's correlation over a moving window, NaN in the warm-up; window of 3 or more."""
    a, b = sample(x, "x"), sample(y, "y")
    if a.size != b.size or window < 3:
        raise ValueError(f"expected series of one length and a window >= 3, was {window}")
    out = np.full(a.size, np.nan)
    if a.size < window:
        return out
    left = np.lib.stride_tricks.sliding_window_view(a, window)
    right = np.lib.stride_tricks.sliding_window_view(b, window)
    left = left - left.mean(axis=1, keepdims=True)
    right = right - right.mean(axis=1, keepdims=True)
    scale = np.sqrt((left**2).sum(axis=1) * (right**2).sum(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        out[window - 1 :] = np.where(scale > 0.0, (left * right).sum(axis=1) / scale, np.nan)
    return out


def average_correlation(returns: npt.ArrayLike) -> float:
    """Return the mean absolute correlation over all pairs of columns."""
    rho = correlation(sample_covariance(returns))
    if rho.shape[0] < 2:
        raise ValueError("expected two or more columns of returns")
    pairs = rho[np.triu_indices(rho.shape[0], 1)]
    return float(np.abs(pairs).mean())


def herfindahl(exposures: npt.ArrayLike) -> float:
    """Return the sum of squared shares of gross exposure: 1/n when equal, 1 for a single bet."""
    values = np.abs(sample(exposures, "exposures"))
    gross = float(values.sum())
    if gross == 0.0:
        raise ValueError("expected an exposure, was none")
    return float(((values / gross) ** 2).sum())


def concentration_penalty(long_share: float) -> float:
    """Return the factor on sizes for a one-sided book: 0.7 beyond 85 %, 0.85 beyond 75 %."""
    if not 0.0 <= long_share <= 1.0:
        raise ValueError(f"long_share = {long_share}: expected within 0 and 1")
    if long_share > 0.85 or long_share < 0.15:
        return 0.7
    return 0.85 if long_share > 0.75 or long_share < 0.25 else 1.0
