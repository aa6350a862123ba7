"""Option pricing, volatility smiles, stochastic volatility, Monte Carlo, rates and bonds.

An island: NumPy, SciPy and numba, nothing of ours. Start with `bsm_price`, `bsm_greeks` and
`bsm_implied_vol`; each subject is a folder with its own names: `vanilla`, `american`, `smile`,
`heston`, `monte_carlo`, `rates`, and the module `fundamentals`. The names below are resolved when
they are used, so that importing the package loads no compiler.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rf_pricing.american import american_price
    from rf_pricing.heston import HestonParams, calibrate_heston, heston_price
    from rf_pricing.vanilla import bsm_greeks, bsm_implied_vol, bsm_price
    from rf_pricing.warming import warm

_HOMES = {
    "bsm_price": "vanilla",
    "bsm_greeks": "vanilla",
    "bsm_implied_vol": "vanilla",
    "american_price": "american",
    "HestonParams": "heston",
    "heston_price": "heston",
    "calibrate_heston": "heston",
    "warm": "warming",
}

__all__ = [
    "bsm_price",
    "bsm_greeks",
    "bsm_implied_vol",
    "american_price",
    "HestonParams",
    "heston_price",
    "calibrate_heston",
    "warm",
]


def __getattr__(name: str) -> Any:
    """Return a name from the folder it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
