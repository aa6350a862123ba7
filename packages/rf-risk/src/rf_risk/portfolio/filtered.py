"""Filtered historical simulation: yesterday's surprises at today's volatility."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rf_risk.portfolio import _checks as check
from rf_risk.portfolio._checks import FloatArray
from rf_risk.portfolio.var import Method, tail_risk


class FilteredVar(NamedTuple):
    """Tail risk over the horizon, positive for a loss, and the volatility of the next period."""

    var: float
    expected_shortfall: float
    next_vol: float


def filtered_historical_var(
    returns: npt.ArrayLike,
    confidence: float = 0.99,
    *,
    decay: float = 0.94,
    garch: tuple[float, float, float] | None = None,
    initial_variance: float | None = None,
    method: Method = "linear",
    horizon: int = 1,
    paths: int = 10_000,
    rng: np.random.Generator | None = None,
) -> FilteredVar:
    """Return VaR and expected shortfall by filtered historical simulation.

    Parameters
    ----------
    returns : (n,) array
        Returns of one period, oldest first, losses negative, n >= 2.
    confidence : float
        0.99 for the worst 1 %.
    decay : float
        Of the EWMA variance ``s <- decay s + (1 - decay) r^2``, in (0, 1).
    garch : (omega, alpha, beta), optional
        Recursion ``s <- omega + alpha r^2 + beta s`` in place of the EWMA.
    initial_variance : float, optional
        Variance of the first return; ``mean(r^2)`` when it is not given.
    method : {"linear", "order"}
        Quantile, as in `historical_var`.
    horizon : int
        Periods. Above 1, `paths` paths draw surprises with replacement, each moves its own
        variance, and returns compound.
    paths : int
        Paths of a horizon above 1.
    rng : numpy Generator
        Needed for a horizon above 1.

    Returns
    -------
    FilteredVar
        In the units of `returns`; for a horizon above 1, returns are simple and decimal.

    Raises
    ------
    ValueError
        If there are too few returns, one is not finite, a variance becomes zero, or a generator
        is missing.

    References
    ----------
    Hull and White (1998), "Incorporating volatility updating into the historical simulation
    method"; Barone-Adesi, Giannopoulos and Vosper (1999) for the paths.

    Examples
    --------
    >>> filtered_historical_var([0.01, -0.02, 0.015, -0.01], 0.75).next_vol > 0
    True
    """
    values = check.vector("returns", returns, 2)
    confidence = check.share("confidence", confidence)
    recursion = _recursion(decay, garch)
    first = float(np.mean(values**2)) if initial_variance is None else initial_variance
    variances = _variances(values, recursion, check.not_negative("initial_variance", first))
    surprises = values / np.sqrt(variances[:-1])
    if check.count("horizon", horizon) == 1:
        outcomes = surprises * math.sqrt(variances[-1])
    elif rng is None:
        raise ValueError(f"expected rng, a numpy Generator, for horizon {horizon}")
    else:
        drawn = rng.choice(surprises, (horizon, check.count("paths", paths, 2)))
        outcomes = _compound(drawn, float(variances[-1]), recursion)
    found = tail_risk(outcomes, confidence, method)
    return FilteredVar(found.var, found.expected_shortfall, math.sqrt(variances[-1]))


def _recursion(
    decay: float, garch: tuple[float, float, float] | None
) -> tuple[float, float, float]:
    if garch is None:
        decay = check.share("decay", decay)
        return 0.0, 1.0 - decay, decay
    omega, alpha, beta = (check.not_negative("garch", part) for part in garch)
    return omega, alpha, beta


def _variances(
    values: FloatArray, recursion: tuple[float, float, float], first: float
) -> FloatArray:
    omega, alpha, beta = recursion
    found = [first]
    variance = first
    for square in (values**2).tolist():
        variance = omega + alpha * square + beta * variance
        found.append(variance)
    if min(found) <= 0.0:
        raise ValueError("expected returns whose variance stays positive, was 0")
    return np.array(found)


def _compound(
    surprises: FloatArray, variance: float, recursion: tuple[float, float, float]
) -> FloatArray:
    omega, alpha, beta = recursion
    variances = np.full(surprises.shape[1], variance)
    growth = np.ones(surprises.shape[1])
    for row in surprises:
        step = row * np.sqrt(variances)
        # Nobody loses more than everything, however large a surprise.
        growth *= np.maximum(1.0 + step, 0.0)
        variances = omega + alpha * step**2 + beta * variances
    return growth - 1.0
