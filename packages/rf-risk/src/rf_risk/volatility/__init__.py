"""Volatility: GARCH, GJR, EGARCH, APARCH and EWMA.

Start with `fit_garch` for a series, `GarchState` for one return at a time and `VolRegime` for
what a level means. The light half (`streaming`, `regime`) loads neither numpy nor numba: the
names of the other half are resolved when they are used, which saves the engine about a second.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rf_risk.volatility.regime import VolRegime, regime_of
from rf_risk.volatility.streaming import GarchState

if TYPE_CHECKING:
    from rf_risk.volatility.fit import fit_garch
    from rf_risk.volatility.garch import (
        GarchFit,
        annual_vol,
        ewma_memory,
        ewma_variance,
        garch_filter,
        garch_forecast,
        half_life,
        loglik,
    )
    from rf_risk.volatility.rolling import RollingGarch

__all__ = [
    "fit_garch",
    "GarchFit",
    "loglik",
    "RollingGarch",
    "garch_filter",
    "garch_forecast",
    "ewma_variance",
    "ewma_memory",
    "half_life",
    "annual_vol",
    "GarchState",
    "VolRegime",
    "regime_of",
]

_HEAVY = {
    "fit_garch": "fit",
    "RollingGarch": "rolling",
    **dict.fromkeys(
        (
            "GarchFit",
            "loglik",
            "garch_filter",
            "garch_forecast",
            "ewma_variance",
            "ewma_memory",
            "half_life",
            "annual_vol",
        ),
        "garch",
    ),
}


def __getattr__(name: str) -> Any:
    """Return a name of the heavy half."""
    if name not in _HEAVY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HEAVY[name]}"), name)
