"""From an answer to an `AnalystSignal`: every check in order, one named reason when it is void."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import msgspec

from rf_ai.bound import bound
from rf_ai.checks import AnswerLimits, check_texts, enforce, figures_refused
from rf_ai.context import Context, build_context
from rf_ai.figures import FigureReport
from rf_ai.models.port import Completion
from rf_ai.rules import RULES_VERSION, YEAR_S, Opinion, rules_opinion
from rf_ai.schema import DexterSignal
from rf_common.clock import UnixNanos
from rf_common.intelligence import (
    AnalystSignal,
    Direction,
    GraphContext,
    Horizon,
    QuantSnapshot,
    Recommendation,
    SwarmSignal,
)

RULES = "rules"
ZERO = Decimal(0)
OFFLINE_NONCE = "offline-analyst"
"""Delimiter of contexts that no model sees."""
NO_FIGURES = FigureReport(0, (), (), ())


class Author(NamedTuple):
    """Who answered and what it took."""

    analyst: str
    model: str
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: Decimal = ZERO
    call_id: str = ""

    @classmethod
    def of(cls, provider: str, completion: Completion, call_id: str) -> Author:
        """Return the author of a completion."""
        return cls(
            provider,
            completion.model,
            completion.input_tokens,
            completion.output_tokens,
            completion.cached_tokens,
            completion.cost_usd,
            call_id,
        )


class Judged(NamedTuple):
    """A signal and what the checks noted on the way."""

    signal: AnalystSignal
    notes: tuple[str, ...]


def judge(
    answer: DexterSignal,
    context: Context,
    author: Author,
    opinion: Opinion,
    *,
    ts_event: UnixNanos,
    limits: AnswerLimits | None = None,
) -> Judged:
    """Return the signal that `answer` is worth after every check.

    Parameters
    ----------
    answer : DexterSignal
        As parsed, from a model or from rules.
    context : Context
        What it was made from.
    author : Author
        Who made it.
    opinion : Opinion
        What rules compute, the measure of a model's answer.
    ts_event : UnixNanos
        Now.
    limits : AnswerLimits, optional
        How far it may be from market and rules.
    """
    limits = limits or AnswerLimits()
    checked = enforce(answer, symbol=context.instrument_id, px=context.px, limits=limits)
    report = check_texts(checked.answer, context)
    refused = checked.refused or figures_refused(report)
    notes = checked.changes
    answer = checked.answer
    if not refused and author.analyst != RULES:
        bounded = bound(answer, opinion, outside=bool(context.outside), limits=limits)
        answer, refused, notes = bounded.answer, bounded.refused, (*notes, *bounded.changes)
    notes = (*notes, f"figures: {report.checked - len(report.unsupported)} of {report.checked}")
    if refused:
        return Judged(void(context, author, refused, ts_event=ts_event, report=report), notes)
    signal = AnalystSignal(
        cycle_id=context.cycle_id,
        instrument_id=context.instrument_id,
        ts_event=ts_event,
        unavailable="",
        analyst=author.analyst,
        model=author.model,
        direction=answer.direction,
        confidence=answer.confidence,
        entry_px=answer.entry_px,
        stop_px=answer.stop_px,
        take_profit_px=answer.take_profit_px,
        position_size_pct=answer.position_size_pct,
        time_horizon=answer.time_horizon,
        thesis=answer.thesis,
        key_risks=answer.key_risks,
        catalyst=answer.catalyst or "",
        recommendation=answer.recommendation,
        rows=context.rows,
        cited=report.cited,
        unsupported=(),
        figures_checked=report.checked,
        input_tokens=author.input_tokens,
        output_tokens=author.output_tokens,
        cached_tokens=author.cached_tokens,
        cost_usd=author.cost_usd,
        call_id=author.call_id,
    )
    return Judged(signal, notes)


def void(
    context: Context,
    author: Author,
    reason: str,
    *,
    ts_event: UnixNanos,
    report: FigureReport = NO_FIGURES,
) -> AnalystSignal:
    """Return a signal that is no opinion, and why."""
    return AnalystSignal(
        cycle_id=context.cycle_id,
        instrument_id=context.instrument_id,
        ts_event=ts_event,
        unavailable=reason,
        analyst=author.analyst,
        model=author.model,
        direction=Direction.NEUTRAL,
        confidence=0.0,
        entry_px=0.0,
        stop_px=0.0,
        take_profit_px=0.0,
        position_size_pct=0.0,
        time_horizon=Horizon.INTRADAY,
        thesis="",
        key_risks=(),
        catalyst="",
        recommendation=Recommendation.HOLD,
        rows=context.rows,
        cited=report.cited,
        unsupported=report.unsupported,
        figures_checked=report.checked,
        input_tokens=author.input_tokens,
        output_tokens=author.output_tokens,
        cached_tokens=author.cached_tokens,
        cost_usd=author.cost_usd,
        call_id=author.call_id,
    )


def revoked(signal: AnalystSignal, reason: str) -> AnalystSignal:
    """Return `signal` as no opinion any more, with what it took."""
    return msgspec.structs.replace(
        signal,
        unavailable=reason,
        direction=Direction.NEUTRAL,
        confidence=0.0,
        entry_px=0.0,
        stop_px=0.0,
        take_profit_px=0.0,
        position_size_pct=0.0,
        thesis="",
        key_risks=(),
        catalyst="",
        recommendation=Recommendation.HOLD,
    )


def rules_signal(
    quant: QuantSnapshot,
    swarm: SwarmSignal,
    graph: GraphContext,
    *,
    horizon_s: float = 3_600.0,
    year_s: float = YEAR_S,
    context: Context | None = None,
    model: str = RULES_VERSION,
) -> AnalystSignal:
    """Return what the offline analyst says of a cycle, after the same checks as any answer.

    Parameters
    ----------
    quant, swarm, graph : QuantSnapshot, SwarmSignal, GraphContext
        Stages 1 to 3 of one cycle.
    horizon_s : float
        How long the opinion is meant to hold, seconds.
    year_s : float
        Trading seconds in a year.
    context : Context, optional
        The rows, if they were built already.
    model : str
        The label of what answered.
    """
    if context is None:
        context = build_context(quant, swarm, graph, nonce=OFFLINE_NONCE)
    author = Author(RULES, model)
    opinion = rules_opinion(quant, swarm, graph, context, horizon_s=horizon_s, year_s=year_s)
    if opinion.answer is None:
        return void(context, author, opinion.unavailable, ts_event=quant.ts_event)
    return judge(opinion.answer, context, author, opinion, ts_event=quant.ts_event).signal
