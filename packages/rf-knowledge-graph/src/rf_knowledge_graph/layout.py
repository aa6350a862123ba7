"""Where the entities of a neighbourhood stand in a picture; the same input, the same picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rf_knowledge_graph.graph import KnowledgeGraph
from rf_knowledge_graph.types import EntityNode, Relationship

MOST_NODES = 60
STEPS = 150


@dataclass(frozen=True, slots=True)
class Picture:
    """Entities with a position each, nearest first, and the relationships between them."""

    nodes: tuple[EntityNode, ...]
    depths: tuple[int, ...]
    positions: npt.NDArray[np.float64]
    """(n, 2), the asked entity at the origin, nobody farther than 1."""
    edges: tuple[Relationship, ...]
    left_out: int
    """Entities in reach that are not shown."""


def layout(
    graph: KnowledgeGraph, entity: str, hops: int = 1, *, most: int = MOST_NODES, now: int = 0
) -> Picture:
    """Return the neighbourhood of an entity with positions on a plane.

    Rings by distance to begin with, each in order of strength; then springs along relationships
    and repulsion between all, with fewer and smaller moves, and the asked entity fixed.

    Parameters
    ----------
    graph : KnowledgeGraph
        The graph.
    entity : str
        Id of the entity in the middle.
    hops : int
        Steps, 1 or more.
    most : int
        Entities shown at most: the nearest, and of those the most strongly tied.
    now : int
        When strengths are taken.

    Raises
    ------
    ValueError
        If the entity is unknown or a number is not positive.

    References
    ----------
    Fruchterman and Reingold (1991), with concentric start.

    Examples
    --------
    >>> from rf_knowledge_graph.seed import seed_graph
    >>> picture = layout(seed_graph(), "AIRLINES", 1)
    >>> picture.nodes[0].id, picture.positions[0].tolist()
    ('AIRLINES', [0.0, 0.0])
    """
    if hops < 1 or most < 2:
        raise ValueError(f"hops and most: expected from 1 and from 2, was {hops} and {most}")
    reached = graph.within_hops(entity, hops, direction="both")
    depth = {entity: 0} | {r.entity_id: r.depth for r in reached}
    pull = {key: _pull(graph, key, depth, now) for key in depth}
    order = sorted(depth, key=lambda key: (depth[key], -pull[key], key))[:most]
    place = {key: at for at, key in enumerate(order)}
    edges = tuple(edge for key in order for edge in graph.outgoing(key) if edge.target_id in place)
    depths = tuple(depth[key] for key in order)
    pairs = np.array([(place[e.source_id], place[e.target_id]) for e in edges], dtype=np.int64)
    positions = _spread(_rings(depths), pairs.reshape(-1, 2))
    nodes = tuple(graph.require(key) for key in order)
    return Picture(nodes, depths, positions, edges, len(depth) - len(order))


def _pull(graph: KnowledgeGraph, entity: str, depth: dict[str, int], now: int) -> float:
    edges = (graph.edge_at(at) for at in graph.around(entity))
    return sum(
        graph.strength(e, now) for e in edges if e.source_id in depth and e.target_id in depth
    )


def _rings(depths: tuple[int, ...]) -> npt.NDArray[np.float64]:
    found = np.zeros((len(depths), 2))
    level = np.array(depths)
    for ring in range(1, int(level.max()) + 1):
        at = np.flatnonzero(level == ring)
        angle = 2.0 * np.pi * np.arange(at.size) / max(at.size, 1) + 0.5 * ring
        found[at, 0], found[at, 1] = ring * np.cos(angle), ring * np.sin(angle)
    return found


def _spread(
    start: npt.NDArray[np.float64], pairs: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    at = start.copy()
    n = len(at)
    ideal = 1.6 / np.sqrt(n)
    for step in range(STEPS):
        apart = at[:, None, :] - at[None, :, :]
        far2 = np.maximum((apart**2).sum(axis=2), 1e-6)
        move = (apart * (ideal**2 / far2)[:, :, None]).sum(axis=1)
        if len(pairs):
            along = at[pairs[:, 0]] - at[pairs[:, 1]]
            drawn = along * (np.sqrt((along**2).sum(axis=1)) / ideal)[:, None]
            np.add.at(move, pairs[:, 0], -drawn)
            np.add.at(move, pairs[:, 1], drawn)
        length = np.maximum(np.sqrt((move**2).sum(axis=1)), 1e-9)
        most = 0.1 * (1.0 - step / STEPS)
        move *= np.minimum(1.0, most / length)[:, None]
        move[0] = 0.0
        at += move
    size = float(np.sqrt((at**2).sum(axis=1)).max())
    return at / size if size > 0.0 else at


def tree(graph: KnowledgeGraph, entity: str, hops: int = 2, *, now: int = 0, most: int = 8) -> str:
    """Return a neighbourhood as an indented list, strongest first, each entity once.

    Examples
    --------
    >>> from rf_knowledge_graph.seed import seed_graph
    >>> print(tree(seed_graph(), "CHINA_PMI", 1))
    China manufacturing PMI (CHINA_PMI)
    ├─ affects Copper (COPPER) +0.55  0.65
    └─ affects Caterpillar (CATERPILLAR) +0.40  0.50
    """
    node = graph.require(entity)
    grown = _Tree(graph, now, {entity}, [f"{node.name} ({node.id})"])
    grown.grow(entity, hops, "", most)
    return "\n".join(grown.lines)


@dataclass(frozen=True, slots=True)
class _Tree:
    graph: KnowledgeGraph
    now: int
    shown: set[str]
    lines: list[str]

    def grow(self, entity: str, hops: int, indent: str, most: int) -> None:
        """Add the branches of an entity below its line."""
        ties = self._ties(entity)
        chosen, left = list(ties)[:most], len(ties) - most
        self.shown.update(chosen)
        for number, other in enumerate(chosen, start=1):
            is_last = number == len(chosen) and left <= 0
            corner = "└─" if is_last else "├─"
            self.lines.append(f"{indent}{corner} {self._branch(entity, ties[other])}")
            if hops > 1:
                deeper = indent + ("   " if is_last else "│  ")
                self.grow(other, hops - 1, deeper, max(2, most // 2))
        if left > 0:
            self.lines.append(f"{indent}└─ and {left} more")

    def _ties(self, entity: str) -> dict[str, Relationship]:
        """Return the strongest relationship with each entity not shown yet, strongest first."""
        rows = []
        for at in self.graph.around(entity):
            edge = self.graph.edge_at(at)
            other = edge.target_id if edge.source_id == entity else edge.source_id
            if other not in self.shown:
                rows.append((-self.graph.strength(edge, self.now), other, at))
        ties: dict[str, Relationship] = {}
        for _, other, at in sorted(rows):
            ties.setdefault(other, self.graph.edge_at(at))
        return ties

    def _branch(self, entity: str, edge: Relationship) -> str:
        is_out = edge.source_id == entity
        other = self.graph.require(edge.target_id if is_out else edge.source_id)
        arrow = "" if is_out or edge.kind.is_symmetric else " <-"
        sign = "" if edge.correlation is None else f" {edge.correlation:+.2f}"
        strength = self.graph.strength(edge, self.now)
        return f"{edge.words}{arrow} {other.name} ({other.id}){sign}  {strength:.2f}"
