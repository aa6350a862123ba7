"""Windows of the streaming features."""

from __future__ import annotations

import msgspec

from rf_common.config import POSITIVE, check

DECAY = (lambda decay: 0 < decay < 1, "a decay between 0 and 1")


class FeatureConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How features are sampled and over how much history; windows count samples."""

    sample_ms: int = 500
    """Grid of event time on which prices are sampled, milliseconds."""
    vol_decay: float = 0.97
    """Decay of the present volatility."""
    average_vol_decay: float = 0.998
    """Decay of the average volatility."""
    min_samples: int = 20
    """Samples before a volatility is told."""
    rsi_period: int = 14
    """Window of the RSI."""
    ema_fast: int = 12
    """Window of the fast moving average."""
    ema_slow: int = 26
    """Window of the slow moving average."""
    macd_signal: int = 9
    """Window of the MACD's signal line; its averages have the windows above."""
    ofi_window: int = 100
    """Window of the order flow imbalance, quotes."""
    vpin_trades: int = 10
    """Trades that one VPIN bucket holds on average; its volume is set by the first trades."""
    vpin_window: int = 50
    """Window of the VPIN, full buckets."""

    def __post_init__(self) -> None:
        rules = dict.fromkeys(
            (
                "sample_ms",
                "min_samples",
                "rsi_period",
                "ema_fast",
                "ema_slow",
                "macd_signal",
                "ofi_window",
                "vpin_trades",
                "vpin_window",
            ),
            POSITIVE,
        )
        check(self, {**rules, "vol_decay": DECAY, "average_vol_decay": DECAY})
