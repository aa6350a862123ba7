"""Tests of a series of VaR forecasts against what happened."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from rf_risk.portfolio import _checks as check
from rf_risk.portfolio._checks import FloatArray

Zone = Literal["green", "yellow", "red"]

_YELLOW, _RED = 0.95, 0.9999
_ADDED = (0.0, 0.0, 0.0, 0.0, 0.0, 0.40, 0.50, 0.65, 0.75, 0.85, 1.0)
"""Addition to the multiplier of 3 after 0 to 10 exceptions in 250 days at 99 %, Basel (1996)."""


class LikelihoodRatio(NamedTuple):
    """Likelihood-ratio statistic and its p-value from the chi-square distribution."""

    statistic: float
    p_value: float


class Christoffersen(NamedTuple):
    """Counts of pairs of days and the three tests made of them."""

    n00: int
    n01: int
    n10: int
    n11: int
    unconditional: LikelihoodRatio
    """Kupiec's test on all observations, one degree of freedom."""
    independence: LikelihoodRatio
    """An exception is as likely after one as after none, one degree of freedom."""
    conditional: LikelihoodRatio
    """Both together, two degrees of freedom."""


class TrafficLight(NamedTuple):
    """Basel zone of a number of exceptions."""

    zone: Zone
    cumulative_probability: float
    """Probability of so many exceptions or fewer if the model is right."""
    multiplier: float | None
    """Capital multiplier; None unless it is 250 observations at 99 %, the supervisors' table."""


class VarBacktest(NamedTuple):
    """What a series of VaR forecasts is worth."""

    observations: int
    exceptions: int
    expected: float
    """Exceptions that a right model has on average."""
    rate: float
    hits: npt.NDArray[np.bool_]
    christoffersen: Christoffersen
    traffic_light: TrafficLight
    worst_excess: float
    """Largest loss beyond its VaR, in the units of the returns; 0 without an exception."""


def kupiec(observations: int, exceptions: int, p: float) -> LikelihoodRatio:
    """Return Kupiec's test of the proportion of exceptions.

    Parameters
    ----------
    observations, exceptions : int
        Days, and days on which the loss exceeded VaR.
    p : float
        Expected share of exceptions, 0.01 for a 99 % VaR.

    Returns
    -------
    LikelihoodRatio
        One degree of freedom. Zero exceptions and nothing but exceptions are valid.

    Raises
    ------
    ValueError
        If a count is no whole number, `exceptions` exceeds `observations` or `p` is not in (0, 1).

    Notes
    -----
    Both deviances are summed as series where observed and expected counts nearly agree, so that
    a statistic near zero keeps its relative accuracy.

    References
    ----------
    Kupiec (1995), "Techniques for verifying the accuracy of risk measurement models".

    Examples
    --------
    >>> round(kupiec(252, 20, 0.05).statistic, 2)
    3.91
    """
    n, x, p = _counts(observations, exceptions, p)
    statistic = 2.0 * (_deviance(x, n * p) + _deviance(n - x, n * (1.0 - p)))
    return LikelihoodRatio(statistic, _chi2_sf1(statistic))


def _counts(observations: int, exceptions: int, p: float) -> tuple[int, int, float]:
    n, x = check.count("observations", observations), check.count("exceptions", exceptions, 0)
    if x > n:
        raise ValueError(f"expected exceptions <= observations, was {x} of {n}")
    return n, x, check.share("p", p)


def _deviance(seen: float, expected: float) -> float:
    """Return ``seen ln(seen / expected) - seen + expected``, never negative."""
    if seen == 0:
        return expected
    d = (seen - expected) / expected
    if abs(d) > 0.02:
        return expected * max((1.0 + d) * math.log1p(d) - d, 0.0)
    term, total = d * d, 0.0
    for k in range(2, 12):
        total += term / (k * (k - 1))
        term *= -d
    return expected * total


def _chi2_sf1(statistic: float) -> float:
    return math.erfc(math.sqrt(statistic / 2.0))


