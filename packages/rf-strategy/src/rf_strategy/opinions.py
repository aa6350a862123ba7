"""What strategies have in common: sampling, one opinion a symbol, saying it when it changes.

An opinion is told when it changes, and again after a while when the position still does not
follow it (the order was refused, or did not fill). It is never told on every tick.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

import msgspec

from rf_common.events import MarketEvent, OrderFilled
from rf_common.ids import InstrumentId, StrategyId
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
        changed: bool = False,
    ) -> Signal | None:
        """Return a signal when the opinion is new, or old and not followed for a while.

        `changed` tells that something else than the direction is new, such as the confidence.
        """
        if not changed and direction == self.direction:
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


class SampledParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every strategy on samples is told."""

    instruments: tuple[InstrumentId, ...] = ()
    """Instruments to trade; empty means all."""
    again_after: int = 15
    """Samples after which an opinion that was not followed is told again."""


class View(NamedTuple):
    """What a strategy thinks of one instrument after one sample."""

    direction: int
    confidence: float
    reason: str
    changed: bool = False


class SampledState:
    """What a strategy on samples remembers of one instrument; strategies add to it."""

    __slots__ = ("opinion",)

    def __init__(self) -> None:
        self.opinion = Opinion()


State = TypeVar("State", bound=SampledState)


class SampledStrategy(Generic[State]):
    """A strategy that looks at every new sample of every instrument, each with its own state.

    A strategy gives `_new_state` and `_look`; the rest of `rf_common.ports.Strategy` is here but
    for `explain`. Positions are read from the context, so a fill changes nothing.
    """

    def __init__(
        self, strategy_id: StrategyId, instruments: Iterable[InstrumentId], again_after: int
    ) -> None:
        self.strategy_id = strategy_id
        self.instruments = frozenset(instruments)
        self._again_after = again_after
        self._states: dict[InstrumentId, State] = {}

    def _new_state(self) -> State:
        raise NotImplementedError

    def _look(self, context: StrategyContext, state: State) -> View | None:
        """Take the newest sample into the state; return what to think, None when unknown."""
        raise NotImplementedError

    def _state_of(self, instrument_id: InstrumentId) -> State:
        state = self._states.get(instrument_id)
        if state is None:
            state = self._states[instrument_id] = self._new_state()
        return state

    def on_event(self, context: StrategyContext, event: MarketEvent) -> Signal | None:
        """Look at the newest sample; see `rf_common.ports.Strategy`."""
        state = self._state_of(event.instrument_id)
        if not state.opinion.is_new_sample(context):
            return None
        view = self._look(context, state)
        if view is None:
            return None
        return state.opinion.tell(
            context,
            self.strategy_id,
            view.direction,
            max(view.confidence, 0.01),
            reason=view.reason,
            again_after=self._again_after,
            changed=view.changed,
        )

    def on_fill(self, context: StrategyContext, fill: OrderFilled) -> None:
        """Positions are read from the context; nothing to remember."""
