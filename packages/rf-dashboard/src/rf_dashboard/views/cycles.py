"""The chain of reasons: what each stage said, what the gate compared, what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from math import isfinite
from typing import TypeVar

import msgspec

from rf_common import money
from rf_common.clock import UnixNanos
from rf_common.ids import ClientOrderId, InstrumentId, symbol_of
from rf_common.intelligence import (
    AnalystSignal,
    Direction,
    GraphContext,
    QuantSnapshot,
    Recommendation,
    SwarmSignal,
    Verdict,
)
from rf_dashboard.format import NA
from rf_dashboard.minds import Cycle
from rf_dashboard.state import DashboardState
from rf_dashboard.values import age_ms, why_old
from rf_dashboard.views.intelligence import GateLine, gate_line

A = TypeVar("A", QuantSnapshot, SwarmSignal, GraphContext, AnalystSignal)


class StageLine(msgspec.Struct, frozen=True, kw_only=True):
    """One stage of a cycle in words; `told` is False while nothing was heard of it."""

    name: str
    text: str
    told: bool
    ok: bool


class CycleRow(msgspec.Struct, frozen=True, kw_only=True):
    """One cycle: its stages, the gate, and the orders or refusals that followed."""

    cycle_id: str
    instrument_id: InstrumentId
    symbol: str
    ts: UnixNanos
    age_ms: int | None
    verdict: Verdict | None
    reason: str
    direction: Direction | None
    quantity: Decimal
    recommendation: Recommendation | None
    stages: tuple[StageLine, ...]
    gate: GateLine | None
    analyst: AnalystSignal | None
    orders: tuple[ClientOrderId, ...]
    refusals: tuple[str, ...]
    outcome: str
    stale: bool


def cycles(
    state: DashboardState, now: UnixNanos, count: int, instrument_id: InstrumentId | None = None
) -> tuple[CycleRow, ...]:
    """Return the last cycles, newest first, of one instrument or of all."""
    found = [
        cycle
        for cycle in reversed(state.minds.cycles.values())
        if instrument_id is None or cycle.instrument_id == instrument_id
    ]
    return tuple(_row(state, cycle, now) for cycle in found[:count])


def _row(state: DashboardState, cycle: Cycle, now: UnixNanos) -> CycleRow:
    gate, analyst = cycle.gate, cycle.analyst
    void = analyst is None or bool(analyst.unavailable)
    orders, refusals = _caused(state, cycle)
    return CycleRow(
        cycle_id=cycle.cycle_id,
        instrument_id=cycle.instrument_id,
        symbol=symbol_of(cycle.instrument_id),
        ts=cycle.ts,
        age_ms=age_ms(now, cycle.ts),
        verdict=gate.verdict if gate else None,
        reason=gate.reason if gate else "no verdict",
        direction=gate.direction if gate else None,
        quantity=gate.quantity if gate else money.ZERO,
        recommendation=None if analyst is None or void else analyst.recommendation,
        stages=tuple(_stages(cycle)),
        gate=gate_line(gate, now) if gate else None,
        analyst=analyst,
        orders=orders,
        refusals=refusals,
        outcome=_outcome(cycle, orders, refusals),
        stale=bool(why_old(state, now)),
    )


def _caused(
    state: DashboardState, cycle: Cycle
) -> tuple[tuple[ClientOrderId, ...], tuple[str, ...]]:
    """Return the orders and refusals of a cycle, as told or as they name the cycle themselves."""
    outcome = cycle.outcome
    orders = dict.fromkeys(outcome.orders if outcome else ())
    refusals = dict.fromkeys(outcome.refusals if outcome else ())
    if cycle.cycle_id:
        for order in (*state.orders.values(), *state.finished.values()):
            if cycle.cycle_id in order.reason:
                orders[order.client_order_id] = None
        for record in state.refusals:
            told = record.refusal
            if cycle.cycle_id in told.reason:
                refusals[f"{told.rule} {told.value} (limit {told.limit})"] = None
    return tuple(orders), tuple(refusals)


def _outcome(cycle: Cycle, orders: tuple[ClientOrderId, ...], refusals: tuple[str, ...]) -> str:
    if orders or refusals:
        parts = [f"order {order}" for order in orders] + [f"refused: {text}" for text in refusals]
        return "; ".join(parts)
    if cycle.gate is None:
        return "no verdict yet"
    if cycle.gate.verdict is Verdict.REJECTED:
        return "no order: the gate rejected it"
    return "no order is known of it"


# --- stages in words ------------------------------------------------------------------------------


def _stages(cycle: Cycle) -> Iterable[StageLine]:
    yield _stage("1 quant", cycle.quant, _quant)
    yield _stage("2 swarm", cycle.swarm, _swarm)
    yield _stage("3 graph", cycle.graph, _graph)
    yield _stage("4 analyst", cycle.analyst, _analyst)


def _stage(name: str, told: A | None, write: Callable[[A], str]) -> StageLine:
    if told is None:
        return StageLine(name=name, text="nothing was told of it", told=False, ok=False)
    if told.unavailable:
        return StageLine(name=name, text=f"unavailable: {told.unavailable}", told=True, ok=False)
    return StageLine(name=name, text=write(told), told=True, ok=True)


def _quant(told: QuantSnapshot) -> str:
    return (
        f"px {_text(told.px, '.10g')}, RSI {_text(told.rsi, '.1f')}, "
        f"GARCH {_text(told.garch_vol, '.1%')} against {_text(told.average_vol, '.1%')}, "
        f"imbalance {_text(told.imbalance, '+.2f')}, momentum {_text(told.momentum, '+.2f')}, "
        f"{told.samples} samples, {told.trigger}"
    )


def _swarm(told: SwarmSignal) -> str:
    return (
        f"{told.direction} {told.conviction}, bull {_text(told.bull, '.2f')} bear "
        f"{_text(told.bear, '.2f')} ±{_text(told.std_error, '.3f')}, confidence "
        f"{_text(told.confidence, '.2f')}, agreement {_text(told.agreement, '.2f')}, "
        f"{told.regime}, seed {told.seed}"
    )


def _graph(told: GraphContext) -> str:
    reached = ", ".join(
        f"{impact.target_name} {_text(impact.score, '+.2f')}" for impact in told.impacts[:3]
    )
    return f"{told.entity_name}, {told.nodes} nodes; a shock reaches {reached or 'nobody'}"


def _analyst(told: AnalystSignal) -> str:
    who = " ".join(part for part in (told.analyst, told.model) if part)
    return (
        f"{who}: {told.recommendation} {told.direction}, confidence "
        f"{_text(told.confidence, '.2f')}, {told.time_horizon}, rests on "
        f"{' '.join(told.cited) or 'no row'}"
    )


def _text(value: float | None, form: str) -> str:
    return NA if value is None or not isfinite(value) else format(value, form)
