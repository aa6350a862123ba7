import numpy as np
import pytest
import rustworkx as rx
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_knowledge_graph import KnowledgeGraph, RelationshipKind, _kernels, seed_graph
from rf_knowledge_graph.adjacency import Adjacency, adjacency_of

N = 9
edge_rows = st.lists(
    st.tuples(st.integers(0, N - 1), st.integers(0, N - 1), st.sampled_from([0.0, 0.25, 0.5, 1.0])),
    max_size=40,
)


def arrays(rows):
    heads = np.array([r[0] for r in rows], dtype=np.int32)
    tails = np.array([r[1] for r in rows], dtype=np.int32)
    return heads, tails, np.array([r[2] for r in rows])


def dense(rows, seeds, damping):
    """Solve for the walker's time with a full matrix."""
    step = np.zeros((N, N))
    for head, tail, weight in rows:
        step[head, tail] += weight
    s = np.zeros(N)
    for at, share in seeds.items():
        s[at] = share / sum(seeds.values())
    sums = step.sum(axis=1)
    for at in range(N):
        step[at] = s if sums[at] == 0 else step[at] / sums[at]
    return np.linalg.solve(np.eye(N) - damping * step.T, (1 - damping) * s)


seeds_of = st.dictionaries(st.integers(0, N - 1), st.floats(0.1, 5.0), min_size=1, max_size=3)


@given(rows=edge_rows, seeds=seeds_of, damping=st.sampled_from([0.0, 0.5, 0.85, 0.95]))
@settings(max_examples=80, deadline=None)
def test_pagerank_solves_its_linear_equation(rows, seeds, damping):
    found = Adjacency(N, *arrays(rows)).pagerank(seeds, damping=damping)
    np.testing.assert_allclose(found, dense(rows, seeds, damping), atol=1e-8)
    assert found.sum() == pytest.approx(1.0)


@given(rows=edge_rows, seeds=seeds_of)
@settings(max_examples=60, deadline=None)
def test_push_stays_below_the_exact_scores_and_close_to_them(rows, seeds):
    adjacency = Adjacency(N, *arrays(rows))
    threshold = 1e-6
    ranking = adjacency.pagerank_top(seeds, N, threshold=threshold)
    exact = dense(rows, seeds, 0.85)
    pushed = np.zeros(N)
    pushed[ranking.nodes] = ranking.scores
    # What is left of the walker's mass is below threshold times the number of edges and nodes.
    assert (pushed <= exact + 1e-12).all()
    assert exact.sum() - pushed.sum() <= threshold * (len(rows) + N) + 1e-12
    assert list(ranking.scores) == sorted(ranking.scores, reverse=True)
    again = adjacency.pagerank_top(seeds, N, threshold=threshold)
    np.testing.assert_array_equal(again.scores, ranking.scores)


def test_pagerank_agrees_with_rustworkx_on_a_large_graph():
    rng = np.random.default_rng(3)
    n, m = 2_000, 9_000
    heads, tails = rng.integers(0, n, m), rng.integers(0, n, m)
    weights = rng.random(m) + 0.01
    graph = rx.PyDiGraph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from(list(zip(heads.tolist(), tails.tolist(), weights.tolist(), strict=True)))
    seeds = {3: 1.0, 77: 2.0}
    peer = rx.pagerank(
        graph, alpha=0.85, weight_fn=float, personalization={3: 1 / 3, 77: 2 / 3}, tol=1e-12,
        max_iter=2_000,
    )  # fmt: skip
    found = Adjacency(n, heads, tails, weights).pagerank(seeds, tolerance=1e-12)
    np.testing.assert_allclose(found, [peer[i] for i in range(n)], atol=1e-9)


@given(rows=edge_rows, start=st.integers(0, N - 1), hops=st.integers(0, 5), both=st.booleans())
@settings(max_examples=80, deadline=None)
def test_hops_of_the_kernel_agree_with_a_plain_search(rows, start, hops, both):
    nodes, depths = Adjacency(N, *arrays(rows), both_ways=both).within_hops(start, hops)
    near = {}
    for head, tail, weight in rows:
        if weight > 0:
            near.setdefault(head, set()).add(tail)
            if both:
                near.setdefault(tail, set()).add(head)
    depth, ring = {start: 0}, {start}
    for level in range(1, hops + 1):
        ring = {t for h in ring for t in near.get(h, ())} - set(depth)
        depth |= dict.fromkeys(ring, level)
    del depth[start]
    assert dict(zip(nodes.tolist(), depths.tolist(), strict=True)) == depth
    assert depths.tolist() == sorted(depths.tolist())


