"""Market making after Avellaneda and Stoikov, told as one-sided opinions.

A strategy gives one opinion on a side, not two resting quotes. So the quotes are computed, and an
inventory is built or reduced by one lot when the market itself reaches them: the best ask at or
below our bid buys, the best bid at or above our ask sells. What this cannot do is rest in the
book: it takes, pays the taker's fee, and earns no spread.

Distances are basis points of the mid, so that one set of parameters fits every price: sigma in bps
per square root of a session, gamma per bp and lot, kappa per bp. Skew and spread are both in bps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any, NamedTuple

import msgspec

from rf_common.clock import NANOS_PER_SECOND, UnixNanos
from rf_common.config import NOT_NEGATIVE, POSITIVE, check
from rf_common.events import MarketEvent, Quote, Trade
from rf_common.ids import InstrumentId, StrategyId
from rf_common.orders import Signal
from rf_common.ports import StrategyContext
from rf_signals.quoting import avellaneda_stoikov_quotes, fair_value
from rf_signals.streaming import Ema, EwmaVol, Vpin, microprice
from rf_strategy.conditions import StrategyCondition, warming_up
from rf_strategy.opinions import SampledParameters, SampledState, SampledStrategy, View

DAY_S = 86_400
MIN_TAU = 0.001
"""Least part of a session that is left, so that the risk never vanishes."""


class MarketMakingParameters(
    SampledParameters, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Risk aversion, fill decay, session and limits."""

    gamma: float = 1e-5
    """Risk aversion, per bp and lot."""
    kappa: float = 1.5
    """Decay of the probability of a fill with the distance, per bp."""
    session_start_s: int = 0
    """Begin of the session, seconds after midnight UTC; 52200 is 14:30."""
    session_s: int = DAY_S
    """Length of the session, seconds; outside of it nothing is held."""
    max_inventory: int = 10
    """Lots at the sizer's full position, long or short."""
    min_spread_bps: float = 5.0
    """Least spread between our quotes."""
    max_spread_bps: float = 100.0
    """Largest spread between our quotes."""
    vol_decay: float = 0.94
    """Decay of the volatility."""
    min_samples: int = 120
    """Samples before the first quote, and window of the slow average of the fair value."""
    fair_fast: int = 20
    """Window of the fast average of the fair value, samples."""
    vpin_bucket: float = 0.0
    """Volume of one VPIN bucket, units; 0 leaves toxicity out."""
    vpin_window: int = 50
    """Buckets of the VPIN."""
    vpin_widen: float = 0.7
    """VPIN above which the spread is widened by 1 + 3 times the excess."""
    vpin_withdraw: float = 0.85
    """VPIN above which there are no quotes."""

    def __post_init__(self) -> None:
        positive = (
            "kappa", "session_s", "max_inventory", "min_spread_bps", "min_samples", "fair_fast",
            "again_after", "vpin_window",
        )  # fmt: skip
        check(self, dict.fromkeys(positive, POSITIVE))
        check(self, dict.fromkeys(("gamma", "vpin_bucket"), NOT_NEGATIVE))
        share = (lambda x: 0 < x < 1, "a number between 0 and 1")
        check(self, dict.fromkeys(("vol_decay", "vpin_widen", "vpin_withdraw"), share))
        check(self, {"session_start_s": (lambda s: 0 <= s < DAY_S, "0 to 86399 seconds")})
        check(self, {"session_s": (lambda s: s <= DAY_S, "at most a day, 86400 seconds")})
        least = self.min_spread_bps
        check(self, {"max_spread_bps": (lambda x: least <= x < 1e300, f"at least {least}")})


class Desired(NamedTuple):
    """Our two quotes, currency, not rounded: nothing rests on a tick."""

    bid: float
    ask: float


def time_left(now: UnixNanos, start_s: int, length_s: int) -> float | None:
    """Return the part of the session that is left, None outside of it.

    Examples
    --------
    >>> time_left(6 * 3600 * 10**9, 0, 86400), time_left(6 * 3600 * 10**9, 52200, 23400)
    (0.75, None)
    """
    into = (now - start_s * NANOS_PER_SECOND) % (DAY_S * NANOS_PER_SECOND)
    gone = into / (length_s * NANOS_PER_SECOND)
    return max(1.0 - gone, MIN_TAU) if gone < 1.0 else None


class _State(SampledState):
    __slots__ = ("at", "fast", "lots", "px", "quotes", "slow", "vol", "vpin")

    def __init__(self, parameters: MarketMakingParameters) -> None:
        super().__init__()
        self.fast, self.slow = Ema(parameters.fair_fast), Ema(parameters.min_samples)
        self.vol = EwmaVol(parameters.vol_decay)
        bucket = parameters.vpin_bucket
        self.vpin = Vpin(bucket, parameters.vpin_window) if bucket else None
        self.at = self.lots = 0
        self.px = 0.0
        self.quotes: Desired | None = None


