"""One value at a time: the indicators and book signals of the live tick path.

Every class keeps its own small state, takes one value, bar, quote or trade with `update`, and
returns the current number or `None` while it warms up. The numbers are those of the batch
functions. Nothing here imports numpy, scipy or numba: plain Python is faster for single values
(about a tenth of a microsecond) and the first tick never waits for a compiler.

Start with `Ema`, `Rsi` and `Ofi`.
"""

from rf_signals.streaming.book import (
    BookImbalance,
    Microprice,
    MultiLevelOfi,
    Ofi,
    imbalance,
    microprice,
)
from rf_signals.streaming.flow import LeeReady, TickRule, Vpin
from rf_signals.streaming.momentum import Cci, Mfi, Roc, Rsi, Stochastic, WilliamsR
from rf_signals.streaming.ranges import Adx, Atr, Bollinger, Donchian, Ichimoku, Keltner
from rf_signals.streaming.rolling import (
    Lag,
    RollingExtremum,
    RollingMean,
    RollingSum,
    RollingVariance,
)
from rf_signals.streaming.trend import Ema, Macd, Sma, Wma
from rf_signals.streaming.volume import EwmaVol, LogReturn, Obv, Vwap

__all__ = [
    "Sma",
    "Ema",
    "Wma",
    "Macd",
    "Rsi",
    "Stochastic",
    "WilliamsR",
    "Cci",
    "Roc",
    "Mfi",
    "Atr",
    "Adx",
    "Bollinger",
    "Keltner",
    "Donchian",
    "Ichimoku",
    "Vwap",
    "Obv",
    "LogReturn",
    "EwmaVol",
    "Ofi",
    "MultiLevelOfi",
    "Microprice",
    "microprice",
    "BookImbalance",
    "imbalance",
    "TickRule",
    "LeeReady",
    "Vpin",
    "RollingSum",
    "RollingMean",
    "RollingVariance",
    "RollingExtremum",
    "Lag",
]
