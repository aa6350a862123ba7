"""Would it still work with other costs, more money, other fills, and run a second time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite, log2, nan

import numpy as np

from rf_backtest._checks import FloatArray
from rf_backtest.metrics import drawdown, sharpe
from rf_backtest.result import BacktestResult
from rf_backtest.validation._types import Progress

COST_PAIRS = ((0.0, 0.0), (1.0, 0.5), (5.0, 1.0), (10.0, 3.0), (20.0, 5.0), (30.0, 10.0))
"""Commission and slippage, basis points."""
CAPITALS = (1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7)

_MUST_HOLD = 4
_SCALES = 0.5
"""Traded value must grow by at least this power of the capital."""


@dataclass(frozen=True, slots=True)
class CostRow:
    """One pair of costs and what was left; `profit_factor` and `sharpe` may be NaN."""

    commission_bps: float
    slippage_bps: float
    sharpe: float
    total_return: float
    max_drawdown: float
    trades: int
    profit_factor: float


@dataclass(frozen=True, slots=True)
class CostGrid:
    """The same strategy under rising costs."""

    rows: tuple[CostRow, ...]

    @property
    def robust(self) -> bool:
        """Whether the Sharpe ratio is above 1 at each of the first four pairs."""
        return all(row.sharpe > 1.0 for row in self.rows[:_MUST_HOLD])

    @property
    def sharpe_range(self) -> float:
        """Largest Sharpe ratio less the smallest; NaN when one is undefined."""
        ratios = [row.sharpe for row in self.rows]
        return max(ratios) - min(ratios) if all(map(isfinite, ratios)) else nan

    @property
    def worst_profitable(self) -> bool:
        """Whether every pair still makes money."""
        return all(row.total_return > 0.0 for row in self.rows)


@dataclass(frozen=True, slots=True)
class CapacityRow:
    """One starting capital; `traded` is the value of all fills over that capital."""

    capital: float
    sharpe: float
    total_return: float
    traded: float


@dataclass(frozen=True, slots=True)
class Capacity:
    """The same strategy with more and more money.

    `limit` is the capital at which the Sharpe ratio falls below 1, between rows by a straight
    line over the logarithm of capital; infinite when it never does, 0 when it is below from the
    start. `decay` is the mean change of the Sharpe ratio per doubling, by least squares. `scales`
    tells whether traded value grew with the capital; without that the rest says nothing.
    """

    rows: tuple[CapacityRow, ...]
    limit: float
    decay: float
    scales: bool


@dataclass(frozen=True, slots=True)
class Consistency:
    """Fills at the next open held against fills at the close.

    `correlation` of the returns, and `trade_delta`, the difference of the number of trades over
    the larger one.
    """

    correlation: float
    trade_delta: float

    @property
    def consistent(self) -> bool:
        """Whether the correlation is above 0.95 and the trades differ by less than 5 %."""
        return self.correlation > 0.95 and self.trade_delta < 0.05


@dataclass(frozen=True, slots=True)
class Reproducibility:
    """Two runs of the same thing: the hashes of the first, and which of the second differ."""

    data_hash: str
    config_hash: str
    output_hash: str
    code: str
    differs: tuple[str, ...]

    @property
    def reproducible(self) -> bool:
        """Whether all hashes are there and equal."""
        return not self.differs


def cost_grid(
    run: Callable[[float, float], BacktestResult],
    *,
    pairs: Sequence[tuple[float, float]] = COST_PAIRS,
    progress: Progress | None = None,
) -> CostGrid:
    """Run a strategy under several pairs of commission and slippage, basis points."""
    rows = []
    for done, (commission, slippage) in enumerate(pairs, 1):
        rows.append(_cost_row(run(commission, slippage), commission, slippage))
        if progress is not None:
            progress(done, len(pairs))
    return CostGrid(tuple(rows))


def capacity(
    run: Callable[[float], BacktestResult],
    *,
    capitals: Sequence[float] = CAPITALS,
    progress: Progress | None = None,
) -> Capacity:
    """Run a strategy with several starting capitals, rising; its quantities must grow with them.

    Raises
    ------
    ValueError
        If there are fewer than two capitals or they do not rise from above 0.
    """
    rising = all(low < high for low, high in pairwise(capitals))
    if len(capitals) < 2 or not rising or not capitals[0] > 0.0:
        raise ValueError(f"expected two or more rising positive capitals, was {list(capitals)}")
    rows = []
    for done, capital in enumerate(capitals, 1):
        rows.append(_capacity_row(run(capital), capital))
        if progress is not None:
            progress(done, len(capitals))
    return Capacity(tuple(rows), _limit(rows), _decay(rows), _scales(rows))


def consistency(next_open: BacktestResult, close: BacktestResult) -> Consistency:
    """Compare a run that fills at the next open with one that fills at the close.

    Raises
    ------
    ValueError
        If they have different numbers of equity points.
    """
    one, other = next_open.returns(), close.returns()
    if one.size != other.size or one.size < 2:
        raise ValueError(f"expected equal numbers of returns, was {one.size} and {other.size}")
    trades = len(next_open.trips), len(close.trips)
    most = max(trades)
    return Consistency(
        correlation=_correlation(one, other),
        trade_delta=abs(trades[0] - trades[1]) / most if most else 0.0,
    )


def reproducibility(
    run: Callable[[], BacktestResult], *, first: BacktestResult | None = None, code: str = ""
) -> Reproducibility:
    """Run twice, or once more after `first`, and compare the hashes of data, config and output."""
    one = run() if first is None else first
    other = run()
    names = ("data_hash", "config_hash", "output_hash")
    differs = tuple(
        name
        for name in names
        if not getattr(one, name) or getattr(one, name) != getattr(other, name)
    )
    return Reproducibility(one.data_hash, one.config_hash, one.output_hash, code, differs)


def _cost_row(result: BacktestResult, commission: float, slippage: float) -> CostRow:
    returns = result.returns()
    pnl = np.array([float(trip.pnl) for trip in result.trips])
    gains, losses = float(pnl[pnl > 0.0].sum()), float(-pnl[pnl < 0.0].sum())
    return CostRow(
        commission_bps=commission,
        slippage_bps=slippage,
        sharpe=sharpe(returns, periods=result.periods_per_year),
        total_return=float(result.equity[-1] / result.equity[0] - 1.0),
        max_drawdown=-drawdown(returns).depth,
        trades=len(result.trips),
        profit_factor=gains / losses if losses > 0.0 else nan,
    )


def _capacity_row(result: BacktestResult, capital: float) -> CapacityRow:
    traded = float(sum((fill.price * fill.quantity for fill in result.fills), start=0))
    return CapacityRow(
        capital=capital,
        sharpe=sharpe(result.returns(), periods=result.periods_per_year),
        total_return=float(result.equity[-1] / result.equity[0] - 1.0),
        traded=traded / capital,
    )


def _limit(rows: Sequence[CapacityRow]) -> float:
    if not rows[0].sharpe >= 1.0:
        return 0.0
    for low, high in pairwise(rows):
        if high.sharpe >= 1.0:
            continue
        if not isfinite(high.sharpe):
            return low.capital
        share = (low.sharpe - 1.0) / (low.sharpe - high.sharpe)
        return float(low.capital * (high.capital / low.capital) ** share)
    return float("inf")


def _decay(rows: Sequence[CapacityRow]) -> float:
    x = np.array([log2(row.capital) for row in rows])
    y = np.array([row.sharpe for row in rows])
    if not np.isfinite(y).all():
        return nan
    x = x - x.mean()
    return float(np.sum(x * y) / np.sum(x**2))


def _scales(rows: Sequence[CapacityRow]) -> bool:
    first, last = rows[0], rows[-1]
    if not first.traded > 0.0 or not last.traded > 0.0:
        return False
    growth = log2(last.traded * last.capital / (first.traded * first.capital))
    return growth >= _SCALES * log2(last.capital / first.capital)


def _correlation(one: FloatArray, other: FloatArray) -> float:
    one, other = one - one.mean(), other - other.mean()
    scale = float(np.sqrt(np.sum(one**2) * np.sum(other**2)))
    return float(np.sum(one * other)) / scale if scale > 0.0 else nan
