"""The seven questions, each answered with facts, entities and a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from rf_knowledge_graph.evidence import sentiment_at
from rf_knowledge_graph.facts import Fact, fact_of, facts_of
from rf_knowledge_graph.graph import KnowledgeGraph
from rf_knowledge_graph.linker import Linker
from rf_knowledge_graph.types import Relationship, RelationshipKind, checked_range

MAX_FACTS = 10
"""Facts that a prompt shows at most."""
MAX_SHOWN = 80
CLEAR = 0.3
"""From this correlation on an exposure has a direction."""
_SUPPLY = {RelationshipKind.SUPPLIES, RelationshipKind.SUPPLIED_BY}


class WhatDoesAffect(msgspec.Struct, frozen=True):
    """What reaches an entity, or what it reaches, within so many steps."""

    entity: str
    hops: int = 2


class KeyDependencies(msgspec.Struct, frozen=True):
    """What an entity needs: suppliers, owners, rules, leaders."""

    entity: str


class Correlations(msgspec.Struct, frozen=True):
    """What moves with an entity, from this weight on."""

    entity: str
    min_weight: float = 0.0


class SupplyChain(msgspec.Struct, frozen=True):
    """Who supplies an entity, step by step; `downstream`: whom it supplies."""

    entity: str
    downstream: bool = False


class SectorExposure(msgspec.Struct, frozen=True):
    """Which sectors, indices and companies a risk factor moves, and which way."""

    risk_factor: str


class EntitySummary(msgspec.Struct, frozen=True):
    """What an entity is and its strongest relationships."""

    entity: str


class FullContextForSymbol(msgspec.Struct, frozen=True):
    """Everything an analyst needs of a symbol."""

    symbol: str


Query = (
    WhatDoesAffect
    | KeyDependencies
    | Correlations
    | SupplyChain
    | SectorExposure
    | EntitySummary
    | FullContextForSymbol
)


class EntityRow(NamedTuple):
    """An entity of an answer with at most three of its relationships."""

    entity_id: str
    name: str
    type: str
    key_relationships: tuple[str, ...]


class QueryAnswer(NamedTuple):
    """Facts in order of importance, the entities they are about, and a sentence."""

    query: str
    facts: tuple[Fact, ...]
    entities: tuple[EntityRow, ...]
    narrative: str

    def prompt(self) -> str:
        """Return at most ten numbered facts and the narrative, as a model reads them."""
        rows = [f"G{n} {fact.text}" for n, fact in enumerate(self.facts[:MAX_FACTS], start=1)]
        return "\n".join([*rows, self.narrative])


def answer(graph: KnowledgeGraph, query: Query, now: int, *, linker: Linker) -> QueryAnswer:
    """Return the answer to one of the seven questions at `now`.

    Raises
    ------
    ValueError
        If the name in the question stands for no entity or for several; they are listed.

    Examples
    --------
    >>> from rf_knowledge_graph.seed import seed_graph
    >>> graph = seed_graph()
    >>> found = answer(graph, SupplyChain("NVDA"), 0, linker=Linker(graph))
    >>> found.facts[0].text
    'TSMC supplies NVIDIA (weight 0.95): makes its graphics and AI chips'
    """
    handlers = {
        WhatDoesAffect: _what_does_affect,
        KeyDependencies: _key_dependencies,
        Correlations: _correlations,
        SupplyChain: _supply_chain,
        SectorExposure: _sector_exposure,
        EntitySummary: _entity_summary,
        FullContextForSymbol: _full_context,
    }
    entity = named(linker, msgspec.structs.astuple(query)[0])
    edges, told = handlers[type(query)](graph, entity, query, now)
    facts = facts_of(graph, edges, now)
    about = dict.fromkeys([entity, *(e for f in facts for e in (f.source_id, f.target_id))])
    rows = tuple(_row(graph, e, now) for e in list(about)[:MAX_FACTS])
    return QueryAnswer(_described(query), facts, rows, told)


def named(linker: Linker, text: str) -> str:
    """Return the entity that a text stands for; ValueError lists what it could be."""
    found = linker.resolve(text)
    if found.entity_id:
        return found.entity_id
    shown = repr(text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…")
    options = ", ".join(f"{c.entity_id} {c.score:.2f}" for c in found.candidates)
    if found.is_ambiguous:
        raise ValueError(f"entity: expected one entity, {shown} may be {options}")
    near = f"; similar: {options}" if options else ""
    raise ValueError(f"entity: expected a known name, ticker or symbol, was {shown}{near}")


def strongest(graph: KnowledgeGraph, edges: Iterable[Relationship], now: int) -> list[Relationship]:
    """Return relationships, strongest first; a correlation counts with its size."""

    def key(edge: Relationship) -> tuple[float, str, str, str]:
        size = 1.0 if edge.correlation is None else abs(edge.correlation)
        return -graph.strength(edge, now) * size, edge.source_id, edge.kind.value, edge.target_id

    return sorted(edges, key=key)


def touching(graph: KnowledgeGraph, entity: str) -> list[Relationship]:
    """Return every relationship that starts or ends at an entity."""
    return [graph.edge_at(at) for at in graph.around(entity)]


def supply_edges(
    graph: KnowledgeGraph, entity: str, now: int, *, downstream: bool = False
) -> list[Relationship]:
    """Return the supply chain of an entity, two steps up or down, nearest first."""
    found: list[Relationship] = []
    ring = [entity]
    for _ in range(2):
        step: list[Relationship] = []
        for at in ring:
            step += [e for e in touching(graph, at) if _is_supply(e, at, downstream=downstream)]
        found += strongest(graph, [e for e in step if e not in found], now)
        ring = [e.source_id if e.target_id in ring else e.target_id for e in step]
    return found


def _is_supply(edge: Relationship, entity: str, *, downstream: bool) -> bool:
    if edge.kind not in _SUPPLY:
        return False
    supplier = edge.source_id if edge.kind is RelationshipKind.SUPPLIES else edge.target_id
    return (supplier == entity) == downstream


def dependency_edges(graph: KnowledgeGraph, entity: str, now: int) -> list[Relationship]:
    """Return what an entity needs and who decides over it, strongest first."""
    own = {
        RelationshipKind.DEPENDS_ON,
        RelationshipKind.REGULATED_BY,
        RelationshipKind.LEAD_BY,
        RelationshipKind.SUPPLIED_BY,
        RelationshipKind.PART_OF,
    }
    given = {RelationshipKind.SUPPLIES, RelationshipKind.OWNS, RelationshipKind.ACQUIRES}
    edges = [e for e in graph.outgoing(entity) if e.kind in own]
    edges += [e for e in graph.incoming(entity) if e.kind in given]
    return strongest(graph, edges, now)


def correlation_edges(
    graph: KnowledgeGraph, entity: str, now: int, min_weight: float
) -> list[Relationship]:
    """Return what moves with an entity, strongest first."""
    edges = [e for e in touching(graph, entity) if e.kind is RelationshipKind.CORRELATES]
    return strongest(graph, [e for e in edges if graph.strength(e, now) >= min_weight], now)


def effect_edges(graph: KnowledgeGraph, entity: str, now: int) -> list[Relationship]:
    """Return what affects an entity directly and what it affects, strongest first."""
    kinds = {RelationshipKind.AFFECTS, RelationshipKind.COMPETES, RelationshipKind.CUSTOM}
    return strongest(graph, [e for e in touching(graph, entity) if e.kind in kinds], now)


def full_edges(graph: KnowledgeGraph, entity: str, now: int) -> list[Relationship]:
    """Return supply chain, dependencies, direct effects and correlations from 0.5, each once.

    The four lists take turns, so that a long one does not push the others out.
    """
    lists = [
        supply_edges(graph, entity, now),
        effect_edges(graph, entity, now),
        dependency_edges(graph, entity, now),
        correlation_edges(graph, entity, now, 0.5),
        supply_edges(graph, entity, now, downstream=True),
    ]
    found: list[Relationship] = []
    for turn in range(max(map(len, lists))):
        found += [edges[turn] for edges in lists if turn < len(edges) and edges[turn] not in found]
    return found


_Found = tuple[list[Relationship], str]


def _what_does_affect(graph: KnowledgeGraph, entity: str, query: Query, now: int) -> _Found:
    hops = query.hops if isinstance(query, WhatDoesAffect) else 2
    reached = graph.within_hops(entity, hops, direction="in")
    near = {entity, *(r.entity_id for r in reached)}
    edges: list[Relationship] = []
    for at in [entity, *(r.entity_id for r in reached if r.depth < hops)]:
        edges += strongest(graph, [e for e in graph.incoming(at) if e.source_id in near], now)
    out = effect_edges(graph, entity, now)
    name = graph.require(entity).name
    told = f"{len(reached)} entities reach {name} within {hops} steps."
    return [*edges, *(e for e in out if e not in edges)], told


def _key_dependencies(graph: KnowledgeGraph, entity: str, query: Query, now: int) -> _Found:
    edges = dependency_edges(graph, entity, now)
    return edges, f"{graph.require(entity).name} has {len(edges)} key dependencies."


def _correlations(graph: KnowledgeGraph, entity: str, query: Query, now: int) -> _Found:
    least = query.min_weight if isinstance(query, Correlations) else 0.0
    least = checked_range("min_weight", least, 0.0, 1.0)
    edges = correlation_edges(graph, entity, now, least)
    return edges, f"{len(edges)} entities move with {graph.require(entity).name}."


def _supply_chain(graph: KnowledgeGraph, entity: str, query: Query, now: int) -> _Found:
    down = isinstance(query, SupplyChain) and query.downstream
    edges = supply_edges(graph, entity, now, downstream=down)
    name = graph.require(entity).name
    whom = "customers of" if down else "suppliers of"
    return edges, f"{len(edges)} supply relationships, {whom} {name} first."


def _sector_exposure(graph: KnowledgeGraph, entity: str, query: Query, now: int) -> _Found:
    kinds = {RelationshipKind.AFFECTS, RelationshipKind.CORRELATES}
    edges = [
        e
        for e in touching(graph, entity)
        if e.kind in kinds and (e.source_id == entity or e.kind.is_symmetric)
    ]
    edges = strongest(graph, edges, now)
    parts = [
        f"{_other(graph, e, entity)} {exposure_word(e.correlation)}" for e in edges if not e.negated
    ]
    name = graph.require(entity).name
    return edges, f"A rise of {name}: {', '.join(parts) or 'no known exposure'}."


def exposure_word(correlation: float | None) -> str:
    """Return bearish below -0.3, bullish above 0.3, mixed between and where nothing is known.

    Examples
    --------
    >>> exposure_word(-0.8), exposure_word(0.3), exposure_word(None)
    ('bearish', 'mixed', 'mixed')
    """
    if correlation is None or abs(correlation) <= CLEAR:
        return "mixed"
    return "bullish" if correlation > 0 else "bearish"


def _entity_summary(graph: KnowledgeGraph, entity: str, query: Query, now: int) -> _Found:
    return strongest(graph, touching(graph, entity), now), narrative(graph, entity, now)


def _full_context(graph: KnowledgeGraph, entity: str, query: Query, now: int) -> _Found:
    return full_edges(graph, entity, now), narrative(graph, entity, now)


def narrative(graph: KnowledgeGraph, entity: str, now: int) -> str:
    """Return what an entity is, with at most three names of each kind, as sentences."""
    node = graph.require(entity)
    what = node.raw_type or node.type.value
    parts = [f"{node.name} ({', '.join(x for x in (what, node.sector, node.country) if x)})."]
    groups = {
        "Supplied by": supply_edges(graph, entity, now),
        "Supplies": supply_edges(graph, entity, now, downstream=True),
        "Competes with": _of(graph, entity, now, RelationshipKind.COMPETES),
        "Regulated by": _of(graph, entity, now, RelationshipKind.REGULATED_BY, out=True),
        "Depends on": _of(graph, entity, now, RelationshipKind.DEPENDS_ON, out=True),
        "Moved by": _of(graph, entity, now, RelationshipKind.AFFECTS, out=False),
    }
    for words, edges in groups.items():
        near = [e for e in edges if entity in {e.source_id, e.target_id} and not e.negated]
        if near:
            parts.append(f"{words} {', '.join(_other(graph, e, entity) for e in near[:3])}.")
    disputed = sum(bool(graph.rivals(e)) for e in touching(graph, entity))
    if disputed:
        parts.append(f"{disputed} statements about it are disputed.")
    feeling = sentiment_at(node, now)
    if abs(feeling) >= 0.005:
        parts.append(f"News sentiment {feeling:+.2f}.")
    return " ".join(parts)


def _of(
    graph: KnowledgeGraph,
    entity: str,
    now: int,
    kind: RelationshipKind,
    *,
    out: bool | None = None,
) -> list[Relationship]:
    edges = [e for e in touching(graph, entity) if e.kind is kind]
    if out is not None:
        edges = [e for e in edges if (e.source_id == entity) == out]
    return strongest(graph, edges, now)


def _other(graph: KnowledgeGraph, edge: Relationship, entity: str) -> str:
    return graph.require(edge.target_id if edge.source_id == entity else edge.source_id).name


def _row(graph: KnowledgeGraph, entity: str, now: int) -> EntityRow:
    node = graph.require(entity)
    best = strongest(graph, touching(graph, entity), now)[:3]
    texts = tuple(fact_of(graph, edge, now).text for edge in best)
    return EntityRow(entity, node.name, node.raw_type or node.type.value, texts)


def _described(query: Query) -> str:
    fields = ", ".join(f"{name}={value!r}" for name, value in msgspec.structs.asdict(query).items())
    return f"{type(query).__name__}({fields})"
