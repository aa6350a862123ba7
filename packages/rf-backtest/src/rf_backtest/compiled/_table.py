"""What a sweep found, one row a parameter set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rf_backtest.compiled._checks import FloatArray, IntArray, side_by_side
from rf_backtest.compiled._kernels import sweeps
from rf_backtest.compiled._rules import Plan

if TYPE_CHECKING:
    from rf_backtest.compiled.bars import BarColumns


@dataclass(frozen=True, slots=True)
class SweepTable:
    """One row a parameter set, in the order in which they were given.

    Attributes
    ----------
    names : tuple of str
        Of the parameters.
    parameters : (p, k) array
        As given.
    equity : (p,) array
        At the last close, currency.
    total_return : (p,) array
        Decimal.
    mean, std : (p,) array
        Of the returns per bar; ddof 1.
    sharpe : (p,) array
        Annualised, risk-free rate 0; NaN where the returns do not vary or the account was lost.
    max_drawdown : (p,) array
        0 or negative; below -1 the account owed more than it had.
    fills, refusals : (p,) array of int64
        Counts.
    turnover, fees, borrow : (p,) array
        Value traded and paid, currency.
    exposure : (p,) array
        Share of bars with a position.
    """

    names: tuple[str, ...]
    parameters: FloatArray
    equity: FloatArray
    total_return: FloatArray
    mean: FloatArray
    std: FloatArray
    sharpe: FloatArray
    max_drawdown: FloatArray
    fills: IntArray
    refusals: IntArray
    turnover: FloatArray
    fees: FloatArray
    borrow: FloatArray
    exposure: FloatArray

    @classmethod
    def of(
        cls, names: tuple[str, ...], sets: FloatArray, states: FloatArray, columns: BarColumns
    ) -> SweepTable:
        """Return the table of the kernels' final states."""
        n = columns.size
        start, equity = states[:, -1], states[:, sweeps.EQUITY]
        mean = states[:, sweeps.SUM] / n
        spread = np.maximum(states[:, sweeps.SUM2] - n * mean * mean, 0.0)
        std = np.sqrt(spread / (n - 1)) if n > 1 else np.full(mean.shape, np.nan)
        lost = states[:, sweeps.DEPTH] >= 1.0
        std[lost], mean[lost] = np.nan, np.nan
        moves = std > 1e-15
        sharpe = np.full(mean.shape, np.nan)
        sharpe[moves] = mean[moves] / std[moves] * np.sqrt(columns.periods_per_year)
        counts = states[:, [sweeps.FILLS, sweeps.REFUSED]].astype(np.int64)
        return cls(
            names=names,
            parameters=sets.copy(),
            equity=equity.copy(),
            total_return=equity / start - 1.0,
            mean=mean,
            std=std,
            sharpe=sharpe,
            max_drawdown=-states[:, sweeps.DEPTH],
            fills=counts[:, 0].copy(),
            refusals=counts[:, 1].copy(),
            turnover=states[:, sweeps.TURNOVER].copy(),
            fees=states[:, sweeps.FEES].copy(),
            borrow=states[:, sweeps.PAID].copy(),
            exposure=states[:, sweeps.BARS_IN] / n,
        )

    def __len__(self) -> int:
        return int(self.equity.size)


def swept(
    columns: BarColumns,
    plan: Plan,
    costs: FloatArray,
    *,
    funds: float,
    long_only: bool,
    threads: int,
) -> FloatArray:
    """Return the kernels' state of every set after the last bar, and the start in its last slot."""
    family, windows, rules = plan
    states = np.zeros((rules.shape[0], sweeps.SLOTS + 1))
    for slot in (sweeps.FUNDS, sweeps.EQUITY, sweeps.PEAK, sweeps.FLOOR, sweeps.SLOTS):
        states[:, slot] = funds
    states[:, sweeps.WAITING] = -rules[:, 5]
    given = (columns.px, columns.years, family, windows, rules, long_only, costs)
    shares = min(threads, rules.shape[0])
    if shares == 1:
        sweeps.run_share(*given, 0, rules.shape[0], states)
    else:
        with side_by_side(threads) as used:
            sweeps.run_together(*given, used, states)
    return states
