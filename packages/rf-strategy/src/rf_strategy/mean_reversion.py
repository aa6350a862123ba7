"""Mean reversion: stand against a price that is far from its mean, until it is back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from rf_common.config import POSITIVE, check
from rf_common.ids import InstrumentId, StrategyId
from rf_common.ports import StrategyContext
from rf_signals.streaming import RollingVariance
from rf_strategy.conditions import StrategyCondition, warming_up
from rf_strategy.opinions import SampledParameters, SampledState, SampledStrategy, View

MIN_STD = 1e-10
"""Below it a window is flat and has no z-score."""


class MeanReversionParameters(
    SampledParameters, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Window and threshold; windows count feature samples."""

    period: int = 60
    """Window of mean and deviation."""
    entry_z: float = 2.0
    """Distance from the mean that starts a position, standard deviations."""

    def __post_init__(self) -> None:
        check(self, dict.fromkeys(("period", "entry_z", "again_after"), POSITIVE))


class _State(SampledState):
    __slots__ = ("window", "z")

    def __init__(self, period: int) -> None:
        super().__init__()
        self.window = RollingVariance(period)
        self.z: float | None = None


class MeanReversion(SampledStrategy[_State]):
    """Short far above the mean, long far below it, flat when the mean is reached.

    z = (price - mean) / standard deviation of the window. Confidence is 0.8 |z| / entry, at
    most 0.8. State is kept per instrument.
    """

    def __init__(self, strategy_id: StrategyId, parameters: MeanReversionParameters) -> None:
        super().__init__(strategy_id, parameters.instruments, parameters.again_after)
        self._parameters = parameters

    def _new_state(self) -> _State:
        return _State(self._parameters.period)

    def _look(self, context: StrategyContext, state: _State) -> View | None:
        px = context.features.mid_px
        if px is None or state.window.update(px) is None:
            return None
        std, mean = state.window.std, state.window.mean
        if std is None or mean is None or std < MIN_STD:
            state.z = None
            return None
        state.z = z = (px - mean) / std
        direction = self._direction(z, state.opinion.direction)
        confidence = 0.8 * min(abs(z) / self._parameters.entry_z, 1.0)
        return View(direction, confidence, f"z {z:+.2f} in a window of {state.window.period}")

    def _direction(self, z: float, present: int) -> int:
        if abs(z) > self._parameters.entry_z:
            return -1 if z > 0 else 1
        return present if z * present < 0 else 0

    def explain(self, instrument_id: InstrumentId) -> Sequence[StrategyCondition]:
        """Return window, z-score and entry level."""
        state = self._states.get(instrument_id)
        period, entry = self._parameters.period, self._parameters.entry_z
        if state is None or state.z is None:
            seen = state.opinion.seen if state is not None else 0
            if seen < period:
                return (warming_up(seen, period),)
            flat = StrategyCondition("window", "flat", "a price that moves", met=False)
            return (warming_up(seen, period), flat)
        return (
            warming_up(period, period),
            StrategyCondition(
                "distance from mean",
                f"{state.z:+.2f} sd",
                f"beyond ±{entry:g} sd",
                abs(state.z) > entry,
            ),
        )


def build(strategy_id: StrategyId, parameters: Mapping[str, Any]) -> MeanReversion:
    """Return the strategy; ValueError names a wrong parameter."""
    return MeanReversion(strategy_id, msgspec.convert(dict(parameters), MeanReversionParameters))
