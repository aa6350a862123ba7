"""Everything measured about one finished backtest.

Returns are those of equity between its points; trades are closed round trips, after fees. What
is not defined is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, isnan, nan, sqrt

import numpy as np
import numpy.typing as npt

from rf_backtest._checks import FloatArray, series
from rf_backtest.metrics import moments, performance, relative
from rf_backtest.overfitting import deflated_sharpe, probabilistic_sharpe
from rf_backtest.result import BacktestResult
from rf_backtest.validation.drawdowns import Episode, drawdown_table
from rf_backtest.validation.thresholds import Grade, Mark, composite, grade, marks
from rf_risk.volatility import regime_of

_TREND = 1.0
"""Deviations of a mean return from 0 beyond which a market rises or falls."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What trading cost, account currency; `share` is the sum over the starting equity."""

    commission: float
    slippage: float
    borrow: float
    total: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """The measures of one backtest; see `measure`.

    `psr` is the probability that the true Sharpe ratio is above 0, `dsr` that it is above the
    best of `trials` useless tries. `kurtosis` is 3 for a normal distribution. `turnover` is
    traded value per year over mean equity, both sides counted; `exposure` the share of points
    with a position, `leverage` the mean of absolute exposure over equity.
    """

    periods: int
    years: float
    total_return: float
    annual_return: float
    volatility: float
    sharpe: float
    sharpe_error: float
    psr: float
    dsr: float
    trials: int
    sortino: float
    calmar: float
    max_drawdown: float
    drawdowns: tuple[Episode, ...]
    trades: int
    win_rate: float
    profit_factor: float
    average_trade: float
    turnover: float
    exposure: float
    leverage: float
    costs: Costs
    benchmark: dict[str, float]
    skew: float
    kurtosis: float
    volatility_acf: float
    generalisation: float
    composite: float
    regime: str
    marks: dict[str, Mark]
    grade: Grade


def measure(
    result: BacktestResult,
    *,
    trials: int = 1,
    trial_variance: float | None = None,
    benchmark: npt.ArrayLike | None = None,
    generalisation: float = nan,
) -> Measures:
    """Measure a backtest.

    Parameters
    ----------
    result : BacktestResult
        With n + 1 equity points.
    trials : int
        Parameter sets and ideas that were tried before this one was kept, itself included.
    trial_variance : float, optional
        Variance of the trials' Sharpe ratios per period; without it 1 / (n - 1), which is what
        useless trials of this length show.
    benchmark : (n,) array, optional
        Simple returns of the same periods.
    generalisation : float
        Mean return outside over mean return inside the fit, from a walk-forward.

    Returns
    -------
    Measures

    Raises
    ------
    ValueError
        If there are fewer than 3 equity points, equity fell to 0, or lengths differ.

    References
    ----------
    Bailey and Lopez de Prado (2012), equation 11, and (2014), equation 2.
    """
    returns = _returns_of(result)
    told = performance(returns, periods=result.periods_per_year)
    values = _trades_of(result) | {
        "sharpe": told.sharpe,
        "sortino": told.sortino,
        "max_drawdown": -told.drawdown.depth,
        "calmar": told.calmar,
        "annual_return": told.cagr,
        "kurtosis": told.excess_kurtosis + 3.0,
        "volatility_acf": autocorrelation(np.abs(returns)),
        "generalisation": generalisation,
        "deflated_sharpe": luck(returns, trials=trials, variance=trial_variance),
    }
    values["composite"] = composite(values)
    found = marks(values)
    market = returns if benchmark is None else series(benchmark, "benchmark")
    return Measures(
        periods=returns.size,
        years=returns.size / result.periods_per_year,
        total_return=told.total_return,
        annual_return=told.cagr,
        volatility=told.volatility,
        sharpe=told.sharpe,
        sharpe_error=told.sharpe_error,
        psr=luck(returns),
        dsr=values["deflated_sharpe"],
        trials=trials,
        sortino=told.sortino,
        calmar=told.calmar,
        max_drawdown=-told.drawdown.depth,
        drawdowns=drawdown_table(returns),
        trades=len(result.trips),
        win_rate=values["win_rate"],
        profit_factor=values["profit_factor"],
        average_trade=values["average_trade"],
        turnover=_turnover(result),
        exposure=float(np.mean(result.gross > 0.0)),
        leverage=float(np.mean(result.gross / result.equity)),
        costs=costs_of(result),
        benchmark=_relative(returns, benchmark, result.periods_per_year),
        skew=told.skew,
        kurtosis=values["kurtosis"],
        volatility_acf=values["volatility_acf"],
        generalisation=generalisation,
        composite=values["composite"],
        regime=regime_label(market, periods=result.periods_per_year),
        marks=found,
        grade=grade(found),
    )


