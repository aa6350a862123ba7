"""Indicators of traded volume over arrays: VWAP, OBV."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rf_signals.indicators._checks import FloatArray, columns
from rf_signals.indicators._kernels import bars, windows
from rf_signals.streaming.rolling import require_period


def vwap(px: npt.ArrayLike, volume: npt.ArrayLike) -> FloatArray:
    """Return the volume-weighted average price since the first row.

    Parameters
    ----------
    px : (n,) array
        Trade prices, or `typical_price` of bars.
    volume : (n,) array
        Volume of each row, not negative.

    Returns
    -------
    (n,) array
        ``sum(px volume) / sum(volume)`` so far; NaN while no volume has traded.

    Raises
    ------
    ValueError
        If a column has a NaN or another length, or a volume is negative.

    Examples
    --------
    >>> vwap([99.0, 100.0, 104.0], [0.0, 3.0, 1.0]).tolist()
    [nan, 100.0, 101.0]
    """
    px, volume = columns(px=px, volume=volume)
    out = np.empty_like(px)
    bars.vwap(px, volume, out)
    return out


def rolling_vwap(px: npt.ArrayLike, volume: npt.ArrayLike, period: int = 20) -> FloatArray:
    """Return the volume-weighted average price of the last `period` rows.

    NaN for the first ``period - 1`` rows and where the window has no volume; parameters and
    errors as `vwap`.

    Examples
    --------
    >>> rolling_vwap([100.0, 104.0, 108.0], [3.0, 1.0, 1.0], 2).tolist()
    [nan, 101.0, 106.0]
    """
    require_period(period)
    px, volume = columns(px=px, volume=volume)
    money, total, out = px * volume, np.empty_like(px), np.empty_like(px)
    windows.rolling_sum(money, period, 1.0, out)
    windows.rolling_sum(volume, period, 1.0, total)
    total[total == 0.0] = np.nan
    out /= total
    return out


def obv(close: npt.ArrayLike, volume: npt.ArrayLike) -> FloatArray:
    """Return on-balance volume: starts with the first volume, no warm-up.

    The volume of a bar is added when its close is above the last one, taken away when below.
    Errors as `vwap`.

    Examples
    --------
    >>> obv([10.0, 11.0, 11.0, 9.0], [5.0, 2.0, 8.0, 4.0]).tolist()
    [5.0, 7.0, 7.0, 3.0]
    """
    close, volume = columns(close=close, volume=volume)
    out = np.empty_like(close)
    bars.obv(close, volume, out)
    return out
