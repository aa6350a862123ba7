"""Indicators and order-book signals.

`rf_signals.streaming` holds the live half: one value at a time, constant time per update, plain
Python without any dependency. Start with `Ema`, `Rsi` and `Ofi`.
"""

from rf_signals.streaming import Ema, Ofi, Rsi

__all__ = ["Ema", "Rsi", "Ofi"]
