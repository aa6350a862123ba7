"""``rf ai``: an opinion with its receipts, what it cost, how good it was."""

from __future__ import annotations

import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rf_cli import ai_text as text
from rf_cli.ai_desk import LocalDesk, budget_of, calls_of, inputs_from, named
from rf_cli.context import Context, Flag, Rf
from rf_cli.exits import Exit
from rf_cli.instruments import resolve
from rf_cli.output import Answer, usage
from rf_common.clock import NANOS_PER_SECOND, UnixNanos, monotonic_ns

if TYPE_CHECKING:
    from rf_ai import Inputs
    from rf_ai.models.metered import MeteredModel

DAY_NS = 86_400 * NANOS_PER_SECOND
_THINK_S = 120.0


def analyse(
    symbol: str | None = None,
    /,
    *,
    context: Path | None = None,
    rules: Flag = False,
    rf: Rf,
) -> Answer:
    """Ask the analyst for an opinion, with its rows, its checks and its cost.

    Parameters
    ----------
    symbol
        An instrument of the running daemon; a cycle is started for it.
    context
        File with a cycle, as rf ai show CALL --inputs writes it; needs no daemon.
    rules
        With --context: ask the offline rules whatever the settings say.
    """
    if (symbol is None) == (context is None):
        raise usage("expected a symbol or --context FILE")
    if context is not None:
        return _analyse_file(rf, context, only_rules=rules)
    if rules:
        raise usage("--rules goes with --context; a daemon's analyst is set by ai.provider")
    assert symbol is not None
    name = resolve(rf, symbol)
    _say(rf, text.before_daemon(rf.ask("thoughts", {}).get("thinkers", {})))
    asked = {"instrument_id": name, "what": "analyst", "wait": True}
    begun = monotonic_ns()
    data = rf.ask("think", asked, timeout_s=max(rf.timeout_s, _THINK_S))
    signal = data.get("analyst") or {}
    return _opinion(
        {
            "signal": signal,
            "estimate": None,
            "gate": (data.get("decisions") or [None])[-1],
            "took_ms": (monotonic_ns() - begun) // 1_000_000,
        }
    )


def ask(
    symbol: str,
    question: str,
    /,
    *,
    context: Path | None = None,
    rules: Flag = False,
    rf: Rf,
) -> Answer:
    """Ask a question about an instrument; the answer cites the rows it rests on.

    Parameters
    ----------
    symbol
        An instrument; with --context any word.
    question
        In words, at most 500 characters.
    context
        File with a cycle; needs no daemon.
    rules
        With --context: look the rows up and ask no model.
    """
    if context is None:
        asked = {"instrument_id": resolve(rf, symbol), "question": question}
        data = rf.ask("ask", asked, timeout_s=max(rf.timeout_s, _THINK_S))
        return _reply(data)
    inputs = inputs_from(context)
    desk = LocalDesk(rf, only_rules=rules)
    try:
        reply = desk.run(lambda: desk.dexter(inputs.quant.ts_event).ask(inputs, question))
    except ValueError as error:
        raise usage(str(error)) from error
    return _reply(named(reply))


def show(
    call: str | None = None,
    /,
    *,
    inputs: Flag = False,
    prompt: Flag = False,
    last: int = 20,
    rf: Rf,
) -> Answer:
    """Show the last calls, or one of them with every row and check.

    Parameters
    ----------
    call
        Id of a call; latest is the newest.
    inputs
        Print what it was made from, as --context reads it.
    prompt
        Print the words that were sent.
    last
        Calls to list.
    """
    if last < 1:
        raise usage(f"--last {last}: expected 1 or more")
    store = calls_of(rf)
    if call is None:
        return Answer("ai.calls", [_line(o) for o in store.latest(last)], text.calls)
    kept = store.get(call)
    record = kept.record
    if inputs and record.inputs is not None:
        from rf_ai import write_inputs

        content = write_inputs(record.inputs).decode()
        return Answer("ai.inputs", _json(content), lambda _: content)
    if prompt:
        from rf_ai import to_prompt

        made = to_prompt(record.context, record.question)
        data = {"system": made.system, "context": made.context, "question": made.question}
        return Answer("ai.prompt", data, text.prompt)
    data = named(record) | {
        "later_px": kept.later_px,
        "hit": kept.hit,
        "closed": kept.closed,
        "inputs": None,
    }
    return Answer("ai.call", data, text.call)


def cost(*, by: Literal["symbol", "model"] = "symbol", rf: Rf) -> Answer:
    """Show what the analyst spent this month, by symbol or by model.

    Parameters
    ----------
    by
        What the rows stand for.
    """
    report = budget_of(rf).report(rf.clock.now())
    data = named(report) | {"by": by}
    return Answer("ai.cost", data, text.cost)


