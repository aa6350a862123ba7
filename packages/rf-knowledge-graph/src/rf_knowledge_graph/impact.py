"""How a shock of one entity would reach others: signs, weights, several paths, no cycles.

Each step carries ``weight x carry``. Where an edge has a correlation, that is its carry, so its
sign decides; otherwise the kind decides. Good and bad news travel alike: a disruption upstream is
bad downstream and relief is good. What a rival gains is lost. An effect of unknown direction is
not carried; nor is a dependence on a commodity without a correlation, since a dearer one is bad for
who burns it and good for who sells it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from rf_knowledge_graph.graph import KnowledgeGraph
from rf_knowledge_graph.types import EntityType, Relationship, RelationshipKind, checked_range

MAX_EXPANSIONS = 20_000
"""Partial paths that are followed at most, strongest first."""
LEAST = 0.01
"""A path with a smaller effect than this is dropped."""
MOST_HOPS = 6


class Carry(NamedTuple):
    """What a kind lets through without a correlation: along the edge and against it."""

    along: float
    against: float


CARRY: dict[RelationshipKind, Carry] = {
    RelationshipKind.SUPPLIES: Carry(0.6, 0.0),
    RelationshipKind.SUPPLIED_BY: Carry(0.0, 0.6),
    RelationshipKind.COMPETES: Carry(-0.3, -0.3),
    RelationshipKind.DEPENDS_ON: Carry(0.0, 0.8),
    RelationshipKind.CORRELATES: Carry(0.0, 0.0),
    RelationshipKind.AFFECTS: Carry(0.0, 0.0),
    RelationshipKind.PART_OF: Carry(0.0, 0.5),
    RelationshipKind.OWNS: Carry(0.0, 0.5),
}
"""Kinds that are not here carry nothing."""


class ImpactStep(NamedTuple):
    """One step of a path; `carried` is weight times carry, with its sign."""

    from_id: str
    to_id: str
    relationship: str
    weight: float
    carried: float


@dataclass(frozen=True, slots=True)
class ImpactPath:
    """A way from the shocked entity to another one."""

    steps: tuple[ImpactStep, ...]
    total_weight: float
    direction: int

    @property
    def text(self) -> str:
        """The entities with an arrow between each two: ``->+`` same way, ``->-`` the other way.

        Examples
        --------
        >>> ImpactPath((ImpactStep("A", "B", "Affects", 0.9, -0.5),), 0.9, -1).text
        'A ->- B'
        """
        parts = [self.steps[0].from_id] if self.steps else []
        for step in self.steps:
            parts += ["->+" if step.carried > 0 else "->-", step.to_id]
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class ImpactScore:
    """What reaches one entity: score in [-1, 1], confidence in [0, 1], the strongest path."""

    target_id: str
    target_name: str
    score: float
    confidence: float
    path: ImpactPath
    paths: int
    explanation: str


class _Walk(NamedTuple):
    at: str
    carried: float
    confidence: float
    steps: tuple[ImpactStep, ...]


def propagate_shock(
    graph: KnowledgeGraph, source: str, magnitude: float, max_hops: int = 2, *, now: int = 0
) -> tuple[ImpactScore, ...]:
    """Return what a shock does to everything in reach, largest effect first.

    Parameters
    ----------
    graph : KnowledgeGraph
        Weights are taken at `now`: aged, and lowered where disputed.
    source : str
        Id of the entity that is shocked.
    magnitude : float
        In [-1, 1]; 0.05 is a rise of 5 %.
    max_hops : int
        Steps at most, 1 to 6.

    Raises
    ------
    ValueError
        If the entity is unknown or a number is out of its range.

    Notes
    -----
    With ``t`` the product of the carries along a path and ``m`` the magnitude, a path is dropped
    when ``|m t| < 0.01``; no path visits an entity twice or returns to the origin. Paths of one
    sign are combined as ``1 - prod(1 - |t|)``, then the negative is subtracted from the positive,
    so ``|score| <= |m|`` and the sign of every score flips with the sign of the shock. The
    confidence is that of the strongest path, times how far the signs agree.

    Examples
    --------
    >>> from rf_knowledge_graph.seed import seed_graph
    >>> found = {s.target_id: s.score for s in propagate_shock(seed_graph(), "OIL_WTI", 0.5)}
    >>> found["ENERGY_SECTOR"] > 0 > found["AIRLINES"]
    True
    """
    magnitude = checked_range("magnitude", magnitude, -1.0, 1.0)
    if not 1 <= max_hops <= MOST_HOPS:
        raise ValueError(f"max_hops: expected 1 to {MOST_HOPS}, was {max_hops}")
    graph.require(source)
    reached: dict[str, list[_Walk]] = {}
    for walk in _walks(graph, source, abs(magnitude), max_hops, now):
        reached.setdefault(walk.at, []).append(walk)
    scores = [_score(graph, magnitude, walks) for walks in reached.values()]
    kept = [s for s in scores if abs(s.score) >= LEAST]
    return tuple(sorted(kept, key=lambda s: (-abs(s.score), s.target_id)))


def score_pair(
    graph: KnowledgeGraph,
    source: str,
    target: str,
    magnitude: float,
    *,
    max_hops: int = 4,
    now: int = 0,
) -> ImpactScore | None:
    """Return what a shock of `source` does to `target`; None when nothing reaches it."""
    graph.require(target)
    found = propagate_shock(graph, source, magnitude, max_hops, now=now)
    return next((score for score in found if score.target_id == target), None)


def impact_table(
    graph: KnowledgeGraph, source: str, magnitude: float = 0.05, top: int = 5, *, now: int = 0
) -> tuple[ImpactScore, ...]:
    """Return the largest effects of a shock within two steps."""
    if top < 1:
        raise ValueError(f"top: expected 1 or more, was {top}")
    return propagate_shock(graph, source, magnitude, 2, now=now)[:top]


def carries(
    graph: KnowledgeGraph, entity: str, now: int
) -> Iterator[tuple[str, float, float, Relationship]]:
    """Yield to whom an entity passes a shock on: other end, weight, carry with its sign."""
    for at in graph.around(entity):
        edge = graph.edge_at(at)
        carry = _carry(graph, edge, along=edge.source_id == entity)
        if carry != 0.0 and not edge.negated:
            other = edge.target_id if edge.source_id == entity else edge.source_id
            yield other, graph.strength(edge, now), carry, edge


def _carry(graph: KnowledgeGraph, edge: Relationship, *, along: bool) -> float:
    carry = CARRY.get(edge.kind, Carry(0.0, 0.0))
    against_only = carry.against != 0.0 and carry.along == 0.0
    if edge.correlation is not None:
        reaches = edge.kind.is_symmetric or along != against_only
        return edge.correlation if reaches else 0.0
    if edge.kind is RelationshipKind.DEPENDS_ON and _is_commodity(graph, edge.target_id):
        return 0.0
    return carry.along if along else carry.against


def _is_commodity(graph: KnowledgeGraph, entity: str) -> bool:
    """Whether a rise is a rise of a price, good for some that depend on it and bad for others."""
    return graph.require(entity).type is EntityType.COMMODITY


def _walks(
    graph: KnowledgeGraph, source: str, size: float, max_hops: int, now: int
) -> Iterator[_Walk]:
    """Yield every path that matters, strongest first."""
    arrived = 0
    heap: list[tuple[float, int, _Walk]] = [(-1.0, 0, _Walk(source, 1.0, 1.0, ()))]
    for _ in range(MAX_EXPANSIONS):
        if not heap:
            return
        _, _, walk = heapq.heappop(heap)
        if walk.steps:
            yield walk
        if len(walk.steps) == max_hops:
            continue
        visited = {source, *(step.to_id for step in walk.steps)}
        for other, weight, carry, edge in carries(graph, walk.at, now):
            carried = walk.carried * weight * carry
            if other in visited or abs(carried) * size < LEAST:
                continue
            arrived += 1
            step = ImpactStep(walk.at, other, edge.label or edge.kind.value, weight, weight * carry)
            grown = _Walk(other, carried, walk.confidence * weight, (*walk.steps, step))
            heapq.heappush(heap, (-abs(carried), arrived, grown))


def _score(graph: KnowledgeGraph, magnitude: float, walks: list[_Walk]) -> ImpactScore:
    up = _combined([w.carried for w in walks if w.carried > 0])
    down = _combined([-w.carried for w in walks if w.carried < 0])
    best = max(walks, key=lambda w: abs(w.carried))
    score = magnitude * (up - down)
    agreement = abs(up - down) / (up + down)
    path = ImpactPath(best.steps, best.confidence, 1 if best.carried > 0 else -1)
    node = graph.require(best.at)
    return ImpactScore(
        target_id=best.at,
        target_name=node.name,
        score=score,
        confidence=best.confidence * agreement,
        path=path,
        paths=len(walks),
        explanation=_explained(graph, magnitude, score, path, len(walks)),
    )


def _combined(parts: list[float]) -> float:
    left = 1.0
    for part in parts:
        left *= 1.0 - part
    return 1.0 - left


def _explained(
    graph: KnowledgeGraph, magnitude: float, score: float, path: ImpactPath, paths: int
) -> str:
    steps = "; ".join(
        f"{graph.require(s.from_id).name} to {graph.require(s.to_id).name} by {s.relationship}, "
        f"{s.carried:+.2f}"
        for s in path.steps
    )
    origin = graph.require(path.steps[0].from_id).name
    target = graph.require(path.steps[-1].to_id).name
    more = f" and {paths - 1} more" if paths > 1 else ""
    return f"{origin} {magnitude:+.1%} moves {target} {score:+.2%}: {steps}{more}"
