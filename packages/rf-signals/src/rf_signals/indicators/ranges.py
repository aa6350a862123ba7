"""Ranges, bands and channels over arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rf_signals.indicators._checks import FloatArray, columns, delayed, lines, number, series
from rf_signals.indicators._kernels import bars, recursions, windows
from rf_signals.streaming.rolling import require_period


class Bands(NamedTuple):
    """Upper, middle and lower line of a channel, each of the length of the input."""

    upper: FloatArray
    middle: FloatArray
    lower: FloatArray


class AdxLines(NamedTuple):
    """The directional index and its two indicators, each of the length of the input."""

    adx: FloatArray
    plus_di: FloatArray
    minus_di: FloatArray


class IchimokuLines(NamedTuple):
    """Lines as they stand over each bar: the cloud was computed `displacement` bars before."""

    conversion: FloatArray
    base: FloatArray
    span_a: FloatArray
    span_b: FloatArray
    lagged_close: FloatArray


def true_range(high: npt.ArrayLike, low: npt.ArrayLike, close: npt.ArrayLike) -> FloatArray:
    """Return ``max(high - low, |high - last close|, |low - last close|)`` of each bar.

    Parameters
    ----------
    high, low, close : (n,) array
        Bars, finite, high >= low.

    Returns
    -------
    (n,) array
        NaN for the first bar, which has no last close.

    Raises
    ------
    ValueError
        If a column has a NaN (the row is named), another length, or a high below its low.

    Examples
    --------
    >>> true_range([10.0, 12.0], [9.0, 11.0], [9.5, 11.5]).tolist()
    [nan, 2.5]
    """
    high, low, close = columns(high=high, low=low, close=close)
    out = np.empty_like(close)
    bars.true_range(high, low, close, out)
    return out


def atr(
    high: npt.ArrayLike, low: npt.ArrayLike, close: npt.ArrayLike, period: int = 14
) -> FloatArray:
    """Return Wilder's average true range.

    The first number stands at index `period`, the mean of the true ranges 1 to `period`; later
    ones weigh the newest range ``1 / period``. NaN before. Parameters and errors as
    `true_range`.

    References
    ----------
    Wilder (1978), *New Concepts in Technical Trading Systems*, section III.
    """
    require_period(period)
    reach = true_range(high, low, close)
    out = np.empty_like(reach)
    recursions.wilder(reach, period, out)
    return out


def adx(
    high: npt.ArrayLike, low: npt.ArrayLike, close: npt.ArrayLike, period: int = 14
) -> AdxLines:
    """Return Wilder's average directional index with +DI and -DI, in TA-Lib's form.

    Parameters
    ----------
    high, low, close : (n,) array
        Bars, finite, high >= low.
    period : int
        At least 2.

    Returns
    -------
    AdxLines
        `plus_di` and `minus_di` from index `period`, `adx` from index ``2 period - 1``, all 0
        to 100; NaN before. A bar without range or direction leaves them unchanged.

    Raises
    ------
    ValueError
        As `true_range`, and if the period is below 2.

    References
    ----------
    Wilder (1978), *New Concepts in Technical Trading Systems*, section IV.
    """
    require_period(period, least=2)
    high, low, close = columns(high=high, low=low, close=close)
    found = AdxLines(*lines(3, close))
    bars.adx(high, low, close, period, *found)
    return found


def bollinger(close: npt.ArrayLike, period: int = 20, width: float = 2.0) -> Bands:
    """Return Bollinger bands: mean +- `width` population standard deviations.

    Parameters
    ----------
    close : (n,) array
        Prices, finite, oldest first.
    period : int
        Length of the window, at least 1.
    width : float
        Standard deviations (divisor `period`), not negative.

    Returns
    -------
    Bands
        NaN for the first ``period - 1`` values.

    Raises
    ------
    ValueError
        If a price is NaN or infinite (the row is named), the period below 1 or the width
        negative.

    Notes
    -----
    The moments of the window are joined from two halves (Chan, Golub and LeVeque 1979), without
    a difference of large squares: exact to a few units in the last place at any price level,
    and a flat window has three equal lines.

    Examples
    --------
    >>> [line.tolist() for line in bollinger([9.0, 11.0], 2)]
    [[nan, 12.0], [nan, 10.0], [nan, 8.0]]
    """
    require_period(period)
    width = number("width", width, least=0.0)
    x = series("close", close)
    bands = Bands(*lines(3, x))
    windows.rolling_moments(x, period, bands.middle, bands.upper)
    windows.bands(bands.middle, bands.upper, width, bands.upper, bands.lower)
    return bands


def keltner(
    high: npt.ArrayLike,
    low: npt.ArrayLike,
    close: npt.ArrayLike,
    period: int = 20,
    *,
    atr_period: int = 10,
    width: float = 2.0,
) -> Bands:
    """Return the Keltner channel: EMA of the close +- `width` average true ranges.

    All three lines begin at index ``max(period - 1, atr_period)``. Errors as `true_range`, and
    if a period is below 1 or the width negative.
    """
    require_period(period)
    require_period(atr_period, field="atr_period")
    width = number("width", width, least=0.0)
    high, low, close = columns(high=high, low=low, close=close)
    bands = Bands(*lines(3, close))
    recursions.ema(close, period, bands.middle)
    bands.middle[:atr_period] = np.nan
    offset = width * atr(high, low, close, atr_period)
    np.add(bands.middle, offset, out=bands.upper)
    np.subtract(bands.middle, offset, out=bands.lower)
    return bands


def donchian(high: npt.ArrayLike, low: npt.ArrayLike, period: int = 20) -> Bands:
    """Return the Donchian channel: highest high, lowest low and their middle over `period` bars.

    NaN for the first ``period - 1`` bars; the newest bar belongs to its window. Errors as
    `true_range`.

    Examples
    --------
    >>> [line.tolist() for line in donchian([3.0, 5.0], [1.0, 2.0], 2)]
    [[nan, 5.0], [nan, 3.0], [nan, 1.0]]
    """
    require_period(period)
    high, low = columns(high=high, low=low)
    bands = Bands(*lines(3, high))
    windows.rolling_extremes(high, low, period, bands.upper, bands.lower)
    np.add(bands.upper, bands.lower, out=bands.middle)
    np.divide(bands.middle, 2.0, out=bands.middle)
    return bands


def ichimoku(
    high: npt.ArrayLike,
    low: npt.ArrayLike,
    close: npt.ArrayLike,
    *,
    periods: tuple[int, int, int] = (9, 26, 52),
    displacement: int = 26,
) -> IchimokuLines:
    """Return the Ichimoku lines without looking ahead.

    Parameters
    ----------
    high, low, close : (n,) array
        Bars, finite, high >= low.
    periods : tuple of int
        Windows of the conversion line, the base line and span B.
    displacement : int
        Bars by which a chart draws the cloud ahead, at least 1.

    Returns
    -------
    IchimokuLines
        `conversion` and `base` from the middle of their windows; `span_a` and `span_b` as
        computed `displacement` bars before, where a chart draws them today; `lagged_close`,
        the close `displacement` bars ago, for comparison with today's (the lagging line of a
        chart looks into the future). NaN in each warm-up.

    Raises
    ------
    ValueError
        As `true_range`, and if a period or the displacement is below 1.
    """
    for field, period in zip(("conversion", "base", "slow"), periods, strict=True):
        require_period(period, field=field)
    require_period(displacement, field="displacement")
    high, low, close = columns(high=high, low=low, close=close)
    conversion, base, slow = (donchian(high, low, period).middle for period in periods)
    return IchimokuLines(
        conversion,
        base,
        delayed((conversion + base) / 2.0, displacement),
        delayed(slow, displacement),
        delayed(close, displacement),
    )
