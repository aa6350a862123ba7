"""Microstructure: what quotes and trades tell about the next price and about each other.

Arrays in, arrays out: order flow imbalance, microprices, trade signs, VPIN, price impact,
spreads without quotes, realised volatility, simulated market making. The toxicity detector takes
one fill at a time and is plain Python; the rest is loaded when it is first asked for, so that the
live path imports neither numpy nor numba. The other one-at-a-time classes are in
`rf_signals.streaming.book` and `rf_signals.streaming.flow`.

Start with `ofi_events`, `lee_ready` and `vpin`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rf_signals.microstructure.toxicity import ToxicityAction, ToxicityConfig, ToxicityDetector

if TYPE_CHECKING:
    from rf_signals.microstructure.classify import clnv, emo, lee_ready, quote_rule, tick_rule
    from rf_signals.microstructure.impact import (
        HasbrouckImpact,
        KyleFit,
        amihud_illiquidity,
        hasbrouck_impact,
        kyle_lambda,
    )
    from rf_signals.microstructure.market_making import MarketMakingResult, simulate_market_making
    from rf_signals.microstructure.quotes import (
        imbalances,
        integrated_ofi,
        microprices,
        multi_level_ofi,
        normalized_ofi,
        ofi_events,
    )
    from rf_signals.microstructure.realised import (
        JumpTest,
        bipower_variation,
        close_to_close_vol,
        garman_klass_vol,
        jump_test,
        parkinson_vol,
        realised_variance,
        rogers_satchell_vol,
        yang_zhang_vol,
    )
    from rf_signals.microstructure.spreads import (
        HighLowSpread,
        RollSpread,
        corwin_schultz_spread,
        roll_spread,
    )
    from rf_signals.microstructure.stoikov import (
        StoikovAdjustment,
        StoikovModel,
        fit_stoikov,
        stoikov_adjustment,
    )
    from rf_signals.microstructure.toxic_flow import (
        VpinResult,
        bulk_buy_volume,
        vpin,
        vpin_of_shares,
    )

__all__ = [
    "ofi_events",
    "multi_level_ofi",
    "integrated_ofi",
    "normalized_ofi",
    "microprices",
    "imbalances",
    "StoikovAdjustment",
    "StoikovModel",
    "stoikov_adjustment",
    "fit_stoikov",
    "tick_rule",
    "quote_rule",
    "lee_ready",
    "emo",
    "clnv",
    "VpinResult",
    "vpin",
    "vpin_of_shares",
    "bulk_buy_volume",
    "KyleFit",
    "kyle_lambda",
    "amihud_illiquidity",
    "HasbrouckImpact",
    "hasbrouck_impact",
    "RollSpread",
    "roll_spread",
    "HighLowSpread",
    "corwin_schultz_spread",
    "realised_variance",
    "bipower_variation",
    "JumpTest",
    "jump_test",
    "close_to_close_vol",
    "parkinson_vol",
    "garman_klass_vol",
    "rogers_satchell_vol",
    "yang_zhang_vol",
    "MarketMakingResult",
    "simulate_market_making",
    "ToxicityAction",
    "ToxicityConfig",
    "ToxicityDetector",
]

_NAMES = {
    "classify": "tick_rule quote_rule lee_ready emo clnv",
    "impact": "KyleFit kyle_lambda amihud_illiquidity HasbrouckImpact hasbrouck_impact",
    "market_making": "MarketMakingResult simulate_market_making",
    "quotes": "ofi_events multi_level_ofi integrated_ofi normalized_ofi microprices imbalances",
    "realised": "realised_variance bipower_variation JumpTest jump_test close_to_close_vol "
    "parkinson_vol garman_klass_vol rogers_satchell_vol yang_zhang_vol",
    "spreads": "RollSpread roll_spread HighLowSpread corwin_schultz_spread",
    "stoikov": "StoikovAdjustment StoikovModel stoikov_adjustment fit_stoikov",
    "toxic_flow": "VpinResult vpin vpin_of_shares bulk_buy_volume",
}
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value
