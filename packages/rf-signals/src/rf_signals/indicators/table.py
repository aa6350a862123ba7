"""Indicators by name, from the columns of a table of bars."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rf_signals.indicators import momentum, ranges, trend, volume
from rf_signals.indicators._checks import FloatArray


@dataclass(frozen=True, slots=True)
class _Known:
    """What one name stands for: input columns, parameters by keyword, output suffixes."""

    run: Callable[..., Any]
    inputs: str
    parameters: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ("",)


def _session_vwap(high: FloatArray, low: FloatArray, close: FloatArray, qty: Any) -> FloatArray:
    return volume.vwap(momentum.typical_price(high, low, close), qty)


def _window_vwap(
    high: FloatArray, low: FloatArray, close: FloatArray, qty: Any, *, period: int = 20
) -> FloatArray:
    return volume.rolling_vwap(momentum.typical_price(high, low, close), qty, period)


def _clouds(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    *,
    conversion: int = 9,
    base: int = 26,
    slow: int = 52,
    displacement: int = 26,
) -> ranges.IchimokuLines:
    return ranges.ichimoku(
        high, low, close, periods=(conversion, base, slow), displacement=displacement
    )


_BAR, _TRADED = "high low close", "high low close volume"
_PERIOD, _CHANNEL = ("period",), ("_upper", "_middle", "_lower")
_MACD = ("fast", "slow", "signal"), ("", "_signal", "_hist")
_SMOOTH = ("period", "smooth_k", "smooth_d")
_CLOUD = ("conversion", "base", "slow", "displacement")
_LINES = ("_conversion", "_base", "_span_a", "_span_b", "_lagged_close")

_KNOWN = {
    "sma": _Known(trend.sma, "close", _PERIOD),
    "ema": _Known(trend.ema, "close", _PERIOD),
    "wma": _Known(trend.wma, "close", _PERIOD),
    "macd": _Known(trend.macd, "close", *_MACD),
    "macd_talib": _Known(trend.macd_talib, "close", *_MACD),
    "rsi": _Known(momentum.rsi, "close", _PERIOD),
    "stoch": _Known(momentum.stochastic, _BAR, _SMOOTH, ("_k", "_d")),
    "willr": _Known(momentum.williams_r, _BAR, _PERIOD),
    "cci": _Known(momentum.cci, _BAR, _PERIOD),
    "roc": _Known(momentum.roc, "close", _PERIOD),
    "mfi": _Known(momentum.mfi, _TRADED, _PERIOD),
    "trange": _Known(ranges.true_range, _BAR),
    "atr": _Known(ranges.atr, _BAR, _PERIOD),
    "adx": _Known(ranges.adx, _BAR, _PERIOD, ("", "_plus_di", "_minus_di")),
    "bb": _Known(ranges.bollinger, "close", ("period", "width"), _CHANNEL),
    "keltner": _Known(ranges.keltner, _BAR, ("period", "atr_period", "width"), _CHANNEL),
    "donchian": _Known(ranges.donchian, "high low", _PERIOD, _CHANNEL),
    "ichimoku": _Known(_clouds, _BAR, _CLOUD, _LINES),
    "vwap": _Known(_session_vwap, _TRADED),
    "rolling_vwap": _Known(_window_vwap, _TRADED, _PERIOD),
    "obv": _Known(volume.obv, "close volume"),
}
_ALIASES = {"bollinger": "bb", "stochastic": "stoch", "williams_r": "willr", "true_range": "trange"}


def compute(frame: Any, names: list[str]) -> dict[str, FloatArray]:
    """Return indicators of a table of bars by name.

    Parameters
    ----------
    frame : polars or pandas DataFrame, or mapping of name to (n,) array
        Columns open, high, low, close, volume as far as they are needed, upper or lower case.
    names : list of str
        Indicators with parameters after colons, as many as differ from the usual ones: "rsi",
        "rsi:21", "macd:12:26:9", "macd_talib", "bb:20:2", "keltner:20:10:2", "atr:14",
        "stoch:14:3:3", "ichimoku:9:26:52:26", "vwap" (since the first row), "rolling_vwap:20".

    Returns
    -------
    dict of str to (n,) array
        Named as asked for, with "_" for ":", one entry per line: "rsi:21" is `rsi_21`; "macd"
        is `macd`, `macd_signal` and `macd_hist`; "bb:20:2" is `bb_20_2_upper`, `_middle` and
        `_lower`. NaN in the warm-up.

    Raises
    ------
    ValueError
        If a name is unknown (the known ones are listed), a parameter is not a number or one too
        many, a column is missing, or the indicator refuses its input (a NaN: the row is named).

    Examples
    --------
    >>> found = compute({"Close": [1.0, 2.0, 3.0, 7.0]}, ["sma:3", "roc:1"])
    >>> list(found), found["sma_3"].tolist()
    (['sma_3', 'roc_1'], [nan, nan, 2.0, 4.0])
    """
    found: dict[str, FloatArray] = {}
    columns = _columns(frame)
    for name in names:
        base, known, parameters = _parse(name)
        inputs = [_column(columns, column, name) for column in known.inputs.split()]
        try:
            result = known.run(*inputs, **parameters)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        lines = (result,) if isinstance(result, np.ndarray) else tuple(result)
        for suffix, line in zip(known.outputs, lines, strict=True):
            found[base + suffix] = line
    return found


def _parse(name: str) -> tuple[str, _Known, dict[str, float]]:
    head, *given = name.strip().lower().split(":")
    known = _KNOWN.get(_ALIASES.get(head, head))
    if known is None:
        raise ValueError(f"unknown indicator {name!r}, known are {', '.join(_KNOWN)}")
    if len(given) > len(known.parameters):
        form = ":".join((head, *known.parameters))
        raise ValueError(f"{name}: expected at most {form}")
    parameters = {
        field: _number(text, field, name)
        for field, text in zip(known.parameters, given, strict=False)
    }
    return "_".join((head, *given)), known, parameters


def _number(text: str, field: str, name: str) -> float:
    try:
        return float(text) if field == "width" else int(text)
    except ValueError:
        kind = "a number" if field == "width" else "a whole number"
        raise ValueError(f"{name}: expected {kind} for {field}, was {text!r}") from None


def _columns(frame: Any) -> Mapping[str, Any]:
    """Return the columns by lower-case name; where two differ by case only, the lower-case one."""
    names = list(frame.columns) if hasattr(frame, "columns") else list(frame)
    ordered = sorted((name for name in names if isinstance(name, str)), key=str.islower)
    return {name.lower(): frame[name] for name in ordered}


def _column(columns: Mapping[str, Any], wanted: str, name: str) -> Any:
    if wanted not in columns:
        present = ", ".join(columns) or "none"
        raise ValueError(f"{name}: expected a column {wanted!r}, columns are {present}")
    return columns[wanted]
