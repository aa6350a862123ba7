"""AI-gated momentum: stands where momentum stands, but only where the gate approved that side.

The rules decide when and where; analyst and swarm can only forbid. Without a fresh approval on
the same side nothing is opened. What is open is closed when momentum ends, when the gate says
hedge or approves the other side, or when the price passes the approved stop or target.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from rf_common.clock import NANOS_PER_SECOND
from rf_common.config import POSITIVE, check
from rf_common.events import MarketEvent
from rf_common.ids import InstrumentId, StrategyId
from rf_common.intelligence import GateDecided, Verdict
from rf_common.orders import Signal
from rf_common.ports import StrategyContext
from rf_strategy.conditions import StrategyCondition
from rf_strategy.momentum import Momentum, MomentumParameters


class AiMomentumParameters(
    MomentumParameters, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Those of momentum, and how long a verdict is believed."""

    period: int = 40
    """Window of the moving average; not that of momentum, whose orders it would repeat."""
    max_age_s: int = 120
    """Age at which an approval no longer opens anything, seconds."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check(self, {"max_age_s": POSITIVE})


class _Seen:
    """What the last look at the verdict found, for explanations."""

    __slots__ = ("approved", "now", "verdict", "wanted")

    def __init__(self) -> None:
        self.verdict: GateDecided | None = None
        self.now = 0
        self.wanted = 0
        self.approved: GateDecided | None = None


class AiMomentum(Momentum):
    """Momentum that opens only on a side that the gate approved of late."""

    def __init__(self, strategy_id: StrategyId, parameters: AiMomentumParameters) -> None:
        super().__init__(strategy_id, parameters)
        self._max_age_s = parameters.max_age_s
        self._seen: dict[InstrumentId, _Seen] = {}

    def on_event(self, context: StrategyContext, event: MarketEvent) -> Signal | None:
        """Look at the newest sample; see `rf_common.ports.Strategy`."""
        if event.instrument_id not in self._seen:
            self._seen[event.instrument_id] = _Seen()
        return super().on_event(context, event)

    def _direction(
        self, context: StrategyContext, deviation: float, present: int
    ) -> tuple[int, str]:
        wanted, _ = super()._direction(context, deviation, present)
        seen = self._seen[context.instrument.instrument_id]
        seen.verdict, seen.now, seen.wanted = context.verdict, context.now, wanted
        verdict = context.verdict
        if present and wanted == present:
            against = self._against(context, seen.approved, present)
            return (0, f"; closed: {against}") if against else (present, "")
        if wanted and verdict is not None and not self._forbids(verdict, context.now, wanted):
            seen.approved = verdict
            return wanted, f"; approved in cycle {verdict.cycle_id}: {verdict.reason}"
        return 0, ""

    def _forbids(self, verdict: GateDecided | None, now: int, wanted: int) -> str:
        """Return why a verdict does not let `wanted` be opened, "" when it does."""
        if verdict is None:
            return "no verdict yet"
        if verdict.verdict is not Verdict.APPROVED:
            return f"{verdict.verdict}: {verdict.reason}"
        if verdict.direction.sign != wanted:
            return f"approved {verdict.direction} only"
        age_s = (now - verdict.ts_event) // NANOS_PER_SECOND
        return f"the approval is {age_s} s old" if age_s > self._max_age_s else ""

    def _against(self, context: StrategyContext, approved: GateDecided | None, present: int) -> str:
        """Return why what is open must be closed, "" when it may stay."""
        verdict, px = context.verdict, context.features.mid_px
        if verdict is not None and verdict.verdict is Verdict.HEDGE:
            return verdict.reason
        if verdict is not None and verdict.direction.sign == -present:
            return f"cycle {verdict.cycle_id} approved {verdict.direction}"
        if approved is None or px is None:
            return ""
        if (px - approved.stop_px) * present <= 0.0:
            return f"the stop at {approved.stop_px:g} is reached"
        if (px - approved.take_profit_px) * present >= 0.0:
            return f"the target at {approved.take_profit_px:g} is reached"
        return ""

    def explain(self, instrument_id: InstrumentId) -> Sequence[StrategyCondition]:
        """Return momentum's conditions and what the gate said."""
        told = tuple(super().explain(instrument_id))
        seen = self._seen.get(instrument_id)
        verdict = seen.verdict if seen is not None else None
        wanted = seen.wanted if seen is not None else 0
        forbids = self._forbids(verdict, seen.now if seen is not None else 0, wanted)
        side = {1: "LONG", -1: "SHORT"}.get(wanted, "either side")
        value = forbids or (f"approved in cycle {verdict.cycle_id}" if verdict else "")
        needed = f"a fresh approval of {side}"
        return (*told, StrategyCondition("gate", value, needed, not forbids))


def build(strategy_id: StrategyId, parameters: Mapping[str, Any]) -> AiMomentum:
    """Return the strategy; ValueError names a wrong parameter."""
    return AiMomentum(strategy_id, msgspec.convert(dict(parameters), AiMomentumParameters))
