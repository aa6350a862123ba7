"""VaR of a portfolio and the share of each holding; the shares add up to the whole."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from rf_risk.portfolio.var import Floats, level, sample


@dataclass(frozen=True, slots=True)
class PortfolioVar:
    """Parametric VaR with correlations.

    `component` adds up to `var` (Euler); `marginal` is VaR per unit of exposure; `individual` is
    each holding alone; `incremental` what VaR loses when the holding is sold entirely.
    """

    var: float
    deviation: float
    component: Floats
    marginal: Floats
    individual: Floats
    incremental: Floats
    diversification_ratio: float
    diversification_benefit: float


def portfolio_var(
    exposures: npt.ArrayLike,
    covariance: npt.ArrayLike,
    confidence: float = 0.99,
    *,
    horizon: float = 1.0,
    z: float | None = None,
) -> PortfolioVar:
    """Return the VaR of holdings with normal, correlated returns.

    Parameters
    ----------
    exposures : (k,) array
        Signed values, currency.
    covariance : (k, k) array
        Of returns of one period.
    confidence, horizon, z : float
        As in `normal_var`.

    Raises
    ------
    ValueError
        If shapes do not fit, the matrix is not symmetric, or it has a negative variance.

    References
    ----------
    Jorion (2006), chapter 7; Garman (1996) for components.
    """
    w = sample(exposures, "exposures")
    sigma = np.asarray(covariance, dtype=np.float64)
    if sigma.shape != (w.size, w.size) or not np.isfinite(sigma).all():
        raise ValueError(f"expected a finite covariance of {w.size} x {w.size}, was {sigma.shape}")
    if not np.allclose(sigma, sigma.T, rtol=1e-9, atol=0.0) or np.diag(sigma).min() < 0.0:
        raise ValueError("expected a symmetric covariance with variances of at least 0")
    quantile = (float(ndtri(level(confidence))) if z is None else z) * sqrt(horizon)
    product = sigma @ w
    variance = float(w @ product)
    if variance < -1e-12 * float(np.abs(w) @ np.abs(product)):
        raise ValueError("expected a positive semidefinite covariance, was a negative variance")
    deviation = sqrt(max(variance, 0.0))
    marginal = quantile * product / deviation if deviation > 0.0 else np.zeros(w.size)
    individual = quantile * np.abs(w) * np.sqrt(np.diag(sigma))
    without = variance - 2.0 * w * product + w * w * np.diag(sigma)
    total = float(individual.sum())
    whole = quantile * deviation
    return PortfolioVar(
        var=whole,
        deviation=deviation,
        component=w * marginal,
        marginal=marginal,
        individual=individual,
        incremental=whole - quantile * np.sqrt(np.maximum(without, 0.0)),
        diversification_ratio=total / whole if whole > 0.0 else float("nan"),
        diversification_benefit=total - whole,
    )
