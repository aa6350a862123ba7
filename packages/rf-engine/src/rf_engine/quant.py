"""Stage 1 of a cycle: what the engine measures of one instrument at this moment.

Read only, and plain Python: it is taken between two steps. What needs a compiler (the Heston and
Black-Scholes values) is added by the worker, from the parameters in `VolatilityTold`.
"""

from __future__ import annotations

from itertools import islice
from math import exp

from rf_common.enums import FeedState
from rf_common.ids import InstrumentId
from rf_common.intelligence import QuantSnapshot, VolatilityTold
from rf_engine.core import Core
from rf_engine.market import Market
from rf_risk.session_vol import SessionGarch

SHORT = 60
"""Samples of the short momentum."""
LONG = 390
"""Samples of the long momentum."""
LEVELS = 5
"""Book levels of each side that the imbalance counts."""


def quant_snapshot(
    core: Core, instrument_id: InstrumentId, *, cycle_id: str, trigger: str
) -> QuantSnapshot:
    """Return the measures of one instrument; those it must have and lacks are named."""
    market, features = core.state.markets.get(instrument_id), core.features.get(instrument_id)
    if market is None or features is None:
        return unmeasured(core, instrument_id, cycle_id, trigger, "it is not traded here")
    garch = core.garch[instrument_id]
    short, long = _momentum(garch, SHORT), _momentum(garch, LONG)
    line, signal = features.macd, features.macd_signal
    histogram = line - signal if line is not None and signal is not None else None
    signs = [_sign(x) for x in (short, long, histogram) if x is not None]
    fresh = market.feed_state is FeedState.LIVE and market.quote is not None
    needed = {
        "a live price": fresh or None,
        "RSI": features.rsi,
        "GARCH volatility": features.garch_vol,
        f"momentum over {SHORT} samples": short,
        "MACD": histogram,
    }
    lacking = ", ".join(name for name, value in needed.items() if value is None)
    px = features.mid_px if fresh else None
    return QuantSnapshot(
        cycle_id=cycle_id,
        instrument_id=instrument_id,
        ts_event=core.state.now,
        unavailable=f"{features.samples} samples so far; lacking {lacking}" if lacking else "",
        trigger=trigger,
        samples=features.samples,
        px=px,
        rsi=features.rsi,
        macd_histogram=histogram,
        garch_vol=features.garch_vol,
        average_vol=features.average_vol,
        heston_vol=None,
        bsm_value=None,
        vwap=features.vwap if features.vwap is not None else px,
        imbalance=_imbalance(market) if fresh else None,
        momentum_short=short,
        momentum_long=long,
        momentum=sum(signs) / len(signs) if signs else None,
    )


def unmeasured(
    core: Core, instrument_id: InstrumentId, cycle_id: str, trigger: str, reason: str
) -> QuantSnapshot:
    """Return a snapshot that says why there is none."""
    nothing = (None,) * 12
    now = core.state.now
    return QuantSnapshot(cycle_id, instrument_id, now, reason, trigger, 0, *nothing)


def price_history(core: Core, instrument_id: InstrumentId) -> tuple[float, ...]:
    """Return the sampled prices that are kept, oldest first, the last one being the present mid."""
    features, garch = core.features.get(instrument_id), core.garch.get(instrument_id)
    if features is None or garch is None or features.mid_px is None:
        return ()
    px = features.mid_px
    told = [px]
    for ret in reversed(garch.returns):
        px *= exp(-ret)
        told.append(px)
    return tuple(reversed(told))


def volatility_told(core: Core, instrument_id: InstrumentId) -> VolatilityTold | None:
    """Return the variance model in use, None while it has no variance."""
    market, garch = core.state.markets.get(instrument_id), core.garch.get(instrument_id)
    if market is None or garch is None or garch.variance is None:
        return None
    measures, params = core.config.measures, garch.params
    return VolatilityTold(
        alpha=params.alpha + 0.5 * params.gamma if params else measures.garch_alpha,
        beta=params.beta if params else measures.garch_beta,
        variance=garch.variance,
        long_run=garch.long_run,
        steps_per_year=market.instrument.seconds_per_year * 1_000 / core.config.features.sample_ms,
    )


def _momentum(garch: SessionGarch, samples: int) -> float | None:
    """Return the log return over the last samples, None while there are fewer."""
    kept = garch.returns
    if len(kept) < samples:
        return None
    return sum(islice(reversed(kept), samples))


def _sign(value: float) -> float:
    return float((value > 0) - (value < 0))


def _imbalance(market: Market) -> float | None:
    """Return (bids - asks) / (bids + asks) of the best levels, -1 to 1."""
    bids = sum(qty for _, qty in islice(market.levels(True), LEVELS))
    asks = sum(qty for _, qty in islice(market.levels(False), LEVELS))
    return (bids - asks) / (bids + asks) if bids + asks > 0 else None
