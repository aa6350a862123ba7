"""The indicators as polars expressions, one run of bars each: use `.over("symbol")` for several.

Columns are given as expressions or names. Where the array functions say NaN an expression says
null, because polars orders NaN above every number: `rsi > 70` must not hold in the warm-up.
Indicators of several lines are a struct; take one with `.struct.field("upper")` or spread all
with `unnest`. Parameters, numbers and errors are those of the array functions; a null or NaN in
the input is a ValueError that names the row, counted inside its group.

Examples
--------
>>> import polars as pl
>>> from rf_signals.indicators import expressions as ta
>>> bars = pl.DataFrame({"symbol": ["A", "A", "B", "B"], "close": [1.0, 3.0, 5.0, 9.0]})
>>> bars.with_columns(ta.sma("close", 2).over("symbol").alias("mean"))["mean"].to_list()
[None, 2.0, None, 7.0]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from rf_signals.indicators import momentum, ranges, trend, volume

Column = pl.Expr | str


def sma(values: Column, period: int = 20) -> pl.Expr:
    """Return the simple moving average."""
    return _line(trend.sma, period, values=values)


def ema(values: Column, period: int = 20) -> pl.Expr:
    """Return the exponential moving average, seeded with a simple mean."""
    return _line(trend.ema, period, values=values)


def wma(values: Column, period: int = 10) -> pl.Expr:
    """Return the linearly weighted moving average."""
    return _line(trend.wma, period, values=values)


def macd(values: Column, fast: int = 12, slow: int = 26, signal: int = 9) -> pl.Expr:
    """Return MACD, classic seed, as a struct of line, signal and histogram."""
    return _lines(trend.macd, trend.MacdLines, fast, slow, signal, values=values)


def macd_talib(values: Column, fast: int = 12, slow: int = 26, signal: int = 9) -> pl.Expr:
    """Return MACD, TA-Lib's seed, as a struct of line, signal and histogram."""
    return _lines(trend.macd_talib, trend.MacdLines, fast, slow, signal, values=values)


def rsi(close: Column, period: int = 14) -> pl.Expr:
    """Return Wilder's relative strength index."""
    return _line(momentum.rsi, period, close=close)


def stochastic(
    high: Column,
    low: Column,
    close: Column,
    period: int = 14,
    *,
    smooth_k: int = 3,
    smooth_d: int = 3,
) -> pl.Expr:
    """Return the slow stochastic as a struct of k and d."""

    def run(high: Any, low: Any, close: Any) -> momentum.StochasticLines:
        return momentum.stochastic(high, low, close, period, smooth_k=smooth_k, smooth_d=smooth_d)

    return _lines(run, momentum.StochasticLines, high=high, low=low, close=close)


def williams_r(high: Column, low: Column, close: Column, period: int = 14) -> pl.Expr:
    """Return Williams %R."""
    return _line(momentum.williams_r, period, high=high, low=low, close=close)


def cci(high: Column, low: Column, close: Column, period: int = 20) -> pl.Expr:
    """Return the commodity channel index."""
    return _line(momentum.cci, period, high=high, low=low, close=close)


def roc(close: Column, period: int = 10) -> pl.Expr:
    """Return the rate of change in percent."""
    return _line(momentum.roc, period, close=close)


def mfi(high: Column, low: Column, close: Column, volume: Column, period: int = 14) -> pl.Expr:
    """Return the money flow index."""
    return _line(momentum.mfi, period, high=high, low=low, close=close, volume=volume)


def true_range(high: Column, low: Column, close: Column) -> pl.Expr:
    """Return the true range."""
    return _line(ranges.true_range, high=high, low=low, close=close)


def atr(high: Column, low: Column, close: Column, period: int = 14) -> pl.Expr:
    """Return Wilder's average true range."""
    return _line(ranges.atr, period, high=high, low=low, close=close)


def adx(high: Column, low: Column, close: Column, period: int = 14) -> pl.Expr:
    """Return the directional index as a struct of adx, plus_di and minus_di."""
    return _lines(ranges.adx, ranges.AdxLines, period, high=high, low=low, close=close)


def bollinger(close: Column, period: int = 20, width: float = 2.0) -> pl.Expr:
    """Return Bollinger bands as a struct of upper, middle and lower."""
    return _lines(ranges.bollinger, ranges.Bands, period, width, close=close)


def keltner(
    high: Column,
    low: Column,
    close: Column,
    period: int = 20,
    *,
    atr_period: int = 10,
    width: float = 2.0,
) -> pl.Expr:
    """Return the Keltner channel as a struct of upper, middle and lower."""

    def run(high: Any, low: Any, close: Any) -> ranges.Bands:
        return ranges.keltner(high, low, close, period, atr_period=atr_period, width=width)

    return _lines(run, ranges.Bands, high=high, low=low, close=close)


def donchian(high: Column, low: Column, period: int = 20) -> pl.Expr:
    """Return the Donchian channel as a struct of upper, middle and lower."""
    return _lines(ranges.donchian, ranges.Bands, period, high=high, low=low)


def ichimoku(high: Column, low: Column, close: Column) -> pl.Expr:
    """Return the Ichimoku lines at 9, 26, 52 and displacement 26 as a struct."""
    return _lines(ranges.ichimoku, ranges.IchimokuLines, high=high, low=low, close=close)


def vwap(px: Column, qty: Column) -> pl.Expr:
    """Return the volume-weighted average price since the first row of the group."""
    return _line(volume.vwap, px=px, volume=qty)


def rolling_vwap(px: Column, qty: Column, period: int = 20) -> pl.Expr:
    """Return the volume-weighted average price of the last `period` rows."""
    return _line(volume.rolling_vwap, period, px=px, volume=qty)


def obv(close: Column, qty: Column) -> pl.Expr:
    """Return on-balance volume."""
    return _line(volume.obv, close=close, volume=qty)


def _line(function: Callable[..., Any], *parameters: float, **columns: Column) -> pl.Expr:
    def run(rows: pl.Series) -> pl.Series:
        return pl.Series(function(*_arrays(rows), *parameters)).fill_nan(None)

    return _struct(columns).map_batches(run, return_dtype=pl.Float64)


def _lines(
    function: Callable[..., Any], shape: Any, *parameters: float, **columns: Column
) -> pl.Expr:
    fields: tuple[str, ...] = shape._fields

    def run(rows: pl.Series) -> pl.Series:
        found = function(*_arrays(rows), *parameters)
        lines = zip(fields, found, strict=True)
        return pl.DataFrame(
            {name: pl.Series(line).fill_nan(None) for name, line in lines}
        ).to_struct()

    dtype = pl.Struct({name: pl.Float64 for name in fields})
    return _struct(columns).map_batches(run, return_dtype=dtype)


def _struct(columns: dict[str, Column]) -> pl.Expr:
    """Return the columns side by side under the names the array function gives them."""
    return pl.struct(
        (pl.col(column) if isinstance(column, str) else column).cast(pl.Float64).alias(name)
        for name, column in columns.items()
    )


def _arrays(rows: pl.Series) -> list[Any]:
    return [rows.struct.field(name).to_numpy() for name in rows.struct.fields]
