"""How much trading moves prices: Kyle, Amihud, Hasbrouck."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rf_signals.microstructure._checks import (
    FloatArray,
    array,
    count,
    not_negative,
    same_shape,
)


class KyleFit(NamedTuple):
    """Regression of price changes on signed volume.

    Attributes
    ----------
    slope : float
        Kyle's lambda, currency per unit of volume; a negative estimate is returned as it is.
    intercept : float
        Drift per observation, currency.
    r2, t_stat : float
        Of the regression and of the slope; the error variance has n - 2 degrees of freedom.
        Without any residual `t_stat` is infinite, NaN for a slope of 0; `r2` is NaN where `dp`
        does not vary.
    """

    slope: float
    intercept: float
    r2: float
    t_stat: float


def kyle_lambda(dp: npt.ArrayLike, signed_volume: npt.ArrayLike) -> KyleFit:
    """Return the least-squares fit dp = intercept + slope * signed_volume.

    Parameters
    ----------
    dp : (n,) array
        Price changes, currency; n at least 3.
    signed_volume : (n,) array
        Buys less sells in the same intervals, units.

    Raises
    ------
    ValueError
        If there are fewer than 3 points, one is not finite, or the volume does not vary.

    Notes
    -----
    Both sides are centred before products are formed. With fewer than some ten points the
    estimate is worth little; `t_stat` says how little.

    References
    ----------
    Kyle (1985), "Continuous auctions and insider trading"; ordinary least squares.

    Examples
    --------
    >>> fit = kyle_lambda([0.1, 0.3, 0.2, 0.5], [1.0, 3.0, 2.0, 4.0])
    >>> round(fit.slope, 12), round(fit.r2, 6)
    (0.13, 0.965714)
    """
    y, x = array("dp", dp, least=3), array("signed_volume", signed_volume, least=3)
    same_shape(dp=y, signed_volume=x)
    if x.min() == x.max():
        raise ValueError(f"expected signed_volume to vary, was {x[0]} throughout")
    scale = float(np.abs(x).max())  # neither tiny nor huge volumes may leave the range of floats
    mean_x, mean_y = float(np.mean(x / scale)), float(y.mean())
    dx, dy = x / scale - mean_x, y - mean_y
    sxx, syy = float(dx @ dx), float(dy @ dy)
    slope = float(dx @ dy) / sxx
    resid = dy - slope * dx
    sse = float(resid @ resid)
    error = math.sqrt(sse / (x.size - 2) / sxx)
    exact = math.copysign(math.inf, slope) if slope else math.nan
    t_stat = slope / error if error > 0.0 else exact
    r2 = 1.0 - sse / syy if syy > 0.0 else math.nan
    return KyleFit(slope / scale, mean_y - slope * mean_x, r2, t_stat)


def amihud_illiquidity(returns: npt.ArrayLike, dollar_volume: npt.ArrayLike) -> float:
    """Return the mean of |return| / dollar volume over the periods with volume.

    Parameters
    ----------
    returns : (n,) array
        Simple returns, decimals.
    dollar_volume : (n,) array
        Value traded in the same periods, currency; periods with zero are left out.

    Returns
    -------
    float
        Per unit of currency; usually quoted times 1e6.

    Raises
    ------
    ValueError
        If an array is not finite, of another length, a volume is negative or all are zero.

    References
    ----------
    Amihud (2002), "Illiquidity and stock returns", equation (1).

    Examples
    --------
    >>> round(1e6 * amihud_illiquidity([0.01, -0.02, 0.5], [1e6, 1e6, 0.0]), 9)
    0.015
    """
    moves, value = array("returns", returns), not_negative("dollar_volume", dollar_volume)
    same_shape(returns=moves, dollar_volume=value)
    traded = value > 0.0
    if not traded.any():
        raise ValueError("expected a period with dollar_volume above 0, all were 0")
    return float(np.mean(np.abs(moves[traded]) / value[traded]))


class HasbrouckImpact(NamedTuple):
    """Response of prices to one surprise trade.

    Attributes
    ----------
    response : (horizon + 1,) array
        Cumulative return after a trade innovation of 1, from the trade's own period onwards.
    long_run : float
        Its limit: the information in the trade. NaN if the system is not `stable`.
    trade_share : float
        Share of the variance of the efficient price that trades explain, 0 to 1; NaN likewise.
    stable : bool
        Whether all roots of the system lie inside the unit circle.
    return_on_return, return_on_trade, trade_on_return, trade_on_trade : array
        Coefficients by lag: 1 to p, but `return_on_trade` 0 to p.
    """

    response: FloatArray
    long_run: float
    trade_share: float
    stable: bool
    return_on_return: FloatArray
    return_on_trade: FloatArray
    trade_on_return: FloatArray
    trade_on_trade: FloatArray


def hasbrouck_impact(
    returns: npt.ArrayLike, trades: npt.ArrayLike, *, lags: int = 5, horizon: int = 20
) -> HasbrouckImpact:
    """Return the impact of a trade from a vector autoregression of returns and signed trades.

    Parameters
    ----------
    returns : (n,) array
        Change of the mid, or of its logarithm, over each trade, in time order.
    trades : (n,) array
        Sign or signed volume of each trade; it acts on the return of its own period.
    lags : int
        Order p of both equations.
    horizon : int
        Periods of the response after the trade's own.

    Returns
    -------
    HasbrouckImpact
        Responses per unit of `trades`.

    Raises
    ------
    ValueError
        If an array is not finite or of another length, there are fewer than ``4 p + 6``
        observations, or the regressors are not independent (a constant, a copy).

    Notes
    -----
    Both equations have an intercept and are fitted by least squares. The long run is the
    solution of the lag polynomials at 1, not a truncated sum.

    References
    ----------
    Hasbrouck (1991), "Measuring the information content of stock trades"; and "The summary
    informativeness of stock trades" for `trade_share`.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> signs = rng.choice([-1.0, 1.0], 4000)
    >>> moves = 0.5 * signs + rng.normal(size=4000)
    >>> round(hasbrouck_impact(moves, signs, lags=2).long_run, 1)
    0.5
    """
    r, x = array("returns", returns), array("trades", trades)
    same_shape(returns=r, trades=x)
    order, periods = count("lags", lags), count("horizon", horizon, least=0)
    if r.size < 4 * order + 6:
        raise ValueError(f"expected at least {4 * order + 6} observations, was {r.size}")
    past_r, past_x = _lagged(r, order), _lagged(x, order)
    of_return, var_r = _least_squares(r[order:], [past_r, x[order:, None], past_x])
    of_trade, var_x = _least_squares(x[order:], [past_r, past_x])
    system = _System(of_return[:order], of_return[order:], of_trade[:order], of_trade[order:])
    stable = system.is_stable()
    long_run, share = system.long_run(var_r, var_x) if stable else (math.nan, math.nan)
    return HasbrouckImpact(system.response(periods), long_run, share, stable, *system)


class _System(NamedTuple):
    """Coefficients: r on past r, r on x from lag 0, x on past r, x on past x."""

    a: FloatArray
    b: FloatArray
    c: FloatArray
    d: FloatArray

    def response(self, horizon: int) -> FloatArray:
        """Return cumulative returns after a trade innovation of 1 in period 0."""
        order = self.a.size
        r, x = np.zeros(horizon + order + 1), np.zeros(horizon + order + 1)
        with np.errstate(over="ignore", invalid="ignore"):
            for t in range(order, horizon + order + 1):
                past_r, past_x = r[t - order : t][::-1], x[t - order : t][::-1]
                x[t] = self.c @ past_r + self.d @ past_x + (1.0 if t == order else 0.0)
                r[t] = self.a @ past_r + self.b[0] * x[t] + self.b[1:] @ past_x
            return np.asarray(np.cumsum(r[order:]), dtype=np.float64)

    def is_stable(self) -> bool:
        """Tell whether the companion matrix has all eigenvalues inside the unit circle."""
        order = self.a.size
        companion = np.zeros((2 * order, 2 * order))
        companion[0, :order] = self.a + self.b[0] * self.c
        companion[0, order:] = self.b[1:] + self.b[0] * self.d
        companion[order, :order] = self.c
        companion[order, order:] = self.d
        for lag in range(1, order):
            companion[lag, lag - 1] = companion[order + lag, order + lag - 1] = 1.0
        return bool(np.abs(np.linalg.eigvals(companion)).max() < 1.0)

    def long_run(self, var_r: float, var_x: float) -> tuple[float, float]:
        """Return the cumulative return after a trade, and the share of variance due to trades."""
        own_r, own_x = 1.0 - float(self.a.sum()), 1.0 - float(self.d.sum())
        cross = float(self.b.sum())
        det = own_r * own_x - cross * float(self.c.sum())
        after_trade, after_news = cross / det, own_x / det
        by_trades = after_trade * after_trade * var_x
        total = by_trades + after_news * after_news * var_r
        return after_trade, by_trades / total if total > 0.0 else math.nan


def _lagged(values: FloatArray, order: int) -> FloatArray:
    """Return columns of the values 1 to `order` periods before."""
    return np.column_stack([values[order - lag : values.size - lag] for lag in range(1, order + 1)])


def _least_squares(y: FloatArray, blocks: list[FloatArray]) -> tuple[FloatArray, float]:
    """Return the slopes, without the intercept, and the variance of the residuals."""
    design = np.column_stack(blocks)
    centred = design - design.mean(axis=0)
    scale = np.sqrt((centred * centred).mean(axis=0))
    if (scale <= 1e-14 * np.abs(design).max(axis=0)).any():
        raise ValueError("expected returns and trades that vary, a regressor was constant")
    target = y - y.mean()
    slopes, _, rank, _ = np.linalg.lstsq(centred / scale, target, rcond=1e-12)
    if rank < design.shape[1]:
        raise ValueError(f"expected independent regressors, rank was {rank}/{design.shape[1]}")
    resid = target - (centred / scale) @ slopes
    variance = float(resid @ resid) / (y.size - design.shape[1] - 1)
    return np.asarray(slopes / scale, dtype=np.float64), variance
