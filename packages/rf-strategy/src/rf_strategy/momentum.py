"""Momentum: stand with a price that has left its moving average, until it comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from rf_common.config import POSITIVE, check
from rf_common.ids import InstrumentId, StrategyId
from rf_common.ports import StrategyContext
from rf_signals.streaming import RollingMean
from rf_strategy.conditions import StrategyCondition, warming_up
from rf_strategy.opinions import SampledParameters, SampledState, SampledStrategy, View


class MomentumParameters(SampledParameters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Window and threshold; windows count feature samples."""

    period: int = 30
    """Window of the moving average."""
    threshold: float = 0.0004
    """Deviation from the average that starts a position, fraction."""

    def __post_init__(self) -> None:
        check(self, dict.fromkeys(("period", "threshold", "again_after"), POSITIVE))


class _State(SampledState):
    __slots__ = ("deviation", "mean")

    def __init__(self, period: int) -> None:
        super().__init__()
        self.mean = RollingMean(period)
        self.deviation: float | None = None


class Momentum(SampledStrategy[_State]):
    """Long above the average by a threshold, short below it, flat when the price is back.

    The deviation is (price - average) / average. Confidence is the deviation over the
    threshold, at most 1. State is kept per instrument.
    """

    def __init__(self, strategy_id: StrategyId, parameters: MomentumParameters) -> None:
        super().__init__(strategy_id, parameters.instruments, parameters.again_after)
        self._parameters = parameters

    def _new_state(self) -> _State:
        return _State(self._parameters.period)

    def _look(self, context: StrategyContext, state: _State) -> View | None:
        px = context.features.mid_px
        average = state.mean.update(px) if px is not None else None
        if px is None or average is None:
            return None
        state.deviation = deviation = (px - average) / average
        direction, why = self._direction(context, deviation, state.opinion.direction)
        confidence = min(abs(deviation) / self._parameters.threshold, 1.0)
        reason = f"deviation {deviation * 1e4:+.1f} bps from average of {state.mean.period}{why}"
        return View(direction, confidence, reason)

    def _direction(
        self, context: StrategyContext, deviation: float, present: int
    ) -> tuple[int, str]:
        """Return the side to stand on, and what is to be added to the reason."""
        if abs(deviation) > self._parameters.threshold:
            return (1 if deviation > 0 else -1), ""
        return (present if deviation * present > 0 else 0), ""

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