class MarketMaking(SampledStrategy[_State]):
    """Lots bought below and sold above a reservation price that leans against the inventory.

    In bps from the fair value (microprice and two averages): reservation ``-q gamma sigma^2 tau``,
    spread ``gamma sigma^2 tau + (2 / gamma) ln(1 + gamma / kappa)`` within its limits. q counts
    lots; one lot is `max_inventory`-th of the sizer's full position, so confidence is
    |q| / `max_inventory`. One lot is traded in a sample at most.

    References
    ----------
    Avellaneda and Stoikov (2008), equations (29) and (30).
    """

    def __init__(self, strategy_id: StrategyId, parameters: MarketMakingParameters) -> None:
        super().__init__(strategy_id, parameters.instruments, parameters.again_after)
        self._parameters = parameters

    def _new_state(self) -> _State:
        return _State(self._parameters)

    def on_event(self, context: StrategyContext, event: MarketEvent) -> Signal | None:
        """Look at prints for their toxicity, and at the newest sample."""
        if isinstance(event, Trade):
            vpin = self._state_of(event.instrument_id).vpin
            if vpin is not None:
                vpin.update(event.px, event.qty, event.aggressor.sign if event.aggressor else 0)
        return super().on_event(context, event)

    def _look(self, context: StrategyContext, state: _State) -> View | None:
        px, quote = context.features.mid_px, context.quote
        if px is None or quote is None:
            return None
        fair, sigma = self._measure(state, px, quote, context.now)
        if fair is None or sigma is None or state.opinion.seen < self._parameters.min_samples:
            return None
        held = context.position(self.strategy_id)
        present = self._inventory(state, (held > 0) - (held < 0))
        tau = time_left(context.now, self._parameters.session_start_s, self._parameters.session_s)
        if tau is None:
            return self._wish(state, 0, "outside the session")
        vpin = state.vpin.value if state.vpin is not None else None
        if vpin is not None and vpin > self._parameters.vpin_withdraw:
            state.quotes = None
            return self._wish(state, present, f"no quotes: VPIN {vpin:.2f}")
        state.quotes = quotes = self._quotes(fair, present, sigma, tau, vpin)
        limit = self._parameters.max_inventory
        buys, sells = quote.ask_px <= quotes.bid, quote.bid_px >= quotes.ask
        wanted = max(-limit, min(present + buys - sells, limit))
        told = f"{present:+d} lots, bid {quotes.bid:.6g}, ask {quotes.ask:.6g}, fair {fair:.6g}"
        return self._wish(state, wanted, told)

    def _measure(
        self, state: _State, px: float, quote: Quote, now: int
    ) -> tuple[float | None, float | None]:
        """Return fair value, currency, and volatility, bps per square root of a session."""
        fast, slow = state.fast.update(px), state.slow.update(px)
        passed = now - state.at
        if state.px > 0.0 and passed > 0:
            state.vol.update((px / state.px - 1.0) * 1e4 / sqrt(passed / NANOS_PER_SECOND))
        state.at, state.px = now, px
        sigma = state.vol.value
        if fast is None or slow is None or sigma is None:
            return None, None
        micro = microprice(quote.bid_px, quote.bid_qty, quote.ask_px, quote.ask_qty)
        return fair_value(micro, fast, slow), sigma * sqrt(self._parameters.session_s)

    def _inventory(self, state: _State, side: int) -> int:
        """Return what is held, lots; a position of unknown origin counts as a full one."""
        if side == 0:
            return 0
        if state.lots * side <= 0:
            state.lots = side * self._parameters.max_inventory
        return state.lots

    def _quotes(
        self, fair: float, held: int, sigma: float, tau: float, vpin: float | None
    ) -> Desired:
        chosen = self._parameters
        found = avellaneda_stoikov_quotes(
            0.0, held, gamma=chosen.gamma, sigma=sigma, tau=tau, k=chosen.kappa
        )
        widened = 1.0 + 3.0 * max((vpin or 0.0) - chosen.vpin_widen, 0.0)
        spread = found.spread * widened
        half = 0.5 * max(chosen.min_spread_bps, min(spread, chosen.max_spread_bps))
        bps = fair * 1e-4
        return Desired(
            fair + (found.reservation - half) * bps, fair + (found.reservation + half) * bps
        )

    def _wish(self, state: _State, lots: int, reason: str) -> View:
        """Return the view that leads to an inventory of `lots`."""
        wanted = (lots > 0) - (lots < 0)
        # After a step to flat the last lots stay remembered until the position has followed.
        changed = bool(lots) and lots != state.lots
        state.lots = lots or state.lots
        return View(wanted, abs(lots) / self._parameters.max_inventory, reason, changed)

    def explain(self, instrument_id: InstrumentId) -> Sequence[StrategyCondition]:
        """Return window and quotes."""
        state, needed = self._states.get(instrument_id), self._parameters.min_samples
        seen = state.opinion.seen if state is not None else 0
        window = warming_up(min(seen, needed), needed)
        if state is None or state.quotes is None:
            return (window,)
        bid, ask = state.quotes
        value = f"mid {state.px:.6g}"
        return (
            window,
            StrategyCondition("market at our bid", value, f"ask at {bid:.6g}", state.px < bid),
            StrategyCondition("market at our ask", value, f"bid at {ask:.6g}", state.px > ask),
        )


def build(strategy_id: StrategyId, parameters: Mapping[str, Any]) -> MarketMaking:
    """Return the strategy; ValueError names a wrong parameter."""
    return MarketMaking(strategy_id, msgspec.convert(dict(parameters), MarketMakingParameters))
