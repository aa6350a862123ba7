"""Streaming features: what strategies, risk and analysts read of a market.

`FeatureSet` holds the measures of one instrument and is moved by quotes and trades in constant
time; `FeatureConfig` holds its windows. The maths is that of `rf_signals.streaming`.
"""

from rf_feature.config import FeatureConfig
from rf_feature.features import FeatureSet

__all__ = ["FeatureSet", "FeatureConfig"]
