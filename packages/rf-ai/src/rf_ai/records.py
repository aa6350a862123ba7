"""From what happened to what is kept of it."""

from __future__ import annotations

from typing import NamedTuple

from rf_ai.asking import Reply
from rf_ai.caller import Asked, Caller
from rf_ai.context import Context
from rf_ai.inputs import Inputs
from rf_ai.prompt import PROMPT_VERSION
from rf_ai.rules import Opinion
from rf_ai.store import CallRecord, request_hash
from rf_common.clock import UnixNanos
from rf_common.intelligence import AnalystSignal


class Run(NamedTuple):
    """One cycle on its way: what came in, its rows, what the rules compute, its call."""

    inputs: Inputs
    context: Context
    opinion: Opinion
    call_id: str


def opinion_record(
    caller: Caller,
    run: Run,
    signal: AnalystSignal,
    *,
    notes: tuple[str, ...],
    asked: Asked | None,
    horizon_s: float,
) -> CallRecord:
    """Return the record of an opinion, void ones included."""
    answer = asked.completion.answer if asked and asked.completion else b""
    return CallRecord(
        call_id=run.call_id,
        cycle_id=run.context.cycle_id,
        instrument_id=run.context.instrument_id,
        ts_event=signal.ts_event,
        kind="analyse",
        analyst=signal.analyst,
        model=signal.model,
        prompt_version=PROMPT_VERSION,
        request_hash=request_hash(caller.prompt(run.context)),
        question="",
        inputs=run.inputs,
        context=run.context,
        answer=caller.redactor.text(answer.decode(errors="replace")),
        notes=notes,
        signal=signal,
        px=run.context.px,
        horizon_s=horizon_s,
        took_ms=asked.took_ms if asked else 0,
        cost_usd=signal.cost_usd,
    )


def reply_record(
    caller: Caller, inputs: Inputs, context: Context, reply: Reply, now: UnixNanos
) -> CallRecord:
    """Return the record of an answer to a question."""
    return CallRecord(
        call_id=reply.call_id,
        cycle_id=context.cycle_id,
        instrument_id=context.instrument_id,
        ts_event=now,
        kind="ask",
        analyst=reply.analyst,
        model=reply.model,
        prompt_version=PROMPT_VERSION,
        request_hash=request_hash(caller.prompt(context, reply.question)),
        question=caller.redactor.text(reply.question),
        inputs=inputs,
        context=context,
        answer=caller.redactor.text(reply.answer),
        notes=(reply.unavailable,) if reply.unavailable else (),
        signal=None,
        px=context.px,
        horizon_s=0.0,
        took_ms=reply.took_ms,
        cost_usd=reply.cost_usd,
    )