def budget(
    *,
    day: str | None = None,
    month: str | None = None,
    calls: int | None = None,
    reset: Flag = False,
    rf: Rf,
) -> Answer:
    """Show the budget, or set its caps; the daemon follows at once.

    Parameters
    ----------
    day
        Most that may be spent in a day, US dollars.
    month
        Most that may be spent in a month, US dollars.
    calls
        Most calls about one symbol in 60 minutes.
    reset
        Return to the caps of the settings.
    """
    held, now = budget_of(rf), rf.clock.now()
    given = {"day_usd": _usd(day, "--day"), "month_usd": _usd(month, "--month")}
    if reset:
        held.clear_caps()
    if calls is not None or any(value is not None for value in given.values()):
        try:
            held.set_caps(now=now, calls_per_hour=calls, **given)
        except ValueError as error:
            raise usage(str(error)) from error
    report = held.report(now)
    is_spent = report.day_usd >= report.caps.day_usd or report.month_usd >= report.caps.month_usd
    exit_code = Exit.BUDGET if is_spent else Exit.OK
    return Answer("ai.budget", named(report), text.budget, exit_code=exit_code)


def score(*, days: int = 30, symbol: str | None = None, rf: Rf) -> Answer:
    """Show how often the analyst was right, beside the base rate; nothing below 30 scored calls.

    Parameters
    ----------
    days
        How far back.
    symbol
        Full id of an instrument; otherwise all.
    """
    if days < 1:
        raise usage(f"--days {days}: expected 1 or more")
    from rf_ai import score_card

    since = UnixNanos(max(0, rf.clock.now() - days * DAY_NS))
    calls = calls_of(rf).scores(100_000, instrument_id=symbol, since=since)
    data = named(score_card(calls)) | {"days": days, "symbol": symbol}
    return Answer("ai.score", data, text.score)


def replay(
    call: str,
    /,
    *,
    model: Literal["rules", "cheap", "strong"] = "rules",
    rf: Rf,
) -> Answer:
    """Show the same rows to another model and compare the opinions.

    Parameters
    ----------
    call
        Id of a call; latest is the newest.
    model
        Who answers now.
    """
    from rf_ai.models.routing import Tier

    record = calls_of(rf).get(call).record
    desk = LocalDesk(rf, only_rules=model == "rules")

    async def again() -> Any:
        other: MeteredModel | None = None
        if model != "rules":
            other = desk.models.get(Tier(model))
            if other is None:
                raise usage(f"--model {model}: {desk.blocked or 'no model is configured'}")
        return await desk.dexter(record.ts_event).replay(record, other)

    before, after = desk.run(again)
    data = {"before": named(before), "after": named(after), "context": named(record.context)}
    exit_code = Exit.BUDGET if text.is_over_budget(data["after"]) else Exit.OK
    return Answer("ai.replay", data, text.replay, exit_code=exit_code)


def _analyse_file(rf: Context, path: Path, *, only_rules: bool) -> Answer:
    inputs = inputs_from(path)
    desk = LocalDesk(rf, only_rules=only_rules)

    async def opinion() -> tuple[Any, Any]:
        dexter = desk.dexter(inputs.quant.ts_event)
        estimate = await dexter.estimate(inputs)
        _say(rf, text.before(named(estimate)))
        return estimate, await _asked(dexter, inputs)

    begun = monotonic_ns()
    estimate, signal = desk.run(opinion)
    return _opinion(
        {
            "signal": named(signal),
            "estimate": named(estimate),
            "gate": None,
            "took_ms": (monotonic_ns() - begun) // 1_000_000,
        }
    )


async def _asked(dexter: Any, inputs: Inputs) -> Any:
    return await dexter.analyse(inputs.quant, inputs.swarm, inputs.graph, inputs.news)


def _opinion(data: dict[str, Any]) -> Answer:
    signal = data["signal"]
    exit_code = Exit.FOUND if signal.get("unavailable") or not signal else Exit.OK
    warnings: tuple[str, ...] = ()
    if text.is_over_budget(signal):
        exit_code, warnings = Exit.BUDGET, (text.why_rules(signal),)
    return Answer("ai.analyse", data, text.opinion, warnings=warnings, exit_code=exit_code)


def _reply(data: dict[str, Any]) -> Answer:
    exit_code: int = Exit.FOUND if data.get("unavailable") or data.get("ok") is False else Exit.OK
    if text.is_over_budget(data):
        exit_code = Exit.BUDGET
    return Answer("ai.ask", data, text.reply, exit_code=exit_code)


def _line(outcome: Any) -> dict[str, Any]:
    record, signal = outcome.record, outcome.record.signal
    return {
        "call_id": record.call_id,
        "ts_event": int(record.ts_event),
        "instrument_id": record.instrument_id,
        "kind": record.kind,
        "analyst": record.analyst,
        "model": record.model,
        "direction": None if signal is None or signal.unavailable else signal.direction.value,
        "confidence": None if signal is None or signal.unavailable else signal.confidence,
        "unavailable": "" if signal is None else signal.unavailable,
        "cost_usd": str(record.cost_usd),
        "hit": outcome.hit,
    }


def _usd(given: str | None, flag: str) -> Decimal | None:
    if given is None:
        return None
    try:
        value = Decimal(given)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0:
        raise usage(f"{flag} {given}: expected US dollars, such as 3.00")
    return value


def _json(content: str) -> Any:
    import json

    return json.loads(content)


def _say(rf: Context, line: str) -> None:
    """Tell people what is about to be sent, before it is."""
    if line and not rf.as_json:
        print(rf.redactor.text(line), file=sys.stderr, flush=True)
