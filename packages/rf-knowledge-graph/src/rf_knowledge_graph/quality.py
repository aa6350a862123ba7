"""How well questions are answered: recall and the place of the first right answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from rf_knowledge_graph.facts import fact_id
from rf_knowledge_graph.graph import KnowledgeGraph
from rf_knowledge_graph.retrieval import ALL_PARTS, NewsItem, Parts, Retriever
from rf_knowledge_graph.types import relationship_kind

PLACES = 10

ABLATIONS: Mapping[str, Parts] = {
    "all": ALL_PARTS,
    "without words": Parts(lexical=False),
    "without hops": Parts(hops=False),
    "without paths": Parts(paths=False),
    "without PageRank": Parts(pagerank=False),
    "without recency": Parts(recency=False),
    "words only": Parts(hops=False, paths=False, pagerank=False, recency=False),
    "graph only": Parts(lexical=False, recency=False),
}


class Question(msgspec.Struct, frozen=True):
    """A question with the statements (``TSMC|Supplies|NVIDIA``) and reports (``news:n01``)."""

    question: str
    kind: str
    expected: tuple[str, ...]


class QuestionSet(msgspec.Struct, frozen=True):
    """Questions with the reports and the time they are asked at."""

    now: int
    news: tuple[NewsItem, ...]
    questions: tuple[Question, ...]


class Quality(NamedTuple):
    """Means over questions: recall among the first 5 and 10, reciprocal place of the first hit."""

    questions: int
    recall_at_5: float
    recall_at_10: float
    mrr: float


def questions_from_json(content: bytes) -> QuestionSet:
    """Return a set of questions; ValueError when it is not one."""
    try:
        return msgspec.json.decode(content, type=QuestionSet)
    except msgspec.MsgspecError as error:
        raise ValueError(f"questions: expected JSON of a question set: {error}") from error


def expected_id(graph: KnowledgeGraph, text: str) -> str:
    """Return the id that an expected answer has in `graph`.

    Raises
    ------
    ValueError
        If the graph has no such statement.
    """
    if text.startswith("news:"):
        return text.removeprefix("news:")
    head, word, tail = text.split("|")
    kind = relationship_kind(word)[0]
    for edge in (*graph.outgoing(head), *graph.incoming(head)):
        ends = (edge.source_id, edge.target_id)
        fits = ends == (head, tail) or (kind.is_symmetric and ends == (tail, head))
        if edge.kind is kind and fits:
            return fact_id(edge)
    raise ValueError(f"expected: expected a statement of the graph, was {text!r}")


def measure(
    retriever: Retriever, asked: QuestionSet, *, parts: Parts = ALL_PARTS, kind: str = ""
) -> Quality:
    """Return how well a set of questions is answered, of one `kind` when it is named.

    Recall at k is the share of the expected answers that are among the first k.
    """
    chosen = [q for q in asked.questions if kind in {"", q.kind}]
    rows = [_one(retriever, asked, question, parts) for question in chosen]
    if not rows:
        raise ValueError(f"kind: expected a kind of the questions, was {kind!r}")
    means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    return Quality(len(rows), *means)


def _one(
    retriever: Retriever, asked: QuestionSet, question: Question, parts: Parts
) -> tuple[float, float, float]:
    wanted = {expected_id(retriever.graph, text) for text in question.expected}
    found = retriever.retrieve(question.question, PLACES, asked.now, parts=parts)
    ids = [hit.item_id for hit in found]
    first = next((place for place, key in enumerate(ids, start=1) if key in wanted), 0)
    return _recall(ids[:5], wanted), _recall(ids, wanted), 1.0 / first if first else 0.0


def _recall(ids: Iterable[str], wanted: set[str]) -> float:
    shown = list(ids)
    return len(wanted & set(shown)) / len(wanted)
