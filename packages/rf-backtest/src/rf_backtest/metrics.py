"""Performance of a series of simple returns.

Returns are per period; `periods` is how many there are in a year. What a series does not define
(a Sharpe ratio without volatility, a profit factor without a loss) is NaN, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1, inf, isfinite, log, nan, sqrt

import numpy as np
import numpy.typing as npt

from rf_backtest._checks import FloatArray, series

_NO_VOLATILITY = 1e-15
_LARGEST_EXPONENT = 700.0
"""Deviation, relative to the largest return, that is rounding and no volatility."""


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest fall of wealth; indices count from 0, the starting capital.

    `depth` is a negative fraction of the peak; `recovery` is None while it lasts. `longest` is
    the largest number of periods in a row that ended below the peak.
    """

    depth: float
    peak: int
    trough: int
    recovery: int | None
    longest: int
    ulcer_index: float


@dataclass(frozen=True, slots=True)
class Performance:
    """The usual statistics of a series of returns; see `performance`."""

    total_return: float
    cagr: float
    volatility: float
    sharpe: float
    sharpe_error: float
    sortino: float
    calmar: float
    omega: float
    profit_factor: float
    win_rate: float
    tail_ratio: float
    skew: float
    excess_kurtosis: float
    var_95: float
    cvar_95: float
    stability: float
    drawdown: Drawdown


def performance(
    returns: npt.ArrayLike, *, periods: float = 252.0, risk_free: float = 0.0, target: float = 0.0
) -> Performance:
    """Return the statistics of one series.

    Parameters
    ----------
    returns : (n,) array
        Simple returns per period, decimals.
    periods : float
        Periods in a year.
    risk_free, target : float
        Riskless and minimum acceptable return per period, decimals.

    Raises
    ------
    ValueError
        If there is no return, one is not finite, or one loses more than everything.

    Notes
    -----
    `sharpe_error` is the standard error of the annualised Sharpe ratio, skew and kurtosis
    included. `var_95` and `cvar_95` are the fifth percentile and the mean of the returns up to
    it, negative for losses.

    References
    ----------
    Sharpe (1994); Sortino and van der Meer (1991), all n in the downside deviation; Lo (2002)
    and Opdyke (2007) for the error.

    Examples
    --------
    >>> round(performance([0.01, -0.005, 0.02, 0.0]).total_return, 6)
    0.025049
    """
    r = series(returns)
    if r.min() < -1.0:
        raise ValueError(f"expected returns of at least -1, was {r.min()}")
    wealth = np.concatenate(([1.0], np.cumprod(1.0 + r)))
    fall = drawdown(r)
    growth = _annual(float(wealth[-1]), periods / r.size)
    gains, losses = float(r[r > 0.0].sum()), float(-r[r < 0.0].sum())
    skew, kurtosis = moments(r)
    ratio = sharpe(r, periods=periods, risk_free=risk_free)
    return Performance(
        total_return=float(wealth[-1] - 1.0),
        cagr=growth,
        volatility=_deviation(r) * sqrt(periods),
        sharpe=ratio,
        sharpe_error=_sharpe_error(ratio / sqrt(periods), r.size, skew, kurtosis) * sqrt(periods),
        sortino=sortino(r, periods=periods, target=target),
        calmar=growth / -fall.depth if fall.depth < 0.0 else nan,
        omega=omega(r, threshold=target),
        profit_factor=gains / losses if losses > 0.0 else nan,
        win_rate=float(np.mean(r > 0.0)),
        tail_ratio=_tail_ratio(r),
        skew=skew,
        excess_kurtosis=kurtosis,
        var_95=float(np.quantile(r, 0.05)),
        cvar_95=_worst_mean(r, 0.05),
        stability=_stability(wealth),
        drawdown=fall,
    )


def sharpe(returns: npt.ArrayLike, *, periods: float = 252.0, risk_free: float = 0.0) -> float:
    """Return the annualised Sharpe ratio, NaN without volatility."""
    r = series(returns)
    deviation = _deviation(r)
    return (float(r.mean()) - risk_free) / deviation * sqrt(periods) if deviation > 0.0 else nan


def sortino(returns: npt.ArrayLike, *, periods: float = 252.0, target: float = 0.0) -> float:
    """Return the annualised Sortino ratio; the downside counts over all n, NaN without one."""
    excess = series(returns) - target
    downside = sqrt(float(np.mean(np.minimum(excess, 0.0) ** 2)))
    return float(excess.mean()) / downside * sqrt(periods) if downside > 0.0 else nan


def omega(returns: npt.ArrayLike, *, threshold: float = 0.0) -> float:
    """Return gains over losses beyond a threshold; NaN without a loss."""
    excess = series(returns) - threshold
    losses = float(-excess[excess < 0.0].sum())
    return float(excess[excess > 0.0].sum()) / losses if losses > 0.0 else nan


