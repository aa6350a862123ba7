"""Volatility that was: of returns, and of the open, high, low and close of bars."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import gamma, ndtr

from rf_signals.microstructure._checks import FloatArray, array, number, positive, same_shape

_LN2 = math.log(2.0)
_ABS_MOMENT_2 = 2.0 / math.pi
_TRI_MOMENT = float(2.0 ** (2.0 / 3.0) * gamma(7.0 / 6.0) / gamma(0.5))


def realised_variance(returns: npt.ArrayLike) -> float:
    """Return the sum of squared returns: the variance of the whole span, jumps included.

    Parameters
    ----------
    returns : (n,) array
        Log returns inside the span, decimals.

    Raises
    ------
    ValueError
        If `returns` is empty or not finite.

    References
    ----------
    Andersen and Bollerslev (1998), "Answering the skeptics".

    Examples
    --------
    >>> realised_variance([0.5, -0.5])
    0.5
    """
    r = array("returns", returns)
    return float(r @ r)


def bipower_variation(returns: npt.ArrayLike) -> float:
    """Return the variance of the whole span without its jumps.

    ``(pi / 2) (n / (n - 1)) sum |r_i| |r_{i-1}|``.

    Parameters
    ----------
    returns : (n,) array
        Log returns inside the span, decimals, n at least 2.

    Raises
    ------
    ValueError
        If there are fewer than 2 returns or one is not finite.

    References
    ----------
    Barndorff-Nielsen and Shephard (2004), "Power and bipower variation with stochastic
    volatility and jumps".

    Examples
    --------
    >>> round(bipower_variation([0.5, 0.5]) / math.pi, 12)
    0.25
    """
    size = np.abs(array("returns", returns, least=2))
    return float(size[1:] @ size[:-1]) / _ABS_MOMENT_2 * size.size / (size.size - 1)


class JumpTest(NamedTuple):
    """Whether a span held a jump.

    Attributes
    ----------
    variance, bipower : float
        Realised variance and bipower variation.
    jump_share : float
        ``max(0, 1 - bipower / variance)``.
    z, p_value : float
        Ratio statistic, standard normal without jumps, and its upper tail.
    """

    variance: float
    bipower: float
    jump_share: float
    z: float
    p_value: float


def jump_test(returns: npt.ArrayLike) -> JumpTest:
    """Return the ratio test of realised variance against bipower variation.

    Parameters
    ----------
    returns : (n,) array
        Log returns inside the span, decimals, n at least 3; some hundred for the asymptotics.

    Raises
    ------
    ValueError
        If there are fewer than 3 returns, one is not finite, or all are zero.

    References
    ----------
    Huang and Tauchen (2005), "The relative contribution of jumps to total price variance", the
    ratio statistic with tripower quarticity.

    Examples
    --------
    >>> jump_test([0.01, -0.01] * 50 + [0.2]).p_value < 0.001
    True
    """
    r = array("returns", returns, least=3)
    largest = float(np.abs(r).max())
    if largest == 0.0:
        raise ValueError("expected a return that is not 0, all were 0")
    r = r / largest
    variance, bipower, n = realised_variance(r), bipower_variation(r), r.size
    thirds = np.abs(r) ** (4.0 / 3.0)
    quarticity = float((thirds[2:] * thirds[1:-1] * thirds[:-2]).sum())
    quarticity *= n * n / (n - 2) / _TRI_MOMENT**3
    ratio = max(1.0, quarticity / bipower**2) if bipower > 0.0 else 1.0
    share = 1.0 - bipower / variance
    z = share / math.sqrt((math.pi**2 / 4.0 + math.pi - 5.0) / n * ratio)
    unit = largest * largest
    return JumpTest(variance * unit, bipower * unit, max(0.0, share), z, float(ndtr(-z)))


def close_to_close_vol(close: npt.ArrayLike, *, periods_per_year: float = 1.0) -> float:
    """Return the standard deviation (ddof 1) of log returns from close to close.

    Parameters
    ----------
    close : (n,) array
        Closing prices, currency, n at least 3.
    periods_per_year : float
        Bars in a year; 1 leaves the volatility per bar.

    Returns
    -------
    float
        Decimal, per year.

    Raises
    ------
    ValueError
        If there are fewer than 3 prices or one is not positive.

    Examples
    --------
    >>> round(close_to_close_vol([100.0, 101.0, 100.0]), 6)
    0.014072
    """
    returns = np.diff(np.log(positive("close", close, least=3)))
    return _annual(float(returns.var(ddof=1)), periods_per_year)


def parkinson_vol(
    high: npt.ArrayLike, low: npt.ArrayLike, *, periods_per_year: float = 1.0
) -> float:
    """Return the volatility from the ranges of bars, for a price without drift.

    Parameters
    ----------
    high, low : (n,) array
        Extremes of each bar, currency.
    periods_per_year : float
        Bars in a year; 1 leaves the volatility per bar.

    Returns
    -------
    float
        Decimal, per year.

    Raises
    ------
    ValueError
        If a price is not positive, arrays differ in length, or a low is above its high.

    References
    ----------
    Parkinson (1980), "The extreme value method for estimating the variance of the rate of return".

    Examples
    --------
    >>> round(parkinson_vol([102.0], [100.0]), 6)
    0.011893
    """
    top, bottom = _range(high, low)
    return _annual(float(np.mean(np.log(top / bottom) ** 2)) / (4.0 * _LN2), periods_per_year)


def garman_klass_vol(
    open_px: npt.ArrayLike,
    high: npt.ArrayLike,
    low: npt.ArrayLike,
    close: npt.ArrayLike,
    *,
    periods_per_year: float = 1.0,
) -> float:
    """Return the volatility from ranges and closes, for a price without drift or gaps.

    Parameters
    ----------
    open_px, high, low, close : (n,) array
        Bars, currency.
    periods_per_year : float
        Bars in a year; 1 leaves the volatility per bar.

    Returns
    -------
    float
        Decimal, per year.

    Raises
    ------
    ValueError
        If a price is not positive or outside its bar's range, or arrays differ in length.

    References
    ----------
    Garman and Klass (1980), "On the estimation of security price volatilities from historical
    data", the practical estimator with weights 0.5 and 2 ln 2 - 1.

    Examples
    --------
    >>> round(garman_klass_vol([100.0], [102.0], [100.0], [101.0]), 6)
    0.012563
    """
    first, top, bottom, last = _bars(open_px, high, low, close)
    spans = 0.5 * np.log(top / bottom) ** 2 - (2.0 * _LN2 - 1.0) * np.log(last / first) ** 2
    return _annual(float(spans.mean()), periods_per_year)


def rogers_satchell_vol(
    open_px: npt.ArrayLike,
    high: npt.ArrayLike,
    low: npt.ArrayLike,
    close: npt.ArrayLike,
    *,
    periods_per_year: float = 1.0,
) -> float:
    """Return the volatility from ranges and closes, whatever the drift, without gaps.

    Parameters, result and errors are those of `garman_klass_vol`.

    References
    ----------
    Rogers and Satchell (1991), "Estimating variance from high, low and closing prices".

    Examples
    --------
    >>> round(rogers_satchell_vol([100.0], [102.0], [100.0], [101.0]), 6)
    0.013968
    """
    spans = _rogers_satchell(*_bars(open_px, high, low, close))
    return _annual(float(spans.mean()), periods_per_year)


def yang_zhang_vol(
    open_px: npt.ArrayLike,
    high: npt.ArrayLike,
    low: npt.ArrayLike,
    close: npt.ArrayLike,
    *,
    periods_per_year: float = 1.0,
) -> float:
    """Return the volatility from ranges, closes and overnight gaps, whatever the drift.

    Of the first bar only the close is used: n bars are n - 1 observations.

    Parameters, result and errors are those of `garman_klass_vol`, with at least 3 bars.

    References
    ----------
    Yang and Zhang (2000), "Drift-independent volatility estimation based on high, low, open and
    close prices"; weight k = 0.34 / (1.34 + (n + 1) / (n - 1)).

    Examples
    --------
    >>> bars = [100.0, 101.0, 100.5], [102.0, 102.0, 101.0], [99.0, 100.0, 99.5]
    >>> round(yang_zhang_vol(*bars, [101.0, 100.2, 100.0]), 6)
    0.01186
    """
    first, top, bottom, last = _bars(open_px, high, low, close)
    array("close", last, least=3)
    gap, session = np.log(first[1:] / last[:-1]), np.log(last[1:] / first[1:])
    n = gap.size
    weight = 0.34 / (1.34 + (n + 1.0) / (n - 1.0))
    inside = float(_rogers_satchell(first[1:], top[1:], bottom[1:], last[1:]).mean())
    variance = float(gap.var(ddof=1)) + weight * float(session.var(ddof=1))
    return _annual(variance + (1.0 - weight) * inside, periods_per_year)


def _rogers_satchell(
    first: FloatArray, top: FloatArray, bottom: FloatArray, last: FloatArray
) -> FloatArray:
    above = np.log(top / last) * np.log(top / first)
    return np.asarray(above + np.log(bottom / last) * np.log(bottom / first), dtype=np.float64)


def _annual(variance: float, periods_per_year: float) -> float:
    scale = number("periods_per_year", periods_per_year, least=0.0, above=True)
    return math.sqrt(max(0.0, variance) * scale)


def _range(high: npt.ArrayLike, low: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    top, bottom = positive("high", high), positive("low", low)
    same_shape(high=top, low=bottom)
    if (bottom > top).any():
        raise ValueError("expected low at most high in every bar")
    return top, bottom


def _bars(
    open_px: npt.ArrayLike, high: npt.ArrayLike, low: npt.ArrayLike, close: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    top, bottom = _range(high, low)
    first, last = positive("open_px", open_px), positive("close", close)
    same_shape(open_px=first, high=top, low=bottom, close=last)
    for name, px in (("open_px", first), ("close", last)):
        if ((px > top) | (px < bottom)).any():
            raise ValueError(f"expected {name} between low and high in every bar")
    return first, top, bottom, last
