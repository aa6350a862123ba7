"""Oscillators over arrays: RSI, stochastic, Williams %R, CCI, ROC, MFI."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rf_signals.indicators._checks import FloatArray, columns, lines, number, series
from rf_signals.indicators._kernels import bars, recursions, windows
from rf_signals.streaming.rolling import require_period


class StochasticLines(NamedTuple):
    """Slow %K and its average %D, each of the length of the input."""

    k: FloatArray
    d: FloatArray


def rsi(close: npt.ArrayLike, period: int = 14) -> FloatArray:
    """Return Wilder's relative strength index.

    Parameters
    ----------
    close : (n,) array
        Prices, finite, oldest first.
    period : int
        At least 1.

    Returns
    -------
    (n,) array
        0 to 100; NaN for the first `period` values. The first number rests on the plain means
        of the first `period` gains and losses; later ones weigh the newest change
        ``1 / period``. A flat series is 50, gains only are 100, losses only are 0.

    Raises
    ------
    ValueError
        If a price is NaN or infinite (the row is named) or the period is not a whole number
        >= 1.

    Notes
    -----
    Bit for bit that of `rf_signals.streaming.Rsi`; TA-Lib agrees to 1e-12 where prices move.
    On a series that never moved TA-Lib returns 0.

    References
    ----------
    Wilder (1978), *New Concepts in Technical Trading Systems*, section VI.

    Examples
    --------
    >>> rsi([10.0, 11.0, 10.5, 10.5], 2).round(4).tolist()
    [nan, nan, 66.6667, 66.6667]
    """
    require_period(period)
    px = series("close", close)
    out = np.empty_like(px)
    recursions.rsi(px, period, out)
    return out


def stochastic(
    high: npt.ArrayLike,
    low: npt.ArrayLike,
    close: npt.ArrayLike,
    period: int = 14,
    *,
    smooth_k: int = 3,
    smooth_d: int = 3,
    flat: float = 0.0,
) -> StochasticLines:
    """Return the slow stochastic: the smoothed place of the close in the range of `period` bars.

    Parameters
    ----------
    high, low, close : (n,) array
        Bars, finite, high >= low.
    period, smooth_k, smooth_d : int
        Window of the range, of the mean that makes %K, and of the mean of %K that makes %D.
    flat : float
        Raw place in a window without any range: 0 as in TA-Lib, 50 for a neutral reading.

    Returns
    -------
    StochasticLines
        `k` and `d`, 0 to 100, both from index ``period + smooth_k + smooth_d - 3`` as TA-Lib's
        STOCH; NaN before.

    Raises
    ------
    ValueError
        If a column has a NaN, another length or a high below its low, or a period is below 1.
    """
    require_period(period)
    require_period(smooth_k, field="smooth_k")
    require_period(smooth_d, field="smooth_d")
    flat = number("flat", flat)
    high, low, close = columns(high=high, low=low, close=close)
    top, bottom, k, d = lines(4, close)
    windows.rolling_extremes(high, low, period, top, bottom)
    raw = top
    windows.place_in_range(top, bottom, close, flat, raw)
    first = period - 1
    windows.rolling_sum(raw[first:], smooth_k, float(smooth_k), k[first:])
    first += smooth_k - 1
    windows.rolling_sum(k[first:], smooth_d, float(smooth_d), d[first:])
    k[: first + smooth_d - 1] = d[:first] = np.nan
    return StochasticLines(k.copy(), d.copy())


def williams_r(
    high: npt.ArrayLike, low: npt.ArrayLike, close: npt.ArrayLike, period: int = 14
) -> FloatArray:
    """Return Williams %R, -100 (close at the low of the window) to 0 (at the high).

    Parameters and errors as `stochastic`; NaN for the first ``period - 1`` bars, 0 in a window
    without any range.
    """
    require_period(period)
    high, low, close = columns(high=high, low=low, close=close)
    out, (top, bottom) = np.empty_like(close), lines(2, close)
    windows.rolling_extremes(high, low, period, top, bottom)
    windows.place_below_top(top, bottom, close, out)
    return out


def cci(
    high: npt.ArrayLike, low: npt.ArrayLike, close: npt.ArrayLike, period: int = 20
) -> FloatArray:
    """Return the commodity channel index of the typical price ``(high + low + close) / 3``.

    ``(x - mean) / (0.015 * mean deviation)`` over the last `period` bars; NaN for the first
    ``period - 1``, 0 in a flat window. Parameters and errors as `stochastic`. The cost grows
    with the period, because a mean deviation has no recursion.

    References
    ----------
    Lambert (1980), *Commodities* 9(10).
    """
    require_period(period)
    x = typical_price(high, low, close)
    means, out = np.empty_like(x), np.empty_like(x)
    windows.rolling_sum(x, period, float(period), means)
    windows.channel_index(x, period, means, out)
    return out


def roc(close: npt.ArrayLike, period: int = 10) -> FloatArray:
    """Return the rate of change over `period` values, in percent.

    NaN for the first `period` values and where the old price is 0.

    Raises
    ------
    ValueError
        As `rsi`.

    Examples
    --------
    >>> roc([100.0, 110.0, 121.0], 1).round(6).tolist()
    [nan, 10.0, 10.0]
    """
    require_period(period)
    px = series("close", close)
    out = np.empty_like(px)
    bars.roc(px, period, out)
    return out


def mfi(
    high: npt.ArrayLike,
    low: npt.ArrayLike,
    close: npt.ArrayLike,
    volume: npt.ArrayLike,
    period: int = 14,
) -> FloatArray:
    """Return the money flow index: share of the money on rising typical prices, 0 to 100.

    Money is the typical price times `volume`; typical prices unchanged but for rounding count
    for neither side, and the index is 50 when no money moved the price in the window (TA-Lib
    returns 0). NaN for the first `period` bars. Errors as `stochastic`, and if a volume is
    negative.
    """
    require_period(period)
    high, low, close, volume = columns(high=high, low=low, close=close, volume=volume)
    x = typical_price(high, low, close)
    out, (up, down, rising, falling) = np.empty_like(x), lines(4, x[1:])
    windows.money_flow(x, volume, up, down)
    windows.rolling_sum(up, period, 1.0, rising)
    windows.rolling_sum(down, period, 1.0, falling)
    out[:period] = np.nan
    windows.money_share(rising, falling, out[1:])
    return out


def typical_price(high: npt.ArrayLike, low: npt.ArrayLike, close: npt.ArrayLike) -> FloatArray:
    """Return ``(high + low + close) / 3`` of each bar; errors as `stochastic`.

    Examples
    --------
    >>> typical_price([3.0], [1.0], [2.0]).tolist()
    [2.0]
    """
    high, low, close = columns(high=high, low=low, close=close)
    out = np.empty_like(close)
    bars.typical(high, low, close, out)
    return out
