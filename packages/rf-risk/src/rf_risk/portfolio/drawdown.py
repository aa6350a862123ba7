"""Drawdowns of an equity curve, and how deep they are to be expected.

A drawdown is a negative fraction of the peak before it; limits are given as positive depths.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rf_risk.portfolio import _checks as check
from rf_risk.portfolio._checks import FloatArray

_NODES = 28
"""Nodes of the inversion: more would cost digits to rounding, fewer to truncation."""
_STEEP = 30.0
"""Downward drift over a limit, ``-drift limit / vol^2``, up to which the inversion holds."""


class MaxDrawdown(NamedTuple):
    """Deepest fall of an equity curve; places are indices into it."""

    depth: float
    """Negative fraction of the peak, 0 if it never fell."""
    peak: int
    trough: int
    recovery: int | None
    """First index at or above the peak again, None if it has not recovered."""


class DrawdownDistribution(NamedTuple):
    """Maximum drawdowns of simulated futures, deepest first."""

    depths: FloatArray

    def probability_beyond(self, limit: float) -> float:
        """Return the share of futures that fall deeper than a positive limit, 0.2 for 20 %.

        Raises
        ------
        ValueError
            If `limit` is negative or not finite.
        """
        return float(np.mean(self.depths < -check.not_negative("limit", limit)))

    def quantile(self, confidence: float) -> float:
        """Return the depth, negative, that a share `confidence` of futures does not exceed.

        Raises
        ------
        ValueError
            If `confidence` is not strictly between 0 and 1.
        """
        return float(np.quantile(self.depths, 1.0 - check.share("confidence", confidence)))

    @property
    def mean(self) -> float:
        """Mean of the maximum drawdowns, negative."""
        return float(self.depths.mean())


def drawdown_series(equity: npt.ArrayLike) -> FloatArray:
    """Return the drawdown at every point of an equity curve.

    Parameters
    ----------
    equity : (n,) array
        Positive values; the first is the first peak.

    Returns
    -------
    (n,) array
        ``equity / running peak - 1``, 0 or negative.

    Raises
    ------
    ValueError
        If a value is not positive and finite.

    Examples
    --------
    >>> drawdown_series([100.0, 80.0, 120.0]).round(6).tolist()
    [0.0, -0.2, 0.0]
    """
    values = _equity(equity)
    peaks = np.maximum.accumulate(values)
    found: FloatArray = (values - peaks) / peaks
    return found


def _equity(equity: npt.ArrayLike) -> FloatArray:
    values = check.vector("equity", equity)
    if values.min() <= 0.0:
        raise ValueError(f"expected positive equity, was {float(values.min())}")
    return values


def max_drawdown(equity: npt.ArrayLike) -> MaxDrawdown:
    """Return the deepest drawdown of an (n,) equity curve, its peak, trough and recovery.

    Raises
    ------
    ValueError
        If a value is not positive and finite.

    Examples
    --------
    >>> max_drawdown([100.0, 110.0, 88.0, 120.0])
    MaxDrawdown(depth=-0.2, peak=1, trough=2, recovery=3)
    """
    values = _equity(equity)
    falls = drawdown_series(values)
    trough = int(np.argmin(falls))
    peak = int(np.argmax(values[: trough + 1]))
    after = np.flatnonzero(values[trough:] >= values[peak])
    recovery = trough + int(after[0]) if after.size else None
    return MaxDrawdown(float(falls[trough]), peak, trough, recovery)


def drawdown_distribution(
    returns: npt.ArrayLike,
    horizon: int,
    *,
    rng: np.random.Generator,
    paths: int = 2_000,
    block: float = 10.0,
) -> DrawdownDistribution:
    """Return maximum drawdowns of futures made of blocks of past returns.

    Parameters
    ----------
    returns : (n,) array
        Simple returns, above -1, n >= 2.
    horizon : int
        Periods of a future.
    rng : numpy Generator
        The same state gives the same futures.
    paths : int
        Futures.
    block : float
        Mean length of a block; its length is geometric and the sample wraps around (the
        stationary bootstrap). 1 draws single returns.

    Returns
    -------
    DrawdownDistribution

    Raises
    ------
    ValueError
        If a return is not finite or not above -1, or a count is out of range.

    References
    ----------
    Politis and Romano (1994), "The stationary bootstrap".

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> found = drawdown_distribution([0.01, -0.01, 0.02, -0.015], 50, rng=rng, paths=200)
    >>> found.quantile(0.95) < found.mean < 0.0
    True
    """
    values = check.vector("returns", returns, 2)
    if values.min() <= -1.0:
        raise ValueError(f"expected returns above -1, was {float(values.min())}")
    steps, futures = check.count("horizon", horizon), check.count("paths", paths)
    if not 1.0 <= block < math.inf:
        raise ValueError(f"expected block >= 1, was {block}")
    logs = np.log1p(values)
    place = rng.integers(values.size, size=futures)
    level, peak, depth = np.zeros(futures), np.zeros(futures), np.zeros(futures)
    for _ in range(steps):
        level += logs[place]
        np.maximum(peak, level, out=peak)
        np.minimum(depth, level - peak, out=depth)
        fresh = rng.random(futures) < 1.0 / block
        jump = rng.integers(values.size, size=futures)
        place = np.where(fresh, jump, (place + 1) % values.size)
    return DrawdownDistribution(np.sort(np.expm1(depth)))


def brownian_drawdown_probability(limit: float, drift: float, vol: float, tau: float) -> float:
    """Return the probability that a Brownian motion falls `limit` below its maximum.

    Parameters
    ----------
    limit : float
        Fall, positive, in the units of the motion: for the logarithm of equity and a drawdown
        of 20 % it is ``-ln(0.8)``, with drift ``mu - sigma^2 / 2``.
    drift, vol : float
        Per year.
    tau : float
        Years.

    Returns
    -------
    float
        Absolute error below 1e-10.

    Raises
    ------
    ValueError
        If an input is out of range, or the drift is so steep downwards,
        ``drift limit / vol^2 < -30``, that the inversion loses its digits.

    References
    ----------
    Taylor (1975), "A stopped Brownian motion formula"; Magdon-Ismail, Atiya, Pratap and
    Abu-Mostafa (2004), "On the maximum drawdown of a Brownian motion", for the same as a series.

    Examples
    --------
    >>> round(brownian_drawdown_probability(0.2, 0.05, 0.2, 1.0), 6)
    0.552729
    """
    h, mu = check.positive("limit", limit), check.finite("drift", drift)
    sigma, years = check.positive("vol", vol), check.not_negative("tau", tau)
    slope, time = mu * h / sigma**2, sigma**2 * years / h**2
    if slope < -_STEEP:
        raise ValueError(f"expected drift limit / vol^2 >= -{_STEEP:.0f}, was {slope:.6g}")
    if time == 0.0 or _far(slope, time):
        return 0.0
    return min(max(_passed(slope, time), 0.0), 1.0)


def _far(slope: float, time: float) -> bool:
    """Tell whether the limit is more than nine deviations beyond any drift towards it."""
    return 1.0 + min(slope, 0.0) * time > 9.0 * math.sqrt(time)


def _passed(slope: float, time: float) -> float:
    """Return the probability of a fall of one in units of limit and volatility.

    The transform over time of the first passage is known (Taylor 1975); it is inverted on
    Talbot's contour (Abate and Valko 2004), which its poles, all on the negative axis, allow.
    """
    angle = math.pi * np.arange(1, _NODES) / _NODES
    cotangent = 1.0 / np.tan(angle)
    radius = 0.4 * _NODES / time
    s = np.append(radius + 0.0j, radius * angle * (cotangent + 1.0j))
    bend = np.append(0.5 + 0.0j, 1.0 + 1.0j * (angle + (angle * cotangent - 1.0) * cotangent))
    gamma = np.sqrt(slope * slope + 2.0 * s)
    # gamma - |slope| is a difference of nearly equal numbers for small s.
    wide = gamma + abs(slope)
    near = 2.0 * s / wide
    minus, plus = (near, wide) if slope >= 0.0 else (wide, near)
    shrink = wide if slope >= 0.0 else near
    transform = 2.0 * gamma * np.exp(s * time - shrink) / (minus + plus * np.exp(-2.0 * gamma))
    return float(radius / _NODES * np.sum((transform / s * bend).real))


def expected_max_drawdown(drift: float, vol: float, tau: float) -> float:
    """Return the expected maximum drawdown of a Brownian motion, in its units.

    Parameters
    ----------
    drift, vol, tau
        As in `brownian_drawdown_probability`.

    Returns
    -------
    float
        The integral of the probability over all limits; ``sqrt(pi / 2) vol sqrt(tau)`` without
        drift. Relative error below 1e-7.

    Raises
    ------
    ValueError
        If an input is out of range, or the drift is steeper downwards than the inversion bears.

    References
    ----------
    Magdon-Ismail et al. (2004), eqs. 5 and 6.

    Examples
    --------
    >>> round(expected_max_drawdown(0.0, 0.2, 1.0), 6)
    0.250663
    """
    from scipy import integrate

    spread = check.positive("vol", vol) * math.sqrt(check.not_negative("tau", tau))
    mu = check.finite("drift", drift)
    if spread == 0.0:
        return 0.0
    sure, top = 1e-3 * spread, 9.5 * spread + max(-mu, 0.0) * tau
    found, _ = integrate.quad(
        brownian_drawdown_probability,
        sure,
        top,
        (mu, vol, tau),
        epsabs=1e-9 * spread,
        epsrel=1e-9,
        limit=200,
    )
    # Below a thousandth of a deviation the limit is passed for certain.
    return float(found) + sure
