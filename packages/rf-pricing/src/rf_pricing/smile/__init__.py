"""Volatility smiles: SABR, SVI and SSVI."""

from rf_pricing.smile.sabr import SabrFit, calibrate_sabr, sabr_density, sabr_implied_vol
from rf_pricing.smile.ssvi import SsviFit, SsviSurface, fit_ssvi
from rf_pricing.smile.svi import SviFit, SviSlice, fit_svi

__all__ = [
    "SabrFit",
    "SsviFit",
    "SsviSurface",
    "SviFit",
    "SviSlice",
    "calibrate_sabr",
    "fit_ssvi",
    "fit_svi",
    "sabr_density",
    "sabr_implied_vol",
]
