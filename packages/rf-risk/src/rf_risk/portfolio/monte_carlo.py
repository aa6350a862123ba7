"""Value at risk by simulation, with the error that the number of paths leaves."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rf_risk.portfolio import _checks as check
from rf_risk.portfolio._checks import FloatArray
from rf_risk.portfolio.var import tail_risk

_BLOCK = 16_384
"""Paths that are drawn together; part of the result, for each block draws after the one before."""


class SimulatedVar(NamedTuple):
    """Tail risk, positive for a loss, currency, and standard errors of both."""

    var: float
    expected_shortfall: float
    var_error: float
    shortfall_error: float
    paths: int


def monte_carlo_var(
    exposures: npt.ArrayLike,
    covariance: npt.ArrayLike,
    confidence: float = 0.99,
    *,
    rng: np.random.Generator,
    paths: int = 100_000,
    horizon: int = 1,
    mean: npt.ArrayLike | None = None,
    nu: float | None = None,
    revalue: Callable[[FloatArray], FloatArray] | None = None,
) -> SimulatedVar:
    """Return VaR and expected shortfall of simulated normal or Student-t returns.

    Parameters
    ----------
    exposures : (p,) array
        Signed values held, currency.
    covariance : (p, p) array
        Of the returns of one period; may be singular.
    confidence : float
        0.99 for the worst 1 %.
    rng : numpy Generator
        Source of the numbers: the same generator state gives the same result.
    paths : int
        Paths, at least 100.
    horizon : int
        Periods, independent; returns of the periods add up.
    mean : (p,) array, optional
        Mean returns of one period; zero when not given.
    nu : float, optional
        Degrees of freedom, above 2, of a multivariate t with this covariance; normal when not
        given.
    revalue : function, optional
        From (m, p) returns over the horizon to (m,) P&L, for what is not linear (options);
        ``returns @ exposures`` when not given.

    Returns
    -------
    SimulatedVar
        `var_error` is half the distance of the order statistics one binomial deviation either
        side of the quantile; `shortfall_error` the asymptotic deviation of a tail mean,
        ``sqrt((var of the tail + c (ES - VaR)^2) / (n (1 - c)))``.

    Raises
    ------
    ValueError
        If an input is out of range, or P&L is not finite.

    Examples
    --------
    >>> rng = np.random.default_rng(7)
    >>> found = monte_carlo_var([1.0], [[1.0]], 0.99, rng=rng, paths=100_000)
    >>> abs(found.var - 2.3263) < 4 * found.var_error
    True
    """
    held = check.vector("exposures", exposures)
    root = _root(check.covariance("covariance", covariance, held.size))
    drift = np.zeros(held.size) if mean is None else check.vector("mean", mean)
    if drift.size != held.size:
        raise ValueError(f"expected {held.size} means, was {drift.size}")
    if nu is not None and not 2.0 < nu < math.inf:
        raise ValueError(f"expected nu above 2 and finite, was {nu}")
    total, periods = check.count("paths", paths, 100), check.count("horizon", horizon)
    pnl = np.empty(total)
    for start in range(0, total, _BLOCK):
        block = pnl[start : start + _BLOCK]
        moves = _draw(rng, root, block.size, periods, nu) + periods * drift
        block[:] = moves @ held if revalue is None else revalue(moves)
    if not np.isfinite(pnl).all():
        raise ValueError("expected finite P&L on every path")
    return _judged(pnl, check.share("confidence", confidence))


def _root(covariance: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh(covariance)
    root: FloatArray = (vectors * np.sqrt(np.maximum(values, 0.0))).T
    return root


def _draw(
    rng: np.random.Generator, root: FloatArray, size: int, horizon: int, nu: float | None
) -> FloatArray:
    if nu is None:
        return math.sqrt(horizon) * (rng.standard_normal((size, root.shape[0])) @ root)
    total = np.zeros((size, root.shape[0]))
    for _ in range(horizon):
        mixing = np.sqrt((nu - 2.0) / rng.chisquare(nu, size))
        total += mixing[:, None] * (rng.standard_normal((size, root.shape[0])) @ root)
    return total


def _judged(pnl: FloatArray, confidence: float) -> SimulatedVar:
    n, tail = pnl.size, 1.0 - confidence
    found = tail_risk(pnl, confidence, "linear")
    deviation = math.sqrt(n * tail * (1.0 - tail))
    near = max(math.floor(n * tail - deviation), 0)
    far = min(math.ceil(n * tail + deviation), n - 1)
    bounds = np.partition(pnl, [near, far])[[near, far]]
    worse = pnl[pnl <= -found.var]
    spread = float(worse.var()) + confidence * (found.expected_shortfall - found.var) ** 2
    return SimulatedVar(
        found.var,
        found.expected_shortfall,
        float(bounds[1] - bounds[0]) / 2.0,
        math.sqrt(spread / (n * tail)),
        n,
    )
