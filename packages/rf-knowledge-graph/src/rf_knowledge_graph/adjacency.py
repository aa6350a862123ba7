"""Adjacency in compressed rows: hops and personalised PageRank over large graphs.

Built from a graph once and kept until the graph changes, see `adjacency_of`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rf_knowledge_graph import _kernels
from rf_knowledge_graph.graph import KnowledgeGraph

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int32]

DAMPING = 0.85
THRESHOLD = 1e-4


@dataclass(frozen=True, slots=True)
class Ranking:
    """Nodes by their score, best first."""

    nodes: IntArray
    scores: FloatArray


class Adjacency:
    """Rows of neighbours with their shares of weight; edges that weigh nothing are left out.

    It holds scratch arrays, so one thread at a time may ask it.

    Parameters
    ----------
    n : int
        Nodes.
    heads, tails : (m,) int array
        Ends of the edges.
    weights : (m,) float array
        Not negative.
    both_ways : bool
        Whether each edge is walked in both directions.

    Raises
    ------
    ValueError
        If lengths differ, an end is not in 0 … n - 1 or a weight is negative or not finite.

    Examples
    --------
    >>> rows = Adjacency(3, [0, 1], [1, 2], [1.0, 1.0])
    >>> rows.within_hops(0, 2)[1].tolist()
    [1, 2]
    """

    def __init__(
        self,
        n: int,
        heads: npt.ArrayLike,
        tails: npt.ArrayLike,
        weights: npt.ArrayLike,
        *,
        both_ways: bool = False,
    ) -> None:
        start = np.ascontiguousarray(heads, dtype=np.int32)
        end = np.ascontiguousarray(tails, dtype=np.int32)
        weight = np.ascontiguousarray(weights, dtype=np.float64)
        _check(n, start, end, weight)
        edges = np.arange(start.size, dtype=np.int32)
        if both_ways:
            start, end = np.concatenate([start, end]), np.concatenate([end, start])
            weight, edges = np.tile(weight, 2), np.tile(edges, 2)
        self.n = n
        kept = np.bincount(start[weight > 0.0], minlength=n)
        self.offsets = np.zeros(n + 1, dtype=np.int64)
        np.cumsum(kept, out=self.offsets[1:])
        size = int(self.offsets[-1])
        self.targets = np.empty(size, dtype=np.int32)
        self.shares = np.empty(size)
        order = np.empty(size, dtype=np.int64)
        _kernels.build_rows(start, end, weight, self.offsets, self.targets, self.shares, order)
        self.edges = edges[order] if size else np.empty(0, dtype=np.int32)
        self._stamps = np.zeros(n, dtype=np.int64)
        self._stamp = 0
        self._nodes = np.empty(n, dtype=np.int32)
        self._depths = np.empty(n, dtype=np.int32)
        self._mass: tuple[FloatArray, FloatArray, IntArray, npt.NDArray[np.uint8], IntArray] = (
            np.zeros(n),
            np.zeros(n),
            np.empty(n, dtype=np.int32),
            np.zeros(n, dtype=np.uint8),
            np.empty(n, dtype=np.int32),
        )

    def within_hops(self, start: int, hops: int) -> tuple[IntArray, IntArray]:
        """Return the nodes within so many steps and how far they are, nearest first.

        Raises
        ------
        ValueError
            If `start` is no node or `hops` is negative.
        """
        if not 0 <= start < self.n or hops < 0:
            raise ValueError(
                f"start and hops: expected a node below {self.n} and 0 or more, was {start}, {hops}"
            )
        self._stamp += 1
        count = _kernels.k_hop(
            self.offsets,
            self.targets,
            start,
            hops,
            self._stamps,
            self._stamp,
            self._nodes,
            self._depths,
        )
        return self._nodes[:count].copy(), self._depths[:count].copy()

    def within_hops_of(
        self, starts: npt.ArrayLike, hops: int
    ) -> tuple[IntArray, IntArray, npt.NDArray[np.int64]]:
        """Return `within_hops` of many starts at once.

        Returns
        -------
        nodes, depths : (m,) int arrays
            One start after the other.
        begins : (number of starts + 1,) int array
            Start i has the places begins[i] to begins[i + 1].

        Raises
        ------
        ValueError
            If a start is no node or `hops` is negative.
        """
        start = np.ascontiguousarray(starts, dtype=np.int32).reshape(-1)
        if hops < 0 or (start.size and not 0 <= start.min() <= start.max() < self.n):
            raise ValueError(f"starts and hops: expected nodes below {self.n} and 0 or more")
        begins = np.zeros(start.size + 1, dtype=np.int64)
        room = 2 * self.n
        while True:
            nodes, depths = np.empty(room, np.int32), np.empty(room, np.int32)
            done = _kernels.k_hop_many(
                self.offsets,
                self.targets,
                start,
                hops,
                self._stamps,
                self._stamp,
                begins,
                nodes,
                depths,
            )
            self._stamp += start.size
            if done == start.size:
                end = begins[-1]
                return nodes[:end].copy(), depths[:end].copy(), begins
            room *= 4

    def pagerank(
        self,
        seeds: dict[int, float],
        *,
        damping: float = DAMPING,
        tolerance: float = 1e-10,
        max_steps: int = 1_000,
    ) -> FloatArray:
        """Return personalised PageRank of every node by power iteration; they sum to 1.

        A walker follows edges in proportion to their weight and jumps back to a seed with
        probability ``1 - damping``, and from a node without a way out always.

        Parameters
        ----------
        seeds : dict of int to float
            Where walks start and how often, relative to each other.

        Returns
        -------
        (n,) array
            Shares of the walker's time, change below `tolerance` in the last step (sum of
            absolute differences).

        Raises
        ------
        ValueError
            If there is no seed, a seed is no node or not positive, or the iteration does not
            come to rest.

        References
        ----------
        Page, Brin, Motwani and Winograd (1999), section 2.4 and 6; Haveliwala (2002).
        """
        nodes, shares = self._seeds(seeds, damping)
        start = np.zeros(self.n)
        start[nodes] = shares
        out = np.empty(self.n)
        steps = _kernels.pagerank_power(
            self.offsets, self.targets, self.shares, start, damping, tolerance, max_steps, out
        )
        if steps < 0:
            raise ValueError(f"max_steps: expected more than {max_steps} for damping {damping}")
        return out

    def pagerank_top(
        self,
        seeds: dict[int, float],
        k: int,
        *,
        damping: float = DAMPING,
        threshold: float = THRESHOLD,
    ) -> Ranking:
        """Return the k best nodes of personalised PageRank, found near the seeds only.

        What a node holds is pushed on while it is at least `threshold` times its number of
        neighbours; every score is too low by no more than the mass that is left. Cost does not
        depend on the size of the graph.

        Raises
        ------
        ValueError
            As `pagerank`, or if k or `threshold` is not positive.

        References
        ----------
        Andersen, Chung and Lang (2006), algorithm ApproximatePageRank, here on weighted directed
        rows.
        """
        if k < 1 or not 0.0 < threshold < 1.0:
            raise ValueError(f"k and threshold: expected 1 or more, (0, 1), was {k}, {threshold}")
        nodes, shares = self._seeds(seeds, damping)
        p, r, queue, queued, touched = self._mass
        count = _kernels.pagerank_push(
            self.offsets,
            self.targets,
            self.shares,
            nodes,
            shares,
            damping,
            threshold,
            p,
            r,
            queue,
            queued,
            touched,
        )
        found = touched[:count].copy()
        scores = p[found]
        p[found] = 0.0
        r[found] = 0.0
        order = np.lexsort((found, -scores))[:k]
        order = order[scores[order] > 0.0]
        return Ranking(found[order], scores[order])

    def _seeds(self, seeds: dict[int, float], damping: float) -> tuple[IntArray, FloatArray]:
        if not seeds or not 0.0 <= damping < 1.0:
            raise ValueError(
                f"seeds and damping: expected a seed and [0, 1), was {len(seeds)}, {damping}"
            )
        nodes = np.array(list(seeds), dtype=np.int64)
        shares = np.array(list(seeds.values()), dtype=np.float64)
        if ((nodes < 0) | (nodes >= self.n)).any():
            raise ValueError(f"seeds: expected nodes below {self.n}, was {nodes.tolist()[:10]}")
        if not (np.isfinite(shares) & (shares > 0.0)).all():
            raise ValueError(f"seeds: expected positive shares, was {shares.tolist()[:10]}")
        return nodes.astype(np.int32), shares / shares.sum()


def _check(n: int, start: IntArray, end: IntArray, weight: FloatArray) -> None:
    if not start.shape == end.shape == weight.shape or start.ndim != 1:
        raise ValueError(
            f"heads, tails, weights: expected the same length, was {start.shape}, {end.shape}, "
            f"{weight.shape}"
        )
    for name, ends in (("heads", start), ("tails", end)):
        if ends.size and (ends.min() < 0 or ends.max() >= n):
            raise ValueError(f"{name}: expected nodes in 0 … {n - 1}, was up to {ends.max()}")
    if not (np.isfinite(weight) & (weight >= 0.0)).all():
        raise ValueError("weights: expected finite numbers from 0, was another one")


def adjacency_of(graph: KnowledgeGraph) -> Adjacency:
    """Return the rows of a graph, both ways, built again only after the graph has changed."""
    return graph.kept("adjacency", _rows_of)


def _rows_of(graph: KnowledgeGraph) -> Adjacency:
    heads, tails, weights = graph.arrays()
    return Adjacency(
        graph.node_count,
        np.frombuffer(heads, dtype=np.int32),
        np.frombuffer(tails, dtype=np.int32),
        np.frombuffer(weights, dtype=np.float64),
        both_ways=True,
    )
