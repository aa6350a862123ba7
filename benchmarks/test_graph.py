"""The knowledge graph: how fast it answers, and how well (the table of parts left out).

The large graph is random: 100,000 entities, 500,000 relationships, 50 sources, one set of five
seeds. ``pytest benchmarks/test_graph.py -k quality -s`` prints the quality table.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rustworkx as rx

from rf_knowledge_graph import (
    EntityNode,
    KnowledgeGraph,
    Linker,
    RelationshipKind,
    Source,
    context_for,
    seed_graph,
)
from rf_knowledge_graph.adjacency import Adjacency, adjacency_of
from rf_knowledge_graph.codec import load, save
from rf_knowledge_graph.extraction import extract
from rf_knowledge_graph.quality import ABLATIONS, measure, questions_from_json
from rf_knowledge_graph.retrieval import Retriever

N, M, SOURCES = 100_000, 500_000, 50
SEEDS = dict.fromkeys(range(5), 1.0)
QUESTIONS = Path(__file__).parents[1] / "packages/rf-knowledge-graph/tests/retrieval/questions.json"
NEWS = "Goldman Sachs downgrades Tesla as TSMC delays chips; FTC opens a probe into Microsoft"


@pytest.fixture(scope="module")
def edges():
    rng = np.random.default_rng(1)
    return rng.integers(0, N, M), rng.integers(0, N, M), rng.random(M) + 0.01


@pytest.fixture(scope="module")
def rows(edges):
    return Adjacency(N, *edges)


@pytest.fixture(scope="module")
def large(edges):
    graph = KnowledgeGraph()
    for number in range(N):
        graph.upsert_entity(EntityNode(id=f"E{number}", name=f"Entity {number}"))
    kinds = (RelationshipKind.AFFECTS, RelationshipKind.SUPPLIES, RelationshipKind.COMPETES)
    for at, (head, tail, weight) in enumerate(zip(*(a.tolist() for a in edges), strict=True)):
        if head != tail:
            graph.relate(
                f"E{head}",
                f"E{tail}",
                kinds[at % 3],
                weight=min(weight, 1.0),
                source=Source.DOCUMENT,
                reference="b",
                ts=1,
            )
    return graph


@pytest.fixture(scope="module")
def asked():
    return questions_from_json(QUESTIONS.read_bytes())


@pytest.mark.parametrize("hops", [2, 3])
def test_hops(benchmark, tell, rows, hops):
    """Breadth-first search from 50 sources over the rows."""
    benchmark(lambda: [rows.within_hops(start, hops) for start in range(SOURCES)])
    tell(per_call=SOURCES)


@pytest.mark.parametrize("hops", [2, 3])
def test_hops_at_once(benchmark, tell, rows, hops):
    """The same 50 in one call."""
    benchmark(rows.within_hops_of, range(SOURCES), hops)
    tell(per_call=SOURCES)


@pytest.mark.parametrize("hops", [2, 3])
def test_hops_rustworkx(benchmark, tell, edges, hops):
    """The same by a search in Python over rustworkx's lists of successors."""
    graph = rx.PyDiGraph()
    graph.add_nodes_from(range(N))
    graph.add_edges_from_no_data(list(zip(*(a.tolist() for a in edges[:2]), strict=True)))

    def search(start):
        depth, ring = {start: 0}, [start]
        for level in range(1, hops + 1):
            found = []
            for at in ring:
                for other in graph.successor_indices(at):
                    if other not in depth:
                        depth[other] = level
                        found.append(other)
            ring = found
        return depth

    benchmark(lambda: [search(start) for start in range(SOURCES)])
    tell(per_call=SOURCES)


def test_pagerank_exact(benchmark, rows):
    """Personalised PageRank of every node by power iteration, tolerance 1e-6."""
    benchmark(rows.pagerank, SEEDS, tolerance=1e-6)


