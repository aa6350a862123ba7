"""Moving averages and MACD over arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rf_signals.indicators._checks import FloatArray, lines, series
from rf_signals.indicators._kernels import recursions, windows
from rf_signals.streaming.rolling import require_period


class MacdLines(NamedTuple):
    """The MACD line, its signal and their difference, each of the length of the input."""

    line: FloatArray
    signal: FloatArray
    histogram: FloatArray


def sma(values: npt.ArrayLike, period: int = 20) -> FloatArray:
    """Return the simple moving average.

    Parameters
    ----------
    values : (n,) array
        Finite numbers, oldest first.
    period : int
        Length of the window, at least 1.

    Returns
    -------
    (n,) array
        Mean of the last `period` values; NaN for the first ``period - 1``.

    Raises
    ------
    ValueError
        If a value is NaN or infinite (the row is named) or the period is not a whole number
        >= 1.

    Notes
    -----
    Bit for bit that of `rf_signals.streaming.Sma`: a value that has left the window leaves no
    rounding behind. O(n) whatever the period.

    Examples
    --------
    >>> sma([1.0, 2.0, 3.0, 7.0], 3).tolist()
    [nan, nan, 2.0, 4.0]
    """
    x, out = _prepared(values, period)
    windows.rolling_sum(x, period, float(period), out)
    return out


def ema(values: npt.ArrayLike, period: int = 20) -> FloatArray:
    """Return the exponential moving average, k = 2 / (period + 1).

    Parameters
    ----------
    values : (n,) array
        Finite numbers, oldest first.
    period : int
        At least 1.

    Returns
    -------
    (n,) array
        ``e += k (x - e)``, seeded with the mean of the first `period` values at index
        ``period - 1`` as in TA-Lib; NaN before.

    Raises
    ------
    ValueError
        As `sma`.

    Examples
    --------
    >>> ema([1.0, 2.0, 3.0, 6.0], 3).tolist()
    [nan, nan, 2.0, 4.0]
    """
    x, out = _prepared(values, period)
    recursions.ema(x, period, out)
    return out


def wma(values: npt.ArrayLike, period: int = 10) -> FloatArray:
    """Return the linearly weighted moving average: the newest weighs `period`, the oldest 1.

    Parameters, shape, warm-up and errors as `sma`.

    Examples
    --------
    >>> wma([1.0, 2.0, 3.0], 2).round(6).tolist()
    [nan, 1.666667, 2.666667]
    """
    x, out = _prepared(values, period)
    windows.rolling_weighted(x, period, out)
    return out


def macd(values: npt.ArrayLike, fast: int = 12, slow: int = 26, signal: int = 9) -> MacdLines:
    """Return MACD with each average seeded by its own first values (the classic convention).

    Parameters
    ----------
    values : (n,) array
        Prices, finite, oldest first.
    fast, slow, signal : int
        Periods of the averages, ``fast < slow``.

    Returns
    -------
    MacdLines
        `line` = EMA(fast) - EMA(slow) from index ``slow - 1``; `signal` = EMA of the line and
        `histogram` = line - signal from index ``slow + signal - 2``.

    Raises
    ------
    ValueError
        As `sma`, and if fast is not below slow.

    See Also
    --------
    macd_talib : the same recursion with TA-Lib's seed.

    Examples
    --------
    >>> found = macd([1.0, 2.0, 3.0, 4.0, 5.0], 2, 3, 2)
    >>> found.line.tolist(), found.histogram[-1]
    ([nan, nan, 0.5, 0.5, 0.5], np.float64(0.0))
    """
    return _macd(values, (fast, slow, signal), reseed=False)


def macd_talib(values: npt.ArrayLike, fast: int = 12, slow: int = 26, signal: int = 9) -> MacdLines:
    """Return MACD as TA-Lib seeds it: the fast average starts ``slow - fast`` values later.

    All three lines begin at index ``slow + signal - 2``. Parameters and errors as `macd`, from
    which it differs by less than 1e-6 of the price after about 150 values at 12, 26, 9.

    Examples
    --------
    >>> macd_talib([1.0, 2.0, 3.0, 4.0, 5.0], 2, 3, 2).line.tolist()
    [nan, nan, nan, 0.5, 0.5]
    """
    found = _macd(values, (fast, slow, signal), reseed=True)
    found.line[: slow + signal - 2] = np.nan
    return found


def _macd(values: npt.ArrayLike, periods: tuple[int, int, int], *, reseed: bool) -> MacdLines:
    fast, slow, signal = periods
    require_period(fast, field="fast")
    require_period(signal, field="signal")
    if require_period(slow, field="slow") <= fast:
        raise ValueError(f"expected slow > fast, was slow={slow}, fast={fast}")
    x = series("values", values)
    found = MacdLines(*lines(3, x))
    recursions.macd(x, periods, slow - fast if reseed else 0, *found)
    return found


def _prepared(values: npt.ArrayLike, period: int) -> tuple[FloatArray, FloatArray]:
    require_period(period)
    x = series("values", values)
    return x, np.empty_like(x)