def christoffersen(hits: npt.ArrayLike, p: float) -> Christoffersen:
    """Return Christoffersen's tests of coverage and independence.

    Parameters
    ----------
    hits : (n,) array of 0 and 1, or bool
        Exceptions in time order, n >= 2.
    p : float
        Expected share of exceptions.

    Returns
    -------
    Christoffersen
        ``LR_cc = LR_uc(n) + LR_ind(n - 1 pairs)``. A cell without a count contributes nothing
        (``0 ln 0 = 0``): without an exception the statistic of independence is 0.

    Raises
    ------
    ValueError
        If there are fewer than two hits, one is neither 0 nor 1, or `p` is not in (0, 1).

    References
    ----------
    Christoffersen (1998), "Evaluating interval forecasts", section 4.

    Examples
    --------
    >>> christoffersen([0, 1, 1, 0, 0, 0], 0.05).n11
    1
    """
    values = check.vector("hits", hits, 2)
    if not np.isin(values, (0.0, 1.0)).all():
        raise ValueError("expected hits of 0 and 1")
    pairs = (2.0 * values[:-1] + values[1:]).astype(np.int64)
    n00, n01, n10, n11 = (int(n) for n in np.bincount(pairs, minlength=4))
    coverage = kupiec(values.size, int(values.sum()), p)
    statistic = _independence(n00, n01, n10, n11)
    both = coverage.statistic + statistic
    return Christoffersen(
        n00,
        n01,
        n10,
        n11,
        coverage,
        LikelihoodRatio(statistic, _chi2_sf1(statistic)),
        LikelihoodRatio(both, math.exp(-both / 2.0)),
    )


def _independence(n00: int, n01: int, n10: int, n11: int) -> float:
    """Return ``2 sum O ln(O / E)`` of the table of transitions."""
    total, ones = n00 + n01 + n10 + n11, n01 + n11
    if ones in {0, total}:
        return 0.0
    found = 0.0
    for zero, one in ((n00, n01), (n10, n11)):
        if days := zero + one:
            found += _deviance(one, days * ones / total)
            found += _deviance(zero, days * (total - ones) / total)
    return 2.0 * found


def basel_traffic_light(exceptions: int, observations: int = 250, p: float = 0.01) -> TrafficLight:
    """Return the Basel zone of a number of exceptions.

    Parameters
    ----------
    exceptions, observations : int
        Days beyond VaR, and all days.
    p : float
        Expected share of exceptions.

    Returns
    -------
    TrafficLight
        Yellow from a cumulative binomial probability of 95 %, red from 99.99 %.

    Raises
    ------
    ValueError
        If a count is no whole number, `exceptions` exceeds `observations` or `p` is not in (0, 1).

    References
    ----------
    Basel Committee (1996), "Supervisory framework for the use of backtesting", table 2.

    Examples
    --------
    >>> basel_traffic_light(9).zone, basel_traffic_light(9).multiplier
    ('yellow', 3.85)
    """
    from scipy import special

    n, x, p = _counts(observations, exceptions, p)
    reached = float(special.bdtr(x, n, p))
    zone: Zone = "green" if reached < _YELLOW else "yellow" if reached < _RED else "red"
    table = n == 250 and math.isclose(p, 0.01, rel_tol=1e-9)
    return TrafficLight(zone, reached, 3.0 + _ADDED[min(x, 10)] if table else None)


def backtest_var(
    returns: npt.ArrayLike, var: npt.ArrayLike, confidence: float = 0.99
) -> VarBacktest:
    """Return how a series of VaR forecasts fared.

    Parameters
    ----------
    returns : (n,) array
        What happened, losses negative.
    var : float or (n,) array
        VaR that was forecast for each of them, positive for a loss, same units.
    confidence : float
        Of the forecasts.

    Returns
    -------
    VarBacktest
        A hit is a loss strictly above its VaR.

    Raises
    ------
    ValueError
        If lengths differ, there are fewer than two days, or a number is not finite.

    Examples
    --------
    >>> backtest_var([-0.03, 0.01, -0.01, 0.02], 0.02, 0.95).exceptions
    1
    """
    happened = check.vector("returns", returns, 2)
    forecast: FloatArray = np.asarray(var, dtype=np.float64)
    if forecast.ndim == 0:
        forecast = np.full(happened.size, forecast)
    forecast = check.vector("var", forecast)
    if forecast.size != happened.size:
        raise ValueError(f"expected {happened.size} forecasts of var, was {forecast.size}")
    p = 1.0 - check.share("confidence", confidence)
    excess = -happened - forecast
    hits = excess > 0.0
    exceptions = int(hits.sum())
    return VarBacktest(
        observations=happened.size,
        exceptions=exceptions,
        expected=happened.size * p,
        rate=exceptions / happened.size,
        hits=hits,
        christoffersen=christoffersen(hits, p),
        traffic_light=basel_traffic_light(exceptions, happened.size, p),
        worst_excess=float(excess.max()) if exceptions else 0.0,
    )
