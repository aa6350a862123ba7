"""Free questions about a cycle, answered from its rows: by a model or by looking them up."""

from __future__ import annotations

import secrets
from decimal import Decimal

import msgspec

from rf_ai.caller import Asked, Caller
from rf_ai.checks import figures_refused
from rf_ai.context import Context
from rf_ai.errors import AiError, ModelError
from rf_ai.figures import FigureReport, check_figures
from rf_ai.judgement import NO_FIGURES, RULES, Author
from rf_ai.lookup import answer_from_rows
from rf_ai.models.routing import Tier
from rf_ai.outside import clean
from rf_ai.rules import RULES_VERSION
from rf_ai.schema import TEXT_SCHEMA, TextAnswer, parse

QUESTION_LIMIT = 500
_ASK = (
    "Answer this question of the owner in at most five sentences, from the rows alone, with the "
    "row of each figure in square brackets. cited lists the ids of the rows you used. Question: {}"
)


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to a question; `unavailable` says why there is none.

    `unsupported` are figures of the answer that no row holds: it is then not shown.
    """

    question: str
    answer: str
    cited: tuple[str, ...]
    unavailable: str
    unsupported: tuple[str, ...]
    figures_checked: int
    analyst: str
    model: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cost_usd: Decimal
    took_ms: int
    call_id: str


async def ask(caller: Caller, context: Context, question: str, *, tier: Tier) -> Reply:
    """Return what the rows of `context` say to `question`.

    Parameters
    ----------
    caller : Caller
        Models; without one for `tier` the rows are looked up.
    context : Context
        The rows.
    question : str
        At most 500 characters are read.
    tier : Tier
        Which model answers.

    Raises
    ------
    ValueError
        If the question is empty.
    """
    asked_for = clean(question, QUESTION_LIMIT, nonce=context.nonce)
    if not asked_for:
        raise ValueError("question: expected some words, was empty")
    model = caller.model(tier)
    call_id = secrets.token_hex(8)
    if model is None:
        return _from_rows(context, asked_for, Author(RULES, RULES_VERSION, call_id=call_id))
    prompt = caller.prompt(context, _ASK.format(asked_for))
    asked = await caller.call(
        model, prompt, TEXT_SCHEMA, call_id=call_id, symbol=context.instrument_id
    )
    provider = model.model.provider
    if asked.completion is None:
        error = asked.error or AiError("there was no answer")
        if caller.stands_in(error):
            label = f"{RULES_VERSION} (in place of {model.model.name}: {error.message})"
            return _from_rows(context, asked_for, Author(RULES, label, call_id=call_id))
        author = Author(provider, model.model.name, call_id=call_id)
        return _reply(asked_for, author, unavailable=f"{error.code} {error.message}")
    author = Author.of(provider, asked.completion, call_id)
    return _checked(asked_for, context, author, asked)


def _checked(question: str, context: Context, author: Author, asked: Asked) -> Reply:
    answer = b"" if asked.completion is None else asked.completion.answer
    try:
        found = parse(answer, TextAnswer)
    except ModelError as error:
        reason = f"{error.code} {error.message}"
        return _reply(question, author, unavailable=reason, took_ms=asked.took_ms)
    names = (context.instrument_id, context.instrument_id.partition(":")[2], context.entity_name)
    report = check_figures([found.answer], context.rows, outside=context.outside, names=names)
    ids = {row.row_id for row in context.rows}
    strangers = tuple(i for i in found.cited if i not in ids)
    report = report._replace(unknown_rows=(*report.unknown_rows, *strangers))
    refused = figures_refused(report)
    return _reply(
        question,
        author,
        answer="" if refused else found.answer,
        cited=tuple(dict.fromkeys((*report.cited, *(i for i in found.cited if i in ids)))),
        unavailable=refused,
        report=report,
        took_ms=asked.took_ms,
    )


def _from_rows(context: Context, question: str, author: Author) -> Reply:
    text, cited = answer_from_rows(question, context.rows)
    return _reply(question, author, answer=text, cited=cited)


def _reply(
    question: str,
    author: Author,
    *,
    answer: str = "",
    cited: tuple[str, ...] = (),
    unavailable: str = "",
    report: FigureReport = NO_FIGURES,
    took_ms: int = 0,
) -> Reply:
    return Reply(
        question=question,
        answer=answer,
        cited=cited,
        unavailable=unavailable,
        unsupported=report.unsupported,
        figures_checked=report.checked,
        analyst=author.analyst,
        model=author.model,
        input_tokens=author.input_tokens,
        output_tokens=author.output_tokens,
        cached_tokens=author.cached_tokens,
        cost_usd=author.cost_usd,
        took_ms=took_ms,
        call_id=author.call_id,
    )
