"""What the thinkers said about each instrument, and the verdict that the gate made of it.

Stages arrive as events; the analyst's ends a cycle, and the gate judges it with the account as
it is at that moment. A verdict becomes an order only where the settings allow it.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal

from rf_common import money
from rf_common.clock import NANOS_PER_SECOND
from rf_common.enums import OrderType, Severity, Side, TimeInForce
from rf_common.ids import StrategyId
from rf_common.intelligence import (
    AnalystSignal,
    Direction,
    GateCheck,
    GateDecided,
    GraphContext,
    QuantSnapshot,
    StageAnswer,
    SwarmSignal,
    Verdict,
)
from rf_common.orders import OrderIntent
from rf_engine import trading
from rf_engine.core import Core
from rf_engine.market import Market
from rf_risk import Outcome, Refused
from rf_risk.analyst_gate import Cycle, Judged, Portfolio, judge
from rf_risk.checks import safety_gate

HYBRID = StrategyId("hybrid")
"""Strategy id of orders that a verdict itself became."""

REMEMBERED = 20
"""Verdicts that are remembered of each instrument."""


class Mind:
    """The newest stages of one instrument's cycles, and its last verdicts."""

    __slots__ = ("analyst", "decisions", "graph", "quant", "seqs", "swarm")

    def __init__(self) -> None:
        self.quant: QuantSnapshot | None = None
        self.swarm: SwarmSignal | None = None
        self.graph: GraphContext | None = None
        self.analyst: AnalystSignal | None = None
        self.seqs: dict[str, int] = {}
        self.decisions: deque[tuple[GateDecided, Cycle]] = deque(maxlen=REMEMBERED)

    def take(self, answer: StageAnswer, seq: int) -> None:
        """Remember an answer and its sequence number; a new cycle begins with its snapshot."""
        if isinstance(answer, QuantSnapshot):
            self.quant, self.seqs = answer, {}
        elif isinstance(answer, SwarmSignal):
            self.swarm = answer
        elif isinstance(answer, GraphContext):
            self.graph = answer
        else:
            self.analyst = answer
        self.seqs[type(answer).__name__] = seq

    def cycle(self, cycle_id: str) -> Cycle:
        """Return the stages that belong to one cycle."""

        def of(stage: StageAnswer | None) -> StageAnswer | None:
            return stage if stage is not None and stage.cycle_id == cycle_id else None

        return Cycle(of(self.quant), of(self.swarm), of(self.graph), of(self.analyst))  # type: ignore[arg-type]  # of keeps the type


def on_stage(core: Core, answer: StageAnswer, seq: int) -> None:
    """Take one stage's answer; the analyst's is judged."""
    market = core.state.markets.get(answer.instrument_id)
    if market is None:
        text = f"{answer.instrument_id}: a thinker spoke about what is not traded here"
        core.notice(Severity.WARNING, "RF-A-020", text)
        return
    mind = core.minds.setdefault(answer.instrument_id, Mind())
    mind.take(answer, seq)
    if isinstance(answer, SwarmSignal) and not answer.unavailable:
        core.agreement[answer.instrument_id] = (answer.ts_event, answer.agreement)
    if isinstance(answer, AnalystSignal):
        decided = _decide(core, market, mind, answer)
        core.emit(decided)
        mind.decisions.append((decided, mind.cycle(decided.cycle_id)))
        market.verdict = decided
        if decided.verdict is not Verdict.REJECTED and core.config.gate.may_trade == "auto":
            trade_verdict(core, decided, actor="gate")


def _decide(core: Core, market: Market, mind: Mind, analyst: AnalystSignal) -> GateDecided:
    state, instrument_id = core.state, analyst.instrument_id
    held = Portfolio(
        now=state.now,
        instrument=market.instrument,
        equity=state.risk.equity,
        drawdown=state.risk.drawdown,
        position=state.account.quantity(instrument_id),
        price=market.mid(),
    )
    judged = judge(mind.cycle(analyst.cycle_id), held, core.config.gate)
    if judged.verdict is Verdict.APPROVED:
        judged = _with_safety_gate(core, market, judged)
    return GateDecided(
        analyst.cycle_id,
        instrument_id,
        state.now,
        judged.verdict,
        judged.reason,
        judged.direction,
        judged.quantity,
        analyst.stop_px,
        analyst.take_profit_px,
        analyst.confidence,
        judged.checks,
        tuple(mind.seqs.values()),
    )


def _with_safety_gate(core: Core, market: Market, judged: Judged) -> Judged:
    """Let the deterministic gate look at the order that an approval would lead to."""
    intent = _intent(core, market, judged.direction, judged.quantity, "looked at by the gate")
    instrument_id = market.instrument.instrument_id
    judgements = safety_gate(trading.snapshot(core, instrument_id), intent)
    checks, refused, quantity = list(judged.checks), "", judged.quantity
    for told in judgements:
        ok = told.outcome in {Outcome.PASS, Outcome.MODIFY}
        checks.append(GateCheck(f"gate {told.rule}", told.value, told.limit, ok))
        if not ok:
            refused = refused or f"safety gate, {told.rule}: {told.reason}"
        elif told.intent is not None:
            quantity = told.intent.quantity
    if refused:
        neutral = Direction.NEUTRAL
        return Judged(Verdict.REJECTED, refused, neutral, money.ZERO, tuple(checks))
    return Judged(judged.verdict, judged.reason, judged.direction, quantity, tuple(checks))


def trade_verdict(core: Core, decided: GateDecided, *, actor: str) -> str:
    """Send the order of a verdict through the same chain as any other; return what became of it."""
    market = core.state.markets[decided.instrument_id]
    age_s = (core.state.now - decided.ts_event) // NANOS_PER_SECOND
    if age_s > core.config.gate.max_age_s:
        return f"refused: the verdict is {age_s} s old"
    target = decided.quantity
    reduces = decided.verdict is Verdict.HEDGE
    if not reduces:
        sign = decided.direction.sign
        held = market.position(HYBRID) + core.state.pending_of(HYBRID, decided.instrument_id)
        target = max(decided.quantity - held * sign, money.ZERO)
    if not target:
        return "nothing to trade: the position is already there"
    reason = f"{decided.verdict} in cycle {decided.cycle_id}: {decided.reason}"
    intent = _intent(core, market, decided.direction, target, reason, actor=actor, reduces=reduces)
    sent = trading.submit(core, intent)
    if isinstance(sent, Refused):
        return f"refused by {sent.rule}: {sent.reason}"
    return f"sent {sent}: {intent.side} {intent.quantity} @ {intent.limit_price}"


def _intent(
    core: Core,
    market: Market,
    direction: Direction,
    quantity: Decimal,
    reason: str,
    *,
    actor: str = "gate",
    reduces: bool = False,
) -> OrderIntent:
    """Return an order for a verdict; its price comes from the market, never from the analyst."""
    side = Side.BUY if direction is Direction.LONG else Side.SELL
    mid = market.mid()
    limit = core.sizer.limit_price(mid, side, market.instrument) if mid is not None else None
    return OrderIntent(
        strategy_id=HYBRID,
        instrument_id=market.instrument.instrument_id,
        side=side,
        quantity=quantity,
        order_type=OrderType.LIMIT,
        limit_price=limit,
        stop_price=None,
        time_in_force=TimeInForce.DAY,
        reduce_only=reduces,
        actor=actor,
        reason=reason,
    )
