"""Stage 3 of a cycle: what the graph knows of an instrument, as rows that can be cited."""

from __future__ import annotations

from collections.abc import Iterable

from rf_common.clock import UnixNanos
from rf_common.ids import InstrumentId
from rf_common.intelligence import ContextRow, GraphContext, GraphImpact, RowKind
from rf_knowledge_graph.facts import Fact, facts_of
from rf_knowledge_graph.graph import KnowledgeGraph
from rf_knowledge_graph.impact import ImpactScore, impact_table
from rf_knowledge_graph.linker import Linker
from rf_knowledge_graph.queries import (
    MAX_FACTS,
    full_edges,
    named,
    narrative,
    strongest,
    touching,
)
from rf_knowledge_graph.types import Relationship

SHOCK = 0.05
HOPS = 2
TOP = 5


def context_for(
    graph: KnowledgeGraph,
    instrument_id: InstrumentId,
    cycle_id: str,
    ts: int,
    *,
    linker: Linker | None = None,
    max_facts: int = MAX_FACTS,
) -> GraphContext:
    """Return the context of an instrument at `ts`; it never raises for an unknown one.

    Facts are supply chain, dependencies, direct effects and correlations from 0.5, each once;
    impacts are the five largest effects of a rise of 5 % within two steps. An instrument that
    stands for no entity, or for several, gives a context that is unavailable and says why.

    Parameters
    ----------
    graph : KnowledgeGraph
        The graph.
    instrument_id : str
        ``venue:symbol``.
    cycle_id : str
        The cycle that asks.
    ts : int
        Nanoseconds UTC; weights and sentiment are taken at this time.
    linker : Linker, optional
        One that is kept between calls saves building its index.
    max_facts : int
        Rows at most.

    Examples
    --------
    >>> from rf_knowledge_graph.seed import seed_graph
    >>> found = context_for(seed_graph(), "sim:NVDA", "c1", 0)
    >>> found.entity_id, found.facts[0].row_id, found.facts[0].text[:20]
    ('NVIDIA', 'G1', 'TSMC supplies NVIDIA')
    """
    try:
        entity = named(linker or Linker(graph), instrument_id)
    except ValueError as error:
        return unavailable(instrument_id, cycle_id, ts, str(error))
    facts = facts_of(graph, _edges(graph, entity, ts, max_facts), ts)[:max_facts]
    if not facts:
        return unavailable(instrument_id, cycle_id, ts, f"the graph has no fact about {entity}")
    return GraphContext(
        cycle_id=cycle_id,
        instrument_id=instrument_id,
        ts_event=UnixNanos(ts),
        unavailable="",
        entity_id=entity,
        entity_name=graph.require(entity).name,
        nodes=1 + len(graph.within_hops(entity, HOPS, direction="both")),
        facts=context_rows(facts),
        impacts=tuple(map(_impact, impact_table(graph, entity, SHOCK, TOP, now=ts))),
        narrative=narrative(graph, entity, ts),
    )


def _edges(graph: KnowledgeGraph, entity: str, ts: int, enough: int) -> list[Relationship]:
    """Return the facts of an entity; when they are few, all others and those of neighbours too."""
    edges = full_edges(graph, entity, ts)
    if len(edges) < enough:
        rest = strongest(graph, touching(graph, entity), ts)
        edges += [e for e in rest if e not in edges]
    for near in edges[:HOPS]:
        if len(edges) >= enough:
            break
        other = near.target_id if near.source_id == entity else near.source_id
        edges += [e for e in full_edges(graph, other, ts) if e not in edges]
    return edges


def context_rows(facts: Iterable[Fact], *, first: int = 1) -> tuple[ContextRow, ...]:
    """Return facts as numbered rows G1, G2, …; each keeps its fact's id in its source."""
    return tuple(
        ContextRow(
            row_id=f"{RowKind.GRAPH.letter}{number}",
            kind=RowKind.GRAPH,
            text=fact.text,
            source=f"{fact.source} {fact.fact_id}",
            ts_event=UnixNanos(fact.ts),
        )
        for number, fact in enumerate(facts, start=first)
    )


def unavailable(instrument_id: InstrumentId, cycle_id: str, ts: int, reason: str) -> GraphContext:
    """Return the context of an instrument the graph knows nothing about."""
    return GraphContext(
        cycle_id=cycle_id,
        instrument_id=instrument_id,
        ts_event=UnixNanos(ts),
        unavailable=reason,
        entity_id="",
        entity_name="",
        nodes=0,
        facts=(),
        impacts=(),
        narrative="",
    )


def _impact(score: ImpactScore) -> GraphImpact:
    return GraphImpact(
        target_id=score.target_id,
        target_name=score.target_name,
        score=score.score,
        confidence=score.confidence,
        path=score.path.text,
    )
