"""Walks between two positions of a graph, shortest first, then strongest."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator

MAX_EXPANSIONS = 50_000
"""After so many partial walks the search ends with what it has."""

Step = tuple[int, int, float]
"""An edge's position, the other end, the weight."""
Walk = tuple[tuple[int, ...], tuple[int, ...], float]
"""Nodes, edges and the product of the weights."""


def best_walks(
    steps: Callable[[int], list[Step]],
    back: Callable[[int], list[Step]],
    ends: tuple[int, int],
    *,
    cutoff: int,
    goes_on: Callable[[int, int], bool],
) -> Iterator[Walk]:
    """Yield walks without repeats from the first end to the second.

    Best first with a lower bound of what is left (Hart, Nilsson and Raphael 1968): rings around
    the second end are measured up to half the cutoff, what lies outside them is farther. The
    product of the weights never grows along a walk, so within one length the strongest comes
    first. `goes_on` says of two edges whether a walk may take one after the other.
    """
    start, end = ends
    reach = cutoff // 2
    left = _rings(back, end, reach)
    # length at least, minus product, order of arrival
    heap: list[tuple[int, float, int, tuple[int, ...], tuple[int, ...]]] = []
    heapq.heappush(heap, (left.get(start, reach + 1), -1.0, 0, (start,), ()))
    arrived = 0
    for _ in range(MAX_EXPANSIONS):
        if not heap:
            return
        _, minus, _, nodes, edges = heapq.heappop(heap)
        if nodes[-1] == end:
            yield nodes, edges, -minus
            continue
        for edge, other, weight in steps(nodes[-1]):
            length = len(edges) + 1 + left.get(other, reach + 1)
            if other in nodes or length > cutoff or weight <= 0.0:
                continue
            if edges and not goes_on(edges[-1], edge):
                continue
            arrived += 1
            item = (length, minus * weight, arrived, (*nodes, other), (*edges, edge))
            heapq.heappush(heap, item)


def _rings(back: Callable[[int], list[Step]], end: int, reach: int) -> dict[int, int]:
    """Return how far nodes are from `end`, up to `reach` steps."""
    depth = {end: 0}
    ring = [end]
    for level in range(1, reach + 1):
        found = []
        for at in ring:
            for _, other, weight in back(at):
                if weight > 0.0 and other not in depth:
                    depth[other] = level
                    found.append(other)
        ring = found
    return depth
