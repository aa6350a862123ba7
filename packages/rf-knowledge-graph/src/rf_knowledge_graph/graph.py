"""The graph: entities by id, relationships with their evidence, over a rustworkx digraph."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import msgspec
import rustworkx as rx

from rf_knowledge_graph._checks import check_ends, check_id, check_node, joined, names_of
from rf_knowledge_graph._paths import Step, best_walks
from rf_knowledge_graph.evidence import (
    contradicts,
    disputed_strength,
    merged,
    own_strength,
)
from rf_knowledge_graph.types import (
    EntityNode,
    EntityType,
    Evidence,
    Relationship,
    RelationshipKind,
    Source,
    checked_range,
    clean_text,
)

Made = TypeVar("Made")
Key = tuple[int, int, RelationshipKind, str]


class Reached(NamedTuple):
    """An entity and how many steps away it is."""

    entity_id: str
    depth: int


class GraphPath(NamedTuple):
    """A walk without repeats; `product` is the product of its weights at the asked time.

    `positions` are those of the edges in `KnowledgeGraph.arrays`.
    """

    entities: tuple[str, ...]
    edges: tuple[Relationship, ...]
    product: float
    positions: tuple[int, ...]


class KnowledgeGraph:
    """Entities and relationships, each with its sources and times.

    Examples
    --------
    >>> graph = KnowledgeGraph()
    >>> edge = graph.relate("TSMC", "NVIDIA", RelationshipKind.SUPPLIES, weight=0.95)
    >>> [e.target_id for e in graph.outgoing("TSMC")], graph.get("NVIDIA").type.value
    (['NVIDIA'], 'Unknown')
    """

    def __init__(self) -> None:
        self._graph: rx.PyDiGraph[EntityNode, Relationship] = rx.PyDiGraph(multigraph=True)
        self._index: dict[str, int] = {}
        self._edges: dict[Key, tuple[int, ...]] = {}
        self._heads = array("i")
        self._tails = array("i")
        self._weights = array("d")
        self._version = 0
        self._named: list[str] = []
        self._kept: dict[str, tuple[int, Any]] = {}

    # --- reading ------------------------------------------------------------------
    @property
    def version(self) -> int:
        """Grows with every change; whatever is cached belongs to one version."""
        return self._version

    @property
    def named(self) -> Sequence[str]:
        """Ids in the order in which they got a name or another one; it only grows."""
        return self._named

    @property
    def node_count(self) -> int:
        """How many entities there are."""
        return self._graph.num_nodes()

    @property
    def edge_count(self) -> int:
        """How many relationships there are, contradictions counted beside each other."""
        return self._graph.num_edges()

    def __contains__(self, entity: object) -> bool:
        return entity in self._index

    def __len__(self) -> int:
        return self.node_count

    def get(self, entity: str) -> EntityNode | None:
        """Return an entity, None when there is none of this id."""
        at = self._index.get(entity)
        return None if at is None else self._graph[at]

    def require(self, entity: str) -> EntityNode:
        """Return an entity; ValueError when there is none of this id."""
        return self._graph[self.index_of(entity)]

    def index_of(self, entity: str) -> int:
        """Return the position of an entity in arrays made from this graph."""
        at = self._index.get(entity)
        if at is None:
            raise ValueError(f"entity: expected the id of an entity of the graph, was {entity!r}")
        return at

    def id_at(self, at: int) -> str:
        """Return the id of the entity at a position."""
        return self._graph[at].id

    def entities(self) -> Iterator[EntityNode]:
        """Yield every entity in the order in which it came."""
        yield from self._graph.nodes()

    def relationships(self) -> Iterator[Relationship]:
        """Yield every relationship in the order in which it came."""
        yield from self._graph.edges()

    def edge_at(self, at: int) -> Relationship:
        """Return the relationship at a position of `arrays`."""
        return self._graph.get_edge_data_by_index(at)

    def by_type(self, kind: EntityType) -> tuple[EntityNode, ...]:
        """Return the entities of a type."""
        return tuple(node for node in self._graph.nodes() if node.type is kind)

    def outgoing(self, entity: str) -> tuple[Relationship, ...]:
        """Return what starts at an entity, oldest first."""
        at = self.index_of(entity)
        return tuple(self._graph.get_edge_data_by_index(i) for i in self._out(at))

    def incoming(self, entity: str) -> tuple[Relationship, ...]:
        """Return what ends at an entity, oldest first."""
        at = self.index_of(entity)
        return tuple(
            self._graph.get_edge_data_by_index(i) for i in sorted(self._graph.in_edge_indices(at))
        )

    def around(self, entity: str) -> tuple[int, ...]:
        """Return the positions of the relationships that touch an entity, oldest first."""
        at = self.index_of(entity)
        return tuple(sorted({*self._graph.out_edge_indices(at), *self._graph.in_edge_indices(at)}))

    def _out(self, at: int) -> list[int]:
        return sorted(self._graph.out_edge_indices(at))

    def arrays(self) -> tuple[array[int], array[int], array[float]]:
        """Return copies of start, end and weight of every relationship; denials weigh 0."""
        return array("i", self._heads), array("i", self._tails), array("d", self._weights)

    def kept(self, name: str, build: Callable[[KnowledgeGraph], Made]) -> Made:
        """Return what `build` makes of this graph; it is made again only after a change."""
        known = self._kept.get(name)
        if known is None or known[0] != self._version:
            self._kept[name] = known = (self._version, build(self))
        made: Made = known[1]
        return made

    # --- walking ------------------------------------------------------------------
    def within_hops(self, entity: str, hops: int, *, direction: str = "out") -> tuple[Reached, ...]:
        """Return what can be reached in at most `hops` steps, nearest first, then as found.

        Breadth first: `depth` is the length of the shortest walk. `direction` is ``out``,
        ``in`` or ``both``. The entity itself is not among them; denials are not walked.
        """
        step = self._step(direction)
        if hops < 0:
            raise ValueError(f"hops: expected 0 or more, was {hops}")
        start = self.index_of(entity)
        depth = {start: 0}
        ring = [start]
        for level in range(1, hops + 1):
            found: list[int] = []
            for at in ring:
                for other in step(at):
                    if other not in depth:
                        depth[other] = level
                        found.append(other)
            ring = found
        return tuple(Reached(self._graph[at].id, d) for at, d in depth.items() if at != start)

    def _step(self, direction: str) -> Callable[[int], list[int]]:
        def out(at: int) -> list[int]:
            return [self._tails[i] for i in self._out(at) if self._weights[i] > 0.0]

        def into(at: int) -> list[int]:
            edges = sorted(self._graph.in_edge_indices(at))
            return [self._heads[i] for i in edges if self._weights[i] > 0.0]

        steps = {"out": out, "in": into, "both": lambda at: out(at) + into(at)}
        if direction not in steps:
            raise ValueError(f"direction: expected out, in or both, was {direction!r}")
        return steps[direction]

    def paths(
        self,
        source: str,
        target: str,
        *,
        cutoff: int = 4,
        top: int = 5,
        now: int = 0,
        directed: bool = False,
    ) -> tuple[GraphPath, ...]:
        """Return the best walks between two entities, best first.

        Shortest first, then by the product of the weights at `now`. At most `cutoff` steps and
        no entity twice; without `directed` an edge may be walked against its direction. To be part
        of the same thing does not connect two entities.
        """
        start, end = self.index_of(source), self.index_of(target)
        if cutoff < 1 or top < 1:
            raise ValueError(f"cutoff and top: expected 1 or more, was {cutoff} and {top}")
        if start == end:
            return ()
        out = self._steps(now, self._heads, self._tails)
        into = self._steps(now, self._tails, self._heads)
        both = self._both(now)
        walks = best_walks(
            out if directed else both,
            into if directed else both,
            (start, end),
            cutoff=cutoff,
            goes_on=self._goes_on,
        )
        return tuple(
            GraphPath(
                tuple(self._graph[at].id for at in nodes),
                tuple(self.edge_at(at) for at in edges),
                product,
                edges,
            )
            for nodes, edges, product in islice(walks, top)
        )

    def _goes_on(self, one: int, other: int) -> bool:
        """Being part of the same thing is no connection: not from member to member over it."""
        part = RelationshipKind.PART_OF
        same = self._tails[one] == self._tails[other]
        return not (same and self.edge_at(one).kind is part is self.edge_at(other).kind)

    def _steps(self, now: int, near: array[int], far: array[int]) -> Callable[[int], list[Step]]:
        find = self._graph.out_edge_indices if near is self._heads else self._graph.in_edge_indices

        def steps(at: int) -> list[Step]:
            return [
                (i, far[i], self.strength(self.edge_at(i), now))
                for i in sorted(find(at))
                if self._weights[i] > 0.0
            ]

        return steps

    def _both(self, now: int) -> Callable[[int], list[Step]]:
        out = self._steps(now, self._heads, self._tails)
        into = self._steps(now, self._tails, self._heads)
        return lambda at: out(at) + into(at)

    # --- strength -----------------------------------------------------------------
    def rivals(self, edge: Relationship) -> tuple[Relationship, ...]:
        """Return the relationships that contradict `edge`."""
        return tuple(other for other in self._beside(edge) if contradicts(edge, other))

    def strength(self, edge: Relationship, now: int) -> float:
        """Return the weight of an edge at `now`, in [0, 1]: aged, and lowered while disputed."""
        rivals = [own_strength(other, now) for other in self.rivals(edge)]
        return disputed_strength(own_strength(edge, now), max(rivals, default=0.0))

    def _beside(self, edge: Relationship) -> Iterator[Relationship]:
        ends = self._index[edge.source_id], self._index[edge.target_id]
        pairs = [ends, ends[::-1]] if edge.kind.is_symmetric else [ends]
        for head, tail in pairs:
            for at in self._edges.get((head, tail, edge.kind, edge.label), ()):
                yield self._graph.get_edge_data_by_index(at)

    # --- changing -----------------------------------------------------------------
    def upsert_entity(self, node: EntityNode) -> EntityNode:
        """Add an entity, or bring one up to date: what is given replaces what was there.

        Empty fields leave the old ones; aliases, symbols and metadata are joined. A sentiment
        is taken over when it has a time, and mixed with what is left of the last one.

        Raises
        ------
        ValueError
            If the id is not capitals, digits and underscores, or sentiment is outside [-1, 1].
        """
        at = self._index.get(node.id)
        check_id("id", node.id)
        if at is None or node.name:
            check_node(node)
        checked_range("sentiment", node.sentiment, -1.0, 1.0)
        if at is None:
            self._index[node.id] = self._graph.add_node(node)
            self._named.append(node.id)
            self._version += 1
            return node
        whole = joined(self._graph[at], node)
        if whole != self._graph[at]:
            if names_of(whole) != names_of(self._graph[at]):
                self._named.append(node.id)
            self._graph[at] = whole
            self._version += 1
        return whole

    def relate(
        self,
        source_id: str,
        target_id: str,
        kind: RelationshipKind,
        *,
        label: str = "",
        weight: float = 0.5,
        correlation: float | None = None,
        description: str = "",
        source: Source = Source.MANUAL,
        reference: str = "",
        ts: int = 0,
        negated: bool = False,
    ) -> Relationship:
        """State that two entities hang together, and return the edge that says so.

        Missing entities are made, of unknown type. The same statement again adds evidence to
        the edge of the same pair and kind: there is one edge for each side of a dispute.

        Raises
        ------
        ValueError
            If weight is outside [0, 1], correlation outside [-1, 1], an id is malformed, both
            ends are the same or a custom kind has no label.
        """
        said = Evidence(
            source=source,
            reference=clean_text(reference),
            ts=ts,
            weight=checked_range("weight", weight, 0.0, 1.0),
            correlation=(
                None if correlation is None else checked_range("correlation", correlation, -1, 1)
            ),
            description=clean_text(description),
        )
        blank = Relationship(
            source_id=source_id,
            target_id=target_id,
            kind=kind,
            label=clean_text(label, 48).lower() if kind is RelationshipKind.CUSTOM else "",
            negated=negated,
        )
        check_ends(blank, ts)
        head, tail = self._ensure(source_id), self._ensure(target_id)
        return self._state(head, tail, said, blank)

    def _state(self, head: int, tail: int, said: Evidence, blank: Relationship) -> Relationship:
        if blank.kind.is_symmetric and not self._edges.get((head, tail, blank.kind, blank.label)):
            turned = self._edges.get((tail, head, blank.kind, blank.label))
            if turned:
                head, tail = tail, head
                blank = msgspec.structs.replace(
                    blank, source_id=blank.target_id, target_id=blank.source_id
                )
        key = (head, tail, blank.kind, blank.label)
        at = self._same_side(key, said, negated=blank.negated)
        edge = merged(None if at is None else self.edge_at(at), said, blank)
        if at is None:
            self._append(head, tail, edge)
        elif edge != self.edge_at(at):
            self._graph.update_edge_by_index(at, edge)
            self._weights[at] = 0.0 if edge.negated else edge.weight
            self._version += 1
        return edge

    def _same_side(self, key: Key, said: Evidence, *, negated: bool) -> int | None:
        """Return the edge that a statement belongs to.

        A statement without a sign supports the only side there is.
        """
        side = 0 if not said.correlation else (1 if said.correlation > 0 else -1)
        rows = [(at, self.edge_at(at)) for at in self._edges.get(key, ())]
        rows = [(at, edge) for at, edge in rows if edge.negated == negated]
        for wanted in (side, 0):
            for at, edge in rows:
                if edge.side == wanted:
                    return at
        return rows[0][0] if side == 0 and len(rows) == 1 else None

    def add_edge(self, edge: Relationship) -> None:
        """Add a whole relationship as it was written; its entities must be there.

        Raises
        ------
        ValueError
            If an entity is missing or this side of the statement is there already.
        """
        head, tail = self.index_of(edge.source_id), self.index_of(edge.target_id)
        for at in self._edges.get((head, tail, edge.kind, edge.label), ()):
            other = self.edge_at(at)
            if (other.negated, other.side) == (edge.negated, edge.side):
                raise ValueError(
                    f"edge: expected each statement once, was {edge.source_id} {edge.kind} "
                    f"{edge.target_id} twice"
                )
        self._append(head, tail, edge)

    def _append(self, head: int, tail: int, edge: Relationship) -> None:
        at = self._graph.add_edge(head, tail, edge)
        key = (head, tail, edge.kind, edge.label)
        self._edges[key] = (*self._edges.get(key, ()), at)
        self._heads.append(head)
        self._tails.append(tail)
        self._weights.append(0.0 if edge.negated else edge.weight)
        self._version += 1

    def _ensure(self, entity: str) -> int:
        if entity not in self._index:
            name = entity.replace("_", " ").title()
            self.upsert_entity(EntityNode(id=entity, name=name))
        return self._index[entity]

    def copy(self) -> KnowledgeGraph:
        """Return a graph with the same content that changes on its own."""
        made = KnowledgeGraph()
        for node in self.entities():
            made._index[node.id] = made._graph.add_node(node)
        for head, tail, edge in zip(self._heads, self._tails, self._graph.edges(), strict=True):
            made._append(head, tail, edge)
        made._version = self._version
        made._named = list(self._named)
        return made
