"""European options: Black-Scholes-Merton, Black-76, Bachelier, and their implied volatilities.

Start with `bsm_price`, `bsm_greeks` and `bsm_implied_vol`. Numbers in give numbers out, arrays
broadcast; puts and calls may be mixed in one call.
"""

from rf_pricing.vanilla.bachelier import bachelier_greeks, bachelier_implied_vol, bachelier_price
from rf_pricing.vanilla.black76 import black76_greeks, black76_implied_vol, black76_price
from rf_pricing.vanilla.bsm import bsm_greeks, bsm_main_greeks, bsm_price
from rf_pricing.vanilla.greeks import (
    ForwardGreeks,
    Greeks,
    MainGreeks,
    theta_per_day,
    vega_per_point,
)
from rf_pricing.vanilla.implied import ImpliedVolStatus, bsm_implied_vol, implied_vol_status

__all__ = [
    "bsm_price",
    "bsm_greeks",
    "bsm_implied_vol",
    "bsm_main_greeks",
    "implied_vol_status",
    "black76_price",
    "black76_greeks",
    "black76_implied_vol",
    "bachelier_price",
    "bachelier_greeks",
    "bachelier_implied_vol",
    "Greeks",
    "MainGreeks",
    "ForwardGreeks",
    "ImpliedVolStatus",
    "theta_per_day",
    "vega_per_point",
]