def verdict(measures: Measures, *, asked: float = 0.95) -> str:
    """Say in one line whether a Sharpe ratio is distinguishable from luck.

    With one trial the probability is that of a true Sharpe ratio above 0, with several that of
    one above the best of as many useless tries.
    """
    probability = measures.psr if measures.trials == 1 else measures.dsr
    bar = "Sharpe > 0" if measures.trials == 1 else "Sharpe > best of useless trials"
    if isnan(probability):
        return "no verdict: the returns have no volatility"
    start = "" if probability >= asked else "not "
    return (
        f"{start}distinguishable from luck (probability that {bar}: {probability:.2f}, "
        f"asked {asked:.2f}; trials counted: {measures.trials})"
    )


def luck(returns: npt.ArrayLike, *, trials: int = 1, variance: float | None = None) -> float:
    """Return the probability that a series' Sharpe ratio is no luck; NaN without volatility.

    Raises
    ------
    ValueError
        If there are fewer than 2 returns, no trial, or a negative variance.
    """
    r = series(returns, least=2)
    skew, excess = moments(r)
    if isnan(skew):
        return nan
    ratio = float(r.mean() / r.std(ddof=1))
    told = {"skew": skew, "kurtosis": excess + 3.0}
    if trials == 1:
        return probabilistic_sharpe(ratio, r.size, **told)
    spread = 1.0 / (r.size - 1) if variance is None else variance
    return deflated_sharpe(ratio, r.size, trials=trials, variance=spread, **told)


def autocorrelation(values: npt.ArrayLike) -> float:
    """Return the correlation of a series with itself one step earlier; NaN when it is flat."""
    x = series(values)
    if x.size < 3:
        return nan
    centred = x - x.mean()
    total = float(np.sum(centred**2))
    return float(np.sum(centred[1:] * centred[:-1])) / total if total > 0.0 else nan


def regime_label(returns: npt.ArrayLike, *, periods: float) -> str:
    """Return the trend and the volatility that a market had, such as "rising, high".

    It rises or falls when its mean return is more than one standard error from 0.
    """
    r = series(returns, least=2)
    deviation = float(r.std(ddof=1))
    pull = float(r.mean()) / deviation * sqrt(r.size) if deviation > 0.0 else 0.0
    trend = "rising" if pull > _TREND else "falling" if pull < -_TREND else "sideways"
    return f"{trend}, {regime_of(deviation * sqrt(periods))}"


def costs_of(result: BacktestResult) -> Costs:
    """Return what trading cost, and its share of the starting equity."""
    commission = float(result.fees)
    total = commission + result.slippage + result.borrow
    return Costs(commission, result.slippage, result.borrow, total, total / float(result.equity[0]))


def trade_returns(result: BacktestResult) -> FloatArray:
    """Return each closed trip's P&L after fees over equity when it was opened, in closing order."""
    if not result.trips:
        return np.empty(0)
    trips = sorted(result.trips, key=lambda trip: (trip.closed_ts, trip.closed, trip.opened))
    opened = np.array([trip.opened_ts for trip in trips], dtype=np.int64)
    place = np.clip(np.searchsorted(result.ts, opened, side="right") - 1, 0, None)
    pnl = np.array([float(trip.pnl) for trip in trips])
    return np.asarray(pnl / result.equity[place], dtype=np.float64)


def _returns_of(result: BacktestResult) -> FloatArray:
    if result.equity.size < 3:
        raise ValueError(f"expected at least 3 equity points, was {result.equity.size}")
    if not (result.equity > 0.0).all():
        place = int(np.flatnonzero(~(result.equity > 0.0))[0])
        raise ValueError(f"expected positive equity, was {result.equity[place]} at {place}")
    return result.returns()


def _trades_of(result: BacktestResult) -> dict[str, float]:
    pnl = np.array([float(trip.pnl) for trip in result.trips])
    if not pnl.size:
        return {"win_rate": nan, "profit_factor": nan, "average_trade": nan}
    gains, losses = float(pnl[pnl > 0.0].sum()), float(-pnl[pnl < 0.0].sum())
    return {
        "win_rate": float(np.mean(pnl > 0.0)),
        "profit_factor": gains / losses if losses > 0.0 else nan,
        "average_trade": float(pnl.mean()),
    }


def _turnover(result: BacktestResult) -> float:
    traded = float(sum((fill.price * fill.quantity for fill in result.fills), start=0))
    years = (result.equity.size - 1) / result.periods_per_year
    return traded / float(result.equity.mean()) / years if isfinite(years) and years > 0 else nan


def _relative(
    returns: FloatArray, benchmark: npt.ArrayLike | None, periods: float
) -> dict[str, float]:
    return {} if benchmark is None else relative(returns, benchmark, periods=periods)
