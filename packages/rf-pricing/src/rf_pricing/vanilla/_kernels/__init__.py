"""Compiled arithmetic of European options; scalars here are for other kernels too."""

from rf_pricing.vanilla._kernels.bachelier import bachelier_implied_stdev, bachelier_value
from rf_pricing.vanilla._kernels.black import black_value, bsm_greeks_of, bsm_value
from rf_pricing.vanilla._kernels.implied import black_implied_stdev, bsm_implied_vol_of

__all__ = [
    "bsm_value",
    "black_value",
    "bachelier_value",
    "black_implied_stdev",
    "bachelier_implied_stdev",
    "bsm_implied_vol_of",
    "bsm_greeks_of",
]
