"""Volatility: GARCH, GJR, EGARCH, APARCH and EWMA.

Start with `fit_garch` for a series, `GarchState` for one return at a time and `VolRegime` for
what a level means. The light half (`streaming`, `regime`) loads neither numpy nor numba: the
names of the other half are resolved when they are used, which saves the engine about a second.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rf_risk.volatility.regime import VolRegime, regime_of
from rf_risk.volatility.streaming import GarchSnapshot, GarchState

if TYPE_CHECKING:
    from rf_risk.volatility.ewma import ewma_memory, ewma_variance
    from rf_risk.volatility.fit import fit_garch, fit_many
    from rf_risk.volatility.forecast import annual_vol, garch_forecast, half_life
    from rf_risk.volatility.garch import (
        Filtered,
        GarchFit,
        Likelihood,
        Path,
        garch_filter,
        loglik,
        simulate_garch,
    )
    from rf_risk.volatility.panel import GarchPanel
    from rf_risk.volatility.rolling import RollingGarch

__all__ = [
    "fit_garch",
    "fit_many",
    "GarchFit",
    "loglik",
    "Likelihood",
    "garch_filter",
    "Filtered",
    "garch_forecast",
    "simulate_garch",
    "Path",
    "ewma_variance",
    "ewma_memory",
    "half_life",
    "annual_vol",
    "RollingGarch",
    "GarchPanel",
    "GarchState",
    "GarchSnapshot",
    "VolRegime",
    "regime_of",
]

_HEAVY = {
    "fit_garch": "fit",
    "fit_many": "fit",
    "GarchFit": "garch",
    "loglik": "garch",
    "Likelihood": "garch",
    "garch_filter": "garch",
    "Filtered": "garch",
    "simulate_garch": "garch",
    "Path": "garch",
    "garch_forecast": "forecast",
    "half_life": "forecast",
    "annual_vol": "forecast",
    "ewma_variance": "ewma",
    "ewma_memory": "ewma",
    "RollingGarch": "rolling",
    "GarchPanel": "panel",
}


def __getattr__(name: str) -> Any:
    """Return a name of the heavy half."""
    if name not in _HEAVY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HEAVY[name]}"), name)
