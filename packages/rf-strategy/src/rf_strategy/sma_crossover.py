"""Crossing averages: long from a golden cross to a death cross, short or flat until the next."""

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

MIN_GAP = 1e-12
"""Averages closer than this fraction of the slow one are equal; rounding is no cross."""


class SmaCrossoverParameters(
    SampledParameters, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Two windows; they count feature samples."""

    fast: int = 10
    """Window of the fast average."""
    slow: int = 30
    """Window of the slow average, longer than the fast one."""
    short: bool = True
    """Whether a death cross sells short; otherwise it only closes."""

    def __post_init__(self) -> None:
        check(self, dict.fromkeys(("fast", "slow", "again_after"), POSITIVE))
        if self.fast >= self.slow:
            raise ValueError(f"fast = {self.fast}: expected fewer samples than slow = {self.slow}")


class _State(SampledState):
    __slots__ = ("fast", "gap", "side", "slow")

    def __init__(self, fast: int, slow: int) -> None:
        super().__init__()
        self.fast, self.slow = RollingMean(fast), RollingMean(slow)
        self.gap: float | None = None
        self.side = 0


class SmaCrossover(SampledStrategy[_State]):
    """Turn when the fast average crosses the slow one.

    The fast average above the slow one after it was below is a golden cross (long), the other
    way a death cross (short, or flat). The side on which the averages are when their windows
    fill is no cross: nothing is held before the first one. Equal averages keep the last side.
    Confidence is 1.
    """

    def __init__(self, strategy_id: StrategyId, parameters: SmaCrossoverParameters) -> None:
        super().__init__(strategy_id, parameters.instruments, parameters.again_after)
        self._parameters = parameters

    def _new_state(self) -> _State:
        return _State(self._parameters.fast, self._parameters.slow)

    def _look(self, context: StrategyContext, state: _State) -> View | None:
        px = context.features.mid_px
        if px is None:
            return None
        fast, slow = state.fast.update(px), state.slow.update(px)
        if fast is None or slow is None:
            return None
        state.gap = gap = (fast - slow) / slow
        side = 0 if abs(gap) <= MIN_GAP else (1 if gap > 0 else -1)
        direction, crossed = state.opinion.direction, side * state.side < 0
        if crossed:
            direction = side if side > 0 or self._parameters.short else 0
        state.side = side or state.side
        name = ("golden cross" if side > 0 else "death cross") if crossed else "no new cross"
        return View(direction, 1.0, f"{name}: fast average {gap * 1e4:+.2f} bps from slow")

    def explain(self, instrument_id: InstrumentId) -> Sequence[StrategyCondition]:
        """Return window and distance of the averages."""
        state, slow = self._states.get(instrument_id), self._parameters.slow
        if state is None or state.gap is None:
            return (warming_up(state.opinion.seen if state is not None else 0, slow),)
        if state.opinion.direction:
            needed = "a change of sign, to turn"
        else:
            needed = "above 0 after below" + (", or below after above" * self._parameters.short)
        gap = StrategyCondition(
            "fast from slow average",
            f"{state.gap * 1e4:+.2f} bps",
            needed,
            state.opinion.direction != 0,
        )
        return (warming_up(slow, slow), gap)


def build(strategy_id: StrategyId, parameters: Mapping[str, Any]) -> SmaCrossover:
    """Return the strategy; ValueError names a wrong parameter."""
    return SmaCrossover(strategy_id, msgspec.convert(dict(parameters), SmaCrossoverParameters))