def test_many_starts_at_once_are_the_same_as_one_after_the_other():
    rng = np.random.default_rng(5)
    rows = Adjacency(50, rng.integers(0, 50, 400), rng.integers(0, 50, 400), np.ones(400))
    starts = [*range(50), 3, 3]  # more than the first buffer holds
    nodes, depths, begins = rows.within_hops_of(starts, 3)
    for at, start in enumerate(starts):
        one = rows.within_hops(start, 3)
        part = slice(begins[at], begins[at + 1])
        np.testing.assert_array_equal(nodes[part], one[0])
        np.testing.assert_array_equal(depths[part], one[1])
    assert rows.within_hops_of([], 2)[2].tolist() == [0]
    with pytest.raises(ValueError, match="starts and hops"):
        rows.within_hops_of([50], 2)


def plain(kernel):
    return getattr(kernel, "py_func", kernel)  # NUMBA_DISABLE_JIT=1 leaves plain functions


def test_compiled_kernels_agree_with_their_python():
    rng = np.random.default_rng(1)
    n, m = 40, 160
    rows = Adjacency(n, rng.integers(0, n, m), rng.integers(0, n, m), rng.random(m))
    seeds = np.zeros(n)
    seeds[[1, 2]] = 0.5
    fast, slow = np.empty(n), np.empty(n)
    args = (rows.offsets, rows.targets, rows.shares, seeds, 0.85, 1e-12, 500)
    assert _kernels.pagerank_power(*args, fast) == plain(_kernels.pagerank_power)(*args, slow)
    np.testing.assert_allclose(fast, slow, rtol=1e-12)
    found = []
    for kernel in (_kernels.pagerank_push, plain(_kernels.pagerank_push)):
        p, r = np.zeros(n), np.zeros(n)
        kernel(
            rows.offsets, rows.targets, rows.shares, np.array([1, 2], dtype=np.int32),
            np.array([0.5, 0.5]), 0.85, 1e-5, p, r, np.empty(n, dtype=np.int32),
            np.zeros(n, dtype=np.uint8), np.empty(n, dtype=np.int32),
        )  # fmt: skip
        found.append(p)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-12)
    walks = []
    for kernel in (_kernels.k_hop, plain(_kernels.k_hop)):
        nodes, depths = np.zeros(n, dtype=np.int32), np.zeros(n, dtype=np.int32)
        count = kernel(
            rows.offsets, rows.targets, 0, 3, np.zeros(n, dtype=np.int64), 1, nodes, depths
        )
        walks.append((nodes[:count].tolist(), depths[:count].tolist()))
    assert walks[0] == walks[1]


def test_the_rows_of_a_graph_are_kept_until_it_changes_and_leave_denials_out():
    graph = KnowledgeGraph()
    graph.relate("A", "B", RelationshipKind.OWNS)
    graph.relate("A", "C", RelationshipKind.OWNS, negated=True)
    rows = adjacency_of(graph)
    assert adjacency_of(graph) is rows
    assert rows.within_hops(graph.index_of("A"), 3)[0].tolist() == [graph.index_of("B")]
    assert rows.edges.tolist() == [0, 0]
    graph.relate("B", "C", RelationshipKind.OWNS)
    assert adjacency_of(graph) is not rows


def test_the_seed_ranks_the_neighbours_of_a_company_first():
    graph = seed_graph()
    ranking = adjacency_of(graph).pagerank_top({graph.index_of("AIRLINES"): 1.0}, 6)
    top = {graph.id_at(at) for at in ranking.nodes.tolist()}
    assert "AIRLINES" in top
    assert {"JET_FUEL", "OIL_WTI"} <= top


@pytest.mark.parametrize(
    ("args", "named"),
    [
        ((2, [0], [1, 1], [1.0]), "same length"),
        ((2, [0], [2], [1.0]), "tails"),
        ((2, [-1], [1], [1.0]), "heads"),
        ((2, [0], [1], [-1.0]), "weights"),
        ((2, [0], [1], [float("nan")]), "weights"),
    ],
)
def test_bad_edges_are_refused(args, named):
    with pytest.raises(ValueError, match=named):
        Adjacency(*args)


@pytest.mark.parametrize(
    ("seeds", "options"),
    [
        ({}, {}),
        ({9: 1.0}, {}),
        ({0: 0.0}, {}),
        ({0: float("nan")}, {}),
        ({0: 1.0}, {"damping": 1.0}),
    ],
)
def test_bad_seeds_are_refused(seeds, options):
    rows = Adjacency(2, [0], [1], [1.0])
    for rank in (rows.pagerank, lambda s, **o: rows.pagerank_top(s, 1, **o)):
        with pytest.raises(ValueError, match="seeds"):
            rank(seeds, **options)


def test_bad_counts_are_refused():
    rows = Adjacency(2, [0], [1], [1.0])
    with pytest.raises(ValueError, match="hops"):
        rows.within_hops(2, 1)
    with pytest.raises(ValueError, match="k and threshold"):
        rows.pagerank_top({0: 1.0}, 0)
    with pytest.raises(ValueError, match="max_steps"):
        rows.pagerank({0: 1.0}, max_steps=1, tolerance=1e-15)