@pytest.mark.parametrize("threshold", [1e-4, 1e-5])
def test_pagerank_top(benchmark, tell, rows, threshold):
    """The best 50 by local push; how many of them are among the exact best 50."""
    exact = np.argsort(-rows.pagerank(SEEDS), kind="stable")[:50]
    found = benchmark(rows.pagerank_top, SEEDS, 50, threshold=threshold)
    tell(of_the_exact_50=len(set(exact.tolist()) & set(found.nodes.tolist())))


def test_pagerank_rustworkx(benchmark, edges):
    """The same by rustworkx."""
    graph = rx.PyDiGraph()
    graph.add_nodes_from(range(N))
    graph.add_edges_from(list(zip(*(a.tolist() for a in edges), strict=True)))
    shares = dict.fromkeys(range(5), 0.2)
    benchmark.pedantic(
        lambda: rx.pagerank(graph, alpha=0.85, weight_fn=float, personalization=shares, tol=1e-6),
        rounds=3,
    )


def test_build_rows(benchmark, large):
    """The rows of a graph, both ways; needed again after each change."""

    def build():
        heads, tails, weights = large.arrays()
        return Adjacency(N, heads, tails, weights, both_ways=True)

    benchmark.pedantic(build, rounds=5)


def test_retrieve_large(benchmark, large):
    """A question that names two entities, answered from 500,000 facts; the index is there."""
    retriever = Retriever(large)
    retriever.retrieve("What ties Entity 7 to Entity 9?", 10, 2)
    benchmark(retriever.retrieve, "What ties Entity 7 to Entity 9?", 10, 2)


def test_context_large(benchmark, large):
    """Stage 3 of a cycle over the large graph."""
    linker = Linker(large)
    context_for(large, "Entity 7", "c", 2, linker=linker)
    benchmark(context_for, large, "Entity 7", "c", 2, linker=linker)


def test_save_large(benchmark, large):
    """To bytes."""
    benchmark.pedantic(save, args=(large,), rounds=2)


def test_load_large(benchmark, large):
    """From bytes, checked."""
    content = save(large)
    benchmark.pedantic(load, args=(content,), rounds=2)


def test_context_seed(benchmark):
    """Stage 3 of a cycle over the seed."""
    graph = seed_graph()
    linker = Linker(graph)
    benchmark(context_for, graph, "sim:NVDA", "c", 1, linker=linker)


def test_retrieve_seed(benchmark, asked):
    """A question over the seed and 60 reports."""
    retriever = Retriever(seed_graph(), asked.news)
    benchmark(retriever.retrieve, "How do rising oil prices hurt airlines?", 10, asked.now)


def test_extract(benchmark):
    """Two headlines to statements."""
    linker = Linker(seed_graph())
    benchmark(extract, NEWS, "n1", 1, linker)


def test_adjacency_is_kept(benchmark):
    """What a second question pays for the rows: a look whether the graph has changed."""
    graph = seed_graph()
    adjacency_of(graph)
    benchmark(adjacency_of, graph)


def test_quality_table(benchmark, tell, asked):
    """Recall and reciprocal rank with every part and without each of them."""
    retriever = Retriever(seed_graph(), asked.news)
    found = {name: measure(retriever, asked, parts=parts) for name, parts in ABLATIONS.items()}
    benchmark.pedantic(measure, args=(retriever, asked), rounds=1)
    print(f"\n| parts | recall@5 | recall@10 | MRR |   ({len(asked.questions)} questions)")
    for name, quality in found.items():
        print(
            f"| {name} | {quality.recall_at_5:.3f} | {quality.recall_at_10:.3f} | "
            f"{quality.mrr:.3f} |"
        )
    for kind in dict.fromkeys(q.kind for q in asked.questions):
        one = measure(retriever, asked, kind=kind)
        print(f"|   {kind} ({one.questions}) | {one.recall_at_5:.3f} | {one.recall_at_10:.3f} | "
              f"{one.mrr:.3f} |")  # fmt: skip
    tell(mrr=round(found["all"].mrr, 3), recall_at_5=round(found["all"].recall_at_5, 3))
