"""What a move of one instrument would mean for others: the graph's numbers, a model's words.

The scores are the graph's and stay so; a model may only put them into sentences, whose figures
are checked like any other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from rf_ai.asking import Reply, ask
from rf_ai.caller import Caller
from rf_ai.context import IMPACT_SOURCE, Context, is_outside
from rf_ai.models.routing import Tier
from rf_common.intelligence import GraphContext, GraphImpact

_QUESTION = (
    "What would a shock of {} mean for the entities of the impact rows? Name the largest effects, "
    "their paths and what speaks against them."
)


class ImpactLine(msgspec.Struct, frozen=True, kw_only=True):
    """One effect; `value` is what it would be on what is held of the target, if anything is."""

    row_id: str
    target_id: str
    target_name: str
    score: float
    confidence: float
    path: str
    sentence: str
    value: float | None = None


class ImpactReport(msgspec.Struct, frozen=True, kw_only=True):
    """Effects, largest first; `words` is a model's or the rules' text about them."""

    entity_id: str
    entity_name: str
    unavailable: str
    lines: tuple[ImpactLine, ...]
    words: Reply | None
    has_outside: bool


class Held(NamedTuple):
    """What is held of an entity, at the market, signed."""

    entity_id: str
    value: float


async def impact_analysis(
    graph: GraphContext,
    context: Context,
    caller: Caller | None = None,
    *,
    tier: Tier = Tier.CHEAP,
    held: Sequence[Held] = (),
) -> ImpactReport:
    """Return the effects the graph finds, with words about them.

    Parameters
    ----------
    graph : GraphContext
        Stage 3 of a cycle.
    context : Context
        Its rows.
    caller : Caller, optional
        Models; without one only the graph speaks.
    tier : Tier
        Which model writes.
    held : sequence of Held
        Positions by entity, to say what an effect would be worth.
    """
    if graph.unavailable:
        return _report(graph, (), None, graph.unavailable)
    values = {holding.entity_id: holding.value for holding in held}
    lines = impact_lines(graph, context, values)
    words = None
    if caller is not None and caller and lines:
        name = context.entity_name or context.instrument_id
        words = await ask(caller, context, _QUESTION.format(name), tier=tier)
    return _report(graph, lines, words, "" if lines else "the graph finds no effect on others")


def impact_lines(
    graph: GraphContext, context: Context, values: dict[str, float]
) -> tuple[ImpactLine, ...]:
    """Return the graph's effects, largest first, each with the row that holds it."""
    rows = [row for row in context.rows if row.source == IMPACT_SOURCE]
    lines = []
    for impact, row in zip(graph.impacts, rows, strict=False):
        if not math.isfinite(impact.score):
            continue
        holding = values.get(impact.target_id)
        lines.append(
            ImpactLine(
                row_id=row.row_id,
                target_id=impact.target_id,
                target_name=impact.target_name,
                score=impact.score,
                confidence=impact.confidence,
                path=impact.path,
                sentence=_sentence(impact, row.row_id),
                value=None if holding is None else holding * impact.score,
            )
        )
    return tuple(sorted(lines, key=lambda line: (-abs(line.score), line.target_id)))


def _sentence(impact: GraphImpact, row_id: str) -> str:
    way = "rises" if impact.score > 0 else "falls"
    return (
        f"{impact.target_name} {way} with it: {impact.score:+.2f}, "
        f"confidence {impact.confidence:.2f} [{row_id}]"
    )


def _report(
    graph: GraphContext, lines: tuple[ImpactLine, ...], words: Reply | None, unavailable: str
) -> ImpactReport:
    return ImpactReport(
        entity_id=graph.entity_id,
        entity_name=graph.entity_name,
        unavailable=unavailable,
        lines=lines,
        words=words,
        has_outside=any(is_outside(fact) for fact in graph.facts),
    )