def moments(returns: npt.ArrayLike) -> tuple[float, float]:
    """Return skewness and excess kurtosis from biased moments; NaN without volatility."""
    r = series(returns)
    if _deviation(r) == 0.0:
        return nan, nan
    centred = r - r.mean()
    centred = centred / np.abs(centred).max()  # squares of tiny returns would be 0
    variance = float(np.mean(centred**2))
    skew = float(np.mean(centred**3)) / variance**1.5
    return skew, float(np.mean(centred**4)) / variance**2 - 3.0


def drawdown(returns: npt.ArrayLike) -> Drawdown:
    """Return the deepest fall of wealth; the starting capital counts as the first peak."""
    wealth = np.concatenate(([1.0], np.cumprod(1.0 + series(returns))))
    peaks = np.maximum.accumulate(wealth)
    fall = wealth / peaks - 1.0
    trough = int(np.argmin(fall))
    peak = int(np.flatnonzero(wealth[: trough + 1] == peaks[trough])[-1])
    after = np.flatnonzero(wealth[trough:] >= peaks[trough])
    recovery = None if fall[trough] < 0.0 and not after.size else trough + int(after[0])
    return Drawdown(
        depth=float(fall[trough]),
        peak=peak,
        trough=trough,
        recovery=recovery,
        longest=_longest_under_water(fall),
        ulcer_index=sqrt(float(np.mean(fall[1:] ** 2))),
    )


def relative(
    returns: npt.ArrayLike, benchmark: npt.ArrayLike, *, periods: float = 252.0
) -> dict[str, float]:
    """Return alpha, beta, information ratio and captures against a benchmark.

    `alpha_annual` is the mean of what beta does not explain, compounded to a year; captures are
    annualised growth in the benchmark's up or down periods over the benchmark's own.

    Raises
    ------
    ValueError
        If the lengths differ.
    """
    r, b = series(returns, least=2), series(benchmark, "benchmark", least=2)
    if r.size != b.size:
        raise ValueError(f"expected a benchmark of {r.size} returns, was {b.size}")
    variance = float(np.var(b))
    beta = float(np.mean((r - r.mean()) * (b - b.mean()))) / variance if variance > 0.0 else nan
    alpha = float(np.mean(r - beta * b))
    active = r - b
    tracking = _deviation(active)
    return {
        "beta": beta,
        "alpha_annual": (1.0 + alpha) ** periods - 1.0,
        "information_ratio_annual": (
            float(active.mean()) / tracking * sqrt(periods) if tracking > 0.0 else nan
        ),
        "capture_up": _capture(r, b, b >= 0.0, periods),
        "capture_down": _capture(r, b, b < 0.0, periods),
    }


def _capture(r: FloatArray, b: FloatArray, chosen: npt.NDArray[np.bool_], periods: float) -> float:
    if not chosen.any():
        return nan
    count = int(chosen.sum())
    ours = _annual(float(np.prod(1.0 + r[chosen])), periods / count)
    theirs = _annual(float(np.prod(1.0 + b[chosen])), periods / count)
    return ours / theirs if theirs != 0.0 and isfinite(ours) and isfinite(theirs) else nan


def _annual(factor: float, power: float) -> float:
    """Return ``factor ** power - 1``: -1 where all is lost, infinite where it has no float."""
    if factor <= 0.0:
        return -1.0
    exponent = power * log(factor)
    return expm1(exponent) if exponent < _LARGEST_EXPONENT else inf


def _deviation(r: FloatArray) -> float:
    """Return the standard deviation (ddof 1), 0 where it is nothing but rounding."""
    if r.size < 2:
        return 0.0
    deviation = float(np.std(r, ddof=1))
    return deviation if deviation > _NO_VOLATILITY * float(np.abs(r).max()) else 0.0


def _sharpe_error(ratio: float, n: int, skew: float, kurtosis: float) -> float:
    """Return the standard error of a per-period Sharpe ratio."""
    if n < 2 or not np.isfinite(ratio):
        return nan
    return sqrt(max(1.0 - skew * ratio + (kurtosis + 2.0) / 4.0 * ratio**2, 0.0) / (n - 1))


def _tail_ratio(r: FloatArray) -> float:
    low = abs(float(np.quantile(r, 0.05)))
    return abs(float(np.quantile(r, 0.95))) / low if low > 0.0 else nan


def _worst_mean(r: FloatArray, share: float) -> float:
    count = int((r.size - 1) * share) + 1
    return float(np.partition(r, count - 1)[:count].mean())


def _stability(wealth: FloatArray) -> float:
    """Return R^2 of a straight line through log wealth."""
    logs = np.log(np.maximum(wealth[1:], 1e-300))
    if logs.size < 2 or np.ptp(logs) == 0.0:
        return nan
    return float(np.corrcoef(np.arange(logs.size), logs)[0, 1] ** 2)


def _longest_under_water(fall: FloatArray) -> int:
    """Return the most periods in a row that ended below the peak."""
    tops = np.append(np.flatnonzero(fall >= 0.0), fall.size)
    return int(np.diff(tops).max() - 1)
