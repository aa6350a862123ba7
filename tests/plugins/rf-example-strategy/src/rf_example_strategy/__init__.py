"""A strategy from another distribution, as small as one can be: always long.

`build` is the factory that the entry point ``always_long`` of the group ``rf.strategies``
names. The strategy tells its opinion of each instrument with every sample from when its volatility
is known (the sizer needs it) until it is filled, because the first orders of a session are refused
while its risk cannot be measured. It needs nothing of ours but `rf_common`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rf_common.events import MarketEvent, OrderFilled
from rf_common.ids import InstrumentId, StrategyId
from rf_common.orders import Signal
from rf_common.ports import StrategyContext

__all__ = ["AlwaysLong", "IsMeasured", "build"]


@dataclass(frozen=True)
class IsMeasured:
    """The only condition: price and volatility are known."""

    met: bool
    name: str = "price and volatility"
    needed: str = "any"

    @property
    def value(self) -> str:
        """Whether they are."""
        return "known" if self.met else "not yet"


class AlwaysLong:
    """Long as soon as an instrument can be sized, and for ever after."""

    def __init__(self, strategy_id: StrategyId, confidence: float) -> None:
        self.strategy_id = strategy_id
        self.instruments: frozenset[InstrumentId] = frozenset()
        self._confidence = confidence
        self._told: dict[InstrumentId, int] = {}
        self._held: set[InstrumentId] = set()

    def on_event(self, context: StrategyContext, event: MarketEvent) -> Signal | None:
        """Tell the opinion with each new sample; see `rf_common.ports.Strategy`."""
        instrument_id, features = event.instrument_id, context.features
        px = features.mid_px
        if px is None or features.vol is None or instrument_id in self._held:
            return None
        if self._told.get(instrument_id) == features.samples:
            return None
        self._told[instrument_id] = features.samples
        return Signal(self.strategy_id, instrument_id, 1, self._confidence, px, "always long")

    def on_fill(self, context: StrategyContext, fill: OrderFilled) -> None:
        """Remember what is held."""
        self._held.add(fill.instrument_id)

    def explain(self, instrument_id: InstrumentId) -> Sequence[IsMeasured]:
        """Return whether it has told its opinion."""
        return (IsMeasured(instrument_id in self._told),)


def build(strategy_id: StrategyId, parameters: Mapping[str, Any]) -> AlwaysLong:
    """Return the strategy; the only parameter is `confidence`, above 0 and up to 1.

    Raises
    ------
    ValueError
        If a parameter is unknown or the confidence is out of range.
    """
    unknown = sorted(set(parameters) - {"confidence"})
    if unknown:
        raise ValueError(f"expected no parameter but confidence, was {', '.join(unknown)}")
    confidence = float(parameters.get("confidence", 1.0))
    if not 0.0 < confidence <= 1.0:
        raise ValueError(f"confidence = {confidence}: expected a number above 0 and up to 1")
    return AlwaysLong(strategy_id, confidence)
