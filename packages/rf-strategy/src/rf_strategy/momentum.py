"""Momentum: stand with a price that has left its moving average, until it comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from rf_common.config import POSITIVE, check
from rf_common.events import MarketEvent, OrderFilled
from rf_common.ids import InstrumentId, StrategyId
from rf_common.orders import Signal
from rf_common.ports import StrategyContext
from rf_signals.streaming import RollingMean
from rf_strategy.conditions import StrategyCondition, warming_up
from rf_strategy.opinions import Opinion


class MomentumParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Window and threshold; windows count feature samples."""

    instruments: tuple[InstrumentId, ...] = ()
    """Instruments to trade; empty means all."""
    period: int = 30
    """Window of the moving average."""
    threshold: float = 0.0004
    """Deviation from the average that starts a position, fraction."""
    again_after: int = 15
    """Samples after which an opinion that was not followed is told again."""

    def __post_init__(self) -> None:
        check(self, dict.fromkeys(("period", "threshold", "again_after"), POSITIVE))


class _State:
    __slots__ = ("deviation", "mean", "opinion")

    def __init__(self, period: int) -> None:
        self.mean = RollingMean(period)
        self.opinion = Opinion()
        self.deviation: float | None = None


class Momentum:
    """Long above the average by a threshold, short below it, flat when the price is back.

    The deviation is (price - average) / average. Confidence is the deviation over the
    threshold, at most 1. State is kept per instrument.
    """

    def __init__(self, strategy_id: StrategyId, parameters: MomentumParameters) -> None:
        self.strategy_id = strategy_id
        self.instruments = frozenset(parameters.instruments)
        self._parameters = parameters
        self._states: dict[InstrumentId, _State] = {}

    def on_event(self, context: StrategyContext, event: MarketEvent) -> Signal | None:
        """Look at the newest sample; see `rf_common.ports.Strategy`."""
        state = self._states.get(event.instrument_id)
        if state is None:
            state = self._states[event.instrument_id] = _State(self._parameters.period)
        if not state.opinion.is_new_sample(context):
            return None
        px = context.features.mid_px
        average = state.mean.update(px) if px is not None else None
        if px is None or average is None:
            return None
        state.deviation = deviation = (px - average) / average
        direction, why = self._direction(context, deviation, state.opinion.direction)
        confidence = min(abs(deviation) / self._parameters.threshold, 1.0)
        return state.opinion.tell(
            context,
            self.strategy_id,
            direction,
            max(confidence, 0.01),
            reason=f"deviation {deviation * 1e4:+.1f} bps from average of {state.mean.period}{why}",
            again_after=self._parameters.again_after,
        )

    def _direction(
        self, context: StrategyContext, deviation: float, present: int
    ) -> tuple[int, str]:
        """Return the side to stand on, and what is to be added to the reason."""
        if abs(deviation) > self._parameters.threshold:
            return (1 if deviation > 0 else -1), ""
        return (present if deviation * present > 0 else 0), ""

    def on_fill(self, context: StrategyContext, fill: OrderFilled) -> None:
        """Positions are read from the context; nothing to remember."""

    def explain(self, instrument_id: InstrumentId) -> Sequence[StrategyCondition]:
        """Return window, deviation and threshold."""
        state = self._states.get(instrument_id)
        period, threshold = self._parameters.period, self._parameters.threshold
        if state is None or state.deviation is None:
            seen = state.opinion.seen if state is not None else 0
            return (warming_up(seen, period),)
        return (
            warming_up(period, period),
            StrategyCondition(
                "deviation from average",
                f"{state.deviation * 1e4:+.1f} bps",
                f"beyond ±{threshold * 1e4:.1f} bps",
                abs(state.deviation) > threshold,
            ),
        )


def build(strategy_id: StrategyId, parameters: Mapping[str, Any]) -> Momentum:
    """Return the strategy; ValueError names a wrong parameter."""
    return Momentum(strategy_id, msgspec.convert(dict(parameters), MomentumParameters))
