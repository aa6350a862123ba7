"""Value at risk of a portfolio and the parts of it that each position bears."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rf_risk.portfolio import _checks as check
from rf_risk.portfolio._checks import FloatArray
from rf_risk.portfolio.var import Method, TailRisk, normal_quantile, tail_places, tail_risk


class ComponentVar(NamedTuple):
    """VaR of a portfolio and its parts; arrays are (p,), in the order of the exposures."""

    var: float
    expected_shortfall: float
    sigma: float
    """Standard deviation of the P&L of one period, currency."""
    component_var: FloatArray
    """Parts that add up to `var` (Euler); negative for a hedge."""
    marginal_var: FloatArray
    """Change of `var` with one more unit of exposure; NaN where the portfolio has no risk."""
    individual_var: FloatArray
    """VaR of each position alone."""
    incremental_var: FloatArray
    """`var` less that of the portfolio without the position."""
    diversification_ratio: float
    """Sum of the individual VaRs over `var`; infinite for a perfect hedge."""
    diversification_benefit: float
    """Sum of the individual VaRs less `var`."""


class HistoricalComponents(NamedTuple):
    """Historical tail risk of a portfolio and its parts, (p,) arrays."""

    var: float
    expected_shortfall: float
    component_var: FloatArray
    """Parts that add up to `var`."""
    component_shortfall: FloatArray
    """Parts that add up to `expected_shortfall`."""


def component_var(
    exposures: npt.ArrayLike,
    covariance: npt.ArrayLike,
    confidence: float = 0.99,
    *,
    horizon: float = 1.0,
    z: float | None = None,
) -> ComponentVar:
    """Return parametric VaR of a portfolio with its component, marginal and incremental VaR.

    Parameters
    ----------
    exposures : (p,) array
        Signed values held, currency.
    covariance : (p, p) array
        Of the returns of one period.
    confidence : float
        0.99 for the worst 1 %; above 0.5.
    horizon : float
        Periods; everything but `sigma` scales by its square root.
    z : float, optional
        Quantile in place of the exact normal one; a Student-t or Cornish-Fisher quantile may be
        passed, the parts of VaR add up all the same. `expected_shortfall` is that of the normal.

    Returns
    -------
    ComponentVar
        Mean returns are taken as zero.

    Raises
    ------
    ValueError
        If shapes differ, a number is not finite, or `covariance` is not symmetric positive
        semi-definite.

    References
    ----------
    Jorion (2007), Value at Risk, chapter 7.

    Examples
    --------
    >>> found = component_var([1.0, -1.0], [[0.04, 0.01], [0.01, 0.09]], 0.99)
    >>> bool(abs(found.component_var.sum() - found.var) < 1e-15)
    True
    """
    held = check.vector("exposures", exposures)
    matrix = check.covariance("covariance", covariance, held.size)
    if not (confidence := check.share("confidence", confidence)) > 0.5:
        raise ValueError(f"expected confidence above 0.5, was {confidence}")
    quantile = normal_quantile(confidence) if z is None else check.positive("z", z)
    root = math.sqrt(check.positive("horizon", horizon))
    scale = quantile * root
    pulls = matrix @ held
    sigma = math.sqrt(max(float(held @ pulls), 0.0))
    individual = scale * np.sqrt(np.diagonal(matrix)) * np.abs(held)
    without = np.where(np.eye(held.size, dtype=bool), 0.0, held)
    reduced = np.sqrt(np.maximum(np.sum((without @ matrix) * without, axis=1), 0.0))
    total, alone = scale * sigma, float(individual.sum())
    marginal = scale * pulls / sigma if sigma > 0.0 else np.full(held.size, math.nan)
    density = math.exp(-0.5 * quantile * quantile) / math.sqrt(2.0 * math.pi)
    return ComponentVar(
        var=total,
        expected_shortfall=root * sigma * density / (1.0 - confidence),
        sigma=sigma,
        component_var=held * marginal if sigma > 0.0 else np.zeros(held.size),
        marginal_var=marginal,
        individual_var=individual,
        incremental_var=total - scale * reduced,
        diversification_ratio=_ratio(alone, total),
        diversification_benefit=alone - total,
    )


def _ratio(alone: float, total: float) -> float:
    if total > 0.0:
        return alone / total
    return math.inf if alone > 0.0 else math.nan


def covariance_of(sigmas: npt.ArrayLike, correlation: npt.ArrayLike) -> FloatArray:
    """Return the (p, p) covariance of (p,) standard deviations and a correlation matrix.

    Raises
    ------
    ValueError
        If a standard deviation is negative or the matrix is no correlation matrix.

    Examples
    --------
    >>> covariance_of([0.02, 0.01], [[1.0, 0.5], [0.5, 1.0]]).round(6).tolist()
    [[0.0004, 0.0001], [0.0001, 0.0001]]
    """
    spread = check.vector("sigmas", sigmas)
    if spread.min() < 0.0:
        raise ValueError(f"expected sigmas not to be negative, was {float(spread.min())}")
    rho = check.correlation("correlation", correlation, spread.size)
    return rho * np.outer(spread, spread)


def portfolio_historical_var(
    returns: npt.ArrayLike,
    exposures: npt.ArrayLike,
    confidence: float = 0.99,
    *,
    method: Method = "linear",
) -> TailRisk:
    """Return historical VaR and expected shortfall of signed values held through past returns.

    Parameters
    ----------
    returns : (n, p) array
        Simple returns of one period, rows aligned in time, n >= 2.
    exposures : (p,) array
        Signed values held, currency.
    confidence, method
        As in `historical_var`.

    Returns
    -------
    TailRisk
        Currency.

    Raises
    ------
    ValueError
        If shapes differ or a number is not finite.

    Notes
    -----
    One matrix product and one selection: 10,000 rows of 50 cost about as much as reading them.

    Examples
    --------
    >>> portfolio_historical_var([[0.01, 0.0], [-0.02, 0.01]], [100.0, 100.0], 0.9).var
    0.8
    """
    pnl = _pnl(returns, exposures)
    return tail_risk(pnl, check.share("confidence", confidence), method)


def _pnl(returns: npt.ArrayLike, exposures: npt.ArrayLike) -> FloatArray:
    held = check.vector("exposures", exposures)
    table = np.asarray(returns, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] < 2 or table.shape[1] != held.size:
        raise ValueError(
            f"expected returns to have 2 or more rows of {held.size}, was {table.shape}"
        )
    with np.errstate(invalid="ignore", over="ignore"):
        pnl: FloatArray = table @ held
    # What is not finite in a row makes its P&L not finite, even where nothing is held.
    if not np.isfinite(pnl).all():
        check.matrix("returns", table)
        raise ValueError("expected exposures and returns whose P&L is finite")
    return pnl


def historical_components(
    returns: npt.ArrayLike, exposures: npt.ArrayLike, confidence: float = 0.99
) -> HistoricalComponents:
    """Return historical VaR of a portfolio and what each position lost on those days.

    Parameters
    ----------
    returns, exposures, confidence
        As in `portfolio_historical_var`.

    Returns
    -------
    HistoricalComponents
        The parts of VaR are each position's loss on the two days the quantile lies between,
        interpolated like it; those of the shortfall its mean loss in the tail.

    Raises
    ------
    ValueError
        If shapes differ or a number is not finite.

    Notes
    -----
    The parts of VaR rest on one or two days and are noisy; those of the shortfall on the whole
    tail. Ties in P&L are taken in the order of the rows.

    References
    ----------
    Tasche (1999), "Risk contributions and performance measurement", section 4.

    Examples
    --------
    >>> found = historical_components([[0.01, 0.0], [-0.02, 0.01]], [100.0, 100.0], 0.5)
    >>> found.component_var.tolist()
    [0.5, -0.5]
    """
    pnl = _pnl(returns, exposures)
    held = check.vector("exposures", exposures)
    table = np.asarray(returns, dtype=np.float64)
    confidence = check.share("confidence", confidence)
    order = np.argsort(pnl, kind="stable")
    place, whole, rest = tail_places(pnl.size, 1.0 - confidence)
    low = min(math.floor(place), pnl.size - 1)
    high = min(low + 1, pnl.size - 1)
    below, above = table[order[low]] * held, table[order[high]] * held
    parts = below + (above - below) * (place - low)
    tail = table[order[:whole]].sum(axis=0)
    if rest > 0.0:
        tail = tail + rest * table[order[whole]]
    beyond = tail * held / (whole + rest)
    found = tail_risk(pnl, confidence, "linear")
    return HistoricalComponents(found.var, found.expected_shortfall, -parts, -beyond)
