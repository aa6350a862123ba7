"""Facts: relationships as sentences with ids that an answer can cite."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple

from rf_knowledge_graph.graph import KnowledgeGraph
from rf_knowledge_graph.types import Relationship


class Fact(NamedTuple):
    """A relationship as it stands at a moment.

    `fact_id` is made from what is stated (ends, kind, side), so that the same statement has the
    same id in every graph and at every time; `weight` is its strength at that moment.
    """

    fact_id: str
    text: str
    source_id: str
    target_id: str
    weight: float
    correlation: float | None
    source: str
    ts: int
    disputed: bool
    edge: Relationship


def fact_id(edge: Relationship) -> str:
    """Return the id of a statement: ``f`` and twelve hexadecimal digits.

    Examples
    --------
    >>> from rf_knowledge_graph.types import RelationshipKind
    >>> fact_id(
    ...     Relationship(source_id="TSMC", target_id="NVIDIA", kind=RelationshipKind.SUPPLIES)
    ... )
    'f96a0e7151577'
    """
    ends = (edge.source_id, edge.target_id)
    if edge.kind.is_symmetric and ends[0] > ends[1]:
        ends = ends[::-1]
    side = "denied" if edge.negated else str(edge.side)
    stated = "|".join((ends[0], edge.kind.value, edge.label, ends[1], side))
    return "f" + blake2b(stated.encode(), digest_size=6).hexdigest()


def fact_of(graph: KnowledgeGraph, edge: Relationship, now: int) -> Fact:
    """Return the sentence of one relationship at `now`."""
    weight = graph.strength(edge, now)
    rivals = graph.rivals(edge)
    head, tail = graph.require(edge.source_id), graph.require(edge.target_id)
    numbers = f"weight {weight:.2f}"
    if edge.correlation is not None:
        numbers += f", correlation {edge.correlation:+.2f}"
    text = f"{head.name} {edge.words} {tail.name} ({numbers})"
    if edge.description:
        text += f": {edge.description}"
    if rivals:
        text += f"; disputed by {', '.join(_voices(rivals))}"
    return Fact(
        fact_id=fact_id(edge),
        text=text,
        source_id=edge.source_id,
        target_id=edge.target_id,
        weight=weight,
        correlation=edge.correlation,
        source=_voice(edge),
        ts=edge.ts_last,
        disputed=bool(rivals),
        edge=edge,
    )


def facts_of(graph: KnowledgeGraph, edges: Iterable[Relationship], now: int) -> tuple[Fact, ...]:
    """Return the facts of relationships, each statement once, in the given order."""
    made: dict[str, Fact] = {}
    for edge in edges:
        key = fact_id(edge)
        if key not in made:
            made[key] = fact_of(graph, edge, now)
    return tuple(made.values())


def _voice(edge: Relationship) -> str:
    said = edge.evidence[-1] if edge.evidence else None
    if said is None:
        return edge.source.value
    is_named = said.reference and said.reference != said.source.value
    return f"{said.source}:{said.reference}" if is_named else said.source.value


def _voices(edges: Iterable[Relationship]) -> list[str]:
    return list(dict.fromkeys(_voice(edge) for edge in edges))
