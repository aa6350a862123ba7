"""Bars, compiled: a signal decided at a close becomes a fill at the next open.

`run` takes a signal and returns the account, bar by bar; `signal` makes the signals of four
rules; `sweep` runs thousands of parameter sets of a rule over the same bars in one call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from rf_backtest.compiled import _checks as checks
from rf_backtest.compiled._kernels import account
from rf_backtest.compiled._rules import RULES, rule_rows
from rf_backtest.compiled._table import SweepTable, swept
from rf_backtest.config import CostConfig
from rf_backtest.data import Bars

FloatArray = checks.FloatArray
IntArray = checks.IntArray

__all__ = ["BarColumns", "BarRun", "SweepTable", "RULES", "signal", "run", "sweep"]

_NS_A_YEAR = 365.25 * 86_400e9
_FREE = CostConfig(taker_bps=0.0, slippage_bps=0.0, spread_bps=0.0)


@dataclass(frozen=True, slots=True)
class BarColumns:
    """Open and close of every bar, checked once for many runs.

    Attributes
    ----------
    px : (2, n) array
        Open and close, currency, positive.
    years : (1,) or (n,) array
        Years from the bar before to this one; one number where they are all alike.
    periods_per_year : float
        Bars in a year.
    """

    px: FloatArray
    years: FloatArray
    periods_per_year: float

    @classmethod
    def of(
        cls,
        px_open: npt.ArrayLike,
        px_close: npt.ArrayLike,
        *,
        ts: npt.ArrayLike | None = None,
        periods_per_year: float = 252.0,
    ) -> BarColumns:
        """Return the columns of plain arrays.

        Parameters
        ----------
        px_open, px_close : (n,) array
            Currency; adjusted for splits and dividends.
        ts : (n,) array of int64, optional
            Open times, nanoseconds, rising; without them bars are `periods_per_year` apart.
        periods_per_year : float
            Used where no times are given.

        Raises
        ------
        ValueError
            If there is no bar, lengths differ, a price is not positive and finite, or times do
            not rise.

        Examples
        --------
        >>> BarColumns.of([10.0, 11.0], [10.5, 11.5]).px.shape
        (2, 2)
        """
        closes = checks.column("px_close", px_close)
        opens = checks.column("px_open", px_open, closes.size)
        for name, values in (("px_open", opens), ("px_close", closes)):
            if not values.size or values.min() <= 0.0:
                row = int(np.argmin(values)) if values.size else -1
                raise ValueError(f"expected positive prices in {name}, row {row} was not")
        ppy = checks.number("periods_per_year", periods_per_year, above=True)
        years = np.array([1.0 / ppy])
        if ts is not None and closes.size > 1:
            years, ppy = _spacing(np.asarray(ts), closes.size)
        return cls(np.stack([opens, closes]), years, ppy)

    @classmethod
    def from_bars(cls, bars: Bars) -> BarColumns:
        """Return the columns of bars that need no corporate action.

        Raises
        ------
        ValueError
            If they have splits, dividends or an end of trading: the event-driven engine treats
            those; `Bars.adjusted` removes splits.
        """
        if bars.splits or bars.dividends or bars.delisted_ts is not None:
            raise ValueError("expected bars without splits, dividends and delisting: run these "
                             "through run_backtest, or adjust them first")  # fmt: skip
        return cls.of(bars.open, bars.close, ts=bars.ts, periods_per_year=bars.periods_per_year)

    @property
    def size(self) -> int:
        """Bars."""
        return int(self.px.shape[1])


def _spacing(ts: npt.NDArray[np.int64], size: int) -> tuple[FloatArray, float]:
    if ts.shape != (size,) or not np.issubdtype(ts.dtype, np.integer):
        raise ValueError(f"expected {size} whole nanoseconds for ts, was {ts.dtype} {ts.shape}")
    steps = np.diff(ts.astype(np.int64))
    if steps.min() <= 0:
        row = int(np.argmin(steps > 0)) + 1
        raise ValueError(f"expected rising ts, row {row} was {ts[row]} after {ts[row - 1]}")
    ppy = float(steps.size * _NS_A_YEAR / float(ts[-1] - ts[0]))
    if steps.min() == steps.max():
        return np.array([float(steps[0]) / _NS_A_YEAR]), ppy
    return np.concatenate([[0.0], steps / _NS_A_YEAR]), ppy


@dataclass(frozen=True, slots=True)
class BarRun:
    """The account of one run.

    Attributes
    ----------
    equity, cash, position : (n,) array
        At each close; currency, currency, units.
    fill_bar : (m,) array of int64
        Bar of each fill.
    fill_units, fill_px, fill_fees : (m,) array
        Signed units, currency, currency.
    fee_total, borrow_total : float
        Paid, currency.
    refusals : int
        Orders beyond buying power.
    funds : float
        Cash at the start, currency.
    """

    equity: FloatArray
    cash: FloatArray
    position: FloatArray
    fill_bar: IntArray
    fill_units: FloatArray
    fill_px: FloatArray
    fill_fees: FloatArray
    fee_total: float
    borrow_total: float
    refusals: int
    funds: float

    def returns(self) -> FloatArray:
        """Return the simple return of the equity of every bar, (n,), decimals."""
        before = np.concatenate([[self.funds], self.equity[:-1]])
        return np.asarray(self.equity / before - 1.0)


def signal(
    columns: BarColumns,
    rule: str,
    parameters: npt.ArrayLike,
    *,
    long_only: bool = False,
    out: FloatArray | None = None,
) -> FloatArray:
    """Return the position, 1, 0 or -1, that a rule asks for at each close.

    Parameters
    ----------
    columns : BarColumns
        Bars; only closes are read.
    rule : str
        A key of `RULES`: "sma_cross" and "ema_cross" (fast, slow), "zscore_reversion" (window,
        entry, exit), "momentum" (lookback, threshold).
    parameters : (k,) array
        In the order of `RULES`.
    long_only : bool
        Whether a short side is no position.
    out : (n,) array, optional
        Where to write.

    Raises
    ------
    ValueError
        If the rule is not known or a parameter is out of its range.

    Notes
    -----
    A cross is a change of the faster average from below the slower to above, or back; the side on
    which they are when both are warm is none. Averages within 1e-12 of each other are equal. An
    exponential average is seeded with the mean of its first `span` closes. Deviations of the
    z-score have ddof 0; a flat window has no score. Momentum is flat within its threshold.

    Examples
    --------
    >>> closes = [3.0, 2.0, 1.0, 2.0, 3.0, 4.0]
    >>> signal(BarColumns.of(closes, closes), "sma_cross", [1, 2]).tolist()
    [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]
    """
    from rf_backtest.compiled._kernels import scores

    family, windows, rules = rule_rows(rule, np.atleast_2d(np.asarray(parameters, float)))
    asked = _place("out", np.empty(columns.size) if out is None else out, (columns.size,))
    scores.signal(columns.px[1], family, windows, rules[0], bool(long_only), asked)
    return asked


def _place(name: str, out: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    if out.shape != shape or out.dtype != np.float64 or not out.flags.c_contiguous:
        raise ValueError(f"expected a contiguous float64 {name} of shape {shape}, was "
                         f"{out.dtype} {out.shape}")  # fmt: skip
    return out


def run(
    columns: BarColumns,
    signal: npt.ArrayLike,
    *,
    costs: CostConfig = CostConfig(),  # noqa: B008  # frozen
    funds: float = 100_000.0,
    size: float = 1.0,
    sizing: Literal["units", "share"] = "units",
    leverage: float = 1.0,
    at: Literal["next_open", "close"] = "next_open",
    out: FloatArray | None = None,
) -> BarRun:
    """Run a signal over bars and return its account.

    Parameters
    ----------
    columns : BarColumns
        Bars.
    signal : (n,) array
        Wanted position at each close, in units of `size`; NaN keeps the last one.
    costs : CostConfig
        Taker fee, slippage and half the spread move every fill against us; borrow is charged
        from close to close on what is short, on its value at the first of them.
    funds : float
        Cash at the start, currency.
    size, sizing : float, str
        "units": a signal of 1 is `size` units. "share": it is `size` of the equity at the fill,
        fees included, and is not resized while it is held.
    leverage : float
        Most value of the position over the equity. An order beyond it is refused and counted;
        what it would have closed is still closed.
    at : {"next_open", "close"}
        "close" fills at the very close that decided: a research figure, nobody can trade it.
    out : (3, n) array, optional
        Where equity, cash and position are written.

    Raises
    ------
    ValueError
        If lengths differ, a number is out of its range or `costs` ask for market impact, which
        is not modelled here.

    Notes
    -----
    O(n); about 3 ns a bar. The order of one bar: borrow, fill at the open, equity at the close,
    decision. A decision at the last close is never filled.

    Examples
    --------
    >>> free = CostConfig(taker_bps=0.0, slippage_bps=0.0, spread_bps=0.0)
    >>> bars = BarColumns.of([10.0, 11.0, 12.0], [10.5, 11.5, 12.5])
    >>> run(bars, [1.0, 1.0, 0.0], costs=free, funds=100.0).equity.tolist()
    [100.0, 100.5, 101.5]
    """
    wanted = np.ascontiguousarray(signal, dtype=np.float64)
    if wanted.shape != (columns.size,):
        raise ValueError(f"expected {columns.size} signals, was shape {wanted.shape}")
    if at not in {"next_open", "close"}:
        raise ValueError(f"expected at 'next_open' or 'close', was {at!r}")
    start = checks.number("funds", funds, above=True)
    numbers = _numbers(costs, size, sizing, leverage)
    n = columns.size
    paths = np.empty((3, n)) if out is None else _place("out", out, (3, n))
    totals, capacity = np.zeros(3), 1024
    while True:
        log = np.empty((4, capacity))
        made = account.simulate(
            columns.px, columns.years, wanted, numbers, start, at == "close", paths, log, totals
        )
        if made < 0:
            raise ValueError(f"expected signals of which none is infinite, row {-made - 1} was")
        if made <= capacity:
            break
        capacity = made
    kept = log[:, :made]
    bars = kept[0].astype(np.int64)
    paid, lent, refused = totals.tolist()
    equity, cash, position = paths
    units, px, fees = kept[1:].copy()
    return BarRun(equity, cash, position, bars, units, px, fees, paid, lent, int(refused), start)


def _numbers(costs: CostConfig, size: float, sizing: str, leverage: float) -> FloatArray:
    if costs.impact_eta:
        raise ValueError(f"expected impact_eta 0, was {costs.impact_eta}: impact is not modelled "
                         "on the compiled path")  # fmt: skip
    if sizing not in {"units", "share"}:
        raise ValueError(f"expected sizing 'units' or 'share', was {sizing!r}")
    skew = (costs.slippage_bps + 0.5 * costs.spread_bps) / 10_000.0
    if skew >= 1.0:
        raise ValueError(f"expected slippage and half the spread below the price, was {skew:.4g}")
    return np.array(
        [
            skew,
            costs.taker_bps / 10_000.0,
            costs.borrow_rate,
            checks.number("size", size, above=True),
            checks.number("leverage", leverage, above=True),
            1.0 if sizing == "share" else 0.0,
        ]
    )


def sweep(
    columns: BarColumns,
    rule: str,
    parameters: npt.ArrayLike,
    *,
    costs: CostConfig = CostConfig(),  # noqa: B008  # frozen
    funds: float = 100_000.0,
    size: float = 1.0,
    sizing: Literal["units", "share"] = "share",
    leverage: float = 1.0,
    long_only: bool = False,
    threads: int = 1,
) -> SweepTable:
    """Run many parameter sets of one rule over the same bars.

    Parameters
    ----------
    columns, costs, funds, size, sizing, leverage
        As in `run`; fills are at the next open.
    rule, long_only
        As in `signal`.
    parameters : (p, k) array
        One set a row, in the order of `RULES`.
    threads : int
        Sets are shared out among them; the table has the same bits for every number.

    Returns
    -------
    SweepTable
        Final equity, return, Sharpe ratio, drawdown, fills and costs of every set.

    Raises
    ------
    ValueError
        As in `signal` and `run`.

    Notes
    -----
    Averages of a window are formed once for all sets that use it, a block of 2,048 bars at a
    time, so that scores and account stay in the cache. Memory does not grow with bars times sets.

    Examples
    --------
    >>> closes = 100.0 + np.sin(np.arange(200) / 7.0)
    >>> table = sweep(BarColumns.of(closes, closes), "sma_cross", [[2, 10], [3, 20]], costs=_FREE)
    >>> table.fills.tolist(), bool(table.total_return[0] > table.total_return[1])
    ([9, 8], True)
    """
    sets = np.ascontiguousarray(parameters, dtype=np.float64)
    if not sets.size:
        raise ValueError(f"expected at least one set of parameters, was shape {sets.shape}")
    plan = rule_rows(rule, sets)
    numbers = _numbers(costs, size, sizing, leverage)
    start = checks.number("funds", funds, above=True)
    used = checks.count("threads", threads)
    states = swept(columns, plan, numbers, funds=start, long_only=bool(long_only), threads=used)
    return SweepTable.of(RULES[rule], sets, states, columns)
