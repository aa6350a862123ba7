"""Technical indicators over whole arrays: same length out as in, NaN in the warm-up.

The numbers are those of `rf_signals.streaming`, bit for bit, and TA-Lib's where it has the
indicator; `macd` seeds each average by itself and `macd_talib` as TA-Lib does. A NaN or an
infinity in the input is a ValueError that names the row. `expressions` has the same functions
for polars frames, and `compute` takes indicators by name from columns of bars. Start with `rsi`,
`bollinger` and `compute`.
"""

from rf_signals.indicators.momentum import (
    StochasticLines,
    cci,
    mfi,
    roc,
    rsi,
    stochastic,
    typical_price,
    williams_r,
)
from rf_signals.indicators.ranges import (
    AdxLines,
    Bands,
    IchimokuLines,
    adx,
    atr,
    bollinger,
    donchian,
    ichimoku,
    keltner,
    true_range,
)
from rf_signals.indicators.table import compute
from rf_signals.indicators.trend import MacdLines, ema, macd, macd_talib, sma, wma
from rf_signals.indicators.volume import obv, rolling_vwap, vwap

__all__ = [
    "sma",
    "ema",
    "wma",
    "macd",
    "macd_talib",
    "MacdLines",
    "rsi",
    "stochastic",
    "StochasticLines",
    "williams_r",
    "cci",
    "roc",
    "mfi",
    "true_range",
    "atr",
    "adx",
    "AdxLines",
    "bollinger",
    "keltner",
    "donchian",
    "Bands",
    "ichimoku",
    "IchimokuLines",
    "typical_price",
    "vwap",
    "rolling_vwap",
    "obv",
    "compute",
]
