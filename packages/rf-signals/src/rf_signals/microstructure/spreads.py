"""Spreads where there are no quotes: Roll and Corwin-Schultz."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from rf_signals.microstructure._checks import FloatArray, array, positive, same_shape

_ROOT = math.sqrt(2.0)
_DENOMINATOR = 3.0 - 2.0 * _ROOT


class RollSpread(NamedTuple):
    """Spread from the bounce of trade prices.

    Attributes
    ----------
    cov : float
        Sample covariance (ddof 1) of successive price changes, currency squared.
    spread : float
        ``2 sqrt(-cov)``, currency; 0 where the covariance is not negative.
    """

    cov: float
    spread: float


def roll_spread(px: npt.ArrayLike) -> RollSpread:
    """Return the effective spread implied by the covariance of successive price changes.

    Parameters
    ----------
    px : (n,) array
        Trade or closing prices in time order, n at least 4.

    Raises
    ------
    ValueError
        If there are fewer than 4 prices or one is not finite.

    References
    ----------
    Roll (1984), "A simple implicit measure of the effective bid-ask spread", equation (3).

    Examples
    --------
    >>> round(roll_spread([100.0, 100.0, 101.0, 100.0, 101.0, 100.0, 100.0, 101.0, 100.0])[1], 6)
    1.632993
    """
    change = np.diff(array("px", px, least=4))
    now, before = change[1:] - change[1:].mean(), change[:-1] - change[:-1].mean()
    cov = float(now @ before) / (now.size - 1)
    return RollSpread(cov, 2.0 * math.sqrt(max(0.0, -cov)))


class HighLowSpread(NamedTuple):
    """Spreads of pairs of successive days.

    Attributes
    ----------
    spread : float
        Mean over the pairs, fraction of the price.
    by_day : (n,) array
        Estimate of each day with the day before, NaN for the first (and, with ``negative="drop"``,
        for the negative ones).
    """

    spread: float
    by_day: FloatArray


def corwin_schultz_spread(
    high: npt.ArrayLike,
    low: npt.ArrayLike,
    close: npt.ArrayLike | None = None,
    *,
    negative: Literal["zero", "keep", "drop"] = "zero",
) -> HighLowSpread:
    """Return the bid-ask spread from highs and lows of one and two days.

    Parameters
    ----------
    high, low : (n,) array
        Daily extremes, currency, n at least 2.
    close : (n,) array, optional
        Closing prices. With them an overnight gap is taken out: where the day before closed
        below this day's low, this day's extremes are lowered by the gap, and raised where it
        closed above this day's high.
    negative : {"zero", "keep", "drop"}
        What a negative estimate becomes before the mean: 0 (the authors' choice), itself, or NaN
        and left out.

    Returns
    -------
    HighLowSpread
        Fractions of the price: 0.01 is 1 %.

    Raises
    ------
    ValueError
        If there are fewer than 2 days, a price is not positive, a low is above its high, or
        every estimate was dropped.

    References
    ----------
    Corwin and Schultz (2012), "A simple way to estimate bid-ask spreads from daily high and low
    prices", equations (14), (18) and section II.B for the gap.

    Examples
    --------
    >>> round(corwin_schultz_spread([101.0, 101.0], [100.0, 100.0]).spread, 6)
    0.00995
    """
    if negative not in {"zero", "keep", "drop"}:
        raise ValueError(f"expected negative 'zero', 'keep' or 'drop', was {negative!r}")
    top, bottom = positive("high", high, least=2), positive("low", low, least=2)
    same_shape(high=top, low=bottom)
    if (bottom > top).any():
        raise ValueError("expected low at most high on every day")
    top_2, bottom_2 = _without_gap(top, bottom, close)
    single = np.log(top / bottom) ** 2
    beta = single[:-1] + np.log(top_2 / bottom_2) ** 2
    gamma = np.log(np.maximum(top[:-1], top_2) / np.minimum(bottom[:-1], bottom_2)) ** 2
    alpha = (_ROOT - 1.0) * np.sqrt(beta) / _DENOMINATOR - np.sqrt(gamma / _DENOMINATOR)
    found = 2.0 * np.tanh(0.5 * alpha)
    if negative == "zero":
        found = np.maximum(found, 0.0)
    elif negative == "drop":
        found = np.where(found < 0.0, math.nan, found)
    if np.isnan(found).all():
        raise ValueError("expected an estimate that is not negative, all were dropped")
    return HighLowSpread(float(np.nanmean(found)), np.concatenate(([math.nan], found)))


def _without_gap(
    high: FloatArray, low: FloatArray, close: npt.ArrayLike | None
) -> tuple[FloatArray, FloatArray]:
    """Return the second day's extremes of each pair, moved by its overnight gap."""
    if close is None:
        return high[1:], low[1:]
    last = positive("close", close, least=2)
    same_shape(high=high, close=last)
    gap = np.maximum(low[1:] - last[:-1], 0.0) - np.maximum(last[:-1] - high[1:], 0.0)
    return high[1:] - gap, low[1:] - gap
