"""What strategies have in common: sampling, one opinion a symbol, saying it when it changes.

An opinion is told when it changes, and again after a while when the position still does not
follow it (the order was refused, or did not fill). It is never told on every tick.
"""

from __future__ import annotations

from rf_common.ids import StrategyId
from rf_common.orders import Signal
from rf_common.ports import StrategyContext


class Opinion:
    """The present opinion on one instrument: -1, 0 or +1, and when it was last told.

    `samples` is the instrument's count at the last look; `seen` is how many of them this
    strategy has looked at itself, fewer when it was added later.
    """

    __slots__ = ("direction", "samples", "seen", "told")

    def __init__(self) -> None:
        self.samples = 0
        self.seen = 0
        self.direction = 0
        self.told = 0

    def is_new_sample(self, context: StrategyContext) -> bool:
        """Return whether the feature grid has moved since the last look."""
        samples = context.features.samples
        if samples == self.samples:
            return False
        self.samples = samples
        self.seen += 1
        return True

    def tell(
        self,
        context: StrategyContext,
        strategy_id: StrategyId,
        direction: int,
        confidence: float,
        *,
        reason: str,
        again_after: int,
    ) -> Signal | None:
        """Return a signal when the opinion is new, or old and not followed for a while."""
        changed = direction != self.direction
        if not changed:
            if self.samples - self.told < again_after:
                return None
            held = context.position(strategy_id)
            if (held > 0) - (held < 0) == direction:
                return None
        px = context.features.mid_px
        if px is None:
            return None
        self.direction, self.told = direction, self.samples
        instrument_id = context.instrument.instrument_id
        return Signal(strategy_id, instrument_id, direction, confidence, px, reason)
