"""Heston's stochastic volatility and the GARCH of Heston and Nandi.

Start with `HestonParams`, `heston_price` and `calibrate_heston`.
"""

from rf_pricing.heston.calibration import HestonFit, calibrate_heston
from rf_pricing.heston.heston_nandi import HestonNandi, heston_nandi_price
from rf_pricing.heston.model import HestonParams, heston_cf
from rf_pricing.heston.pricing import (
    HestonGreeks,
    heston_greeks,
    heston_implied_vol,
    heston_price,
)

__all__ = [
    "HestonParams",
    "heston_price",
    "heston_greeks",
    "HestonGreeks",
    "heston_implied_vol",
    "heston_cf",
    "calibrate_heston",
    "HestonFit",
    "HestonNandi",
    "heston_nandi_price",
]
