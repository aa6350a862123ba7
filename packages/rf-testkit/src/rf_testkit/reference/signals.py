"""Adapters for technical indicators."""

from __future__ import annotations

import re

from rf_signals import indicators
from rf_testkit.reference.registry import Answer, Case, answers

_FIELDS = {
    "sma": "sma",
    "ema": "ema",
    "wma": "wma",
    "rsi": "rsi",
    "macd_talib": "macd_talib",
    "macd_classic": "macd",
    "bb": "bb",
    "atr": "atr",
    "trange": "trange",
    "vwap": "vwap",
    "adx": "adx",
    "stoch": "stoch",
    "cci": "cci",
    "obv": "obv",
    "mfi": "mfi",
    "roc": "roc",
    "willr": "willr",
}
"""Beginning of an expected field, and the name `compute` has for it."""

_PERIOD = re.compile(r"(.*?)_(\d+)")


@answers("indicators")
def _indicators(case: Case) -> Answer:
    bars = _columns(case)
    found: dict[str, object] = {}
    for field in sorted(case.wanted):
        name, given = (field, "")
        if (match := _PERIOD.fullmatch(field)) is not None:
            name, given = match[1], f":{match[2]}"
        start = max((key for key in _FIELDS if name.startswith(key)), key=len, default=name)
        column = _FIELDS.get(start, start)
        answer = indicators.compute(bars, [column + given])
        found[field] = answer[column + given.replace(":", "_") + name.removeprefix(start)]
    return found


def _columns(case: Case) -> dict[str, object]:
    if "data" not in case.inputs:
        return dict(case.inputs)
    bars = case.series()
    return dict((bars.rows(*case.inputs["rows"]) if "rows" in case.inputs else bars).columns)


@answers("rsi", needs="close period")
def _rsi(case: Case) -> Answer:
    return {"rsi": indicators.rsi(case.inputs["close"], case.inputs["period"])}


@answers("short", "error", needs="close period")
def _one_column(case: Case) -> Answer:
    close, period = case.inputs["close"], case.inputs["period"]
    return {
        "sma": indicators.sma(close, period),
        "ema": indicators.ema(close, period),
        "wma": indicators.wma(close, period),
        "rsi": indicators.rsi(close, period),
        "bb_middle": indicators.bollinger(close, period).middle,
        "roc": indicators.roc(close, period),
    }
